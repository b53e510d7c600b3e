/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Signature Version 4: the vectors that AWS published, and requests to Route 53 that botocore
 * signs the same way. */
#include "config.h"

#include "provider/host_sign.h"

#include "base/clock.h"
#include "crypto/digest.h"

#include "tap.h"

#include <string.h>

#define STS_TOKEN                                                                                  \
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXm"  \
	"xfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy"  \
	"0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64l"  \
	"IZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
#define FORM "Content-Type: application/x-www-form-urlencoded"
#define CHANGE                                                                                     \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<ChangeResourceRecordSetsRequest "                                                       \
	"xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">"                                \
	"<ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet><Name>"           \
	"_acme-challenge.example.org.</Name><Type>TXT</Type><TTL>60</TTL><ResourceRecords>"        \
	"<ResourceRecord><Value>\"tok-A\"</Value></ResourceRecord></ResourceRecords>"              \
	"</ResourceRecordSet></Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
#define ZONE_URL "https://route53.amazonaws.com/2013-04-01/hostedzone/Z0EXAMPLE1ZONE/rrset"

static const struct vector {
	const char *what, *method, *url, *body, *header, *token, *service;
	const char *canonical; /* SHA-256, or NULL */
	const char *names, *signature;
} vectors[] = {
	{ .what = "get-vanilla",
	  .url = "https://example.amazonaws.com/",
	  .canonical = "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
	  .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ .what = "get-vanilla, no path at all",
	  .url = "https://example.amazonaws.com",
	  .signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ .what = "query-order-key-case",
	  .url = "https://example.amazonaws.com/?Param2=value2&Param1=value1",
	  .signature = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ .what = "post-sts-header-before",
	  .method = "POST",
	  .url = "https://example.amazonaws.com/",
	  .token = STS_TOKEN,
	  .names = "host;x-amz-date;x-amz-security-token",
	  .signature = "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" },
	{ .what = "post-x-www-form-urlencoded",
	  .method = "POST",
	  .url = "https://example.amazonaws.com/",
	  .body = "Param1=value1",
	  .header = FORM,
	  .names = "content-type;host;x-amz-date",
	  .signature = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
	{ .what = "the example of the IAM guide",
	  .url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
	  .header = FORM "; charset=utf-8",
	  .service = "iam",
	  .names = "content-type;host;x-amz-date",
	  .canonical = "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59",
	  .signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7" },
	{ .what = "Route 53: zones by name",
	  .url = "https://route53.amazonaws.com/2013-04-01/hostedzonesbyname?"
		 "maxitems=1&dnsname=example.org.",
	  .service = "route53",
	  .canonical = "46ca54a16fedcd3a81ffc1e6421ea4b293da617491207194d1f9512a0958faba",
	  .signature = "670c3ff59a0df52c5c952b1cb265cca8d77d3726fdb9e531ef14963f234c10be" },
	{ .what = "Route 53: records from a wildcard on",
	  .url = ZONE_URL "?name=%5C052.example.org.&type=TXT&maxitems=1",
	  .service = "route53",
	  .canonical = "b26bf9d5ac693b448996bbf915614299c7a317178c7a0214729c0204613ff3b7",
	  .signature = "2720d83b4c6e18843cb7aa8b54f19ea54d1b8ca5d9c9a0fe41ba4e4d81c26ec2" },
	{ .what = "Route 53: a change with a session token",
	  .method = "POST",
	  .url = ZONE_URL "/",
	  .body = CHANGE,
	  .header = "Content-Type: application/xml",
	  .token = "FwoGZXIvYXdzEXAMPLE/SESSION+TOKEN==",
	  .service = "route53",
	  .names = "content-type;host;x-amz-date;x-amz-security-token",
	  .canonical = "468175ec242b28eeaf41078da3059366490ca42146bfd3fa7810ff044eb04840",
	  .signature = "95c83cef92978d7bef9baf7f16d1542d9869356ff3c8d2f92642446461e07655" },
	{ .what = "Route 53: a server on another port",
	  .url = "http://127.0.0.1:8053/2013-04-01/change/C0EXAMPLE1CHG",
	  .service = "route53",
	  .signature = "e881cbdfa5e2345e918607246a239b730820531b4c762163ce0d9ca3454a2568" },
};

static int64_t moment(const struct vector *v)
{
	bool own = v->service && !strcmp(v->service, "route53");

	return clock_parse_rfc3339(own ? "2026-09-21T10:11:12Z" : "2015-08-30T12:36:00Z");
}

static struct seal_aws_key key_of(const struct vector *v)
{
	return (struct seal_aws_key){
		.id = "AKIDEXAMPLE",
		.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
		.token = v->token,
		.region = "us-east-1",
		.service = v->service ? v->service : "service",
	};
}

static const char *authorization(const struct seal_http *x)
{
	for (const char *const *h = x->headers; h && *h; h++)
		if (!strncmp(*h, "Authorization: ", 15))
			return *h;
	return "";
}

static void a_vector_comes_out(const struct vector *v)
{
	struct arena a = { 0 };
	const char *given[] = { v->header, NULL };
	struct seal_http x = { .method = v->method ? v->method : "GET",
			       .headers = given,
			       .body = v->body };
	struct seal_aws_key key = key_of(v);
	const char *names = v->names ? v->names : "host;x-amz-date";
	struct aws_canonical c = { 0 };

	/* As when a request is repeated: signed before, at another time. */
	ok(aws_sign_at(&a, &x, v->url, &key, moment(v) - 100000), "%s: signed", v->what);
	ok(aws_sign_at(&a, &x, v->url, &key, moment(v)), "%s: signed again", v->what);
	const char *have = authorization(&x);
	is(strstr(have, "Signature=") + 10, v->signature, v->what);
	scoped(free_p) char *part = str_printf("SignedHeaders=%s, ", names);
	ok(strstr(have, part) != NULL, "%s: covers %s", v->what, names);
	const char *headers[8] = { 0 };
	for (size_t i = 0, n = 0; x.headers[i]; i++)
		if (strncmp(x.headers[i], "Authorization:", 14) != 0)
			headers[n++] = x.headers[i];
	ok(aws_canonical(&a, &x, v->url, headers, &c), "%s: has a canonical form", v->what);
	uint8_t sum[32];
	sha256(c.text, strlen(c.text), sum);
	scoped(free_p) char *digits = hex(sum, sizeof(sum));
	if (v->canonical)
		is(digits, v->canonical, "the canonical form is the right one");
	arena_free(&a);
}

static void the_whole_header_reads_so(void)
{
	struct arena a = { 0 };
	struct seal_http x = { .method = "GET" };
	struct seal_aws_key key = key_of(&vectors[0]);

	key.skew_s = -60;
	ok(aws_sign_at(&a, &x, vectors[0].url, &key, moment(&vectors[0]) + 60), "signed");
	is(authorization(&x),
	   "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/"
	   "aws4_request, SignedHeaders=host;x-amz-date, Signature="
	   "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
	   "with our clock a minute ahead of theirs");
	is(x.headers[0], "X-Amz-Date: 20150830T123600Z", "the date is theirs");
	arena_free(&a);
}

static const struct {
	const char *url, *path, *query, *host;
} urls[] = {
	{ "https://h/a%2Ab/c", "/a%252Ab/c", "", "h" },
	{ "https://h//a///b/", "/a/b/", "", "h" },
	{ "https://h/a/../b/./c/..", "/b/", "", "h" },
	{ "https://h/../..", "/", "", "h" },
	{ "https://h/a/.", "/a/", "", "h" },
	{ "https://h/.a/..b", "/.a/..b", "", "h" },
	{ "https://h/a~b-c_d.e f", NULL, NULL, NULL },
	{ "https://h?b&a=/&a=*&a-b=1&&c=%5c%", "/", "a=%2A&a=%2F&a-b=1&b=&c=%5C%25", "h" },
	{ "https://h:443/", "/", "", "h" },
	{ "https://h:80/", "/", "", "h:80" },
	{ "http://h:80/", "/", "", "h" },
	{ "http://[::1]:8080/", "/", "", "[::1]:8080" },
	{ "http://[::1]/x?", "/x", "", "[::1]" },
	{ "/relative", NULL, NULL, NULL },
	{ "ftp://h/", NULL, NULL, NULL },
	{ "https:///x", NULL, NULL, NULL },
	{ "https://u@h/", NULL, NULL, NULL },
	{ "https://h/#f", NULL, NULL, NULL },
};

static void a_url_has_one_canonical_form(void)
{
	struct seal_http x = { .method = "GET" };

	for (size_t i = 0; i < COUNT(urls); i++) {
		struct arena a = { 0 };
		struct aws_canonical c = { 0 };
		bool good = aws_canonical(&a, &x, urls[i].url, NULL, &c);
		if (urls[i].path) {
			scoped(free_p) char *want = str_printf("GET\n%s\n%s\nhost:%s\n\nhost\n",
							       urls[i].path, urls[i].query,
							       urls[i].host);
			if (!ok(good && !strncmp(c.text, want, strlen(want)), "%s: %s?%s",
				urls[i].url, urls[i].path, urls[i].query))
				printf("#  got: %s\n", good ? c.text : "refused");
		} else {
			ok(!good, "%s: cannot be signed", urls[i].url);
		}
		arena_free(&a);
	}
}

static void headers_are_put_in_order(void)
{
	static const char *const headers[] = { "X-B:  two   words ", "x-a:1", "X-A: 2",
					       "Host: other.example", "X-Empty:", NULL };
	struct arena a = { 0 };
	struct seal_http x = { .method = "PUT" };
	struct aws_canonical c = { 0 };

	ok(aws_canonical(&a, &x, "https://h/", headers, &c), "there is a form");
	is(c.signed_headers, "host;x-a;x-b", "each name once, sorted, those without a value not");
	ok(strstr(c.text, "\nhost:other.example\nx-a:1,2\nx-b:two words\n\n") != NULL,
	   "values side by side, blanks squeezed");
	static const char *const bad[] = { "no colon", NULL };
	ok(!aws_canonical(&a, &x, "https://h/", bad, &c), "what is no header cannot be signed");
	arena_free(&a);
}

int main(void)
{
	for (size_t i = 0; i < COUNT(vectors); i++)
		a_vector_comes_out(&vectors[i]);
	the_whole_header_reads_so();
	a_url_has_one_canonical_form();
	headers_are_put_in_order();
	return done();
}
