/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_dns.c - a provider's records by hand.  The table of verbs is at the end. */
#include "config.h"

#include "app/app.h"
#include "base/log.h"
#include "dns/name.h"
#include "dns/rdata.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct by_hand { /* one call */
	struct app *app;
	struct words args; /* behind DNS */
	struct op op;
	char zone[NAME_MAX_LEN], name[NAME_MAX_LEN];
	char type[32];
	struct words data; /* as the records have it */
	struct seal_record *records;
};

static int usage(struct by_hand *h, const char *fmt, ...) PRINTF(2, 3);
static int usage(struct by_hand *h, const char *fmt, ...)
{
	struct story story = { 0 };
	va_list ap;

	va_start(ap, fmt);
	story_vfail(&story, SEAL_ECONFIG, fmt, ap);
	va_end(ap);
	story_hint(&story, "dnseal help dns");
	return app_fail(h->app, NULL, &story);
}

/* -- reading the arguments ------------------------------------------------------------------ */

static int read_zone(struct by_hand *h)
{
	struct story story = { 0 };

	if (!h->args.n)
		return EXIT_DONE;
	if (name_ascii(h->args.at[0], h->zone, &story))
		return usage(h, "zone %s", story.text);
	h->op.zone = h->zone;
	return EXIT_DONE;
}

/* NAME to the form that records have: relative, lower case, "@" for the apex. */
static int read_name(struct by_hand *h)
{
	const char *text = h->args.at[1];
	char name[NAME_MAX_LEN] = "@", absolute[NAME_MAX_LEN];
	size_t len = strlen(text);
	bool whole = len && text[len - 1] == '.'; /* a final dot: absolute */
	struct story story = { 0 };

	if (strcmp(text, "@") != 0 && name_ascii(text, name, &story))
		return usage(h, "name %s", story.text);
	if (whole)
		memcpy(absolute, name, sizeof(absolute));
	else if (!name_absolute(name, h->zone, absolute))
		return usage(h, "'%s' is no name in %s", clean(text), h->zone);
	if (!name_relative(absolute, h->zone, h->name))
		return usage(h, "'%s' lies outside of %s", clean(text), h->zone);
	return EXIT_DONE;
}

static int read_type(struct by_hand *h)
{
	size_t n = strlen(h->args.at[2]);

	if (n >= sizeof(h->type))
		return usage(h, "'%s' is no record type", clean(h->args.at[2]));
	for (size_t i = 0; i <= n; i++)
		h->type[i] = (char)toupper((unsigned char)h->args.at[2][i]);
	if (!rr_type(h->type))
		return usage(h, "'%s' is no record type", clean(h->args.at[2]));
	return EXIT_DONE;
}

static bool is_ascii(const char *s)
{
	while ((signed char)*s > 0)
		s++;
	return !*s;
}

/* Names in the data of MX, CNAME and their like may have letters outside of ASCII; a string in
 * quotes, and TXT as a whole, is taken as it is. */
static enum seal_status add_data(struct by_hand *h, const char *text, struct story *story)
{
	scoped(words_free) struct words w = { 0 };
	char name[NAME_MAX_LEN];

	if (is_ascii(text) || !strcmp(h->type, "TXT") || strchr(text, '"')) {
		words_add(&h->data, text);
		return SEAL_OK;
	}
	words_split(&w, text);
	for (size_t i = 0; i < w.n; i++) {
		if (name_ascii(w.at[i], name, story))
			return story->st;
		free(w.at[i]);
		w.at[i] = str_copy(name);
	}
	scoped(free_p) char *joined = words_join(&w, " ");
	words_add(&h->data, joined);
	return SEAL_OK;
}

static int read_data(struct by_hand *h)
{
	size_t n = h->args.n - 3;
	struct story story = { 0 };

	h->records = mem_array(n, sizeof(*h->records));
	for (size_t i = 0; i < n; i++) {
		if (add_data(h, h->args.at[3 + i], &story))
			return usage(h, "%s", story.text);
		const char *data = h->data.at[i];
		struct buf wire = { 0 };
		bool fine = rdata_pack(rr_type(h->type), data, &wire);
		buf_free(&wire);
		if (!fine)
			return usage(h, "'%s' is no data of a %s record", clean(data), h->type);
		h->records[i] = (struct seal_record){
			.name = h->name, .type = h->type, .ttl = h->app->opt.ttl_s, .data = data
		};
	}
	h->op.records = h->records;
	h->op.n_records = n;
	return EXIT_DONE;
}

static int read_records(struct by_hand *h)
{
	int status = read_zone(h);

	if (!status)
		status = read_name(h);
	if (!status)
		status = read_type(h);
	return status ? status : read_data(h);
}

