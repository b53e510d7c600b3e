/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/name.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_MAX 63
#define IDENTIFIER_MAX 253

/* Without the locale, which must not decide what a domain name is. */
static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The octet at s: itself, \X or \DDD (RFC 1035 5.1).  Returns what follows, NULL when malformed. */
static const char *octet(const char *s, uint8_t *ret)
{
	if ((uint8_t)*s <= ' ' || *s == 0x7f)
		return NULL;
	if (*s != '\\') {
		*ret = (uint8_t)*s;
		return s + 1;
	}
	if (!is_digit(s[1])) {
		*ret = (uint8_t)s[1];
		return *ret > ' ' ? s + 2 : NULL;
	}
	if (!is_digit(s[2]) || !is_digit(s[3]))
		return NULL;
	int value = (s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0');
	*ret = (uint8_t)value;
	return value <= 255 ? s + 4 : NULL;
}

/* The label at *at: its length in ret[0], then its octets.  0: empty, too long or malformed. */
static size_t label_to_wire(const char **at, uint8_t *ret, size_t room)
{
	const char *s = *at;
	uint8_t n = 0, c;

	while (*s && *s != '.') {
		if (n == LABEL_MAX || n + 2u > room)
			return 0;
		s = octet(s, &c);
		if (!s)
			return 0;
		ret[++n] = lower(c);
	}
	ret[0] = n;
	*at = s;
	return n ? n + 1u : 0;
}

size_t name_to_wire(const char *name, uint8_t ret[NAME_WIRE_MAX])
{
	const char *at = strcmp(name, ".") ? name : "";
	size_t len = 0;

	if (!*name)
		return 0;
	while (*at) {
		size_t n = label_to_wire(&at, ret + len, NAME_WIRE_MAX - 1 - len);
		if (!n)
			return 0;
		len += n;
		at += *at == '.';
	}
	ret[len] = 0;
	return len + 1;
}

void name_from_wire(const uint8_t *wire, char ret[NAME_MAX_LEN])
{
	char *out = ret;

	if (!*wire)
		*out++ = '.';
	while (*wire) {
		for (uint8_t n = *wire++; n; n--, wire++) {
			bool plain = *wire > ' ' && *wire < 0x7f && !strchr(".\\\";()@$", *wire);
			if (plain)
				*out++ = (char)lower(*wire);
			else
				out += snprintf(out, 5, "\\%03u", *wire);
		}
		if (*wire)
			*out++ = '.';
	}
	*out = '\0';
}

bool name_normal(const char *text, char ret[NAME_MAX_LEN])
{
	uint8_t wire[NAME_WIRE_MAX];

	if (!name_to_wire(text, wire))
		return false;
	name_from_wire(wire, ret);
	return true;
}

/* ---- identifiers ---- */

/* What the text is instead of a domain name, or NULL. */
static const char *not_a_name(const char *s)
{
	static const struct {
		const char *holds, *is;
	} kinds[] = {
		{ "://", "is a URL; give only the host name in it" },
		{ "@", "looks like a mail address; give only the domain" },
		{ "/", "has a '/' in it; give only the host name" },
		{ " ", "has a blank in it" },
		{ "\t", "has a blank in it" },
		{ "\n", "has a line break in it" },
		{ ":", "has a ':' in it; give the name without a port" },
		{ "_", "has an underscore, which no host name may have (RFC 1123 2.1)" },
		{ "\\", "has a backslash in it" },
		{ "..", "has an empty label (two dots in a row)" },
	};
	uint8_t address[16];

	if (!*s)
		return "is empty";
	if (*s == '[' || inet_pton(AF_INET, s, address) == 1 ||
	    inet_pton(AF_INET6, s, address) == 1)
		return "is an IP address; only DNS names can be proved through DNS";
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strstr(s, kinds[i].holds))
			return kinds[i].is;
	if (*s == '.')
		return "begins with a dot";
	if (s[strlen(s) - 1] == '.')
		return "ends with a dot; leave it out";
	if (!strcmp(s, "*"))
		return "is a '*' alone; give the domain too, as in *.example.org";
	if (strchr(name_base(s), '*'))
		return "has a '*' that is not the whole first label, as in *.example.org";
	return strlen(s) >= NAME_MAX_LEN ? "is too long for a domain name" : NULL;
}

