/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * resolve.h - one question to one named server over c-ares; the raw reply out.
 *
 * A fresh channel for each question, so that c-ares 1.34's cache cannot answer, and ares_send(),
 * which is the same in 1.18 and 1.34.  UDP, then TCP when truncated.  c-ares is used nowhere
 * else. */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "base/scope.h"
#include "net/loop.h"

#include <stddef.h>
#include <stdint.h>

#define SERVER_LEN 64 /* "192.0.2.1:53", "[2001:db8::1]:53" */

enum answer_kind {
	ANSWER_NONE = 0, /* still waiting */
	ANSWER_REPLY,    /* a message; not yet read */
	ANSWER_SILENT,   /* no reply in time */
	ANSWER_UNREACHABLE, /* refused, no route, family not available here */
	ANSWER_BAD,      /* a reply that is no DNS message */
	ANSWER_CANCELED,
};

struct question {
	/* asked */
	char server[SERVER_LEN];
	const uint8_t *query; /* from wire_query(); borrowed until the answer */
	size_t query_len;
	bool tcp;
	unsigned timeout_ms; /* of the first try; 0 = 1500.  The second waits twice as long */
	unsigned tries;      /* 0 = 2 */

	/* answered */
	enum answer_kind kind;
	uint8_t *reply; /* the question's; question_free() */
	size_t reply_len;
	unsigned took_ms;

	/* private */
	struct task *task;
	void *channel;
	int64_t began_ms;
};

void question_start(struct question *, struct task *); /* expects; always done later */
/* Running: ANSWER_CANCELED and task_done(), at once.  Else nothing. */
void question_cancel(struct question *);
void question_free(struct question *);   /* the reply; may be asked again */

/* "HOST", "HOST:PORT", "[V6]", "[V6]:PORT", "V6" where HOST is an address; the result is the one
 * way to write it, with port 53 when none was given.  False when it is none. */
bool server_parse(const char *text, char ret[SERVER_LEN]);

#endif
