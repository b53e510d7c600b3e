/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_acme.c - the states of an order that talk to the CA until its names are validated. */
#include "config.h"

#include "engine/order_work.h"

#include "base/clock.h"
#include "crypto/jws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WATCH_LIMIT_S 600      /* for all validations together */
#define EXAMINE_EVERY_MS 10000 /* look into the authorizations when the order does not move */
#define ANSWERS_MAX 3	       /* POSTs of one challenge (step-ca validates only when asked) */
#define ANSWER_PAUSE_MS 2000
#define POLL_FIRST_MS 5
#define POLL_MAX_MS 5000
#define RETRY_AFTER_MAX_S 60

static const char *const challenge_types[] = {
	[CHALLENGE_DNS_01] = "dns-01", [CHALLENGE_DNS_ACCOUNT_01] = "dns-account-01"
};

static void post(struct order *o, const char *url, const char *payload)
{
	post_free(&o->post);
	o->post = (struct post){ .ca = o->ca, .url = url, .payload = payload };
	post_start(&o->post, &o->task);
}

static enum seal_status read_order(struct order *o)
{
	if (o->post.story.st)
		return fail_from(o, &o->post);
	order_res_free(&o->res);
	return order_read(&o->res, o->ca, o->post.json, &o->story);
}

/* -- polling -------------------------------------------------------------------------------- */

enum seal_status order_pace(struct order *o, unsigned limit_s)
{
	int64_t now = clock_ms(), after_s = o->post.retry_after_s;

	if (!o->deadline_ms)
		o->deadline_ms = now + (int64_t)limit_s * 1000;
	if (after_s > RETRY_AFTER_MAX_S || now >= o->deadline_ms) {
		fail(o, SEAL_ELIMIT, "the CA is still working on the order");
		hint(o, "nothing is lost: the next run takes it up where it is");
		o->story.retry_at = clock_wall() + (after_s > 0 ? after_s : 600);
		return SEAL_ELIMIT;
	}
	if (after_s >= 0) {
		o->pause_ms = after_s ? after_s * 1000 : 1000;
		return SEAL_OK;
	}
	/* Twice as long each time, starting from the CA's own round trip: a CA next door is asked
	 * within milliseconds, a far one not more often than it can answer. */
	int64_t first = o->ca->rtt_ms > POLL_FIRST_MS ? o->ca->rtt_ms : POLL_FIRST_MS;
	o->pause_ms = first << (o->polls < 16 ? o->polls : 16);
	if (o->pause_ms > POLL_MAX_MS)
		o->pause_ms = POLL_MAX_MS;
	o->polls++;
	return SEAL_OK;
}

static void new_poll(struct order *o)
{
	o->polls = 0;
	o->deadline_ms = 0;
}

/* -- RESUME --------------------------------------------------------------------------------- */

enum seal_status ask_resume(struct order *o)
{
	post(o, o->file.url, "");
	return SEAL_OK;
}

void order_abandon(struct order *o)
{
	free(o->file.url);
	o->file.url = NULL;
}

/* Gone, invalid or not to be read: a new order with the same key, which no certificate has. */
static enum seal_status forget(struct order *o)
{
	order_tell(o, "order", "the one of an earlier run is gone; a new one is made");
	order_abandon(o);
	story_clear(&o->story);
	o->next = ORDER_ZONE;
	return SEAL_OK;
}

enum seal_status read_resume(struct order *o)
{
	enum seal_status st = o->post.story.st;

	if (st && !o->post.status) /* no word from the CA: the order may well be alive */
		return fail_from(o, &o->post);
	if (st || read_order(o))
		return st == SEAL_ELIMIT || st == SEAL_EAGAIN ? fail_from(o, &o->post) : forget(o);
	if (o->res.status != RES_INVALID)
		order_tell(o, "order", "taking up the one of an earlier run (%s)",
			   order_status_names[o->res.status]);
	switch ((enum order_status)o->res.status) {
	case RES_PENDING:
		o->next = ORDER_ZONE;
		return SEAL_OK;
	case RES_READY:
		o->next = ORDER_CLEAN;
		return SEAL_OK;
	case RES_PROCESSING:
		o->next = ORDER_COLLECT;
		return SEAL_OK;
	case RES_VALID:
		o->next = ORDER_FETCH;
		return SEAL_OK;
	case RES_INVALID:
		break;
	}
	return forget(o);
}

/* -- NEW ------------------------------------------------------------------------------------ */

enum seal_status ask_new(struct order *o)
{
	scoped(free_p) char *payload =
		order_payload(&o->ask.cert->names, o->file.profile, order_replaces(o));

	o->asked = true;
	post(o, o->ca->dir.new_order, payload);
	return SEAL_OK;
}

/* The CA must have understood what we asked. */
static enum seal_status check_names(struct order *o)
{
	const struct words *names = &o->ask.cert->names;

