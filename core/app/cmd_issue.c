/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_issue.c - one certificate, now. */
#include "config.h"

#include "app/app.h"
#include "app/cas.h"
#include "app/save.h"
#include "app/signals.h"
#include "app/standing.h"
#include "app/terms.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/journal.h"
#include "engine/order.h"
#include "engine/undo.h"

#include <stdio.h>
#include <string.h>

struct issue {
	struct app *app;
	struct subject subject;
	struct cert_conf cert; /* as ordered: a rehearsal has another account */
	struct account_conf account;
	struct standing standing;
	struct lock lock;
	char reason[160]; /* why it is ordered; "" when only --force is the reason */
};

static const char *name_of(const struct issue *x)
{
	return x->cert.name;
}

/* -- before anything is tried --------------------------------------------------------------- */

static int no_test_ca(struct issue *x)
{
	struct story story = { 0 };

	story_fail(&story, SEAL_ECONFIG,
		   "--dry-run rehearses at a test CA, and none is known for '%s'", x->account.ca);
	story_hint(&story, "say which with test-ca in its account block, or --test-ca");
	return app_fail(x->app, name_of(x), &story);
}

static void use_test_ca(struct issue *x)
{
	const struct ca_preset *known = ca_find_url(x->account.test_url);

	x->account.url = x->account.test_url;
	x->account.ca = known ? arena_str(&x->app->conf->arena, known->name) : x->account.url;
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
	x->cert = x->subject.cert->conf;
	x->account = *x->cert.account;
	x->cert.account = &x->account;
	if (!x->cert.resolvers.n)
		resolvers_system(&x->cert.resolvers, "/etc/resolv.conf");
	if (a->opt.save && save_possible(a, &x->subject, &story))
		return app_fail(a, name_of(x), &story);
	if (a->opt.dry_run && !x->account.test_url)
		return no_test_ca(x);
	if (a->opt.dry_run)
		use_test_ca(x);
	return EXIT_DONE;
}

/* What earlier runs left is mended, and what is live is read, under the certificate's lock. */
static int take_stock(struct issue *x)
{
	struct app *a = x->app;
	struct story story = { 0 };
	scoped(buf_free) struct buf note = { 0 };
	int status = app_store_open(a);

	if (status)
		return status;
	if (store_lock_cert(&a->store, name_of(x), (int64_t)a->opt.wait_s * 1000, &x->lock,
			    &story) ||
	    store_repair(&a->store, name_of(x), &note, &story) ||
	    standing_read(&a->store, name_of(x), &x->cert, &x->standing, &story))
		return app_fail(a, name_of(x), &story);
	if (note.len)
		log_line(LOG_WARN, "%s: %s", name_of(x), buf_text(&note));
	return EXIT_DONE;
}

/* A rehearsal's certificate must not take the place of a real one. */
static int guard_production(struct issue *x)
{
	struct app *a = x->app;
	struct story story = { 0 };
	bool test = x->account.test_url && !strcmp(x->account.url, x->account.test_url);

	if (a->opt.dry_run || !test || !standing_leaf(&x->standing) || !x->standing.live.meta ||
	    standing_is_test(&x->standing, &x->account))
		return EXIT_DONE;
	const char *ca = json_str(x->standing.live.meta, "ca");
	if (!ca || !strcmp(ca, x->account.url))
		return EXIT_DONE;
	story_fail(&story, SEAL_ECONFIG,
		   "the live certificate is a real one, and this would put one of a "
		   "test CA in its place");
	story_hint(&story, "rehearse with --dry-run, or choose another --name");
	return app_fail(a, name_of(x), &story);
}

static bool is_due(struct issue *x)
{
	if (!standing_fits(&x->standing, &x->cert, x->reason))
		return true;
	if (x->standing.due > clock_wall())
		return false;
	str_put(x->reason, "it is due: %s", x->standing.why);
	return true;
}

/* -- nothing to do -------------------------------------------------------------------------- */

/* An earlier run may have succeeded and not got round to cleaning up. */
static void settle_up(struct issue *x)
{
	struct app *a = x->app;
	struct journal open = { 0 };
	struct undo undo = { .engine = &a->engine, .cert = name_of(x) };
	struct story story = { 0 };
	struct waiter w;
	bool any = !journal_read(&a->store, name_of(x), &open, &story) && open.n;

	journal_free(&open);
	if (!any)
		return;
	app_network(a);
	undo_start(&undo, waiter_begin(&w, a));
	app_wait(a, &w);
	log_line(undo.story.st ? LOG_WARN : LOG_INFO,
		 "%s: %zu of %zu TXT of an earlier run removed%s%s", name_of(x), undo.n_gone,
		 undo.n_open, undo.story.st ? ": " : "", undo.story.text);
	undo_free(&undo);
}

static int unchanged(struct issue *x)
{
	struct app *a = x->app;
	const struct cert_info *leaf = standing_leaf(&x->standing);
	char ends[32], due[32], left[32];
	struct event e = { .kind = EVENT_DONE,
			   .certificate = name_of(x),
			   .result = "unchanged",
			   .not_after = leaf->not_after,
			   .generation = x->standing.live.generation,
			   .dir = x->standing.live.dir };

	settle_up(x);
	a->ui.events.tell(&a->ui.events, &e);
	if (a->ui.mode != UI_JSON)
		printf("%s: unchanged, valid until %s (%s), due %s; --force orders anyway\n",
		       name_of(x), show_date(leaf->not_after, ends),
		       show_duration(leaf->not_after - clock_wall(), left),
		       show_date(x->standing.due, due));
	return EXIT_DONE;
}

