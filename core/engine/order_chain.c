/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_chain.c - FETCH: the certificate, and which of the CA's chains to take.  Nothing is stored
 * that was not looked at.
 *
 * The chain that the CA sends first is checked and kept; when others are preferred its alternates
 * are fetched in turn (RFC 8555 7.4.2) until one fits.  None does: a warning, and the first one. */
#include "config.h"

#include "engine/order_work.h"

#include "base/clock.h"
#include "base/encode.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CHAIN_BODY_MAX (256u << 10)
#define ALTERNATES_MAX 8

enum seal_status fetch(struct order *o)
{
	const char *url = o->n_fetched ? o->alternates.at[o->n_fetched - 1] : o->res.certificate;

	post_free(&o->post);
	o->post = (struct post){ .ca = o->ca,
				 .url = url,
				 .payload = "",
				 .accept = "application/pem-certificate-chain",
				 .max_body = CHAIN_BODY_MAX };
	post_start(&o->post, &o->task);
	return SEAL_OK;
}

static enum seal_status read_chain(const struct order *o, struct chain *ret, struct story *story)
{
	const struct buf *pem = &o->post.call.reply;
	enum seal_status st = chain_read(buf_text(pem), pem->len, ret, story);

	return st ? st
		  : chain_check(ret, o->file.key, &o->ask.cert->names, clock_wall(), story);
}

/* -- preferences ---------------------------------------------------------------------------- */

/* "96:BC:EC..." or "96bcec...": is it this hash? */
static bool is_hash(const char *text, const uint8_t hash[32])
{
	scoped(free_p) char *want = hex(hash, 32);
	scoped(buf_free) struct buf said = { 0 };

	for (; *text; text++)
		if (*text != ':')
			buf_char(&said, *text);
	return !strcasecmp(buf_text(&said), want);
}

static bool fits(const struct chain *c, const char *wish)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->at[i].issuer_cn, wish))
			return true;
	return is_hash(wish, c->at[c->n - 1].sha256);
}

/* How far behind in the list of preferences it is: 0 is the best, list->n: nothing fits.
 * "shortest" is fulfilled only by comparison. */
static size_t rank(const struct words *wishes, const struct chain *c)
{
	for (size_t i = 0; i < wishes->n; i++)
		if (!strcmp(wishes->at[i], "shortest") || fits(c, wishes->at[i]))
			return i;
	return wishes->n;
}

static bool is_better(const struct words *wishes, const struct chain *a, const struct chain *b)
{
	size_t x = rank(wishes, a), y = rank(wishes, b);

	if (x != y)
		return x < y;
	return x < wishes->n && !strcmp(wishes->at[x], "shortest") && a->n < b->n;
}

/* Could another one still be better? */
static bool is_settled(const struct words *wishes, const struct chain *c)
{
	return !wishes->n || (rank(wishes, c) == 0 && strcmp(wishes->at[0], "shortest") != 0);
}

static void list_alternates(struct order *o)
{
	char *url;

	for (unsigned i = 0; i < ALTERNATES_MAX; i++) {
		if (!(url = post_link(&o->post, "alternate", i)))
			return;
		words_add(&o->alternates, url);
		free(url);
	}
}

static void tell_none(struct order *o, const struct words *wishes)
{
	scoped(free_p) char *list = words_join(wishes, ", ");
	scoped(free_p) char *text = str_printf(
		"preferred-chain: none of the CA's %zu chains fits %s; its usual one is taken",
		1 + o->alternates.n, list);

	engine_tell(o->engine, &(struct event){ .kind = EVENT_NOTE,
						.certificate = o->ask.cert->name,
						.detail = text });
}

/* -- the replies ---------------------------------------------------------------------------- */

/* The CA has issued it: it counts there, and so here. */
static void give_up(struct order *o)
{
	order_abandon(o);
	o->spent = false;
}

static enum seal_status refuse(struct order *o)
{
	const struct buf *pem = &o->post.call.reply;

	story_prefix(&o->story, "the CA's certificate was refused: ");
	hint(o, "what was live is untouched; the refused one is in certs/%s/rejected.pem",
	     o->ask.cert->name);
	store_reject(o->engine->store, o->ask.cert->name, buf_text(pem), pem->len);
	give_up(o);
	return o->story.st;
}

static enum seal_status judge_first(struct order *o)
{
	if (o->post.story.st) {
		fail_from(o, &o->post);
		if (o->post.status && (o->story.st == SEAL_ENOTFOUND || o->story.st == SEAL_EPROTO))
			give_up(o); /* to resume it would be in vain each time */
		return story_prefix(&o->story, "certificate: ");
	}
	if (read_chain(o, &o->chain, &o->story))
		return refuse(o);
	if (!is_settled(&o->ask.cert->account->preferred_chains, &o->chain))
		list_alternates(o);
	return SEAL_OK;
}

/* One that cannot be had or is no good is passed over: there is a good one already. */
static void judge_alternate(struct order *o)
{
	const struct words *wishes = &o->ask.cert->account->preferred_chains;
	struct chain other = { 0 };
	struct story ignored = { 0 };

	if (o->post.story.st || read_chain(o, &other, &ignored) ||
	    !is_better(wishes, &other, &o->chain)) {
		chain_free(&other);
		return;
	}
	chain_free(&o->chain);
	o->chain = other;
}

static void choose(struct order *o)
{
	const struct words *wishes = &o->ask.cert->account->preferred_chains;

	if (wishes->n && rank(wishes, &o->chain) == wishes->n)
		tell_none(o, wishes);
	order_tell(o, "certificate", "serial %s, by %s", o->chain.at[0].serial,
		   *o->chain.at[0].issuer_cn ? o->chain.at[0].issuer_cn : o->chain.at[0].issuer);
	words_free(&o->alternates);
	o->alternates = (struct words){ 0 };
	o->n_fetched = 0;
	o->next = ORDER_STORE;
	if (o->ask.cert->has_twin && !o->is_twin)
		order_begin_twin(o);
}

enum seal_status judge_chain(struct order *o)
{
	const struct words *wishes = &o->ask.cert->account->preferred_chains;

	if (o->n_fetched)
		judge_alternate(o);
	else if (judge_first(o))
		return o->story.st;
	if (o->n_fetched < o->alternates.n && !is_settled(wishes, &o->chain)) {
		o->n_fetched++;
		o->next = ORDER_FETCH;
		return SEAL_OK;
	}
	choose(o);
	return SEAL_OK;
}
