/* links: mock_http mock_ca mock_resolve chains */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Turns and rounds against CAs, a provider and name servers of the test's own, in its own time: who
 * begins when, whom a failure concerns, when it is tried again, and where. */
#include "config.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/json.h"
#include "engine/round.h"
#include "store/journal.h"
#include "tests/chains.h"
#include "tests/mock_ca.h"
#include "tests/mock_resolve.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WALL 1800000000 /* 2027-01-15T08:00:00Z */
#define CERTS 60
#define TYPE "application/json"

/* -- CAs ------------------------------------------------------------------------------------ */

enum mood { UP, DOWN, LIMITED };
enum { PENDING, READY, VALID, INVALID };
static const char *const statuses[] = { "pending", "ready", "valid", "invalid" };

static struct authority {
	const char *host;
	enum mood mood;
	const char *spoilt; /* names with this in them do not validate; NULL: all do */
	struct mock_ca door;
	struct deal {
		char *name;
		int status;
		bool open; /* its challenge is answered, and nobody has looked yet what came of it */
		char *pem;
	} deals[200];
	size_t n, open, most; /* orders; open ones, now and at most */
	unsigned requests, directories, accounts;
} authorities[] = { { .host = "https://ca.test" },
		    { .host = "https://other.test" },
		    { .host = "https://staging.test" } };
static struct authority *const ca = &authorities[0], *const other = &authorities[1],
			      *const staging = &authorities[2];
static struct test_ca *issuer;

static void reply(struct http_call *call, long status, char *json)
{
	mock_header(call, "content-type", TYPE);
	mock_reply(call, status, NULL, json);
	free(json);
}

static void refuse(struct http_call *call, long status, const char *type)
{
	scoped(free_p) char *text = str_printf("{\"type\":\"urn:ietf:params:acme:error:%s\","
					       "\"detail\":\"says the test\"}",
					       type);

	mock_header(call, "content-type", "application/problem+json");
	mock_reply(call, status, NULL, text);
}

static void say_directory(struct authority *a, struct http_call *call)
{
	a->directories++;
	reply(call, 200,
	      str_printf("{\"newNonce\":\"%s/nonce\",\"newAccount\":\"%s/new-acct\","
			 "\"newOrder\":\"%s/new-order\",\"revokeCert\":\"%s/revoke\","
			 "\"keyChange\":\"%s/key\"}",
			 a->host, a->host, a->host, a->host, a->host));
}

static void say_order(struct authority *a, struct http_call *call, size_t i, long status)
{
	const struct deal *d = &a->deals[i];
	scoped(free_p) char *cert =
		d->pem ? str_printf(",\"certificate\":\"%s/cert/%zu\"", a->host, i) : str_copy("");
	scoped(free_p) char *url = str_printf("%s/order/%zu", a->host, i);

	mock_header(call, "location", url);
	reply(call, status,
	      str_printf("{\"status\":\"%s\",\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}],"
			 "\"authorizations\":[\"%s/authz/%zu\"],\"finalize\":\"%s/finalize/%zu\"%s}",
			 statuses[d->status], d->name, a->host, i, a->host, i, cert));
}

static void new_order(struct authority *a, struct http_call *call, const struct json_object *json)
{
	struct deal *d = &a->deals[a->n];
	const char *name = json_object_get_string(
		(struct json_object *)(uintptr_t)json_at(json, "identifiers.0.value"));

	d->name = str_copy(name);
	say_order(a, call, a->n++, 201);
}

static void open_deal(struct authority *a, struct deal *d)
{
	d->open = true;
	if (++a->open > a->most)
		a->most = a->open;
}

static void close_deal(struct authority *a, struct deal *d)
{
	a->open -= d->open;
	d->open = false;
}

static bool is_spoilt(const struct authority *a, const struct deal *d)
{
	return a->spoilt && strstr(d->name, a->spoilt);
}

