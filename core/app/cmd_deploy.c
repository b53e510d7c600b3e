/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_deploy.c - targets that wait, or all of them again. */
#include "config.h"

#include "app/deployment.h"
#include "app/report.h"
#include "app/signals.h"
#include "app/subjects.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOGETHER 32 /* each holds a lock, and its files in memory */

struct errand { /* one certificate */
	struct app *app;
	const struct cert_conf *cert;
	struct lock lock;
	struct live live;
	struct cert_state state;
	struct deploy_run run;
	bool started;
};

static int refused(struct errand *e, const struct story *story)
{
	return app_fail(e->app, e->cert->name, story);
}

static int nothing_live(struct errand *e)
{
	if (e->app->args.n)
		log_line(LOG_WARN, "%s: there is no certificate yet; dnseal issue %s",
			 e->cert->name, e->cert->name);
	return EXIT_DONE;
}

/* Lock, mend, look. */
static int take_stock(struct errand *e, int64_t until_ms)
{
	struct app *a = e->app;
	struct story story = { 0 };
	scoped(repair_free) struct repair repair = { 0 };
	int64_t wait_ms = until_ms - clock_ms();

	if (store_lock_cert(&a->store, e->cert->name, wait_ms > 0 ? wait_ms : 0, &e->lock,
			    &story) ||
	    store_repair(&a->store, e->cert->name, &repair, &story) ||
	    live_read(&a->store, e->cert->name, &e->live, &story) ||
	    cert_state_load(&a->store, e->cert->name, &e->state, &story))
		return refused(e, &story);
	if (repair.note.len)
		log_line(LOG_WARN, "%s: %s", e->cert->name, buf_text(&repair.note));
	if (repair.damaged) {
		story_fail(&story, SEAL_ESTORAGE, "the pair at %s is damaged", e->live.dir);
		story_hint(&story, "dnseal renew --force %s orders it anew", e->cert->name);
		return refused(e, &story);
	}
	return EXIT_DONE;
}

static void tell_plan(const struct errand *e, size_t due)
{
	if (e->app->ui.mode != UI_JSON) {
		printf("%s: %zu of %zu targets would be run\n", e->cert->name, due,
		       e->cert->n_targets);
		deploy_plan(e->cert);
		return;
	}
	struct json_object *o = event_new("plan", e->cert->name);
	json_number(o, "targets_due", (int64_t)due);
	json_object_object_add(o, "deploy", deploy_plan_json(e->cert));
	json_print(o);
}

static void tell_nothing(const struct errand *e)
{
	if (e->app->ui.mode != UI_JSON)
		printf("%s: nothing to do, all %zu targets have generation %u\n", e->cert->name,
		       e->cert->n_targets, e->live.generation);
	e->app->ui.events.tell(&e->app->ui.events,
			       &(struct event){ .kind = EVENT_DONE,
						.certificate = e->cert->name,
						.result = "unchanged",
						.not_after = e->live.chain.at[0].not_after,
						.generation = e->live.generation,
						.dir = e->live.dir });
}

static int begin(struct errand *e, enum deploy_which which, int64_t until_ms, struct task *waiter)
{
	struct app *a = e->app;
	int status = take_stock(e, until_ms);

	if (status || !e->live.exists)
		return status ? status : nothing_live(e);
	size_t due = which == DEPLOY_ALL ? e->cert->n_targets
					 : deploy_due(e->cert, &e->state, e->live.generation);
	if (a->opt.dry_run || !due) {
		if (a->opt.dry_run)
			tell_plan(e, due);
		else
			tell_nothing(e);
		return EXIT_DONE;
	}
	e->run = (struct deploy_run){ .engine = &a->engine,
				      .cert = e->cert,
				      .dir = e->live.dir,
				      .generation = e->live.generation,
				      .which = which,
				      .state = &e->state };
	e->started = true;
	deploy_start(&e->run, waiter);
	return EXIT_DONE;
}

static void tell(struct errand *e)
{
	struct app *a = e->app;
	const struct deploy_run *r = &e->run;
	struct event event = { .kind = EVENT_DONE,
			       .certificate = e->cert->name,
			       .result = r->n_failed ? "deploy-failed" : "unchanged",
			       .not_after = e->live.chain.at[0].not_after,
			       .generation = e->live.generation,
			       .dir = e->live.dir };

	a->ui.events.tell(&a->ui.events, &event);
	if (a->ui.mode != UI_JSON)
		printf("%s: %zu of %zu targets done\n", e->cert->name, r->n_done,
		       r->n_done + r->n_failed);
}

