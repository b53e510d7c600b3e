/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/accounts.h"

#include "app/visit.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/jwk.h"
#include "engine/rollover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX 65536

static void tell(struct app *a, const struct account_conf *conf, const char *result,
		 const char *kid)
{
	if (a->ui.mode != UI_JSON) {
		printf("%s  %s\n", result, kid);
		return;
	}
	struct json_object *o = event_new("account", NULL);
	json_text(o, "ca", conf->url);
	json_text(o, "kid", kid);
	json_text(o, "result", result);
	json_print(o);
}

static bool is_dry(struct app *a, const char *what, const struct account_conf *conf)
{
	if (a->opt.dry_run)
		log_line(LOG_INFO, "dry run, nothing is done; this would %s the account at %s",
			 what, conf->url);
	return a->opt.dry_run;
}

/* The account, its directory and its lock.  EXIT_DONE and v->ca NULL: a dry run. */
static int begin(struct app *a, const char *name, const char *what, struct visit *v,
		 const struct account_conf **ret)
{
	struct account_block *block = NULL;
	int status = accounts_which(a, name, &block);

	*v = (struct visit){ .app = a, .lock = LOCK_NONE };
	if (status)
		return status;
	app_warnings(a);
	*ret = &block->conf;
	if (is_dry(a, what, *ret))
		return EXIT_DONE;
	status = app_store_open(a);
	return status ? status : visit_begin(v, a, *ret, VISIT_ACCOUNT);
}

/* -- update --------------------------------------------------------------------------------- */

static int change_contact(struct visit *v, const struct account_conf *conf)
{
	struct app *a = v->app;
	struct words contact = { 0 };
	struct story story = { 0 };
	int status = EXIT_DONE;

	if (conf->email)
		words_add(&contact, conf->email);
	scoped(free_p) char *payload = account_contact_payload(&contact);
	struct post post = { .url = v->ca->kid, .payload = payload };
	visit_post(v, &post);
	words_free(&v->file->contact);
	v->file->contact = contact;
	if (post.story.st)
		status = app_fail(a, NULL, &post.story);
	else if (account_save(&a->store, v->file, &story))
		status = app_fail(a, NULL, &story);
	else
		tell(a, conf, "updated", v->ca->kid);
	post_free(&post);
	return status;
}

int accounts_update(struct app *a, const char *name)
{
	struct visit v;
	const struct account_conf *conf = NULL;
	int status = begin(a, name, "change the contact of", &v, &conf);

	if (!status && v.ca)
		status = change_contact(&v, conf);
	visit_end(&v);
	return status;
}

/* -- rollover ------------------------------------------------------------------------------- */

static int change_key(struct visit *v, const struct account_conf *conf)
{
	struct app *a = v->app;
	struct rollover r = { .engine = &a->engine,
			      .ca = v->ca,
			      .file = v->file,
			      .what = ROLLOVER_NEW,
			      .type = conf->key };
	struct waiter w;
	int status = EXIT_DONE;

	rollover_start(&r, waiter_begin(&w, a));
	app_wait(a, &w);
	if (r.story.st)
		status = app_fail(a, NULL, &r.story);
	else
		tell(a, conf, "rolled over", v->ca->kid);
	rollover_free(&r);
	return status;
}

int accounts_rollover(struct app *a, const char *name)
{
	struct visit v;
	const struct account_conf *conf = NULL;
	int status = begin(a, name, "change the key of", &v, &conf);

	if (!status && v.ca)
		status = change_key(&v, conf);
	visit_end(&v);
	return status;
}

/* -- deactivate ----------------------------------------------------------------------------- */

static int deactivate(struct visit *v, const struct account_conf *conf)
{
	struct app *a = v->app;
	struct story story = { 0 };
	struct post post = { .url = v->ca->kid, .payload = ACCOUNT_DEACTIVATE };
	int status = EXIT_DONE;

	visit_post(v, &post);
	if (post.story.st)
		status = app_fail(a, NULL, &post.story);
	else if (account_retire(&a->store, v->file, &story))
		status = app_fail(a, NULL, &story);
	else
		tell(a, conf, "deactivated", v->ca->kid);
	post_free(&post);
	return status;
}

int accounts_deactivate(struct app *a, const char *name)
{
	struct visit v;
	const struct account_conf *conf = NULL;
	struct story story = { 0 };
	int status = begin(a, name, "deactivate", &v, &conf);

	if (!status && v.ca) {
		scoped(free_p) char *question = str_printf(
			"Deactivate %s?  It can never be used again.", v.ca->kid);
		if (app_ask(a, question)) {
			status = deactivate(&v, conf);
		} else {
			story_fail(&story, SEAL_ECONFIG, "not deactivated: nobody said yes");
			story_hint(&story, "--yes says so");
			status = app_fail(a, NULL, &story);
		}
	}
	visit_end(&v);
	return status;
}

/* -- export --------------------------------------------------------------------------------- */

