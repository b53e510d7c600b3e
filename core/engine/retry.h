/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * retry.h - what a failure means for the next try.  Pure: no clock but `now`. */
#ifndef ENGINE_RETRY_H
#define ENGINE_RETRY_H

#include "base/status.h"

#include <stdbool.h>

enum blame {
	BLAME_CA,    /* unreachable, broken, overloaded, or we shall wait: another CA may do */
	BLAME_LOCAL, /* validation, DNS, propagation: the test CA would fail the same way */
	BLAME_HANDS, /* configuration, credentials, CAA, names, disk: an operator must act */
	BLAME_NONE   /* interrupted, locked: no failure of the certificate's */
};
/* By class and problem.  Where it happened the caller knows better: what is the CA's by its class,
 * but failed at our own DNS, is local. */
enum blame retry_blame(const struct story *);

struct retry {
	enum blame blame;
	int64_t failures; /* in a row, with this one; 1.. */
	int64_t life_s;	  /* of the certificate; 0: none is live */
	int64_t left_s;	  /* of its life; 0 or less: none is live, or it is over */
	bool urgent;	  /* struct decision's */
};
/* When to try again, wall clock: 1 min, 10 min, 100 min, then daily (BLAME_CA: every 12 h), a tenth
 * more or less; BLAME_HANDS daily at once; never more than a fortieth of the life apart.  With
 * urgent every hour when the CA is to blame, every 4 h otherwise.  Never before the moment that the
 * other side named (at most 7 days ahead). */
int64_t retry_at(const struct story *failure, const struct retry *, int64_t now);

#endif
