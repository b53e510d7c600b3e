/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "base/clock.h"
#include "dns/wire.h"

#include <stdlib.h>
#include <string.h>

static struct buf msg;
static struct arena arena;
static struct seal_message m;

#define RAW(b, s) buf_add((b), (s), sizeof(s) - 1)

/* Begin a message: an answer with AA and this many records a section. */
static void header(unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
	buf_clear(&msg);
	RAW(&msg, "\x12\x34\x84\x00");
	buf_u16(&msg, qd);
	buf_u16(&msg, an);
	buf_u16(&msg, ns);
	buf_u16(&msg, ar);
}

static void question(void) /* a.b TXT IN, its name at 12 */
{
	RAW(&msg, "\1a\1b\0\0\20\0\1");
}

static void record(const char *name, size_t name_len, unsigned type, const char *data, size_t len)
{
	buf_add(&msg, name, name_len);
	buf_u16(&msg, type);
	buf_u16(&msg, CLASS_IN);
	buf_u32(&msg, 300);
	buf_u16(&msg, (unsigned)len);
	buf_add(&msg, data, len);
}
#define RECORD(name, type, data) record((name), sizeof(name) - 1, (type), (data), sizeof(data) - 1)

/* Read it from memory of exactly its size, so that a sanitizer sees one octet too many. */
static bool read_msg(void)
{
	static uint8_t *exact;

	free(exact);
	exact = mem_copy(buf_text(&msg), msg.len ? msg.len : 1);
	arena_free(&arena);
	bool good = wire_read(&arena, exact, msg.len, &m);
	if (!msg.len) {
		free(exact);
		exact = NULL;
	}
	return good;
}

static void a_query_is_exact(void)
{
	static const char want[] = "\1\0\0\1\0\0\0\0\0\1" /* after the id */
				   "\1a\1b\0\0\20\0\1\0\0\51\4\320\0\0\0\0\0\0";
	uint8_t q[WIRE_QUERY_MAX];

	size_t n = wire_query("A.b", TYPE_TXT, true, q);
	ok(n == 2 + sizeof(want) - 1 && !memcmp(q + 2, want, sizeof(want) - 1),
	   "header, name, type, class and OPT, octet by octet");
	wire_query("a.b", TYPE_TXT, false, q);
	ok(!q[2], "RD only when asked for");
	ok(!wire_query("a..b", TYPE_TXT, true, q), "no query for what is no name");
	clock_own(0, 7);
	wire_query("a.b", TYPE_TXT, true, q);
	uint8_t first[2] = { q[0], q[1] };
	wire_query("a.b", TYPE_TXT, true, q);
	ok(memcmp(first, q, 2), "another id each time");
}

static void a_message_is_read(void)
{
	header(1, 1, 1, 1);
	question();
	RECORD("\300\14", TYPE_TXT, "\3abc");
	RECORD("\300\16", TYPE_SOA, "\300\14\300\16\0\0\0\52\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\74");
	RECORD("\0", TYPE_OPT, "");
	ok(read_msg(), "an answer with three records");
	ok(m.id == 0x1234 && m.qr && m.aa && !m.tc && !m.rd && !m.ra && !m.ad && !m.opcode,
	   "header");
	is(m.qname, "a.b", "question");
	ok(m.qtype == TYPE_TXT, "its type");
	ok(m.n_rr == 3 && m.rr[0].section == 1 && m.rr[1].section == 2 && m.rr[2].section == 3,
	   "sections");
	is(m.rr[0].owner, "a.b", "compressed owner");
	is(m.rr[1].owner, "b", "pointer into the middle");
	is(m.rr[2].owner, ".", "the root");
	ok(m.rr[0].ttl == 300 && m.rr[0].rclass == CLASS_IN && m.rr[0].rdata_len == 4 &&
		   m.rr[0].offset == 21,
	   "fields of a record");
	struct buf text = { 0 };
	ok(wire_txt(m.rr, &text) && !strcmp(buf_text(&text), "abc"), "text");
	buf_free(&text);
	header(0, 0, 0, 0);
	ok(read_msg() && !m.qname && !m.n_rr, "twelve octets are a message");
	header(0, 0, 0, 1);
	buf_str(&msg, "");
	msg.data[2] = (char)0x93; /* QR, opcode 2, TC, RD */
	msg.data[3] = (char)0xa0; /* RA, AD */
	RAW(&msg, "\0\0\51\4\320\1\0\0\0\0\0");
	ok(read_msg() && m.opcode == 2 && m.tc && m.rd && m.ra && m.ad, "the other flags");
	is(rcode_name(m.rcode), "BADVERS", "upper bits of the rcode come from OPT");
}