	if (!o->res.names.n)
		return SEAL_OK;
	for (size_t i = 0; i < names->n; i++)
		if (o->res.names.n != names->n || !words_has(&o->res.names, names->at[i])) {
			scoped(free_p) char *got = words_join(&o->res.names, " ");
			return fail(o, SEAL_EPROTO, "the CA made an order for other names: %s",
				    got);
		}
	return SEAL_OK;
}

void order_take(struct order *o, const char *url)
{
	free(o->file.url);
	o->file.url = str_copy(url);
	free(o->file.kid);
	o->file.kid = str_copy(o->ca->kid);
	o->next = ORDER_NOTE;
}

enum seal_status read_new(struct order *o)
{
	if (order_without_replaces(o))
		return SEAL_OK;
	enum seal_status st = read_order(o);
	if (!st)
		st = check_names(o);
	if (st)
		return st;
	o->asked = false;
	const char *url = post_location(&o->post);
	if (!url)
		return fail(o, SEAL_EPROTO, "the CA's new order has no URL of its own");
	order_tell(o, "order", "made for %zu name%s", o->ask.cert->names.n,
		   o->ask.cert->names.n == 1 ? "" : "s");
	order_take(o, url);
	return SEAL_OK;
}

/* -- AUTHZ ---------------------------------------------------------------------------------- */

static const char *challenge_type(const struct order *o)
{
	return challenge_types[o->ask.cert->challenge];
}

enum seal_status ask_authz(struct order *o)
{
	authz_free(o);
	o->n_authz = o->res.authorizations.n;
	o->authz = mem_array(o->n_authz, sizeof(*o->authz));
	for (size_t i = 0; i < o->n_authz; i++) {
		struct authz *a = &o->authz[i];
		a->url = str_copy(o->res.authorizations.at[i]);
		a->post = (struct post){ .ca = o->ca, .url = a->url, .payload = "" };
		post_start(&a->post, &o->task);
	}
	return SEAL_OK;
}

/* Is it for one of our names, and wildcard when that is? */
static bool is_ours(const struct order *o, const struct authz_res *r)
{
	scoped(free_p) char *name = str_printf("%s%s", r->wildcard ? "*." : "", r->name);

	return words_has(&o->ask.cert->names, name);
}

static enum seal_status want_record(struct order *o, const struct authz_res *r)
{
	char value[44];

	if (!r->has_challenge) {
		scoped(free_p) char *offered = words_join(&r->offered, ", ");
		return fail(o, SEAL_EPROTO, "%s: the CA offers no %s challenge (it offers%s %s)",
			    r->name, challenge_type(o), *offered ? ":" : "",
			    *offered ? offered : "none at all");
	}
	dns01_value(r->challenge.token, o->ask.session->thumbprint, value);
	dns01_add(&o->dns, r->name, value);
	return SEAL_OK;
}

static enum seal_status fail_authz(struct order *o, const struct authz_res *r)
{
	enum seal_status st = r->error.type != PROBLEM_NONE
				      ? problem_fail(&r->error, 0, &o->story)
				      : fail(o, SEAL_EAGAIN, "authorization is %s",
					     authz_status_names[r->status]);
	order_abandon(o);
	story_prefix(&o->story, "%s%s: ", r->wildcard ? "*." : "", r->name);
	return st;
}

static enum seal_status read_one(struct order *o, struct authz *a)
{
	if (a->post.story.st)
		return fail_from(o, &a->post);
	authz_res_free(&a->res);
	enum seal_status st =
		authz_read(&a->res, o->ca, a->post.json, challenge_type(o), &o->story);
	if (!st && !is_ours(o, &a->res))
		st = fail(o, SEAL_EPROTO, "the CA wants %s%s authorized, which was not asked for",
			  a->res.wildcard ? "*." : "", a->res.name);
	return st;
}

enum seal_status read_authz(struct order *o)
{
	enum seal_status st = SEAL_OK;
	size_t pending = 0;

	for (size_t i = 0; i < o->n_authz && !st; i++) {
		struct authz *a = &o->authz[i];
		st = read_one(o, a);
		if (st || a->res.status == AUTHZ_VALID)
			continue;
		if (a->res.status != AUTHZ_PENDING)
			return fail_authz(o, &a->res);
		pending++;
		st = want_record(o, &a->res);
	}
	if (st)
		return st;
	order_tell(o, "authorizations", "%zu of %zu to prove", pending, o->n_authz);
	new_poll(o);
	/* none to prove, and the order still pending: it becomes ready in a moment */
	o->next = pending ? ORDER_PRESENT : ORDER_WATCH;
	return SEAL_OK;
}

/* -- ANSWER --------------------------------------------------------------------------------- */

bool authz_is_unanswered(const struct authz *a)
{
	return a->res.status == AUTHZ_PENDING && a->res.has_challenge && !a->answered;
}

enum seal_status answer(struct order *o)
{
	for (size_t i = 0; i < o->n_authz; i++) {
		struct authz *a = &o->authz[i];
		if (!authz_is_unanswered(a))
			continue;
		a->answers++;
		post_free(&a->post);
		a->post =
			(struct post){ .ca = o->ca, .url = a->res.challenge.url, .payload = "{}" };
		post_start(&a->post, &o->task);
	}
	return SEAL_OK;
}

