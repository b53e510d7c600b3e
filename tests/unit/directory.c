/* links: mock_http */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/ca.h"
#include "base/clock.h"
#include "tests/mock_http.h"
#include "tests/tap.h"

#include <stdlib.h>

#define JSON "Content-Type: application/json"
#define NONCE "\"newNonce\":\"https://ca.test/nonce\""
#define ACCOUNT "\"newAccount\":\"https://ca.test/acct\""
#define ORDER "\"newOrder\":\"https://ca.test/order\""
#define GOOD "{" NONCE "," ACCOUNT "," ORDER "}"

static struct scene {
	struct loop *loop;
	struct http *http;
	struct ca ca;
	struct directory_get get;
	struct task waiter;
	bool over;
	unsigned n_lost; /* replies to lose first */
	long status;
	const char *headers, *body;
} s;

static void waiter_run(struct task *t)
{
	(void)t;
	s.over = true;
}

static void answer(void *arg, struct http_call *call)
{
	(void)arg;
	if (s.status < 0)
		return;
	if (s.n_lost) {
		s.n_lost--;
		mock_lose(call, SEAL_EAGAIN, true);
		return;
	}
	mock_reply(call, s.status, s.headers, s.body);
}

static void begin(const char *headers, const char *body)
{
	memset(&s, 0, sizeof(s));
	clock_own(1800000000, 1);
	s.loop = loop_new();
	s.http = http_new(s.loop, NULL);
	mock_http(s.http, answer, NULL);
	ca_init(&s.ca, s.http, "https://ca.test/dir", NULL);
	task_init(&s.waiter, s.loop, waiter_run);
	s.status = 200;
	s.headers = headers;
	s.body = body;
}

static enum seal_status go(void)
{
	s.over = false;
	directory_get_start(&s.get, &s.ca, &s.waiter);
	if (!loop_run(s.loop, &s.over))
		ok(false, "it never ends");
	return s.get.story.st;
}

static void end(void)
{
	directory_get_free(&s.get);
	ca_free(&s.ca);
	http_free(s.http);
	loop_free(s.loop);
}

static void a_rich_directory(void)
{
	begin(JSON "; charset=utf-8\nReplay-Nonce: abc",
	      "{\"zX9_random\":\"https://community.test/t/adding-random-entries/33417\"," NONCE ","
	      ACCOUNT "," ORDER ",\"revokeCert\":\"https://ca.test/revoke\","
	      "\"keyChange\":\"https://ca.test/key\",\"renewalInfo\":\"https://ca.test/ari\","
	      "\"newAuthz\":{\"odd\":[true,null]},\"meta\":{\"termsOfService\":"
	      "\"https://other.test/terms\\u001b.pdf\",\"website\":\"https://other.test\","
	      "\"caaIdentities\":[\"ca.test\",7,\"alt.test\"],\"externalAccountRequired\":true,"
	      "\"profiles\":{\"classic\":\"https://other.test/1\",\"shortlived\":{}},\"more\":1}}");
	ok(!go() && s.ca.has_dir, "is read: %s", s.get.story.text);
	is(s.ca.dir.new_nonce, "https://ca.test/nonce", "newNonce");
	is(s.ca.dir.new_account, "https://ca.test/acct", "newAccount");
	is(s.ca.dir.new_order, "https://ca.test/order", "newOrder");
	is(s.ca.dir.revoke_cert, "https://ca.test/revoke", "revokeCert");
	is(s.ca.dir.key_change, "https://ca.test/key", "keyChange");
	is(s.ca.dir.renewal_info, "https://ca.test/ari", "renewalInfo");
	is(s.ca.dir.terms, "https://other.test/terms\\x1B.pdf", "terms, safe to show");
	ok(s.ca.dir.eab_required && s.ca.dir.caa_identities.n == 2 &&
		   words_has(&s.ca.dir.profiles, "shortlived"),
	   "what else is in meta");
	ok(s.ca.n_nonces == 1 && s.ca.nonces_alive == 1, "a nonce on the side is kept");
	ok(!go() && s.ca.requests == 1, "a second look needs no request");
	end();
}

