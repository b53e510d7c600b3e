/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/op.h"

#include "base/clock.h"
#include "provider/host.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_S 180

/* -- kinds */

static const char *const kind_names[OP_KINDS] = {
	[OP_CHECK] = "check",	[OP_ZONES] = "zones", [OP_GET] = "get",
	[OP_APPEND] = "append", [OP_SET] = "set",     [OP_REMOVE] = "remove",
};

const char *op_kind_name(enum op_kind kind)
{
	return kind_names[kind];
}

bool login_can(const struct login *l, enum op_kind kind)
{
	const struct seal_provider *p = l->plugin->p;

	switch (kind) {
	case OP_CHECK:
		return SEAL_HAS(p, check);
	case OP_ZONES:
		return SEAL_HAS(p, zones);
	case OP_GET:
		return SEAL_HAS(p, get);
	case OP_APPEND:
		return SEAL_HAS(p, append);
	case OP_SET:
		return SEAL_HAS(p, set);
	case OP_REMOVE:
		return SEAL_HAS(p, remove);
	case OP_KINDS:
		break;
	}
	return false;
}

/* -- in the worker */

typedef enum seal_status records_call(struct seal_op *, const char *, const struct seal_record *,
				      size_t);

/* Portions of what one call can carry.  What the portions before a failure did stays done, and is
 * in the results. */
static enum seal_status in_portions(struct op_work *w, records_call *call)
{
	size_t most = w->p->batch ? w->p->batch : w->n_records;
	enum seal_status st = SEAL_OK;

	for (size_t at = 0; !st && at < w->n_records; at += most) {
		size_t left = w->n_records - at;
		st = call(&w->seal, w->zone, w->records + at, left < most ? left : most);
	}
	return st;
}

static enum seal_status call_plugin(struct op_work *w)
{
	switch (w->kind) {
	case OP_CHECK:
		return w->p->check(&w->seal, w->zone);
	case OP_ZONES:
		return w->p->zones(&w->seal);
	case OP_GET:
		return w->p->get(&w->seal, w->zone);
	case OP_APPEND:
		return in_portions(w, w->p->append);
	case OP_SET:
		return w->p->set(&w->seal, w->zone, w->records, w->n_records);
	case OP_REMOVE:
		return in_portions(w, w->p->remove);
	case OP_KINDS:
		break;
	}
	return SEAL_EUNSUPPORTED;
}

enum seal_status work_run(struct op_work *w)
{
	struct lock lock = LOCK_NONE;
	enum seal_status st = zone_lock(w, &lock);

	if (st)
		return st;
	st = call_plugin(w);
	lock_drop(&lock);
	if (w->broken && !st)
		st = SEAL_EPROTO;
	if (!st) {
		story_clear(&w->story); /* of a failure the plugin got over */
		return SEAL_OK;
	}
	if ((unsigned)st > SEAL_EUNSUPPORTED)
		return host_fail(w, SEAL_EPROTO,
				 "the plugin's %s returned %d, which is not its to return",
				 op_kind_name(w->kind), (int)st);
	if (!w->story.st)
		return host_fail(w, st, "%s failed (%s), the plugin does not say why",
				 op_kind_name(w->kind), status_name(st));
	return w->story.st = st;
}

static void work_in_thread(struct job *j)
{
	struct op_work *w = container_of(j, struct op_work, job);

	work_run(w);
	exchange_close(&w->exchange);
}

/* -- in the loop: one after the other on each zone of a login */

struct ops *ops_new(struct loop *loop, struct http *http, unsigned max_threads)
{
	struct ops *s = mem_new(sizeof(*s));

	s->loop = loop;
	s->http = http;
	s->pool = pool_new(loop, max_threads);
	list_init(&s->line);
	return s;
}

void ops_lock_dir(struct ops *s, const char *dir)
{
	free(s->lock_dir);
	s->lock_dir = str_copy(dir);
}

void ops_free(struct ops *s)
{
	if (!s)
		return;
	pool_free(s->pool);
	free(s->lock_dir);
	free(s);
}

static bool in_the_way(const struct op_work *first, const struct op_work *w)
{
	if (first->login != w->login || (w->p->flags & SEAL_PARALLEL))
		return false;
	return first->zone && w->zone ? !strcmp(first->zone, w->zone) : first->zone == w->zone;
}

static bool must_wait(const struct ops *s, const struct op_work *w)
{
	list_each (at, &s->line) {
		const struct op_work *first = container_of(at, struct op_work, link);
		if (first == w)
			return false;
		if (in_the_way(first, w))
			return true;
	}
	return false;
}

