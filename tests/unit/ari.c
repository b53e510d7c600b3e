/* links: mock_http */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/ari.h"
#include "base/clock.h"
#include "tests/mock_http.h"
#include "tests/tap.h"

#include <stdlib.h>

#define JSON "Content-Type: application/json"
#define KEY_ID "69885b6b87464041e1b37b847ba0ae2cde01c8d4"
#define CERT_ID "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
#define START "2027-01-20T00:00:00Z"
#define END "2027-01-22T00:00:00Z"
#define WINDOW "\"suggestedWindow\":{\"start\":\"" START "\",\"end\":\"" END "\"}"

/* -- the name of a certificate -------------------------------------------------------------- */

static const char rfc9773[] = /* appendix A */
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt\n"
	"cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS\n"
	"BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu\n"
	"7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf\n"
	"qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B\n"
	"yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb\n"
	"+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK\n"
	"-----END CERTIFICATE-----\n";

static void the_example_of_the_rfc(void)
{
	struct chain chain = { 0 };
	struct story story = { 0 };

	ok(!chain_read(rfc9773, strlen(rfc9773), &chain, &story), "is read: %s", story.text);
	scoped(free_p) char *id = chain.n ? ari_cert_id(&chain.at[0]) : NULL;
	is(id, CERT_ID, "its name is that of the RFC");
	chain_free(&chain);
}

