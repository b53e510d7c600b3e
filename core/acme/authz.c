/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/order.h"

#include <stdlib.h>
#include <string.h>

#define OFFERED_MAX 20
#define TOKEN_MIN 22 /* 128 bits in base64url, RFC 8555 8 */
#define TOKEN_MAX 512

const char *const authz_status_names[] = { "pending", "valid",	 "invalid", "deactivated",
					   "expired", "revoked", NULL };
const char *const challenge_status_names[] = { "pending", "processing", "valid", "invalid", NULL };

static const struct field authz_fields[] = { /* RFC 8555 7.1.4 */
	{ "status", FIELD_NAME, FIELD_REQUIRED, offsetof(struct authz_res, status),
	  authz_status_names },
	{ "expires", FIELD_TIME, 0, offsetof(struct authz_res, expires), NULL },
	{ "wildcard", FIELD_BOOL, 0, offsetof(struct authz_res, wildcard), NULL },
	{ 0 }
};

static const struct field challenge_fields[] = { /* RFC 8555 7.1.5, 8 */
	{ "type", FIELD_TEXT, FIELD_REQUIRED, offsetof(struct challenge_res, type), NULL },
	{ "url", FIELD_URL, FIELD_REQUIRED, offsetof(struct challenge_res, url), NULL },
	{ "status", FIELD_NAME, FIELD_REQUIRED, offsetof(struct challenge_res, status),
	  challenge_status_names },
	{ "token", FIELD_TEXT, 0, offsetof(struct challenge_res, token), NULL },
	{ 0 }
};

/* It will be hashed into a record: nothing but what RFC 8555 8 allows. */
static bool token_ok(const char *token)
{
	size_t n = strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789-_");

	return n >= TOKEN_MIN && n <= TOKEN_MAX && !token[n];
}

static enum seal_status check_challenge(const struct challenge_res *c, const struct ca *ca,
					struct story *story)
{
	if (!ca_owns_url(ca, c->url))
		return story_fail(story, SEAL_EPROTO, "challenge: url is %s, which is not at %s",
				  clean(c->url), ca->url);
	if (c->token && !token_ok(c->token))
		return story_fail(story, SEAL_EPROTO, "challenge: token \"%s\" is not %d to %d "
				  "characters of base64url", clean(c->token), TOKEN_MIN, TOKEN_MAX);
	return SEAL_OK;
}

enum seal_status challenge_read(struct challenge_res *c, const struct ca *ca,
				const struct json_object *json, struct story *story)
{
	*c = (struct challenge_res){ 0 };
	if (!json)
		return story_fail(story, SEAL_EPROTO, "challenge: empty reply");
	enum seal_status st = field_read(challenge_fields, json, "challenge", c, story);
	if (!st)
		st = check_challenge(c, ca, story);
	if (st)
		challenge_res_free(c);
	else
		problem_read(&c->error, json_obj(json, "error"));
	return st;
}

void challenge_res_free(struct challenge_res *c)
{
	if (!c)
		return;
	field_free(challenge_fields, c);
	problem_free(&c->error);
	*c = (struct challenge_res){ 0 };
}

/* One of the type we can do, with all that doing it takes: ours.  Any other: only its name and what
 * went wrong with it. */
static enum seal_status look_at(struct authz_res *a, const struct ca *ca,
				const struct json_object *json, const char *wanted,
				struct story *story)
{
	const char *type = json_str(json, "type");
	const struct json_object *error = json_obj(json, "error");

	if (type && a->offered.n < OFFERED_MAX)
		words_add(&a->offered, clean(type));
	if (error && !a->error.type)
		problem_read(&a->error, error);
	if (!type || strcmp(type, wanted) || a->has_challenge || !json_str(json, "token") ||
	    !json_str(json, "url"))
		return SEAL_OK;
	enum seal_status st = challenge_read(&a->challenge, ca, json, story);
	a->has_challenge = !st;
	return st;
}

static enum seal_status read_name(struct authz_res *a, const struct json_object *json,
				  struct story *story)
{
	scoped(free_p) char *name = identifier_read(json_obj(json, "identifier"));

	if (!name)
		return story_fail(story, SEAL_EPROTO, "authorization: identifier is no name");
	bool star = starts_with(name, "*."); /* against RFC 8555 7.1.4, yet it happens */
	a->wildcard = a->wildcard || star;
	a->name = str_copy(star ? name + 2 : name);
	return SEAL_OK;
}

enum seal_status authz_read(struct authz_res *a, const struct ca *ca,
			    const struct json_object *json, const char *challenge_type,
			    struct story *story)
{
	const struct json_object *list = json_arr(json, "challenges");

	*a = (struct authz_res){ 0 };
	if (!json)
		return story_fail(story, SEAL_EPROTO, "authorization: empty reply");
	enum seal_status st = field_read(authz_fields, json, "authorization", a, story);
	if (!st)
		st = read_name(a, json, story);
	for (size_t i = 0; !st && list && i < json_object_array_length(list); i++)
		st = look_at(a, ca, json_object_array_get_idx(list, i), challenge_type, story);
	if (st)
		authz_res_free(a);
	return st;
}

void authz_res_free(struct authz_res *a)
{
	if (!a)
		return;
	field_free(authz_fields, a);
	free(a->name);
	challenge_res_free(&a->challenge);
	problem_free(&a->error);
	words_free(&a->offered);
	*a = (struct authz_res){ 0 };
}
