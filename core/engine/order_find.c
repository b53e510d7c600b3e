/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_find.c - an order whose URL was never learned: the run before ended between the CA's making
 * it and our writing down where it is.  Among the orders that the CA lists for the account
 * (RFC 8555 7.1.2.1; a CA need not) one for exactly these names that waits to be proved or
 * finalized is taken up in the place of a second one.  One that is further is never taken: what it
 * was finalized with is not our key.  (Boulder has no list, but answers a second newOrder with the
 * order that is there.)  Whatever goes wrong here leads to newOrder: nothing depends on it. */
#include "config.h"

#include "engine/order_work.h"

#include "acme/account.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 256 /* of the list; Pebble puts three orders on one */
#define LOOKS_MAX 24  /* orders asked about, the latest first */

enum { FIND_ACCOUNT, FIND_LIST, FIND_ORDER };

static enum seal_status give_up(struct order *o)
{
	story_clear(&o->story);
	o->next = ORDER_SPEND;
	return SEAL_OK;
}

/* Next to be asked: `url`, which is freed here, when it is one of this CA. */
static enum seal_status go_on(struct order *o, int step, char *url)
{
	struct order_find *f = &o->find;

	free(f->url);
	f->url = url;
	f->step = step;
	o->next = ORDER_FIND;
	return url && ca_owns_url(o->ca, url) ? SEAL_OK : give_up(o);
}

static enum seal_status look_at_last(struct order *o)
{
	struct order_find *f = &o->find;

	if (!f->urls.n || f->looks++ >= LOOKS_MAX)
		return give_up(o);
	char *last = f->urls.at[--f->urls.n];
	return go_on(o, FIND_ORDER, last);
}

static enum seal_status read_account(struct order *o)
{
	struct account_res a = { 0 };
	enum seal_status st = account_read(&a, o->post.json, &o->story);

	if (!st && a.orders)
		st = go_on(o, FIND_LIST, take(a.orders));
	else
		st = give_up(o);
	account_res_free(&a);
	return st;
}

static enum seal_status read_list(struct order *o)
{
	static const struct field fields[] = { { "orders", FIELD_TEXTS, FIELD_REQUIRED, 0, NULL },
					       { 0 } };
	scoped(words_free) struct words page = { 0 };
	struct order_find *f = &o->find;

	if (!o->post.json || field_read(fields, o->post.json, "orders", &page, &o->story))
		return give_up(o);
	for (size_t i = 0; i < page.n; i++)
		if (ca_owns_url(o->ca, page.at[i]))
			words_add(&f->urls, page.at[i]);
	char *next = post_link(&o->post, "next", 0);
	if (next && f->pages++ < PAGES_MAX)
		return go_on(o, FIND_LIST, next);
	free(next);
	return look_at_last(o);
}

/* Is it what we would ask for? */
static bool is_ours(const struct order *o)
{
	const struct words *names = &o->ask.cert->names;
	const char *profile = o->post.json ? json_str(o->post.json, "profile") : NULL;
	bool same = o->res.names.n == names->n;

	for (size_t i = 0; i < names->n; i++)
		same = same && words_has(&o->res.names, names->at[i]);
	if (o->file.profile)
		same = same && profile && !strcmp(profile, o->file.profile);
	return same && (o->res.status == RES_PENDING || o->res.status == RES_READY);
}

static enum seal_status read_one(struct order *o)
{
	order_res_free(&o->res);
	enum seal_status st = order_read(&o->res, o->ca, o->post.json, &o->story);
	if (st || !is_ours(o)) {
		story_clear(&o->story);
		return look_at_last(o);
	}
	order_tell(o, "order", "that of an earlier run was found at the CA");
	order_take(o, o->find.url);
	return SEAL_OK;
}

enum seal_status ask_find(struct order *o)
{
	struct order_find *f = &o->find;

	if (!f->url && order_choose_profile(o))
		return o->story.st;
	post_free(&o->post);
	o->post = (struct post){
		.ca = o->ca, .url = f->url ? f->url : o->ca->kid, .payload = ""
	};
	post_start(&o->post, &o->task);
	return SEAL_OK;
}

enum seal_status read_find(struct order *o)
{
	static enum seal_status (*const readers[])(struct order *) = {
		[FIND_ACCOUNT] = read_account, [FIND_LIST] = read_list, [FIND_ORDER] = read_one
	};

	if (!o->post.story.st)
		return readers[o->find.step](o);
	return o->post.story.st == SEAL_ECANCELED ? fail_from(o, &o->post) : give_up(o);
}

void order_find_free(struct order_find *f)
{
	words_free(&f->urls);
	free(f->url);
	*f = (struct order_find){ 0 };
}
