/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/zone.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SILENT_MAX 2 /* questions that no resolver answers at all, then we stop asking */

enum step {
	STEP_START,
	STEP_OWNER,   /* SOA of the owner */
	STEP_ALIAS,   /* that failed: is there a CNAME that leads somewhere broken? */
	STEP_SIBLING, /* CNAME of a random name beside one that has a CNAME */
	STEP_WALK,    /* SOA of a name above the owner */
	STEP_EXISTS,  /* the zone has one label: is the name below it there? */
};

struct hop {
	const char *owner, *target;
	bool by_dname; /* no wildcard can have made it */
};

struct zone_work {
	struct lookup lookup;
	struct arena arena; /* the names here */
	struct hop hop[ZONE_HOPS_MAX];
	size_t n_hop, n_checked; /* checked: made by no wildcard */
	enum step step;
	const char *owner;   /* the end of the chain so far */
	const char *at;	     /* owner or above: what was asked last */
	const char *apex;    /* seen for owner, until the chain is known to hold */
	struct story failed; /* the first question that no resolver could answer */
	unsigned n_silent;
	size_t asked; /* labels of the name that the last SOA answer was about */
	unsigned rcode;
	bool is_over, is_canceled;
};

static enum seal_status ask(struct zone_find *z, enum step step, const char *name, uint16_t type)
{
	struct zone_work *w = z->work;

	w->step = step;
	str_put(w->lookup.name, "%s", name);
	w->lookup.type = type;
	w->lookup.resolvers = z->resolvers;
	lookup_start(&w->lookup, &z->task);
	return SEAL_OK;
}

/* ---- reading the answer ---- */

static const struct seal_rr *alias_rr(const struct seal_message *m, uint16_t type, const char *name)
{
	for (size_t i = 0; i < m->n_rr; i++) {
		const struct seal_rr *rr = m->rr + i;
		if (rr->section != 1 || rr->type != type)
			continue;
		if (type == TYPE_CNAME && name_same(rr->owner, name))
			return rr;
		if (type == TYPE_DNAME && name_is_under(name, rr->owner) &&
		    !name_same(rr->owner, name))
			return rr;
	}
	return NULL;
}

/* Where the answer says that `name` leads; false: nowhere else.  A DNAME comes with the CNAME it
 * makes; where that is missing it is made here (RFC 6672 2.2). */
static bool alias_of(const struct lookup *l, const char *name, char ret[NAME_MAX_LEN])
{
	const struct question *q = &l->question;
	const struct seal_rr *cname = alias_rr(&l->message, TYPE_CNAME, name);
	const struct seal_rr *dname = alias_rr(&l->message, TYPE_DNAME, name);
	char target[NAME_MAX_LEN], prefix[NAME_MAX_LEN];

	if (cname)
		return wire_rr_name(q->reply, q->reply_len, cname, ret);
	return dname && wire_rr_name(q->reply, q->reply_len, dname, target) &&
	       name_relative(name, dname->owner, prefix) && name_absolute(prefix, target, ret);
}

/* The zone that the answer names for `name`: the owner of a SOA at or above it. */
static const char *apex_for(const struct seal_message *m, const char *name)
{
	for (size_t i = 0; i < m->n_rr; i++) {
		const struct seal_rr *rr = m->rr + i;
		if (rr->type != TYPE_SOA)
			continue;
		if (rr->section == 1 ? name_same(name, rr->owner)
				     : rr->section == 2 && name_is_under(name, rr->owner))
			return rr->owner;
	}
	return NULL;
}

static bool was_seen(const struct zone_find *z, const char *name)
{
	const struct zone_work *w = z->work;

	for (size_t i = 0; i < w->n_hop; i++)
		if (name_same(w->hop[i].target, name))
			return true;
	return name_same(z->name, name);
}

/* Follow the chain in the answer from the owner; the owner is its end then. */
static enum seal_status follow(struct zone_find *z)
{
	struct zone_work *w = z->work;
	char target[NAME_MAX_LEN];

	while (alias_of(&w->lookup, w->owner, target)) {
		if (was_seen(z, target))
			return fail(z, SEAL_EINVAL, "the CNAMEs of %s go round in a circle at %s",
				    z->name, target);
		if (w->n_hop == ZONE_HOPS_MAX)
			return fail(z, SEAL_EINVAL, "%s leads through more than %d CNAMEs", z->name,
				    ZONE_HOPS_MAX);
		w->hop[w->n_hop++] = (struct hop){
			.owner = w->owner,
			.target = arena_str(&w->arena, target),
			.by_dname = alias_rr(&w->lookup.message, TYPE_DNAME, w->owner),
		};
		w->owner = w->hop[w->n_hop - 1].target;
	}
	return SEAL_OK;
}

/* ---- ends ---- */