static int read_filter(struct by_hand *h)
{
	int status = read_zone(h);

	if (!status && h->args.n > 1)
		status = read_name(h);
	if (!status && h->args.n > 2)
		status = read_type(h);
	return status;
}

/* -- answering ------------------------------------------------------------------------------ */

static bool is_asked(const struct by_hand *h, const struct seal_record *r)
{
	return (!*h->name || name_same(r->name, h->name)) &&
	       (!*h->type || !strcmp(r->type, h->type));
}

static void print_record(const struct seal_record *r)
{
	scoped(free_p) char *data = text_clean(r->data, strlen(r->data), 65536);

	printf("%s %u %s %s\n", clean(r->name), (unsigned)r->ttl, clean(r->type), data);
}

static struct json_object *record_json(const struct seal_record *r)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "name", r->name);
	json_number(o, "ttl", r->ttl);
	json_text(o, "type", r->type);
	json_text(o, "data", r->data);
	json_text(o, "id", r->id);
	return o;
}

static void print_records(const struct by_hand *h, const struct seal_record *r, size_t n)
{
	bool json = h->app->ui.mode == UI_JSON;
	struct json_object *list = json ? json_object_new_array() : NULL;

	for (size_t i = 0; i < n; i++) {
		if (!is_asked(h, &r[i]))
			continue;
		if (json)
			json_object_array_add(list, record_json(&r[i]));
		else
			print_record(&r[i]);
	}
	if (!json)
		return;
	struct json_object *o = event_new("records", NULL);
	json_text(o, "zone", h->zone);
	json_object_object_add(o, "records", list);
	json_print(o);
}

static void tell_zones(const struct by_hand *h)
{
	if (h->app->ui.mode == UI_JSON) {
		struct json_object *o = event_new("zones", NULL);
		json_object_object_add(o, "zones", json_words(&h->op.zones));
		json_print(o);
		return;
	}
	for (size_t i = 0; i < h->op.zones.n; i++) {
		scoped(free_p) char *zone = show_name(h->op.zones.at[i]);
		printf("%s\n", zone);
	}
}

static void tell_records(const struct by_hand *h)
{
	print_records(h, h->op.results, h->op.n_results);
}

/* What is there now; a provider that does not say has done what was asked. */
static void tell_written(const struct by_hand *h)
{
	if (h->op.n_results)
		print_records(h, h->op.results, h->op.n_results);
	else
		print_records(h, h->records, h->op.n_records);
}

static void tell_removed(const struct by_hand *h)
{
	char n[40];

	if (h->app->ui.mode == UI_JSON)
		print_records(h, h->records, h->op.n_records);
	else
		log_line(LOG_INFO, "%s removed", show_count(h->op.n_records, "record", n));
}

/* Is it a zone that this dns block is for, a part of one, or one that has it in it? */
static bool is_needed(const struct by_hand *h, const char *zone)
{
	const struct words *wanted = &h->op.login->zones;

	for (size_t i = 0; i < wanted->n; i++)
		if (name_is_under(wanted->at[i], zone) || name_is_under(zone, wanted->at[i]))
			return true;
	return *h->zone && (name_is_under(h->zone, zone) || name_is_under(zone, h->zone));
}

#define BROAD_SHOWN 5 /* names of zones */

static void warn_if_broad(const struct by_hand *h, const struct words *zones)
{
	struct buf names = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < zones->n; i++) {
		if (is_needed(h, zones->at[i]))
			continue;
		scoped(free_p) char *name = show_name(zones->at[i]);
		if (n++ < BROAD_SHOWN)
			buf_printf(&names, "%s%s", n > 1 ? ", " : "", name);
	}
	if (n > BROAD_SHOWN)
		buf_printf(&names, " and %zu more", n - BROAD_SHOWN);
	if (n)
		log_line(LOG_WARN,
			 "%s: sees %zu zones, %zu of them not needed: %s; narrower credentials "
			 "would do less harm",
			 h->op.login->name, zones->n, n, buf_text(&names));
	buf_free(&names);
}

/* What the credentials may see beside what they are for.  That they may not list zones at all is
 * nothing to tell. */
static void look_beyond(const struct by_hand *h)
{
	struct app *a = h->app;
	struct op op = { .kind = OP_ZONES, .login = h->op.login };
	struct waiter w;

	if ((!*h->zone && !op.login->zones.n) || !login_can(op.login, OP_ZONES))
		return;
	op_start(a->ops, &op, waiter_begin(&w, a));
	app_wait(a, &w);
	if (!op.story.st)
		warn_if_broad(h, &op.zones);
	op_free(&op);
}

