/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/servers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBE_MS 1000
#define PROBE_TRIES 2
#define TOLD_MAX 8 /* servers named in a sentence */
#define TOLD_OCTETS 350

enum step { STEP_START, STEP_NAMES, STEP_ADDRESSES, STEP_PROBE };
enum { V4, V6, FAMILIES };

static const struct family {
	uint16_t type;
	int af;
	size_t size;
	const char *form; /* of an address with its port */
} families[FAMILIES] = {
	[V4] = { TYPE_A, AF_INET, 4, "%s:53" },
	[V6] = { TYPE_AAAA, AF_INET6, 16, "[%s]:53" },
};

struct host {
	char name[NAME_MAX_LEN];
	struct lookup lookup[FAMILIES];
	bool has_glue[FAMILIES];
	size_t n;
	char address[SERVERS_MAX][SERVER_LEN];
};

struct servers_work {
	struct lookup names;
	size_t n;
	struct host host[SERVERS_NAMES_MAX];
	struct question probe[SERVERS_MAX];
	uint8_t query[WIRE_QUERY_MAX];
	enum step step;
	bool is_canceled;
};

const char *server_class_name(enum server_class class)
{
	static const char *const names[] = {
		[SERVER_AUTH] = "authoritative",
		[SERVER_LAME] = "lame",
		[SERVER_SILENT] = "silent",
		[SERVER_NOROUTE] = "no route",
	};

	return names[class];
}

/* ---- names ---- */

static void add_host(struct servers_work *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (name_same(w->host[i].name, name))
			return;
	if (w->n < SERVERS_NAMES_MAX)
		str_put(w->host[w->n++].name, "%s", name);
}

static void add_address(struct host *h, const struct family *f, const struct seal_rr *rr)
{
	char text[INET6_ADDRSTRLEN];

	if (rr->rdata_len == f->size && h->n < SERVERS_MAX &&
	    inet_ntop(f->af, rr->rdata, text, sizeof(text)))
		snprintf(h->address[h->n++], SERVER_LEN, f->form, text);
}

/* Addresses that came along with the names save their questions. */
static void take_glue(struct servers_work *w, const struct seal_rr *rr)
{
	for (size_t i = 0; i < w->n; i++) {
		struct host *h = w->host + i;
		for (size_t f = 0; f < FAMILIES; f++) {
			if (rr->type != families[f].type || !name_same(rr->owner, h->name))
				continue;
			h->has_glue[f] = true;
			add_address(h, families + f, rr);
		}
	}
}

static enum seal_status read_names(struct servers_find *s)
{
	struct servers_work *w = s->work;
	const struct lookup *l = &w->names;
	const struct seal_message *m = &l->message;
	char name[NAME_MAX_LEN];

	if (l->story.st)
		return fail_from(s, l);
	for (size_t i = 0; i < m->n_rr; i++)
		if (m->rr[i].section == 1 && m->rr[i].type == TYPE_NS &&
		    name_same(m->rr[i].owner, s->apex) &&
		    wire_rr_name(l->question.reply, l->question.reply_len, m->rr + i, name))
			add_host(w, name);
	for (size_t i = 0; i < m->n_rr; i++)
		if (m->rr[i].section == 3)
			take_glue(w, m->rr + i);
	if (!w->n)
		return fail(s, SEAL_EAGAIN, "%s has no NS records: the resolver %s says %s",
			    s->apex, l->question.server, rcode_name(m->rcode));
	return SEAL_OK;
}

/* ---- addresses ---- */

static void ask_addresses(struct servers_find *s)
{
	struct servers_work *w = s->work;

	for (size_t i = 0; i < w->n; i++) {
		struct host *h = w->host + i;
		for (size_t f = 0; f < FAMILIES; f++) {
			struct lookup *l = h->lookup + f;
			if (h->has_glue[f])
				continue;
			str_put(l->name, "%s", h->name);
			l->type = families[f].type;
			l->resolvers = s->resolvers;
			lookup_start(l, &s->task);
		}
	}
}