static void say_challenge(struct authority *a, struct http_call *call, size_t i, long status)
{
	scoped(free_p) char *url = str_printf("%s/chall/%zu", a->host, i);

	reply(call, status,
	      str_printf("{\"type\":\"dns-01\",\"status\":\"pending\",\"url\":\"%s\","
			 "\"token\":\"a-token-that-is-long-enough-%zu\"}",
			 url, i));
}

static void say_authz(struct authority *a, struct http_call *call, size_t i)
{
	const struct deal *d = &a->deals[i];
	bool bad = d->status == INVALID, good = d->status == READY || d->status == VALID;
	const char *error = bad ? ",\"error\":{\"type\":\"urn:ietf:params:acme:error:unauthorized\","
				  "\"detail\":\"wrong TXT\"}"
				: "";
	const char *state = bad ? "invalid" : good ? "valid" : "pending";

	reply(call, 200,
	      str_printf("{\"status\":\"%s\",\"identifier\":{\"type\":\"dns\",\"value\":\"%s\"},"
			 "\"challenges\":[{\"type\":\"dns-01\",\"status\":\"%s\","
			 "\"url\":\"%s/chall/%zu\",\"token\":\"a-token-that-is-long-enough-%zu\"%s}]}",
			 state, d->name, state, a->host, i, i, error));
}

static void finalize(struct authority *a, struct http_call *call, size_t i,
		     const struct json_object *json)
{
	struct deal *d = &a->deals[i];
	struct buf csr = { 0 };

	if (unbase64(json_str(json, "csr"), &csr))
		d->pem = test_ca_issue(issuer, &(struct recipe){ .csr = csr.data,
								 .csr_len = csr.len,
								 .from = clock_wall() - 3600,
								 .until = clock_wall() + 90 * 86400 });
	buf_free(&csr);
	d->status = VALID;
	say_order(a, call, i, 200);
}

static void answer_post(struct authority *a, struct http_call *call, const char *path,
			const struct json_object *json)
{
	size_t i = strrchr(path, '/') ? strtoul(strrchr(path, '/') + 1, NULL, 10) : 0;

	if (!strcmp(path, "/new-acct")) {
		scoped(free_p) char *url = str_printf("%s/acct/1", a->host);
		a->accounts++;
		mock_header(call, "location", url);
		reply(call, 201, str_copy("{\"status\":\"valid\"}"));
	} else if (!strcmp(path, "/new-order") && a->mood == LIMITED) {
		mock_header(call, "retry-after", "7200");
		refuse(call, 429, "rateLimited");
	} else if (!strcmp(path, "/new-order")) {
		new_order(a, call, json);
	} else if (i >= a->n) {
		refuse(call, 404, "malformed");
	} else if (starts_with(path, "/order/")) {
		close_deal(a, &a->deals[i]);
		say_order(a, call, i, 200);
	} else if (starts_with(path, "/authz/")) {
		say_authz(a, call, i);
	} else if (starts_with(path, "/chall/")) {
		a->deals[i].status = is_spoilt(a, &a->deals[i]) ? INVALID : READY;
		open_deal(a, &a->deals[i]);
		say_challenge(a, call, i, 200);
	} else if (starts_with(path, "/finalize/")) {
		finalize(a, call, i, json);
	} else {
		mock_header(call, "content-type", "application/pem-certificate-chain");
		mock_reply(call, 200, NULL, a->deals[i].pem);
	}
}

static void post(struct authority *a, struct http_call *call, const char *path)
{
	scoped(json_put_p) struct json_object *json = NULL;
	struct story story = { 0 };
	struct visit v;
	const char *wrong = mock_ca_open(&a->door, call, &v);

	mock_ca_nonce(&a->door, call);
	if (wrong || !v.nonce_good) {
		refuse(call, 400, wrong ? "malformed" : "badNonce");
	} else {
		if (*v.payload && json_read(v.payload, strlen(v.payload), "", &json, &story))
			ok(false, "payload: %s", story.text);
		answer_post(a, call, path, json);
	}
	visit_free(&v);
}

