/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/problem.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBPROBLEMS_SHOWN 10
#define ALGORITHMS_SHOWN 20

/* RFC 8555 6.7, RFC 9773 7.4 (alreadyReplaced), profiles draft; `conflict` is Boulder's. */
static const struct {
	const char *name;
	enum seal_status st;
	const char *hint; /* NULL: nothing that would always be true */
} types[] = {
	[PROBLEM_BAD_NONCE] = { "badNonce", SEAL_EAGAIN, NULL },
	[PROBLEM_RATE_LIMITED] = { "rateLimited", SEAL_ELIMIT, NULL },
	[PROBLEM_CAA] = { "caa", SEAL_EOPERATOR,
			  "a CAA record of the name or of a parent forbids this CA: add an `issue` "
			  "(for wildcards `issuewild`) record that names it" },
	[PROBLEM_DNS] = { "dns", SEAL_EAGAIN,
			  "see that every name server of the zone answers, and the same thing" },
	[PROBLEM_CONNECTION] = { "connection", SEAL_EAGAIN, NULL },
	[PROBLEM_INCORRECT_RESPONSE] = { "incorrectResponse", SEAL_EAGAIN, NULL },
	[PROBLEM_UNAUTHORIZED] = { "unauthorized", SEAL_EINVAL, NULL },
	[PROBLEM_MALFORMED] = { "malformed", SEAL_EINVAL, NULL },
	[PROBLEM_SERVER_INTERNAL] = { "serverInternal", SEAL_EAGAIN, NULL },
	[PROBLEM_USER_ACTION] = { "userActionRequired", SEAL_EOPERATOR,
				  "the CA wants its terms read and agreed to" },
	[PROBLEM_EAB_REQUIRED] = { "externalAccountRequired", SEAL_EOPERATOR,
				   "ask the CA for external account binding credentials and put "
				   "them in `eab` of the account block" },
	[PROBLEM_NO_ACCOUNT] = { "accountDoesNotExist", SEAL_EOPERATOR,
				 "the CA no longer knows this account; if a new one shall be made, "
				 "move the account's directory in STATE/accounts away" },
	[PROBLEM_ORDER_NOT_READY] = { "orderNotReady", SEAL_EAGAIN, NULL },
	[PROBLEM_REJECTED_IDENTIFIER] = { "rejectedIdentifier", SEAL_EINVAL,
					  "this CA does not issue for that name: take it out of "
					  "the certificate, or take another CA" },
	[PROBLEM_UNSUPPORTED_IDENTIFIER] = { "unsupportedIdentifier", SEAL_EINVAL, NULL },
	[PROBLEM_INVALID_CONTACT] = { "invalidContact", SEAL_EINVAL,
				      "see `email` of the account block" },
	[PROBLEM_UNSUPPORTED_CONTACT] = { "unsupportedContact", SEAL_EINVAL,
					  "see `email` of the account block" },
	[PROBLEM_BAD_CSR] = { "badCSR", SEAL_EINVAL, NULL },
	[PROBLEM_BAD_PUBLIC_KEY] = { "badPublicKey", SEAL_EINVAL,
				     "the CA does not take this key: another `key` type, or a new "
				     "key, may help" },
	[PROBLEM_BAD_SIGNATURE_ALGORITHM] = { "badSignatureAlgorithm", SEAL_EINVAL,
					      "the CA wants another type of account key" },
	[PROBLEM_INVALID_PROFILE] = { "invalidProfile", SEAL_EINVAL,
				      "see `profile`: the CA's directory lists those it has" },
	[PROBLEM_ALREADY_REVOKED] = { "alreadyRevoked", SEAL_EINVAL, NULL },
	[PROBLEM_ALREADY_REPLACED] = { "alreadyReplaced", SEAL_EINVAL, NULL },
	[PROBLEM_BAD_REVOCATION_REASON] = { "badRevocationReason", SEAL_EINVAL,
					    "the CA does not take this reason from subscribers" },
	[PROBLEM_COMPOUND] = { "compound", SEAL_EINVAL, NULL },
	[PROBLEM_TLS] = { "tls", SEAL_EAGAIN, NULL },
	[PROBLEM_CONFLICT] = { "conflict", SEAL_EINVAL, NULL },
};

/* The type without its namespace; the old one was in use before RFC 8555. */
static const char *bare_name(const char *type)
{
	static const char *const spaces[] = { "urn:ietf:params:acme:error:", "urn:acme:error:" };

	for (size_t i = 0; i < COUNT(spaces); i++)
		if (starts_with(type, spaces[i]))
			return type + strlen(spaces[i]);
	return strcmp(type, "about:blank") ? type : "";
}

static enum problem_type type_of(const char *name)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].name && !strcmp(types[i].name, name))
			return (enum problem_type)i;
	return PROBLEM_OTHER;
}

