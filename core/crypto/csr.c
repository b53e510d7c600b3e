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
