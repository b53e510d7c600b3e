/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * aws_xml.h - the XML of AWS replies as a tree, read by expat: for aws_call.h and route53.c.
 *
 * Elements and text are all there is: attributes, prefixes and comments are left out, a DOCTYPE
 * (and with it every entity of its own) is refused.  The tree dies with the operation. */
#ifndef AWS_XML_H
#define AWS_XML_H

#include <dnseal/provider.h>

#include <ctype.h>
#include <expat.h>

enum {
	XML_DEPTH_MAX = 32,
	XML_ELEMENTS_MAX = 200000,
	XML_NAME_MAX = 100, /* octets */
};

struct xml {
	const char *name;
	char *text; /* directly in it, one after the other; NULL: none */
	size_t len, cap;
	struct xml *parent, *first, *last, *next;
};

struct xml_reader {
	struct seal_op *op;
	XML_Parser parser;
	struct xml *root, *at;
	unsigned depth, elements;
	bool stopped; /* calls may still follow: of an empty element, its end */
};

static void xml_stop(struct xml_reader *r)
{
	r->stopped = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL xml_open(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct xml_reader *r = arg;
	const char *colon = strrchr(name, ':');

	(void)attributes;
	if (++r->depth > XML_DEPTH_MAX || ++r->elements > XML_ELEMENTS_MAX ||
	    strlen(name) > XML_NAME_MAX)
		xml_stop(r);
	if (r->stopped)
		return;
	struct xml *x = r->op->host->alloc(r->op, sizeof(*x));
	x->name = seal_printf(r->op, "%s", colon ? colon + 1 : name);
	x->parent = r->at;
	if (!r->at)
		r->root = x;
	else if (r->at->last)
		r->at->last->next = x;
	else
		r->at->first = x;
	if (r->at)
		r->at->last = x;
	r->at = x;
}

static void XMLCALL xml_close(void *arg, const XML_Char *name)
{
	struct xml_reader *r = arg;

	(void)name;
	if (r->stopped)
		return;
	r->depth--;
	r->at = r->at->parent;
}

static void XMLCALL xml_add_text(void *arg, const XML_Char *s, int n)
{
	struct xml_reader *r = arg;
	struct xml *x = r->at;
	size_t len = (size_t)n;

	if (r->stopped)
		return;
	if (x->len + len >= x->cap) {
		size_t cap = 2 * (x->len + len) + 32;
		char *text = r->op->host->alloc(r->op, cap);
		if (x->len)
			memcpy(text, x->text, x->len);
		x->text = text;
		x->cap = cap;
	}
	memcpy(x->text + x->len, s, len);
	x->len += len;
}

static void XMLCALL xml_refuse(void *arg, const XML_Char *name, const XML_Char *system,
			       const XML_Char *public_id, int has_subset)
{
	(void)name;
	(void)system;
	(void)public_id;
	(void)has_subset;
	xml_stop(arg);
}

/* The root element; NULL: not (or not to its end) well-formed, or beyond the bounds above. */
static const struct xml *xml_read(struct seal_op *op, const char *text)
{
	struct xml_reader r = { .op = op, .parser = XML_ParserCreate(NULL) };
	size_t len = strlen(text);

	if (!r.parser || len > INT32_MAX) {
		XML_ParserFree(r.parser);
		return NULL;
	}
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, xml_open, xml_close);
	XML_SetCharacterDataHandler(r.parser, xml_add_text);
	XML_SetStartDoctypeDeclHandler(r.parser, xml_refuse);
	enum XML_Status st = XML_Parse(r.parser, text, (int)len, XML_TRUE);
	XML_ParserFree(r.parser);
	return st == XML_STATUS_OK ? r.root : NULL;
}

/* The first element at a path of names joined by dots, below x; x itself when it is "". */
static const struct xml *xml_at(const struct xml *x, const char *path)
{
	while (x && *path) {
		size_t n = strcspn(path, ".");
		for (x = x->first; x; x = x->next)
			if (strlen(x->name) == n && !strncmp(x->name, path, n))
				break;
		path += n + (path[n] == '.');
	}
	return x;
}

/* Its text without white space around it; NULL: there is no such element. */
static const char *xml_text(struct seal_op *op, const struct xml *x, const char *path)
{
	x = xml_at(x, path);
	if (!x)
		return NULL;
	const char *at = x->text ? x->text : "";
	size_t n = x->len;
	while (n && isspace((unsigned char)*at)) {
		at++;
		n--;
	}
	while (n && isspace((unsigned char)at[n - 1]))
		n--;
	return seal_printf(op, "%.*s", (int)n, at);
}

/* Text that may stand between two tags. */
static const char *xml_escape(struct seal_op *op, const char *text)
{
	static const char *const escapes[] = { ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;" };
	char *ret = op->host->alloc(op, 5 * strlen(text) + 1), *out = ret;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		const char *escape = c <= '>' ? escapes[c] : NULL;
		size_t n = escape ? strlen(escape) : 1;
		memcpy(out, escape ? escape : text, n);
		out += n;
	}
	return ret;
}

#endif
