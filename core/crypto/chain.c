/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "crypto/cert.h"

#include "base/file.h"
#include "crypto/digest.h"

#include <ctype.h>
#include <gnutls/abstract.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_LEN_MAX (256u << 10)
#define BUNDLE_LEN_MAX (16u << 20)
#define SYSTEM_TRUST "/etc/ssl/certs/ca-certificates.crt"
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define END "-----END CERTIFICATE-----"

/* One certificate's name, cleaned; empty when GnuTLS cannot tell. */
static char *clean_name(int rc, gnutls_datum_t *d)
{
	char *text = rc ? str_copy("") : text_clean((char *)d->data, d->size, TEXT_CLEAN_MAX);

	gnutls_free(d->data);
	return text;
}

static char *name_of(gnutls_x509_crt_t c, int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned))
{
	gnutls_datum_t d = { NULL, 0 };
	int rc = get(c, &d, 0);

	return clean_name(rc, &d);
}

static char *common_name(gnutls_x509_crt_t c)
{
	char text[256];
	size_t n = sizeof(text);

	if (gnutls_x509_crt_get_issuer_dn_by_oid(c, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &n))
		n = 0;
	return text_clean(text, n, TEXT_CLEAN_MAX);
}

static char *serial_of(gnutls_x509_crt_t c)
{
	uint8_t octets[64];
	size_t n = sizeof(octets);

	return gnutls_x509_crt_get_serial(c, octets, &n) ? str_copy("") : hex(octets, n);
}

/* RFC 5280 4.2.1.1; one that names its issuer in another way has none for us. */
static char *authority_of(gnutls_x509_crt_t c)
{
	uint8_t octets[64];
	size_t n = sizeof(octets);

	return gnutls_x509_crt_get_authority_key_id(c, octets, &n, NULL) ? str_copy("")
									 : hex(octets, n);
}

static void add_name(struct cert_info *i, unsigned type, const gnutls_datum_t *name)
{
	if (type != GNUTLS_SAN_DNSNAME) {
		i->other_names++;
		return;
	}
	scoped(free_p) char *text = text_clean((char *)name->data, name->size, TEXT_CLEAN_MAX);
	for (char *at = text; *at; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at | 32) : *at;
	words_add(&i->names, text);
}

static int read_names(gnutls_x509_crt_t c, struct cert_info *i)
{
	gnutls_subject_alt_names_t names;
	gnutls_datum_t der = { NULL, 0 }, name;
	unsigned type;
	int rc = gnutls_x509_crt_get_extension_by_oid2(c, GNUTLS_X509EXT_OID_SAN, 0, &der, NULL);

	if (rc)
		return rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ? 0 : rc;
	rc = gnutls_subject_alt_names_init(&names);
	if (!rc) {
		rc = gnutls_x509_ext_import_subject_alt_names(&der, names, 0);
		for (unsigned n = 0;
		     !rc && !gnutls_subject_alt_names_get(names, n, &type, &name, NULL); n++)
			add_name(i, type, &name);
		gnutls_subject_alt_names_deinit(names);
	}
	gnutls_free(der.data);
	return rc;
}

static int hash_spki(gnutls_x509_crt_t c, uint8_t ret[32])
{
	gnutls_pubkey_t public;
	gnutls_datum_t der = { NULL, 0 };
	int rc = gnutls_pubkey_init(&public);

	if (rc)
		return rc;
	rc = gnutls_pubkey_import_x509(public, c, 0);
	if (!rc)
		rc = gnutls_pubkey_export2(public, GNUTLS_X509_FMT_DER, &der);
	if (!rc)
		sha256(der.data, der.size, ret);
	gnutls_free(der.data);
	gnutls_pubkey_deinit(public);
	return rc;
}

static int write_pem(gnutls_x509_crt_t c, char **ret)
{
	gnutls_datum_t pem = { NULL, 0 };
	int rc = gnutls_x509_crt_export2(c, GNUTLS_X509_FMT_PEM, &pem);

	if (!rc)
		*ret = str_part((char *)pem.data, pem.size);
	gnutls_free(pem.data);
	return rc;
}

