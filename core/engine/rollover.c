/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/rollover.h"

#include <string.h>

#define UNSETTLED_S 600 /* a front end of the CA may know only the old key for so long */

enum { PREPARED, CHANGED, WAITED, TRIED_NEXT, TRIED_OLD, STEPS };

/* Between looks at whether all of the CA knows the new key. */
static const int64_t pauses_ms[] = { 2000, 4000, 8000 };

static void finish(struct rollover *r, enum seal_status st)
{
	if (!st)
		story_clear(&r->story);
	task_done(r->waiter);
}

static enum seal_status make_next(struct rollover *r)
{
	const struct store *store = r->engine->store;

	if (!r->ca->dir.key_change)
		return fail(r, SEAL_EUNSUPPORTED, "%s offers no change of keys", r->ca->url);
	if (account_has_next(store, r->file)) {
		fail(r, SEAL_EAGAIN, "an earlier change of this account's key is not settled yet");
		hint(r, "try again in %d minutes", UNSETTLED_S / 60);
		return SEAL_EAGAIN;
	}
	enum seal_status st = key_new(r->type, &r->fresh, &r->story);
	return st ? st : account_next_write(store, r->file, r->fresh, &r->story);
}

/* In a worker: RSA keys take their time, and so do disks. */
static void prepare(struct job *job)
{
	struct rollover *r = container_of(job, struct rollover, job);

	enum seal_status st = r->what == ROLLOVER_NEW
				      ? make_next(r)
				      : account_next_load(r->engine->store, r->file, &r->fresh,
							  &r->story);
	(void)st; /* story tells */
}

static void ask(struct rollover *r, const struct key *key, int then)
{
	post_free(&r->post);
	r->post = (struct post){ .ca = r->ca, .url = r->ca->kid, .payload = "", .key = key };
	r->step = then;
	post_start(&r->post, &r->task);
}

static void ask_change(struct rollover *r)
{
	scoped(free_p) char *payload = NULL;

	if (account_rollover_payload(r->ca, r->fresh, &payload, &r->story)) {
		finish(r, r->story.st);
		return;
	}
	r->post = (struct post){
		.ca = r->ca, .url = r->ca->dir.key_change, .payload = payload, .once = true
	};
	r->step = CHANGED;
	post_start(&r->post, &r->task);
}

static void after_prepare(struct rollover *r)
{
	if (r->story.st)
		finish(r, r->story.st);
	else if (r->what == ROLLOVER_SETTLE)
		ask(r, r->fresh, TRIED_NEXT);
	else
		ask_change(r);
}

/* The CA's own word that it did not, or one that leaves us in doubt? */
static bool is_refusal(const struct post *p)
{
	return p->status >= 400 && p->status < 500 && p->problem.type != PROBLEM_RATE_LIMITED &&
	       p->problem.type != PROBLEM_BAD_NONCE;
}

/* Whatever it said, and also when no reply came: only what it does counts. */
static void after_change(struct rollover *r)
{
	if (r->post.story.st) {
		r->is_refused = is_refusal(&r->post);
		story_copy(&r->why, &r->post.story);
		story_prefix(&r->why, "keyChange: ");
	}
	ask(r, r->fresh, TRIED_NEXT);
}

static void after_pause(struct rollover *r)
{
	ask(r, r->fresh, TRIED_NEXT);
}

static void use_next(struct rollover *r)
{
	enum seal_status st = account_next_adopt(r->engine->store, r->file, &r->story);

	r->rolled = true;
	key_free(r->ca->key);
	r->ca->key = take(r->fresh);
	finish(r, st);
}

static void leave_open(struct rollover *r)
{
	hint(r, "key.pem and key.pem.next are both kept; the next run finds out which is in "
		"force");
	finish(r, r->story.st);
}

static void after_next(struct rollover *r)
{
	if (!r->post.story.st) {
		use_next(r);
	} else if (is_refusal(&r->post)) {
		ask(r, NULL, TRIED_OLD);
	} else {
		fail_from(r, &r->post);
		leave_open(r);
	}
}

/* The old one is in force, and the CA never took the new one. */
static void keep_old(struct rollover *r)
{
	struct story later = { 0 };
	enum seal_status st = r->why.st ? story_copy(&r->story, &r->why) : SEAL_OK;

	if (account_next_drop(r->engine->store, r->file, &later) && !st)
		st = story_copy(&r->story, &later);
	finish(r, st);
}

/* It was asked to change, and so far takes the old one: its front ends may learn of it later. */
static void wait_for_all(struct rollover *r)
{
	if (r->waits < COUNT(pauses_ms)) {
		r->step = WAITED;
		timer_start(&r->timer, &r->task, pauses_ms[r->waits++]);
		return;
	}
	if (r->why.st)
		story_copy(&r->story, &r->why);
	else
		fail(r, SEAL_EAGAIN, "%s said yes to the new key and takes only the old one",
		     r->ca->url);
	leave_open(r);
}

static void after_old(struct rollover *r)
{
	if (r->post.story.st) {
		fail_from(r, &r->post);
		leave_open(r);
	} else if (r->what == ROLLOVER_NEW && !r->is_refused) {
		wait_for_all(r);
	} else if (r->what == ROLLOVER_SETTLE &&
		   account_next_age(r->engine->store, r->file) < UNSETTLED_S) {
		finish(r, SEAL_OK); /* the old one works: a later run decides */
	} else {
		keep_old(r);
	}
}

static void rollover_run(struct task *t)
{
	static void (*const steps[STEPS])(struct rollover *) = {
		[PREPARED] = after_prepare,
		[CHANGED] = after_change,
		[WAITED] = after_pause,
		[TRIED_NEXT] = after_next,
		[TRIED_OLD] = after_old,
	};
	struct rollover *r = container_of(t, struct rollover, task);

	steps[r->step](r);
}

void rollover_start(struct rollover *r, struct task *waiter)
{
	r->waiter = waiter;
	task_init(&r->task, r->engine->loop, rollover_run);
	task_expect(waiter);
	r->step = PREPARED;
	r->job.work = prepare;
	job_start(r->engine->pool, &r->job, &r->task);
}

void rollover_free(struct rollover *r)
{
	if (!r->engine)
		return;
	if (r->task.loop) {
		timer_stop(&r->timer);
		task_stop(&r->task);
	}
	post_free(&r->post);
	key_free(take(r->fresh));
	story_clear(&r->why);
}
