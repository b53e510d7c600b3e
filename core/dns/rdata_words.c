/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/rdata_field.h"

#include "dns/rdata.h"

#include <ctype.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

const char *rdata_skip(const char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}

bool rdata_word(const char **at, char *ret, size_t size)
{
	const char *s = rdata_skip(*at), *end = s;

	while (*end && !is_blank(*end))
		end += *end == '\\' && end[1] ? 2 : 1;
	size_t n = (size_t)(end - s);
	if (!n || n >= size || *s == '"')
		return false;
	memcpy(ret, s, n);
	ret[n] = '\0';
	*at = end;
	return true;
}

/* The octet of \X or \DDD behind the backslash (RFC 1035 5.1).  NULL when malformed. */
static const char *escaped(const char *s, struct buf *ret)
{
	int value = 0;

	if (!isdigit((unsigned char)*s)) {
		buf_char(ret, *s);
		return *s ? s + 1 : NULL;
	}
	for (int i = 0; i < 3; i++, s++) {
		if (!isdigit((unsigned char)*s))
			return NULL;
		value = value * 10 + (*s - '0');
	}
	buf_char(ret, (char)value);
	return value <= 255 ? s : NULL;
}

bool rdata_string(const char **at, struct buf *ret)
{
	const char *s = rdata_skip(*at);
	bool quoted = *s == '"';

	if (!*s)
		return false;
	s += quoted;
	while (*s && (quoted ? *s != '"' : !is_blank(*s))) {
		if (*s == '\\') {
			s = escaped(s + 1, ret);
			if (!s)
				return false;
			continue;
		}
		buf_char(ret, *s++);
	}
	if (quoted && *s++ != '"')
		return false;
	*at = s;
	return true;
}

void rdata_quote(const uint8_t *data, size_t len, struct buf *ret)
{
	buf_char(ret, '"');
	for (size_t i = 0; i < len; i++) {
		uint8_t c = data[i];
		if (c == '"' || c == '\\')
			buf_char(ret, '\\');
		if (c >= ' ' && c < 0x7f)
			buf_char(ret, (char)c);
		else
			buf_printf(ret, "\\%03u", c);
	}
	buf_char(ret, '"');
}

void txt_quote(const char *text, struct buf *ret)
{
	size_t left = strlen(text);

	do {
		size_t n = left < 255 ? left : 255;
		rdata_quote((const uint8_t *)text, n, ret);
		text += n;
		left -= n;
		if (left)
			buf_char(ret, ' ');
	} while (left);
}

bool txt_plain(const char *text, struct buf *ret)
{
	if (*text != '"') {
		buf_str(ret, text);
		return !ret->bad;
	}
	while (*text == '"') {
		if (!rdata_string(&text, ret))
			return false;
		text = rdata_skip(text);
	}
	return !*text && !ret->bad;
}
