/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include "base/json.h"

#include <string.h>

/* Behind the field at s, quoted or not; NULL: a quote without end. */
static const char *field_end(const char *s)
{
	bool quoted = false;

	for (; *s && (quoted || (*s != ' ' && *s != '\t')); s++) {
		if (*s == '"')
			quoted = !quoted;
		if (*s == '\\' && s[1])
			s++;
	}
	return quoted ? NULL : s;
}

/* The next field for this sign; *at moves behind it.  NULL: there is none, or it is malformed. */
static char *next_field(struct seal_op *op, const char **at, char sign)
{
	const char *s = *at + strspn(*at, " \t");
	const char *end = sign == '*' ? s + strlen(s) : field_end(s);

	if (!end || (end == s && sign != '*'))
		return NULL;
	*at = end;
	char *text = arena_copy(&work_of(op)->arena, s, (size_t)(end - s));
	return sign == '"' ? host_txt_plain(op, text) : text;
}

static struct json_object *value_of(const char *text, char sign)
{
	uint64_t number;

	if (sign != '#')
		return json_object_new_string(text);
	return parse_uint(text, UINT32_MAX, &number) ? json_object_new_int64((int64_t)number)
						     : NULL;
}

/* Takes value over; false when there is no place for it. */
static bool put_at(struct json_object *in, const char *path, struct json_object *value)
{
	const char *dot;

	while ((dot = strchr(path, '.'))) {
		scoped(free_p) char *name = str_part(path, (size_t)(dot - path));
		struct json_object *next = NULL;
		if (!json_object_object_get_ex(in, name, &next)) {
			next = json_object_new_object();
			json_object_object_add(in, name, next);
		}
		in = next;
		path = dot + 1;
	}
	if (!json_object_is_type(in, json_type_object)) {
		json_object_put(value);
		return false;
	}
	json_object_object_add(in, path, value);
	return true;
}

char *host_fields_json(struct seal_op *op, const char *data, const char *spec)
{
	scoped(json_put_p) struct json_object *o = json_object_new_object();
	struct words signs = { 0 };
	bool good = true;

	words_split(&signs, spec);
	for (size_t i = 0; good && i < signs.n; i++) {
		const char *text = next_field(op, &data, *signs.at[i]);
		struct json_object *value = text ? value_of(text, *signs.at[i]) : NULL;
		good = value && put_at(o, signs.at[i] + 1, value);
	}
	words_free(&signs);
	if (!good || data[strspn(data, " \t")])
		return NULL;
	return host_json_write(work_of(op), o);
}

char *host_json_fields(struct seal_op *op, const struct seal_json *j, const char *spec)
{
	struct words signs = { 0 };
	struct buf all = { 0 };
	bool good = true;

	words_split(&signs, spec);
	for (size_t i = 0; good && i < signs.n; i++) {
		const char *text = host_json_text(op, host_json_at(j, signs.at[i] + 1));
		good = text != NULL;
		if (good && *signs.at[i] == '"')
			text = host_txt_quote(op, text);
		if (good && (*text || *signs.at[i] != '*'))
			buf_printf(&all, "%s%s", i ? " " : "", text);
	}
	char *ret = good ? arena_str(&work_of(op)->arena, buf_text(&all)) : NULL;
	words_free(&signs);
	buf_free(&all);
	return ret;
}
