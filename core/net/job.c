/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/job.h"

#include "base/scope.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define STACK_SIZE (512u << 10)

struct pool {
	struct loop *loop;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t wanted;
	struct list queue; /* jobs no thread has begun */
	unsigned queued;
	unsigned idle; /* threads that wait for one */
	bool ending;
	unsigned n, max;
	pthread_t threads[];
};

struct pool *pool_new(struct loop *l, unsigned max_threads)
{
	unsigned max = max_threads ? max_threads : 1;
	struct pool *p = mem_new(sizeof(*p) + max * sizeof(*p->threads));

	p->loop = l;
	p->max = max;
	list_init(&p->queue);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wanted, NULL);
	return p;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->ending = true;
	pthread_cond_broadcast(&p->wanted);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->n; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->wanted);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* The next job, or NULL when the pool ends and none is left. */
static struct job *next_job(struct pool *p)
{
	struct list *x;

	pthread_mutex_lock(&p->lock);
	p->idle++;
	while (list_empty(&p->queue) && !p->ending)
		pthread_cond_wait(&p->wanted, &p->lock);
	p->idle--;
	x = list_shift(&p->queue);
	p->queued -= x != NULL;
	pthread_mutex_unlock(&p->lock);
	return x ? container_of(x, struct job, link) : NULL;
}

static void *work(void *arg)
{
	struct pool *p = arg;

	for (struct job *j; (j = next_job(p));) {
		j->work(j);
		loop_post(p->loop, &j->mail);
	}
	return NULL;
}

/* One more thread, with every signal left to the main one. */
static bool hire(struct pool *p)
{
	sigset_t all, before;
	pthread_attr_t attr;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	bool good = !pthread_create(&p->threads[p->n], &attr, work, p);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->n += good;
	return good;
}

/* In the loop's thread: the job is over. */
static void come_home(struct mail *m)
{
	struct job *j = container_of(m, struct job, mail);
	struct task *t = j->task;

	loop_release(t->loop); /* the pool may be gone */
	task_done(t);
}

/* A pool without any thread can do nothing, and a job must not run in the loop's own thread, which
 * it may wait for.  Ends the process as want of memory does. */
static void give_up(void)
{
	static const char text[] = "dnseal: cannot start a thread\n";
	ssize_t n = write(2, text, sizeof(text) - 1);

	(void)n;
	abort();
}

void job_start(struct pool *p, struct job *j, struct task *t)
{
	j->pool = p;
	j->task = t;
	j->mail = (struct mail){ .open = come_home };
	task_expect(t);
	loop_hold(t->loop);
	pthread_mutex_lock(&p->lock);
	list_add(&p->queue, &j->link);
	p->queued++;
	if (p->queued > p->idle && p->n < p->max && !hire(p) && !p->n)
		give_up();
	pthread_cond_signal(&p->wanted);
	pthread_mutex_unlock(&p->lock);
}
