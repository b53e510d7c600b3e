/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * dns01.c - the records of one order, found and put in place.  Waiting for the world to see them
 * is in dns01_settle.c. */
#include "config.h"

#include "engine/dns01_work.h"
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHALLENGE_TTL 60 /* seconds; providers with a higher minimum get theirs */

enum { FIND_ZONES, FIND_SERVERS, PLAN, PRESENT };

static void dns01_run(struct task *);

/* "_acme-challenge.example.org", or what override-domain says, with {domain} filled in. */
static char *start_name(const struct dns01 *d, const char *name)
{
	static const char mark[] = "{domain}";
	const char *fixed = d->cert->override_domain;

	if (!fixed)
		return str_printf("%s.%s", d->label, name);
	const char *at = strstr(fixed, mark);
	if (!at)
		return str_copy(fixed);
	return str_printf("%.*s%s%s", (int)(at - fixed), fixed, name, at + strlen(mark));
}

static struct dns01_place *place_of(const struct dns01 *d, const char *start)
{
	for (size_t i = 0; i < d->n_places; i++)
		if (!strcmp(d->places[i].start, start))
			return &d->places[i];
	return NULL;
}

void dns01_init(struct dns01 *d, struct engine *e, const struct cert_conf *cert, const char *label)
{
	memset(d, 0, sizeof(*d));
	d->engine = e;
	d->cert = cert;
	d->label = str_copy(label);
	d->work = mem_new(sizeof(*d->work));
	d->places = mem_array(cert->names.n, sizeof(*d->places));
	task_init(&d->task, e->loop, dns01_run);
	for (size_t i = 0; i < cert->names.n; i++) {
		scoped(free_p) char *start = start_name(d, name_base(cert->names.at[i]));
		if (!place_of(d, start))
			d->places[d->n_places++].start = take(start);
	}
}

void dns01_add(struct dns01 *d, const char *name, const char *value)
{
	scoped(free_p) char *start = start_name(d, name);
	const struct dns01_place *place = place_of(d, start);

	for (size_t i = 0; i < d->n; i++)
		if (d->at[i].place == place && !strcmp(d->at[i].value, value))
			return;
	if (!place)
		return; /* is_ours() saw to it that the name is one of the certificate's */
	d->at = mem_grow(d->at, d->n + 1, sizeof(*d->at));
	struct dns01_record *r = &d->at[d->n++];
	*r = (struct dns01_record){ .place = place };
	str_put(r->value, "%s", value);
}

static void begin(struct dns01 *d, int step, struct task *waiter)
{
	d->step = step;
	d->waiter = waiter;
	story_clear(&d->story);
	task_expect(waiter);
}

/* -- where do they go? ---------------------------------------------------------------------- */

void dns01_find(struct dns01 *d, struct task *waiter)
{
	struct dns01_work *w = d->work;

	begin(d, FIND_ZONES, waiter);
	w->finds = mem_array(d->n_places, sizeof(*w->finds));
	for (size_t i = 0; i < d->n_places; i++) {
		struct zone_find *z = &w->finds[i];
		str_put(z->name, "%s", d->places[i].start);
		z->fixed = d->cert->override_domain != NULL;
		z->resolvers = &d->cert->resolvers;
		zone_find_start(z, &d->task);
	}
}

/* Take over owner and apex of every place, and choose who may write there. */
static enum seal_status keep_zones(struct dns01 *d)
{
	for (size_t i = 0; i < d->n_places; i++) {
		struct dns01_place *p = &d->places[i];
		const struct zone_find *z = &d->work->finds[i];
		if (z->story.st)
			return fail_from(d, z);
		p->owner = str_copy(z->owner);
		p->apex = str_copy(z->apex);
		enum seal_status st = engine_login(d->engine, p->owner, &p->login, &d->story);
		if (st && *z->chain)
			return story_prefix(&d->story, "%s: ", z->chain);
		if (st)
			return st;
		if (*z->chain)
			engine_tell(d->engine, &(struct event){ .kind = EVENT_STEP,
								.certificate = d->cert->name,
								.step = "delegation",
								.detail = z->chain });
	}
	return SEAL_OK;
}

static struct servers_find *servers_of(struct dns01_work *w, const char *apex)
{
	for (size_t i = 0; i < w->n_servers; i++)
		if (!strcmp(w->servers[i].apex, apex))
			return &w->servers[i];
	return NULL;
}

