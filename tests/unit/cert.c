/* links: chains */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/chains.h"
#include "tests/tap.h"

#include "crypto/cert.h"
#include "crypto/digest.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW 1800000000 /* 2027-01-15T08:00:00Z */
#define HOUR_S 3600
#define DAY_S 86400

static struct test_ca *ca;
static struct key *key, *other;
static struct story story;

/* Two names, our key, 90 days: nothing wrong with it. */
static struct recipe good(void)
{
	return (struct recipe){ .key = key,
		                .names = "a.example *.a.example",
		                .from = NOW - HOUR_S,
		                .until = NOW + 90 * DAY_S };
}

/* Read and checked against our key and two names. */
static enum seal_status look(const char *pem)
{
	struct chain c;
	scoped(words_free) struct words names = { 0 };

	story_clear(&story);
	words_split(&names, "*.a.example a.example");
	enum seal_status st = chain_read(pem, strlen(pem), &c, &story);
	if (!st)
		st = chain_check(&c, key, &names, NOW, &story);
	chain_free(&c);
	return st;
}

static void request_holds_the_names_and_nothing_else(void)
{
	scoped(words_free) struct words names = { 0 };
	scoped(buf_free) struct buf der = { 0 };
	gnutls_x509_crq_t q;
	char text[256];
	size_t n;
	unsigned type;

	words_split(&names, "a.example *.a.example xn--bcher-kva.example");
	ok(!csr_make(key, &names, &der, &story), "made");
	gnutls_datum_t d = { (void *)der.data, (unsigned)der.len };
	gnutls_x509_crq_init(&q);
	ok(!gnutls_x509_crq_import(q, &d, GNUTLS_X509_FMT_DER), "is a request");
	ok(!gnutls_x509_crq_verify(q, 0), "signed by its key");
	ok(gnutls_x509_crq_get_version(q) == 1, "version 1");
	n = sizeof(text);
	ok(gnutls_x509_crq_get_dn(q, text, &n) == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE || !n ||
	           !*text,
	   "empty subject");
	for (unsigned i = 0; i < names.n; i++) {
		n = sizeof(text);
		int rc = gnutls_x509_crq_get_subject_alt_name(q, i, text, &n, &type, NULL);
		ok(rc >= 0 && type == GNUTLS_SAN_DNSNAME, "name %u", i);
		is(text, names.at[i], "in the order asked");
	}
	n = sizeof(text);
	ok(gnutls_x509_crq_get_subject_alt_name(q, 3, text, &n, &type, NULL) ==
	           GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE,
	   "no fourth");
	n = sizeof(text);
	ok(gnutls_x509_crq_get_extension_info(q, 0, text, &n, NULL) >= 0 &&
	           !strcmp(text, GNUTLS_X509EXT_OID_SAN),
	   "one extension: %s", text);
	n = sizeof(text);
	ok(gnutls_x509_crq_get_extension_info(q, 1, text, &n, NULL) < 0, "and no other");
	gnutls_x509_crq_deinit(q);
}

static void requests_come_with_every_key(void)
{
	scoped(words_free) struct words names = { 0 }, none = { 0 };

	words_split(&names, "a.example");
	for (enum key_type t = 0; t <= KEY_RSA_2048; t++) {
		scoped(key_free_p) struct key *k = NULL;
		scoped(buf_free) struct buf der = { 0 };
		ok(!key_new(t, &k, &story) && !csr_make(k, &names, &der, &story) && der.len, "%s",
		   key_type_label(t));
	}
	scoped(buf_free) struct buf der = { 0 };
	ok(csr_make(key, &none, &der, &story) == SEAL_EINVAL, "not without names");
}

static void a_good_chain_passes(void)
{
	static const struct {
		const char *what, *order;
		unsigned flags;
	} cases[] = { { "leaf and intermediate", "01", 0 },
		      { "with its root", "012", 0 },
		      { "the leaf alone", "0", 0 },
		      { "no extended key usage", "01", CHAIN_NO_EKU } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct recipe r = good();
		r.order = cases[i].order;
		r.flags = cases[i].flags;
		scoped(free_p) char *pem = test_ca_issue(ca, &r);
		ok(!look(pem), "%s %s", cases[i].what, story.text);
	}
}

