/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/http_reply.h"

#include "base/clock.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOW_OCTETS_S = 100, /* a reply slower than this ... */
	SLOW_S = 20,	     /* ... for so long is given up */
};
#define RETRY_AFTER_MAX INT64_C(10000000)

static const char blanks[] = " \t\r\n";

static char *lower(char *s)
{
	for (char *at = s; *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return s;
}

/* "Name:  value \r\n" becomes "name: value".  Lines that are no header are left out: the empty
 * one at the end, and continuations (RFC 9112 5.2). */
static void keep(struct words *headers, const char *line, size_t len)
{
	scoped(free_p) char *name = str_part(line, len);
	char *value = strchr(name, ':');

	if (!value || value == name || strcspn(name, blanks) < (size_t)(value - name))
		return;
	*value++ = '\0';
	value += strspn(value, blanks);
	size_t n = strlen(value);
	while (n && strchr(blanks, value[n - 1]))
		n--;
	value[n] = '\0';
	scoped(free_p) char *header = str_printf("%s: %s", lower(name), value);
	words_add(headers, header);
}

/* Every line counts, those of interim replies (1xx) too: they could come without end. */
size_t http_take_header(char *line, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	size_t len = size * n;

	if (!c->header_lines++) {
		/* Not from the start: it would count the time the server thinks. */
		curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_OCTETS_S);
		curl_easy_setopt(c->easy, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	}
	c->header_octets += len;
	if (c->header_lines > HTTP_HEADER_LINES || c->header_octets > HTTP_HEADER_OCTETS) {
		c->headers_too_big = true;
		return 0;
	}
	if (len > 5 && !strncmp(line, "HTTP/", 5)) /* a new reply: the last was an interim one */
		words_free(&c->reply_headers);
	else
		keep(&c->reply_headers, line, len);
	return len;
}

size_t http_take_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;

	buf_add(&c->reply, data, size * n);
	c->too_big = c->reply.bad;
	return c->too_big ? 0 : size * n;
}

void http_call_free(struct http_call *c)
{
	if (!c)
		return;
	buf_free(&c->reply);
	words_free(&c->reply_headers);
	story_clear(&c->story);
	c->status = 0;
	c->took_ms = 0;
	c->sent = false;
}

const char *http_header(const struct http_call *c, const char *name, unsigned nth)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < c->reply_headers.n; i++) {
		const char *h = c->reply_headers.at[i];
		if (!strncmp(h, name, n) && h[n] == ':' && !nth--)
			return h + n + 2;
	}
	return NULL;
}

int64_t http_retry_after(const struct http_call *c)
{
	const char *after = http_header(c, "retry-after", 0), *date = http_header(c, "date", 0);

	if (!after || !*after)
		return -1;
	if (strspn(after, "0123456789") == strlen(after)) {
		uint64_t s = RETRY_AFTER_MAX;
		return parse_uint(after, RETRY_AFTER_MAX, &s) ? (int64_t)s : RETRY_AFTER_MAX;
	}
	int64_t at = clock_parse_http(after), now = date ? clock_parse_http(date) : -1;
	if (at < 0)
		return -1;
	at -= now < 0 ? clock_wall() : now;
	if (at < 0)
		return 0;
	return at < RETRY_AFTER_MAX ? at : RETRY_AFTER_MAX;
}

const char *http_content_type(const struct http_call *c, char out[80])
{
	const char *type = http_header(c, "content-type", 0);
	size_t n = type ? strcspn(type, "; \t") : 0;

	n = n < 80 ? n : 79;
	if (n)
		memcpy(out, type, n);
	out[n] = '\0';
	return lower(out);
}
