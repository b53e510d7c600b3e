/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order.c - the life of an order.  Read the table first.
 *
 *   START -> ZONE -> ADMIT -> SPEND -> NEW -> NOTE -> AUTHZ -> PRESENT -> SETTLE -> ADMIT
 *         -> STAKE -> ANSWER -> WATCH -> CLEAN -> FINALIZE -> COLLECT -> FETCH -> STORE -> OVER
 *
 * With a second key type the way from ZONE (or RESUME) to FETCH is gone twice, and STORE takes
 * both.  ADMIT waits for a place among the orders under way at the CA.  PRESENT gives it up, for
 * DNS may take long and concerns no CA, and so does CLEAN, for good.  ZONE comes before NEW: a
 * name that is not delegated, or without a login for its zone, costs no order.  SPEND and STAKE
 * count against our own limits what NEW and ANSWER are about to ask.  One in flight of an earlier
 * run is taken up by RESUME, where its status says; one that such a run may have made without
 * learning where it is, is looked for by FIND before NEW.  Authorizations that are all valid
 * already lead from AUTHZ to CLEAN.  WATCH and COLLECT come back to themselves after a pause;
 * EXAMINE looks why validation does not get on.  Failure anywhere before STORE: CLEAN, then OVER.
 * So records are removed by the same code after success, failure and a crash. */
#include "config.h"

#include "engine/order_work.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum seal_status prepare(struct order *), begin(struct order *);
static enum seal_status find_zones(struct order *), keep_dns(struct order *);
static enum seal_status wait_for_place(struct order *), take_place(struct order *);
static enum seal_status add_records(struct order *), look_for_txt(struct order *);
static enum seal_status judge_txt(struct order *), keep_records(struct order *);
static enum seal_status remove_records(struct order *), keep_removal(struct order *);

/* clang-format off */
static const struct {
	const char *name;
	enum seal_status (*enter)(struct order *); /* start what the state waits for */
	enum seal_status (*leave)(struct order *); /* it is over: set o->next, or fail() */
} states[ORDER_STATES] = { /* sections of RFC 8555 where no other is named */
	[ORDER_START]    = { "start",    prepare,        begin },         /* account, key */
	[ORDER_ZONE]     = { "zone",     find_zones,     keep_dns },      /* 8.4, RFC 1034 */
	[ORDER_RESUME]   = { "resume",   ask_resume,     read_resume },   /* 7.1.6 */
	[ORDER_ADMIT]    = { "admit",    wait_for_place, take_place },
	[ORDER_FIND]     = { "find",     ask_find,       read_find },     /* 7.1.2.1 */
	[ORDER_SPEND]    = { "spend",    spend,          judge_spending },
	[ORDER_NEW]      = { "new",      ask_new,        read_new },      /* 7.4 */
	[ORDER_NOTE]     = { "note",     note_url,       judge_note },
	[ORDER_AUTHZ]    = { "authz",    ask_authz,      read_authz },    /* 7.5 */
	[ORDER_PRESENT]  = { "present",  add_records,    keep_records },
	[ORDER_SETTLE]   = { "settle",   look_for_txt,   judge_txt },
	[ORDER_STAKE]    = { "stake",    stake,          judge_stake },
	[ORDER_ANSWER]   = { "answer",   answer,         read_answers },  /* 7.5.1 */
	[ORDER_WATCH]    = { "watch",    ask_order,      read_watch },    /* 7.1.6 */
	[ORDER_EXAMINE]  = { "examine",  ask_examine,    read_examine },  /* 7.5.1, 8.2 */
	[ORDER_CLEAN]    = { "clean",    remove_records, keep_removal },
	[ORDER_FINALIZE] = { "finalize", finalize,       read_finalize }, /* 7.4 */
	[ORDER_COLLECT]  = { "collect",  ask_order,      read_collect },  /* 7.4 */
	[ORDER_FETCH]    = { "fetch",    fetch,          judge_chain },   /* 7.4.2 */
	[ORDER_STORE]    = { "store",    store_pair,     keep_pair },
	[ORDER_OVER]     = { "over",     NULL,           NULL },
};
/* clang-format on */

