/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/settle_work.h"

#include <stdio.h>
#include <string.h>

const char *settle_state_name(enum settle_state state)
{
	static const char *const names[] = {
		[SEEN_NOT_YET] = "not yet",
		[SEEN_OK] = "ok",
		[SEEN_SILENT] = "silent",
		[SEEN_ERROR] = "error",
	};

	return names[state];
}

/* Records at the owner only: an answer that follows a CNAME holds others too. */
static const struct seal_rr *next_rr(const struct seal_message *m, const char *owner, uint16_t type,
				     size_t *at)
{
	while (*at < m->n_rr) {
		const struct seal_rr *rr = m->rr + (*at)++;
		if (rr->section == 1 && rr->type == type && name_same(rr->owner, owner))
			return rr;
	}
	return NULL;
}

/* Exactly these octets; letters of another case are another value. */
static bool has_value(const struct seal_message *m, const char *owner, const char *value)
{
	scoped(buf_free) struct buf text = { 0 };
	const struct seal_rr *rr;
	size_t at = 0, len = strlen(value);

	while ((rr = next_rr(m, owner, TYPE_TXT, &at))) {
		buf_clear(&text);
		if (wire_txt(rr, &text) && text.len == len && !memcmp(buf_text(&text), value, len))
			return true;
	}
	return false;
}

static void judge_values(struct settle_look *l, const struct settle_want *want,
			 const struct question *q, const struct seal_message *m)
{
	char target[NAME_MAX_LEN];
	size_t n = 0, at = 0;

	for (size_t i = 0; i < want->n_values; i++)
		n += has_value(m, want->owner, want->values[i]);
	const struct seal_rr *cname = next_rr(m, want->owner, TYPE_CNAME, &at);
	at = 0;
	if (cname && wire_rr_name(q->reply, q->reply_len, cname, target)) {
		str_put(l->said, "CNAME %s", target);
	} else if (n == want->n_values && next_rr(m, want->owner, TYPE_TXT, &at)) {
		l->state = SEEN_OK;
		str_put(l->said, "seen");
	} else if (n || next_rr(m, want->owner, TYPE_TXT, &at)) {
		str_put(l->said, "%zu of %zu values", n, want->n_values);
	} else {
		str_put(l->said, "no TXT");
	}
}

/* The SOA that comes with a negative answer (RFC 2308 2). */
static void read_soa(struct settle_look *l, const char *owner, const struct question *q,
		     const struct seal_message *m, uint32_t *ret_negative_s)
{
	for (size_t i = 0; i < m->n_rr; i++) {
		const struct seal_rr *rr = m->rr + i;
		if (rr->section == 2 && rr->type == TYPE_SOA && name_is_under(owner, rr->owner))
			wire_soa(q->reply, q->reply_len, rr, &l->serial, ret_negative_s);
	}
}

static void judge_reply(struct settle_look *l, const struct settle_want *want,
			const struct question *q, enum settle_mode mode, uint32_t *ret_negative_s)
{
	struct arena arena = { 0 };
	struct seal_message m;

	l->state = SEEN_ERROR;
	if (!wire_read(&arena, q->reply, q->reply_len, &m) ||
	    !wire_answers(&m, want->owner, TYPE_TXT)) {
		str_put(l->said, "%s", answer_said(ANSWER_BAD));
	} else if (m.rcode != RCODE_NOERROR && m.rcode != RCODE_NXDOMAIN) {
		str_put(l->said, "%s", rcode_name(m.rcode));
	} else if (!m.aa && mode == SETTLE_AUTHORITATIVE) {
		str_put(l->said, "no AA");
	} else {
		l->state = SEEN_NOT_YET;
		read_soa(l, want->owner, q, &m, ret_negative_s);
		if (m.rcode == RCODE_NOERROR)
			judge_values(l, want, q, &m);
		else
			str_put(l->said, "%s", rcode_name(m.rcode));
	}
	arena_free(&arena);
}

void look_judge(struct settle_look *l, const struct settle_want *want, const struct question *q,
		enum settle_mode mode, uint32_t *ret_negative_s)
{
	*ret_negative_s = 0;
	if (q->kind == ANSWER_REPLY) {
		judge_reply(l, want, q, mode, ret_negative_s);
	} else {
		l->state = q->kind == ANSWER_BAD ? SEEN_ERROR : SEEN_SILENT;
		str_put(l->said, "%s", answer_said(q->kind));
	}
	l->silent = l->state == SEEN_SILENT ? l->silent + 1 : 0;
}