static void answer(void *arg, struct http_call *call)
{
	(void)arg;
	for (size_t i = 0; i < COUNT(authorities); i++) {
		struct authority *a = &authorities[i];
		const char *path = call->url + strlen(a->host);
		if (!starts_with(call->url, a->host))
			continue;
		a->requests++;
		if (a->mood == DOWN) {
			mock_lose(call, SEAL_EAGAIN, false);
		} else if (!strcmp(call->method, "POST")) {
			post(a, call, path);
		} else if (!strcmp(path, "/dir")) {
			say_directory(a, call);
		} else {
			mock_ca_nonce(&a->door, call);
			mock_reply(call, 200, NULL, "");
		}
	}
}

/* -- a provider ----------------------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	unsigned appends, removes; /* calls */
	int held;		   /* records */
	unsigned appended;
} zone = { .lock = PTHREAD_MUTEX_INITIALIZER };

static enum seal_status on_append(struct seal_op *op, const char *apex,
				  const struct seal_record *r, size_t n)
{
	(void)apex;
	pthread_mutex_lock(&zone.lock);
	zone.appends++;
	zone.appended += (unsigned)n;
	zone.held += (int)n;
	pthread_mutex_unlock(&zone.lock);
	for (size_t i = 0; i < n; i++)
		op->host->emit(op, &r[i]);
	return op->host->wait(op, 5000); /* so that others queue behind it */
}

static enum seal_status on_remove(struct seal_op *op, const char *apex,
				  const struct seal_record *r, size_t n)
{
	(void)apex, (void)r;
	pthread_mutex_lock(&zone.lock);
	zone.removes++;
	zone.held -= (int)n;
	pthread_mutex_unlock(&zone.lock);
	return op->host->wait(op, 5000);
}

static const struct seal_option options[] = { SEAL_OPTIONS_END };
static const struct seal_provider provider = { .abi = SEAL_ABI,
					       .size = sizeof(struct seal_provider),
					       .name = "test",
					       .options = options,
					       .append = on_append,
					       .remove = on_remove };
static struct plugin plugin = { .p = &provider };

/* -- the world ------------------------------------------------------------------------------ */

static struct store store;
static struct login *login, *logins[2]; /* the usual one, and what is configured */
static size_t n_logins;
static struct account_conf first, second;
static struct account_conf *others[] = { &second };
static struct cert_conf certs[CERTS];
static struct turn_result_seen {
	enum turn_result result;
	struct story story;
	int64_t next, at_ms;
} seen[CERTS];
static struct words notes;

static void cast_zone(const char *apex)
{
	scoped(free_p) char *soa = str_printf("%s SOA ns1.%s host.%s 1 7200 900 1209600 300", apex,
					      apex, apex);
	scoped(free_p) char *none = str_printf("NXDOMAIN aa\nau %s", soa);
	scoped(free_p) char *there = str_printf("NOERROR aa\nan %s", soa);
	scoped(free_p) char *below = str_printf("*.%s", apex);

	mock_says("*", below, "*", none);
	mock_says("*", apex, "SOA", there);
}

static void cast_cert(size_t i, const char *name)
{
	struct cert_conf *c = &certs[i];

	*c = (struct cert_conf){ .key = KEY_ECDSA_P256, .account = &first, .keep = 3,
				 .settle_mode = SETTLE_WAIT };
	c->name = str_printf("c%zu", i);
	words_add(&c->names, name);
	resolvers_add(&c->resolvers, "192.0.2.53");
}

