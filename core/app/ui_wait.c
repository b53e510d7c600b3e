/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/ui_wait.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static void set(char **to, const char *text)
{
	free(*to);
	*to = str_copy(text ? text : "");
}

void ui_wait_free(struct ui_wait *w)
{
	for (size_t i = 0; i < w->n_rows; i++) {
		free(w->rows[i].name);
		free(w->rows[i].server);
		free(w->rows[i].state);
		free(w->rows[i].said);
	}
	free(w->rows);
	free(w->certificate);
	free(w->step);
	*w = (struct ui_wait){ 0 };
}

void ui_wait_begin(struct ui_wait *w, const struct event *e)
{
	ui_wait_free(w);
	set(&w->certificate, e->certificate);
	set(&w->step, e->step);
	w->since_ms = e->since_ms;
	w->until_ms = e->until_ms;
}

static struct ui_row *row(struct ui_wait *w, const char *name, const char *server)
{
	for (size_t i = 0; i < w->n_rows; i++)
		if (!strcmp(w->rows[i].name, name) && !strcmp(w->rows[i].server, server))
			return &w->rows[i];
	w->rows = mem_grow(w->rows, w->n_rows + 1, sizeof(*w->rows));
	struct ui_row *r = &w->rows[w->n_rows++];
	*r = (struct ui_row){ .name = str_copy(name), .server = str_copy(server) };
	return r;
}

bool ui_wait_hear(struct ui_wait *w, const struct event *e)
{
	struct ui_row *r = row(w, e->name ? e->name : "", e->server ? e->server : "");
	const char *said = e->detail ? e->detail : "";

	if (r->state && !strcmp(r->state, e->state) && !strcmp(r->said, said))
		return false;
	set(&r->state, e->state);
	set(&r->said, said);
	return true;
}

bool ui_row_is_ok(const struct ui_row *r)
{
	return !strcmp(r->state, "ok");
}

size_t ui_wait_n_ok(const struct ui_wait *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_rows; i++)
		n += ui_row_is_ok(&w->rows[i]);
	return n;
}

/* -- drawing -------------------------------------------------------------------------------- */

static void head(const struct ui_wait *w, struct sheet *s)
{
	char spent[32], limit[32];
	scoped(free_p) char *text =
		str_printf("%s: waiting for %s  %s of %s", w->certificate, w->step,
			   show_duration((clock_ms() - w->since_ms) / 1000, spent),
			   show_duration((w->until_ms - w->since_ms) / 1000, limit));

	sheet_line(s, text);
}

/* "  _acme-challenge.example.org  ns1.example ok, ns2.example NXDOMAIN" */
static void record(const struct ui_wait *w, size_t first, struct sheet *s)
{
	scoped(buf_free) struct buf text = { 0 };

	buf_printf(&text, "  %s ", w->rows[first].name);
	for (size_t i = first; i < w->n_rows; i++) {
		const struct ui_row *r = &w->rows[i];
		if (strcmp(r->name, w->rows[first].name))
			continue;
		buf_printf(&text, "%s %s %s", i == first ? "" : ",", r->server, r->state);
		if (*r->said && !ui_row_is_ok(r))
			buf_printf(&text, " (%s)", r->said);
	}
	sheet_line(s, buf_text(&text));
}

static bool is_first(const struct ui_wait *w, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(w->rows[j].name, w->rows[i].name))
			return false;
	return true;
}

void ui_wait_draw(const struct ui_wait *w, struct sheet *s)
{
	head(w, s);
	for (size_t i = 0; i < w->n_rows; i++)
		if (is_first(w, i))
			record(w, i, s);
}
