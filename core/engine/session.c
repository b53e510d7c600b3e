/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/session.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define ACCOUNT_LOCK_MS 60000 /* another run registers the same account: wait for its result */

enum { PREPARE, SETTLE, SAVE };

struct session *session_new(struct engine *e, const struct account_conf *conf)
{
	struct session *s = mem_new(sizeof(*s));

	s->engine = e;
	s->conf = *conf;
	s->lock.fd = -1;
	list_init(&s->waiters);
	list_init(&s->admission);
	ca_init(&s->ca, e->http, conf->url, conf->trust);
	return s;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	task_stop(&s->task);
	directory_get_free(&s->directory);
	account_get_free(&s->account);
	rollover_free(&s->rollover);
	lock_drop(&s->lock);
	if (s->ca.key)
		s->file.key = NULL; /* handed over */
	account_file_free(&s->file);
	ca_free(&s->ca);
	free(s);
}

/* In a worker: find the account's key, or make one and have it safe on disk. */
static void prepare(struct job *job)
{
	struct session *s = container_of(job, struct session, job);
	const struct store *store = s->engine->store;
	enum seal_status st = account_load(store, s->conf.url, &s->file, &s->story);

	if (st == SEAL_OK && s->file.kid && !account_has_next(store, &s->file))
		return;
	if (st && st != SEAL_ENOTFOUND)
		return;
	scoped(free_p) char *lock = account_lock(store, s->conf.url);
	account_file_free(&s->file);
	story_clear(&s->story);
	if (lock_take(&s->lock, lock, ACCOUNT_LOCK_MS, &s->story))
		return;
	st = account_load(store, s->conf.url, &s->file, &s->story);
	if (st && st != SEAL_ENOTFOUND)
		return;
	story_clear(&s->story);
	if (!s->file.kid && budget_peace(store, s->conf.url, &s->story))
		return; /* newAccount would be asked */
	if (st == SEAL_ENOTFOUND) {
		if (budget_account(store, s->conf.url, s->budget, &s->story))
			return;
		s->account.skip_find = true;
		st = account_make(store, s->conf.url, s->conf.key, &s->file, &s->story);
	}
}

/* Whose word it is, and what the operator can do when nobody knows better. */
static enum seal_status no_directory(struct session *s)
{
	fail_from(s, &s->directory);
	if (!*s->story.hint)
		hint(s, "is %s the CA's directory URL, and may this host reach it?", s->conf.url);
	return story_prefix(&s->story, "CA %s: ", s->conf.ca ? s->conf.ca : s->conf.url);
}

static enum seal_status after_prepare(struct session *s)
{
	if (s->story.st)
		return s->story.st;
	if (s->directory.story.st)
		return no_directory(s);
	s->ca.key = s->file.key;
	s->ca.kid = str_copy(s->file.kid);
	key_thumbprint(s->ca.key, s->thumbprint);
	return SEAL_OK;
}

/* A change of keys is under way, or was: the lock is ours, so it was. */
static bool is_half_rolled(const struct session *s)
{
	return s->ca.kid && account_has_next(s->engine->store, &s->file);
}

static void settle_rollover(struct session *s)
{
	s->rollover = (struct rollover){
		.engine = s->engine, .ca = &s->ca, .file = &s->file, .what = ROLLOVER_SETTLE
	};
	s->step = SETTLE;
	rollover_start(&s->rollover, &s->task);
}

static enum seal_status after_rollover(struct session *s)
{
	if (s->rollover.story.st)
		return fail_from(s, &s->rollover);
	key_thumbprint(s->ca.key, s->thumbprint);
	return SEAL_OK;
}

static void ask_account(struct session *s)
{
	struct account_get *a = &s->account;

	a->ca = &s->ca;
	a->email = s->conf.email;
	a->agreed = s->conf.agreed;
	a->eab_kid = s->conf.eab_kid;
	a->eab_hmac = s->conf.eab_hmac;
	a->eab_hash = s->conf.eab_hash;
	s->step = SAVE;
	account_get_start(a, &s->task);
}

