/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * nonce.h - the pool of anti-replay nonces of a CA (RFC 8555 6.5), and who waits for one.
 *
 * Every reply feeds it, errors too; the newest goes out first.  ca->nonces_alive counts the idle
 * ones and those in the hands of requests under way, each of which ends in exactly one of
 * nonce_returned(), nonce_back() and nonce_lost(), followed by nonces_serve().  While one is
 * alive, waiting is cheaper than a HEAD; with none alive the first that waits must fetch. */
#ifndef ACME_NONCE_H
#define ACME_NONCE_H

#include "acme/ca.h"

struct nonce_want {
	struct list link;
	struct task *task;
	char *nonce; /* here it is; the wanter's, and alive */
	bool fetch;  /* or: go and fetch one, it is counted as alive already */
	bool failed; /* or: nobody could; story tells */
	struct story story;
};
void nonce_want(struct ca *, struct nonce_want *, struct task *); /* expects; always done later */
void nonce_unwant(struct nonce_want *); /* waiting: task_done(); else nothing */

char *nonce_take(struct ca *); /* newest idle one, the caller's; NULL: none */
/* A request that carried one is over and was answered: the reply's takes its place. */
void nonce_returned(struct ca *, const struct http_call *);
void nonce_back(struct ca *, char *nonce); /* taken, but never sent; takes it over */
void nonce_lost(struct ca *);              /* sent, and no reply; or a fetch that was given up */
void nonce_found(struct ca *, const struct http_call *); /* in a reply to a request without one */
/* The nonce of a reply, the caller's; NULL when it has none that RFC 8555 6.5.1 lets us use. */
char *nonce_of(const struct http_call *);

/* Hand out what is idle; send out whoever must fetch. */
void nonces_serve(struct ca *);
/* A fetch failed for good.  Nobody else is sent out: while another nonce is alive all wait for that
 * one, and with none alive all that wait fail alike. */
void nonces_fail(struct ca *, const struct story *);

#endif
