/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_plan.c - what would happen and why.  Asks DNS, writes nothing. */
#include "config.h"

#include "app/app.h"
#include "app/deployment.h"
#include "app/standing.h"
#include "app/subjects.h"
#include "app/survey.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

struct plan {
	struct app *app;
	struct cert_conf cert;
	struct standing standing;
	struct account_file account;
	struct survey survey;
};

static void put(const char *label, const char *text)
{
	printf("  %-10s %s\n", label, text);
}

static void put_due(const struct plan *p)
{
	const struct decision *d = &p->standing.decision;
	char text[256], date[32], left[32];

	if (d->why)
		str_put(text, "now: %s", d->said);
	else
		str_put(text, "%s (in %s): %s", show_date(d->at, date),
			show_duration(d->at - clock_wall(), left), d->said);
	put("due", text);
	if (*d->warning)
		put("", d->warning);
}

/* What a failure before holds back, unless it is asked for by name. */
static void put_pause(const struct plan *p)
{
	const struct cert_state *s = &p->standing.state;
	int64_t left_s = s->next_try - clock_wall();
	char when[RFC3339_LEN], left[32];

	if (!p->standing.decision.why || !s->failures || left_s <= 0)
		return;
	scoped(free_p) char *text =
		str_printf("until %s (%s): the last try failed: %s",
			   clock_rfc3339(s->next_try, when), show_duration(left_s, left),
			   s->last_error ? s->last_error : "?");
	put("paused", text);
	if (s->rehearse)
		put("", "then first a rehearsal at the test CA, if there is one");
}

/* "ns1.example 192.0.2.1 ok, ns2.example 192.0.2.2 REFUSED" */
static char *show_servers(const struct servers_find *f)
{
	struct buf b = { .max = 4000 };

	for (size_t i = 0; i < f->n; i++)
		buf_printf(&b, "%s%s %s %s", i ? ", " : "", f->at[i].name, f->at[i].address,
			   f->at[i].class == SERVER_AUTH ? "ok"
			   : *f->at[i].said		 ? f->at[i].said
							 : server_class_name(f->at[i].class));
	return buf_take(&b);
}

static void put_place(const struct place *x)
{
	for (size_t i = 0; i < x->names.n; i++) {
		scoped(free_p) char *name = show_name(x->names.at[i]);
		printf("  %s\n", name);
	}
	printf("    %-8s %s\n", "TXT at", *x->zone.chain ? x->zone.chain : x->start);
	if (x->zone.story.st) {
		printf("    %-8s %s\n", "PROBLEM", x->zone.story.text);
		return;
	}
	printf("    %-8s %s\n", "zone", x->zone.apex);
	if (x->login)
		printf("    %-8s %s (%s, %s)\n", "dns", x->login->name, x->login->plugin->p->name,
		       x->login->origin);
	else
		printf("    %-8s %s\n", "PROBLEM", x->login_story.text);
	scoped(free_p) char *servers = show_servers(x->servers);
	printf("    %-8s %s\n", "servers", *servers ? servers : x->servers->story.text);
}

/* "letsencrypt (https://...), profile tlsserver"; without a short name the URL alone. */
static void put_ca(const struct cert_conf *c)
{
	const struct account_conf *a = c->account;
	bool short_name = a->ca && strcmp(a->ca, a->url) != 0;
	scoped(free_p) char *text =
		str_printf("%s%s%s%s%s%s", short_name ? a->ca : "", short_name ? " (" : "", a->url,
			   short_name ? ")" : "", c->profile ? ", profile " : "",
			   c->profile ? c->profile : "");

	put("CA", text);
}

static void put_account(const struct plan *p)
{
	const struct account_conf *a = p->cert.account;
	bool own_name = strcmp(a->name, a->url) != 0 && (!a->ca || strcmp(a->name, a->ca) != 0);
	const char *state =
		p->account.kid ? p->account.kid
		: a->agreed
			? "none yet; would be made"
			: "none yet; its terms of service must be agreed to (agreed, --agree-tos)";
	scoped(free_p) char *text =
		str_printf("%s%s%s", own_name ? a->name : "", own_name ? ": " : "", state);

	put("account", text);
}

static void print(const struct plan *p)
{
	const struct cert_conf *c = &p->cert;

	printf("%s  %s\n", c->name, c->origin);
	put_ca(c);
	put_account(p);
	put("key", key_type_label(c->key));
	put_due(p);
	put_pause(p);
	put("names", "they become public in certificate transparency logs");
	for (size_t i = 0; i < p->survey.n; i++)
		put_place(&p->survey.at[i]);
	deploy_plan(c);
}

