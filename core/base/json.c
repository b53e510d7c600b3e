/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/json.h"

#include "base/buf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 20
#define TOKENS_MAX 50000u

void json_put_p(struct json_object **o)
{
	json_object_put(*o);
}

/* A first look that needs no memory: json-c spends hundreds of octets on each token and lets some
 * things pass that RFC 8259 does not.  A NULL result is praise, else what is wrong. */
struct scan {
	const char *at, *end;
	size_t tokens, members;
};

static const char *scan_string(struct scan *s) /* at: behind the opening quote */
{
	for (; s->at < s->end; s->at++) {
		if ((uint8_t)*s->at < 0x20)
			return "a control character in a string";
		if (*s->at == '"') {
			s->at++;
			return NULL;
		}
		if (*s->at != '\\')
			continue;
		s->at++;
		if (s->end - s->at >= 5 && !memcmp(s->at, "u0000", 5))
			return "NUL in a string";
	}
	return "a string without end";
}

static const char *scan_text(struct scan *s)
{
	while (s->at < s->end) {
		char c = *s->at++;
		const char *wrong = c == '"' ? scan_string(s) : NULL;
		if (wrong)
			return wrong;
		if (!c || !strchr("\"{}[]:, \t\r\n+-.0123456789eEtruefalsn", c))
			return c == '\'' ? "a single quote" : "a character that has no place there";
		s->tokens += c == '{' || c == '[' || c == ',';
		s->members += c == ':';
		if (s->tokens > TOKENS_MAX)
			return "too many values";
	}
	return NULL;
}

/* Members of all objects within; of two with one name json-c keeps the last. */
static size_t count_members(const struct json_object *o)
{
	size_t n = 0;

	if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach ((struct json_object *)o, name, value) {
			(void)name;
			n += 1 + count_members(value);
		}
	}
	for (size_t i = 0;
	     json_object_is_type(o, json_type_array) && i < json_object_array_length(o); i++)
		n += count_members(json_object_array_get_idx(o, i));
	return n;
}

static bool is_blank(const char *s, size_t len)
{
	while (len && strchr(" \t\r\n", *s) && *s)
		s++, len--;
	return !len;
}

/* Everything outside of ASCII as \uXXXX.  json-c 0.18, when strict, takes UTF-8 behind an escape
 * for control characters; json_read() has checked that it is well-formed. */
static void write_ascii(const char *text, size_t len, struct buf *ret)
{
	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		size_t n = text_utf8_at((const uint8_t *)text + i, len - i, &c);
		if (c < 0x80)
			buf_char(ret, text[i]);
		else if (c < 0x10000)
			buf_printf(ret, "\\u%04x", c);
		else
			buf_printf(ret, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
		i += n ? n : 1;
	}
}

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

static const char *parse(const char *text, size_t len, struct json_object **ret)
{
	struct json_tokener *t = json_tokener_new_ex(DEPTH_MAX);
	scoped(buf_free) struct buf ascii = { .max = 6 * BUF_MAX };

	if (!t)
		abort(); /* out of memory */
	if (!is_ascii(text, len)) {
		write_ascii(text, len, &ascii);
		text = buf_text(&ascii);
		len = ascii.len;
	}
	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	*ret = json_tokener_parse_ex(t, text, (int)len);
	size_t end = json_tokener_get_parse_end(t);
	enum json_tokener_error e = json_tokener_get_error(t);
	if (e == json_tokener_continue) { /* a bare number ends with what follows it */
		*ret = json_tokener_parse_ex(t, "\n", 1);
		end = len;
		e = json_tokener_get_error(t);
	}
	json_tokener_free(t);
	if (e != json_tokener_success)
		return e == json_tokener_continue ? "it is cut off" : json_tokener_error_desc(e);
	if (!*ret)
		return "null";
	return is_blank(text + end, len - end) ? NULL : "something behind its end";
}

enum seal_status json_read(const char *text, size_t len, const char *what, struct json_object **ret,
                           struct story *s)
{
	struct scan scan = { .at = text, .end = text + len };
	scoped(json_put_p) struct json_object *o = NULL;
	const char *wrong = NULL;

	*ret = NULL;
	if (len > BUF_MAX)
		wrong = "too long";
	else if (is_blank(text, len))
		wrong = "empty";
	else if (!text_is_utf8(text, len))
		wrong = "not UTF-8";
	if (!wrong)
		wrong = scan_text(&scan);
	if (!wrong)
		wrong = parse(text, len, &o);
	if (!wrong && count_members(o) != scan.members)
		wrong = "a member named twice";
	if (wrong)
		return story_fail(s, SEAL_EPROTO, "%s is no good JSON: %s", what, wrong);
	*ret = take(o);
	return SEAL_OK;
}

static struct json_object *member(const struct json_object *o, const char *name,
                                  enum json_type type)
{
	struct json_object *value = NULL;

	if (!o || !json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, name, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *json_str(const struct json_object *o, const char *name)
{
	struct json_object *value = member(o, name, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

const struct json_object *json_obj(const struct json_object *o, const char *name)
{
	return member(o, name, json_type_object);
}

const struct json_object *json_arr(const struct json_object *o, const char *name)
{
	return member(o, name, json_type_array);
}

static const struct json_object *step(const struct json_object *o, const char *word)
{
	struct json_object *value = NULL;
	uint64_t index;

	if (json_object_is_type(o, json_type_object))
		json_object_object_get_ex(o, word, &value);
	else if (json_object_is_type(o, json_type_array) && parse_uint(word, TOKENS_MAX, &index))
		value = json_object_array_get_idx(o, index);
	return value;
}

const struct json_object *json_at(const struct json_object *o, const char *path)
{
	while (o && *path) {
		size_t n = strcspn(path, ".");
		scoped(free_p) char *word = str_part(path, n);
		o = step(o, word);
		path += n + (path[n] == '.');
	}
	return o;
}

char *json_write(const struct json_object *o)
{
	return str_copy(json_object_to_json_string_ext(
	        (struct json_object *)o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}
