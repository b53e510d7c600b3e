/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * lookup.h - one question to the recursive resolvers, trying each in turn. */
#ifndef DNS_LOOKUP_H
#define DNS_LOOKUP_H

#include "dns/wire.h"
#include "net/resolve.h"

#define RESOLVERS_MAX 8
struct resolvers {
	char at[RESOLVERS_MAX][SERVER_LEN];
	size_t n;
};
/* The nameserver lines of a resolv.conf(5); 127.0.0.1 when there is none. */
void resolvers_system(struct resolvers *, const char *path);
bool resolvers_add(struct resolvers *, const char *text); /* false: no address, or full */
const char *answer_said(enum answer_kind); /* "timeout", "unreachable", "bad reply" */

/* NOERROR and NXDOMAIN end it; SERVFAIL, REFUSED, silence and nonsense go on to the next. */
struct lookup {
	/* asked */
	char name[NAME_MAX_LEN];
	uint16_t type;
	const struct resolvers *resolvers;

	/* answered */
	struct story story; /* SEAL_OK: message is filled in.  SEAL_EAGAIN: no resolver could say */
	struct seal_message message;
	bool heard; /* some resolver sent a message, even if it was of no use */
	struct arena arena;

	/* private; question.server is the resolver that answered */
	struct task task, *waiter;
	struct question question;
	uint8_t query[WIRE_QUERY_MAX];
	char tried[300]; /* who was asked and what it said */
	size_t next;
	bool canceled;
};
void lookup_start(struct lookup *, struct task *waiter); /* expects */
void lookup_cancel(struct lookup *);
void lookup_free(struct lookup *); /* may be used again after */

#endif
