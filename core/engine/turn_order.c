/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * turn_order.c - a turn's orders, rehearsed and real, at one account and the next, and what is
 * remembered of them. */
#include "config.h"

#include "engine/turn_work.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- where ---------------------------------------------------------------------------------- */

static bool has_test(const struct account_conf *a)
{
	return a->test_url && strcmp(a->test_url, a->url) != 0;
}

bool turn_rehearses_first(const struct turn *t)
{
	return t->state.rehearse && t->ask.force != TURN_NOW && !t->ask.rehearse &&
	       has_test(turn_account(t, 0));
}

bool turn_harms(const struct turn *t)
{
	const struct account_conf *a = turn_account(t, 0);
	const struct json_object *meta = t->live.meta;
	const char *ca = meta ? json_str(meta, "ca") : NULL;

	if (t->ask.rehearse || !a->test_url || has_test(a) || !ca)
		return false;
	return strcmp(ca, a->url) != 0 && !json_object_get_boolean(json_at(meta, "test"));
}

enum seal_status turn_protect(struct turn *t)
{
	if (!turn_harms(t))
		return SEAL_OK;
	fail(t, SEAL_ECONFIG,
	     "the live certificate is a real one, and this would put one of a "
	     "test CA in its place");
	hint(t, "rehearse with --dry-run, or choose another --name");
	return SEAL_ECONFIG;
}

static bool is_test(const struct account_conf *a)
{
	return a->test_url && !has_test(a);
}

/* A test CA's certificate is no replacement for a real one.  SIZE_MAX: there is no other. */
static size_t next_account(const struct turn *t)
{
	const struct account_conf *a;

	for (size_t i = t->account + 1; (a = turn_account(t, i)); i++)
		if (!is_test(a) || is_test(turn_account(t, 0)))
			return i;
	return SIZE_MAX;
}

static enum seal_status choose_test(struct turn *t)
{
	const struct account_conf *a = turn_account(t, 0);

	if (!a->test_url) {
		fail(t, SEAL_ECONFIG, "a rehearsal needs a test CA, and none is known for '%s'",
		     a->ca);
		hint(t, "say which with test-ca in its account block, or --test-ca");
		return SEAL_ECONFIG;
	}
	t->test = *a;
	t->test.url = t->test.ca = a->test_url;
	t->cert.account = &t->test;
	return SEAL_OK;
}

/* A profile that came with the first account is not the next one's. */
static void choose_account(struct turn *t)
{
	const struct cert_conf *c = t->ask.cert;
	struct account_conf *a = turn_account(t, t->account);

	t->cert.account = a;
	if (t->account && c->profile == c->account->profile)
		t->cert.profile = a->profile;
}

/* -- the order ------------------------------------------------------------------------------ */

static enum budget_force budget_of(const struct turn *t)
{
	if (t->ask.force == TURN_NOW)
		return BUDGET_FORCED;
	if (t->decision.life_s && t->decision.life_s < BUDGET_SHORT_S)
		return BUDGET_SHORT;
	if (t->ask.force == TURN_NAMED)
		return BUDGET_NAMED;
	return t->decision.urgent ? BUDGET_URGENT : BUDGET_USUAL;
}

/* RFC 9773 5: the CA must know the one that is replaced. */
static const char *replaced(struct turn *t, const struct session *s)
{
	const char *ca = t->live.meta ? json_str(t->live.meta, "ca") : NULL;

	if (!t->live.exists || !ca || strcmp(ca, s->conf.url) != 0)
		return NULL;
	if (!t->cert_id)
		t->cert_id = ari_cert_id(&t->live.chain.at[0]);
	return t->cert_id;
}

static const char *account_of(const struct turn *t)
{
	return t->live.meta ? json_str(t->live.meta, "account") : NULL;
}

enum rehearsal { REAL, REHEARSAL };
static void begin(struct turn *t, enum rehearsal what)
{
	struct session *s = session_of(t->ask.engine, t->cert.account);

	s->budget = budget_of(t);
	t->session = s;
	order_free(t->order);
	t->order = order_new(&(struct order_ask){ .engine = &t->engine,
						  .cert = &t->cert,
						  .session = s,
						  .replaces = what == REAL ? replaced(t, s) : NULL,
						  .replaces_kid = account_of(t),
						  .budget = budget_of(t),
						  .rehearse = what == REHEARSAL });
	order_start(t->order, &t->task);
}