/* -- the driver ----------------------------------------------------------------------------- */

/* For those who count. */
static void tell_place(struct order *o, enum order_state to)
{
	static const enum event_at places[ORDER_STATES] = { /* others: AT_LINE */
		[ORDER_FIND] = AT_CA,	  [ORDER_SPEND] = AT_CA,    [ORDER_NEW] = AT_CA,
		[ORDER_NOTE] = AT_CA,	  [ORDER_AUTHZ] = AT_CA,    [ORDER_PRESENT] = AT_DNS,
		[ORDER_SETTLE] = AT_DNS,  [ORDER_STAKE] = AT_CA,    [ORDER_ANSWER] = AT_CA,
		[ORDER_WATCH] = AT_CA,	  [ORDER_EXAMINE] = AT_CA,  [ORDER_CLEAN] = AT_DNS,
		[ORDER_FINALIZE] = AT_CA, [ORDER_COLLECT] = AT_CA,  [ORDER_FETCH] = AT_CA,
		[ORDER_STORE] = AT_CA,
	};

	if (places[to] == places[o->state])
		return;
	engine_tell(o->engine, &(struct event){ .kind = EVENT_AT,
						.certificate = o->ask.cert->name,
						.at = places[to] });
}

static void move(struct order *o, enum order_state to)
{
	tell_place(o, to);
	if (to != o->state)
		log_line(LOG_DETAIL, "%s: %s -> %s (%d ms)", o->ask.cert->name,
			 states[o->state].name, states[to].name, (int)(clock_ms() - o->entered_ms));
	o->state = to;
	o->entered = false;
	if (to == ORDER_PRESENT || to == ORDER_CLEAN || to == ORDER_FETCH || to == ORDER_OVER)
		session_leave(o->ask.session, &o->admission);
	o->entered_ms = clock_ms();
	if (o->pause_ms)
		timer_start(&o->pause, &o->task, o->pause_ms);
	o->pause_ms = 0;
}

/* Clean first; the sentence of the failure stays what it is. */
static void order_failed(struct order *o)
{
	bool cleaned = o->state == ORDER_CLEAN || o->failed;

	if (!o->failed)
		o->failed_in = o->state;
	o->failed = true;
	o->pause_ms = 0;
	move(o, cleaned ? ORDER_OVER : ORDER_CLEAN);
}

/* What is made at the CA is written down, and what is live is said. */
static bool is_beyond_recall(enum order_state next)
{
	return next == ORDER_NOTE || next == ORDER_OVER;
}

static enum seal_status step(struct order *o)
{
	if (!o->entered) {
		o->entered = true;
		return states[o->state].enter(o);
	}
	o->next = o->state;
	enum seal_status st = states[o->state].leave(o);
	if (!st && o->canceled && !o->failed && !is_beyond_recall(o->next))
		st = fail(o, SEAL_ECANCELED, "interrupted while in %s", states[o->state].name);
	if (!st)
		move(o, o->next);
	return st;
}

/* The only driver.  Called when the last thing that the order waited for is over. */
static void order_run(struct task *t)
{
	struct order *o = container_of(t, struct order, task);

	while (!o->task.pending && o->state != ORDER_OVER)
		if (step(o))
			order_failed(o);
	if (o->state != ORDER_OVER || o->task.pending)
		return;
	task_stop(&o->task); /* what was over at once has woken it again */
	order_done(o);
	task_done(o->waiter);
}

void order_start(struct order *o, struct task *waiter)
{
	o->waiter = waiter;
	o->entered_ms = clock_ms();
	task_expect(waiter);
	task_wake(&o->task);
}

void order_cancel(struct order *o)
{
	o->canceled = true;
	if (o->has_dns)
		dns01_cancel(&o->dns);
	timer_stop(&o->pause);
	if (o->admission.task)
		session_leave(o->ask.session, &o->admission);
}

void order_work(struct order *o, void (*work)(struct job *))
{
	story_clear(&o->job_story);
	o->job.work = work;
	job_start(o->engine->pool, &o->job, &o->task);
}

/* -- START: account, key and places, side by side ------------------------------------------- */

