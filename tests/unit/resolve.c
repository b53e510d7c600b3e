/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * One question to one server, for each way a server can behave. */
#include "config.h"

#include "net/resolve.h"

#include "base/clock.h"
#include "responder.h"
#include "tap.h"

#include <sys/resource.h>
#include <time.h>

static struct loop *loop;

/* "t.example.org TXT" with an OPT record of 11 octets at its end. */
static const uint8_t query[] = {
	0x12, 0x34, 0,	0,    0,    1,	 0,   0,   0,	0,   0, 1, /* header */
	1,    't',  7,	'e',  'x',  'a', 'm', 'p', 'l', 'e', 3, 'o',
	'r',  'g',  0,	0,    16,   0,	 1,			/* question */
	0,    0,    41, 0x04, 0xd0, 0,	 0,   0,   0,	0,   0, /* OPT */
};

/* The servers. */

static size_t plain(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r;
	return responder_echo(q, len, 0x0400, out);
}

static size_t nxdomain(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r;
	return responder_echo(q, len, 0x0403, out);
}

static size_t servfail(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r;
	return responder_echo(q, len, 2, out);
}

static size_t refused(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r;
	return responder_echo(q, len, 5, out);
}

static size_t silence(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r, (void)q, (void)len, (void)out;
	return 0;
}

static size_t second_time(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	return atomic_load(&r->queries) > 1 ? plain(r, q, len, out) : 0;
}

static size_t garbage(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r, (void)len;
	memset(out, 0xff, 60);
	memcpy(out, q, 2);
	return 60;
}

static size_t wrong_id_first(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	size_t n = responder_echo(q, len, 0x0403, out);

	out[0] ^= 0xff;
	responder_send(r, out, n);
	return plain(r, q, len, out);
}

static size_t truncated(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	return responder_echo(q, len, r->by_tcp ? 0x0400 : 0x0600, out);
}

/* The asker. */

struct asker {
	struct task task;
	struct question q;
	bool finished;
};

static void finished(struct task *t)
{
	container_of(t, struct asker, task)->finished = true;
}

static void prepare(struct asker *a, unsigned timeout_ms)
{
	*a = (struct asker){
		.q = { .query = query, .query_len = sizeof(query), .timeout_ms = timeout_ms }
	};
	task_init(&a->task, loop, finished);
}

static void ask(struct asker *a)
{
	a->finished = false;
	question_start(&a->q, &a->task);
	if (a->finished || !a->task.pending)
		printf("# over before it began\n");
	loop_run(loop, &a->finished);
}

static unsigned flags_of(const struct question *q)
{
	return q->reply_len > 3 ? (unsigned)q->reply[2] << 8 | q->reply[3] : 0xffff;
}

static void behaviours(int family)
{
	static const struct {
		const char *what;
		size_t (*answer)(struct responder *, const uint8_t *, size_t, uint8_t *);
		bool tcp;
		enum answer_kind kind;
		unsigned flags, queries, accepts;
	} cases[] = {
		{ "a reply", plain, false, ANSWER_REPLY, 0x8400, 1, 0 },
		{ "a reply over TCP", plain, true, ANSWER_REPLY, 0x8400, 1, 1 },
		{ "NXDOMAIN", nxdomain, false, ANSWER_REPLY, 0x8403, 1, 0 },
		{ "SERVFAIL is an answer too", servfail, false, ANSWER_REPLY, 0x8002, 1, 0 },
		{ "REFUSED is", refused, false, ANSWER_REPLY, 0x8005, 1, 0 },
		{ "silence", silence, false, ANSWER_SILENT, 0, 2, 0 },
		{ "a first try is lost", second_time, false, ANSWER_REPLY, 0x8400, 2, 0 },
		{ "wrong id first", wrong_id_first, false, ANSWER_REPLY, 0x8400, 1, 0 },
		{ "truncated, whole over TCP", truncated, false, ANSWER_REPLY, 0x8400, 2, 1 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		static struct responder r;
		struct asker a;
		r = (struct responder){ .answer = cases[i].answer, .family = family };
		if (!responder_start(&r)) {
			ok(family == AF_INET6, "%s # SKIP no IPv6 here", cases[i].what);
			continue;
		}
		prepare(&a, 300);
		snprintf(a.q.server, SERVER_LEN, family == AF_INET6 ? "[::1]:%u" : "127.0.0.1:%u",
			 r.port);
		a.q.tcp = cases[i].tcp;
		ask(&a);
		ok(a.q.kind == cases[i].kind, "%s: kind %d after %u ms", cases[i].what, a.q.kind,
		   a.q.took_ms);
		if (cases[i].kind == ANSWER_REPLY)
			ok((flags_of(&a.q) & 0xff0f) == cases[i].flags, "flags %04x",
			   flags_of(&a.q));
		ok(atomic_load(&r.queries) == cases[i].queries &&
			   atomic_load(&r.accepts) == cases[i].accepts,
		   "%u queries, %u over TCP", cases[i].queries, cases[i].accepts);
		question_free(&a.q);
		responder_stop(&r);
	}
}

static void garbage_is_no_answer(void)
{
	static struct responder r = { .answer = garbage };
	struct asker a;

	if (!ok(responder_start(&r), "a server"))
		return;
	prepare(&a, 200);
	snprintf(a.q.server, SERVER_LEN, "127.0.0.1:%u", r.port);
	ask(&a); /* 1.18: not ours, so silence; 1.34: bad at once */
	ok((a.q.kind == ANSWER_SILENT || a.q.kind == ANSWER_BAD) && !a.q.reply, "kind %d",
	   a.q.kind);
	question_free(&a.q);
	responder_stop(&r);
}

static unsigned closed_port(void)
{
	static struct responder r = { .answer = silence };

	if (!responder_start(&r))
		return 1;
	responder_stop(&r);
	return r.port;
}

static void nobody_there_is_told_at_once(void)
{
	char closed[SERVER_LEN];
	const struct {
		const char *server;
		bool tcp;
	} cases[] = {
		{ closed, false },
		{ closed, true },
		{ "255.255.255.255:53", true }, /* connect() itself fails */
		{ "not an address", false },
	};

	snprintf(closed, sizeof(closed), "127.0.0.1:%u", closed_port());
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct asker a;
		prepare(&a, 400);
		snprintf(a.q.server, SERVER_LEN, "%s", cases[i].server);
		a.q.tcp = cases[i].tcp;
		ask(&a);
		ok(a.q.kind == ANSWER_UNREACHABLE && a.q.took_ms < 200,
		   "%s %s: kind %d after %u ms", a.q.server, a.q.tcp ? "TCP" : "UDP", a.q.kind,
		   a.q.took_ms);
		question_free(&a.q);
	}
}

