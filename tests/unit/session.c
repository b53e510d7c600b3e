/* links: mock_http mock_ca */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * session.c - the orders of a run share one directory and one account: who comes while they are
 * being had waits, who comes later is answered at once. */
#include "config.h"

#include "engine/session.h"

#include "base/clock.h"
#include "tests/mock_ca.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <stdlib.h>

#define WALL 1800000000
#define GUESTS 3
#define HTTPS "https://ca.test"
#define JSON "Content-Type: application/json"
#define PROBLEM "Content-Type: application/problem+json"

struct guest { /* an order that wants the session */
	struct task task;
	struct session_wait wait;
	bool answered;
};

static struct scene {
	struct engine engine;
	struct store store;
	struct account_conf conf;
	struct session *session;
	struct mock_ca door;
	struct guest guests[GUESTS + 1];
	bool refuses;
	unsigned directories, accounts; /* requests */
} s;

/* -- the CA --------------------------------------------------------------------------------- */

static void answer_post(struct http_call *call)
{
	struct visit v;
	const char *wrong = mock_ca_open(&s.door, call, &v);

	ok(!wrong && v.nonce_good, "newAccount is well-formed%s%s", wrong ? ": " : "",
	   wrong ? wrong : "");
	visit_free(&v);
	s.accounts++;
	mock_ca_nonce(&s.door, call);
	if (s.refuses) {
		mock_reply(call, 403, PROBLEM,
			   "{\"type\":\"urn:ietf:params:acme:error:unauthorized\","
			   "\"detail\":\"strangers are not served\"}");
		return;
	}
	mock_header(call, "location", HTTPS "/acct/1");
	mock_reply(call, 201, JSON, "{\"status\":\"valid\"}");
}

static void answer(void *arg, struct http_call *call)
{
	(void)arg;
	if (!strcmp(call->url, HTTPS "/dir")) {
		s.directories++;
		mock_reply(call, 200, JSON,
			   "{\"newNonce\":\"" HTTPS "/nonce\",\"newAccount\":\"" HTTPS "/new\","
			   "\"newOrder\":\"" HTTPS "/order\"}");
	} else if (!strcmp(call->method, "HEAD")) {
		mock_ca_nonce(&s.door, call);
		mock_reply(call, 200, NULL, NULL);
	} else {
		answer_post(call);
	}
}

/* -- the stage ------------------------------------------------------------------------------ */

static void is_answered(struct task *t)
{
	container_of(t, struct guest, task)->answered = true;
}

static void begin(const char *name)
{
	static char url[] = HTTPS "/dir";
	struct engine *e = &s.engine;
	struct story story = { 0 };
	scoped(free_p) char *dir = str_printf("%s/%s", temp_dir, name);

	s = (struct scene){ .conf = { .url = url, .agreed = true, .key = KEY_ECDSA_P256 } };
	clock_own(WALL, 1);
	e->loop = loop_new();
	e->http = http_new(e->loop, NULL);
	mock_http(e->http, answer, NULL);
	e->pool = pool_new(e->loop, 2);
	e->store = &s.store;
	if (store_open(&s.store, dir, &story))
		exit(99);
	s.session = session_new(e, &s.conf);
	for (size_t i = 0; i < COUNT(s.guests); i++)
		task_init(&s.guests[i].task, e->loop, is_answered);
}

static void end(void)
{
	session_free(s.session);
	pool_free(s.engine.pool);
	http_free(s.engine.http);
	loop_free(s.engine.loop);
	store_close(&s.store);
	mock_ca_free(&s.door);
}

static void enter(struct guest *g)
{
	session_open(s.session, &g->wait, &g->task);
}

/* The first ones come together. */
static void all_but_one_enter(void)
{
	size_t n = 0;

	for (size_t i = 0; i < GUESTS; i++) {
		enter(&s.guests[i]);
		n += s.guests[i].task.pending == 1;
	}
	ok(n == GUESTS && !s.session->over, "while it is under way %zu of them wait", n);
	if (!loop_run(s.engine.loop, &s.guests[0].answered))
		ok(false, "the loop has nothing more to do, yet nobody is answered");
	n = 0;
	for (size_t i = 0; i < GUESTS; i++)
		n += !s.guests[i].task.pending;
	ok(n == GUESTS && s.session->over, "then %zu of them are answered", n);
	ok(s.directories == 1 && s.accounts == 1, "for %u directory and %u account", s.directories,
	   s.accounts);
}

static void the_last_one_enters(void)
{
	struct guest *g = &s.guests[GUESTS];
	unsigned requests = s.session->ca.requests;
	int64_t before = clock_ms();

	enter(g);
	ok(loop_run(s.engine.loop, &g->answered) && clock_ms() == before,
	   "who comes when it is over is answered at once");
	ok(s.session->ca.requests == requests, "and nothing is asked for him");
}

/* -- stories -------------------------------------------------------------------------------- */

static void one_account_serves_all(void)
{
	begin("good");
	all_but_one_enter();
	ok(s.session->ready && s.session->created && !s.session->story.st, "there is an account: %s",
	   s.session->story.text);
	the_last_one_enters();
	ok(s.session->ready && s.session->ca.kid, "with the account of the others");
	end();
}

static void one_refusal_is_for_all(void)
{
	begin("bad");
	s.refuses = true;
	all_but_one_enter();
	ok(!s.session->ready && strstr(s.session->story.text, "strangers"), "there is none: %s",
	   s.session->story.text);
	the_last_one_enters();
	ok(!s.session->ready && strstr(s.session->story.text, "strangers"),
	   "with what the others heard");
	end();
}

int main(void)
{
	temp_make();
	one_account_serves_all();
	one_refusal_is_for_all();
	return done();
}
