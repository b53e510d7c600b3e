/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * status.h - how things fail: the return value carries the class, the context the sentence.
 *
 * Every object that can fail for outside reasons embeds `struct story story;`; fail(x, CLASS, ...)
 * writes the sentence there and returns the class.  Callers pass a sentence up with fail_from()
 * and add words only when they know something new.  Sentences name the thing, what was tried and
 * what came back; text from outside goes through text_clean() (base/text.h) on the way in. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include "base/scope.h"

#include <dnseal/provider.h>

struct story {
	enum seal_status st;
	char text[600];
	char hint[300];       /* what to do about it; "" when nothing is known */
	char problem[64];     /* type of the ACME problem behind it (RFC 8555 6.7); "": none */
	int64_t retry_at;     /* wall clock, seconds; 0 = the other side named no moment */
};

/* fail(o, SEAL_EPROTO, "order has no finalize URL"): o is a pointer with a member `story`. */
#define fail(x, ...) story_fail(&(x)->story, __VA_ARGS__)
#define fail_from(x, other) story_copy(&(x)->story, &(other)->story)
#define hint(x, ...) story_hint(&(x)->story, __VA_ARGS__)

enum seal_status story_fail(struct story *, enum seal_status, const char *fmt, ...) PRINTF(3, 4);
enum seal_status story_vfail(struct story *, enum seal_status, const char *fmt, va_list)
	PRINTF(3, 0);
enum seal_status story_copy(struct story *to, const struct story *from); /* returns from->st */
/* Put words before the sentence: "cloudflare: " + what it was. */
enum seal_status story_prefix(struct story *, const char *fmt, ...) PRINTF(2, 3);
void story_hint(struct story *, const char *fmt, ...) PRINTF(2, 3);
void story_clear(struct story *);

const char *status_name(enum seal_status); /* "auth", "limit", ... for logs and --json */

#endif
