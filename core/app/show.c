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
#include <sys/ioctl.h>
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

static const struct {
	const char *text, *name;
	int color; /* ECMA-48 8.3.117 */
} marks[] = { [MARK_OK] = { "ok", "ok", 32 },
	      [MARK_WARN] = { "warn", "warn", 33 },
	      [MARK_FAIL] = { "FAIL", "fail", 31 } };

const char *mark_name(enum mark m)
{
	return marks[m].name;
}

const char *show_mark(const struct ui *u, enum mark m, unsigned columns, char out[32])
{
	int blanks = (int)columns - (int)strlen(marks[m].text);

	if (blanks < 0)
		blanks = 0;
	if (u->color)
		snprintf(out, 32, "\033[%dm%s\033[m%*s", marks[m].color, marks[m].text, blanks, "");
	else
		snprintf(out, 32, "%s%*s", marks[m].text, blanks, "");
	return out;
}

unsigned show_columns(int fd)
{
	struct winsize w = { 0 };

	return ioctl(fd, TIOCGWINSZ, &w) ? 0 : w.ws_col;
}

static bool is_letter(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80; /* the first octet of one */
}

size_t show_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += is_letter(*text);
	return n;
}

char *show_cut(const char *text, unsigned columns)
{
	const char *end = text;

	if (!columns || show_width(text) <= columns)
		return str_copy(text);
	for (size_t room = columns > 3 ? columns - 3 : 0; *end; end++) {
		if (is_letter(*end) && !room)
			break;
		room -= is_letter(*end);
	}
	return str_printf("%.*s...", (int)(end - text), text);
}
