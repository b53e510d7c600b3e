/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * The grammar of the configuration file. */
#include "config.h"

#include "app/scfg.h"
#include "../tap.h"

#include "base/buf.h"

#include <stdlib.h>

/* A tree as one line: words separated by '|', blocks in braces, ';' behind each directive. */
static void flatten(const struct scfg *d, struct buf *out)
{
	for (; d; d = d->next) {
		for (size_t i = 0; i < d->n; i++)
			buf_printf(out, "%s%s", i ? "|" : "", d->words[i]);
		if (d->has_block) {
			buf_str(out, "{");
			flatten(d->block, out);
			buf_str(out, "}");
		}
		buf_printf(out, "@%u;", d->line);
	}
}

/* The flattened tree, or "LINE: sentence"; the caller's. */
static char *parse(const char *text)
{
	struct arena a = { 0 };
	struct story story = { 0 };
	struct buf out = { 0 };
	const struct scfg *d;
	unsigned line = 0;

	if (scfg_read(&a, "f", text, strlen(text), &d, &line, &story))
		buf_printf(&out, "%u: %s", line, story.text);
	else
		flatten(d, &out);
	arena_free(&a);
	return buf_take(&out);
}

static void what_is_well_formed_is_read(void)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
		{ "", "" },
		{ "\n\n# only a comment", "" },
		{ "a", "a@1;" },
		{ "a b  c\td\n", "a|b|c|d@1;" },
		{ "a b\r\nc d\r\n", "a|b@1;c|d@2;" },
		{ "a # comment\nb", "a@1;b@2;" },
		{ "a b#c", "a|b#c@1;" },
		{ "a \\#b", "a|#b@1;" },
		{ "a {\n}\n", "a{}@1;" },
		{ "a {\n b c\n d\n}\ne", "a{b|c@2;d@3;}@1;e@5;" },
		{ "a { b c }\nd", "a{b|c@1;}@1;d@2;" },
		{ "a { }", "a{}@1;" },
		{ "a { b { c d } }", "a{b{c|d@1;}@1;}@1;" },
		{ "a {#x\nb\n}", "a{b@2;}@1;" },
		{ "a \"b c\" 'd \"e'", "a|b c|d \"e@1;" },
		{ "a \"b \\\" \\\\ c\"", "a|b \" \\ c@1;" },
		{ "a 'b\\c'", "a|b\\c@1;" },
		{ "a \"\"", "a|@1;" },
		{ "a b\\ c", "a|b c@1;" },
		{ "a b \\\n  c\nd", "a|b|c@1;d@3;" },
		{ "names *.example.org", "names|*.example.org@1;" },
		{ "secret p@s;$x%", "secret|p@s;$x%@1;" },
		{ "a {env:TOKEN}", "a|{env:TOKEN}@1;" },
		{ "a %{file:/x}%", "a|%{file:/x}%@1;" },
		{ "a {domain}.x", "a|{domain}.x@1;" },
		{ "\xef\xbb\xbf""a b", "a|b@1;" },
		{ "a b\xc3\xbc""cher", "a|b\xc3\xbc""cher@1;" },
		{ "a don't", "a|don't@1;" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(free_p) char *got = parse(cases[i].text);
		scoped(free_p) char *name = scfg_quote(cases[i].text);
		for (char *c = name; *c; c++)
			*c = *c == '\n' || *c == '#' || *c == '\r' ? ' ' : *c;
		is(got, cases[i].tree, name);
	}
}

