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
#include "engine/rollover.h"
#include "store/budget.h"

struct session {
	struct engine *engine;
	struct account_conf conf;
	enum budget_force budget; /* for a new account */
	struct ca ca;
	struct story story;
	bool ready, over, created; /* over: ready, or story says why not */
	char thumbprint[44];

	/* private */
	struct task task;
	struct list waiters; /* of struct session_wait */
	const char *certificate; /* of the first of them */
	struct account_file file;
	struct directory_get directory;
	struct account_get account;
	struct rollover rollover; /* that an earlier run did not end */
	struct job job;
	int step;
	struct lock lock;
	struct session *next;  /* of the engine's */
	unsigned admitted;     /* orders that have a place */
	struct list admission; /* those that wait for one */
};
struct session *session_new(struct engine *, const struct account_conf *);
void session_free(struct session *);
/* The run's session with this account's CA: made when it is first asked for, kept until
 * sessions_free().  Borrowed.  The account's strings must live as long. */
struct session *session_of(struct engine *, const struct account_conf *);
void sessions_free(struct engine *);

/* A place among the orders that the CA is at work for: so many at once that nobody waits for the
 * network, so few that no CA minds.  Those that wait for DNS have none. */
#define SESSION_ORDERS_MAX 8
struct admission {
	struct list link;
	struct task *task; /* that waits for it; NULL: it has one, or wants none */
	bool has;
	bool again; /* it had one before: it goes before those that are new */
};
void session_admit(struct session *, struct admission *, struct task *); /* expects */
void session_leave(struct session *, struct admission *); /* or give up waiting */

/* Look only: do not create an account; kid stays NULL when there is none. */
struct session_wait {
	const char *certificate; /* on whose behalf, for what is told; or NULL */
	struct list link;
	struct task *task;
};
void session_open(struct session *, struct session_wait *,
		  struct task *); /* expects; story tells */

#endif