/* The sentence of the order that failed, with the CA's name before what the CA said. */
static void tell_story(const struct turn *t, struct story *ret)
{
	*ret = *order_story(t->order);
	if (*ret->problem && !starts_with(ret->text, "CA "))
		story_prefix(ret, "CA %s: ", t->cert.account->ca);
}

static void end(struct turn *t)
{
	int64_t waited_ms = order_waited_ms(t->order);

	if (waited_ms)
		t->state.propagation_s = (waited_ms + 999) / 1000;
	order_free(t->order);
	t->order = NULL;
}

/* -- REHEARSE ------------------------------------------------------------------------------- */

enum seal_status rehearse(struct turn *t)
{
	enum seal_status st = choose_test(t);

	if (st)
		return st;
	log_line(LOG_INFO, "%s: the last failure looked local: first a rehearsal at %s",
		 t->cert.name, t->test.url);
	begin(t, REHEARSAL);
	return SEAL_OK;
}

/* Is it the test CA, and not our side, that failed? */
static bool is_test_broken(const struct turn *t, const struct story *s)
{
	static const bool at_ca[] = { [FAULT_SESSION] = true, [FAULT_ORDER] = true,
				      [FAULT_ISSUE] = true,   [FAULT_VALIDATION] = true,
				      [FAULT_STORE] = false };
	enum blame blame = retry_blame(s);

	return at_ca[order_fault(t->order)] && blame != BLAME_LOCAL && blame != BLAME_NONE;
}

enum seal_status judge_rehearsal(struct turn *t)
{
	struct story s;

	tell_story(t, &s);
	t->next = TURN_ORDER;
	if (s.st && !is_test_broken(t, &s)) {
		t->looks_local = true;
		end(t);
		story_prefix(&s, "rehearsal: ");
		return story_copy(&t->story, &s);
	}
	if (s.st)
		turn_note(t, "the rehearsal could not be held: %s", s.text);
	else
		log_line(LOG_INFO, "%s: the rehearsal succeeded", t->cert.name);
	end(t);
	return SEAL_OK;
}

/* -- ORDER ---------------------------------------------------------------------------------- */

enum seal_status place_order(struct turn *t)
{
	if (t->ask.rehearse) {
		enum seal_status st = choose_test(t);
		if (st)
			return st;
	} else {
		choose_account(t);
	}
	begin(t, t->ask.rehearse ? REHEARSAL : REAL);
	return SEAL_OK;
}

/* Would another CA, or another account, perhaps do better? */
static bool may_do_better(const struct turn *t, const struct story *s)
{
	static const char *const choosy[] = { "caa", "rejectedIdentifier", "unsupportedIdentifier",
					      "accountDoesNotExist", "externalAccountRequired",
					      "userActionRequired" };
	enum order_fault fault = order_fault(t->order);

	if (retry_blame(s) == BLAME_NONE || fault == FAULT_DNS || fault == FAULT_STORE)
		return false;
	for (size_t i = 0; i < COUNT(choosy); i++)
		if (!strcmp(s->problem, choosy[i]))
			return true;
	if (fault == FAULT_SESSION)
		return true;
	if (s->st == SEAL_ELIMIT) /* else the order is alive, or the limit is our own */
		return fault == FAULT_ORDER;
	return retry_blame(s) == BLAME_CA;
}

/* The CA named a moment: no run of ours comes back before it. */
static void obey(const struct turn *t, const struct story *s)
{
	const struct order *o = t->order;

	if (t->ask.rehearse || s->st != SEAL_ELIMIT || !s->retry_at || !*s->problem)
		return;
	budget_wait(t->engine.store, t->cert.account->url,
		    order_fault(o) == FAULT_SESSION ? NULL : &t->cert.names, s->retry_at);
}

static enum seal_status went_wrong(struct turn *t)
{
	size_t next = next_account(t);
	struct story s;

	tell_story(t, &s);
	obey(t, &s);
	t->is_dns = order_fault(t->order) == FAULT_DNS;
	t->looks_local = order_fault(t->order) == FAULT_VALIDATION &&
			 retry_blame(&s) == BLAME_LOCAL;
	if (t->ask.rehearse || next == SIZE_MAX || t->canceled || !may_do_better(t, &s)) {
		end(t);
		return story_copy(&t->story, &s);
	}
	turn_note(t, "%s; the next account is tried: %s", s.text, turn_account(t, next)->name);
	end(t);
	t->account = next;
	t->next = TURN_ORDER;
	return SEAL_OK;
}

