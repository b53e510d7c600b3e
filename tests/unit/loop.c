/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Tasks, timers, mail, watches and sources of the loop, in real time and in a test's own. */
#include "config.h"

#include "net/loop.h"

#include "base/clock.h"
#include "base/scope.h"
#include "tap.h"

#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct step { /* a task that notes when it ran */
	struct task task;
	char name;
	unsigned runs;
	bool finished;
};

static char trace[64];
static bool never;

static void note(struct task *t)
{
	struct step *s = container_of(t, struct step, task);
	size_t n = strlen(trace);

	s->runs++;
	s->finished = true;
	if (n < sizeof(trace) - 1)
		trace[n] = s->name;
}

static void step_init(struct step *s, struct loop *l, char name)
{
	*s = (struct step){ .name = name };
	task_init(&s->task, l, note);
	memset(trace, 0, sizeof(trace));
}

static int64_t cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

static int64_t real_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void a_loop_without_work_ends(struct loop *l)
{
	ok(!loop_run(l, &never), "nothing can set done, so it says no");
	loop_hold(l);
	loop_release(l);
	ok(!loop_run(l, &never), "a hold that is released leaves nothing");
}

static void a_task_runs_when_all_it_waits_for_is_over(struct loop *l)
{
	struct step s, other;

	step_init(&s, l, 's');
	step_init(&other, l, 'o');
	task_expect(&s.task);
	task_expect(&s.task);
	task_done(&s.task);
	ok(!loop_run(l, &s.finished) && !s.runs, "one of two is not enough");
	task_done(&s.task);
	ok(loop_run(l, &s.finished) && s.runs == 1, "two are");
	task_wake(&s.task);
	task_wake(&other.task);
	task_wake(&s.task);
	loop_run(l, &never);
	is(trace, "sso", "woken twice, run once, in its first place");
	task_wake(&s.task);
	task_stop(&s.task);
	loop_run(l, &never);
	ok(s.runs == 2, "stopped before its turn, it does not run");
}

static void timers_fire_in_order(struct loop *l)
{
	struct step a, b, c, d;
	struct timer ta = { 0 }, tb = { 0 }, tc = { 0 }, td = { 0 };

	step_init(&a, l, 'a');
	step_init(&b, l, 'b');
	step_init(&c, l, 'c');
	step_init(&d, l, 'd');
	int64_t began = clock_ms();
	timer_start(&ta, &a.task, 30);
	timer_start(&tb, &b.task, 10);
	timer_start(&tc, &c.task, 10);
	timer_start(&td, &d.task, 20);
	ok(timer_is_running(&td), "a started timer is running");
	timer_stop(&td);
	ok(!timer_is_running(&td) && !d.task.pending, "a stopped one is not, its task is told");
	loop_run(l, &a.finished);
	is(trace, "dbca", "by time, equal ones as they were started");
	ok(clock_ms() - began >= 30, "not before their time: %d ms", (int)(clock_ms() - began));
	timer_start(&ta, &a.task, -5);
	timer_start(&ta, &a.task, 1);
	ok(a.task.pending == 1, "starting it again does not count twice");
	loop_run(l, &never);
	ok(a.runs == 2, "and it fires once");
}

static void waiting_costs_no_cpu(struct loop *l)
{
	struct step s;
	struct timer t = { 0 };

	step_init(&s, l, 's');
	timer_start(&t, &s.task, 300);
	int64_t cpu = cpu_ms(), began = clock_ms();
	loop_run(l, &s.finished);
	cpu = cpu_ms() - cpu;
	ok(clock_ms() - began >= 300 && cpu < 20, "300 ms of waiting took %d ms of CPU", (int)cpu);
}

struct letter {
	struct mail mail;
	struct step *to;
	struct loop *loop;
	bool early;
};

static void open_letter(struct mail *m)
{
	task_done(&container_of(m, struct letter, mail)->to->task);
}

static void *post_later(void *arg)
{
	struct letter *letter = arg;
	struct timespec pause = { .tv_nsec = letter->early ? 0 : 50000000 };

	nanosleep(&pause, NULL);
	loop_post(letter->loop, &letter->mail);
	return NULL;
}

static void mail_from_threads_wakes_the_loop(struct loop *l)
{
	enum { N = 8 };
	struct step s;
	struct letter letters[N];
	pthread_t threads[N];

	step_init(&s, l, 's');
	loop_hold(l);
	int64_t began = real_ms(), clock = clock_ms(), cpu = cpu_ms();
	for (int i = 0; i < N; i++) {
		task_expect(&s.task);
		letters[i] = (struct letter){
			.mail.open = open_letter, .to = &s, .loop = l, .early = i % 2
		};
		pthread_create(&threads[i], NULL, post_later, &letters[i]);
	}
	ok(loop_run(l, &s.finished) && s.runs == 1, "all %d letters were opened", N);
	int64_t took = real_ms() - began;
	ok(took >= 50 && took < 2000, "as soon as they came: %d ms", (int)took);
	ok(cpu_ms() - cpu < 30, "held, the loop does not spin");
	if (clock_is_own())
		ok(clock_ms() == clock, "and does not move the clock");
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	loop_release(l);
}

