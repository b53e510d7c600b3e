/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * environ.h - settings from environment variables; secrets are taken out of it, so that neither
 * children nor /proc/PID/environ show them, and kept here for the next login that asks. */
#ifndef PROVIDER_ENVIRON_H
#define PROVIDER_ENVIRON_H

#include "base/status.h"

#include <stdbool.h>

/* Look through `names` (blank-separated), each also as NAME_FILE (a file's content, blanks at its
 * ends away).  Empty counts as not set.  *ret NULL: none is set; else the caller's, to be wiped.
 * SEAL_ECONFIG: they disagree (the sentence lists them), or a file cannot be read. */
enum seal_status environ_plain(const char *names, char **ret, struct story *) MUST_CHECK;
/* The same of the first that is set; what the others say does not count. */
enum seal_status environ_first(const char *names, char **ret, struct story *) MUST_CHECK;
/* As environ_plain, and the variables are gone from the environment after. */
enum seal_status environ_secret(const char *names, char **ret, struct story *) MUST_CHECK;
void environ_forget(void); /* wipe what was taken */

#endif