static int end(struct errand *e)
{
	struct story story = { 0 };
	int status = EXIT_DONE;

	if (e->started) {
		status = e->run.n_failed ? EXIT_DEPLOY : EXIT_DONE;
		if (cert_state_save(&e->app->store, e->cert->name, &e->state, &story))
			status = refused(e, &story);
		tell(e);
	}
	deploy_free(&e->run);
	cert_state_free(&e->state);
	live_free(&e->live);
	lock_drop(&e->lock);
	return status;
}

struct batch {
	struct errand at[TOGETHER];
	size_t n;
};

static void cancel(void *arg)
{
	struct batch *b = arg;

	for (size_t i = 0; i < b->n; i++)
		if (b->at[i].started)
			deploy_cancel(&b->at[i].run);
}

static int run_batch(struct app *a, struct cert_block *const *certs, size_t n,
		     enum deploy_which which, int *ret_signal)
{
	struct batch *b = mem_new(sizeof(*b));
	struct signals signals;
	struct waiter w;
	int status = EXIT_DONE;
	struct task *task = waiter_begin(&w, a);

	signals_start(&signals, a->loop, cancel);
	signals.arg = b;
	task_expect(task); /* until all have begun */
	/* For all locks together: signals are not heard meanwhile. */
	int64_t until_ms = clock_ms() + (int64_t)a->opt.wait_s * 1000;
	for (; b->n < n; b->n++) {
		b->at[b->n] = (struct errand){ .app = a,
					       .cert = &certs[b->n]->conf,
					       .lock = LOCK_NONE };
		status = exit_worse(status, begin(&b->at[b->n], which, until_ms, task));
	}
	task_done(task);
	app_wait(a, &w);
	*ret_signal = signals.first;
	signals_stop(&signals);
	for (size_t i = 0; i < n; i++)
		status = exit_worse(status, end(&b->at[i]));
	free(b);
	return status;
}

int deploy_certs(struct app *a, struct cert_block *const *certs, size_t n, enum deploy_which which)
{
	int status = EXIT_DONE, signal = 0;

	app_network(a);
	for (size_t i = 0; i < n && !signal; i += TOGETHER) {
		size_t some = n - i < TOGETHER ? n - i : TOGETHER;
		status = exit_worse(status, run_batch(a, certs + i, some, which, &signal));
	}
	return signal ? 128 + signal : status;
}

int deploy_again(struct app *a, const char *cert)
{
	struct cert_block *b = configuration_cert(a->conf, cert);

	if (a->opt.dry_run || !b || !b->conf.n_targets)
		return EXIT_DONE;
	targets_fetch(a->conf, b);
	app_warnings(a);
	int status = deploy_certs(a, &b, 1, DEPLOY_PENDING);
	report_run(a, status);
	return status;
}

/* Always in one order, so that two runs cannot wait for each other's locks. */
static int by_name(const void *a, const void *b)
{
	const struct cert_block *x = *(struct cert_block *const *)a;
	const struct cert_block *y = *(struct cert_block *const *)b;

	return strcmp(x->conf.name, y->conf.name);
}

static int choose(struct app *a, struct cert_block **ret, size_t *n)
{
	for (size_t i = 0; i < a->args.n; i++)
		if (!configuration_cert(a->conf, a->args.at[i]))
			complain(&a->errors, NULL, 0, "no certificate '%s' is configured",
				 clean(a->args.at[i]));
	for (size_t i = 0; i < a->conf->n_certs; i++) {
		struct cert_block *b = a->conf->certs[i];
		if (!b->conf.n_targets || (a->args.n && !words_has(&a->args, b->conf.name)))
			continue;
		targets_fetch(a->conf, b);
		ret[(*n)++] = b;
	}
	qsort(ret, *n, sizeof(struct cert_block *), by_name);
	return app_complaints(a);
}

int cmd_deploy(struct app *a)
{
	int status = app_configure(a, READ_SHAPE);
	size_t n = 0;

	if (status)
		return status;
	scoped(free_p) struct cert_block **certs = mem_array(a->conf->n_certs, sizeof(*certs));
	status = choose(a, certs, &n);
	if (status)
		return status;
	app_warnings(a);
	status = app_store_open(a);
	if (status)
		return status;
	if (!n)
		log_line(LOG_INFO, "dnseal: no certificate has a deploy target");
	status = deploy_certs(a, certs, n, a->opt.all ? DEPLOY_ALL : DEPLOY_PENDING);
	if (!a->opt.dry_run)
		report_run(a, status);
	return status;
}
