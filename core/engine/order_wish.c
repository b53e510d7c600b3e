/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_wish.c - what newOrder asks for beside names: a profile, and which certificate it
 * replaces. */
#include "config.h"

#include "engine/order_work.h"

#include <stdlib.h>
#include <string.h>

/* -- profile (draft-ietf-acme-profiles) ----------------------------------------------------- */

/* "classic, tlsserver"; "none" */
static char *advertised(const struct order *o)
{
	const struct words *have = &o->ca->dir.profiles;

	return have->n ? words_join(have, ", ") : str_copy("none");
}

static enum seal_status take_required(struct order *o, const char *profile)
{
	if (!words_has(&o->ca->dir.profiles, profile)) {
		scoped(free_p) char *have = advertised(o);
		fail(o, SEAL_ECONFIG, "profile %s: the CA does not have it; it has: %s",
		     clean(profile), have);
		hint(o, "see `profile`; with `prefer-profile` an order goes on without");
		return SEAL_ECONFIG;
	}
	o->file.profile = str_copy(profile);
	return SEAL_OK;
}

static void take_preferred(struct order *o, const struct words *wanted)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (words_has(&o->ca->dir.profiles, wanted->at[i])) {
			o->file.profile = str_copy(wanted->at[i]);
			return;
		}
	if (!wanted->n)
		return;
	scoped(free_p) char *list = words_join(wanted, ", ");
	scoped(free_p) char *have = advertised(o);
	scoped(free_p) char *text = str_printf(
		"prefer-profile %s: the CA has none of them (it has: %s); its usual one is taken",
		list, have);
	engine_tell(o->engine, &(struct event){ .kind = EVENT_NOTE,
						.certificate = o->ask.cert->name,
						.detail = text });
}

enum seal_status order_choose_profile(struct order *o)
{
	const struct cert_conf *c = o->ask.cert;

	free(take(o->file.profile));
	if (c->profile)
		return take_required(o, c->profile);
	take_preferred(o, &c->prefer_profiles);
	return SEAL_OK;
}

/* -- replaces (RFC 9773 5) ------------------------------------------------------------------ */

/* RFC 9773 5: of the same account, which is known only now. */
const char *order_replaces(const struct order *o)
{
	const char *kid = o->ask.replaces_kid;

	if (!o->ca->dir.renewal_info || o->plain || o->is_twin)
		return NULL;
	return !kid || (o->ca->kid && !strcmp(kid, o->ca->kid)) ? o->ask.replaces : NULL;
}

/* Refusals that have nothing to do with it. */
static bool is_unrelated(enum problem_type type)
{
	return type == PROBLEM_BAD_NONCE || type == PROBLEM_RATE_LIMITED ||
	       type == PROBLEM_USER_ACTION;
}

/* CAs refuse it with alreadyReplaced, malformed, unauthorized, 404, 500; so whatever they say, the
 * order is worth one try without. */
bool order_without_replaces(struct order *o)
{
	const struct post *p = &o->post;
	bool refused = p->problem.type != PROBLEM_NONE || p->status / 100 == 4;

	if (!order_replaces(o) || !p->story.st || !refused || p->status == 429 ||
	    is_unrelated(p->problem.type))
		return false;
	order_tell(o, "order", "the CA does not take it as a replacement (%s); asked without",
		   p->story.text);
	o->plain = true;
	o->next = ORDER_NEW;
	story_clear(&o->story);
	return true;
}
