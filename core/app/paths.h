/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * paths.h - where things are when nobody says so: the system's folders for root, the user's own
 * (XDG base directories) for everybody else. */
#ifndef APP_PATHS_H
#define APP_PATHS_H

#include "app/configuration.h"
#include "app/options.h"

/* --config, $DNSEAL_CONFIG, or the usual place; the caller's.  NULL: no HOME (the story tells). */
char *path_config(const struct options *, struct story *);
/* NULL: no HOME. */
const char *path_state(struct arena *);

#endif
