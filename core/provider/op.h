/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * op.h - one provider operation: the plugin's code in a worker, its HTTP in the loop, its results
 * and its sentence here.  Implements struct seal_host.
 *
 * Operations on one zone of one login run one after the other (unless the provider is
 * SEAL_PARALLEL).  Those that append, or remove, and wait for the same zone, are made by one
 * call when their turn comes; each gets what concerns its own records, and the sentence of a
 * failure; when something in them was refused as senseless (SEAL_EINVAL), each is made by
 * itself.  429 and 503 with Retry-After are waited out up to 120 s in total, and the login's
 * other operations wait too; transport failures of idempotent requests (GET, HEAD, PUT, DELETE)
 * are repeated twice; the provider's per_minute is kept.  Names and data are checked on the way
 * in and out and put into one spelling, TTLs clamped to the provider's limits, more records than
 * a batch can carry are split, but for OP_SET.  Changes of a SEAL_EXCLUSIVE provider are made by
 * one process of this host at a time: SEAL_ELOCKED when another one takes too long. */
#ifndef PROVIDER_OP_H
#define PROVIDER_OP_H

#include "base/arena.h"
#include "net/http.h"
#include "net/job.h"
#include "provider/login.h"

#include <stdatomic.h>

enum op_kind { OP_CHECK, OP_ZONES, OP_GET, OP_APPEND, OP_SET, OP_REMOVE, OP_KINDS };
const char *op_kind_name(enum op_kind);
bool login_can(const struct login *, enum op_kind);

struct op {
	/* asked; borrowed until it is over */
	enum op_kind kind;
	struct login *login;
	const char *zone; /* normal form; may be NULL for OP_CHECK and OP_ZONES */
	const struct seal_record *records;
	size_t n_records;
	unsigned limit_s; /* whole operation; 0 = 180 */
	bool fresh;       /* OP_APPEND: nobody ever wrote these values before */

	/* answered */
	struct story story;
	size_t n_results; /* OP_GET, OP_APPEND, OP_SET */
	struct seal_record *results;
	struct words zones; /* OP_ZONES */
	unsigned requests;  /* HTTP requests and DNS messages sent */

	/* private */
	struct task task, *waiter;
	struct op_work *work;
};
struct ops; /* what operations share */
struct ops *ops_new(struct loop *, struct http *, unsigned max_threads);
void ops_free(struct ops *);
/* Where locks on the zones of SEAL_EXCLUSIVE providers are; made when the first is needed.  Without
 * one other processes are not kept away, and the log says so.  Before the first operation. */
void ops_lock_dir(struct ops *, const char *dir);
void op_start(struct ops *, struct op *, struct task *waiter); /* expects */
void op_cancel(struct op *); /* ends with SEAL_ECANCELED when the plugin returns */
void op_free(struct op *);

/* The host table, for tests that call a plugin directly. */
extern const struct seal_host op_host;

#endif
