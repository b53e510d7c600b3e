/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * undo.h - take out of DNS what the journal says is still there for a certificate: at the end of
 * an order, whether it succeeded or failed, and at the start of the next run after a crash.  One
 * code path for all of them.
 *
 * Only exact (owner, value) pairs from the journal are removed.  Failure is no failure of the
 * certificate: the entries stay open and the next run tries again. */
#ifndef ENGINE_UNDO_H
#define ENGINE_UNDO_H

#include "engine/engine.h"
#include "store/journal.h"

struct undo {
	/* asked */
	struct engine *engine;
	const char *cert; /* borrowed */

	/* answered */
	struct story story;   /* first thing that went wrong */
	size_t n_open, n_gone; /* entries found, entries removed */

	/* private */
	struct task task, *waiter;
	struct journal journal;
	struct undo_group *groups;
	size_t n_groups;
};
void undo_start(struct undo *, struct task *waiter); /* expects; the cert lock is held */
void undo_free(struct undo *);

#endif
