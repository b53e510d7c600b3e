/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/reply.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

#define TYPE_LEN 80

static bool is_json(const char *type)
{
	return !strcmp(type, "application/json") || !strcmp(type, "application/problem+json");
}

/* Overloaded rather than broken: RFC 9110 15.6.4, RFC 6585 4. */
static bool is_busy(long status)
{
	return status == 503 || status == 429;
}

static enum seal_status not_expected(const struct http_call *call, const char *expected,
				     enum seal_status st, struct story *story)
{
	char type[TYPE_LEN];

	http_content_type(call, type);
	if (!call->reply.len)
		return story_fail(story, st, "CA answered %ld without a word (%s)", call->status,
				  clean(call->url));
	return story_fail(story, st, "CA answered %ld %s where %s was expected (%s)", call->status,
			  *type ? clean(type) : "of no type", expected, clean(call->url));
}

static enum seal_status read_good(const struct http_call *call, const char *accept,
				  struct json_object **ret, struct story *story)
{
	char type[TYPE_LEN];

	http_content_type(call, type);
	if (accept)
		return call->reply.len && !strcmp(type, accept) ?
			       SEAL_OK :
			       not_expected(call, accept, SEAL_EPROTO, story);
	if (!call->reply.len)
		return SEAL_OK;
	if (!is_json(type))
		return not_expected(call, "JSON", SEAL_EPROTO, story);
	scoped(free_p) char *what = str_printf("the reply of %s", clean(call->url));
	return json_read(buf_text(&call->reply), call->reply.len, what, ret, story);
}

/* The problem document of a refusal; also of a CA that forgot its content type. */
static struct json_object *read_refusal(const struct http_call *call)
{
	char type[TYPE_LEN];
	struct json_object *json = NULL;
	struct story ignored = { 0 };

	http_content_type(call, type);
	if ((*type && !is_json(type)) ||
	    json_read(buf_text(&call->reply), call->reply.len, "problem", &json, &ignored))
		return NULL;
	if (json_str(json, "type") || json_str(json, "detail"))
		return json;
	json_put_p(&json);
	return NULL;
}

static enum seal_status class_of(long status)
{
	static const struct {
		long first, last;
		enum seal_status st;
	} classes[] = {
		{ 404, 404, SEAL_ENOTFOUND }, { 410, 410, SEAL_ENOTFOUND },
		{ 429, 429, SEAL_ELIMIT },    { 500, 599, SEAL_EAGAIN },
	};

	for (size_t i = 0; i < COUNT(classes); i++)
		if (status >= classes[i].first && status <= classes[i].last)
			return classes[i].st;
	return SEAL_EPROTO;
}

static enum seal_status read_bad(const struct http_call *call, struct json_object **ret,
				 struct problem *ret_problem, struct story *story)
{
	int64_t retry_s = http_retry_after(call);
	int64_t retry_at = retry_s < 0 ? 0 : clock_wall() + retry_s;

	*ret = read_refusal(call);
	problem_read(ret_problem, *ret);
	story_clear(story);
	story->retry_at = retry_at; /* problem_fail() looks at it */
	if (*ret)
		problem_fail(ret_problem, call->status, story);
	else if (call->status / 100 == 3)
		story_fail(story, SEAL_EPROTO, "CA answered %ld to %s: redirects are not followed",
			   call->status, clean(call->url));
	else
		not_expected(call, "JSON", class_of(call->status), story);
	if (is_busy(call->status) && retry_at)
		story->st = SEAL_ELIMIT;
	story->retry_at = retry_at;
	return story->st;
}

enum seal_status reply_read(const struct http_call *call, const char *accept,
			    struct json_object **ret, struct problem *ret_problem,
			    struct story *story)
{
	*ret = NULL;
	if (call->story.st)
		return story_copy(story, &call->story);
	if (call->status / 100 == 2)
		return read_good(call, accept, ret, story);
	return read_bad(call, ret, ret_problem, story);
}

int64_t again_pause_ms(struct again *a)
{
	static const int64_t pauses_ms[AGAIN_TRIES - 1] = { 1000, 3000 };

	return a->tries < COUNT(pauses_ms) ? pauses_ms[a->tries++] : -1;
}

int64_t again_ms(struct again *a, const struct http_call *call)
{
	bool answered = !call->story.st;
	int64_t retry_s = answered ? http_retry_after(call) : -1;

	if (answered && is_busy(call->status) && retry_s >= 0) {
		if (a->waited || retry_s > AGAIN_WAIT_MAX_S)
			return -1;
		a->waited = true;
		return (retry_s ? retry_s : 1) * 1000;
	}
	bool lost = answered ? call->status >= 500 && retry_s < 0 : call->story.st == SEAL_EAGAIN;
	return lost ? again_pause_ms(a) : -1;
}
