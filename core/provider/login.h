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
	void *conf;     /* plugin's struct */
	char *endpoint; /* base URL without a final slash, or NULL */
	char *trust;    /* CA bundle or NULL */
	struct words zones; /* as configured, normal form; empty: any */
	char *origin;   /* "FILE:LINE" or "command line", for sentences */

	/* private */
	struct words values; /* memory behind conf's strings */
	pthread_mutex_t lock;
	struct list cache;
	int64_t busy_until_ms; /* after a 429 */
};

/* Known words of a block of this plugin: its options and zones, endpoint, trust, type.  For
 * "did you mean".  The words are borrowed. */
size_t login_words(const struct plugin *, const char **ret, size_t max);
bool login_is_secret(const struct plugin *, const char *word);

struct login *login_new(const char *name, const struct plugin *, const char *origin);
/* One option; value is what the source gave (already read from file:, env:, ...).  '-' and '_' are
 * the same.  SEAL_ECONFIG: unknown word, wrong type.  Secrets are registered with log. */
enum seal_status login_set(struct login *, const char *word, const char *value, struct story *) MUST_CHECK;
bool login_has(const struct login *, const char *word); /* was it set? */
/* After the last login_set: environment for what is missing (NAME and NAME_FILE), presets, then
 * SEAL_ECONFIG when a required one is still missing (the hint names word and variables). */
enum seal_status login_ready(struct login *, struct story *) MUST_CHECK;
void login_free(struct login *);
/* Length of the longest configured zone that owner lies in; 0: none; SIZE_MAX never.  A login
 * without zones gives 0 and is a fallback for every name. */
size_t login_covers(const struct login *, const char *owner);

#endif
