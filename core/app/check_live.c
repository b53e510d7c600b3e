/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * check_live.c - --live: a TXT record where each challenge would go, looked for at every name
 * server and taken out again.  Exactly what an order needs, and nothing else: the owner is the
 * challenge's own, so that credentials which may write nowhere else pass, and what leads there is
 * tried too.  A CA looks for the value of its challenge among all that are there. */
#include "config.h"

#include "app/check.h"

#include "app/signals.h"
#include "base/clock.h"
#include "base/encode.h"
#include "engine/dns01.h"
#include "engine/undo.h"

#include <stdio.h>
#include <string.h>

struct live_check { /* of one certificate */
	struct check *check;
	struct cert_conf cert;
	struct dns01 dns;
	struct undo undo;
	struct signals signals;
	char value[44];
};

/* As long as a challenge's, and recognisable. */
static void make_value(char ret[44])
{
	uint8_t random[22];

	clock_random(random, sizeof(random));
	scoped(free_p) char *code = base64url(random, sizeof(random));
	snprintf(ret, 44, "dnseal-check-%s", code);
}

static void put_records(struct live_check *l, struct task *t)
{
	for (size_t i = 0; i < l->cert.names.n; i++)
		dns01_add(&l->dns, name_base(l->cert.names.at[i]), l->value);
	dns01_present(&l->dns, t);
}

static void find_places(struct live_check *l, struct task *t)
{
	dns01_find(&l->dns, t);
}

static void look_for_records(struct live_check *l, struct task *t)
{
	dns01_settle(&l->dns, t);
}

static void remove_records(struct live_check *l, struct task *t)
{
	l->undo.engine = &l->check->app->engine;
	l->undo.cert = l->cert.name;
	undo_start(&l->undo, t);
}

static void wait_for(struct live_check *l, void (*start)(struct live_check *, struct task *))
{
	struct waiter w;

	start(l, waiter_begin(&w, l->check->app));
	app_wait(l->check->app, &w);
}

static void cancel(void *dns)
{
	dns01_cancel(dns);
}

/* Whatever happens, what was put is taken out: the journal knows it before DNS does. */
static void try_it(struct live_check *l, const char *label)
{
	static void (*const steps[])(struct live_check *, struct task *) = {
		find_places, put_records, look_for_records
	};

	dns01_init(&l->dns, &l->check->app->engine, &l->cert, label);
	signals_start(&l->signals, l->check->app->loop, cancel);
	l->signals.arg = &l->dns;
	for (size_t i = 0; i < COUNT(steps) && !l->dns.story.st && !l->signals.first; i++)
		wait_for(l, steps[i]);
	wait_for(l, remove_records);
	ui_rest(&l->check->app->ui);
	l->check->signal = l->signals.first;
	signals_stop(&l->signals);
}

static void tell(struct live_check *l)
{
	const char *name = l->cert.name;
	char n[40];

	if (l->check->signal)
		return;
	if (l->dns.story.st)
		check_fail(l->check, "live", name, &l->dns.story);
	if (l->undo.story.st) {
		check_fail(l->check, "live", name, &l->undo.story);
		return;
	}
	if (l->dns.story.st)
		return;
	scoped(free_p) char *text =
		str_printf("%s put, %s after %d.%d s and removed",
			   show_count(l->dns.n, "TXT record", n),
			   l->cert.settle_mode == SETTLE_WAIT ? "not looked for," : "seen",
			   (int)(l->dns.waited_ms / 1000), (int)(l->dns.waited_ms / 100 % 10));
	check_tell(l->check, &(struct finding){ .check = "live", .about = name, .text = text });
}

/* The label of dns-account-01 is made of the account's URL; NULL when there is none yet. */
static char *label_of(struct live_check *l)
{
	struct app *a = l->check->app;
	struct account_file file = { 0 };
	struct story ignored = { 0 };
	bool known = !account_load(&a->store, l->cert.account->url, &file, &ignored) && file.kid;
	char *label = known || l->cert.challenge == CHALLENGE_DNS_01
			      ? survey_label(&l->cert, file.kid)
			      : NULL;

	account_file_free(&file);
	return label;
}

static void check_cert(struct check *c, const struct subject *s)
{
	struct live_check l = { .check = c, .cert = s->cert->conf };
	struct lock lock = LOCK_NONE;
	struct story story = { 0 };
	scoped(free_p) char *label = label_of(&l);

	if (!label) {
		check_tell(c, &(struct finding){ .mark = MARK_WARN,
						 .check = "live",
						 .about = l.cert.name,
						 .text = "not tried: its label depends on the "
							 "account, and there is none yet",
						 .hint = "dnseal accounts add makes it" });
		return;
	}
	if (app_logins(c->app, s))
		return; /* said by an earlier check */
	if (!l.cert.resolvers.n)
		resolvers_system(&l.cert.resolvers, "/etc/resolv.conf");
	make_value(l.value);
	if (store_lock_cert(&c->app->store, l.cert.name, (int64_t)c->app->opt.wait_s * 1000, &lock,
			    &story)) {
		check_fail(c, "live", l.cert.name, &story);
		return;
	}
	try_it(&l, label);
	lock_drop(&lock);
	tell(&l);
	undo_free(&l.undo);
	dns01_free(&l.dns);
}

void check_live(struct check *c)
{
	struct app *a = c->app;

	if (!a->opt.live)
		return;
	store_close(&a->store);
	int status = app_store_open(a); /* the journal needs it */
	if (status) {
		c->worst = exit_worse(c->worst, status);
		c->n_failed++;
		c->n++;
		return;
	}
	for (size_t i = 0; i < c->subjects.n && !c->signal; i++)
		check_cert(c, &c->subjects.at[i]);
}