static struct json_object *place_json(const struct place *x)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	const char *problem = x->zone.story.st ? x->zone.story.text
			      : x->login       ? NULL
					       : x->login_story.text;

	json_object_object_add(o, "names", json_words(&x->names));
	json_text(o, "owner", x->zone.story.st ? x->start : x->zone.owner);
	json_text(o, "chain", *x->zone.chain ? x->zone.chain : NULL);
	json_text(o, "zone", x->zone.story.st ? NULL : x->zone.apex);
	json_text(o, "dns", x->login ? x->login->name : NULL);
	json_text(o, "problem", problem);
	for (size_t i = 0; x->servers && i < x->servers->n; i++) {
		struct json_object *s = json_object_new_object();
		json_text(s, "name", x->servers->at[i].name);
		json_text(s, "address", x->servers->at[i].address);
		json_text(s, "state", server_class_name(x->servers->at[i].class));
		json_object_array_add(list, s);
	}
	json_object_object_add(o, "servers", list);
	return o;
}

static void print_json(const struct plan *p)
{
	const struct cert_conf *c = &p->cert;
	const struct decision *d = &p->standing.decision;
	struct json_object *o = event_new("plan", c->name), *list = json_object_new_array();

	json_text(o, "origin", c->origin);
	json_text(o, "ca", c->account->url);
	json_text(o, "account", p->account.kid);
	json_text(o, "key_type", key_type_name(c->key));
	json_object_object_add(o, "due", json_object_new_boolean(d->why != DUE_NOT));
	json_time(o, "renew_at", d->not_after ? d->at : 0);
	json_text(o, "reason", d->said);
	json_text(o, "why", due_name(d->why));
	json_time(o, "next_try", d->why ? p->standing.state.next_try : 0);
	for (size_t i = 0; i < p->survey.n; i++)
		json_object_array_add(list, place_json(&p->survey.at[i]));
	json_object_object_add(o, "challenges", list);
	json_object_object_add(o, "deploy", deploy_plan_json(c));
	json_print(o);
}

static bool has_problem(const struct plan *p)
{
	for (size_t i = 0; i < p->survey.n; i++)
		if (p->survey.at[i].zone.story.st || !p->survey.at[i].login ||
		    p->survey.at[i].servers->story.st)
			return true;
	return false;
}

static int take_stock(struct plan *p, bool exists)
{
	struct app *a = p->app;
	struct story story = { 0 };

	if (!exists) {
		decide(&p->cert, &p->standing.live, &p->standing.state, clock_wall(),
		       &p->standing.decision);
		return EXIT_DONE;
	}
	if (standing_read(&a->store, p->cert.name, &p->cert, &p->standing, &story))
		return app_fail(a, p->cert.name, &story);
	if (account_load(&a->store, p->cert.account->url, &p->account, &story))
		return story.st == SEAL_ENOTFOUND ? EXIT_DONE : app_fail(a, p->cert.name, &story);
	return EXIT_DONE;
}

static int plan(struct app *a, const struct subject *s, bool exists)
{
	struct plan p = { .app = a, .cert = s->cert->conf };
	int status = app_logins_any(a, s);

	app_warnings(a);
	if (!status)
		status = take_stock(&p, exists);
	if (!status) {
		if (!p.cert.resolvers.n)
			resolvers_system(&p.cert.resolvers, "/etc/resolv.conf");
		survey_run(a, &p.cert, p.account.kid, &p.survey);
		if (a->ui.mode == UI_JSON)
			print_json(&p);
		else
			print(&p);
		status = has_problem(&p) ? EXIT_ALL : EXIT_DONE;
	}
	survey_free(&p.survey);
	account_file_free(&p.account);
	standing_free(&p.standing);
	return status;
}

int cmd_plan(struct app *a)
{
	struct subjects all = { 0 };
	bool exists = false;
	int status = app_configure(a, READ_ALL), worst = EXIT_DONE;

	if (!status)
		status = subjects_read(a, &all);
	if (!status)
		status = app_store_look(a, &exists);
	if (!status)
		app_warnings(a);
	for (size_t i = 0; !status && i < all.n; i++) {
		int one = plan(a, &all.at[i], exists);
		worst = exit_worse(worst, one);
	}
	if (!status && !all.n)
		log_line(LOG_INFO, "no certificates are configured: dnseal plan NAME...");
	else if (!status && worst != EXIT_USAGE && a->ui.mode != UI_JSON)
		printf("nothing was written\n");
	subjects_free(&all);
	return status ? status : worst;
}
