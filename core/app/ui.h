/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * ui.h - what the program shows while it works: the talk, on stderr.
 *
 * On a terminal a block is redrawn in place while something waits; elsewhere every change is a
 * line, and every minute of waiting one more.  With --json events go to stdout, an object a line.
 * Where many certificates are under way at once, the block sums them up, and of lines only results,
 * warnings and errors are shown above it (-v: all of them).
 */
#ifndef APP_UI_H
#define APP_UI_H

#include "app/options.h"
#include "app/ui_many.h"
#include "base/json.h"
#include "engine/event.h"
#include "net/loop.h"

enum ui_mode { UI_LINES, UI_BLOCK, UI_JSON };
struct ui {
	struct events events; /* first: an engine knows no more of it */
	enum ui_mode mode;

	/* what waits */
	struct loop *loop;
	struct task tick;
	struct timer timer;
	bool waiting;
	struct ui_wait wait;
	int64_t said_ms;
	struct many many; /* all of a round; when it is on, it is shown in place of `wait` */
	struct screen screen;

	struct ui_aside { /* what went wrong beside, told behind the end it belongs to */
		char *certificate, *detail;
		struct story story;
	} aside;
	bool color; /* on stdout */
};
void ui_init(struct ui *, const struct options *);
void ui_start(struct ui *, struct loop *);
void ui_rest(struct ui *); /* nothing waits any more: the block goes */
void ui_stop(struct ui *);
/* A round of so many certificates begins and ends. */
void ui_round(struct ui *, size_t n);
void ui_round_over(struct ui *);
/* A line on stdout, which may be the terminal that the block is on. */
void ui_print(struct ui *, const char *fmt, ...) PRINTF(2, 3);

/* An object with v, t and event; the caller adds members. */
struct json_object *event_new(const char *event, const char *certificate);
void json_text(struct json_object *, const char *member, const char *text); /* NULL: left out */
void json_number(struct json_object *, const char *member, int64_t);
void json_time(struct json_object *, const char *member, int64_t wall); /* 0: left out */
struct json_object *json_words(const struct words *);
/* One line on stdout; takes the object. */
void json_print(struct json_object *);

/* "12 certificates", "1 certificate"; returns out. */
const char *show_count(size_t n, const char *thing, char out[40]);
/* A name for people: an IDN in both forms, "UNICODE (xn--...)".  The caller's. */
char *show_name(const char *name);
const char *show_date(int64_t wall, char out[32]); /* "2026-11-21", in UTC */
/* "ok", "warn" or "FAIL", filled with blanks up to this many columns; green, yellow or red where
 * stdout has colour. */
enum mark { MARK_OK, MARK_WARN, MARK_FAIL };
const char *show_mark(const struct ui *, enum mark, unsigned columns, char out[32]);
const char *mark_name(enum mark); /* for JSON: ok warn fail */
unsigned show_columns(int fd); /* of the terminal; 0: it is none */
/* The text cut to this many columns, "..." at its end when something is missing; columns 0: all of
 * it.  The caller's. */
char *show_cut(const char *text, unsigned columns);
size_t show_width(const char *text); /* columns that UTF-8 takes, one for each letter */

#endif
