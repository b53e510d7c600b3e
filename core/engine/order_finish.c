/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_finish.c - the states of an order from "ready" to "live". */
#include "config.h"

#include "engine/order_work.h"

#include "base/clock.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define COLLECT_LIMIT_S 900

/* -- FINALIZE ------------------------------------------------------------------------------- */

enum seal_status finalize(struct order *o)
{
	if (!o->finalizes++) {
		o->polls = 0;
		o->deadline_ms = 0;
	}
	if (o->res.status == RES_PROCESSING || o->res.status == RES_VALID)
		return SEAL_OK; /* an earlier run asked for it */
	scoped(free_p) char *payload = finalize_payload(o->file.csr.data, o->file.csr.len);
	post_free(&o->post);
	o->post = (struct post){ .ca = o->ca,
				 .url = o->res.finalize,
				 .payload = payload,
				 .timeout_s = 120,
				 .once = true };
	post_start(&o->post, &o->task);
	return SEAL_OK;
}

static enum seal_status next_by_status(struct order *o)
{
	switch ((enum order_status)o->res.status) {
	case RES_PENDING: /* eventual consistency: it was ready a moment ago */
	case RES_PROCESSING:
		o->next = ORDER_COLLECT;
		return order_pace(o, COLLECT_LIMIT_S);
	case RES_READY:
		o->next = ORDER_FINALIZE;
		return order_pace(o, COLLECT_LIMIT_S);
	case RES_VALID:
		if (!o->res.certificate)
			return fail(o, SEAL_EPROTO, "the order is valid but names no certificate");
		o->next = ORDER_FETCH;
		return SEAL_OK;
	case RES_INVALID:
		order_abandon(o);
		return o->res.error.type != PROBLEM_NONE
			       ? problem_fail(&o->res.error, 0, &o->story)
			       : fail(o, SEAL_EAGAIN, "the CA refused to issue without a reason");
	}
	return fail(o, SEAL_EPROTO, "unknown order status");
}

enum seal_status read_finalize(struct order *o)
{
	const struct post *p = &o->post;

	if (o->res.status == RES_PROCESSING || o->res.status == RES_VALID)
		return next_by_status(o);
	/* A lost reply, or "not ready": the order itself knows what became of it. */
	if (p->story.st && (!p->status || p->problem.type == PROBLEM_ORDER_NOT_READY)) {
		if (p->story.st == SEAL_ECANCELED)
			return fail_from(o, p);
		o->post.retry_after_s = -1;
		o->next = ORDER_COLLECT;
		return order_pace(o, COLLECT_LIMIT_S);
	}
	if (p->story.st) {
		if (p->story.st == SEAL_EINVAL)
			order_abandon(o);
		return fail_from(o, p);
	}
	order_res_free(&o->res);
	enum seal_status st = order_read(&o->res, o->ca, o->post.json, &o->story);
	return st ? st : next_by_status(o);
}

enum seal_status read_collect(struct order *o)
{
	if (o->post.story.st)
		return fail_from(o, &o->post);
	order_res_free(&o->res);
	enum seal_status st = order_read(&o->res, o->ca, o->post.json, &o->story);
	return st ? st : next_by_status(o);
}

/* -- STORE ---------------------------------------------------------------------------------- */

static void add_text(struct json_object *o, const char *name, const char *value)
{
	if (value)
		json_object_object_add(o, name, json_object_new_string(value));
}

/* What a look at whether it is due, and metrics, need, so that they need not read the chain. */
static void add_leaf(struct json_object *m, const struct cert_info *leaf)
{
	char date[RFC3339_LEN];

	add_text(m, "not_before", clock_rfc3339(leaf->not_before, date));
	add_text(m, "not_after", clock_rfc3339(leaf->not_after, date));
	add_text(m, "serial", leaf->serial);
	add_text(m, "aki", leaf->aki);
	add_text(m, "issuer", leaf->issuer_cn);
}

