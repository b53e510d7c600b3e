/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/chains.h"

#include "base/text.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400
#define YEARS_S (3650 * (int64_t)DAY_S)

/* Every step must succeed. */
static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	printf("Bail out! %s: %s\n", what, gnutls_strerror(rc));
	exit(1);
}

struct pair {
	gnutls_x509_crt_t crt;
	gnutls_privkey_t key;
};

struct test_ca {
	int64_t now;
	struct pair root, inner, weak;
};

static gnutls_privkey_t make_key(gnutls_pk_algorithm_t pk, unsigned bits)
{
	gnutls_privkey_t k;

	must(gnutls_privkey_init(&k), "key");
	must(gnutls_privkey_generate(k, pk, bits, 0), "generate");
	return k;
}

/* A certificate with everything but extensions and signature. */
static gnutls_x509_crt_t blank(int64_t from, int64_t until, const char *cn)
{
	gnutls_x509_crt_t c;
	uint8_t serial[9] = { 0x11 };

	must(gnutls_rnd(GNUTLS_RND_NONCE, serial + 1, sizeof(serial) - 1), "random");
	must(gnutls_x509_crt_init(&c), "certificate");
	must(gnutls_x509_crt_set_version(c, 3), "version");
	must(gnutls_x509_crt_set_serial(c, serial, sizeof(serial)), "serial");
	must(gnutls_x509_crt_set_activation_time(c, from), "notBefore");
	must(gnutls_x509_crt_set_expiration_time(c, until), "notAfter");
	if (cn)
		must(gnutls_x509_crt_set_dn_by_oid(c, GNUTLS_OID_X520_COMMON_NAME, 0, cn,
		                                   (unsigned)strlen(cn)),
		     "common name");
	return c;
}

static void set_key(gnutls_x509_crt_t c, gnutls_privkey_t k)
{
	gnutls_pubkey_t p;

	must(gnutls_pubkey_init(&p), "public key");
	must(gnutls_pubkey_import_privkey(p, k, 0, 0), "public key");
	must(gnutls_x509_crt_set_pubkey(c, p), "public key");
	gnutls_pubkey_deinit(p);
}

static struct pair make_ca(int64_t now, const char *cn, gnutls_privkey_t key,
                           const struct pair *issuer)
{
	struct pair ca = { blank(now - YEARS_S, now + YEARS_S, cn), key };

	set_key(ca.crt, key);
	must(gnutls_x509_crt_set_ca_status(ca.crt, 1), "CA:TRUE");
	must(gnutls_x509_crt_set_key_usage(ca.crt, GNUTLS_KEY_KEY_CERT_SIGN), "key usage");
	must(gnutls_x509_crt_privkey_sign(ca.crt, issuer ? issuer->crt : ca.crt,
	                                  issuer ? issuer->key : key, GNUTLS_DIG_SHA256, 0),
	     "sign");
	return ca;
}

struct test_ca *test_ca_new(int64_t now)
{
	struct test_ca *ca = mem_new(sizeof(*ca));
	unsigned p256 = (unsigned)GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);

	ca->now = now;
	ca->root = make_ca(now, "Test Root", make_key(GNUTLS_PK_ECDSA, p256), NULL);
	ca->inner = make_ca(now, "Test Inner", make_key(GNUTLS_PK_ECDSA, p256), &ca->root);
	ca->weak = make_ca(now, "Test Weak", make_key(GNUTLS_PK_RSA, 1024), &ca->root);
	return ca;
}

void test_ca_free(struct test_ca *ca)
{
	if (!ca)
		return;
	struct pair *all[] = { &ca->root, &ca->inner, &ca->weak };
	for (size_t i = 0; i < COUNT(all); i++) {
		gnutls_x509_crt_deinit(all[i]->crt);
		gnutls_privkey_deinit(all[i]->key);
	}
	free(ca);
}

static void add_san(gnutls_x509_crt_t c, unsigned type, const void *data, size_t len)
{
	must(gnutls_x509_crt_set_subject_alt_name(c, type, data, (unsigned)len, GNUTLS_FSAN_APPEND),
	     "name");
}

static void add_names(gnutls_x509_crt_t c, const struct recipe *r)
{
	static const uint8_t address[] = { 192, 0, 2, 1 };
	scoped(words_free) struct words names = { 0 };

	words_split(&names, r->names ? r->names : "");
	for (size_t i = 0; i < names.n; i++)
		add_san(c, GNUTLS_SAN_DNSNAME, names.at[i], strlen(names.at[i]));
	if (r->flags & CHAIN_WITH_ADDRESS)
		add_san(c, GNUTLS_SAN_IPADDRESS, address, sizeof(address));
}

/* Key, and names unless the recipe has its own, out of a request. */
static void use_request(gnutls_x509_crt_t c, const struct recipe *r)
{
	gnutls_datum_t der = { (void *)r->csr, (unsigned)r->csr_len };
	gnutls_x509_crq_t q;
	char name[256];
	size_t n = sizeof(name);
	unsigned type;

	must(gnutls_x509_crq_init(&q), "request");
	must(gnutls_x509_crq_import(q, &der, GNUTLS_X509_FMT_DER), "request");
	must(gnutls_x509_crq_verify(q, 0), "signature of the request");
	must(gnutls_x509_crt_set_crq(c, q), "request");
	for (unsigned i = 0;
	     !r->names && gnutls_x509_crq_get_subject_alt_name(q, i, name, &n, &type, NULL) >= 0;
	     i++, n = sizeof(name))
		add_san(c, type, name, n);
	gnutls_x509_crq_deinit(q);
}

static gnutls_x509_crt_t make_leaf(const struct test_ca *ca, const struct recipe *r,
                                   const struct pair *issuer)
{
	gnutls_x509_crt_t c = blank(r->from, r->until, NULL);

	if (r->csr)
		use_request(c, r);
	else
		set_key(c, key_handle(r->key));
	add_names(c, r);
	must(gnutls_x509_crt_set_ca_status(c, !!(r->flags & CHAIN_LEAF_IS_CA)), "CA");
	if (!(r->flags & CHAIN_NO_EKU))
		must(gnutls_x509_crt_set_key_purpose_oid(c,
		                                         r->flags & CHAIN_CLIENT_ONLY
		                                                 ? GNUTLS_KP_TLS_WWW_CLIENT
		                                                 : GNUTLS_KP_TLS_WWW_SERVER,
		                                         0),
		     "EKU");
	must(gnutls_x509_crt_privkey_sign(
	             c, issuer->crt, r->flags & CHAIN_FORGED ? ca->root.key : issuer->key,
	             r->flags & CHAIN_SHA1 ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256,
	             r->flags & CHAIN_SHA1 ? GNUTLS_VERIFY_ALLOW_SIGN_WITH_SHA1 : 0),
	     "sign");
	return c;
}

char *test_ca_issue(const struct test_ca *ca, const struct recipe *r)
{
	const struct pair *issuer = r->flags & CHAIN_WEAK_ISSUER ? &ca->weak : &ca->inner;
	gnutls_x509_crt_t leaf = make_leaf(ca, r, issuer);
	gnutls_x509_crt_t all[] = { leaf, issuer->crt, ca->root.crt };
	struct buf pem = { 0 };

	for (const char *at = r->order ? r->order : "01"; *at; at++) {
		gnutls_datum_t d = { NULL, 0 };
		must(gnutls_x509_crt_export2(all[*at - '0'], GNUTLS_X509_FMT_PEM, &d), "export");
		buf_add(&pem, d.data, d.size);
		gnutls_free(d.data);
	}
	gnutls_x509_crt_deinit(leaf);
	return buf_take(&pem);
}
