/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_rollback.c - an older generation becomes live again. */
#include "config.h"

#include "app/deployment.h"
#include "base/clock.h"
#include "store/generation.h"

#include <stdio.h>
#include <string.h>

struct rollback {
	struct app *app;
	const char *cert;
	struct lock lock;
	unsigned from, to;
	struct story story;
};

/* "12", "gen-000012", or nothing: the newest whole one below the live one. */
static enum seal_status choose(struct rollback *x)
{
	const struct store *s = &x->app->store;
	const char *said = x->app->args.n > 1 ? x->app->args.at[1] : NULL;
	uint64_t n = 0;

	if (said && !generation_number(said, &x->to) && !parse_uint(said, 999999, &n))
		return fail(x, SEAL_ECONFIG, "'%s' is no generation; a number such as 12 is",
			    clean(said));
	if (n)
		x->to = (unsigned)n;
	for (unsigned i = said ? 0 : x->from; i > 1 && !x->to; i--)
		if (generation_complete(s, x->cert, i - 1))
			x->to = i - 1;
	if (!x->to)
		return fail(x, SEAL_ENOTFOUND, "there is no older generation than %u", x->from);
	if (x->to == x->from)
		return fail(x, SEAL_ECONFIG, "generation %u is the live one", x->to);
	if (!generation_complete(s, x->cert, x->to))
		return fail(x, SEAL_ENOTFOUND, "there is no whole generation %u", x->to);
	return SEAL_OK;
}

/* When it ends; 0 when that cannot be read. */
static int64_t end_of(const struct rollback *x)
{
	scoped(free_p) char *path = store_path(&x->app->store, "certs/%s/gen-%06u/fullchain.pem",
					       x->cert, x->to);
	scoped(buf_free) struct buf pem = { 0 };
	scoped(chain_free) struct chain chain = { 0 };
	struct story ignored = { 0 };

	if (file_read(path, 1u << 20, &pem, &ignored) ||
	    chain_read(pem.data, pem.len, &chain, &ignored))
		return 0;
	return chain.at[0].not_after;
}

static enum seal_status switch_to(struct rollback *x)
{
	struct app *a = x->app;

	if (store_lock_cert(&a->store, x->cert, (int64_t)a->opt.wait_s * 1000, &x->lock,
			    &x->story))
		return x->story.st;
	x->from = generation_live(&a->store, x->cert);
	if (!x->from)
		return fail(x, SEAL_ENOTFOUND, "nothing is live");
	if (choose(x))
		return x->story.st;
	if (end_of(x) < clock_wall() && !a->opt.force) {
		fail(x, SEAL_ECONFIG, "the certificate of generation %u is over", x->to);
		hint(x, "--force makes it live all the same");
		return x->story.st;
	}
	if (a->opt.dry_run)
		return SEAL_OK;
	enum seal_status st = generation_keep(&a->store, x->cert, x->from, &x->story);
	return st ? st : generation_switch(&a->store, x->cert, x->to, &x->story);
}

static void tell(const struct rollback *x)
{
	char ends[32];

	if (x->app->ui.mode != UI_JSON) {
		printf("%s: generation %u %s live in place of %u; it ends on %s\n", x->cert, x->to,
		       x->app->opt.dry_run ? "would be" : "is", x->from,
		       show_date(end_of(x), ends));
		return;
	}
	scoped(free_p) char *dir = store_path(&x->app->store, "certs/%s/gen-%06u", x->cert, x->to);
	struct json_object *o = event_new("step", x->cert);
	json_text(o, "step", "rollback");
	json_number(o, "generation", x->to);
	json_text(o, "dir", dir);
	json_print(o);
}

int cmd_rollback(struct app *a)
{
	struct rollback x = { .app = a, .cert = a->args.at[0], .lock = LOCK_NONE };
	int status = app_configure(a, READ_SHAPE);

	if (!status && !cert_name_ok(x.cert)) {
		story_fail(&x.story, SEAL_ECONFIG, "'%s' is no certificate's name", clean(x.cert));
		status = app_fail(a, NULL, &x.story);
	}
	if (!status)
		status = app_store_open(a);
	if (status)
		return status;
	enum seal_status st = switch_to(&x);
	lock_drop(&x.lock);
	if (st)
		return app_fail(a, x.cert, &x.story);
	tell(&x);
	return deploy_again(a, x.cert);
}
