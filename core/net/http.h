/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * http.h - one HTTP exchange over the loop's curl multi handle.
 *
 * Pinned: https only (but see `local`), no redirects, verified TLS 1.2 or later, CA bundle always
 * set explicitly, connect 10 s, a reply slower than 100 octets/s for 20 s is an end (thinking
 * before the reply is not), no decompression, no cookies, no environment proxies, own caps on
 * body and headers (32 KiB, 200 lines).  One connection per host, HTTP/2 where offered; calls
 * wait for it rather than open another.  There is no Content-Type unless the call names one. */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/buf.h"
#include "base/status.h"
#include "base/text.h"
#include "net/loop.h"

struct http;
struct http_conf {
	const char *proxy; /* URL, "environment" or NULL for none; copied */
};
struct http *http_new(struct loop *, const struct http_conf *);
void http_free(struct http *);

#define HTTP_URL_MAX 2048
#define HTTP_TIMEOUT_S 60

struct http_call {
	/* asked; all borrowed until the call is over */
	const char *method, *url;
	const char *const *headers; /* "Name: value", NULL-ended; may be NULL */
	const char *body;           /* may be NULL */
	size_t body_len;
	const char *trust;   /* CA bundle file; NULL = the system's */
	size_t max_body;     /* octets of the reply; 0 = 64 KiB */
	unsigned timeout_s;  /* whole exchange; 0 = HTTP_TIMEOUT_S */
	const char *who;     /* "ca", "cloudflare": for log lines */
	bool once;           /* not to be sent again by libcurl itself, which does so unasked when a
			      * kept connection ends without a reply */
	bool local;          /* the URL may also be one that http_url_local() takes; no proxy */

	/* answered */
	struct story story; /* st SEAL_OK: a complete reply, whatever its status.
			     * SEAL_EAGAIN: no connection, cut, timeout.  SEAL_EPROTO: too big, not
			     * HTTP.  SEAL_EAUTH: never.  SEAL_EINVAL: bad URL, or TLS not
			     * trusted (hint names `trust`).  SEAL_ECANCELED. */
	long status;
	struct buf reply; /* the body */
	struct words reply_headers; /* "name: value", names in lower case */
	unsigned took_ms;
	bool sent; /* the request may have reached the server: a lost reply is possible */

	/* private */
	struct http *http;
	struct task *task;
	void *easy;
	void *curl_headers;
	size_t header_octets, header_lines, body_read;
	bool too_big, headers_too_big;
	int64_t began_ms;
	char error[256];
	struct list link;
};

/* Is this a URL we would ask?  https, at most 2048 printable octets, a host, no user, no fragment,
 * a port from 1 to 65535 if any. */
bool http_url_ok(const char *url);
/* Plain http to a numeric address that no packet leaves this host or link for: 127/8, ::1,
 * 169.254/16 (RFC 3927), fe80::/10 (RFC 4291), fd00:ec2::/32 (where a cloud keeps its instances'
 * metadata).  All else as above. */
bool http_url_local(const char *url);
void http_start(struct http *, struct http_call *, struct task *); /* expects; always done later */
/* Running: ends with SEAL_ECANCELED and task_done(), at once.  Else nothing. */
void http_cancel(struct http_call *);
void http_call_free(struct http_call *); /* the answer; cancels nothing; call may be reused */
/* nth (0...) header of this lower-case name, or NULL.  Borrowed. */
const char *http_header(const struct http_call *, const char *name, unsigned nth);
/* Retry-After in both forms (RFC 9110 10.2.3), against the reply's own Date; -1 when absent or no
 * sense, else seconds, 0..10^7. */
int64_t http_retry_after(const struct http_call *);
/* Content type without its parameters, lower case; "" when absent. */
const char *http_content_type(const struct http_call *, char out[80]);

/* TLS connections opened so far, for -vv, tests and benches. */
unsigned http_connects(const struct http *);

#endif
