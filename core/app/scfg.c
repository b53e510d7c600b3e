/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/scfg.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdint.h>
#include <string.h>

#define MARK "\xef\xbb\xbf" /* byte order mark in UTF-8 */

enum token { TOKEN_WORD, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_NEWLINE, TOKEN_END, TOKEN_BAD };

struct reader {
	struct arena *arena;
	struct story *story;
	const char *file;
	const char *at, *end;
	unsigned line;	   /* of *at */
	unsigned bad_line; /* where it went wrong */
	struct buf word;   /* of the last TOKEN_WORD; its memory is wiped */
	enum token again;  /* a token put back, or TOKEN_BAD for none */
	unsigned n_directives;
};

static enum token bad(struct reader *r, unsigned line, const char *sentence)
{
	r->bad_line = line;
	story_fail(r->story, SEAL_ECONFIG, "%s", sentence);
	return TOKEN_BAD;
}

static bool at_blank(const struct reader *r)
{
	return *r->at == ' ' || *r->at == '\t';
}

/* CR is a line's end only before LF. */
static size_t newline_here(const struct reader *r)
{
	if (*r->at == '\n')
		return 1;
	return r->end - r->at > 1 && r->at[0] == '\r' && r->at[1] == '\n' ? 2 : 0;
}

static bool at_word_end(const struct reader *r)
{
	return r->at == r->end || at_blank(r) || newline_here(r);
}

/* A backslash at a line's end: the directive goes on in the next line. */
static size_t continuation_here(const struct reader *r)
{
	struct reader next = *r;

	if (*r->at != '\\' || r->end - r->at < 2)
		return 0;
	next.at++;
	return newline_here(&next) ? 1 + newline_here(&next) : 0;
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end) {
		size_t n = continuation_here(r);
		if (n)
			r->line++;
		else if (at_blank(r))
			n = 1;
		else if (*r->at == '#')
			while (r->at + n < r->end && r->at[n] != '\n')
				n++;
		if (!n)
			return;
		r->at += n;
	}
}

static enum token read_quoted(struct reader *r)
{
	char quote = *r->at++;
	unsigned began = r->line;

	while (r->at < r->end && *r->at != quote) {
		r->at += quote == '"' && *r->at == '\\';
		if (r->at == r->end)
			break;
		if (newline_here(r))
			return bad(r, began, "quotes are opened and not closed on this line");
		buf_char(&r->word, *r->at++);
	}
	if (r->at == r->end)
		return bad(r, began, "quotes are opened and never closed: is the file cut off?");
	r->at++;
	if (!at_word_end(r))
		return bad(r, r->line,
			   "text right behind closing quotes: put the quotes around the "
			   "whole value");
	return TOKEN_WORD;
}

static enum token read_bare(struct reader *r)
{
	unsigned open = 0;

	while (!at_word_end(r) && !continuation_here(r)) {
		char c = *r->at;
		if (c == '"')
			return bad(r, r->line,
				   "quotes inside a word: put the quotes around the whole "
				   "value");
		if (c == '}' && !open--)
			return bad(r, r->line,
				   "'}' inside a word: put a blank before it, or quotes "
				   "around the value");
		open += c == '{';
		if (c == '\\') {
			if (++r->at == r->end)
				return bad(r, r->line, "the file ends in a backslash");
			c = *r->at;
		}
		buf_char(&r->word, c);
		r->at++;
	}
	if (open)
		return bad(r, r->line,
			   "'{' inside a word is not closed: put a blank before and behind "
			   "it, or quotes around the value");
	return TOKEN_WORD;
}

/* A brace alone opens or closes a block. */
static bool is_brace(const struct reader *r, char brace)
{
	struct reader next = *r;

	next.at++;
	return *r->at == brace && (at_word_end(&next) || (next.at < r->end && *next.at == '#'));
}

static enum token next(struct reader *r)
{
	enum token back = r->again;

	r->again = TOKEN_BAD;
	if (back != TOKEN_BAD)
		return back;
	skip_blanks(r);
	if (r->at == r->end)
		return TOKEN_END;
	size_t n = newline_here(r);
	if (n) {
		r->at += n;
		r->line++;
		return TOKEN_NEWLINE;
	}
	if (is_brace(r, '{') || is_brace(r, '}'))
		return *r->at++ == '{' ? TOKEN_OPEN : TOKEN_CLOSE;
	buf_clear(&r->word);
	enum token t = *r->at == '"' || *r->at == '\'' ? read_quoted(r) : read_bare(r);
	if (t == TOKEN_WORD && r->word.bad)
		return bad(r, r->line, "a word is too long");
	return t;
}

static bool add_word(struct reader *r, struct scfg *d, size_t *room)
{
	if (d->n == SCFG_WORDS_MAX) {
		bad(r, d->line, "too many words in one directive");
		return false;
	}
	if (d->n == *room) {
		size_t more = *room ? *room * 2 : 4;
		char **words = arena_new(r->arena, more * sizeof(*words));
		if (d->n)
			memcpy(words, d->words, d->n * sizeof(*words));
		d->words = words;
		*room = more;
	}
	d->words[d->n++] = arena_copy(r->arena, buf_text(&r->word), r->word.len);
	return true;
}

static bool read_lines(struct reader *, const struct scfg **ret, unsigned depth);

