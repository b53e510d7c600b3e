/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * ui.h - what the program shows while it works: the talk, on stderr.
 *
 * On a terminal a block is redrawn in place while something waits; elsewhere every change is a
 * line, and every minute of waiting one more.  With --json events go to stdout, an object a line.
 */
#ifndef APP_UI_H
#define APP_UI_H

#include "app/options.h"
#include "base/json.h"
#include "engine/event.h"
#include "net/loop.h"

enum ui_mode { UI_LINES, UI_BLOCK, UI_JSON };
struct ui_row { /* a record at a server */
	char *name, *server, *state, *said;
};
struct ui {
	struct events events; /* first: an engine knows no more of it */
	enum ui_mode mode;

	/* what waits */
	struct loop *loop;
	struct task tick;
	struct timer timer;
	bool waiting;
	char *certificate, *step;
	int64_t since_ms, until_ms, said_ms;
	struct ui_row *rows;
	size_t n_rows;
	unsigned drawn;	  /* lines of the block on the screen */
	int64_t waited_s; /* of the last wait for propagation */

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