/* -- the order ------------------------------------------------------------------------------ */

static void cancel(void *order)
{
	order_cancel(order);
}

static void tell_rehearsed(struct issue *x, const struct order *order)
{
	if (x->app->ui.mode != UI_JSON) {
		printf("%s: the rehearsal at %s succeeded; nothing was kept\n", name_of(x),
		       x->account.url);
		return;
	}
	struct json_object *o = event_new("done", name_of(x));
	json_text(o, "result", "issued");
	json_object_object_add(o, "rehearsal", json_object_new_boolean(true));
	json_time(o, "not_after", order_not_after(order));
	json_print(o);
}

static void tell_done(struct issue *x, const struct order *order)
{
	struct app *a = x->app;
	int64_t ends = order_not_after(order);
	char date[32], left[32];
	struct event e = { .kind = EVENT_DONE,
			   .certificate = name_of(x),
			   .result = standing_leaf(&x->standing) ? "renewed" : "issued",
			   .not_after = ends,
			   .generation = order_generation(order),
			   .dir = order_dir(order) };

	a->ui.events.tell(&a->ui.events, &e);
	if (a->ui.mode == UI_JSON)
		return;
	printf("%s: %s, valid until %s (%s), %s\n", name_of(x), e.result, show_date(ends, date),
	       show_duration(ends - clock_wall(), left), key_type_label(x->cert.key));
	printf("Files   %s/certs/%s/live/{fullchain,privkey,keyfull}.pem\n", a->store.dir,
	       name_of(x));
	if (x->subject.configured || a->opt.save)
		printf("Next    dnseal issue %s          when it is due (dnseal status says "
		       "when)\n",
		       name_of(x));
	else
		printf("Next    run the same command again when it is due (dnseal status says "
		       "when);\n"
		       "        with --save it becomes dnseal issue %s\n",
		       name_of(x));
}

static void keep_state(struct issue *x, const struct story *failure)
{
	struct app *a = x->app;
	struct story story = { 0 };

	if (a->opt.dry_run || (failure && failure->st == SEAL_ECANCELED))
		return;
	if (standing_save(&a->store, name_of(x), &x->standing, failure, a->ui.waited_s, &story))
		log_line(LOG_WARN, "%s: %s", name_of(x), story.text);
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

/* The last line: what happens now. */
static void tell_next_try(struct issue *x, const struct story *story)
{
	int64_t next = x->standing.state.next_try;
	char when[RFC3339_LEN], left[32];

	if (x->app->opt.dry_run || story->retry_at) /* the CA's own moment is told already */
		return;
	if (standing_needs_hands(story->st))
		log_line(LOG_INFO, "%s: mend that, then run the same command again", name_of(x));
	else if (next)
		log_line(LOG_INFO, "%s: this may pass; try again after %s (in %s)", name_of(x),
			 clock_rfc3339(next, when), show_duration(next - clock_wall(), left));
}

static int failed(struct issue *x, const struct order *order, int signal)
{
	struct story story = *order_story(order);
	struct app *a = x->app;
	struct event e = { .kind = EVENT_DONE,
			   .certificate = name_of(x),
			   .result = story.st == SEAL_ELIMIT ? "deferred" : "failed" };

	if (*story.problem && !starts_with(story.text, "CA ")) /* the CA's own words: whose? */
		story_prefix(&story, "CA %s: ", x->account.ca);
	keep_state(x, &story);
	int status = app_fail(a, name_of(x), &story);
	a->ui.events.tell(&a->ui.events, &e);
	if (!signal)
		tell_next_try(x, &story);
	return signal ? 128 + signal : status;
}

static int order(struct issue *x)
{
	struct app *a = x->app;
	struct signals signals;
	struct waiter w;

	app_network(a);
	signals_start(&signals, a->loop, cancel);
	struct session *session = session_new(&a->engine, &x->account);
	struct order *o = order_new(&(struct order_ask){ .engine = &a->engine,
							 .cert = &x->cert,
							 .session = session,
							 .rehearse = a->opt.dry_run });
	signals.arg = o;
	if (*x->reason && standing_leaf(&x->standing))
		log_line(LOG_INFO, "%s: %s", name_of(x), x->reason);
	order_start(o, waiter_begin(&w, a));
	app_wait(a, &w);
	int signal = signals.first, status;
	signals_stop(&signals);
	if (order_story(o)->st) {
		status = failed(x, o, signal);
	} else {
		keep_state(x, NULL);
		if (a->opt.dry_run)
			tell_rehearsed(x, o);
		else
			tell_done(x, o);
		status = save(x);
		if (!status && a->opt.exit_changed && !a->opt.dry_run)
			status = EXIT_CHANGED;
	}
	order_free(o);
	session_free(session);
	return status;
}

static int issue(struct issue *x)
{
	struct app *a = x->app;
	int status = prepare(x);

	if (!status)
		status = take_stock(x);
	if (!status)
		status = guard_production(x);
	if (status)
		return status;
	if (!is_due(x) && !a->opt.force && !a->opt.dry_run) {
		status = unchanged(x);
		return status ? status : save(x);
	}
	status = terms_settle(a, &x->account);
	x->subject.cert->account->conf.agreed = x->account.agreed; /* for --save */
	return status ? status : order(x);
}

int cmd_issue(struct app *a)
{
	struct issue x = { .app = a, .lock = LOCK_NONE };
	int status = issue(&x);

	standing_free(&x.standing);
	lock_drop(&x.lock);
	subject_free(&x.subject);
	return status;
}
