/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_status.c - what there is.  No network, no plugins, no secrets. */
#include "config.h"

#include "acme/ari.h"
#include "app/app.h"
#include "app/standing.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_S 86400

struct line { /* a certificate, configured or on disk or both */
	const char *name;
	const struct cert_block *block; /* or NULL */
	struct standing standing;
	struct story story; /* it could not be read */
	char *budget;	    /* of its orders; NULL: not asked for */
};

/* What the CA said of the live certificate; NULL: nothing, or of an earlier one. */
static const struct ari_state *ari_of(const struct line *l)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	const struct ari_state *a = &l->standing.state.ari;
	scoped(free_p) char *id = leaf ? ari_cert_id(leaf) : NULL;

	return id && a->end && a->cert_id && !strcmp(a->cert_id, id) ? a : NULL;
}

static const struct target_state *pending_target(const struct line *l)
{
	const struct cert_state *s = &l->standing.state;

	for (size_t i = 0; i < s->n_targets; i++)
		if (s->targets[i].pending)
			return &s->targets[i];
	return NULL;
}

/* When a run acts on it again, and why then; 0: the next run. */
static int64_t next_look(const struct line *l, const char **ret_why)
{
	const struct cert_state *s = &l->standing.state;

	*ret_why = l->standing.why;
	if (l->block && pending_target(l)) {
		*ret_why = "a deployment is pending";
		return 0;
	}
	if (!s->failures || s->next_try <= l->standing.due)
		return l->standing.due;
	*ret_why = "the pause after a failure";
	return s->next_try;
}

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
	if (l->standing.live.has_twin)
		words_add(&types, key_type_name(l->standing.live.twin_key));
	json_object_object_add(o, "key_types", json_words(&types));
	words_free(&types);
	json_time(o, "not_before", leaf->not_before);
	json_time(o, "not_after", leaf->not_after);
	json_text(o, "serial", leaf->serial);
	json_text(o, "issuer", leaf->issuer);
	json_text(o, "dir", l->standing.live.dir);
	json_number(o, "generation", l->standing.live.generation);
}

static struct json_object *ari_json(const struct ari_state *a)
{
	struct json_object *o = json_object_new_object();

	json_time(o, "start", a->start);
	json_time(o, "end", a->end);
	json_time(o, "at", a->at);
	json_text(o, "explanation", a->explanation);
	json_time(o, "next_ask", a->next_ask);
	return o;
}

static const char *target_name(const struct target_state *t)
{
	return !t->pending ? "done" : t->error ? "failed" : "pending";
}

static struct json_object *targets_json(const struct cert_state *s)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < s->n_targets; i++) {
		const struct target_state *t = &s->targets[i];
		struct json_object *o = json_object_new_object();
		json_text(o, "target", t->name);
		json_text(o, "state", target_name(t));
		if (t->generation)
			json_number(o, "generation", t->generation);
		json_number(o, "tries", t->tries);
		json_time(o, "last", t->last);
		json_text(o, "error", t->error);
		json_object_array_add(list, o);
	}
	return list;
}

static void add_failure(struct json_object *o, const struct line *l)
{
	const struct cert_state *s = &l->standing.state;

	json_number(o, "failures", s->failures);
	json_time(o, "next_try", s->next_try);
	json_text(o, "last_error", l->story.st ? l->story.text : s->last_error);
	json_text(o, "last_class", l->story.st ? status_name(l->story.st) : s->last_class);
	json_text(o, "last_problem", l->story.st ? NULL : s->last_problem);
	json_time(o, "last_failure", s->last_failure);
	json_time(o, "last_attempt", s->last_run);
	json_time(o, "last_success", s->last_success);
}

