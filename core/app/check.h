/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * check.h - the two kinds of check: of everything, and of expiry alone (no network). */
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
	int worst; /* exit status */
};
bool check_is_ignored(const struct check *, const char *name);
int check_expiry(struct check *); /* --expiry, --nagios */

#endif
