/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_issue.c - one certificate, now. */
#include "config.h"

#include "app/app.h"
#include "app/report.h"
#include "app/save.h"
#include "app/signals.h"
#include "app/terms.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/retry.h"
#include "engine/turn.h"

#include <stdio.h>

struct issue {
	struct app *app;
	struct subject subject;
	struct cert_conf *cert;
	struct turn *turn;
	int signal; /* that ended it, or 0 */
};

static const char *name_of(const struct issue *x)
{
	return x->cert->name;
}

/* -- before anything is tried --------------------------------------------------------------- */

static int no_test_ca(struct issue *x)
{
	struct story story = { 0 };

	story_fail(&story, SEAL_ECONFIG,
		   "--dry-run rehearses at a test CA, and none is known for '%s'",
		   x->cert->account->ca);
	story_hint(&story, "say which with test-ca in its account block, or --test-ca");
	return app_fail(x->app, name_of(x), &story);
}

static int prepare(struct issue *x)
{
	struct app *a = x->app;
	struct story story = { 0 };
	int status = app_configure(a, READ_ALL);

	if (!status)
		status = app_subject(a, &a->args, &x->subject);
	if (!status)
		status = app_logins(a, &x->subject);
	if (status)
		return status;
	app_warnings(a);
	x->cert = &x->subject.cert->conf;
	if (!x->cert->resolvers.n)
		resolvers_system(&x->cert->resolvers, "/etc/resolv.conf");
	if (a->opt.save && save_possible(a, &x->subject, &story))
		return app_fail(a, name_of(x), &story);
	if (a->opt.dry_run && !x->cert->account->test_url)
		return no_test_ca(x);
	return app_store_open(a);
}

/* Asked before the lock is taken: a person may take long to answer. */
static int agree(struct issue *x)
{
	struct account_conf *account = x->cert->account, asked = *account;

	if (x->app->opt.dry_run)
		asked.url = asked.ca = asked.test_url;
	int status = terms_settle(x->app, &asked);
	account->agreed = asked.agreed;
	return status;
}

/* -- the turn ------------------------------------------------------------------------------- */

static void cancel(void *turn)
{
	turn_cancel(turn);
}

static void take_turn(struct issue *x)
{
	struct app *a = x->app;
	struct signals signals;
	struct waiter w;

	app_network(a);
	signals_start(&signals, a->loop, cancel);
	x->turn = turn_new(&(struct turn_ask){ .engine = &a->engine,
					       .cert = x->cert,
					       .logins = a->engine.logins,
					       .n_logins = a->engine.n_logins,
					       .force = a->opt.force ? TURN_NOW : TURN_NAMED,
					       .hooks = a->conf->hooks,
					       .rehearse = a->opt.dry_run,
					       .lock_wait_ms = (int64_t)a->opt.wait_s * 1000 });
	signals.arg = x->turn;
	turn_start(x->turn, waiter_begin(&w, a));
	app_wait(a, &w);
	x->signal = signals.first;
	signals_stop(&signals);
}

/* -- what is told --------------------------------------------------------------------------- */

static void tell_unchanged(struct issue *x)
{
	int64_t ends = turn_not_after(x->turn);
	char date[32], due[32], left[32];

	printf("%s: unchanged, valid until %s (%s), due %s; --force orders anyway\n", name_of(x),
	       show_date(ends, date), show_duration(ends - clock_wall(), left),
	       show_date(turn_decision(x->turn)->at, due));
}

static void tell_rehearsed(struct issue *x)
{
	printf("%s: the rehearsal at %s succeeded; nothing was kept\n", name_of(x),
	       x->cert->account->test_url);
}

static void tell_issued(struct issue *x)
{
	struct app *a = x->app;
	int64_t ends = turn_not_after(x->turn);
	char date[32], left[32];

	printf("%s: %s, valid until %s (%s), %s\n", name_of(x),
	       turn_result_name(turn_result(x->turn)), show_date(ends, date),
	       show_duration(ends - clock_wall(), left), key_type_label(x->cert->key));
	printf("Files   %s/certs/%s/live/{fullchain,privkey,keyfull}.pem\n", a->store.dir,
	       name_of(x));
	if (x->subject.configured || a->opt.save)
		printf("Next    dnseal renew             when it is due (dnseal status says "
		       "when)\n");
	else
		printf("Next    run the same command again when it is due (dnseal status says "
		       "when);\n"
		       "        with --save dnseal renew will do it\n");
}

/* The last line: what happens now. */
static void tell_next_try(struct issue *x)
{
	const struct story *story = turn_story(x->turn);
	int64_t next = turn_next(x->turn);
	char when[RFC3339_LEN], left[32];

	if (x->app->opt.dry_run || story->retry_at) /* the CA's own moment is told already */
		return;
	if (retry_blame(story) == BLAME_HANDS)
		log_line(LOG_INFO, "%s: mend that, then run the same command again", name_of(x));
	else if (retry_blame(story) != BLAME_NONE && next)
		log_line(LOG_INFO, "%s: this may pass; try again after %s (in %s)", name_of(x),
			 clock_rfc3339(next, when), show_duration(next - clock_wall(), left));
}

static int save(struct issue *x)
{
	struct app *a = x->app;
	struct story story = { 0 };
	scoped(free_p) char *path = NULL;

	if (!a->opt.save || a->opt.dry_run)
		return EXIT_DONE;
	if (save_write(a, &x->subject, &path, &story))
		return app_fail(a, name_of(x), &story);
	if (a->ui.mode != UI_JSON)
		printf("Saved   %s\n", path);
	return EXIT_DONE;
}

static int tell(struct issue *x)
{
	static void (*const tellers[])(struct issue *) = {
		[TURN_UNCHANGED] = tell_unchanged, [TURN_ISSUED] = tell_issued,
		[TURN_RENEWED] = tell_issued,	   [TURN_REHEARSED] = tell_rehearsed,
	};
	struct app *a = x->app;
	enum turn_result result = turn_result(x->turn);

	if (result >= TURN_DEFERRED) {
		if (!x->signal)
			tell_next_try(x);
		return x->signal ? 128 + x->signal : exit_of(turn_story(x->turn)->st);
	}
	if (a->ui.mode != UI_JSON)
		tellers[result](x);
	int status = save(x);
	if (!status && turn_deploy_pending(x->turn))
		return EXIT_DEPLOY;
	bool changed = result == TURN_ISSUED || result == TURN_RENEWED;
	return !status && a->opt.exit_changed && changed ? EXIT_CHANGED : status;
}

int cmd_issue(struct app *a)
{
	struct issue x = { .app = a };
	int status = prepare(&x);

	if (!status)
		status = agree(&x);
	if (!status) {
		take_turn(&x);
		status = tell(&x);
	}
	bool reports = x.turn && !a->opt.dry_run;
	turn_free(x.turn);
	if (reports)
		report_run(a, status);
	sessions_free(&a->engine);
	subject_free(&x.subject);
	return status;
}
