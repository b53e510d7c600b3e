/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/mock_http.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

unsigned mock_http_delay_ms = MOCK_DELAY_MS;

struct http {
	struct loop *loop;
	mock_answer *answer;
	void *arg;
	unsigned connects;
};

struct on_its_way { /* what http_call.easy points at */
	struct task task;
	struct timer timer;
	struct http_call *call;
	bool answered;
};

struct http *http_new(struct loop *loop, const struct http_conf *conf)
{
	struct http *h = mem_new(sizeof(*h));

	(void)conf;
	h->loop = loop;
	return h;
}

void http_free(struct http *h)
{
	free(h);
}

void mock_http(struct http *h, mock_answer *answer, void *arg)
{
	h->answer = answer;
	h->arg = arg;
}

static void over(struct http_call *call)
{
	struct on_its_way *w = take(call->easy);

	task_stop(&w->task);
	free(w);
	task_done(call->task);
}

static void arrive(struct task *t)
{
	struct on_its_way *w = container_of(t, struct on_its_way, task);
	struct http_call *call = w->call;

	call->sent = true;
	call->http->answer(call->http->arg, call);
	if (w->answered)
		over(call);
}

void http_start(struct http *h, struct http_call *call, struct task *task)
{
	struct on_its_way *w = mem_new(sizeof(*w));

	http_call_free(call);
	call->http = h;
	call->task = task;
	call->took_ms = mock_http_delay_ms;
	call->easy = w;
	w->call = call;
	h->connects = 1;
	task_expect(task);
	task_init(&w->task, h->loop, arrive);
	timer_start(&w->timer, &w->task, mock_http_delay_ms);
}

void http_cancel(struct http_call *call)
{
	struct on_its_way *w = call->easy;

	if (!w)
		return;
	timer_stop(&w->timer);
	story_fail(&call->story, SEAL_ECANCELED, "canceled");
	over(call);
}

unsigned http_connects(const struct http *h)
{
	return h->connects;
}

void mock_reply(struct http_call *call, long status, const char *headers, const char *body)
{
	struct on_its_way *w = call->easy;

	w->answered = true;
	call->status = status;
	buf_str(&call->reply, body ? body : "");
	while (headers && *headers) {
		size_t n = strcspn(headers, "\n");
		scoped(free_p) char *line = str_part(headers, n);
		for (char *at = line; *at && *at != ':'; at++)
			*at = (char)tolower((unsigned char)*at);
		words_add(&call->reply_headers, line);
		headers += n + (headers[n] == '\n');
	}
}

void mock_header(struct http_call *call, const char *name, const char *value)
{
	scoped(free_p) char *line = str_printf("%s: %s", name, value);

	words_add(&call->reply_headers, line);
}

void mock_lose(struct http_call *call, enum seal_status st, bool sent)
{
	struct on_its_way *w = call->easy;

	w->answered = true;
	call->sent = sent;
	story_fail(&call->story, st, "%s: %s", call->url, sent ? "cut off" : "no connection");
}
