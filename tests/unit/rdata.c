/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "base/encode.h"
#include "dns/rdata.h"

#include <stdlib.h>
#include <string.h>

static struct buf out;

static const char *packed(const char *type, const char *text) /* in hex; "refused" */
{
	static char *digits;
	struct buf wire = { 0 };

	free(digits);
	digits = NULL;
	if (rdata_pack(rr_type(type), text, &wire))
		digits = hex(wire.data, wire.len);
	buf_free(&wire);
	return digits ? digits : "refused";
}

static const char *shown(const char *type, const void *data, size_t len) /* "malformed" */
{
	uint8_t *exact = mem_copy(data, len + 1); /* one octet more: mem_copy of 0 is none */
	struct seal_rr rr = { .type = rr_type(type), .rdata = exact, .rdata_len = (uint16_t)len };

	buf_clear(&out);
	bool good = rdata_text(exact, len, &rr, &out);
	free(exact);
	return good ? buf_text(&out) : "malformed";
}

static void types_have_names_and_numbers(void)
{
	char name[16];

	ok(rr_type("TXT") == 16 && rr_type("caa") == 257 && rr_type("TLSA") == 52, "by name");
	ok(rr_type("TYPE65280") == 65280 && rr_type("TYPE16") == 16, "by number");
	ok(!rr_type("TYPE65536") && !rr_type("TYPE") && !rr_type("TYPE1x") && !rr_type("NOPE") &&
		   !rr_type(""),
	   "others are unknown");
	is(rr_type_name(65, name), "HTTPS", "name of 65");
	is(rr_type_name(65280, name), "TYPE65280", "name of a private one");
}

