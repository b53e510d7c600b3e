/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * complaints.h - everything that is wrong with a configuration, each with its place, so that one
 * run shows all of it. */
#ifndef APP_COMPLAINTS_H
#define APP_COMPLAINTS_H

#include "base/status.h"

struct complaint {
	char *file; /* NULL: the command line */
	unsigned line;
	char *text;
	char *hint; /* or NULL */
};
struct complaints {
	struct complaint *at;
	size_t n;
};
#define COMPLAINTS_SHOWN 20

void complain(struct complaints *, const char *file, unsigned line, const char *fmt, ...)
	PRINTF(4, 5);
void complain_story(struct complaints *, const char *file, unsigned line, const struct story *);
void complain_hint(struct complaints *, const char *fmt, ...) PRINTF(2, 3); /* to the last one */
/* By file and line; files in the order in which they were first complained about. */
void complaints_sort(struct complaints *);
/* "FILE:LINE: text"; the caller's. */
char *complaint_line(const struct complaint *);
void complaints_free(struct complaints *);

#endif
