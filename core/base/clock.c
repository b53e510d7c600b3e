/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/clock.h"

#include "base/scope.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* One of the two globals of the program: the source of time.  Workers read it too. */
static struct {
	bool own;
	_Atomic int64_t ms, wall_ms;
	_Atomic uint64_t seed;
} source;

int64_t clock_ms(void)
{
	struct timespec t;

	if (source.own)
		return source.ms;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall(void)
{
	return source.own ? source.wall_ms / 1000 : (int64_t)time(NULL);
}

static uint8_t own_octet(void) /* splitmix64: a test wants the same every time */
{
	uint64_t z = atomic_fetch_add(&source.seed, 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint8_t)(z ^ z >> 31);
}

void clock_random(void *out, size_t len)
{
	uint8_t *at = out;

	if (source.own) {
		while (len--)
			*at++ = own_octet();
		return;
	}
	while (len) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno != EINTR)
			abort();
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

void clock_own(int64_t wall, uint32_t seed)
{
	source.own = true;
	source.ms = 1000;
	source.wall_ms = wall * 1000;
	source.seed = seed;
}

bool clock_is_own(void)
{
	return source.own;
}

void clock_advance(int64_t ms)
{
	source.ms += ms;
	source.wall_ms += ms;
}

const char *clock_rfc3339(int64_t wall, char out[RFC3339_LEN])
{
	time_t t = (time_t)wall;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, RFC3339_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(out, RFC3339_LEN, "-");
	return out;
}

/* Does text begin like this pattern: 'd' a digit, 'a' a letter, others themselves? */
static bool looks_like(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++) {
		bool digit = *text >= '0' && *text <= '9';
		bool letter = (*text | 32) >= 'a' && (*text | 32) <= 'z';
		if (*pattern == 'd' ? !digit : *pattern == 'a' ? !letter : *text != *pattern)
			return false;
	}
	return true;
}

static int number(const char *digits, int n)
{
	int v = 0;

	while (n--)
		v = v * 10 + (*digits++ - '0');
	return v;
}

/* Seconds since 1970, -1 for a day or time that no calendar has. */
static int64_t moment(int year, int month, int day, const char *time)
{
	int h = number(time, 2), m = number(time + 3, 2), s = number(time + 6, 2);
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
	int64_t midnight = (int64_t)timegm(&tm);

	if (tm.tm_mon != month - 1 || h > 23 || m > 59 || s > 60)
		return -1;
	return midnight + h * 3600 + m * 60 + s;
}

/* Offset "Z", "+hh:mm" or "-hh:mm" in seconds; false when it is none. */
static bool parse_offset(const char *s, int64_t *ret)
{
	*ret = 0;
	if (!strcmp(s, "Z") || !strcmp(s, "z"))
		return true;
	if ((*s != '+' && *s != '-') || strlen(s) != 6 || !looks_like(s + 1, "dd:dd"))
		return false;
	int h = number(s + 1, 2), m = number(s + 4, 2);
	*ret = (*s == '+' ? 1 : -1) * (h * 3600 + m * 60);
	return h < 24 && m < 60;
}

int64_t clock_parse_rfc3339(const char *s)
{
	int64_t offset;

	if (!looks_like(s, "dddd-dd-dd") || !s[10] || !strchr("Tt ", s[10]) ||
	    !looks_like(s + 11, "dd:dd:dd"))
		return -1;
	const char *at = s + 19;
	if (*at == '.' && looks_like(at + 1, "d"))
		at += 1 + strspn(at + 1, "0123456789");
	int64_t local = moment(number(s, 4), number(s + 5, 2), number(s + 8, 2), s + 11);
	if (local < 0 || !parse_offset(at, &offset) || local < offset)
		return -1;
	return local - offset;
}

int64_t clock_parse_http(const char *s)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	if (!looks_like(s, "aaa, dd aaa dddd dd:dd:dd GMT") || s[29])
		return -1;
	for (size_t i = 0; i < COUNT(months); i++)
		if (!strncmp(months[i], s + 8, 3))
			return moment(number(s + 12, 4), (int)i + 1, number(s + 5, 2), s + 17);
	return -1;
}
