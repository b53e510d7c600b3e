/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/standing.h"

#include "base/clock.h"

#include <stdio.h>

/* One that is not configured (any more) is renewed by nobody; when it would be is worth knowing. */
static void decide_unconfigured(struct standing *s)
{
	const struct cert_info *leaf = standing_leaf(s);
	struct cert_conf usual = { .renew.kind = RENEW_AUTO, .key = s->live.key };

	if (leaf)
		usual.names = leaf->names;
	decide(&usual, &s->live, &s->state, clock_wall(), &s->decision);
}

/* live is there. */
static enum seal_status judge(const struct store *store, const char *name,
			      const struct cert_conf *cert, struct standing *s, struct story *story)
{
	enum seal_status st = cert_state_load(store, name, &s->state, story);

	if (st) {
		standing_free(s);
		return st;
	}
	if (cert)
		decide(cert, &s->live, &s->state, clock_wall(), &s->decision);
	else
		decide_unconfigured(s);
	s->due = standing_leaf(s) ? s->decision.at : 0;
	str_put(s->why, "%s", s->decision.said);
	return SEAL_OK;
}

enum seal_status standing_read(const struct store *store, const char *name,
			       const struct cert_conf *cert, struct standing *s,
			       struct story *story)
{
	*s = (struct standing){ 0 };
	enum seal_status st = live_read(store, name, &s->live, story);

	return st ? st : judge(store, name, cert, s, story);
}

static bool says_enough(const struct live *l)
{
	return l->exists && l->chain.at[0].issuer_cn && (!l->has_twin || l->twin.n);
}

enum seal_status standing_glance(const struct store *store, const char *name,
				 const struct cert_conf *cert, struct standing *s,
				 struct story *story)
{
	struct story ignored = { 0 };

	*s = (struct standing){ 0 };
	if (!live_glance(store, name, &s->live, &ignored) && says_enough(&s->live))
		return judge(store, name, cert, s, story);
	live_free(&s->live);
	return standing_read(store, name, cert, s, story);
}

void standing_names(const struct store *store, const struct configuration *c, struct words *ret)
{
	if (store)
		store_certs(store, ret);
	for (size_t i = 0; i < c->n_certs; i++)
		if (!words_has(ret, c->certs[i]->conf.name))
			words_add(ret, c->certs[i]->conf.name);
}

void standing_free(struct standing *s)
{
	live_free(&s->live);
	cert_state_free(&s->state);
}

const struct cert_info *standing_leaf(const struct standing *s)
{
	return s->live.exists && s->live.chain.n ? &s->live.chain.at[0] : NULL;
}
