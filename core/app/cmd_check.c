/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_check.c - is everything in order?  The table of checks is at the end. */
#include "config.h"

#include "app/check.h"

#include "app/standing.h"
#include "base/clock.h"
#include "base/log.h"
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_MAX_S 300 /* more than this off, and certificates seem not yet or no longer valid */

/* -- telling -------------------------------------------------------------------------------- */

void check_tell(struct check *c, const struct finding *f)
{
	char mark[32];

	c->n++;
	c->n_failed += f->mark == MARK_FAIL;
	if (c->app->ui.mode != UI_JSON) {
		if (f->mark != MARK_OK || !c->app->opt.quiet)
			printf("%s %-12s %s: %s\n", show_mark(&c->app->ui, f->mark, 5, mark),
			       f->check, f->about, f->text);
		if (f->hint && *f->hint)
			printf("      %-12s %s\n", "", f->hint);
		return;
	}
	struct json_object *o = event_new("check", NULL);
	json_text(o, "check", f->check);
	json_text(o, "subject", f->about);
	json_object_object_add(o, "ok", json_object_new_boolean(f->mark != MARK_FAIL));
	json_text(o, "state", mark_name(f->mark));
	json_text(o, "message", f->text);
	json_text(o, "class", f->class);
	json_text(o, "hint", f->hint && *f->hint ? f->hint : NULL);
	json_print(o);
}

void check_fail(struct check *c, const char *what, const char *about, const struct story *s)
{
	c->worst = exit_worse(c->worst, exit_of(s->st));
	check_tell(c, &(struct finding){ .mark = MARK_FAIL,
					 .check = what,
					 .about = about,
					 .text = s->text,
					 .class = status_name(s->st),
					 .hint = s->hint });
}

static void tell(struct check *c, const char *what, const char *about, const struct story *story,
		 const char *message)
{
	if (story && story->st)
		check_fail(c, what, about, story);
	else
		check_tell(c, &(struct finding){
				      .check = what, .about = about, .text = message });
}

/* -- storage -------------------------------------------------------------------------------- */

static void judge_life(struct check *c, const char *cert, const struct standing *s)
{
	const struct cert_info *leaf = standing_leaf(s);
	struct finding f = { .check = "storage", .about = cert, .text = "there is none yet" };
	struct story story = { 0 };
	char ends[32], due[32];

	if (leaf && leaf->not_after <= clock_wall()) {
		story_fail(&story, SEAL_EAGAIN, "expired on %s", show_date(leaf->not_after, ends));
		story_hint(&story, "run: dnseal issue %s", cert);
		check_fail(c, f.check, f.about, &story);
		return;
	}
	bool is_due = leaf && s->due <= clock_wall();
	scoped(free_p) char *text =
		leaf ? str_printf("valid until %s%s%s", show_date(leaf->not_after, ends),
				  is_due ? ", due since " : "",
				  is_due ? show_date(s->due, due) : "")
		     : NULL;
	if (text)
		f.text = text;
	if (is_due)
		f.mark = MARK_WARN;
	check_tell(c, &f);
}

static void check_storage(struct check *c)
{
	struct app *a = c->app;
	const char *dir = app_state_dir(a);

	if (!c->exists) {
		tell(c, "storage", dir, NULL, "not there yet; the first run makes it");
		return;
	}
	tell(c, "storage", dir, NULL, "owner and modes are right");
	for (size_t i = 0; i < c->subjects.n; i++) {
		const struct cert_conf *cert = &c->subjects.at[i].cert->conf;
		struct standing s;
		struct story story = { 0 };
		if (standing_read(&a->store, cert->name, cert, &s, &story)) {
			check_fail(c, "storage", cert->name, &story);
			continue;
		}
		judge_life(c, cert->name, &s);
		standing_free(&s);
	}
}

/* -- CA and clock --------------------------------------------------------------------------- */

static void judge_clock(struct check *c, const struct directory_get *get)
{
	const char *date = http_header(&get->call, "date", 0);
	int64_t there = date ? clock_parse_http(date) : -1;
	int64_t off = there < 0 ? 0 : clock_wall() - there;
	struct story story = { 0 };
	char shown[32];

	if (there < 0 || c->clock_is_known || check_is_ignored(c, "clock"))
		return;
	c->clock_is_known = true;
	show_duration(off < 0 ? -off : off, shown);
	if (off <= CLOCK_MAX_S && off >= -CLOCK_MAX_S) {
		tell(c, "clock", "this host", NULL, "agrees with the CA's");
		return;
	}
	story_fail(&story, SEAL_EAGAIN, "%s %s the CA's clock", shown,
		   off > 0 ? "ahead of" : "behind");
	story_hint(&story, "set it: timedatectl set-ntp true");
	tell(c, "clock", "this host", &story, NULL);
}

