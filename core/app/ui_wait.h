/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * ui_wait.h - a wait that is shown: since when, until when, and what each server says. */
#ifndef APP_UI_WAIT_H
#define APP_UI_WAIT_H

#include "app/screen.h"
#include "engine/event.h"

#include <stddef.h>

struct ui_row { /* a record at a server */
	char *name, *server, *state, *said;
};
struct ui_wait {
	char *certificate, *step;
	int64_t since_ms, until_ms; /* clock_ms() */
	struct ui_row *rows;
	size_t n_rows;
};
void ui_wait_begin(struct ui_wait *, const struct event *); /* EVENT_WAIT; forgets the rows */
/* EVENT_DNS.  False: that was known. */
bool ui_wait_hear(struct ui_wait *, const struct event *);
bool ui_row_is_ok(const struct ui_row *);
size_t ui_wait_n_ok(const struct ui_wait *);
void ui_wait_draw(const struct ui_wait *, struct sheet *);
void ui_wait_free(struct ui_wait *);

#endif