/* Its dates are all that is wanted; where they cannot be had so, the whole says why. */
static enum seal_status look_at_new(struct turn *t)
{
	live_free(&t->live);
	if (!live_glance(t->engine.store, t->cert.name, &t->live, &t->story))
		return SEAL_OK;
	live_free(&t->live);
	story_clear(&t->story);
	return live_read(t->engine.store, t->cert.name, &t->live, &t->story);
}

enum seal_status judge_order(struct turn *t)
{
	bool had = t->live.exists;

	if (order_story(t->order)->st)
		return went_wrong(t);
	t->not_after = order_not_after(t->order);
	end(t);
	t->next = TURN_KEEP;
	t->result = t->ask.rehearse ? TURN_REHEARSED : had ? TURN_RENEWED : TURN_ISSUED;
	if (t->ask.rehearse)
		return SEAL_OK;
	return look_at_new(t);
}

/* -- KEEP, SAVE ----------------------------------------------------------------------------- */

static void set(char **to, const char *text)
{
	char *copy = text && *text ? str_copy(text) : NULL;

	free(*to);
	*to = copy;
}

/* A zone, a provider or a name server that fails for now is no CA that does. */
static enum blame blame_of(const struct turn *t)
{
	enum blame blame = retry_blame(&t->story);

	return t->is_dns && blame == BLAME_CA ? BLAME_LOCAL : blame;
}

static void remember_failure(struct turn *t)
{
	struct cert_state *c = &t->state;
	const struct story *s = &t->story;
	int64_t now = clock_wall(), ends = t->decision.not_after;

	if (retry_blame(s) == BLAME_NONE)
		return;
	c->failures++;
	c->next_try = retry_at(s,
			       &(struct retry){ .blame = blame_of(t),
						.failures = c->failures,
						.life_s = t->decision.life_s,
						.left_s = ends ? ends - now : 0,
						.urgent = t->decision.urgent },
			       now);
	c->rehearse = c->rehearse || t->looks_local;
	c->last_failure = now;
	set(&c->last_error, s->text);
	set(&c->last_class, status_name(s->st));
	set(&c->last_problem, s->problem);
	set(&c->last_account, t->cert.account->name);
	t->dirty = true;
}

static void forget_failure(struct cert_state *c)
{
	c->failures = c->next_try = 0;
	c->rehearse = false;
	set(&c->last_error, NULL);
	set(&c->last_class, NULL);
	set(&c->last_problem, NULL);
	set(&c->last_account, NULL);
}

static void remember_success(struct turn *t)
{
	ari_begin(&t->state.ari, &t->live.chain.at[0], clock_wall());
	t->state.last_success = clock_wall();
	t->recovered = t->state.failures > 0;
	forget_failure(&t->state);
	decide(t->ask.cert, &t->live, &t->state, clock_wall(), &t->decision);
	t->dirty = true;
}

enum seal_status keep(struct turn *t)
{
	if (t->ask.rehearse)
		t->dirty = false;
	else if (t->story.st && !t->paused)
		remember_failure(t);
	else if (t->result == TURN_ISSUED || t->result == TURN_RENEWED)
		remember_success(t);
	else if (!t->decision.why && t->state.failures) { /* what failed is no more wanted */
		forget_failure(&t->state);
		t->dirty = true;
	}
	return save(t); /* whatever the programs to come do */
}

enum seal_status kept(struct turn *t)
{
	enum seal_status st = saved(t);

	if (!t->ask.rehearse)
		t->next = t->canceled ? TURN_AFTER : TURN_DEPLOY;
	return st;
}

/* In a worker: disks are slow. */
static void write_state(struct job *job)
{
	struct turn *t = container_of(job, struct turn, job);

	if (cert_state_save(t->engine.store, t->cert.name, &t->state, &t->job_story))
		return; /* job_story tells */
}

enum seal_status save(struct turn *t)
{
	story_clear(&t->job_story);
	if (!t->dirty)
		return SEAL_OK;
	t->dirty = false;
	t->state.last_run = clock_wall();
	t->job.work = write_state;
	job_start(t->engine.pool, &t->job, &t->task);
	return SEAL_OK;
}

enum seal_status saved(struct turn *t)
{
	if (t->job_story.st)
		turn_note(t, "%s", t->job_story.text);
	t->next = TURN_OVER;
	return SEAL_OK;
}
