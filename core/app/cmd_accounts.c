/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/accounts.h"
#include "app/cas.h"
#include "app/terms.h"
#include "base/log.h"
#include "engine/session.h"

#include <stdio.h>
#include <string.h>

static struct json_object *as_json(const struct account_file *f, const struct account_conf *conf)
{
	struct json_object *o = json_object_new_object();
	char thumbprint[44];

	json_text(o, "dir", f->dir);
	json_text(o, "account", conf ? conf->name : NULL);
	json_text(o, "ca", f->ca);
	json_text(o, "kid", f->kid);
	json_time(o, "created", f->created);
	json_object_object_add(o, "contact", json_words(&f->contact));
	if (f->key) {
		key_thumbprint(f->key, thumbprint);
		json_text(o, "thumbprint", thumbprint);
		json_text(o, "key_type", key_type_name(key_type(f->key)));
	}
	return o;
}

/* The configured account at this CA, or NULL. */
static const struct account_conf *conf_of(const struct app *a, const char *url)
{
	for (size_t i = 0; i < a->conf->n_accounts; i++)
		if (url && a->conf->accounts[i]->conf.url &&
		    !strcmp(a->conf->accounts[i]->conf.url, url))
			return &a->conf->accounts[i]->conf;
	return NULL;
}

static const char *short_name(const struct app *a, const struct account_file *f)
{
	const struct account_conf *conf = conf_of(a, f->ca);
	const struct ca_preset *ca = f->ca ? ca_find_url(f->ca) : NULL;

	return conf ? conf->name : ca ? ca->name : "-";
}

static void print_detail(const struct app *a, const struct account_file *f)
{
	scoped(free_p) char *contact = words_join(&f->contact, " ");
	char thumbprint[44], date[32];

	printf("%s\n", f->dir);
	printf("  %-11s %s\n", "account", short_name(a, f));
	printf("  %-11s %s\n", "CA", f->ca ? f->ca : "-");
	printf("  %-11s %s\n", "kid", f->kid ? f->kid : "not registered yet");
	printf("  %-11s %s\n", "contact", *contact ? contact : "-");
	printf("  %-11s %s\n", "created", f->created ? show_date(f->created, date) : "-");
	if (!f->key)
		return;
	key_thumbprint(f->key, thumbprint);
	printf("  %-11s %s\n", "key", key_type_label(key_type(f->key)));
	printf("  %-11s %s\n", "thumbprint", thumbprint);
}

/* -- list and show -------------------------------------------------------------------------- */

static bool is_asked(const struct app *a, const char *name, const struct account_file *f)
{
	return !name || !strcmp(name, f->dir) || word_same(name, short_name(a, f)) ||
	       (f->ca && !strcmp(name, f->ca));
}

static int each(struct app *a, const char *name, struct json_object *list, size_t *ret_n)
{
	struct words dirs = { 0 };
	struct story story = { 0 };
	int status = EXIT_DONE;

	account_list(&a->store, &dirs);
	for (size_t i = 0; i < dirs.n; i++) {
		struct account_file f = { 0 };
		if (account_load_dir(&a->store, dirs.at[i], &f, &story)) {
			status = app_fail(a, NULL, &story);
			continue;
		}
		if (is_asked(a, name, &f)) {
			++*ret_n;
			if (list)
				json_object_array_add(list, as_json(&f, conf_of(a, f.ca)));
			else if (name)
				print_detail(a, &f);
			else
				printf("%-20s %-46s %s\n", short_name(a, &f), f.dir,
				       f.kid ? f.kid : "not registered yet");
		}
		account_file_free(&f);
	}
	words_free(&dirs);
	return status;
}

static int show(struct app *a, const char *name)
{
	struct json_object *list = a->ui.mode == UI_JSON ? json_object_new_array() : NULL;
	bool exists = false;
	size_t n = 0;
	struct story story = { 0 };
	int status = app_store_look(a, &exists);

	if (!status && exists)
		status = each(a, name, list, &n);
	if (list) {
		struct json_object *o = event_new("accounts", NULL);
		json_object_object_add(o, "accounts", list);
		json_print(o);
	}
	if (status || n || !name)
		return status;
	story_fail(&story, SEAL_ECONFIG, "no account '%s' in %s", clean(name), app_state_dir(a));
	story_hint(&story, "dnseal accounts lists them; dnseal accounts add makes one");
	return app_fail(a, NULL, &story);
}

