/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * route53_text.h - how Route 53 spells names and TXT data: for route53.c.
 *
 * Route 53 Developer Guide, "DNS domain name format", "TXT record type": octets are escaped in
 * octal, where zone files and the core have them in decimal (RFC 1035 5.1). */
#ifndef ROUTE53_TEXT_H
#define ROUTE53_TEXT_H

#include <dnseal/provider.h>

#include <ctype.h>
#include <stdio.h>

enum { STRING_MAX = 255 }; /* octets of one string (RFC 1035 3.3) */

/* Three digits and what is behind them; NULL: there are none. */
static const char *number_at(const char *s, int base, unsigned *ret)
{
	unsigned value = 0;

	for (int i = 0; i < 3; i++, s++) {
		if (*s < '0' || *s >= '0' + base)
			return NULL;
		value = value * (unsigned)base + (unsigned)(*s - '0');
	}
	if (value > 255)
		return NULL;
	*ret = value;
	return s;
}

static bool is_plain(unsigned c)
{
	return c && strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.*", (int)c);
}

static const char *write_name(struct seal_op *op, const char *name)
{
	char *ret = op->host->alloc(op, 4 * strlen(name) + 1), *out = ret;

	while (*name) {
		unsigned c = (unsigned char)*name;
		const char *behind = c == '\\' ? number_at(name + 1, 10, &c) : NULL;
		if (!behind && is_plain(c))
			*out++ = (char)c;
		else
			out += snprintf(out, 5, "\\%03o", c);
		name = behind ? behind : name + 1;
	}
	return ret;
}

/* Without the final dot. */
static const char *read_name(struct seal_op *op, const char *name)
{
	char *ret = op->host->alloc(op, 4 * strlen(name) + 1), *out = ret;

	while (*name) {
		unsigned c = (unsigned char)tolower((unsigned char)*name);
		const char *behind = c == '\\' ? number_at(name + 1, 8, &c) : NULL;
		if (is_plain(c) && !(behind && c == '.'))
			*out++ = (char)c;
		else
			out += snprintf(out, 5, "\\%03u", c);
		name = behind ? behind : name + 1;
	}
	if (out > ret + 1 && out[-1] == '.')
		out[-1] = '\0';
	return ret;
}

static const char *write_txt(struct seal_op *op, const char *text)
{
	size_t len = strlen(text);
	char *ret = op->host->alloc(op, 4 * len + 3 * (len / STRING_MAX) + 4), *out = ret;

	*out++ = '"';
	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char)text[i];
		if (i && i % STRING_MAX == 0)
			out += snprintf(out, 4, "\" \"");
		if (c == '"' || c == '\\')
			*out++ = '\\';
		if (c < ' ' || c > '~')
			out += snprintf(out, 5, "\\%03o", c);
		else
			*out++ = (char)c;
	}
	*out = '"';
	return ret;
}

/* One octet inside a string; NULL: an octet 0, which no C string holds, or the end. */
static const char *read_octet(const char *s, char *ret)
{
	unsigned c = (unsigned char)*s;
	const char *behind = s + 1;

	if (c == '\\') {
		behind = number_at(s + 1, 8, &c);
		if (!behind) {
			c = (unsigned char)s[1];
			behind = s + 2;
		}
	}
	*ret = (char)c;
	return c ? behind : NULL;
}

/* The text of one or more strings; NULL: there is no such text. */
static const char *read_txt(struct seal_op *op, const char *s)
{
	char *ret = op->host->alloc(op, strlen(s) + 1), *out = ret;

	while (*s) {
		if (*s++ != '"')
			return NULL;
		while (*s != '"') {
			s = read_octet(s, out++);
			if (!s)
				return NULL;
		}
		s += 1 + strspn(s + 1, " ");
	}
	return ret;
}

/* Strings may come without a blank between them, which the service does not take back. */
static const char *with_blanks(struct seal_op *op, const char *s)
{
	char *ret = op->host->alloc(op, 2 * strlen(s) + 1), *out = ret;
	bool inside = false;

	for (; *s; s++) {
		if (*s == '"' && !inside && out > ret && out[-1] == '"')
			*out++ = ' ';
		if (*s == '"')
			inside = !inside;
		*out++ = *s;
		if (inside && *s == '\\' && s[1])
			*out++ = *++s;
	}
	return ret;
}

#endif
