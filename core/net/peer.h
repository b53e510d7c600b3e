/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * peer.h - what certificate a port serves: TCP, STARTTLS where the protocol wants it, a TLS
 * handshake that trusts nothing, and the chain.
 *
 * Runs in a worker; connecting, talking and the handshake share one limit.  The lookup of a name is
 * the system's and has its own. */
#ifndef NET_PEER_H
#define NET_PEER_H

#include "base/buf.h"
#include "base/status.h"
#include "net/hostport.h"
#include "net/job.h"

enum peer_starttls { /* what is said before the handshake */
	PEER_TLS,    /* nothing */
	PEER_SMTP,
	PEER_LMTP,
	PEER_IMAP,
	PEER_POP3,
	PEER_SIEVE,
	PEER_FTP,
	PEER_NNTP,
	PEER_POSTGRES,
	PEER_MYSQL,
	PEER_LDAP,
	PEER_XMPP,
	PEER_KINDS
};
const char *peer_starttls_name(enum peer_starttls); /* "smtp"; PEER_TLS is "tls" */
/* "smtp" and so on, "tls", "https", and those that begin with TLS: "smtps", "imaps" ...  ret_port:
 * the usual one.  False when unknown. */
bool peer_starttls_read(const char *word, enum peer_starttls *ret, unsigned *ret_port);

/* "[smtp://]HOST[:PORT]" as a configuration has it; HOST may be [V6].  False: it is none. */
struct peer_address {
	enum peer_starttls how;
	struct hostport at;
};
bool peer_address_read(const char *text, struct peer_address *ret);

enum peer_key { PEER_KEY_ANY, PEER_KEY_RSA, PEER_KEY_ECDSA };

struct peer_look {
	/* asked; borrowed */
	const char *host; /* name or address */
	unsigned port;
	const char *sni; /* NULL: host when it is a name */
	const char *ip;	 /* connect to this address instead, or NULL */
	enum peer_starttls how;
	enum peer_key key; /* offer only what makes the server show this certificate of a pair */
	uint32_t limit_s;  /* 0 = 10 */

	/* answered */
	struct story story; /* SEAL_EAGAIN: no address, refused, silence, no TLS; the sentence says
			     * where and at which step */
	struct buf chain;   /* DER certificates, leaf first, each behind its length (4 octets, big
			     * endian): crypto/cert.h's chain_read_der() */
	char address[64];   /* that was connected to */
	char version[16];   /* "TLS1.3" */

	/* private */
	struct job job;
};
void peer_look_start(struct pool *, struct peer_look *, struct task *); /* expects */
void peer_look_free(struct peer_look *); /* what was answered; may be used again after */

#endif
