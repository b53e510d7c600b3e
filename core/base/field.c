/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/json.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define URL_MAX 2048u

/* The place a field fills, by its type. */
union place {
	void *p;
	char **text;
	bool *flag;
	int64_t *number;
	int *index;
	struct words *texts;
};

static union place place_of(const struct field *f, const void *base)
{
	return (union place){ .p = (char *)base + f->offset };
}

/* Readers return NULL, or what is wrong. */
static const char *read_text(const struct field *f, struct json_object *v, union place at)
{
	(void)f;
	if (!json_object_is_type(v, json_type_string))
		return "is no text";
	if (json_object_get_string_len(v) > FIELD_TEXT_MAX)
		return "is too long";
	*at.text = str_copy(json_object_get_string(v));
	return NULL;
}

/* No user part, no blanks, nothing that one reader takes for a separator and another does not. */
static bool url_ok(const char *s)
{
	size_t n = strlen(s);

	if (n > URL_MAX || !starts_with(s, "https://"))
		return false;
	for (const char *at = s; *at; at++)
		if (*at < 0x21 || *at > 0x7e || *at == '\\')
			return false;
	s += strlen("https://");
	n = strcspn(s, "/?#");
	return n && !memchr(s, '@', n);
}

static const char *read_url(const struct field *f, struct json_object *v, union place at)
{
	if (json_object_is_type(v, json_type_string) && !url_ok(json_object_get_string(v)))
		return "is no https URL";
	return read_text(f, v, at);
}

static const char *read_bool(const struct field *f, struct json_object *v, union place at)
{
	(void)f;
	if (!json_object_is_type(v, json_type_boolean))
		return "is neither true nor false";
	*at.flag = json_object_get_boolean(v);
	return NULL;
}

static const char *read_int(const struct field *f, struct json_object *v, union place at)
{
	(void)f;
	if (!json_object_is_type(v, json_type_int))
		return "is no whole number";
	*at.number = json_object_get_int64(v);
	return NULL;
}

static const char *read_time(const struct field *f, struct json_object *v, union place at)
{
	(void)f;
	if (!json_object_is_type(v, json_type_string))
		return "is no time";
	*at.number = clock_parse_rfc3339(json_object_get_string(v));
	if (*at.number >= 0)
		return NULL;
	*at.number = 0;
	return "is no time";
}

static const char *read_name(const struct field *f, struct json_object *v, union place at)
{
	if (!json_object_is_type(v, json_type_string))
		return "is no text";
	for (int i = 0; f->names[i]; i++)
		if (!strcmp(f->names[i], json_object_get_string(v))) {
			*at.index = i;
			return NULL;
		}
	return "is not known";
}

static const char *read_texts(const struct field *f, struct json_object *v, union place at)
{
	if (!json_object_is_type(v, json_type_array))
		return "is no list";
	for (size_t i = 0; i < json_object_array_length(v); i++) {
		scoped(free_p) char *text = NULL;
		const char *wrong = read_text(f, json_object_array_get_idx(v, i),
		                              (union place){ .text = &text });
		if (wrong)
			return "has a member that is no text, or too long";
		words_add(at.texts, text);
	}
	return NULL;
}

static void free_text(union place at)
{
	free(*at.text);
	*at.text = NULL;
}

static void free_flag(union place at)
{
	*at.flag = false;
}

static void free_number(union place at)
{
	*at.number = 0;
}

static void free_index(union place at)
{
	*at.index = 0;
}

static void free_texts(union place at)
{
	words_free(at.texts);
}

/* Writers return NULL when there is nothing to write. */
static struct json_object *write_text(const struct field *f, union place at)
{
	(void)f;
	return *at.text ? json_object_new_string(*at.text) : NULL;
}

static struct json_object *write_bool(const struct field *f, union place at)
{
	return *at.flag || f->flags & FIELD_REQUIRED ? json_object_new_boolean(*at.flag) : NULL;
}

static struct json_object *write_int(const struct field *f, union place at)
{
	return *at.number || f->flags & FIELD_REQUIRED ? json_object_new_int64(*at.number) : NULL;
}

static struct json_object *write_time(const struct field *f, union place at)
{
	char text[RFC3339_LEN];

	if (!*at.number && !(f->flags & FIELD_REQUIRED))
		return NULL;
	return json_object_new_string(clock_rfc3339(*at.number, text));
}

static struct json_object *write_name(const struct field *f, union place at)
{
	if (!*at.index && !(f->flags & FIELD_REQUIRED))
		return NULL;
	return json_object_new_string(f->names[*at.index]);
}

static struct json_object *write_texts(const struct field *f, union place at)
{
	if (!at.texts->n && !(f->flags & FIELD_REQUIRED))
		return NULL;
	struct json_object *a = json_object_new_array();
	for (size_t i = 0; i < at.texts->n; i++)
		json_object_array_add(a, json_object_new_string(at.texts->at[i]));
	return a;
}

static const struct {
	const char *(*read)(const struct field *, struct json_object *, union place);
	void (*free)(union place);
	struct json_object *(*write)(const struct field *, union place);
} types[] = {
	[FIELD_TEXT] = { read_text, free_text, write_text },
	[FIELD_URL] = { read_url, free_text, write_text },
	[FIELD_BOOL] = { read_bool, free_flag, write_bool },
	[FIELD_INT] = { read_int, free_number, write_int },
	[FIELD_TIME] = { read_time, free_number, write_time },
	[FIELD_NAME] = { read_name, free_index, write_name },
	[FIELD_TEXTS] = { read_texts, free_texts, write_texts },
};

/* The sentence shows a short value, for it says most. */
static enum seal_status refuse(struct story *s, const char *what, const struct field *f,
                               struct json_object *v, const char *wrong)
{
	scoped(free_p) char *text = json_write(v);
	char shown[80];

	return story_fail(s, SEAL_EPROTO, "%s: %s %s: %s", what, f->name, wrong,
	                  text_clean_to(text, shown, sizeof(shown)));
}

enum seal_status field_read(const struct field *fields, const struct json_object *o,
                            const char *what, void *ret, struct story *s)
{
	enum seal_status st = SEAL_OK;

	if (!o || !json_object_is_type(o, json_type_object))
		return story_fail(s, SEAL_EPROTO, "%s is no JSON object", what);
	for (const struct field *f = fields; f->name && !st; f++) {
		struct json_object *v = NULL;
		json_object_object_get_ex(o, f->name, &v);
		if (!v && f->flags & FIELD_REQUIRED)
			st = story_fail(s, SEAL_EPROTO, "%s has no %s", what, f->name);
		const char *wrong = v ? types[f->type].read(f, v, place_of(f, ret)) : NULL;
		if (wrong)
			st = refuse(s, what, f, v, wrong);
	}
	if (st)
		field_free(fields, ret);
	return st;
}

void field_free(const struct field *fields, void *ret)
{
	for (const struct field *f = fields; f->name; f++)
		types[f->type].free(place_of(f, ret));
}

struct json_object *field_write(const struct field *fields, const void *from)
{
	struct json_object *o = json_object_new_object();

	for (const struct field *f = fields; f->name; f++) {
		struct json_object *v = types[f->type].write(f, place_of(f, from));
		if (v)
			json_object_object_add(o, f->name, v);
	}
	return o;
}
