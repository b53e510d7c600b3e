/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * log.h - the talk on stderr: context first, one line an event, secrets struck out by value.
 *
 * Only engine and app log; base, net, crypto, acme and dns return what happened (net/http logs its
 * exchanges at LOG_HTTP).  Thread safe. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/scope.h"

#include <stdbool.h>

enum log_level { LOG_ERROR = 0, LOG_WARN, LOG_INFO, LOG_DETAIL, LOG_HTTP };

/* LOG_INFO until set; -q LOG_WARN, -v LOG_DETAIL, -vv LOG_HTTP. */
void log_level_set(enum log_level);
bool log_is_on(enum log_level);
/* One line; a final newline is added, what is not fit to show becomes \xHH (base/text.h).  It
 * starts with "<n>" when stderr is the journal: $JOURNAL_STREAM names its device and inode. */
void log_line(enum log_level, const char *fmt, ...) PRINTF(2, 3);
void log_vline(enum log_level, const char *fmt, va_list) PRINTF(2, 0);
/* The terminal block that must be taken away before a line is written and drawn again after it;
 * NULL for none.  Both run in the thread that logs, one line at a time; they may call log_scrub. */
void log_screen(void (*hide)(void *), void (*show)(void *), void *arg);

/* Register a secret: from now on every line shows *** in its place, also of its base64
 * (within a longer text too), URL-escaped and hexadecimal forms, and of what is left of it when a
 * line was cut short.  Shorter than 6 octets: ignored.  log_scrub gives a copy of `text` without
 * the secrets; the caller's. */
void log_secret(const char *value);
char *log_scrub(const char *text);
void log_forget(void); /* wipe all secrets, at the end */

#endif
