/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/http.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/http_failure.h"
#include "net/http_reply.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	IDLE_EASY_MAX = 8,    /* handles kept for reuse */
	CONNECTIONS_MAX = 32, /* kept open, to different hosts */
	CONNECT_MS = 10000,
	METHOD_MAX = 16,
};

struct http {
	struct loop *loop;
	CURLM *multi;
	struct source source;
	struct http_way way;
	struct list running; /* calls in the multi handle */
	struct list refused; /* calls that never got there; they end in look() */
	CURL *idle[IDLE_EASY_MAX];
	size_t n_idle;
	unsigned connects;
	char agent[128];
};

/* Where systems keep their CA certificates. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt",   /* Fedora, RHEL */
	"/etc/ssl/ca-bundle.pem",	      /* SUSE */
	"/etc/ssl/cert.pem",
};

static const char *find_bundle(void)
{
	for (size_t i = 0; i < COUNT(bundles); i++)
		if (!access(bundles[i], R_OK))
			return bundles[i];
	return bundles[0]; /* its absence is told when it is needed */
}

/* "dnseal/1.0 libcurl/8.14.1 gnutls/3.8.9" */
static void name_agent(struct http *h)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	str_put(h->agent, "%s/%s libcurl/%s %s", PACKAGE_NAME, PACKAGE_VERSION, v->version,
		v->ssl_version ? v->ssl_version : "");
	for (char *at = strrchr(h->agent, ' '); *at; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
}

static int64_t due_ms(struct source *source)
{
	struct http *h = container_of(source, struct http, source);
	long ms = -1;

	if (!list_empty(&h->refused))
		return 0;
	if (!list_empty(&h->running))
		curl_multi_timeout(h->multi, &ms);
	return ms < 0 ? INT64_MAX : clock_ms() + ms;
}

static bool is_busy(struct source *source)
{
	struct http *h = container_of(source, struct http, source);

	return !list_empty(&h->running) || !list_empty(&h->refused);
}

/* The end of a call: the answer is in it. */

static const char *show_size(size_t n, char out[24])
{
	if (n < 1000)
		snprintf(out, 24, "%zu B", n);
	else
		snprintf(out, 24, "%.1f kB", (double)n / 1000);
	return out;
}

/* Never headers or bodies; log strikes out secrets in the URL. */
static void log_call(const struct http_call *c)
{
	char size[24];
	const char *who = c->who ? c->who : "", *colon = c->who ? ": " : "";

	if (!log_is_on(LOG_HTTP))
		return;
	if (c->story.st)
		log_line(LOG_HTTP, "%s%shttp %s %s -> %s: %s, %u ms", who, colon, clean(c->method),
			 http_url_ok(c->url) ? c->url : clean(c->url), status_name(c->story.st),
			 c->story.text, c->took_ms);
	else
		log_line(LOG_HTTP, "%s%shttp %s %s -> %ld %s %u ms", who, colon, c->method, c->url,
			 c->status, show_size(c->reply.len, size), c->took_ms);
}

/* Headers carry tokens. */
static void wipe_headers(struct http_call *c)
{
	for (struct curl_slist *at = c->curl_headers; at; at = at->next)
		mem_wipe(at->data, strlen(at->data));
	curl_slist_free_all(c->curl_headers);
	c->curl_headers = NULL;
}

/* One that failed is not used again: libcurl 8.14 remembers beyond a reset that a body has to be
 * read once more. */
static void close_easy(struct http *h, struct http_call *c)
{
	curl_multi_remove_handle(h->multi, c->easy);
	curl_easy_reset(c->easy);
	if (!c->story.st && h->n_idle < IDLE_EASY_MAX)
		h->idle[h->n_idle++] = c->easy;
	else
		curl_easy_cleanup(c->easy);
	c->easy = NULL;
}

static void finish(struct http_call *c)
{
	struct http *h = c->http;
	struct task *t = c->task;

	if (c->easy)
		close_easy(h, c);
	wipe_headers(c);
	list_drop(&c->link);
	c->http = NULL;
	c->task = NULL;
	log_call(c);
	task_done(t);
}

static void count(struct http_call *c)
{
	curl_off_t before_us = 0;
	long connects = 0;

	curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &before_us);
	curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &connects);
	c->http->connects += connects > 0 ? (unsigned)connects : 0;
	c->sent = before_us > 0 || c->body_read > 0; /* the connection was there, TLS and all */
	c->took_ms = (unsigned)(clock_ms() - c->began_ms);
}

static void complete(struct http_call *c, CURLcode code)
{
	count(c);
	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &c->status);
	if (code != CURLE_OK)
		http_fail(c, code, &c->http->way);
	if (code != CURLE_OK || c->reply.bad)
		c->status = 0;
	finish(c);
}

