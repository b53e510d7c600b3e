/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host_sign.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include "provider/host.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define PARTS_MAX 256 /* of a query, and headers */

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* Those that signing adds; of an earlier signature they go first. */
static const char *const ours[] = { "x-amz-date", "x-amz-security-token", "authorization" };

/* -- the URL */

struct url_parts { /* inside the URL */
	const char *host, *path, *query;
	size_t host_len, path_len;
};

static const struct {
	const char *begin, *port; /* the port goes without saying */
} schemes[] = { { "https://", ":443" }, { "http://", ":80" } };

static bool take_apart(const char *url, struct url_parts *ret)
{
	size_t i = 0;

	while (i < COUNT(schemes) && !starts_with(url, schemes[i].begin))
		i++;
	if (i == COUNT(schemes) || strpbrk(url, "#@ "))
		return false;
	const char *host = url + strlen(schemes[i].begin), *path = host + strcspn(host, "/?");
	size_t n = (size_t)(path - host), port = strlen(schemes[i].port);
	if (n > port && !strncmp(path - port, schemes[i].port, port))
		n -= port;
	*ret = (struct url_parts){ .host = host, .host_len = n, .path = path };
	ret->path_len = strcspn(path, "?");
	ret->query = path + ret->path_len + (path[ret->path_len] == '?');
	return n != 0;
}

static void put_escaped(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) { /* RFC 3986 2.3 */
		unsigned char c = (unsigned char)s[i];
		bool plain = isalnum(c) || (c && strchr("-._~", c));
		buf_printf(b, plain ? "%c" : "%%%02X", c);
	}
}

/* Forget the last segment of "/a/b". */
static void go_up(struct buf *b)
{
	const char *slash = b->len ? strrchr(b->data, '/') : NULL;

	if (slash) {
		b->len = (size_t)(slash - b->data);
		b->data[b->len] = '\0';
	}
}

/* No dot segments (RFC 3986 5.2.4) and no empty ones, but a final slash stays; what is escaped on
 * the wire is escaped once more. */
static char *canonical_path(struct arena *a, const char *path, size_t len)
{
	struct buf b = { 0 };
	bool open = true; /* it ends with a slash */

	for (size_t at = 0, n; at < len; at += n) {
		at += path[at] == '/';
		n = strcspn(path + at, "/?");
		bool here = n == 1 && path[at] == '.', up = n == 2 && !memcmp(path + at, "..", 2);
		open = !n || here || up;
		if (up)
			go_up(&b);
		if (open)
			continue;
		buf_str(&b, "/");
		put_escaped(&b, path + at, n);
	}
	char *ret = arena_printf(a, "%s%s", buf_text(&b), open || !b.len ? "/" : "");
	buf_free(&b);
	return ret;
}

struct part { /* "name" and "value" in canonical form */
	char *name, *value;
	size_t place; /* headers of one name stay in order */
};

struct parts {
	struct part at[PARTS_MAX];
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int names = strcmp(x->name, y->name);

	return names ? names : x->place < y->place ? -1 : 1;
}

