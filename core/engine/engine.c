/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/engine.h"

#include <stdio.h>
#include <string.h>

void engine_tell(struct engine *e, const struct event *ev)
{
	if (e->events)
		e->events->tell(e->events, ev);
}

/* "bind (zones a.example b.example), cloudflare (any zone)" */
static char *configured(const struct engine *e)
{
	struct buf b = { .max = 400 };

	for (size_t i = 0; i < e->n_logins; i++) {
		const struct login *l = e->logins[i];
		scoped(free_p) char *zones = words_join(&l->zones, " ");
		buf_printf(&b, "%s%s (%s%s)", i ? ", " : "", l->name,
			   l->zones.n ? "zones " : "any zone", zones);
	}
	return buf_take(&b);
}

enum seal_status engine_login(const struct engine *e, const char *owner, struct login **ret,
			      struct story *story)
{
	struct login *best = NULL, *open = NULL;
	size_t longest = 0, n_open = 0;

	for (size_t i = 0; i < e->n_logins; i++) {
		size_t covers = login_covers(e->logins[i], owner);
		if (covers > longest) {
			longest = covers;
			best = e->logins[i];
		}
		if (!e->logins[i]->zones.n) {
			open = e->logins[i];
			n_open++;
		}
	}
	if (!best && n_open == 1)
		best = open;
	if (best && best->trouble.st) {
		*ret = NULL;
		return story_copy(story, &best->trouble);
	}
	*ret = best;
	if (best)
		return SEAL_OK;

	scoped(free_p) char *have = configured(e);
	if (!e->n_logins)
		story_fail(story, SEAL_ECONFIG, "no DNS provider is configured for %s", owner);
	else if (n_open)
		story_fail(story, SEAL_ECONFIG, "%s: several dns blocks could serve it: %s", owner,
			   have);
	else
		story_fail(story, SEAL_ECONFIG, "no dns block covers %s; configured: %s", owner,
			   have);
	story_hint(story, n_open > 1
				  ? "give each dns block its `zones`"
				  : "add a dns block for its zone (or --dns TYPE --set KEY=VALUE)");
	return SEAL_ECONFIG;
}