static void read_addresses(struct host *h)
{
	for (size_t f = 0; f < FAMILIES; f++) {
		const struct seal_message *m = &h->lookup[f].message;
		/* Any owner: the resolver may have followed an alias (forbidden for NS names by
		 * RFC 2181 10.3, and met all the same). */
		for (size_t i = 0; i < m->n_rr; i++)
			if (m->rr[i].section == 1 && m->rr[i].type == families[f].type)
				add_address(h, families + f, m->rr + i);
	}
}

static bool has_server(const struct servers_find *s, const char *address)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->at[i].address, address))
			return true;
	return false;
}

/* Round by round one address of each name, so that the limit takes no name away entirely. */
static void choose_servers(struct servers_find *s)
{
	const struct servers_work *w = s->work;

	for (size_t round = 0; round < SERVERS_MAX; round++) {
		for (size_t i = 0; i < w->n; i++) {
			const struct host *h = w->host + i;
			if (round >= h->n || s->n == SERVERS_MAX ||
			    has_server(s, h->address[round]))
				continue;
			struct server *to = s->at + s->n++;
			str_put(to->name, "%s", h->name);
			str_put(to->address, "%s", h->address[round]);
		}
	}
}

/* ---- what they say ---- */

static void ask_servers(struct servers_find *s)
{
	struct servers_work *w = s->work;
	size_t len = wire_query(s->apex, TYPE_SOA, false, w->query);

	for (size_t i = 0; i < s->n; i++) {
		struct question *q = w->probe + i;
		*q = (struct question){
			.query = w->query,
			.query_len = len,
			.timeout_ms = PROBE_MS,
			.tries = PROBE_TRIES,
		};
		str_put(q->server, "%s", s->at[i].address);
		question_start(q, &s->task);
	}
}

static bool read_serial(const struct question *q, const struct seal_message *m, const char *apex,
			uint32_t *ret)
{
	for (size_t i = 0; i < m->n_rr; i++)
		if (m->rr[i].section == 1 && m->rr[i].type == TYPE_SOA &&
		    name_same(m->rr[i].owner, apex) &&
		    wire_soa(q->reply, q->reply_len, m->rr + i, ret, NULL))
			return true;
	return false;
}

static void judge_server(const struct question *q, const char *apex, struct server *s)
{
	struct arena arena = { 0 };
	struct seal_message m = { 0 };
	const char *said = answer_said(q->kind);

	s->class = q->kind == ANSWER_REPLY ? SERVER_LAME : SERVER_SILENT;
	if (q->kind == ANSWER_REPLY) {
		if (!wire_read(&arena, q->reply, q->reply_len, &m) ||
		    !wire_answers(&m, apex, TYPE_SOA))
			said = answer_said(ANSWER_BAD);
		else if (m.rcode != RCODE_NOERROR)
			said = rcode_name(m.rcode);
		else if (!m.aa)
			said = "no AA";
		else if (!read_serial(q, &m, apex, &s->serial))
			said = "no SOA";
		else
			s->class = SERVER_AUTH;
	}
	if (s->class != SERVER_AUTH)
		str_put(s->said, "%s", said);
	arena_free(&arena);
}

static bool is_v6(const struct server *s)
{
	return s->address[0] == '[';
}

/* A family none of whose addresses could even be sent to, while the other family is there, is one
 * that this host does not have. */
static void judge_routes(struct servers_find *s)
{
	const struct servers_work *w = s->work;
	bool reached[FAMILIES] = { false };

	for (size_t i = 0; i < s->n; i++)
		if (w->probe[i].kind != ANSWER_UNREACHABLE)
			reached[is_v6(s->at + i) ? V6 : V4] = true;
	for (size_t i = 0; i < s->n; i++) {
		bool v6 = is_v6(s->at + i);
		if (!reached[v6 ? V6 : V4] && reached[v6 ? V4 : V6])
			s->at[i].class = SERVER_NOROUTE;
	}
}

static enum seal_status no_server(struct servers_find *s)
{
	scoped(buf_free) struct buf list = { 0 };
	size_t n_mute = 0, told = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct server *at = s->at + i;
		n_mute += at->class != SERVER_LAME;
		if (told == TOLD_MAX || list.len > TOLD_OCTETS)
			continue;
		buf_printf(&list, "%s%.90s %s %s", told++ ? ", " : "", at->name, at->address,
			   at->said);
	}
	if (s->n > told)
		buf_printf(&list, " and %zu more", s->n - told);
	fail(s, SEAL_EAGAIN, "no server of the zone %.90s answers for it: %s", s->apex,
	     buf_text(&list));
	if (n_mute == s->n)
		hint(s,
		     "if none can be reached from here, port 53 may be blocked: look through the "
		     "resolvers instead (propagation { check resolvers })");
	return s->story.st;
}

