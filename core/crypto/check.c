/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "crypto/cert.h"

#include "base/clock.h"

#include <gnutls/x509.h>
#include <string.h>

#define BACK_MAX_S (7 * 86400)
#define AHEAD_MAX_S 3600
#define LEFT_MIN_S 3600
#define NAMES_SHOWN 200 /* octets of a list of names in a sentence */
#define RSA_MIN 2048u
#define ECC_MIN 256u

struct check { /* of a chain, against what was asked */
	const struct chain *chain;
	gnutls_x509_crt_t *crts;
	const struct cert_info *leaf;
	const struct key *key;
	const struct words *names;
	int64_t now;
	struct story *story;
};

static enum seal_status key_is_ours(const struct check *c)
{
	if (chain_has_key(c->chain, c->key))
		return SEAL_OK;
	return story_fail(c->story, SEAL_EPROTO, "the CA sent a certificate for another key");
}

static bool within(const struct words *some, const struct words *all)
{
	for (size_t i = 0; i < some->n; i++)
		if (!words_has(all, some->at[i]))
			return false;
	return true;
}

static char *list(const struct words *names)
{
	scoped(free_p) char *all = words_join(names, ", ");

	return text_clean(names->n ? all : "none", names->n ? strlen(all) : 4, NAMES_SHOWN);
}

static enum seal_status names_are_asked(const struct check *c)
{
	scoped(free_p) char *has = list(&c->leaf->names);
	scoped(free_p) char *asked = list(c->names);

	if (!within(&c->leaf->names, c->names) || !within(c->names, &c->leaf->names))
		return story_fail(c->story, SEAL_EPROTO,
		                  "the CA sent a certificate for other names: has %s; asked %s",
		                  has, asked);
	if (c->leaf->other_names)
		return story_fail(c->story, SEAL_EPROTO,
		                  "the CA sent a certificate with names that are no DNS names");
	return SEAL_OK;
}

static enum seal_status leaf_is_no_ca(const struct check *c)
{
	if (!c->leaf->is_ca)
		return SEAL_OK;
	return story_fail(c->story, SEAL_EPROTO,
	                  "the CA sent a certificate that is itself a CA's (CA:TRUE)");
}

static enum seal_status leaf_is_for_servers(const struct check *c)
{
	char oid[128];

	for (unsigned i = 0;; i++) {
		size_t n = sizeof(oid);
		int rc = gnutls_x509_crt_get_key_purpose_oid(c->crts[0], i, oid, &n, NULL);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE && !i)
			return SEAL_OK; /* no EKU at all */
		if (rc)
			break;
		if (!strcmp(oid, GNUTLS_KP_TLS_WWW_SERVER))
			return SEAL_OK;
	}
	return story_fail(c->story, SEAL_EPROTO,
	                  "the CA sent a certificate that is not for servers: its extended key "
	                  "usage lacks serverAuth");
}

static enum seal_status dates_are_good(const struct check *c)
{
	const struct {
		bool bad;
		const char *what;
		int64_t date;
	} rules[] = {
		{ c->leaf->not_before > c->now + AHEAD_MAX_S, "that is not valid before",
		  c->leaf->not_before },
		{ c->leaf->not_after <= c->now, "that expired on", c->leaf->not_after },
		{ c->leaf->not_after <= c->now + LEFT_MIN_S, "that is about to expire, on",
		  c->leaf->not_after },
		{ c->leaf->not_before < c->now - BACK_MAX_S, "that is no new one: valid since",
		  c->leaf->not_before },
	};
	char date[RFC3339_LEN], now[RFC3339_LEN];

	for (size_t i = 0; i < COUNT(rules); i++) {
		if (!rules[i].bad)
			continue;
		story_fail(c->story, SEAL_EPROTO, "the CA sent a certificate %s %s; here it is %s",
		           rules[i].what, clock_rfc3339(rules[i].date, date),
		           clock_rfc3339(c->now, now));
		story_hint(c->story, "is the clock of this host right?");
		return SEAL_EPROTO;
	}
	return SEAL_OK;
}