static void tell_chain(struct zone_find *z)
{
	const struct zone_work *w = z->work;
	size_t n = 0;

	z->chain[0] = '\0';
	if (w->n_hop)
		str_put(z->chain, "%s", z->name);
	for (size_t i = 0; i < w->n_hop; i++) {
		n = strlen(z->chain);
		snprintf(z->chain + n, sizeof(z->chain) - n, " -> %s", w->hop[i].target);
	}
}

static enum seal_status found(struct zone_find *z, const char *apex)
{
	str_put(z->owner, "%s", z->work->owner);
	str_put(z->apex, "%s", apex);
	story_clear(&z->story);
	z->work->is_over = true;
	return SEAL_OK;
}

/* The two-label name at or above `name`. */
static const char *registrable(const char *name)
{
	while (name_labels(name) > 2)
		name = name_parent(name);
	return name;
}

/* No zone that could be the owner's own. */
static void tell_undelegated(struct zone_find *z, const char *apex)
{
	const struct zone_work *w = z->work;
	const char *resolver = w->lookup.question.server, *says = rcode_name(w->rcode);

	if (!apex)
		fail(z, SEAL_ENOTFOUND,
		     "no zone found for %s: the resolver %s says %s and names no zone; is the "
		     "domain registered and delegated?",
		     w->owner, resolver, says);
	else if (!name_labels(apex))
		fail(z, SEAL_ENOTFOUND,
		     "no zone found for %s: the resolver %s says %s, even the top-level domain "
		     "does not exist",
		     w->owner, resolver, says);
	else
		fail(z, SEAL_ENOTFOUND,
		     "no zone found for %s: the resolver %s says %s, the nearest zone is %s "
		     "itself; is %s registered and delegated?",
		     w->owner, resolver, says, apex, registrable(w->owner));
}

/* Because nobody names one, or because of a failure on the way? */
static enum seal_status not_found(struct zone_find *z, const char *apex)
{
	struct zone_work *w = z->work;

	if (w->failed.st) {
		story_copy(&z->story, &w->failed);
		story_prefix(&z->story, "no zone found for %s: ", w->owner);
	} else {
		tell_undelegated(z, apex);
	}
	if (w->n_hop)
		story_prefix(&z->story, "%.250s: ", z->chain);
	return z->story.st;
}

static bool is_private(const char *label)
{
	static const char *const labels[] = {
		"alt",	 "corp",	"home",	     "internal", "intranet", "invalid", "lan",
		"local", "localdomain", "localhost", "onion",	 "private",  "test",
	};

	for (size_t i = 0; i < COUNT(labels); i++)
		if (name_same(labels[i], label))
			return true;
	return false;
}

/* See the head of zone.h for the rule about zones of one label. */
static enum seal_status judge_apex(struct zone_find *z, const char *apex)
{
	struct zone_work *w = z->work;
	size_t labels = name_labels(apex);

	if (labels >= 2 || (labels && is_private(apex)))
		return found(z, apex);
	if (!labels || w->asked < 2 || w->failed.st)
		return not_found(z, apex);
	if (w->rcode == RCODE_NOERROR)
		return found(z, apex);
	if (w->asked == 2)
		return not_found(z, apex);
	return ask(z, STEP_EXISTS, registrable(w->owner), TYPE_SOA);
}

/* ---- the steps; each reads an answer, then asks on or ends ---- */

static enum seal_status walk(struct zone_find *z)
{
	struct zone_work *w = z->work;

	w->at = name_parent(w->at);
	if (!name_labels(w->at) || w->n_silent == SILENT_MAX)
		return not_found(z, NULL);
	return ask(z, STEP_WALK, w->at, TYPE_SOA);
}

/* The zone that the answer names for `name`, which it is about; remembers how it looked. */
static const char *read_apex(struct zone_work *w, const char *name)
{
	w->rcode = w->lookup.message.rcode;
	w->asked = name_labels(name);
	return apex_for(&w->lookup.message, name);
}

static void note_failure(struct zone_work *w)
{
	w->n_silent += !w->lookup.heard;
	if (!w->failed.st)
		story_copy(&w->failed, &w->lookup.story);
}

/* "_x3f0a1c2b" in place of the first label.  False: too long. */
static bool sibling(const char *name, char ret[NAME_MAX_LEN])
{
	uint32_t random;
	char label[16];

	clock_random(&random, sizeof(random));
	str_put(label, "_x%08x", random);
	return name_absolute(label, name_parent(name), ret);
}

/* Ask for the sibling of the next hop; after the last one the chain holds. */
static enum seal_status check_chain(struct zone_find *z)
{
	struct zone_work *w = z->work;
	char name[NAME_MAX_LEN];

