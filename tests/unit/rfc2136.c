/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "../../providers/rfc2136.c"

#include "tests/unit/rfc2136_host.h"
#include "tests/tap.h"

#include <stdlib.h>

/* ---- TSIG ---- */

static const struct {
	const char *alg;
	size_t total;
	const char *mac;
} vectors[] = {
        {"hmac-md5", 194, "3aa880228f492e8ba6fc58d96a0d1259"},
        {"hmac-sha1", 183, "e6a5968f8bbca74ac1143a6990e6ca7ce260745c"},
        {"hmac-sha224", 193, "33db7f083c214bb7eaa6b1d6aefd1991e9dcc4e776ca6372877ea8b5"},
        {"hmac-sha256", 197, "6352b64926b91623f69e408d52a8347cfe9a8b1c07cc7b573f40ee50d77cb226"},
        {"hmac-sha384", 213,
         "22bf4b4d786f46a80f4e6cbb631723fddf6db52050e2fe528bbba5dc1f7061216f"
         "dca3a03c368a5b100d6f818d61c215"},
        {"hmac-sha512", 229,
         "b03f8b621675448cefdbab4bddee5ec5873e493a144e6005671005118721e9059a"
         "7cb70adb0a54797f4c9d9dd88896ce19316261b2750c73fc1f1105bf53791e"},
};

static const char unsigned_add[] =
        "123428000001000000010000076578616d706c6503636f6d0000060001"
        "0f5f61636d652d6368616c6c656e676503777777076578616d706c6503636f6d00001000010000003c"
        "002c2b4c6f71586359563871354f4e624a5178626d5237534354"
        "4e6f337469415844666f77796a78416a45755830";

/* The one change of the vectors, signed. */
static void build(struct talk *t, uint16_t rclass, struct octets *m)
{
	struct change c;

	open_talk(&op, t);
	start(&op, UPDATE, "example.com", RR_SOA, m);
	pack(&op, "example.com", &one, &c);
	put_rr(m, UPDATES, &c, c.type, rclass);
}

static void every_algorithm_signs_to_its_known_octets(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		struct talk t;
		struct octets m;

		begin("acme-key", vectors[i].alg, secret, NULL);
		build(&t, DNS_IN, &m);
		scoped(free_p) char *plain = hex(m.at, m.len);
		sign(&t, &m);
		scoped(free_p) char *all = hex(m.at, m.len);
		size_t mac_len = strlen(vectors[i].mac);
		ok(m.len == vectors[i].total && !strcmp(plain, unsigned_add), "%s: the message",
		   vectors[i].alg);
		ok(!strncmp(all + 2 * m.len - 12 - mac_len, vectors[i].mac, mac_len), "%s: its MAC",
		   vectors[i].alg);
	}
}

static void the_signature_record_is_laid_out_as_the_rfc_says(void)
{
	struct talk t;
	struct octets m;

	begin("acme-key", NULL, secret, NULL);
	build(&t, DNS_IN, &m);
	sign(&t, &m);
	scoped(free_p) char *tail = hex(m.at + 116, m.len - 116);
	is(tail,
	   "0861636d652d6b65790000fa00ff00000000003d0b686d61632d736861323536000000"
	   "6553f100012c0020"
	   "6352b64926b91623f69e408d52a8347cfe9a8b1c07cc7b573f40ee50d77cb226123400000000",
	   "TSIG record");
	ok(number(m.at + ADDITIONAL, 2) == 1, "it is counted");
}

static void a_delete_signs_to_its_known_octets(void)
{
	struct talk t;
	struct octets m;

	begin("acme-key", NULL, secret, NULL);
	build(&t, DNS_NONE, &m);
	set16(m.at, 0x1235);
	sign(&t, &m);
	scoped(free_p) char *mac = hex(m.at + m.len - 38, 32);
	is(mac, "a03ce818f7c58aa2a2fcfba8c2148f376e80090eade9a9700b8195467b51dcef", "delete MAC");
}

