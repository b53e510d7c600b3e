/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/mock_resolve.h"

#include "base/clock.h"
#include "dns/rdata.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REPLY_MS 20
#define SAID_MAX 400
#define ASKED_MAX 20000

struct said {
	int64_t at_ms;
	const char *server, *name, *type, *reply;
};
static struct said said[SAID_MAX];
static size_t n_said;

struct asked {
	char server[SERVER_LEN], name[256];
	uint16_t type;
};
static struct asked *asked;
static size_t n_asked;
static unsigned n_recursive, n_flying, n_most;
static int64_t began_ms;
static struct arena texts;

struct flight {
	struct timer timer;
	struct task task;
	struct question *question;
	const char *reply;
};

static void forget(void)
{
	arena_free(&texts);
	free(asked);
	asked = NULL;
}

void mock_reset(void)
{
	static bool again;

	if (!again)
		atexit(forget);
	again = true;
	forget();
	asked = mem_array(ASKED_MAX, sizeof(*asked));
	n_said = n_asked = 0;
	n_recursive = n_flying = n_most = 0;
	clock_own(1800000000, 1);
	began_ms = clock_ms();
}

int64_t mock_ms(void)
{
	return clock_ms() - began_ms;
}

void mock_later(int64_t at_ms, const char *server, const char *name, const char *type,
		const char *reply)
{
	if (n_said == SAID_MAX)
		abort();
	said[n_said++] = (struct said){
		.at_ms = at_ms,
		.server = arena_str(&texts, server),
		.name = arena_str(&texts, name),
		.type = arena_str(&texts, type),
		.reply = arena_str(&texts, reply),
	};
}

void mock_says(const char *server, const char *name, const char *type, const char *reply)
{
	mock_later(0, server, name, type, reply);
}

static bool fits(const char *pattern, const char *text)
{
	return !strcmp(pattern, "*") || !strcasecmp(pattern, text);
}

static bool name_fits(const char *pattern, const char *name)
{
	return fits(pattern, name) ||
	       (!strncmp(pattern, "*.", 2) && name_is_under(name, pattern + 2) &&
		!name_same(name, pattern + 2));
}

unsigned mock_asked(const char *server, const char *name, const char *type)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_asked; i++) {
		char t[16];
		n += fits(server, asked[i].server) && name_fits(name, asked[i].name) &&
		     fits(type, rr_type_name(asked[i].type, t));
	}
	return n;
}

unsigned mock_recursive(void)
{
	return n_recursive;
}

unsigned mock_most(void)
{
	return n_most;
}

unsigned mock_under_way(void)
{
	return n_flying;
}

static const char *find_reply(const struct question *q, const char *name, uint16_t type)
{
	char t[16];

	rr_type_name(type, t);
	for (size_t i = n_said; i-- > 0;)
		if (said[i].at_ms <= mock_ms() && fits(said[i].server, q->server) &&
		    name_fits(said[i].name, name) && fits(said[i].type, t))
			return said[i].reply;
	return "silence";
}

/* ---- the reply ---- */

static void add_record(struct buf *b, uint16_t count[4], const char *line, const char *qname)
{
	static const char *const sections[] = { "", "an", "au", "ar" };
	char section[3], owner[300], type[16];
	uint8_t wire[NAME_WIRE_MAX];
	struct buf data = { 0 };
	int used = 0;

	if (sscanf(line, "%2s %299s %15s %n", section, owner, type, &used) != 3)
		abort();
	for (size_t i = 1; i < COUNT(sections); i++)
		count[i] += !strcmp(section, sections[i]);
	size_t n = name_to_wire(strcmp(owner, "@") ? owner : qname, wire);
	/* Written by number a type's data is what it is, also what our writer would not make. */
	uint16_t as = strncmp(type, "TYPE", 4) ? rr_type(type) : UINT16_MAX;
	if (!n || !rdata_pack(as, line + used, &data)) {
		fprintf(stderr, "mock: bad record: %s\n", line);
		abort();
	}
	buf_add(b, wire, n);
	buf_u16(b, rr_type(type));
	buf_u16(b, CLASS_IN);
	buf_u32(b, 300);
	buf_u16(b, (unsigned)data.len);
	buf_add(b, data.data, data.len);
	buf_free(&data);
}

static unsigned flags_of(const char *line)
{
	char word[32];
	unsigned flags = 0x8000;

	for (int used = 0; sscanf(line, "%31s%n", word, &used) == 1; line += used) {
		if (!strcmp(word, "aa"))
			flags |= 0x0400;
		for (unsigned rcode = 0; rcode < 16; rcode++)
			if (!strcmp(word, rcode_name(rcode)))
				flags |= rcode;
	}
	return flags;
}