static void begin(struct op_work *w)
{
	unsigned limit_s = w->op->limit_s ? w->op->limit_s : LIMIT_S;

	work_join(w);
	w->started = true;
	w->deadline_ms = clock_ms() + (int64_t)limit_s * 1000;
	timer_start(&w->limit, &w->limit_task, (int64_t)limit_s * 1000);
	job_start(w->ops->pool, &w->job, &w->op->task);
}

static void begin_next(struct ops *s)
{
	list_each (at, &s->line) {
		struct op_work *w = container_of(at, struct op_work, link);
		if (!w->started && !must_wait(s, w))
			begin(w);
	}
}

/* Put the login's name before the sentence, and what helps behind it. */
static void tell(struct op *op)
{
	const struct op_work *w = op->work;
	unsigned limit_s = op->limit_s ? op->limit_s : LIMIT_S;

	story_copy(&op->story, &w->story);
	if (op->story.st == SEAL_ECANCELED && atomic_load(&w->expired))
		story_fail(&op->story, SEAL_EAGAIN, "%s took longer than %u s",
			   op_kind_name(op->kind), limit_s);
	if (!op->story.st)
		return;
	story_prefix(&op->story, "%s (dns block '%s'): ", w->p->name, w->login->name);
	if (op->story.st == SEAL_EAUTH && !op->story.hint[0])
		story_hint(&op->story, "`dnseal providers %s` says which rights it needs",
			   w->p->name);
}

static void part(struct op *);

static void conclude(struct task *t)
{
	struct op *op = container_of(t, struct op, task);
	struct op_work *w = op->work;

	list_drop(&w->link);
	timer_stop(&w->limit);
	task_stop(&w->limit_task);
	if (work_must_part(w)) {
		part(op);
		return;
	}
	work_share(w);
	tell(op);
	op->requests = w->requests;
	op->n_results = w->n_results;
	op->results = w->results;
	op->zones = w->zones;
	w->zones = (struct words){ 0 };
	begin_next(w->ops);
	task_done(op->waiter);
}

static void expire(struct task *t)
{
	struct op_work *w = container_of(t, struct op_work, limit_task);

	atomic_store(&w->expired, true);
	trip_cancel(w);
}

static enum seal_status prepare(struct op *op)
{
	struct op_work *w = op->work;

	if (op->login->trouble.st)
		return story_copy(&w->story, &op->login->trouble);
	if (!login_can(op->login, op->kind))
		return host_fail(w, SEAL_EUNSUPPORTED, "cannot %s", op_kind_name(op->kind));
	if (op->kind != OP_CHECK && op->kind != OP_ZONES && !op->zone)
		return host_fail(w, SEAL_EINVAL, "%s: no zone given", op_kind_name(op->kind));
	if (op->kind < OP_APPEND)
		return SEAL_OK;
	return work_records(w, op->records, op->n_records);
}

enum company { ALONE, TOGETHER };
static void enqueue(struct ops *s, struct op *op, enum company company)
{
	struct op_work *w = work_new(op->login, op->kind, op->zone, &op_host);

	op->work = w;
	task_init(&w->limit_task, s->loop, expire);
	w->ops = s;
	w->op = op;
	w->alone = company == ALONE;
	w->seal.fresh = op->fresh;
	w->job.work = work_in_thread;
	if (prepare(op)) {
		task_wake(&op->task);
		return;
	}
	list_add(&s->line, &w->link);
	if (!must_wait(s, w))
		begin(w);
}

/* Each again by itself; one that was called off stays so. */
static void part(struct op *op)
{
	struct op_work *lead = op->work;
	struct ops *s = lead->ops;
	bool canceled = lead->story.st == SEAL_ECANCELED;

	begin_next(s);
	for (struct op *other; (other = work_part(lead));) {
		work_free(other->work);
		enqueue(s, other, ALONE);
	}
	if (canceled) {
		conclude(&op->task);
		return;
	}
	work_free(lead);
	enqueue(s, op, ALONE);
}

void op_start(struct ops *s, struct op *op, struct task *waiter)
{
	story_clear(&op->story);
	op->waiter = waiter;
	task_expect(waiter);
	task_init(&op->task, s->loop, conclude);
	enqueue(s, op, TOGETHER);
}

void op_cancel(struct op *op)
{
	struct op_work *w = op->work;

	if (!w || list_empty(&w->link) || w->lead)
		return; /* never started, or over, or part of another's call, which goes on */
	if (w->started) {
		trip_cancel(w);
		return;
	}
	list_drop(&w->link);
	host_fail(w, SEAL_ECANCELED, "canceled before it began");
	task_wake(&op->task);
}

void op_free(struct op *op)
{
	if (!op || !op->work)
		return;
	words_free(&op->zones);
	op->results = NULL;
	op->n_results = 0;
	work_free(op->work);
	op->work = NULL;
}
