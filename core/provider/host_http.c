/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include "base/clock.h"

#include <string.h>

#define PACE_BURST_MS 60000 /* per_minute may be used up at once */

static const int64_t repeat_ms[] = { 1000, 3000 };  /* after a lost connection */
static const int64_t limit_s[] = { 5, 10, 20, 40 }; /* after 429 without Retry-After */
static const int64_t slow_ms = 60000;		    /* one call a second after 429 */
static const char *const idempotent[] = { "GET", "HEAD", "PUT", "DELETE" }; /* RFC 9110 9.2.2 */

/* -- in the loop */

static void come_home(struct op_work *w, enum seal_status st)
{
	struct trip *t = &w->trip;

	loop_hold(w->ops->loop); /* the plugin goes on */
	pthread_mutex_lock(&t->lock);
	t->step = TRIP_HOME;
	t->st = st;
	t->over = true;
	pthread_cond_signal(&t->back);
	pthread_mutex_unlock(&t->lock);
}

static void fail_home(struct op_work *w, const struct story *s)
{
	come_home(w, story_copy(&w->story, s));
}

static void canceled_home(struct op_work *w)
{
	come_home(w, story_fail(&w->story, SEAL_ECANCELED, "canceled"));
}

static void pause_trip(struct op_work *w, int64_t ms)
{
	w->trip.step = TRIP_PAUSE;
	timer_start(&w->trip.timer, &w->trip.task, ms);
}

/* How long until this login may ask again?  After a 429 all of it stands still, then goes on at
 * one request a second; at other times per_minute is a bucket that refills steadily. */
static int64_t busy_ms(const struct op_work *w, int64_t now)
{
	const struct login *l = w->login;
	int64_t busy = l->busy_until_ms - now, paced = l->paced_ms - PACE_BURST_MS - now;

	busy = busy > 0 ? busy : 0;
	return w->p->per_minute && paced > busy ? paced : busy;
}

static void note_departure(struct op_work *w, int64_t now)
{
	struct login *l = w->login;

	if (now < l->slow_until_ms)
		l->busy_until_ms = now + 1000;
	if (w->p->per_minute)
		l->paced_ms = (l->paced_ms > now ? l->paced_ms : now) + 60000 / w->p->per_minute;
	w->requests++;
}

static void busy_home(struct op_work *w, int64_t ms)
{
	story_fail(&w->story, SEAL_ELIMIT, "is busy and asks to wait %lld s%s",
		   (long long)(ms + 999) / 1000, w->trip.waited_ms ? " more" : "");
	w->story.retry_at = clock_wall() + (ms + 999) / 1000;
	come_home(w, SEAL_ELIMIT);
}

static void depart(struct op_work *w)
{
	struct trip *t = &w->trip;
	int64_t now = clock_ms(), wait = busy_ms(w, now), left = w->deadline_ms - now;

	if (atomic_load(&w->canceled)) {
		canceled_home(w);
		return;
	}
	if (wait && (t->waited_ms + wait > OP_WAIT_MAX_MS || wait >= left)) {
		busy_home(w, wait);
		return;
	}
	if (wait) {
		t->waited_ms += wait;
		pause_trip(w, wait);
		return;
	}
	note_departure(w, now);
	http_call_free(&t->call);
	t->call.timeout_s = t->timeout_s;
	if (left < (int64_t)t->timeout_s * 1000)
		t->call.timeout_s = left > 1000 ? (unsigned)(left / 1000) : 1;
	t->step = TRIP_CALL;
	http_start(w->ops->http, &t->call, &t->task);
}

static bool is_idempotent(const char *method)
{
	for (size_t i = 0; i < COUNT(idempotent); i++)
		if (!strcmp(idempotent[i], method))
			return true;
	return false;
}

/* Was the request turned away for now, unseen?  Then any method may be repeated. */
static bool is_limited(const struct http_call *c)
{
	return c->status == 429 || (c->status == 503 && http_retry_after(c) >= 0);
}

