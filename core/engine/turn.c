/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * turn.c - one certificate's turn.  Read the table first.
 *
 *   GLANCE -> LOCK -> LOOK -> CONNECT -> WISH -> DECIDE -> SETTLE -> BEFORE -> REHEARSE -> ORDER
 *          -> KEEP -> DEPLOY -> AFTER -> SAVE -> OVER
 *
 * GLANCE reads two small files without the lock, and most turns end there: nothing is due.  The
 * CA is only asked for its wish (CONNECT, WISH) when that is due; DECIDE looks again under the
 * lock, so that of any number of runs one orders.  SETTLE takes out of DNS what an earlier run
 * left there.  BEFORE and AFTER run the operator's hooks.  ORDER comes back to itself with the next
 * account.  Failure anywhere under the lock leads to KEEP, and deployments that wait are tried
 * whatever happened before. */
#include "config.h"

#include "engine/turn_work.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_LOOK_MS 200      /* between two tries to get the lock */
#define PAUSE_MAX_S (8 * 86400) /* a longer one was written by a clock that was wrong */
#define SOON_S 3600	      /* deployments that wait, certificates that have little time */

static enum seal_status glance(struct turn *), take_lock(struct turn *), look(struct turn *);
static enum seal_status connect_ca(struct turn *), keep_session(struct turn *);
static enum seal_status ask_wish(struct turn *), keep_wish(struct turn *);
static enum seal_status choose(struct turn *), settle(struct turn *), settled(struct turn *);

/* clang-format off */
static const struct {
	const char *name;
	enum seal_status (*enter)(struct turn *); /* start what the step waits for, if anything */
	enum seal_status (*leave)(struct turn *); /* it is over: set t->next, or fail() */
} steps[TURN_STEPS] = {
	[TURN_GLANCE]   = { "glance",   NULL,        glance },
	[TURN_LOCK]     = { "lock",     NULL,        take_lock },
	[TURN_LOOK]     = { "look",     NULL,        look },
	[TURN_CONNECT]  = { "connect",  connect_ca,  keep_session },
	[TURN_WISH]     = { "wish",     ask_wish,    keep_wish },       /* RFC 9773 */
	[TURN_DECIDE]   = { "decide",   NULL,        choose },
	[TURN_SETTLE]   = { "settle",   settle,      settled },
	[TURN_BEFORE]   = { "before",   run_before,  judge_before },
	[TURN_REHEARSE] = { "rehearse", rehearse,    judge_rehearsal },
	[TURN_ORDER]    = { "order",    place_order, judge_order },
	[TURN_KEEP]     = { "keep",     keep,        kept },
	[TURN_DEPLOY]   = { "deploy",   deploy,      deployed },
	[TURN_AFTER]    = { "after",    run_after,   judge_after },
	[TURN_SAVE]     = { "save",     save,        saved },
	[TURN_OVER]     = { "over",     NULL,        NULL },
};
/* clang-format on */

static const char *name_of(const struct turn *t)
{
	return t->cert.name;
}

/* -- the driver ----------------------------------------------------------------------------- */

static void move(struct turn *t, enum turn_step to)
{
	t->step = to;
	t->entered = false;
	if (t->pause_ms)
		timer_start(&t->pause, &t->task, t->pause_ms);
	t->pause_ms = 0;
}

static enum turn_result result_of(enum seal_status st)
{
	switch (st) {
	case SEAL_ELOCKED:
		return TURN_LOCKED;
	case SEAL_ELIMIT:
		return TURN_DEFERRED;
	default:
		return TURN_FAILED;
	}
}

static void failed(struct turn *t)
{
	t->result = result_of(t->story.st);
	t->pause_ms = 0;
	move(t, t->looked && t->step < TURN_KEEP ? TURN_KEEP : TURN_OVER);
}

static enum seal_status step(struct turn *t)
{
	if (!t->entered) {
		t->entered = true;
		if (steps[t->step].enter)
			return steps[t->step].enter(t);
	}
	if (t->task.pending)
		return SEAL_OK;
	t->next = t->step;
	enum seal_status st = steps[t->step].leave(t);
	if (!st && t->canceled && !t->story.st && t->next < TURN_KEEP)
		st = fail(t, SEAL_ECANCELED, "interrupted");
	if (!st)
		move(t, t->next);
	return st;
}