static void build(struct question *q, const char *reply)
{
	char *text = str_copy(reply), *rest = text, *line = strsep(&rest, "\n");
	char qname[NAME_MAX_LEN];
	struct buf b = { 0 };
	uint16_t count[4] = { 1, 0, 0, 0 };
	size_t end = 0;

	if (!wire_name(q->query, q->query_len, 12, qname, &end))
		abort();
	buf_add(&b, q->query, 2);
	buf_u16(&b, flags_of(line));
	buf_add(&b, "\0\0\0\0\0\0\0\0", 8);
	buf_add(&b, q->query + 12, end + 4 - 12);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			add_record(&b, count, line, qname);
	for (size_t i = 0; i < 4; i++) {
		b.data[4 + 2 * i] = (char)(count[i] >> 8);
		b.data[5 + 2 * i] = (char)count[i];
	}
	q->reply_len = b.len;
	q->reply = (uint8_t *)buf_take(&b);
	q->kind = ANSWER_REPLY;
	free(text);
}

static void answer(struct question *q, const char *reply)
{
	if (!strcmp(reply, "silence")) {
		q->kind = ANSWER_SILENT;
	} else if (!strcmp(reply, "unreachable")) {
		q->kind = ANSWER_UNREACHABLE;
	} else if (!strcmp(reply, "garbage")) {
		q->kind = ANSWER_REPLY;
		q->reply = mem_copy("garbage\300\014", 9);
		q->reply_len = 9;
	} else {
		build(q, reply);
	}
}

static void arrive(struct task *t)
{
	struct flight *f = container_of(t, struct flight, task);
	struct question *q = f->question;

	answer(q, f->reply);
	q->channel = NULL;
	n_flying--;
	task_done(q->task);
	free(f);
}

static int64_t delay_of(const struct question *q, const char *reply)
{
	int64_t ms = q->timeout_ms ? q->timeout_ms : 1500;

	if (strcmp(reply, "silence"))
		return REPLY_MS;
	return ms * ((1 << (q->tries ? q->tries : 2)) - 1);
}

/* ---- net/resolve.h ---- */

void question_start(struct question *q, struct task *t)
{
	struct flight *f = mem_new(sizeof(*f));
	char name[NAME_MAX_LEN];
	size_t end = 0;

	if (!wire_name(q->query, q->query_len, 12, name, &end) || n_asked == ASKED_MAX)
		abort();
	struct asked *a = asked + n_asked++;
	str_put(a->server, "%s", q->server);
	str_put(a->name, "%s", name);
	a->type = (uint16_t)(q->query[end] << 8 | q->query[end + 1]);
	n_recursive += q->query[2] & 1;
	n_flying++;
	n_most = n_most > n_flying ? n_most : n_flying;
	f->question = q;
	f->reply = find_reply(q, name, a->type);
	q->kind = ANSWER_NONE;
	q->task = t;
	q->channel = f;
	task_expect(t);
	task_init(&f->task, t->loop, arrive);
	timer_start(&f->timer, &f->task, delay_of(q, f->reply));
}

void question_cancel(struct question *q)
{
	struct flight *f = q->channel;

	if (!f)
		return;
	timer_stop(&f->timer);
	task_stop(&f->task);
	free(f);
	n_flying--;
	q->channel = NULL;
	q->kind = ANSWER_CANCELED;
	task_done(q->task);
}

void question_free(struct question *q)
{
	if (!q)
		return;
	free(q->reply);
	q->reply = NULL;
	q->reply_len = 0;
}

bool server_parse(const char *text, char ret[SERVER_LEN])
{
	char host[64];
	uint8_t address[16];
	unsigned port = 53;

	if (sscanf(text, "[%63[^]]]:%u", host, &port) >= 1 &&
	    inet_pton(AF_INET6, host, address) == 1)
		return snprintf(ret, SERVER_LEN, "[%s]:%u", host, port) > 0;
	if (inet_pton(AF_INET6, text, address) == 1)
		return snprintf(ret, SERVER_LEN, "[%s]:53", text) > 0;
	if (sscanf(text, "%63[^:]:%u", host, &port) >= 1 && inet_pton(AF_INET, host, address) == 1)
		return snprintf(ret, SERVER_LEN, "%s:%u", host, port) > 0;
	return false;
}

/* ---- waiting ---- */

static void woken(struct task *t)
{
	struct mock_wait *w = container_of(t, struct mock_wait, task);

	w->done = true;
}

void mock_wait_init(struct mock_wait *w, struct loop *l)
{
	w->done = false;
	task_init(&w->task, l, woken);
}
