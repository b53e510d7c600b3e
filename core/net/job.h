/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * job.h - a pool of threads for what must block: provider operations and key generation. */
#ifndef NET_JOB_H
#define NET_JOB_H

#include "net/loop.h"

struct pool;
struct pool *pool_new(struct loop *, unsigned max_threads); /* threads start as they are needed */
void pool_free(struct pool *); /* waits for running jobs; all must be over or canceled */

struct job {
	void (*work)(struct job *); /* in a worker; touches nothing that another thread may */
	struct task *task;          /* gets task_done() in the loop's thread afterwards */
	struct pool *pool;
	struct mail mail;
	struct list link;
};
void job_start(struct pool *, struct job *, struct task *); /* expects */

#endif
