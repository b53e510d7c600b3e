/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/decide.h"

#include "acme/ari.h"
#include "base/clock.h"
#include "base/encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_S 3600
#define DAY_S 86400
#define SHORT_LIFE_S (10 * DAY_S) /* below this, half of the life is kept in reserve */
#define SPREAD_PART 50		  /* of the life; what the jitter spreads over */
#define SPREAD_MAX_S (12 * HOUR_S)

/* -- the CA's wish -------------------------------------------------------------------------- */

#define ASK_MIN_S 60
#define ASK_MAX_S DAY_S
#define MISSED_FIRST_S 60
#define MISSED_MAX_S (6 * HOUR_S)
#define NEW_MAX_S (6 * HOUR_S)
#define NEW_PARTS 40 /* of the life */

bool ari_should_ask(const struct ari_state *a, const char *cert_id, int64_t not_after, int64_t now)
{
	if (!cert_id || now >= not_after) /* RFC 9773 4.3.3 */
		return false;
	if (!a->cert_id || strcmp(a->cert_id, cert_id) != 0)
		return true;
	/* A moment far ahead was written by a clock that was wrong. */
	return now >= a->next_ask || a->next_ask > now + ASK_MAX_S;
}

/* Uniform in [0, n): what would favour small numbers is drawn anew. */
static int64_t draw(int64_t n)
{
	uint64_t r, part = UINT64_MAX / (uint64_t)n;

	do
		clock_random(&r, sizeof(r));
	while (r / part >= (uint64_t)n);
	return (int64_t)(r / part);
}

/* What is remembered is about this certificate, or nothing. */
static void about(struct ari_state *a, const char *cert_id)
{
	if (a->cert_id && !strcmp(a->cert_id, cert_id))
		return;
	char *id = str_copy(cert_id); /* may lie in what goes */
	ari_state_free(a);
	a->cert_id = id;
}

static void set(char **to, const char *text)
{
	char *copy = str_copy(text);

	free(*to);
	*to = copy;
}

static int64_t between(int64_t min, int64_t n, int64_t max)
{
	return n < min ? min : n > max ? max : n;
}

void ari_begin(struct ari_state *a, const struct cert_info *leaf, int64_t now)
{
	ari_state_free(a);
	a->cert_id = ari_cert_id(leaf);
	a->next_ask = now + between(0, (leaf->not_after - leaf->not_before) / NEW_PARTS, NEW_MAX_S);
}

void ari_keep(struct ari_state *a, const char *cert_id, int64_t start, int64_t end, int64_t retry_s,
	      const char *explanation, int64_t now)
{
	about(a, cert_id);
	if (a->start != start || a->end != end || !a->end) {
		a->start = start;
		a->end = end;
		a->at = end > start ? start + draw(end - start) : start;
	}
	a->asked = now;
	a->next_ask = now + between(ASK_MIN_S, retry_s, ASK_MAX_S);
	a->failures = 0;
	set(&a->explanation, explanation);
}

static void forget_window(struct ari_state *a)
{
	a->start = a->end = a->at = 0;
	set(&a->explanation, NULL);
}

void ari_missed(struct ari_state *a, const char *cert_id, const struct story *failure, int64_t now)
{
	int64_t pause_s = MISSED_MAX_S;

	about(a, cert_id);
	a->failures++;
	if (failure->st == SEAL_ENOTFOUND || failure->st == SEAL_EUNSUPPORTED) {
		forget_window(a);
		pause_s = DAY_S;
	} else if (failure->st == SEAL_EAGAIN || failure->st == SEAL_ELIMIT) {
		int64_t doubled = (int64_t)MISSED_FIRST_S << between(0, a->failures - 1, 10);
		pause_s = between(MISSED_FIRST_S, doubled, MISSED_MAX_S);
	}
	a->next_ask = now + pause_s;
	if (failure->retry_at > a->next_ask)
		a->next_ask = between(0, failure->retry_at, now + ASK_MAX_S);
}

/* -- is it what is wanted? ------------------------------------------------------------------ */

