/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * signals.h - SIGINT, SIGTERM and SIGHUP while an order runs: the first cancels it, so that DNS is
 * cleaned up; a second SIGINT or SIGTERM ends the process at once, and the journal remembers. */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

#include "net/loop.h"

struct signals {
	struct loop *loop;
	struct watch watch;
	struct task task;
	void (*cancel)(void *);
	void *arg; /* NULL: nothing to cancel yet */
	int first; /* the first signal that came, SIGTERM for SIGHUP; 0: none */
};
/* Before any thread is started: threads inherit what is blocked. */
void signals_start(struct signals *, struct loop *, void (*cancel)(void *));
void signals_stop(struct signals *);

#endif
