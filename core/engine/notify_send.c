/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * notify_send.c - messages to their receivers, all at once. */
#include "config.h"

#include "engine/notify_work.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define WEBHOOK_S 20
#define PROGRAM_S 60
#define REPLY_MAX 16384

struct delivery { /* to one receiver */
	char *body;
	struct words environment;
	struct http_call call;
	struct program program;
};

/* -- starting ------------------------------------------------------------------------------- */

static void start_webhook(struct notify *n, size_t receiver, struct delivery *d)
{
	static const char *const json[] = { "Content-Type: application/json", NULL };
	static const char *const text[] = { "Content-Type: text/plain; charset=utf-8", NULL };
	const struct notify_conf *c = n->conf[receiver];

	d->call = (struct http_call){ .method = "POST",
				      .url = c->url,
				      .trust = c->trust,
				      .headers = c->format == NOTIFY_JSON ? json : text,
				      .body = d->body,
				      .body_len = strlen(d->body),
				      .max_body = REPLY_MAX,
				      .timeout_s = WEBHOOK_S,
				      .who = "notify",
				      .local = true };
	http_start(n->http, &d->call, &n->task);
}

static void start_program(struct notify *n, size_t receiver, struct delivery *d)
{
	const struct notify_conf *c = n->conf[receiver];
	scoped(free_p) char *event =
		str_printf("DNSEAL_EVENT=%s", news_name(notify_worst(n, receiver)));

	words_add(&d->environment, event);
	d->program = (struct program){ .argv = &c->program,
				       .environment = &d->environment,
				       .limit_s = PROGRAM_S,
				       .input = d->body };
	program_start(n->loop, &d->program, &n->task);
}

static char *body_for(const struct notify *n, size_t receiver)
{
	const struct notify_conf *c = n->conf[receiver];
	int64_t now = clock_wall();

	if (c->how == NOTIFY_MAIL)
		return notify_mail(n, receiver, now);
	if (c->how == NOTIFY_EXEC || c->format == NOTIFY_JSON)
		return notify_json(n, receiver, now);
	scoped(free_p) char *title = notify_title(n, receiver);
	scoped(free_p) char *text = notify_text(n, receiver);
	return title ? str_printf("%s\n%s", title, text) : NULL;
}

/* -- the end -------------------------------------------------------------------------------- */

/* The URL is a secret: sentences have its receiver's name. */
static void judge_webhook(const struct notify_conf *c, const struct http_call *call,
			  struct story *story)
{
	if (call->story.st) {
		story_copy(story, &call->story);
		story_prefix(story, "%s: ", c->name);
	} else if (call->status < 200 || call->status > 299)
		story_fail(story, SEAL_EAGAIN, "%s: the server answered %ld: %.200s", c->name,
			   call->status, clean(buf_text(&call->reply)));
}

static void judge_program(const struct notify_conf *c, const struct program *p, struct story *story)
{
	if (!p->story.st)
		return;
	story_copy(story, &p->story);
	story_prefix(story, "%s: ", c->name);
}

static void all_over(struct task *t)
{
	struct notify *n = container_of(t, struct notify, task);

	for (size_t i = 0; i < n->n_conf; i++) {
		struct delivery *d = &n->deliveries[i];
		if (!d->body)
			continue;
		if (n->conf[i]->how == NOTIFY_WEBHOOK)
			judge_webhook(n->conf[i], &d->call, &n->stories[i]);
		else
			judge_program(n->conf[i], &d->program, &n->stories[i]);
	}
	task_done(n->waiter);
}

void notify_start(struct notify *n, struct task *waiter)
{
	task_init(&n->task, n->loop, all_over);
	n->waiter = waiter;
	task_expect(waiter);
	task_expect(&n->task); /* so that it is not over while the rest is started */
	n->deliveries = mem_array(n->n_conf, sizeof(*n->deliveries));
	for (size_t i = 0; i < n->n_conf; i++) {
		struct delivery *d = &n->deliveries[i];
		d->body = body_for(n, i);
		if (!d->body)
			continue;
		if (n->conf[i]->how == NOTIFY_WEBHOOK)
			start_webhook(n, i, d);
		else
			start_program(n, i, d);
	}
	task_done(&n->task);
}

void notify_free(struct notify *n)
{
	for (size_t i = 0; n->deliveries && i < n->n_conf; i++) {
		struct delivery *d = &n->deliveries[i];
		http_call_free(&d->call);
		program_free(&d->program);
		words_free(&d->environment);
		free(d->body);
	}
	free(n->deliveries);
	n->deliveries = NULL;
	notify_forget(n);
}
