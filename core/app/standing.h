/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * standing.h - how a certificate stands: what is live, when it is due, what happened last. */
#ifndef APP_STANDING_H
#define APP_STANDING_H

#include "engine/engine.h"

struct standing {
	struct live live;
	struct cert_state state;
	int64_t due; /* wall clock; 0: nothing is live, so now */
	char why[80];
};
/* cert: its configuration, or NULL for the defaults. */
enum seal_status standing_read(const struct store *, const char *name, const struct cert_conf *cert,
			       struct standing *, struct story *) MUST_CHECK;
void standing_free(struct standing *);
const struct cert_info *standing_leaf(const struct standing *); /* NULL: nothing is live */

/* Is what is live what is wanted, so that only time could be a reason to order?  ret_why names the
 * first difference. */
bool standing_fits(const struct standing *, const struct cert_conf *, char ret_why[160]);
/* Was what is live issued by a CA for rehearsals, or by that account's? */
bool standing_is_test(const struct standing *, const struct account_conf *);

/* Can only an operator end such a failure, so that trying again by itself is pointless? */
bool standing_needs_hands(enum seal_status);
/* After a run.  story NULL: it succeeded. */
enum seal_status standing_save(const struct store *, const char *name, struct standing *,
			       const struct story *failure, int64_t propagation_s,
			       struct story *) MUST_CHECK;

#endif
