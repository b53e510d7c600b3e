/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * show.c - small things for people and for JSON. */
#include "config.h"

#include "app/ui.h"
#include "base/clock.h"
#include "dns/name.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct json_object *event_new(const char *event, const char *certificate)
{
	struct json_object *o = json_object_new_object();

	json_number(o, "v", 1);
	json_time(o, "t", clock_wall());
	json_text(o, "event", event);
	json_text(o, "certificate", certificate);
	return o;
}

void json_text(struct json_object *o, const char *member, const char *text)
{
	if (text)
		json_object_object_add(o, member, json_object_new_string(text));
}

void json_number(struct json_object *o, const char *member, int64_t value)
{
	json_object_object_add(o, member, json_object_new_int64(value));
}

void json_time(struct json_object *o, const char *member, int64_t wall)
{
	char text[RFC3339_LEN];

	if (wall)
		json_text(o, member, clock_rfc3339(wall, text));
}

struct json_object *json_words(const struct words *w)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < w->n; i++)
		json_object_array_add(a, json_object_new_string(w->at[i]));
	return a;
}

void json_print(struct json_object *o)
{
	scoped(free_p) char *text = json_write(o);

	puts(text);
	fflush(stdout);
	json_object_put(o);
}

const char *show_count(size_t n, const char *thing, char out[40])
{
	snprintf(out, 40, "%zu %s%s", n, thing, n == 1 ? "" : "s");
	return out;
}

char *show_name(const char *name)
{
	char shown[NAME_MAX_LEN];

	name_unicode(name, shown);
	return strcmp(shown, name) ? str_printf("%s (%s)", shown, name) : str_copy(name);
}

const char *show_date(int64_t wall, char out[32])
{
	time_t t = (time_t)wall;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%d", &tm))
		snprintf(out, 32, "-");
	return out;
}
