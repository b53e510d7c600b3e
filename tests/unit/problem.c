/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/problem.h"
#include "base/buf.h"
#include "base/text.h"
#include "tests/tap.h"

#include <stdlib.h>

/* What a problem document in text becomes. */
static enum seal_status judge(const char *text, long http_status, int64_t retry_at,
			      struct problem *p, struct story *s)
{
	scoped(json_put_p) struct json_object *json = NULL;

	*s = (struct story){ 0 };
	if (json_read(text, strlen(text), "test", &json, s))
		return s->st;
	problem_read(p, json);
	s->retry_at = retry_at;
	return problem_fail(p, http_status, s);
}

#define URN "urn:ietf:params:acme:error:"

static void each_type_has_its_class(void)
{
	static const struct {
		const char *type;
		long status;
		enum problem_type want;
		enum seal_status st;
	} cases[] = {
		{ URN "badNonce", 400, PROBLEM_BAD_NONCE, SEAL_EAGAIN },
		{ URN "rateLimited", 429, PROBLEM_RATE_LIMITED, SEAL_ELIMIT },
		{ URN "caa", 403, PROBLEM_CAA, SEAL_EOPERATOR },
		{ URN "userActionRequired", 403, PROBLEM_USER_ACTION, SEAL_EOPERATOR },
		{ URN "externalAccountRequired", 403, PROBLEM_EAB_REQUIRED, SEAL_EOPERATOR },
		{ URN "accountDoesNotExist", 400, PROBLEM_NO_ACCOUNT, SEAL_EOPERATOR },
		{ URN "accountDoesNotExist", 404, PROBLEM_NO_ACCOUNT, SEAL_EOPERATOR },
		{ URN "unauthorized", 403, PROBLEM_UNAUTHORIZED, SEAL_EINVAL },
		{ URN "malformed", 400, PROBLEM_MALFORMED, SEAL_EINVAL },
		{ URN "malformed", 404, PROBLEM_MALFORMED, SEAL_ENOTFOUND },
		{ URN "rejectedIdentifier", 400, PROBLEM_REJECTED_IDENTIFIER, SEAL_EINVAL },
		{ URN "badCSR", 400, PROBLEM_BAD_CSR, SEAL_EINVAL },
		{ URN "invalidProfile", 400, PROBLEM_INVALID_PROFILE, SEAL_EINVAL },
		{ URN "orderNotReady", 403, PROBLEM_ORDER_NOT_READY, SEAL_EAGAIN },
		{ URN "serverInternal", 500, PROBLEM_SERVER_INTERNAL, SEAL_EAGAIN },
		{ URN "connection", 400, PROBLEM_CONNECTION, SEAL_EAGAIN },
		{ URN "dns", 400, PROBLEM_DNS, SEAL_EAGAIN },
		{ URN "incorrectResponse", 400, PROBLEM_INCORRECT_RESPONSE, SEAL_EAGAIN },
		{ URN "tls", 400, PROBLEM_TLS, SEAL_EAGAIN },
		{ "urn:acme:error:badNonce", 400, PROBLEM_BAD_NONCE, SEAL_EAGAIN },
		{ "about:blank", 502, PROBLEM_OTHER, SEAL_EAGAIN },
		{ URN "somethingNew", 400, PROBLEM_OTHER, SEAL_EINVAL },
		{ URN "somethingNew", 429, PROBLEM_OTHER, SEAL_ELIMIT },
		{ "https://ca.test/badNonce", 400, PROBLEM_OTHER, SEAL_EINVAL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(free_p) char *text = str_printf("{\"type\":\"%s\"}", cases[i].type);
		struct problem p;
		struct story s;
		enum seal_status st = judge(text, cases[i].status, 0, &p, &s);
		ok(p.type == cases[i].want && st == cases[i].st, "%s %ld is %s", cases[i].type,
		   cases[i].status, status_name(cases[i].st));
		problem_free(&p);
	}
}

static void the_sentence_names_every_name_at_fault(void)
{
	struct problem p;
	struct story s;

	judge("{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"Policy\",\"status\":400,"
	      "\"subproblems\":[{\"type\":\"" URN "rejectedIdentifier\",\"detail\":\"blocked\","
	      "\"identifier\":{\"type\":\"dns\",\"value\":\"example.org\"}},"
	      "{\"type\":\"" URN "caa\"},{\"identifier\":7}]}",
	      400, 0, &p, &s);
	is(s.text,
	   "rejectedIdentifier: Policy; example.org: rejectedIdentifier: blocked; caa; problem",
	   "subproblems are listed");
	ok(strstr(s.hint, "another CA"), "and there is advice");
	is(s.problem, "rejectedIdentifier", "the type is kept for programs");
	struct story copy;
	story_copy(&copy, &s);
	story_prefix(&copy, "order 1: ");
	is(copy.problem, "rejectedIdentifier", "also in a copy with words before it");
	story_fail(&copy, SEAL_EAGAIN, "something else");
	is(copy.problem, "", "and is gone with the next failure");
	problem_free(&p);
}

static void many_subproblems_are_counted_not_listed(void)
{
	struct buf text = { 0 };
	struct problem p;
	struct story s;

	buf_str(&text, "{\"type\":\"x\",\"subproblems\":[");
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "%s{\"type\":\"y\"}", i ? "," : "");
	buf_str(&text, "]}");
	judge(buf_text(&text), 400, 0, &p, &s);
	ok(strstr(p.detail, "; and 4990 more"), "5000 subproblems: %zu octets", strlen(p.detail));
	problem_free(&p);
	buf_free(&text);
}

