/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * mock_resolve.h - net/resolve.h answered from a script, in the test's own time.
 *
 * A reply is "silence", "unreachable", "garbage", or a first line of words (an rcode, "aa") and
 * then records, one a line: SECTION OWNER TYPE DATA, SECTION being an, au or ar, OWNER "@" the name
 * asked for, the TTL always 300.  TYPEn takes any octets: "an @ TYPE16 \# 3 01 61 00".
 *
 *   mock_says("192.0.2.1:53", "example.org", "SOA", "NOERROR aa\nan @ SOA ns1 h 42 1 1 1 300");
 *
 * Server and type may be "*", a name "*.example.org" stands for all below it.  Of several that
 * match the one said last counts; nothing said is silence. */
#ifndef TESTS_MOCK_RESOLVE_H
#define TESTS_MOCK_RESOLVE_H

#include "net/resolve.h"

void mock_reset(void); /* forget everything; the clock is the test's from now on */
void mock_says(const char *server, const char *name, const char *type, const char *reply);
/* The same from so many milliseconds after mock_reset(). */
void mock_later(int64_t at_ms, const char *server, const char *name, const char *type,
		const char *reply);
int64_t mock_ms(void); /* since mock_reset() */

/* Questions asked; "*" as above. */
unsigned mock_asked(const char *server, const char *name, const char *type);
unsigned mock_recursive(void); /* of all, those with RD=1 */
unsigned mock_most(void);      /* under way at the same moment */
unsigned mock_under_way(void);

/* Run task until it has no more to wait for.  False: it never would. */
struct mock_wait {
	struct task task;
	bool done;
};
void mock_wait_init(struct mock_wait *, struct loop *);

#endif
