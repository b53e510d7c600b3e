/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * source.h - where a value comes from: every value of the configuration, and every --set, may be
 *
 *   file:PATH      content of a file; one newline at its end is dropped
 *   cred:NAME      $CREDENTIALS_DIRECTORY/NAME (systemd)
 *   env:NAME       environment variable
 *   cmd:PROGRAM ARGS   first 64 KiB that a program prints; no shell, 10 s
 *   literal:TEXT   the text itself, even when it looks like one of these
 *
 * Maddy's {env:X} and Stalwart's %{file:/x}% are read as env:X and file:/x. */
#ifndef APP_SOURCE_H
#define APP_SOURCE_H

#include "base/status.h"

#include <stdbool.h>

#define SOURCE_MAX 65536u /* octets of a value */
#define SOURCE_CMD_MS 10000

enum source_kind { SOURCE_PLAIN, SOURCE_FILE, SOURCE_CRED, SOURCE_ENV, SOURCE_CMD, SOURCE_LITERAL };
enum source_kind source_kind(const char *text);
/* Is the value written down where others may see it (plain or literal:)? */
bool source_is_literal(const char *text);

enum source_use {
	SOURCE_OPEN,   /* no secret */
	SOURCE_SECRET, /* a file that group or others can use, or that a third owns, is refused */
};
/* dir: where relative paths begin; NULL = the current directory.  *ret is the caller's (wipe_p).
 * SEAL_ECONFIG: nothing there, refused, empty. */
enum seal_status source_read(const char *text, const char *dir, enum source_use, char **ret,
			     struct story *) MUST_CHECK;

#endif
