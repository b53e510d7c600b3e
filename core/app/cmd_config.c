/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_config.c - the configuration as read, in one piece: includes in their places, every line with
 * its origin, secrets struck out. */
#include "config.h"

#include "app/app.h"
#include "app/source.h"

#include <stdio.h>
#include <string.h>

#define ORIGIN_COLUMN 56

struct printer {
	struct app *app;
	const char *provider; /* inside a dns block: its type */
	bool eab;
	unsigned depth;
	struct json_object *list; /* --json */
};

/* Words of dns blocks that are no secrets, should the plugin be absent and nobody able to say. */
static bool is_open(const char *word)
{
	static const char *const open[] = { "type",	"zones",   "endpoint", "trust", "server",
					    "key-name", "key-alg", "username", "email", "region" };

	for (size_t i = 0; i < COUNT(open); i++)
		if (word_same(open[i], word))
			return true;
	return false;
}

static bool is_secret(const struct printer *p, const char *word)
{
	const struct plugin *plugin = NULL;
	struct story ignored = { 0 };

	if (p->eab)
		return word_same(word, "hmac");
	if (!p->provider)
		return false;
	app_plugins(p->app);
	if (plugin_get(p->provider, &plugin, &ignored))
		return !is_open(word);
	return login_is_secret(plugin, word);
}

/* Several sentences may share a line, so one secret word hides all literals behind it. */
static char *show_words(const struct printer *p, const struct scfg *d)
{
	struct buf b = { 0 };
	bool hide = false;

	for (size_t i = 0; i < d->n; i++) {
		bool hidden = hide && source_is_literal(d->words[i]);
		scoped(free_p) char *quoted = hidden ? str_copy("***") : scfg_quote(d->words[i]);
		buf_printf(&b, "%s%s", i ? " " : "", quoted);
		hide = hide || is_secret(p, d->words[i]);
	}
	return buf_take(&b);
}

static const char *type_of(const struct scfg *d)
{
	for (const struct scfg *x = d->block; x; x = x->next)
		if (!strcmp(x->words[0], "type") && x->n > 1)
			return x->words[1];
	return d->n > 1 ? d->words[1] : "";
}

static void put_line(const struct printer *p, const char *text, const struct scfg *d,
		     const char *tail)
{
	int used = (int)(p->depth * 4 + strlen(text) + strlen(tail));

	printf("%*s%s%s%*s # %s:%u\n", (int)p->depth * 4, "", text, tail,
	       used < ORIGIN_COLUMN ? ORIGIN_COLUMN - used : 1, "", d->file, d->line);
}

static void put(struct printer p, const struct scfg *d)
{
	scoped(free_p) char *text = show_words(&p, d);
	struct json_object *o = NULL;

	if (p.list) {
		o = json_object_new_object();
		json_text(o, "text", text);
		json_text(o, "file", d->file);
		json_number(o, "line", d->line);
		json_object_array_add(p.list, o);
		p.list = d->has_block ? json_object_new_array() : p.list;
	} else
		put_line(&p, text, d, d->has_block ? " {" : "");
	if (!d->has_block)
		return;
	if (o)
		json_object_object_add(o, "block", p.list);
	p.provider = !strcmp(d->words[0], "dns") ? type_of(d) : p.provider;
	p.eab = p.eab || !strcmp(d->words[0], "eab");
	p.depth++;
	for (const struct scfg *x = d->block; x; x = x->next)
		put(p, x);
	if (!o)
		printf("%*s}\n", (int)(p.depth - 1) * 4, "");
}

int cmd_config(struct app *a)
{
	static const char *const known[] = { "show" };
	struct printer p = { .app = a };
	struct story story = { 0 };

	if (strcmp(a->args.at[0], "show")) {
		verb_unknown("config", a->args.at[0], known, COUNT(known), &story);
		return app_fail(a, NULL, &story);
	}
	int status = app_configure(a, READ_SHAPE);
	if (status)
		return status;
	app_warnings(a);
	if (a->ui.mode == UI_JSON)
		p.list = json_object_new_array();
	for (size_t i = 0; i < a->conf->directives.n; i++)
		put(p, a->conf->directives.at[i]);
	if (!p.list)
		return EXIT_DONE;
	struct json_object *o = event_new("config", NULL);
	json_text(o, "file", a->conf->path);
	json_object_object_add(o, "directives", p.list);
	json_print(o);
	return EXIT_DONE;
}
