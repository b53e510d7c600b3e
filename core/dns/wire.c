/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/wire.h"

#include "base/clock.h"

#include <string.h>

#define HEADER 12
#define RR_LEAST 11 /* root owner, type, class, TTL, RDLENGTH */
#define POINTERS_MAX 10
#define UDP_SIZE 1232

const char *rcode_name(unsigned rcode)
{
	static const char *const names[] = {
		"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
		"YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", [16] = "BADVERS",
	};
	const char *name = rcode < COUNT(names) ? names[rcode] : NULL;

	return name ? name : "?";
}

static unsigned u16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static uint32_t u32(const uint8_t *at)
{
	return (uint32_t)u16(at) << 16 | u16(at + 2);
}

static uint8_t *put_u16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

size_t wire_query(const char *name, uint16_t type, bool recurse, uint8_t ret[WIRE_QUERY_MAX])
{
	uint8_t *at = ret + HEADER;
	size_t n = name_to_wire(name, at);

	if (!n)
		return 0;
	memset(ret, 0, HEADER);
	clock_random(ret, 2);
	ret[2] = recurse ? 1 : 0; /* RD */
	ret[5] = 1;		  /* one question */
	ret[11] = 1;		  /* and the OPT record */
	at = put_u16(at + n, type);
	at = put_u16(at, CLASS_IN);
	*at++ = 0; /* OPT at the root: RFC 6891 6.1.2 */
	at = put_u16(at, TYPE_OPT);
	at = put_u16(at, UDP_SIZE);
	memset(at, 0, 6); /* no extended rcode, version 0, no flags, no options */
	return (size_t)(at + 6 - ret);
}

/* Take a name apart into plain wire form. */
static bool expand(const uint8_t *msg, size_t len, size_t at, uint8_t wire[NAME_WIRE_MAX],
		   size_t *ret_end)
{
	size_t n = 0, end = 0, limit = at;
	unsigned pointers = 0;

	for (;;) {
		if (at >= len)
			return false;
		size_t c = msg[at];
		if (c >= 0xc0) {
			if (at + 1 >= len || ++pointers > POINTERS_MAX)
				return false;
			end = end ? end : at + 2;
			at = u16(msg + at) & 0x3fff;
			if (at >= limit) /* strictly backwards: this always ends */
				return false;
			limit = at;
			continue;
		}
		if (c > 63 || c >= len - at || n + c + 1 > NAME_WIRE_MAX)
			return false;
		memcpy(wire + n, msg + at, c + 1);
		n += c + 1;
		at += c + 1;
		if (!c)
			break;
	}
	*ret_end = end ? end : at;
	return true;
}

bool wire_name(const uint8_t *msg, size_t len, size_t at, char ret[NAME_MAX_LEN], size_t *ret_end)
{
	uint8_t wire[NAME_WIRE_MAX];
	size_t end;

	if (!expand(msg, len, at, wire, &end))
		return false;
	name_from_wire(wire, ret);
	if (ret_end)
		*ret_end = end;
	return true;
}

/* The record at *at; *at ends up behind it. */
static bool read_rr(struct arena *a, const uint8_t *msg, size_t len, size_t *at, struct seal_rr *rr)
{
	char owner[NAME_MAX_LEN];
	size_t end;

	if (!wire_name(msg, len, *at, owner, &end) || len - end < RR_LEAST - 1)
		return false;
	const uint8_t *fixed = msg + end;
	rr->offset = *at;
	rr->owner = arena_str(a, owner);
	rr->type = (uint16_t)u16(fixed);
	rr->rclass = (uint16_t)u16(fixed + 2);
	rr->ttl = u32(fixed + 4);
	rr->rdata_len = (uint16_t)u16(fixed + 8);
	rr->rdata = fixed + 10;
	end += RR_LEAST - 1;
	*at = end + rr->rdata_len;
	return rr->rdata_len <= len - end;
}

static bool read_question(struct arena *a, const uint8_t *msg, size_t len, size_t *at,
			  struct seal_message *ret)
{
	char name[NAME_MAX_LEN];
	size_t end;

	if (!wire_name(msg, len, *at, name, &end) || len - end < 4)
		return false;
	ret->qname = arena_str(a, name);
	ret->qtype = (uint16_t)u16(msg + end);
	*at = end + 4;
	return true;
}

static void read_header(const uint8_t *msg, struct seal_message *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->id = (uint16_t)u16(msg);
	ret->qr = msg[2] & 0x80;
	ret->opcode = msg[2] >> 3 & 15;
	ret->aa = msg[2] & 0x04;
	ret->tc = msg[2] & 0x02;
	ret->rd = msg[2] & 0x01;
	ret->ra = msg[3] & 0x80;
	ret->ad = msg[3] & 0x20;
	ret->rcode = msg[3] & 15;
}

bool wire_read(struct arena *a, const uint8_t *msg, size_t len, struct seal_message *ret)
{
	size_t at = HEADER, n[4], total;

	memset(ret, 0, sizeof(*ret));
	if (len < HEADER)
		return false;
	read_header(msg, ret);
	for (size_t i = 0; i < COUNT(n); i++)
		n[i] = u16(msg + 4 + 2 * i);
	total = n[1] + n[2] + n[3];
	/* What the header promises must be able to lie in the message: no memory for less. */
	if (n[0] > 1 || total > WIRE_RR_MAX || total * RR_LEAST > len)
		return false;
	if (n[0] && !read_question(a, msg, len, &at, ret))
		return false;
	struct seal_rr *rr = arena_new(a, (total + 1) * sizeof(*rr));
	for (size_t i = 0; i < total; i++) {
		if (!read_rr(a, msg, len, &at, rr + i))
			return false;
		rr[i].section = i < n[1] ? 1 : i < n[1] + n[2] ? 2 : 3;
		if (rr[i].type == TYPE_OPT)
			ret->rcode |= rr[i].ttl >> 24 << 4;
	}
	ret->rr = rr;
	ret->n_rr = total;
	return true;
}

bool wire_answers(const struct seal_message *m, const char *name, uint16_t type)
{
	return m->qr && m->qname && m->qtype == type && name_same(m->qname, name);
}

bool wire_rr_name(const uint8_t *msg, size_t len, const struct seal_rr *rr, char ret[NAME_MAX_LEN])
{
	size_t at = (size_t)(rr->rdata - msg), end = at + rr->rdata_len;

	return end <= len && wire_name(msg, end, at, ret, &at) && at == end;
}

bool wire_txt(const struct seal_rr *rr, struct buf *ret)
{
	const uint8_t *at = rr->rdata, *end = at + rr->rdata_len;

	if (at == end)
		return false;
	while (at < end) {
		size_t n = *at++;
		if (n > (size_t)(end - at))
			return false;
		buf_add(ret, at, n);
		at += n;
	}
	return !ret->bad;
}

bool wire_soa(const uint8_t *msg, size_t len, const struct seal_rr *rr, uint32_t *ret_serial,
	      uint32_t *ret_negative_s)
{
	uint8_t wire[NAME_WIRE_MAX];
	size_t at = (size_t)(rr->rdata - msg), end = at + rr->rdata_len;

	/* Bounded by the record's end: its names may point back, never past it. */
	if (end > len || !expand(msg, end, at, wire, &at) || !expand(msg, end, at, wire, &at))
		return false;
	if (end - at != 20)
		return false;
	uint32_t minimum = u32(msg + at + 16);
	if (ret_serial)
		*ret_serial = u32(msg + at);
	if (ret_negative_s)
		*ret_negative_s = minimum < rr->ttl ? minimum : rr->ttl;
	return true;
}
