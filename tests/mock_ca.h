/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * mock_ca.h - the front door of a CA in tests: hands out nonces, takes each back once, opens what
 * is signed.  What the CA then says is the test's. */
#ifndef TESTS_MOCK_CA_H
#define TESTS_MOCK_CA_H

#include "tests/mock_http.h"

struct mock_ca {
	unsigned serial;       /* of the last nonce */
	struct words nonces;   /* out and not yet back; "" when it was used */
	unsigned heads, posts; /* newNonce requests, POSTs */
};
struct visit { /* what a POST said */
	char *url, *nonce, *kid; /* kid NULL: signed with a key of its own (jwk) */
	char *payload;
	bool nonce_good; /* one of ours, for the first time */
};
void mock_ca_free(struct mock_ca *);
/* Open a POST.  NULL, or what is wrong with it (RFC 8555 6.2). */
const char *mock_ca_open(struct mock_ca *, const struct http_call *, struct visit *ret);
void visit_free(struct visit *);
/* A new Replay-Nonce for this reply. */
void mock_ca_nonce(struct mock_ca *, struct http_call *);

#endif