static void a_chain_is_read_into_facts(void)
{
	struct recipe r = good();
	struct chain c;

	r.names = "A.Example *.a.example";
	scoped(free_p) char *pem = test_ca_issue(ca, &r);
	scoped(free_p) char *loose = str_printf("\r\n%s\n\n", pem);
	ok(!chain_read(loose, strlen(loose), &c, &story) && c.n == 2, "two certificates");
	ok(c.at[0].names.n == 2 && !strcmp(c.at[0].names.at[0], "a.example"), "names, lower case");
	ok(c.at[0].not_before == r.from && c.at[0].not_after == r.until, "dates");
	is(c.at[0].issuer_cn, "Test Inner", "issuer's common name");
	is(c.at[0].issuer, "CN=Test Inner", "issuer");
	is(c.at[1].subject, "CN=Test Inner", "subject");
	is(c.at[1].issuer_cn, "Test Root", "and its issuer");
	ok(!c.at[0].is_ca && c.at[1].is_ca, "the second is a CA");
	ok(strlen(c.at[0].serial) == 18 && !strncmp(c.at[0].serial, "11", 2), "serial %s",
	   c.at[0].serial);
	scoped(free_p) char *again = str_printf("%s%s", c.at[0].pem, c.at[1].pem);
	is(again, pem, "PEM written anew is the same");
	ok(chain_has_key(&c, key) && !chain_has_key(&c, other), "has our key");
	uint8_t spki[32];
	ok(!key_spki_hash(key, spki, &story) && !memcmp(spki, c.at[0].spki, 32), "SPKI");
	chain_free(&c);
	ok(!c.n, "freed");
	chain_free(NULL);
}

