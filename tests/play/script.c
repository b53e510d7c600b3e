/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/play/script.h"

#include "base/file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1u << 20)
#define DEPTH_MAX 10 /* of words within words, of files within files */

struct reader {
	struct script *script;
	const char *path;
	int line;
	int depth;
	char *wrong;
};

static bool refuse(struct reader *r, const char *what, const char *text)
{
	snprintf(r->wrong, 300, "%s:%d: %s: %.120s", r->path, r->line, what, text);
	return false;
}

static char *place(const struct reader *r)
{
	const char *slash = strrchr(r->path, '/');

	return str_printf("%s:%d", slash ? slash + 1 : r->path, r->line);
}

/* ---- words that stand for text: $name, $name(a,b) ---- */

static const char *meaning(const struct script *s, const char *name, size_t len)
{
	for (size_t i = s->let.n; i >= 2; i -= 2) /* the last one counts */
		if (strlen(s->let.at[i - 2]) == len && !strncmp(s->let.at[i - 2], name, len))
			return s->let.at[i - 1];
	return NULL;
}

/* "(a,[b,c])" at `at`: the parts, split at commas outside brackets.  Returns what is behind. */
static const char *read_arguments(const char *at, struct words *ret)
{
	struct buf part = { 0 };
	int deep = 0;

	if (*at != '(')
		return at;
	for (at++; *at && (deep || *at != ')'); at++) {
		deep += !!strchr("([{", *at) - !!strchr(")]}", *at);
		if (*at != ',' || deep) {
			buf_char(&part, *at);
			continue;
		}
		words_add(ret, buf_text(&part));
		buf_clear(&part);
	}
	words_add(ret, buf_text(&part));
	buf_free(&part);
	return at + (*at == ')');
}

/* $1 ... $9 in the meaning of a word. */
static void fill_in(struct buf *out, const char *text, const struct words *arguments)
{
	for (; *text; text++) {
		size_t i = (size_t)(text[1] - '0');
		if (*text != '$' || !isdigit((unsigned char)text[1])) {
			buf_char(out, *text);
			continue;
		}
		buf_str(out, i && i <= arguments->n ? arguments->at[i - 1] : "");
		text++;
	}
}

/* Words nobody explained stay: $value(1) means something only on stage. */
static char *expand_once(const struct script *s, const char *text)
{
	struct buf out = { 0 };

	while (*text) {
		size_t len = *text == '$' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz-") : 0;
		const char *what = len ? meaning(s, text + 1, len) : NULL;
		if (!what) {
			buf_char(&out, *text++);
			continue;
		}
		struct words arguments = { 0 };
		text = read_arguments(text + 1 + len, &arguments);
		fill_in(&out, what, &arguments);
		words_free(&arguments);
	}
	return buf_take(&out);
}

static char *expand(const struct script *s, const char *text)
{
	char *now = str_copy(text);

	for (int i = 0; i < DEPTH_MAX && strchr(now, '$'); i++) {
		char *next = expand_once(s, now);
		free(now);
		now = next;
	}
	return now;
}

/* ---- lines ---- */

/* The first word, and what is behind it. */
static char *first_word(const char *text, const char **ret_rest)
{
	size_t n = strcspn(text, " \t\n");

	*ret_rest = text + n + strspn(text + n, " \t\n");
	return str_part(text, n);
}

/* "after 7s POST /x {...}" and what is below it. */
static bool read_request(struct reader *r, const char *text)
{
	struct script *s = r->script;
	const char *rest;
	scoped(free_p) char *word = first_word(text, &rest);
	uint32_t after_s = 0;

	s->beats = mem_grow(s->beats, s->n_beats + 1, sizeof(*s->beats));
	struct beat *b = &s->beats[s->n_beats++];
	*b = (struct beat){ .where = place(r), .after_ms = -1 };
	if (!strcmp(word, "after")) {
		scoped(free_p) char *time = first_word(rest, &rest);
		if (!parse_duration(time, &after_s))
			return refuse(r, "no time", time);
		b->after_ms = (int64_t)after_s * 1000;
		free(take(word));
		word = first_word(rest, &rest);
	}
	scoped(free_p) char *where = first_word(rest, &rest);
	b->request = str_printf("%s %s", word, where);
	b->payload = str_copy(rest);
	return *where || refuse(r, "a request of one word", text);
}

static bool is_header(const char *line)
{
	size_t n = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

	return n && line[n] == ':' && line[n + 1] == ' ';
}

/* "201 /order/1 {...}"; below it headers, then the rest of the body. */
static bool read_reply(struct reader *r, const char *text)
{
	struct script *s = r->script;
	struct buf headers = { 0 }, body = { 0 };
	size_t n = strcspn(text, "{\n");

	if (!s->n_beats || s->beats[s->n_beats - 1].reply)
		return refuse(r, "a reply to nothing", text);
	struct beat *b = &s->beats[s->n_beats - 1];
	b->reply = str_part(text, n);
	while (n && b->reply[n - 1] == ' ')
		b->reply[--n] = '\0';
	text += strcspn(text, "{\n");
	while (*text) {
		text += *text == '\n';
		n = strcspn(text, "\n");
		struct buf *to = is_header(text) ? &headers : &body;
		buf_add(to, text, n);
		buf_char(to, '\n');
		text += n;
	}
	b->headers = buf_take(&headers);
	b->body = buf_take(&body);
	return true;
}

