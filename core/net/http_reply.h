/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * http_reply.h - what curl hands over of a reply, taken within bounds; for http.c. */
#ifndef NET_HTTP_REPLY_H
#define NET_HTTP_REPLY_H

#include "net/http.h"

enum {
	HTTP_BODY_MAX = 64 << 10, /* when the call names no other */
	HTTP_HEADER_OCTETS = 32 << 10,
	HTTP_HEADER_LINES = 200,
};

/* CURLOPT_HEADERFUNCTION and CURLOPT_WRITEFUNCTION; the last argument is the call. */
size_t http_take_header(char *line, size_t size, size_t n, void *call);
size_t http_take_body(char *data, size_t size, size_t n, void *call);

#endif
