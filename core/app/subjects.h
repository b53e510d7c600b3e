/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * subjects.h - several certificates at once: all that are configured, the ones that are named, or
 * one made of names. */
#ifndef APP_SUBJECTS_H
#define APP_SUBJECTS_H

#include "app/app.h"

struct subjects {
	struct subject *at;
	size_t n;
};
/* From the command's arguments; says what is wrong and returns the exit status. */
int subjects_read(struct app *, struct subjects *);
void subjects_free(struct subjects *);

/* Of several outcomes the one that the program ends with: the first that applies of 7, 6, 3, 2, 8,
 * 4. */
int exit_worse(int a, int b);

#endif
