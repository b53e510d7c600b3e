/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "base/json.h"
#include "crypto/jws.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdlib.h>

/* RFC 7515 A.3 and RFC 7638 3.1. */
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_D "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
#define EC_PRINT "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
#define RSA_N                                                                                      \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"  \
	"BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0"  \
	"_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWh"  \
	"AI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
#define RSA_PRINT "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

static struct story story;

static gnutls_datum_t datum(struct buf *b, const char *code)
{
	unbase64(code, b);
	return (gnutls_datum_t){ (void *)b->data, (unsigned)b->len };
}

/* A key out of base64url numbers, by way of PEM as the program would meet it. */
static struct key *ec_key(const char *x, const char *y, const char *d)
{
	scoped(buf_free) struct buf bx = { 0 }, by = { 0 }, bd = { 0 };
	gnutls_datum_t dx = datum(&bx, x), dy = datum(&by, y), dd = datum(&bd, d), pem;
	gnutls_x509_privkey_t p;
	struct key *k = NULL;

	gnutls_x509_privkey_init(&p);
	gnutls_x509_privkey_import_ecc_raw(p, GNUTLS_ECC_CURVE_SECP256R1, &dx, &dy, &dd);
	gnutls_x509_privkey_export2(p, GNUTLS_X509_FMT_PEM, &pem);
	ok(!key_read((char *)pem.data, pem.size, &k, &story), "the key is read: %s", story.text);
	gnutls_free(pem.data);
	gnutls_x509_privkey_deinit(p);
	return k;
}

static struct key *a3_key(void)
{
	return ec_key(EC_X, EC_Y, EC_D);
}

static void thumbprints_are_those_of_the_standards(void)
{
	static const struct {
		const char *what, *jwk, *print;
	} cases[] = {
		{ "RFC 7638 3.1",
		  "{\"kty\":\"RSA\",\"n\":\"" RSA_N
		  "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
		  RSA_PRINT },
		{ "RFC 7515 A.3",
		  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
		  EC_PRINT },
		{ "RFC 8037 A.3",
		  "{\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kty\":\"OKP\","
		  "\"crv\":\"Ed25519\"}",
		  "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" },
	};
	char print[44];

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(json_put_p) struct json_object *o = NULL;
		ok(!json_read(cases[i].jwk, strlen(cases[i].jwk), "jwk", &o, &story) &&
		           jwk_thumbprint(o, print),
		   "%s is read", cases[i].what);
		is(print, cases[i].print, cases[i].what);
	}
	scoped(json_put_p) struct json_object *odd = json_tokener_parse("{\"kty\":\"oct\"}");
	ok(!jwk_thumbprint(odd, print), "no thumbprint of a symmetric key");
	scoped(json_put_p) struct json_object *cut = json_tokener_parse("{\"kty\":\"RSA\"}");
	ok(!jwk_thumbprint(cut, print), "nor of a key without numbers");
}

static void a_key_has_its_jwk_and_thumbprint(void)
{
	scoped(key_free_p) struct key *k = a3_key();
	scoped(json_put_p) struct json_object *jwk = key_jwk(k);
	scoped(free_p) char *text = json_write(jwk);
	char print[44];

	is(text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
	   "members in lexical order, no blanks");
	key_thumbprint(k, print);
	is(print, EC_PRINT, "thumbprint of the private key");
}

/* Private keys 379 and 43: a leading zero octet in x and in y, which must stay (RFC 7518 6.2.1.2).
 */
