/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * op_join.c - operations that wait for the same zone, made by one call of the plugin.
 *
 * Many certificates may have names in one zone, and their orders come to it at about the same time.
 * The first one is never held up; those that queue behind it go together when it is through. */
#include "config.h"

#include "provider/host.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 100 /* of one call: it has to be through within its limit of time */

static size_t room(const struct seal_provider *p)
{
	return p->per_minute && p->per_minute < RECORDS_MAX ? p->per_minute : RECORDS_MAX;
}

static bool is_alike(const struct op_work *lead, const struct op_work *w)
{
	return !w->started && !w->alone && w->login == lead->login && w->kind == lead->kind &&
	       w->seal.fresh == lead->seal.fresh && w->zone && !strcmp(w->zone, lead->zone);
}

static bool has(const struct op_work *w, const struct seal_record *r)
{
	for (size_t i = 0; i < w->n_records; i++)
		if (record_same(&w->records[i], r))
			return true;
	return false;
}

/* Its strings stay where they are: it is not over before the leader is. */
static void take_records(struct op_work *lead, const struct op_work *w)
{
	size_t n = lead->n_records + w->n_records;
	struct seal_record *all = arena_new(&lead->arena, n * sizeof(*all));

	memcpy(all, lead->records, lead->n_records * sizeof(*all));
	lead->records = all;
	for (size_t i = 0; i < w->n_records; i++)
		if (!has(lead, &w->records[i]))
			all[lead->n_records++] = w->records[i];
}

void work_join(struct op_work *lead)
{
	struct list *line = &lead->ops->line;

	if (lead->alone || (lead->kind != OP_APPEND && lead->kind != OP_REMOVE))
		return;
	lead->n_own = lead->n_records;
	list_each_safe (at, line) {
		struct op_work *w = container_of(at, struct op_work, link);
		if (w == lead || !is_alike(lead, w) ||
		    lead->n_records + w->n_records > room(lead->p))
			continue;
		list_drop(&w->link);
		list_add(&lead->joined, &w->link);
		w->lead = lead;
		take_records(lead, w);
	}
}

static void copy_results(const struct op_work *lead, struct op_work *to)
{
	to->results = mem_array(lead->n_results, sizeof(*to->results));
	for (size_t i = 0; i < lead->n_results; i++) {
		const struct seal_record *r = &lead->results[i];
		if (!has(to, r))
			continue;
		to->results[to->n_results++] =
			(struct seal_record){ .name = arena_str(&to->arena, r->name),
					      .type = arena_str(&to->arena, r->type),
					      .ttl = r->ttl,
					      .data = arena_str(&to->arena, r->data),
					      .id = arena_str(&to->arena, r->id) };
	}
}

/* Something in it was no good, or only the leader was called off: whose fault is it? */
bool work_must_part(const struct op_work *lead)
{
	return !list_empty(&lead->joined) &&
	       (lead->story.st == SEAL_EINVAL ||
		(lead->story.st == SEAL_ECANCELED && !atomic_load(&lead->expired)));
}

struct op *work_part(struct op_work *lead)
{
	struct list *l = list_shift(&lead->joined);

	if (!l)
		return NULL;
	struct op_work *w = container_of(l, struct op_work, link);
	w->lead = NULL;
	return w->op;
}

static void keep_own(struct op_work *lead)
{
	size_t n = 0;

	lead->n_records = lead->n_own;
	for (size_t i = 0; i < lead->n_results; i++)
		if (has(lead, &lead->results[i]))
			lead->results[n++] = lead->results[i];
	lead->n_results = n;
}

void work_share(struct op_work *lead)
{
	bool led = !list_empty(&lead->joined);

	for (struct op *op; (op = work_part(lead));) {
		story_copy(&op->work->story, &lead->story);
		copy_results(lead, op->work);
		atomic_store(&op->work->expired, atomic_load(&lead->expired));
		task_wake(&op->task);
	}
	if (led)
		keep_own(lead);
}