static void tell_end(struct turn *t)
{
	bool fine = t->result < TURN_DEFERRED;
	struct event e = { .kind = EVENT_DONE,
			   .certificate = name_of(t),
			   .result = fine && t->deploy_pending ? "deploy-failed"
							       : turn_result_name(t->result),
			   .rehearsal = t->result == TURN_REHEARSED };

	if (!fine && !t->paused)
		engine_tell(&t->engine, &(struct event){ .kind = EVENT_ERROR,
							 .certificate = name_of(t),
							 .story = &t->story });
	if (fine) {
		e.not_after = turn_not_after(t);
		e.generation = e.rehearsal ? 0 : t->live.generation;
		e.dir = e.rehearsal ? NULL : t->live.dir;
	}
	engine_tell(&t->engine, &e);
}

/* The only driver.  Called when the last thing that the turn waited for is over. */
static void turn_run(struct task *task)
{
	struct turn *t = container_of(task, struct turn, task);

	while (!t->task.pending && t->step != TURN_OVER)
		if (step(t))
			failed(t);
	if (t->step != TURN_OVER || t->task.pending)
		return;
	task_stop(&t->task); /* what was over at once has woken it again */
	lock_drop(&t->lock);
	tell_end(t);
	task_done(t->waiter);
}

/* -- GLANCE --------------------------------------------------------------------------------- */

struct account_conf *turn_account(const struct turn *t, size_t i)
{
	const struct cert_conf *c = t->ask.cert;

	if (!i)
		return c->account;
	return i <= c->n_others ? c->others[i - 1] : NULL;
}

/* The account at the CA that what is live comes from; NULL: none of ours. */
static struct account_conf *account_of_live(const struct turn *t)
{
	const char *ca = t->live.meta ? json_str(t->live.meta, "ca") : NULL;
	struct account_conf *a = NULL;

	for (size_t i = 0; ca && (a = turn_account(t, i)); i++)
		if (!strcmp(a->url, ca))
			return a;
	return NULL;
}

static bool wants_wish(struct turn *t)
{
	if (!t->live.exists || t->ask.force == TURN_NOW || t->ask.rehearse || !account_of_live(t))
		return false;
	free(t->cert_id);
	t->cert_id = ari_cert_id(&t->live.chain.at[0]);
	if (t->ask.wish_s && t->state.ari.next_ask > t->state.ari.asked + t->ask.wish_s)
		t->state.ari.next_ask = t->state.ari.asked + t->ask.wish_s;
	return ari_should_ask(&t->state.ari, t->cert_id, t->live.chain.at[0].not_after,
			      clock_wall());
}

static bool has_leftovers(const struct turn *t)
{
	struct journal_glance alone = { 0 };
	bool any = journal_has(t->engine.store, t->ask.journal ? t->ask.journal : &alone,
			       name_of(t));

	journal_glance_free(&alone);
	return any;
}

/* One in flight, or one that is over and whose end a crash cut off. */
static bool has_order(const struct turn *t)
{
	scoped(free_p) char *path =
		store_path(t->engine.store, "certs/%s/order/order.json", name_of(t));

	return file_exists(path);
}

static void decide_now(struct turn *t)
{
	int64_t now = clock_wall();

	decide(&t->cert, &t->live, &t->state, now, &t->decision);
	decide_early(&t->decision, &t->state.ari, t->ask.every_s, now);
}

/* Is a pause after a failure on? */
static bool is_paused(const struct turn *t)
{
	int64_t left_s = t->state.next_try - clock_wall();

	return t->ask.force == TURN_WHEN_DUE && !t->ask.rehearse && left_s > 0 &&
	       left_s <= PAUSE_MAX_S;
}

/* What only an operator can mend is that until it is mended: a monitor must not see it go. */
static enum seal_status pause_class(const struct turn *t)
{
	const char *was = t->state.last_class ? t->state.last_class : "";

	return !strcmp(was, status_name(SEAL_EAUTH))	   ? SEAL_EAUTH
	       : !strcmp(was, status_name(SEAL_EOPERATOR)) ? SEAL_EOPERATOR
							   : SEAL_ELIMIT;
}

static void put_off(struct turn *t)
{
	const char *error = t->state.last_error;

	t->paused = true;
	t->result = TURN_DEFERRED;
	fail(t, pause_class(t), "the last try failed%s%s", error ? ": " : "", error ? error : "");
	t->story.retry_at = t->state.next_try;
}

/* Nothing is due, nothing is pending, nothing is to be asked or mended? */
static enum seal_status glance(struct turn *t)
{
	struct story ignored = { 0 };

