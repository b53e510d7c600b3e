/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * check_expiry.c - do certificates last long enough?  For monitoring: no network, no plugins. */
#include "config.h"

#include "app/check.h"

#include "app/standing.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

/* Without --expiry: shares of the life, in percent.  Renewal at a third should have begun long
 * before. */
#define WARNING_PERCENT 20
#define CRITICAL_PERCENT 10

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_CRITICAL, LEVEL_UNKNOWN };
static const char *const level_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

struct expiry {
	struct app *app;
	enum level worst;
	size_t n;
	const char *next; /* certificate that ends first */
	int64_t next_left_s;
	struct buf trouble, perf;
};

/* One that is over is worse than one that cannot be read. */
static void raise_to(struct expiry *e, enum level l)
{
	static const int gravity[] = {
		[LEVEL_OK] = 0, [LEVEL_WARNING] = 1, [LEVEL_UNKNOWN] = 2, [LEVEL_CRITICAL] = 3
	};

	if (gravity[l] > gravity[e->worst])
		e->worst = l;
}

static void trouble(struct expiry *e, enum level l, const char *name, const char *text)
{
	scoped(free_p) char *said = str_copy(text);

	for (char *at = strchr(said, '|'); at; at = strchr(at, '|'))
		*at = '/'; /* behind one the performance data begin */
	raise_to(e, l);
	buf_printf(&e->trouble, "%s%s: %s", e->trouble.len ? ", " : "", name, said);
}

static void judge(struct expiry *e, const char *name, const struct cert_info *leaf)
{
	int64_t left = leaf->not_after - clock_wall(), life = leaf->not_after - leaf->not_before;
	int64_t want = e->app->opt.expiry_s;
	int64_t warning = want ? want : life * WARNING_PERCENT / 100;
	int64_t critical = want ? 0 : life * CRITICAL_PERCENT / 100;
	char shown[32];

	show_duration(left, shown);
	if (left < critical || left <= 0)
		trouble(e, LEVEL_CRITICAL, name, left <= 0 ? "expired" : shown);
	else if (left < warning)
		trouble(e, LEVEL_WARNING, name, shown);
	if (!e->next || left < e->next_left_s) {
		e->next = name;
		e->next_left_s = left;
	}
	buf_printf(&e->perf, " '%s'=%llds;%lld:;%lld:", name, (long long)left, (long long)warning,
		   (long long)critical);
}

static void look(struct expiry *e, const char *name, const struct cert_conf *cert)
{
	struct standing s;
	struct story story = { 0 };

	if (standing_read(&e->app->store, name, cert, &s, &story)) {
		trouble(e, LEVEL_UNKNOWN, name, story.text);
		return;
	}
	if (standing_leaf(&s))
		judge(e, name, standing_leaf(&s));
	else
		trouble(e, LEVEL_CRITICAL, name, "there is none");
	standing_free(&s);
}

static void look_at_all(struct expiry *e, bool exists)
{
	struct app *a = e->app;
	struct words names = { 0 };

	standing_names(exists ? &a->store : NULL, a->conf, &names);
	for (size_t i = 0; i < names.n; i++) {
		const struct cert_block *b = configuration_cert(a->conf, names.at[i]);
		if (a->args.n && !words_has(&a->args, names.at[i]))
			continue;
		e->n++;
		if (exists)
			look(e, b ? b->conf.name : arena_str(&a->conf->arena, names.at[i]),
			     b ? &b->conf : NULL);
		else
			trouble(e, LEVEL_CRITICAL, names.at[i], "there is none");
	}
	for (size_t i = 0; i < a->args.n; i++)
		if (!words_has(&names, a->args.at[i]))
			trouble(e, LEVEL_UNKNOWN, clean(a->args.at[i]), "no such certificate");
	if (a->opt.nagios && !names.n && !a->args.n)
		trouble(e, LEVEL_UNKNOWN, a->conf->path, "no certificates");
	words_free(&names);
}

/* One line; performance data behind the bar. */
static int as_nagios(struct expiry *e)
{
	char count[40], left[32];

	printf("DNSEAL %s - %s", level_names[e->worst], show_count(e->n, "certificate", count));
	if (e->next)
		printf(", next expiry %s %s", e->next, show_duration(e->next_left_s, left));
	if (e->trouble.len)
		printf(", %s", buf_text(&e->trouble));
	printf(" |%s\n", buf_text(&e->perf));
	return (int)e->worst;
}

static int as_text(struct expiry *e)
{
	char count[40], left[32];

	if (e->worst)
		printf("%s\n", buf_text(&e->trouble));
	else if (!e->app->opt.quiet)
		printf("%s%s%s%s%s\n", show_count(e->n, "certificate", count),
		       e->next ? ", next expiry " : "", e->next ? e->next : "", e->next ? " " : "",
		       e->next ? show_duration(e->next_left_s, left) : "");
	return e->worst ? EXIT_ALL : EXIT_DONE;
}

static int as_json(struct expiry *e)
{
	struct json_object *o = event_new("expiry", NULL);

	json_text(o, "level", level_names[e->worst]);
	json_number(o, "certificates_checked", (int64_t)e->n);
	json_text(o, "next", e->next);
	if (e->next)
		json_number(o, "next_left_s", e->next_left_s);
	json_text(o, "trouble", e->trouble.len ? buf_text(&e->trouble) : NULL);
	json_print(o);
	return e->worst ? EXIT_ALL : EXIT_DONE;
}

int check_expiry(struct check *c)
{
	struct app *a = c->app;
	struct expiry e = { .app = a };
	int status = app_configure(a, READ_SHAPE);

	if (!status)
		status = app_store_look(a, &c->exists);
	if (status && a->opt.nagios) {
		printf("DNSEAL UNKNOWN - configuration or storage, see dnseal check\n");
		return LEVEL_UNKNOWN;
	}
	if (status)
		return status;
	look_at_all(&e, c->exists);
	status = a->opt.nagios ? as_nagios(&e) : a->ui.mode == UI_JSON ? as_json(&e) : as_text(&e);
	buf_free(&e.trouble);
	buf_free(&e.perf);
	return status;
}
