/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deploy_service.c - reload a service once, however many targets and certificates want it.
 *
 *   COLLECT (others may join) -> TEST -> RELOAD -> OVER */
#include "config.h"

#include "engine/deploy_work.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define COLLECT_MS 300
#define COLLECT_MAX_MS 30000 /* for certificates whose orders are under way */

enum service_state { COLLECT, TEST, RELOAD };
struct service {
	struct list link; /* in the engine's services */
	struct engine *engine;
	enum service_state state;
	char *key; /* what makes two calls the same */
	int64_t until_ms; /* of COLLECT */
	struct words test, reload, environment;
	uint32_t limit_s;
	struct list calls;
	struct task task;
	struct timer timer;
	struct program program;
	struct story story;
};

static void copy(struct words *to, const struct words *from)
{
	for (size_t i = 0; i < from->n; i++)
		words_add(to, from->at[i]);
}

static char *key_of(const struct target_conf *t)
{
	scoped(free_p) char *test = words_join(&t->test, "\n");
	scoped(free_p) char *reload = words_join(&t->reload, "\n");

	return str_printf("%s\n\n%s", test, reload);
}

/* -- what its programs are told ------------------------------------------------------------- */

/* The value of NAME= in this environment, or NULL. */
static const char *value_of(const struct words *environment, const char *name, size_t len)
{
	for (size_t i = 0; i < environment->n; i++)
		if (!strncmp(environment->at[i], name, len))
			return environment->at[i] + len;
	return NULL;
}

/* Do all calls have this line? */
static bool agree(const struct service *s, const char *line)
{
	list_each (at, &s->calls)
		if (!words_has(container_of(at, struct service_call, link)->environment, line))
			return false;
	return true;
}

/* The values of all certificates, blank-separated; a name that several have appears once. */
static void join(const struct service *s, const char *name, struct words *ret)
{
	struct words all = { 0 }, once = { 0 };

	list_each (at, &s->calls) {
		const struct service_call *c = container_of(at, struct service_call, link);
		const char *value = value_of(c->environment, name, strlen(name));
		words_split(&all, value ? value : "");
	}
	for (size_t i = 0; i < all.n; i++)
		if (!words_has(&once, all.at[i]))
			words_add(&once, all.at[i]);
	scoped(free_p) char *values = words_join(&once, " ");
	scoped(free_p) char *line = str_printf("%s%s", name, values);
	words_add(ret, line);
	words_free(&all);
	words_free(&once);
}

/* For one certificate all that a target is told; for several the names of all, and nothing that is
 * true of one of them only. */
static void tell_programs(struct service *s)
{
	static const char *const joined[] = { "DNSEAL_CERT=", "DNSEAL_NAMES=", "RENEWED_DOMAINS=" };
	const struct words *first =
		container_of(s->calls.next, struct service_call, link)->environment;

	words_free(&s->environment);
	s->environment = (struct words){ 0 };
	for (size_t i = 0; i < COUNT(joined); i++)
		join(s, joined[i], &s->environment);
	for (size_t i = 0; i < first->n; i++) {
		const char *line = first->at[i];
		if (agree(s, line) && !value_of(&s->environment, line, strcspn(line, "=") + 1))
			words_add(&s->environment, line);
	}
}

/* -- its course ----------------------------------------------------------------------------- */

static void service_free(struct service *s)
{
	list_drop(&s->link);
	timer_stop(&s->timer);
	task_stop(&s->task);
	program_free(&s->program);
	words_free(&s->test);
	words_free(&s->reload);
	words_free(&s->environment);
	free(s->key);
	free(s);
}

static void answer(struct service *s)
{
	while (!list_empty(&s->calls)) {
		struct service_call *c =
			container_of(list_shift(&s->calls), struct service_call, link);
		c->service = NULL;
		c->story = s->story;
		task_done(c->waiter);
	}
	service_free(s);
}

static bool feeds(const struct cert_conf *cert, const char *key)
{
	for (size_t i = 0; i < cert->n_targets; i++) {
		scoped(free_p) char *its = key_of(&cert->targets[i]);
		if (!strcmp(its, key))
			return true;
	}
	return false;
}

/* Will another certificate of this run want the same, soon? */
static bool is_expecting(const struct service *s)
{
	struct list *coming = s->engine->coming;

	if (!coming || clock_ms() >= s->until_ms)
		return false;
	list_each (at, coming)
		if (feeds(container_of(at, struct deploy_coming, link)->cert, s->key))
			return true;
	return false;
}

