/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * aws_ini.h - ~/.aws/credentials and ~/.aws/config: for aws_credentials.h.
 *
 * AWS SDKs and Tools Reference Guide, "Shared config and credentials files": whole-line comments,
 * settings in any case, indented lines belong to the setting above (and are none of ours), sections
 * of one name are one. */
#ifndef AWS_INI_H
#define AWS_INI_H

#include <dnseal/provider.h>

#include <errno.h>
#include <strings.h>

struct aws_ini {
	const char *path;
	const char *text;   /* NULL: it could not be read */
	const char *why;    /* then */
	const char *prefix; /* of a section's name: "profile" in ~/.aws/config; NULL: none */
};

struct aws_piece { /* of a line */
	const char *at;
	size_t n;
};

static struct aws_piece aws_trim(const char *at, size_t n)
{
	while (n && strchr(" \t\r\"", *at)) {
		at++;
		n--;
	}
	while (n && strchr(" \t\r\"", at[n - 1]))
		n--;
	return (struct aws_piece){ at, n };
}

static bool aws_piece_is(struct aws_piece p, const char *text)
{
	return strlen(text) == p.n && !memcmp(p.at, text, p.n);
}

/* "[profile NAME]", "[default]"; without a prefix "[NAME]". */
static bool aws_opens(const struct aws_ini *f, const char *line, size_t n, const char *name)
{
	const char *end = memchr(line, ']', n);
	struct aws_piece p = aws_trim(line + 1, end ? (size_t)(end - line) - 1 : n - 1);
	size_t skip = f->prefix ? strlen(f->prefix) : 0;

	if (!skip)
		return aws_piece_is(p, name);
	if (p.n > skip && !memcmp(p.at, f->prefix, skip) && strchr(" \t", p.at[skip]))
		return aws_piece_is(aws_trim(p.at + skip, p.n - skip), name);
	return !strcmp(name, "default") && aws_piece_is(p, name);
}

struct aws_line {
	const char *at, *next; /* next NULL: that was the last */
	size_t n;
	bool inside; /* the section looked for */
};

/* The next line that says something; of those of other sections none. */
static bool aws_next_line(const struct aws_ini *f, const char *name, struct aws_line *l)
{
	while (l->next && *l->next) {
		l->at = l->next;
		l->n = strcspn(l->at, "\n");
		l->next = l->at[l->n] ? l->at + l->n + 1 : NULL;
		if (*l->at == '[') {
			l->inside = aws_opens(f, l->at, l->n, name);
			if (l->inside)
				return true;
		} else if (l->inside && l->n && !strchr("#; \t\r", *l->at)) {
			return true;
		}
	}
	return false;
}

static bool aws_ini_has(const struct aws_ini *f, const char *profile)
{
	struct aws_line l = { .next = f->text };

	return aws_next_line(f, profile, &l);
}

/* A setting of a profile, or NULL; the last one counts. */
static const char *aws_ini_get(struct seal_op *op, const struct aws_ini *f, const char *profile,
			       const char *key)
{
	struct aws_line l = { .next = f->text };
	const char *ret = NULL;

	while (aws_next_line(f, profile, &l)) {
		const char *eq = memchr(l.at, '=', l.n);
		if (*l.at == '[' || !eq)
			continue;
		struct aws_piece k = aws_trim(l.at, (size_t)(eq - l.at));
		struct aws_piece v = aws_trim(eq + 1, l.n - (size_t)(eq + 1 - l.at));
		if (k.n == strlen(key) && !strncasecmp(k.at, key, k.n))
			ret = v.n ? seal_printf(op, "%.*s", (int)v.n, v.at) : NULL;
	}
	return ret;
}

static void aws_ini_read(struct seal_op *op, struct aws_ini *f)
{
	f->text = op->host->file(op, f->path);
	f->why = f->text ? NULL : strerror(errno);
}

#endif
