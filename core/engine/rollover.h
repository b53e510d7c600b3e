/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * rollover.h - a new key for an account (RFC 8555 7.3.5), so that no crash and no lost reply can
 * leave us without the one that is in force.
 *
 *   new key durable as key.pem.next -> keyChange -> does the CA take the new one? -> rename
 *
 * Only an answer to a request that the new key signed counts: a CA that says 200 to keyChange may
 * not have done it, one that says no may have done it when it was asked the first time, and its
 * front ends may know the old key for some seconds more.  A new key goes only when the CA refused
 * it in so many words, or takes the old one ten minutes after it was asked.
 *
 * With a key.pem.next of an earlier run both keys are tried, and the one that works is used. */
#ifndef ENGINE_ROLLOVER_H
#define ENGINE_ROLLOVER_H

#include "acme/account.h"
#include "engine/engine.h"

enum rollover_what { ROLLOVER_SETTLE, ROLLOVER_NEW };
struct rollover {
	/* asked; the account's lock is held */
	struct engine *engine;
	struct ca *ca; /* with directory, key and kid; its key changes */
	const struct account_file *file;
	enum rollover_what what;
	enum key_type type; /* of the new key */

	/* answered */
	struct story story;
	bool rolled; /* the next key is in force */

	/* private */
	struct task task, *waiter;
	struct post post;
	struct job job;
	struct key *fresh;
	struct timer timer;
	struct story why; /* what keyChange ended with */
	unsigned waits;
	bool is_refused; /* ... in the CA's own words */
	int step;
};
void rollover_start(struct rollover *, struct task *waiter); /* expects */
void rollover_free(struct rollover *);

#endif
