/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * log.h - the talk: context first, one line an event, secrets struck out by value.
 *
 * Only engine and app log; base, net, crypto, acme and dns return what happened (net/http logs its
 * exchanges at LOG_HTTP).  Thread safe. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/status.h"

#include <stdbool.h>

enum log_level { LOG_ERROR = 0, LOG_WARN, LOG_INFO, LOG_DETAIL, LOG_HTTP };

/* LOG_INFO until set; -q LOG_WARN, -v LOG_DETAIL, -vv LOG_HTTP. */
void log_level_set(enum log_level);
bool log_is_on(enum log_level);

/* Where lines go; LOG_TO_STDERR until said.  With the other two a person at a terminal sees all of
 * it all the same, and any other stderr the errors.
 *
 * path   of the file, appended to and made with mode 0640 when missing; of the journal's socket,
 *        NULL for the usual one (systemd-journald.service(8)), also for LOG_TO_STDERR
 * Fails with SEAL_ECONFIG and leaves everything as it was. */
enum log_target { LOG_TO_STDERR, LOG_TO_JOURNAL, LOG_TO_FILE };
enum seal_status log_open(enum log_target, const char *path, struct story *) MUST_CHECK;
void log_close(void); /* back to stderr */
/* Text: in a file with time and level before it.  JSON: {"v":1,"t":"2026-11-21T09:22:30Z",
 * "level":"info","message":"..."}; the journal has fields of its own and gets the message. */
enum log_format { LOG_TEXT, LOG_JSON };
void log_format_set(enum log_format);

/* One line; a final newline is added, what is not fit to show becomes \xHH (base/text.h).  When
 * stderr is the journal ($JOURNAL_STREAM names its device and inode) it goes to the journal's
 * socket with its priority; where there is none, or as JSON, to stderr with "<n>" before it. */
void log_line(enum log_level, const char *fmt, ...) PRINTF(2, 3);
void log_vline(enum log_level, const char *fmt, va_list) PRINTF(2, 0);
/* The terminal block that must be taken away before a line is written and drawn again after it;
 * NULL for none.  Both run in the thread that logs, one line at a time; they may call log_scrub. */
void log_screen(void (*hide)(void *), void (*show)(void *), void *arg);
/* The block says what lines would: of those only the ones this grave or graver are shown above it,
 * until the next log_screen(); what is kept elsewhere is all kept. */
void log_screen_most(enum log_level);

/* Register a secret: from now on every line shows *** in its place, also of its base64
 * (within a longer text too), URL-escaped and hexadecimal forms, and of what is left of it when a
 * line was cut short.  Shorter than 6 octets: ignored.  log_scrub gives a copy of `text` without
 * the secrets; the caller's. */
void log_secret(const char *value);
char *log_scrub(const char *text);
void log_forget(void); /* wipe all secrets, at the end */

#endif
