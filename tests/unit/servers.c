/* links: mock_resolve */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/mock_resolve.h"
#include "tests/tap.h"

#include "dns/servers.h"

#include <stdlib.h>

#define R "127.0.0.1:53"
#define NS2 "NOERROR\nan @ NS ns1.example.net\nan @ NS ns2.example.net\n"
#define AUTH(serial) "NOERROR aa\nan @ SOA ns1.example.net h.x " serial " 1 1 1 300"

static struct loop *loop;
static struct servers_find s;
static struct resolvers resolvers;

static void world(void) /* two servers with both families */
{
	mock_reset();
	resolvers = (struct resolvers){ 0 };
	resolvers_add(&resolvers, "127.0.0.1");
	mock_says("*", "*", "SOA", AUTH("42"));
	mock_says(R, "*", "*", "NOERROR");
	mock_says(R, "example.org", "NS", NS2);
	mock_says(R, "ns1.example.net", "A", "NOERROR\nan @ A 192.0.2.1");
	mock_says(R, "ns1.example.net", "AAAA", "NOERROR\nan @ AAAA 2001:db8::1");
	mock_says(R, "ns2.example.net", "A", "NOERROR\nan @ A 192.0.2.2");
	mock_says(R, "ns2.example.net", "AAAA", "NOERROR\nan @ AAAA 2001:db8::2");
}

static void start(struct mock_wait *w)
{
	str_put(s.apex, "example.org");
	s.resolvers = &resolvers;
	mock_wait_init(w, loop);
	servers_find_start(&s, &w->task);
}

static enum seal_status find(void)
{
	struct mock_wait w;

	start(&w);
	if (!loop_run(loop, &w.done))
		ok(false, "the look for servers ended");
	return s.story.st;
}

static const struct server *at(const char *address)
{
	static const struct server none = { .class = (enum server_class)99 };

	for (size_t i = 0; i < s.n; i++)
		if (!strcmp(s.at[i].address, address))
			return s.at + i;
	return &none;
}

static void is_class(const char *address, enum server_class class, const char *said)
{
	const struct server *x = at(address);

	ok(x->class == class && !strcmp(x->said, said), "%s: %s, %s", address,
	   server_class_name(class), said);
	if (x->class != class || strcmp(x->said, said))
		printf("# %d %s\n", x->class, x->said);
}

static void every_address_is_asked(void)
{
	world();
	mock_says("192.0.2.2:53", "example.org", "SOA", AUTH("41"));
	ok(!find() && s.n == 4 && s.n_auth == 4, "four addresses of two names");
	is_class("192.0.2.1:53", SERVER_AUTH, "");
	is_class("[2001:db8::2]:53", SERVER_AUTH, "");
	is(at("192.0.2.2:53")->name, "ns2.example.net", "each with its name");
	ok(at("192.0.2.1:53")->serial == 42 && at("192.0.2.2:53")->serial == 41, "and its serial");
	ok(mock_asked("*", "*", "*") == 9 && mock_recursive() == 5,
	   "one NS, four address and four SOA questions, these without RD");
	ok(mock_ms() == 60, "in three steps");
}

static void glue_saves_questions(void)
{
	world();
	mock_says(R, "example.org", "NS",
		  NS2 "ar ns1.example.net A 192.0.2.1\nar NS2.example.net A 192.0.2.2\n"
		      "ar ns2.example.net AAAA 2001:db8::2\nar other.example.net A 192.0.2.66");
	ok(!find() && s.n_auth == 4, "the same servers");
	ok(mock_asked(R, "*", "*") == 2 && mock_asked(R, "ns1.example.net", "AAAA") == 1,
	   "only what was missing is asked for");
}

static void bad_servers_are_told_from_good_ones(void)
{
	world();
	mock_says("192.0.2.1:53", "*", "*", "REFUSED");
	mock_says("[2001:db8::1]:53", "*", "*", "silence");
	mock_says("[2001:db8::2]:53", "*", "*", "NOERROR\nan @ SOA a h 1 1 1 1 1");
	ok(!find() && s.n == 4 && s.n_auth == 1, "one good server is enough");
	is_class("192.0.2.1:53", SERVER_LAME, "REFUSED");
	is_class("[2001:db8::1]:53", SERVER_SILENT, "timeout");
	is_class("[2001:db8::2]:53", SERVER_LAME, "no AA");
	is_class("192.0.2.2:53", SERVER_AUTH, "");
	ok(mock_ms() == 3040, "a silent one has two tries from one second on");
	mock_says("192.0.2.1:53", "*", "*", "SERVFAIL");
	mock_says("[2001:db8::1]:53", "*", "*", "garbage");
	mock_says("[2001:db8::2]:53", "*", "*", "NOERROR aa\nau @ SOA a h 1 1 1 1 1");
	find();
	is_class("192.0.2.1:53", SERVER_LAME, "SERVFAIL");
	is_class("[2001:db8::1]:53", SERVER_LAME, "bad reply");
	is_class("[2001:db8::2]:53", SERVER_LAME, "no SOA");
}

static void a_family_without_a_route_does_not_count(void)
{
	world();
	mock_says("[2001:db8::1]:53", "*", "*", "unreachable");
	mock_says("[2001:db8::2]:53", "*", "*", "unreachable");
	ok(!find() && s.n_auth == 2, "two of four");
	is_class("[2001:db8::1]:53", SERVER_NOROUTE, "unreachable");
	is_class("[2001:db8::2]:53", SERVER_NOROUTE, "unreachable");
	ok(mock_ms() == 60, "as fast as without it");
	mock_says("[2001:db8::2]:53", "*", "*", AUTH("42"));
	find();
	is_class("[2001:db8::1]:53", SERVER_SILENT, "unreachable");
}

