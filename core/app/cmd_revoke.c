/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_revoke.c - a certificate that must not be trusted any more; and a new one at once when its
 * key is what must not. */
#include "config.h"

#include "acme/revoke.h"
#include "app/report.h"
#include "app/revocation.h"
#include "app/signals.h"
#include "app/terms.h"
#include "base/log.h"
#include "engine/session.h"
#include "engine/turn.h"

#include <stdio.h>
#include <string.h>

struct revoke {
	struct app *app;
	unsigned reason;
	enum revoke_by by;
	bool is_cert; /* the argument names one of ours */
	char *cert;   /* of ours that was revoked, or NULL */
};

static int refuse(struct app *a, const char *option, const char *value, const char *possible)
{
	struct story story = { 0 };

	story_fail(&story, SEAL_ECONFIG, "--%s %s: %s are possible", option, clean(value),
		   possible);
	return app_fail(a, NULL, &story);
}

static int read_options(struct revoke *r)
{
	const struct options *o = &r->app->opt;

	if (o->reason && !revoke_reason_read(o->reason, &r->reason))
		return refuse(r->app, "reason", o->reason, revoke_reasons);
	if (o->by && strcmp(o->by, "account") && strcmp(o->by, "key"))
		return refuse(r->app, "by", o->by, "account and key");
	r->by = o->by && !strcmp(o->by, "key") ? REVOKE_BY_KEY : REVOKE_BY_ACCOUNT;
	return EXIT_DONE;
}

/* A name of ours, or a file? */
static int look_at(struct revoke *r, const char *arg)
{
	struct app *a = r->app;
	struct story story = { 0 };
	scoped(free_p) char *home = store_path(&a->store, "certs/%s", arg);

	r->is_cert = cert_name_ok(arg) && file_exists(home);
	if (r->is_cert || file_exists(arg))
		return EXIT_DONE;
	story_fail(&story, SEAL_ECONFIG, "'%s' is neither a certificate in %s nor a file",
		   clean(arg), app_state_dir(a));
	story_hint(&story, "dnseal status lists them");
	return app_fail(a, NULL, &story);
}

static bool is_sure(struct revoke *r, const char *arg)
{
	struct app *a = r->app;
	scoped(free_p) char *question = str_printf(
		"Revoke %s (%s)?  It cannot be undone.", clean(arg), revoke_reason_name(r->reason));

	return !app_can_ask(a) || a->opt.yes || app_ask(a, question);
}

/* -- the new one ---------------------------------------------------------------------------- */

static void cancel(void *turn)
{
	turn_cancel(turn);
}

static int take_turn(struct revoke *r, struct subject *s)
{
	struct app *a = r->app;
	struct cert_conf *cert = &s->cert->conf;
	struct signals signals;
	struct waiter w;

	if (!cert->resolvers.n)
		resolvers_system(&cert->resolvers, "/etc/resolv.conf");
	signals_start(&signals, a->loop, cancel);
	struct turn *turn = turn_new(&(struct turn_ask){
		.engine = &a->engine,
		.cert = cert,
		.logins = a->engine.logins,
		.n_logins = a->engine.n_logins,
		.force = TURN_NOW,
		.lock_wait_ms = (int64_t)a->opt.wait_s * 1000 });
	signals.arg = turn;
	turn_start(turn, waiter_begin(&w, a));
	app_wait(a, &w);
	int signal = signals.first, status = exit_of(turn_story(turn)->st);
	signals_stop(&signals);
	if (!status && turn_deploy_pending(turn))
		status = EXIT_DEPLOY;
	if (!turn_story(turn)->st && a->ui.mode != UI_JSON)
		printf("%s: %s with a new key\n", r->cert, turn_result_name(turn_result(turn)));
	turn_free(turn);
	sessions_free(&a->engine);
	return signal ? 128 + signal : status;
}

static int reissue(struct revoke *r)
{
	struct app *a = r->app;
	struct subject subject = { 0 };
	struct words name = { .at = &r->cert, .n = 1 };

	if (!configuration_cert(a->conf, r->cert)) {
		log_line(LOG_WARN,
			 "%s: it is not configured: run the command that issued it again, now",
			 r->cert);
		return EXIT_OPERATOR;
	}
	int status = app_subject(a, &name, &subject);
	if (!status)
		status = app_logins(a, &subject);
	if (!status)
		status = take_turn(r, &subject);
	subject_free(&subject);
	return status;
}

/* -- the command ---------------------------------------------------------------------------- */

static int revoke(struct revoke *r)
{
	struct app *a = r->app;
	const char *arg = a->args.at[0];
	int status = read_options(r);

	if (!status)
		status = app_configure(a, READ_ALL);
	if (!status)
		status = app_store_open(a);
	if (!status)
		status = look_at(r, arg);
	if (status)
		return status;
	if (a->opt.dry_run || !is_sure(r, arg)) {
		log_line(LOG_INFO, "%s: not revoked", clean(arg));
		return a->opt.dry_run ? EXIT_DONE : EXIT_USAGE;
	}
	if (r->is_cert)
		r->cert = str_copy(arg);
	status = r->is_cert ? revoke_live(a, arg, r->reason, r->by)
			    : revoke_file(a, arg, r->reason, r->by, &r->cert);
	if (!status && r->cert && r->reason == REVOKE_KEY_COMPROMISE)
		status = reissue(r);
	return status;
}

int cmd_revoke(struct app *a)
{
	struct revoke r = { .app = a };
	int status = revoke(&r);

	if (r.cert)
		report_run(a, status);
	free_p(&r.cert);
	return status;
}
