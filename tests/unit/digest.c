/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "crypto/digest.h"

#include <stdlib.h>

static void hashes_are_those_of_the_standards(void)
{
	static const struct { /* FIPS 180-4, RFC 1321: of "abc" */
		enum seal_hash hash;
		const char *hex;
	} cases[] = {
		{ SEAL_MD5, "900150983cd24fb0d6963f7d28e17f72" },
		{ SEAL_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ SEAL_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
		{ SEAL_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ SEAL_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
		               "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
		{ SEAL_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	};
	uint8_t out[SEAL_HASH_MAX];

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = digest(cases[i].hash, "abc", 3, out);
		scoped(free_p) char *text = hex(out, n);
		is(text, cases[i].hex, "digest of abc");
	}
	sha256("abc", 3, out);
	scoped(free_p) char *text = hex(out, 32);
	is(text, cases[3].hex, "sha256 is the same");
	ok(!digest((enum seal_hash)99, "abc", 3, out), "an unknown hash gives nothing");
}

static void macs_are_those_of_rfc_4231(void)
{
	static const struct { /* test case 2: key "Jefe" */
		enum seal_hash hash;
		const char *hex;
	} cases[] = {
		{ SEAL_SHA224, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44" },
		{ SEAL_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ SEAL_SHA512, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
		               "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
		{ SEAL_MD5, "750c783e6ab0b503eaa86e310a5db738" }, /* RFC 2202 */
	};
	static const char text[] = "what do ya want for nothing?";
	uint8_t out[SEAL_HASH_MAX];

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = hmac(cases[i].hash, "Jefe", 4, text, strlen(text), out);
		scoped(free_p) char *got = hex(out, n);
		is(got, cases[i].hex, "HMAC");
	}
	ok(!hmac((enum seal_hash)99, "Jefe", 4, text, strlen(text), out),
	   "an unknown hash gives nothing");
}

static void texts_are_those_of_rfc_4648(void)
{
	static const struct { /* section 10 */
		const char *plain, *base64, *base32, *hex;
	} cases[] = { { "", "", "", "" },
		      { "f", "Zg==", "my", "66" },
		      { "fo", "Zm8=", "mzxq", "666f" },
		      { "foo", "Zm9v", "mzxw6", "666f6f" },
		      { "foob", "Zm9vYg==", "mzxw6yq", "666f6f62" },
		      { "fooba", "Zm9vYmE=", "mzxw6ytb", "666f6f6261" },
		      { "foobar", "Zm9vYmFy", "mzxw6ytboi", "666f6f626172" } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = strlen(cases[i].plain);
		scoped(free_p) char *b64 = base64(cases[i].plain, n);
		scoped(free_p) char *b32 = base32_lower(cases[i].plain, n);
		scoped(free_p) char *digits = hex(cases[i].plain, n);
		scoped(buf_free) struct buf back = { 0 };
		is(b64, cases[i].base64, "base64");
		is(b32, cases[i].base32, "base32");
		is(digits, cases[i].hex, "hex");
		ok(unbase64(b64, &back) && !strcmp(buf_text(&back), cases[i].plain),
		   "and back: \"%s\"", cases[i].plain);
	}
}

static void base64_is_read_in_every_form(void)
{
	static const char *const good[] = { "-_8A-w", "+/8A+w==",      "-_8A-w==",
		                            "+/8A+w", " +/8A\n +w== ", "+_8A-w" };
	static const char *const bad[] = { "+",    "+/8A+", "+/8A+w=", "+/8A+w===",
		                           "+/=A", "a.b",   "AAAA=",   "AAA\x80" };
	static const uint8_t want[] = { 0xfb, 0xff, 0x00, 0xfb };

	for (size_t i = 0; i < COUNT(good); i++) {
		scoped(buf_free) struct buf b = { 0 };
		ok(unbase64(good[i], &b) && b.len == 4 && !memcmp(b.data, want, 4),
		   "form %zu is read", i);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		scoped(buf_free) struct buf b = { 0 };
		ok(!unbase64(bad[i], &b), "not base64: %s", bad[i]);
	}
	scoped(free_p) char *safe = base64url(want, 4);
	is(safe, "-_8A-w", "base64url has its own alphabet and no padding");
}

int main(void)
{
	hashes_are_those_of_the_standards();
	macs_are_those_of_rfc_4231();
	texts_are_those_of_rfc_4648();
	base64_is_read_in_every_form();
	return done();
}
