/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "crypto/form.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs12.h>
#include <gnutls/x509.h>
#include <stdlib.h>

static void drop_datum(gnutls_datum_t *d)
{
	if (d->data)
		mem_wipe(d->data, d->size);
	gnutls_free(d->data);
}

static void drop_key(gnutls_x509_privkey_t *k)
{
	if (*k)
		gnutls_x509_privkey_deinit(*k);
}

static void drop_pkcs12(gnutls_pkcs12_t *p)
{
	if (*p)
		gnutls_pkcs12_deinit(*p);
}

static void drop_bag(gnutls_pkcs12_bag_t *b)
{
	if (*b)
		gnutls_pkcs12_bag_deinit(*b);
}

static enum seal_status give(int rc, const gnutls_datum_t *d, const char *what, struct buf *ret,
			     struct story *s)
{
	if (rc < 0)
		return story_fail(s, SEAL_EINVAL, "cannot write %s: %s", what, gnutls_strerror(rc));
	buf_clear(ret);
	buf_add(ret, d->data, d->size);
	return SEAL_OK;
}

enum seal_status form_cert_der(const struct chain *c, struct buf *ret, struct story *s)
{
	scoped(drop_datum) gnutls_datum_t der = { 0 };
	const gnutls_x509_crt_t *crts = c->handles;

	return give(gnutls_x509_crt_export2(crts[0], GNUTLS_X509_FMT_DER, &der), &der,
		    "the certificate as DER", ret, s);
}

enum seal_status form_key_der(const struct key *k, struct buf *ret, struct story *s)
{
	scoped(drop_datum) gnutls_datum_t der = { 0 };
	scoped(drop_key) gnutls_x509_privkey_t x = NULL;
	int rc = gnutls_privkey_export_x509(key_handle(k), &x);

	if (rc >= 0)
		rc = gnutls_x509_privkey_export2_pkcs8(x, GNUTLS_X509_FMT_DER, NULL,
						       GNUTLS_PKCS_PLAIN, &der);
	return give(rc, &der, "the key as DER", ret, s);
}

/* Stores find a certificate's key by the id that both carry (RFC 2985 5.5.2). */
static int name_item(gnutls_pkcs12_bag_t bag, int item, const uint8_t id[32], const char *name)
{
	gnutls_datum_t local = { (void *)(uintptr_t)id, 20 };
	int rc = item < 0 ? item : gnutls_pkcs12_bag_set_key_id(bag, (unsigned)item, &local);

	return rc < 0 ? rc : gnutls_pkcs12_bag_set_friendly_name(bag, (unsigned)item, name);
}

static int add_key(gnutls_pkcs12_t to, const struct key *k, const char *password,
		   const uint8_t id[32], const char *name)
{
	const unsigned how = GNUTLS_PKCS_PBES2_AES_256;
	scoped(drop_datum) gnutls_datum_t der = { 0 };
	scoped(drop_key) gnutls_x509_privkey_t x = NULL;
	scoped(drop_bag) gnutls_pkcs12_bag_t bag = NULL;
	int rc = gnutls_pkcs12_bag_init(&bag);

	if (rc >= 0)
		rc = gnutls_privkey_export_x509(key_handle(k), &x);
	if (rc >= 0)
		rc = gnutls_x509_privkey_export2_pkcs8(x, GNUTLS_X509_FMT_DER, password, how, &der);
	if (rc >= 0) {
		int item = gnutls_pkcs12_bag_set_data(bag, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, &der);
		rc = name_item(bag, item, id, name);
	}
	return rc < 0 ? rc : gnutls_pkcs12_set_bag(to, bag);
}

static int add_chain(gnutls_pkcs12_t to, const struct chain *c, const char *password,
		     const char *name)
{
	scoped(drop_bag) gnutls_pkcs12_bag_t bag = NULL;
	const gnutls_x509_crt_t *crts = c->handles;
	int rc = gnutls_pkcs12_bag_init(&bag);

	for (size_t i = 0; i < c->n && rc >= 0; i++) {
		rc = gnutls_pkcs12_bag_set_crt(bag, crts[i]);
		if (!i)
			rc = name_item(bag, rc, c->at[0].sha256, name);
	}
	if (rc >= 0)
		rc = gnutls_pkcs12_bag_encrypt(bag, password, GNUTLS_PKCS_PBES2_AES_256);
	return rc < 0 ? rc : gnutls_pkcs12_set_bag(to, bag);
}

enum seal_status form_pkcs12(const struct key *k, const struct chain *c, const char *password,
			     const char *name, struct buf *ret, struct story *s)
{
	scoped(drop_datum) gnutls_datum_t der = { 0 };
	scoped(drop_pkcs12) gnutls_pkcs12_t p = NULL;
	int rc = gnutls_pkcs12_init(&p);

	if (rc >= 0)
		rc = add_key(p, k, password, c->at[0].sha256, name);
	if (rc >= 0)
		rc = add_chain(p, c, password, name);
	if (rc >= 0)
		rc = gnutls_pkcs12_generate_mac2(p, GNUTLS_MAC_SHA256, password);
	if (rc >= 0)
		rc = gnutls_pkcs12_export2(p, GNUTLS_X509_FMT_DER, &der);
	return give(rc, &der, "PKCS#12", ret, s);
}
