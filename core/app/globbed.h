/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * globbed.h - did the shell replace an unquoted *.example.org by files of that name? */
#ifndef APP_GLOBBED_H
#define APP_GLOBBED_H

#include "base/text.h"

/* The pattern that gives exactly a run of consecutive names in the current folder, with at least
 * two labels behind the star ("*.example.org"); NULL when there is none.  The caller's. */
char *globbed(const struct words *names);

#endif
