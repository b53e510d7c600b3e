/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * settle_work.h - what the settle files share. */
#ifndef DNS_SETTLE_WORK_H
#define DNS_SETTLE_WORK_H

#include "dns/settle.h"

#define SETTLE_FLIGHT 32 /* questions under way at once */

struct settle_slot { /* one question under way; takes the next one when it is answered */
	struct task task;
	struct settle *settle;
	struct question question;
	uint8_t query[WIRE_QUERY_MAX];
	size_t look;
};

struct settle_track { /* beside each look */
	int64_t silent_since_ms;
	bool asked; /* in this round */
};

struct settle_work {
	int step;
	int64_t began_ms, deadline_ms;
	struct timer timer;
	struct settle_track *track;

	size_t *queue; /* looks to ask */
	size_t n_queue, next;
	uint16_t type; /* TXT, or SOA for the report */
	struct settle_slot slot[SETTLE_FLIGHT];

	unsigned round;
	bool is_last, is_canceled;

	struct server resolver[RESOLVERS_MAX]; /* as servers; SETTLE_RESOLVERS */
	int64_t *cached_until_ms;	       /* per want and resolver */
};

/* What an answer to a TXT question says about a want.  ret_negative_s: how long a resolver will
 * repeat a negative answer; 0 = none. */
void look_judge(struct settle_look *, const struct settle_want *, const struct question *,
		enum settle_mode, uint32_t *ret_negative_s);
/* Silent long enough to be left out (when all others are satisfied). */
bool look_is_excusable(const struct settle *, const struct settle_look *);
/* The sentence when time is over. */
enum seal_status settle_report(struct settle *);

#endif
