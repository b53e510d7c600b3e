/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/settle.h"

#include "base/clock.h"
#include "base/text.h"
#include "dns/settle_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAUSE_PERCENT = 15, /* of the time waited so far, until the next round */
	PAUSE_LEAST_MS = 500,
	PAUSE_EARLY_MS = 20,
	PAUSE_MOST_MS = 10000,
	CONFIRM_MS = 500,
	EXCUSE_ROUNDS = 3,
	EXCUSE_MS = 30000,
	RESOLVERS_FIRST_MS = 15000, /* too early a question is remembered as "no such name" */
};

enum step { /* what has just ended when the task runs */
	    STEP_START,
	    STEP_PAUSE,	  /* before a round */
	    STEP_ROUND,	  /* its questions are answered */
	    STEP_CONFIRM, /* the pause before all are asked once more */
	    STEP_CONFIRMED,
	    STEP_SETTLED, /* the wait after all was seen */
	    STEP_SERIALS, /* the last questions, for the report */
};

/* ---- one question ---- */

static void note_serial(struct settle *s, const struct settle_slot *slot)
{
	const struct question *q = &slot->question;
	const struct server *server = s->look[slot->look].server;
	struct arena arena = { 0 };
	struct seal_message m = { 0 };
	uint32_t serial = 0;

	if (q->kind == ANSWER_REPLY && wire_read(&arena, q->reply, q->reply_len, &m))
		for (size_t i = 0; i < m.n_rr; i++)
			if (m.rr[i].section == 1 && m.rr[i].type == TYPE_SOA)
				wire_soa(q->reply, q->reply_len, m.rr + i, &serial, NULL);
	for (size_t i = 0; serial && i < s->n_look; i++)
		if (s->look[i].server == server)
			s->look[i].serial = serial;
	arena_free(&arena);
}

static void note_cached(struct settle *s, size_t look, uint32_t negative_s)
{
	struct settle_work *w = s->work;
	size_t resolver = (size_t)(s->look[look].server - w->resolver);

	w->cached_until_ms[look * s->resolvers->n + resolver] =
		clock_ms() + (int64_t)negative_s * 1000;
}

static void note_look(struct settle *s, const struct settle_slot *slot)
{
	struct settle_work *w = s->work;
	struct settle_look *l = s->look + slot->look, before = *l;
	uint32_t negative_s;

	look_judge(l, s->want + l->want, &slot->question, s->mode, &negative_s);
	if (l->silent == 1)
		w->track[slot->look].silent_since_ms = clock_ms();
	if (s->mode == SETTLE_RESOLVERS)
		note_cached(s, slot->look, negative_s);
	bool is_new = l->state != before.state || strcmp(l->said, before.said) ||
		      l->serial != before.serial;
	if (is_new && s->changed)
		s->changed(s, l);
}

static bool ask_next(struct settle_slot *slot)
{
	struct settle *s = slot->settle;
	struct settle_work *w = s->work;

	if (w->is_canceled || w->next == w->n_queue)
		return false;
	slot->look = w->queue[w->next++];
	const struct settle_look *l = s->look + slot->look;
	const struct settle_want *want = s->want + l->want;
	const char *name = w->type == TYPE_SOA ? want->servers->apex : want->owner;
	bool recurse = s->mode == SETTLE_RESOLVERS;
	slot->question = (struct question){
		.query = slot->query,
		.query_len = wire_query(name, w->type, recurse, slot->query),
	};
	str_put(slot->question.server, "%s", l->server->address);
	s->questions++;
	question_start(&slot->question, &slot->task);
	return true;
}

static void run_slot(struct task *t)
{
	struct settle_slot *slot = container_of(t, struct settle_slot, task);
	struct settle *s = slot->settle;

	if (slot->question.kind != ANSWER_NONE && !s->work->is_canceled) {
		if (s->work->type == TYPE_SOA)
			note_serial(s, slot);
		else
			note_look(s, slot);
	}
	question_free(&slot->question);
	slot->question.kind = ANSWER_NONE;
	if (!ask_next(slot))
		task_done(&s->task);
}

static void enqueue(struct settle *s, size_t look)
{
	struct settle_work *w = s->work;

	w->queue[w->n_queue++] = look;
	w->track[look].asked = true;
}

