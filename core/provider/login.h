/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * login.h - one configured `dns` block: a plugin, its options as the plugin's own struct, the zones
 * it may serve, and what it remembers between operations. */
#ifndef PROVIDER_LOGIN_H
#define PROVIDER_LOGIN_H

#include "base/list.h"
#include "provider/plugin.h"

#include <pthread.h>

struct login {
	char *name; /* of the dns block */
	const struct plugin *plugin;
	void *conf;	    /* plugin's struct */
	char *endpoint;	    /* base URL without a final slash, or NULL */
	char *trust;	    /* CA bundle or NULL */
	struct words zones; /* as configured, normal form; empty: any */
	char *origin;	    /* "FILE:LINE" or "command line", for sentences */
	struct story trouble; /* st: what it needs is not there; every use of it fails with this */

	/* private */
	struct words values; /* memory behind conf's strings */
	struct words given;  /* options that have a value */
	pthread_mutex_t lock;
	struct list cache;
	int64_t busy_until_ms; /* after a 429 */
	int64_t slow_until_ms; /* until then one request a second */
	int64_t paced_ms;      /* what per_minute allows: the next request's place in time */
};

/* Known words of a block of this plugin: its options and zones, endpoint, trust, type.  For
 * "did you mean".  The words are borrowed; returns how many there are, at most max are written. */
size_t login_words(const struct plugin *, const char **ret, size_t max);
bool login_is_secret(const struct plugin *, const char *word);

struct login *login_new(const char *name, const struct plugin *, const char *origin);
/* One option; value is what the source gave (already read from file:, env:, ...).  '-' and '_' are
 * the same; a boolean's value may be empty (the bare word); zones may come in one value or several.
 * SEAL_ECONFIG: unknown word, wrong type; the sentence does not name the place, the caller knows
 * it better.  Secrets are registered with log. */
enum seal_status login_set(struct login *, const char *word, const char *value,
			   struct story *) MUST_CHECK;
bool login_has(const struct login *, const char *word); /* was it set? */
/* After the last login_set: environment for what is missing (NAME and NAME_FILE), presets, then
 * SEAL_ECONFIG when a required one is still missing (the hint names word and variables).  For the
 * options marked SEAL_ANY, and for those marked SEAL_TOGETHER, the environment is only asked when
 * none of them is set.  Secrets leave the environment.  The sentence begins with the login's
 * origin. */
enum seal_status login_ready(struct login *, struct story *) MUST_CHECK;
void login_free(struct login *);
/* Length of the longest configured zone that owner lies in; 0: none; SIZE_MAX never.  A login
 * without zones gives 0 and is a fallback for every name. */
size_t login_covers(const struct login *, const char *owner);

#endif
