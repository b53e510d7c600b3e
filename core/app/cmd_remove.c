/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_remove.c - a certificate goes out of use, and comes back.  Nothing is deleted: its directory
 * moves to STATE/removed, and back again. */
#include "config.h"

#include "app/deployment.h"
#include "app/report.h"
#include "app/revocation.h"
#include "base/clock.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REASON_CESSATION 5 /* RFC 5280 5.3.1: cessationOfOperation */

struct removal {
	struct app *app;
	const char *cert;
	struct lock lock;
	struct story story;
};

/* "removed/mail@20261121T092230Z": '@' is in no certificate's name. */
static char *place_for(const struct removal *x)
{
	char date[RFC3339_LEN], compact[RFC3339_LEN];
	size_t n = 0;

	clock_rfc3339(clock_wall(), date);
	for (const char *c = date; *c; c++)
		if (*c != '-' && *c != ':')
			compact[n++] = *c;
	compact[n] = '\0';
	return store_path(&x->app->store, "removed/%s@%s", x->cert, compact);
}

/* The one that was removed last; NULL: none. */
static char *place_of(const struct removal *x)
{
	scoped(free_p) char *folder = store_path(&x->app->store, "removed");
	scoped(free_p) char *start = str_printf("%s@", x->cert);
	scoped(free_p) char *last = NULL;
	scoped(dir_p) DIR *d = opendir(folder);

	for (struct dirent *e; d && (e = readdir(d));) {
		if (!starts_with(e->d_name, start) || (last && strcmp(e->d_name, last) < 0))
			continue;
		free(last);
		last = str_copy(e->d_name);
	}
	return last ? str_printf("%s/%s", folder, last) : NULL;
}

static enum seal_status move(struct removal *x, const char *from, const char *to)
{
	const struct store *s = &x->app->store;
	scoped(free_p) char *removed = store_path(s, "removed");
	scoped(free_p) char *certs = store_path(s, "certs");
	enum seal_status st = dir_make(removed, 0700, &x->story);

	if (!st && rename(from, to))
		st = fail(x, SEAL_ESTORAGE, "cannot move %s to %s: %s", from, to, strerror(errno));
	if (!st)
		st = dir_sync(certs, &x->story);
	return st ? st : dir_sync(removed, &x->story);
}

static int prepare(struct removal *x)
{
	struct app *a = x->app;
	int status = app_configure(a, READ_SHAPE);

	x->cert = a->args.at[0];
	if (!status && !cert_name_ok(x->cert)) {
		fail(x, SEAL_ECONFIG, "'%s' is no certificate's name", clean(x->cert));
		status = app_fail(a, NULL, &x->story);
	}
	return status ? status : app_store_open(a);
}

static enum seal_status lock(struct removal *x)
{
	struct app *a = x->app;

	return store_lock_cert(&a->store, x->cert, (int64_t)a->opt.wait_s * 1000, &x->lock,
			       &x->story);
}

static void tell(const struct removal *x, const char *step, const char *said)
{
	if (x->app->ui.mode != UI_JSON) {
		printf("%s: %s\n", x->cert, said);
		return;
	}
	struct json_object *o = event_new("step", x->cert);
	json_text(o, "step", step);
	json_text(o, "detail", said);
	json_print(o);
}

/* -- remove --------------------------------------------------------------------------------- */

static enum seal_status put_away(struct removal *x)
{
	struct app *a = x->app;
	const struct cert_block *b = configuration_cert(a->conf, x->cert);
	scoped(free_p) char *home = store_path(&a->store, "certs/%s", x->cert);
	scoped(free_p) char *to = place_for(x);
	enum seal_status st = lock(x);

	if (!st && !a->opt.dry_run)
		st = move(x, home, to);
	if (st)
		return st;
	scoped(free_p) char *said = str_printf("%s to %s; dnseal restore %s brings it back",
					       a->opt.dry_run ? "would be moved" : "moved", to,
					       x->cert);
	tell(x, "remove", said);
	if (b)
		log_line(LOG_WARN,
			 "%s: it is still configured at %s, and the next renew gets a new one",
			 x->cert, b->conf.origin);
	if (b && b->conf.n_targets)
		log_line(LOG_WARN, "%s: what its targets copied to services stays there", x->cert);
	return SEAL_OK;
}

int cmd_remove(struct app *a)
{
	struct removal x = { .app = a, .lock = LOCK_NONE };
	int status = prepare(&x);

	if (status)
		return status;
	scoped(free_p) char *home = store_path(&a->store, "certs/%s", x.cert);
	if (!file_exists(home)) {
		fail(&x, SEAL_ENOTFOUND, "there is no certificate of this name");
		hint(&x, "dnseal status lists them");
		return app_fail(a, x.cert, &x.story);
	}
	if (a->opt.revoke && !a->opt.dry_run)
		status = revoke_live(a, x.cert, REASON_CESSATION, REVOKE_BY_ACCOUNT);
	if (status)
		return status;
	if (put_away(&x))
		status = app_fail(a, x.cert, &x.story);
	lock_drop(&x.lock);
	if (!a->opt.dry_run)
		report_run(a, status);
	return status;
}

/* -- restore -------------------------------------------------------------------------------- */

/* Another certificate of this name may have gone to its services meanwhile. */
static enum seal_status deploy_anew(struct removal *x)
{
	const struct store *s = &x->app->store;
	struct cert_state state = { 0 };
	enum seal_status st = cert_state_load(s, x->cert, &state, &x->story);

	for (size_t i = 0; i < state.n_targets; i++)
		state.targets[i].pending = true;
	if (!st && state.n_targets)
		st = cert_state_save(s, x->cert, &state, &x->story);
	cert_state_free(&state);
	return st;
}

static enum seal_status bring_back(struct removal *x)
{
	struct app *a = x->app;
	scoped(free_p) char *home = store_path(&a->store, "certs/%s", x->cert);
	scoped(free_p) char *live = store_path(&a->store, "certs/%s/live", x->cert);
	scoped(free_p) char *aside = place_for(x);
	scoped(free_p) char *from = place_of(x);
	enum seal_status st = lock(x);

	if (st)
		return st;
	if (!from)
		return fail(x, SEAL_ENOTFOUND, "no certificate of this name was removed");
	if (file_exists(live)) {
		fail(x, SEAL_ECONFIG, "there is a live certificate of this name");
		hint(x, "dnseal remove %s first; what was removed last comes back first", x->cert);
		return x->story.st;
	}
	if (!a->opt.dry_run && file_exists(home))
		st = move(x, home, aside); /* of an order that failed since */
	if (!st && !a->opt.dry_run)
		st = move(x, from, home);
	if (!st && !a->opt.dry_run)
		st = deploy_anew(x);
	if (st)
		return st;
	scoped(free_p) char *said =
		str_printf("%s from %s", a->opt.dry_run ? "would be back" : "back", from);
	tell(x, "restore", said);
	return SEAL_OK;
}

int cmd_restore(struct app *a)
{
	struct removal x = { .app = a, .lock = LOCK_NONE };
	int status = prepare(&x);

	if (status)
		return status;
	if (bring_back(&x))
		status = app_fail(a, x.cert, &x.story);
	lock_drop(&x.lock);
	return status ? status : deploy_again(a, x.cert);
}
