/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ROWS_SPARE 2u /* the cursor's line, and one of what was before */

/* -- a sheet -------------------------------------------------------------------------------- */

struct sheet screen_sheet(void)
{
	struct winsize w = { 0 };

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || !w.ws_col || !w.ws_row)
		w = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	return (struct sheet){ .columns = w.ws_col,
			       .rows = w.ws_row > ROWS_SPARE ? w.ws_row - ROWS_SPARE : 1 };
}

void sheet_line(struct sheet *s, const char *text)
{
	size_t n = strlen(text);

	if (s->lines >= s->rows)
		return;
	if (n >= s->columns)
		n = s->columns - 1;
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--; /* not within a UTF-8 letter */
	buf_add(&s->text, text, n);
	buf_char(&s->text, '\n');
	s->lines++;
}

/* -- the terminal; the lock is held --------------------------------------------------------- */

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

static void erase(struct screen *s, struct buf *b)
{
	for (; s->drawn; s->drawn--)
		buf_str(b, "\033[A\r\033[K");
}

static void hide(struct screen *s)
{
	scoped(buf_free) struct buf b = { 0 };

	erase(s, &b);
	put(&b);
}

static void show(struct screen *s)
{
	scoped(buf_free) struct buf b = { 0 };

	erase(s, &b);
	if (s->block)
		buf_str(&b, s->block);
	put(&b);
	s->drawn = s->block ? s->lines : 0;
}

/* -- outside -------------------------------------------------------------------------------- */

void screen_init(struct screen *s)
{
	*s = (struct screen){ .drawn = 0 };
	pthread_mutex_init(&s->lock, NULL);
}

void screen_put(struct screen *s, struct sheet *sheet)
{
	pthread_mutex_lock(&s->lock);
	free(s->block);
	s->block = buf_take(&sheet->text);
	s->lines = sheet->lines;
	show(s);
	pthread_mutex_unlock(&s->lock);
}

void screen_clear(struct screen *s)
{
	pthread_mutex_lock(&s->lock);
	free(s->block);
	s->block = NULL;
	s->lines = 0;
	hide(s);
	pthread_mutex_unlock(&s->lock);
}

void screen_lift(struct screen *s)
{
	pthread_mutex_lock(&s->lock);
	hide(s);
}

void screen_lower(struct screen *s)
{
	show(s);
	pthread_mutex_unlock(&s->lock);
}

void screen_hide(void *screen)
{
	struct screen *s = screen;

	pthread_mutex_lock(&s->lock);
	hide(s);
	pthread_mutex_unlock(&s->lock);
}

void screen_show(void *screen)
{
	struct screen *s = screen;

	pthread_mutex_lock(&s->lock);
	show(s);
	pthread_mutex_unlock(&s->lock);
}
