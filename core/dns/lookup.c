/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/lookup.h"

#include "base/file.h"
#include "base/text.h"
#include "dns/rdata.h"

#include <stdio.h>
#include <string.h>

#define RESOLV_CONF_MAX 65536

bool resolvers_add(struct resolvers *r, const char *text)
{
	char at[SERVER_LEN];

	if (!server_parse(text, at))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->at[i], at))
			return true;
	if (r->n == RESOLVERS_MAX)
		return false;
	str_put(r->at[r->n++], "%s", at);
	return true;
}

void resolvers_system(struct resolvers *r, const char *path)
{
	scoped(buf_free) struct buf text = { 0 };
	struct story story = { 0 };
	char *line, *rest = NULL;

	r->n = 0;
	if (!file_read(path, RESOLV_CONF_MAX, &text, &story) && text.len)
		rest = text.data;
	while ((line = strsep(&rest, "\n"))) {
		struct words w = { 0 };
		words_split(&w, line);
		if (w.n > 1 && !strcmp(w.at[0], "nameserver"))
			resolvers_add(r, w.at[1]);
		words_free(&w);
	}
	if (!r->n)
		resolvers_add(r, "127.0.0.1"); /* resolv.conf(5) */
}

const char *answer_said(enum answer_kind kind)
{
	static const char *const words[] = {
		[ANSWER_NONE] = "not asked", [ANSWER_REPLY] = "a reply",
		[ANSWER_SILENT] = "timeout", [ANSWER_UNREACHABLE] = "unreachable",
		[ANSWER_BAD] = "bad reply",  [ANSWER_CANCELED] = "canceled",
	};

	return words[kind];
}

static void finish(struct lookup *l)
{
	struct task *waiter = take(l->waiter);

	task_done(waiter);
}

static bool ask_next(struct lookup *l)
{
	if (l->next == l->resolvers->n)
		return false;
	question_free(&l->question);
	l->question = (struct question){
		.query = l->query,
		.query_len = wire_query(l->name, l->type, true, l->query),
	};
	str_put(l->question.server, "%s", l->resolvers->at[l->next++]);
	question_start(&l->question, &l->task);
	return true;
}

/* Is the reply the end of the search?  If not, what the resolver said is noted. */
static bool judge(struct lookup *l)
{
	const struct question *q = &l->question;
	const char *said = answer_said(q->kind);
	size_t n = strlen(l->tried);

	if (q->kind == ANSWER_REPLY) {
		l->heard = true;
		arena_free(&l->arena);
		if (!wire_read(&l->arena, q->reply, q->reply_len, &l->message) ||
		    !wire_answers(&l->message, l->name, l->type))
			said = answer_said(ANSWER_BAD);
		else if (l->message.rcode == RCODE_NOERROR || l->message.rcode == RCODE_NXDOMAIN)
			return true;
		else
			said = rcode_name(l->message.rcode);
	}
	snprintf(l->tried + n, sizeof(l->tried) - n, "%s%s %s", n ? ", " : "", q->server, said);
	return false;
}

static void run(struct task *t)
{
	struct lookup *l = container_of(t, struct lookup, task);
	char type[16];

	if (l->canceled)
		fail(l, SEAL_ECANCELED, "the question for %s was canceled", l->name);
	else if (l->question.kind != ANSWER_NONE && judge(l))
		story_clear(&l->story);
	else if (!name_to_wire(l->name, (uint8_t[NAME_WIRE_MAX]){ 0 }))
		fail(l, SEAL_EINVAL, "%s is no domain name", clean(l->name));
	else if (ask_next(l))
		return;
	else if (!l->resolvers->n)
		fail(l, SEAL_EAGAIN, "no resolver is configured to ask for %s", l->name);
	else
		fail(l, SEAL_EAGAIN, "no resolver could answer for %s %s: %s", l->name,
		     rr_type_name(l->type, type), l->tried);
	finish(l);
}

void lookup_start(struct lookup *l, struct task *waiter)
{
	lookup_free(l);
	story_clear(&l->story);
	l->tried[0] = '\0';
	l->next = 0;
	l->heard = l->canceled = false;
	l->waiter = waiter;
	task_init(&l->task, waiter->loop, run);
	task_expect(waiter);
	task_wake(&l->task);
}

void lookup_cancel(struct lookup *l)
{
	if (!l->waiter)
		return;
	l->canceled = true;
	question_cancel(&l->question);
}

void lookup_free(struct lookup *l)
{
	task_stop(&l->task);
	question_free(&l->question);
	l->question = (struct question){ .kind = ANSWER_NONE };
	arena_free(&l->arena);
	memset(&l->message, 0, sizeof(l->message));
}
