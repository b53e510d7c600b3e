/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * notify.c - what is new. */
#include "config.h"

#include "engine/notify_work.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUCCESS_OLD_S 86400 /* an older one is not news, only not noted as told yet */
#define EXPIRY_PART 5	    /* of the life, when no time is said */
#define EXPIRY_MOST                                                                                \
	4 /* of the life: a limit behind which renewal has hardly begun would cry each time */

const char *news_name(enum news_kind kind)
{
	static const char *const names[] = {
		[NEWS_EXPIRY] = "expiry",   [NEWS_OPERATOR] = "operator",
		[NEWS_FAILURE] = "failure", [NEWS_RECOVERED] = "recovered",
		[NEWS_SUCCESS] = "success", [NEWS_TEST] = "test"
	};

	return names[kind];
}

/* Takes text; what was said by others is struck of secrets before it leaves the host.  What another
 * receiver hears too is one piece of news. */
static void add(struct news_of *of, size_t receiver, enum news_kind kind, char *text,
		const char *class)
{
	scoped(free_p) char *said = log_scrub(text);
	size_t i = 0;

	free(text);
	while (i < of->n && (of->at[i].kind != kind || strcmp(of->at[i].text, said) != 0))
		i++;
	if (i == of->n) {
		of->at = mem_grow(of->at, ++of->n, sizeof(*of->at));
		of->at[i] =
			(struct news){ .kind = kind, .text = take(said), .class = str_copy(class) };
	}
	of->at[i].receivers |= 1u << receiver;
}

static bool wants(const struct notify *n, size_t receiver, unsigned kinds)
{
	return n->conf[receiver]->wanted & kinds;
}

/* -- failures ------------------------------------------------------------------------------- */

static const struct target_state *broken_target(const struct cert_state *s)
{
	for (size_t i = 0; i < s->n_targets; i++)
		if (s->targets[i].pending && s->targets[i].error)
			return &s->targets[i];
	return NULL;
}

const char *notify_trouble(const struct cert_state *s)
{
	if (s->failures && s->last_class)
		return s->last_class;
	return broken_target(s) ? "deploy" : NULL;
}

static bool needs_hands(const struct cert_state *s, const char *class)
{
	static const enum seal_status hopeless[] = { SEAL_EAUTH,    SEAL_EOPERATOR,
						     SEAL_ECONFIG,  SEAL_EUNSUPPORTED,
						     SEAL_ESTORAGE, SEAL_EINVAL,
						     SEAL_ENOTFOUND };
	struct story story = { 0 };

	str_put(story.problem, "%s", s->last_problem ? s->last_problem : "");
	for (size_t i = 0; i < COUNT(hopeless); i++) {
		story.st = hopeless[i];
		if (!strcmp(status_name(story.st), class))
			return retry_blame(&story) == BLAME_HANDS;
	}
	return false;
}

static void tell_failure(const struct notify *n, const struct notify_look *l, size_t receiver,
			 const char *class, struct news_of *of)
{
	const struct target_state *target = broken_target(l->state);
	const char *said = l->state->last_error;
	bool hands = needs_hands(l->state, class);

	if (!wants(n, receiver, 1u << NEWS_FAILURE | (hands ? 1u << NEWS_OPERATOR : 0)))
		return;
	char *text = !strcmp(class, "deploy") && target
			     ? str_printf("deployment %s: %s", target->name, target->error)
			     : str_printf("%s", said ? said : "it failed");
	add(of, receiver, hands ? NEWS_OPERATOR : NEWS_FAILURE, text, class);
}

static void look_for_failure(const struct notify *n, const struct notify_look *l, size_t receiver,
			     struct news_of *of)
{
	struct told_state *told = &of->told[receiver];
	scoped(free_p) char *was = told->failure;
	const char *class = notify_trouble(l->state);

	told->failure = str_copy(class);
	if (was && class && !strcmp(was, class))
		return;
	if (class)
		tell_failure(n, l, receiver, class, of);
	else if (was && wants(n, receiver, 1u << NEWS_RECOVERED))
		add(of, receiver, NEWS_RECOVERED,
		    str_printf("works again after a failure (%s)", was), NULL);
}

/* -- its end -------------------------------------------------------------------------------- */

/* From when on the end is near in the eyes of this receiver. */
static int64_t near_from(const struct notify_conf *c, const struct cert_info *leaf)
{
	int64_t life = leaf->not_after - leaf->not_before;
	int64_t before = c->expiry_s ? c->expiry_s : life / EXPIRY_PART;

	return leaf->not_after - (before < life / EXPIRY_MOST ? before : life / EXPIRY_MOST);
}

/* Has this moment come, and was nothing told since? */
static bool has_passed(const struct told_state *told, int64_t moment, int64_t now)
{
	return now >= moment && told->expiry < moment;
}

static void look_for_end(const struct notify *n, const struct notify_look *l, size_t receiver,
			 struct news_of *of)
{
	const struct cert_info *leaf = l->leaf;
	struct told_state *told = &of->told[receiver];
	char left[32], when[RFC3339_LEN];

	if (!leaf || !wants(n, receiver, 1u << NEWS_EXPIRY) ||
	    (!has_passed(told, near_from(n->conf[receiver], leaf), l->now) &&
	     !has_passed(told, leaf->not_after, l->now)))
		return;
	told->expiry = l->now;
	clock_rfc3339(leaf->not_after, when);
	add(of, receiver, NEWS_EXPIRY,
	    leaf->not_after <= l->now
		    ? str_printf("has expired on %s", when)
		    : str_printf("expires in %s, on %s",
				 show_duration(leaf->not_after - l->now, left), when),
	    NULL);
}

