/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/logins.h"

#include "app/source.h"
#include "crypto/cert.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KNOWN_MAX 64u

struct making { /* a login under construction */
	const struct dns_block *block;
	const char *dir;
	struct login *login;
	struct complaints *errors, *troubles, *warnings;
	const char *known[KNOWN_MAX];
	size_t n_known;
};

/* Stands for a plugin that is not there, so that the block's zones are known all the same. */
static const struct seal_provider no_provider = { .name = "no plugin" };
static const struct plugin no_plugin = { .p = &no_provider };

/* What the login needs is not there.  The first one is told by whoever wants to use it. */
static void trouble(struct making *m, unsigned line, struct story *story)
{
	struct login *l = m->login;

	complain_story(m->troubles, m->block->file, line, story);
	if (!l || l->trouble.st)
		return;
	story_copy(&l->trouble, story);
	if (!starts_with(story->text, "dns "))
		story_prefix(&l->trouble, "dns %s: ", m->block->name);
	l->trouble.st = SEAL_EOPERATOR;
}

static const struct seal_option *option_of(const struct making *m, const char *word)
{
	const struct seal_option *o = m->login->plugin->p->options;

	for (; o && o->name; o++)
		if (word_same(o->name, word))
			return o;
	return NULL;
}

static const char *known_word(const struct making *m, const char *word)
{
	for (size_t i = 0; i < m->n_known; i++)
		if (word_same(m->known[i], word))
			return m->known[i];
	return NULL;
}

static void unknown(struct making *m, unsigned line, const char *word)
{
	const char *near = word_nearest(word, m->known, m->n_known);
	scoped(free_p) char *all = NULL;
	struct words w = { 0 };

	for (size_t i = 0; i < m->n_known; i++)
		words_add(&w, m->known[i]);
	all = words_join(&w, ", ");
	words_free(&w);
	complain(m->errors, m->block->file, line, "unknown word '%s' in dns %s%s%s%s", clean(word),
		 m->block->name, near ? "; did you mean '" : "", near ? near : "",
		 near ? "'?" : "");
	if (!near)
		complain_hint(m->errors, "%s knows: %s", m->block->type, all);
}

/* Fetch one value and set it. */
static void set(struct making *m, unsigned line, const char *word, const char *text)
{
	bool secret = login_is_secret(m->login->plugin, word);
	scoped(wipe_p) char *value = NULL;
	struct story story = { 0 };

	if (source_read(text, m->dir, secret ? SOURCE_SECRET : SOURCE_OPEN, &value, &story)) {
		story_prefix(&story, "%s: ", word);
		trouble(m, line, &story);
		return;
	}
	bool trust = !strcmp(word, "trust"), beside = trust && *value != '/' && m->dir;
	scoped(free_p) char *path = beside ? str_printf("%s/%s", m->dir, value) : NULL;
	bool missing = trust && bundle_check(path ? path : value, &story);
	if (!missing && !login_set(m->login, word, path ? path : value, &story))
		return;
	story_prefix(&story, "%s", trust ? "'trust': " : "");
	if (missing || !source_is_literal(text))
		trouble(m, line, &story);
	else
		complain_story(m->errors, m->block->file, line, &story);
}

/* A secret in clear text is as safe as the file that it stands in. */
static void look_at_mode(struct making *m, const struct scfg *d, const char *word, const char *text)
{
	struct stat st;

	if (!login_is_secret(m->login->plugin, word) || !source_is_literal(text) ||
	    stat(d->file, &st) || !(st.st_mode & 044) || S_ISCHR(st.st_mode))
		return;
	complain(m->warnings, d->file, d->line,
		 "%s is written into a file that others can read (mode "
		 "%04o)",
		 word, (unsigned)st.st_mode & 07777);
	complain_hint(m->warnings, "run: chmod 600 %s, or write file:PATH in its place", d->file);
}

static void read_sentence(struct making *m, const struct scfg *d, size_t at, size_t n)
{
	const char *word = known_word(m, d->words[at]);
	bool zones = word && !strcmp(word, "zones");
	const struct seal_option *o = word ? option_of(m, word) : NULL;

	if (m->login->plugin == &no_plugin && !zones)
		return;
	if (!word) {
		unknown(m, d->line, d->words[at]);
		return;
	}
	if (!strcmp(word, "type"))
		return;
	if (login_has(m->login, word) && !zones)
		complain(m->errors, d->file, d->line, "'%s' is there twice", word);
	else if (d->has_block)
		complain(m->errors, d->file, d->line, "'%s' has no block", word);
	else if (!n && !(o && o->type == SEAL_BOOL))
		complain(m->errors, d->file, d->line, "'%s' needs a value", word);
	else if (n > 1 && !zones)
		complain(m->errors, d->file, d->line, "'%s' takes one value, and here are %zu",
			 word, n);
	else if (!n)
		set(m, d->line, word, "yes");
	for (size_t i = 0; i < n && (n == 1 || zones); i++) {
		look_at_mode(m, d, word, d->words[at + 1 + i]);
		set(m, d->line, word, d->words[at + 1 + i]);
	}
}