	for (; w->n_checked < w->n_hop; w->n_checked++) {
		const struct hop *h = w->hop + w->n_checked;
		if (!h->by_dname && sibling(h->owner, name))
			return ask(z, STEP_SIBLING, name, TYPE_CNAME);
	}
	tell_chain(z);
	if (w->apex)
		return judge_apex(z, w->apex);
	if (w->at == w->owner)
		return walk(z);
	w->at = w->owner;
	return ask(z, STEP_OWNER, w->owner, TYPE_SOA);
}

static enum seal_status start(struct zone_find *z)
{
	struct zone_work *w = z->work;

	w->owner = w->at = z->name;
	return ask(z, STEP_OWNER, z->name, TYPE_SOA);
}

static enum seal_status read_owner(struct zone_find *z)
{
	struct zone_work *w = z->work;
	struct lookup *l = &w->lookup;
	char target[NAME_MAX_LEN];

	if (l->story.st) {
		note_failure(w);
		if (!z->fixed && l->heard)
			return ask(z, STEP_ALIAS, w->owner, TYPE_CNAME);
		return walk(z);
	}
	if (z->fixed && alias_of(l, w->owner, target))
		return walk(z); /* the SOA is the target's */
	enum seal_status st = follow(z);
	if (st)
		return st;
	w->apex = arena_str(&w->arena, read_apex(w, w->owner));
	return check_chain(z);
}

static enum seal_status read_alias(struct zone_find *z)
{
	struct zone_work *w = z->work;
	const char *before = w->owner;

	enum seal_status st = w->lookup.story.st ? SEAL_OK : follow(z);
	if (st)
		return st;
	if (w->owner == before)
		return walk(z);
	story_clear(&w->failed); /* it was about what lies behind the alias */
	return check_chain(z);
}

static enum seal_status read_sibling(struct zone_find *z)
{
	struct zone_work *w = z->work;
	const struct hop *h = w->hop + w->n_checked;
	char target[NAME_MAX_LEN];

	if (w->lookup.story.st) {
		fail_from(z, &w->lookup);
		return story_prefix(&z->story, "does a wildcard make the CNAME of %s? ", h->owner);
	}
	bool is_wild = alias_of(&w->lookup, w->lookup.name, target) && name_same(target, h->target);
	if (!is_wild) {
		w->n_checked++;
		return check_chain(z);
	}
	w->n_hop = w->n_checked;
	w->at = w->owner = h->owner;
	story_clear(&w->failed); /* that was beyond the chain's end */
	tell_chain(z);
	return walk(z);
}

static enum seal_status read_walk(struct zone_find *z)
{
	struct zone_work *w = z->work;
	const struct lookup *l = &w->lookup;
	char target[NAME_MAX_LEN];

	if (l->story.st) {
		note_failure(w);
		return walk(z);
	}
	const char *apex = read_apex(w, w->at);
	if (!apex || alias_of(l, w->at, target))
		return walk(z);
	return judge_apex(z, apex);
}

static enum seal_status read_exists(struct zone_find *z)
{
	struct zone_work *w = z->work;

	if (w->lookup.story.st) {
		note_failure(w);
		return not_found(z, NULL);
	}
	const char *apex = read_apex(w, registrable(w->owner));
	return apex ? judge_apex(z, apex) : not_found(z, NULL);
}

static enum seal_status (*const steps[])(struct zone_find *) = {
	[STEP_START] = start,	       [STEP_OWNER] = read_owner, [STEP_ALIAS] = read_alias,
	[STEP_SIBLING] = read_sibling, [STEP_WALK] = read_walk,	  [STEP_EXISTS] = read_exists,
};

static void run(struct task *t)
{
	struct zone_find *z = container_of(t, struct zone_find, task);
	struct zone_work *w = z->work;
	enum seal_status st = w->lookup.story.st;

	if (w->is_canceled)
		st = fail(z, SEAL_ECANCELED, "the search for the zone of %s was canceled", z->name);
	else if (st && st != SEAL_EAGAIN)
		fail_from(z, &w->lookup); /* the name itself is wrong */
	else
		st = steps[w->step](z);
	if (!st && !w->is_over)
		return;
	struct task *waiter = take(z->waiter);
	zone_find_free(z); /* what it took to find it */
	task_done(waiter);
}

void zone_find_start(struct zone_find *z, struct task *waiter)
{
	zone_find_free(z);
	z->work = mem_new(sizeof(*z->work));
	story_clear(&z->story);
	z->owner[0] = z->apex[0] = z->chain[0] = '\0';
	z->waiter = waiter;
	task_init(&z->task, waiter->loop, run);
	task_expect(waiter);
	task_wake(&z->task);
}

void zone_find_cancel(struct zone_find *z)
{
	if (!z->waiter)
		return;
	z->work->is_canceled = true;
	lookup_cancel(&z->work->lookup);
}

void zone_find_free(struct zone_find *z)
{
	task_stop(&z->task);
	if (!z->work)
		return;
	lookup_free(&z->work->lookup);
	arena_free(&z->work->arena);
	free(z->work);
	z->work = NULL;
}