static void answers_are_told_from_other_messages(void)
{
	header(1, 0, 0, 0);
	question();
	ok(read_msg() && wire_answers(&m, "A.B", TYPE_TXT), "the answer");
	ok(!wire_answers(&m, "a.c", TYPE_TXT), "of another name");
	ok(!wire_answers(&m, "a.b", TYPE_SOA), "of another type");
	m.qr = false;
	ok(!wire_answers(&m, "a.b", TYPE_TXT), "a question");
	header(0, 0, 0, 0);
	ok(read_msg() && !wire_answers(&m, "a.b", TYPE_TXT), "an answer to nothing");
}

static void bad_counts_are_refused(void)
{
	buf_clear(&msg);
	ok(!read_msg(), "nothing");
	RAW(&msg, "\0\0\0\0\0\0\0\0\0\0\0");
	ok(!read_msg(), "eleven octets");
	header(2, 0, 0, 0);
	question();
	question();
	ok(!read_msg(), "two questions");
	header(1, 0, 0, 0);
	ok(!read_msg(), "a question that is not there");
	RAW(&msg, "\1a\0\0\20\0");
	ok(!read_msg(), "half a question");
	header(1, 1, 0, 0);
	question();
	ok(!read_msg(), "a record that is not there");
	header(0, 65535, 65535, 65535);
	ok(!read_msg(), "more records than there may be");
	header(0, WIRE_RR_MAX + 1, 0, 0);
	for (int i = 0; i <= WIRE_RR_MAX; i++)
		RECORD("\0", TYPE_TXT, "");
	ok(!read_msg(), "one more than there may be, all there");
	header(0, WIRE_RR_MAX, 0, 0);
	for (int i = 0; i < WIRE_RR_MAX; i++)
		RECORD("\0", TYPE_TXT, "");
	ok(read_msg() && m.n_rr == WIRE_RR_MAX, "as many as there may be");
}

static void every_cut_is_noticed(void)
{
	header(1, 1, 1, 0);
	question();
	RECORD("\1c\300\16", TYPE_TXT, "\3abc");
	RECORD("\300\16", TYPE_TXT, "\3def");
	size_t whole = msg.len, n = 0;
	ok(read_msg(), "whole");
	for (msg.len = 0; msg.len < whole; msg.len++)
		n += !read_msg();
	ok(n == whole, "any shorter one is refused (%zu of %zu)", n, whole);
}

static void bad_names_are_refused(void)
{
	static const struct {
		const char *what;
		const char *name;
		size_t len;
	} cases[] = {
		{ "a pointer at itself", "\300\25", 2 },
		{ "a pointer forwards", "\300\27", 2 },
		{ "a loop over a label", "\1x\300\25", 4 },
		{ "a pointer far away", "\377\377", 2 },
		{ "half a pointer", "\300", 1 },
		{ "an unknown label type", "\100ab", 3 },
		{ "the other one", "\200ab", 3 },
		{ "a label over the end", "\77ab", 3 },
		{ "a label up to the end", "\2ab", 3 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		header(1, 1, 0, 0);
		question();
		buf_add(&msg, cases[i].name, cases[i].len);
		while (i < 4 && msg.len < 60) /* so that only the name is wrong */
			buf_add(&msg, "\0", 1);
		ok(!read_msg(), "%s", cases[i].what);
	}
}

static void names_are_bounded(void)
{
	uint8_t chain[64] = { 0 };
	char name[NAME_MAX_LEN];
	size_t end = 0;

	/* 1a 0 | c000 at 3 | c003 at 5 | ... : the k-th pointer lies at 1 + 2k */
	memcpy(chain, "\1a\0", 3);
	for (size_t k = 1; k <= 11; k++) {
		chain[1 + 2 * k] = 0xc0;
		chain[2 + 2 * k] = (uint8_t)(k == 1 ? 0 : 2 * k - 1);
	}
	ok(wire_name(chain, sizeof(chain), 21, name, &end) && !strcmp(name, "a") && end == 23,
	   "ten pointers");
	ok(!wire_name(chain, sizeof(chain), 23, name, NULL), "not eleven");
	ok(wire_name(chain, sizeof(chain), 0, name, NULL), "the end need not be wanted");

	uint8_t big[300] = { 0 };
	for (size_t i = 0; i < 254; i += 2)
		big[i] = 1, big[i + 1] = 'a';
	ok(wire_name(big, sizeof(big), 0, name, &end) && end == 255, "255 octets");
	big[254] = 1, big[255] = 'a';
	ok(!wire_name(big, sizeof(big), 0, name, &end), "not 257");
	memset(big, 0, sizeof(big));
	for (size_t i = 0; i < 256; i += 64)
		big[i] = 63;
	memset(big + 1, 1, 63);
	ok(!wire_name(big, sizeof(big), 0, name, &end), "not 256, by full labels");
	ok(!wire_name(big, 10, 10, name, &end), "nothing at the very end");
}

static void rdata_stays_in_its_bounds(void)
{
	static const struct {
		const char *what, *data;
		size_t len;
		bool good;
	} texts[] = {
		{ "no string", "", 0, false },
		{ "an empty string", "\0", 1, true },
		{ "two strings", "\1a\1b", 4, true },
		{ "a string over the end", "\4abc", 4, false },
		{ "the second over the end", "\1a\1", 3, false },
	};
	struct buf text = { 0 }, little = { .max = 2 };

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct seal_rr rr = { .rdata = (const uint8_t *)texts[i].data,
				      .rdata_len = (uint16_t)texts[i].len };
		buf_clear(&text);
		ok(wire_txt(&rr, &text) == texts[i].good, "TXT: %s", texts[i].what);
	}
	struct seal_rr rr = { .rdata = (const uint8_t *)"\3abc", .rdata_len = 4 };
	ok(!wire_txt(&rr, &little), "TXT: longer than the reader wants");
	buf_free(&text);
	buf_free(&little);
}

