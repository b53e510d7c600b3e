/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * check.h - the kinds of check: of everything, also by writing to DNS, and of expiry alone (no
 * network). */
#ifndef APP_CHECK_H
#define APP_CHECK_H

#include "app/subjects.h"
#include "app/survey.h"

struct check {
	struct app *app;
	struct subjects subjects;
	bool exists; /* the state directory */
	bool clock_is_known;
	size_t n, n_failed;
	int worst;  /* exit status */
	int signal; /* that ended it; 0: none */
};
struct finding { /* a line of the answer */
	enum mark mark;
	const char *check, *about; /* "dns"; of what */
	const char *text, *hint;   /* hint may be NULL */
	const char *class;	   /* NULL unless it failed */
};
void check_tell(struct check *, const struct finding *);
/* The same for a failure, which counts for the exit status. */
void check_fail(struct check *, const char *check, const char *about, const struct story *);
bool check_is_ignored(const struct check *, const char *name);
int check_expiry(struct check *); /* --expiry, --nagios */
void check_live(struct check *);  /* --live */
void check_notify(struct check *); /* --notify */

#endif