static void tell_good(const struct by_hand *h)
{
	look_beyond(h);
	if (h->app->ui.mode != UI_JSON) {
		printf("%s: credentials are good\n", h->op.login->name);
		return;
	}
	struct json_object *o = event_new("check", NULL);
	json_text(o, "check", "credentials");
	json_text(o, "subject", h->op.login->name);
	json_object_object_add(o, "ok", json_object_new_boolean(true));
	json_print(o);
}

/* -- the call ------------------------------------------------------------------------------- */

/* The block of this name, also inside a certificate as CERT/NAME; with --set a provider. */
static struct dns_block *find_block(struct app *a, const char *name)
{
	for (size_t i = 0; i < a->conf->n_dns; i++)
		if (word_same(a->conf->dns[i]->name, name))
			return a->conf->dns[i];
	for (size_t c = 0; c < a->conf->n_certs; c++)
		for (size_t i = 0; i < a->conf->certs[c]->n_dns; i++)
			if (word_same(a->conf->certs[c]->dns[i]->name, name))
				return a->conf->certs[c]->dns[i];
	return NULL;
}

static int find_login(struct by_hand *h, const char *name)
{
	struct app *a = h->app;
	struct dns_block *b = a->opt.set.n ? NULL : find_block(a, name), *made = NULL;
	int status;

	if (!b) { /* the environment may have all that this provider needs */
		a->opt.dns = name;
		b = made = subject_dns(a->conf, &a->opt);
	}
	struct subject s = { .dns = &b, .n_dns = 1 };
	status = app_logins(a, &s);
	h->op.login = b->login;
	if (made)
		dns_free(made);
	return status;
}

static int call(struct by_hand *h, enum op_kind kind)
{
	struct app *a = h->app;
	struct story story = { 0 };
	struct waiter w;

	h->op.kind = kind;
	if (!login_can(h->op.login, kind)) {
		story_fail(&story, SEAL_EUNSUPPORTED, "%s cannot do this: %s",
			   h->op.login->plugin->p->name, op_kind_name(kind));
		return app_fail(a, NULL, &story);
	}
	if (a->opt.dry_run && h->records) {
		log_line(LOG_INFO, "dry run, nothing is changed; this would be the call: %s",
			 op_kind_name(kind));
		print_records(h, h->records, h->op.n_records);
		return EXIT_DONE;
	}
	app_network(a);
	op_start(a->ops, &h->op, waiter_begin(&w, a));
	app_wait(a, &w);
	return h->op.story.st ? app_fail(a, NULL, &h->op.story) : EXIT_DONE;
}

static const struct verb {
	const char *name;
	uint32_t min, max; /* arguments behind DNS */
	int (*read)(struct by_hand *);
	enum op_kind kind;
	void (*tell)(const struct by_hand *);
} verbs[] = {
	{ "zones", 0, 0, read_zone, OP_ZONES, tell_zones },
	{ "get", 1, 3, read_filter, OP_GET, tell_records },
	{ "add", 4, MANY, read_records, OP_APPEND, tell_written },
	{ "set", 4, MANY, read_records, OP_SET, tell_written },
	{ "remove", 4, MANY, read_records, OP_REMOVE, tell_removed },
	{ "check", 0, 1, read_zone, OP_CHECK, tell_good },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int unknown_verb(struct app *a)
{
	const char *known[COUNT(verbs)];
	struct story story = { 0 };

	for (size_t i = 0; i < COUNT(verbs); i++)
		known[i] = verbs[i].name;
	verb_unknown("dns", a->args.at[0], known, COUNT(verbs), &story);
	return app_fail(a, NULL, &story);
}

static int run(struct by_hand *h, const struct verb *v)
{
	struct app *a = h->app;

	if (h->args.n < v->min || h->args.n > v->max)
		return usage(h, "dns %s: %s arguments", v->name,
			     h->args.n < v->min ? "too few" : "too many");
	int status = v->read(h);
	if (!status)
		status = app_configure(a, READ_ALL);
	if (!status)
		status = find_login(h, a->args.at[1]);
	if (status)
		return status;
	app_warnings(a);
	status = call(h, v->kind);
	if (!status && !(a->opt.dry_run && h->records))
		v->tell(h);
	return status;
}

int cmd_dns(struct app *a)
{
	const struct verb *v = find_verb(a->args.at[0]);
	struct by_hand h = { .app = a };

	if (!v)
		return unknown_verb(a);
	if (a->args.n < 2)
		return usage(&h, "dns %s: of which dns block?", v->name);
	h.args = (struct words){ .at = a->args.at + 2, .n = a->args.n - 2 };
	int status = run(&h, v);
	op_free(&h.op);
	free(h.records);
	words_free(&h.data);
	return status;
}
