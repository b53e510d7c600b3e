/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/http_failure.h"

#include "base/clock.h"
#include "net/http_reply.h"
#include "net/http_url.h"

#include <curl/curl.h>
#include <gnutls/gnutls.h> /* for the names of the bits in CURLINFO_SSL_VERIFYRESULT only */
#include <stdio.h>
#include <string.h>

struct failed {
	struct http_call *call;
	const struct http_way *way;
	char peer[280]; /* HOST:PORT */
	char host[280]; /* the same, less the usual port */
	char name[256]; /* HOST */
	char why[256];	/* what curl said */
};

static long info(const struct failed *f, CURLINFO what)
{
	long value = 0;

	curl_easy_getinfo(f->call->easy, what, &value);
	return value;
}

static const char *bundle_of(const struct failed *f)
{
	return f->call->trust ? f->call->trust : f->way->bundle;
}

static bool was_connected(const struct failed *f)
{
	curl_off_t us = 0;

	curl_easy_getinfo(f->call->easy, CURLINFO_APPCONNECT_TIME_T, &us);
	return us > 0;
}

/* The system knows best why; behind a proxy only curl knows who was asked. */
static enum seal_status fail_connect(struct failed *f)
{
	long error = f->way->proxy ? 0 : info(f, CURLINFO_OS_ERRNO);

	return fail(f->call, SEAL_EAGAIN, "cannot connect to %s: %s", f->peer,
		    error ? strerror((int)error) : f->why);
}

static enum seal_status fail_late(struct failed *f)
{
	struct http_call *c = f->call;
	unsigned limit_s = c->timeout_s ? c->timeout_s : HTTP_TIMEOUT_S;

	/* An end at the limit may be told a few milliseconds before it. */
	if (c->header_lines && c->took_ms < limit_s * 950)
		return fail(c, SEAL_EAGAIN, "the reply of %s stopped coming after %zu octets",
			    f->host, c->reply.len);
	if (c->header_lines)
		return fail(c, SEAL_EAGAIN, "the reply of %s was not complete within %u s", f->host,
			    limit_s);
	if (!was_connected(f))
		return fail(c, SEAL_EAGAIN, "cannot connect to %s: no answer within %u s", f->peer,
			    (c->took_ms + 500) / 1000);
	return fail(c, SEAL_EAGAIN, "no reply from %s within %u s", f->host, limit_s);
}

static enum seal_status fail_big(struct failed *f)
{
	struct http_call *c = f->call;

	if (c->headers_too_big)
		return fail(c, SEAL_EPROTO, "headers of %s are more than %d octets or %d lines",
			    f->host, HTTP_HEADER_OCTETS, HTTP_HEADER_LINES);
	return fail(c, SEAL_EPROTO, "reply of %s is bigger than %zu octets", f->host, c->reply.max);
}

static void hint_clock(struct failed *f)
{
	char now[RFC3339_LEN];

	hint(f->call, "is the clock of this machine right? It says %s",
	     clock_rfc3339(clock_wall(), now));
}

static void hint_trust(struct failed *f)
{
	hint(f->call,
	     "is it signed by a private CA? Put that CA's certificate into a file and "
	     "name the file with `trust` (now %s)",
	     clean(bundle_of(f)));
}

