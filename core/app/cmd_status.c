/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_status.c - what there is.  No network, no plugins, no secrets. */
#include "config.h"

#include "app/app.h"
#include "app/standing.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line { /* a certificate, configured or on disk or both */
	const char *name;
	const struct cert_block *block; /* or NULL */
	struct standing standing;
	struct story story; /* it could not be read */
};

static const struct words *names_of(const struct line *l)
{
	static const struct words none;
	const struct cert_info *leaf = standing_leaf(&l->standing);

	if (leaf)
		return &leaf->names;
	return l->block ? &l->block->conf.names : &none;
}

/* -- JSON ----------------------------------------------------------------------------------- */

static void add_leaf(struct json_object *o, const struct line *l)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	struct words types = { 0 };

	if (!leaf)
		return;
	words_add(&types, key_type_name(l->standing.live.key));
	json_object_object_add(o, "key_types", json_words(&types));
	words_free(&types);
	json_time(o, "not_before", leaf->not_before);
	json_time(o, "not_after", leaf->not_after);
	json_text(o, "serial", leaf->serial);
	json_text(o, "issuer", leaf->issuer);
	json_text(o, "dir", l->standing.live.dir);
	json_number(o, "generation", l->standing.live.generation);
}

static struct json_object *as_json(const struct line *l)
{
	struct json_object *o = json_object_new_object();
	const struct cert_state *s = &l->standing.state;
	const struct account_conf *a = l->block ? l->block->conf.account : NULL;

	json_text(o, "name", l->name);
	json_object_object_add(o, "names", json_words(names_of(l)));
	json_text(o, "account", a ? a->name : NULL);
	json_object_object_add(o, "configured", json_object_new_boolean(l->block != NULL));
	add_leaf(o, l);
	json_time(o, "renew_at", l->standing.due);
	json_text(o, "renew_reason", l->standing.why);
	json_number(o, "failures", s->failures);
	json_time(o, "next_try", s->next_try);
	json_text(o, "last_error", l->story.st ? l->story.text : s->last_error);
	json_object_object_add(o, "deploy", json_object_new_array());
	if (s->propagation_s)
		json_number(o, "propagation_s", s->propagation_s);
	return o;
}

static void print_json(const struct line *lines, size_t n)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	json_number(o, "v", 1);
	json_time(o, "t", clock_wall());
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, as_json(&lines[i]));
	json_object_object_add(o, "certificates", list);
	json_print(o);
}

/* -- text ----------------------------------------------------------------------------------- */

static const char *show_due(const struct line *l, char out[32])
{
	if (!l->standing.due || l->standing.due <= clock_wall())
		return "now";
	return show_date(l->standing.due, out);
}

/* How it is in one word, and why; the reason is "" when there is nothing to say. */
static enum mark judge(const struct line *l, const char **ret_why)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	const char *error = l->story.st ? l->story.text : l->standing.state.last_error;

	*ret_why = error ? error : leaf && leaf->not_after <= clock_wall() ? "expired" : "";
	if (**ret_why)
		return MARK_FAIL;
	return leaf && l->standing.due <= clock_wall() ? MARK_WARN : MARK_OK;
}

/* As wide as the smallest usual terminal. */
#define ROW "%-20s %s%*s %-10s %-6s %-10s %s\n"
#define NAMES_WIDE 24

static void print_head(void)
{
	printf(ROW, "CERTIFICATE", "NAMES", NAMES_WIDE - 5, "", "EXPIRES", "LEFT", "DUE", "STATE");
}

/* An error gets a line of its own, cut to the terminal's width; `status CERT` shows all of it. */
static void print_row(const struct ui *ui, const struct line *l)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	const struct words *names = names_of(l);
	char ends[32] = "-", left[32] = "-", due[32], more[32] = "", mark[32];
	unsigned columns = show_columns(STDOUT_FILENO);
	const char *why;
	enum mark m = judge(l, &why);
	scoped(free_p) char *name = names->n ? show_name(names->at[0]) : str_copy("-");

	if (leaf) {
		show_date(leaf->not_after, ends);
		show_duration(leaf->not_after - clock_wall(), left);
	}
	if (names->n > 1)
		str_put(more, " +%zu", names->n - 1);
	scoped(free_p) char *shown = str_printf("%s%s", name, more);
	size_t wide = show_width(shown);
	printf(ROW, l->name, shown, wide < NAMES_WIDE ? (int)(NAMES_WIDE - wide) : 0, "", ends,
	       left, show_due(l, due), leaf || *why ? show_mark(ui, m, 0, mark) : "-");
	scoped(free_p) char *cut = show_cut(why, columns > 24 ? columns - 4 : 0);
	if (*why)
		printf("    %s\n", cut);
}