/* -- a new one ------------------------------------------------------------------------------ */

static void look_for_success(const struct notify *n, const struct notify_look *l, size_t receiver,
			     struct news_of *of)
{
	const struct cert_state *s = l->state;
	struct told_state *told = &of->told[receiver];
	char when[RFC3339_LEN];

	if (!l->leaf || told->success == l->generation)
		return;
	told->success = l->generation;
	if (wants(n, receiver, 1u << NEWS_SUCCESS) && s->last_success &&
	    l->now - s->last_success < SUCCESS_OLD_S)
		add(of, receiver, NEWS_SUCCESS,
		    str_printf("%s, valid until %s", l->generation > 1 ? "renewed" : "issued",
			       clock_rfc3339(l->leaf->not_after, when)),
		    NULL);
}

/* -- all ------------------------------------------------------------------------------------ */

static void forget(const struct notify *n, struct news_of *of)
{
	for (size_t i = 0; i < of->n; i++) {
		free(of->at[i].text);
		free(of->at[i].class);
	}
	for (size_t i = 0; of->told && i < n->n_conf; i++)
		free(of->told[i].failure);
	free(of->at);
	free(of->told);
	free(of->cert);
}

static bool is_same(const struct told_state *a, const struct told_state *b)
{
	bool same_failure = a->failure && b->failure ? !strcmp(a->failure, b->failure)
						     : a->failure == b->failure;

	return same_failure && a->expiry == b->expiry && a->success == b->success;
}

static void begin_at(const struct notify *n, const struct notify_look *l, size_t receiver,
		     struct news_of *of)
{
	const char *id = n->conf[receiver]->id;
	const struct told_state *was = told_find(l->state, id);

	of->told[receiver] = was ? *was : (struct told_state){ 0 };
	of->told[receiver].who = NULL;
	of->told[receiver].failure = was ? str_copy(was->failure) : NULL;
}

static void note_changes(const struct notify *n, const struct notify_look *l, struct news_of *of)
{
	static const struct told_state nothing;

	for (size_t i = 0; i < n->n_conf; i++) {
		const struct told_state *was = told_find(l->state, n->conf[i]->id);
		if (!is_same(&of->told[i], was ? was : &nothing))
			of->changed |= 1u << i;
	}
}

static void keep_news(struct notify *n, struct news_of *of)
{
	n->of = mem_grow(n->of, n->n_of + 1, sizeof(*n->of));
	n->of[n->n_of++] = *of;
}

void notify_look(struct notify *n, const struct notify_look *l)
{
	static void (*const looks[])(const struct notify *, const struct notify_look *, size_t,
				     struct news_of *) = { look_for_end, look_for_failure,
							   look_for_success };
	struct news_of of = { .cert = str_copy(l->cert),
			      .not_after = l->leaf ? l->leaf->not_after : 0,
			      .next_try = l->state->failures ? l->state->next_try : 0,
			      .told = mem_array(n->n_conf, sizeof(*of.told)) };

	for (size_t i = 0; i < n->n_conf; i++)
		begin_at(n, l, i, &of);
	for (size_t k = 0; k < COUNT(looks); k++)
		for (size_t i = 0; i < n->n_conf; i++)
			looks[k](n, l, i, &of);
	note_changes(n, l, &of);
	if (of.changed)
		keep_news(n, &of);
	else
		forget(n, &of);
}

void notify_test(struct notify *n)
{
	struct news_of of = { .cert = str_copy("dnseal") };

	for (size_t i = 0; i < n->n_conf; i++)
		add(&of, i, NEWS_TEST,
		    str_printf("a message of \"dnseal check --notify\" at %s; nothing has happened",
			       n->host),
		    NULL);
	keep_news(n, &of);
}

void notify_storage(struct notify *n, const char *dir)
{
	struct news_of of = { .cert = str_copy("dnseal") };

	for (size_t i = 0; i < n->n_conf; i++)
		if (wants(n, i, 1u << NEWS_FAILURE | 1u << NEWS_OPERATOR))
			add(&of, i, NEWS_OPERATOR,
			    str_printf("the state directory %s cannot be written, so nothing can "
				       "be renewed; the log of %s tells why; each run tells this",
				       dir, n->host),
			    status_name(SEAL_ESTORAGE));
	keep_news(n, &of);
}

void notify_host(char out[static 65])
{
	char name[65] = "", *to = out;

	if (gethostname(name, sizeof(name) - 1) || !*name)
		str_put(name, "localhost");
	for (const char *at = name; *at; at++)
		if (strchr(".-", *at) || (*at >= '0' && *at <= '9') ||
		    ((*at | 32) >= 'a' && (*at | 32) <= 'z'))
			*to++ = *at;
	*to = '\0';
}

bool notify_keep(const struct notify *n, const struct news_of *of, struct cert_state *state)
{
	bool changed = false;

	for (size_t i = 0; i < n->n_conf; i++)
		if (of->changed & 1u << i && !n->stories[i].st) {
			told_set(state, n->conf[i]->id, &of->told[i]);
			changed = true;
		}
	return changed;
}

void notify_forget(struct notify *n)
{
	for (size_t i = 0; i < n->n_of; i++)
		forget(n, &n->of[i]);
	free(n->of);
	n->of = NULL;
	n->n_of = 0;
}