/* What is wrong with a certificate, the most telling first. */
static const struct {
	long bit;
	const char *what;
	void (*advise)(struct failed *);
} distrusts[] = {
	{ GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet", hint_clock },
	{ GNUTLS_CERT_EXPIRED, "it has expired", hint_clock },
	{ GNUTLS_CERT_REVOKED, "it is revoked", NULL },
	{ GNUTLS_CERT_UNEXPECTED_OWNER, "it is for another name", NULL },
	{ GNUTLS_CERT_INSECURE_ALGORITHM, "it uses a weak algorithm", NULL },
	{ GNUTLS_CERT_SIGNER_NOT_FOUND, "its issuer is unknown", hint_trust },
	{ GNUTLS_CERT_SIGNER_NOT_CA, "its issuer is no CA", hint_trust },
};

static bool is_gnutls(void)
{
	const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;

	return tls && starts_with(tls, "GnuTLS");
}

static enum seal_status fail_trust(struct failed *f)
{
	long bits = is_gnutls() ? info(f, CURLINFO_SSL_VERIFYRESULT) : 0;

	for (size_t i = 0; i < COUNT(distrusts); i++) {
		if (bits <= 0 || !(bits & distrusts[i].bit))
			continue;
		fail(f->call, SEAL_EINVAL, "TLS certificate of %s is not trusted: %s", f->host,
		     distrusts[i].what);
		if (distrusts[i].advise)
			distrusts[i].advise(f);
		return SEAL_EINVAL;
	}
	return fail(f->call, SEAL_EINVAL, "TLS certificate of %s is not trusted: %s", f->host,
		    f->why);
}

static enum seal_status fail_bundle(struct failed *f)
{
	fail(f->call, SEAL_EINVAL, "CA certificates cannot be read from %s", clean(bundle_of(f)));
	hint(f->call, "install the system's CA certificates (package ca-certificates), or name a "
		      "file of PEM certificates with `trust`");
	return SEAL_EINVAL;
}

static const struct {
	CURLcode code;
	enum seal_status (*tell)(struct failed *);
} tellers[] = {
	{ CURLE_COULDNT_CONNECT, fail_connect },
	{ CURLE_OPERATION_TIMEDOUT, fail_late },
	{ CURLE_WRITE_ERROR, fail_big },
	{ CURLE_FILESIZE_EXCEEDED, fail_big },
	{ CURLE_PEER_FAILED_VERIFICATION, fail_trust },
	{ CURLE_SSL_ISSUER_ERROR, fail_trust },
	{ CURLE_SSL_CACERT_BADFILE, fail_bundle },
};

/* The rest is one sentence each: before, host, after (NULL: nothing more to say), why.  A class of
 * its own only where trying again cannot help. */
static const struct {
	CURLcode code;
	enum seal_status st;
	const char *before, *after;
} sentences[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, SEAL_EAGAIN, "could not resolve ", NULL },
	{ CURLE_COULDNT_RESOLVE_PROXY, SEAL_EAGAIN, "could not resolve the proxy for ", NULL },
	{ CURLE_PROXY, SEAL_EAGAIN, "the proxy makes no connection to ", "" },
	{ CURLE_SSL_CONNECT_ERROR, SEAL_EAGAIN, "TLS handshake with ", " failed" },
	{ CURLE_SSL_CIPHER, SEAL_EAGAIN, "TLS handshake with ", " failed" },
	{ CURLE_SEND_ERROR, SEAL_EAGAIN, "connection to ", " was cut" },
	{ CURLE_RECV_ERROR, SEAL_EAGAIN, "connection to ", " was cut" },
	{ CURLE_SEND_FAIL_REWIND, SEAL_EAGAIN, "connection to ", " was cut" },
	{ CURLE_GOT_NOTHING, SEAL_EAGAIN, "connection to ", " was cut before the reply" },
	{ CURLE_PARTIAL_FILE, SEAL_EAGAIN, "connection to ", " was cut within the reply" },
	{ CURLE_HTTP2, SEAL_EAGAIN, "connection to ", " was cut" },
	{ CURLE_HTTP2_STREAM, SEAL_EAGAIN, "the reply of ", " was cut" },
	{ CURLE_WEIRD_SERVER_REPLY, SEAL_EPROTO, "the reply of ", " is no HTTP" },
	{ CURLE_UNSUPPORTED_PROTOCOL, SEAL_EPROTO, "the reply of ", " is no HTTP" },
	{ CURLE_BAD_CONTENT_ENCODING, SEAL_EPROTO, "the reply of ", " is badly encoded" },
	{ CURLE_URL_MALFORMAT, SEAL_EINVAL, "the URL at ", " is malformed" },
};

/* What curl said, without its full stop. */
static void find_why(struct failed *f, CURLcode code)
{
	const char *error = f->call->error;

	text_clean_to(*error ? error : curl_easy_strerror(code), f->why, sizeof(f->why));
	for (size_t n = strlen(f->why); n && (f->why[n - 1] == '.' || f->why[n - 1] == ' '); n--)
		f->why[n - 1] = '\0';
}

static void find_host(struct failed *f)
{
	struct hostport at = { .port = 443 };

	http_url_host(f->call->url, &at);
	str_put(f->name, "%s", at.host);
	str_put(f->peer, at.is_bracket ? "[%s]:%u" : "%s:%u", at.host, at.port);
	str_put(f->host, "%s", at.port == 443 ? f->name : f->peer);
}

static enum seal_status say(struct failed *f, size_t i)
{
	const char *before = sentences[i].before, *after = sentences[i].after;

	if (!after)
		return fail(f->call, sentences[i].st, "%s%s", before, f->name);
	return fail(f->call, sentences[i].st, "%s%s%s: %s", before, f->host, after, f->why);
}

enum seal_status http_fail(struct http_call *c, int code, const struct http_way *way)
{
	struct failed f = { .call = c, .way = way };

	find_host(&f);
	find_why(&f, (CURLcode)code);
	for (size_t i = 0; i < COUNT(tellers); i++)
		if ((int)tellers[i].code == code)
			return tellers[i].tell(&f);
	for (size_t i = 0; i < COUNT(sentences); i++)
		if ((int)sentences[i].code == code)
			return say(&f, i);
	return fail(c, SEAL_EAGAIN, "exchange with %s failed: %s", f.host, f.why);
}
