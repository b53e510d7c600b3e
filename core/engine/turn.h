/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * turn.h - one certificate's turn: look, lock, mend, ask the CA's wish, decide, order, keep state,
 * deploy.  The table of steps is in turn.c.  The same for issue, renew and daemon.
 *
 * A failure of the order may lead to the next account of the certificate, or, when it looks local,
 * to a rehearsal at the test CA before the real one is asked again.
 *
 * What the turn does is told through the engine's events; EVENT_DONE ends it. */
#ifndef ENGINE_TURN_H
#define ENGINE_TURN_H

#include "engine/decide.h"
#include "engine/hooks.h"
#include "engine/order.h"
#include "store/journal.h"

enum turn_result {
	TURN_UNCHANGED, /* not due; deployments that were pending were tried */
	TURN_ISSUED,	/* there was none before */
	TURN_RENEWED,
	TURN_REHEARSED, /* a rehearsal was asked for, and it worked */
	TURN_DEFERRED,	/* not now: a limit, or the pause after a failure; story.retry_at */
	TURN_LOCKED,	/* another run has it; the story names it */
	TURN_FAILED	/* story tells */
};
enum turn_force {
	TURN_WHEN_DUE, /* and when the pause after a failure is over */
	TURN_NAMED,    /* an operator asked for this one: that pause does not hold it back */
	TURN_NOW       /* --force */
};

struct turn_ask {
	struct engine *engine; /* its sessions are shared, its logins are not looked at */
	const struct cert_conf *cert;
	struct login **logins; /* of this certificate; borrowed */
	size_t n_logins;
	enum turn_force force;
	const struct hooks_conf *hooks; /* or NULL */
	bool rehearse; /* --dry-run: at the test CA, nothing is kept */
	bool leave_deploy; /* to `dnseal deploy` with more rights: STATE/deploy.wanted is written */
	int64_t lock_wait_ms;
	int64_t every_s; /* the next look comes only then, see decide_early(); 0: in time */
	int64_t wish_s;	 /* what the CA told longer ago is asked again; 0: when the CA says */
	struct journal_glance *journal; /* of several turns; or NULL */
};
struct turn;
struct turn *turn_new(const struct turn_ask *);
void turn_start(struct turn *, struct task *waiter); /* expects */
void turn_cancel(struct turn *); /* stop waiting, clean up DNS, end with SEAL_ECANCELED */
void turn_free(struct turn *);

const char *turn_name(const struct turn *); /* of its certificate */
/* After it is over. */
enum turn_result turn_result(const struct turn *);
const char *turn_result_name(enum turn_result); /* "renewed"; of JSON and logs */
bool turn_deploy_pending(const struct turn *);	/* exit 4 */
const struct story *turn_story(const struct turn *);
const struct decision *turn_decision(const struct turn *); /* about what is live now */
const struct live *turn_live(const struct turn *);	   /* its leaf has names and dates only */
int64_t turn_not_after(const struct turn *);		   /* of what is live, or was rehearsed */
int64_t turn_next(const struct turn *); /* wall clock: when to look again; 0: rehearsed */

#endif