static void what_is_not_names_its_line(void)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "a {\n b\n", "1: the block of 'a' is never closed: is the file cut off?" },
		{ "x\na {\n b {\n c\n }\n", "2: the block of 'a' is never closed: is the file cut off?" },
		{ "a \"b", "1: quotes are opened and never closed: is the file cut off?" },
		{ "a\nb \"c\nd\"", "2: quotes are opened and not closed on this line" },
		{ "a \"b\\", "1: quotes are opened and never closed: is the file cut off?" },
		{ "a }", "1: '}' without a '{' before it" },
		{ "a\n}\n", "2: '}' without a '{' before it" },
		{ "{\n}", "1: '{' without a word before it" },
		{ "a { b } c", "1: words behind a closing '}': begin a new line" },
		{ "a {\n} b\n", "2: words behind a closing '}': begin a new line" },
		{ "a {b}", "" },
		{ "a { b c}", "1: '}' inside a word: put a blank before it, or quotes around the value" },
		{ "a {b", "1: '{' inside a word is not closed: put a blank before and behind it, or quotes "
			  "around the value" },
		{ "a cmd:\"x y\"", "1: quotes inside a word: put the quotes around the whole value" },
		{ "a \"x\"y", "1: text right behind closing quotes: put the quotes around the whole value" },
		{ "a b\x01", "1: a control character, or text that is not UTF-8" },
		{ "a\nb \xff", "2: a control character, or text that is not UTF-8" },
		{ "a b\rc", "1: a control character, or text that is not UTF-8" },
		{ "a { b { c { d { e { f { g { h { i {\n}}}}}}}}}", "1: blocks are nested too deeply" },
		{ "a b\\", "1: the file ends in a backslash" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(free_p) char *got = parse(cases[i].text);
		if (*cases[i].error)
			is(got, cases[i].error, cases[i].error);
		else
			is(got, "a|{b}@1;", "braces in pairs are part of a word");
	}
}

static void sizes_are_bounded(void)
{
	struct buf b = { 0 };
	char *got;

	buf_str(&b, "a ");
	for (unsigned i = 0; i <= SCFG_WORD_MAX; i++)
		buf_char(&b, 'x');
	got = parse(buf_text(&b));
	is(got, "1: a word is too long", "a word of more than SCFG_WORD_MAX octets");
	free(got);
	buf_clear(&b);
	for (unsigned i = 0; i <= SCFG_WORDS_MAX; i++)
		buf_str(&b, "a ");
	got = parse(buf_text(&b));
	is(got, "1: too many words in one directive", "more than SCFG_WORDS_MAX words");
	free(got);
	buf_clear(&b);
	for (unsigned i = 0; i <= SCFG_DIRECTIVES_MAX; i++)
		buf_str(&b, "a\n");
	got = parse(buf_text(&b));
	is(got, "20001: too many directives in one file", "more than SCFG_DIRECTIVES_MAX directives");
	free(got);
	buf_clear(&b);
	for (unsigned i = 0; i < 100000; i++)
		buf_str(&b, "a {\n");
	got = parse(buf_text(&b));
	is(got, "9: blocks are nested too deeply", "100000 open blocks");
	free(got);
	buf_free(&b);
}

static void a_file_cut_off_anywhere_is_refused_or_complete(void)
{
	static const char whole[] = "account le {\n\tca \"x y\"\n\tagreed\n}\n";
	size_t refused = 0;

	for (size_t n = 1; n < sizeof(whole) - 2; n++) {
		scoped(free_p) char *part = str_part(whole, n);
		scoped(free_p) char *got = parse(part);
		refused += strstr(got, "cut off") || strstr(got, "closed");
	}
	/* Cut before the '{' it is a line of words like any other: its meaning is what is wrong. */
	ok(refused == sizeof(whole) - 2 - strlen("account le {"), "%zu of %zu cuts are refused", refused,
	   sizeof(whole) - 3);
}

static void a_quoted_word_is_read_as_itself(void)
{
	static const char *const words[] = { "a", "", "a b", "#x", "\"", "\\", "{", "}", "a{", "'", "x#y",
					     "*.example.org", "a\tb" };

	for (size_t i = 0; i < COUNT(words); i++) {
		scoped(free_p) char *quoted = scfg_quote(words[i]);
		scoped(free_p) char *line = str_printf("w %s", quoted);
		scoped(free_p) char *got = parse(line);
		scoped(free_p) char *want = str_printf("w|%s@1;", words[i]);
		is(got, want, quoted);
	}
}

int main(void)
{
	what_is_well_formed_is_read();
	what_is_not_names_its_line();
	sizes_are_bounded();
	a_file_cut_off_anywhere_is_refused_or_complete();
	a_quoted_word_is_read_as_itself();
	return done();
}
