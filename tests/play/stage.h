/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * stage.h - the whole engine on a stage: CA, DNS and provider say what the script says, in the
 * script's own time. */
#ifndef PLAY_STAGE_H
#define PLAY_STAGE_H

#include "engine/order.h"
#include "tests/chains.h"
#include "tests/mock_ca.h"
#include "tests/play/script.h"

#include <pthread.h>

#define STAGE_CA "https://ca.test"
#define STAGE_KID STAGE_CA "/acct/1"
#define STAGE_WALL 1800000000 /* 2027-01-15T08:00:00Z */

enum order_after { ORDER_WHATEVER, ORDER_KEPT, ORDER_GIVEN_UP }; /* for the next run */
struct stage {
	const struct script *script;
	pthread_mutex_t lock; /* of all to `held`: the provider speaks in another thread */
	size_t next;     /* beat */
	int64_t last_ms; /* when the last beat was over */
	char wrong[600]; /* the first thing that was not as written; "" */
	struct words held; /* "OWNER VALUE" of every TXT that the provider has */

	struct mock_ca door;
	struct test_ca *issuer;
	struct buf csr; /* of finalize */
	char thumbprint[44];

	int64_t seen_after_ms; /* from append until the name servers have it; -1: never */
	unsigned n_zones;

	struct engine engine;
	struct store store;
	struct account_conf account;
	struct cert_conf cert;
	struct login *login;
	struct session *session;
	const char *replaces;   /* certID, or NULL */
	const char *replaces_kid; /* its account, or NULL */
	bool asked;             /* for one whose URL an earlier run did not learn */
	const char *in_flight;  /* URL of an order of an earlier run, or NULL */
	enum order_after order_after;
	size_t remains;         /* TXT that may be left at the end */
	struct words left;      /* of an earlier run */
	bool has_account, rehearse;
	bool known;             /* what is appended is in the journal already */
	int64_t interrupt_ms;   /* so long after the beginning; 0: never */
	struct order *order;
	struct task waiter, interrupt;
	struct timer timer;
	bool over;
};
/* Play it in an empty directory.  True: all went as written; else s->wrong says what did not. */
bool stage_play(struct stage *, const struct script *, const char *dir);

/* The next beat when this is its request and its moment, else NULL, and `wrong` is said. */
const struct beat *stage_cue(struct stage *, const char *request);
void stage_wrong(struct stage *, const struct beat *, const char *fmt, ...) PRINTF(3, 4);

/* ca.c: answers as the CA (arg: the stage). */
mock_answer cast_ca;
/* provider.c: the provider of this stage, and what DNS says of a zone, an alias, a record. */
const struct plugin *cast_provider(struct stage *);
void cast_zone(struct stage *, const char *apex);
void cast_alias(const char *owner, const char *target);
/* Text with $value(3) filled in: what proves token 3 (the one of $authz in begin.inc) with this
 * run's account.  The caller's. */
char *cast_values(const struct stage *, const char *text);
/* A TXT that is there before the play begins. */
void cast_record(struct stage *, const char *owner, const char *value);

#endif