static void coordinates_keep_their_width(void)
{
	static const char *const numbers[][3] = {
		{ "AFVDiUrz0A7X10Cr29dclrBod7eH219w7qeLkKjXwAo",
		  "u0yFo9jqKe-q-iRAaRLdhNWxTcMr9lbvbGvVil2UP5I",
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAXs" },
		{ "mGriUG8f8QTQQjCGHY9LSY9LxMbQCbMPdUTcEpuC0o0",
		  "ADzMwKZGDgrjKKTZfTx7YdhvxiicGJ8lJREMRBuwfpc",
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACs" },
	};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		scoped(key_free_p) struct key *k =
		        ec_key(numbers[i][0], numbers[i][1], numbers[i][2]);
		scoped(json_put_p) struct json_object *jwk = key_jwk(k);
		is(json_str(jwk, "x"), numbers[i][0], "x");
		is(json_str(jwk, "y"), numbers[i][1], "y");
	}
}

static void dns01_values_are_those_of_the_vectors(void)
{
	static const char token[] = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
	char value[44];

	dns01_value(token, EC_PRINT, value);
	is(value, "ZaJgFtIV4WA0t2MzN7kbSk0sfRd2GZjaxRqaSTAK6lI", "P-256 account");
	dns01_value(token, RSA_PRINT, value);
	is(value, "ZTRx1Ckl1-tM05o5zaizTTA0yUy5AGereMgSNWC6Ll8", "RSA account");
}

#define EAB_KEY "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
#define EAB_URL "https://ca.example/acme/new-acct"

static void an_account_binding_is_signed_as_in_the_vector(void)
{
	scoped(key_free_p) struct key *k = a3_key();
	scoped(json_put_p) struct json_object *o = NULL;
	scoped(buf_free) struct buf head = { 0 }, payload = { 0 };

	ok(!jws_eab(k, "kid-1", EAB_KEY, SEAL_SHA256, EAB_URL, &o, &story), "bound");
	is(json_str(o, "signature"), "XNRBAjBrP5NhGUhQpEgx9se2Izp0vd2ASZbS04WRg_M", "signature");
	unbase64(json_str(o, "protected"), &head);
	is(buf_text(&head), "{\"alg\":\"HS256\",\"kid\":\"kid-1\",\"url\":\"" EAB_URL "\"}",
	   "no nonce");
	unbase64(json_str(o, "payload"), &payload);
	is(buf_text(&payload),
	   "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
	   "the account's public key");
}

static void a_bad_binding_is_told(void)
{
	scoped(key_free_p) struct key *k = a3_key();
	struct json_object *o = NULL;

	ok(jws_eab(k, "kid-1", "not base64!", SEAL_SHA256, EAB_URL, &o, &story) == SEAL_ECONFIG,
	   "refused");
	is(story.text, "external account binding: the HMAC key of kid-1 is no base64", "sentence");
	ok(!strstr(story.text, "not base64!"), "without the key");
	ok(jws_eab(k, "kid-1", EAB_KEY, SEAL_MD5, EAB_URL, &o, &story) == SEAL_ECONFIG && !o,
	   "MD5 is no JWS algorithm");
}

/* Verify with GnuTLS what a CA would verify, from the JWK in the header. */
static int verify(const struct json_object *jwk, const char *alg, const char *text, struct buf *sig)
{
	scoped(buf_free) struct buf a = { 0 }, b = { 0 };
	gnutls_pubkey_t p;
	gnutls_datum_t d = { (void *)text, (unsigned)strlen(text) }, der = { NULL, 0 };
	bool rsa = !strcmp(alg, "RS256"), p384 = !strcmp(alg, "ES384");
	gnutls_datum_t da = datum(&a, json_str(jwk, rsa ? "n" : "x"));
	gnutls_datum_t db = datum(&b, json_str(jwk, rsa ? "e" : "y"));
	gnutls_datum_t r = { (void *)sig->data, (unsigned)sig->len / 2 };
	gnutls_datum_t s = { (void *)(sig->data + sig->len / 2), (unsigned)sig->len / 2 };
	gnutls_datum_t whole = { (void *)sig->data, (unsigned)sig->len };

	gnutls_pubkey_init(&p);
	if (rsa)
		gnutls_pubkey_import_rsa_raw(p, &da, &db);
	else
		gnutls_pubkey_import_ecc_raw(
		        p, p384 ? GNUTLS_ECC_CURVE_SECP384R1 : GNUTLS_ECC_CURVE_SECP256R1, &da,
		        &db);
	if (!rsa)
		gnutls_encode_rs_value(&der, &r, &s);
	int rc = gnutls_pubkey_verify_data2(p,
	                                    rsa    ? GNUTLS_SIGN_RSA_SHA256
	                                    : p384 ? GNUTLS_SIGN_ECDSA_SHA384
	                                           : GNUTLS_SIGN_ECDSA_SHA256,
	                                    0, &d, rsa ? &whole : &der);
	gnutls_free(der.data);
	gnutls_pubkey_deinit(p);
	return rc;
}

static void each_algorithm_signs_what_verifies(void)
{
	static const struct {
		enum key_type type;
		const char *alg;
		size_t width;
	} cases[] = { { KEY_ECDSA_P256, "ES256", 64 },
		      { KEY_ECDSA_P384, "ES384", 96 },
		      { KEY_RSA_2048, "RS256", 256 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(key_free_p) struct key *k = NULL;
		scoped(buf_free) struct buf out = { 0 }, sig = { 0 }, head = { 0 };
		scoped(json_put_p) struct json_object *o = NULL, *h = NULL;
		ok(!key_new(cases[i].type, &k, &story), "%s: made", cases[i].alg);
		ok(!jws_sign(k, NULL, "nonce-1", "https://ca.example/new", "{\"a\":1}", &out,
		             &story),
		   "signed");
		ok(!json_read(out.data, out.len, "jws", &o, &story), "is JSON: %s", story.text);
		unbase64(json_str(o, "protected"), &head);
		ok(!json_read(head.data, head.len, "head", &h, &story) &&
		           json_object_object_length(h) == 4,
		   "four members: %s", buf_text(&head));
		is(json_str(h, "alg"), cases[i].alg, "alg");
		is(json_str(h, "nonce"), "nonce-1", "nonce");
		is(json_str(h, "url"), "https://ca.example/new", "url");
		is(json_str(o, "payload"), "eyJhIjoxfQ", "payload");
		unbase64(json_str(o, "signature"), &sig);
		ok(sig.len == cases[i].width, "%zu octets", sig.len);
		scoped(free_p) char *text =
		        str_printf("%s.%s", json_str(o, "protected"), json_str(o, "payload"));
		ok(!verify(json_obj(h, "jwk"), cases[i].alg, text, &sig), "and it verifies");
		text[3]++;
		ok(verify(json_obj(h, "jwk"), cases[i].alg, text, &sig) < 0, "this alone");
	}
}

/* r or s shorter than the curve happens once in 256: pad, never shift (RFC 7518 3.4). */
static void ecdsa_signatures_are_padded(void)
{
	scoped(key_free_p) struct key *k = a3_key();
	bool padded = false;

	for (int i = 0; i < 5000 && !padded; i++) {
		scoped(buf_free) struct buf sig = { 0 };
		if (key_sign(k, &i, sizeof(i), &sig, &story) || sig.len != 64) {
			ok(false, "%zu octets", sig.len);
			return;
		}
		padded = !sig.data[0] || !sig.data[32];
	}
	ok(padded, "a short r or s is 32 octets wide all the same");
}

static void a_known_account_signs_by_its_url(void)
{
	scoped(key_free_p) struct key *k = a3_key();
	scoped(buf_free) struct buf out = { 0 }, head = { 0 };
	scoped(json_put_p) struct json_object *o = NULL;

	ok(!jws_sign(k, "https://ca.example/acct/1", "n", "https://ca.example/o/1", "", &out,
	             &story) &&
	           !json_read(out.data, out.len, "jws", &o, &story),
	   "signed");
	unbase64(json_str(o, "protected"), &head);
	is(buf_text(&head),
	   "{\"alg\":\"ES256\",\"kid\":\"https://ca.example/acct/1\",\"nonce\":\"n\","
	   "\"url\":\"https://ca.example/o/1\"}",
	   "kid and no jwk, slashes as they are");
	is(json_str(o, "payload"), "", "POST-as-GET has an empty payload");
}

static void keys_survive_their_file(void)
{
	for (enum key_type t = 0; t <= KEY_RSA_2048; t++) {
		scoped(key_free_p) struct key *k = NULL, *back = NULL;
		scoped(buf_free) struct buf pem = { 0 };
		char a[44], b[44];
		uint8_t sa[32], sb[32];
		if (!ok(!key_new(t, &k, &story) && !key_write(k, &pem, &story) &&
		                !key_read(pem.data, pem.len, &back, &story),
		        "%s: written and read %s", key_type_name(t), story.text))
			return;
		ok(!strncmp(pem.data, "-----BEGIN PRIVATE KEY-----\n", 28), "PKCS#8");
		key_thumbprint(k, a);
		key_thumbprint(back, b);
		is(b, a, "same key");
		ok(key_type(back) == t, "same type");
		ok(!key_spki_hash(k, sa, &story) && !key_spki_hash(back, sb, &story) &&
		           !memcmp(sa, sb, 32),
		   "same SPKI");
	}
}

static void foreign_keys_are_refused(void)
{
	static const struct {
		gnutls_pk_algorithm_t pk;
		unsigned bits;
	} odd[] = { { GNUTLS_PK_RSA, 1024 },
		    { GNUTLS_PK_EDDSA_ED25519, 256 },
		    { GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP521R1) } };
	static const struct {
		const char *text, *sentence;
	} bad[] = {
		{ "", "no private key in PEM form: " },
		{ "hello", "no private key in PEM form: " },
		{ "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		  "no private key in PEM form: " },
		{ "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE "
		  "KEY-----\n",
		  "the private key is locked by a password" },
	};
	struct key *k = NULL;

	for (size_t i = 0; i < COUNT(odd); i++) {
		gnutls_x509_privkey_t p;
		gnutls_datum_t pem;
		gnutls_x509_privkey_init(&p);
		gnutls_x509_privkey_generate(p, odd[i].pk, odd[i].bits, 0);
		gnutls_x509_privkey_export2(p, GNUTLS_X509_FMT_PEM, &pem);
		ok(key_read((char *)pem.data, pem.size, &k, &story) == SEAL_EINVAL && !k, "%s: %s",
		   gnutls_pk_get_name(odd[i].pk), story.text);
		gnutls_free(pem.data);
		gnutls_x509_privkey_deinit(p);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(key_read(bad[i].text, strlen(bad[i].text), &k, &story) == SEAL_EINVAL && !k &&
		           !strncmp(story.text, bad[i].sentence, strlen(bad[i].sentence)),
		   "%s", story.text);
}

static void types_have_names(void)
{
	enum key_type t;

	for (enum key_type i = 0; i < KEY_TYPES; i++)
		ok(key_type_parse(key_type_name(i), &t) && t == i, "%s: %s", key_type_name(i),
		   key_type_label(i));
	ok(!key_type_parse("rsa-1024", &t) && !key_type_parse("", &t), "others are none");
}

int main(void)
{
	thumbprints_are_those_of_the_standards();
	a_key_has_its_jwk_and_thumbprint();
	coordinates_keep_their_width();
	dns01_values_are_those_of_the_vectors();
	an_account_binding_is_signed_as_in_the_vector();
	a_bad_binding_is_told();
	each_algorithm_signs_what_verifies();
	ecdsa_signatures_are_padded();
	a_known_account_signs_by_its_url();
	keys_survive_their_file();
	foreign_keys_are_refused();
	types_have_names();
	return done();
}