static int by_name_and_value(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int names = strcmp(x->name, y->name);

	return names ? names : strcmp(x->value, y->value);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The wire's escapes undone and put in again, in the one form that counts. */
static char *query_word(struct arena *a, const char *s, size_t n)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++) {
		int high = s[i] == '%' && i + 2 < n ? hex_digit(s[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(s[i + 2]) : -1;
		char c = low >= 0 ? (char)(high << 4 | low) : s[i];
		put_escaped(&b, &c, 1);
		i += low >= 0 ? 2 : 0;
	}
	char *ret = arena_str(a, buf_text(&b));
	buf_free(&b);
	return ret;
}

static bool canonical_query(struct arena *a, const char *query, char **ret)
{
	struct parts *p = arena_new(a, sizeof(*p));
	struct buf b = { 0 };

	for (size_t n; *query; query += n + (query[n] == '&')) {
		n = strcspn(query, "&");
		size_t name = strcspn(query, "=&");
		if (!n)
			continue;
		if (p->n == PARTS_MAX)
			return false;
		struct part *q = &p->at[p->n++];
		q->name = query_word(a, query, name);
		q->value = query_word(a, query + name + (name < n), n - name - (name < n));
	}
	qsort(p->at, p->n, sizeof(*p->at), by_name_and_value);
	for (size_t i = 0; i < p->n; i++)
		buf_printf(&b, "%s%s=%s", i ? "&" : "", p->at[i].name, p->at[i].value);
	*ret = arena_str(a, buf_text(&b));
	buf_free(&b);
	return true;
}

/* -- headers */

/* No blanks at the ends and single ones inside. */
static char *squeezed(struct arena *a, const char *s, size_t n)
{
	char *ret = arena_new(a, n + 1), *to = ret;

	for (size_t i = 0; i < n; i++) {
		bool blank = s[i] == ' ' || s[i] == '\t';
		if (!blank)
			*to++ = s[i];
		else if (to != ret && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to != ret && to[-1] == ' ')
		*--to = '\0';
	return ret;
}

static bool add_header(struct arena *a, struct parts *p, const char *name, size_t name_len,
		       const char *value, size_t value_len)
{
	char *lower = arena_copy(a, name, name_len), *text = squeezed(a, value, value_len);

	if (p->n == PARTS_MAX)
		return false;
	if (!*text)
		return true; /* it is not sent at all */
	for (char *at = lower; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	p->at[p->n] = (struct part){ lower, text, p->n };
	p->n++;
	return true;
}

static bool gather(struct arena *a, const char *const *headers, const struct url_parts *url,
		   struct parts *ret)
{
	bool has_host = false;

	for (const char *const *h = headers; h && *h; h++) {
		size_t n = strcspn(*h, ":");
		has_host = has_host || (n == 4 && !strncasecmp(*h, "host", 4));
		if (!(*h)[n] || !add_header(a, ret, *h, n, *h + n + 1, strlen(*h + n + 1)))
			return false;
	}
	if (!has_host && !add_header(a, ret, "host", 4, url->host, url->host_len))
		return false;
	qsort(ret->at, ret->n, sizeof(*ret->at), by_name);
	return true;
}

/* Headers of one name are one line. */
static char *header_lines(struct arena *a, const struct parts *p, char **ret_names)
{
	struct buf lines = { 0 }, names = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		bool more = i && !strcmp(p->at[i].name, p->at[i - 1].name);
		if (more)
			buf_printf(&lines, ",%s", p->at[i].value);
		else
			buf_printf(&lines, "%s%s:%s", i ? "\n" : "", p->at[i].name,
				   p->at[i].value);
		if (!more)
			buf_printf(&names, "%s%s", i ? ";" : "", p->at[i].name);
	}
	*ret_names = arena_str(a, buf_text(&names));
	char *ret = arena_str(a, buf_text(&lines));
	buf_free(&lines);
	buf_free(&names);
	return ret;
}

/* -- the signature */

static char *hex_digest(struct arena *a, const char *text)
{
	uint8_t sum[32];

	sha256(text, strlen(text), sum);
	scoped(free_p) char *digits = hex(sum, sizeof(sum));
	return arena_str(a, digits);
}

bool aws_canonical(struct arena *a, const struct seal_http *x, const char *url,
		   const char *const *headers, struct aws_canonical *ret)
{
	struct parts *p = arena_new(a, sizeof(*p));
	struct url_parts u;
	char *query;

	if (!take_apart(url, &u) || !canonical_query(a, u.query, &query) ||
	    !gather(a, headers, &u, p))
		return false;
	char *lines = header_lines(a, p, &ret->signed_headers);
	ret->text = arena_printf(a, "%s\n%s\n%s\n%s\n\n%s\n%s", x->method,
				 canonical_path(a, u.path, u.path_len), query, lines,
				 ret->signed_headers, hex_digest(a, x->body ? x->body : ""));
	return true;
}

struct scope { /* what a signature holds good for */
	char time[32]; /* "20150830T123600Z" */
	char day[16];  /* "20150830" */
	char *text;    /* "20150830/us-east-1/service/aws4_request" */
};

static bool scope_of(struct arena *a, const struct seal_aws_key *key, int64_t wall,
		     struct scope *ret)
{
	time_t at = (time_t)wall;
	struct tm tm;

	if (!gmtime_r(&at, &tm) || !strftime(ret->time, sizeof(ret->time), "%Y%m%dT%H%M%SZ", &tm) ||
	    !strftime(ret->day, sizeof(ret->day), "%Y%m%d", &tm))
		return false;
	ret->text = arena_printf(a, "%s/%s/%s/aws4_request", ret->day, key->region, key->service);
	return true;
}

/* HMAC upon HMAC, from the day to the text that is signed. */
static char *signature(struct arena *a, const struct seal_aws_key *key, const struct scope *scope,
		       const char *text)
{
	const char *const steps[] = { scope->day, key->region, key->service, "aws4_request", text };
	scoped(wipe_p) char *secret = str_printf("AWS4%s", key->secret);
	uint8_t k[SEAL_HASH_MAX], next[SEAL_HASH_MAX];
	const void *from = secret;
	size_t n = strlen(secret);

	for (size_t i = 0; i < COUNT(steps); i++) {
		n = hmac(SEAL_SHA256, from, n, steps[i], strlen(steps[i]), next);
		memcpy(k, next, n);
		from = k;
	}
	scoped(free_p) char *digits = hex(k, n);
	mem_wipe(k, sizeof(k));
	mem_wipe(next, sizeof(next));
	return arena_str(a, digits);
}

static bool is_ours(const char *header)
{
	for (size_t i = 0; i < COUNT(ours); i++) {
		size_t n = strlen(ours[i]);
		if (!strncasecmp(header, ours[i], n) && header[n] == ':')
			return true;
	}
	return false;
}

bool aws_sign_at(struct arena *a, struct seal_http *x, const char *url,
		 const struct seal_aws_key *key, int64_t wall)
{
	struct aws_canonical c;
	struct scope scope;
	size_t n = 0;

	while (x->headers && x->headers[n])
		n++;
	const char **headers = arena_new(a, (n + COUNT(ours) + 1) * sizeof(*headers));
	n = 0;
	for (const char *const *h = x->headers; h && *h; h++)
		if (!is_ours(*h))
			headers[n++] = *h;
	if (!scope_of(a, key, wall + key->skew_s, &scope))
		return false;
	headers[n++] = arena_printf(a, "X-Amz-Date: %s", scope.time);
	if (key->token)
		headers[n++] = arena_printf(a, "X-Amz-Security-Token: %s", key->token);
	if (!aws_canonical(a, x, url, headers, &c))
		return false;
	char *text = arena_printf(a, "%s\n%s\n%s\n%s", algorithm, scope.time, scope.text,
				  hex_digest(a, c.text));
	headers[n] = arena_printf(a, "Authorization: %s Credential=%s/%s, SignedHeaders=%s, "
				     "Signature=%s",
				  algorithm, key->id, scope.text, c.signed_headers,
				  signature(a, key, &scope, text));
	x->headers = headers;
	return true;
}

enum seal_status host_aws_sign(struct seal_op *op, struct seal_http *x,
			       const struct seal_aws_key *key)
{
	struct op_work *w = work_of(op);
	const char *url = host_url(w, x);

	if (!url || !x->method || !key->id || !key->secret || !key->region || !key->service ||
	    !aws_sign_at(&w->arena, x, url, key, clock_wall()))
		return host_fail(w, SEAL_EINVAL, "%s %s cannot be signed",
				 x->method ? x->method : "?", url ? url : "no URL");
	return SEAL_OK;
}
