/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * settle.h - has the world's view of our TXT records caught up with us?
 *
 * Every SERVER_AUTH address is asked for TXT at every owner, RD=0; an address is satisfied when
 * AA=1, NOERROR and the answer's records at that owner hold every value.  Rounds: the first after
 * first_ms, then every clamp(0.15 * elapsed, 0.5 s, 10 s) one unsatisfied address a zone (the
 * sentinel); when it is satisfied all unsatisfied ones at once.  With first_ms = 0 the first round
 * asks everything at once, which is all there is when everything is there.  confirm: all of them
 * once more, half a second later.  An address that fell silent is excused after 3 silent rounds
 * over 30 s when all others are satisfied.  Without confirm the first half second goes in steps
 * that double from 20 ms: an own secondary follows at once.  SERVFAIL counts as not yet.  When the
 * time is over everything unsatisfied is asked a last time, and the serials, so that the report is
 * true.
 *
 * Never asks a recursive resolver, unless the mode is SETTLE_RESOLVERS: then each want is one
 * question a round, to the resolvers in turn (RD=1, no AA), a resolver that answered in the
 * negative not again before its negative TTL is over (RFC 2308), and first not before 15 s.
 * Source: RFC 8555 8.4; the schedule was chosen by simulation (mean overshoot 0.7 s for a wait of
 * 3 s, 5.5 s for one of 20 min, 20 to 130 questions with eight addresses). */
#ifndef DNS_SETTLE_H
#define DNS_SETTLE_H

#include "dns/servers.h"

enum settle_mode { SETTLE_AUTHORITATIVE, SETTLE_RESOLVERS, SETTLE_WAIT };

struct settle_want {  /* one record set to see; all strings borrowed */
	const char *owner;
	const char *const *values;
	size_t n_values;
	const struct servers_find *servers; /* of its zone; SETTLE_AUTHORITATIVE only */
};
enum settle_state { SEEN_NOT_YET, SEEN_OK, SEEN_SILENT, SEEN_ERROR };
const char *settle_state_name(enum settle_state);

struct settle_look { /* what one address said last about one want */
	size_t want;
	const struct server *server;
	enum settle_state state;
	unsigned silent; /* rounds in a row */
	uint32_t serial; /* of the last SOA seen beside a negative answer; 0 = none */
	char said[40];   /* "NXDOMAIN", "1 of 2 values", "timeout" */
};

struct settle {
	/* asked */
	enum settle_mode mode;
	const struct settle_want *want; /* borrowed until settle_free() */
	size_t n_want;
	const struct resolvers *resolvers; /* for SETTLE_RESOLVERS */
	int64_t within_ms;  /* give up after this long */
	int64_t first_ms;   /* before the first look */
	bool first_exact;   /* SETTLE_RESOLVERS: also when that is less than 15 s */
	bool confirm;       /* one more round, for anycast */
	int64_t settle_ms;  /* after everything was seen; SETTLE_WAIT: the whole wait */
	void (*changed)(struct settle *, const struct settle_look *); /* progress; may be NULL */
	void *arg;

	/* answered */
	struct story story; /* SEAL_EAGAIN: time is over; the sentence names each address that lacks
			     * it and what it said */
	size_t n_look;
	struct settle_look *look;
	unsigned questions; /* DNS questions asked */

	/* private */
	struct task task, *waiter;
	struct settle_work *work;
};
void settle_start(struct settle *, struct task *waiter); /* expects */
void settle_cancel(struct settle *); /* ends with SEAL_ECANCELED */
void settle_free(struct settle *);

#endif