static enum seal_status none_is_twice(const struct check *c)
{
	for (size_t i = 0; i < c->chain->n; i++)
		for (size_t j = i + 1; j < c->chain->n; j++)
			if (!memcmp(c->chain->at[i].sha256, c->chain->at[j].sha256, 32))
				return story_fail(c->story, SEAL_EPROTO,
				                  "the chain has the same certificate twice "
				                  "(%zu and %zu)",
				                  i + 1, j + 1);
	return SEAL_OK;
}

static bool hash_is_weak(gnutls_sign_algorithm_t sign)
{
	static const gnutls_digest_algorithm_t weak[] = { GNUTLS_DIG_UNKNOWN, GNUTLS_DIG_MD2,
		                                          GNUTLS_DIG_MD5, GNUTLS_DIG_SHA1,
		                                          GNUTLS_DIG_RMD160 };
	gnutls_digest_algorithm_t hash = gnutls_sign_get_hash_algorithm(sign);

	for (size_t i = 0; i < COUNT(weak); i++)
		if (weak[i] == hash)
			return true;
	return false;
}

static bool key_is_weak(int pk, unsigned bits)
{
	switch (pk) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
		return bits < RSA_MIN;
	case GNUTLS_PK_ECDSA:
		return bits < ECC_MIN;
	case GNUTLS_PK_EDDSA_ED25519:
	case GNUTLS_PK_EDDSA_ED448:
		return false;
	}
	return true;
}

/* A root's signature of itself proves nothing and may be as old as it likes. */
static enum seal_status algorithms_are_strong(const struct check *c)
{
	for (size_t i = 0; i < c->chain->n; i++) {
		unsigned bits = 0;
		int pk = gnutls_x509_crt_get_pk_algorithm(c->crts[i], &bits);
		int sign = gnutls_x509_crt_get_signature_algorithm(c->crts[i]);
		const char *name = sign > 0 ? gnutls_sign_get_name(sign) : NULL;
		if (key_is_weak(pk, bits))
			return story_fail(c->story, SEAL_EPROTO,
			                  "certificate %zu of the chain has a weak key: %s %u bits",
			                  i + 1, gnutls_pk_get_name(pk), bits);
		if (!gnutls_x509_crt_check_issuer(c->crts[i], c->crts[i]) &&
		    (sign <= 0 || hash_is_weak(sign)))
			return story_fail(c->story, SEAL_EPROTO,
			                  "certificate %zu of the chain is signed with a weak "
			                  "algorithm: %s",
			                  i + 1, name ? name : "unknown");
	}
	return SEAL_OK;
}

static enum seal_status links_hold(const struct check *c)
{
	for (size_t i = 0; i + 1 < c->chain->n; i++) {
		unsigned verdict = 0;
		if (!gnutls_x509_crt_verify(c->crts[i], &c->crts[i + 1], 1,
		                            GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &verdict) &&
		    !verdict)
			continue;
		return story_fail(c->story, SEAL_EPROTO,
		                  "certificate %zu of the chain (issuer %.100s) is not signed by "
		                  "the next (%.100s)",
		                  i + 1, c->chain->at[i].issuer, c->chain->at[i + 1].subject);
	}
	return SEAL_OK;
}

enum seal_status chain_check(const struct chain *chain, const struct key *k,
                             const struct words *names, int64_t now, struct story *s)
{
	static enum seal_status (*const rules[])(const struct check *) = {
		key_is_ours,    names_are_asked, leaf_is_no_ca,         leaf_is_for_servers,
		dates_are_good, none_is_twice,   algorithms_are_strong, links_hold
	};
	struct check c = { chain, chain->handles, chain->at, k, names, now, s };

	if (!chain->n)
		return story_fail(s, SEAL_EPROTO, "the chain is empty");
	for (size_t i = 0; i < COUNT(rules); i++) {
		enum seal_status st = rules[i](&c);
		if (st)
			return st;
	}
	return SEAL_OK;
}