/* A fresh world with an empty disk. */
static void begin(void)
{
	static unsigned number;
	struct story story = { 0 };
	scoped(free_p) char *dir = str_printf("%s/%u", temp_dir, number++);

	mock_reset();
	clock_own(WALL, number);
	issuer = issuer ? issuer : test_ca_new(WALL);
	if (store_open(&store, dir, &story))
		ok(false, "%s", story.text);
	login = login_new("main", &plugin, "test");
	if (login_ready(login, &story))
		ok(false, "%s", story.text);
	logins[0] = login;
	n_logins = 1;
	first = (struct account_conf){
				       .agreed = true, .key = KEY_ECDSA_P256 };
	second = first;
	first.name = str_copy("first");
	first.ca = str_copy("ca");
	first.url = str_copy("https://ca.test/dir");
	second.name = str_copy("second");
	second.ca = str_copy("other");
	second.url = str_copy("https://other.test/dir");
	cast_zone("example.org");
	zone.appends = zone.removes = zone.appended = 0;
	zone.held = 0;
}

static void free_account(struct account_conf *a)
{
	free(a->name);
	free(a->ca);
	free(a->url);
	free(a->test_url);
}

static void end(void)
{
	ok(zone.held == 0, "nothing is left in DNS: %d", zone.held);
	store_close(&store);
	login_free(login);
	free_account(&first);
	free_account(&second);
	words_free(&notes);
	for (size_t i = 0; i < CERTS; i++) {
		free(certs[i].name);
		words_free(&certs[i].names);
		certs[i] = (struct cert_conf){ 0 };
	}
	for (size_t i = 0; i < COUNT(authorities); i++) {
		struct authority *a = &authorities[i];
		for (size_t k = 0; k < a->n; k++) {
			free(a->deals[k].name);
			free(a->deals[k].pem);
		}
		mock_ca_free(&a->door);
		*a = (struct authority){ .host = a->host };
	}
}

static void hear(struct events *e, const struct event *ev)
{
	(void)e;
	if (ev->kind == EVENT_NOTE)
		words_add(&notes, ev->detail);
}

static void note_result(void *arg, const struct turn *t)
{
	size_t i = strtoul(turn_name(t) + 1, NULL, 10);

	(void)arg;
	seen[i] = (struct turn_result_seen){ turn_result(t), *turn_story(t), turn_next(t),
					     clock_ms() };
}

struct interrupt {
	struct task task;
	struct timer timer;
	struct round *round;
};

static void interrupt(struct task *t)
{
	round_cancel(container_of(t, struct interrupt, task)->round);
}

/* One run of the program over the first n certificates. */
static struct round_tally run(size_t n, enum turn_force force, int64_t interrupt_ms)
{
	struct events events = { hear };
	struct engine e = { .store = &store, .events = &events };
	struct interrupt in = { 0 };
	struct mock_wait w;

	e.loop = loop_new();
	e.http = http_new(e.loop, NULL);
	mock_http(e.http, answer, NULL);
	e.ops = ops_new(e.loop, e.http, 4);
	e.pool = pool_new(e.loop, 2);
	struct round *r = in.round = round_new(&e, note_result, NULL);
	for (size_t i = 0; i < n; i++)
		round_add(r, &(struct turn_ask){ .engine = &e, .cert = &certs[i], .logins = logins,
						 .n_logins = n_logins, .force = force,
						 .lock_wait_ms = 3000 });
	mock_wait_init(&w, e.loop);
	task_init(&in.task, e.loop, interrupt);
	if (interrupt_ms)
		timer_start(&in.timer, &in.task, interrupt_ms);
	round_start(r, &w.task);
	ok(loop_run(e.loop, &w.done), "the round ends");
	timer_stop(&in.timer);
	task_stop(&in.task);
	struct round_tally ret = *round_tally(r);
	round_free(r);
	ops_free(e.ops);
	pool_free(e.pool);
	http_free(e.http);
	loop_free(e.loop);
	return ret;
}

static struct cert_state state_of(size_t i)
{
	struct cert_state s;
	struct story story = { 0 };

	if (cert_state_load(&store, certs[i].name, &s, &story))
		ok(false, "%s", story.text);
	return s;
}

