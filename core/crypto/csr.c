/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "crypto/cert.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

static void crq_p(gnutls_x509_crq_t *r)
{
	gnutls_x509_crq_deinit(*r);
}

static void pubkey_p(gnutls_pubkey_t *p)
{
	if (*p)
		gnutls_pubkey_deinit(*p);
}

static int add_names(gnutls_x509_crq_t r, const struct words *names)
{
	for (size_t i = 0; i < names->n; i++) {
		int rc = gnutls_x509_crq_set_subject_alt_name(
		        r, GNUTLS_SAN_DNSNAME, names->at[i], (unsigned)strlen(names->at[i]),
		        i ? GNUTLS_FSAN_APPEND : GNUTLS_FSAN_SET);
		if (rc)
			return rc;
	}
	return 0;
}

/* The hash that goes with the key's size. */
static int sign(gnutls_x509_crq_t r, gnutls_pubkey_t public, gnutls_privkey_t private)
{
	gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;
	int rc = gnutls_pubkey_get_preferred_hash_algorithm(public, &hash, NULL);

	return rc ? rc : gnutls_x509_crq_privkey_sign(r, private, hash, 0);
}

enum seal_status csr_make(const struct key *k, const struct words *names, struct buf *ret,
                          struct story *s)
{
	scoped(crq_p) gnutls_x509_crq_t r = NULL;
	scoped(pubkey_p) gnutls_pubkey_t public = NULL;
	gnutls_datum_t der = { NULL, 0 };
	int rc = gnutls_x509_crq_init(&r);

	if (!names->n)
		return story_fail(s, SEAL_EINVAL, "a certificate request without names");
	if (!rc)
		rc = gnutls_pubkey_init(&public);
	if (!rc)
		rc = gnutls_pubkey_import_privkey(public, key_handle(k), 0, 0);
	if (!rc)
		rc = gnutls_x509_crq_set_pubkey(r, public);
	if (!rc)
		rc = gnutls_x509_crq_set_version(r, 1);
	if (!rc)
		rc = add_names(r, names);
	if (!rc)
		rc = sign(r, public, key_handle(k));
	if (!rc)
		rc = gnutls_x509_crq_export2(r, GNUTLS_X509_FMT_DER, &der);
	if (rc)
		return story_fail(s, SEAL_EINVAL, "cannot make a certificate request: %s",
		                  gnutls_strerror(rc));
	buf_add(ret, der.data, der.size);
	gnutls_free(der.data);
	return SEAL_OK;
}

/* -- one that somebody else made ------------------------------------------------------------ */

static void add_name(struct words *names, const char *text, size_t len)
{
	scoped(free_p) char *name = text_clean(text, len, TEXT_CLEAN_MAX);

	for (char *at = name; *at; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 32) : *at;
	if (!words_has(names, name))
		words_add(names, name);
}

/* dNSNames, and the common name when there is one; false: a name of another kind. */
static bool list_names(gnutls_x509_crq_t r, struct words *ret)
{
	char text[256];
	size_t len = sizeof(text);
	unsigned type;
	int rc = 0;

	for (unsigned i = 0; rc != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE; i++, len = sizeof(text)) {
		rc = gnutls_x509_crq_get_subject_alt_name(r, i, text, &len, &type, NULL);
		if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (rc < 0 || type != GNUTLS_SAN_DNSNAME)
			return false;
		add_name(ret, text, strnlen(text, len));
	}
	len = sizeof(text);
	if (!gnutls_x509_crq_get_dn_by_oid(r, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &len))
		add_name(ret, text, strnlen(text, len));
	return true;
}

static enum seal_status check_names(gnutls_x509_crq_t r, const struct words *names,
				    struct story *s)
{
	scoped(words_free) struct words has = { 0 };
	bool same = list_names(r, &has) && has.n == names->n;

	for (size_t i = 0; same && i < names->n; i++)
		same = words_has(&has, names->at[i]);
	if (same)
		return SEAL_OK;
	scoped(free_p) char *list = words_join(&has, ", ");
	return story_fail(s, SEAL_EINVAL,
			  "the request is for other names than the certificate's: %s",
			  *list ? list : "none");
}

static int read_public(gnutls_x509_crq_t r, gnutls_pubkey_t *ret)
{
	int rc = gnutls_pubkey_init(ret);

	return rc ? rc : gnutls_pubkey_import_x509_crq(*ret, r, 0);
}

enum seal_status csr_read(const char *text, size_t len, const struct words *names, struct buf *ret,
			  struct key **ret_key, struct story *s)
{
	scoped(crq_p) gnutls_x509_crq_t r = NULL;
	scoped(pubkey_p) gnutls_pubkey_t public = NULL;
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)text, (unsigned)len };
	gnutls_datum_t der = { NULL, 0 };
	bool is_pem = len && memmem(text, len, "-----BEGIN", strlen("-----BEGIN"));
	int rc = gnutls_x509_crq_init(&r);

	if (!rc)
		rc = gnutls_x509_crq_import(r, &in, is_pem ? GNUTLS_X509_FMT_PEM
							    : GNUTLS_X509_FMT_DER);
	if (!rc)
		rc = gnutls_x509_crq_verify(r, 0);
	if (!rc)
		rc = gnutls_x509_crq_export2(r, GNUTLS_X509_FMT_DER, &der);
	if (!rc)
		rc = read_public(r, &public);
	if (!rc)
		buf_add(ret, der.data, der.size);
	gnutls_free(der.data);
	if (rc)
		return story_fail(s, SEAL_EINVAL, "no certificate request that holds: %s",
				  gnutls_strerror(rc));
	if (names && check_names(r, names, s))
		return s->st;
	return key_of_public(take(public), ret_key, s);
}