/* Each refused with its own sentence. */
static void bad_certificates_are_refused(void)
{
	static const struct {
		const char *names;
		int64_t from_s, until_s; /* from NOW; 0: as in a good one */
		const char *order;
		unsigned flags;
		const char *sentence;
	} cases[] = {
		{ .names = "b.example",
		  .sentence = "the CA sent a certificate for other names: has b.example; asked "
		              "*.a.example, a.example" },
		{ .names = "a.example *.a.example www.example",
		  .sentence = "the CA sent a certificate for other names: has a.example, "
		              "*.a.example, www.example; asked *.a.example, a.example" },
		{ .names = "a.example",
		  .sentence = "the CA sent a certificate for other names: has a.example; asked "
		              "*.a.example, a.example" },
		{ .names = "a.example *.*.a.example",
		  .sentence = "the CA sent a certificate for other names: has a.example, "
		              "*.*.a.example; asked *.a.example, a.example" },
		{ .names = "",
		  .sentence = "the CA sent a certificate for other names: has none; asked "
		              "*.a.example, a.example" },
		{ .flags = CHAIN_WITH_ADDRESS,
		  .sentence = "the CA sent a certificate with names that are no DNS names" },
		{ .flags = CHAIN_LEAF_IS_CA,
		  .sentence = "the CA sent a certificate that is itself a CA's (CA:TRUE)" },
		{ .flags = CHAIN_CLIENT_ONLY,
		  .sentence = "the CA sent a certificate that is not for servers: its extended "
		              "key usage lacks serverAuth" },
		{ .until_s = -10,
		  .sentence = "the CA sent a certificate that expired on 2027-01-15T07:59:50Z; "
		              "here it is 2027-01-15T08:00:00Z" },
		{ .until_s = HOUR_S,
		  .sentence = "the CA sent a certificate that is about to expire, on "
		              "2027-01-15T09:00:00Z; here it is 2027-01-15T08:00:00Z" },
		{ .from_s = HOUR_S + 1,
		  .sentence = "the CA sent a certificate that is not valid before "
		              "2027-01-15T09:00:01Z; here it is 2027-01-15T08:00:00Z" },
		{ .from_s = -7 * DAY_S - 1,
		  .sentence = "the CA sent a certificate that is no new one: valid since "
		              "2027-01-08T07:59:59Z; here it is 2027-01-15T08:00:00Z" },
		{ .flags = CHAIN_SHA1,
		  .sentence = "certificate 1 of the chain is signed with a weak algorithm: "
		              "ECDSA-SHA1" },
		{ .flags = CHAIN_WEAK_ISSUER,
		  .sentence = "certificate 2 of the chain has a weak key: RSA 1024 bits" },
		{ .flags = CHAIN_FORGED,
		  .sentence = "certificate 1 of the chain (issuer CN=Test Inner) is not signed by "
		              "the next (CN=Test Inner)" },
		{ .order = "02",
		  .sentence = "certificate 1 of the chain (issuer CN=Test Inner) is not signed by "
		              "the next (CN=Test Root)" },
		{ .order = "021",
		  .sentence = "certificate 1 of the chain (issuer CN=Test Inner) is not signed by "
		              "the next (CN=Test Root)" },
		{ .order = "10", .sentence = "the CA sent a certificate for another key" },
		{ .order = "2", .sentence = "the CA sent a certificate for another key" },
		{ .order = "0122",
		  .sentence = "the chain has the same certificate twice (3 and 4)" },
		{ .order = "001",
		  .sentence = "the chain has the same certificate twice (1 and 2)" },
		{ .order = "00000000000",
		  .sentence = "the CA sent a chain of more than 10 certificates" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct recipe r = good();
		r.names = cases[i].names ? cases[i].names : r.names;
		r.from = cases[i].from_s ? NOW + cases[i].from_s : r.from;
		r.until = cases[i].until_s ? NOW + cases[i].until_s : r.until;
		r.order = cases[i].order;
		r.flags = cases[i].flags;
		scoped(free_p) char *pem = test_ca_issue(ca, &r);
		ok(look(pem) == SEAL_EPROTO, "refused");
		is(story.text, cases[i].sentence, "with its sentence");
	}
}

static void the_edges_of_the_dates_are_good(void)
{
	struct recipe r = good();

	r.from = NOW + HOUR_S;
	scoped(free_p) char *ahead = test_ca_issue(ca, &r);
	ok(!look(ahead), "valid in one hour %s", story.text);
	r.from = NOW - 7 * DAY_S;
	r.until = NOW + HOUR_S + 1;
	scoped(free_p) char *back = test_ca_issue(ca, &r);
	ok(!look(back), "a week old, one hour left %s", story.text);
}

static void another_key_is_refused(void)
{
	struct recipe r = good();

	r.key = other;
	scoped(free_p) char *pem = test_ca_issue(ca, &r);
	ok(look(pem) == SEAL_EPROTO, "refused");
	is(story.text, "the CA sent a certificate for another key", "with its sentence");
}

static void anything_but_pem_is_refused(void)
{
	struct recipe r = good();
	scoped(free_p) char *pem = test_ca_issue(ca, &r);
	scoped(buf_free) struct buf secret = { 0 };
	enum seal_status st = key_write(key, &secret, &story);
	const struct {
		char *text;
		const char *sentence;
	} cases[] = {
		{ str_copy(""), "the CA sent an empty chain" },
		{ str_copy("\n \r\n"), "the CA sent an empty chain" },
		{ str_copy("<html>\x1b[2J"),
		  "the CA sent no plain PEM chain: \"<html>\\x1B[2J\" is in it" },
		{ str_printf("subject=/CN=a\n%s", pem),
		  "the CA sent no plain PEM chain: \"subject=/CN=a\" is in it" },
		{ str_printf("%s# end\n", pem),
		  "the CA sent no plain PEM chain: \"# end\" is in it" },
		{ str_printf("%s%s", pem, buf_text(&secret)),
		  "the CA sent a private key with the chain" },
		{ str_printf("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
		  "the CA sent no plain PEM chain: \"-----BEGIN X509 CRL-----\" is in it" },
		{ str_printf("%.*s", (int)strlen(pem) / 4, pem),
		  "certificate 1 of the chain is no base64, or cut off" },
		{ str_printf("%.*s", (int)strlen(pem) - 10, pem),
		  "certificate 2 of the chain is no base64, or cut off" },
		{ str_printf("%s-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", pem),
		  "certificate 3 of the chain is no base64, or cut off" },
		{ str_printf("%s-----BEGIN CERTIFICATE-----\nAA%%\n-----END CERTIFICATE-----\n",
		             pem),
		  "certificate 3 of the chain is no base64, or cut off" },
		{ str_printf("-----BEGIN CERTIFICATE-----\nMAAAAAAA\n-----END CERTIFICATE-----\n"),
		  "certificate 1 of the chain cannot be read: " },
	};

	ok(!st && secret.len, "a key to put in");
	for (size_t i = 0; i < COUNT(cases); i++) {
		ok(look(cases[i].text) == SEAL_EPROTO &&
		           !strncmp(story.text, cases[i].sentence, strlen(cases[i].sentence)),
		   "%s", story.text);
		free(cases[i].text);
	}
}

static void octets_behind_a_certificate_are_refused(void)
{
	struct recipe r = good();
	scoped(buf_free) struct buf der = { 0 };
	struct chain c;

	r.order = "0";
	scoped(free_p) char *pem = test_ca_issue(ca, &r);
	char *body = strchr(pem, '\n'), *end = strstr(pem, "-----END");
	*end = '\0';
	unbase64(body, &der);
	buf_str(&der, "more");
	scoped(free_p) char *code = base64(der.data, der.len);
	scoped(free_p) char *text =
	        str_printf("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", code);
	ok(chain_read(text, strlen(text), &c, &story) == SEAL_EPROTO, "%s", story.text);
	chain_free(&c);
}

static void trust_is_what_the_bundle_says(void)
{
	struct recipe r = good();
	char path[] = "/tmp/dnseal-test-XXXXXX";
	struct chain c;

	scoped(free_p) char *pem = test_ca_issue(ca, &r);
	r.order = "2";
	scoped(free_p) char *root = test_ca_issue(ca, &r);
	int fd = mkstemp(path);
	ok(fd >= 0 && write(fd, root, strlen(root)) == (ssize_t)strlen(root), "a bundle");
	close(fd);
	ok(!chain_read(pem, strlen(pem), &c, &story), "a chain");
	ok(chain_is_trusted(&c, path), "ends in our bundle");
	ok(!chain_is_trusted(&c, NULL), "not in the system's");
	ok(!chain_is_trusted(&c, "/nonexistent"), "nor in one that is not there");
	chain_free(&c);
	unlink(path);
}

static bool file_is_a_bundle(const char *text, size_t len)
{
	char path[] = "/tmp/dnseal-test-XXXXXX";
	int fd = mkstemp(path);
	bool written = fd >= 0 && write(fd, text, len) == (ssize_t)len;

	story_clear(&story);
	bool good_one = !bundle_check(path, &story);
	close(fd);
	unlink(path);
	return written && good_one;
}

static void a_bundle_holds_certificates(void)
{
	static const char broken[] =
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	static const char key_pem[] = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
	struct recipe r = good();

	r.order = "12";
	scoped(free_p) char *pem = test_ca_issue(ca, &r);
	scoped(free_p) char *more = str_printf("a comment\n%s", pem);
	scoped(free_p) char *spoilt = str_printf("%s%s", pem, broken);
	ok(file_is_a_bundle(pem, strlen(pem)), "two certificates are a bundle");
	ok(file_is_a_bundle(more, strlen(more)), "words before them do no harm");
	ok(!file_is_a_bundle("", 0), "empty: %s", story.text);
	ok(!file_is_a_bundle(key_pem, strlen(key_pem)), "a key: %s", story.text);
	ok(!file_is_a_bundle(spoilt, strlen(spoilt)), "one of three is broken: %s", story.text);
	ok(!file_is_a_bundle("\0\1\2", 3), "not PEM: %s", story.text);
	story_clear(&story);
	ok(bundle_check("/nonexistent/ca.pem", &story) == SEAL_ECONFIG && *story.hint, "%s",
	   story.text);
	ok(strstr(story.text, "/nonexistent/ca.pem: No such file") != NULL, "the file is named");
	ok(bundle_check("/tmp", &story) == SEAL_ECONFIG, "a folder: %s", story.text);
	story_clear(&story);
}

static void a_request_becomes_a_certificate(void)
{
	scoped(words_free) struct words names = { 0 };
	scoped(buf_free) struct buf der = { 0 };

	words_split(&names, "a.example *.a.example");
	ok(!csr_make(key, &names, &der, &story), "a request");
	struct recipe r = {
		.csr = der.data, .csr_len = der.len, .from = NOW, .until = NOW + 90 * DAY_S
	};
	scoped(free_p) char *pem = test_ca_issue(ca, &r);
	ok(!look(pem), "is issued with its names and key %s", story.text);
}

int main(void)
{
	ca = test_ca_new(NOW);
	if (key_new(KEY_ECDSA_P256, &key, &story) || key_new(KEY_ECDSA_P256, &other, &story))
		return 1;
	request_holds_the_names_and_nothing_else();
	requests_come_with_every_key();
	a_good_chain_passes();
	a_chain_is_read_into_facts();
	bad_certificates_are_refused();
	the_edges_of_the_dates_are_good();
	another_key_is_refused();
	anything_but_pem_is_refused();
	octets_behind_a_certificate_are_refused();
	trust_is_what_the_bundle_says();
	a_bundle_holds_certificates();
	a_request_becomes_a_certificate();
	key_free(key);
	key_free(other);
	test_ca_free(ca);
	return done();
}