struct eye {
	struct watch watch;
	struct step *to;
	int fd;
};

static void eye_seen(struct watch *w)
{
	struct eye *e = container_of(w, struct eye, watch);
	char c;

	if ((w->revents & POLLIN) && read(e->fd, &c, 1) >= 0)
		task_done(&e->to->task);
}

static void a_watch_sees_its_descriptor(struct loop *l)
{
	struct step s;
	struct timer limit = { 0 };
	int fds[2];

	if (!ok(!pipe(fds), "a pipe"))
		return;
	step_init(&s, l, 's');
	struct eye e = { .watch = { .fd = fds[0], .events = POLLIN, .seen = eye_seen },
			 .to = &s,
			 .fd = fds[0] };
	watch_start(l, &e.watch);
	ok(!loop_run(l, &never), "a watch alone keeps no loop going");
	task_expect(&s.task);
	timer_start(&limit, &s.task, 5000);
	ok(write(fds[1], "xy", 2) == 2, "two octets");
	loop_run(l, &s.finished);
	ok(s.runs && !s.task.pending, "each is seen");
	ok(clock_is_own() || timer_is_running(&limit) || s.runs == 1, "once");
	timer_stop(&limit);
	watch_stop(&e.watch);
	loop_run(l, &never);
	close(fds[0]);
	close(fds[1]);
}

/* A source that wants to be looked at once at `due`, and stops itself and its neighbour there. */
struct alarm {
	struct source source;
	struct alarm *other;
	int64_t due;
	unsigned looks;
	bool busy;
	struct step *to;
};

static int64_t alarm_due(struct source *s)
{
	return container_of(s, struct alarm, source)->due;
}

static bool alarm_busy(struct source *s)
{
	return container_of(s, struct alarm, source)->busy;
}

static void alarm_look(struct source *s)
{
	struct alarm *a = container_of(s, struct alarm, source);

	a->looks++;
	if (clock_ms() < a->due)
		return;
	source_stop(&a->source);
	source_stop(&a->other->source);
	task_done(&a->to->task);
}

static void sources_are_looked_at_when_due(struct loop *l)
{
	struct step s;
	struct alarm a = { .due = clock_ms() + 40, .busy = true },
		     b = { .due = INT64_MAX, .other = &a };

	step_init(&s, l, 's');
	a.other = &b;
	a.to = b.to = &s;
	a.source = b.source =
		(struct source){ .due_ms = alarm_due, .look = alarm_look, .is_busy = alarm_busy };
	source_start(l, &a.source);
	source_start(l, &b.source);
	task_expect(&s.task);
	ok(loop_run(l, &s.finished), "a busy source keeps the loop going until it is due");
	ok(a.looks < 5 && b.looks < 5, "%u looks", a.looks);
	ok(!loop_run(l, &never), "both are gone, though one stopped the other");
}

static void own_time_jumps_from_timer_to_timer(struct loop *l)
{
	struct step a, b;
	struct timer ta = { 0 }, tb = { 0 };
	int64_t began = clock_ms(), wall = clock_wall(), real = real_ms();

	step_init(&a, l, 'a');
	step_init(&b, l, 'b');
	timer_start(&ta, &a.task, INT64_C(30) * 86400 * 1000);
	timer_start(&tb, &b.task, 3600 * 1000);
	loop_run(l, &b.finished);
	ok(clock_ms() - began == 3600 * 1000 && !a.runs, "an hour has gone by, no more");
	loop_run(l, &a.finished);
	ok(clock_wall() - wall == 30 * 86400, "thirty days");
	is(trace, "ba", "in order");
	ok(real_ms() - real < 100, "in %d ms", (int)(real_ms() - real));
}

static void own_time_stands_still_while_a_source_is_busy(struct loop *l)
{
	struct step s, late;
	struct timer t = { 0 };
	struct letter letter;
	pthread_t thread;

	step_init(&s, l, 's');
	step_init(&late, l, 'l');
	timer_start(&t, &late.task, 10);
	task_expect(&s.task);
	loop_hold(l);
	letter = (struct letter){ .mail.open = open_letter, .to = &s, .loop = l };
	pthread_create(&thread, NULL, post_later, &letter);
	loop_run(l, &s.finished);
	ok(!late.runs, "50 ms of real work, and a timer of 10 ms has not fired");
	loop_release(l);
	pthread_join(thread, NULL);
	loop_run(l, &late.finished);
	is(trace, "sl", "it does when the work is over");
}

int main(void)
{
	struct loop *l = loop_new();

	a_loop_without_work_ends(l);
	a_task_runs_when_all_it_waits_for_is_over(l);
	timers_fire_in_order(l);
	waiting_costs_no_cpu(l);
	mail_from_threads_wakes_the_loop(l);
	a_watch_sees_its_descriptor(l);
	sources_are_looked_at_when_due(l);
	clock_own(1700000000, 1);
	a_loop_without_work_ends(l);
	timers_fire_in_order(l);
	mail_from_threads_wakes_the_loop(l);
	own_time_jumps_from_timer_to_timer(l);
	own_time_stands_still_while_a_source_is_busy(l);
	loop_free(l);
	loop_free(NULL);
	return done();
}
