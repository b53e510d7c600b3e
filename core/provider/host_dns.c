/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/wire.h"

#include <string.h>

/* What the buffer holds, in the operation's memory; the buffer is emptied. */
static char *keep(struct seal_op *op, struct buf *b)
{
	char *ret = b->bad ? NULL : arena_copy(&work_of(op)->arena, buf_text(b), b->len);

	buf_free(b);
	return ret;
}

char *host_name_abs(struct seal_op *op, const char *name, const char *zone)
{
	char ret[NAME_MAX_LEN];

	return name_absolute(name, zone, ret) ? arena_str(&work_of(op)->arena, ret) : NULL;
}

char *host_name_rel(struct seal_op *op, const char *absolute, const char *zone)
{
	char ret[NAME_MAX_LEN];

	return name_relative(absolute, zone, ret) ? arena_str(&work_of(op)->arena, ret) : NULL;
}

char *host_txt_quote(struct seal_op *op, const char *text)
{
	struct buf b = { 0 };

	txt_quote(text, &b);
	return keep(op, &b);
}

char *host_txt_plain(struct seal_op *op, const char *text)
{
	struct buf b = { 0 };
	bool good = txt_plain(text, &b);
	/* An octet 0 would end the text early and make it another one. */
	good = good && (!b.len || !memchr(b.data, 0, b.len));
	char *ret = keep(op, &b);

	return good ? ret : NULL;
}

enum seal_status host_dns(struct seal_op *op, struct seal_dns *x)
{
	struct op_work *w = work_of(op);
	struct exchange *e = &w->exchange;
	struct buf reply = { .max = 65535 };
	enum seal_status st = SEAL_OK;

	x->reply = NULL;
	x->reply_len = 0;
	if (atomic_load(&w->canceled))
		return host_fail(w, SEAL_ECANCELED, "canceled");
	e->deadline_ms = w->deadline_ms;
	if (x->query) {
		w->requests++;
		st = exchange_send(e, x->server, x->udp, x->query, x->query_len);
	}
	if (!st)
		st = exchange_read(e, &reply);
	w->reply_octets += reply.len;
	if (!st && w->reply_octets > OP_REPLIES_MAX)
		st = story_fail(&e->story, SEAL_EPROTO, "%s: replies of more than %u octets",
				x->server, OP_REPLIES_MAX);
	x->reply_len = reply.len;
	x->reply = (const uint8_t *)keep(op, &reply);
	return st ? story_copy(&w->story, &e->story) : SEAL_OK;
}

const struct seal_message *host_dns_read(struct seal_op *op, const uint8_t *msg, size_t len)
{
	struct arena *a = &work_of(op)->arena;
	struct seal_message *m = arena_new(a, sizeof(*m));

	return wire_read(a, msg, len, m) ? m : NULL;
}

uint8_t *host_rdata_pack(struct seal_op *op, const char *type, const char *data, size_t *len)
{
	struct buf b = { 0 };
	uint16_t number = rr_type(type);
	bool good = number && rdata_pack(number, data, &b);

	*len = b.len;
	uint8_t *ret = (uint8_t *)keep(op, &b);
	return good ? ret : NULL;
}

char *host_rdata_text(struct seal_op *op, const uint8_t *msg, size_t msg_len,
		      const struct seal_rr *rr)
{
	struct buf b = { 0 };
	bool good = rdata_text(msg, msg_len, rr, &b);
	char *ret = keep(op, &b);

	return good ? ret : NULL;
}

uint8_t *host_name_pack(struct seal_op *op, const char *absolute, size_t *len)
{
	uint8_t wire[NAME_WIRE_MAX];

	*len = name_to_wire(absolute, wire);
	return *len ? (uint8_t *)arena_copy(&work_of(op)->arena, (char *)wire, *len) : NULL;
}

char *host_rr_name(struct seal_op *op, uint16_t type)
{
	char name[16];

	return arena_str(&work_of(op)->arena, rr_type_name(type, name));
}
