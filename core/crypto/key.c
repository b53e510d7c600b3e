/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "crypto/key.h"

#include "base/json.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *label, *jws_alg, *crv;
	gnutls_pk_algorithm_t pk;
	gnutls_ecc_curve_t curve;
	unsigned bits;
	gnutls_sign_algorithm_t sign;
	size_t width; /* octets of a coordinate */
} types[KEY_TYPES] = {
	[KEY_ECDSA_P256] = { "ecdsa-p256", "ECDSA P-256", "ES256", "P-256", GNUTLS_PK_ECDSA,
	                     GNUTLS_ECC_CURVE_SECP256R1, 256, GNUTLS_SIGN_ECDSA_SHA256, 32 },
	[KEY_ECDSA_P384] = { "ecdsa-p384", "ECDSA P-384", "ES384", "P-384", GNUTLS_PK_ECDSA,
	                     GNUTLS_ECC_CURVE_SECP384R1, 384, GNUTLS_SIGN_ECDSA_SHA384, 48 },
	[KEY_RSA_2048] = { "rsa-2048", "RSA 2048", "RS256", NULL, GNUTLS_PK_RSA, 0, 2048,
	                   GNUTLS_SIGN_RSA_SHA256, 0 },
	[KEY_RSA_3072] = { "rsa-3072", "RSA 3072", "RS256", NULL, GNUTLS_PK_RSA, 0, 3072,
	                   GNUTLS_SIGN_RSA_SHA256, 0 },
	[KEY_RSA_4096] = { "rsa-4096", "RSA 4096", "RS256", NULL, GNUTLS_PK_RSA, 0, 4096,
	                   GNUTLS_SIGN_RSA_SHA256, 0 },
};

struct key {
	enum key_type type;
	bool is_public; /* there is no private half */
	gnutls_privkey_t private;
	gnutls_pubkey_t public;
};

const char *key_type_name(enum key_type t)
{
	return types[t].name;
}

const char *key_type_label(enum key_type t)
{
	return types[t].label;
}

const char *key_type_family(enum key_type t)
{
	return types[t].crv ? "ecdsa" : "rsa";
}

bool key_type_parse(const char *name, enum key_type *ret)
{
	for (enum key_type t = 0; t < KEY_TYPES; t++)
		if (word_same(name, types[t].name)) {
			*ret = t;
			return true;
		}
	return false;
}

static struct key *blank(void)
{
	struct key *k = mem_new(sizeof(*k));

	if (gnutls_privkey_init(&k->private) || gnutls_pubkey_init(&k->public))
		abort(); /* out of memory */
	return k;
}

void key_free(struct key *k)
{
	if (!k)
		return;
	gnutls_privkey_deinit(k->private); /* GnuTLS wipes it */
	gnutls_pubkey_deinit(k->public);
	free(k);
}

void key_free_p(struct key **k)
{
	key_free(*k);
}

enum seal_status key_new(enum key_type t, struct key **ret, struct story *s)
{
	scoped(key_free_p) struct key *k = blank();
	unsigned bits =
	        types[t].curve ? (unsigned)GNUTLS_CURVE_TO_BITS(types[t].curve) : types[t].bits;

	k->type = t;
	*ret = NULL;
	int rc = gnutls_privkey_generate(k->private, types[t].pk, bits, 0);
	if (!rc)
		rc = gnutls_pubkey_import_privkey(k->public, k->private, 0, 0);
	if (rc)
		return story_fail(s, SEAL_EINVAL, "cannot make an %s key: %s", types[t].label,
		                  gnutls_strerror(rc));
	*ret = take(k);
	return SEAL_OK;
}

/* Which of our types is it? */
static bool find_type(struct key *k)
{
	unsigned bits = 0;
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	int pk = gnutls_pubkey_get_pk_algorithm(k->public, &bits);

	if (pk == GNUTLS_PK_ECDSA)
		gnutls_pubkey_export_ecc_raw2(k->public, &curve, NULL, NULL, 0);
	for (k->type = 0; k->type < KEY_TYPES; k->type++)
		if (pk == (int)types[k->type].pk && bits == types[k->type].bits &&
		    curve == types[k->type].curve)
			return true;
	return false;
}