/* Everything that may be asked of a certificate later; 0 or GnuTLS's error. */
static int read_info(gnutls_x509_crt_t c, const struct buf *der, struct cert_info *i)
{
	i->subject = name_of(c, gnutls_x509_crt_get_dn3);
	i->issuer = name_of(c, gnutls_x509_crt_get_issuer_dn3);
	i->issuer_cn = common_name(c);
	i->serial = serial_of(c);
	i->aki = authority_of(c);
	i->not_before = gnutls_x509_crt_get_activation_time(c);
	i->not_after = gnutls_x509_crt_get_expiration_time(c);
	i->is_ca = gnutls_x509_crt_get_ca_status(c, NULL) > 0;
	sha256(der->data, der->len, i->sha256);
	int rc = i->not_before < 0 || i->not_after < 0 ? GNUTLS_E_ASN1_VALUE_NOT_VALID
	                                               : read_names(c, i);
	if (!rc)
		rc = hash_spki(c, i->spki);
	return rc ? rc : write_pem(c, &i->pem);
}

struct pem { /* where the reader is */
	const char *at, *end;
	const char *line; /* the current one, without its end */
	size_t len;
};

/* Take the next line, without blanks at its end; false at the end of the text. */
static bool next_line(struct pem *p)
{
	if (p->at == p->end)
		return false;
	const char *stop = memchr(p->at, '\n', (size_t)(p->end - p->at));
	p->line = p->at;
	p->len = (size_t)((stop ? stop : p->end) - p->at);
	p->at = stop ? stop + 1 : p->end;
	while (p->len && memchr(" \t\r", p->line[p->len - 1], 3))
		p->len--;
	return true;
}

static bool line_is(const struct pem *p, const char *text)
{
	return p->len == strlen(text) && !memcmp(p->line, text, p->len);
}

/* The octets between BEGIN and END. */
static bool read_block(struct pem *p, struct buf *ret)
{
	scoped(buf_free) struct buf text = { 0 };

	while (next_line(p)) {
		if (line_is(p, END))
			return !memchr(buf_text(&text), '\0', text.len) &&
			       unbase64(buf_text(&text), ret) && ret->len;
		buf_add(&text, p->line, p->len);
	}
	return false;
}

static enum seal_status add_cert(struct chain *c, const struct buf *der, struct story *s)
{
	gnutls_x509_crt_t *crts = c->handles;
	gnutls_datum_t d = { (unsigned char *)der->data, (unsigned)der->len };
	int rc = gnutls_x509_crt_init(&crts[c->n]);

	if (rc)
		abort(); /* out of memory */
	c->n++;
	rc = gnutls_x509_crt_import(crts[c->n - 1], &d, GNUTLS_X509_FMT_DER);
	if (!rc)
		rc = read_info(crts[c->n - 1], der, &c->at[c->n - 1]);
	if (rc)
		return story_fail(s, SEAL_EPROTO, "certificate %zu of the chain cannot be read: %s",
		                  c->n, gnutls_strerror(rc));
	return SEAL_OK;
}

static enum seal_status refuse_line(const struct pem *p, struct story *s)
{
	scoped(free_p) char *shown = text_clean(p->line, p->len, 60);

	if (memmem(p->line, p->len, "PRIVATE KEY-----", strlen("PRIVATE KEY-----")))
		return story_fail(s, SEAL_EPROTO, "the CA sent a private key with the chain");
	return story_fail(s, SEAL_EPROTO, "the CA sent no plain PEM chain: \"%s\" is in it", shown);
}

static enum seal_status read_certs(struct pem *p, struct chain *c, struct story *s)
{
	while (next_line(p)) {
		scoped(buf_free) struct buf der = { 0 };
		if (!p->len)
			continue;
		if (!line_is(p, BEGIN))
			return refuse_line(p, s);
		if (c->n == CHAIN_MAX)
			return story_fail(s, SEAL_EPROTO,
			                  "the CA sent a chain of more than %d certificates",
			                  CHAIN_MAX);
		if (!read_block(p, &der))
			return story_fail(s, SEAL_EPROTO,
			                  "certificate %zu of the chain is no base64, or cut off",
			                  c->n + 1);
		enum seal_status st = add_cert(c, &der, s);
		if (st)
			return st;
	}
	return c->n ? SEAL_OK : story_fail(s, SEAL_EPROTO, "the CA sent an empty chain");
}

enum seal_status chain_read(const char *text, size_t len, struct chain *ret, struct story *s)
{
	struct pem p = { .at = text, .end = text + len };

