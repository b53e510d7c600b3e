/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <limits.h>
#include <stdlib.h>

static void foreign_text_is_made_safe(void)
{
	static const struct {
		const char *what, *in, *out;
		size_t len; /* 0: strlen */
	} cases[] = {
		{ "letters stay", "token refused", "token refused", 0 },
		{ "and other alphabets", "f\xc3\xbcr \xe6\x97\xa5 \xf0\x9f\x94\x91",
		  "f\xc3\xbcr \xe6\x97\xa5 \xf0\x9f\x94\x91", 0 },
		{ "escape", "\x1b[2J", "\\x1B[2J", 0 },
		{ "OSC 52", "\x1b]52;c;aGk=\a", "\\x1B]52;c;aGk=\\x07", 0 },
		{ "lines become one", "a\r\nb\tc", "a  b c", 0 },
		{ "C1 controls",
		  "a\xc2\x9b"
		  "2J",
		  "a\\xC2\\x9B2J", 0 },
		{ "right-to-left override",
		  "a\xe2\x80\xae"
		  "b",
		  "a\\xE2\\x80\\xAEb", 0 },
		{ "zero width",
		  "a\xe2\x80\x8b"
		  "b",
		  "a\\xE2\\x80\\x8Bb", 0 },
		{ "line separator",
		  "a\xe2\x80\xa8"
		  "b",
		  "a\\xE2\\x80\\xA8b", 0 },
		{ "byte order mark",
		  "\xef\xbb\xbf"
		  "a",
		  "\\xEF\\xBB\\xBFa", 0 },
		{ "tag characters", "\xf3\xa0\x81\x81", "\\xF3\\xA0\\x81\\x81", 0 },
		{ "overlong", "\xc0\xaf", "\\xC0\\xAF", 0 },
		{ "surrogate", "\xed\xa0\x80", "\\xED\\xA0\\x80", 0 },
		{ "beyond Unicode", "\xf4\x90\x80\x80", "\\xF4\\x90\\x80\\x80", 0 },
		{ "cut sequence", "a\xe2\x80", "a\\xE2\\x80", 0 },
		{ "lone continuation", "\x80", "\\x80", 0 },
		{ "NUL", "a\0b", "a\\x00b", 3 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t n = cases[i].len ? cases[i].len : strlen(cases[i].in);
		scoped(free_p) char *copy = mem_copy(cases[i].in, n); /* without a NUL behind */
		scoped(free_p) char *out = text_clean(copy, n, 100);
		is(out, cases[i].out, cases[i].what);
	}
}

static void long_text_is_cut_between_characters(void)
{
	char out[12];

	scoped(free_p) char *fits = text_clean("0123456789", 10, 10);
	is(fits, "0123456789", "what fits stays whole");
	scoped(free_p) char *cut = text_clean("0123456789a", 11, 10);
	is(cut, "0123456789...", "more is cut");
	scoped(free_p) char *wide = text_clean("12345678\xe6\x97\xa5", 11, 10);
	is(wide, "12345678...", "never within a character");
	scoped(free_p) char *code = text_clean("12345678\x01", 9, 10);
	is(code, "12345678...", "nor within an escape");
	is(text_clean_to("0123456789abcdef", out, sizeof(out)), "01234567...", "into an array");
	is(text_clean_to(NULL, out, sizeof(out)), "", "NULL is empty");
	is(clean("a\nb"), "a b", "clean() for sentences");
}

static void utf8_is_known(void)
{
	ok(text_is_utf8("f\xc3\xbcr", 4) && text_is_utf8("", 0), "good");
	ok(!text_is_utf8("f\xc3\xbc", 2) && !text_is_utf8("\xff", 1), "bad");
}

static void words_are_split_and_joined(void)
{
	scoped(words_free) struct words w = { 0 };

	words_split(&w, "  a\tbc \n d ");
	ok(w.n == 3 && words_has(&w, "bc") && !words_has(&w, "b"), "three words");
	scoped(free_p) char *text = words_join(&w, ", ");
	is(text, "a, bc, d", "joined");
	words_free(NULL);
}

static void near_words_are_found(void)
{
	static const char *const known[] = { "cloudflare", "hetzner", "api-token", "key", "zone" };
	static const struct {
		const char *word, *near;
	} cases[] = {
		{ "cloudflar", "cloudflare" },
		{ "clodflare", "cloudflare" },
		{ "hetnzer", "hetzner" },
		{ "api_token", "api-token" },
		{ "apitoken", "api-token" },
		{ "kex", "key" },
		{ "xyz", NULL },
		{ "zo", NULL },
		{ "cloud", NULL },
		{ "", NULL },
		{ "a-word-that-is-longer-than-forty-characters-all-in-all", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		is(word_nearest(cases[i].word, known, COUNT(known)), cases[i].near, cases[i].word);
	ok(word_same("api-token", "api_token") && !word_same("api-token", "api-tokens") &&
	           !word_same("Key", "key"),
	   "dash and underscore are the same");
}

static void numbers_have_limits(void)
{
	uint64_t v = 7;

	ok(parse_uint("0", 10, &v) && v == 0, "0");
	ok(parse_uint("10", 10, &v) && v == 10, "10 of 10");
	static const char *const bad[] = { "",    "11",  "-1",
		                           "+1",  " 1",  "1 ",
		                           "0x1", "1.0", "99999999999999999999999" };
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(!parse_uint(bad[i], 10, &v) && v == 10, "not \"%s\"", bad[i]);
	bool b = false;
	ok(parse_bool("yes", &b) && b && parse_bool("off", &b) && !b, "yes and off");
	ok(!parse_bool("Yes", &b) && !parse_bool("1", &b) && !parse_bool("", &b), "nothing else");
}

static void durations_go_both_ways(void)
{
	static const struct {
		const char *text;
		uint32_t s;
	} good[] = { { "90", 90 },       { "90s", 90 },
		     { "20m", 1200 },    { "12h", 43200 },
		     { "21d", 1814400 }, { "2w", 1209600 },
		     { "0", 0 },         { "7101w", 7101u * 604800u } };
	static const char *const bad[] = { "",    "s",   "1x", "1hh",        "1h30m", "-1s",
		                           " 1s", "1 s", "1S", "4294967296", "7102w" };
	static const struct {
		int64_t s;
		const char *text;
	} shown[] = { { 0, "0s" },         { 59, "59s" },
		      { 60, "1m00s" },     { 72, "1m12s" },
		      { 3599, "59m59s" },  { 3600, "1h00m" },
		      { 86400, "24h00m" }, { 172799, "47h59m" },
		      { 172800, "2d" },    { 41 * 86400, "41d" },
		      { -72, "-1m12s" },   { INT64_MIN, "-106751991167300d" } };
	uint32_t s = 5;
	char out[32];

	for (size_t i = 0; i < COUNT(good); i++)
		ok(parse_duration(good[i].text, &s) && s == good[i].s, "%s", good[i].text);
	s = 5;
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(!parse_duration(bad[i], &s) && s == 5, "not \"%s\"", bad[i]);
	for (size_t i = 0; i < COUNT(shown); i++)
		is(show_duration(shown[i].s, out), shown[i].text, "shown");
}

static void times_are_read_strictly(void)
{
	static const struct {
		const char *text;
		int64_t want;
	} rfc3339[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-21T02:40:11Z", 1795228811 },
		{ "2026-11-21t02:40:11z", 1795228811 },
		{ "2026-11-21 02:40:11Z", 1795228811 },
		{ "2026-11-21T02:40:11.123456789Z", 1795228811 },
		{ "2026-11-21T03:40:11+01:00", 1795228811 },
		{ "2026-11-20T21:10:11-05:30", 1795228811 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "2016-12-31T23:59:60Z", 1483228800 },
		{ "2023-02-29T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-00-01T00:00:00Z", -1 },
		{ "2026-01-00T00:00:00Z", -1 },
		{ "2026-01-01T24:00:00Z", -1 },
		{ "2026-01-01T00:60:00Z", -1 },
		{ "2026-01-01T00:00:00", -1 },
		{ "2026-01-01T00:00:00.Z", -1 },
		{ "2026-01-01T00:00:00Zx", -1 },
		{ "2026-01-01T00:00:00+1:00", -1 },
		{ "2026-01-01T00:00:00+24:00", -1 },
		{ "2026-01-01", -1 },
		{ "2026-1-1T00:00:00Z", -1 },
		{ " 2026-01-01T00:00:00Z", -1 },
		{ "", -1 },
	};
	static const struct {
		const char *text;
		int64_t want;
	} http[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Thu, 29 Feb 2024 00:00:00 GMT", 1709164800 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", -1 },
		{ "Sun, 06 Nov 1994 08:49:37", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMTx", -1 },
		{ "Sun, 99 Nov 1994 08:49:37 GMT", -1 },
		{ "Sun, 06 Foo 1994 08:49:37 GMT", -1 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", -1 },
		{ "120", -1 },
		{ "", -1 },
	};
	char out[RFC3339_LEN];

	for (size_t i = 0; i < COUNT(rfc3339); i++)
		ok(clock_parse_rfc3339(rfc3339[i].text) == rfc3339[i].want, "\"%s\"",
		   rfc3339[i].text);
	for (size_t i = 0; i < COUNT(http); i++)
		ok(clock_parse_http(http[i].text) == http[i].want, "\"%s\"", http[i].text);
	is(clock_rfc3339(1795228811, out), "2026-11-21T02:40:11Z", "written");
	is(clock_rfc3339(INT64_MAX, out), "-", "no such year");
}

static void a_test_owns_time_and_chance(void)
{
	uint8_t a[8], b[8];

	clock_random(a, sizeof(a));
	clock_random(b, sizeof(b));
	ok(memcmp(a, b, 8) != 0, "chance differs");
	ok(clock_wall() > 1700000000 && !clock_is_own(), "the real clock");
	clock_own(1000, 7);
	clock_random(a, sizeof(a));
	int64_t before = clock_ms();
	clock_advance(2500);
	ok(clock_ms() == before + 2500 && clock_wall() == 1002, "stands still until moved");
	clock_own(1000, 7);
	clock_random(b, sizeof(b));
	ok(!memcmp(a, b, 8) && memcmp(a, a + 4, 4), "the same seed, the same chance");
}

static void a_buffer_grows_to_its_maximum(void)
{
	struct buf b = { .max = 5 };

	is(buf_text(&b), "", "empty");
	buf_str(&b, "abc");
	buf_char(&b, 'd');
	buf_str(&b, "ef");
	ok(b.bad && b.len == 4, "what does not fit is dropped");
	buf_char(&b, 'e');
	is(buf_text(&b), "abcd", "and everything after it");
	buf_clear(&b);
	buf_printf(&b, "%d", 12345);
	ok(!b.bad, "cleared, the maximum stays");
	is(buf_text(&b), "12345", "printf");
	buf_clear(&b);
	buf_u16(&b, 0x0102);
	buf_u16(&b, 0xfffe);
	ok(b.len == 4 && !memcmp(b.data, "\1\2\xff\xfe", 4), "big endian");
	buf_free(&b);
	struct buf big = { 0 };
	for (uint32_t i = 0; i < 1000; i++)
		buf_u32(&big, i);
	ok(big.len == 4000 && !memcmp(big.data + 3996, "\0\0\3\xe7", 4), "grows");
	scoped(free_p) char *text = buf_take(&big);
	ok(!big.data && !big.len, "taken");
	scoped(free_p) char *none = buf_take(&big);
	is(none, "", "nothing taken is empty");
}

static void an_arena_keeps_all_until_freed(void)
{
	struct arena a = { 0 };
	char *text = arena_printf(&a, "%s-%d", "x", 7);
	char *big = arena_new(&a, 100000);

	for (int i = 0; i < 1000; i++) {
		char *p = arena_new(&a, (size_t)i);
		if ((uintptr_t)p % _Alignof(max_align_t) || (i && p[i - 1])) {
			ok(false, "aligned and zeroed");
			break;
		}
		memset(p, 'z', (size_t)i);
	}
	is(text, "x-7", "still there");
	ok(!big[0] && !big[99999], "large ones too");
	is(arena_copy(&a, "abc", 2), "ab", "copy of a part");
	ok(!arena_str(&a, NULL), "NULL gives NULL");
	arena_free(&a);
	is(arena_str(&a, "again"), "again", "used again");
	arena_free(&a);
}

int main(void)
{
	foreign_text_is_made_safe();
	long_text_is_cut_between_characters();
	utf8_is_known();
	words_are_split_and_joined();
	near_words_are_found();
	numbers_have_limits();
	durations_go_both_ways();
	times_are_read_strictly();
	a_test_owns_time_and_chance();
	a_buffer_grows_to_its_maximum();
	an_arena_keeps_all_until_freed();
	return done();
}
