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

#define WIDTH 79
#define FACT_COLUMN 14
#define OPTION_COLUMN 27

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

/* What is declared of a service, in words for people; the same numbers are in the JSON. */
static const struct {
	unsigned flag;
	const char *name, *say;
} flags[] = {
	{ SEAL_ANYCAST, "anycast", "anycast: one look does not see them all" },
	{ SEAL_PARALLEL, "parallel", "several at once on one zone" },
	{ SEAL_EXCLUSIVE, "exclusive", "read, changed and written back: one run at a time" },
};

static const struct {
	const char *name;
	size_t offset; /* of an unsigned or uint32_t */
} numbers[] = {
	{ "min_ttl", offsetof(struct seal_provider, min_ttl) },
	{ "max_ttl", offsetof(struct seal_provider, max_ttl) },
	{ "batch", offsetof(struct seal_provider, batch) },
	{ "per_minute", offsetof(struct seal_provider, per_minute) },
	{ "settle_s", offsetof(struct seal_provider, settle_s) },
	{ "wait_s", offsetof(struct seal_provider, wait_s) },
};

static struct json_object *option_json(const struct seal_option *o)
{
	const struct {
		const char *name;
		unsigned flag;
	} marks[] = { { "required", SEAL_REQUIRED },
		      { "one_of", SEAL_ANY },
		      { "together", SEAL_TOGETHER },
		      { "secret", SEAL_SECRET } };
	struct json_object *x = json_object_new_object();

	json_text(x, "name", o->name);
	json_text(x, "type", type_names[o->type]);
	for (size_t i = 0; i < COUNT(marks); i++)
		json_object_object_add(x, marks[i].name,
				       json_object_new_boolean(!!(o->flags & marks[i].flag)));
	json_text(x, "preset", o->preset);
	json_text(x, "env", o->env);
	json_text(x, "doc", o->doc);
	return x;
}

static void facts_json(struct json_object *o, const struct seal_provider *p)
{
	scoped(words_free) struct words marks = { 0 }, can = { 0 };

	json_text(o, "types", p->types);
	for (size_t i = 0; i < COUNT(numbers); i++)
		json_number(o, numbers[i].name,
			    *(const unsigned *)(const void *)((const char *)p + numbers[i].offset));
	for (size_t i = 0; i < COUNT(flags); i++)
		if (p->flags & flags[i].flag)
			words_add(&marks, flags[i].name);
	json_object_object_add(o, "flags", json_words(&marks));
	capabilities(p, &can);
	json_object_object_add(o, "operations", json_words(&can));
}

static void about_json(const struct plugin *plugin)
{
	const struct seal_provider *p = plugin->p;
	struct json_object *o = event_new("provider", NULL), *list = json_object_new_array();

	json_text(o, "name", p->name);
	json_text(o, "kind", plugin->path ? "plugin" : "built in");
	json_text(o, "label", p->label);
	json_text(o, "version", p->version);
	json_text(o, "path", plugin->path);
	json_number(o, "abi", p->abi);
	json_text(o, "doc_url", p->doc_url);
	json_text(o, "endpoint", p->endpoint);
	json_text(o, "endpoint_env", p->endpoint_env);
	facts_json(o, p);
	for (const struct seal_option *x = p->options; x && x->name; x++)
		json_object_array_add(list, option_json(x));
	json_object_object_add(o, "options", list);
	json_text(o, "rights", p->rights);
	json_text(o, "example", p->example);
	json_print(o);
}

/* Words from this column on, in as many lines as it takes; the first has been begun. */
static void put_words(int column, const char *text)
{
	int at = column;

	while (*text) {
		int n = (int)strcspn(text, " ");
		if (at > column && at + 1 + n > WIDTH) {
			printf("\n%*s", column, "");
			at = column;
		}
		at += printf("%s%.*s", at > column ? " " : "", n, text);
		text += n + strspn(text + n, " ");
	}
	printf("\n");
}

