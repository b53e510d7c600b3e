/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_renew.c - everything that is due, or these certificates, all at once. */
#include "config.h"

#include "app/app.h"
#include "app/renewal.h"
#include "app/report.h"
#include "app/signals.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

#define EVERY_S (6 * 3600) /* that dnseal.timer, or cron, calls us */
#define WISH_S 60	   /* who names a certificate wants to know what its CA says now */

/* -- which ---------------------------------------------------------------------------------- */

static int unknown(struct app *a, const char *name)
{
	complain(&a->errors, NULL, 0, "no certificate '%s' is configured", clean(name));
	complain_hint(&a->errors, "dnseal status lists them; dnseal issue makes new ones");
	return EXIT_USAGE;
}

int renewal_read(struct renewal *r)
{
	struct app *a = r->app;

	for (size_t i = 0; i < a->args.n; i++)
		if (!configuration_cert(a->conf, a->args.at[i]))
			(void)unknown(a, a->args.at[i]);
	int status = app_complaints(a);
	return status ? status : subjects_read(a, &r->subjects);
}

/* Most have the same dns blocks: theirs are those of the one before. */
static void share_logins(struct renewal *r, size_t i)
{
	const struct subject *s = &r->subjects.at[i];
	struct renewal_part *p = &r->parts[i];

	if (i && s->dns == r->subjects.at[i - 1].dns) {
		*p = r->parts[i - 1];
		p->owned = NULL;
		return;
	}
	p->logins = p->owned = mem_array(s->n_dns, sizeof(struct login *));
	for (size_t k = 0; k < s->n_dns; k++)
		if (s->dns[k]->login)
			p->logins[p->n++] = s->dns[k]->login;
}

int renewal_prepare(struct renewal *r)
{
	struct app *a = r->app;
	struct logins_talk talk = { &a->errors, &a->warnings, &a->warnings };
	struct resolvers system = { 0 };

	app_plugins(a);
	r->parts = mem_array(r->subjects.n, sizeof(*r->parts));
	for (size_t i = 0; i < r->subjects.n; i++) {
		const struct subject *s = &r->subjects.at[i];
		(void)logins_make(s->dns, s->n_dns, a->conf->dir, &a->logins, &talk);
		share_logins(r, i);
	}
	int status = app_complaints(a);
	if (status)
		return status;
	app_warnings(a);
	resolvers_system(&system, "/etc/resolv.conf");
	for (size_t i = 0; i < r->subjects.n; i++) {
		struct cert_conf *c = &r->subjects.at[i].cert->conf;
		if (!c->resolvers.n)
			c->resolvers = system;
	}
	return EXIT_DONE;
}

void renewal_free(struct renewal *r)
{
	for (size_t i = 0; i < r->subjects.n; i++)
		if (r->parts)
			free(r->parts[i].owned);
	free(r->parts);
	subjects_free(&r->subjects);
}

/* -- the round ------------------------------------------------------------------------------ */

static struct round *make_round(struct renewal *r, void (*over)(void *, const struct turn *))
{
	struct app *a = r->app;
	const struct options *o = &a->opt;

	app_network(a);
	struct round *round = round_new(&a->engine, over, a);
	for (size_t i = 0; i < r->subjects.n; i++)
		round_add(round, &(struct turn_ask){ .engine = &a->engine,
						     .cert = &r->subjects.at[i].cert->conf,
						     .logins = r->parts[i].logins,
						     .n_logins = r->parts[i].n,
						     .force = o->force	  ? TURN_NOW
							      : a->args.n ? TURN_NAMED
									  : TURN_WHEN_DUE,
						     .hooks = a->conf->hooks,
						     .rehearse = o->dry_run,
						     .leave_deploy = o->no_deploy,
						     .every_s = a->args.n ? 0 : r->every_s,
						     .wish_s = a->args.n ? WISH_S : 0,
						     .lock_wait_ms = (int64_t)o->wait_s * 1000 });
	return round;
}

/* -- what is told --------------------------------------------------------------------------- */

static void tell_valid(struct ui *u, const struct turn *t, const char *what, int64_t next)
{
	int64_t ends = turn_not_after(t);
	char date[32], due[32], left[32];

	ui_print(u, "%s: %s, valid until %s (%s), due %s", turn_name(t), what,
		 show_date(ends, date), show_duration(ends - clock_wall(), left),
		 show_date(next, due));
}

