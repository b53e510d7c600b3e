/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * The pool: jobs run in threads, a few at a time, and come home to the loop. */
#include "config.h"

#include "net/job.h"

#include "base/clock.h"
#include "base/scope.h"
#include "tap.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <time.h>

static atomic_int running, most;
static pthread_t home;

struct chore {
	struct job job;
	struct task task;
	bool elsewhere, quiet, came_home;
	int pause_ms;
	unsigned *left;
	bool *finished;
};

static void pause_for(int ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

static void work(struct job *j)
{
	struct chore *c = container_of(j, struct chore, job);
	sigset_t blocked;
	int n = atomic_fetch_add(&running, 1) + 1, seen = atomic_load(&most);

	while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n))
		;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	c->quiet = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGINT);
	c->elsewhere = !pthread_equal(pthread_self(), home);
	pause_for(c->pause_ms);
	atomic_fetch_sub(&running, 1);
}

static void come_home(struct task *t)
{
	struct chore *c = container_of(t, struct chore, task);

	c->came_home = pthread_equal(pthread_self(), home);
	if (!--*c->left)
		*c->finished = true;
}

static unsigned threads(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/task");

	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

/* A thread that was joined may be seen a moment longer. */
static bool threads_become(unsigned n)
{
	for (int i = 0; i < 200 && threads() != n; i++)
		pause_for(5);
	return threads() == n;
}

enum { JOBS_MAX = 40 };

static bool run_jobs(struct loop *l, struct pool *p, struct chore *c, unsigned n, int pause_ms)
{
	bool finished = false, good = true;
	unsigned left = n;

	atomic_store(&most, 0);
	for (unsigned i = 0; i < n; i++) {
		c[i] = (struct chore){ .pause_ms = pause_ms, .left = &left, .finished = &finished };
		c[i].job.work = work;
		task_init(&c[i].task, l, come_home);
		job_start(p, &c[i].job, &c[i].task);
	}
	good = loop_run(l, &finished);
	for (unsigned i = 0; i < n; i++)
		good = good && c[i].elsewhere && c[i].quiet && c[i].came_home;
	return good;
}

static void threads_start_as_they_are_needed(struct loop *l)
{
	struct chore c[JOBS_MAX];
	struct pool *p = pool_new(l, 1);

	run_jobs(l, p, c, 1, 0); /* a sanitizer starts threads of its own with the first */
	pool_free(p);
	pause_for(20);
	unsigned before = threads();
	p = pool_new(l, 4);
	ok(threads_become(before), "a pool without jobs has no threads");
	ok(run_jobs(l, p, c, 1, 1), "a job runs in another thread, its task in the loop's");
	ok(threads_become(before + 1), "one thread was started");
	for (int i = 0; i < 5; i++) {
		pause_for(5);
		run_jobs(l, p, c, 1, 0);
	}
	ok(threads_become(before + 1), "and is used again");
	ok(run_jobs(l, p, c, JOBS_MAX, 5), "%d jobs", JOBS_MAX);
	ok(threads_become(before + 4) && atomic_load(&most) == 4, "four at a time, not more");
	pool_free(p);
	ok(threads_become(before), "they are gone with the pool");
	pool_free(NULL);
}

static void waiting_for_a_job_costs_no_cpu(struct loop *l)
{
	struct chore c[1];
	struct pool *p = pool_new(l, 2);
	struct rusage a, b;

	getrusage(RUSAGE_SELF, &a);
	run_jobs(l, p, c, 1, 200);
	getrusage(RUSAGE_SELF, &b);
	long us = (b.ru_utime.tv_sec - a.ru_utime.tv_sec + b.ru_stime.tv_sec - a.ru_stime.tv_sec) *
			  1000000 +
		  b.ru_utime.tv_usec - a.ru_utime.tv_usec + b.ru_stime.tv_usec - a.ru_stime.tv_usec;
	ok(us < 30000, "200 ms of a job took %ld us of CPU", us);
	pool_free(p);
}

static void the_pool_finishes_what_it_began(struct loop *l)
{
	struct chore c = { .pause_ms = 20 };
	unsigned left = 1;
	bool finished = false;
	struct pool *p = pool_new(l, 1);

	c.left = &left;
	c.finished = &finished;
	c.job.work = work;
	task_init(&c.task, l, come_home);
	job_start(p, &c.job, &c.task);
	pool_free(p);
	ok(c.elsewhere, "pool_free() waits for the running job");
	loop_run(l, &finished);
	ok(finished && c.came_home, "whose task still hears of it");
}

static void own_time_waits_for_jobs(struct loop *l)
{
	struct chore c[3];
	struct pool *p = pool_new(l, 2);
	int64_t began;

	clock_own(1700000000, 1);
	began = clock_ms();
	ok(run_jobs(l, p, c, 3, 30) && clock_ms() == began,
	   "a test's clock stands still meanwhile");
	pool_free(p);
}

int main(void)
{
	struct loop *l = loop_new();

	home = pthread_self();
	threads_start_as_they_are_needed(l);
	waiting_for_a_job_costs_no_cpu(l);
	the_pool_finishes_what_it_began(l);
	own_time_waits_for_jobs(l);
	loop_free(l);
	return done();
}
