/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * The parts of HTTP that need no server: which URLs we would ask, how a Retry-After is read. */
#include "config.h"

#include "net/http.h"

#include "base/clock.h"
#include "tap.h"

static void urls_are_https_and_plain(void)
{
	static const struct {
		const char *url;
		bool good;
	} urls[] = {
		{ "https://example.org", true },
		{ "https://example.org:14000/dir?x=@&y=%20", true },
		{ "https://[2001:db8::1]:443/@", true },
		{ "HTTPS://EXAMPLE.org/", true },
		{ "http://example.org/", false },
		{ "ftp://example.org/", false },
		{ "file:///etc/passwd", false },
		{ "example.org", false },
		{ "https://", false },
		{ "https:///x", false },
		{ "https://user@example.org/", false },
		{ "https://user:x@example.org/", false },
		{ "https://example.org\\@evil.example/", false },
		{ "https://example.org/#x", false },
		{ "https://example.org/a b", false },
		{ "https://example.org/\r\nX: y", false },
		{ "https://example.org/\xc3\xa4", false },
		{ "https://example.org:0/", false },
		{ "https://example.org:65536/", false },
		{ "https://example.org:/", false },
		{ "https://example.org:44x/", false },
		{ "https://exa%6dple.org/", false },
		{ "https://[::1/", false },
		{ "https://[example.org]/", false },
		{ "", false },
	};
	char url[HTTP_URL_MAX + 2] = "https://example.org/";

	for (size_t i = 0; i < COUNT(urls); i++)
		ok(http_url_ok(urls[i].url) == urls[i].good, "%s: %s",
		   urls[i].good ? "taken" : "refused", clean(urls[i].url));
	memset(url + strlen(url), 'x', sizeof(url) - 1 - strlen(url));
	ok(!http_url_ok(url) && !http_url_ok(NULL), "too long, none");
	url[HTTP_URL_MAX] = '\0';
	ok(http_url_ok(url), "%d octets are not too long", HTTP_URL_MAX);
}

static void this_host_and_link_are_known_by_number(void)
{
	static const struct {
		const char *url;
		bool good;
	} urls[] = {
		{ "http://127.0.0.1/", true },
		{ "http://127.255.0.9:8080/x?y", true },
		{ "http://169.254.169.254/latest/api/token", true },
		{ "http://169.254.170.2", true },
		{ "http://[::1]:80/", true },
		{ "http://[fe80::1]/", true },
		{ "http://[febf::1]/", true },
		{ "http://[fd00:ec2::254]/", true },
		{ "https://127.0.0.1/", false }, /* http_url_ok() takes it */
		{ "http://localhost/", false },
		{ "http://128.0.0.1/", false },
		{ "http://169.253.0.1/", false },
		{ "http://10.0.0.1/", false },
		{ "http://127.1/", false },
		{ "http://0x7f.0.0.1/", false },
		{ "http://2130706433/", false },
		{ "http://0.0.0.0/", false },
		{ "http://127.0.0.1.example.org/", false },
		{ "http://x@127.0.0.1/", false },
		{ "http://127.0.0.1@example.org/", false },
		{ "http://127.0.0.1/#x", false },
		{ "http://[::]/", false },
		{ "http://[::2]/", false },
		{ "http://[::ffff:127.0.0.1]/", false },
		{ "http://[fec0::1]/", false },
		{ "http://[fd00:ec3::1]/", false },
		{ "http://::1/", false },
		{ "ftp://127.0.0.1/", false },
		{ "", false },
	};

	for (size_t i = 0; i < COUNT(urls); i++) {
		ok(http_url_local(urls[i].url) == urls[i].good, "%s: %s",
		   urls[i].good ? "local" : "not local", urls[i].url);
		ok(!urls[i].good || !http_url_ok(urls[i].url), "and never taken unasked");
	}
	ok(!http_url_local(NULL), "none");
}

static void retry_after_is_bounded(void)
{
	static const struct {
		const char *value;
		int64_t s;
	} forms[] = {
		{ "0", 0 },
		{ "7", 7 },
		{ "10000001", 10000000 },
		{ "1000000000000", 10000000 },
		{ "99999999999999999999", 10000000 },
		{ "-5", -1 },
		{ "5 s", -1 },
		{ "", -1 },
		{ "soon", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 },
		{ "Sun, 06 Nov 2094 08:49:37 GMT", 10000000 },
	};
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct http_call c = { 0 };
		scoped(free_p) char *header = str_printf("retry-after: %s", forms[i].value);
		words_add(&c.reply_headers, header);
		ok(http_retry_after(&c) == forms[i].s, "\"%s\": %d", forms[i].value,
		   (int)http_retry_after(&c));
		http_call_free(&c);
	}
}

static void content_type_is_bare(void)
{
	static const struct {
		const char *header, *want;
	} cases[] = {
		{ "content-type: application/problem+json; charset=utf-8",
		  "application/problem+json" },
		{ "content-type: Application/JSON", "application/json" },
		{ "content-type: ", "" },
		{ "content-types: text/html", "" },
	};
	struct http_call c = { 0 };
	char got[80], longest[200] = "content-type: ";

	for (size_t i = 0; i < COUNT(cases); i++) {
		words_add(&c.reply_headers, cases[i].header);
		is(http_content_type(&c, got), cases[i].want, cases[i].header);
		http_call_free(&c);
	}
	memset(longest + 14, 'x', 150);
	words_add(&c.reply_headers, longest);
	ok(strlen(http_content_type(&c, got)) == 79, "a long one is cut");
	http_call_free(&c);
}

int main(void)
{
	clock_own(784111777, 1); /* Sun, 06 Nov 1994 08:49:37 GMT */
	urls_are_https_and_plain();
	this_host_and_link_are_known_by_number();
	retry_after_is_bounded();
	content_type_is_bare();
	return done();
}
