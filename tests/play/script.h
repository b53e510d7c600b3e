/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * script.h - a play as written: what is given, who says what to whom, how it ends.  The format is
 * in README. */
#ifndef PLAY_SCRIPT_H
#define PLAY_SCRIPT_H

#include "base/status.h"
#include "base/text.h"

#include <stdint.h>

struct beat { /* one request and its reply */
	char *where;      /* "happy.play:12" */
	int64_t after_ms; /* since the beat before; -1: whenever */
	char *request;    /* "POST /order/1", "append example.org" */
	char *payload;    /* JSON, or records one a line; "" when there is none */
	char *reply;      /* first line: "201 /order/1", "403 caa \"no\"", "lost", "ok" */
	char *headers;    /* of the reply, one a line */
	char *body;
};
struct fact { /* "zone example.org": what is so before the curtain rises */
	char *word, *rest, *where;
};
struct script {
	char *title;
	size_t n_facts, n_beats;
	struct fact *facts;
	struct beat *beats;
	char *end;     /* "ok", "limit" */
	char *end_says;/* part of the sentence; "" */
	int64_t end_retry_s; /* -1: not said */

	/* of the reader */
	struct words let; /* name, text, name, text, ... */
};
/* False: cannot be read, and `wrong` says where and why. */
bool script_read(struct script *, const char *path, char wrong[300]);
void script_free(struct script *);

#endif