static void look(struct source *source)
{
	struct http *h = container_of(source, struct http, source);
	int n;

	while (!list_empty(&h->refused))
		finish(container_of(h->refused.next, struct http_call, link));
	if (list_empty(&h->running))
		return;
	curl_multi_perform(h->multi, &n);
	for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &n));) {
		char *call = NULL;
		CURLcode code = m->data.result;
		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call);
		complete((struct http_call *)(void *)call, code);
	}
}

void http_cancel(struct http_call *c)
{
	if (!c->http)
		return;
	if (c->easy)
		count(c);
	fail(c, SEAL_ECANCELED, "%s %s canceled", clean(c->method), clean(c->url));
	finish(c);
}

/* The beginning of a call. */

static const struct {
	CURLoption option;
	long value;
} pins[] = {
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_MAXREDIRS, 0 },
	{ CURLOPT_UNRESTRICTED_AUTH, 0 },
	{ CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
	{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	{ CURLOPT_PATH_AS_IS, 1 }, /* a JWS and other signatures cover the URL as it is written */
	{ CURLOPT_HTTP09_ALLOWED, 0 },
	{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS },
	{ CURLOPT_PIPEWAIT, 1 },
	{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
	{ CURLOPT_SSL_VERIFYPEER, 1 },
	{ CURLOPT_SSL_VERIFYHOST, 2 },
	{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 }, /* or later */
	{ CURLOPT_PROXY_SSL_VERIFYPEER, 1 },
	{ CURLOPT_PROXY_SSL_VERIFYHOST, 2 },
	{ CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS },
	{ CURLOPT_TCP_KEEPALIVE, 1 },
};

/* With environment proxies curl reads http(s)_proxy and no_proxy itself. */
static bool set_proxy(const struct http *h, const struct http_call *c)
{
	const char *proxy = h->way.proxy && !c->local ? h->way.proxy : "";
	CURL *e = c->easy;

	if (!strcmp(proxy, "environment"))
		return true;
	return !curl_easy_setopt(e, CURLOPT_PROXY, proxy) &&
	       !curl_easy_setopt(e, CURLOPT_NOPROXY, "") &&
	       !curl_easy_setopt(e, CURLOPT_PROXY_CAINFO, h->way.bundle) &&
	       !curl_easy_setopt(e, CURLOPT_PROXY_CAPATH, NULL);
}

static bool is_plain(const struct http_call *c)
{
	return c->local && http_url_local(c->url);
}

/* Everything that keeps us safe.  Any option that libcurl does not take ends the call. */
static bool pin(const struct http *h, struct http_call *c)
{
	CURL *e = c->easy;

	for (size_t i = 0; i < COUNT(pins); i++)
		if (curl_easy_setopt(e, pins[i].option, pins[i].value))
			return false;
	return set_proxy(h, c) &&
	       !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, is_plain(c) ? "http" : "https") &&
	       !curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "https") &&
	       !curl_easy_setopt(e, CURLOPT_CAINFO, c->trust ? c->trust : h->way.bundle) &&
	       !curl_easy_setopt(e, CURLOPT_CAPATH, NULL) && /* else the build's own */
	       !curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)c->reply.max);
}

static bool has_body(const struct http_call *c)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH" };

	for (size_t i = 0; i < COUNT(methods); i++)
		if (!strcmp(c->method, methods[i]))
			return true; /* if only to say that it is empty */
	return c->body != NULL;
}

static size_t read_body(char *to, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	size_t left = c->body_len - c->body_read, room = size * n;

	n = left < room ? left : room;
	memcpy(to, c->body + c->body_read, n);
	c->body_read += n;
	return n;
}

static int read_again(void *arg, curl_off_t offset, int origin)
{
	(void)arg, (void)offset, (void)origin;
	return CURL_SEEKFUNC_FAIL;
}

/* A body that is read can be read only once, so libcurl has to give up. */
static bool set_body_once(struct http_call *c)
{
	CURL *e = c->easy;

	return !curl_easy_setopt(e, CURLOPT_POST, 1L) &&
	       !curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_len) &&
	       !curl_easy_setopt(e, CURLOPT_READFUNCTION, read_body) &&
	       !curl_easy_setopt(e, CURLOPT_READDATA, c) &&
	       !curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, read_again);
}

/* The body stays where the caller has it. */
static bool set_request(struct http_call *c)
{
	CURL *e = c->easy;
	bool good = !curl_easy_setopt(e, CURLOPT_URL, c->url);

	if (c->once && c->body && c->body_len)
		good = good && set_body_once(c);
	else if (has_body(c))
		good = good && !curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->body ? c->body : "") &&
		       !curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
					 (curl_off_t)(c->body ? c->body_len : 0));
	else if (!strcmp(c->method, "HEAD"))
		return good && !curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	return good && !curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, c->method);
}