/* "_acme-challenge", or the account's label before it (draft-ietf-acme-dns-account-label 3). */
static char *owner_label(const struct order *o)
{
	uint8_t sum[32];

	if (o->ask.cert->challenge == CHALLENGE_DNS_01)
		return str_copy("_acme-challenge");
	sha256(o->ca->kid, strlen(o->ca->kid), sum);
	scoped(free_p) char *label = base32_lower(sum, 10);
	return str_printf("_%s._acme-challenge", label);
}

static void look_for_places(struct order *o)
{
	scoped(free_p) char *label = owner_label(o);

	dns01_init(&o->dns, o->engine, o->ask.cert, label);
	o->has_dns = true;
	dns01_find(&o->dns, &o->task);
}

static enum seal_status prepare(struct order *o)
{
	if (o->ask.cert->challenge == CHALLENGE_DNS_01)
		look_for_places(o); /* meanwhile; the other kind needs the account first */
	order_work(o, order_make_keys);
	o->session_wait.certificate = o->ask.cert->name;
	session_open(o->ask.session, &o->session_wait, &o->task);
	return SEAL_OK;
}

static enum seal_status begin(struct order *o)
{
	if (o->job_story.st)
		return story_copy(&o->story, &o->job_story);
	if (o->ask.session->story.st)
		return fail_from(o, o->ask.session);
	o->next = o->resumed ? ORDER_RESUME : ORDER_ZONE;
	return SEAL_OK;
}

/* -- ZONE, PRESENT, SETTLE ------------------------------------------------------------------ */

static enum seal_status find_zones(struct order *o)
{
	if (!o->has_dns)
		look_for_places(o);
	return SEAL_OK;
}

static enum seal_status keep_dns(struct order *o)
{
	o->next = ORDER_ADMIT;
	return o->dns.story.st ? fail_from(o, &o->dns) : SEAL_OK;
}

static enum seal_status wait_for_place(struct order *o)
{
	o->admission.again = o->settled;
	session_admit(o->ask.session, &o->admission, &o->task);
	return SEAL_OK;
}

static enum seal_status take_place(struct order *o)
{
	if (o->settled)
		o->next = ORDER_STAKE;
	else if (o->file.url)
		o->next = ORDER_AUTHZ;
	else
		o->next = o->find.wanted ? ORDER_FIND : ORDER_SPEND;
	o->settled = false;
	return SEAL_OK;
}

static enum seal_status add_records(struct order *o)
{
	dns01_present(&o->dns, &o->task);
	return SEAL_OK;
}

static enum seal_status keep_records(struct order *o)
{
	if (o->dns.story.st)
		return fail_from(o, &o->dns);
	order_tell(o, "records", "%zu TXT added", o->dns.n);
	o->next = ORDER_SETTLE;
	return SEAL_OK;
}

static enum seal_status look_for_txt(struct order *o)
{
	dns01_settle(&o->dns, &o->task);
	return SEAL_OK;
}

static enum seal_status judge_txt(struct order *o)
{
	if (o->dns.story.st)
		return fail_from(o, &o->dns);
	order_tell(o, "propagation", "all name servers have them after %d.%d s",
		   (int)(o->dns.waited_ms / 1000), (int)(o->dns.waited_ms / 100 % 10));
	o->settled = true;
	o->next = ORDER_ADMIT;
	return SEAL_OK;
}

/* -- CLEAN ---------------------------------------------------------------------------------- */

static enum seal_status remove_records(struct order *o)
{
	undo_free(&o->undo); /* a failure after the first time cleans once more */
	o->undo.engine = o->engine;
	o->undo.cert = o->ask.cert->name;
	undo_start(&o->undo, &o->task);
	return SEAL_OK;
}

