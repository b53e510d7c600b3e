/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * trigger.h - files STATE/trigger/CERT: "look at CERT now".  Whoever may write there may say so;
 * what is in the file does not matter, and it is removed when it was seen. */
#ifndef APP_TRIGGER_H
#define APP_TRIGGER_H

#include "store/store.h"

struct trigger {
	int fd; /* readable when there may be something to take; -1 */
	char *dir;
};
/* Makes the folder (0700) when it is missing. */
enum seal_status trigger_start(struct trigger *, const struct store *, struct story *) MUST_CHECK;
/* Names of certificates that were asked for, each once. */
void trigger_take(struct trigger *, struct words *ret);
void trigger_stop(struct trigger *);

#endif
