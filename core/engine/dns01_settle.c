/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * dns01_settle.c - until everybody sees the records of an order. */
#include "config.h"

#include "base/clock.h"
#include "engine/dns01_work.h"

#include <stdlib.h>
#include <string.h>

#define ANYCAST_FIRST_MS 1000 /* the first look at an anycast set is never worth it earlier */

static const struct servers_find *servers_of(const struct dns01_work *w, const char *apex)
{
	for (size_t i = 0; i < w->n_servers; i++)
		if (!strcmp(w->servers[i].apex, apex))
			return &w->servers[i];
	return NULL;
}

/* One want an owner, its values side by side. */
static void gather(struct dns01 *d)
{
	struct dns01_work *w = d->work;
	size_t n_wants = 0, n_values = 0;

	free(w->wants);
	free(w->values);
	w->wants = mem_array(d->n, sizeof(*w->wants));
	w->values = mem_array(d->n, sizeof(*w->values));
	for (size_t i = 0; i < d->n; i++) {
		bool seen = false;
		for (size_t k = 0; k < n_wants && !seen; k++)
			seen = !strcmp(w->wants[k].owner, d->at[i].place->owner);
		if (seen)
			continue;
		struct settle_want *want = &w->wants[n_wants++];
		want->owner = d->at[i].place->owner;
		want->servers = servers_of(w, d->at[i].place->apex);
		want->values = &w->values[n_values];
		for (size_t k = i; k < d->n; k++)
			if (!strcmp(d->at[k].place->owner, want->owner)) {
				w->values[n_values++] = d->at[k].value;
				want->n_values++;
			}
	}
	w->settle.want = w->wants;
	w->settle.n_want = n_wants;
}

/* The slowest provider of the order decides how careful the wait is. */
static void set_pace(struct dns01 *d)
{
	struct settle *s = &d->work->settle;

	s->mode = d->cert->settle_mode;
	s->resolvers = &d->cert->resolvers;
	s->within_ms = (int64_t)d->cert->settle_timeout_s * 1000;
	s->first_ms = (int64_t)d->cert->settle_delay_s * 1000;
	s->first_exact = s->first_ms > 0;
	s->confirm = false;
	s->settle_ms = 0;
	for (size_t i = 0; i < d->n; i++) {
		const struct seal_provider *p = d->at[i].place->login->plugin->p;
		int64_t settle_ms = (int64_t)p->settle_s * 1000;
		if (p->flags & SEAL_ANYCAST) {
			s->confirm = true;
			if (s->first_ms < ANYCAST_FIRST_MS)
				s->first_ms = ANYCAST_FIRST_MS;
		}
		if (settle_ms > s->settle_ms)
			s->settle_ms = settle_ms;
	}
	if (s->mode == SETTLE_WAIT)
		s->settle_ms = (int64_t)d->cert->settle_delay_s * 1000;
}

static void tell_look(struct settle *s, const struct settle_look *look)
{
	struct dns01 *d = s->arg;

	engine_tell(d->engine, &(struct event){ .kind = EVENT_DNS,
						.certificate = d->cert->name,
						.name = s->want[look->want].owner,
						.server = look->server ? look->server->name : "",
						.state = settle_state_name(look->state),
						.detail = look->said });
}

void dns01_settle(struct dns01 *d, struct task *waiter)
{
	struct dns01_work *w = d->work;

	d->step = DNS01_SETTLE;
	d->waiter = waiter;
	story_clear(&d->story);
	task_expect(waiter);
	gather(d);
	set_pace(d);
	w->settle.changed = tell_look;
	w->settle.arg = d;
	w->began_ms = clock_ms();
	engine_tell(d->engine, &(struct event){ .kind = EVENT_WAIT,
						.certificate = d->cert->name,
						.step = "propagation",
						.since_ms = w->began_ms,
						.until_ms = w->began_ms + w->settle.within_ms });
	settle_start(&w->settle, &d->task);
}

void dns01_settled(struct dns01 *d)
{
	d->waited_ms = clock_ms() - d->work->began_ms;
	if (d->work->settle.story.st)
		fail_from(d, &d->work->settle);
}

void dns01_cancel(struct dns01 *d)
{
	if (d->work && d->step == DNS01_SETTLE)
		settle_cancel(&d->work->settle);
}

void dns01_settle_free(struct dns01_work *w)
{
	settle_free(&w->settle);
	w->settle = (struct settle){ 0 };
	free(take(w->wants));
	free(take(w->values));
}