bool key_is_public(const struct key *k)
{
	return k->is_public;
}

enum seal_status key_of_public(void *gnutls_pubkey, struct key **ret, struct story *s)
{
	scoped(key_free_p) struct key *k = blank();

	gnutls_pubkey_deinit(k->public);
	k->public = gnutls_pubkey;
	k->is_public = true;
	*ret = NULL;
	if (!find_type(k))
		return story_fail(s, SEAL_EINVAL,
				  "the key is neither ECDSA P-256 or P-384 nor RSA with 2048, 3072 "
				  "or 4096 bits");
	*ret = take(k);
	return SEAL_OK;
}

enum seal_status key_read(const char *pem, size_t len, struct key **ret, struct story *s)
{
	scoped(key_free_p) struct key *k = blank();
	gnutls_datum_t text = { (unsigned char *)pem, (unsigned)len };

	*ret = NULL;
	if (memmem(pem, len, "ENCRYPTED", strlen("ENCRYPTED")))
		return story_fail(s, SEAL_EINVAL, "the private key is locked by a password");
	int rc = gnutls_privkey_import_x509_raw(k->private, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc)
		return story_fail(s, SEAL_EINVAL, "no private key in PEM form: %s",
		                  gnutls_strerror(rc));
	rc = gnutls_pubkey_import_privkey(k->public, k->private, 0, 0);
	if (!rc && !find_type(k))
		return story_fail(s, SEAL_EINVAL,
		                  "the private key is neither ECDSA P-256 or P-384 nor RSA "
		                  "with 2048, 3072 or 4096 bits");
	if (!rc)
		rc = gnutls_privkey_verify_params(k->private);
	if (rc)
		return story_fail(s, SEAL_EINVAL, "the private key is damaged: %s",
		                  gnutls_strerror(rc));
	*ret = take(k);
	return SEAL_OK;
}

enum seal_status key_write(const struct key *k, struct buf *ret, struct story *s)
{
	gnutls_x509_privkey_t plain = NULL;
	gnutls_datum_t pem = { NULL, 0 };
	int rc = gnutls_privkey_export_x509(k->private, &plain);

	if (!rc)
		rc = gnutls_x509_privkey_export2_pkcs8(plain, GNUTLS_X509_FMT_PEM, NULL,
		                                       GNUTLS_PKCS_PLAIN, &pem);
	gnutls_x509_privkey_deinit(plain);
	if (rc)
		return story_fail(s, SEAL_EINVAL, "cannot write the private key: %s",
		                  gnutls_strerror(rc));
	buf_add(ret, pem.data, pem.size);
	gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return SEAL_OK;
}

enum key_type key_type(const struct key *k)
{
	return k->type;
}

void *key_handle(const struct key *k)
{
	return k->private;
}

const char *key_jws_alg(const struct key *k)
{
	return types[k->type].jws_alg;
}

/* A big-endian number exactly `width` octets wide; width 0: without leading zeros. */
static void add_number(struct buf *b, const gnutls_datum_t *d, size_t width)
{
	const uint8_t *at = d->data;
	size_t n = d->size;

	for (; n && !*at; at++)
		n--;
	for (size_t i = n; i < width; i++)
		buf_char(b, '\0');
	buf_add(b, at, n);
}

/* ECDSA: GnuTLS gives a DER sequence of r and s. */
static int add_signature(struct buf *b, const gnutls_datum_t *sig, size_t width)
{
	gnutls_datum_t r = { NULL, 0 }, s = { NULL, 0 };

	if (!width) {
		buf_add(b, sig->data, sig->size);
		return 0;
	}
	int rc = gnutls_decode_rs_value(sig, &r, &s);
	if (rc)
		return rc;
	add_number(b, &r, width);
	add_number(b, &s, width);
	gnutls_free(r.data);
	gnutls_free(s.data);
	return 0;
}

