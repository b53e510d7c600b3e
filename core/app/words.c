/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/words.h"

#include "app/source.h"

#include <stdlib.h>
#include <string.h>

static const struct word *find(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (word_same(t->words[i].name, name))
			return &t->words[i];
	return NULL;
}

/* The names of a table; free() it. */
static const char **names_of(const struct table *t)
{
	const char **names = mem_array(t->n, sizeof(*names));

	for (size_t i = 0; i < t->n; i++)
		names[i] = t->words[i].name;
	return names;
}

static void unknown(struct reading *r, const char *what, const struct scfg *d,
		    const struct table *t, const struct table *const *others)
{
	scoped(free_p) const char **names = names_of(t);
	const char *name = d->words[0];
	const char *near = word_nearest(name, names, t->n);

	for (; others && *others && !near; others++) {
		if (*others == t || !find(*others, name))
			continue;
		complain(r->errors, d->file, d->line, "'%s' belongs %s", clean(name),
			 (*others)->where);
		return;
	}
	complain(r->errors, d->file, d->line, "unknown word '%s' in %s%s%s%s", clean(name), what,
		 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool is_one_of(const char *word, const char *const *known, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (word_same(known[i], word))
			return true;
	return false;
}

size_t sentence_values(const struct scfg *d, size_t at, unsigned min, unsigned max,
		       const char *const *known, size_t n_known)
{
	size_t n = 0;

	while (at + 1 + n < d->n && n < max &&
	       (n < min || !is_one_of(d->words[at + 1 + n], known, n_known)))
		n++;
	return n;
}

static bool fetch(struct reading *r, const struct scfg *d, const struct word *w, char **value)
{
	enum source_use use = w->flags & WORD_SECRET ? SOURCE_SECRET : SOURCE_OPEN;
	struct story story = { 0 };
	scoped(wipe_p) char *text = NULL;

	if (source_kind(*value) == SOURCE_PLAIN)
		return true;
	if (use == SOURCE_SECRET && r->depth == READ_SHAPE) {
		*value = arena_str(r->arena, "");
		return true;
	}
	if (source_read(*value, r->dir, use, &text, &story)) {
		story_prefix(&story, "'%s': ", w->name);
		complain_story(r->errors, d->file, d->line, &story);
		return false;
	}
	*value = arena_str(r->arena, text);
	return true;
}

/* The values in place of their sources; false when one could not be fetched. */
static bool fetch_all(struct reading *r, const struct scfg *from, const struct word *w,
		      struct scfg *ret)
{
	bool fine = true;

	*ret = *from;
	if (w->flags & WORD_RAW)
		return true;
	ret->words = arena_new(r->arena, from->n * sizeof(*ret->words));
	memcpy(ret->words, from->words, from->n * sizeof(*ret->words));
	for (size_t i = 1; i < ret->n; i++)
		fine = fetch(r, from, w, &ret->words[i]) && fine;
	return fine;
}

static bool count_fits(struct reading *r, const struct scfg *d, const struct word *w)
{
	size_t n = d->n - 1;

	if (d->has_block && !(w->flags & WORD_BLOCK)) {
		complain(r->errors, d->file, d->line, "'%s' has no block", w->name);
		return false;
	}
	if (n >= w->min && n <= w->max)
		return true;
	if (n < w->min)
		complain(r->errors, d->file, d->line, "'%s' needs a value", w->name);
	else if (!w->max)
		complain(r->errors, d->file, d->line, "'%s' takes no value", w->name);
	else
		complain(r->errors, d->file, d->line, "'%s' takes %s, and here are %zu", w->name,
			 w->max == 1 ? "one value" : "fewer values", n);
	if (n > w->max)
		complain_hint(r->errors, "a comment?  Put '#' before it");
	return false;
}

static void later(struct reading *r, const struct scfg *d, const struct word *w)
{
	scoped(free_p) char *text = str_printf(
		"'%s' is understood, but this version does not carry it out yet", w->name);

	for (size_t i = 0; i < r->warnings->n; i++)
		if (!strcmp(r->warnings->at[i].text, text))
			return;
	complain(r->warnings, d->file, d->line, "%s", text);
}

/* One sentence: d holds the word and exactly its values. */
static void read_sentence(struct reading *r, const char *what, const struct scfg *d,
			  const struct table *t, const struct table *const *others,
			  const struct scfg **seen, void *to)
{
	const struct word *w = find(t, d->words[0]);
	struct scfg *fetched = arena_new(r->arena, sizeof(*fetched)); /* readers may keep it */

	if (!w) {
		unknown(r, what, d, t, others);
		return;
	}
	const struct scfg **first = &seen[w - t->words];
	if (*first && !(w->flags & WORD_AGAIN)) {
		complain(r->errors, d->file, d->line, "'%s' is already in line %u%s%s", w->name,
			 (*first)->line, strcmp((*first)->file, d->file) ? " of " : "",
			 strcmp((*first)->file, d->file) ? (*first)->file : "");
		return;
	}
	*first = d;
	if (w->flags & WORD_LATER)
		later(r, d, w);
	if (count_fits(r, d, w) && fetch_all(r, d, w, fetched))
		w->read(r, fetched, w, (char *)to + w->offset);
}

void word_read(struct reading *r, const char *what, const struct scfg *d, const struct table *t,
	       const struct table *const *others, const struct scfg **seen, void *to)
{
	read_sentence(r, what, d, t, others, seen, to);
}

/* A line may hold several sentences: `owner root  group mail`.  The block is the last one's. */
static void read_line(struct reading *r, const char *what, const struct scfg *d,
		      const struct table *t, const struct table *const *others,
		      const struct scfg **seen, void *to)
{
	scoped(free_p) const char **names = names_of(t);

	for (size_t at = 0; at < d->n;) {
		const struct word *w = find(t, d->words[at]);
		bool all = !w || w->flags & WORD_REST;
		size_t n =
			all ? d->n - at - 1 : sentence_values(d, at, w->min, w->max, names, t->n);
		bool more = at + 1 + n < d->n;
		if (more && !is_one_of(d->words[at + 1 + n], names, t->n)) {
			n = d->n - at - 1; /* too many values: said by count_fits() */
			more = false;
		}
		struct scfg *part = arena_new(r->arena, sizeof(*part));
		*part = *d;
		part->words = d->words + at;
		part->n = n + 1;
		part->has_block = d->has_block && !more;
		read_sentence(r, what, part, t, others, seen, to);
		at += n + 1;
	}
}

void words_read(struct reading *r, const char *what, const struct scfg *d, const struct table *t,
		const struct table *const *others, void *to)
{
	scoped(free_p) const struct scfg **seen = mem_array(t->n, sizeof(*seen));

	for (; d; d = d->next)
		read_line(r, what, d, t, others, seen, to);
}

static void wrong(struct reading *r, const struct scfg *d, const char *should)
{
	complain(r->errors, d->file, d->line, "'%s %s': %s", d->words[0], clean(d->words[1]),
		 should);
}

void read_text(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	(void)r, (void)w;
	*(const char **)at = d->words[1];
}

void read_path(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const char *path = d->words[1];

	(void)w;
	if (*path != '/' && r->dir)
		path = arena_printf(r->arena, "%s/%s", r->dir, path);
	*(const char **)at = path;
}

void read_bool(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	(void)w;
	if (d->n == 1)
		*(bool *)at = true;
	else if (!parse_bool(d->words[1], at))
		wrong(r, d, "yes or no is possible");
}

void read_duration(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	(void)w;
	if (!parse_duration(d->words[1], at))
		wrong(r, d, "not a duration such as 90s, 20m, 12h or 21d");
}

void read_number(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const struct number_limits *limits = w->more;
	uint64_t v = 0;

	if (!parse_uint(d->words[1], limits->most, &v) || v < limits->least)
		complain(r->errors, d->file, d->line, "'%s %s': a number from %u to %u is possible",
			 w->name, clean(d->words[1]), limits->least, limits->most);
	else
		*(unsigned *)at = (unsigned)v;
}

void read_octal(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	char *end = NULL;
	unsigned long v = strtoul(d->words[1], &end, 8);

	(void)w;
	if (*end || v > 0777 || strlen(d->words[1]) < 3)
		wrong(r, d, "not a file mode such as 0640");
	else
		*(unsigned *)at = (unsigned)v;
}

void read_choice(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const char *const *names = w->more;
	struct words all = { 0 };

	for (int i = 0; names[i]; i++) {
		if (word_same(names[i], d->words[1])) {
			*(int *)at = i;
			words_free(&all);
			return;
		}
		words_add(&all, names[i]);
	}
	scoped(free_p) char *list = words_join(&all, ", ");
	words_free(&all);
	complain(r->errors, d->file, d->line, "'%s %s': %s %s possible", w->name,
		 clean(d->words[1]), list, names[1] ? "are" : "is");
}

/* Values, and lines of a block, each split at blanks: a file may hold a list. */
void read_list(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	for (size_t i = 1; i < d->n; i++)
		words_split(at, d->words[i]);
	for (const struct scfg *line = d->block; line; line = line->next) {
		if (line->has_block)
			complain(r->errors, line->file, line->line, "a block inside '%s'", w->name);
		for (size_t i = 0; i < line->n; i++)
			words_split(at, line->words[i]);
	}
	if (!((struct words *)at)->n)
		complain(r->errors, d->file, d->line, "'%s' is empty", w->name);
}

void read_checked(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct checked scratch = { 0 };

	(void)at;
	words_read(r, w->name, d->block, w->more, NULL, &scratch);
	words_free(&scratch.list);
}