static void a_known_response_is_believed_and_a_changed_one_is_not(void)
{
	static const char mac[] =
	        "b0e0cb1912b731f883ae6e07bddb8e0e97d4ab7002b5d7a3ee838ec70c212e92";
	struct talk t;
	struct octets m, r = {.op = &op};
	uint8_t octets[32];

	for (size_t i = 0; i < 32; i++)
		octets[i] = (uint8_t)strtoul((char[]){mac[2 * i], mac[2 * i + 1], 0}, NULL, 16);
	for (unsigned change = 0; change < 2; change++) {
		begin("acme-key", NULL, secret, NULL);
		build(&t, DNS_IN, &m);
		sign(&t, &m);
		w.wall = 1700000001;
		start(&op, UPDATE, "example.com", RR_SOA, &r);
		r.at[2] = 0xa8;
		put(&r, (struct span){m.at + 116, 33}); /* up to the time */
		put_number(&r, 1700000001, 6);
		put_number(&r, 300ull << 16 | 32, 4);
		put(&r, (struct span){octets, 32});
		put_number(&r, 0x1234ull << 32, 6);
		set16(r.at + ADDITIONAL, 1);
		r.at[3] = change ? 0x05 : 0;
		t.x.reply = r.at;
		t.x.reply_len = r.len;
		t.reply = fake_read(&op, r.at, r.len);
		ok((verify(&t) == SEAL_OK) == !change && t.trusted == !change, "%s",
		   change ? "another RCODE: refused" : "response MAC");
	}
}

static void keys_come_in_many_spellings(void)
{
	static const char block[] =
	        "key \"acme-key\" {\n\talgorithm hmac-sha512;\n\tsecret \"%s\";\n};\n";
	static const char turned[] = "key acme-key { secret \"%s\"; algorithm hmac-md5; };";
	static const struct {
		const char *name, *alg, *key;
		const char *want_alg; /* NULL: refused */
	} cases[] = {
	        {"acme-key.", "hmac-sha256.", "%s", "hmac-sha256"},
	        {"acme-key", "HMACSHA256", "%s", "hmac-sha256"},
	        {"acme-key", "HMAC-SHA512", "%s", "hmac-sha512"},
	        {"acme-key", "hmac_sha1", "%s", "hmac-sha1"},
	        {"acme-key", "hmac-md5.sig-alg.reg.int.", "%s", "hmac-md5.sig-alg.reg.int"},
	        {"acme-key", "sha384", "%s", "hmac-sha384"},
	        {"acme-key", NULL, "%s", "hmac-sha256"},
	        {NULL, NULL, "acme-key:%s", "hmac-sha256"},
	        {NULL, NULL, "hmac-sha224:acme-key:%s", "hmac-sha224"},
	        {NULL, NULL, block, "hmac-sha512"},
	        {NULL, NULL, turned, "hmac-md5.sig-alg.reg.int"},
	        {NULL, "hmac-sha1", block, "hmac-sha1"},
	        {"acme-key", "hmac-sha3", "%s", NULL},
	        {"acme-key", "hmac-sha256-and-a-good-deal-more-of-it", "%s", NULL},
	        {"acme-key", NULL, "not base64!", NULL},
	        {"acme-key", NULL, NULL, NULL},
	        {NULL, NULL, "%s", NULL},
	        {"a..b", NULL, "%s", NULL},
	};
	struct talk t;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *at = cases[i].key ? strstr(cases[i].key, "%s") : NULL;
		char *key = at ? arena_printf(&w.arena, "%.*s%s%s", (int)(at - cases[i].key),
		                              cases[i].key, secret, at + 2)
		               : NULL;
		scoped(free_p) char *copy = key ? strdup(key) : NULL;

		begin(cases[i].name, cases[i].alg, at ? copy : cases[i].key, NULL);
		enum seal_status st = open_talk(&op, &t);
		bool good = cases[i].want_alg && !st && t.key.alg && t.key.secret.len == 32 &&
		            t.key.owner.len == 10 && !strcmp(t.key.alg->name, cases[i].want_alg);
		ok(cases[i].want_alg ? good : st == SEAL_EAUTH, "key %zu: %s", i,
		   cases[i].want_alg ? cases[i].want_alg : w.story.text);
	}
	begin(NULL, NULL, NULL, NULL);
	ok(!open_talk(&op, &t) && !t.key.alg, "no key: unsigned");
	begin(NULL, NULL, NULL, NULL);
	w.conf.transport = "sctp";
	ok(open_talk(&op, &t) == SEAL_EINVAL, "no such transport");
}

/* ---- what is sent ---- */

#define ZONE_SECTION "076578616d706c6503636f6d0000060001"
#define OWNER "0f5f61636d652d6368616c6c656e676503777777076578616d706c6503636f6d00"
#define DATA                                                                                       \
	"002c2b4c6f71586359563871354f4e624a5178626d5237534354"                                     \
	"4e6f337469415844666f77796a78416a45755830"