static void put(const char *label, const char *text)
{
	if (!text || !*text)
		return;
	printf("  %-11s ", label);
	put_words(FACT_COLUMN, text);
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

/* "A B" as "$A, $B". */
static char *variables(const char *names)
{
	scoped(words_free) struct words w = { 0 };

	words_split(&w, names);
	scoped(free_p) char *list = words_join(&w, ", $");
	return str_printf("$%s", list);
}

static void put_option(const char *name, const char *marks, const char *doc, const char *preset,
		       const char *env)
{
	scoped(free_p) char *text = str_printf("%s%s", marks, doc);

	printf("  %-*s ", OPTION_COLUMN - 3, name);
	put_words(OPTION_COLUMN, text);
	if (preset)
		printf("%*sdefault %s\n", OPTION_COLUMN, "", preset);
	if (!env)
		return;
	scoped(free_p) char *names = variables(env);
	scoped(free_p) char *from = str_printf("else from %s", names);
	printf("%*s", OPTION_COLUMN, "");
	put_words(OPTION_COLUMN, from);
}

static void put_own_option(const struct seal_option *o)
{
	bool text = o->type == SEAL_STRING;
	scoped(free_p) char *marks =
		str_printf("%s%s%s%s%s", o->flags & SEAL_REQUIRED ? "needed; " : "",
			   o->flags & SEAL_ANY ? "one of these needed; " : "",
			   o->flags & SEAL_SECRET ? "secret; " : "",
			   text ? "" : type_names[o->type], text ? "" : "; ");

	put_option(o->name, marks, o->doc ? o->doc : "", o->preset, o->env);
}

static bool in_group(const struct seal_option *o)
{
	return o->flags & (SEAL_TOGETHER | SEAL_ANY);
}

static void put_environment(const struct seal_provider *p)
{
	scoped(words_free) struct words group = { 0 };

	for (const struct seal_option *o = p->options; o && o->name; o++)
		if (in_group(o))
			words_add(&group, o->name);
	printf("\n");
	put_words(0, "Each variable may have _FILE behind its name; then it holds a path.");
	if (group.n < 2)
		return;
	scoped(free_p) char *names = words_join(&group, ", ");
	scoped(free_p) char *text = str_printf(
		"When one of %s is set, the environment is asked for none of these.", names);
	put_words(0, text);
}

static void put_options(const struct seal_provider *p)
{
	printf("\noptions\n");
	for (const struct seal_option *o = p->options; o && o->name; o++)
		put_own_option(o);
	put_option("zones", "", "zones that it may serve; the longest match chooses", NULL, NULL);
	if (p->endpoint)
		put_option("endpoint", "", "base URL in place of the provider's", NULL,
			   p->endpoint_env);
	put_option("trust", "", "file of CA certificates to trust for it", NULL, NULL);
	put_environment(p);
}

#define TTL_ANY 2147483647u /* all that the DNS can say (RFC 2181 8) */

static void put_ttl(const struct seal_provider *p)
{
	scoped(free_p) char *min = p->min_ttl ? str_printf("at least %u s", p->min_ttl) : NULL;
	scoped(free_p) char *max = p->max_ttl && p->max_ttl < TTL_ANY
					   ? str_printf("at most %u s", p->max_ttl)
					   : NULL;
	scoped(free_p) char *text = str_printf("%s%s%s", min ? min : "", min && max ? ", " : "",
					       max ? max : "");

	put("TTL", text);
}

static void put_wait(const struct seal_provider *p)
{
	char wait[32], settle[32];
	scoped(free_p) char *typical =
		p->wait_s ? str_printf("typically %s until all servers have a change",
				       show_duration(p->wait_s, wait))
			  : NULL;
	scoped(free_p) char *after =
		p->settle_s ? str_printf("%s after all servers were seen to have it",
					 show_duration(p->settle_s, settle))
			    : NULL;

	put("wait", typical);
	put(typical ? "" : "wait", after);
}

static void put_facts(const struct seal_provider *p)
{
	static const char *const labels[] = { "servers", "changes", "changes" }; /* by flags[] */
	scoped(free_p) char *batch =
		p->batch ? str_printf("at most %u records a call", p->batch) : NULL;
	scoped(free_p) char *rate =
		p->per_minute ? str_printf("%u requests a minute", p->per_minute) : NULL;

	put("records", p->types ? p->types : "all types");
	put_ttl(p);
	put("batch", batch);
	put("limit", rate);
	for (size_t i = 0; i < COUNT(flags); i++)
		if (p->flags & flags[i].flag)
			put(labels[i], flags[i].say);
	put_wait(p);
}

static char *origin(const struct plugin *plugin)
{
	const char *version = plugin->p->version ? plugin->p->version : "-";

	return plugin->path ? str_printf("version %s, ABI %u, %s", version, plugin->p->abi,
					 plugin->path)
			    : str_printf("version %s, ABI %u", version, plugin->p->abi);
}

static void about(const struct plugin *plugin)
{
	const struct seal_provider *p = plugin->p;
	scoped(free_p) char *from = origin(plugin);
	scoped(free_p) char *kind =
		str_printf("%s, %s", plugin->path ? "plugin" : "built in", from);
	scoped(words_free) struct words can = { 0 };

	capabilities(p, &can);
	scoped(free_p) char *operations = words_join(&can, " ");
	printf("%s - %s\n", p->name, p->label ? p->label : p->name);
	put("kind", kind);
	put("manual", p->doc_url);
	put("endpoint", p->endpoint);
	put("operations", operations);
	put_facts(p);
	put_options(p);
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

struct row {
	const char *name, *kind; /* "built in", "plugin", "absent" */
	const struct plugin *plugin;
	struct story story; /* why it was refused, or how to get it */
};

static void row_json(const struct row *r, struct json_object *list)
{
	const struct seal_provider *p = r->plugin ? r->plugin->p : NULL;
	struct json_object *o = json_object_new_object();

	json_text(o, "name", r->name);
	json_text(o, "kind", r->kind);
	json_text(o, "label", p ? p->label : NULL);
	json_text(o, "version", p ? p->version : NULL);
	if (p)
		json_number(o, "abi", p->abi);
	json_text(o, "path", p ? r->plugin->path : NULL);
	json_text(o, "problem", !p && strcmp(r->kind, "absent") != 0 ? r->story.text : NULL);
	json_text(o, "hint", r->story.hint[0] ? r->story.hint : NULL);
	json_object_array_add(list, o);
}

static void row_text(const struct row *r)
{
	const struct plugin *plugin = r->plugin;
	bool absent = !strcmp(r->kind, "absent");

	if (plugin) {
		scoped(free_p) char *from = origin(plugin);
		printf("%-16s %-10s %s (%s)\n", r->name, r->kind,
		       plugin->p->label ? plugin->p->label : r->name, from);
		return;
	}
	printf("%-16s %-10s %s\n", r->name, absent ? r->kind : "refused",
	       absent ? r->story.hint : r->story.text);
	if (!absent && r->story.hint[0])
		printf("%-27s %s\n", "", r->story.hint);
}

/* One that is refused is told in its row, and the others follow.  list NULL: as text. */
static void show_all(const struct words *names, const char *kind, struct json_object *list)
{
	for (size_t i = 0; i < names->n; i++) {
		struct row r = { .name = names->at[i], .kind = kind };
		if (!strcmp(kind, "absent"))
			plugin_get_it(r.name, &r.story);
		else if (plugin_get(r.name, &r.plugin, &r.story))
			r.plugin = NULL;
		if (list)
			row_json(&r, list);
		else
			row_text(&r);
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
	show_all(&known, "absent", list);
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
