/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * account.h - find or create the account of a key (RFC 8555 7.3).
 *
 * Finds first (onlyReturnExisting), creates only when there is none and the terms are agreed or
 * there are none.  Afterwards ca->kid is set.  Directory must be there. */
#ifndef ACME_ACCOUNT_H
#define ACME_ACCOUNT_H

#include "acme/post.h"

struct account_get {
	/* asked; borrowed */
	struct ca *ca; /* with key */
	const char *email; /* or NULL */
	bool agreed;       /* to the terms of service */
	bool look_only;    /* never create: SEAL_ENOTFOUND instead */
	bool skip_find;    /* the key is brand-new: create without looking */
	const char *eab_kid, *eab_hmac; /* or NULL; SHA-256 unless eab_hash says otherwise */
	enum seal_hash eab_hash;

	/* answered */
	struct story story; /* SEAL_EOPERATOR: terms, EAB */
	bool created;

	/* private */
	struct task task, *waiter;
	struct post post;
	int step;
	bool canceled;
};
void account_get_start(struct account_get *, struct task *waiter); /* expects */
void account_get_cancel(struct account_get *);
void account_get_free(struct account_get *);

/* Bodies of POSTs to an account's URL; the caller's.  Addresses with or without "mailto:". */
char *account_contact_payload(const struct words *addresses);
#define ACCOUNT_DEACTIVATE "{\"status\":\"deactivated\"}" /* RFC 8555 7.3.6 */
/* The body of keyChange: the new key asks to stand in for the old one (RFC 8555 7.3.5). */
enum seal_status account_rollover_payload(const struct ca *, const struct key *fresh, char **ret,
					  struct story *) MUST_CHECK;

/* What is at the CA, by POST-as-GET on the kid. */
struct account_res {
	int status; /* enum account_status */
	struct words contact;
	char *orders;
	bool terms_agreed;
};
enum account_status { ACCOUNT_VALID, ACCOUNT_DEACTIVATED, ACCOUNT_REVOKED };
extern const char *const account_status_names[];
enum seal_status account_read(struct account_res *, const struct json_object *, struct story *);
void account_res_free(struct account_res *);

#endif