#define NO_CNAME OWNER "000500fe000000000000"

static void each_operation_is_one_message(void)
{
	static const struct answer yes[] = {{SIGNED, 0, NULL}};

	begin("acme-key", NULL, secret, yes);
	ok(!append(&op, "example.com", &one, 1) && w.n_sent == 1, "append");
	is(sent_hex(0),
	   "123428000001000100010001" ZONE_SECTION NO_CNAME OWNER "001000010000003c" DATA,
	   "append adds, where no CNAME is");
	is(buf_text(&w.results),
	   "_acme-challenge.www TXT LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0|",
	   "and tells what");
	begin("acme-key", NULL, secret, yes);
	ok(!set(&op, "example.com", &one, 1) && w.n_sent == 1, "set");
	is(sent_hex(0),
	   "123428000001000100020001" ZONE_SECTION NO_CNAME OWNER "001000ff000000000000" OWNER
	   "001000010000003c" DATA,
	   "set deletes the set, then adds, at once");
	begin("acme-key", NULL, secret, yes);
	ok(!take_away(&op, "example.com", &one, 1) && w.n_sent == 1, "remove");
	is(sent_hex(0), "123428000001000000010001" ZONE_SECTION OWNER "001000fe00000000" DATA,
	   "remove deletes exactly this value");
	is(buf_text(&w.results), "", "and tells nothing");
}

static void a_thousand_records_go_in_few_messages(void)
{
	static const struct answer yes[] = {
	        {SIGNED, 0, NULL},
	        {SIGNED, 0, NULL},
	        {SIGNED, 0, NULL},
	        {SIGNED, 0, NULL},
	};
	static struct seal_record many[1000];
	size_t updates = 0;

	begin("acme-key", NULL, secret, yes);
	for (size_t i = 0; i < 1000; i++) {
		many[i] = one;
		many[i].name = arena_printf(&w.arena, "_acme-challenge.host%zu", i % 500);
		many[i].data = arena_printf(&w.arena, "value %zu", i);
	}
	ok(!set(&op, "example.com", many, 1000) && w.n_sent > 1 && w.n_sent < 5, "%zu messages",
	   w.n_sent);
	for (size_t i = 0; i < w.n_sent; i++) {
		updates += number(w.sent[i] + UPDATES, 2);
		ok(w.sent_len[i] < 61000, "of %zu octets", w.sent_len[i]);
	}
	ok(updates == 1500, "500 sets deleted and 1000 records added: %zu", updates);
}

static void nonsense_is_refused_before_anything_is_sent(void)
{
	static const struct seal_record bad[] = {
	        {"a", "TXT", 60, "", NULL},          {"a", "A", 60, "1.2.3", NULL},
	        {"a..b", "TXT", 60, "x", NULL},      {"a", "AXFR", 60, "x", NULL},
	        {"a", "TYPE250", 60, "\\# 0", NULL}, {"a", "NONSENSE", 60, "x", NULL},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin("acme-key", NULL, secret, NULL);
		ok(append(&op, "example.com", &bad[i], 1) == SEAL_EINVAL && !w.n_sent, "%s",
		   w.story.text);
	}
}

static void udp_is_left_for_what_is_big_or_cut(void)
{
	static const struct answer yes[] = {{SIGNED, 0, NULL}};
	static const struct answer cut[] = {{CUT, 0, NULL}, {SIGNED, 0, NULL}};
	struct seal_record big = one;
	char text[1500];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	big.data = text;
	begin("acme-key", NULL, secret, yes);
	w.conf.transport = "UDP";
	ok(!append(&op, "example.com", &one, 1) && w.udp[0], "small: UDP");
	begin("acme-key", NULL, secret, yes);
	w.conf.transport = "udp";
	ok(!append(&op, "example.com", &big, 1) && !w.udp[0], "big: TCP");
	begin("acme-key", NULL, secret, cut);
	w.conf.transport = "udp";
	ok(!append(&op, "example.com", &one, 1) && w.n_sent == 2 && w.udp[0] && !w.udp[1],
	   "cut: again over TCP");
}

/* ---- what comes back ---- */

