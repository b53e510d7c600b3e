/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/account.h"

#include "crypto/jws.h"

#include <stdlib.h>
#include <string.h>

const char *const account_status_names[] = { "valid", "deactivated", "revoked", NULL };

static const struct field account_fields[] = { /* RFC 8555 7.1.2 */
	{ "status", FIELD_NAME, FIELD_REQUIRED, offsetof(struct account_res, status),
	  account_status_names },
	{ "contact", FIELD_TEXTS, 0, offsetof(struct account_res, contact), NULL },
	{ "orders", FIELD_URL, 0, offsetof(struct account_res, orders), NULL },
	{ "termsOfServiceAgreed", FIELD_BOOL, 0, offsetof(struct account_res, terms_agreed), NULL },
	{ 0 }
};

enum seal_status account_read(struct account_res *a, const struct json_object *json,
			      struct story *story)
{
	*a = (struct account_res){ 0 };
	if (!json)
		return story_fail(story, SEAL_EPROTO, "account: empty reply");
	enum seal_status st = field_read(account_fields, json, "account", a, story);
	if (st)
		account_res_free(a);
	return st;
}

void account_res_free(struct account_res *a)
{
	if (!a)
		return;
	field_free(account_fields, a);
	*a = (struct account_res){ 0 };
}

enum { GET_BEGIN, GET_FOUND, GET_CREATED, GET_STEPS };

static void finish(struct account_get *g, enum seal_status st)
{
	if (!st)
		story_clear(&g->story);
	task_done(take(g->waiter));
}

static void ask(struct account_get *g, struct json_object *payload, int then)
{
	scoped(free_p) char *text = json_write(payload);

	g->post.ca = g->ca;
	g->post.url = g->ca->dir.new_account;
	g->post.payload = text;
	g->post.with_jwk = true;
	g->step = then;
	post_start(&g->post, &g->task);
}

static void find(struct account_get *g)
{
	scoped(json_put_p) struct json_object *payload = json_object_new_object();

	json_object_object_add(payload, "onlyReturnExisting", json_object_new_boolean(1));
	ask(g, payload, GET_FOUND);
}

/* May we create one at all?  What is missing here only a person can give. */
static enum seal_status may_create(struct account_get *g)
{
	const struct directory *dir = &g->ca->dir;

	if (dir->terms && !g->agreed) {
		fail(g, SEAL_EOPERATOR, "the terms of service of %s are not agreed to: %s",
		     g->ca->url, dir->terms);
		hint(g, "read %s, then use --agree-tos, or put `agreed` in the account block",
		     dir->terms);
		return SEAL_EOPERATOR;
	}
	if (dir->eab_required && !g->eab_kid) {
		fail(g, SEAL_EOPERATOR,
		     "%s opens accounts only for its customers (external account binding), and no "
		     "`eab` is configured", g->ca->url);
		hint(g, "get a key id and a MAC key from the CA and put them in `eab` of the "
			"account block");
		return SEAL_EOPERATOR;
	}
	return SEAL_OK;
}

static void add_address(struct json_object *list, const char *email)
{
	scoped(free_p) char *url =
		str_printf("%s%s", starts_with(email, "mailto:") ? "" : "mailto:", email);

	json_object_array_add(list, json_object_new_string(url));
}

char *account_contact_payload(const struct words *addresses)
{
	scoped(json_put_p) struct json_object *payload = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < addresses->n; i++)
		add_address(list, addresses->at[i]);
	json_object_object_add(payload, "contact", list);
	return json_write(payload);
}

enum seal_status account_rollover_payload(const struct ca *ca, const struct key *fresh, char **ret,
					  struct story *story)
{
	scoped(json_put_p) struct json_object *inner = json_object_new_object();
	scoped(buf_free) struct buf jws = { 0 };

	json_object_object_add(inner, "account", json_object_new_string(ca->kid));
	json_object_object_add(inner, "oldKey", key_jwk(ca->key));
	scoped(free_p) char *text = json_write(inner);
	enum seal_status st =
		jws_sign(fresh, NULL, NULL, ca->dir.key_change, text, &jws, story);
	*ret = st ? NULL : buf_take(&jws);
	return st;
}

