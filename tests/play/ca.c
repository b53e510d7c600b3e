/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * ca.c - the CA's part. */
#include "config.h"

#include "tests/play/stage.h"

#include "base/clock.h"
#include "base/json.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define URN "urn:ietf:params:acme:error:"

/* ---- what was asked ---- */

/* The same JSON; "*" in the pattern is any text. */
static bool json_like(struct json_object *pattern, struct json_object *got)
{
	if (json_object_is_type(pattern, json_type_string) &&
	    !strcmp(json_object_get_string(pattern), "*"))
		return json_object_is_type(got, json_type_string);
	if (json_object_get_type(pattern) != json_object_get_type(got))
		return false;
	if (json_object_is_type(pattern, json_type_array)) {
		size_t n = json_object_array_length(pattern);
		for (size_t i = 0; i < n; i++)
			if (!json_like(json_object_array_get_idx(pattern, i),
				       json_object_array_get_idx(got, i)))
				return false;
		return n == json_object_array_length(got);
	}
	if (!json_object_is_type(pattern, json_type_object))
		return json_object_equal(pattern, got);
	struct json_object_iter at;
	json_object_object_foreachC(pattern, at)
	{
		struct json_object *other = NULL;
		if (!json_object_object_get_ex(got, at.key, &other) || !json_like(at.val, other))
			return false;
	}
	return json_object_object_length(pattern) == json_object_object_length(got);
}

/* "/order/1" in quotes is short for a URL of this CA. */
static char *whole_urls(const char *text)
{
	struct buf out = { 0 };

	for (; *text; text++) {
		buf_char(&out, *text);
		if (*text == '"' && text[1] == '/')
			buf_str(&out, STAGE_CA);
	}
	return buf_take(&out);
}

static bool payload_fits(const struct beat *b, const char *payload)
{
	scoped(free_p) char *text = whole_urls(b->payload);
	scoped(json_put_p) struct json_object *pattern = NULL, *got = NULL;
	struct story story = { 0 };

	if (!*text || !*payload)
		return !strcmp(text, payload);
	return !json_read(text, strlen(text), "pattern", &pattern, &story) &&
	       !json_read(payload, strlen(payload), "payload", &got, &story) &&
	       json_like(pattern, got);
}

/* finalize: what has to be certified. */
static void keep_csr(struct stage *s, const char *payload)
{
	scoped(json_put_p) struct json_object *json = NULL;
	struct story story = { 0 };

	if (*payload && !json_read(payload, strlen(payload), "payload", &json, &story) &&
	    json_str(json, "csr")) {
		buf_clear(&s->csr);
		if (!unbase64(json_str(json, "csr"), &s->csr))
			stage_wrong(s, NULL, "the request is no base64");
	}
}

static const struct beat *read_post(struct stage *s, const struct http_call *call,
				    const char *request)
{
	bool with_kid = !strstr(call->url, "/new-acct");
	const struct beat *b = stage_cue(s, request);
	struct visit v;
	const char *wrong = mock_ca_open(&s->door, call, &v);

	if (!wrong && !v.nonce_good)
		wrong = "a nonce that is not ours, or used twice";
	if (!wrong && (with_kid ? !v.kid || strcmp(v.kid, STAGE_KID) : v.kid != NULL))
		wrong = "signed by the wrong account";
	if (wrong)
		stage_wrong(s, b, "%s: %s", request, wrong);
	else if (b && !payload_fits(b, v.payload))
		stage_wrong(s, b, "%s says %.300s", request, v.payload);
	else if (b)
		keep_csr(s, v.payload);
	visit_free(&v);
	return b;
}

/* ---- what is answered ---- */

/* "certificate", "certificate other-key", "certificate for a.example b.example" */
static char *issue(struct stage *s, const char *how)
{
	int64_t now = clock_wall();
	struct recipe r = { .csr = s->csr.data,
			    .csr_len = s->csr.len,
			    .from = now - 3600,
			    .until = now + 90 * 86400 };
	struct story story = { 0 };
	struct key *other = NULL;

	if (!s->csr.len) {
		stage_wrong(s, NULL, "a certificate before anybody asked for one");
		return str_copy("");
	}
	if (starts_with(how, "for "))
		r.names = how + 4;
	if (!strcmp(how, "expired"))
		r.until = now - 60;
	if (!strcmp(how, "other-key") && !key_new(KEY_ECDSA_P256, &other, &story)) {
		r.key = other;
		r.csr = NULL;
		r.names = s->cert.names.at[0];
	}
	char *pem = test_ca_issue(s->issuer, &r);
	key_free(other);
	return pem;
}