static void check_account(struct check *c, const struct account_conf *conf)
{
	struct app *a = c->app;
	struct directory_get get = { 0 };
	struct account_file file = { 0 };
	struct story story = { 0 };
	struct waiter w;
	struct ca ca;

	ca_init(&ca, a->http, conf->url, conf->trust);
	directory_get_start(&get, &ca, waiter_begin(&w, a));
	app_wait(a, &w);
	bool known = c->exists && !account_load(&a->store, conf->url, &file, &story) && file.kid;
	if (get.story.st) {
		story = get.story;
	} else if (ca.dir.eab_required && !conf->eab_kid && !known) {
		story_fail(&story, SEAL_EOPERATOR,
			   "opens accounts only with external account binding");
		story_hint(&story, "put eab { kid ... hmac ... } into account %s", conf->name);
	} else if (ca.dir.terms && !conf->agreed && !known) {
		story_fail(&story, SEAL_EOPERATOR, "its terms of service are not agreed to: %s",
			   clean(ca.dir.terms));
		story_hint(&story, "agreed in account %s, or --agree-tos", conf->name);
	} else
		story_clear(&story);
	tell(c, "ca", conf->url, &story,
	     known ? "reached, account is known" : "reached, no account yet");
	if (!get.story.st)
		judge_clock(c, &get);
	account_file_free(&file);
	directory_get_free(&get);
	ca_free(&ca);
}

static void check_ca(struct check *c)
{
	for (size_t i = 0; i < c->subjects.n; i++) {
		const struct account_conf *conf = c->subjects.at[i].cert->conf.account;
		bool seen = false;
		for (size_t j = 0; j < i && !seen; j++)
			seen = !strcmp(c->subjects.at[j].cert->conf.account->url, conf->url);
		if (!seen)
			check_account(c, conf);
	}
}

/* -- credentials ---------------------------------------------------------------------------- */

static void check_zone(struct check *c, struct login *l, const char *zone)
{
	struct app *a = c->app;
	struct op op = { .kind = login_can(l, OP_CHECK) ? OP_CHECK : OP_ZONES,
			 .login = l,
			 .zone = zone };
	scoped(free_p) char *about =
		str_printf("dns %s%s%s", l->name, zone ? ", zone " : "", zone ? zone : "");
	struct waiter w;

	if (!login_can(l, op.kind)) {
		tell(c, "credentials", about, NULL, "this provider has no way to try them");
		return;
	}
	op_start(a->ops, &op, waiter_begin(&w, a));
	app_wait(a, &w);
	tell(c, "credentials", about, &op.story, "accepted");
	op_free(&op);
}

static void check_credentials(struct check *c)
{
	struct app *a = c->app;

	for (size_t i = 0; i < a->logins.n; i++) {
		struct login *l = a->logins.at[i];
		if (!l->zones.n)
			check_zone(c, l, NULL);
		for (size_t z = 0; z < l->zones.n; z++)
			check_zone(c, l, l->zones.at[z]);
	}
}

/* -- zones ---------------------------------------------------------------------------------- */

/* Servers out of reach because this host lacks IPv4 or IPv6 say nothing about themselves. */
static size_t count_bad(const struct servers_find *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->at[i].class != SERVER_AUTH && f->at[i].class != SERVER_NOROUTE;
	return n;
}

static void check_place(struct check *c, const struct cert_conf *cert, const struct place *p)
{
	scoped(free_p) char *about = str_printf("%s, %s", cert->name, p->start);
	char n[40];

	if (p->zone.story.st || !p->login || p->servers->story.st) {
		check_fail(c, "dns", about,
			   p->zone.story.st ? &p->zone.story
			   : !p->login      ? &p->login_story
					    : &p->servers->story);
		return;
	}
	bool fine = !count_bad(p->servers);
	scoped(free_p) char *text =
		str_printf("zone %s by dns %s, %zu of %s answer", p->zone.apex, p->login->name,
			   p->servers->n_auth, show_count(p->servers->n, "server", n));
	check_tell(c, &(struct finding){ .mark = fine ? MARK_OK : MARK_WARN,
					 .check = "dns",
					 .about = about,
					 .text = text,
					 .hint = fine ? NULL
						      : "the CA may meet one of the others; dnseal "
							"plan shows each" });
}

