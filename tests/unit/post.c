/* links: mock_http mock_ca */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/post.h"
#include "base/clock.h"
#include "tests/mock_ca.h"
#include "tests/tap.h"

#include <stdlib.h>

#define WALL 1800000000 /* Fri, 15 Jan 2027 08:00:00 GMT */
#define POSTS_MAX 60

#define BAD_NONCE "{\"type\":\"urn:ietf:params:acme:error:badNonce\",\"detail\":\"no\"}"
#define JSON "Content-Type: application/json; charset=utf-8"
#define PROBLEM "Content-Type: application/problem+json"

/* One CA that answers everything in one way, after having been difficult `n` times. */
enum trouble { NONE, REFUSE, REFUSE_BARE, LOSE, UNSENT, BUSY, HANG };
static struct scene {
	struct loop *loop;
	struct http *http;
	struct ca ca;
	struct mock_ca door;
	struct task waiter;
	bool over;

	enum trouble trouble;
	unsigned n_trouble; /* this many times, then all is well */
	unsigned n_bare;    /* this many replies carry no nonce */
	long status;
	const char *headers, *body;
	bool no_heads;      /* newNonce gives none */
	const char *wrong;
} s;

static void waiter_run(struct task *t)
{
	(void)t;
	s.over = true;
}

static void give_trouble(struct http_call *call)
{
	s.n_trouble--;
	switch (s.trouble) {
	case REFUSE:
		mock_ca_nonce(&s.door, call);
		/* fall through */
	case REFUSE_BARE:
		mock_reply(call, 400, PROBLEM, BAD_NONCE);
		break;
	case LOSE:
		mock_lose(call, SEAL_EAGAIN, true);
		break;
	case UNSENT:
		mock_lose(call, SEAL_EAGAIN, false);
		break;
	case BUSY:
		mock_ca_nonce(&s.door, call);
		mock_reply(call, s.status, s.headers, s.body);
		break;
	case NONE:
	case HANG:
		break;
	}
}

static void answer(void *arg, struct http_call *call)
{
	struct visit v;

	(void)arg;
	if (!strcmp(call->method, "HEAD")) {
		s.door.heads++;
		if (s.trouble == LOSE && s.no_heads)
			mock_lose(call, SEAL_EAGAIN, true);
		else if (!s.no_heads)
			mock_ca_nonce(&s.door, call);
		if (!(s.trouble == LOSE && s.no_heads))
			mock_reply(call, 200, NULL, NULL);
		return;
	}
	if (s.n_trouble && s.trouble == UNSENT) { /* never arrived */
		s.door.posts++;
		give_trouble(call);
		return;
	}
	const char *wrong = mock_ca_open(&s.door, call, &v);
	if (!wrong && !v.nonce_good)
		wrong = "a nonce twice, or one that is not ours";
	s.wrong = s.wrong ? s.wrong : wrong;
	visit_free(&v);
	if (s.n_trouble && s.trouble != NONE) {
		give_trouble(call);
		return;
	}
	if (s.n_bare)
		s.n_bare--;
	else
		mock_ca_nonce(&s.door, call);
	if (s.trouble == BUSY || !s.status)
		mock_reply(call, 200, JSON, "{}");
	else
		mock_reply(call, s.status, s.headers, s.body);
}

static void begin(void)
{
	struct story story = { 0 };
	char url[] = "https://ca.test/dir";
	static char kept[sizeof(url)];

	memset(&s, 0, sizeof(s));
	memcpy(kept, url, sizeof(url));
	clock_own(WALL, 1);
	s.loop = loop_new();
	s.http = http_new(s.loop, NULL);
	mock_http(s.http, answer, NULL);
	ca_init(&s.ca, s.http, kept, NULL);
	s.ca.dir.new_nonce = str_copy("https://ca.test/nonce");
	s.ca.has_dir = true;
	s.ca.kid = str_copy("https://ca.test/acct/1");
	ok(!key_new(KEY_ECDSA_P256, &s.ca.key, &story), "-- a CA");
	task_init(&s.waiter, s.loop, waiter_run);
}

static void end(void)
{
	ok(!s.wrong, "every request was well-formed%s%s", s.wrong ? ": " : "",
	   s.wrong ? s.wrong : "");
	ca_free(&s.ca);
	http_free(s.http);
	loop_free(s.loop);
	mock_ca_free(&s.door);
}

