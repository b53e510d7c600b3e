/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * round.h - many certificates at once, in one loop: who may begin when.
 *
 * Turns at one account begin in the order they were added, so many at a time that the places for
 * orders at the CA (engine/session.h) are not empty while others wait for DNS; accounts do not wait
 * for each other.
 * All at one CA share its session (directory, account, connection); turns that have nothing to do
 * need none.  One that fails holds nobody up.  Memory of a turn that is over is given back at
 * once. */
#ifndef ENGINE_ROUND_H
#define ENGINE_ROUND_H

#include "engine/turn.h"

struct round_tally {
	size_t n, unchanged, issued, renewed, rehearsed, failed, deferred, locked, deploy_pending;
	int64_t next; /* wall clock: when the first of them wants to be looked at again; 0: never */
	enum seal_status worst; /* most urgent class of failures and delays; SEAL_OK: none */
};
struct round;
/* over: told of each turn at its end, before it is freed; may be NULL. */
struct round *round_new(struct engine *, void (*over)(void *arg, const struct turn *), void *arg);
void round_add(struct round *, const struct turn_ask *); /* before the start; copied */
void round_start(struct round *, struct task *waiter);	 /* expects */
void round_cancel(struct round *); /* none begins any more; running calls end, DNS is cleaned up */
const struct round_tally *round_tally(const struct round *);
void round_free(struct round *); /* and the engine's sessions */

#endif