static void meta_is_never_refused(void)
{
	begin(JSON, "{" NONCE "," ACCOUNT "," ORDER ",\"meta\":{\"termsOfService\":5,"
		    "\"caaIdentities\":\"x\",\"externalAccountRequired\":\"no\",\"profiles\":[]}}");
	ok(!go() && !s.ca.dir.terms && !s.ca.dir.eab_required, "odd types in meta");
	end();
	begin(JSON, "{" NONCE "," ACCOUNT "," ORDER ",\"meta\":7}");
	ok(!go(), "meta of an odd type");
	end();
}

static void directories_that_are_none(void)
{
	static const struct {
		long status;
		const char *headers, *body, *says;
		enum seal_status st;
	} cases[] = {
		{ 200, JSON, "{" NONCE "," ACCOUNT "}", "no newOrder", SEAL_EPROTO },
		{ 200, JSON, "{" ACCOUNT "," ORDER "}", "no newNonce", SEAL_EPROTO },
		{ 200, JSON, "{" NONCE "," ACCOUNT ",\"newOrder\":\"/order\"}", "newOrder",
		  SEAL_EPROTO },
		{ 200, JSON, "{" NONCE "," ACCOUNT ",\"newOrder\":\"http://ca.test/order\"}",
		  "newOrder", SEAL_EPROTO },
		{ 200, JSON, "{" NONCE "," ACCOUNT ",\"newOrder\":\"https://evil.test/order\"}",
		  "https://evil.test/order, which is not at", SEAL_EPROTO },
		{ 200, JSON,
		  "{" NONCE "," ACCOUNT "," ORDER ",\"keyChange\":\"https://ca.test:1/\"}",
		  "keyChange", SEAL_EPROTO },
		{ 200, JSON, "{" NONCE "," ACCOUNT "," ORDER ",\"revokeCert\":[]}", "revokeCert",
		  SEAL_EPROTO },
		{ 200, JSON, "", "empty", SEAL_EPROTO },
		{ 200, JSON, "[]", "no JSON object", SEAL_EPROTO },
		{ 200, JSON, GOOD "x", "no good JSON", SEAL_EPROTO },
		{ 200, "Content-Type: text/html", "<html>", "200 text/html", SEAL_EPROTO },
		{ 403, "Content-Type: text/html", "<html>", "403 text/html", SEAL_EPROTO },
		{ 404, NULL, NULL, "404", SEAL_ENOTFOUND },
		{ 301, "Location: https://ca.test/directory", NULL, "redirects", SEAL_EPROTO },
		{ 503, "Retry-After: 120", NULL, "503", SEAL_ELIMIT },
		{ 500, NULL, NULL, "500", SEAL_EAGAIN },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin(cases[i].headers, cases[i].body);
		s.status = cases[i].status;
		ok(go() == cases[i].st && strstr(s.get.story.text, cases[i].says) &&
			   !s.ca.has_dir && !s.ca.dir.new_nonce,
		   "%s", s.get.story.text);
		end();
	}
}

static void it_is_tried_three_times(void)
{
	for (unsigned lost = 1; lost <= 3; lost++) {
		begin(JSON, GOOD);
		s.n_lost = lost;
		int64_t began = clock_ms();
		ok(go() == (lost < 3 ? SEAL_OK : SEAL_EAGAIN), "%u lost replies", lost);
		ok(s.ca.requests == (lost < 3 ? lost + 1 : 3), "%u requests, %d ms", s.ca.requests,
		   (int)(clock_ms() - began));
		end();
	}
}

static void it_can_be_canceled(void)
{
	begin(JSON, GOOD);
	s.status = -1;
	directory_get_start(&s.get, &s.ca, &s.waiter);
	ok(!loop_run(s.loop, &s.over), "a CA that never answers");
	directory_get_cancel(&s.get);
	ok(loop_run(s.loop, &s.over) && s.get.story.st == SEAL_ECANCELED, "is given up");
	directory_get_cancel(&s.get);
	end();
}

int main(void)
{
	a_rich_directory();
	meta_is_never_refused();
	directories_that_are_none();
	it_is_tried_three_times();
	it_can_be_canceled();
	return done();
}