static void tell_failed(struct ui *u, const struct turn *t, const char *what)
{
	char when[RFC3339_LEN];
	int64_t next = turn_next(t);

	ui_print(u, "%s: %s%s%s", turn_name(t), what, next ? ", next try " : "",
		 next ? clock_rfc3339(next, when) : "");
}

void renewal_tell(void *app, const struct turn *t)
{
	struct app *a = app;
	enum turn_result result = turn_result(t);

	if (a->ui.mode == UI_JSON || (a->opt.quiet && result == TURN_UNCHANGED))
		return;
	if (result == TURN_REHEARSED)
		ui_print(&a->ui, "%s: the rehearsal succeeded; nothing was kept", turn_name(t));
	else if (result < TURN_DEFERRED)
		tell_valid(&a->ui, t, turn_result_name(result), turn_decision(t)->at);
	else
		tell_failed(&a->ui, t, result == TURN_LOCKED ? "locked" : turn_result_name(result));
	if (turn_deploy_pending(t))
		ui_print(&a->ui, "%s: a deployment is pending; dnseal status %s says why",
			 turn_name(t), turn_name(t));
}

static void tell_sum(const struct round_tally *c)
{
	const struct {
		const char *what;
		size_t n;
	} parts[] = { { "unchanged", c->unchanged },	{ "issued", c->issued },
		      { "renewed", c->renewed },	{ "rehearsed", c->rehearsed },
		      { "deferred", c->deferred },	{ "locked", c->locked },
		      { "failed", c->failed },		{ "with a deployment pending",
							  c->deploy_pending } };
	scoped(buf_free) struct buf b = { 0 };
	char count[40];

	for (size_t i = 0; i < COUNT(parts); i++)
		if (parts[i].n)
			buf_printf(&b, "%s%zu %s", b.len ? ", " : "", parts[i].n, parts[i].what);
	printf("%s: %s\n", show_count(c->n, "certificate", count), buf_text(&b));
}

/* Of 7, 6, 3, 2, 8, 4 the first that applies; a lock that others hold where nothing failed. */
static int status_of(const struct round_tally *c, int signal)
{
	if (signal)
		return 128 + signal;
	if (c->worst == SEAL_ESTORAGE)
		return EXIT_STORAGE;
	if (c->worst == SEAL_EOPERATOR || c->worst == SEAL_EAUTH)
		return EXIT_OPERATOR;
	if (c->failed)
		return c->issued + c->renewed + c->rehearsed ? EXIT_SOME : EXIT_ALL;
	if (c->locked)
		return EXIT_LOCKED;
	if (c->deferred)
		return EXIT_LATER;
	return c->deploy_pending ? EXIT_DEPLOY : EXIT_DONE;
}

static void cancel(void *round)
{
	round_cancel(round);
}

int renewal_run(struct renewal *r, void (*over)(void *, const struct turn *),
		struct round_tally *ret)
{
	struct app *a = r->app;
	struct signals signals;
	struct waiter w;
	struct round *round = make_round(r, over);

	signals_start(&signals, a->loop, cancel);
	signals.arg = round;
	ui_round(&a->ui, r->subjects.n);
	round_start(round, waiter_begin(&w, a));
	app_wait(a, &w);
	ui_round_over(&a->ui);
	int signal = signals.first;
	signals_stop(&signals);
	*ret = *round_tally(round);
	round_free(round);
	return status_of(ret, signal);
}

/* -- the command ---------------------------------------------------------------------------- */

static int renew(struct renewal *r)
{
	struct app *a = r->app;
	struct round_tally c;
	int status = renewal_run(r, renewal_tell, &c);

	if (a->ui.mode != UI_JSON && c.n > 1)
		tell_sum(&c);
	return !status && a->opt.exit_changed && c.issued + c.renewed ? EXIT_CHANGED : status;
}

int cmd_renew(struct app *a)
{
	struct renewal r = { .app = a, .every_s = EVERY_S };
	int status = app_configure(a, READ_ALL);

	if (!status)
		status = renewal_read(&r);
	if (!status)
		status = renewal_prepare(&r);
	if (!status)
		status = app_store_open(a);
	bool reports = (!status || status == EXIT_STORAGE) && r.subjects.n && !a->opt.dry_run;
	if (!status && !r.subjects.n)
		log_line(LOG_INFO, "no certificates are configured: dnseal issue --save NAME...");
	else if (!status)
		status = renew(&r);
	if (reports)
		report_run(a, status);
	renewal_free(&r);
	return status;
}
