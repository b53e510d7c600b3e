/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/text.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

size_t text_utf8_at(const uint8_t *s, size_t len, uint32_t *ret)
{
	static const struct {
		uint8_t mask, lead, n;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 1, 0 },
		      { 0xe0, 0xc0, 2, 0x80 },
		      { 0xf0, 0xe0, 3, 0x800 },
		      { 0xf8, 0xf0, 4, 0x10000 } };

	for (size_t f = 0; f < COUNT(forms); f++) {
		if ((s[0] & forms[f].mask) != forms[f].lead)
			continue;
		if (forms[f].n > len)
			return 0;
		uint32_t c = s[0] & (uint8_t)~forms[f].mask;
		for (size_t i = 1; i < forms[f].n; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		if (c < forms[f].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return 0;
		*ret = c;
		return forms[f].n;
	}
	return 0;
}

bool text_is_utf8(const char *s, size_t len)
{
	uint32_t c;

	for (size_t i = 0, n; i < len; i += n) {
		n = text_utf8_at((const uint8_t *)s + i, len - i, &c);
		if (!n)
			return false;
	}
	return true;
}

/* May this character be shown as it is?  No controls, no line or paragraph separators, nothing
 * that changes direction, no invisible or private characters. */
static bool shown(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0x00, 0x1f },     { 0x7f, 0xa0 },     { 0xad, 0xad },     { 0x34f, 0x34f },
		{ 0x61c, 0x61c },   { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
		{ 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f }, { 0x2800, 0x2800 },
		{ 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xd800, 0xf8ff }, { 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xffff }, { 0xe0000, 0x10ffff },
	};

	for (size_t i = 0; i < COUNT(hidden); i++)
		if (c >= hidden[i].first && c <= hidden[i].last)
			return false;
	return true;
}

char *text_clean(const char *s, size_t len, size_t max)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < len;) {
		const uint8_t *at = (const uint8_t *)s + i;
		uint32_t c = 0;
		size_t n = text_utf8_at(at, len - i, &c);
		bool plain = n && (shown(c) || c == ' ');

		if (out.len + (plain ? n : 4) > max) {
			buf_str(&out, "...");
			break;
		}
		if (plain)
			buf_add(&out, at, n);
		else if (*at == '\n' || *at == '\r' || *at == '\t')
			buf_char(&out, ' ');
		else
			buf_printf(&out, "\\x%02X", *at);
		i += plain ? n : 1;
	}
	return buf_take(&out);
}

const char *text_clean_to(const char *s, char *out, size_t out_size)
{
	scoped(free_p) char *text =
	        text_clean(s ? s : "", s ? strnlen(s, 4 * out_size) : 0, out_size - 4);

	snprintf(out, out_size, "%s", text);
	return out;
}

void words_add(struct words *w, const char *word)
{
	w->at = mem_grow(w->at, w->n + 1, sizeof(*w->at));
	w->at[w->n++] = str_copy(word);
}

void words_split(struct words *w, const char *text)
{
	for (const char *at = text; *at;) {
		at += strspn(at, " \t\r\n");
		size_t n = strcspn(at, " \t\r\n");
		if (!n)
			break;
		scoped(free_p) char *word = str_part(at, n);
		words_add(w, word);
		at += n;
	}
}

bool words_has(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->at[i], word))
			return true;
	return false;
}

void words_free(struct words *w)
{
	for (size_t i = 0; w && i < w->n; i++)
		free(w->at[i]);
	if (w) {
		free(w->at);
		w->at = NULL;
		w->n = 0;
	}
}

char *words_join(const struct words *w, const char *between)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < w->n; i++) {
		if (i)
			buf_str(&b, between);
		buf_str(&b, w->at[i]);
	}
	return buf_take(&b);
}

static char dash(char c)
{
	return c == '_' ? '-' : c;
}

bool word_same(const char *a, const char *b)
{
	for (; *a && dash(*a) == dash(*b); a++, b++)
		;
	return dash(*a) == dash(*b);
}

#define NEAR_MAX 40 /* longer words are not guessed */

/* Levenshtein distance with '-' and '_' alike. */
static size_t distance(const char *a, const char *b)
{
	size_t row[NEAR_MAX + 1], n = strlen(a), m = strlen(b);

	if (n > NEAR_MAX || m > NEAR_MAX)
		return NEAR_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t corner = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t change = corner + (dash(a[i - 1]) != dash(b[j - 1]));
			size_t best = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
			corner = row[j];
			row[j] = change < best ? change : best;
		}
	}
	return row[m];
}

const char *word_nearest(const char *word, const char *const *known, size_t n)
{
	const char *best = NULL;
	size_t least = 3;

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(word, known[i]);
		if (d < least && d * 2 < strlen(known[i])) {
			least = d;
			best = known[i];
		}
	}
	return best;
}

bool parse_uint(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s || strlen(s) > 18)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

bool parse_bool(const char *s, bool *ret)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "yes", true }, { "on", true },   { "true", true },
		      { "no", false }, { "off", false }, { "false", false } };

	for (size_t i = 0; i < COUNT(words); i++)
		if (!strcmp(words[i].word, s)) {
			*ret = words[i].value;
			return true;
		}
	return false;
}

bool parse_duration(const char *s, uint32_t *ret_s)
{
	static const struct {
		char unit;
		uint32_t s;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	size_t digits = strspn(s, "0123456789");
	scoped(free_p) char *number = str_part(s, digits);
	uint64_t v, each = 0;

	if (!parse_uint(number, UINT32_MAX, &v))
		return false;
	if (!s[digits])
		each = 1;
	for (size_t i = 0; i < COUNT(units); i++)
		if (s[digits] == units[i].unit && !s[digits + 1])
			each = units[i].s;
	if (!each || v * each > UINT32_MAX)
		return false;
	*ret_s = (uint32_t)(v * each);
	return true;
}

const char *show_duration(int64_t s, char out[32])
{
	const char *sign = s < 0 ? "-" : "";

	if (s < 0)
		s = s == INT64_MIN ? INT64_MAX : -s;
	if (s < 60)
		snprintf(out, 32, "%s%ds", sign, (int)s);
	else if (s < 3600)
		snprintf(out, 32, "%s%dm%02ds", sign, (int)(s / 60), (int)(s % 60));
	else if (s < 2 * 86400)
		snprintf(out, 32, "%s%dh%02dm", sign, (int)(s / 3600), (int)(s / 60 % 60));
	else
		snprintf(out, 32, "%s%lldd", sign, (long long)(s / 86400));
	return out;
}

bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}