static void wait_out(struct op_work *w)
{
	struct trip *t = &w->trip;
	size_t n = t->limited < COUNT(limit_s) ? t->limited : COUNT(limit_s) - 1;
	int64_t s = http_retry_after(&t->call), now = clock_ms();

	s = s < 0 ? limit_s[n] : s;
	s = s < 1 ? 1 : s;
	t->limited++;
	if (w->login->busy_until_ms < now + s * 1000)
		w->login->busy_until_ms = now + s * 1000;
	w->login->slow_until_ms = w->login->busy_until_ms + slow_ms;
	depart(w);
}

/* May a failed connection be tried again?  At an address of this host or link nobody answers
 * because nobody is there. */
static bool may_repeat(const struct op_work *w)
{
	const struct http_call *c = &w->trip.call;

	return c->story.st == SEAL_EAGAIN && !c->local && (!c->sent || is_idempotent(c->method)) &&
	       w->trip.repeats < COUNT(repeat_ms) && !atomic_load(&w->canceled);
}

static void arrive(struct op_work *w)
{
	struct trip *t = &w->trip;
	const struct http_call *c = &t->call;

	if (!c->story.st && is_limited(c)) {
		wait_out(w);
		return;
	}
	if (may_repeat(w))
		pause_trip(w, repeat_ms[t->repeats++]);
	else if (c->story.st)
		fail_home(w, &c->story);
	else
		come_home(w, SEAL_OK);
}

static void run_trip(struct task *task)
{
	struct op_work *w = container_of(task, struct op_work, trip.task);

	if (w->trip.step == TRIP_CALL)
		arrive(w);
	else if (w->trip.step == TRIP_PAUSE)
		depart(w);
	else if (w->trip.step == TRIP_WAIT && atomic_load(&w->canceled))
		canceled_home(w);
	else if (w->trip.step == TRIP_WAIT)
		come_home(w, SEAL_OK);
}

static void begin_trip(struct mail *m)
{
	struct op_work *w = container_of(m, struct op_work, trip.mail);

	loop_release(w->ops->loop); /* the worker sleeps: a test's time may pass */
	depart(w);
}

static void begin_wait(struct mail *m)
{
	struct op_work *w = container_of(m, struct op_work, trip.mail);
	struct trip *t = &w->trip;

	loop_release(w->ops->loop);
	t->step = TRIP_WAIT;
	timer_start(&t->timer, &t->task, atomic_load(&w->canceled) ? 0 : t->wait_ms);
}

void trip_cancel(struct op_work *w)
{
	atomic_store(&w->canceled, true);
	if (w->trip.step == TRIP_CALL)
		http_cancel(&w->trip.call);
	else if (w->trip.step == TRIP_PAUSE || w->trip.step == TRIP_WAIT)
		timer_stop(&w->trip.timer);
}

/* -- in the worker */

static bool has_break(const char *s)
{
	return strpbrk(s, "\r\n") != NULL;
}

