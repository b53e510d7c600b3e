/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * turn_work.h - a turn from the inside: what its steps (turn.c) read and write. */
#ifndef ENGINE_TURN_WORK_H
#define ENGINE_TURN_WORK_H

#include "acme/ari.h"
#include "engine/deploy.h"
#include "engine/retry.h"
#include "engine/turn.h"
#include "engine/undo.h"

enum turn_step { /* see the table in turn.c */
	TURN_GLANCE,
	TURN_LOCK,
	TURN_LOOK,
	TURN_CONNECT,
	TURN_WISH,
	TURN_DECIDE,
	TURN_SETTLE,
	TURN_BEFORE,
	TURN_REHEARSE,
	TURN_ORDER,
	TURN_KEEP,
	TURN_DEPLOY,
	TURN_AFTER,
	TURN_SAVE,
	TURN_OVER,
	TURN_STEPS
};

struct turn {
	struct turn_ask ask;
	struct engine engine;	  /* the run's, with this certificate's logins */
	struct cert_conf cert;	  /* as ordered: with the account under way */
	struct account_conf test; /* of a rehearsal */
	struct task task, *waiter;
	struct story story;

	enum turn_step step, next;
	bool entered, canceled;
	int64_t pause_ms; /* before the next step is entered */
	struct timer pause;

	struct lock lock;
	int64_t lock_until_ms;
	struct live live;
	struct cert_state state;
	struct job job; /* saves it */
	struct story job_story;
	bool damaged; /* what is live cannot be used */
	bool looked; /* under the lock: live and state are what they are */
	bool dirty;  /* state is to be saved */
	char *cert_id;
	struct session *session; /* that is asked for the CA's wish, or ordered at */
	struct session_wait session_wait;
	struct ari_get wish;

	struct decision decision;
	bool due, paused;
	size_t account; /* 0: the certificate's; then the fall-backs */
	struct undo undo;
	bool undoing;
	struct order *order;
	int64_t not_after;
	bool looks_local; /* the failure does: the test CA would meet it too */
	bool is_dns;	  /* it was met before the CA looked */

	enum turn_result result;
	struct deploy_run deploy;
	struct deploy_coming coming;
	bool deploying, deploy_pending;

	struct hooks_run hooks;
	char *home;		    /* what they are told of it */
	bool hooked;		    /* programs are under way */
	bool ran_before, recovered; /* `pre` hooks were run; the failure before is over */
	bool ran[HOOK_EVENTS];	    /* in AFTER */
};

struct account_conf *turn_account(const struct turn *, size_t i); /* NULL: no more */
/* turn_deploy.c */
enum seal_status run_before(struct turn *), judge_before(struct turn *);
enum seal_status deploy(struct turn *), deployed(struct turn *);
enum seal_status run_after(struct turn *), judge_after(struct turn *);
bool turn_must_deploy(const struct turn *);
void turn_deploy_cancel(struct turn *);
void turn_deploy_free(struct turn *);
void turn_note(struct turn *, const char *fmt, ...) PRINTF(2, 3);
void turn_is_at(struct turn *, enum event_at);
/* turn_order.c */
enum seal_status rehearse(struct turn *), judge_rehearsal(struct turn *);
enum seal_status place_order(struct turn *), judge_order(struct turn *);
enum seal_status keep(struct turn *), kept(struct turn *);
enum seal_status save(struct turn *), saved(struct turn *);
/* Must a rehearsal succeed before the CA itself is asked again? */
bool turn_rehearses_first(const struct turn *);
/* Would a test CA's certificate take the place of a real one? */
bool turn_harms(const struct turn *);
enum seal_status turn_protect(struct turn *);

#endif