static enum seal_status save_account(struct session *s)
{
	if (s->account.story.st)
		return fail_from(s, &s->account);
	s->created = s->account.created;
	s->file.kid = str_copy(s->ca.kid);
	if (s->conf.email)
		words_add(&s->file.contact, s->conf.email);
	enum seal_status st = account_save(s->engine->store, &s->file, &s->story);
	if (!st)
		engine_tell(s->engine,
			    &(struct event){ .kind = EVENT_STEP,
					     .certificate = s->certificate,
					     .step = "account",
					     .detail = s->created ? "created" : "found" });
	return st;
}

static void finish(struct session *s)
{
	struct list *l;

	lock_drop(&s->lock);
	s->ready = !s->story.st;
	s->over = true;
	while ((l = list_shift(&s->waiters)))
		task_done(container_of(l, struct session_wait, link)->task);
}

static void session_run(struct task *t)
{
	struct session *s = container_of(t, struct session, task);
	enum seal_status st = SEAL_OK;

	switch (s->step) {
	case PREPARE:
		st = after_prepare(s);
		if (!st && is_half_rolled(s)) {
			settle_rollover(s);
			return;
		}
		if (!st && !s->ca.kid) {
			ask_account(s);
			return;
		}
		break;
	case SETTLE:
		st = after_rollover(s);
		break;
	case SAVE:
		st = save_account(s);
		break;
	default:
		break;
	}
	if (st && !s->story.st)
		s->story.st = st;
	finish(s);
}

void session_open(struct session *s, struct session_wait *w, struct task *task)
{
	bool first = !s->task.loop;

	task_expect(task);
	w->task = task;
	if (s->over) {
		task_done(task);
		return;
	}
	list_add(&s->waiters, &w->link);
	if (!first)
		return;
	task_init(&s->task, s->engine->loop, session_run);
	s->certificate = w->certificate;
	s->step = PREPARE;
	s->job.work = prepare;
	job_start(s->engine->pool, &s->job, &s->task);
	directory_get_start(&s->directory, &s->ca, &s->task);
}

/* -- shared by the orders of a run ---------------------------------------------------------- */

struct session *session_of(struct engine *e, const struct account_conf *conf)
{
	struct session *s = e->sessions;

	while (s && strcmp(s->conf.url, conf->url) != 0)
		s = s->next;
	if (!s) {
		s = session_new(e, conf);
		s->next = e->sessions;
		e->sessions = s;
	}
	return s;
}

void sessions_free(struct engine *e)
{
	for (struct session *s = e->sessions, *next; s; s = next) {
		next = s->next;
		session_free(s);
	}
	e->sessions = NULL;
}

/* Behind whom it waits: list_add() puts it before what this returns. */
static struct list *place_in_line(struct session *s, const struct admission *a)
{
	list_each (at, &s->admission)
		if (a->again && !container_of(at, struct admission, link)->again)
			return at;
	return &s->admission;
}

void session_admit(struct session *s, struct admission *a, struct task *task)
{
	task_expect(task);
	if (s->admitted < SESSION_ORDERS_MAX) {
		s->admitted++;
		a->has = true;
		task_done(task);
		return;
	}
	a->task = task;
	list_add(place_in_line(s, a), &a->link);
}

static void pass_on(struct session *s)
{
	struct list *l = list_shift(&s->admission);

	if (!l) {
		s->admitted--;
		return;
	}
	struct admission *next = container_of(l, struct admission, link);
	struct task *task = next->task;
	next->has = true;
	next->task = NULL;
	task_done(task);
}

void session_leave(struct session *s, struct admission *a)
{
	struct task *task = a->task;

	if (a->has)
		pass_on(s);
	if (task)
		list_drop(&a->link);
	*a = (struct admission){ 0 };
	if (task)
		task_done(task);
}
