/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "dns/name.h"

#include <stdlib.h>
#include <string.h>

static char out[NAME_MAX_LEN];

static void text_forms_become_one(void)
{
	static const struct {
		const char *from, *to; /* NULL: no name */
	} cases[] = {
		{ "Example.ORG.", "example.org" },
		{ "example.org", "example.org" },
		{ ".", "." },
		{ "_Acme-Challenge.x", "_acme-challenge.x" },
		{ "a\\.b.c", "a\\046b.c" },
		{ "a\\046b.c", "a\\046b.c" },
		{ "a\\032b", "a\\032b" },
		{ "a\\\\b", "a\\092b" },
		{ "\\097bc", "abc" },
		{ "m\xc3\xbc.de", "m\\195\\188.de" },
		{ "a@b.c", "a\\064b.c" },
		{ "*.x", "*.x" },
		{ "a/b", "a/b" },
		{ "", NULL },
		{ "..", NULL },
		{ ".a", NULL },
		{ "a..b", NULL },
		{ "a b", NULL },
		{ "a\\ b", NULL },
		{ "a\\", NULL },
		{ "a\\25", NULL },
		{ "a\\2x5", NULL },
		{ "a\\256", NULL },
		{ "a\nb", NULL },
		{ "a\x7f", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		bool good = name_normal(cases[i].from, out);
		ok(cases[i].to ? good && !strcmp(out, cases[i].to) : !good, "\"%s\" is %s",
		   strchr(cases[i].from, '\n') ? "a line break" : cases[i].from,
		   cases[i].to ? cases[i].to : "no name");
	}
}

/* n labels of `len` times 'a' */
static const char *many(size_t n, size_t len)
{
	static char s[1200];
	char *at = s;

	for (; n; n--) {
		memset(at, 'a', len);
		at += len;
		*at++ = n > 1 ? '.' : '\0';
	}
	return s;
}

static void lengths_are_those_of_the_wire(void)
{
	uint8_t wire[NAME_WIRE_MAX];
	char long_name[300], escaped[4 * 63 + 8] = "";

	ok(name_normal(many(1, 63), out), "a label of 63 octets");
	ok(!name_normal(many(1, 64), out), "not one of 64");
	snprintf(long_name, sizeof(long_name), "%s.%.61s", many(3, 63),
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	ok(name_to_wire(long_name, wire) == 255, "255 octets on the wire");
	strncat(long_name, ".", 2);
	ok(name_to_wire(long_name, wire) == 255, "and with a final dot");
	snprintf(long_name, sizeof(long_name), "%s.%.62s", many(3, 63),
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	ok(!name_to_wire(long_name, wire), "not 256");
	ok(!name_normal(many(128, 1), out), "not 128 labels");
	ok(name_normal(many(127, 1), out), "127 labels");
	for (int i = 0; i < 63; i++)
		strncat(escaped, "\\001", 5);
	ok(name_normal(escaped, out) && !strcmp(out, escaped), "a label of 63 escapes");
	ok(name_to_wire(".", wire) == 1 && !wire[0], "the root is one octet");
}

static void identifiers_are_checked(void)
{
	static const struct {
		const char *from, *to, *says; /* to NULL: says is in the sentence */
	} cases[] = {
		{ "Example.ORG", "example.org", "" },
		{ "*.Example.org", "*.example.org", "" },
		{ "m\xc3\xbcller.de", "xn--mller-kva.de", "" },
		{ "*.M\xc3\x9cLLER.de", "*.xn--mller-kva.de", "" },
		{ "stra\xc3\x9f"
		  "e.de",
		  "xn--strae-oqa.de", "" }, /* non-transitional keeps the sharp s */
		{ "XN--MLLER-KVA.de", "xn--mller-kva.de", "" },
		{ "b\xe3\x80\x82org", "b.org", "" }, /* ideographic full stop */
		{ "1.example.org", "1.example.org", "" },
		{ "", NULL, "is empty" },
		{ "https://example.org/", NULL, "is a URL" },
		{ "example.org/x", NULL, "has a '/'" },
		{ "me@example.org", NULL, "mail address" },
		{ "192.0.2.1", NULL, "is an IP address" },
		{ "2001:db8::1", NULL, "is an IP address" },
		{ "[2001:db8::1]", NULL, "is an IP address" },
		{ "example.org:443", NULL, "':'" },
		{ "exam ple.org", NULL, "a blank" },
		{ "exam\tple.org", NULL, "a blank" },
		{ "example.org\n", NULL, "a line break" },
		{ "_dmarc.example.org", NULL, "an underscore" },
		{ "a\\046b.org", NULL, "a backslash" },
		{ "a..org", NULL, "an empty label" },
		{ "*..org", NULL, "an empty label" },
		{ ".org", NULL, "begins with a dot" },
		{ "*.", NULL, "ends with a dot" },
		{ "example.org.", NULL, "ends with a dot" },
		{ "*", NULL, "a '*' alone" },
		{ "a.*.org", NULL, "a '*' that is not the whole first label" },
		{ "*a.org", NULL, "a '*' that is not the whole first label" },
		{ "*.*.org", NULL, "a '*' that is not the whole first label" },
		{ "localhost", NULL, "is one label" },
		{ "*.org", NULL, "is one label" },
		{ "-a.org", NULL, "begins or ends with a hyphen" },
		{ "a-.org", NULL, "begins or ends with a hyphen" },
		{ "ab--c.org", NULL, "\"--\" in third place" },
		{ "a$b.org", NULL, "other than letters" },
		{ "10.0.0.256", NULL, "digits only" },
		{ "xn--a.org", NULL, "no internationalised domain name" },
		{ "\xff.org", NULL, "no internationalised domain name" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org", NULL,
		  "more than 63" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct story story = { 0 };
		memset(out, 0, sizeof(out));
		enum seal_status st = name_identifier(cases[i].from, out, &story);
		bool good = cases[i].to ? !st && !strcmp(out, cases[i].to)
					: st == SEAL_EINVAL && strstr(story.text, cases[i].says);
		ok(good, "identifier %zu: %s%s", i, cases[i].to ? cases[i].to : cases[i].says,
		   good ? "" : story.text);
	}
	struct story story = { 0 };
	ok(name_identifier(many(4, 63), out, &story) == SEAL_EINVAL &&
		   strstr(story.text, "longer than 253"),
	   "255 characters are too many");
	ok(name_identifier(many(8, 140), out, &story) == SEAL_EINVAL &&
		   strstr(story.text, "too long"),
	   "1,100 characters are far too many");
}

static void what_is_typed_gets_a_labels(void)
{
	static const struct {
		const char *from, *to; /* NULL: no name */
	} cases[] = {
		{ "m\xc3\xbcnchen.test", "xn--mnchen-3ya.test" },
		{ "M\xc3\x9cNCHEN.Test.", "xn--mnchen-3ya.test" },
		{ "mu\xcc\x88nchen.test", "xn--mnchen-3ya.test" }, /* not composed */
		{ "_acme-challenge.m\xc3\xbcnchen.test", "_acme-challenge.xn--mnchen-3ya.test" },
		{ "*.m\xc3\xbcnchen.test", "*.xn--mnchen-3ya.test" },
		{ "m\xc3\xbcnchen\xe3\x80\x82test", "xn--mnchen-3ya.test" },
		{ "{domain}.m\xc3\xbcnchen.test", "{domain}.xn--mnchen-3ya.test" },
		{ "Example.ORG.", "example.org" },
		{ "a\\.b.m\xc3\xbcnchen", "a\\046b.xn--mnchen-3ya" },
		{ "\\195\\188.test", "\\195\\188.test" }, /* octets, when that is meant */
		{ ".", "." },
		{ "\xff.test", NULL },
		{ "m\xc3\xbc..test", NULL },
		{ "m\xc3\xbc nchen.test", NULL },
		{ "", NULL },
		{ "a b", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct story story = { 0 };
		enum seal_status st = name_ascii(cases[i].from, out, &story);
		bool good = cases[i].to ? !st && !strcmp(out, cases[i].to)
					: st == SEAL_EINVAL && *story.text;
		ok(good, "typed %zu: %s", i, cases[i].to ? cases[i].to : story.text);
	}
	struct story story = { 0 };
	ok(name_ascii(many(8, 140), out, &story) == SEAL_EINVAL, "1,100 characters are too many");
}

static void people_see_their_own_letters(void)
{
	is(name_unicode("xn--mller-kva.de", out), "m\xc3\xbcller.de", "U-labels");
	is(name_unicode("*.xn--mller-kva.de", out), "*.m\xc3\xbcller.de", "below a wildcard");
	is(name_unicode("example.org", out), "example.org", "no A-label: the name itself");
	is(name_unicode("xn--99999999999.de", out), "xn--99999999999.de", "nonsense as it is");
	is(name_unicode("axn--mller-kva.de", out), "axn--mller-kva.de", "only at a label's start");
}

static void names_are_compared_by_label(void)
{
	ok(name_same("a.B", "A.b."), "without regard to case and final dot");
	ok(!name_same("a.b", "a.c") && !name_same("a.b", "a.bc"), "others differ");
	ok(name_is_under("a.example.org", "example.org"), "below");
	ok(name_is_under("EXAMPLE.org", "example.org"), "equal");
	ok(!name_is_under("badexample.org", "example.org"), "not in the middle of a label");
	ok(!name_is_under("org", "example.org"), "not above");
	ok(name_is_under("org", ".") && name_is_under(".", "."), "all is under the root");
	is(name_parent("a.b.c"), "b.c", "the parent");
	is(name_parent("c"), ".", "the root at last");
	is(name_parent("."), ".", "and again");
	ok(name_labels("a.b.c") == 3 && name_labels("c") == 1 && !name_labels("."), "labels");
	is(name_base("*.a.b"), "a.b", "base of a wildcard");
	is(name_base("a.b"), "a.b", "base of a name");
}

static void relative_and_absolute_are_inverse(void)
{
	static const struct {
		const char *name, *zone, *absolute;
	} cases[] = {
		{ "@", "example.org", "example.org" },
		{ "www", "example.org", "www.example.org" },
		{ "_acme-challenge.www", "example.org", "_acme-challenge.www.example.org" },
		{ "*", "example.org", "*.example.org" },
		{ "org", ".", "org" },
		{ "@", ".", "." },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ok(name_absolute(cases[i].name, cases[i].zone, out) &&
			   !strcmp(out, cases[i].absolute),
		   "%s in %s", cases[i].name, cases[i].zone);
		ok(name_relative(cases[i].absolute, cases[i].zone, out) &&
			   !strcmp(out, cases[i].name),
		   "and back");
	}
	ok(!name_relative("example.net", "example.org", out), "outside is not relative");
	ok(name_absolute("www.example.org.", "example.org", out) && !strcmp(out, "www.example.org"),
	   "a final dot makes a name absolute");
	ok(!name_absolute("www.example.net.", "example.org", out), "which may lie outside");
	ok(!name_absolute("", "example.org", out), "an empty name is none");
	ok(!name_absolute(many(4, 60), "example.org", out), "too long together");
	ok(!name_absolute(many(1, 1100), "example.org", out), "too long alone");
	ok(!name_relative(many(1, 1100), ".", out), "too long to be relative");
}

int main(void)
{
	text_forms_become_one();
	lengths_are_those_of_the_wire();
	identifiers_are_checked();
	what_is_typed_gets_a_labels();
	people_see_their_own_letters();
	names_are_compared_by_label();
	relative_and_absolute_are_inverse();
	return done();
}
