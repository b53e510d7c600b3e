/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * rfc2136_host.h - a host for providers/rfc2136.c whose DNS server answers from a script. */
#ifndef TESTS_RFC2136_HOST_H
#define TESTS_RFC2136_HOST_H

#include "base/arena.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "dns/rdata.h"
#include "tests/tap.h"

enum how { SIGNED, BARE, FORGED, BAD_KEY, BAD_TIME, CUT, HALF_MAC, OTHER_KEY };

struct answer {
	enum how how;
	unsigned rcode;
	const char *rr; /* "OWNER TYPE DATA" lines; '+' before OWNER: in the authority section */
};

static struct {
	struct arena arena;
	struct conf conf;
	const struct answer *script;
	size_t step;
	int64_t wall;
	uint8_t sent[8][65535]; /* the requests */
	size_t sent_len[8], n_sent;
	bool udp[8];
	struct buf chain; /* what the server's next MAC begins with */
	size_t in_stream;
	struct story story;
	char log[600];
	struct buf results; /* emitted: "NAME TYPE DATA|" */
} w;

static const char secret[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
static const uint8_t secret_octets[] = "0123456789abcdef0123456789abcdef";

static void add_name(struct buf *b, const char *name)
{
	uint8_t wire[NAME_WIRE_MAX];

	buf_add(b, wire, name_to_wire(name, wire));
}

static void add_time(struct buf *b, int64_t at)
{
	buf_u16(b, (unsigned)(at >> 32));
	buf_u32(b, (uint32_t)at);
}

static void add_records(struct buf *m, const char *lines)
{
	char *copy = arena_str(&w.arena, lines ? lines : ""), *save = NULL;

	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		unsigned count = *l == '+' ? 9 : 7;
		char *type = strchr(l, ' ') + 1, *data = strchr(type, ' ') + 1;
		struct buf rdata = { 0 };

		type[-1] = data[-1] = '\0';
		add_name(m, l + (*l == '+'));
		buf_u16(m, rr_type(type));
		buf_u16(m, DNS_IN);
		buf_u32(m, 60);
		rdata_pack(rr_type(type), data, &rdata);
		buf_u16(m, (unsigned)rdata.len);
		buf_add(m, rdata.data, rdata.len);
		buf_free(&rdata);
		m->data[count]++;
	}
}

/* The server's side of RFC 8945, written apart from the plugin's. */
static void add_tsig(struct buf *m, enum how how, const uint8_t *request_mac)
{
	struct buf text = { 0 };
	uint8_t mac[SEAL_HASH_MAX] = { 0 };
	int64_t other = w.wall + 4000;
	unsigned error = how == BAD_TIME ? 18 : how == BAD_KEY ? 17 : 0;
	unsigned size = how == BAD_KEY ? 0 : how == HALF_MAC ? 16 : 32;
	const char *name = how == OTHER_KEY ? "other-key" : "acme-key";

	if (!w.in_stream) {
		buf_u16(&text, 32);
		buf_add(&text, request_mac, 32);
		buf_add(&text, m->data, m->len);
		add_name(&text, name);
		buf_u16(&text, 255);
		buf_u32(&text, 0);
		add_name(&text, "hmac-sha256");
	} else {
		buf_add(&text, w.chain.data, w.chain.len);
		buf_add(&text, m->data, m->len);
	}
	add_time(&text, w.wall);
	buf_u16(&text, 300);
	if (!w.in_stream) {
		buf_u16(&text, error);
		buf_u16(&text, how == BAD_TIME ? 6 : 0);
		if (how == BAD_TIME)
			add_time(&text, other);
	}
	hmac(SEAL_SHA256, secret_octets, 32, text.data, text.len, mac);
	buf_clear(&w.chain);
	buf_u16(&w.chain, 32);
	buf_add(&w.chain, mac, 32);
	mac[5] ^= how == FORGED;
	add_name(m, name);
	buf_u16(m, 250);
	buf_u16(m, 255);
	buf_u32(m, 0);
	buf_u16(m, 13 + 10 + size + 6 + (how == BAD_TIME ? 6 : 0));
	add_name(m, "hmac-sha256");
	add_time(m, w.wall);
	buf_u16(m, 300);
	buf_u16(m, size);
	buf_add(m, mac, size);
	buf_add(m, m->data, 2);
	buf_u16(m, error);
	buf_u16(m, how == BAD_TIME ? 6 : 0);
	if (how == BAD_TIME)
		add_time(m, other);
	m->data[11]++;
	buf_free(&text);
}

static enum seal_status fake_dns(struct seal_op *op, struct seal_dns *x)
{
	const struct answer *a = &w.script[w.step++];
	scoped(buf_free) struct buf m = { 0 };

	(void)op;
	if (x->query) {
		memcpy(w.sent[w.n_sent], x->query, x->query_len);
		w.udp[w.n_sent] = x->udp;
		w.sent_len[w.n_sent++] = x->query_len;
	}
	w.in_stream = x->query ? 0 : w.in_stream + 1;
	const uint8_t *q = w.sent[w.n_sent - 1];
	size_t q_len = w.sent_len[w.n_sent - 1], end = 12;
	while (q[end])
		end += 1u + q[end];
	buf_add(&m, q, end + 5);
	memset(m.data + 6, 0, 6);
	m.data[2] |= (char)(a->how == CUT ? 0x86 : 0x84);
	m.data[3] = (char)a->rcode;
	add_records(&m, a->rr);
	if (a->how == BARE && w.in_stream)
		buf_add(&w.chain, m.data, m.len);
	else if (a->how != BARE && a->how != CUT)
		add_tsig(&m, a->how, q + q_len - 6 - 32);
	uint8_t *reply = arena_new(&w.arena, m.len);
	memcpy(reply, m.data, m.len);
	x->reply = reply;
	x->reply_len = m.len;
	return SEAL_OK;
}

