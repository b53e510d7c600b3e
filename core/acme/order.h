/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order.h - orders, authorizations and challenges as data (RFC 8555 7.1.3-7.1.5, 8): body out,
 * struct in; no waiting, no policy. */
#ifndef ACME_ORDER_H
#define ACME_ORDER_H

#include "acme/ca.h"
#include "acme/problem.h"

#define ORDER_NAMES_MAX 100

enum order_status { RES_PENDING, RES_READY, RES_PROCESSING, RES_VALID, RES_INVALID };
extern const char *const order_status_names[];

struct order_res {
	int status; /* enum order_status */
	int64_t expires;
	char *finalize, *certificate;
	struct words authorizations;
	struct words names; /* identifiers, lower case */
	struct problem error; /* PROBLEM_NONE when it has none */
};
/* newOrder's payload; profile and replaces may be NULL.  The caller's. */
char *order_payload(const struct words *names, const char *profile, const char *replaces);
/* finalize's payload. */
char *finalize_payload(const void *csr_der, size_t len);
/* URLs are checked against the CA.  SEAL_EPROTO with the field's name. */
enum seal_status order_read(struct order_res *, const struct ca *, const struct json_object *,
			    struct story *) MUST_CHECK;
void order_res_free(struct order_res *);
/* An identifier object of type dns, in lower case, the caller's; NULL when it is none. */
char *identifier_read(const struct json_object *);

enum authz_status { AUTHZ_PENDING, AUTHZ_VALID, AUTHZ_INVALID, AUTHZ_DEACTIVATED, AUTHZ_EXPIRED,
		    AUTHZ_REVOKED };
extern const char *const authz_status_names[];
enum challenge_status { CHAL_PENDING, CHAL_PROCESSING, CHAL_VALID, CHAL_INVALID };
extern const char *const challenge_status_names[];

struct challenge_res {
	int status; /* enum challenge_status */
	char *type, *url, *token;
	struct problem error;
};
struct authz_res {
	int status; /* enum authz_status */
	char *name; /* identifier without "*." */
	bool wildcard;
	int64_t expires;
	bool has_challenge;            /* one of the type that was asked for */
	struct challenge_res challenge; /* that one; token checked: base64url, 22..512 octets */
	struct problem error; /* of any challenge that failed */
	struct words offered; /* cleaned types, for the sentence when ours is not among them */
};
/* Unknown challenge types, and ones without the fields we need, are skipped. */
enum seal_status authz_read(struct authz_res *, const struct ca *, const struct json_object *,
			    const char *challenge_type, struct story *) MUST_CHECK;
void authz_res_free(struct authz_res *);
enum seal_status challenge_read(struct challenge_res *, const struct ca *,
				const struct json_object *, struct story *) MUST_CHECK;
void challenge_res_free(struct challenge_res *);

#endif
