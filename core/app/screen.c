/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/screen.h"

#include "app/ui.h"
#include "base/buf.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void put(const struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(STDERR_FILENO, b->data + done, b->len - done);
		if (n < 0 && errno != EINTR)
			return;
		done += n > 0 ? (size_t)n : 0;
	}
}

static void size_of_terminal(unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize w = { 0 };

	*ret_columns = 80;
	*ret_rows = 24;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || !w.ws_col || !w.ws_row)
		return;
	*ret_columns = w.ws_col;
	*ret_rows = w.ws_row;
}

static void erase(struct ui *u, struct buf *b)
{
	for (; u->drawn; u->drawn--)
		buf_str(b, "\033[A\r\033[K");
}

void screen_hide(void *ui)
{
	scoped(buf_free) struct buf b = { 0 };

	erase(ui, &b);
	put(&b);
}

/* A line cut to the terminal's width: one that wraps could not be taken away again. */
static void line(struct ui *u, struct buf *b, const char *text, unsigned columns)
{
	size_t n = strlen(text);

	if (n >= columns)
		n = columns - 1;
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--; /* not within a UTF-8 letter */
	buf_add(b, text, n);
	buf_char(b, '\n');
	u->drawn++;
}

static void head(struct ui *u, struct buf *b, unsigned columns)
{
	char spent[32], limit[32];
	scoped(free_p) char *text =
		str_printf("%s: waiting for %s  %s of %s", u->certificate, u->step,
			   show_duration((clock_ms() - u->since_ms) / 1000, spent),
			   show_duration((u->until_ms - u->since_ms) / 1000, limit));

	line(u, b, text, columns);
}

/* "  _acme-challenge.example.org  ns1.example ok, ns2.example NXDOMAIN" */
static void record(struct ui *u, struct buf *b, size_t first, unsigned columns)
{
	scoped(buf_free) struct buf text = { 0 };

	buf_printf(&text, "  %s ", u->rows[first].name);
	for (size_t i = first; i < u->n_rows; i++) {
		const struct ui_row *r = &u->rows[i];
		if (strcmp(r->name, u->rows[first].name))
			continue;
		buf_printf(&text, "%s %s %s", i == first ? "" : ",", r->server, r->state);
		if (*r->said && strcmp(r->state, "ok"))
			buf_printf(&text, " (%s)", r->said);
	}
	line(u, b, buf_text(&text), columns);
}

static bool is_first(const struct ui *u, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(u->rows[j].name, u->rows[i].name))
			return false;
	return true;
}

void screen_show(void *ui)
{
	struct ui *u = ui;
	scoped(buf_free) struct buf b = { 0 };
	unsigned columns, rows;

	erase(u, &b);
	if (u->waiting) {
		size_of_terminal(&columns, &rows);
		head(u, &b, columns);
		for (size_t i = 0; i < u->n_rows && u->drawn + 2 < rows; i++)
			if (is_first(u, i))
				record(u, &b, i, columns);
	}
	put(&b);
}