static enum seal_status go(struct post *p)
{
	s.over = false;
	post_start(p, &s.waiter);
	if (!loop_run(s.loop, &s.over))
		ok(false, "the loop has nothing more to do, yet the post is not over");
	return p->story.st;
}

static struct post new_post(void)
{
	return (struct post){ .ca = &s.ca, .url = "https://ca.test/x", .payload = "" };
}

static void one_name_costs_one_head(void)
{
	begin();
	for (int i = 0; i < 10; i++) {
		struct post p = new_post();
		ok(!go(&p) && p.json && p.status == 200, "post %d", i);
		post_free(&p);
	}
	ok(s.door.heads == 1 && s.ca.requests == 11, "10 posts, %u HEAD", s.door.heads);
	ok(s.ca.nonces_alive == 1 && s.ca.n_nonces == 1 && s.ca.rtt_ms == MOCK_DELAY_MS,
	   "one nonce alive, round trip %u ms", s.ca.rtt_ms);
	clock_advance(NONCE_AGE_S * 1000 + 1000);
	struct post p = new_post();
	ok(!go(&p) && s.door.heads == 2, "after a long wait a new one is fetched");
	post_free(&p);
	end();
}

static void nonce_storms(void)
{
	static const struct {
		enum trouble trouble;
		unsigned n;
		enum seal_status st;
		unsigned posts, heads;
		int64_t rest_ms; /* between rounds of 12 */
	} cases[] = {
		{ REFUSE, 1, SEAL_OK, 2, 1, 0 },
		{ REFUSE, 11, SEAL_OK, 12, 1, 0 },
		{ REFUSE, 12, SEAL_OK, 13, 1, 1000 },
		{ REFUSE, 35, SEAL_OK, 36, 1, 4000 },
		{ REFUSE, 36, SEAL_EAGAIN, 36, 1, 4000 },
		{ REFUSE_BARE, 3, SEAL_OK, 4, 4, 0 }, /* no nonce in the refusal: fetch one */
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		struct post p = new_post();
		s.trouble = cases[i].trouble;
		s.n_trouble = cases[i].n;
		int64_t began = clock_ms();
		ok(go(&p) == cases[i].st, "%u refusals: %s", cases[i].n, status_name(cases[i].st));
		ok(s.door.posts == cases[i].posts && s.door.heads == cases[i].heads,
		   "%u posts, %u HEADs", s.door.posts, s.door.heads);
		ok(clock_ms() - began ==
			   (int64_t)MOCK_DELAY_MS * (cases[i].posts + cases[i].heads) +
				   cases[i].rest_ms,
		   "resting %d ms", (int)cases[i].rest_ms);
		ok(s.ca.nonces_alive == s.ca.n_nonces, "the count is right");
		post_free(&p);
		end();
	}
}

static void run_many(struct post *posts, size_t n)
{
	s.over = false;
	for (size_t i = 0; i < n; i++) {
		posts[i] = new_post();
		post_start(&posts[i], &s.waiter);
	}
	if (!loop_run(s.loop, &s.over))
		ok(false, "some post starves");
}

static size_t count_good(struct post *posts, size_t n)
{
	size_t good = 0;

	for (size_t i = 0; i < n; i++) {
		good += !posts[i].story.st;
		post_free(&posts[i]);
	}
	return good;
}

static void fifty_at_once(void)
{
	static struct post posts[POSTS_MAX];

	begin();
	struct post first = new_post();
	ok(!go(&first) && s.door.heads == 1, "one before");
	post_free(&first);
	run_many(posts, 50);
	ok(count_good(posts, 50) == 50, "50 posts are answered");
	ok(s.door.heads == 4, "with 3 more HEADs (%u)", s.door.heads - 1);
	ok(s.ca.nonces_alive == NONCE_WINDOW && s.ca.n_nonces == NONCE_WINDOW, "4 nonces alive");
	run_many(posts, 50);
	ok(count_good(posts, 50) == 50 && s.door.heads == 4, "50 more need none");
	end();

	begin();
	run_many(posts, 3);
	ok(count_good(posts, 3) == 3 && s.door.heads == 1, "3 from nothing: %u HEADs",
	   s.door.heads);
	end();

	begin();
	mock_http_delay_ms = NONCE_FAR_MS - 1;
	run_many(posts, 50);
	ok(count_good(posts, 50) == 50 && s.door.heads == 1, "50 at a CA next door: %u HEAD",
	   s.door.heads);
	mock_http_delay_ms = MOCK_DELAY_MS;
	end();
}

