/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/post.h"

#include "acme/link.h"
#include "acme/reply.h"
#include "crypto/jws.h"

#include <stdio.h>
#include <stdlib.h>

/* What the task does when it runs next. */
enum {
	POST_WAIT,    /* line up for a nonce */
	POST_GIVEN,   /* the nonce is there, or the order to fetch one */
	POST_FETCH,   /* ask newNonce */
	POST_FETCHED, /* newNonce is answered */
	POST_HEARD,   /* the request is answered */
	POST_STEPS
};

static void finish(struct post *p, enum seal_status st)
{
	free(take(p->want.nonce));
	if (!st)
		story_clear(&p->story);
	task_done(take(p->waiter));
}

static void wait_for_nonce(struct post *p)
{
	enum seal_status st = ca_listens(p->ca, &p->story);

	if (st) {
		finish(p, st);
		return;
	}
	p->step = POST_GIVEN;
	nonce_want(p->ca, &p->want, &p->task);
}

static void rest(struct post *p, int64_t ms, int then)
{
	p->step = then;
	timer_start(&p->pause, &p->task, ms);
}

static void fetch_nonce(struct post *p)
{
	http_call_free(&p->nonce_call);
	p->nonce_call = (struct http_call){ .method = "HEAD", .url = p->ca->dir.new_nonce };
	p->step = POST_FETCHED;
	ca_ask(p->ca, &p->nonce_call, &p->task);
}

static enum seal_status sign(struct post *p)
{
	if (!p->with_jwk && !p->ca->kid)
		return fail(p, SEAL_EINVAL, "no account at %s to sign with", p->ca->url);
	buf_clear(&p->signed_body);
	return jws_sign(p->key ? p->key : p->ca->key, p->with_jwk ? NULL : p->ca->kid,
			p->want.nonce, p->url_copy, p->payload_copy, &p->signed_body, &p->story);
}

static void send_it(struct post *p)
{
	enum seal_status st = sign(p);

	if (st) {
		nonce_back(p->ca, take(p->want.nonce));
		nonces_serve(p->ca);
		finish(p, st);
		return;
	}
	http_call_free(&p->call);
	p->call = (struct http_call){
		.method = "POST",
		.url = p->url_copy,
		.headers = p->headers,
		.body = buf_text(&p->signed_body),
		.body_len = p->signed_body.len,
		.max_body = p->max_body,
		.timeout_s = p->timeout_s,
	};
	p->step = POST_HEARD;
	ca_ask(p->ca, &p->call, &p->task);
}

static void use_nonce(struct post *p)
{
	if (p->want.failed)
		finish(p, story_copy(&p->story, &p->want.story));
	else if (p->want.fetch)
		fetch_nonce(p);
	else
		send_it(p);
}

static enum seal_status no_nonce(struct post *p)
{
	scoped(json_put_p) struct json_object *json = NULL;
	struct problem problem = { 0 };
	enum seal_status st = reply_read(&p->nonce_call, NULL, &json, &problem, &p->story);

	problem_free(&problem);
	if (st)
		return story_prefix(&p->story, "newNonce: ");
	return fail(p, SEAL_EPROTO, "newNonce: CA answered %ld without a usable Replay-Nonce",
		    p->nonce_call.status);
}

static void take_fetched(struct post *p)
{
	const struct http_call *call = &p->nonce_call;

	ca_heard(p->ca, call);
	if (!call->story.st && call->status / 100 == 2)
		p->want.nonce = nonce_of(call);
	if (p->want.nonce) {
		send_it(p);
		return;
	}
	int64_t pause_ms = again_ms(&p->again, call);
	if (pause_ms >= 0) {
		rest(p, pause_ms, POST_FETCH);
		return;
	}
	enum seal_status st = no_nonce(p);
	nonces_fail(p->ca, &p->story);
	finish(p, st);
}

/* Whatever became of the request, its nonce is accounted for here, once. */
static void settle_nonce(struct post *p)
{
	if (!p->call.story.st)
		nonce_returned(p->ca, &p->call);
	else if (p->call.sent)
		nonce_lost(p->ca);
	else
		nonce_back(p->ca, take(p->want.nonce));
	free(take(p->want.nonce));
}

/* RFC 8555 6.5: at once, with the nonce of the refusal itself. */
static bool try_next_nonce(struct post *p)
{
	if (p->problem.type != PROBLEM_BAD_NONCE || ++p->nonce_tries >= POST_NONCE_TRIES)
		return false;
	p->want.nonce = nonce_take(p->ca);
	if (p->want.nonce)
		send_it(p);
	else
		wait_for_nonce(p);
	return true;
}