	t->next = TURN_LOCK;
	if (t->ask.force == TURN_NOW || t->ask.rehearse ||
	    live_glance(t->engine.store, name_of(t), &t->live, &ignored) || !t->live.exists ||
	    cert_state_load(t->engine.store, name_of(t), &t->state, &ignored))
		return SEAL_OK;
	decide_now(t);
	if (turn_harms(t) || wants_wish(t) || has_leftovers(t) || turn_must_deploy(t) ||
	    *t->decision.warning || (!t->decision.why && has_order(t)))
		return SEAL_OK;
	if (!t->decision.why && !t->state.failures)
		t->next = TURN_OVER;
	if (t->decision.why && is_paused(t)) {
		put_off(t);
		t->next = TURN_OVER;
	}
	return SEAL_OK;
}

/* -- LOCK, LOOK ----------------------------------------------------------------------------- */

/* Tried again and again rather than waited for: others have their turns meanwhile. */
static enum seal_status take_lock(struct turn *t)
{
	int64_t now = clock_ms();
	enum seal_status st =
		store_lock_cert(t->engine.store, name_of(t), 0, &t->lock, &t->story);

	if (!t->lock_until_ms)
		t->lock_until_ms = now + t->ask.lock_wait_ms;
	if (st != SEAL_ELOCKED || now >= t->lock_until_ms || t->canceled) {
		t->next = TURN_LOOK;
		return st;
	}
	story_clear(&t->story);
	t->pause_ms = LOCK_LOOK_MS;
	return SEAL_OK;
}

/* Where it came from, if that can still be seen. */
static enum seal_status read_damaged(struct turn *t)
{
	if (live_glance(t->engine.store, name_of(t), &t->live, &t->story))
		story_clear(&t->story);
	turn_note(t, "what is live is damaged, and nothing complete is there to take its place: it "
		     "is ordered anew");
	return SEAL_OK;
}

static enum seal_status read_all(struct turn *t)
{
	const struct store *s = t->engine.store;
	scoped(repair_free) struct repair repair = { 0 };
	enum seal_status st = store_repair(s, name_of(t), &repair, &t->story);

	live_free(&t->live);
	cert_state_free(&t->state);
	t->damaged = repair.damaged;
	if (!st)
		st = t->damaged ? read_damaged(t) : live_read(s, name_of(t), &t->live, &t->story);
	if (!st)
		st = cert_state_load(s, name_of(t), &t->state, &t->story);
	if (!st && repair.note.len)
		turn_note(t, "%s", buf_text(&repair.note));
	return st;
}

static enum seal_status look(struct turn *t)
{
	enum seal_status st = read_all(t);

	if (!st)
		st = turn_protect(t);
	if (st)
		return st;
	if (t->damaged)
		live_free(&t->live); /* as good as none */
	t->looked = true;
	t->dirty = !t->state.jitter;
	decide_jitter(&t->state);
	t->next = wants_wish(t) ? TURN_CONNECT : TURN_DECIDE;
	return SEAL_OK;
}

/* -- CONNECT, WISH: what goes wrong here is no failure of the certificate ------------------- */

static enum seal_status connect_ca(struct turn *t)
{
	t->session = session_of(t->ask.engine, account_of_live(t));
	t->session_wait.certificate = name_of(t);
	session_open(t->session, &t->session_wait, &t->task);
	return SEAL_OK;
}

static enum seal_status keep_session(struct turn *t)
{
	t->next = TURN_WISH;
	if (!t->session->story.st)
		return SEAL_OK;
	ari_missed(&t->state.ari, t->cert_id, &t->session->story, clock_wall());
	t->dirty = true;
	t->next = TURN_DECIDE;
	return SEAL_OK;
}

static enum seal_status ask_wish(struct turn *t)
{
	t->wish = (struct ari_get){ .ca = &t->session->ca, .cert_id = t->cert_id };
	ari_get_start(&t->wish, &t->task);
	return SEAL_OK;
}

static enum seal_status keep_wish(struct turn *t)
{
	const struct ari_get *w = &t->wish;
	int64_t now = clock_wall();

	if (w->story.st && w->story.st != SEAL_ECANCELED)
		ari_missed(&t->state.ari, t->cert_id, &w->story, now);
	else if (!w->story.st)
		ari_keep(&t->state.ari, t->cert_id, w->start, w->end, w->retry_s, w->explanation,
			 now);
	ari_get_free(&t->wish);
	t->dirty = true;
	t->next = TURN_DECIDE;
	return SEAL_OK;
}

/* -- DECIDE --------------------------------------------------------------------------------- */

static enum seal_status choose(struct turn *t)
{
	struct decision *d = &t->decision;

