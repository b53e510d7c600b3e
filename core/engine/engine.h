/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * engine.h - what all orders of one run share. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "acme/ca.h"
#include "engine/conf.h"
#include "engine/event.h"
#include "engine/store.h"
#include "provider/op.h"

struct engine {
	struct loop *loop;
	struct http *http;
	struct ops *ops;
	struct pool *pool; /* for keys and disk */
	struct store *store;
	struct login **logins; /* borrowed */
	size_t n_logins;
	struct events *events;
};
void engine_tell(struct engine *, const struct event *); /* does nothing without events */

/* Which login may write at this owner: longest configured zone first, then the one login without
 * zones.  SEAL_ECONFIG: none or several, the sentence lists what is configured. */
enum seal_status engine_login(const struct engine *, const char *owner, struct login **ret,
			      struct story *) MUST_CHECK;

/* When is this certificate due (wall clock), and why ("1/3 of its life is left")? */
int64_t renew_due(const struct renew_rule *, int64_t not_before, int64_t not_after,
		  char ret_why[80]);

#endif
