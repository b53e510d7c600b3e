/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * http_failure.h - what curl says of a failed exchange, as class, sentence and hint; for http.c. */
#ifndef NET_HTTP_FAILURE_H
#define NET_HTTP_FAILURE_H

#include "net/http.h"

/* What all calls of one struct http share. */
struct http_way {
	char *proxy;	    /* URL, "environment" or NULL */
	const char *bundle; /* the system's CA certificates */
};

/* Fills call->story.  code: a CURLcode other than CURLE_OK.  call->easy is still open, took_ms
 * set. */
enum seal_status http_fail(struct http_call *, int code, const struct http_way *);

#endif
