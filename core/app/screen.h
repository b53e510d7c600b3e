/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * screen.h - the block on a terminal that says what waits, since when and until when, and what each
 * server says; drawn with \r, "one line up" and "erase to the end" (ECMA-48), nothing else. */
#ifndef APP_SCREEN_H
#define APP_SCREEN_H

#include "base/buf.h"

#include <pthread.h>

/* What is to be shown, line by line. */
struct sheet {
	struct buf text;
	unsigned lines, columns, rows; /* rows: at most so many lines */
};
/* Cut to the columns: one that wraps could not be taken away again.  No room: left out. */
void sheet_line(struct sheet *, const char *text);

/* Threads that log hide it and show it again, so it is kept as text. */
struct screen {
	pthread_mutex_t lock;
	char *block;	/* or NULL */
	unsigned lines; /* of it */
	unsigned drawn; /* of them on the terminal */
};
void screen_init(struct screen *);
struct sheet screen_sheet(void);		  /* an empty one of the terminal's size */
void screen_put(struct screen *, struct sheet *); /* in place of what is there; takes the text */
void screen_clear(struct screen *);
/* Takes the block away for what is to be written, and holds other threads up until it is back. */
void screen_lift(struct screen *);
void screen_lower(struct screen *);

/* For base/log: both take a struct screen. */
void screen_show(void *screen);
void screen_hide(void *screen);

#endif
