/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * renewal.h - a round over configured certificates: what `renew` does once, and the daemon again
 * and again.  Implemented in cmd_renew.c. */
#ifndef APP_RENEWAL_H
#define APP_RENEWAL_H

#include "app/app.h"
#include "app/subjects.h"
#include "engine/round.h"

struct renewal {
	struct app *app;
	int64_t every_s; /* see struct turn_ask; 0: whoever comes comes in time */
	struct subjects subjects;
	struct renewal_part { /* one a subject */
		struct login **logins, **owned;
		size_t n;
	} *parts;
};
/* Each returns an exit status, after it said what is wrong.  read: the arguments' certificates, or
 * all; prepare: their logins; one that cannot be used is warned of, and those fail that need it.
 * The configuration must have been read. */
int renewal_read(struct renewal *);
int renewal_prepare(struct renewal *);
/* A round over all of them, to its end or to that which a signal makes; the store must be open.
 * Returns the exit status of what came of it. */
int renewal_run(struct renewal *, void (*over)(void *app, const struct turn *),
		struct round_tally *ret);
void renewal_tell(void *app, const struct turn *); /* a line on stdout; an `over` */
void renewal_free(struct renewal *);

#endif