static void add_contact(struct account_get *g, struct json_object *payload)
{
	struct json_object *list = json_object_new_array();

	add_address(list, g->email);
	json_object_object_add(payload, "contact", list);
}

static enum seal_status create(struct account_get *g)
{
	scoped(json_put_p) struct json_object *payload = json_object_new_object();
	struct json_object *binding = NULL;
	enum seal_status st = may_create(g);

	if (!st && g->eab_kid) /* RFC 8555 7.3.4 */
		st = jws_eab(g->ca->key, g->eab_kid, g->eab_hmac,
			     g->eab_hash ? g->eab_hash : SEAL_SHA256, g->ca->dir.new_account,
			     &binding, &g->story);
	if (st)
		return st;
	if (g->agreed)
		json_object_object_add(payload, "termsOfServiceAgreed", json_object_new_boolean(1));
	if (g->email)
		add_contact(g, payload);
	if (binding)
		json_object_object_add(payload, "externalAccountBinding", binding);
	ask(g, payload, GET_CREATED);
	return SEAL_OK;
}

/* 2xx to newAccount.  The kid is in Location; the body may be missing. */
static enum seal_status keep_kid(struct account_get *g)
{
	const char *kid = post_location(&g->post);
	const char *status = json_str(g->post.json, "status");

	if (!kid)
		return fail(g, SEAL_EPROTO, "newAccount: CA answered %ld without a Location at %s",
			    g->post.status, g->ca->url);
	if (status && strcmp(status, "valid")) {
		fail(g, SEAL_EOPERATOR, "account %s is %s", clean(kid), clean(status));
		hint(g, "its key can never be used again at this CA: move the account's directory "
		     "in STATE/accounts away");
		return SEAL_EOPERATOR;
	}
	free(g->ca->kid);
	g->ca->kid = str_copy(kid);
	return SEAL_OK;
}

/* Some CAs say so by asking for the binding that only a new account needs. */
static bool is_unknown(const struct post *p)
{
	return p->problem.type == PROBLEM_NO_ACCOUNT || p->problem.type == PROBLEM_EAB_REQUIRED;
}

static void read_found(struct account_get *g)
{
	enum seal_status st = g->post.story.st ? fail_from(g, &g->post) : keep_kid(g);

	if (!st || !is_unknown(&g->post))
		finish(g, st);
	else if (g->look_only)
		finish(g, fail(g, SEAL_ENOTFOUND, "no account for this key at %s", g->ca->url));
	else if ((st = create(g)))
		finish(g, st);
}

static void read_created(struct account_get *g)
{
	enum seal_status st = g->post.story.st ? fail_from(g, &g->post) : keep_kid(g);

	g->created = !st && g->post.status == 201;
	finish(g, st);
}

static void begin(struct account_get *g)
{
	enum seal_status st = SEAL_OK;

	if (!g->skip_find)
		find(g);
	else if (g->look_only)
		finish(g, fail(g, SEAL_ENOTFOUND, "no account at %s yet", g->ca->url));
	else if ((st = create(g)))
		finish(g, st);
}

static void account_run(struct task *t)
{
	static void (*const steps[GET_STEPS])(struct account_get *) = {
		[GET_BEGIN] = begin, [GET_FOUND] = read_found, [GET_CREATED] = read_created,
	};
	struct account_get *g = container_of(t, struct account_get, task);

	/* A CA that answered before we gave up has told us the kid: that must not be lost. */
	if (g->canceled && (g->step == GET_BEGIN || g->post.story.st))
		finish(g, fail(g, SEAL_ECANCELED, "canceled"));
	else
		steps[g->step](g);
}

void account_get_start(struct account_get *g, struct task *waiter)
{
	story_clear(&g->story);
	g->created = g->canceled = false;
	g->step = GET_BEGIN;
	g->waiter = waiter;
	task_init(&g->task, waiter->loop, account_run);
	task_expect(waiter);
	task_wake(&g->task);
}

void account_get_cancel(struct account_get *g)
{
	if (!g->waiter || g->canceled)
		return;
	g->canceled = true;
	post_cancel(&g->post);
}

void account_get_free(struct account_get *g)
{
	if (!g)
		return;
	if (g->task.loop)
		task_stop(&g->task);
	post_free(&g->post);
	story_clear(&g->story);
	g->ca = NULL;
}