/* One reply to a challenge POST.  *again: it has to be POSTed once more. */
static enum seal_status read_answer(struct order *o, struct authz *a, bool *again)
{
	struct challenge_res r = { 0 };

	a->answered = true;
	if (a->post.problem.type == PROBLEM_MALFORMED) { /* not pending any more: look at it */
		o->next = ORDER_EXAMINE;
		return SEAL_OK;
	}
	if (a->post.story.st)
		return fail_from(o, &a->post);
	enum seal_status st = challenge_read(&r, o->ca, a->post.json, &o->story);
	if (!st && r.status == CHAL_INVALID)
		o->next = ORDER_EXAMINE;
	if (!st && r.status == CHAL_PENDING && r.error.type != PROBLEM_NONE) {
		if (a->answers >= ANSWERS_MAX) {
			st = problem_fail(&r.error, 0, &o->story);
			story_prefix(&o->story, "%s: ", a->res.name);
		} else {
			a->answered = false;
			*again = true;
		}
	}
	challenge_res_free(&r);
	return st;
}

enum seal_status read_answers(struct order *o)
{
	enum seal_status st = SEAL_OK;
	bool again = false;

	o->next = ORDER_WATCH;
	for (size_t i = 0; i < o->n_authz && !st; i++)
		if (authz_is_unanswered(&o->authz[i]))
			st = read_answer(o, &o->authz[i], &again);
	if (again) {
		o->next = ORDER_ANSWER;
		o->pause_ms = ANSWER_PAUSE_MS;
		return st;
	}
	new_poll(o);
	o->post.retry_after_s = -1;
	return st || o->next == ORDER_EXAMINE ? st : order_pace(o, WATCH_LIMIT_S);
}

/* -- WATCH: the order says when all of them are through ------------------------------------- */

enum seal_status ask_order(struct order *o)
{
	post(o, o->file.url, "");
	return SEAL_OK;
}

/* Time to look into the single authorizations?  Some CAs move the order only much later. */
static bool is_stuck(const struct order *o)
{
	if (!o->deadline_ms)
		return false; /* the first look */
	int64_t left_ms = o->deadline_ms - clock_ms();
	int64_t spent_ms = (int64_t)WATCH_LIMIT_S * 1000 - left_ms;

	return spent_ms > EXAMINE_EVERY_MS * (int64_t)(1 + o->authz[0].answers);
}

enum seal_status read_watch(struct order *o)
{
	enum seal_status st = read_order(o);

	if (st)
		return st;
	switch ((enum order_status)o->res.status) {
	case RES_PENDING:
		o->next = o->n_authz && is_stuck(o) ? ORDER_EXAMINE : ORDER_WATCH;
		return order_pace(o, WATCH_LIMIT_S);
	case RES_READY:
		order_tell(o, "validated", "by the CA");
		order_win(o);
		o->next = ORDER_CLEAN;
		return SEAL_OK;
	case RES_PROCESSING:
	case RES_VALID:
		order_win(o);
		o->next = ORDER_CLEAN;
		return SEAL_OK;
	case RES_INVALID:
		o->next = ORDER_EXAMINE;
		return SEAL_OK;
	}
	return fail(o, SEAL_EPROTO, "unknown order status");
}

/* -- EXAMINE: which authorization failed, and why ------------------------------------------- */

enum seal_status ask_examine(struct order *o)
{
	for (size_t i = 0; i < o->n_authz; i++) {
		struct authz *a = &o->authz[i];
		post_free(&a->post);
		a->post = (struct post){ .ca = o->ca, .url = a->url, .payload = "" };
		post_start(&a->post, &o->task);
	}
	return SEAL_OK;
}

static enum seal_status fail_order(struct order *o)
{
	order_abandon(o);
	if (o->res.error.type != PROBLEM_NONE)
		return problem_fail(&o->res.error, 0, &o->story);
	return fail(o, SEAL_EAGAIN, "the CA made the order invalid without a reason");
}

enum seal_status read_examine(struct order *o)
{
	enum seal_status st = SEAL_OK;
	bool invalid = o->res.status == RES_INVALID;

	o->next = ORDER_WATCH;
	for (size_t i = 0; i < o->n_authz && !st; i++) {
		struct authz *a = &o->authz[i];
		st = read_one(o, a);
		if (st || a->res.status == AUTHZ_VALID)
			continue;
		if (a->res.status != AUTHZ_PENDING)
			return fail_authz(o, &a->res);
		if (a->res.has_challenge && a->res.challenge.status == CHAL_PENDING &&
		    a->answers < ANSWERS_MAX && !invalid) {
			a->answered = false; /* it waits to be asked once more */
			o->next = ORDER_STAKE;
		}
	}
	if (!st && invalid)
		return fail_order(o);
	if (st || o->next == ORDER_STAKE)
		return st;
	o->post.retry_after_s = -1;
	return order_pace(o, WATCH_LIMIT_S);
}
