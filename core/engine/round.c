/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/round.h"

#include <stdlib.h>

/* Under way at one account: those with a place at the CA, and many more that wait for DNS, which
 * may take minutes, and go to their zones together.  So many orders may be pending at the CA. */
#define TURNS_MAX (6 * SESSION_ORDERS_MAX)

struct lane { /* of one account */
	const struct account_conf *account;
	struct turn_ask *asks; /* as they were added */
	size_t n, next;	       /* the first that has not begun */
	unsigned running;
};

struct seat { /* a turn under way */
	struct list link;
	struct round *round;
	size_t lane;
	struct turn *turn;
	struct task task;
};

struct round {
	struct engine *engine;
	void (*over)(void *arg, const struct turn *);
	void *arg;
	struct task *waiter;
	struct lane *lanes;
	size_t n_lanes;
	struct list seats;
	struct journal_glance journal;
	struct round_tally tally;
};

/* -- what came of it ------------------------------------------------------------------------ */

/* How soon somebody has to do something about it. */
static int urgency(enum seal_status st)
{
	static const struct {
		enum seal_status st;
		int rank;
	} ranks[] = { { SEAL_OK, 0 },	     { SEAL_ECANCELED, 1 }, { SEAL_ELIMIT, 2 },
		      { SEAL_ELOCKED, 3 },   { SEAL_ECONFIG, 5 },   { SEAL_EOPERATOR, 6 },
		      { SEAL_EAUTH, 6 },     { SEAL_ESTORAGE, 7 } };

	for (size_t i = 0; i < COUNT(ranks); i++)
		if (ranks[i].st == st)
			return ranks[i].rank;
	return 4;
}

static void count(struct round_tally *c, const struct turn *t)
{
	size_t *const counters[] = {
		[TURN_UNCHANGED] = &c->unchanged, [TURN_ISSUED] = &c->issued,
		[TURN_RENEWED] = &c->renewed,	  [TURN_REHEARSED] = &c->rehearsed,
		[TURN_DEFERRED] = &c->deferred,	  [TURN_LOCKED] = &c->locked,
		[TURN_FAILED] = &c->failed,
	};
	int64_t next = turn_next(t);
	enum seal_status st = turn_story(t)->st;

	++*counters[turn_result(t)];
	c->deploy_pending += turn_deploy_pending(t);
	if (next && (!c->next || next < c->next))
		c->next = next;
	if (urgency(st) > urgency(c->worst))
		c->worst = st;
}

/* -- who may begin -------------------------------------------------------------------------- */

static void seat_over(struct task *);

static void begin(struct round *r, size_t lane)
{
	struct lane *l = &r->lanes[lane];
	struct seat *s = mem_new(sizeof(*s));

	s->round = r;
	s->lane = lane;
	s->turn = turn_new(&l->asks[l->next++]);
	l->running++;
	list_add(&r->seats, &s->link);
	task_init(&s->task, r->engine->loop, seat_over);
	turn_start(s->turn, &s->task);
}

static void fill(struct round *r, size_t lane)
{
	struct lane *l = &r->lanes[lane];

	while (l->running < TURNS_MAX && l->next < l->n)
		begin(r, lane);
}

static void seat_free(struct seat *s)
{
	list_drop(&s->link);
	task_stop(&s->task);
	turn_free(s->turn);
	free(s);
}

static void seat_over(struct task *t)
{
	struct seat *s = container_of(t, struct seat, task);
	struct round *r = s->round;
	size_t lane = s->lane;

	count(&r->tally, s->turn);
	if (r->over)
		r->over(r->arg, s->turn);
	seat_free(s);
	r->lanes[lane].running--;
	fill(r, lane);
	if (list_empty(&r->seats))
		task_done(r->waiter);
}

/* -- outside -------------------------------------------------------------------------------- */

struct round *round_new(struct engine *e, void (*over)(void *, const struct turn *), void *arg)
{
	struct round *r = mem_new(sizeof(*r));

	r->engine = e;
	r->over = over;
	r->arg = arg;
	list_init(&r->seats);
	return r;
}

static struct lane *lane_of(struct round *r, const struct account_conf *account)
{
	for (size_t i = 0; i < r->n_lanes; i++)
		if (r->lanes[i].account == account)
			return &r->lanes[i];
	r->lanes = mem_grow(r->lanes, r->n_lanes + 1, sizeof(*r->lanes));
	struct lane *l = &r->lanes[r->n_lanes++];
	*l = (struct lane){ .account = account };
	return l;
}

void round_add(struct round *r, const struct turn_ask *ask)
{
	struct lane *l = lane_of(r, ask->cert->account);

	if (!(l->n & (l->n - 1))) /* at each power of two room for as many again */
		l->asks = mem_grow(l->asks, l->n ? 2 * l->n : 1, sizeof(*l->asks));
	l->asks[l->n] = *ask;
	l->asks[l->n++].journal = &r->journal;
	r->tally.n++;
}

void round_start(struct round *r, struct task *waiter)
{
	r->waiter = waiter;
	task_expect(waiter);
	for (size_t i = 0; i < r->n_lanes; i++)
		fill(r, i);
	if (list_empty(&r->seats))
		task_done(waiter);
}

void round_cancel(struct round *r)
{
	for (size_t i = 0; i < r->n_lanes; i++)
		r->lanes[i].next = r->lanes[i].n;
	list_each (at, &r->seats)
		turn_cancel(container_of(at, struct seat, link)->turn);
}

const struct round_tally *round_tally(const struct round *r)
{
	return &r->tally;
}

void round_free(struct round *r)
{
	if (!r)
		return;
	list_each_safe (at, &r->seats)
		seat_free(container_of(at, struct seat, link));
	for (size_t i = 0; i < r->n_lanes; i++)
		free(r->lanes[i].asks);
	free(r->lanes);
	sessions_free(r->engine);
	journal_glance_free(&r->journal);
	free(r);
}
