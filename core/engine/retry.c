/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/retry.h"

#include "base/clock.h"

#include <string.h>

#define HOUR_S 3600
#define DAY_S 86400
#define LIFE_PARTS 40		/* tries that a life has room for at least */
#define NAMED_MAX_S (7 * DAY_S) /* a moment that the other side names is obeyed this far */
#define WAIT_UNNAMED_S HOUR_S	/* it wants us to wait and does not say how long */

/* By number of failures in a row; the last one stays.  To ask a CA that is down costs nothing, and
 * twice a day meets one that is up for a single day, also with a timer that comes every six hours.
 */
static const int64_t steps_s[][4] = {
	[BLAME_CA] = { 60, 600, 6000, 12 * HOUR_S },
	[BLAME_LOCAL] = { 60, 600, 6000, DAY_S },
	[BLAME_HANDS] = { DAY_S, DAY_S, DAY_S, DAY_S },
	[BLAME_NONE] = { 60, 60, 60, 60 },
};
/* The most when little time is left; a validation costs more than a request. */
static const int64_t urgent_s[] = {
	[BLAME_CA] = HOUR_S,
	[BLAME_LOCAL] = 4 * HOUR_S,
	[BLAME_HANDS] = 4 * HOUR_S,
	[BLAME_NONE] = 60,
};

static const struct {
	enum seal_status st;
	enum blame blame;
} classes[] = {
	{ SEAL_EAGAIN, BLAME_CA },	    { SEAL_ELIMIT, BLAME_CA },
	{ SEAL_EPROTO, BLAME_CA },	    { SEAL_EAUTH, BLAME_HANDS },
	{ SEAL_ENOTFOUND, BLAME_HANDS },    { SEAL_EINVAL, BLAME_HANDS },
	{ SEAL_EUNSUPPORTED, BLAME_HANDS }, { SEAL_ECONFIG, BLAME_HANDS },
	{ SEAL_EOPERATOR, BLAME_HANDS },    { SEAL_ESTORAGE, BLAME_HANDS },
	{ SEAL_ELOCKED, BLAME_NONE },	    { SEAL_ECANCELED, BLAME_NONE },
};

/* What the CA says of our DNS, as RFC 8555 6.7 names it. */
static const char *const local_problems[] = { "dns", "connection", "incorrectResponse",
					      "unauthorized", "tls" };

enum blame retry_blame(const struct story *failure)
{
	for (size_t i = 0; i < COUNT(local_problems); i++)
		if (!strcmp(failure->problem, local_problems[i]))
			return BLAME_LOCAL;
	for (size_t i = 0; i < COUNT(classes); i++)
		if (classes[i].st == failure->st)
			return classes[i].blame;
	return BLAME_HANDS;
}

static int64_t at_most(int64_t n, int64_t max)
{
	return n > max ? max : n;
}

/* A tenth more or less, so that many hosts do not come back together. */
static int64_t jitter(int64_t s)
{
	uint16_t r;

	clock_random(&r, sizeof(r));
	return s - s / 10 + s / 5 * r / UINT16_MAX;
}

int64_t retry_at(const struct story *failure, const struct retry *r, int64_t now)
{
	size_t nth = r->failures > 1 ? (size_t)(r->failures - 1) : 0;
	int64_t pause_s = steps_s[r->blame][nth < COUNT(steps_s[0]) ? nth : COUNT(steps_s[0]) - 1];

	if (failure->st == SEAL_ELIMIT && !failure->retry_at && pause_s < WAIT_UNNAMED_S)
		pause_s = WAIT_UNNAMED_S;
	if (r->life_s > 0)
		pause_s = at_most(pause_s, r->life_s / LIFE_PARTS);
	if (r->urgent && r->left_s > 0)
		pause_s = at_most(pause_s, urgent_s[r->blame]);
	int64_t at = now + jitter(pause_s > 60 ? pause_s : 60);
	int64_t named = at_most(failure->retry_at, now + NAMED_MAX_S);
	return named > at ? named : at;
}
