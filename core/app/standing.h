/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * standing.h - how a certificate stands: what is live, when it is due, what happened last. */
#ifndef APP_STANDING_H
#define APP_STANDING_H

#include "app/configuration.h"
#include "engine/decide.h"
#include "engine/engine.h"

struct standing {
	struct live live;
	struct cert_state state;
	struct decision decision;
	int64_t due; /* wall clock; 0: nothing is live, so now */
	char why[160];
};
/* cert: its configuration, or NULL for the defaults. */
enum seal_status standing_read(const struct store *, const char *name, const struct cert_conf *cert,
			       struct standing *, struct story *) MUST_CHECK;
/* The same from meta.json where that says enough for metrics and news, which costs next to
 * nothing: see live_glance() for what is there of the chain. */
enum seal_status standing_glance(const struct store *, const char *name, const struct cert_conf *,
				 struct standing *, struct story *) MUST_CHECK;
void standing_free(struct standing *);
const struct cert_info *standing_leaf(const struct standing *); /* NULL: nothing is live */
/* Those on disk in the order of their names, then those only configured.  store NULL: none. */
void standing_names(const struct store *, const struct configuration *, struct words *ret);

#endif