/* What is wrong with one label, in lower case; NULL when nothing is. */
static const char *label_wrong(const char *s, size_t n)
{
	if (!n)
		return "has an empty label";
	if (n > LABEL_MAX)
		return "has a label of more than 63 characters";
	if (strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") < n)
		return "has a character other than letters, digits and hyphens";
	if (s[0] == '-' || s[n - 1] == '-')
		return "has a label that begins or ends with a hyphen";
	if (n > 3 && s[2] == '-' && s[3] == '-' && strncmp(s, "xn", 2))
		return "has a label with \"--\" in third place, which is reserved (RFC 5890 2.3.1)";
	return NULL;
}

/* The rules of RFC 8555 7.1.3 and of public CAs for a name in A-labels. */
static const char *identifier_wrong(const char *s)
{
	const char *last = name_base(s);
	const char *wrong = NULL;

	if (strlen(s) > IDENTIFIER_MAX)
		return "is longer than 253 characters";
	for (const char *at = last; !wrong; at++) {
		size_t n = strcspn(at, ".");
		wrong = label_wrong(at, n);
		last = at;
		at += n;
		if (!*at)
			break;
	}
	if (!wrong && last == name_base(s))
		return "is one label; a certificate needs a whole name, as in www.example.org";
	if (!wrong && strspn(last, "0123456789") == strlen(last))
		return "ends in a label of digits only, which no domain does";
	return wrong;
}

static bool has_a_label(const char *s)
{
	for (; s; s = strchr(s, '.'), s = s ? s + 1 : NULL)
		if (!strncmp(s, "xn--", 4))
			return true;
	return false;
}

static bool is_ascii(const char *s)
{
	while ((signed char)*s > 0)
		s++;
	return !*s;
}

static enum seal_status no_idn(const char *text, int rc, struct story *story)
{
	return story_fail(story, SEAL_EINVAL, "\"%s\" is no internationalised domain name: %s",
			  clean(text), idn2_strerror(rc));
}

static enum seal_status to_a_labels(const char *text, const char *base, char ret[NAME_MAX_LEN],
				    struct story *story)
{
	uint8_t *out = NULL;
	int rc = idn2_lookup_u8((const uint8_t *)base, &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);

	if (rc != IDN2_OK)
		return no_idn(text, rc, story);
	snprintf(ret, NAME_MAX_LEN, "%s%s", base == text ? "" : "*.", (char *)out);
	idn2_free(out);
	return SEAL_OK;
}

enum seal_status name_identifier(const char *text, char ret[NAME_MAX_LEN], struct story *story)
{
	char name[NAME_MAX_LEN];
	const char *base = name_base(text);
	const char *wrong = not_a_name(text);

	if (wrong)
		return story_fail(story, SEAL_EINVAL, "\"%s\" %s", clean(text), wrong);
	size_t i = 0;
	for (; text[i]; i++)
		name[i] = (char)lower((uint8_t)text[i]);
	name[i] = '\0';
	if (!is_ascii(name) || has_a_label(name_base(name))) {
		enum seal_status st = to_a_labels(text, base, name, story);
		if (st)
			return st;
	}
	wrong = identifier_wrong(name);
	if (wrong)
		return story_fail(story, SEAL_EINVAL, "\"%s\" %s", clean(text), wrong);
	memcpy(ret, name, strlen(name) + 1);
	return SEAL_OK;
}

/* One label as it was typed, behind what is in ret. */
static int add_label(struct buf *ret, const char *s, size_t n)
{
	scoped(free_p) char *label = str_part(s, n);
	uint8_t *out = NULL;

	if (is_ascii(label)) {
		buf_add(ret, s, n);
		return IDN2_OK;
	}
	int rc = idn2_lookup_u8((uint8_t *)label, &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc == IDN2_OK)
		buf_str(ret, (char *)out);
	idn2_free(out);
	return rc;
}

enum seal_status name_ascii(const char *text, char ret[NAME_MAX_LEN], struct story *story)
{
	scoped(buf_free) struct buf name = { .max = 4 * NAME_MAX_LEN };
	bool whole = strlen(text) < NAME_MAX_LEN;

	for (const char *at = text; whole && *at;) {
		size_t n = strcspn(at, "."); /* an escaped dot is no letter: it may part us here */
		int rc = add_label(&name, at, n);
		if (rc != IDN2_OK)
			return no_idn(text, rc, story);
		at += n;
		if (*at == '.')
			buf_char(&name, *at++);
	}
	if (!whole || !name_normal(buf_text(&name), ret))
		return story_fail(story, SEAL_EINVAL, "\"%s\" is no domain name", clean(text));
	return SEAL_OK;
}

const char *name_unicode(const char *name, char ret[NAME_MAX_LEN])
{
	scoped(free_p) char *out = NULL;
	scoped(free_p) uint8_t *back = NULL;
	const char *base = name_base(name);

	snprintf(ret, NAME_MAX_LEN, "%s", name);
	if (!has_a_label(base) || idn2_to_unicode_8z8z(base, &out, 0) != IDN2_OK)
		return ret;
	/* Shown only when it leads back: else two names could look the same. */
	if (idn2_lookup_u8((uint8_t *)out, &back, IDN2_NONTRANSITIONAL) != IDN2_OK ||
	    !name_same((char *)back, base))
		return ret;
	snprintf(ret, NAME_MAX_LEN, "%s%s", base == name ? "" : "*.", out);
	return ret;
}

/* ---- comparing and joining ---- */

/* Length without a final dot; the root's is 0. */
static size_t length(const char *name)
{
	size_t n = strlen(name);

	return n && name[n - 1] == '.' && (n < 2 || name[n - 2] != '\\') ? n - 1 : n;
}

static bool same(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower((uint8_t)a[i]) != lower((uint8_t)b[i]))
			return false;
	return true;
}

