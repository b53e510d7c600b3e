/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/play/stage.h"

#include "base/clock.h"
#include "store/journal.h"
#include "tests/mock_resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 1 /* operations one after the other, in the order they were asked for */

/* ---- the script's thread ---- */

void stage_wrong(struct stage *s, const struct beat *b, const char *fmt, ...)
{
	va_list ap;

	if (*s->wrong)
		return;
	va_start(ap, fmt);
	scoped(free_p) char *text = str_vprintf(fmt, ap);
	va_end(ap);
	str_put(s->wrong, "%s%s%s", b ? b->where : "", b ? ": " : "", text);
}

const struct beat *stage_cue(struct stage *s, const char *request)
{
	const struct beat *b = s->next < s->script->n_beats ? &s->script->beats[s->next] : NULL;
	int64_t since_ms = clock_ms() - s->last_ms;

	if (!b) {
		stage_wrong(s, NULL, "%s after the end of the play", request);
		return NULL;
	}
	if (strcmp(b->request, request)) {
		stage_wrong(s, b, "%s instead of %s", request, b->request);
		return NULL;
	}
	if (b->after_ms >= 0 && (since_ms < b->after_ms || since_ms >= b->after_ms + 1000)) {
		stage_wrong(s, b, "%s after %d ms", request, (int)since_ms);
		return NULL;
	}
	s->next++;
	return b;
}

/* ---- what is given ---- */

static void set_certificate(struct stage *s, const char *rest)
{
	words_split(&s->cert.names, rest);
}

static void set_cname(struct stage *s, const char *rest)
{
	size_t n = strcspn(rest, " ");
	scoped(free_p) char *owner = str_part(rest, n);

	(void)s;
	cast_alias(owner, rest + n + strspn(rest + n, " "));
}

static void set_account(struct stage *s, const char *rest)
{
	s->has_account = strcmp(rest, "new") != 0;
	s->account.agreed = true;
}

static void set_terms(struct stage *s, const char *rest)
{
	s->account.agreed = !strcmp(rest, "agreed");
}

static void set_propagation(struct stage *s, const char *rest)
{
	uint32_t in_s = 0;

	if (!strcmp(rest, "never"))
		s->seen_after_ms = -1;
	else if (parse_duration(rest, &in_s))
		s->seen_after_ms = (int64_t)in_s * 1000;
	else
		stage_wrong(s, NULL, "propagation %s", rest);
}

static void set_timeout(struct stage *s, const char *rest)
{
	if (!parse_duration(rest, &s->cert.settle_timeout_s))
		stage_wrong(s, NULL, "propagation-timeout %s", rest);
}

static void set_interrupt(struct stage *s, const char *rest)
{
	uint32_t in_s = 0;

	if (!parse_duration(rest, &in_s))
		stage_wrong(s, NULL, "interrupt %s", rest);
	s->interrupt_ms = (int64_t)in_s * 1000;
}

static void set_rehearse(struct stage *s, const char *rest)
{
	(void)rest;
	s->rehearse = true;
}

static void set_override(struct stage *s, const char *rest)
{
	s->cert.override_domain = str_copy(rest);
}

static void set_replaces(struct stage *s, const char *rest)
{
	s->replaces = rest;
}

static void set_replaces_of(struct stage *s, const char *rest)
{
	s->replaces_kid = rest;
}

static void set_profile(struct stage *s, const char *rest)
{
	s->cert.profile = str_copy(rest);
}

static void set_preferred(struct stage *s, const char *rest)
{
	words_split(&s->cert.prefer_profiles, rest);
}

static void set_order(struct stage *s, const char *rest)
{
	s->in_flight = rest;
}

static void set_asked(struct stage *s, const char *rest)
{
	(void)rest;
	s->asked = true;
}

static void set_known(struct stage *s, const char *rest)
{
	(void)rest;
	s->known = true;
}

static void set_kept(struct stage *s, const char *rest)
{
	(void)rest;
	s->order_after = ORDER_KEPT;
}

static void set_given_up(struct stage *s, const char *rest)
{
	(void)rest;
	s->order_after = ORDER_GIVEN_UP;
}

static void set_left(struct stage *s, const char *rest)
{
	words_add(&s->left, rest);
}

/* "example.org _acme-challenge VALUE": an earlier run put it there and was cut off. */
static void leave(struct stage *s, const char *rest)
{
	struct words w = { 0 };
	struct story story = { 0 };
	char type[] = "TXT", cert[] = "play", login[] = "main";

	words_split(&w, rest);
	if (w.n != 3) {
		stage_wrong(s, NULL, "left %s", rest);
		words_free(&w);
		return;
	}
	scoped(free_p) char *owner = str_printf("%s.%s", w.at[1], w.at[0]);
	struct journal_entry e = { .cert = cert, .login = login, .zone = w.at[0], .owner = owner,
				   .type = type, .value = w.at[2], .ttl = 60 };
	if (journal_write(&s->store, JOURNAL_PLAN, &e, 1, &story) ||
	    journal_write(&s->store, JOURNAL_MADE, &e, 1, &story))
		stage_wrong(s, NULL, "%s", story.text);
	cast_record(s, owner, w.at[2]);
	words_free(&w);
}