/* Seconds from now as an HTTP date (RFC 9110 5.6.7). */
static void http_date(int64_t in_s, char out[64])
{
	time_t t = (time_t)(clock_wall() + in_s);
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(out, 64, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static void add_headers(struct http_call *call, const char *lines)
{
	while (*lines) {
		size_t n = strcspn(lines, "\n"), colon = strcspn(lines, ":");
		scoped(free_p) char *name = str_part(lines, colon);
		scoped(free_p) char *value = str_part(lines + colon + 2, n - colon - 2);
		char date[64];
		if (starts_with(value, "date+"))
			http_date(strtol(value + 5, NULL, 10), date);
		for (char *at = name; *at; at++)
			*at = (char)(*at | ((*at >= 'A' && *at <= 'Z') << 5));
		mock_header(call, name, starts_with(value, "date+") ? date : value);
		lines += n + 1;
	}
}

/* rateLimited "too many" */
static char *problem_text(const char *words, long status)
{
	scoped(json_put_p) struct json_object *json = json_object_new_object();
	size_t n = strcspn(words, " ");
	const char *quote = strchr(words, '"');
	scoped(free_p) char *type = str_printf(URN "%.*s", (int)n, words);
	scoped(free_p) char *detail = str_part(quote ? quote + 1 : "",
					       quote ? strcspn(quote + 1, "\"") : 0);

	json_object_object_add(json, "type", json_object_new_string(type));
	json_object_object_add(json, "status", json_object_new_int64(status));
	json_object_object_add(json, "detail", json_object_new_string(detail));
	return json_write(json);
}

static void set_body(struct stage *s, struct http_call *call, const struct beat *b, long status,
		     const char *words)
{
	scoped(free_p) char *body = NULL;
	const char *type = status < 400 ? "application/json" : "application/problem+json";

	if (starts_with(words, "certificate")) {
		type = "application/pem-certificate-chain";
		body = issue(s, words[11] ? words + 12 : "");
	} else if (!strcmp(words, "html")) {
		type = "text/html; charset=utf-8";
		body = str_copy("<html>no</html>");
	} else if (*words) {
		body = problem_text(words, status);
	} else {
		body = whole_urls(b->body);
	}
	if (*body && !http_header(call, "content-type", 0))
		mock_header(call, "content-type", type);
	mock_reply(call, status, NULL, body);
}

static void speak(struct stage *s, struct http_call *call, const struct beat *b)
{
	char *words;
	long status = strtol(b->reply, &words, 10);

	if (!strcmp(b->reply, "lost") || !strcmp(b->reply, "unsent")) {
		mock_lose(call, SEAL_EAGAIN, !strcmp(b->reply, "lost"));
		return;
	}
	add_headers(call, b->headers);
	words += strspn(words, " ");
	if (starts_with(words, "no-nonce"))
		words += strlen("no-nonce") + (words[strlen("no-nonce")] == ' ');
	else if (strcmp(call->method, "GET"))
		mock_ca_nonce(&s->door, call);
	if (*words == '/') {
		size_t n = strcspn(words, " ");
		scoped(free_p) char *url = str_printf(STAGE_CA "%.*s", (int)n, words);
		mock_header(call, "location", url);
		words += n + (words[n] == ' ');
	}
	set_body(s, call, b, status, words);
}

void cast_ca(void *arg, struct http_call *call)
{
	struct stage *s = arg;
	const char *path = starts_with(call->url, STAGE_CA "/") ? call->url + strlen(STAGE_CA) :
								  call->url;
	scoped(free_p) char *request = str_printf("%s %s", call->method, path);
	const struct beat *b = strcmp(call->method, "POST") ? stage_cue(s, request) :
							      read_post(s, call, request);

	if (b && !*s->wrong)
		speak(s, call, b);
	else
		mock_lose(call, SEAL_EINVAL, false); /* the play is over; bring it to its end */
	s->last_ms = clock_ms();
}
