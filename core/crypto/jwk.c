/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "crypto/jwk.h"

#include "base/encode.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <string.h>

#define NUMBERS 8

static void wipe(gnutls_datum_t d[NUMBERS])
{
	for (size_t i = 0; i < NUMBERS; i++) {
		if (d[i].data)
			gnutls_memset(d[i].data, 0, d[i].size);
		gnutls_free(d[i].data);
	}
}

/* As wide as the curve (RFC 7518 6.2.2.1); width 0: without leading zeros. */
static void put(struct json_object *o, const char *name, const gnutls_datum_t *d, size_t width)
{
	scoped(buf_free) struct buf octets = { 0 };
	const uint8_t *at = d->data;
	size_t n = d->size;

	for (; n && !*at; at++)
		n--;
	for (size_t i = n; i < width; i++)
		buf_char(&octets, '\0');
	buf_add(&octets, at, n);
	scoped(wipe_p) char *text = base64url(octets.data, octets.len);
	json_object_object_add(o, name, json_object_new_string(text));
}

enum seal_status jwk_write(const struct key *k, struct json_object **ret, struct story *s)
{
	static const char *const names[NUMBERS] = { NULL, NULL, "d", "p", "q", "qi", "dp", "dq" };
	gnutls_datum_t n[NUMBERS] = { 0 };
	const char *family = key_type_family(key_type(k));
	bool is_rsa = !strcmp(family, "rsa");
	size_t width = key_type(k) == KEY_ECDSA_P384 ? 48 : 32;
	int rc = is_rsa ? gnutls_privkey_export_rsa_raw2(key_handle(k), &n[0], &n[1], &n[2], &n[3],
							 &n[4], &n[5], &n[6], &n[7], 0)
			: gnutls_privkey_export_ecc_raw2(key_handle(k), NULL, &n[0], &n[1], &n[2],
							 0);

	if (rc) {
		wipe(n);
		return story_fail(s, SEAL_EINVAL, "cannot write the private key: %s",
				  gnutls_strerror(rc));
	}
	*ret = key_jwk(k);
	for (size_t i = 2; i < (is_rsa ? NUMBERS : 3); i++)
		put(*ret, names[i], &n[i], is_rsa ? 0 : width);
	wipe(n);
	return SEAL_OK;
}

/* -- reading -------------------------------------------------------------------------------- */

struct numbers {
	struct buf octets[NUMBERS];
	gnutls_datum_t at[NUMBERS];
};

static void numbers_free(struct numbers *n)
{
	for (size_t i = 0; i < NUMBERS; i++)
		buf_free(&n->octets[i]);
}

static bool get(const struct json_object *o, const char *const names[NUMBERS], struct numbers *ret)
{
	for (size_t i = 0; i < NUMBERS && names[i]; i++) {
		const char *text = json_str(o, names[i]);
		if (!text || !unbase64(text, &ret->octets[i]) || !ret->octets[i].len)
			return false;
		ret->at[i] = (gnutls_datum_t){ (unsigned char *)ret->octets[i].data,
					       (unsigned)ret->octets[i].len };
	}
	return true;
}

static int import(const struct json_object *o, gnutls_x509_privkey_t key)
{
	static const char *const rsa[NUMBERS] = { "n", "e", "d", "p", "q", "qi", "dp", "dq" };
	static const char *const ec[NUMBERS] = { "x", "y", "d", NULL };
	scoped(numbers_free) struct numbers n = { 0 };
	const char *kty = json_str(o, "kty"), *crv = json_str(o, "crv");
	gnutls_ecc_curve_t curve = crv && !strcmp(crv, "P-256")	  ? GNUTLS_ECC_CURVE_SECP256R1
				   : crv && !strcmp(crv, "P-384") ? GNUTLS_ECC_CURVE_SECP384R1
								  : GNUTLS_ECC_CURVE_INVALID;

	if (kty && !strcmp(kty, "RSA") && get(o, rsa, &n))
		return gnutls_x509_privkey_import_rsa_raw2(key, &n.at[0], &n.at[1], &n.at[2],
							   &n.at[3], &n.at[4], &n.at[5], &n.at[6],
							   &n.at[7]);
	if (kty && !strcmp(kty, "EC") && curve && get(o, ec, &n))
		return gnutls_x509_privkey_import_ecc_raw(key, curve, &n.at[0], &n.at[1],
							  &n.at[2]);
	return GNUTLS_E_NO_CERTIFICATE_FOUND;
}

/* By way of PEM, so that one reader decides what is a key of ours. */
enum seal_status jwk_read(const struct json_object *o, struct key **ret, struct story *s)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_datum_t pem = { NULL, 0 };
	int rc = gnutls_x509_privkey_init(&key);

	*ret = NULL;
	if (!rc)
		rc = import(o, key);
	if (!rc)
		rc = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
						       GNUTLS_PKCS_PLAIN, &pem);
	gnutls_x509_privkey_deinit(key);
	if (rc)
		return story_fail(s, SEAL_EINVAL,
				  "the JSON Web Key has no private key of type EC (P-256, P-384) "
				  "or RSA, or not all of its numbers");
	enum seal_status st = key_read((char *)pem.data, pem.size, ret, s);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return st;
}