/* The answer is the key: to stdout, which is the operator's to protect. */
static enum seal_status print_key(struct app *a, const struct account_file *f, struct story *story)
{
	scoped(buf_free) struct buf pem = { 0 };
	struct json_object *jwk = NULL;
	enum seal_status st;

	if (!a->opt.jwk && a->ui.mode != UI_JSON) {
		st = key_write(f->key, &pem, story);
		fputs(st ? "" : buf_text(&pem), stdout);
		return st;
	}
	st = jwk_write(f->key, &jwk, story);
	if (!st && a->ui.mode == UI_JSON) {
		struct json_object *o = event_new("account", NULL);
		json_text(o, "ca", f->ca);
		json_text(o, "kid", f->kid);
		json_object_object_add(o, "contact", json_words(&f->contact));
		json_object_object_add(o, "key", jwk);
		json_print(o);
	} else if (!st) {
		json_print(jwk);
	}
	return st;
}

int accounts_export(struct app *a, const char *name)
{
	struct account_block *block = NULL;
	struct account_file f = { 0 };
	struct story story = { 0 };
	bool exists = false;
	int status = accounts_which(a, name, &block);

	if (!status)
		status = app_store_look(a, &exists);
	if (status)
		return status;
	if (!exists || account_load(&a->store, block->conf.url, &f, &story)) {
		story_fail(&story, SEAL_ECONFIG, "there is no account at %s in %s", block->conf.url,
			   app_state_dir(a));
		story_hint(&story, "dnseal accounts lists them");
		return app_fail(a, NULL, &story);
	}
	enum seal_status st = print_key(a, &f, &story);
	account_file_free(&f);
	return st ? app_fail(a, NULL, &story) : EXIT_DONE;
}

/* -- import --------------------------------------------------------------------------------- */

/* PEM, or JSON with a JWK in it (as --json wrote it, or certbot). */
static int read_key(struct app *a, const char *path, struct key **ret)
{
	scoped(buf_free) struct buf text = { 0 };
	scoped(json_put_p) struct json_object *o = NULL;
	struct story story = { 0 };
	enum seal_status st = file_read_any(path, KEY_FILE_MAX, &text, &story);
	bool is_json = text.len && text.data[strspn(text.data, " \t\r\n")] == '{';

	if (!st && is_json)
		st = json_read(text.data, text.len, path, &o, &story);
	if (!st && is_json)
		st = jwk_read(json_obj(o, "key") ? json_obj(o, "key") : o, ret, &story);
	else if (!st)
		st = key_read(text.data, text.len, ret, &story);
	if (!st)
		return EXIT_DONE;
	if (!strstr(story.text, path))
		story_prefix(&story, "%s: ", clean(path));
	story.st = SEAL_ECONFIG;
	return app_fail(a, NULL, &story);
}

/* Whose key is it?  The CA knows. */
static int find_kid(struct visit *v, const struct account_conf *conf, struct key *key)
{
	struct app *a = v->app;
	struct account_get get = { .ca = v->ca, .look_only = true };
	struct waiter w;
	int status = EXIT_DONE;

	v->ca->key = key;
	account_get_start(&get, waiter_begin(&w, a));
	app_wait(a, &w);
	if (get.story.st) {
		story_prefix(&get.story, "CA %s: ", conf->ca ? conf->ca : conf->url);
		status = app_fail(a, NULL, &get.story);
	}
	account_get_free(&get);
	return status;
}

static int import(struct app *a, const struct account_conf *conf, struct key *key)
{
	struct visit v;
	struct story story = { 0 };
	int status = visit_begin(&v, a, conf, VISIT_NOBODY);

	if (!status)
		status = find_kid(&v, conf, key);
	if (!status) {
		scoped(free_p) char *dir = account_dir(conf->url);
		struct account_file f = { .key = key,
					  .kid = v.ca->kid,
					  .ca = conf->url,
					  .dir = dir,
					  .created = clock_wall() };
		if (account_import(&a->store, &f, &story))
			status = app_fail(a, NULL, &story);
		else
			tell(a, conf, "imported", f.kid);
	}
	v.ca->key = NULL; /* the caller's */
	visit_end(&v);
	return status;
}

int accounts_import(struct app *a, const char *name)
{
	const char *path = a->args.n > 2 ? a->args.at[2] : NULL;
	struct account_block *block = NULL;
	scoped(key_free_p) struct key *key = NULL;
	struct story story = { 0 };

	if (!path) {
		story_fail(&story, SEAL_ECONFIG, "accounts import ACCOUNT FILE: which file?");
		story_hint(&story, "a private key in PEM, or as a JSON Web Key");
		return app_fail(a, NULL, &story);
	}
	int status = accounts_which(a, name, &block);
	if (!status)
		status = read_key(a, path, &key);
	if (status || is_dry(a, "import", &block->conf))
		return status;
	status = app_store_open(a);
	return status ? status : import(a, &block->conf, key);
}
