/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * engine.h - what all orders of one run share. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "acme/ca.h"
#include "engine/conf.h"
#include "engine/event.h"
#include "provider/op.h"
#include "store/store.h"

struct engine {
	struct loop *loop;
	struct http *http;
	struct ops *ops;
	struct pool *pool;  /* for keys and disk */
	struct pool *peers; /* for what waits for other servers: it must not hold up the disk */
	struct store *store;
	struct login **logins; /* borrowed */
	size_t n_logins;
	struct events *events;
	struct session *sessions; /* of this run, one a CA; see session_of() */
	struct list *services; /* being reloaded: engine/deploy_service.c's; or NULL */
	struct list *coming;   /* struct deploy_coming, of certificates under way; or NULL */
};
void engine_tell(struct engine *, const struct event *); /* does nothing without events */

/* Which login may write at this owner: longest configured zone first, then the one login without
 * zones.  SEAL_ECONFIG: none or several, the sentence lists what is configured; the trouble of that
 * login when it cannot be used. */
enum seal_status engine_login(const struct engine *, const char *owner, struct login **ret,
			      struct story *) MUST_CHECK;

#endif