static void set_remains(struct stage *s, const char *rest)
{
	s->remains = strtoul(rest, NULL, 10);
}

static const struct {
	const char *word;
	void (*set)(struct stage *, const char *rest);
} facts[] = {
	{ "certificate", set_certificate }, { "zone", cast_zone },
	{ "cname", set_cname },		    { "account", set_account },
	{ "terms", set_terms },		    { "propagation", set_propagation },
	{ "override-domain", set_override }, { "propagation-timeout", set_timeout },
	{ "order", set_order },		    { "asked", set_asked },
	{ "kept", set_kept },		    { "given-up", set_given_up },
	{ "left", set_left },
	{ "remains", set_remains },	    { "interrupt", set_interrupt },
	{ "rehearse", set_rehearse },	    { "known", set_known },
	{ "replaces", set_replaces },	    { "replaces-of", set_replaces_of },
	{ "profile", set_profile },
	{ "prefer-profile", set_preferred },
};

static void give_facts(struct stage *s)
{
	for (size_t i = 0; i < s->script->n_facts; i++) {
		const struct fact *f = &s->script->facts[i];
		size_t k = 0;
		while (k < COUNT(facts) && strcmp(facts[k].word, f->word))
			k++;
		if (k == COUNT(facts))
			stage_wrong(s, NULL, "%s: what is \"%s\"?", f->where, f->word);
		else
			facts[k].set(s, f->rest);
	}
}

/* ---- what lies on disk ---- */

static enum seal_status give_account(struct stage *s, struct story *story)
{
	struct account_file f = { 0 };
	enum seal_status st = account_make(&s->store, s->account.url, KEY_ECDSA_P256, &f, story);

	if (!st) {
		key_thumbprint(f.key, s->thumbprint);
		free(f.kid);
		f.kid = str_copy(STAGE_KID);
		st = account_save(&s->store, &f, story);
	}
	account_file_free(&f);
	return st;
}

static enum seal_status give_order(struct stage *s, struct story *story)
{
	struct order_file f = { .ca = str_copy(s->account.url), .kid = str_copy(STAGE_KID) };

	if (s->in_flight)
		f.url = str_printf(STAGE_CA "%s", s->in_flight);
	for (size_t i = 0; i < s->cert.names.n; i++)
		words_add(&f.names, s->cert.names.at[i]);
	enum seal_status st = key_new(s->cert.key, &f.key, story);
	if (!st)
		st = csr_make(f.key, &f.names, &f.csr, story);
	if (!st)
		st = order_file_begin(&s->store, s->cert.name, &f, story);
	if (!st && f.url)
		st = order_file_save(&s->store, s->cert.name, &f, story);
	if (f.url)
		buf_add(&s->csr, f.csr.data, f.csr.len);
	order_file_free(&f);
	return st;
}

/* ---- the run ---- */

static void waiter_run(struct task *t)
{
	struct stage *s = container_of(t, struct stage, waiter);

	s->over = true;
}

static void interrupt_run(struct task *t)
{
	struct stage *s = container_of(t, struct stage, interrupt);

	order_cancel(s->order);
}

static void set_up(struct stage *s, const char *dir)
{
	struct story story = { 0 };
	struct engine *e = &s->engine;

	mock_reset();
	clock_own(STAGE_WALL, 1);
	e->loop = loop_new();
	e->http = http_new(e->loop, NULL);
	mock_http(e->http, cast_ca, s);
	e->ops = ops_new(e->loop, e->http, THREADS);
	e->pool = pool_new(e->loop, THREADS);
	e->store = &s->store;
	s->issuer = test_ca_new(STAGE_WALL);
	s->login = login_new("main", cast_provider(s), "play");
	e->logins = &s->login;
	e->n_logins = 1;
	s->account = (struct account_conf){ .name = str_copy("a"), .ca = str_copy("test"),
					    .url = str_copy(STAGE_CA "/dir"), .agreed = true,
					    .key = KEY_ECDSA_P256 };
	s->cert = (struct cert_conf){ .name = str_copy("play"), .key = KEY_ECDSA_P256,
				      .account = &s->account, .keep = 3,
				      .settle_mode = SETTLE_AUTHORITATIVE,
				      .settle_timeout_s = 300 };
	s->has_account = true;
	if (!resolvers_add(&s->cert.resolvers, "192.0.2.53") ||
	    login_ready(s->login, &story) || store_open(&s->store, dir, &story))
		stage_wrong(s, NULL, "%s", story.text);
	give_facts(s);
	if ((s->has_account && give_account(s, &story)) ||
	    ((s->in_flight || s->asked) && give_order(s, &story)))
		stage_wrong(s, NULL, "%s", story.text);
	for (size_t i = 0; i < s->left.n; i++) { /* its value may depend on the account's key */
		scoped(free_p) char *text = cast_values(s, s->left.at[i]);
		leave(s, text);
	}
	s->session = session_new(e, &s->account);
	s->last_ms = clock_ms();
}

