/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * conf.h - what is wanted, as the engine sees it.  app/config fills these from file and command
 * line; nothing here is read from disk. */
#ifndef ENGINE_CONF_H
#define ENGINE_CONF_H

#include "base/text.h"
#include "crypto/key.h"
#include "dns/settle.h"
#include "provider/login.h"

struct account_conf { /* an `account` block */
	char *name;
	char *ca;      /* short name or URL as written, for people */
	char *url;     /* of the directory */
	char *test_url; /* of test-ca, or NULL */
	char *email;   /* or NULL */
	char *trust;   /* CA bundle or NULL */
	char *eab_kid, *eab_hmac; /* or NULL */
	enum seal_hash eab_hash;
	char *profile;
	struct words preferred_chains; /* issuer's CN, SHA-256 of the top, "shortest": best first */
	bool agreed;
	enum key_type key; /* of a new account */
	char *origin;      /* "FILE:LINE" or "command line" */
};

enum renew_kind { RENEW_AUTO, RENEW_BEFORE, RENEW_FRACTION };
struct renew_rule {
	enum renew_kind kind;
	uint32_t before_s; /* RENEW_BEFORE: this long before the end */
	unsigned percent;  /* RENEW_FRACTION: when this much of the life is left */
};

enum challenge_kind { CHALLENGE_DNS_01, CHALLENGE_DNS_ACCOUNT_01 };

struct target_conf; /* engine/deploy.h */
struct hooks_conf;  /* engine/hooks.h */

struct cert_conf { /* a `certificate` block */
	char *name;        /* [a-z0-9][a-z0-9._-]{0,63} */
	struct words names; /* normal form, no doubles, in the operator's order */
	enum key_type key;
	bool has_twin; /* a second certificate, with a key of the other family */
	enum key_type twin;
	bool reuse_key; /* the live key goes on, unless it was revoked */
	char *csr;	/* file with the operator's own request, or NULL; `key` is its type */
	uint8_t csr_spki[32]; /* SHA-256 of its public key */
	struct account_conf *account; /* borrowed */
	struct account_conf **others; /* fall-backs, in their order; borrowed */
	size_t n_others;
	char *override_domain; /* with {domain}; or NULL */
	enum challenge_kind challenge;
	char *profile; /* or NULL */
	struct words prefer_profiles; /* the first that the CA has; none is fine */
	struct renew_rule renew;
	unsigned keep; /* generations */
	char *group;   /* that may read keys, or NULL */
	enum settle_mode settle_mode;
	uint32_t settle_timeout_s, settle_delay_s;
	struct resolvers resolvers;
	struct target_conf *targets; /* in their order; `deploy` hooks last */
	size_t n_targets;
	const struct hooks_conf *hooks; /* borrowed; or NULL */
	char *origin;
};

#endif