/* Does one of the same key run?  Two reloads of one service at once help nobody. */
static bool is_running(const struct service *s)
{
	if (!s->engine->services)
		return false;
	list_each (at, s->engine->services) {
		const struct service *x = container_of(at, struct service, link);
		if (x->state != COLLECT && !strcmp(x->key, s->key))
			return true;
	}
	return false;
}

static void run(struct service *s, enum service_state state, const struct words *argv)
{
	program_free(&s->program);
	s->program = (struct program){ .argv = argv,
				       .environment = &s->environment,
				       .limit_s = s->limit_s };
	s->state = state;
	program_start(s->engine->loop, &s->program, &s->task);
}

static void settle(struct service *s)
{
	const char *certs = value_of(&s->environment, "DNSEAL_CERT=", strlen("DNSEAL_CERT="));

	hook_log(certs, &s->program);
	if (fail_from(s, &s->program))
		story_prefix(&s->story, s->state == TEST ? "the test before the reload refused: "
							 : "reload: ");
}

static void next(struct task *t)
{
	struct service *s = container_of(t, struct service, task);

	if (s->state == COLLECT && !list_empty(&s->calls) && (is_running(s) || is_expecting(s))) {
		timer_start(&s->timer, t, COLLECT_MS);
		return;
	}
	if (s->state != COLLECT)
		settle(s);
	else if (!list_empty(&s->calls))
		tell_programs(s);
	if (s->story.st || s->state == RELOAD || list_empty(&s->calls))
		answer(s);
	else if (s->state == COLLECT && s->test.n)
		run(s, TEST, &s->test);
	else if (s->reload.n)
		run(s, RELOAD, &s->reload);
	else
		answer(s);
}

/* -- calls ---------------------------------------------------------------------------------- */

static struct service *joinable(struct engine *e, const char *key)
{
	if (!e->services)
		return NULL;
	list_each (at, e->services) {
		struct service *s = container_of(at, struct service, link);
		if (s->state == COLLECT && !strcmp(s->key, key))
			return s;
	}
	return NULL;
}

static struct service *service_new(struct engine *e, const char *key, const struct target_conf *t)
{
	struct service *s = mem_new(sizeof(*s));

	s->engine = e;
	s->key = str_copy(key);
	s->until_ms = clock_ms() + COLLECT_MAX_MS;
	s->limit_s = t->timeout_s;
	copy(&s->test, &t->test);
	copy(&s->reload, &t->reload);
	list_init(&s->calls);
	if (e->services)
		list_add(e->services, &s->link);
	task_init(&s->task, e->loop, next);
	timer_start(&s->timer, &s->task, COLLECT_MS);
	return s;
}

/* All calls of a certificate come at one moment. */
static void has_come(struct engine *e, const struct cert_conf *cert)
{
	if (!e->coming)
		return;
	list_each_safe (at, e->coming)
		if (container_of(at, struct deploy_coming, link)->cert == cert)
			list_drop(at);
}

void service_call_start(struct engine *e, struct service_call *c, const struct target_conf *t,
			struct task *waiter)
{
	scoped(free_p) char *key = key_of(t);
	struct service *s = joinable(e, key);

	if (!s)
		s = service_new(e, key, t);
	c->service = s;
	c->waiter = waiter;
	story_clear(&c->story);
	list_add(&s->calls, &c->link);
	has_come(e, c->cert);
	task_expect(waiter);
}

void service_call_cancel(struct service_call *c)
{
	struct service *s = c->service;

	if (!s)
		return;
	list_drop(&c->link);
	c->service = NULL;
	fail(c, SEAL_ECANCELED, "interrupted");
	task_done(c->waiter);
	if (list_empty(&s->calls)) /* nobody waits for it any more */
		program_cancel(&s->program);
}

/* -- certificates on their way -------------------------------------------------------------- */

void deploy_expect(struct engine *e, struct deploy_coming *c, const struct cert_conf *cert)
{
	list_drop(&c->link);
	c->cert = cert;
	if (e->coming)
		list_add(e->coming, &c->link);
}

void deploy_expect_no_more(struct deploy_coming *c)
{
	list_drop(&c->link);
}
