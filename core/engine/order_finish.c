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
#define CHAIN_BODY_MAX (256u << 10)

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

/* -- FETCH: nothing is stored that was not looked at ---------------------------------------- */

enum seal_status fetch(struct order *o)
{
	post_free(&o->post);
	o->post = (struct post){ .ca = o->ca,
				 .url = o->res.certificate,
				 .payload = "",
				 .accept = "application/pem-certificate-chain",
				 .max_body = CHAIN_BODY_MAX };
	post_start(&o->post, &o->task);
	return SEAL_OK;
}

enum seal_status judge_chain(struct order *o)
{
	const struct buf *pem = &o->post.call.reply;
	enum seal_status st;

	if (o->post.story.st) {
		fail_from(o, &o->post);
		return story_prefix(&o->story, "certificate: ");
	}
	st = chain_read(buf_text(pem), pem->len, &o->chain, &o->story);
	if (!st)
		st = chain_check(&o->chain, o->file.key, &o->ask.cert->names, clock_wall(),
				 &o->story);
	if (st) {
		story_prefix(&o->story, "the CA's certificate was refused: ");
		hint(o, "what was live is untouched; the refused one is in certs/%s/rejected.pem",
		     o->ask.cert->name);
		store_reject(o->engine->store, o->ask.cert->name, buf_text(pem), pem->len);
		order_abandon(o);
		return st;
	}
	order_tell(o, "certificate", "serial %s, by %s", o->chain.at[0].serial,
		   *o->chain.at[0].issuer_cn ? o->chain.at[0].issuer_cn : o->chain.at[0].issuer);
	o->next = ORDER_STORE;
	return SEAL_OK;
}

/* -- STORE ---------------------------------------------------------------------------------- */

static void add_text(struct json_object *o, const char *name, const char *value)
{
	if (value)
		json_object_object_add(o, name, json_object_new_string(value));
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
	json_object_object_add(m, "names", names);
	add_text(m, "ca", o->ca->url);
	add_text(m, "account", o->ca->kid);
	add_text(m, "order", o->file.url);
	add_text(m, "certificate", o->res.certificate);
	add_text(m, "profile", c->profile);
	if (o->has_dns)
		json_object_object_add(m, "propagation_ms",
				       json_object_new_int64(o->dns.waited_ms));
	return m;
}

/* In a worker: disks are slow. */
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
				       .key = o->file.key,
				       .chain = &o->chain,
				       .meta = o->meta,
				       .group = o->ask.cert->group,
				       .keep = o->ask.cert->keep };
	if (o->ask.rehearse)
		return SEAL_OK; /* it has served its purpose; order_done drops it */
	story_clear(&o->job_story);
	o->job.work = install;
	job_start(o->engine->pool, &o->job, &o->task);
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
	bool dead = o->failed && o->file.key && !o->file.url;

	if ((dead || o->ask.rehearse) &&
	    order_file_drop(o->engine->store, o->ask.cert->name, &ignored))
		story_clear(&ignored); /* the next run finds it dead and drops it */
}