static void names_by_hand(void)
{
	static const struct {
		const char *aki, *serial, *id, *what;
	} cases[] = {
		{ KEY_ID, "0087654321", CERT_ID, "a serial with 00" },
		{ KEY_ID, "7f", "aYhba4dGQEHhs3uEe6CuLN4ByNQ.fw", "7f" },
		{ KEY_ID, "0080", "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIA", "80" },
		{ KEY_ID, "01", "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AQ", "01" },
		{ "", "01", NULL, "no key identifier: none" },
		{ KEY_ID, "", NULL, "no serial: none" },
		{ KEY_ID, "0g", NULL, "no digits: none" },
		{ NULL, NULL, NULL, "nothing at all: none" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(free_p) char *aki = str_copy(cases[i].aki);
		scoped(free_p) char *serial = str_copy(cases[i].serial);
		struct cert_info c = { .aki = aki, .serial = serial };
		scoped(free_p) char *id = ari_cert_id(&c);
		is(id, cases[i].id, cases[i].what);
	}
}

/* -- asking --------------------------------------------------------------------------------- */

static struct scene {
	struct loop *loop;
	struct http *http;
	struct ca ca;
	struct ari_get get;
	struct task waiter;
	bool over;
	long status; /* 0: no connection; -1: hangs */
	const char *headers, *body;
	char asked[200];
	unsigned n_asked;
} s;

static void waiter_run(struct task *t)
{
	(void)t;
	s.over = true;
}

static void answer(void *arg, struct http_call *call)
{
	(void)arg;
	str_put(s.asked, "%s %s", call->method, call->url);
	s.n_asked++;
	if (s.status > 0)
		mock_reply(call, s.status, s.headers, s.body);
	else if (!s.status)
		mock_lose(call, SEAL_EAGAIN, false);
}

static void begin(long status, const char *headers, const char *body)
{
	memset(&s, 0, sizeof(s));
	clock_own(1800000000, 1);
	s.loop = loop_new();
	s.http = http_new(s.loop, NULL);
	mock_http(s.http, answer, NULL);
	ca_init(&s.ca, s.http, "https://ca.test/dir", NULL);
	s.ca.dir.renewal_info = str_copy("https://ca.test/ari");
	task_init(&s.waiter, s.loop, waiter_run);
	s.status = status;
	s.headers = headers;
	s.body = body;
	s.get.ca = &s.ca;
	s.get.cert_id = CERT_ID;
}

static enum seal_status go(void)
{
	s.over = false;
	ari_get_start(&s.get, &s.waiter);
	if (!loop_run(s.loop, &s.over))
		ok(false, "it never ends");
	return s.get.story.st;
}

static void end(void)
{
	ari_get_free(&s.get);
	ca_free(&s.ca);
	http_free(s.http);
	loop_free(s.loop);
}

static void a_window(void)
{
	begin(200, JSON "\nRetry-After: 21600",
	      "{" WINDOW ",\"explanationURL\":\"https://ca.test/why\\u001b[1m\"}");
	ok(!go(), "is read: %s", s.get.story.text);
	is(s.asked, "GET https://ca.test/ari/" CERT_ID, "by a plain GET, one slash between");
	ok(s.get.start == clock_parse_rfc3339(START) && s.get.end == clock_parse_rfc3339(END),
	   "start and end");
	ok(s.get.retry_s == 21600, "when to ask again");
	is(s.get.explanation, "https://ca.test/why\\x1B[1m", "explanation, safe to show");
	ok(!go() && s.n_asked == 2, "the same may be asked again");
	end();

	begin(200, JSON, "{" WINDOW "}");
	free(s.ca.dir.renewal_info);
	s.ca.dir.renewal_info = str_copy("https://ca.test/ari/");
	ok(!go() && s.get.retry_s == 21600 && !s.get.explanation,
	   "six hours when the CA does not say; no explanation");
	is(s.asked, "GET https://ca.test/ari/" CERT_ID, "one slash where the CA ends with one");
	end();
}

static void other_forms_of_time(void)
{
	begin(200, JSON,
	      "{\"suggestedWindow\":{\"start\":\"2027-01-20T01:00:00.938Z\","
	      "\"end\":\"2027-01-20T03:00:00.5+01:00\"}}");
	ok(!go() && s.get.start == clock_parse_rfc3339("2027-01-20T01:00:00Z") &&
		   s.get.end == s.get.start + 3600,
	   "fractions of seconds and offsets: %s", s.get.story.text);
	end();
}

static void retry_after_is_kept_in_bounds(void)
{
	static const struct {
		const char *headers;
		int64_t retry_s;
	} cases[] = { { JSON "\nRetry-After: 1", 60 },
		      { JSON "\nRetry-After: 0", 60 },
		      { JSON "\nRetry-After: 604800", 86400 },
		      { JSON "\nRetry-After: 7200", 7200 },
		      { JSON "\nRetry-After: soon", 21600 } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin(200, cases[i].headers, "{" WINDOW "}");
		ok(!go() && s.get.retry_s == cases[i].retry_s, "%s: %d s",
		   strstr(cases[i].headers, "Retry"), (int)s.get.retry_s);
		end();
	}
}

static void no_answer(void)
{
	static const struct {
		long status;
		const char *headers, *body;
		enum seal_status st;
		const char *what;
	} cases[] = {
		{ 0, JSON, "", SEAL_EAGAIN, "no connection" },
		{ 404, JSON, "{\"type\":\"x\",\"detail\":\"y\"}", SEAL_ENOTFOUND, "404" },
		{ 404, "Content-Type: text/html", "<p>", SEAL_ENOTFOUND, "404 in HTML" },
		{ 400, JSON, "{\"type\":\"urn:ietf:params:acme:error:malformed\"}", SEAL_ENOTFOUND,
		  "400: it does not know this certificate either" },
		{ 401, JSON, "{\"type\":\"urn:ietf:params:acme:error:unauthorized\"}", SEAL_EINVAL,
		  "401" },
		{ 500, JSON, "{\"type\":\"urn:ietf:params:acme:error:serverInternal\"}",
		  SEAL_EAGAIN, "500" },
		{ 503, JSON "\nRetry-After: 300", "", SEAL_ELIMIT, "503 with Retry-After" },
		{ 429, JSON "\nRetry-After: 300",
		  "{\"type\":\"urn:ietf:params:acme:error:"
		  "rateLimited\"}",
		  SEAL_ELIMIT, "429" },
		{ 200, "Content-Type: text/html", "<p>", SEAL_EPROTO, "HTML" },
		{ 200, JSON, "", SEAL_EPROTO, "nothing" },
		{ 200, JSON, "[]", SEAL_EPROTO, "a list" },
		{ 200, JSON, "{}", SEAL_EPROTO, "no window" },
		{ 200, JSON,
		  "{\"suggestedWindow\":{\"start\":\"" START "\",\"end\":\"" START "\"}}",
		  SEAL_EPROTO, "an empty window" },
		{ 200, JSON, "{\"suggestedWindow\":{\"start\":\"" END "\",\"end\":\"" START "\"}}",
		  SEAL_EPROTO, "a window that ends before it starts" },
		{ 200, JSON, "{\"suggestedWindow\":{\"start\":\"now\",\"end\":\"" END "\"}}",
		  SEAL_EPROTO, "no time" },
		{ 200, JSON, "{\"suggestedWindow\":{\"start\":5,\"end\":6}}", SEAL_EPROTO,
		  "numbers" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin(cases[i].status, cases[i].headers, cases[i].body);
		enum seal_status st = go();
		ok(st == cases[i].st && !s.get.end && s.n_asked == 1, "%s, asked once: %s (%s)",
		   cases[i].what, status_name(st), s.get.story.text);
		if (strstr(cases[i].headers, "300"))
			ok(s.get.story.retry_at == clock_wall() + 300, "with the moment");
		end();
	}
}

static void not_to_be_asked(void)
{
	begin(200, JSON, "{" WINDOW "}");
	free(take(s.ca.dir.renewal_info));
	ok(go() == SEAL_EUNSUPPORTED && !s.n_asked, "a CA without renewalInfo");
	end();
	begin(200, JSON, "{" WINDOW "}");
	s.get.cert_id = NULL;
	ok(go() == SEAL_EUNSUPPORTED && !s.n_asked, "a certificate without an identifier");
	end();
	begin(-1, JSON, "");
	ari_get_start(&s.get, &s.waiter);
	loop_run(s.loop, &s.over);
	ari_get_cancel(&s.get);
	ari_get_cancel(&s.get);
	ok(loop_run(s.loop, &s.over) && s.get.story.st == SEAL_ECANCELED, "canceled");
	end();
	ari_get_free(NULL);
}

int main(void)
{
	the_example_of_the_rfc();
	names_by_hand();
	a_window();
	other_forms_of_time();
	retry_after_is_kept_in_bounds();
	no_answer();
	not_to_be_asked();
	return done();
}
