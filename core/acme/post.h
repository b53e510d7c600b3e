/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * post.h - one signed request: the only place that signs, takes nonces and repeats.
 *
 * badNonce: at once with the nonce of that very reply, at most 12 tries a round, and three rounds.
 * No connection, cut, 5xx without Retry-After: 3 tries.  Between rounds and tries 1 and 3 s.  503
 * and 429 with a Retry-After of at most 10 s: waited out once.  Everything else is the caller's. */
#ifndef ACME_POST_H
#define ACME_POST_H

#include "acme/nonce.h"
#include "acme/problem.h"

#define POST_NONCE_TRIES 12

struct post {
	/* asked; borrowed */
	struct ca *ca;
	const char *url;     /* copied */
	const char *payload; /* copied; "" = POST-as-GET, "{}" */
	bool with_jwk;       /* sign with the public key instead of kid (newAccount) */
	const struct key *key; /* that signs in place of the account's (revocation, rollover) */
	const char *accept;  /* NULL = JSON */
	size_t max_body;     /* 0 = 64 KiB */
	unsigned timeout_s;  /* 0 = 60 */
	bool once;           /* do not repeat after a lost reply (finalize): SEAL_EAGAIN instead */

	/* answered */
	struct story story;     /* SEAL_OK: 2xx */
	struct problem problem; /* filled in when the CA sent one */
	long status;            /* 0: no reply */
	struct json_object *json; /* of a JSON reply, else NULL */
	int64_t retry_after_s;  /* -1: none */
	struct http_call call;  /* body, headers */

	/* private */
	struct task task, *waiter;
	char *url_copy, *payload_copy;
	struct buf signed_body;
	char accept_line[100];
	const char *headers[3];
	struct nonce_want want;
	struct timer pause;
	struct http_call nonce_call;
	unsigned nonce_tries;
	struct again again;
	int step;
	bool canceled;
};
void post_start(struct post *, struct task *waiter); /* expects; directory must be there */
void post_cancel(struct post *);
void post_free(struct post *); /* the answer; may be used again after */
/* Location of the reply when it is a URL of this CA; NULL otherwise.  Borrowed. */
const char *post_location(const struct post *);
/* nth "Link: <url>;rel=..." of this relation, resolved and checked; the caller's; NULL. */
char *post_link(const struct post *, const char *rel, unsigned nth);

#endif