/* -- rounds --------------------------------------------------------------------------------- */

static void one_that_fails_holds_nobody_up(void)
{
	begin();
	cast_cert(0, "bad.example.org");
	cast_cert(1, "good.example.org");
	ca->spoilt = "bad";
	struct round_tally c = run(2, TURN_WHEN_DUE, 0);
	ok(c.failed == 1 && c.issued == 1, "one fails, one is issued: %zu, %zu", c.failed, c.issued);
	ok(seen[0].result == TURN_FAILED && strstr(seen[0].story.text, "wrong TXT"),
	   "which, and why: %s", seen[0].story.text);
	ok(c.worst == SEAL_EINVAL && c.next == seen[0].next, "the round knows the worst of it");
	unsigned before = ca->requests;
	c = run(2, TURN_WHEN_DUE, 0);
	ok(c.unchanged == 1 && c.deferred == 1, "again: nothing to do, and not yet");
	ok(ca->requests == before, "the CA is not asked at all");
	end();
}

static void many_go_together(void)
{
	begin();
	for (size_t i = 0; i < CERTS; i++) {
		scoped(free_p) char *name = str_printf("n%zu.example.org", i);
		cast_cert(i, name);
	}
	struct round_tally c = run(CERTS, TURN_WHEN_DUE, 0);
	ok(c.issued == CERTS, "all are issued: %zu", c.issued);
	ok(ca->most == SESSION_ORDERS_MAX, "at most so many at the CA at once: %zu", ca->most);
	ok(ca->directories == 1 && ca->accounts == 1, "one session: %u, %u", ca->directories,
	   ca->accounts);
	ok(zone.appended == CERTS && zone.appends <= CERTS / 2,
	   "records go together: %u in %u calls", zone.appended, zone.appends);
	ok(zone.removes <= CERTS / 2, "and leave together: %u calls", zone.removes);
	end();
}

/* A zone whose servers never show the records holds its own certificates, for minutes, and no
 * other. */
static void who_waits_for_dns_holds_nobody_up(void)
{
	const size_t last = 39;

	begin();
	cast_zone("slow.test");
	for (size_t i = 0; i < last; i++) {
		scoped(free_p) char *name = str_printf("n%zu.slow.test", i);
		cast_cert(i, name);
		certs[i].settle_mode = SETTLE_RESOLVERS;
		certs[i].settle_timeout_s = 600;
	}
	cast_cert(last, "good.example.org");
	int64_t before = clock_ms();
	struct round_tally c = run(last + 1, TURN_WHEN_DUE, 0);
	ok(c.failed == last && c.issued == 1, "all but one fail: %zu, %zu", c.failed, c.issued);
	ok(clock_ms() - before > 600000, "after a long time");
	ok(seen[last].at_ms - before < 300000, "that one is issued meanwhile: after %d s",
	   (int)((seen[last].at_ms - before) / 1000));
	end();
}

static void an_interrupt_ends_it_cleanly(void)
{
	begin();
	for (size_t i = 0; i < CERTS; i++) {
		scoped(free_p) char *name = str_printf("n%zu.example.org", i);
		cast_cert(i, name);
	}
	struct round_tally c = run(CERTS, TURN_WHEN_DUE, 7000);
	ok(c.issued + c.failed < CERTS && c.failed, "not all began: %zu issued, %zu cut off",
	   c.issued, c.failed);
	ok(c.worst == SEAL_ECANCELED, "it was interrupted, nothing worse");
	struct cert_state s = state_of(CERTS - 1);
	ok(!s.failures, "and that is no failure of theirs");
	cert_state_free(&s);
	end();
}

/* -- failures ------------------------------------------------------------------------------- */

