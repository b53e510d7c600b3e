/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * exchange.h - DNS messages over UDP or TCP as they are (UPDATE, AXFR), blocking, for workers.
 *
 * c-ares rewrites messages, which would break a TSIG (RFC 8945); this does not look inside. */
#ifndef NET_EXCHANGE_H
#define NET_EXCHANGE_H

#include "base/buf.h"
#include "base/status.h"

#include <stdatomic.h>

struct addrinfo;
struct exchange {
	int fd; /* -1: closed */
	bool udp;
	int64_t deadline_ms;         /* clock_ms() after which every call fails */
	const atomic_bool *canceled; /* looked at at least every 100 ms; may be NULL */
	char server[300];
	struct story story;

	/* private */
	struct addrinfo *addresses, *next; /* of server; those not yet tried */
	struct buf sent;
	int64_t waited_ms;
};

void exchange_init(struct exchange *, int64_t deadline_ms, const atomic_bool *canceled);
/* server: HOST[:PORT], [V6][:PORT]; names are resolved, every address is tried in turn.  Sends one
 * message, over the open connection when it is the same server.  SEAL_EAGAIN: could not.
 * SEAL_EINVAL: no server, no message.  SEAL_ECANCELED.  Resolving a name (the system's resolver)
 * is the one thing that neither deadline nor cancellation can cut short. */
enum seal_status exchange_send(struct exchange *, const char *server, bool udp, const void *msg,
			       size_t len) MUST_CHECK;
/* The next reply (TCP: without its length) with the id of the message sent; others are passed
 * over.  A failure closes the connection. */
enum seal_status exchange_read(struct exchange *, struct buf *ret) MUST_CHECK;
void exchange_close(struct exchange *);

#endif
