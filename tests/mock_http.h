/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * mock_http.h - net/http.h without a network: each request is shown to a function of the test,
 * which answers it, loses it or lets it hang.  Replies take delay_ms of the loop's time. */
#ifndef TESTS_MOCK_HTTP_H
#define TESTS_MOCK_HTTP_H

#include "net/http.h"

#define MOCK_DELAY_MS 20
extern unsigned mock_http_delay_ms; /* every reply takes so long; MOCK_DELAY_MS until set */

typedef void mock_answer(void *arg, struct http_call *);
void mock_http(struct http *, mock_answer *, void *arg);

/* For the answering function, once a request at most; neither: it hangs until it is canceled. */
void mock_reply(struct http_call *, long status, const char *headers, const char *body);
/* One more header for the reply. */
void mock_header(struct http_call *, const char *name, const char *value);
void mock_lose(struct http_call *, enum seal_status, bool sent);

#endif
