/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * peer_talk.h - octets to and from a peer before TLS, and the words of each protocol that lead to
 * it; for peer.c. */
#ifndef NET_PEER_TALK_H
#define NET_PEER_TALK_H

#include "net/peer.h"

struct talk {
	int fd;		  /* does not block */
	int64_t until_ms; /* clock_ms() */
	size_t n_read;	  /* octets before TLS */
	const char *domain; /* whom we want to speak to */
	struct story *story;
};
/* Wait until fd may be read or written; SEAL_EAGAIN: the time is over while `doing`. */
enum seal_status talk_wait(struct talk *, short events, const char *doing) MUST_CHECK;
/* Up to the moment at which the TLS handshake begins.  Not one octet behind that is read. */
enum seal_status talk_starttls(struct talk *, enum peer_starttls) MUST_CHECK;

#endif
