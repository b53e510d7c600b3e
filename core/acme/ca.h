/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * ca.h - one ACME server as we use it: directory, nonces, and the account that signs.
 *
 * All URLs of one CA must have the directory's host (RFC 8555 leaves it open; a CA that hands out
 * other hosts is refused with a sentence). */
#ifndef ACME_CA_H
#define ACME_CA_H

#include "base/json.h"
#include "base/text.h"
#include "crypto/key.h"
#include "net/http.h"

#define CA_MUTE_MS 120000      /* requests failed for so long, and none was answered */
#define CA_MUTE_REST_MS 300000 /* after the last of them it is asked again */

#define NONCES_MAX 16
#define NONCE_AGE_S 300
#define NONCE_FAR_MS 20 /* a CA nearer than that is not worth a request to be parallel */
#define NONCE_WINDOW 4 /* nonces alive at once when many posts wait: how parallel we are */

struct again { /* how often one request was repeated; see acme/reply.h */
	unsigned tries;
	bool waited;
};

struct directory { /* RFC 8555 7.1.1, RFC 9773 4.1 */
	char *new_nonce, *new_account, *new_order, *revoke_cert, *key_change, *renewal_info;
	char *terms, *website;
	struct words caa_identities;
	struct words profiles; /* names */
	bool eab_required;
};

struct ca {
	/* given; borrowed */
	const char *url;   /* of the directory */
	const char *trust; /* CA bundle file or NULL */
	struct http *http;
	struct key *key;   /* of the account; the ca's */
	char *kid;         /* account URL or NULL; the ca's */

	struct directory dir;
	bool has_dir;
	struct nonce {
		char *text;
		int64_t at_ms;
	} nonces[NONCES_MAX];
	size_t n_nonces;
	unsigned nonces_alive; /* idle ones and those that posts under way will bring back */
	struct list waiting;   /* of struct nonce_want */
	unsigned requests;     /* sent to this CA, for tests and benches */
	unsigned rtt_ms;       /* of the last exchange: scales the polling */
	int64_t lost_ms, lost_last_ms; /* when the first and the last failed since one was
					* answered; 0: none */
};
void ca_init(struct ca *, struct http *, const char *url, const char *trust);
void ca_free(struct ca *);
/* https URL at the directory's host? */
bool ca_owns_url(const struct ca *, const char *url);
/* Start a request to this CA, and look at its end: trust, counters, round trip time. */
void ca_ask(struct ca *, struct http_call *, struct task *); /* expects */
void ca_heard(struct ca *, const struct http_call *);
/* SEAL_EAGAIN: it has not answered for so long that those who wait for their turn need not try; in
 * a run of many each would wait as long again. */
enum seal_status ca_listens(const struct ca *, struct story *) MUST_CHECK;

/* Fetch the directory unless it is there. */
struct directory_get {
	struct story story;
	struct task task, *waiter;
	struct ca *ca;
	struct http_call call;
	struct again again;
	struct timer pause;
	int step;
	bool canceled;
};
void directory_get_start(struct directory_get *, struct ca *, struct task *waiter); /* expects */
void directory_get_cancel(struct directory_get *);
void directory_get_free(struct directory_get *);
/* For tests: read a directory object; URLs are not yet held against the CA's own. */
enum seal_status directory_read(struct directory *, const struct json_object *, struct story *);
void directory_free(struct directory *);

#endif
