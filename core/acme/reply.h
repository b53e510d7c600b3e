/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * reply.h - what came back from a CA: of the right kind, a refusal, or worth another try. */
#ifndef ACME_REPLY_H
#define ACME_REPLY_H

#include "acme/ca.h"
#include "acme/problem.h"

#define AGAIN_TRIES 3
#define AGAIN_WAIT_MAX_S 10

/* Read a finished exchange.  SEAL_OK: 2xx, and *ret the JSON of its body (NULL when it is empty,
 * or accept asks for another type).  A type that nobody asked for is SEAL_EPROTO; refusals have the
 * class of their problem document, or of their status; retry_at is filled in. */
enum seal_status reply_read(const struct http_call *, const char *accept, struct json_object **ret,
			    struct problem *ret_problem, struct story *) MUST_CHECK;

/* Milliseconds to wait before the same request is sent again, -1: it shall not be.  Lost replies
 * and 5xx: three tries.  503 and 429 that name a moment within 10 s: waited out once. */
int64_t again_ms(struct again *, const struct http_call *);
/* The next of these pauses, for a failure that is transient whatever its status; -1: no more. */
int64_t again_pause_ms(struct again *);

#endif