static bool is_method(const char *s)
{
	return s && *s && !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

const char *host_url(struct op_work *w, const struct seal_http *x)
{
	if (x->url && *x->url == '/' && w->login->endpoint)
		return arena_printf(&w->arena, "%s%s", w->login->endpoint, x->url);
	return x->url;
}

static bool is_url(const struct seal_http *x, const char *url)
{
	return url && (http_url_ok(url) || (x->local && http_url_local(url)));
}

static enum seal_status check_request(struct op_work *w, const struct seal_http *x,
				      const char **ret_url)
{
	const char *url = host_url(w, x);

	if (w->broken)
		return SEAL_EPROTO; /* with the sentence of that mistake */
	if (!is_method(x->method) || !is_url(x, url))
		return host_fail(w, SEAL_EINVAL, "the plugin asked for %s %s",
				 x->method ? x->method : "?", url ? url : "no URL");
	for (const char *const *h = x->headers; h && *h; h++)
		if (has_break(*h) || !strchr(*h, ':')) /* a line break would begin another header */
			return host_fail(w, SEAL_EINVAL,
					 "a header to be sent is malformed (a line "
					 "break in a credential?)");
	*ret_url = url;
	return SEAL_OK;
}

/* Let the loop do it, and sleep until it is done. */
static enum seal_status send_off(struct op_work *w, void (*begin)(struct mail *))
{
	struct trip *t = &w->trip;

	t->over = false;
	t->mail.open = begin;
	if (!t->task.run)
		task_init(&t->task, w->ops->loop, run_trip);
	loop_post(w->ops->loop, &t->mail);
	pthread_mutex_lock(&t->lock);
	while (!t->over)
		pthread_cond_wait(&t->back, &t->lock);
	pthread_mutex_unlock(&t->lock);
	return t->st;
}

static enum seal_status travel(struct op_work *w, const struct seal_http *x, const char *url)
{
	struct trip *t = &w->trip;

	t->call.method = x->method;
	t->call.url = url;
	t->call.headers = x->headers;
	t->call.body = x->body;
	t->call.body_len = x->body ? strlen(x->body) : 0;
	t->call.once = !is_idempotent(x->method);
	t->call.trust = w->login->trust;
	t->call.max_body = OP_REPLY_MAX;
	t->call.local = x->local;
	t->call.who = w->p->name;
	t->timeout_s = x->timeout_s ? x->timeout_s : HTTP_TIMEOUT_S;
	t->repeats = 0;
	return send_off(w, begin_trip);
}

static const char *const *copy_headers(struct op_work *w)
{
	const struct words *from = &w->trip.call.reply_headers;
	const char **ret = arena_new(&w->arena, (from->n + 1) * sizeof(*ret));

	for (size_t i = 0; i < from->n; i++)
		ret[i] = arena_str(&w->arena, from->at[i]);
	return ret;
}

/* Says its type so, or says nothing much and looks like it: EC2 instance metadata. */
static bool is_json(const struct http_call *c)
{
	char type[80];

	http_content_type(c, type);
	return strstr(type, "json") ||
	       ((!*type || !strcmp(type, "text/plain")) && *buf_text(&c->reply) == '{');
}

static enum seal_status read_reply(struct op_work *w, struct seal_http *x)
{
	const struct http_call *c = &w->trip.call;

	w->reply_octets += c->reply.len;
	if (w->reply_octets > OP_REPLIES_MAX)
		return host_fail(w, SEAL_EPROTO, "replies of more than %u octets", OP_REPLIES_MAX);
	x->status = c->status;
	x->reply = arena_copy(&w->arena, buf_text(&c->reply), c->reply.len);
	x->reply_headers = copy_headers(w);
	if (is_json(c))
		x->json = host_json_read(w, x->reply, c->reply.len);
	return SEAL_OK;
}

static enum seal_status can_go(struct op_work *w, const char *what)
{
	if (!w->ops)
		return host_fail(w, SEAL_EAGAIN, "%s: there is no loop to do it", what);
	if (atomic_load(&w->canceled))
		return host_fail(w, SEAL_ECANCELED, "canceled");
	return SEAL_OK;
}

enum seal_status host_http(struct seal_op *op, struct seal_http *x)
{
	struct op_work *w = work_of(op);
	const char *url = NULL;

	x->status = 0;
	x->reply = "";
	x->reply_headers = NULL;
	x->json = NULL;
	enum seal_status st = check_request(w, x, &url);
	if (!st)
		st = can_go(w, x->method);
	if (!st)
		st = travel(w, x, url);
	return st ? st : read_reply(w, x);
}

enum seal_status host_wait(struct seal_op *op, unsigned ms)
{
	struct op_work *w = work_of(op);
	enum seal_status st = can_go(w, "wait");

	w->trip.wait_ms = ms;
	return st ? st : send_off(w, begin_wait);
}