	t->next = TURN_SETTLE;
	decide_now(t);
	if (*d->warning)
		turn_note(t, "%s", d->warning);
	if (d->why && is_paused(t)) {
		put_off(t);
		return SEAL_OK;
	}
	t->due = d->why || t->ask.force == TURN_NOW || t->ask.rehearse;
	if (t->due)
		turn_is_at(t, AT_LINE);
	if (d->why && t->live.exists)
		log_line(LOG_INFO, "%s: %s%s", name_of(t),
			 d->why == DUE_TIME || d->why == DUE_ARI ? "it is due: " : "", d->said);
	else if (!d->why && t->due && !t->ask.rehearse)
		d->why = DUE_FORCED;
	return SEAL_OK;
}

/* -- SETTLE --------------------------------------------------------------------------------- */

/* An order in flight may still need its records, and takes all of them out at its end. */
static bool is_in_flight(const struct turn *t)
{
	return t->due && has_order(t);
}

static enum seal_status settle(struct turn *t)
{
	if (is_in_flight(t) || !has_leftovers(t))
		return SEAL_OK;
	t->undo = (struct undo){ .engine = &t->engine, .cert = name_of(t) };
	t->undoing = true;
	undo_start(&t->undo, &t->task);
	return SEAL_OK;
}

static enum seal_status settled(struct turn *t)
{
	const struct undo *u = &t->undo;

	if (t->undoing)
		log_line(u->story.st ? LOG_WARN : LOG_INFO,
			 "%s: %zu of %zu TXT of an earlier run removed%s%s", name_of(t), u->n_gone,
			 u->n_open, u->story.st ? ": " : "", u->story.text);
	undo_free(&t->undo);
	t->next = t->due ? TURN_BEFORE : TURN_KEEP;
	return SEAL_OK;
}

/* -- outside -------------------------------------------------------------------------------- */

struct turn *turn_new(const struct turn_ask *ask)
{
	struct turn *t = mem_new(sizeof(*t));

	t->ask = *ask;
	t->engine = *ask->engine;
	t->engine.logins = ask->logins;
	t->engine.n_logins = ask->n_logins;
	t->cert = *ask->cert;
	t->lock.fd = -1;
	task_init(&t->task, t->engine.loop, turn_run);
	return t;
}

void turn_start(struct turn *t, struct task *waiter)
{
	t->waiter = waiter;
	task_expect(waiter);
	task_wake(&t->task);
}

void turn_cancel(struct turn *t)
{
	t->canceled = true;
	timer_stop(&t->pause);
	if (t->step == TURN_WISH && t->entered)
		ari_get_cancel(&t->wish);
	if (t->order)
		order_cancel(t->order);
	turn_deploy_cancel(t);
}

void turn_free(struct turn *t)
{
	if (!t)
		return;
	timer_stop(&t->pause);
	task_stop(&t->task);
	turn_deploy_free(t);
	order_free(t->order);
	undo_free(&t->undo);
	ari_get_free(&t->wish);
	live_free(&t->live);
	cert_state_free(&t->state);
	lock_drop(&t->lock);
	free(t->cert_id);
	free(t);
}

const char *turn_name(const struct turn *t)
{
	return name_of(t);
}

enum turn_result turn_result(const struct turn *t)
{
	return t->result;
}

const char *turn_result_name(enum turn_result r)
{
	static const char *const names[] = {
		[TURN_UNCHANGED] = "unchanged", [TURN_ISSUED] = "issued",
		[TURN_RENEWED] = "renewed",	[TURN_REHEARSED] = "issued",
		[TURN_DEFERRED] = "deferred",	[TURN_LOCKED] = "deferred",
		[TURN_FAILED] = "failed",
	};

	return names[r];
}

bool turn_deploy_pending(const struct turn *t)
{
	return t->deploy_pending;
}

const struct story *turn_story(const struct turn *t)
{
	return &t->story;
}

const struct decision *turn_decision(const struct turn *t)
{
	return &t->decision;
}

const struct live *turn_live(const struct turn *t)
{
	return &t->live;
}

int64_t turn_not_after(const struct turn *t)
{
	if (t->result == TURN_REHEARSED)
		return t->not_after;
	return t->live.exists ? t->live.chain.at[0].not_after : 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return !a || (b && b < a) ? b : a;
}

int64_t turn_next(const struct turn *t)
{
	int64_t now = clock_wall(), next = t->decision.at;

	if (t->ask.rehearse)
		return 0;
	if (t->result >= TURN_DEFERRED) {
		next = earlier(t->state.next_try, t->story.retry_at);
		if (!next)
			next = now + SOON_S;
	}
	if (t->live.exists && t->state.ari.next_ask > now)
		next = earlier(next, t->state.ari.next_ask);
	if (t->deploy_pending || t->decision.urgent)
		next = earlier(next, now + SOON_S);
	return next;
}
