/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/order.h"

#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define NAME_OCTETS_MAX 253 /* RFC 1035 2.3.4, as text without the final dot */

const char *const order_status_names[] = { "pending", "ready", "processing", "valid", "invalid",
					   NULL };

static const struct field order_fields[] = { /* RFC 8555 7.1.3 */
	{ "status", FIELD_NAME, FIELD_REQUIRED, offsetof(struct order_res, status),
	  order_status_names },
	{ "expires", FIELD_TIME, 0, offsetof(struct order_res, expires), NULL },
	{ "finalize", FIELD_URL, FIELD_REQUIRED, offsetof(struct order_res, finalize), NULL },
	{ "certificate", FIELD_URL, 0, offsetof(struct order_res, certificate), NULL },
	{ "authorizations", FIELD_TEXTS, 0, offsetof(struct order_res, authorizations), NULL },
	{ 0 }
};

static struct json_object *text_of(const char *s)
{
	return json_object_new_string(s);
}

char *order_payload(const struct words *names, const char *profile, const char *replaces)
{
	scoped(json_put_p) struct json_object *order = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < names->n; i++) {
		struct json_object *one = json_object_new_object();
		json_object_object_add(one, "type", text_of("dns"));
		json_object_object_add(one, "value", text_of(names->at[i]));
		json_object_array_add(list, one);
	}
	json_object_object_add(order, "identifiers", list);
	if (profile)
		json_object_object_add(order, "profile", text_of(profile));
	if (replaces) /* RFC 9773 5 */
		json_object_object_add(order, "replaces", text_of(replaces));
	return json_write(order);
}

char *finalize_payload(const void *csr_der, size_t len)
{
	scoped(json_put_p) struct json_object *json = json_object_new_object();
	scoped(free_p) char *csr = base64url(csr_der, len);

	json_object_object_add(json, "csr", text_of(csr));
	return json_write(json);
}

char *identifier_read(const struct json_object *json)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-._*";
	const char *type = json_str(json, "type"), *value = json_str(json, "value");

	if (!type || !value || strcmp(type, "dns") || strlen(value) > NAME_OCTETS_MAX)
		return NULL;
	scoped(free_p) char *name = str_copy(value);
	for (char *at = name; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return *name && !name[strspn(name, allowed)] ? take(name) : NULL;
}

static enum seal_status foreign(const char *what, const char *url, const struct ca *ca,
				struct story *story)
{
	return story_fail(story, SEAL_EPROTO, "%s is %s, which is not at %s", what, clean(url),
			  ca->url);
}

static enum seal_status read_names(struct order_res *o, const struct json_object *json,
				   struct story *story)
{
	const struct json_object *list = json_arr(json, "identifiers");
	size_t n = list ? json_object_array_length(list) : 0;

	if (!n || n > ORDER_NAMES_MAX)
		return story_fail(story, SEAL_EPROTO, "order: %zu identifiers", n);
	for (size_t i = 0; i < n; i++) {
		scoped(free_p) char *name = identifier_read(json_object_array_get_idx(list, i));
		if (!name)
			return story_fail(story, SEAL_EPROTO, "order: identifier %zu is no name",
					  i + 1);
		words_add(&o->names, name);
	}
	return SEAL_OK;
}

static enum seal_status check_urls(const struct order_res *o, const struct ca *ca,
				   struct story *story)
{
	const struct words *authz = &o->authorizations;

	if (!ca_owns_url(ca, o->finalize))
		return foreign("order: finalize", o->finalize, ca, story);
	if (o->certificate && !ca_owns_url(ca, o->certificate))
		return foreign("order: certificate", o->certificate, ca, story);
	if (authz->n > ORDER_NAMES_MAX || (!authz->n && o->status == RES_PENDING))
		return story_fail(story, SEAL_EPROTO, "order: %zu authorizations", authz->n);
	for (size_t i = 0; i < authz->n; i++)
		if (!ca_owns_url(ca, authz->at[i]))
			return foreign("order: an authorization", authz->at[i], ca, story);
	return SEAL_OK;
}

enum seal_status order_read(struct order_res *o, const struct ca *ca,
			    const struct json_object *json, struct story *story)
{
	*o = (struct order_res){ 0 };
	if (!json)
		return story_fail(story, SEAL_EPROTO, "order: empty reply");
	enum seal_status st = field_read(order_fields, json, "order", o, story);
	if (!st)
		st = read_names(o, json, story);
	if (!st)
		st = check_urls(o, ca, story);
	if (st)
		order_res_free(o);
	else
		problem_read(&o->error, json_obj(json, "error"));
	return st;
}

void order_res_free(struct order_res *o)
{
	if (!o)
		return;
	field_free(order_fields, o);
	words_free(&o->names);
	problem_free(&o->error);
	*o = (struct order_res){ 0 };
}
