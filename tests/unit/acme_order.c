/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/order.h"
#include "tests/tap.h"

#include <stdlib.h>

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define NAMES "\"identifiers\":[{\"type\":\"dns\",\"value\":\"Example.org\"},{\"type\":\"dns\"," \
	      "\"value\":\"*.example.org\"}]"
#define READY "\"status\":\"ready\","
#define PENDING "\"status\":\"pending\","
#define TYPE "\"type\":\"dns-01\","
#define URL "\"url\":\"https://ca.test/ch\","
#define URLS "\"finalize\":\"https://ca.test/f\",\"authorizations\":[\"https://ca.test/a\"]"

static struct ca ca = { .url = "https://ca.test/dir" };

static struct json_object *parse(const char *text)
{
	struct json_object *json = NULL;
	struct story story = { 0 };

	if (json_read(text, strlen(text), "test", &json, &story))
		ok(false, "%s: %s", text, story.text);
	return json;
}

static void payloads(void)
{
	struct words names = { 0 };

	words_add(&names, "example.org");
	words_add(&names, "*.example.org");
	scoped(free_p) char *plain = order_payload(&names, NULL, NULL);
	scoped(free_p) char *rich = order_payload(&names, "short\"lived", "aYhb.AIdl");
	is(plain, "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"example.org\"},"
		  "{\"type\":\"dns\",\"value\":\"*.example.org\"}]}", "newOrder");
	ok(strstr(rich, "\"profile\":\"short\\\"lived\",\"replaces\":\"aYhb.AIdl\"}"), "%s", rich);
	scoped(free_p) char *csr = finalize_payload("\xff\xfe\xfd\xfc", 4);
	is(csr, "{\"csr\":\"__79_A\"}", "finalize: base64url without padding");
	words_free(&names);
}

static void an_order(void)
{
	scoped(json_put_p) struct json_object *json = parse(
		"{\"status\":\"invalid\",\"expires\":\"2026-11-28T00:00:00Z\"," NAMES "," URLS ","
		"\"certificate\":\"https://ca.test/c\",\"error\":{\"type\":"
		"\"urn:ietf:params:acme:error:caa\",\"detail\":\"no\"},\"notes\":{\"x\":[1]}}");
	struct story story = { 0 };
	struct order_res o;

	ok(!order_read(&o, &ca, json, &story), "an order with all members is read");
	ok(o.status == RES_INVALID && o.expires == 1795824000, "status and time");
	is(o.finalize, "https://ca.test/f", "finalize");
	is(o.certificate, "https://ca.test/c", "certificate");
	ok(o.authorizations.n == 1 && o.names.n == 2, "authorizations and names");
	is(o.names.at[0], "example.org", "names are in lower case");
	ok(o.error.type == PROBLEM_CAA, "error");
	order_res_free(&o);
	order_res_free(NULL);
}