static bool read_block(struct reader *r, struct scfg *d, unsigned depth)
{
	unsigned began = r->line;

	d->has_block = true;
	if (depth == SCFG_DEPTH_MAX) {
		bad(r, r->line, "blocks are nested too deeply");
		return false;
	}
	if (!read_lines(r, &d->block, depth + 1))
		return false;
	enum token t = next(r);
	if (t == TOKEN_END) {
		r->bad_line = began;
		story_fail(r->story, SEAL_ECONFIG,
			   "the block of '%s' is never closed: is the file cut "
			   "off?",
			   clean(d->words[0]));
		return false;
	}
	t = next(r);
	if (t == TOKEN_WORD || t == TOKEN_OPEN) {
		bad(r, r->line, "words behind a closing '}': begin a new line");
		return false;
	}
	r->again = t;
	return t != TOKEN_BAD;
}

/* The first word has been read. */
static struct scfg *read_directive(struct reader *r, unsigned depth)
{
	struct scfg *d = arena_new(r->arena, sizeof(*d));
	size_t room = 0;
	enum token t;

	d->file = r->file;
	d->line = r->line;
	if (++r->n_directives > SCFG_DIRECTIVES_MAX) {
		bad(r, r->line, "too many directives in one file");
		return NULL;
	}
	do {
		if (!add_word(r, d, &room))
			return NULL;
		t = next(r);
	} while (t == TOKEN_WORD);
	if (t == TOKEN_BAD || (t == TOKEN_OPEN && !read_block(r, d, depth)))
		return NULL;
	if (t != TOKEN_OPEN)
		r->again = t;
	return d;
}

/* Directives up to the end or a closing brace, which is put back. */
static bool read_lines(struct reader *r, const struct scfg **ret, unsigned depth)
{
	const struct scfg **tail = ret;

	for (;;) {
		enum token t = next(r);
		if (t == TOKEN_NEWLINE)
			continue;
		if (t == TOKEN_OPEN)
			t = bad(r, r->line, "'{' without a word before it");
		if (t == TOKEN_CLOSE && !depth)
			t = bad(r, r->line, "'}' without a '{' before it");
		if (t != TOKEN_WORD) {
			r->again = t;
			return t != TOKEN_BAD;
		}
		struct scfg *d = read_directive(r, depth);
		if (!d)
			return false;
		*tail = d;
		tail = &d->next;
	}
}

/* Octets that follow the first one of a UTF-8 sequence; 4: it is none (RFC 3629). */
static size_t utf8_more(unsigned char c)
{
	static const struct {
		unsigned char least;
		size_t more;
	} leads[] = { { 0xf5, 4 }, { 0xf0, 3 }, { 0xe0, 2 }, { 0xc2, 1 }, { 0x80, 4 }, { 0, 0 } };
	size_t i = 0;

	while (c < leads[i].least)
		i++;
	return leads[i].more;
}

/* Control characters, invisible byte order marks and what is no UTF-8 have no business in the file;
 * *ret_line says where. */
static bool is_text(const char *text, size_t len, unsigned *ret_line)
{
	*ret_line = 1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		size_t n = utf8_more(c);
		bool mark = i + 3 <= len && !memcmp(text + i, MARK, 3);
		bool cr = c == '\r' && i + 1 < len && text[i + 1] == '\n';
		if (mark || n == 4 || n >= len - i ||
		    (c < 0x20 && c != '\t' && c != '\n' && !cr) || c == 0x7f)
			return false;
		for (; n; n--)
			if (((unsigned char)text[++i] & 0xc0) != 0x80)
				return false;
		*ret_line += c == '\n';
	}
	return true;
}

enum seal_status scfg_read(struct arena *a, const char *file, const char *text, size_t len,
			   const struct scfg **ret, unsigned *ret_line, struct story *story)
{
	struct reader r = { .arena = a,
			    .story = story,
			    .file = arena_str(a, file),
			    .at = text,
			    .end = text + len,
			    .line = 1,
			    .again = TOKEN_BAD };

	*ret = NULL;
	r.word.max = SCFG_WORD_MAX;
	if (len > SCFG_FILE_MAX) {
		*ret_line = 1;
		return story_fail(story, SEAL_ECONFIG, "larger than %u octets", SCFG_FILE_MAX);
	}
	if (len >= 3 && !memcmp(text, MARK, 3))
		r.at += 3; /* at the beginning it harms nobody */
	if (!is_text(r.at, (size_t)(r.end - r.at), ret_line))
		return story_fail(story, SEAL_ECONFIG,
				  "a control character, or text that is not "
				  "UTF-8");
	bool fine = read_lines(&r, ret, 0);
	buf_free(&r.word);
	*ret_line = r.bad_line;
	return fine ? SEAL_OK : SEAL_ECONFIG;
}

char *scfg_quote(const char *word)
{
	struct buf b = { 0 };

	if (*word && *word != '#' && !strpbrk(word, " \t\"'\\{}"))
		return str_copy(word);
	buf_char(&b, '"');
	for (; *word; word++) {
		if (*word == '"' || *word == '\\')
			buf_char(&b, '\\');
		buf_char(&b, *word);
	}
	buf_char(&b, '"');
	return buf_take(&b);
}
