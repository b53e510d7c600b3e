/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * session.h - a CA with its directory fetched and its account ready (key durable before it is
 * used, kid durable as soon as it is known).  Shared by all orders at that CA; the first one that
 * asks does the work. */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "acme/account.h"
#include "engine/engine.h"

struct session {
	struct engine *engine;
	const struct account_conf *conf;
	struct ca ca;
	struct story story;
	bool ready, created;
	char thumbprint[44];

	/* private */
	struct task task;
	struct list waiters; /* of struct session_wait */
	const char *certificate; /* of the first of them */
	struct account_file file;
	struct directory_get directory;
	struct account_get account;
	struct job job;
	int step;
	struct lock lock;
};
struct session *session_new(struct engine *, const struct account_conf *);
void session_free(struct session *);
/* Look only: do not create an account; kid stays NULL when there is none. */
struct session_wait {
	const char *certificate; /* on whose behalf, for what is told; or NULL */
	struct list link;
	struct task *task;
};
void session_open(struct session *, struct session_wait *,
		  struct task *); /* expects; story tells */

#endif