static void find_servers(struct dns01 *d)
{
	struct dns01_work *w = d->work;

	w->servers = mem_array(d->n_places, sizeof(*w->servers));
	for (size_t i = 0; i < d->n_places; i++) {
		if (servers_of(w, d->places[i].apex))
			continue;
		struct servers_find *s = &w->servers[w->n_servers++];
		str_put(s->apex, "%s", d->places[i].apex);
		s->resolvers = &d->cert->resolvers;
		servers_find_start(s, &d->task);
	}
}

/* Servers that do not answer well are worth a warning even when others do. */
static enum seal_status keep_servers(struct dns01 *d)
{
	struct dns01_work *w = d->work;

	for (size_t i = 0; i < w->n_servers; i++) {
		const struct servers_find *s = &w->servers[i];
		if (s->story.st)
			return fail_from(d, s);
		for (size_t a = 0; a < s->n; a++) {
			const struct server *v = &s->at[a];
			if (v->class == SERVER_AUTH || v->class == SERVER_NOROUTE)
				continue;
			scoped(free_p) char *text = str_printf(
				"name server %s (%s) of %s is %s: %s; the CA may meet it", v->name,
				v->address, s->apex, server_class_name(v->class), v->said);
			engine_tell(d->engine, &(struct event){ .kind = EVENT_NOTE,
								.certificate = d->cert->name,
								.detail = text });
		}
	}
	return SEAL_OK;
}

/* -- putting them there --------------------------------------------------------------------- */

static struct journal_entry entry_of(const struct dns01 *d, const struct dns01_record *r)
{
	return (struct journal_entry){ .cert = d->cert->name,
				       .login = r->place->login->name,
				       .zone = r->place->apex,
				       .owner = r->place->owner,
				       .value = (char *)(uintptr_t)r->value,
				       .ttl = CHALLENGE_TTL,
				       .id = r->id };
}

/* What becomes of the records of one provider call; op NULL: of all. */
static enum seal_status write_journal(const struct dns01 *d, enum journal_op what,
				      const struct op *op, struct story *story)
{
	scoped(free_p) struct journal_entry *e = mem_array(d->n, sizeof(*e));
	char type[] = "TXT";
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		const struct dns01_record *r = &d->at[i];
		if (op && (r->place->login != op->login || strcmp(r->place->apex, op->zone) != 0))
			continue;
		e[n] = entry_of(d, r);
		e[n++].type = type;
	}
	return journal_write(d->engine->store, what, e, n, story);
}

static bool is_open(const struct journal *j, const struct dns01_record *r)
{
	for (size_t i = 0; i < j->n; i++)
		if (!strcmp(j->at[i].owner, r->place->owner) && !strcmp(j->at[i].value, r->value))
			return true;
	return false;
}

/* Did no run ever begin to write any of the values?  What was taken out again does not count. */
static bool are_new(const struct dns01 *d)
{
	struct journal open = { 0 };
	struct story ignored = { 0 };
	bool ret = !journal_read(d->engine->store, NULL, &open, &ignored);

	for (size_t i = 0; ret && i < d->n; i++)
		ret = !is_open(&open, &d->at[i]);
	journal_free(&open);
	return ret;
}

static struct present_group *group_of(struct dns01 *d, const struct dns01_record *r)
{
	struct dns01_work *w = d->work;

	for (size_t i = 0; i < w->n_groups; i++)
		if (w->groups[i].op.login == r->place->login &&
		    !strcmp(w->groups[i].op.zone, r->place->apex))
			return &w->groups[i];
	struct present_group *g = &w->groups[w->n_groups++];
	g->records = mem_array(d->n, sizeof(*g->records));
	g->op = (struct op){ .kind = OP_APPEND, .login = r->place->login, .zone = r->place->apex };
	g->op.records = g->records;
	return g;
}

/* In a worker: the plan must be durable before a provider is called. */
static void plan(struct job *job)
{
	struct dns01 *d = container_of(job, struct dns01, job);

	d->work->fresh = are_new(d); /* before the plan says that they may be there */
	if (write_journal(d, JOURNAL_PLAN, NULL, &d->job_story))
		return; /* job_story tells */
}

void dns01_present(struct dns01 *d, struct task *waiter)
{
	begin(d, PLAN, waiter);
	story_clear(&d->job_story);
	d->job.work = plan;
	job_start(d->engine->pool, &d->job, &d->task);
}

