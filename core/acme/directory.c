/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/nonce.h"
#include "acme/reply.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 64 /* profiles, CAA identities */

static const struct field directory_fields[] = { /* RFC 8555 7.1.1; others are ignored */
	{ "newNonce", FIELD_URL, FIELD_REQUIRED, offsetof(struct directory, new_nonce), NULL },
	{ "newAccount", FIELD_URL, FIELD_REQUIRED, offsetof(struct directory, new_account), NULL },
	{ "newOrder", FIELD_URL, FIELD_REQUIRED, offsetof(struct directory, new_order), NULL },
	{ "revokeCert", FIELD_URL, 0, offsetof(struct directory, revoke_cert), NULL },
	{ "keyChange", FIELD_URL, 0, offsetof(struct directory, key_change), NULL },
	{ "renewalInfo", FIELD_URL, 0, offsetof(struct directory, renewal_info), NULL },
	{ 0 }
};

/* `meta` is for people and for hints: what is odd in it is left out, never refused. */
static void read_meta(struct directory *d, const struct json_object *meta)
{
	const struct json_object *caa = json_arr(meta, "caaIdentities");
	const struct json_object *profiles = json_obj(meta, "profiles");
	const struct json_object *eab = json_at(meta, "externalAccountRequired");
	const char *terms = json_str(meta, "termsOfService"), *site = json_str(meta, "website");

	d->terms = terms ? text_clean(terms, strlen(terms), HTTP_URL_MAX) : NULL;
	d->website = site ? text_clean(site, strlen(site), HTTP_URL_MAX) : NULL;
	d->eab_required = eab && json_object_is_type(eab, json_type_boolean) &&
			  json_object_get_boolean(eab);
	for (size_t i = 0; caa && i < json_object_array_length(caa) && i < LIST_MAX; i++) {
		struct json_object *one = json_object_array_get_idx(caa, i);
		if (json_object_is_type(one, json_type_string))
			words_add(&d->caa_identities, clean(json_object_get_string(one)));
	}
	if (!profiles)
		return;
	struct json_object_iter at;
	json_object_object_foreachC(profiles, at) {
		if (d->profiles.n < LIST_MAX)
			words_add(&d->profiles, clean(at.key));
	}
}

enum seal_status directory_read(struct directory *d, const struct json_object *json,
				struct story *story)
{
	*d = (struct directory){ 0 };
	enum seal_status st = field_read(directory_fields, json, "directory", d, story);
	if (st) {
		directory_free(d);
		return st;
	}
	const struct json_object *meta = json_obj(json, "meta");
	if (meta)
		read_meta(d, meta);
	return SEAL_OK;
}

void directory_free(struct directory *d)
{
	field_free(directory_fields, d);
	free(d->terms);
	free(d->website);
	words_free(&d->caa_identities);
	words_free(&d->profiles);
	*d = (struct directory){ 0 };
}

/* Everything we will ever ask lies at the directory's own host. */
static enum seal_status check_hosts(const struct directory_get *g, const struct directory *d,
				    struct story *story)
{
	for (const struct field *f = directory_fields; f->name; f++) {
		const char *url = *(char *const *)(const void *)((const char *)d + f->offset);
		if (!url || ca_owns_url(g->ca, url))
			continue;
		return story_fail(story, SEAL_EPROTO, "directory: %s is %s, which is not at %s",
				  f->name, clean(url), g->ca->url);
	}
	return SEAL_OK;
}

static enum seal_status read_reply(struct directory_get *g)
{
	scoped(json_put_p) struct json_object *json = NULL;
	struct problem problem = { 0 };
	struct directory d = { 0 };
	enum seal_status st = reply_read(&g->call, NULL, &json, &problem, &g->story);

	problem_free(&problem);
	if (st)
		return st;
	if (!json)
		return fail(g, SEAL_EPROTO, "directory: empty reply from %s", g->ca->url);
	st = directory_read(&d, json, &g->story);
	if (!st)
		st = check_hosts(g, &d, &g->story);
	if (st) {
		directory_free(&d);
		return st;
	}
	g->ca->dir = d;
	g->ca->has_dir = true;
	return SEAL_OK;
}

static void finish(struct directory_get *g, enum seal_status st)
{
	if (!st)
		story_clear(&g->story);
	task_done(take(g->waiter));
}

enum { GET_ASK, GET_READ };

static void ask(struct directory_get *g)
{
	http_call_free(&g->call);
	g->call = (struct http_call){ .method = "GET", .url = g->ca->url };
	g->step = GET_READ;
	ca_ask(g->ca, &g->call, &g->task);
}

static void heard(struct directory_get *g)
{
	ca_heard(g->ca, &g->call);
	if (!g->call.story.st)
		nonce_found(g->ca, &g->call);
	int64_t pause_ms = again_ms(&g->again, &g->call);
	if (pause_ms < 0) {
		finish(g, read_reply(g));
		return;
	}
	g->step = GET_ASK;
	timer_start(&g->pause, &g->task, pause_ms);
}

static void directory_run(struct task *t)
{
	struct directory_get *g = container_of(t, struct directory_get, task);

	if (g->canceled)
		finish(g, fail(g, SEAL_ECANCELED, "canceled"));
	else if (g->ca->has_dir)
		finish(g, SEAL_OK);
	else if (g->step == GET_ASK)
		ask(g);
	else
		heard(g);
}

void directory_get_start(struct directory_get *g, struct ca *ca, struct task *waiter)
{
	directory_get_free(g); /* of an earlier answer */
	g->ca = ca;
	g->waiter = waiter;
	task_init(&g->task, waiter->loop, directory_run);
	task_expect(waiter);
	task_wake(&g->task);
}

void directory_get_cancel(struct directory_get *g)
{
	if (!g->waiter || g->canceled)
		return;
	g->canceled = true;
	http_cancel(&g->call);
	timer_stop(&g->pause);
}

void directory_get_free(struct directory_get *g)
{
	if (!g || !g->ca)
		return;
	task_stop(&g->task);
	http_call_free(&g->call);
	*g = (struct directory_get){ 0 };
}
