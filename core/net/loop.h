/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * loop.h - run queue, timers and the one place that blocks (curl_multi_poll).
 *
 * The rule that keeps the program readable: a completion carries no logic.  It stores its result
 * in the struct that asked and calls task_done() on one task; all logic is in the task's run().
 * Everything here is called from the loop's thread, except loop_post(). */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop *loop_new(void);
void loop_free(struct loop *);
/* Run tasks until *done.  Returns early (false) when nothing is left that could ever set it: no
 * task to run, no timer, no mail, no hold, no busy source.  A watch alone does not count; who waits
 * for nothing but a descriptor (a daemon for its next signal) holds the loop. */
bool loop_run(struct loop *, const bool *done);

struct task {
	void (*run)(struct task *); /* called when the last thing it waited for is over */
	struct loop *loop;
	unsigned pending; /* things it waits for */
	struct list link; /* in the run queue */
};
void task_init(struct task *, struct loop *, void (*run)(struct task *));
void task_wake(struct task *);   /* run it soon, whatever it waits for */
void task_expect(struct task *); /* one more thing to wait for */
void task_done(struct task *);   /* one of them is over; queued when none is left */
void task_stop(struct task *);   /* take it out of the run queue; before its memory goes */

/* after_ms from now the task gets one task_done().  start does the task_expect().  stop: if it is
 * running, the task gets its task_done() at once.  Starting a running one stops it first. */
struct timer {
	struct list link;
	struct task *task;
	int64_t at_ms;
};
void timer_start(struct timer *, struct task *, int64_t after_ms);
void timer_stop(struct timer *);
bool timer_is_running(const struct timer *);

/* A letter from another thread: open() runs in the loop's thread.  The sender keeps the memory
 * alive until then. */
struct mail {
	struct list link;
	void (*open)(struct mail *);
};
void loop_post(struct loop *, struct mail *); /* from any thread */
/* Work in other threads that will post: the loop waits for it rather than end or, in a test's own
 * time, move the clock. */
void loop_hold(struct loop *);
void loop_release(struct loop *);

/* Descriptors to poll.  `seen` runs in the loop's thread with revents filled in (POLLIN ...); it
 * may only store and mark tasks.  sources with a deadline: see struct source. */
struct watch {
	struct list link;
	int fd;
	short events, revents;
	void (*seen)(struct watch *);
};
void watch_start(struct loop *, struct watch *);
void watch_stop(struct watch *);

/* Something with timeouts of its own (curl, c-ares): `due_ms` says when it wants to be looked at
 * (INT64_MAX: never), `look` is called after every poll. */
struct source {
	struct list link;
	int64_t (*due_ms)(struct source *);
	void (*look)(struct source *);
	bool (*is_busy)(struct source *); /* something is under way: the loop must not end */
};
void source_start(struct loop *, struct source *);
void source_stop(struct source *);

void *loop_multi(struct loop *); /* its CURLM *, for net/http only */

#endif