static void nothing_of_a_terminal_gets_through(void)
{
	struct problem p;
	struct story s;

	judge("{\"type\":\"a\\u001b[2J\",\"detail\":\"x\\u001b]52;c;\\r\\nlog line\\u202e\","
	      "\"instance\":\"i\\u0007\",\"algorithms\":[\"E\\u001b\",5]}",
	      400, 0, &p, &s);
	const char *all[] = { p.name, p.detail, p.instance, p.algorithms, s.text, s.hint };
	bool good = true;
	for (size_t i = 0; i < COUNT(all); i++)
		for (const char *at = all[i]; *at; at++)
			good = good && *at >= 0x20 && *at != 0x7f;
	ok(good, "no control characters: %s", s.text);
	ok(!strstr(s.text, "\xe2\x80\xae"), "no change of direction");
	problem_free(&p);
}

static void limits_know_their_end(void)
{
	static const char paused[] = "{\"type\":\"" URN "rateLimited\",\"detail\":\"Paused. "
				     "Please visit: https://ca.test/unpause?jwt=x\"}";
	struct problem p;
	struct story s;

	ok(judge(paused, 429, 0, &p, &s) == SEAL_EOPERATOR,
	   "a link and no end: a person has to go there");
	problem_free(&p);
	ok(judge(paused, 429, 1234, &p, &s) == SEAL_ELIMIT && s.retry_at == 1234,
	   "with Retry-After it is a limit like any other");
	problem_free(&p);
}

static void a_status_of_its_own_counts_more_than_the_line(void)
{
	struct problem p;
	struct story s;

	ok(judge("{\"detail\":\"gone\",\"status\":404}", 400, 0, &p, &s) == SEAL_ENOTFOUND,
	   "status of the document");
	problem_free(&p);
	problem_read(&p, NULL);
	ok(p.type == PROBLEM_NONE && problem_fail(&p, 502, &s) == SEAL_EAGAIN,
	   "no document: %s", s.text);
	problem_free(&p);
}

static void algorithms_and_pages_become_advice(void)
{
	struct problem p;
	struct story s;

	judge("{\"type\":\"" URN "badSignatureAlgorithm\","
	      "\"algorithms\":[\"ES256\",\"RS256\"]}", 400, 0, &p, &s);
	ok(strstr(s.hint, "ES256 RS256"), "%s", s.hint);
	problem_free(&p);
	judge("{\"type\":\"" URN "userActionRequired\","
	      "\"instance\":\"https://ca.test/terms/2\"}", 403, 0, &p, &s);
	ok(strstr(s.hint, "https://ca.test/terms/2"), "%s", s.hint);
	problem_free(&p);
}

int main(void)
{
	each_type_has_its_class();
	the_sentence_names_every_name_at_fault();
	many_subproblems_are_counted_not_listed();
	nothing_of_a_terminal_gets_through();
	limits_know_their_end();
	a_status_of_its_own_counts_more_than_the_line();
	algorithms_and_pages_become_advice();
	return done();
}