static bool set_headers(const struct http *h, struct http_call *c)
{
	bool typed = false;

	for (size_t i = 0; c->headers && c->headers[i]; i++) {
		typed |= !strncasecmp(c->headers[i], "content-type:", 13);
		c->curl_headers = curl_slist_append(c->curl_headers, c->headers[i]);
	}
	c->curl_headers = curl_slist_append(c->curl_headers, "Expect:"); /* none */
	if (!typed)
		c->curl_headers = curl_slist_append(c->curl_headers, "Content-Type:");
	return !curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->curl_headers) &&
	       !curl_easy_setopt(c->easy, CURLOPT_USERAGENT, h->agent);
}

static bool set_reply(struct http_call *c)
{
	CURL *e = c->easy;
	long limit_ms = (long)(c->timeout_s ? c->timeout_s : HTTP_TIMEOUT_S) * 1000;

	return !curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, limit_ms) &&
	       !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, http_take_body) &&
	       !curl_easy_setopt(e, CURLOPT_WRITEDATA, c) &&
	       !curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, http_take_header) &&
	       !curl_easy_setopt(e, CURLOPT_HEADERDATA, c) &&
	       !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->error) &&
	       !curl_easy_setopt(e, CURLOPT_PRIVATE, c);
}

/* Could this be taken for more than one header, or for none? */
static bool is_header(const char *h)
{
	const char *colon = strchr(h, ':');

	return colon && colon != h && !h[strcspn(h, "\r\n")];
}

static enum seal_status check(struct http_call *c)
{
	size_t n = c->method ? strspn(c->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") : 0;

	if (!n || n > METHOD_MAX || c->method[n])
		return fail(c, SEAL_EINVAL, "%s is no HTTP method", clean(c->method));
	if (!http_url_ok(c->url) && !is_plain(c))
		return fail(c, SEAL_EINVAL,
			    "%s is no URL to ask: https://HOST/... is wanted, at "
			    "most %d visible characters, no user and no fragment",
			    clean(c->url), HTTP_URL_MAX);
	for (size_t i = 0; c->headers && c->headers[i]; i++)
		if (!is_header(c->headers[i])) /* the text may be secret */
			return fail(c, SEAL_EINVAL, "header %zu of the request to %s is malformed",
				    i + 1, clean(c->url));
	return SEAL_OK;
}

static enum seal_status send_call(struct http *h, struct http_call *c)
{
	c->easy = h->n_idle ? h->idle[--h->n_idle] : curl_easy_init();
	if (!c->easy)
		return fail(c, SEAL_EAGAIN, "libcurl has no handle for %s", c->url);
	if (pin(h, c) && set_request(c) && set_headers(h, c) && set_reply(c) &&
	    !curl_multi_add_handle(h->multi, c->easy))
		return SEAL_OK;
	return fail(c, SEAL_EINVAL, "libcurl %s cannot do what is needed to ask %s",
		    curl_version_info(CURLVERSION_NOW)->version, c->url);
}

void http_start(struct http *h, struct http_call *c, struct task *t)
{
	http_call_free(c);
	c->reply.max = c->max_body ? c->max_body : HTTP_BODY_MAX;
	c->header_octets = c->header_lines = c->body_read = 0;
	c->too_big = c->headers_too_big = false;
	c->error[0] = '\0';
	c->easy = c->curl_headers = NULL;
	c->http = h;
	c->task = t;
	c->began_ms = clock_ms();
	task_expect(t);
	enum seal_status st = check(c);
	st = st ? st : send_call(h, c);
	list_add(st ? &h->refused : &h->running, &c->link);
}

/* The object. */

struct http *http_new(struct loop *l, const struct http_conf *conf)
{
	struct http *h = mem_new(sizeof(*h));

	h->loop = l;
	h->multi = loop_multi(l);
	h->way.proxy = conf ? str_copy(conf->proxy) : NULL;
	h->way.bundle = find_bundle();
	list_init(&h->running);
	list_init(&h->refused);
	name_agent(h);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
	h->source = (struct source){ .due_ms = due_ms, .look = look, .is_busy = is_busy };
	source_start(l, &h->source);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (!list_empty(&h->running))
		http_cancel(container_of(h->running.next, struct http_call, link));
	while (!list_empty(&h->refused))
		http_cancel(container_of(h->refused.next, struct http_call, link));
	source_stop(&h->source);
	while (h->n_idle)
		curl_easy_cleanup(h->idle[--h->n_idle]);
	free(h->way.proxy);
	free(h);
}

unsigned http_connects(const struct http *h)
{
	return h->connects;
}