static int list_all(struct app *a, const char *name)
{
	(void)name;
	return show(a, NULL);
}

static int show_one(struct app *a, const char *name)
{
	struct story story = { 0 };

	if (name)
		return show(a, name);
	story_fail(&story, SEAL_ECONFIG, "accounts show: which one?");
	story_hint(&story, "dnseal accounts lists them");
	return app_fail(a, NULL, &story);
}

/* -- add ------------------------------------------------------------------------------------ */

int accounts_which(struct app *a, const char *name, struct account_block **ret)
{
	const struct account_block *base = name ? configuration_account(a->conf, name) : NULL;

	if (!name && !a->opt.ca)
		base = account_default(a->conf);
	if (!base && !a->opt.ca && name && ca_find(name))
		a->opt.ca = name;
	if (!base && !a->opt.ca) {
		complain(&a->errors, NULL, 0, "which account?  '%s' is not configured",
			 name ? clean(name) : "");
		complain_hint(&a->errors, "the name of an account block, or --ca CA|URL");
		return app_complaints(a);
	}
	*ret = subject_account(a->conf, &a->opt, base, &a->errors);
	return app_complaints(a);
}

static int open_session(struct app *a, const struct account_conf *conf)
{
	struct session *s = session_new(&a->engine, conf);
	struct session_wait wait = { 0 };
	struct waiter w;
	int status = EXIT_DONE;

	session_open(s, &wait, waiter_begin(&w, a));
	app_wait(a, &w);
	if (s->story.st) {
		status = app_fail(a, NULL, &s->story);
	} else if (a->ui.mode == UI_JSON) {
		struct json_object *o = event_new("account", NULL);
		json_text(o, "ca", conf->url);
		json_text(o, "kid", s->ca.kid);
		json_text(o, "thumbprint", s->thumbprint);
		json_object_object_add(o, "created", json_object_new_boolean(s->created));
		json_print(o);
	} else {
		printf("%s  %s\n", s->created ? "created" : "exists", s->ca.kid);
	}
	session_free(s);
	return status;
}

static int add(struct app *a, const char *name)
{
	struct account_block *block = NULL;
	int status = accounts_which(a, name, &block);

	if (status)
		return status;
	app_warnings(a);
	if (a->opt.dry_run) {
		log_line(LOG_INFO, "dry run, nothing is done; this would register an account at %s",
			 block->conf.url);
		return EXIT_DONE;
	}
	status = app_store_open(a);
	if (!status)
		status = terms_settle(a, &block->conf);
	if (status)
		return status;
	app_network(a);
	return open_session(a, &block->conf);
}

static const struct verb {
	const char *name;
	int (*run)(struct app *, const char *account);
	enum reading_depth depth;
} verbs[] = {
	{ "list", list_all, READ_SHAPE },
	{ "show", show_one, READ_SHAPE },
	{ "add", add, READ_ALL },
	{ "update", accounts_update, READ_ALL },
	{ "rollover", accounts_rollover, READ_ALL },
	{ "deactivate", accounts_deactivate, READ_ALL },
	{ "import", accounts_import, READ_ALL },
	{ "export", accounts_export, READ_SHAPE },
};

int cmd_accounts(struct app *a)
{
	const char *verb = a->args.n ? a->args.at[0] : "list", *known[COUNT(verbs)];
	struct story story = { 0 };

	for (size_t i = 0; i < COUNT(verbs); i++) {
		known[i] = verbs[i].name;
		if (strcmp(verbs[i].name, verb))
			continue;
		int status = app_configure(a, verbs[i].depth);
		return status ? status : verbs[i].run(a, a->args.n > 1 ? a->args.at[1] : NULL);
	}
	verb_unknown("accounts", verb, known, COUNT(verbs), &story);
	return app_fail(a, NULL, &story);
}
