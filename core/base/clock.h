/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * clock.h - all time and all randomness of the program, so that a test may own both. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_ms(void);   /* monotonic, milliseconds; for every wait */
int64_t clock_wall(void); /* seconds since 1970; for dates only */
void clock_random(void *out, size_t len);

/* A test's own time: stands still until moved.  The loop then never blocks for a timer but moves
 * the clock to the next one. */
void clock_own(int64_t wall, uint32_t seed);
bool clock_is_own(void);
void clock_advance(int64_t ms);

#define RFC3339_LEN 32
/* "2026-11-21T02:40:11Z"; returns out. */
const char *clock_rfc3339(int64_t wall, char out[RFC3339_LEN]);
/* Seconds since 1970 of an RFC 3339 time; -1 when it is none. */
int64_t clock_parse_rfc3339(const char *s);
/* The same of an HTTP date in IMF-fixdate form (RFC 9110 5.6.7). */
int64_t clock_parse_http(const char *s);

#endif
