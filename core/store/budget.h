/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * budget.h - our own limits, below the CA's, kept in STATE/limits.json so that a crash loop cannot
 * spend what the CA allows.  Spent (durably) before the request goes out.
 *
 * The file: a JSON array with one "TIME KIND HASH" a line, added to in place and synced under
 * locks/limits.lock, so that any number of processes and certificates cost the same; written anew
 * without what is older than 30 days when it has grown.  A line that is torn or not ours is passed
 * over.
 *
 * All functions look at clock_wall(), write to disk, and may be called from any thread. */
#ifndef STORE_BUDGET_H
#define STORE_BUDGET_H

#include "store/store.h"

/*                            usual           named      --force    little time is left
 * orders of a set of names   3 in 7 days     5          5          5
 *   also void ones: 10 a day
 * failed validations         3 an hour, 10 a day
 *   of a name                35 in 30 days   the same   -          35 in 30 days
 * new accounts at a CA       1 a day         3          3          1
 *
 * SHORT: as usual, but orders are not counted: of certificates of less than 5 days the renewals
 * alone are more.  At a CA of one's own (an address, a name without a dot or one that the Internet
 * does not have) only the 35 failed validations count, and what it tells itself. */
enum budget_force {
	BUDGET_USUAL,
	BUDGET_NAMED, /* an operator, or a program of his, asked for this certificate */
	BUDGET_FORCED,
	BUDGET_URGENT, /* little time is left */
	BUDGET_SHORT,
	BUDGET_FORCES
};
#define BUDGET_SHORT_S (5 * 86400)

/* SEAL_ELIMIT with retry_at and a sentence that names the limit, and nothing is spent;
 * SEAL_ESTORAGE.  ca_url: of the directory. */
enum seal_status budget_order(const struct store *, const char *ca_url, const struct words *names,
			      enum budget_force, struct story *) MUST_CHECK;
/* The order ended without a certificate: it counts no more among the orders of its names. */
void budget_order_void(const struct store *, const char *ca_url, const struct words *names);
/* One for each name, before its challenge is POSTed; forgotten when the CA validated them. */
enum seal_status budget_validation(const struct store *, const char *ca_url,
				   const struct words *names, enum budget_force,
				   struct story *) MUST_CHECK;
void budget_validated(const struct store *, const char *ca_url, const struct words *names);
enum seal_status budget_account(const struct store *, const char *ca_url, enum budget_force,
				struct story *) MUST_CHECK;
/* The CA said when to come back (Retry-After), for this set of names or (names NULL) at all; at
 * most 7 days ahead.  budget_order() obeys, and budget_peace() what was said at all. */
void budget_wait(const struct store *, const char *ca_url, const struct words *names,
		 int64_t until);
/* SEAL_ELIMIT with retry_at: the CA wants to be asked nothing now. */
enum seal_status budget_peace(const struct store *, const char *ca_url, struct story *) MUST_CHECK;
/* How much of it is left, for status: "2 of 3 orders in 7 days, 10 of 10 failed validations a day".
 * The caller's. */
char *budget_left(const struct store *, const char *ca_url, const struct words *names);

#endif