static int64_t cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) + u.ru_utime.tv_usec +
	       u.ru_stime.tv_usec;
}

static void many_wait_together(void)
{
	enum { N = 50 };
	static struct responder quiet = { .answer = silence }, good = { .answer = plain };
	static struct asker a[N];
	bool fine = true;

	if (!ok(responder_start(&quiet) && responder_start(&good), "two servers"))
		return;
	int64_t cpu = cpu_us();
	struct timespec from, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < N; i++) {
		prepare(&a[i], 200);
		snprintf(a[i].q.server, SERVER_LEN, "127.0.0.1:%u", i % 2 ? good.port : quiet.port);
		question_start(&a[i].q, &a[i].task);
	}
	for (int i = 0; i < N; i++) {
		fine = loop_run(loop, &a[i].finished) && fine;
		fine = fine && a[i].q.kind == (i % 2 ? ANSWER_REPLY : ANSWER_SILENT);
		question_free(&a[i].q);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	cpu = cpu_us() - cpu;
	int ms = (int)((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000);
	ok(fine, "%d questions, each its own answer", N);
	ok(ms < 1500, "together %d ms, not one after the other", ms);
	ok(cpu < 200000, "%d us of CPU", (int)cpu);
	ok(!loop_run(loop, &(bool){ false }), "and nothing is left behind");
	responder_stop(&quiet);
	responder_stop(&good);
}

static void questions_can_be_canceled(void)
{
	static struct responder r = { .answer = silence };
	struct asker a;
	struct question never = { 0 };

	question_cancel(&never);
	ok(never.kind == ANSWER_NONE, "one that never ran is left alone");
	if (!ok(responder_start(&r), "a server"))
		return;
	prepare(&a, 5000);
	snprintf(a.q.server, SERVER_LEN, "127.0.0.1:%u", r.port);
	question_start(&a.q, &a.task);
	question_cancel(&a.q);
	ok(a.q.kind == ANSWER_CANCELED && !a.task.pending && !a.finished, "at once");
	loop_run(loop, &a.finished);
	ok(a.finished && !loop_run(loop, &(bool){ false }), "the task runs, nothing is left");
	question_cancel(&a.q);
	a.q.server[0] = 'x';
	a.finished = false;
	question_start(&a.q, &a.task);
	question_cancel(&a.q);
	ok(a.q.kind == ANSWER_CANCELED, "one that failed but is not yet over");
	loop_run(loop, &a.finished);
	question_free(&a.q);
	question_free(NULL);
	responder_stop(&r);
}

static void servers_are_addresses(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1:53" },
		{ "192.0.2.1:5353", "192.0.2.1:5353" },
		{ "2001:DB8:0::1", "[2001:db8::1]:53" },
		{ "[2001:db8::1]", "[2001:db8::1]:53" },
		{ "[2001:db8::1]:5353", "[2001:db8::1]:5353" },
		{ "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535",
		  "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535" },
		{ "ns.example.org", NULL },
		{ "192.0.2.256", NULL },
		{ "192.0.2", NULL },
		{ "192.0.2.1:0", NULL },
		{ "192.0.2.1:65536", NULL },
		{ "192.0.2.1:", NULL },
		{ "192.0.2.1:5 ", NULL },
		{ " 192.0.2.1", NULL },
		{ "[192.0.2.1]", NULL },
		{ "[2001:db8::1", NULL },
		{ "[2001:db8::1]5", NULL },
		{ "[2001:db8::1]:", NULL },
		{ "fe80::1%eth0", NULL },
		{ "", NULL },
		{ "[]", NULL },
		{ ":53", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char got[SERVER_LEN];
		bool good = server_parse(cases[i].text, got);
		if (cases[i].want)
			is(good ? got : NULL, cases[i].want, cases[i].text);
		else
			ok(!good, "\"%s\" is none", cases[i].text);
	}
}

int main(void)
{
	loop = loop_new();
	behaviours(AF_INET);
	behaviours(AF_INET6);
	garbage_is_no_answer();
	nobody_there_is_told_at_once();
	many_wait_together();
	questions_can_be_canceled();
	servers_are_addresses();
	clock_own(1700000000, 1);
	int64_t began = clock_ms();
	behaviours(AF_INET);
	ok(clock_ms() == began, "a test's own time has stood still");
	loop_free(loop);
	return done();
}