static void a_failure_is_remembered_across_runs(void)
{
	begin();
	cast_cert(0, "bad.example.org");
	ca->spoilt = "bad";
	static const int steps_s[] = { 60, 600, 6000, 86400 };
	for (size_t i = 0; i < COUNT(steps_s); i++) {
		size_t orders = ca->n;
		run(1, TURN_WHEN_DUE, 0);
		struct cert_state s = state_of(0);
		int64_t in_s = s.next_try - clock_wall();
		ok(ca->n == orders + 1 && s.failures == (int64_t)i + 1, "try %zu", i + 1);
		ok(in_s >= steps_s[i] * 9 / 10 - 1 && in_s <= steps_s[i] * 11 / 10 + 1,
		   "the next after %d s", (int)in_s);
		cert_state_free(&s);
		clock_advance((in_s - 2) * 1000);
		run(1, TURN_WHEN_DUE, 0);
		ok(seen[0].result == TURN_DEFERRED && ca->n == orders + 1,
		   "not before: %s", seen[0].story.text);
		clock_advance(3000);
	}
	size_t orders = ca->n;
	run(1, TURN_WHEN_DUE, 0);
	run(1, TURN_NAMED, 0);
	ok(ca->n == orders + 2, "an operator need not wait");
	ca->spoilt = NULL;
	clock_advance(86400 * 1000);
	run(1, TURN_NAMED, 0);
	struct cert_state s = state_of(0);
	ok(seen[0].result == TURN_ISSUED && !s.failures && !s.next_try && !s.last_error,
	   "success ends it: %s", seen[0].story.text);
	cert_state_free(&s);
	end();
}

static void the_moment_that_a_ca_names_is_obeyed(void)
{
	begin();
	cast_cert(0, "a.example.org");
	ca->mood = LIMITED;
	run(1, TURN_WHEN_DUE, 0);
	ok(seen[0].result == TURN_DEFERRED && seen[0].story.retry_at > clock_wall() + 7000,
	   "deferred: %s", seen[0].story.text);
	unsigned before = ca->requests;
	clock_advance(3600 * 1000);
	run(1, TURN_WHEN_DUE, 0);
	ok(ca->requests == before, "not even asked");
	ca->mood = UP;
	clock_advance(3700 * 1000);
	run(1, TURN_WHEN_DUE, 0);
	ok(seen[0].result == TURN_ISSUED, "then it is issued: %s", seen[0].story.text);
	end();
}

static void what_looks_local_is_rehearsed_first(void)
{
	begin();
	cast_cert(0, "bad.example.org");
	first.test_url = str_copy("https://staging.test/dir");
	ca->spoilt = staging->spoilt = "bad";
	run(1, TURN_WHEN_DUE, 0);
	ok(ca->n == 1 && !staging->n, "the CA refuses");
	struct cert_state s = state_of(0);
	ok(s.rehearse, "and that looked local");
	clock_advance((s.next_try - clock_wall() + 1) * 1000);
	cert_state_free(&s);
	run(1, TURN_WHEN_DUE, 0);
	ok(ca->n == 1 && staging->n == 1, "now only the test CA is asked");
	ok(strstr(seen[0].story.text, "rehearsal: "), "it is said: %s", seen[0].story.text);
	ca->spoilt = staging->spoilt = NULL;
	s = state_of(0);
	clock_advance((s.next_try - clock_wall() + 1) * 1000);
	cert_state_free(&s);
	run(1, TURN_WHEN_DUE, 0);
	ok(staging->n == 2 && ca->n == 2 && seen[0].result == TURN_ISSUED,
	   "once it succeeds, the CA is asked in the same run");
	struct live live;
	struct story story = { 0 };
	ok(!live_read(&store, "c0", &live, &story) &&
	   !strcmp(json_str(live.meta, "ca"), first.url), "whose certificate is live");
	live_free(&live);
	end();
}