/* Each goes to the wire and back; where the text that comes back differs it is given. */
static void every_type_goes_round(void)
{
	static const struct {
		const char *type, *text, *wire, *back;
	} cases[] = {
		{ "A", "192.0.2.1", "c0000201", NULL },
		{ "AAAA", "2001:DB8::1", "20010db8000000000000000000000001", "2001:db8::1" },
		{ "CAA", "0 issue \"letsencrypt.org; accounturi=https://a.example/1\"",
		  "00056973737565"
		  "6c657473656e63727970742e6f72673b206163636f756e747572693d68747470733a2f2f612e6578"
		  "616d706c652f31",
		  NULL },
		{ "CAA", "128 issuewild ;",
		  "800969737375657769"
		  "6c643b",
		  "128 issuewild \";\"" },
		{ "CNAME", "Example.org.", "076578616d706c65036f726700", "example.org" },
		{ "CNAME", ".", "00", NULL },
		{ "DNAME", "example.org", "076578616d706c65036f726700", NULL },
		{ "DNSKEY", "257 3 13 AQID BA==", "0101030d01020304", "257 3 13 AQIDBA==" },
		{ "DS", "60485 13 2 AB cd\tEF01", "ec450d02abcdef01", "60485 13 2 abcdef01" },
		{ "HINFO", "PDP-11 \"U N\\\"X\\\\\"",
		  "065044502d313106"
		  "55204e22585c",
		  "\"PDP-11\" \"U N\\\"X\\\\\"" },
		{ "HTTPS", "1 .", "000100", NULL },
		{ "HTTPS", "0 example.org.", "0000076578616d706c65036f726700", "0 example.org" },
		{ "HTTPS", "1 . alpn=h3,h2 port=8443",
		  "00010000010006026833026832000300"
		  "0220fb",
		  "1 . alpn=\"h3,h2\" port=8443" },
		{ "SVCB",
		  "16 a.b ipv6hint=2001:db8::1,::1 ipv4hint=192.0.2.1,192.0.2.2 "
		  "mandatory=port,alpn "
		  "ech=AQID alpn=\"h2\" no-default-alpn port=\"53\"",
		  "0010016101620000000004000100030001000302683200020000000300020035"
		  "00040008c0000201c000020200050003010203"
		  "0006002020010db8000000000000000000000001"
		  "00000000000000000000000000000001",
		  "16 a.b mandatory=alpn,port alpn=\"h2\" no-default-alpn port=53 "
		  "ipv4hint=192.0.2.1,192.0.2.2 ech=AQID ipv6hint=2001:db8::1,::1" },
		{ "MX", "10 mail.example.org", "000a046d61696c076578616d706c65036f726700", NULL },
		{ "NAPTR", "100 10 \"u\" \"E2U+sip\" \"!^.*$!sip:a@b!\" .",
		  "0064000a0175074532552b7369700e215e2e2a24217369703a61406221"
		  "00",
		  NULL },
		{ "NS", "ns1.example.org", "036e7331076578616d706c65036f726700", NULL },
		{ "OPENPGPKEY", "AQIDBA==", "01020304", NULL },
		{ "PTR", "a\\.b.c", "03612e62016300", "a\\046b.c" },
		{ "SMIMEA", "3 0 0 00ff", "03000000ff", NULL },
		{ "SOA", "ns1.a hostmaster.a 43 7200 3600 1209600 300",
		  "036e733101610"
		  "00a686f73746d617374657201610000"
		  "00002b00001c2000000e100012750000"
		  "00012c",
		  NULL },
		{ "RP", "a.b. txt.b", "016101620003747874016200", "a.b txt.b" },
		{ "SRV", "1 2 443 www.a", "0001000201bb03777777016100", NULL },
		{ "SSHFP", "4 2 abcd", "0402abcd", NULL },
		{ "TLSA", "3 1 1 ABCDEF", "030101abcdef", "3 1 1 abcdef" },
		{ "TXT", "", "00", NULL },
		{ "TXT", "a b\"c\\", "0661206222635c", NULL },
		{ "TXT", "\\# 1 00", "075c232031203030", NULL },
		{ "URI", "10 1 \"https://a/\"", "000a000168747470733a2f2f612f", NULL },
		{ "TYPE65280", "\\# 3 0a0b0c", "0a0b0c", NULL },
		{ "TYPE65280", "\\# 3 0A 0b0C", "0a0b0c", "\\# 3 0a0b0c" },
		{ "TYPE65280", "\\# 0", "", NULL },
		{ "A", "\\# 4 C0000201", "c0000201", "192.0.2.1" },
		{ "MX", "\\# 5 000a 014100", "000a016100", "10 a" },
		{ "HTTPS", "\\# 9 000100 0007000161 61", "refused", NULL },
		{ "HTTPS", "\\# 8 000100 0007000161", "0001000007000161",
		  "\\# 8 0001000007000161" },
		{ "HTTPS", "\\# 10 000100 0001 0003 022c2c",
		  "000100000100030"
		  "22c2c",
		  "\\# 10 000100000100030"
		  "22c2c" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf wire = { 0 };
		is(packed(cases[i].type, cases[i].text), cases[i].wire, cases[i].text);
		if (!rdata_pack(rr_type(cases[i].type), cases[i].text, &wire))
			continue;
		is(shown(cases[i].type, buf_text(&wire), wire.len),
		   cases[i].back ? cases[i].back : cases[i].text, "and back");
		buf_free(&wire);
	}
}

static void malformed_text_is_refused(void)
{
	static const struct {
		const char *type, *text;
	} cases[] = {
		{ "A", "" },
		{ "A", "192.0.2" },
		{ "A", "192.0.2.1 x" },
		{ "A", "::1" },
		{ "AAAA", "192.0.2.1" },
		{ "AAAA", "2001:db8::1::" },
		{ "CAA", "0 issue" },
		{ "CAA", "256 issue \"a\"" },
		{ "CAA", "0 is-sue \"a\"" },
		{ "CAA", "0 issue \"a" },
		{ "CAA", "0 issue \"a\" b" },
		{ "CAA", "-1 issue a" },
		{ "CNAME", "" },
		{ "CNAME", "a..b" },
		{ "CNAME", "a b" },
		{ "CNAME", "\"a\"" },
		{ "DNSKEY", "257 3 13 A===" },
		{ "DNSKEY", "257 3 13" },
		{ "DNSKEY", "257 3 13 *" },
		{ "DS", "1 2 3 abc" },
		{ "DS", "1 2 3 xy" },
		{ "DS", "1 2 3 ax" },
		{ "DS", "1 2 3" },
		{ "DS", "1 2" },
		{ "HINFO", "a" },
		{ "HINFO", "a \"b" },
		{ "HINFO", "a b\\" },
		{ "HINFO", "a b\\25" },
		{ "HINFO", "a \\256" },
		{ "HINFO", "a b c" },
		{ "MX", "a" },
		{ "MX", "65536 a" },
		{ "MX", "1.0 a" },
		{ "SOA", "a b 1 2 3 4" },
		{ "SOA", "a b 4294967296 1 1 1 1" },
		{ "SRV", "1 2 a" },
		{ "TLSA", "3 1 1" },
		{ "TLSA", "3 1 1 0" },
		{ "URI", "10 1" },
		{ "SSHFP", "4 2 zz" },
		{ "OPENPGPKEY", "" },
		{ "TYPE65280", "0a0b" },
		{ "TYPE65280", "\\# 2 0a" },
		{ "TYPE65280", "\\# 1 0a0b" },
		{ "TYPE65280", "\\# x 0a" },
		{ "TYPE65280", "\\# 65536 00" },
		{ "A", "\\# 3 010203" },
		{ "SOA", "\\# 2 0000" },
		{ "HTTPS", "1" },
		{ "HTTPS", "1 . alpn" },
		{ "HTTPS", "1 . alpn=" },
		{ "HTTPS", "1 . alpn= h2" },
		{ "HTTPS", "1 . alpn=h2," },
		{ "HTTPS", "1 . alpn=h2,,h3" },
		{ "HTTPS", "1 . alpn=h2 alpn=h3" },
		{ "HTTPS", "1 . alpn=a\\,b" },
		{ "HTTPS", "1 . alpn=\"h2\"x" },
		{ "HTTPS", "1 . =h2" },
		{ "HTTPS", "1 . key7=a" },
		{ "HTTPS", "1 . port=65536" },
		{ "HTTPS", "1 . port=\"" },
		{ "HTTPS", "1 . ech=*" },
		{ "HTTPS", "1 . ech=" },
		{ "HTTPS", "1 . no-default-alpn" },
		{ "HTTPS", "1 . alpn=h2 no-default-alpn=1" },
		{ "HTTPS", "1 . ipv4hint=::1" },
		{ "HTTPS", "1 . ipv6hint=192.0.2.1" },
		{ "HTTPS", "1 . mandatory=port" },
		{ "HTTPS", "1 . mandatory=port,port port=1" },
		{ "HTTPS", "1 . mandatory=x" },
		{ "HTTPS", "1 . mandatory=mandatory" },
		{ "HTTPS", "1 . aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		is(packed(cases[i].type, cases[i].text), "refused", cases[i].text);
}

static void malformed_data_is_refused(void)
{
	static const struct {
		const char *what, *type, *data;
		size_t len;
	} cases[] = {
		{ "a short address", "A", "\1\2\3", 3 },
		{ "a long address", "A", "\1\2\3\4\5", 5 },
		{ "a short AAAA", "AAAA", "\1\2\3", 3 },
		{ "no name", "NS", "", 0 },
		{ "a name over the end", "NS", "\2a", 2 },
		{ "more behind a name", "NS", "\0\0", 2 },
		{ "a pointer at itself", "NS", "\300\0", 2 },
		{ "half a number", "MX", "\0", 1 },
		{ "a tag over the end", "CAA", "\0\5is", 4 },
		{ "an empty tag", "CAA", "\0\0", 2 },
		{ "a tag with a blank", "CAA", "\0\2a b", 5 },
		{ "no tag", "CAA", "\0", 1 },
		{ "a string over the end", "HINFO", "\1a\2b", 4 },
		{ "only one string", "HINFO", "\1a", 2 },
		{ "no digest", "TLSA", "\3\1\1", 3 },
		{ "no key", "OPENPGPKEY", "", 0 },
		{ "no text", "TXT", "", 0 },
		{ "a text over the end", "TXT", "\2a", 2 },
		{ "half a parameter", "HTTPS", "\0\1\0\0\3\0", 6 },
		{ "a parameter over the end", "HTTPS", "\0\1\0\0\3\0\2\0", 8 },
		{ "a port of one octet", "HTTPS", "\0\1\0\0\3\0\1\0", 8 },
		{ "keys out of order", "HTTPS", "\0\1\0\0\3\0\2\0\1\0\1\0\3\2h2", 16 },
		{ "a key twice", "HTTPS", "\0\1\0\0\3\0\2\0\1\0\3\0\2\0\1", 15 },
		{ "an empty alpn", "HTTPS", "\0\1\0\0\1\0\0", 7 },
		{ "an empty id", "HTTPS", "\0\1\0\0\1\0\1\0", 8 },
		{ "an id over the end", "HTTPS", "\0\1\0\0\1\0\2\2h", 9 },
		{ "no-default-alpn with a value", "HTTPS", "\0\1\0\0\2\0\1x", 8 },
		{ "no-default-alpn alone", "HTTPS", "\0\1\0\0\2\0\0", 7 },
		{ "an odd hint", "HTTPS", "\0\1\0\0\4\0\5\1\2\3\4\5", 12 },
		{ "an empty hint", "HTTPS", "\0\1\0\0\4\0\0", 7 },
		{ "an empty ech", "HTTPS", "\0\1\0\0\5\0\0", 7 },
		{ "mandatory, empty", "HTTPS", "\0\1\0\0\0\0\0", 7 },
		{ "mandatory, odd", "HTTPS", "\0\1\0\0\0\0\1\0", 8 },
		{ "mandatory mandatory", "HTTPS", "\0\1\0\0\0\0\2\0\0", 9 },
		{ "mandatory, not there", "HTTPS", "\0\1\0\0\0\0\2\0\3", 9 },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		is(shown(cases[i].type, cases[i].data, cases[i].len), "malformed", cases[i].what);
	struct seal_rr rr = { .type = 65280, .rdata = (const uint8_t *)"ab", .rdata_len = 3 };
	ok(!rdata_text(rr.rdata, 2, &rr, &out), "data past its message");
}

static void names_in_data_may_be_compressed(void)
{
	static const uint8_t msg[] = "\7example\3org\0\0\12\4mail\300\0";
	struct seal_rr rr = { .type = rr_type("MX"), .rdata = msg + 13, .rdata_len = 9 };

	buf_clear(&out);
	ok(rdata_text(msg, sizeof(msg) - 1, &rr, &out), "read inside its message");
	is(buf_text(&out), "10 mail.example.org", "the whole name");
}

static char *letters(size_t n) /* the caller's */
{
	char *s = mem_new(n + 1);

	memset(s, 'x', n);
	return s;
}

static void long_text_is_several_strings(void)
{
	scoped(free_p) char *long_text = letters(600);
	scoped(free_p) char *most = letters(65279);
	scoped(free_p) char *too_much = letters(65281);
	struct buf wire = { 0 };

	ok(rdata_pack(TYPE_TXT, long_text, &wire) && wire.len == 603 &&
		   (uint8_t)wire.data[0] == 255 && (uint8_t)wire.data[256] == 255 &&
		   wire.data[512] == 90,
	   "600 octets are 255 + 255 + 90");
	is(shown("TXT", buf_text(&wire), wire.len), long_text, "and one text again");
	buf_clear(&wire);
	ok(rdata_pack(TYPE_TXT, most, &wire) && wire.len == 65535, "65,279 octets fit");
	ok(!rdata_pack(TYPE_TXT, too_much, &wire), "two more do not");
	is(shown("TXT", "\1a\0\2bc", 6), "abc", "foreign strings of any length are joined");
	is(shown("TXT", "\2\xff\n", 3), "\xff\n", "octets as they are");
	buf_free(&wire);
}

static void data_is_compared_through_the_wire(void)
{
	ok(rdata_same(TYPE_CNAME, "Example.ORG.", "example.org"), "names without case or dot");
	ok(rdata_same(TYPE_TLSA, "3 1 1 AB CD", "3 01 1 abcd"), "numbers and digits");
	ok(rdata_same(TYPE_CAA, "0 issue a", "0 issue \"\\097\""), "quotes and escapes");
	ok(rdata_same(TYPE_TXT, "a", "a") && !rdata_same(TYPE_TXT, "a", "A"), "text exactly");
	ok(!rdata_same(TYPE_TXT, "a", "ab"), "and wholly");
	ok(!rdata_same(TYPE_TLSA, "3 1 1 ab", "3 1 1 abcd"), "also where one begins the other");
	ok(!rdata_same(TYPE_A, "x", "x"), "malformed data is like nothing");
	ok(!rdata_same(TYPE_A, "192.0.2.1", "x"), "on either side");
}

static void text_is_quoted_and_unquoted(void)
{
	static const struct {
		const char *plain, *quoted;
	} cases[] = {
		{ "abc", "\"abc\"" },
		{ "", "\"\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\x01\xff", "\"\\001\\255\"" },
	};
	static const char *const bad[] = {
		"\"", "\"a", "\"a\" b", "\"a\\", "\"\\2\"", "\"\\999\""
	};
	scoped(free_p) char *long_text = letters(256);

	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&out);
		txt_quote(cases[i].plain, &out);
		is(buf_text(&out), cases[i].quoted, "quoted");
		buf_clear(&out);
		ok(txt_plain(cases[i].quoted, &out) && !strcmp(buf_text(&out), cases[i].plain),
		   "and back");
	}
	buf_clear(&out);
	txt_quote(long_text, &out);
	ok(out.len == 256 + 5 && !strcmp(out.data + 256, "\" \"x\""), "256 octets are two strings");
	buf_clear(&out);
	ok(txt_plain("\"ab\"  \"cd\"\"ef\" ", &out) && !strcmp(buf_text(&out), "abcdef"),
	   "strings are joined");
	buf_clear(&out);
	ok(txt_plain("a \"b\"", &out) && !strcmp(buf_text(&out), "a \"b\""),
	   "what begins without a quote is plain");
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(!txt_plain(bad[i], &out), "malformed: %s", bad[i]);
}

int main(void)
{
	types_have_names_and_numbers();
	every_type_goes_round();
	malformed_text_is_refused();
	malformed_data_is_refused();
	names_in_data_may_be_compressed();
	long_text_is_several_strings();
	data_is_compared_through_the_wire();
	text_is_quoted_and_unquoted();
	packed("A", "");
	buf_free(&out);
	return done();
}