static char *cleaned(const char *s)
{
	return text_clean(s ? s : "", s ? strlen(s) : 0, TEXT_CLEAN_MAX);
}

/* "; example.org: rejectedIdentifier: detail" */
static void add_subproblem(struct buf *to, const struct json_object *sub)
{
	const char *name = json_str(json_obj(sub, "identifier"), "value");
	const char *type = json_str(sub, "type"), *detail = json_str(sub, "detail");

	if (to->len)
		buf_str(to, "; ");
	if (name)
		buf_printf(to, "%s: ", clean(name));
	buf_str(to, type ? clean(bare_name(type)) : "problem");
	if (detail)
		buf_printf(to, ": %s", clean(detail));
}

static char *read_detail(const struct json_object *json)
{
	const struct json_object *subs = json_arr(json, "subproblems");
	scoped(free_p) char *detail = cleaned(json_str(json, "detail"));
	size_t n = subs ? json_object_array_length(subs) : 0;
	struct buf text = { 0 };

	buf_str(&text, detail);
	for (size_t i = 0; i < n && i < SUBPROBLEMS_SHOWN; i++)
		add_subproblem(&text, json_object_array_get_idx(subs, i));
	if (n > SUBPROBLEMS_SHOWN)
		buf_printf(&text, "; and %zu more", n - SUBPROBLEMS_SHOWN);
	return buf_take(&text);
}

static char *read_algorithms(const struct json_object *json)
{
	const struct json_object *list = json_arr(json, "algorithms");
	struct buf text = { 0 };

	if (!list)
		return NULL;
	for (size_t i = 0; i < json_object_array_length(list) && i < ALGORITHMS_SHOWN; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);
		if (json_object_is_type(one, json_type_string))
			buf_printf(&text, "%s%s", text.len ? " " : "",
				   clean(json_object_get_string(one)));
	}
	return buf_take(&text);
}

void problem_read(struct problem *p, const struct json_object *json)
{
	*p = (struct problem){ .type = PROBLEM_NONE };
	if (!json)
		return;
	const char *type = json_str(json, "type");
	const char *instance = json_str(json, "instance");
	const struct json_object *status = json_at(json, "status");

	p->name = cleaned(type ? bare_name(type) : "");
	p->type = type_of(p->name);
	p->detail = read_detail(json);
	p->instance = instance ? cleaned(instance) : NULL;
	p->algorithms = read_algorithms(json);
	if (status && json_object_is_type(status, json_type_int))
		p->status = json_object_get_int64(status);
}

void problem_free(struct problem *p)
{
	if (!p)
		return;
	free(p->name);
	free(p->detail);
	free(p->instance);
	free(p->algorithms);
	*p = (struct problem){ 0 };
}

static enum seal_status class_of(const struct problem *p, int64_t status, int64_t retry_at)
{
	/* What is gone is gone, whatever name a CA has for it (Boulder: malformed). */
	if ((status == 404 || status == 410) && p->type != PROBLEM_NO_ACCOUNT)
		return SEAL_ENOTFOUND;
	/* A limit that never ends by itself and names a page is an account or name that was
	 * paused: only a person can lift that. */
	if (p->type == PROBLEM_RATE_LIMITED && !retry_at && strstr(p->detail, "https://"))
		return SEAL_EOPERATOR;
	if (p->type != PROBLEM_OTHER && p->type != PROBLEM_NONE)
		return types[p->type].st;
	if (status == 429)
		return SEAL_ELIMIT;
	return status >= 500 ? SEAL_EAGAIN : SEAL_EINVAL;
}

static void add_hint(const struct problem *p, struct story *story)
{
	if (p->type == PROBLEM_USER_ACTION && p->instance)
		story_hint(story, "read %s and do what it asks", p->instance);
	else if (p->type == PROBLEM_RATE_LIMITED && story->st == SEAL_EOPERATOR)
		story_hint(story, "the CA waits for a person: follow the link it gives");
	else if (p->type == PROBLEM_BAD_SIGNATURE_ALGORITHM && p->algorithms)
		story_hint(story, "the CA takes account keys for %s", p->algorithms);
	else if (types[p->type].hint)
		story_hint(story, "%s", types[p->type].hint);
}

enum seal_status problem_fail(const struct problem *p, long http_status, struct story *story)
{
	int64_t status = p->status ? p->status : http_status;
	int64_t retry_at = story->retry_at;

	if (p->type == PROBLEM_NONE)
		return story_fail(story, status >= 500 ? SEAL_EAGAIN : SEAL_EPROTO,
				  "CA refused (%lld) and did not say why", (long long)status);
	story_fail(story, class_of(p, status, retry_at), "%s%s%s",
		   *p->name ? p->name : "refused by the CA", *p->detail ? ": " : "", p->detail);
	story->retry_at = retry_at;
	str_put(story->problem, "%s", p->name);
	add_hint(p, story);
	return story->st;
}