static void a_ca_that_is_down_is_replaced(void)
{
	static const enum mood moods[] = { DOWN, LIMITED };

	for (size_t i = 0; i < COUNT(moods); i++) {
		begin();
		cast_cert(0, "a.example.org");
		certs[0].others = others;
		certs[0].n_others = 1;
		ca->mood = moods[i];
		run(1, TURN_WHEN_DUE, 0);
		ok(seen[0].result == TURN_ISSUED && other->n == 1, "by the next account: %s",
		   seen[0].story.text);
		ok(notes.n && strstr(notes.at[notes.n - 1], "the next account is tried: second"),
		   "it is said: %s", notes.n ? notes.at[notes.n - 1] : "");
		ca->mood = UP;
		run(1, TURN_WHEN_DUE, 0);
		ok(seen[0].result == TURN_UNCHANGED, "and that is no reason to order anew");
		end();
	}
}

static void a_local_failure_is_not_carried_to_the_next_ca(void)
{
	begin();
	cast_cert(0, "bad.example.org");
	certs[0].others = others;
	certs[0].n_others = 1;
	ca->spoilt = "bad";
	run(1, TURN_WHEN_DUE, 0);
	ok(seen[0].result == TURN_FAILED && !other->requests, "the other CA is not asked");
	end();
}

static void a_lock_is_waited_for_and_its_holder_named(void)
{
	struct story story = { 0 };
	struct lock lock = LOCK_NONE;

	begin();
	cast_cert(0, "a.example.org");
	cast_cert(1, "b.example.org");
	ok(!store_lock_cert(&store, "c0", 0, &lock, &story), "somebody has the lock");
	int64_t before = clock_ms();
	struct round_tally c = run(2, TURN_WHEN_DUE, 0);
	ok(c.locked == 1 && c.issued == 1, "one is locked, the other not: %zu %zu", c.locked,
	   c.issued);
	ok(clock_ms() - before >= 3000, "it was waited for");
	ok(strstr(seen[0].story.text, "is locked by"), "%s", seen[0].story.text);
	lock_drop(&lock);
	c = run(2, TURN_WHEN_DUE, 0);
	ok(c.issued == 1 && c.unchanged == 1, "later it is issued");
	end();
}

static void a_test_cas_certificate_does_not_replace_a_real_one(void)
{
	begin();
	cast_cert(0, "a.example.org");
	first.test_url = str_copy("https://staging.test/dir");
	run(1, TURN_WHEN_DUE, 0);
	ok(seen[0].result == TURN_ISSUED, "a real one is live");
	free(first.url);
	first.url = str_copy(first.test_url);
	run(1, TURN_NOW, 0);
	ok(seen[0].result == TURN_FAILED && seen[0].story.st == SEAL_ECONFIG && !staging->requests,
	   "refused: %s", seen[0].story.text);
	end();
}

static void credentials_that_are_not_there_concern_who_needs_them(void)
{
	struct story story = { 0 };

	begin();
	cast_cert(0, "a.lost.example.org");
	cast_cert(1, "good.example.org");
	struct login *lost = logins[n_logins++] = login_new("lost", &plugin, "test");
	ok(!login_set(lost, "zones", "lost.example.org", &story), "its zone is known");
	story_fail(&lost->trouble, SEAL_EOPERATOR, "dns lost: token: No such file or directory");
	struct round_tally c = run(2, TURN_WHEN_DUE, 0);
	ok(c.issued == 1 && c.failed == 1, "one is issued, one fails: %zu %zu", c.issued, c.failed);
	is(seen[0].story.text, "dns lost: token: No such file or directory", "with the reason");
	ok(c.worst == SEAL_EOPERATOR && ca->n == 1, "it costs no order");
	struct cert_state s = state_of(0);
	int64_t wait_s = s.next_try - clock_wall();
	ok(s.failures == 1 && wait_s > 70000 && wait_s < 100000, "tried again after a day: %ld s",
	   (long)wait_s);
	cert_state_free(&s);
	struct op op = { .kind = OP_REMOVE, .login = lost, .zone = "lost.example.org" };
	struct mock_wait w;
	struct loop *loop = loop_new();
	struct ops *ops = ops_new(loop, NULL, 1);
	mock_wait_init(&w, loop);
	op_start(ops, &op, &w.task);
	ok(loop_run(loop, &w.done) && op.story.st == SEAL_EOPERATOR, "nor can anything be removed: %s",
	   op.story.text);
	op_free(&op);
	ops_free(ops);
	loop_free(loop);
	login_free(lost);
	end();
}