/* Several sentences may stand on one line, as everywhere. */
static void read_line(struct making *m, const struct scfg *d)
{
	for (size_t at = 0; at < d->n;) {
		const char *word = known_word(m, d->words[at]);
		const struct seal_option *o = word ? option_of(m, word) : NULL;
		unsigned min = o && o->type == SEAL_BOOL ? 0 : 1;
		unsigned max = word && !strcmp(word, "zones") ? WORDS_MANY : 1;
		size_t n = sentence_values(d, at, min, max, m->known, m->n_known);
		if (!word || (at + 1 + n < d->n && !known_word(m, d->words[at + 1 + n])))
			n = d->n - at - 1;
		read_sentence(m, d, at, n);
		at += 1 + n;
	}
}

/* KEY=VALUE of the command line, which every user of the host can see. */
static void read_set(struct making *m, const char *text)
{
	size_t len = strcspn(text, "=");
	scoped(free_p) char *key = str_part(text, len);
	const char *word = known_word(m, key);

	if (!word) {
		unknown(m, 0, key);
		return;
	}
	if (!text[len]) {
		complain(m->errors, NULL, 0, "--set %s: needs KEY=VALUE", word);
		return;
	}
	if (login_is_secret(m->login->plugin, word) && source_is_literal(text + len + 1)) {
		complain(m->errors, NULL, 0,
			 "--set %s=...: a secret on the command line can be seen by "
			 "everybody on this host",
			 word);
		complain_hint(m->errors,
			      "%s=file:PATH, %s=env:NAME, %s=cred:NAME or '%s=cmd:PROGRAM ARGS'",
			      word, word, word, word);
		return;
	}
	set(m, 0, word, text + len + 1);
}

/* The sentence begins with the login's origin, which a complaint has of its own. */
static void unready(struct making *m, struct story *story)
{
	const char *origin = m->login->origin;
	size_t n = strlen(origin);

	if (!strncmp(story->text, origin, n) && !strncmp(story->text + n, ": ", 2))
		memmove(story->text, story->text + n + 2, strlen(story->text + n + 2) + 1);
	trouble(m, m->block->line, story);
}

/* Some plugin, or the one that stands for it. */
static const struct plugin *find_plugin(struct making *m, struct story *story)
{
	const struct dns_block *b = m->block;
	const struct plugin *plugin = NULL;

	if (!plugin_get(b->type, &plugin, story))
		return plugin;
	if (b->file)
		story_prefix(story, "dns %s: ", b->name);
	return m->troubles == m->errors ? NULL : &no_plugin;
}

static void read_block(struct making *m)
{
	const struct dns_block *b = m->block;

	m->n_known = login_words(m->login->plugin, m->known, KNOWN_MAX);
	if (m->n_known > KNOWN_MAX)
		m->n_known = KNOWN_MAX;
	for (const struct scfg *d = b->lines; d; d = d->next)
		read_line(m, d);
	for (size_t i = 0; i < b->set.n; i++)
		read_set(m, b->set.at[i]);
}

static struct login *make(struct dns_block *b, const char *dir, const struct logins_talk *talk)
{
	struct making m = { .block = b,
			    .dir = dir,
			    .errors = talk->errors,
			    .troubles = talk->troubles,
			    .warnings = talk->warnings };
	struct story story = { 0 };
	size_t before = talk->errors->n;
	scoped(free_p) char *origin =
		b->file ? str_printf("%s:%u", b->file, b->line) : str_copy("command line");
	const struct plugin *plugin = find_plugin(&m, &story);

	m.login = plugin ? login_new(b->name, plugin, origin) : NULL;
	if (story.st)
		trouble(&m, b->line, &story);
	if (!m.login)
		return NULL;
	read_block(&m);
	if (talk->errors->n == before && !m.login->trouble.st && login_ready(m.login, &story))
		unready(&m, &story);
	if (talk->errors->n > before) {
		login_free(m.login);
		return NULL;
	}
	return m.login;
}

enum seal_status logins_make(struct dns_block *const *blocks, size_t n, const char *dir,
			     struct logins *ret, const struct logins_talk *talk)
{
	size_t before = talk->errors->n;

	for (size_t i = 0; i < n; i++) {
		if (blocks[i]->login)
			continue;
		struct login *l = make(blocks[i], blocks[i]->file ? dir : NULL, talk);
		if (!l)
			continue;
		blocks[i]->login = l;
		ret->at = mem_grow(ret->at, ret->n + 1, sizeof(struct login *));
		ret->at[ret->n++] = l;
	}
	return talk->errors->n > before ? SEAL_ECONFIG : SEAL_OK;
}

void logins_free(struct logins *l)
{
	for (size_t i = 0; i < l->n; i++)
		login_free(l->at[i]);
	free(l->at);
	*l = (struct logins){ 0 };
}