static void replies_that_are_not_the_servers_are_refused(void)
{
	static const struct answer bad[] = {
	        {BARE, 0, NULL},
	        {FORGED, 0, NULL},
	        {HALF_MAC, 0, NULL},
	        {OTHER_KEY, 0, NULL},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin("acme-key", NULL, secret, &bad[i]);
		ok(append(&op, "example.com", &one, 1) == SEAL_EPROTO && said("cannot be trusted"),
		   "%s", w.story.text);
	}
	ok(said("with another key"), "the last for its name");
	begin(NULL, NULL, NULL, bad);
	ok(!append(&op, "example.com", &one, 1), "without a key an unsigned reply will do");
}

static void each_refusal_has_its_class_and_remedy(void)
{
	static const struct {
		struct answer a;
		enum seal_status st;
		const char *word;
	} cases[] = {
	        {{BAD_KEY, 9, NULL}, SEAL_EAUTH, "BADKEY (key acme-key, hmac-sha256)"},
	        {{SIGNED, 5, NULL}, SEAL_EAUTH, "REFUSED"},
	        {{BARE, 5, NULL}, SEAL_EAUTH, "PowerDNS"},
	        {{SIGNED, 2, NULL}, SEAL_EAGAIN, "SERVFAIL"},
	        {{BARE, 4, NULL}, SEAL_EUNSUPPORTED, "takes no dynamic updates"},
	        {{SIGNED, 7, NULL}, SEAL_EINVAL, "a CNAME is at this name"},
	        {{SIGNED, 11, NULL}, SEAL_EPROTO, "error 11"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin("acme-key", NULL, secret, &cases[i].a);
		ok(append(&op, "example.com", &one, 1) == cases[i].st && said(cases[i].word), "%s",
		   cases[i].word);
		is(buf_text(&w.results), "", "nothing was done");
	}
}

static void a_wrong_clock_is_told_and_worked_around(void)
{
	static const struct answer late[] = {{BAD_TIME, 9, NULL}, {SIGNED, 0, NULL}};
	static const struct answer always[] = {{BAD_TIME, 9, NULL}, {BAD_TIME, 9, NULL}};

	begin("acme-key", NULL, secret, late);
	/* The second reply is signed at the server's time, 4000 s on. */
	enum seal_status st = append(&op, "example.com", &one, 1);
	ok(w.n_sent == 2 && strstr(w.log, "4000 s behind"), "%s", w.log);
	size_t time_at = w.sent_len[1] - 6 - 32 - 2 - 2 - 6;
	ok(number(w.sent[1] + time_at, 6) == 1700004000, "then the server's time is used");
	ok(st == SEAL_EPROTO && said("old"), "a reply of another time is refused");
	begin("acme-key", NULL, secret, always);
	ok(append(&op, "example.com", &one, 1) == SEAL_EPROTO && w.n_sent == 2, "only once more");
}

static void a_zone_the_server_keeps_otherwise_is_found(void)
{
	static const char soa[] = "+com SOA ns.com h.com 1 1 1 1 1";
	static const struct answer walk[] = {
	        {SIGNED, 9, NULL},
	        {SIGNED, 3, soa},
	        {SIGNED, 0, NULL},
	};
	static const struct answer none[] = {
	        {SIGNED, 9, NULL}, {BARE, 5, NULL}, {BARE, 5, NULL},
	        {BARE, 3, soa},    {BARE, 5, NULL},
	};

	begin("acme-key", NULL, secret, walk);
	ok(!append(&op, "example.com", &one, 1) && w.n_sent == 3, "its own zone is used");
	ok(!memcmp(w.sent[2] + 12, "\3com", 5), "in the next message");
	ok(strstr(w.log, "does not serve example.com"), "%s", w.log);
	begin("acme-key", NULL, secret, none);
	ok(append(&op, "example.com", &one, 1) == SEAL_ENOTFOUND && said("NOTAUTH"),
	   "an unsigned SOA is not believed");
}

static void a_cname_that_was_not_kept_is_noticed(void)
{
	static const struct seal_record cname = {"a", "CNAME", 60, "B.example.net.", NULL};
	static const struct answer lost[] = {{SIGNED, 0, NULL}, {SIGNED, 0, NULL}};
	static const struct answer kept[] = {
	        {SIGNED, 0, NULL},
	        {SIGNED, 0, "a.example.com CNAME b.example.net"},
	};

	begin("acme-key", NULL, secret, kept);
	ok(!append(&op, "example.com", &cname, 1) && w.n_sent == 2, "kept");
	begin("acme-key", NULL, secret, lost);
	ok(append(&op, "example.com", &cname, 1) == SEAL_EINVAL && said("kept no such CNAME"),
	   "lost");
}

#define SOA "example.com SOA ns.example.com h.example.com 1 1 1 1 1\n"

static void a_transfer_is_verified_from_end_to_end(void)
{
	static const struct answer whole[] = {
	        {SIGNED, 0, SOA "a.example.com A 192.0.2.1"},
	        {BARE, 0, "b.example.com TXT text of b"},
	        {SIGNED, 0, "*.example.com MX 10 mx.example.com"},
	        {SIGNED, 0, SOA},
	};
	static const struct answer bare_end[] = {{SIGNED, 0, SOA}, {BARE, 0, SOA}};
	static const struct answer forged[] = {{SIGNED, 0, SOA}, {FORGED, 0, SOA}};
	static const struct answer no_soa[] = {{SIGNED, 0, "a.example.com A 192.0.2.1\n" SOA}};
	static const struct answer empty[] = {{BARE, 0, NULL}};
	static const struct answer refused[] = {{SIGNED, 5, NULL}};

	begin("acme-key", NULL, secret, whole);
	w.conf.transport = "udp";
	ok(!get(&op, "example.com") && !w.udp[0], "four messages, one of them unsigned");
	is(buf_text(&w.results),
	   "@ SOA ns.example.com h.example.com 1 1 1 1 1|a A 192.0.2.1|b TXT text of b|"
	   "* MX 10 mx.example.com|",
	   "every record, the SOA once");
	begin("acme-key", NULL, secret, bare_end);
	ok(get(&op, "example.com") == SEAL_EPROTO && said("end is not signed"), "unsigned end");
	begin("acme-key", NULL, secret, forged);
	ok(get(&op, "example.com") == SEAL_EPROTO && said("signature is wrong"), "forged end");
	begin("acme-key", NULL, secret, no_soa);
	ok(get(&op, "example.com") == SEAL_EPROTO && said("no SOA first"), "no SOA first");
	begin(NULL, NULL, NULL, empty);
	ok(get(&op, "example.com") == SEAL_EPROTO && said("empty message"), "empty message");
	begin("acme-key", NULL, secret, refused);
	ok(get(&op, "example.com") == SEAL_EAUTH && said("allow-transfer"), "refused, with remedy");
}

static void check_changes_nothing(void)
{
	static const struct answer good[] = {
	        {SIGNED, 0, "example.com SOA ns.com h.com 1 1 1 1 1"},
	        {SIGNED, 0, NULL},
	};
	static const struct answer lost[] = {{SIGNED, 5, NULL}, {SIGNED, 5, NULL}};
	static const struct answer key[] = {{BAD_KEY, 9, NULL}};

	begin("acme-key", NULL, secret, good);
	ok(!check(&op, "example.com"), "all well");
	is(sent_hex(1),
	   "123428000001000100000001" ZONE_SECTION "076578616d706c6503636f6d0000ff00ff000000000000",
	   "a prerequisite and no update");
	begin("acme-key", NULL, secret, good + 1);
	ok(!check(&op, NULL), "without a zone the key alone");
	begin("acme-key", NULL, secret, lost);
	ok(check(&op, "example.com") == SEAL_ENOTFOUND && said("does not serve"), "zone not there");
	begin("acme-key", NULL, secret, key);
	ok(check(&op, "example.com") == SEAL_EAUTH && said("BADKEY"), "unknown key");
	begin("acme-key", NULL, secret, key);
	ok(check(&op, NULL) == SEAL_EAUTH && said("BADKEY"), "unknown key, without a zone");
}

int main(void)
{
	every_algorithm_signs_to_its_known_octets();
	the_signature_record_is_laid_out_as_the_rfc_says();
	a_delete_signs_to_its_known_octets();
	a_known_response_is_believed_and_a_changed_one_is_not();
	keys_come_in_many_spellings();
	each_operation_is_one_message();
	a_thousand_records_go_in_few_messages();
	nonsense_is_refused_before_anything_is_sent();
	udp_is_left_for_what_is_big_or_cut();
	replies_that_are_not_the_servers_are_refused();
	each_refusal_has_its_class_and_remedy();
	a_wrong_clock_is_told_and_worked_around();
	a_zone_the_server_keeps_otherwise_is_found();
	a_cname_that_was_not_kept_is_noticed();
	a_transfer_is_verified_from_end_to_end();
	check_changes_nothing();
	arena_free(&w.arena);
	buf_free(&w.chain);
	buf_free(&w.results);
	return done();
}
