/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * ui_many.h - many certificates at once: how many are where, and which wait longest. */
#ifndef APP_UI_MANY_H
#define APP_UI_MANY_H

#include "app/screen.h"
#include "app/ui_wait.h"
#include "base/list.h"

#define MANY_ENDS 7

struct many {
	size_t n;	   /* certificates of the round; 0: there is none */
	bool on;	   /* two were under way at once: from then on it is these that are shown */
	struct list certs; /* struct many_cert, under way */
	size_t n_certs;
	size_t ends[MANY_ENDS];
};
void many_begin(struct many *, size_t n);
void many_hear(struct many *, const struct event *);
/* A sentence with all the numbers, and as many waits as there is room for in the sheet, at most
 * ten lines. */
void many_draw(const struct many *, struct sheet *);
void many_end(struct many *);

#endif
