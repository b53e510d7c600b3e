/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/standing.h"

#include "app/cas.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum seal_status standing_read(const struct store *store, const char *name,
			       const struct cert_conf *cert, struct standing *s,
			       struct story *story)
{
	static const struct renew_rule usual = { .kind = RENEW_AUTO };

	*s = (struct standing){ 0 };
	enum seal_status st = live_read(store, name, &s->live, story);
	if (!st)
		st = cert_state_load(store, name, &s->state, story);
	if (st) {
		standing_free(s);
		return st;
	}
	const struct cert_info *leaf = standing_leaf(s);
	if (leaf)
		s->due = renew_due(cert ? &cert->renew : &usual, leaf->not_before, leaf->not_after,
				   s->why);
	else
		str_put(s->why, "there is none yet");
	return SEAL_OK;
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

bool standing_is_test(const struct standing *s, const struct account_conf *a)
{
	const char *ca = s->live.meta ? json_str(s->live.meta, "ca") : NULL;
	const struct ca_preset *known = ca ? ca_find_url(ca) : NULL;

	if (!ca)
		return false;
	if (known)
		return known->is_test;
	return a->test_url && !strcmp(a->test_url, ca) && strcmp(a->test_url, a->url) != 0;
}

bool standing_fits(const struct standing *s, const struct cert_conf *c, char ret_why[160])
{
	const struct cert_info *leaf = standing_leaf(s);

	ret_why[0] = '\0';
	if (!leaf) {
		snprintf(ret_why, 160, "there is none yet");
		return false;
	}
	for (size_t i = 0; i < c->names.n; i++)
		if (!words_has(&leaf->names, c->names.at[i])) {
			snprintf(ret_why, 160, "%.100s is not in it", c->names.at[i]);
			return false;
		}
	for (size_t i = 0; i < leaf->names.n; i++)
		if (!words_has(&c->names, leaf->names.at[i])) {
			snprintf(ret_why, 160, "%.100s is no longer wanted", leaf->names.at[i]);
			return false;
		}
	if (s->live.key != c->key)
		snprintf(ret_why, 160, "its key is %s, not %s", key_type_label(s->live.key),
			 key_type_label(c->key));
	else if (standing_is_test(s, c->account))
		snprintf(ret_why, 160, "it comes from a test CA");
	return !ret_why[0];
}

/* -- when to try again ---------------------------------------------------------------------- */

#define DAY_S 86400
/* By number of failures in a row; the last one stays.  As Let's Encrypt advises. */
static const int64_t backoff_s[] = { 60, 600, 6000, DAY_S };

bool standing_needs_hands(enum seal_status st)
{
	static const enum seal_status hopeless[] = {
		SEAL_EAUTH,  SEAL_EOPERATOR, SEAL_ECONFIG,
		SEAL_EINVAL, SEAL_ENOTFOUND, SEAL_EUNSUPPORTED
	};

	for (size_t i = 0; i < COUNT(hopeless); i++)
		if (hopeless[i] == st)
			return true;
	return false;
}

/* A quarter more or less, so that many hosts do not come back together. */
static int64_t jitter(int64_t s)
{
	uint16_t r;

	clock_random(&r, sizeof(r));
	return s * 3 / 4 + s / 2 * r / UINT16_MAX;
}

static int64_t next_try(const struct story *failure, int64_t failures)
{
	size_t i =
		failures < (int64_t)COUNT(backoff_s) ? (size_t)failures - 1 : COUNT(backoff_s) - 1;

	if (failure->retry_at)
		return failure->retry_at;
	if (standing_needs_hands(failure->st))
		return clock_wall() + DAY_S;
	return clock_wall() + jitter(backoff_s[i]);
}

static void set(char **to, const char *text)
{
	free(*to);
	*to = str_copy(text);
}

enum seal_status standing_save(const struct store *store, const char *name, struct standing *s,
			       const struct story *failure, int64_t propagation_s,
			       struct story *story)
{
	struct cert_state *state = &s->state;

	state->last_run = clock_wall();
	if (propagation_s)
		state->propagation_s = propagation_s;
	state->failures = failure ? state->failures + 1 : 0;
	state->next_try = failure ? next_try(failure, state->failures) : 0;
	set(&state->last_error, failure ? failure->text : NULL);
	set(&state->last_class, failure ? status_name(failure->st) : NULL);
	return cert_state_save(store, name, state, story);
}
