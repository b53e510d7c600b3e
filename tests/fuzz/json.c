/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * json.c - whatever arrives as JSON is refused, or can be written, read again and put into a
 * struct. */
#include "config.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct thing {
	char *type, *url;
	bool wildcard;
	int64_t number, expires;
	int status;
	struct words names;
};

static const char *const states[] = { "pending", "valid", "invalid", NULL };
static const struct field fields[] = {
	{ "type", FIELD_TEXT, 0, offsetof(struct thing, type), NULL },
	{ "url", FIELD_URL, 0, offsetof(struct thing, url), NULL },
	{ "wildcard", FIELD_BOOL, 0, offsetof(struct thing, wildcard), NULL },
	{ "number", FIELD_INT, 0, offsetof(struct thing, number), NULL },
	{ "expires", FIELD_TIME, 0, offsetof(struct thing, expires), NULL },
	{ "status", FIELD_NAME, 0, offsetof(struct thing, status), states },
	{ "names", FIELD_TEXTS, 0, offsetof(struct thing, names), NULL },
	{ 0 },
};

static void fill(const struct json_object *o)
{
	struct thing t = { 0 }, again = { 0 };
	struct story story = { 0 };

	if (field_read(fields, o, "fuzz", &t, &story))
		return;
	scoped(json_put_p) struct json_object *back = field_write(fields, &t);
	if (field_read(fields, back, "fuzz", &again, &story) || again.names.n != t.names.n)
		abort(); /* what was read can be written and read */
	field_free(fields, &t);
	field_free(fields, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(json_put_p) struct json_object *o = NULL;
	scoped(free_p) char *shown = text_clean((const char *)data, size, TEXT_CLEAN_MAX);
	struct story story = { 0 };

	if (!text_is_utf8(shown, strlen(shown)) || strpbrk(shown, "\n\r\t\x1b"))
		abort(); /* clean is clean */
	if (json_read((const char *)data, size, "fuzz", &o, &story))
		return 0;
	scoped(free_p) char *text = json_write(o);
	scoped(json_put_p) struct json_object *again = json_tokener_parse(text);
	if (!again)
		abort(); /* what we write, others can read */
	json_at(o, "result.0.id");
	fill(o);
	return 0;
}