/* A crash between the switch and the end of the order, with nothing else to do. */
/* An order as an earlier run left it. */
static void leave_order(const char *url)
{
	struct story story = { 0 };
	struct order_file left = { .url = str_copy(url), .ca = str_copy(first.url) };

	words_add(&left.names, certs[0].names.at[0]);
	ok(!key_new(KEY_ECDSA_P256, &left.key, &story) &&
		   !order_file_begin(&store, "c0", &left, &story) &&
		   !order_file_save(&store, "c0", &left, &story),
	   "an order was left: %s", story.text);
	order_file_free(&left);
}

static bool has_order(void)
{
	struct story story = { 0 };
	struct order_file f = { 0 };
	bool has = !order_file_load(&store, "c0", &f, &story);

	order_file_free(&f);
	return has;
}

static void a_rehearsal_leaves_a_real_order_alone(void)
{
	begin();
	cast_cert(0, "bad.example.org");
	first.test_url = str_copy("https://staging.test/dir");
	ca->spoilt = staging->spoilt = "bad";
	run(1, TURN_WHEN_DUE, 0);
	leave_order("https://ca.test/order/77");
	struct cert_state s = state_of(0);
	clock_advance((s.next_try - clock_wall() + 1) * 1000);
	cert_state_free(&s);
	run(1, TURN_WHEN_DUE, 0);
	ok(staging->n == 1 && seen[0].result == TURN_FAILED, "the rehearsal fails");
	ok(has_order(), "the order that the CA works on is still there");
	end();
}

static void a_test_ca_takes_nobodys_place(void)
{
	begin();
	cast_cert(0, "a.example.org");
	second.test_url = str_copy(second.url);
	certs[0].others = others;
	certs[0].n_others = 1;
	ca->mood = DOWN;
	run(1, TURN_WHEN_DUE, 0);
	ok(seen[0].result == TURN_FAILED && !other->requests, "a test CA is no next account");
	end();
}

static void an_order_that_is_over_is_dropped(void)
{
	struct story story = { 0 };

	begin();
	cast_cert(0, "a.example.org");
	run(1, TURN_WHEN_DUE, 0);
	struct live live;
	ok(!live_read(&store, "c0", &live, &story) && json_str(live.meta, "order"), "it is live");
	leave_order(json_str(live.meta, "order"));
	live_free(&live);
	unsigned requests = ca->requests;
	run(1, TURN_WHEN_DUE, 0);
	ok(seen[0].result == TURN_UNCHANGED && ca->requests == requests, "nothing to do");
	ok(!has_order(), "and it is gone");
	end();
}

int main(void)
{
	temp_make();
	mock_http_delay_ms = 50;
	one_that_fails_holds_nobody_up();
	many_go_together();
	who_waits_for_dns_holds_nobody_up();
	an_interrupt_ends_it_cleanly();
	a_failure_is_remembered_across_runs();
	the_moment_that_a_ca_names_is_obeyed();
	what_looks_local_is_rehearsed_first();
	a_ca_that_is_down_is_replaced();
	a_local_failure_is_not_carried_to_the_next_ca();
	a_lock_is_waited_for_and_its_holder_named();
	a_test_cas_certificate_does_not_replace_a_real_one();
	credentials_that_are_not_there_concern_who_needs_them();
	a_rehearsal_leaves_a_real_order_alone();
	a_test_ca_takes_nobodys_place();
	an_order_that_is_over_is_dropped();
	test_ca_free(issuer);
	return done();
}
