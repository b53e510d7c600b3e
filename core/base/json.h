/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * json.h - the one strict reader and the one writer over json-c.
 *
 * The reader is bounded: depth 20, at most 50,000 tokens, UTF-8, no NUL in strings, no control
 * characters, no single quotes, nothing behind the value, no member named twice in one object. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/status.h"

#include <json-c/json.h>

void json_put_p(struct json_object **); /* for scoped() */

/* SEAL_EPROTO when it is no JSON; what: the thing's name for the sentence.  *ret is the caller's,
 * NULL on failure; a bare null is refused. */
enum seal_status json_read(const char *text, size_t len, const char *what,
			   struct json_object **ret, struct story *) MUST_CHECK;
/* Members by name; NULL when absent, null or of another type.  Borrowed. */
const char *json_str(const struct json_object *, const char *member);
const struct json_object *json_obj(const struct json_object *, const char *member);
const struct json_object *json_arr(const struct json_object *, const char *member);
/* "result.0.id": members and indices; NULL where the path leads nowhere.  Borrowed. */
const struct json_object *json_at(const struct json_object *, const char *path);
/* Compact text, no slashes escaped.  The caller's. */
char *json_write(const struct json_object *);

/* Tables that say how JSON fills a struct.  C's struct tags.  Unknown members are ignored;
 * a missing FIELD_REQUIRED one, a wrong type or a wrong name is SEAL_EPROTO with its name. */
enum field_type {
	FIELD_TEXT,  /* char * (the struct's; free with field_free) at most FIELD_TEXT_MAX octets */
	FIELD_URL,   /* char *: as FIELD_TEXT, an https URL of at most 2048 printable octets */
	FIELD_BOOL,  /* bool */
	FIELD_INT,   /* int64_t */
	FIELD_TIME,  /* int64_t, seconds since 1970, from RFC 3339 */
	FIELD_NAME,  /* int: index in `names` (NULL-ended) */
	FIELD_TEXTS, /* struct words */
};
enum { FIELD_REQUIRED = 1 };
#define FIELD_TEXT_MAX 8192
struct field {
	const char *name;
	enum field_type type;
	unsigned flags;
	size_t offset;
	const char *const *names;
};
enum seal_status field_read(const struct field *, const struct json_object *, const char *what,
			    void *ret, struct story *) MUST_CHECK;
void field_free(const struct field *, void *); /* frees and clears what field_read filled */
/* The reverse: an object with every member that is not empty (0, NULL, false are left out). */
struct json_object *field_write(const struct field *, const void *);

#endif
