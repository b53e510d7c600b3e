/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include "base/json.h"

#include <inttypes.h>
#include <string.h>

/* struct seal_json is what plugins call json-c's object; this file is the only one that knows. */
static const struct json_object *inside(const struct seal_json *j)
{
	return (const struct json_object *)j;
}

static const struct seal_json *outside(const struct json_object *o)
{
	return (const struct seal_json *)o;
}

const struct seal_json *host_json_read(struct op_work *w, const char *text, size_t len)
{
	struct json_object *o;
	struct story ignored = { 0 };

	if (json_read(text, len, "reply", &o, &ignored))
		return NULL;
	w->docs = mem_grow(w->docs, w->n_docs + 1, sizeof(struct json_object *));
	w->docs[w->n_docs++] = o;
	return outside(o);
}

const struct seal_json *host_json_at(const struct seal_json *j, const char *path)
{
	return j ? outside(json_at(inside(j), path)) : NULL;
}

const char *host_json_text(struct seal_op *op, const struct seal_json *j)
{
	struct arena *a = &work_of(op)->arena;
	struct json_object *o = (struct json_object *)inside(j);

	switch (json_object_get_type(o)) {
	case json_type_string:
		return arena_str(a, json_object_get_string(o));
	case json_type_int:
		return arena_printf(a, "%" PRId64, json_object_get_int64(o));
	case json_type_boolean:
		return json_object_get_boolean(o) ? "true" : "false";
	case json_type_double:
		return arena_str(a, json_object_to_json_string(o));
	case json_type_null:
	case json_type_object:
	case json_type_array:
		break;
	}
	return NULL;
}

size_t host_json_count(const struct seal_json *j)
{
	struct json_object *o = (struct json_object *)inside(j);

	if (json_object_is_type(o, json_type_array))
		return json_object_array_length(o);
	return json_object_is_type(o, json_type_object) ? (size_t)json_object_object_length(o) : 0;
}

/* -- writing */

char *host_json_write(struct op_work *w, const struct json_object *o)
{
	scoped(wipe_p) char *text = json_write(o);

	return arena_str(&w->arena, text);
}

#define DEPTH_MAX 16

struct builder {
	struct json_object *stack[DEPTH_MAX];
	size_t depth;
	struct json_object *root;
	const char *member; /* the name waiting for its value */
	bool named;	    /* whether one is waiting */
	bool bad;
};

static struct json_object *top(const struct builder *b)
{
	return b->depth ? b->stack[b->depth - 1] : NULL;
}

/* Takes over o, wherever it goes. */
static void put(struct builder *b, struct json_object *o)
{
	struct json_object *in = top(b);

	if (!in && !b->root)
		b->root = o;
	else if (in && json_object_is_type(in, json_type_array))
		json_object_array_add(in, o);
	else if (in && b->named && b->member)
		json_object_object_add(in, b->member, o);
	else {
		json_object_put(o);
		b->bad = true;
	}
	b->named = false;
}

static void open_with(struct builder *b, struct json_object *o)
{
	put(b, o);
	if (b->bad || b->depth == DEPTH_MAX)
		b->bad = true;
	else
		b->stack[b->depth++] = o;
}

static void close_with(struct builder *b, enum json_type type)
{
	if (!b->depth || b->named || !json_object_is_type(top(b), type))
		b->bad = true;
	else
		b->depth--;
}

static void put_text(struct builder *b, const char *s)
{
	if (top(b) && json_object_is_type(top(b), json_type_object) && !b->named) {
		b->member = s;
		b->named = true;
		return;
	}
	put(b, s ? json_object_new_string(s) : NULL);
}

static void put_json(struct builder *b, const char *text)
{
	struct json_object *o = NULL;
	struct story ignored = { 0 };

	if (text && json_read(text, strlen(text), "part", &o, &ignored))
		b->bad = true;
	put(b, o);
}

static void put_members(struct builder *b, const char *text)
{
	scoped(json_put_p) struct json_object *o = NULL;
	struct story ignored = { 0 };

	b->bad = b->named || !json_object_is_type(top(b), json_type_object) || !text ||
		 json_read(text, strlen(text), "members", &o, &ignored) ||
		 !json_object_is_type(o, json_type_object);
	if (b->bad)
		return;
	json_object_object_foreach (o, name, value) {
		json_object_object_add(top(b), name, json_object_get(value));
	}
}

static void build(struct builder *b, const char *fmt, va_list ap)
{
	for (; *fmt && !b->bad; fmt++) {
		switch (*fmt) {
		case '{':
			open_with(b, json_object_new_object());
			break;
		case '[':
			open_with(b, json_object_new_array());
			break;
		case '}':
			close_with(b, json_type_object);
			break;
		case ']':
			close_with(b, json_type_array);
			break;
		case 's':
			put_text(b, va_arg(ap, const char *));
			break;
		case 'i':
			put(b, json_object_new_int64(va_arg(ap, long)));
			break;
		case 'b':
			put(b, json_object_new_boolean(va_arg(ap, int) != 0));
			break;
		case 'j':
			put_json(b, va_arg(ap, const char *));
			break;
		case 'm':
			put_members(b, va_arg(ap, const char *));
			break;
		case ' ':
		case ',':
		case ':':
			break;
		default:
			b->bad = true;
		}
	}
}

char *host_vbuild(struct seal_op *op, const char *fmt, va_list ap)
{
	struct op_work *w = work_of(op);
	struct builder b = { 0 };

	build(&b, fmt, ap);
	if (b.bad || b.depth || !b.root) {
		json_object_put(b.root);
		w->broken = true; /* and no request leaves any more */
		host_fail(w, SEAL_EPROTO, "the plugin's JSON format '%s' does not fit its values",
			  fmt);
		return arena_str(&w->arena, "null");
	}
	char *text = host_json_write(w, b.root);
	json_object_put(b.root);
	return text;
}
