/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/complaints.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static struct complaint *add(struct complaints *c, const char *file, unsigned line)
{
	c->at = mem_grow(c->at, c->n + 1, sizeof(*c->at));
	c->at[c->n] = (struct complaint){ .file = str_copy(file), .line = line };
	return &c->at[c->n++];
}

void complain(struct complaints *c, const char *file, unsigned line, const char *fmt, ...)
{
	struct complaint *x = add(c, file, line);
	va_list ap;

	va_start(ap, fmt);
	x->text = str_vprintf(fmt, ap);
	va_end(ap);
}

void complain_hint(struct complaints *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	free(c->at[c->n - 1].hint);
	c->at[c->n - 1].hint = str_vprintf(fmt, ap);
	va_end(ap);
}

void complain_story(struct complaints *c, const char *file, unsigned line, const struct story *s)
{
	struct complaint *x = add(c, file, line);

	x->text = str_copy(s->text);
	x->hint = *s->hint ? str_copy(s->hint) : NULL;
}

static bool same_file(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Place of the file in the list; small lists, no index. */
static size_t file_rank(const struct complaints *c, const char *file)
{
	size_t i = 0;

	while (!same_file(c->at[i].file, file))
		i++;
	return i;
}

/* Insertion sort: stable, and there are few. */
void complaints_sort(struct complaints *c)
{
	size_t *key = mem_array(c->n, sizeof(*key));

	for (size_t i = 0; i < c->n; i++)
		key[i] = file_rank(c, c->at[i].file);
	for (size_t i = 1; i < c->n; i++) {
		struct complaint x = c->at[i];
		size_t rank = key[i], j = i;
		for (;
		     j && (key[j - 1] > rank || (key[j - 1] == rank && c->at[j - 1].line > x.line));
		     j--) {
			c->at[j] = c->at[j - 1];
			key[j] = key[j - 1];
		}
		c->at[j] = x;
		key[j] = rank;
	}
	free(key);
}

char *complaint_line(const struct complaint *x)
{
	if (!x->file)
		return str_copy(x->text);
	return x->line ? str_printf("%s:%u: %s", x->file, x->line, x->text)
		       : str_printf("%s: %s", x->file, x->text);
}

void complaints_free(struct complaints *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->at[i].file);
		free(c->at[i].text);
		free(c->at[i].hint);
	}
	free(c->at);
	*c = (struct complaints){ 0 };
}
