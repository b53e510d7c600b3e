/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_spend.c - what must be on the disk before an order goes on: that it counts against our own
 * limits (store/budget.h), where it is, and that its names are put at stake. */
#include "config.h"

#include "engine/order_work.h"

static enum seal_status judge(struct order *o, enum order_state next)
{
	o->next = next;
	return o->job_story.st ? story_copy(&o->story, &o->job_story) : SEAL_OK;
}

/* -- SPEND ---------------------------------------------------------------------------------- */

/* The second of a pair counts too, but a pair that was begun is not left half done. */
static void spend_order(struct job *job)
{
	struct order *o = container_of(job, struct order, job);
	enum budget_force force = o->is_twin ? BUDGET_FORCED : o->ask.budget;

	o->spent = !budget_order(o->engine->store, o->ca->url, &o->ask.cert->names, force,
				 &o->job_story);
}

enum seal_status spend(struct order *o)
{
	enum seal_status st = ca_listens(o->ca, &o->story); /* else nothing is spent on it */

	if (!st)
		st = order_choose_profile(o);
	if (!st && !o->spent && !o->ask.rehearse)
		order_work(o, spend_order);
	return st;
}

enum seal_status judge_spending(struct order *o)
{
	return judge(o, ORDER_NEW);
}

void order_void(struct order *o)
{
	budget_order_void(o->engine->store, o->ca->url, &o->ask.cert->names);
}

/* -- NOTE ----------------------------------------------------------------------------------- */

static void save_url(struct job *job)
{
	struct order *o = container_of(job, struct order, job);

	if (order_file_save(o->engine->store, o->ask.cert->name, &o->file, &o->job_story))
		return; /* job_story tells */
}

enum seal_status note_url(struct order *o)
{
	if (!o->ask.rehearse)
		order_work(o, save_url);
	return SEAL_OK;
}

enum seal_status judge_note(struct order *o)
{
	if (o->res.status == RES_INVALID)
		return fail(o, SEAL_EPROTO, "the CA's new order is invalid at once");
	return judge(o, o->res.status == RES_PENDING ? ORDER_AUTHZ : ORDER_CLEAN);
}

/* -- STAKE ---------------------------------------------------------------------------------- */

static void put_at_stake(struct job *job)
{
	struct order *o = container_of(job, struct order, job);

	if (budget_validation(o->engine->store, o->ca->url, &o->staked, o->ask.budget,
			      &o->job_story))
		return; /* job_story tells */
}

static void add_name(struct words *names, const struct authz *a)
{
	if (!words_has(names, a->res.name))
		words_add(names, a->res.name);
}

/* A challenge that is POSTed once more is no other validation.  One that an interruption keeps from
 * being POSTed counts all the same, which makes us only more careful. */
enum seal_status stake(struct order *o)
{
	enum seal_status st = ca_listens(o->ca, &o->story);

	if (st)
		return st;
	words_free(&o->staked);
	for (size_t i = 0; i < o->n_authz; i++)
		if (authz_is_unanswered(&o->authz[i]) && !o->authz[i].answers)
			add_name(&o->staked, &o->authz[i]);
	if (o->staked.n && !o->ask.rehearse)
		order_work(o, put_at_stake);
	return SEAL_OK;
}

enum seal_status judge_stake(struct order *o)
{
	return judge(o, ORDER_ANSWER);
}

void order_win(struct order *o)
{
	scoped(words_free) struct words names = { 0 };

	for (size_t i = 0; i < o->n_authz; i++)
		if (o->authz[i].answers)
			add_name(&names, &o->authz[i]);
	if (names.n && !o->ask.rehearse)
		budget_validated(o->engine->store, o->ca->url, &names);
}