static void without_a_good_server_all_are_named(void)
{
	world();
	mock_says("*", "*", "SOA", "REFUSED");
	mock_says("[2001:db8::2]:53", "*", "*", "silence");
	ok(find() == SEAL_EAGAIN, "that is for later");
	is(s.story.text,
	   "no server of the zone example.org answers for it: ns1.example.net "
	   "192.0.2.1:53 REFUSED, ns2.example.net 192.0.2.2:53 REFUSED, ns1.example.net "
	   "[2001:db8::1]:53 REFUSED, ns2.example.net [2001:db8::2]:53 timeout",
	   "each is named");
	is(s.story.hint, "", "somebody answered: port 53 is open");
	mock_says("*", "*", "SOA", "silence");
	find();
	ok(strstr(s.story.hint, "port 53 may be blocked"), "when all are silent: a hint");
}

static void many_servers_are_bounded(void)
{
	struct buf ns = { 0 }, a = { 0 };
	size_t names = 0;

	world();
	buf_str(&ns, "NOERROR\nan @ NS n0.example.net\n");
	for (int i = 0; i < 20; i++)
		buf_printf(&ns, "an @ NS n%d.example.net\n", i);
	mock_says(R, "example.org", "NS", buf_text(&ns));
	for (int i = 0; i < 20; i++) {
		char name[32];
		str_put(name, "n%d.example.net", i);
		buf_clear(&a);
		buf_str(&a, "NOERROR\n");
		for (int k = 0; k < (i ? 3 : 60); k++)
			buf_printf(&a, "an @ A 192.0.%d.%d\n", i, k);
		mock_says(R, name, "A", buf_text(&a));
	}
	mock_says("*", "*", "SOA", "REFUSED");
	find();
	ok(s.n == 32, "32 addresses");
	for (size_t i = 0; i < s.n; i++) {
		bool is_new = true;
		for (size_t k = 0; k < i; k++)
			is_new &= strcmp(s.at[i].name, s.at[k].name) != 0;
		names += is_new;
	}
	ok(names == 13, "of 13 names, none left out");
	ok(strstr(s.story.text, " and ") && strstr(s.story.text, " more"), "the rest is counted");
	buf_free(&ns);
	buf_free(&a);
}

static void one_address_is_asked_once(void)
{
	world();
	mock_says(R, "ns2.example.net", "A", "NOERROR\nan @ A 192.0.2.1");
	ok(!find() && s.n == 3 && mock_asked("192.0.2.1:53", "*", "*") == 1,
	   "though two names have it");
	mock_says(R, "ns2.example.net", "A",
		  "NOERROR\nan @ CNAME x.example.net\nan x.example.net A 192.0.2.7");
	find();
	is_class("192.0.2.7:53", SERVER_AUTH, "");
}

static void missing_names_and_addresses_are_told(void)
{
	world();
	mock_says(R, "example.org", "NS", "NOERROR\nan other.org NS ns1.example.net");
	find();
	is(s.story.text, "example.org has no NS records: the resolver 127.0.0.1:53 says NOERROR",
	   "no names");
	mock_says(R, "example.org", "NS", "SERVFAIL");
	find();
	is(s.story.text, "no resolver could answer for example.org NS: 127.0.0.1:53 SERVFAIL",
	   "no answer");
	mock_says(R, "example.org", "NS", NS2);
	mock_says(R, "*.example.net", "*", "NOERROR");
	find();
	is(s.story.text,
	   "no address found for any server of the zone example.org "
	   "(ns1.example.net, ...)",
	   "no addresses");
	mock_says(R, "*.example.net", "*", "SERVFAIL");
	find();
	is(s.story.text,
	   "no address found for any server of the zone example.org "
	   "(ns1.example.net, ...): no resolver could answer for ns1.example.net A: 127.0.0.1:53 "
	   "SERVFAIL",
	   "and why");
}

static void a_look_can_be_canceled(void)
{
	static const int64_t moments[] = { -1, 0, 10, 20, 30, 40, 50, 60, 80 };
	struct mock_wait w, pause;
	struct timer timer = { 0 };

	for (size_t i = 0; i < COUNT(moments); i++) {
		world();
		start(&w);
		mock_wait_init(&pause, loop);
		if (moments[i] >= 0) {
			timer_start(&timer, &pause.task, moments[i]);
			loop_run(loop, &pause.done);
		}
		bool was_over = w.done;
		servers_find_cancel(&s);
		servers_find_cancel(&s);
		int64_t before = mock_ms();
		loop_run(loop, &w.done);
		ok(mock_ms() == before, "without waiting for anything");
		ok(was_over ? !s.story.st : s.story.st == SEAL_ECANCELED, "after %d ms: %s",
		   (int)moments[i], was_over ? "too late" : "canceled");
		ok(!w.task.pending && !mock_under_way(), "and nothing is left");
	}
}

int main(void)
{
	mock_reset();
	loop = loop_new();
	every_address_is_asked();
	glue_saves_questions();
	bad_servers_are_told_from_good_ones();
	a_family_without_a_route_does_not_count();
	without_a_good_server_all_are_named();
	many_servers_are_bounded();
	one_address_is_asked_once();
	missing_names_and_addresses_are_told();
	a_look_can_be_canceled();
	servers_find_free(&s);
	loop_free(loop);
	return done();
}
