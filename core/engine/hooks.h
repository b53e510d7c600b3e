/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * hooks.h - the operator's programs around an order.  `deploy` hooks are no business of this: the
 * configuration makes each of them a target (engine/deploy.h), retried until it works. */
#ifndef ENGINE_HOOKS_H
#define ENGINE_HOOKS_H

#include "engine/engine.h"
#include "net/program.h"

enum hook_event {
	HOOK_PRE,	/* before an order; when it fails, the order is not begun */
	HOOK_POST,	/* after an order, however it ended; only when `pre` hooks were run */
	HOOK_FAILED,	/* an order failed */
	HOOK_RECOVERED, /* an order succeeded, and the one before had failed */
	HOOK_DEPLOY,	/* a target's programs */
	HOOK_EVENTS
};
const char *hook_event_name(enum hook_event); /* "pre" */

struct hooks_conf { /* the `hooks` block */
	struct {
		struct words *at; /* argv each */
		size_t n;
	} commands[HOOK_EVENTS];
	uint32_t timeout_s; /* of each; 0 = 300 */
};

/* What hooks and targets are told: DNSEAL_EVENT and so on, certbot's RENEWED_LINEAGE,
 * RENEWED_DOMAINS, FAILED_DOMAINS. */
struct hook_news {
	enum hook_event event;
	const struct cert_conf *cert;
	const char *home;    /* STATE/certs/CERT; NULL: nothing is live */
	const char *dir;     /* real path of the live generation; NULL: nothing is live */
	int64_t not_after;   /* of what is live; 0: nothing */
	const char *error;   /* sentence; NULL: nothing failed */
};
void hook_environment(struct words *ret, const struct hook_news *);

/* Run all programs for an event, one after the other; all are run even when one fails. */
struct hooks_run {
	/* asked; borrowed until it is over */
	struct engine *engine;
	const struct hooks_conf *hooks; /* may be NULL */
	struct hook_news news;

	/* answered */
	struct story story; /* of the first that failed */

	/* private */
	struct task task, *waiter;
	struct words environment;
	struct program program;
	size_t at;
	bool canceled;
};
bool hooks_any(const struct hooks_conf *, enum hook_event); /* false for NULL */
void hooks_start(struct hooks_run *, struct task *waiter);  /* expects */
void hooks_cancel(struct hooks_run *);
void hooks_free(struct hooks_run *);

/* What a program said, into the log: LOG_DETAIL, or LOG_WARN when it failed. */
void hook_log(const char *certificate, const struct program *);

#endif
