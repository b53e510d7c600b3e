/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * daemon.h - the daemon's two halves.  What sleeps (cmd_daemon.c) has no threads or plugins,
 * fetches no secrets and stays small; every round is a child of it (daemon_round.c), which fetches
 * them, and with which they go, and its memory, and whatever a plugin did to it. */
#ifndef APP_DAEMON_H
#define APP_DAEMON_H

#include "app/app.h"

#define DAEMON_INTERVAL_S 21600u /* --interval; what changes without SIGHUP is seen by then */
#define DAEMON_PAUSE_MIN_S 60	 /* between rounds that nobody asked for */
#define DAEMON_PAUSE_FAILED_S 600 /* round that could not be or died, locks of others */

struct daemon_reply { /* of a round, through a pipe */
	int64_t next; /* wall clock; 0: nothing wants to be looked at */
	size_t n, failed, locked;
};
/* In the child: these certificates (none: all that are configured).  Returns the exit status. */
int daemon_round(struct app *, const struct words *certs, struct daemon_reply *ret);
/* When the next round begins, with what the last one said and how it ended. */
int64_t daemon_next(const struct daemon_reply *, bool replied, uint32_t interval_s, int64_t now);

#endif