static void a_refused_post_does_not_line_up_again(void)
{
	static struct post posts[POSTS_MAX];

	begin();
	s.trouble = REFUSE;
	s.n_trouble = 1;
	s.over = false;
	for (size_t i = 0; i < 3; i++) {
		posts[i] = new_post();
		post_start(&posts[i], &s.waiter);
	}
	posts[0].waiter->pending = 1; /* until the first one is over */
	ok(loop_run(s.loop, &s.over) && posts[0].status == 200 && !posts[1].status,
	   "the nonce of a refusal is for the one that was refused");
	s.waiter.pending = 2;
	s.over = false;
	ok(loop_run(s.loop, &s.over) && count_good(posts, 3) == 3,
	   "then the others have their turn");
	end();
}

static void fifty_with_everything_going_wrong(void)
{
	static struct post posts[POSTS_MAX];
	static const enum trouble troubles[] = { REFUSE, REFUSE_BARE, LOSE, UNSENT };

	for (size_t i = 0; i < COUNT(troubles); i++) {
		begin();
		s.trouble = troubles[i];
		s.n_trouble = 2;
		s.n_bare = 45; /* most good replies bring no nonce back */
		run_many(posts, 50);
		ok(count_good(posts, 50) == 50, "trouble %zu: 50 posts are answered, %u HEADs", i,
		   s.door.heads);
		ok(s.ca.nonces_alive == s.ca.n_nonces, "the count is right");
		end();
	}
}

static void no_nonce_to_be_had(void)
{
	static struct post posts[POSTS_MAX];

	begin();
	s.no_heads = true;
	struct post p = new_post();
	ok(go(&p) == SEAL_EPROTO && strstr(p.story.text, "Replay-Nonce"), "%s", p.story.text);
	post_free(&p);
	run_many(posts, 20);
	ok(count_good(posts, 20) == 0 && s.door.heads == 1 + NONCE_WINDOW,
	   "20 fail together, %u HEADs", s.door.heads);
	ok(!s.ca.nonces_alive, "none alive");
	end();

	begin();
	s.no_heads = true;
	s.trouble = LOSE;
	s.ca.rtt_ms = NONCE_FAR_MS;
	run_many(posts, 20);
	ok(count_good(posts, 20) == 0 && s.door.heads == 3 * NONCE_WINDOW,
	   "unreachable: %u HEADs", s.door.heads);
	end();
}