static const struct seal_message *fake_read(struct seal_op *op, const uint8_t *msg, size_t len)
{
	struct seal_message *m = arena_new(&w.arena, sizeof(*m));

	(void)op;
	return wire_read(&w.arena, msg, len, m) ? m : NULL;
}

static void *fake_alloc(struct seal_op *op, size_t len)
{
	(void)op;
	return arena_new(&w.arena, len);
}

static uint8_t *keep(struct buf *b, bool good, size_t *len)
{
	uint8_t *p = good ? arena_new(&w.arena, b->len + 1) : NULL;

	if (p)
		memcpy(p, buf_text(b), *len = b->len);
	buf_free(b);
	return p;
}

static uint8_t *fake_rdata_pack(struct seal_op *op, const char *type, const char *data, size_t *len)
{
	struct buf b = { 0 };
	bool good = rdata_pack(rr_type(type), data, &b);

	(void)op;
	return keep(&b, good, len);
}

static char *fake_rdata_text(struct seal_op *op, const uint8_t *msg, size_t msg_len,
			     const struct seal_rr *rr)
{
	struct buf b = { 0 };
	size_t len = 0;
	bool good = rdata_text(msg, msg_len, rr, &b);

	(void)op;
	return (char *)keep(&b, good, &len);
}

static uint8_t *fake_unbase64(struct seal_op *op, const char *text, size_t *len)
{
	struct buf b = { 0 };
	bool good = unbase64(text, &b);

	(void)op;
	return keep(&b, good, len);
}

static uint8_t *fake_name_pack(struct seal_op *op, const char *name, size_t *len)
{
	uint8_t *p = fake_alloc(op, NAME_WIRE_MAX);

	*len = name_to_wire(name, p);
	return *len ? p : NULL;
}

static char *fake_name_abs(struct seal_op *op, const char *name, const char *zone)
{
	char *p = fake_alloc(op, NAME_MAX_LEN);

	return name_absolute(name, zone, p) ? p : NULL;
}

static char *fake_name_rel(struct seal_op *op, const char *name, const char *zone)
{
	char *p = fake_alloc(op, NAME_MAX_LEN);

	return name_relative(name, zone, p) ? p : NULL;
}

static char *fake_rr_name(struct seal_op *op, uint16_t type)
{
	char name[16];

	(void)op;
	return arena_str(&w.arena, rr_type_name(type, name));
}

static char *fake_vprintf(struct seal_op *op, const char *fmt, va_list ap)
{
	(void)op;
	return arena_vprintf(&w.arena, fmt, ap);
}

static enum seal_status fake_vfail(struct seal_op *op, enum seal_status st, const char *fmt,
				   va_list ap)
{
	(void)op;
	return story_vfail(&w.story, st, fmt, ap);
}

static void fake_vlog(struct seal_op *op, int priority, const char *fmt, va_list ap)
{
	(void)op;
	(void)priority;
	vsnprintf(w.log, sizeof(w.log), fmt, ap);
}

static void fake_emit(struct seal_op *op, const struct seal_record *r)
{
	(void)op;
	buf_printf(&w.results, "%s %s %s|", r->name, r->type, r->data);
}

static int64_t fake_wall(struct seal_op *op)
{
	(void)op;
	return w.wall;
}

static uint32_t fake_random(struct seal_op *op)
{
	(void)op;
	return 0x1234;
}

static const struct seal_host host = {
	.size = sizeof(host), .emit = fake_emit, .vprintf = fake_vprintf, .vfail = fake_vfail,
	.vlog = fake_vlog, .name_abs = fake_name_abs, .name_rel = fake_name_rel, .dns = fake_dns,
	.dns_read = fake_read, .rdata_pack = fake_rdata_pack, .rdata_text = fake_rdata_text,
	.name_pack = fake_name_pack, .rr_type = rr_type, .rr_name = fake_rr_name, .hmac = hmac,
	.unbase64 = fake_unbase64, .alloc = fake_alloc, .wall = fake_wall, .random = fake_random,
};

static struct seal_op op = { .host = &host, .conf = &w.conf };

/* A fresh world with this key and these answers to come. */
static void begin(const char *name, const char *alg, const char *key, const struct answer *script)
{
	arena_free(&w.arena);
	buf_clear(&w.chain);
	buf_clear(&w.results);
	w.conf = (struct conf){ "127.0.0.1:53", name, alg, key, "tcp" };
	w.script = script;
	w.step = w.n_sent = w.in_stream = 0;
	w.wall = 1700000000;
	w.log[0] = w.story.text[0] = '\0';
}

static bool said(const char *words)
{
	return strstr(w.story.text, words) || (printf("# %s\n", w.story.text), false);
}

/* A request, in hex, without the signature. */
static const char *sent_hex(size_t i)
{
	size_t len = w.sent_len[i] - (w.conf.key ? 10 + 10 + 13 + 10 + 32 + 6 : 0);
	scoped(free_p) char *text = hex(w.sent[i], len);

	return arena_str(&w.arena, text);
}

static const struct seal_record one = {
	"_acme-challenge.www", "TXT", 60, "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0", NULL
};

#endif
