/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * problem.h - problem documents (RFC 9457, RFC 8555 6.7) and what each means for us. */
#ifndef ACME_PROBLEM_H
#define ACME_PROBLEM_H

#include "base/json.h"

enum problem_type { /* matched on `type` only, never on words */
	PROBLEM_NONE, PROBLEM_OTHER, PROBLEM_BAD_NONCE, PROBLEM_RATE_LIMITED, PROBLEM_CAA,
	PROBLEM_DNS, PROBLEM_CONNECTION, PROBLEM_INCORRECT_RESPONSE, PROBLEM_UNAUTHORIZED,
	PROBLEM_MALFORMED, PROBLEM_SERVER_INTERNAL, PROBLEM_USER_ACTION, PROBLEM_EAB_REQUIRED,
	PROBLEM_NO_ACCOUNT, PROBLEM_ORDER_NOT_READY, PROBLEM_REJECTED_IDENTIFIER,
	PROBLEM_UNSUPPORTED_IDENTIFIER, PROBLEM_INVALID_CONTACT, PROBLEM_UNSUPPORTED_CONTACT,
	PROBLEM_BAD_CSR, PROBLEM_BAD_PUBLIC_KEY, PROBLEM_BAD_SIGNATURE_ALGORITHM,
	PROBLEM_INVALID_PROFILE, PROBLEM_ALREADY_REVOKED, PROBLEM_ALREADY_REPLACED,
	PROBLEM_BAD_REVOCATION_REASON, PROBLEM_COMPOUND, PROBLEM_TLS, PROBLEM_CONFLICT,
};

struct problem {
	enum problem_type type;
	int64_t status;
	char *name;   /* type without its namespace, cleaned; "" */
	char *detail; /* cleaned, "name: detail" of every subproblem added after "; " */
	char *instance; /* cleaned URL or NULL */
	char *algorithms; /* cleaned list or NULL */
};
/* From a problem object (NULL: an empty problem of type PROBLEM_NONE). */
void problem_read(struct problem *, const struct json_object *);
void problem_free(struct problem *);
/* The class for the caller and the sentence: "rateLimited: too many ..."; hint where one is known
 * (terms URL, EAB, CAA); story->problem names the type.  http_status: used when the document has
 * none.  story->retry_at: set it before when a Retry-After came along; it stays. */
enum seal_status problem_fail(const struct problem *, long http_status, struct story *);

#endif
