/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/app.h"

#include <stdio.h>
#include <string.h>

static const char *const type_names[] = { [SEAL_STRING] = "text",
					  [SEAL_BOOL] = "yes or no",
					  [SEAL_UINT] = "number",
					  [SEAL_SECONDS] = "duration" };

/* -- one ------------------------------------------------------------------------------------ */

static void capabilities(const struct seal_provider *p, struct words *ret)
{
	const struct {
		const char *name;
		bool has;
	} can[] = { { "check", SEAL_HAS(p, check) }, { "zones", SEAL_HAS(p, zones) },
		    { "get", SEAL_HAS(p, get) },     { "add", SEAL_HAS(p, append) },
		    { "set", SEAL_HAS(p, set) },     { "remove", SEAL_HAS(p, remove) } };

	for (size_t i = 0; i < COUNT(can); i++)
		if (can[i].has)
			words_add(ret, can[i].name);
}

static struct json_object *option_json(const struct seal_option *o)
{
	struct json_object *x = json_object_new_object();

	json_text(x, "name", o->name);
	json_text(x, "type", type_names[o->type]);
	json_object_object_add(x, "required", json_object_new_boolean(o->flags & SEAL_REQUIRED));
	json_object_object_add(x, "secret", json_object_new_boolean(o->flags & SEAL_SECRET));
	json_text(x, "preset", o->preset);
	json_text(x, "env", o->env);
	json_text(x, "doc", o->doc);
	return x;
}

static void about_json(const struct plugin *plugin)
{
	const struct seal_provider *p = plugin->p;
	struct json_object *o = event_new("provider", NULL), *list = json_object_new_array();
	struct words can = { 0 };

	json_text(o, "name", p->name);
	json_text(o, "label", p->label);
	json_text(o, "version", p->version);
	json_text(o, "path", plugin->path);
	json_number(o, "abi", p->abi);
	json_text(o, "doc_url", p->doc_url);
	json_text(o, "endpoint", p->endpoint);
	json_text(o, "types", p->types);
	capabilities(p, &can);
	json_object_object_add(o, "operations", json_words(&can));
	words_free(&can);
	for (const struct seal_option *x = p->options; x && x->name; x++)
		json_object_array_add(list, option_json(x));
	json_object_object_add(o, "options", list);
	json_text(o, "rights", p->rights);
	json_text(o, "example", p->example);
	json_print(o);
}

static void put(const char *label, const char *text)
{
	if (text && *text)
		printf("  %-11s %s\n", label, text);
}

/* Several lines, each indented. */
static void put_lines(const char *title, const char *text)
{
	if (!text)
		return;
	printf("\n%s\n", title);
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\n");
		printf("  %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
}

static void put_option(const struct seal_option *o)
{
	printf("  %-22s %s%s%s\n", o->name, o->flags & SEAL_REQUIRED ? "needed; " : "",
	       o->flags & SEAL_SECRET ? "secret; " : "", o->doc ? o->doc : type_names[o->type]);
	if (o->preset)
		printf("  %-22s default %s\n", "", o->preset);
	if (o->env)
		printf("  %-22s else from $%s\n", "", o->env);
}

static void about(const struct plugin *plugin)
{
	const struct seal_provider *p = plugin->p;
	scoped(free_p) char *kind =
		plugin->path ? str_printf("plugin %s, version %s, ABI %u", plugin->path,
					  p->version ? p->version : "-", p->abi)
			     : str_copy("built in");
	struct words can = { 0 };

	capabilities(p, &can);
	scoped(free_p) char *operations = words_join(&can, " ");
	words_free(&can);
	printf("%s - %s\n", p->name, p->label ? p->label : p->name);
	put("kind", kind);
	put("manual", p->doc_url);
	put("endpoint", p->endpoint);
	put("records", p->types ? p->types : "all types");
	put("operations", operations);
	if (p->wait_s)
		put("wait", show_duration(p->wait_s, (char[32]){ 0 }));
	printf("\noptions\n");
	for (const struct seal_option *o = p->options; o && o->name; o++)
		put_option(o);
	printf("  %-22s %s\n", "zones", "zones that it may serve; the longest match chooses");
	if (p->endpoint)
		printf("  %-22s %s\n", "endpoint", "base URL in place of the provider's");
	printf("  %-22s %s\n", "trust", "CA bundle to trust for it");
	put_lines("rights", p->rights);
	put_lines("example", p->example);
}

static int show_one(struct app *a, const char *name)
{
	const struct plugin *plugin = NULL;
	struct story story = { 0 };
	enum seal_status st = plugin_get(name, &plugin, &story);

	if (st) {
		story.st = SEAL_ECONFIG; /* nothing was tried that could fail elsewhere */
		return app_fail(a, NULL, &story);
	}
	if (a->ui.mode == UI_JSON)
		about_json(plugin);
	else
		about(plugin);
	return EXIT_DONE;
}

/* -- all ------------------------------------------------------------------------------------ */

static struct json_object *row_json(const char *name, const char *kind, const struct plugin *p,
				    const struct story *story)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "name", name);
	json_text(o, "kind", kind);
	json_text(o, "label", p ? p->p->label : NULL);
	json_text(o, "version", p ? p->p->version : NULL);
	json_text(o, "path", p ? p->path : NULL);
	json_text(o, "problem", story->st ? story->text : NULL);
	return o;
}

static void row(const char *name, const char *kind, const struct plugin *p,
		const struct story *story)
{
	printf("%-16s %-10s %s", name, kind,
	       story->st	  ? story->text
	       : p && p->p->label ? p->p->label
				  : "");
	if (p && p->path)
		printf(" (version %s, ABI %u, %s)", p->p->version ? p->p->version : "-", p->p->abi,
		       p->path);
	printf("\n");
}

/* list NULL: as text.  kind NULL: dnseal knows of them, this build lacks them. */
static void show_all(const struct words *names, const char *kind, struct json_object *list)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct plugin *p = NULL;
		struct story story = { 0 };
		if (kind)
			(void)!plugin_get(names->at[i], &p, &story);
		if (list)
			json_object_array_add(
				list, row_json(names->at[i], kind ? kind : "absent", p, &story));
		else
			row(names->at[i], kind ? kind : "absent", p, &story);
	}
}

int cmd_providers(struct app *a)
{
	struct words builtin = { 0 }, found = { 0 }, known = { 0 };
	struct json_object *list = NULL;

	app_plugins(a);
	if (a->args.n)
		return show_one(a, a->args.at[0]);
	if (a->ui.mode == UI_JSON)
		list = json_object_new_array();
	plugins_list(&builtin, &found, &known);
	show_all(&builtin, "built in", list);
	show_all(&found, "plugin", list);
	show_all(&known, NULL, list);
	words_free(&builtin);
	words_free(&found);
	words_free(&known);
	if (list) {
		struct json_object *o = event_new("providers", NULL);
		json_object_object_add(o, "providers", list);
		json_print(o);
	}
	return EXIT_DONE;
}