/* Might the server have done what a request asked that shall not be done twice? */
static bool is_unsure(const struct post *p)
{
	const struct http_call *call = &p->call;

	if (call->story.st)
		return p->once && call->sent;
	return p->once && call->status >= 500 && call->status != 503;
}

/* How long until the same once more; -1: never.  A CA that refuses every nonce of a round may have
 * lost its memory of them: it is given a moment. */
static int64_t pause_before_next(struct post *p)
{
	if (p->problem.type == PROBLEM_BAD_NONCE) {
		p->nonce_tries = 0;
		return again_pause_ms(&p->again);
	}
	return is_unsure(p) ? -1 : again_ms(&p->again, &p->call);
}

static void read_reply(struct post *p)
{
	const struct http_call *call = &p->call;

	ca_heard(p->ca, call);
	settle_nonce(p);
	json_object_put(take(p->json));
	problem_free(&p->problem);
	enum seal_status st = reply_read(call, p->accept, &p->json, &p->problem, &p->story);
	p->status = call->story.st ? 0 : call->status;
	p->retry_after_s = call->story.st ? -1 : http_retry_after(call);
	if (st && try_next_nonce(p))
		return;
	nonces_serve(p->ca);
	int64_t pause_ms = st ? pause_before_next(p) : -1;
	if (pause_ms >= 0)
		rest(p, pause_ms, POST_WAIT);
	else
		finish(p, st);
}

/* Canceled: give up the nonce, in whatever state it is. */
static void give_up(struct post *p)
{
	switch (p->step) {
	case POST_GIVEN:
		if (p->want.nonce)
			nonce_back(p->ca, take(p->want.nonce));
		else if (p->want.fetch)
			nonce_lost(p->ca);
		break;
	case POST_FETCH:
		nonce_lost(p->ca);
		break;
	case POST_FETCHED:
		nonce_returned(p->ca, &p->nonce_call);
		break;
	case POST_HEARD:
		settle_nonce(p);
		break;
	}
	nonces_serve(p->ca);
	finish(p, fail(p, SEAL_ECANCELED, "canceled"));
}

static void post_run(struct task *t)
{
	static void (*const steps[POST_STEPS])(struct post *) = {
		[POST_WAIT] = wait_for_nonce,  [POST_GIVEN] = use_nonce,
		[POST_FETCH] = fetch_nonce,    [POST_FETCHED] = take_fetched,
		[POST_HEARD] = read_reply,
	};
	struct post *p = container_of(t, struct post, task);

	if (p->canceled)
		give_up(p);
	else
		steps[p->step](p);
}

static void forget(struct post *p)
{
	json_object_put(take(p->json));
	problem_free(&p->problem);
	http_call_free(&p->call);
	http_call_free(&p->nonce_call);
	free(take(p->url_copy));
	free(take(p->payload_copy));
	buf_free(&p->signed_body);
	free(take(p->want.nonce));
}

void post_start(struct post *p, struct task *waiter)
{
	const char **header = p->headers;
	char *url = str_copy(p->url), *payload = str_copy(p->payload); /* may lie in the answer */

	forget(p);
	story_clear(&p->story);
	p->status = 0;
	p->retry_after_s = -1;
	p->waiter = waiter;
	p->canceled = false;
	p->nonce_tries = 0;
	p->again = (struct again){ 0 };
	p->url_copy = url;
	p->payload_copy = payload;
	*header++ = "Content-Type: application/jose+json"; /* RFC 8555 6.2: exactly this */
	if (p->accept) {
		str_put(p->accept_line, "Accept: %s", p->accept);
		*header++ = p->accept_line;
	}
	*header = NULL;
	task_init(&p->task, waiter->loop, post_run);
	task_expect(waiter);
	wait_for_nonce(p);
}

void post_cancel(struct post *p)
{
	if (!p->waiter || p->canceled)
		return;
	p->canceled = true;
	nonce_unwant(&p->want);
	http_cancel(&p->nonce_call);
	http_cancel(&p->call);
	timer_stop(&p->pause);
}

void post_free(struct post *p)
{
	if (!p)
		return;
	if (p->task.loop)
		task_stop(&p->task);
	forget(p);
	*p = (struct post){ 0 };
}

const char *post_location(const struct post *p)
{
	const char *url = http_header(&p->call, "location", 0);

	return url && ca_owns_url(p->ca, url) ? url : NULL;
}

char *post_link(const struct post *p, const char *rel, unsigned nth)
{
	char *url;

	for (unsigned i = 0; (url = link_find(&p->call, p->url_copy, rel, i)); i++) {
		if (ca_owns_url(p->ca, url) && !nth--)
			return url;
		free(url);
	}
	return NULL;
}
