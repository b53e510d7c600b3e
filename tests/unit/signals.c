/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Signals while an order runs: which of them end it, and which are nobody's word. */
#include "config.h"

#include "tests/tap.h"

#include "app/signals.h"
#include "base/log.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int canceled;
static bool woken;

static void cancel(void *arg)
{
	(void)arg;
	canceled++;
	woken = true;
}

static void time_is_over(struct task *t)
{
	(void)t;
	woken = true;
}

/* Let the loop see what came, for at most 200 ms. */
static void look(struct loop *loop)
{
	struct task late;
	struct timer timer = { 0 };

	woken = false;
	task_init(&late, loop, time_is_over);
	timer_start(&timer, &late, 200);
	(void)!loop_run(loop, &woken);
	timer_stop(&timer);
	task_stop(&late);
}

static void each_of_three_ends_the_work(void)
{
	static const struct {
		int sent, first;
		const char *name;
	} cases[] = { { SIGINT, SIGINT, "SIGINT" },
		      { SIGTERM, SIGTERM, "SIGTERM" },
		      { SIGHUP, SIGTERM, "SIGHUP, as SIGTERM" } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct loop *loop = loop_new();
		struct signals s;
		signals_start(&s, loop, cancel);
		s.arg = &s;
		canceled = 0;
		kill(getpid(), cases[i].sent);
		look(loop);
		ok(canceled == 1 && s.first == cases[i].first, "%s cancels", cases[i].name);
		kill(getpid(), SIGHUP);
		look(loop);
		ok(canceled == 1, "a SIGHUP behind it changes nothing");
		signals_stop(&s);
		loop_free(loop);
	}
}

/* The status of a child that gets these two while it works. */
static int ended_by(int first, int second)
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		struct loop *loop = loop_new();
		struct signals s;
		signals_start(&s, loop, cancel);
		kill(getpid(), first);
		look(loop);
		kill(getpid(), second);
		look(loop);
		_exit(7);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_second_ends_the_process(void)
{
	ok(ended_by(SIGINT, SIGINT) == 130, "SIGINT twice");
	ok(ended_by(SIGINT, SIGTERM) == 143, "SIGTERM behind SIGINT");
	ok(ended_by(SIGHUP, SIGINT) == 130, "SIGINT behind SIGHUP");
	ok(ended_by(SIGTERM, SIGHUP) == 7, "SIGHUP behind SIGTERM: the work goes on to its end");
}

static void what_was_ignored_stays_ignored(void)
{
	struct loop *loop = loop_new();
	struct signals s;

	signal(SIGHUP, SIG_IGN);
	signals_start(&s, loop, cancel);
	s.arg = &s;
	canceled = 0;
	kill(getpid(), SIGHUP);
	look(loop);
	ok(!canceled && !s.first, "a process under nohup does not hear SIGHUP");
	kill(getpid(), SIGTERM);
	look(loop);
	ok(canceled == 1, "but SIGTERM");
	signals_stop(&s);
	signal(SIGHUP, SIG_DFL);
	loop_free(loop);
}

int main(void)
{
	log_level_set(LOG_ERROR);
	each_of_three_ends_the_work();
	the_second_ends_the_process();
	what_was_ignored_stays_ignored();
	return done();
}