static void call_providers(struct dns01 *d)
{
	struct dns01_work *w = d->work;

	d->step = PRESENT;
	w->groups = mem_array(d->n, sizeof(*w->groups));
	for (size_t i = 0; i < d->n; i++) {
		const struct dns01_record *r = &d->at[i];
		struct present_group *g = group_of(d, r);
		char name[NAME_MAX_LEN];
		if (!name_relative(r->place->owner, r->place->apex, name))
			continue; /* the apex is a suffix of the owner: zone_find saw to it */
		g->records[g->op.n_records++] = (struct seal_record){ .name = str_copy(name),
								      .type = "TXT",
								      .ttl = CHALLENGE_TTL,
								      .data = r->value };
	}
	for (size_t i = 0; i < w->n_groups; i++) {
		w->groups[i].op.fresh = w->fresh;
		op_start(d->engine->ops, &w->groups[i].op, &d->task);
	}
}

/* Provider's handles make the removal cheaper; they go into the journal with `made`. */
static void keep_ids(struct dns01 *d, const struct op *op)
{
	for (size_t i = 0; i < op->n_results; i++)
		for (size_t r = 0; r < d->n; r++)
			if (op->results[i].id && !d->at[r].id &&
			    d->at[r].place->login == op->login &&
			    !strcmp(d->at[r].value, op->results[i].data))
				d->at[r].id = str_copy(op->results[i].id);
}

/* Refused outright, before anything was written, and by no earlier run either: there is nothing to
 * take out later. */
static bool was_refused(const struct op *op)
{
	return op->fresh && !op->n_results &&
	       (op->story.st == SEAL_EAUTH || op->story.st == SEAL_ENOTFOUND);
}

static enum seal_status keep_presented(struct dns01 *d)
{
	struct dns01_work *w = d->work;
	enum seal_status st = SEAL_OK;
	struct story lost = { 0 };

	for (size_t i = 0; i < w->n_groups; i++) {
		struct op *op = &w->groups[i].op;
		enum journal_op what = was_refused(op) ? JOURNAL_GONE : JOURNAL_MADE;
		keep_ids(d, op);
		if (write_journal(d, what, op, &lost))
			story_clear(&lost); /* it costs one removal too many */
		if (op->story.st && !st)
			st = fail_from(d, op);
		if (st == SEAL_ENOTFOUND && !*d->story.hint)
			hint(d,
			     "DNS says the record belongs into zone %s: is that zone there, and is "
			     "the domain delegated to that provider?",
			     op->zone);
	}
	return st;
}

/* -- the driver ----------------------------------------------------------------------------- */

static void dns01_run(struct task *t)
{
	struct dns01 *d = container_of(t, struct dns01, task);

	switch (d->step) {
	case FIND_ZONES:
		if (keep_zones(d) || d->cert->settle_mode != SETTLE_AUTHORITATIVE)
			break;
		d->step = FIND_SERVERS;
		find_servers(d);
		return;
	case FIND_SERVERS:
		keep_servers(d);
		break;
	case PLAN:
		if (d->job_story.st) {
			story_copy(&d->story, &d->job_story);
			break;
		}
		call_providers(d);
		return;
	case PRESENT:
		keep_presented(d);
		break;
	default:
		dns01_settled(d);
		break;
	}
	task_done(d->waiter);
}

static void free_groups(struct dns01_work *w)
{
	for (size_t i = 0; i < w->n_groups; i++) {
		struct present_group *g = &w->groups[i];
		for (size_t r = 0; r < g->op.n_records; r++)
			free((char *)(uintptr_t)g->records[r].name);
		free(g->records);
		op_free(&g->op);
	}
	free(w->groups);
	w->groups = NULL;
	w->n_groups = 0;
}

static void free_records(struct dns01 *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->at[i].id);
	free(d->at);
	d->at = NULL;
	d->n = 0;
}

void dns01_clear(struct dns01 *d)
{
	if (!d->work)
		return;
	free_groups(d->work);
	dns01_settle_free(d->work);
	free_records(d);
}

void dns01_free(struct dns01 *d)
{
	struct dns01_work *w = d->work;

	if (!w)
		return;
	task_stop(&d->task);
	for (size_t i = 0; w->finds && i < d->n_places; i++)
		zone_find_free(&w->finds[i]);
	free(w->finds);
	for (size_t i = 0; i < w->n_servers; i++)
		servers_find_free(&w->servers[i]);
	free(w->servers);
	free_groups(w);
	dns01_settle_free(w);
	for (size_t i = 0; i < d->n_places; i++) {
		free(d->places[i].start);
		free(d->places[i].owner);
		free(d->places[i].apex);
	}
	free_records(d);
	free(d->places);
	free(d->label);
	free(w);
	memset(d, 0, sizeof(*d));
}
