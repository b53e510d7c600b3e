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

void log_level_set(enum log_level); /* LOG_INFO until set; -q LOG_WARN, -v LOG_DETAIL, -vv LOG_HTTP */
bool log_is_on(enum log_level);
/* One line; a final newline is added.  Under systemd ($JOURNAL_STREAM) it starts with "<n>". */
void log_line(enum log_level, const char *fmt, ...) PRINTF(2, 3);
void log_vline(enum log_level, const char *fmt, va_list) PRINTF(2, 0);
/* The terminal block that must be taken away before a line is written and drawn again after it;
 * NULL for none. */
void log_screen(void (*hide)(void *), void (*show)(void *), void *arg);

/* Register a secret: from now on every line shows *** in its place, also of its base64 and
 * URL-escaped forms.  Shorter than 6 octets: ignored.  log_scrub gives a copy of `text` without
 * the secrets; the caller's. */
void log_secret(const char *value);
char *log_scrub(const char *text);
void log_forget(void); /* wipe all secrets, at the end */

#endif