static enum due_why names_differ(const struct words *wanted, const struct words *had,
				 char said[static 160])
{
	for (size_t i = 0; i < wanted->n; i++)
		if (!words_has(had, wanted->at[i])) {
			snprintf(said, 160, "%.100s is not in it", wanted->at[i]);
			return DUE_NAMES;
		}
	for (size_t i = 0; i < had->n; i++)
		if (!words_has(wanted, had->at[i])) {
			snprintf(said, 160, "%.100s is no longer wanted", had->at[i]);
			return DUE_NAMES;
		}
	return DUE_NOT;
}

/* From a CA for rehearsals, while that is not the one to ask?  Another CA in the configuration is
 * no reason: the next renewal goes there. */
static bool is_rehearsed(const struct cert_conf *c, const struct live *l)
{
	const char *ca = l->meta ? json_str(l->meta, "ca") : NULL;
	const struct json_object *test = l->meta ? json_at(l->meta, "test") : NULL;
	bool is_test = test && json_object_is_type(test, json_type_boolean) &&
		       json_object_get_boolean(test);

	if (!ca || !c->account || !strcmp(ca, c->account->url))
		return false;
	for (size_t i = 0; i < c->n_others; i++)
		if (!strcmp(ca, c->others[i]->url))
			return false;
	return is_test || (c->account->test_url && !strcmp(ca, c->account->test_url));
}

/* Only a `profile` that is required, and was not when this one was asked for. */
static bool is_other_profile(const struct cert_conf *c, const struct live *l)
{
	const char *had = l->meta ? json_str(l->meta, "profile") : NULL;

	return c->profile && l->meta && (!had || strcmp(had, c->profile) != 0);
}

/* The operator's own request came, went, or is for another key? */
static bool is_other_request(const struct cert_conf *c, const struct live *l)
{
	scoped(free_p) char *key = hex(c->csr_spki, sizeof(c->csr_spki));
	const char *had = l->meta ? json_str(l->meta, "csr_key") : NULL;

	if (!l->meta || !c->csr || !had)
		return l->meta && !c->csr == !!json_str(l->meta, "csr");
	return strcmp(had, key) != 0;
}

static enum due_why differs(const struct cert_conf *c, const struct live *l, char said[static 160])
{
	enum due_why why = names_differ(&c->names, &l->chain.at[0].names, said);

	if (why)
		return why;
	if (l->key != c->key) {
		snprintf(said, 160, "its key is %s, not %s", key_type_label(l->key),
			 key_type_label(c->key));
		return DUE_KEY;
	}
	if (is_other_request(c, l)) {
		snprintf(said, 160, c->csr ? "the request is for another key" :
					     "its key is not ours, and no request is configured");
		return DUE_KEY;
	}
	if (l->has_twin != c->has_twin || (c->has_twin && l->twin_key != c->twin)) {
		snprintf(said, 160, "its second key is %s, not %s",
			 l->has_twin ? key_type_label(l->twin_key) : "missing",
			 c->has_twin ? key_type_label(c->twin) : "wanted");
		return DUE_KEY;
	}
	if (is_rehearsed(c, l)) {
		snprintf(said, 160, "it comes from a test CA");
		return DUE_CA;
	}
	if (is_other_profile(c, l)) {
		snprintf(said, 160, "it was not made with profile %.80s", c->profile);
		return DUE_PROFILE;
	}
	return DUE_NOT;
}

/* -- is it time? ---------------------------------------------------------------------------- */

/* How much of the life is kept in reserve; says so. */
static int64_t reserve_of(const struct renew_rule *rule, struct decision *d)
{
	char asked[32], half[32];
	int64_t wanted_s;

	switch (rule->kind) {
	case RENEW_BEFORE:
		wanted_s = rule->before_s;
		str_put(d->said, "%s before its end", show_duration(wanted_s, asked));
		break;
	case RENEW_FRACTION:
		wanted_s = d->life_s * rule->percent / 100;
		str_put(d->said, "%u%% of its life left", rule->percent);
		break;
	case RENEW_AUTO:
	default:
		if (d->life_s < SHORT_LIFE_S) {
			str_put(d->said, "half of its life left");
			return d->life_s / 2;
		}
		str_put(d->said, "a third of its life left");
		return d->life_s / 3;
	}
	if (wanted_s <= d->life_s / 2)
		return wanted_s;
	str_put(d->said, "half of its life left");
	str_put(d->warning,
		"renew %s is more than half of the certificate's life; half of it (%s) counts",
		show_duration(wanted_s, asked), show_duration(d->life_s / 2, half));
	return d->life_s / 2;
}