/* Ask for all that is in the queue.  False: nothing is. */
static bool send_queue(struct settle *s, uint16_t type, enum step step)
{
	struct settle_work *w = s->work;

	if (!w->n_queue)
		return false;
	w->type = type;
	w->next = 0;
	w->step = step;
	for (size_t i = 0; i < SETTLE_FLIGHT && i < w->n_queue; i++) {
		struct settle_slot *slot = w->slot + i;
		slot->settle = s;
		task_init(&slot->task, s->task.loop, run_slot);
		task_expect(&s->task);
		task_wake(&slot->task);
	}
	return true;
}

/* ---- what has been seen ---- */

bool look_is_excusable(const struct settle *s, const struct settle_look *l)
{
	int64_t since = s->work->track[l - s->look].silent_since_ms;

	return s->mode == SETTLE_AUTHORITATIVE && l->silent >= EXCUSE_ROUNDS &&
	       clock_ms() - since >= EXCUSE_MS;
}

static bool all_seen(const struct settle *s)
{
	size_t n_ok = 0;

	for (size_t i = 0; i < s->n_look; i++) {
		const struct settle_look *l = s->look + i;
		bool is_last = i + 1 == s->n_look || l[1].want != l->want;
		if (l->state != SEEN_OK && !look_is_excusable(s, l))
			return false;
		n_ok += l->state == SEEN_OK;
		if (is_last && !n_ok) /* somebody must have it */
			return false;
		n_ok = is_last ? 0 : n_ok;
	}
	return true;
}

/* ---- whom to ask in a round ---- */

static bool is_of_zone(const struct settle *s, size_t look, const struct servers_find *zone)
{
	return s->want[s->look[look].want].servers == zone;
}

static void ask_rest(struct settle *s, const struct servers_find *zone)
{
	for (size_t i = 0; i < s->n_look; i++)
		if (is_of_zone(s, i, zone) && !s->work->track[i].asked &&
		    s->look[i].state != SEEN_OK)
			enqueue(s, i);
}

/* The next step of the round for one zone: the sentinel first; when it is satisfied all others;
 * when it is silent another one in its place. */
static void plan_zone(struct settle *s, const struct servers_find *zone)
{
	struct settle_work *w = s->work;
	size_t n_ok = 0, n_lack = 0, sentinel = SIZE_MAX;

	for (size_t i = 0; i < s->n_look; i++) {
		const struct settle_look *l = s->look + i;
		if (!is_of_zone(s, i, zone))
			continue;
		n_ok += w->track[i].asked && l->state == SEEN_OK;
		n_lack += w->track[i].asked && l->state != SEEN_OK && l->state != SEEN_SILENT;
		if (sentinel == SIZE_MAX && !w->track[i].asked && l->state != SEEN_OK && !l->silent)
			sentinel = i;
	}
	if (n_ok || (!n_lack && sentinel == SIZE_MAX))
		ask_rest(s, zone);
	else if (!n_lack)
		enqueue(s, sentinel);
}

/* A resolver that has not just told us "no" keeps no memory of it.  False: all do. */
static bool choose_resolver(struct settle *s, size_t look)
{
	struct settle_work *w = s->work;
	size_t n = s->resolvers->n;

	for (size_t i = 0; i < n; i++) {
		size_t r = (w->round + look + i) % n;
		if (w->cached_until_ms[look * n + r] > clock_ms() && !w->is_last)
			continue;
		s->look[look].server = w->resolver + r;
		return true;
	}
	return false;
}

static void plan_resolvers(struct settle *s)
{
	for (size_t i = 0; i < s->n_look; i++)
		if (!s->work->track[i].asked && s->look[i].state != SEEN_OK &&
		    choose_resolver(s, i))
			enqueue(s, i);
}

static bool is_first_of_zone(const struct settle *s, size_t want)
{
	for (size_t i = 0; i < want; i++)
		if (s->want[i].servers == s->want[want].servers)
			return false;
	return true;
}

static void plan(struct settle *s)
{
	struct settle_work *w = s->work;
	bool whole = w->is_last || (w->round == 1 && s->first_ms <= 0);

	w->n_queue = 0;
	if (s->mode == SETTLE_RESOLVERS) {
		plan_resolvers(s);
		return;
	}
	for (size_t i = 0; i < s->n_want; i++) {
		if (!is_first_of_zone(s, i))
			continue;
		if (whole)
			ask_rest(s, s->want[i].servers);
		else
			plan_zone(s, s->want[i].servers);
	}
}