/* "= limit after 1h "too many"" */
static bool read_end(struct reader *r, const char *text)
{
	struct script *s = r->script;
	const char *rest, *quote = strchr(text, '"');
	uint32_t retry_s;

	if (s->end)
		return refuse(r, "a second end", text);
	s->end = first_word(text, &rest);
	s->end_says = quote ? str_part(quote + 1, strcspn(quote + 1, "\"")) : str_copy("");
	s->end_retry_s = -1;
	if (!starts_with(rest, "after "))
		return true;
	scoped(free_p) char *time = first_word(rest + 6, &rest);
	if (!parse_duration(time, &retry_s))
		return refuse(r, "no time", time);
	s->end_retry_s = retry_s;
	return true;
}

static bool read_file(struct reader *r, const char *path);

static bool read_include(struct reader *r, const char *name)
{
	const char *slash = strrchr(r->path, '/');
	scoped(free_p) char *path = str_printf("%.*s/%s", (int)(slash ? slash - r->path : 1),
					       slash ? r->path : ".", name);
	struct reader inner = *r;

	inner.line = 0;
	if (++inner.depth > DEPTH_MAX)
		return refuse(r, "too deep", name);
	return read_file(&inner, path);
}

static void read_let(struct script *s, const char *text)
{
	const char *rest;
	scoped(free_p) char *name = first_word(text, &rest);

	words_add(&s->let, name);
	words_add(&s->let, rest);
}

static bool read_fact(struct reader *r, const char *text)
{
	struct script *s = r->script;
	const char *rest;
	scoped(free_p) char *word = first_word(text, &rest);

	if (!strcmp(word, "include"))
		return read_include(r, rest);
	if (!strcmp(word, "let")) {
		read_let(s, rest);
		return true;
	}
	s->facts = mem_grow(s->facts, s->n_facts + 1, sizeof(*s->facts));
	s->facts[s->n_facts++] =
		(struct fact){ .word = take(word), .rest = expand(s, rest), .where = place(r) };
	return true;
}

/* One block: a line and the indented ones below it. */
static bool read_block(struct reader *r, const char *text)
{
	scoped(free_p) char *whole = starts_with(text, "let ") ? NULL : expand(r->script, text);
	const char *rest = whole ? whole + 1 + strspn(whole + 1, " \t") : NULL;

	switch (*text) {
	case '>':
		return read_request(r, rest);
	case '<':
		return read_reply(r, rest);
	case '=':
		return read_end(r, rest);
	}
	return read_fact(r, text);
}

static void strip(char *line)
{
	size_t n = strlen(line);

	while (n && isspace((unsigned char)line[n - 1]))
		line[--n] = '\0';
}

static bool read_text(struct reader *r, char *text)
{
	struct buf block = { 0 };
	bool good = true;
	int line = 0;

	while (text && good) {
		char *at = strsep(&text, "\n");
		line++;
		strip(at);
		if (*at == '#' && !r->depth && !r->script->title)
			r->script->title = str_copy(at + 1 + strspn(at + 1, " "));
		if (*at == '#' || !*at)
			continue;
		if (*at == ' ' || *at == '\t') {
			buf_char(&block, '\n');
			buf_str(&block, at + strspn(at, " \t"));
			continue;
		}
		good = !block.len || read_block(r, buf_text(&block));
		buf_clear(&block);
		buf_str(&block, at);
		r->line = line;
	}
	good = good && (!block.len || read_block(r, buf_text(&block)));
	buf_free(&block);
	return good;
}

static bool read_file(struct reader *r, const char *path)
{
	struct buf text = { 0 };
	struct story story = { 0 };

	r->path = path;
	if (file_read(path, FILE_MAX, &text, &story)) {
		snprintf(r->wrong, 300, "%.290s", story.text);
		return false;
	}
	bool good = read_text(r, text.data ? text.data : (char[]){ "" });
	buf_free(&text);
	return good;
}

bool script_read(struct script *s, const char *path, char wrong[300])
{
	struct reader r = { .script = s, .wrong = wrong };

	*s = (struct script){ 0 };
	if (!read_file(&r, path))
		return false;
	for (size_t i = 0; i < s->n_beats; i++)
		if (!s->beats[i].reply)
			return refuse(&r, "a request without a reply", s->beats[i].where);
	return s->end || refuse(&r, "no end", "= ...");
}

void script_free(struct script *s)
{
	for (size_t i = 0; i < s->n_facts; i++) {
		free(s->facts[i].word);
		free(s->facts[i].rest);
		free(s->facts[i].where);
	}
	for (size_t i = 0; i < s->n_beats; i++) {
		free(s->beats[i].where);
		free(s->beats[i].request);
		free(s->beats[i].payload);
		free(s->beats[i].reply);
		free(s->beats[i].headers);
		free(s->beats[i].body);
	}
	free(s->facts);
	free(s->beats);
	free(s->title);
	free(s->end);
	free(s->end_says);
	words_free(&s->let);
	*s = (struct script){ 0 };
}
