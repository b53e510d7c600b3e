/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/environ.h"

#include "base/file.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_FILE_MAX 65536

/* Stands for the part of the process's environment that was taken out of it. */
static struct {
	struct words names, values;
} taken;

void environ_forget(void)
{
	for (size_t i = 0; i < taken.values.n; i++)
		mem_wipe(taken.values.at[i], strlen(taken.values.at[i]));
	words_free(&taken.names);
	words_free(&taken.values);
}

static const char *look(const char *name)
{
	const char *value = getenv(name);

	for (size_t i = 0; !value && i < taken.names.n; i++)
		if (!strcmp(taken.names.at[i], name))
			value = taken.values.at[i];
	return value && *value ? value : NULL;
}

/* Overwrite it where it stands before it goes: unsetenv() alone leaves the text in the memory that
 * /proc/PID/environ shows. */
static void take_out(const char *name)
{
	char *value = getenv(name);

	if (!value)
		return;
	words_add(&taken.names, name);
	words_add(&taken.values, value);
	mem_wipe(value, strlen(value));
	unsetenv(name);
}

static char *trimmed(const char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		n--;
	return str_part(s, n);
}

static enum seal_status read_value(const char *name, const char *path, char **ret, struct story *s)
{
	struct buf text = { 0 };
	enum seal_status st = file_read_any(path, SECRET_FILE_MAX, &text, s);

	if (!st)
		*ret = trimmed(buf_text(&text));
	buf_free(&text);
	if (!st && !**ret)
		st = story_fail(s, SEAL_ECONFIG, "%s: is empty", path);
	if (st) {
		story_prefix(s, "environment variable %s: ", name);
		s->st = SEAL_ECONFIG;
	}
	return st ? SEAL_ECONFIG : SEAL_OK;
}

struct finding {
	char *value;	    /* first one that is set */
	struct words where; /* all that are set */
	bool differ;
};

static void note(struct finding *f, const char *name, char *value)
{
	if (*value)
		words_add(&f->where, name);
	if (*value && !f->value) {
		f->value = value;
		return;
	}
	f->differ = f->differ || (*value && strcmp(f->value, value));
	wipe_p(&value);
}

static enum seal_status look_at(struct finding *f, const char *name, struct story *s)
{
	scoped(free_p) char *file_name = str_printf("%s_FILE", name);
	const char *value = look(name), *path = look(file_name);
	char *content = NULL;

	if (value)
		note(f, name, trimmed(value));
	if (!path)
		return SEAL_OK;
	enum seal_status st = read_value(file_name, path, &content, s);
	if (!st)
		note(f, file_name, content);
	return st;
}

static enum seal_status gather(const struct words *names, char **ret, struct story *s)
{
	struct finding f = { 0 };
	enum seal_status st = SEAL_OK;

	for (size_t i = 0; !st && i < names->n; i++)
		st = look_at(&f, names->at[i], s);
	if (!st && f.differ) {
		scoped(free_p) char *list = words_join(&f.where, ", ");
		st = story_fail(s, SEAL_ECONFIG, "environment variables disagree: %s", list);
		story_hint(s, "unset all but one of them, or set the option in the configuration");
	}
	words_free(&f.where);
	*ret = NULL;
	if (st)
		wipe_p(&f.value);
	else
		*ret = f.value;
	return st;
}

enum seal_status environ_plain(const char *names, char **ret, struct story *s)
{
	struct words list = { 0 };

	words_split(&list, names);
	enum seal_status st = gather(&list, ret, s);
	words_free(&list);
	return st;
}

enum seal_status environ_first(const char *names, char **ret, struct story *s)
{
	struct words list = { 0 };
	enum seal_status st = SEAL_OK;

	*ret = NULL;
	words_split(&list, names);
	for (size_t i = 0; !st && !*ret && i < list.n; i++)
		st = environ_plain(list.at[i], ret, s);
	words_free(&list);
	return st;
}

enum seal_status environ_secret(const char *names, char **ret, struct story *s)
{
	struct words list = { 0 };

	words_split(&list, names);
	for (size_t i = 0; i < list.n; i++)
		take_out(list.at[i]);
	enum seal_status st = gather(&list, ret, s);
	words_free(&list);
	return st;
}