/* ---- the steps; true: over, and the story says how ---- */

static void pause_for(struct settle *s, int64_t ms, enum step step)
{
	s->work->step = step;
	timer_start(&s->work->timer, &s->task, ms);
}

/* When the first resolver forgets the "no" that it gave; 0 = now. */
static int64_t cached_ms(const struct settle *s)
{
	const struct settle_work *w = s->work;
	int64_t first = INT64_MAX;

	if (s->mode != SETTLE_RESOLVERS)
		return 0;
	for (size_t i = 0; i < s->n_look; i++)
		for (size_t r = 0; s->look[i].state != SEEN_OK && r < s->resolvers->n; r++)
			if (w->cached_until_ms[i * s->resolvers->n + r] < first)
				first = w->cached_until_ms[i * s->resolvers->n + r];
	return first - clock_ms();
}

/* Secondaries of an own server follow within milliseconds; where all servers are seen (no confirm
 * round) the first half second is looked at in steps that double. */
static int64_t least_pause_ms(const struct settle *s, int64_t elapsed_ms)
{
	if (s->confirm || s->mode != SETTLE_AUTHORITATIVE || elapsed_ms >= PAUSE_LEAST_MS)
		return PAUSE_LEAST_MS;
	return elapsed_ms < PAUSE_EARLY_MS ? PAUSE_EARLY_MS : elapsed_ms;
}

static void pause_round(struct settle *s)
{
	int64_t now = clock_ms(), left = s->work->deadline_ms - now, cached = cached_ms(s);
	int64_t elapsed = now - s->work->began_ms, least = least_pause_ms(s, elapsed);
	int64_t ms = elapsed * PAUSE_PERCENT / 100;

	ms = ms < least ? least : ms;
	ms = ms > PAUSE_MOST_MS ? PAUSE_MOST_MS : ms;
	ms = ms < cached ? cached : ms;
	pause_for(s, ms < left ? ms : left, STEP_PAUSE);
}

static bool settled(struct settle *s)
{
	if (s->settle_ms > 0)
		pause_for(s, s->settle_ms, STEP_SETTLED);
	return s->settle_ms <= 0;
}

/* One SOA question to each server that still answers. */
static bool ask_serials(struct settle *s)
{
	struct settle_work *w = s->work;

	w->n_queue = 0;
	for (size_t i = 0; s->mode == SETTLE_AUTHORITATIVE && i < s->n_look; i++) {
		bool is_wanted = s->look[i].state != SEEN_SILENT;
		for (size_t k = 0; k < i && is_wanted; k++)
			is_wanted = s->look[k].server != s->look[i].server;
		if (is_wanted)
			enqueue(s, i);
	}
	if (send_queue(s, TYPE_SOA, STEP_SERIALS))
		return false;
	settle_report(s);
	return true;
}

static bool begin_round(struct settle *s)
{
	struct settle_work *w = s->work;

	w->round++;
	w->is_last = clock_ms() >= w->deadline_ms;
	for (size_t i = 0; i < s->n_look; i++)
		w->track[i].asked = false;
	plan(s);
	if (!send_queue(s, TYPE_TXT, STEP_ROUND))
		pause_round(s); /* every resolver would only repeat itself */
	return false;
}

static bool read_round(struct settle *s)
{
	plan(s);
	if (send_queue(s, TYPE_TXT, STEP_ROUND))
		return false;
	if (all_seen(s)) {
		if (!s->confirm || s->mode == SETTLE_RESOLVERS)
			return settled(s);
		pause_for(s, CONFIRM_MS, STEP_CONFIRM);
		return false;
	}
	if (s->work->is_last)
		return ask_serials(s);
	pause_round(s);
	return false;
}

static bool confirm(struct settle *s)
{
	s->work->n_queue = 0;
	for (size_t i = 0; i < s->n_look; i++)
		if (s->look[i].state == SEEN_OK)
			enqueue(s, i);
	send_queue(s, TYPE_TXT, STEP_CONFIRMED);
	return false;
}

static bool read_confirmed(struct settle *s)
{
	if (all_seen(s))
		return settled(s);
	if (s->work->is_last)
		return ask_serials(s);
	pause_round(s);
	return false;
}

static bool finish(struct settle *s)
{
	(void)s;
	return true;
}

static bool report(struct settle *s)
{
	settle_report(s);
	return true;
}

