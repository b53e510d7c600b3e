/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* One of the two globals of the program: the source of time. */
static struct {
	bool own;
	int64_t ms, wall_ms;
	uint64_t seed;
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

static uint8_t own_octet(void) /* xorshift64*: a test wants the same every time */
{
	source.seed ^= source.seed >> 12;
	source.seed ^= source.seed << 25;
	source.seed ^= source.seed >> 27;
	return (uint8_t)((source.seed * 2685821657736338717ull) >> 56);
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
		if (n <= 0)
			abort();
		at += n;
		len -= (size_t)n;
	}
}

void clock_own(int64_t wall, uint32_t seed)
{
	source.own = true;
	source.ms = 1000;
	source.wall_ms = wall * 1000;
	source.seed = seed | 1u;
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

/* Offset "Z", "+hh:mm" or "-hh:mm" in seconds; false when it is none. */
static bool parse_offset(const char *s, int64_t *ret)
{
	int h, m, used = 0;

	*ret = 0;
	if (!strcmp(s, "Z") || !strcmp(s, "z"))
		return true;
	if ((*s != '+' && *s != '-') || sscanf(s + 1, "%2d:%2d%n", &h, &m, &used) != 2 ||
	    s[1 + used] || h < 0 || h > 23 || m < 0 || m > 59)
		return false;
	*ret = (*s == '+' ? 1 : -1) * (h * 3600 + m * 60);
	return true;
}

int64_t clock_parse_rfc3339(const char *s)
{
	struct tm tm = { 0 };
	int64_t offset;
	const char *at = strptime(s, "%Y-%m-%d", &tm);

	if (!at || (*at != 'T' && *at != 't' && *at != ' '))
		return -1;
	at = strptime(at + 1, "%H:%M:%S", &tm);
	if (!at)
		return -1;
	if (*at == '.')
		at += 1 + strspn(at + 1, "0123456789");
	if (!parse_offset(at, &offset))
		return -1;
	return (int64_t)timegm(&tm) - offset;
}

int64_t clock_parse_http(const char *s)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm = { 0 };
	char day[4], month[4];

	if (sscanf(s, "%3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT", day, &tm.tm_mday, month,
		   &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 7)
		return -1;
	for (size_t i = 0; i < sizeof(months) / sizeof(*months); i++) {
		if (strcmp(months[i], month))
			continue;
		tm.tm_mon = (int)i;
		tm.tm_year -= 1900;
		return (int64_t)timegm(&tm);
	}
	return -1;
}