static void check_dns(struct check *c)
{
	for (size_t i = 0; i < c->subjects.n; i++) {
		struct cert_conf cert = c->subjects.at[i].cert->conf;
		struct survey s;
		if (!cert.resolvers.n)
			resolvers_system(&cert.resolvers, "/etc/resolv.conf");
		if (app_logins(c->app, &c->subjects.at[i]))
			continue;
		survey_run(c->app, &cert, NULL, &s);
		for (size_t p = 0; p < s.n; p++)
			check_place(c, &cert, &s.at[p]);
		survey_free(&s);
	}
}

/* -- all ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	void (*run)(struct check *);
} checks[] = {
	{ "storage", check_storage },
	{ "ca", check_ca }, /* and clock */
	{ "credentials", check_credentials },
	{ "dns", check_dns },
	{ "live", check_live }, /* when asked for, as the next */
	{ "notify", check_notify },
};

bool check_is_ignored(const struct check *c, const char *name)
{
	return words_has(&c->app->opt.ignore, name);
}

static int refuse_unknown(struct check *c)
{
	static const char *const known[] = { "storage", "ca", "clock", "credentials", "dns" };
	const struct words *ignore = &c->app->opt.ignore;
	struct story story = { 0 };

	for (size_t i = 0; i < ignore->n; i++) {
		bool found = false;
		for (size_t k = 0; k < COUNT(known); k++)
			found = found || !strcmp(known[k], ignore->at[i]);
		if (found)
			continue;
		story_fail(&story, SEAL_ECONFIG,
			   "--ignore-check %s: storage, ca, clock, credentials, dns are "
			   "possible",
			   clean(ignore->at[i]));
		return app_fail(c->app, NULL, &story);
	}
	return EXIT_DONE;
}

/* What acts outside does not go with what only looks. */
static int refuse_acts(struct app *a)
{
	struct story story = { 0 };
	const char *act = a->opt.live	  ? "check --live writes to DNS"
			  : a->opt.notify ? "check --notify sends messages"
					  : NULL;
	const char *other = a->opt.dry_run    ? "--dry-run, which changes nothing"
			    : a->opt.nagios   ? "--nagios, which asks nobody"
			    : a->opt.expiry_s ? "--expiry, which asks nobody"
					      : NULL;

	if (!act || !other)
		return EXIT_DONE;
	story_fail(&story, SEAL_ECONFIG, "%s and does not go with %s", act, other);
	return app_fail(a, NULL, &story);
}

/* Every dns block, also those that no certificate uses. */
static int make_logins(struct check *c)
{
	struct subject global = { .dns = c->app->conf->dns, .n_dns = c->app->conf->n_dns };
	int status = app_logins(c->app, &global);

	for (size_t i = 0; !status && i < c->subjects.n; i++)
		status = app_logins(c->app, &c->subjects.at[i]);
	return status;
}

static int check(struct check *c)
{
	struct app *a = c->app;
	int status = refuse_unknown(c);

	if (!status)
		status = app_configure(a, READ_ALL);
	if (!status)
		status = subjects_read(a, &c->subjects);
	if (!status)
		status = make_logins(c);
	if (!status)
		status = app_store_look(a, &c->exists);
	if (status)
		return status;
	app_warnings(a);
	tell(c, "config", a->conf->path, NULL,
	     a->conf->exists ? "read without errors" : "not there");
	app_network(a);
	for (size_t i = 0; i < COUNT(checks) && !c->signal; i++)
		if (!check_is_ignored(c, checks[i].name))
			checks[i].run(c);
	if (c->signal)
		return 128 + c->signal;
	if (a->ui.mode != UI_JSON && c->n_failed)
		log_line(LOG_ERROR, "%zu of %zu checks failed", c->n_failed, c->n);
	return c->worst;
}

int cmd_check(struct app *a)
{
	struct check c = { .app = a };
	int status = refuse_acts(a);

	if (status && a->opt.nagios) {
		printf("DNSEAL UNKNOWN - options that do not go together\n");
		return EXIT_UNKNOWN;
	}
	if (!status)
		status = a->opt.nagios || a->opt.expiry_s ? check_expiry(&c) : check(&c);
	subjects_free(&c.subjects);
	return status;
}