static enum seal_status read_probes(struct servers_find *s)
{
	struct servers_work *w = s->work;

	for (size_t i = 0; i < s->n; i++)
		judge_server(w->probe + i, s->apex, s->at + i);
	judge_routes(s);
	for (size_t i = 0; i < s->n; i++)
		s->n_auth += s->at[i].class == SERVER_AUTH;
	return s->n_auth ? SEAL_OK : no_server(s);
}

/* ---- the task ---- */

static enum seal_status find_names(struct servers_find *s)
{
	struct lookup *l = &s->work->names;

	str_put(l->name, "%s", s->apex);
	l->type = TYPE_NS;
	l->resolvers = s->resolvers;
	lookup_start(l, &s->task);
	return SEAL_OK;
}

static enum seal_status find_addresses(struct servers_find *s)
{
	enum seal_status st = read_names(s);

	if (st)
		return st;
	ask_addresses(s);
	return SEAL_OK;
}

static enum seal_status no_address(struct servers_find *s)
{
	const struct host *h = s->work->host;
	const struct story *why = &h->lookup[V4].story;

	return fail(s, SEAL_EAGAIN, "no address found for any server of the zone %s (%s%s)%s%s",
		    s->apex, h->name, s->work->n > 1 ? ", ..." : "", why->st ? ": " : "",
		    why->text);
}

static enum seal_status probe(struct servers_find *s)
{
	struct servers_work *w = s->work;

	for (size_t i = 0; i < w->n; i++)
		read_addresses(w->host + i);
	choose_servers(s);
	if (!s->n)
		return no_address(s);
	ask_servers(s);
	return SEAL_OK;
}

static enum seal_status (*const steps[])(struct servers_find *) = {
	[STEP_START] = find_names,
	[STEP_NAMES] = find_addresses,
	[STEP_ADDRESSES] = probe,
	[STEP_PROBE] = read_probes,
};

static void run(struct task *t)
{
	struct servers_find *s = container_of(t, struct servers_find, task);
	struct servers_work *w = s->work;
	enum seal_status st = SEAL_OK;
	bool is_over = false;

	while (!st && !is_over && !t->pending && !w->is_canceled) {
		is_over = w->step == STEP_PROBE;
		st = steps[w->step](s);
		w->step++;
	}
	if (w->is_canceled)
		st = fail(s, SEAL_ECANCELED, "the look for servers of %s was canceled", s->apex);
	if (!st && !is_over)
		return;
	struct task *waiter = take(s->waiter);
	servers_find_free(s); /* what it took to find them, not the servers */
	task_done(waiter);
}

void servers_find_start(struct servers_find *s, struct task *waiter)
{
	servers_find_free(s);
	s->work = mem_new(sizeof(*s->work));
	story_clear(&s->story);
	s->n = s->n_auth = 0;
	memset(s->at, 0, sizeof(s->at));
	s->waiter = waiter;
	task_init(&s->task, waiter->loop, run);
	task_expect(waiter);
	task_wake(&s->task);
}

void servers_find_cancel(struct servers_find *s)
{
	struct servers_work *w = s->work;

	if (!s->waiter)
		return;
	w->is_canceled = true;
	lookup_cancel(&w->names);
	for (size_t i = 0; i < w->n; i++)
		for (size_t f = 0; f < FAMILIES; f++)
			lookup_cancel(w->host[i].lookup + f);
	for (size_t i = 0; i < s->n; i++)
		question_cancel(w->probe + i);
}

void servers_find_free(struct servers_find *s)
{
	struct servers_work *w = s->work;

	task_stop(&s->task);
	if (!w)
		return;
	lookup_free(&w->names);
	for (size_t i = 0; i < w->n; i++)
		for (size_t f = 0; f < FAMILIES; f++)
			lookup_free(w->host[i].lookup + f);
	for (size_t i = 0; i < s->n; i++)
		question_free(w->probe + i);
	free(w);
	s->work = NULL;
}