static enum seal_status make_looks(struct settle *s)
{
	struct settle_work *w = s->work;
	bool spread = s->mode == SETTLE_RESOLVERS;
	size_t n = 0, n_resolvers = spread ? s->resolvers->n : 0;

	for (size_t i = 0; i < s->n_want; i++)
		n += spread ? 1 : s->want[i].servers->n_auth;
	s->look = mem_array(n + 1, sizeof(*s->look));
	w->track = mem_array(n + 1, sizeof(*w->track));
	w->queue = mem_array(n + 1, sizeof(*w->queue));
	w->cached_until_ms = mem_array(n * n_resolvers + 1, sizeof(*w->cached_until_ms));
	for (size_t r = 0; r < n_resolvers; r++) {
		str_put(w->resolver[r].name, "resolver");
		str_put(w->resolver[r].address, "%s", s->resolvers->at[r]);
	}
	for (size_t i = 0; i < s->n_want; i++) {
		const struct servers_find *zone = s->want[i].servers;
		if (!name_to_wire(s->want[i].owner, (uint8_t[NAME_WIRE_MAX]){ 0 }))
			return fail(s, SEAL_EINVAL, "%s is no domain name",
				    clean(s->want[i].owner));
		if (spread ? !n_resolvers : !zone->n_auth)
			return fail(s, SEAL_EAGAIN, "no server is known to look for %s at",
				    s->want[i].owner);
		for (size_t k = 0; !spread && k < zone->n; k++)
			if (zone->at[k].class == SERVER_AUTH)
				s->look[s->n_look++] =
					(struct settle_look){ .want = i, .server = zone->at + k };
		if (spread)
			s->look[s->n_look++] =
				(struct settle_look){ .want = i, .server = w->resolver };
	}
	return SEAL_OK;
}

static bool start(struct settle *s)
{
	int64_t first = s->first_ms > 0 ? s->first_ms : 0;

	if (s->mode == SETTLE_WAIT)
		return settled(s);
	if (make_looks(s))
		return true;
	if (!s->n_look)
		return settled(s);
	if (s->mode == SETTLE_RESOLVERS && !s->first_exact && first < RESOLVERS_FIRST_MS)
		first = RESOLVERS_FIRST_MS;
	if (!first)
		return begin_round(s);
	pause_for(s, first < s->within_ms ? first : s->within_ms, STEP_PAUSE);
	return false;
}

static bool (*const steps[])(struct settle *) = {
	[STEP_START] = start,	  [STEP_PAUSE] = begin_round,	     [STEP_ROUND] = read_round,
	[STEP_CONFIRM] = confirm, [STEP_CONFIRMED] = read_confirmed, [STEP_SETTLED] = finish,
	[STEP_SERIALS] = report,
};

static void run(struct task *t)
{
	struct settle *s = container_of(t, struct settle, task);

	if (s->work->is_canceled)
		fail(s, SEAL_ECANCELED, "the wait for DNS was canceled");
	else if (!steps[s->work->step](s))
		return;
	struct task *waiter = take(s->waiter);
	task_done(waiter);
}

void settle_start(struct settle *s, struct task *waiter)
{
	settle_free(s);
	s->work = mem_new(sizeof(*s->work));
	story_clear(&s->story);
	s->questions = 0;
	s->work->began_ms = clock_ms();
	s->work->deadline_ms = s->work->began_ms + s->within_ms;
	s->waiter = waiter;
	task_init(&s->task, waiter->loop, run);
	task_expect(waiter);
	task_wake(&s->task);
}

void settle_cancel(struct settle *s)
{
	if (!s->waiter)
		return;
	s->work->is_canceled = true;
	for (size_t i = 0; i < SETTLE_FLIGHT; i++)
		question_cancel(&s->work->slot[i].question);
	timer_stop(&s->work->timer);
}

void settle_free(struct settle *s)
{
	struct settle_work *w = s->work;

	task_stop(&s->task);
	free(s->look);
	s->look = NULL;
	s->n_look = 0;
	if (!w)
		return;
	for (size_t i = 0; i < SETTLE_FLIGHT; i++) {
		task_stop(&w->slot[i].task);
		question_free(&w->slot[i].question);
	}
	free(w->track);
	free(w->queue);
	free(w->cached_until_ms);
	free(w);
	s->work = NULL;
}
