/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/visit.h"

#include <stdlib.h>

static int no_account(struct visit *v, const struct account_conf *conf, const struct story *why)
{
	struct story story = { 0 };

	if (why->st && why->st != SEAL_ENOTFOUND)
		return app_fail(v->app, NULL, why);
	story_fail(&story, SEAL_ECONFIG, "there is no account at %s in %s", conf->url,
		   app_state_dir(v->app));
	story_hint(&story, "dnseal accounts lists them; dnseal accounts add makes one");
	return app_fail(v->app, NULL, &story);
}

/* Another run may have changed key or account before the lock was ours. */
static int read_again(struct visit *v, const struct account_conf *conf)
{
	struct account_file now = { 0 };
	struct story story = { 0 };

	if (account_load(&v->app->store, conf->url, &now, &story) || !now.kid) {
		account_file_free(&now);
		return no_account(v, conf, &story);
	}
	key_free(v->ca->key);
	free(v->ca->kid);
	v->ca->key = take(now.key);
	v->ca->kid = take(now.kid);
	account_file_free(&now);
	return EXIT_DONE;
}

/* The session would make an account where there is none. */
static int use_account(struct visit *v, const struct account_conf *conf)
{
	struct app *a = v->app;
	struct account_file file = { 0 };
	struct story story = { 0 };
	struct session_wait wait = { 0 };
	struct waiter w;
	scoped(free_p) char *lock = account_lock(&a->store, conf->url);
	bool exists = !account_load(&a->store, conf->url, &file, &story) && file.kid;

	account_file_free(&file);
	if (!exists)
		return no_account(v, conf, &story);
	v->session = session_new(&a->engine, conf);
	session_open(v->session, &wait, waiter_begin(&w, a));
	app_wait(a, &w);
	if (v->session->story.st)
		return app_fail(a, NULL, &v->session->story);
	if (lock_take(&v->lock, lock, (int64_t)a->opt.wait_s * 1000, &story))
		return app_fail(a, NULL, &story);
	v->ca = &v->session->ca;
	v->file = &v->session->file;
	return read_again(v, conf);
}

static int use_directory(struct visit *v, const struct account_conf *conf)
{
	struct app *a = v->app;
	struct waiter w;

	ca_init(&v->alone, a->http, conf->url, conf->trust);
	v->ca = &v->alone;
	directory_get_start(&v->directory, v->ca, waiter_begin(&w, a));
	app_wait(a, &w);
	if (!v->directory.story.st)
		return EXIT_DONE;
	story_prefix(&v->directory.story, "CA %s: ", conf->ca ? conf->ca : conf->url);
	return app_fail(a, NULL, &v->directory.story);
}

int visit_begin(struct visit *v, struct app *a, const struct account_conf *conf, enum visit_as as)
{
	*v = (struct visit){ .app = a, .lock = LOCK_NONE };
	app_network(a);
	return as == VISIT_ACCOUNT ? use_account(v, conf) : use_directory(v, conf);
}

void visit_post(struct visit *v, struct post *p)
{
	struct waiter w;

	p->ca = v->ca;
	post_start(p, waiter_begin(&w, v->app));
	app_wait(v->app, &w);
}

void visit_end(struct visit *v)
{
	directory_get_free(&v->directory);
	session_free(v->session);
	if (v->ca == &v->alone)
		ca_free(&v->alone);
	lock_drop(&v->lock);
	*v = (struct visit){ .lock = LOCK_NONE };
}
