/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/loop.h"

#include "base/clock.h"
#include "base/scope.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

enum {
	IDLE_MS = 60000, /* longest sleep; nothing depends on it */
	STEP_MS = 10,	 /* sleep while a test owns the time and real sockets are busy */
};

struct loop {
	CURLM *multi;
	struct list ready;  /* tasks to run */
	struct list now;    /* the ones of this turn */
	struct list timers; /* by at_ms, equal ones in order of their start */
	struct list watches;
	struct list sources;
	unsigned holds;
	struct curl_waitfd *fds;
	unsigned fds_cap;
	pthread_mutex_t lock; /* for mail */
	struct list mail;
};

struct loop *loop_new(void)
{
	struct loop *l = mem_new(sizeof(*l));
	struct list *lists[] = {
		&l->ready, &l->now, &l->timers, &l->watches, &l->sources, &l->mail
	};

	for (size_t i = 0; i < COUNT(lists); i++)
		list_init(lists[i]);
	pthread_mutex_init(&l->lock, NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	l->multi = curl_multi_init();
	if (!l->multi)
		abort(); /* out of memory, or of descriptors before anything began */
	return l;
}

static void empty(struct list *h)
{
	while (list_shift(h))
		;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	empty(&l->ready);
	empty(&l->now);
	empty(&l->timers);
	empty(&l->watches);
	empty(&l->sources);
	empty(&l->mail);
	curl_multi_cleanup(l->multi);
	curl_global_cleanup();
	pthread_mutex_destroy(&l->lock);
	free(l->fds);
	free(l);
}

void *loop_multi(struct loop *l)
{
	return l->multi;
}

static void move_all(struct list *from, struct list *to)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* Tasks. */

void task_init(struct task *t, struct loop *l, void (*run)(struct task *))
{
	*t = (struct task){ .loop = l, .run = run };
}

void task_wake(struct task *t)
{
	if (list_empty(&t->link))
		list_add(&t->loop->ready, &t->link);
}

void task_expect(struct task *t)
{
	t->pending++;
}

void task_done(struct task *t)
{
	if (t->pending)
		t->pending--;
	if (!t->pending)
		task_wake(t);
}

void task_stop(struct task *t)
{
	list_drop(&t->link);
}

/* Those that are ready now; what they make ready has its turn after the next poll. */
static void run_tasks(struct loop *l, const bool *done)
{
	move_all(&l->ready, &l->now);
	while (!*done && !list_empty(&l->now)) {
		struct task *t = container_of(list_shift(&l->now), struct task, link);
		t->run(t);
	}
}

/* Timers. */

bool timer_is_running(const struct timer *t)
{
	return !list_empty(&t->link);
}

void timer_start(struct timer *t, struct task *task, int64_t after_ms)
{
	struct list *timers = &task->loop->timers;

	task_expect(task); /* first: stopping must not wake the same task */
	timer_stop(t);
	t->task = task;
	t->at_ms = clock_ms() + (after_ms > 0 ? after_ms : 0);
	struct list *at = timers->prev;
	while (at != timers && container_of(at, struct timer, link)->at_ms > t->at_ms)
		at = at->prev;
	list_add(at->next, &t->link);
}

void timer_stop(struct timer *t)
{
	if (!timer_is_running(t))
		return;
	list_drop(&t->link);
	task_done(t->task);
}

static void fire_timers(struct loop *l)
{
	int64_t now = clock_ms();

	while (!list_empty(&l->timers)) {
		struct timer *t = container_of(l->timers.next, struct timer, link);
		if (t->at_ms > now)
			return;
		timer_stop(t);
	}
}

/* Mail from other threads. */

void loop_post(struct loop *l, struct mail *m)
{
	pthread_mutex_lock(&l->lock);
	bool first = list_empty(&l->mail); /* the others ride along with its wake-up */
	list_add(&l->mail, &m->link);
	if (first)
		curl_multi_wakeup(l->multi);
	pthread_mutex_unlock(&l->lock);
}

void loop_hold(struct loop *l)
{
	l->holds++;
}

void loop_release(struct loop *l)
{
	l->holds -= l->holds > 0;
}

static bool has_mail(struct loop *l)
{
	pthread_mutex_lock(&l->lock);
	bool some = !list_empty(&l->mail);
	pthread_mutex_unlock(&l->lock);
	return some;
}

static void open_mail(struct loop *l)
{
	struct list mail = LIST_HEAD(mail);

	pthread_mutex_lock(&l->lock);
	move_all(&l->mail, &mail);
	pthread_mutex_unlock(&l->lock);
	while (!list_empty(&mail)) {
		struct mail *m = container_of(list_shift(&mail), struct mail, link);
		m->open(m);
	}
}

/* Watches and sources. */

void watch_start(struct loop *l, struct watch *w)
{
	list_drop(&w->link);
	list_add(&l->watches, &w->link);
}

void watch_stop(struct watch *w)
{
	list_drop(&w->link);
}

void source_start(struct loop *l, struct source *s)
{
	list_drop(&s->link);
	list_add(&l->sources, &s->link);
}

void source_stop(struct source *s)
{
	list_drop(&s->link);
}

/* Each is put back before it is called: it may stop itself or any other. */
static void look_at_sources(struct loop *l)
{
	struct list todo = LIST_HEAD(todo);

	move_all(&l->sources, &todo);
	while (!list_empty(&todo)) {
		struct source *s = container_of(list_shift(&todo), struct source, link);
		list_add(&l->sources, &s->link);
		s->look(s);
	}
}

static bool is_busy(struct loop *l)
{
	if (l->holds)
		return true;
	list_each(at, &l->sources) {
		struct source *s = container_of(at, struct source, link);
		if (s->is_busy(s))
			return true;
	}
	return false;
}

static int64_t next_due_ms(struct loop *l)
{
	int64_t due = INT64_MAX;

	if (!list_empty(&l->timers))
		due = container_of(l->timers.next, struct timer, link)->at_ms;
	list_each(at, &l->sources) {
		struct source *s = container_of(at, struct source, link);
		int64_t ms = s->due_ms(s);
		due = ms < due ? ms : due;
	}
	return due;
}

/* The one place that blocks. */

static int sleep_ms(struct loop *l)
{
	if (!list_empty(&l->ready) || !list_empty(&l->now) || has_mail(l))
		return 0;

	int64_t now = clock_ms(), due = next_due_ms(l);
	int64_t left = due > now ? due - now : 0;
	if (!clock_is_own())
		return left < IDLE_MS ? (int)left : IDLE_MS;
	if (is_busy(l)) /* real sockets and threads take real time; the test's stands still */
		return left < STEP_MS ? (int)left : STEP_MS;
	if (due != INT64_MAX)
		clock_advance(left);
	return 0;
}

static unsigned fill_fds(struct loop *l)
{
	unsigned n = 0;

	list_each(at, &l->watches) {
		struct watch *w = container_of(at, struct watch, link);
		if (n == l->fds_cap) {
			l->fds_cap = l->fds_cap ? 2 * l->fds_cap : 16;
			l->fds = mem_grow(l->fds, l->fds_cap, sizeof(*l->fds));
		}
		/* CURL_WAIT_POLLIN, PRI and OUT have the values of POLLIN, PRI and OUT. */
		l->fds[n++] = (struct curl_waitfd){ .fd = w->fd, .events = w->events };
	}
	return n;
}

/* fds[i] is the i-th watch: nothing of ours ran since fill_fds(). */
static void tell_watches(struct loop *l)
{
	struct list seen = LIST_HEAD(seen);
	unsigned i = 0;

	list_each_safe(at, &l->watches) {
		struct watch *w = container_of(at, struct watch, link);
		w->revents = l->fds[i++].revents;
		if (!w->revents)
			continue;
		list_drop(at);
		list_add(&seen, at);
	}
	while (!list_empty(&seen)) {
		struct watch *w = container_of(list_shift(&seen), struct watch, link);
		list_add(&l->watches, &w->link);
		w->seen(w);
	}
}

/* curl reports an error or a hang-up of a descriptor as readable, so nothing is lost. */
static void wait_once(struct loop *l)
{
	int ms = sleep_ms(l);
	unsigned n = fill_fds(l);

	curl_multi_poll(l->multi, l->fds, n, ms, NULL);
	tell_watches(l);
	look_at_sources(l);
	open_mail(l);
	fire_timers(l);
}

static bool is_pending(struct loop *l)
{
	return !list_empty(&l->ready) || !list_empty(&l->now) || !list_empty(&l->timers) ||
	       has_mail(l) || is_busy(l);
}

bool loop_run(struct loop *l, const bool *done)
{
	while (!*done) {
		run_tasks(l, done);
		if (*done)
			break;
		if (!is_pending(l))
			return false;
		wait_once(l);
	}
	return true;
}
