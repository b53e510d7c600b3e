/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/ui_many.h"

#include "app/ui.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 10
#define WAITS_MAX 6
#define NAME_COLUMNS 32

struct many_cert {
	struct list link;
	char *name;
	enum event_at at;
	struct ui_wait wait; /* of AT_DNS; no certificate: it does not wait */
};

static const struct {
	const char *result, *what;
	bool rehearsal;
} ends[MANY_ENDS] = {
	{ "unchanged", "unchanged", false },
	{ "renewed", "renewed", false },
	{ "issued", "issued", false },
	{ "issued", "rehearsed", true },
	{ "deploy-failed", "not deployed", false },
	{ "deferred", "deferred", false },
	{ "failed", "failed", false },
};

/* -- hearing -------------------------------------------------------------------------------- */

static void drop(struct many *m, struct many_cert *c)
{
	list_drop(&c->link);
	m->n_certs--;
	ui_wait_free(&c->wait);
	free(c->name);
	free(c);
}

static struct many_cert *find(const struct many *m, const char *name)
{
	list_each(at, &m->certs) {
		struct many_cert *c = container_of(at, struct many_cert, link);
		if (!strcmp(c->name, name))
			return c;
	}
	return NULL;
}

static struct many_cert *add(struct many *m, const char *name)
{
	struct many_cert *c = mem_new(sizeof(*c));

	c->name = str_copy(name);
	list_add(&m->certs, &c->link);
	m->on = ++m->n_certs > 1 || m->on;
	return c;
}

static void end(struct many *m, struct many_cert *c, const struct event *e)
{
	for (size_t i = 0; i < MANY_ENDS; i++)
		if (!strcmp(ends[i].result, e->result) && ends[i].rehearsal == e->rehearsal)
			m->ends[i]++;
	if (c)
		drop(m, c);
}

static void move(struct many *m, struct many_cert *c, const struct event *e)
{
	c = c ? c : add(m, e->certificate);
	c->at = e->at;
	ui_wait_free(&c->wait);
}

void many_hear(struct many *m, const struct event *e)
{
	struct many_cert *c = e->certificate ? find(m, e->certificate) : NULL;

	if (e->kind == EVENT_AT && e->certificate)
		move(m, c, e);
	else if (e->kind == EVENT_DONE)
		end(m, c, e);
	else if (e->kind == EVENT_WAIT && c)
		ui_wait_begin(&c->wait, e);
	else if (e->kind == EVENT_DNS && c && c->wait.certificate)
		(void)ui_wait_hear(&c->wait, e);
	else if (e->kind == EVENT_STEP && c)
		ui_wait_free(&c->wait); /* that is over */
}

void many_begin(struct many *m, size_t n)
{
	*m = (struct many){ .n = n };
	list_init(&m->certs);
}

void many_end(struct many *m)
{
	if (!m->n)
		return;
	list_each_safe(at, &m->certs)
		drop(m, container_of(at, struct many_cert, link));
	*m = (struct many){ 0 };
}

/* -- the sentence --------------------------------------------------------------------------- */

/* A part more, on a new line where there is no room. */
static void add_part(struct sheet *s, struct buf *line, size_t n, const char *what)
{
	size_t begun = line->len;

	if (!n)
		return;
	scoped(free_p) char *part = str_printf("%zu %s", n, what);
	const char *comma = begun && line->data[begun - 1] != ' ' ? ", " : "";
	if (begun + strlen(comma) + strlen(part) + 1 < s->columns) {
		buf_printf(line, "%s%s", comma, part);
		return;
	}
	if (*comma)
		buf_char(line, ',');
	sheet_line(s, buf_text(line));
	buf_clear(line);
	buf_printf(line, "  %s", part);
}

static void draw_sum(const struct many *m, struct sheet *s)
{
	static const char *const places[AT_PLACES] = { [AT_LINE] = "in line for the CA",
						       [AT_CA] = "at the CA",
						       [AT_DNS] = "waiting for DNS",
						       [AT_DEPLOY] = "being deployed" };
	static const enum event_at order[] = { AT_DEPLOY, AT_CA, AT_DNS, AT_LINE };
	scoped(buf_free) struct buf line = { 0 };
	size_t n[AT_PLACES] = { 0 }, begun = m->n_certs;
	char count[40];

	list_each(at, &m->certs)
		n[container_of(at, struct many_cert, link)->at]++;
	buf_printf(&line, "%s: ", show_count(m->n, "certificate", count));
	for (size_t i = 0; i < MANY_ENDS; i++) {
		add_part(s, &line, m->ends[i], ends[i].what);
		begun += m->ends[i];
	}
	for (size_t i = 0; i < COUNT(order); i++)
		add_part(s, &line, n[order[i]], places[order[i]]);
	add_part(s, &line, m->n > begun ? m->n - begun : 0, "to begin");
	sheet_line(s, buf_text(&line));
}

/* -- who waits longest ---------------------------------------------------------------------- */

static int by_age(const void *a, const void *b)
{
	const struct many_cert *x = *(struct many_cert *const *)a;
	const struct many_cert *y = *(struct many_cert *const *)b;

	if (x->wait.since_ms != y->wait.since_ms)
		return x->wait.since_ms < y->wait.since_ms ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The caller's. */
static struct many_cert **find_waits(const struct many *m, size_t *ret_n)
{
	struct many_cert **all = mem_array(m->n_certs + 1, sizeof(*all));
	size_t n = 0;

	list_each(at, &m->certs) {
		struct many_cert *c = container_of(at, struct many_cert, link);
		if (c->wait.certificate)
			all[n++] = c;
	}
	qsort(all, n, sizeof(*all), by_age);
	*ret_n = n;
	return all;
}

/* "2 of 4 ok, ns2.example NXDOMAIN" */
static char *say_servers(const struct ui_wait *w)
{
	if (!w->n_rows)
		return str_copy("no server has answered yet");
	for (size_t i = 0; i < w->n_rows; i++)
		if (!ui_row_is_ok(&w->rows[i]))
			return str_printf("%zu of %zu ok, %s %s", ui_wait_n_ok(w), w->n_rows,
					  w->rows[i].server, w->rows[i].state);
	return str_printf("%zu of %zu ok", w->n_rows, w->n_rows);
}

/* "  www.example.org  4m48s left, 2 of 4 ok, ..." */
static void draw_wait(const struct many_cert *c, size_t wide, struct sheet *s)
{
	int64_t left_ms = c->wait.until_ms - clock_ms();
	scoped(free_p) char *name = show_cut(c->name, NAME_COLUMNS);
	scoped(free_p) char *servers = say_servers(&c->wait);
	char left[32];
	scoped(free_p) char *text =
		str_printf("  %s%*s  %s left, %s", name, (int)(wide - show_width(name)), "",
			   show_duration(left_ms > 0 ? left_ms / 1000 : 0, left), servers);

	sheet_line(s, text);
}

static size_t name_columns(struct many_cert *const *all, size_t n)
{
	size_t wide = 0;

	for (size_t i = 0; i < n; i++) {
		size_t w = show_width(all[i]->name);
		wide = w > wide ? w : wide;
	}
	return wide < NAME_COLUMNS ? wide : NAME_COLUMNS;
}

void many_draw(const struct many *m, struct sheet *s)
{
	size_t n;
	scoped(free_p) struct many_cert **all = find_waits(m, &n);

	if (s->rows > LINES_MAX)
		s->rows = LINES_MAX;
	draw_sum(m, s);
	n = n < WAITS_MAX ? n : WAITS_MAX;
	for (size_t i = 0; i < n; i++)
		draw_wait(all[i], name_columns(all, n), s);
}