bool name_same(const char *a, const char *b)
{
	size_t n = length(a);

	return n == length(b) && same(a, b, n);
}

bool name_is_under(const char *name, const char *zone)
{
	size_t n = length(name), z = length(zone);

	if (!z || z > n)
		return !z;
	return same(name + n - z, zone, z) && (n == z || name[n - z - 1] == '.');
}

const char *name_parent(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && dot[1] ? dot + 1 : ".";
}

size_t name_labels(const char *name)
{
	size_t n = 0;

	for (; strcmp(name, "."); name = name_parent(name))
		n++;
	return n;
}

const char *name_base(const char *identifier)
{
	return starts_with(identifier, "*.") ? identifier + 2 : identifier;
}

bool name_absolute(const char *name, const char *zone, char ret[NAME_MAX_LEN])
{
	char joined[2 * NAME_MAX_LEN];

	if (!strcmp(name, "@"))
		return name_normal(zone, ret);
	if (length(name) < strlen(name))
		return name_normal(name, ret) && name_is_under(ret, zone);
	if (strlen(name) >= NAME_MAX_LEN || strlen(zone) >= NAME_MAX_LEN)
		return false;
	str_put(joined, "%s%s%s", name, *zone == '.' ? "" : ".", zone);
	return *name && name_normal(joined, ret);
}

bool name_relative(const char *absolute, const char *zone, char ret[NAME_MAX_LEN])
{
	size_t n = length(absolute), z = length(zone);

	if (!name_is_under(absolute, zone) || n >= NAME_MAX_LEN)
		return false;
	if (n == z)
		memcpy(ret, "@", 2);
	else
		snprintf(ret, NAME_MAX_LEN, "%.*s", (int)(z ? n - z - 1 : n), absolute);
	return true;
}