/* Left out for one that no run looks at. */
static void add_next(struct json_object *o, const struct line *l)
{
	const char *why;
	int64_t next = next_look(l, &why);

	json_time(o, "renew_at", l->standing.due);
	json_text(o, "renew_reason", l->standing.why);
	json_text(o, "due", due_name(l->standing.decision.why));
	if (!l->block)
		return;
	json_time(o, "next_look", next);
	json_text(o, "next_look_reason", why);
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
	add_next(o, l);
	if (ari_of(l))
		json_object_object_add(o, "ari", ari_json(ari_of(l)));
	add_failure(o, l);
	json_object_object_add(o, "deploy", targets_json(s));
	if (s->propagation_s)
		json_number(o, "propagation_s", s->propagation_s);
	json_text(o, "budget", l->budget);
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

/* A moment in the past is the next run. */
static const char *show_when(int64_t next, char out[32])
{
	int64_t left = next - clock_wall();
	char text[32];

	if (left <= 0)
		return "now";
	if (left > DAY_S)
		return show_date(next, out);
	snprintf(out, 32, "in %s", show_duration(left, text));
	return out;
}

static const char *show_next(const struct line *l, char out[32])
{
	const char *why;

	return l->block ? show_when(next_look(l, &why), out) : "-";
}

/* How it is in one word, and why; the reason is "" when there is nothing to say. */
static enum mark judge(const struct line *l, const char **ret_why)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	const struct cert_state *s = &l->standing.state;
	const char *error = l->story.st ? l->story.text : s->failures ? s->last_error : NULL;

	for (size_t i = 0; !error && i < s->n_targets; i++)
		if (s->targets[i].pending)
			error = s->targets[i].error;
	*ret_why = error ? error : leaf && leaf->not_after <= clock_wall() ? "expired" : "";
	if (**ret_why)
		return MARK_FAIL;
	if (!leaf || pending_target(l))
		return MARK_WARN;
	return l->standing.due <= clock_wall() ? MARK_WARN : MARK_OK;
}

/* As wide as the smallest usual terminal. */
#define ROW "%-20s %s%*s %-10s %-6s %-10s %s\n"
#define NAMES_WIDE 24

static void print_head(void)
{
	printf(ROW, "CERTIFICATE", "NAMES", NAMES_WIDE - 5, "", "EXPIRES", "LEFT", "NEXT LOOK",
	       "STATE");
}

/* An error gets a line of its own, cut to the terminal's width; `status CERT` shows all of it. */
static void print_row(const struct ui *ui, const struct line *l)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	const struct words *names = names_of(l);
	char ends[32] = "-", left[32] = "-", next[32], more[32] = "", mark[32];
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
	       left, show_next(l, next), leaf || *why ? show_mark(ui, m, 0, mark) : "-");
	scoped(free_p) char *cut = show_cut(why, columns > 24 ? columns - 4 : 0);
	if (*why)
		printf("    %s\n", cut);
}

static void put(const char *label, const char *text)
{
	if (text && *text)
		printf("  %-12s %s\n", label, text);
}

static void put_time(const char *label, int64_t wall)
{
	char when[RFC3339_LEN];

	put(label, wall ? clock_rfc3339(wall, when) : NULL);
}

static void print_leaf(const struct line *l)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	const struct live *live = &l->standing.live;
	char text[160], date[32], other[32], left[32];

	if (!leaf)
		return;
	str_put(text, "%s to %s, %s left", show_date(leaf->not_before, date),
		show_date(leaf->not_after, other),
		show_duration(leaf->not_after - clock_wall(), left));
	put("valid", text);
	put("key", key_type_label(live->key));
	if (live->has_twin)
		put("", key_type_label(live->twin_key));
	put("issuer", leaf->issuer);
	put("serial", leaf->serial);
	put("files", live->dir);
}

static void print_ari(const struct ari_state *a)
{
	char text[160], start[RFC3339_LEN], end[RFC3339_LEN];

	if (!a)
		return;
	str_put(text, "%s to %s", clock_rfc3339(a->start, start), clock_rfc3339(a->end, end));
	put("CA's window", text);
	put("explanation", a->explanation);
	put_time("CA asked", a->asked);
}

static void print_failure(const struct line *l)
{
	const struct cert_state *s = &l->standing.state;
	scoped(free_p) char *error =
		s->last_error && s->last_class
			? str_printf("%s (%s%s%s)", s->last_error, s->last_class,
				     s->last_problem ? ", " : "",
				     s->last_problem ? s->last_problem : "")
			: str_copy(s->last_error);
	char text[160];

	str_put(text, "%lld in a row", (long long)s->failures);
	put("failures", s->failures ? text : NULL);
	put("last error", l->story.st ? l->story.text : error);
	put("hint", l->story.hint);
	put_time("failed", s->last_failure);
	put_time("next try", s->next_try);
}