	memset(ret, 0, sizeof(*ret));
	if (len > CHAIN_LEN_MAX)
		return story_fail(s, SEAL_EPROTO, "the CA sent a chain of %zu octets", len);
	ret->at = mem_array(CHAIN_MAX, sizeof(*ret->at));
	ret->handles = mem_array(CHAIN_MAX, sizeof(gnutls_x509_crt_t));
	enum seal_status st = read_certs(&p, ret, s);
	if (st)
		chain_free(ret);
	return st;
}

enum seal_status chain_read_der(const void *data, size_t len, struct chain *ret, struct story *s)
{
	const uint8_t *at = data, *end = at + len;
	enum seal_status st = SEAL_OK;

	memset(ret, 0, sizeof(*ret));
	ret->at = mem_array(CHAIN_MAX, sizeof(*ret->at));
	ret->handles = mem_array(CHAIN_MAX, sizeof(gnutls_x509_crt_t));
	while (!st && end - at >= 4 && ret->n < CHAIN_MAX) {
		size_t n = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
		at += 4;
		if (n > (size_t)(end - at))
			break;
		struct buf der = { .data = (char *)at, .len = n };
		st = add_cert(ret, &der, s);
		at += n;
	}
	if (!st && !ret->n)
		st = story_fail(s, SEAL_EPROTO, "no certificate");
	if (st)
		chain_free(ret);
	return st;
}

bool cert_der(const struct cert_info *cert, struct buf *ret)
{
	struct pem p = { .at = cert->pem, .end = cert->pem + strlen(cert->pem) };

	return next_line(&p) && read_block(&p, ret);
}

static void info_free(struct cert_info *i)
{
	free(i->subject);
	free(i->issuer);
	free(i->issuer_cn);
	free(i->serial);
	free(i->aki);
	free(i->pem);
	words_free(&i->names);
}

void chain_free(struct chain *c)
{
	if (!c)
		return;
	gnutls_x509_crt_t *crts = c->handles;
	for (size_t i = 0; i < c->n; i++) {
		if (crts) /* not looked at: store/live.c's glance */
			gnutls_x509_crt_deinit(crts[i]);
		info_free(&c->at[i]);
	}
	free(c->handles);
	free(c->at);
	memset(c, 0, sizeof(*c));
}

bool chain_has_key(const struct chain *c, const struct key *k)
{
	struct story s = { 0 };
	uint8_t spki[32];

	return c->n && !key_spki_hash(k, spki, &s) && !memcmp(spki, c->at[0].spki, sizeof(spki));
}

/* Dates are looked at elsewhere, with the clock that tests own. */
bool chain_is_trusted(const struct chain *c, const char *trust)
{
	gnutls_x509_trust_list_t list;
	unsigned verdict = GNUTLS_CERT_INVALID;

	if (!c->n || gnutls_x509_trust_list_init(&list, 0))
		return false;
	if (gnutls_x509_trust_list_add_trust_file(list, trust ? trust : SYSTEM_TRUST, NULL,
	                                          GNUTLS_X509_FMT_PEM, 0, 0) <= 0 ||
	    gnutls_x509_trust_list_verify_crt(list, c->handles, (unsigned)c->n,
	                                      GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &verdict, NULL))
		verdict = GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_deinit(list, 1);
	return !verdict;
}

enum seal_status bundle_check(const char *path, struct story *story)
{
	scoped(buf_free) struct buf pem = { 0 };
	gnutls_x509_crt_t *certs = NULL;
	unsigned n = 0;

	if (file_read_any(path, BUNDLE_LEN_MAX, &pem, story)) {
		story_hint(story, "it should hold the CA certificates to trust, in PEM");
		story->st = SEAL_ECONFIG;
		return SEAL_ECONFIG;
	}
	gnutls_datum_t d = { (unsigned char *)pem.data, (unsigned)pem.len };
	int rc = pem.len ? gnutls_x509_crt_list_import2(&certs, &n, &d, GNUTLS_X509_FMT_PEM, 0)
			 : GNUTLS_E_NO_CERTIFICATE_FOUND;
	for (unsigned i = 0; rc >= 0 && i < n; i++)
		gnutls_x509_crt_deinit(certs[i]);
	gnutls_free(certs);
	if (rc >= 0)
		return SEAL_OK;
	story_fail(story, SEAL_ECONFIG, "%s holds no CA certificates that can be read: %s", path,
		   gnutls_strerror(rc));
	story_hint(story, "PEM is wanted: -----BEGIN CERTIFICATE----- and what follows");
	return SEAL_ECONFIG;
}