static void tear_down(struct stage *s)
{
	session_free(s->session);
	login_free(s->login);
	ops_free(s->engine.ops);
	pool_free(s->engine.pool);
	http_free(s->engine.http);
	loop_free(s->engine.loop);
	store_close(&s->store);
	test_ca_free(s->issuer);
	mock_ca_free(&s->door);
	buf_free(&s->csr);
	words_free(&s->held);
	words_free(&s->left);
	words_free(&s->cert.names);
	free(s->cert.name);
	free(s->cert.override_domain);
	free(s->cert.profile);
	words_free(&s->cert.prefer_profiles);
	free(s->account.name);
	free(s->account.ca);
	free(s->account.url);
	pthread_mutex_destroy(&s->lock);
}

static void check_story(struct stage *s, const struct story *got)
{
	const struct script *c = s->script;
	int64_t retry_s = got->retry_at ? got->retry_at - clock_wall() : -1;

	if (strcmp(status_name(got->st), c->end))
		stage_wrong(s, NULL, "ends with %s, not %s: %s", status_name(got->st), c->end,
			    got->text);
	if (!strstr(got->text, c->end_says) && !strstr(got->hint, c->end_says))
		stage_wrong(s, NULL, "does not say \"%s\": %s (%s)", c->end_says, got->text,
			    got->hint);
	if (c->end_retry_s >= 0 && (retry_s < c->end_retry_s - 2 || retry_s > c->end_retry_s))
		stage_wrong(s, NULL, "to be tried again in %d s", (int)retry_s);
}

/* What the next run will find of the order. */
static void check_order(struct stage *s)
{
	struct order_file f = { 0 };
	struct story story = { 0 };
	enum seal_status st = order_file_load(&s->store, s->cert.name, &f, &story);

	if (s->order_after == ORDER_KEPT && (st || !f.url))
		stage_wrong(s, NULL, "the next run will not find the order: %s", story.text);
	if (s->order_after == ORDER_GIVEN_UP && st != SEAL_ENOTFOUND)
		stage_wrong(s, NULL, "the next run will take up %s", f.url ? f.url : story.text);
	order_file_free(&f);
}

static void check_end(struct stage *s, const struct story *got)
{
	struct journal open = { 0 };
	struct live live = { 0 };
	struct story story = { 0 };

	if (s->next < s->script->n_beats)
		stage_wrong(s, &s->script->beats[s->next], "%s never came; the end is %s: %s",
			    s->script->beats[s->next].request, status_name(got->st), got->text);
	check_story(s, got);
	check_order(s);
	if (s->held.n != s->remains)
		stage_wrong(s, NULL, "%zu TXT are left: %s", s->held.n,
			    s->held.n ? s->held.at[0] : "");
	if (journal_read(&s->store, NULL, &open, &story) || open.n != s->remains)
		stage_wrong(s, NULL, "%zu entries of the journal are open", open.n);
	if (live_read(&s->store, s->cert.name, &live, &story) ||
	    live.exists != (!got->st && !s->rehearse))
		stage_wrong(s, NULL, "a certificate is %slive: %s", live.exists ? "" : "not ",
			    story.text);
	live_free(&live);
	journal_free(&open);
}

static void run(struct stage *s)
{
	struct loop *loop = s->engine.loop;
	struct order_ask ask = { .engine = &s->engine,
				 .cert = &s->cert,
				 .session = s->session,
				 .replaces = s->replaces,
				 .replaces_kid = s->replaces_kid,
				 .rehearse = s->rehearse };

	s->order = order_new(&ask);
	task_init(&s->waiter, loop, waiter_run);
	task_init(&s->interrupt, loop, interrupt_run);
	if (s->interrupt_ms)
		timer_start(&s->timer, &s->interrupt, s->interrupt_ms);
	order_start(s->order, &s->waiter);
	if (loop_run(loop, &s->over))
		check_end(s, order_story(s->order));
	else
		stage_wrong(s, NULL, "the engine waits for something that never comes");
	timer_stop(&s->timer);
	task_stop(&s->interrupt);
	order_free(s->order);
}

bool stage_play(struct stage *s, const struct script *script, const char *dir)
{
	*s = (struct stage){ .script = script };
	pthread_mutex_init(&s->lock, NULL);
	set_up(s, dir);
	if (!*s->wrong)
		run(s);
	tear_down(s);
	return !*s->wrong;
}