static void orders_that_are_none(void)
{
	static const char *const cases[][2] = {
		{ "{" NAMES "," URLS "}", "no status" },
		{ "{\"status\":\"happy\"," NAMES "," URLS "}", "status" },
		{ "{\"status\":7," NAMES "," URLS "}", "status" },
		{ "{" READY URLS "}", "0 identifiers" },
		{ "{" READY NAMES ",\"authorizations\":[]}", "no finalize" },
		{ "{\"status\":\"pending\"," NAMES ",\"finalize\":\"https://ca.test/f\"}",
		  "0 authorizations" },
		{ "{" READY NAMES ",\"finalize\":\"https://evil.test/f\"}",
		  "not at https://ca.test" },
		{ "{" READY NAMES ",\"finalize\":\"http://ca.test/f\"}", "finalize" },
		{ "{\"status\":\"pending\"," NAMES ",\"finalize\":\"https://ca.test/f\","
		  "\"authorizations\":[\"https://ca.test/a\",\"https://ca.test@evil.test/a\"]}",
		  "authorization" },
		{ "{\"status\":\"pending\"," NAMES ",\"finalize\":\"https://ca.test/f\","
		  "\"authorizations\":\"https://ca.test/a\"}", "authorizations" },
		{ "{\"status\":\"valid\"," NAMES "," URLS ",\"certificate\":\"https://x.test/c\"}",
		  "certificate" },
		{ "{" READY "\"identifiers\":[{\"type\":\"ip\",\"value\":\"192.0.2.1\"}],"
		  URLS "}", "identifier 1" },
		{ "{" READY "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a b\"}],"
		  URLS "}", "identifier 1" },
		{ "{" READY "\"identifiers\":[null]," URLS "}", "identifier 1" },
		{ "{" READY NAMES "," URLS ",\"expires\":\"soon\"}", "expires" },
		{ "[]", "no JSON object" },
		{ "\"x\"", "no JSON object" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(json_put_p) struct json_object *json = parse(cases[i][0]);
		struct story story = { 0 };
		struct order_res o;
		ok(order_read(&o, &ca, json, &story) == SEAL_EPROTO &&
			   strstr(story.text, cases[i][1]),
		   "%s", story.text);
	}
	struct story story = { 0 };
	struct order_res o;
	ok(order_read(&o, &ca, NULL, &story) == SEAL_EPROTO, "%s", story.text);
}

static void too_many_names(void)
{
	struct buf text = { 0 };
	struct story story = { 0 };
	struct order_res o;

	buf_str(&text, "{\"status\":\"ready\"," URLS ",\"identifiers\":[");
	for (int i = 0; i <= ORDER_NAMES_MAX; i++)
		buf_printf(&text, "%s{\"type\":\"dns\",\"value\":\"n%d.example\"}",
			   i ? "," : "", i);
	buf_str(&text, "]}");
	scoped(json_put_p) struct json_object *json = parse(buf_text(&text));
	ok(order_read(&o, &ca, json, &story) == SEAL_EPROTO, "%s", story.text);
	buf_free(&text);
}

#define DNS01 "{\"type\":\"dns-01\",\"url\":\"https://ca.test/ch/1\",\"status\":\"pending\"," \
	      "\"token\":\"" TOKEN "\"}"
#define AUTHZ(challenges) "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\"," \
	      "\"value\":\"example.org\"},\"challenges\":[" challenges "]}"

static enum seal_status read_authz(const char *text, struct authz_res *a, struct story *story)
{
	scoped(json_put_p) struct json_object *json = parse(text);

	*story = (struct story){ 0 };
	return authz_read(a, &ca, json, "dns-01", story);
}

static void only_the_challenge_that_was_asked_for(void)
{
	struct story story;
	struct authz_res a;

	ok(!read_authz(AUTHZ("{\"type\":\"http-01\",\"url\":7},"
			     "{\"type\":\"dns-persist-01\",\"url\":\"https://ca.test/ch/2\","
			     "\"status\":\"pending\",\"issuer-domain-names\":[\"ca.test\"]},"
			     "{\"type\":\"telepathy-\\u001b01\",\"status\":9},null,5,{}," DNS01),
		       &a, &story), "unknown and tokenless ones are skipped");
	ok(a.has_challenge && a.status == AUTHZ_PENDING && !a.wildcard, "ours is there");
	is(a.challenge.token, TOKEN, "token");
	is(a.challenge.url, "https://ca.test/ch/1", "url");
	ok(a.offered.n == 4, "four types are offered");
	is(a.offered.at[2], "telepathy-\\x1B01", "and can be shown");
	authz_res_free(&a);

	ok(!read_authz(AUTHZ("{\"type\":\"http-01\"}"), &a, &story) && !a.has_challenge,
	   "none of ours: that is for the caller to say");
	authz_res_free(&a);
	ok(!read_authz(AUTHZ("{\"type\":\"dns-01\",\"status\":\"pending\"},"
			     "{\"type\":\"dns-01\",\"url\":\"https://ca.test/x\"}," DNS01),
		       &a, &story) && a.has_challenge,
	   "incomplete ones of our type are skipped too");
	authz_res_free(&a);
	ok(!read_authz("{\"status\":\"valid\",\"wildcard\":true,\"identifier\":{\"type\":\"dns\","
		       "\"value\":\"example.org\"}}", &a, &story) &&
		   a.status == AUTHZ_VALID && a.wildcard && !a.has_challenge,
	   "a valid one needs no challenge");
	authz_res_free(&a);
	ok(!read_authz("{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\","
		       "\"value\":\"*.example.org\"}}", &a, &story) && a.wildcard &&
		   !strcmp(a.name, "example.org"),
	   "a star in the identifier is taken for what it means");
	authz_res_free(&a);
	authz_res_free(NULL);
}

static void what_went_wrong_is_kept(void)
{
	struct story story;
	struct authz_res a;

	ok(!read_authz("{\"status\":\"invalid\",\"identifier\":{\"type\":\"dns\",\"value\":"
		       "\"example.org\"},\"challenges\":[{\"type\":\"http-01\"},{" TYPE
		       "\"url\":\"https://ca.test/ch/1\",\"status\":\"invalid\",\"token\":\"" TOKEN
		       "\",\"error\":{\"type\":\"urn:ietf:params:acme:error:unauthorized\","
		       "\"detail\":\"Incorrect TXT\"}}]}", &a, &story), "a failed authorization");
	ok(a.error.type == PROBLEM_UNAUTHORIZED && a.challenge.error.type == PROBLEM_UNAUTHORIZED &&
		   a.challenge.status == CHAL_INVALID,
	   "error of the challenge: %s", a.error.detail);
	authz_res_free(&a);
}

static void hostile_authorizations(void)
{
	static const char *const cases[][2] = {
		{ AUTHZ("{" TYPE PENDING "\"url\":\"https://evil.test/ch\","
			"\"token\":\"" TOKEN "\"}"), "not at https://ca.test" },
		{ AUTHZ("{" TYPE URL PENDING
			"\"token\":\"../../etc/passwd/aaaaaaaaaaaaaaa\"}"), "token" },
		{ AUTHZ("{" TYPE URL PENDING
			"\"token\":\"short\"}"), "token" },
		{ AUTHZ("{" TYPE URL PENDING
			"\"token\":\"" TOKEN "/../x\"}"), "token" },
		{ AUTHZ("{" TYPE URL "\"status\":\"odd\","
			"\"token\":\"" TOKEN "\"}"), "status" },
		{ "{\"status\":\"pending\",\"challenges\":[]}", "identifier" },
		{ "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\",\"value\":\"a;b\"}}",
		  "identifier" },
		{ "{\"identifier\":{\"type\":\"dns\",\"value\":\"example.org\"}}", "status" },
		{ "{\"status\":\"pending\",\"wildcard\":\"yes\",\"identifier\":{\"type\":\"dns\","
		  "\"value\":\"example.org\"}}", "wildcard" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct story story;
		struct authz_res a;
		ok(read_authz(cases[i][0], &a, &story) == SEAL_EPROTO &&
			   strstr(story.text, cases[i][1]),
		   "%s", story.text);
	}
}

static void a_challenge(void)
{
	scoped(json_put_p) struct json_object *json = parse(
		"{\"type\":\"dns-01\",\"url\":\"https://ca.test/ch/1\",\"status\":\"pending\","
		"\"error\":{\"type\":\"urn:ietf:params:acme:error:dns\"}}");
	struct story story = { 0 };
	struct challenge_res c;

	ok(!challenge_read(&c, &ca, json, &story) && c.status == CHAL_PENDING &&
		   c.error.type == PROBLEM_DNS && !c.token,
	   "pending with an error");
	challenge_res_free(&c);
	ok(challenge_read(&c, &ca, NULL, &story) == SEAL_EPROTO, "%s", story.text);
	challenge_res_free(NULL);
}

int main(void)
{
	payloads();
	an_order();
	orders_that_are_none();
	too_many_names();
	only_the_challenge_that_was_asked_for();
	what_went_wrong_is_kept();
	hostile_authorizations();
	a_challenge();
	return done();
}