static void a_soa_is_read(void)
{
	static const uint8_t soa[] = "\1n\0\1h\300\0\0\0\0\53\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\74";
	size_t len = sizeof(soa) - 1;
	struct seal_rr rr = { .rdata = soa, .rdata_len = (uint16_t)len, .ttl = 300 };
	uint32_t serial = 0, negative_s = 0;

	ok(wire_soa(soa, len, &rr, &serial, &negative_s) && serial == 43 && negative_s == 60,
	   "serial, and the minimum when it is less than the TTL");
	rr.ttl = 30;
	ok(wire_soa(soa, len, &rr, NULL, &negative_s) && negative_s == 30, "else the TTL");
	ok(wire_soa(soa, len, &rr, NULL, NULL), "neither need be wanted");
	ok(!wire_soa(soa, len - 1, &rr, &serial, NULL), "past the message");
	rr.rdata_len--;
	ok(!wire_soa(soa, len, &rr, &serial, NULL), "too short");
	rr.rdata_len = 4;
	ok(!wire_soa(soa, len, &rr, &serial, NULL), "no second name");
	rr.rdata_len = 2;
	ok(!wire_soa(soa, len, &rr, &serial, NULL), "no first name");
}

static void a_name_is_all_the_data(void)
{
	static const uint8_t data[] = "\1n\0\1h\300\0x";
	struct seal_rr rr = { .rdata = data + 3, .rdata_len = 4 };
	char name[NAME_MAX_LEN];

	ok(wire_rr_name(data, 8, &rr, name) && !strcmp(name, "h.n"), "a compressed name");
	rr.rdata_len = 5;
	ok(!wire_rr_name(data, 8, &rr, name), "something behind it");
	rr.rdata_len = 3;
	ok(!wire_rr_name(data, 8, &rr, name), "cut");
	rr.rdata_len = 60;
	ok(!wire_rr_name(data, 8, &rr, name), "past the message");
}

static void rcodes_have_names(void)
{
	is(rcode_name(RCODE_NXDOMAIN), "NXDOMAIN", "one of them");
	is(rcode_name(RCODE_NOTZONE), "NOTZONE", "the last of the old ones");
	is(rcode_name(11), "?", "a gap");
	is(rcode_name(4095), "?", "a number beyond all names");
}

int main(void)
{
	a_query_is_exact();
	a_message_is_read();
	answers_are_told_from_other_messages();
	bad_counts_are_refused();
	every_cut_is_noticed();
	bad_names_are_refused();
	names_are_bounded();
	rdata_stays_in_its_bounds();
	a_soa_is_read();
	a_name_is_all_the_data();
	rcodes_have_names();
	buf_free(&msg);
	arena_free(&arena);
	return done();
}