static void put(const char *label, const char *text)
{
	if (text && *text)
		printf("  %-12s %s\n", label, text);
}

static void print_detail(const struct ui *ui, const struct line *l)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	const struct cert_state *s = &l->standing.state;
	char text[160], date[32], other[32], mark[32];
	const char *why;

	printf("%s\n", l->name);
	enum mark m = judge(l, &why);
	put("state", leaf || *why ? show_mark(ui, m, 0, mark) : "there is none yet");
	put("configured", l->block ? l->block->conf.origin : "no");
	for (size_t i = 0; i < names_of(l)->n; i++) {
		scoped(free_p) char *name = show_name(names_of(l)->at[i]);
		put(i ? "" : "names", name);
	}
	if (leaf) {
		str_put(text, "%s to %s, %s left", show_date(leaf->not_before, date),
			show_date(leaf->not_after, other),
			show_duration(leaf->not_after - clock_wall(), (char[32]){ 0 }));
		put("valid", text);
		put("key", key_type_label(l->standing.live.key));
		put("issuer", leaf->issuer);
		put("serial", leaf->serial);
		put("files", l->standing.live.dir);
	}
	str_put(text, "%s (%s)", show_due(l, date), l->standing.why);
	put("due", text);
	str_put(text, "%lld in a row", (long long)s->failures);
	put("failures", s->failures ? text : NULL);
	put("last error", l->story.st ? l->story.text : s->last_error);
	put("hint", l->story.hint);
	put("next try", s->next_try ? clock_rfc3339(s->next_try, other) : NULL);
	put("propagation", s->propagation_s ? show_duration(s->propagation_s, other) : NULL);
}

/* -- collecting ----------------------------------------------------------------------------- */

/* Configured ones and those on disk, each once, in the order of their names. */
static void collect_names(struct app *a, bool exists, struct words *ret)
{
	struct words disk = { 0 };

	if (exists)
		store_certs(&a->store, &disk);
	for (size_t i = 0; i < a->conf->n_certs; i++)
		if (!words_has(&disk, a->conf->certs[i]->conf.name))
			words_add(&disk, a->conf->certs[i]->conf.name);
	for (size_t i = 0; i < disk.n; i++)
		if (!a->args.n || !strcmp(a->args.at[0], disk.at[i]))
			words_add(ret, disk.at[i]);
	words_free(&disk);
}

static int unknown(struct app *a)
{
	struct story story = { 0 };

	story_fail(&story, SEAL_ECONFIG, "no certificate '%s'", clean(a->args.at[0]));
	story_hint(&story, "dnseal status lists them");
	return app_fail(a, NULL, &story);
}

static int show(struct app *a, const struct words *names, bool exists)
{
	struct line *lines = mem_array(names->n, sizeof(*lines));
	int status = EXIT_DONE;

	for (size_t i = 0; i < names->n; i++) {
		struct line *l = &lines[i];
		l->name = names->at[i];
		l->block = configuration_cert(a->conf, l->name);
		if (!exists)
			str_put(l->standing.why, "there is none yet");
		else if (standing_read(&a->store, l->name, l->block ? &l->block->conf : NULL,
				       &l->standing, &l->story))
			status = EXIT_STORAGE;
	}
	if (a->ui.mode == UI_JSON)
		print_json(lines, names->n);
	else if (a->args.n)
		print_detail(&a->ui, &lines[0]);
	else if (names->n)
		print_head();
	for (size_t i = 0; i < names->n; i++) {
		if (a->ui.mode != UI_JSON && !a->args.n)
			print_row(&a->ui, &lines[i]);
		standing_free(&lines[i].standing);
	}
	free(lines);
	return status;
}

int cmd_status(struct app *a)
{
	struct words names = { 0 };
	bool exists = false;
	int status = app_configure(a, READ_SHAPE);

	if (!status)
		status = app_store_look(a, &exists);
	if (status)
		return status;
	collect_names(a, exists, &names);
	if (!a->args.n && !names.n)
		log_line(LOG_INFO, "no certificates yet: dnseal issue NAME...");
	if (a->args.n && !names.n)
		status = unknown(a);
	else
		status = show(a, &names, exists);
	words_free(&names);
	return status;
}