static void lost_replies(void)
{
	static const struct {
		enum trouble trouble;
		unsigned n;
		bool once;
		enum seal_status st;
		unsigned posts, heads;
		int64_t pauses_ms;
	} cases[] = {
		{ LOSE, 1, false, SEAL_OK, 2, 2, 1000 },
		{ LOSE, 2, false, SEAL_OK, 3, 3, 4000 },
		{ LOSE, 3, false, SEAL_EAGAIN, 3, 3, 4000 },
		{ UNSENT, 2, false, SEAL_OK, 3, 1, 4000 }, /* its nonce is still good */
		{ LOSE, 1, true, SEAL_EAGAIN, 1, 1, 0 },
		{ UNSENT, 1, true, SEAL_OK, 2, 1, 1000 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		struct post p = new_post();
		s.trouble = cases[i].trouble;
		s.n_trouble = cases[i].n;
		p.once = cases[i].once;
		int64_t began = clock_ms();
		enum seal_status st = go(&p);
		int64_t took = clock_ms() - began -
			       (int64_t)MOCK_DELAY_MS * (cases[i].posts + cases[i].heads);
		ok(st == cases[i].st && s.door.posts == cases[i].posts &&
			   s.door.heads == cases[i].heads,
		   "case %zu: %s, %u posts, %u HEADs", i, status_name(st), s.door.posts,
		   s.door.heads);
		ok(took == cases[i].pauses_ms, "after %d ms of pauses", (int)took);
		ok(!st == (p.status == 200), "status is of the last reply");
		ok(s.ca.nonces_alive == s.ca.n_nonces, "the count is right");
		post_free(&p);
		end();
	}
}

#define RATE "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many\"}"

/* In a run of many, those behind the first do not all wait for what cannot come. */
static void a_ca_that_falls_silent(void)
{
	begin();
	s.trouble = LOSE;
	s.n_trouble = 1000;
	s.no_heads = true;
	struct post p = new_post();
	ok(go(&p) == SEAL_EAGAIN && s.door.heads == 3, "asked %u times", s.door.heads);
	ok(go(&p) == SEAL_EAGAIN && s.door.heads == 6, "so the next: it is not long yet");
	clock_advance(CA_MUTE_MS);
	ok(go(&p) == SEAL_EAGAIN && s.door.heads == 9, "that nobody asked meanwhile says nothing");
	int64_t began = clock_ms();
	ok(go(&p) == SEAL_EAGAIN && s.door.heads == 9 && clock_ms() == began,
	   "then at once: %s", p.story.text);
	s.trouble = NONE;
	s.no_heads = false;
	ok(go(&p) == SEAL_EAGAIN, "it may be back, but a rest it shall have");
	clock_advance(CA_MUTE_REST_MS);
	ok(!go(&p) && !s.ca.lost_ms, "after that it is asked again");
	post_free(&p);
	end();
}

static void moments_named_by_the_ca(void)
{
	static const struct {
		unsigned n; /* 99: always */
		long status;
		const char *headers, *body;
		enum seal_status st;
		unsigned posts;
		int64_t pause_ms, retry_in_s;
	} cases[] = {
		{ 1, 503, "Retry-After: 7", NULL, SEAL_OK, 2, 7000, 0 },
		{ 1, 429, "Retry-After: 10\n" PROBLEM, RATE, SEAL_OK, 2, 10000, 0 },
		{ 1, 503, "Date: Thu, 01 Jan 2026 00:00:00 GMT\n"
			  "Retry-After: Thu, 01 Jan 2026 00:00:05 GMT", NULL, SEAL_OK, 2, 5000, 0 },
		{ 1, 503, "Retry-After: 0", NULL, SEAL_OK, 2, 1000, 0 },
		{ 99, 503, "Retry-After: 7", NULL, SEAL_ELIMIT, 2, 7000, 7 },
		{ 99, 503, "Retry-After: 11", NULL, SEAL_ELIMIT, 1, 0, 11 },
		{ 99, 429, "Retry-After: 3600\n" PROBLEM, RATE, SEAL_ELIMIT, 1, 0, 3600 },
		{ 99, 429, "Date: Thu, 01 Jan 2026 00:00:00 GMT\n"
			   "Retry-After: Thu, 01 Jan 2026 01:00:00 GMT\n" PROBLEM,
		  RATE, SEAL_ELIMIT, 1, 0, 3600 },
		{ 99, 429, PROBLEM, RATE, SEAL_ELIMIT, 1, 0, 0 },
		{ 99, 500, "Retry-After: 60", NULL, SEAL_EAGAIN, 1, 0, 60 },
		{ 2, 502, "Content-Type: text/html", "<html>", SEAL_OK, 3, 4000, 0 },
		{ 99, 504, "Content-Type: text/html", "<html>", SEAL_EAGAIN, 3, 4000, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		struct post p = new_post();
		s.trouble = BUSY;
		s.n_trouble = cases[i].n;
		s.status = cases[i].status;
		s.headers = cases[i].headers;
		s.body = cases[i].body;
		int64_t began = clock_ms();
		enum seal_status st = go(&p);
		int64_t took = clock_ms() - began - (int64_t)MOCK_DELAY_MS * (cases[i].posts + 1);
		ok(st == cases[i].st && s.door.posts == cases[i].posts,
		   "case %zu, %ld x%u: %s (%s)", i, cases[i].status, cases[i].n, status_name(st),
		   p.story.text);
		ok(took == cases[i].pause_ms, "waited %d ms", (int)took);
		int64_t in = p.story.retry_at ? p.story.retry_at - clock_wall() : 0;
		ok(in == cases[i].retry_in_s, "next try in %d s", (int)in);
		post_free(&p);
		end();
	}
}

static void replies_of_the_wrong_kind(void)
{
	static const struct {
		long status;
		const char *headers, *body, *accept;
		enum seal_status st;
		const char *says;
	} cases[] = {
		{ 403, "Content-Type: text/html", "<html>", NULL, SEAL_EPROTO,
		  "CA answered 403 text/html where JSON was expected" },
		{ 200, "Content-Type: text/html", "<html>", NULL, SEAL_EPROTO,
		  "CA answered 200 text/html where JSON was expected" },
		{ 200, JSON, "{\"a\":", NULL, SEAL_EPROTO, "no good JSON" },
		{ 200, JSON, "{} x", NULL, SEAL_EPROTO, "no good JSON" },
		{ 200, NULL, NULL, NULL, SEAL_OK, "" },
		{ 302, "Location: https://ca.test/y", NULL, NULL, SEAL_EPROTO, "redirects" },
		{ 404, JSON, "{\"x\":1}", NULL, SEAL_ENOTFOUND, "404 application/json" },
		{ 403, NULL, "{\"type\":\"about:blank\",\"detail\":\"untyped\"}", NULL, SEAL_EINVAL,
		  "untyped" },
		{ 200, "Content-Type: application/pem-certificate-chain", "PEM",
		  "application/pem-certificate-chain", SEAL_OK, "" },
		{ 200, JSON, "{}", "application/pem-certificate-chain", SEAL_EPROTO,
		  "where application/pem-certificate-chain was expected" },
		{ 401, PROBLEM, "{\"type\":\"urn:ietf:params:acme:error:unauthorized\"}",
		  "application/pem-certificate-chain", SEAL_EINVAL, "unauthorized" },
		{ 400, "Content-Type: text/\x1b[2J", "x", NULL, SEAL_EPROTO, "text/\\x1B[2j" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		struct post p = new_post();
		p.accept = cases[i].accept;
		s.status = cases[i].status;
		s.headers = cases[i].headers;
		s.body = cases[i].body;
		ok(go(&p) == cases[i].st && strstr(p.story.text, cases[i].says), "%ld: %s",
		   cases[i].status, p.story.text);
		post_free(&p);
		end();
	}
}

static void hostile_places(void)
{
	static const struct {
		const char *location;
		bool taken;
	} cases[] = {
		{ "https://ca.test/order/1", true },
		{ "https://CA.TEST:443/order/1", true },
		{ "http://ca.test/order/1", false },
		{ "https://evil.test/order/1", false },
		{ "https://ca.test.evil.test/", false },
		{ "https://ca.test@evil.test/", false },
		{ "https://ca.test:8443/order/1", false },
		{ "https://ca.tes", false },
		{ "https://ca.test/\x1b[2J", false },
		{ "https://ca.test/#x", false },
		{ "//ca.test/order/1", false },
		{ "file:///etc/passwd", false },
		{ "", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		begin();
		scoped(free_p) char *headers =
			str_printf(JSON "\nLocation: %s", cases[i].location);
		struct post p = new_post();
		s.status = 201;
		s.headers = headers;
		s.body = "{}";
		go(&p);
		ok(!!post_location(&p) == cases[i].taken, "%s is %s", cases[i].location,
		   cases[i].taken ? "taken" : "not taken");
		post_free(&p);
		end();
	}
}

static void a_post_is_canceled_wherever_it_is(void)
{
	static struct post posts[POSTS_MAX];

	for (int64_t at_ms = 0; at_ms < 5 * MOCK_DELAY_MS; at_ms += 5) {
		struct task stop;
		struct timer timer = { 0 };
		bool now = false;

		begin();
		s.trouble = at_ms % 2 ? HANG : NONE;
		s.n_trouble = 99;
		for (size_t i = 0; i < 10; i++) {
			posts[i] = new_post();
			post_start(&posts[i], &s.waiter);
		}
		task_init(&stop, s.loop, waiter_run);
		timer_start(&timer, &stop, at_ms);
		loop_run(s.loop, &s.over); /* until the timer */
		for (size_t i = 0; i < 10; i++)
			if (i % 3)
				post_cancel(&posts[i]);
		s.trouble = NONE;
		for (size_t i = 0; i < 10; i += 3) /* those that hang would hang for ever */
			if (at_ms % 2)
				post_cancel(&posts[i]);
		s.over = false;
		if (s.waiter.pending)
			now = loop_run(s.loop, &s.over);
		ok(now || !s.waiter.pending, "at %d ms: all are over", (int)at_ms);
		ok(s.ca.nonces_alive == s.ca.n_nonces, "and the count is right (%u, %zu)",
		   s.ca.nonces_alive, s.ca.n_nonces);
		timer_stop(&timer);
		task_stop(&stop);
		count_good(posts, 10);
		end();
	}
}

int main(void)
{
	one_name_costs_one_head();
	nonce_storms();
	fifty_at_once();
	a_refused_post_does_not_line_up_again();
	fifty_with_everything_going_wrong();
	no_nonce_to_be_had();
	lost_replies();
	a_ca_that_falls_silent();
	moments_named_by_the_ca();
	replies_of_the_wrong_kind();
	hostile_places();
	a_post_is_canceled_wherever_it_is();
	return done();
}
