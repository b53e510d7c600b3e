/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * servers.h - who must answer for a zone: every address of every authoritative server, each asked
 * once for the SOA so that we know which of them are any good before we write.
 *
 * NS names from the recursive answer; A and AAAA of each; then SOA at each address, RD=0, in
 * parallel.  At most 13 names and 32 addresses (then at least one address a name is kept). */
#ifndef DNS_SERVERS_H
#define DNS_SERVERS_H

#include "dns/lookup.h"

#define SERVERS_NAMES_MAX 13
#define SERVERS_MAX 32

enum server_class {
	SERVER_AUTH = 0, /* AA, NOERROR */
	SERVER_LAME,     /* answers without AA, or REFUSED, SERVFAIL, NOTIMP */
	SERVER_SILENT,
	SERVER_NOROUTE, /* this host cannot reach that family: does not count */
};
const char *server_class_name(enum server_class);
struct server {
	char name[NAME_MAX_LEN];   /* of the NS record */
	char address[SERVER_LEN];  /* with port */
	enum server_class class;
	uint32_t serial; /* of the SOA, when SERVER_AUTH */
	char said[40];   /* "REFUSED", "no AA", "timeout", ... when not SERVER_AUTH */
};

struct servers_find {
	/* asked */
	char apex[NAME_MAX_LEN];
	const struct resolvers *resolvers;

	/* answered */
	struct story story; /* SEAL_EAGAIN: none is SERVER_AUTH; the sentence lists them */
	size_t n, n_auth;
	struct server at[SERVERS_MAX];

	/* private */
	struct task task, *waiter;
	struct servers_work *work;
};
void servers_find_start(struct servers_find *, struct task *waiter); /* expects */
void servers_find_cancel(struct servers_find *);
void servers_find_free(struct servers_find *);

#endif