/* What could not be removed stays in the journal for the next run; it spoils nothing. */
static enum seal_status keep_removal(struct order *o)
{
	if (o->undo.n_gone)
		order_tell(o, "cleaned", "%zu TXT removed", o->undo.n_gone);
	if (o->undo.story.st) {
		scoped(free_p) char *text =
			str_printf("could not remove %zu TXT (%s); the next run tries again",
				   o->undo.n_open - o->undo.n_gone, o->undo.story.text);
		engine_tell(o->engine, &(struct event){ .kind = EVENT_NOTE,
							.certificate = o->ask.cert->name,
							.detail = text,
							.story = &o->undo.story });
	}
	o->next = o->failed ? ORDER_OVER : ORDER_FINALIZE;
	return SEAL_OK;
}

/* -- outside -------------------------------------------------------------------------------- */

struct order *order_new(const struct order_ask *ask)
{
	struct order *o = mem_new(sizeof(*o));

	o->ask = *ask;
	o->engine = ask->engine;
	o->ca = &ask->session->ca;
	task_init(&o->task, o->engine->loop, order_run);
	return o;
}

void authz_free(struct order *o)
{
	for (size_t i = 0; i < o->n_authz; i++) {
		free(o->authz[i].url);
		post_free(&o->authz[i].post);
		authz_res_free(&o->authz[i].res);
	}
	free(o->authz);
	o->authz = NULL;
	o->n_authz = 0;
}

void order_free(struct order *o)
{
	if (!o)
		return;
	timer_stop(&o->pause);
	task_stop(&o->task);
	session_leave(o->ask.session, &o->admission);
	authz_free(o);
	post_free(&o->post);
	order_res_free(&o->res);
	if (o->has_dns)
		dns01_free(&o->dns);
	undo_free(&o->undo);
	order_find_free(&o->find);
	words_free(&o->staked);
	order_file_free(&o->file);
	order_file_free(&o->first);
	order_file_free(&o->twin);
	chain_free(&o->chain);
	chain_free(&o->first_chain);
	free(o->first_certificate);
	words_free(&o->alternates);
	free(o->install.ret_dir);
	json_object_put(o->meta);
	free(o);
}

const struct story *order_story(const struct order *o)
{
	return &o->story;
}

unsigned order_generation(const struct order *o)
{
	return o->install.ret_generation;
}

const char *order_dir(const struct order *o)
{
	return o->install.ret_dir;
}

int64_t order_not_after(const struct order *o)
{
	return o->chain.n ? o->chain.at[0].not_after : 0;
}

int64_t order_waited_ms(const struct order *o)
{
	return o->has_dns ? o->dns.waited_ms : 0;
}

enum order_fault order_fault(const struct order *o)
{
	static const enum order_fault faults[ORDER_STATES] = {
		[ORDER_START] = FAULT_SESSION,	     [ORDER_ZONE] = FAULT_DNS,
		[ORDER_RESUME] = FAULT_ORDER,	     [ORDER_ADMIT] = FAULT_ORDER,
		[ORDER_FIND] = FAULT_ORDER,	     [ORDER_SPEND] = FAULT_ORDER,
		[ORDER_NEW] = FAULT_ORDER,	     [ORDER_NOTE] = FAULT_ORDER,
		[ORDER_AUTHZ] = FAULT_ISSUE,	     [ORDER_STAKE] = FAULT_VALIDATION,
		[ORDER_PRESENT] = FAULT_DNS,	     [ORDER_SETTLE] = FAULT_DNS,
		[ORDER_ANSWER] = FAULT_VALIDATION,   [ORDER_WATCH] = FAULT_VALIDATION,
		[ORDER_EXAMINE] = FAULT_VALIDATION,  [ORDER_CLEAN] = FAULT_DNS,
		[ORDER_FINALIZE] = FAULT_ISSUE,	     [ORDER_COLLECT] = FAULT_ISSUE,
		[ORDER_FETCH] = FAULT_ISSUE,	     [ORDER_STORE] = FAULT_STORE,
	};

	if (!o->story.st)
		return FAULT_NONE;
	return o->story.st == SEAL_ESTORAGE ? FAULT_STORE : faults[o->failed_in];
}

void order_tell(struct order *o, const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	scoped(free_p) char *detail = str_vprintf(fmt, ap);
	va_end(ap);
	engine_tell(o->engine, &(struct event){ .kind = EVENT_STEP,
						.certificate = o->ask.cert->name,
						.step = what,
						.detail = detail });
}