static void add_twin(struct json_object *m, const struct cert_info *leaf)
{
	char date[RFC3339_LEN];

	add_text(m, "twin_not_before", clock_rfc3339(leaf->not_before, date));
	add_text(m, "twin_not_after", clock_rfc3339(leaf->not_after, date));
}

static struct json_object *make_meta(const struct order *o)
{
	struct json_object *m = json_object_new_object(), *names = json_object_new_array();
	const struct cert_conf *c = o->ask.cert;
	char now[RFC3339_LEN];

	for (size_t i = 0; i < c->names.n; i++)
		json_object_array_add(names, json_object_new_string(c->names.at[i]));
	add_text(m, "issued", clock_rfc3339(clock_wall(), now));
	add_text(m, "key_type", key_type_name(c->key));
	add_text(m, "twin_key_type", c->has_twin ? key_type_name(c->twin) : NULL);
	json_object_object_add(m, "names", names);
	add_text(m, "ca", o->ca->url);
	add_text(m, "account", o->ca->kid);
	add_text(m, "csr", c->csr);
	scoped(free_p) char *csr_key = hex(c->csr_spki, sizeof(c->csr_spki));
	add_text(m, "csr_key", c->csr ? csr_key : NULL);
	add_text(m, "order", o->is_twin ? o->first.url : o->file.url);
	add_text(m, "certificate", o->is_twin ? o->first_certificate : o->res.certificate);
	add_text(m, "twin_order", o->is_twin ? o->file.url : NULL);
	add_text(m, "twin_certificate", o->is_twin ? o->res.certificate : NULL);
	add_text(m, "profile", o->file.profile);
	add_leaf(m, o->is_twin ? &o->first_chain.at[0] : &o->chain.at[0]);
	if (o->is_twin)
		add_twin(m, &o->chain.at[0]);
	if (c->account->test_url && !strcmp(c->account->url, c->account->test_url))
		json_object_object_add(m, "test", json_object_new_boolean(1));
	if (o->has_dns)
		json_object_object_add(m, "propagation_ms",
				       json_object_new_int64(o->dns.waited_ms));
	return m;
}

static void install(struct job *job)
{
	struct order *o = container_of(job, struct order, job);

	if (store_install(o->engine->store, &o->install, &o->job_story))
		return; /* job_story tells */
}

enum seal_status store_pair(struct order *o)
{
	o->meta = make_meta(o);
	o->install = (struct install){ .cert = o->ask.cert->name,
				       .key = o->is_twin ? o->first.key : o->file.key,
				       .chain = o->is_twin ? &o->first_chain : &o->chain,
				       .twin_key = o->is_twin ? o->file.key : NULL,
				       .twin_chain = o->is_twin ? &o->chain : NULL,
				       .meta = o->meta,
				       .group = o->ask.cert->group,
				       .keep = o->ask.cert->keep };
	if (o->ask.rehearse)
		return SEAL_OK; /* it has served its purpose; order_done drops it */
	order_work(o, install);
	return SEAL_OK;
}

enum seal_status keep_pair(struct order *o)
{
	o->next = ORDER_OVER;
	return o->job_story.st ? story_copy(&o->story, &o->job_story) : SEAL_OK;
}

/* -- the end -------------------------------------------------------------------------------- */

/* An order that can be taken up stays on disk; one that is dead, or only rehearsed, goes. */
void order_done(struct order *o)
{
	struct story ignored = { 0 };
	bool unanswered = o->asked && !o->post.status; /* the next run looks for it */
	bool dead = o->failed && o->file.key && !o->file.url && !unanswered;

	if (dead && o->spent)
		order_void(o);
	if (!dead || o->ask.rehearse)
		return;
	/* Of a pair the first has its certificate, which the next run fetches. */
	if (o->is_twin)
		order_file_forget(o->engine->store, o->ask.cert->name, &o->file);
	else if (order_file_drop(o->engine->store, o->ask.cert->name, &ignored))
		story_clear(&ignored); /* the next run finds it dead and drops it */
}
