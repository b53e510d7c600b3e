/* links: mock_http mock_ca */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/account.h"
#include "base/clock.h"
#include "tests/mock_ca.h"
#include "tests/tap.h"

#include <stdlib.h>

#define JSON "Content-Type: application/json\n"
#define PROBLEM "Content-Type: application/problem+json"
#define KID "Location: https://ca.test/acct/1"
#define URN "urn:ietf:params:acme:error:"
#define UNKNOWN "{\"type\":\"" URN "accountDoesNotExist\",\"status\":400}"
#define NO_BINDING "{\"type\":\"" URN "externalAccountRequired\"}"

struct reply {
	long status;
	const char *headers, *body;
};
static struct scene {
	struct loop *loop;
	struct http *http;
	struct ca ca;
	struct mock_ca door;
	struct account_get get;
	struct task waiter;
	bool over;
	struct reply replies[3]; /* to newAccount, one after the other */
	size_t n;
	char *said[3]; /* payloads */
	bool with_kid;
} s;

static void waiter_run(struct task *t)
{
	(void)t;
	s.over = true;
}

static void answer(void *arg, struct http_call *call)
{
	struct visit v;

	(void)arg;
	mock_ca_nonce(&s.door, call);
	if (!strcmp(call->method, "HEAD")) {
		mock_reply(call, 200, NULL, NULL);
		return;
	}
	const char *wrong = mock_ca_open(&s.door, call, &v);
	ok(!wrong && v.nonce_good, "well-formed: %s", v.payload ? v.payload : "");
	s.with_kid = s.with_kid || v.kid;
	const struct reply *r = &s.replies[s.n];
	s.said[s.n++] = take(v.payload);
	visit_free(&v);
	mock_reply(call, r->status, r->headers, r->body);
}

static void begin(void)
{
	struct story story = { 0 };

	memset(&s, 0, sizeof(s));
	clock_own(1800000000, 1);
	s.loop = loop_new();
	s.http = http_new(s.loop, NULL);
	mock_http(s.http, answer, NULL);
	ca_init(&s.ca, s.http, "https://ca.test/dir", NULL);
	s.ca.dir.new_nonce = str_copy("https://ca.test/nonce");
	s.ca.dir.new_account = str_copy("https://ca.test/new");
	s.ca.has_dir = true;
	if (key_new(KEY_ECDSA_P256, &s.ca.key, &story))
		ok(false, "%s", story.text);
	task_init(&s.waiter, s.loop, waiter_run);
	s.get.ca = &s.ca;
}

static enum seal_status go(void)
{
	account_get_start(&s.get, &s.waiter);
	if (!loop_run(s.loop, &s.over))
		ok(false, "it never ends");
	return s.get.story.st;
}

static void end(void)
{
	ok(!s.with_kid, "the key itself is in each request");
	account_get_free(&s.get);
	ca_free(&s.ca);
	http_free(s.http);
	loop_free(s.loop);
	mock_ca_free(&s.door);
	for (size_t i = 0; i < COUNT(s.said); i++)
		free(s.said[i]);
}

static void an_account_that_exists_is_found(void)
{
	begin();
	s.ca.dir.terms = str_copy("https://ca.test/terms");
	s.replies[0] = (struct reply){ 200, JSON KID, "{\"status\":\"valid\"}" };
	ok(!go() && !s.get.created && s.n == 1, "one request");
	is(s.ca.kid, "https://ca.test/acct/1", "kid");
	is(s.said[0], "{\"onlyReturnExisting\":true}", "it only asks");
	end();
}

static void one_that_does_not_is_made(void)
{
	begin();
	s.get.agreed = true;
	s.get.email = "a@example.org";
	s.ca.dir.terms = str_copy("https://ca.test/terms");
	s.replies[0] = (struct reply){ 400, PROBLEM, UNKNOWN };
	s.replies[1] = (struct reply){ 201, KID, NULL };
	ok(!go() && s.get.created && s.n == 2, "an empty body will do");
	is(s.said[1], "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:a@example.org\"]}",
	   "terms and contact");
	is(s.ca.kid, "https://ca.test/acct/1", "kid");
	end();

	begin();
	s.get.skip_find = true;
	s.replies[0] = (struct reply){ 200, JSON KID, "{\"status\":\"valid\"}" };
	ok(!go() && !s.get.created && s.n == 1, "a new key is not looked up; 200 is not created");
	is(s.said[0], "{}", "no terms, nothing to agree to");
	end();
}