static int64_t spread_of(const struct renew_rule *rule, const struct cert_state *state,
			 int64_t life_s)
{
	int64_t most = between(0, life_s / SPREAD_PART, SPREAD_MAX_S);

	if (rule->kind == RENEW_BEFORE) /* the operator named a moment */
		return 0;
	return most * between(0, state->jitter, 65536) / 65536;
}

/* The CA wants it replaced rather than renewed: its window was over when it was told. */
static bool is_recalled(const struct ari_state *a)
{
	return a->explanation && a->end && a->end <= a->asked;
}

static void mind_ari(const struct cert_conf *c, const struct ari_state *a, int64_t reserve_s,
		     struct decision *d)
{
	if (!a->end || a->at > d->not_after - reserve_s / 3 * 2)
		return;
	if (c->renew.kind != RENEW_AUTO && a->at > d->at)
		return;
	d->at = a->at;
	d->by_ari = true;
	str_put(d->said, "the moment the CA asks for%s%s", a->explanation ? ": " : "",
		a->explanation ? a->explanation : "");
}

static void decide_time(const struct cert_conf *c, const struct live *l,
			const struct cert_state *state, int64_t now, struct decision *d)
{
	const struct cert_info *leaf = &l->chain.at[0];
	const struct ari_state *a = &state->ari;
	int64_t reserve_s = reserve_of(&c->renew, d);

	d->at = d->not_after - reserve_s - spread_of(&c->renew, state, d->life_s);
	mind_ari(c, a, reserve_s, d);
	if (state->revoked && !strcmp(state->revoked, leaf->serial)) {
		d->why = DUE_REVOKED;
		str_put(d->said, "it was revoked");
	} else if (is_recalled(a)) {
		d->why = DUE_REVOKED;
		str_put(d->said, "the CA asks for its replacement at once: %.100s", a->explanation);
	} else if (d->at <= now) {
		d->why = d->by_ari ? DUE_ARI : DUE_TIME;
	}
	if (d->why == DUE_REVOKED)
		d->at = now;
	d->urgent = now >= d->not_after - reserve_s / 2;
}

/* What the CA said counts only for the certificate it was said of. */
static bool is_about(const struct ari_state *a, const struct live *l)
{
	scoped(free_p) char *id = ari_cert_id(&l->chain.at[0]);

	return a->cert_id && id && !strcmp(a->cert_id, id);
}

void decide(const struct cert_conf *c, const struct live *l, const struct cert_state *state,
	    int64_t now, struct decision *ret)
{
	struct cert_state known = *state;

	*ret = (struct decision){ .at = now };
	if (!l->exists || !l->chain.n) {
		ret->why = DUE_NEW;
		str_put(ret->said, "there is none yet");
		return;
	}
	ret->not_after = l->chain.at[0].not_after;
	ret->life_s = ret->not_after - l->chain.at[0].not_before;
	if (!is_about(&state->ari, l))
		known.ari = (struct ari_state){ 0 };
	decide_time(c, l, &known, now, ret);
	if (ret->why == DUE_REVOKED)
		return;
	char said[160];
	enum due_why other = differs(c, l, said);
	if (!other)
		return;
	ret->why = other;
	ret->at = now;
	ret->by_ari = false;
	str_put(ret->said, "%s", said);
}

void decide_early(struct decision *d, const struct ari_state *a, int64_t every_s, int64_t now)
{
	if (d->why == DUE_NOT && d->by_ari && a->start <= now && d->at < now + every_s)
		d->why = DUE_ARI;
}

void decide_jitter(struct cert_state *state)
{
	if (state->jitter <= 0 || state->jitter > 65536)
		state->jitter = 1 + draw(65536);
}

const char *due_name(enum due_why why)
{
	static const char *const names[] = {
		[DUE_NOT] = "not",	 [DUE_NEW] = "new", [DUE_NAMES] = "names",
		[DUE_KEY] = "key",	 [DUE_CA] = "ca",   [DUE_PROFILE] = "profile",
		[DUE_TIME] = "time",	 [DUE_ARI] = "ari", [DUE_REVOKED] = "revoked",
		[DUE_FORCED] = "forced",
	};

	return names[why];
}