enum seal_status key_sign(const struct key *k, const void *data, size_t len, struct buf *ret,
                          struct story *s)
{
	gnutls_datum_t text = { (void *)data, (unsigned)len }, sig = { NULL, 0 };
	int rc = gnutls_privkey_sign_data2(k->private, types[k->type].sign, 0, &text, &sig);

	if (!rc)
		rc = add_signature(ret, &sig, types[k->type].width);
	gnutls_free(sig.data);
	if (rc)
		return story_fail(s, SEAL_EINVAL, "cannot sign with the %s key: %s",
		                  types[k->type].label, gnutls_strerror(rc));
	return SEAL_OK;
}

static void put_text(struct json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, json_object_new_string(text));
}

static void put_number(struct json_object *o, const char *name, const gnutls_datum_t *d,
                       size_t width)
{
	scoped(buf_free) struct buf b = { 0 };

	add_number(&b, d, width);
	scoped(free_p) char *text = base64url(b.data, b.len);
	put_text(o, name, text);
}

struct json_object *key_jwk(const struct key *k)
{
	struct json_object *o = json_object_new_object();
	gnutls_datum_t a = { NULL, 0 }, b = { NULL, 0 };
	size_t width = types[k->type].width;
	int rc = width ? gnutls_pubkey_export_ecc_raw2(k->public, NULL, &a, &b, 0)
	               : gnutls_pubkey_export_rsa_raw2(k->public, &b, &a, 0);

	if (rc)
		abort(); /* public numbers of a key that was made or read: only memory can lack */
	if (width)
		put_text(o, "crv", types[k->type].crv);
	else
		put_number(o, "e", &a, 0);
	put_text(o, "kty", width ? "EC" : "RSA");
	if (width)
		put_number(o, "x", &a, width);
	put_number(o, width ? "y" : "n", &b, width);
	gnutls_free(a.data);
	gnutls_free(b.data);
	return o;
}

void key_thumbprint(const struct key *k, char ret[44])
{
	scoped(json_put_p) struct json_object *jwk = key_jwk(k);

	jwk_thumbprint(jwk, ret);
}

bool jwk_thumbprint(const struct json_object *jwk, char ret[44])
{
	static const struct { /* RFC 7638 3.2, RFC 8037 2 */
		const char *kty, *members[5];
	} kinds[] = { { "EC", { "crv", "kty", "x", "y" } },
		      { "OKP", { "crv", "kty", "x" } },
		      { "RSA", { "e", "kty", "n" } } };
	scoped(json_put_p) struct json_object *o = json_object_new_object();
	const char *kty = json_str(jwk, "kty");
	uint8_t hash[32];
	size_t kind = 0;

	while (kind < COUNT(kinds) && kty && strcmp(kinds[kind].kty, kty))
		kind++;
	if (!kty || kind == COUNT(kinds))
		return false;
	for (const char *const *m = kinds[kind].members; *m; m++) {
		if (!json_str(jwk, *m))
			return false;
		put_text(o, *m, json_str(jwk, *m));
	}
	scoped(free_p) char *text = json_write(o);
	sha256(text, strlen(text), hash);
	scoped(free_p) char *code = base64url(hash, sizeof(hash));
	memcpy(ret, code, 44);
	return true;
}

enum seal_status key_spki_hash(const struct key *k, uint8_t ret[32], struct story *s)
{
	gnutls_datum_t der = { NULL, 0 };
	int rc = gnutls_pubkey_export2(k->public, GNUTLS_X509_FMT_DER, &der);

	if (rc)
		return story_fail(s, SEAL_EINVAL, "cannot write the public key: %s",
		                  gnutls_strerror(rc));
	sha256(der.data, der.size, ret);
	gnutls_free(der.data);
	return SEAL_OK;
}