static void print_targets(const struct cert_state *s)
{
	for (size_t i = 0; i < s->n_targets; i++) {
		const struct target_state *t = &s->targets[i];
		char when[RFC3339_LEN];
		scoped(buf_free) struct buf b = { 0 };
		buf_printf(&b, "%s: %s", t->name, target_name(t));
		if (t->generation)
			buf_printf(&b, ", has generation %lld", (long long)t->generation);
		if (t->last)
			buf_printf(&b, ", %s", clock_rfc3339(t->last, when));
		if (t->pending && t->error)
			buf_printf(&b, ", tried %lld times: %s", (long long)t->tries, t->error);
		put(i ? "" : "deploy", buf_text(&b));
	}
}

/* Both when they differ: due, but in the pause after a failure; not due, but not deployed. */
static void print_next(const struct line *l)
{
	const char *why;
	int64_t next = next_look(l, &why);
	char when[32];
	scoped(free_p) char *due =
		str_printf("%s (%s)", show_when(l->standing.due, when), l->standing.why);

	if (!l->block) {
		put("next look", "never: it is not in the configuration");
		return;
	}
	scoped(free_p) char *look = str_printf("%s (%s)", show_when(next, when), why);
	put("next look", look);
	put("due", why != l->standing.why ? due : NULL);
}

static void print_detail(const struct ui *ui, const struct line *l)
{
	const struct cert_info *leaf = standing_leaf(&l->standing);
	const struct cert_state *s = &l->standing.state;
	char other[32], mark[32];
	const char *why;

	printf("%s\n", l->name);
	enum mark m = judge(l, &why);
	put("state", leaf || *why ? show_mark(ui, m, 0, mark) : "there is none yet");
	put("configured", l->block ? l->block->conf.origin : "no");
	for (size_t i = 0; i < names_of(l)->n; i++) {
		scoped(free_p) char *name = show_name(names_of(l)->at[i]);
		put(i ? "" : "names", name);
	}
	print_leaf(l);
	print_next(l);
	print_ari(ari_of(l));
	print_failure(l);
	put_time("last success", s->last_success);
	put("propagation", s->propagation_s ? show_duration(s->propagation_s, other) : NULL);
	print_targets(s);
	put("budget", l->budget);
}

/* -- collecting ----------------------------------------------------------------------------- */

static void collect_names(struct app *a, bool exists, struct words *ret)
{
	struct words all = { 0 };

	standing_names(exists ? &a->store : NULL, a->conf, &all);
	for (size_t i = 0; i < all.n; i++)
		if (!a->args.n || !strcmp(a->args.at[0], all.at[i]))
			words_add(ret, all.at[i]);
	words_free(&all);
}

static int unknown(struct app *a)
{
	struct story story = { 0 };

	story_fail(&story, SEAL_ECONFIG, "no certificate '%s'", clean(a->args.at[0]));
	story_hint(&story, "dnseal status lists them");
	return app_fail(a, NULL, &story);
}

static int read_line(struct app *a, struct line *l, bool exists)
{
	const struct cert_conf *c;

	l->block = configuration_cert(a->conf, l->name);
	c = l->block ? &l->block->conf : NULL;
	if (!exists) {
		str_put(l->standing.why, "there is none yet");
		l->standing.decision.why = DUE_NEW;
		return EXIT_DONE;
	}
	if (a->args.n && c && c->account && c->account->url)
		l->budget = budget_left(&a->store, c->account->url, &c->names);
	if (standing_read(&a->store, l->name, c, &l->standing, &l->story))
		return EXIT_STORAGE;
	return EXIT_DONE;
}

static void print_text(struct app *a, const struct line *lines, size_t n)
{
	if (a->args.n) {
		print_detail(&a->ui, &lines[0]);
		return;
	}
	if (n)
		print_head();
	for (size_t i = 0; i < n; i++)
		print_row(&a->ui, &lines[i]);
}

static int show(struct app *a, const struct words *names, bool exists)
{
	struct line *lines = mem_array(names->n, sizeof(*lines));
	int status = EXIT_DONE;

	for (size_t i = 0; i < names->n; i++) {
		lines[i].name = names->at[i];
		if (read_line(a, &lines[i], exists))
			status = EXIT_STORAGE;
	}
	if (a->ui.mode == UI_JSON)
		print_json(lines, names->n);
	else
		print_text(a, lines, names->n);
	for (size_t i = 0; i < names->n; i++) {
		standing_free(&lines[i].standing);
		free(lines[i].budget);
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
