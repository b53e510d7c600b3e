/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * text.h - words: cleaning what comes from outside, splitting, comparing, guessing. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/scope.h"

#include <stdbool.h>
#include <stdint.h>

/* A foreign string made safe to show: one line, printable ASCII and well-formed UTF-8 letters
 * stay, everything else (controls, escapes, bidirectional marks) becomes \xHH; at most max octets,
 * then "...".  The caller's to free. */
char *text_clean(const char *s, size_t len, size_t max);
#define TEXT_CLEAN_MAX 300
/* The same into an array of the caller's, for sentences. */
const char *text_clean_to(const char *s, char *out, size_t out_size);
#define clean(s) text_clean_to((s), (char[TEXT_CLEAN_MAX]){ 0 }, TEXT_CLEAN_MAX)

/* Octets of the well-formed UTF-8 sequence at s, its code point in ret; 0 if there is none. */
size_t text_utf8_at(const uint8_t *s, size_t len, uint32_t *ret);
bool text_is_utf8(const char *s, size_t len); /* well-formed throughout (RFC 3629) */

/* Blank-separated words.  words_free accepts NULL. */
struct words {
	char **at;
	size_t n;
};
void words_add(struct words *, const char *word);
void words_split(struct words *, const char *text);
bool words_has(const struct words *, const char *word);
void words_free(struct words *);
char *words_join(const struct words *, const char *between); /* the caller's */

/* '-' and '_' are the same, upper and lower case differ. */
bool word_same(const char *a, const char *b);
/* The word of `known` (n of them) nearest to `word`, or NULL when none is near (edit distance at
 * most 2 and less than half its length). */
const char *word_nearest(const char *word, const char *const *known, size_t n);

/* Numbers and units.  All false when it is none or out of range. */
bool parse_uint(const char *s, uint64_t max, uint64_t *ret);
bool parse_bool(const char *s, bool *ret);            /* yes no on off true false */
bool parse_duration(const char *s, uint32_t *ret_s);  /* 90 90s 20m 12h 21d 2w */
const char *show_duration(int64_t s, char out[32]);   /* "1m12s", "41d" */
bool starts_with(const char *s, const char *prefix);

#endif