static void looking_makes_nothing(void)
{
	begin();
	s.get.look_only = true;
	s.replies[0] = (struct reply){ 400, PROBLEM, UNKNOWN };
	ok(go() == SEAL_ENOTFOUND && s.n == 1 && !s.ca.kid, "%s", s.get.story.text);
	end();
	begin();
	s.get.look_only = s.get.skip_find = true;
	ok(go() == SEAL_ENOTFOUND && !s.n, "%s", s.get.story.text);
	end();
}

static void what_only_a_person_can_do(void)
{
	begin();
	s.ca.dir.terms = str_copy("https://ca.test/terms");
	s.replies[0] = (struct reply){ 400, PROBLEM, UNKNOWN };
	ok(go() == SEAL_EOPERATOR && s.n == 1, "%s", s.get.story.text);
	ok(strstr(s.get.story.text, "https://ca.test/terms") &&
		   strstr(s.get.story.hint, "--agree-tos") && strstr(s.get.story.hint, "`agreed`"),
	   "%s", s.get.story.hint);
	end();

	begin();
	s.ca.dir.eab_required = true;
	s.replies[0] = (struct reply){ 403, PROBLEM, NO_BINDING };
	ok(go() == SEAL_EOPERATOR && s.n == 1 && strstr(s.get.story.hint, "`eab`"), "%s",
	   s.get.story.text);
	end();

	begin(); /* the directory did not say so */
	s.replies[0] = (struct reply){ 400, PROBLEM, UNKNOWN };
	s.replies[1] = (struct reply){ 403, PROBLEM, NO_BINDING };
	ok(go() == SEAL_EOPERATOR && s.n == 2 && strstr(s.get.story.hint, "`eab`"), "%s",
	   s.get.story.text);
	end();
}

static void a_binding_is_signed_with_the_given_key(void)
{
	begin();
	s.ca.dir.eab_required = true;
	s.get.skip_find = true;
	s.get.eab_kid = "kid-1";
	s.get.eab_hmac = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";
	s.replies[0] = (struct reply){ 201, JSON KID, "{\"status\":\"valid\"}" };
	ok(!go() && s.get.created, "with EAB");
	ok(strstr(s.said[0], "\"externalAccountBinding\":{\"protected\":"), "is in the request");
	end();

	begin();
	s.get.skip_find = true;
	s.get.eab_kid = "kid-1";
	s.get.eab_hmac = "?!";
	ok(go() && !s.n, "a MAC key that is none: %s", s.get.story.text);
	end();
}

static void odd_answers(void)
{
	static const struct {
		struct reply reply;
		enum seal_status st;
	} cases[] = {
		{ { 200, JSON, "{\"status\":\"valid\"}" }, SEAL_EPROTO },
		{ { 200, JSON "Location: https://evil.test/1", "{}" }, SEAL_EPROTO },
		{ { 200, JSON KID, "{\"status\":\"deactivated\"}" }, SEAL_EOPERATOR },
		{ { 403, PROBLEM, "{\"type\":\"" URN "unauthorized\",\"detail\":\"deactivated\"}" },
		  SEAL_EINVAL },
		{ { 403, PROBLEM, "{\"type\":\"" URN "userActionRequired\",\"instance\":"
				  "\"https://ca.test/terms/2\"}" }, SEAL_EOPERATOR },
		{ { 429, PROBLEM "\nRetry-After: 600", "{\"type\":\"" URN "rateLimited\"}" },
		  SEAL_ELIMIT },
		{ { 403, "Content-Type: text/html", "<html>" }, SEAL_EPROTO },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		s.replies[0] = cases[i].reply;
		ok(go() == cases[i].st && !s.ca.kid && s.n == 1, "%s", s.get.story.text);
		end();
	}
}

static void an_account_object(void)
{
	scoped(json_put_p) struct json_object *json = NULL;
	static const char text[] = "{\"status\":\"valid\",\"contact\":[\"mailto:a@example.org\"],"
				   "\"orders\":\"https://ca.test/o\",\"termsOfServiceAgreed\":true,"
				   "\"key\":{},\"createdAt\":\"x\"}";
	struct story story = { 0 };
	struct account_res a;

	ok(!json_read(text, strlen(text), "test", &json, &story) &&
		   !account_read(&a, json, &story) && a.status == ACCOUNT_VALID &&
		   a.contact.n == 1 && a.terms_agreed && a.orders, "is read");
	account_res_free(&a);
	ok(account_read(&a, NULL, &story) == SEAL_EPROTO, "%s", story.text);
	account_res_free(NULL);
}

int main(void)
{
	an_account_that_exists_is_found();
	one_that_does_not_is_made();
	looking_makes_nothing();
	what_only_a_person_can_do();
	a_binding_is_signed_with_the_given_key();
	odd_answers();
	an_account_object();
	return done();
}
