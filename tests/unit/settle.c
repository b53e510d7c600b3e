/* links: mock_resolve */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/mock_resolve.h"
#include "tests/tap.h"

#include "dns/settle.h"

#include <stdlib.h>

#define OWNER "_acme-challenge.example.org"
#define A1 "192.0.2.1:53"
#define A2 "192.0.2.2:53"
#define R1 "127.0.0.1:53"
#define R2 "127.0.0.2:53"
#define HAS "NOERROR aa\nan @ TXT abc"
#define LACKS(serial) "NXDOMAIN aa\nau example.org SOA ns1 h " serial " 1 1 1 60"
#define MINUTE 60000

static struct loop *loop;
static struct servers_find zone, other;
static struct resolvers resolvers;
static const char *const abc[] = { "abc" };
static struct settle_want want;
static struct settle s;

static void add_server(struct servers_find *z, const char *name, const char *address,
		       enum server_class class)
{
	struct server *x = z->at + z->n++;

	str_put(x->name, "%s", name);
	str_put(x->address, "%s", address);
	x->class = class;
	z->n_auth += class == SERVER_AUTH;
}

static void world(void) /* two good servers and a lame one; one value wanted at one owner */
{
	mock_reset();
	settle_free(&s);
	memset(&zone, 0, sizeof(zone));
	str_put(zone.apex, "example.org");
	add_server(&zone, "ns1.example.net", A1, SERVER_AUTH);
	add_server(&zone, "ns3.example.net", "192.0.2.3:53", SERVER_LAME);
	add_server(&zone, "ns2.example.net", A2, SERVER_AUTH);
	want = (struct settle_want){ OWNER, abc, 1, &zone };
	s = (struct settle){ .want = &want, .n_want = 1, .within_ms = 20 * MINUTE };
	mock_says("*", "*", "TXT", HAS);
	mock_says(A1, "*", "SOA", "NOERROR aa\nan @ SOA ns1 h 43 1 1 1 1");
	mock_says(A2, "*", "SOA", "NOERROR aa\nan @ SOA ns1 h 41 1 1 1 1");
}

static enum seal_status settle(void)
{
	struct mock_wait w;

	mock_wait_init(&w, loop);
	settle_start(&s, &w.task);
	if (!loop_run(loop, &w.done))
		ok(false, "the wait ended");
	return s.story.st;
}

static void what_is_there_is_seen_at_once(void)
{
	world();
	ok(!settle(), "seen");
	ok(s.questions == 2 && mock_asked("*", "*", "*") == 2, "one question an address");
	ok(!mock_asked("192.0.2.3:53", "*", "*"), "none to the lame server");
	ok(!mock_recursive(), "none recursive");
	ok(mock_ms() == 20, "in one round trip");
	ok(s.n_look == 2 && s.look[0].state == SEEN_OK && s.look[1].state == SEEN_OK,
	   "both have it");
}

static void fifty_names_go_in_one_go(void)
{
	static char owners[50][64];
	static struct settle_want wants[50];

	world();
	for (size_t i = 0; i < 50; i++) {
		str_put(owners[i], "_acme-challenge.h%zu.example.org", i);
		wants[i] = (struct settle_want){ owners[i], abc, 1, &zone };
	}
	s.want = wants;
	s.n_want = 50;
	ok(!settle() && s.questions == 100, "a hundred questions");
	ok(mock_most() == 32, "32 at once");
	ok(mock_ms() == 80, "and nothing more: four round trips");
}

static void confirm_and_settle_take_their_time(void)
{
	world();
	s.confirm = true;
	s.settle_ms = 3000;
	ok(!settle() && s.questions == 4, "asked twice");
	ok(mock_ms() == 20 + 500 + 20 + 3000, "half a second later, then the wait");
	world();
	s.settle_ms = 3000;
	ok(!settle() && mock_ms() == 3020, "the wait alone");
}

static void the_first_look_may_be_late(void)
{
	world();
	s.first_ms = 1000;
	ok(!settle() && mock_ms() == 1040, "after a second, sentinel first, then the other");
	ok(s.questions == 2, "each once");
}

static void a_lagging_secondary_is_waited_for(void)
{
	world();
	mock_says(A2, OWNER, "TXT", LACKS("42"));
	mock_later(5 * MINUTE, A2, OWNER, "TXT", HAS);
	ok(!settle(), "five minutes");
	ok(mock_ms() >= 5 * MINUTE && mock_ms() < 5 * MINUTE + 10100, "seen within ten seconds");
	ok(mock_asked(A1, "*", "*") == 1, "the server that had it was asked once");
	ok(s.questions > 30 && s.questions < 60, "%u questions", s.questions);
	is(s.look[1].said, "seen", "what it said at last");
	ok(s.look[1].serial == 42, "the serial beside its last refusal");

	world();
	mock_says("*", OWNER, "TXT", LACKS("42"));
	mock_later(2000, "*", OWNER, "TXT", HAS);
	ok(!settle() && mock_ms() < 2600, "two seconds: seen within half a second");

	world();
	mock_says(A2, OWNER, "TXT", LACKS("42"));
	mock_later(100, A2, OWNER, "TXT", HAS);
	ok(!settle() && mock_ms() < 220, "a tenth of a second: seen within two");
}

static void only_one_address_is_polled(void)
{
	world();
	for (int i = 4; i < 10; i++) {
		char at[SERVER_LEN];
		str_put(at, "192.0.2.%d:53", i);
		add_server(&zone, "n.example.net", at, SERVER_AUTH);
	}
	mock_says("*", OWNER, "TXT", LACKS("42"));
	mock_later(MINUTE, "*", OWNER, "TXT", HAS);
	ok(!settle() && mock_ms() >= MINUTE, "a minute, eight addresses");
	ok(s.questions == 16 + mock_asked(A1, "*", "*") - 2,
	   "all in the first and the last round, one in between (%u)", s.questions);
}

static void flapping_is_noticed(void)
{
	world();
	s.confirm = true;
	mock_later(300, A2, OWNER, "TXT", LACKS("42"));
	mock_later(5000, A2, OWNER, "TXT", HAS);
	ok(!settle(), "settled at last");
	ok(mock_ms() > 5000 + 500 && mock_ms() < 7000, "after it held for a confirming round");
	world();
	s.confirm = true;
	s.within_ms = 400;
	mock_later(300, A2, OWNER, "TXT", LACKS("42"));
	ok(settle() == SEAL_EAGAIN && mock_ms() < 2000, "time may be over in between");
}

static void a_server_that_fell_silent_is_excused(void)
{
	world();
	mock_says(A1, OWNER, "TXT", "silence");
	ok(!settle(), "when all others have it");
	ok(mock_ms() > 30000 && mock_ms() < 50000, "after half a minute (%d ms)", (int)mock_ms());
	ok(s.look[0].state == SEEN_SILENT && s.look[0].silent >= 3, "and three rounds");
	is(s.look[0].said, "timeout", "it is still told");
	ok(mock_asked(A2, "*", "*") == 1, "the other one was asked once");
	world();
	s.first_ms = 1000;
	mock_says(A1, OWNER, "TXT", "unreachable");
	ok(!settle() && s.look[1].state == SEEN_OK, "a silent sentinel does not hide the others");
	ok(mock_asked(A2, "*", "*") == 1, "another takes its place at once");
	world();
	s.within_ms = 2 * MINUTE;
	mock_says("*", OWNER, "TXT", "silence");
	ok(settle() == SEAL_EAGAIN, "not when nobody has it");
	world();
	mock_says(A1, OWNER, "TXT", "silence");
	mock_later(20000, A1, OWNER, "TXT", LACKS("42"));
	mock_later(2 * MINUTE, A1, OWNER, "TXT", HAS);
	ok(!settle() && mock_ms() >= 2 * MINUTE, "not when it speaks again");
}

static void when_time_is_over_the_story_is_told(void)
{
	world();
	s.within_ms = 5 * MINUTE;
	mock_says(A2, OWNER, "TXT", LACKS("41"));
	ok(settle() == SEAL_EAGAIN, "for later");
	is(s.story.text,
	   "after 5m00s 1 of 2 servers lack a TXT record: ns2.example.net 192.0.2.2:53: "
	   "NXDOMAIN for " OWNER ", still serves serial 41 (ns1.example.net serves 43)",
	   "who, where, what, and which serial");
	ok(mock_ms() >= 5 * MINUTE && mock_ms() < 5 * MINUTE + 100, "not before, not long after");

	world();
	s.within_ms = 0;
	mock_says(A2, OWNER, "TXT", LACKS("41"));
	ok(settle() == SEAL_EAGAIN && s.questions == 4, "without time: one look");

	world();
	s.within_ms = 1000;
	mock_says(A1, OWNER, "TXT", "silence");
	mock_says(A2, OWNER, "TXT", "NOERROR aa");
	settle();
	ok(strstr(s.story.text, "2 of 2 servers lack a TXT record: ns1.example.net 192.0.2.1:53: "
				"timeout for " OWNER
				"; ns2.example.net 192.0.2.2:53: no TXT for " OWNER ", serial 41"),
	   "silent and empty: %s", s.story.text);
}

static void a_long_story_is_cut(void)
{
	static struct settle_want wants[3];
	char at[SERVER_LEN];

	world();
	memset(&zone, 0, sizeof(zone));
	str_put(zone.apex, "example.org");
	for (int i = 0; i < 20; i++) {
		str_put(at, "192.0.2.%d:53", i);
		add_server(&zone, "a.b", at, SERVER_AUTH);
	}
	for (size_t i = 0; i < 3; i++)
		wants[i] = (struct settle_want){ "x.y", abc, 1, &zone };
	wants[0].owner = "z.y";
	s.want = wants;
	s.n_want = 3;
	s.within_ms = 10;
	mock_says("*", "*", "*", "REFUSED");
	mock_says("*", "z.y", "TXT", HAS);
	settle();
	ok(strstr(s.story.text, "20 of 20 servers") &&
		   strstr(s.story.text, "192.0.2.0:53: REFUSED for x.y and 1 more; ") &&
		   strstr(s.story.text, "192.0.2.7:53") && !strstr(s.story.text, "192.0.2.8:53") &&
		   strstr(s.story.text, "; and 12 more"),
	   "eight of twenty: %s", s.story.text);
	for (size_t i = 0; i < zone.n; i++)
		memset(zone.at[i].name, 'n', 300);
	settle();
	ok(strstr(s.story.text, "; and 17 more"), "fewer when names are long: %s", s.story.text);
}

static void values_are_compared_exactly(void)
{
	static const char *const two[] = { "abc", "Def" };
	static const struct {
		const char *reply, *said;
		enum settle_state state;
	} cases[] = {
		{ "NOERROR aa\nan @ TXT abc\nan @ TXT Def", "seen", SEEN_OK },
		{ "NOERROR aa\nan @ TXT old\nan @ TXT Def\nan @ TXT other\nan @ TXT abc", "seen",
		  SEEN_OK },
		{ "NOERROR aa\nan @ TYPE16 \\# 6 0161 00 026263\nan @ TXT Def", "seen", SEEN_OK },
		{ "NOERROR aa\nan @ TYPE16 \\# 5 0461626300\nan @ TXT Def", "1 of 2 values",
		  SEEN_NOT_YET },
		{ "NOERROR aa\nan @ TYPE16 \\# 4 05616263\nan @ TXT Def", "1 of 2 values",
		  SEEN_NOT_YET },
		{ "NOERROR aa\nan @ TXT abc", "1 of 2 values", SEEN_NOT_YET },
		{ "NOERROR aa\nan @ TXT abc\nan @ TXT abc", "1 of 2 values", SEEN_NOT_YET },
		{ "NOERROR aa\nan @ TXT abc\nan @ TXT def", "1 of 2 values", SEEN_NOT_YET },
		{ "NOERROR aa\nan @ TXT ABC\nan @ TXT Def\nan @ TXT abcd", "1 of 2 values",
		  SEEN_NOT_YET },
		{ "NOERROR aa\nan @ TXT \"abc\"\nan @ TXT Def", "1 of 2 values", SEEN_NOT_YET },
		{ "NOERROR aa\nan @ TXT x", "0 of 2 values", SEEN_NOT_YET },
		{ "NOERROR aa\nan x.y TXT abc\nan x.y TXT Def", "no TXT", SEEN_NOT_YET },
		{ "NOERROR aa\nau @ TXT abc\nau @ TXT Def", "no TXT", SEEN_NOT_YET },
		{ "NOERROR aa\nan @ CNAME x.vendor.net\nan x.vendor.net TXT abc",
		  "CNAME x.vendor.net", SEEN_NOT_YET },
		{ "NOERROR\nan @ TXT abc\nan @ TXT Def", "no AA", SEEN_ERROR },
		{ "SERVFAIL", "SERVFAIL", SEEN_ERROR },
		{ "garbage", "bad reply", SEEN_ERROR },
		{ "NXDOMAIN aa", "NXDOMAIN", SEEN_NOT_YET },
		{ "unreachable", "unreachable", SEEN_SILENT },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		world();
		want.values = two;
		want.n_values = 2;
		s.within_ms = 0;
		mock_says("*", OWNER, "TXT", cases[i].reply);
		settle();
		ok(s.look[0].state == cases[i].state && !strcmp(s.look[0].said, cases[i].said),
		   "%zu: %s, %s", i, settle_state_name(cases[i].state), cases[i].said);
		if (strcmp(s.look[0].said, cases[i].said))
			printf("# %s\n", s.look[0].said);
	}
}

static void a_value_in_several_strings_is_one(void)
{
	static const char *const value[] = { "abcdef" };
	char long_value[301];
	const char *const long_values[] = { long_value };
	char reply[400];

	world();
	want.values = value;
	mock_says("*", OWNER, "TXT", "NOERROR aa\nan @ TXT abcdef");
	ok(!settle(), "in one");
	memset(long_value, 'x', 300);
	long_value[300] = '\0';
	want.values = long_values;
	str_put(reply, "NOERROR aa\nan @ TXT %s", long_value);
	mock_says("*", OWNER, "TXT", reply);
	ok(!settle(), "300 octets in two");
}

static void servfail_is_not_yet(void)
{
	world();
	mock_says("*", OWNER, "TXT", "SERVFAIL");
	mock_later(10000, "*", OWNER, "TXT", HAS);
	ok(!settle() && mock_ms() >= 10000, "a server that reloads its zones");
}

static void each_zone_has_its_sentinel(void)
{
	static struct settle_want wants[2];

	world();
	memset(&other, 0, sizeof(other));
	str_put(other.apex, "example.com");
	add_server(&other, "ns1.example.com", "192.0.2.11:53", SERVER_AUTH);
	add_server(&other, "ns2.example.com", "192.0.2.12:53", SERVER_AUTH);
	wants[0] = want;
	wants[1] = (struct settle_want){ "_acme-challenge.example.com", abc, 1, &other };
	s.want = wants;
	s.n_want = 2;
	s.first_ms = 1000;
	mock_says("*", OWNER, "TXT", LACKS("1"));
	mock_later(MINUTE, "*", OWNER, "TXT", HAS);
	ok(!settle() && mock_ms() >= MINUTE, "the slow zone is waited for");
	ok(mock_asked("192.0.2.12:53", "*", "*") == 1, "the fast one was seen at once, and once");
}

static unsigned n_changed;
static void count(struct settle *x, const struct settle_look *l)
{
	n_changed++;
	if (x->arg && l->state == SEEN_OK)
		settle_cancel(x);
}

static void progress_is_told(void)
{
	world();
	n_changed = 0;
	s.changed = count;
	mock_says(A2, OWNER, "TXT", LACKS("42"));
	mock_later(MINUTE, A2, OWNER, "TXT", LACKS("43"));
	mock_later(2 * MINUTE, A2, OWNER, "TXT", HAS);
	ok(!settle() && n_changed == 4, "four changes in many looks (%u)", n_changed);
}

static void resolvers_are_asked_late_and_in_turn(void)
{
	world();
	resolvers = (struct resolvers){ 0 };
	resolvers_add(&resolvers, "127.0.0.1");
	resolvers_add(&resolvers, "127.0.0.2");
	s.mode = SETTLE_RESOLVERS;
	s.resolvers = &resolvers;
	mock_says("*", OWNER, "TXT", "NOERROR\nan @ TXT abc");
	ok(!settle() && s.questions == 1 && mock_recursive() == 1, "one recursive question");
	ok(mock_ms() == 15020, "after 15 seconds");
	s.first_ms = 20000;
	int64_t before = mock_ms();
	ok(!settle() && mock_ms() - before == 20020, "or later");
	s.first_ms = 5000;
	s.first_exact = true;
	before = mock_ms();
	ok(!settle() && mock_ms() - before == 5020, "or earlier when that is wanted");

	world();
	s.mode = SETTLE_RESOLVERS;
	s.resolvers = &resolvers;
	s.first_exact = true;
	mock_says("*", OWNER, "TXT", LACKS("42")); /* negative TTL 60 s */
	mock_later(30000, "*", OWNER, "TXT", "NOERROR\nan @ TXT abc");
	ok(!settle() && mock_ms() >= MINUTE && mock_ms() < MINUTE + 1000,
	   "one that said no is asked again when it forgets");
	ok(s.questions == 3, "in between only the other one");
	world();
	s.mode = SETTLE_RESOLVERS;
	s.resolvers = &resolvers;
	s.within_ms = 30000;
	mock_says(R1, OWNER, "TXT", "silence");
	mock_says(R2, OWNER, "TXT", LACKS("42"));
	ok(settle() == SEAL_EAGAIN && strstr(s.story.text, "1 of 1 servers lack a TXT record: "
							   "resolver 127.0.0."),
	   "told by resolver: %s", s.story.text);
	resolvers.n = 0;
	settle();
	is(s.story.text, "no server is known to look for " OWNER " at", "without any");
}

static void a_plain_wait_asks_nothing(void)
{
	world();
	s.mode = SETTLE_WAIT;
	s.settle_ms = 90000;
	ok(!settle() && mock_ms() == 90000 && !s.questions, "90 seconds");
	world();
	s.mode = SETTLE_WAIT;
	ok(!settle() && !mock_ms(), "none at all");
}

static void impossible_wants_are_refused(void)
{
	world();
	zone.n_auth = 0;
	ok(settle() == SEAL_EAGAIN && strstr(s.story.text, "no server is known"), "no server");
	world();
	want.owner = "a..b";
	ok(settle() == SEAL_EINVAL && strstr(s.story.text, "a..b is no domain name"), "no name");
	world();
	s.n_want = 0;
	ok(!settle() && !s.questions, "wanting nothing is fine");
}

static void a_wait_can_be_canceled(void)
{
	static const int64_t moments[] = { -1,	  0,	 10,	20,    200,   600,   4000,
					   30000, 66000, 66500, 67000, 67500, 68000, 69000 };
	struct mock_wait w, pause;
	struct timer timer = { 0 };

	for (size_t i = 0; i < COUNT(moments); i++) {
		world();
		s.confirm = true;
		s.settle_ms = 3000;
		mock_says(A2, OWNER, "TXT", "silence");
		mock_later(MINUTE, A2, OWNER, "TXT", HAS);
		mock_says(A1, OWNER, "TXT", LACKS("1"));
		mock_later(MINUTE, A1, OWNER, "TXT", HAS);
		mock_wait_init(&w, loop);
		settle_start(&s, &w.task);
		mock_wait_init(&pause, loop);
		if (moments[i] >= 0) {
			timer_start(&timer, &pause.task, moments[i]);
			loop_run(loop, &pause.done);
		}
		bool was_over = w.done;
		settle_cancel(&s);
		settle_cancel(&s);
		int64_t before = mock_ms();
		loop_run(loop, &w.done);
		ok(mock_ms() == before, "without waiting for anything");
		ok(was_over ? !s.story.st : s.story.st == SEAL_ECANCELED, "after %d ms: %s",
		   (int)moments[i], was_over ? "too late" : "canceled");
		ok(!w.task.pending && !mock_under_way(), "and nothing is left");
	}
	world();
	s.changed = count;
	s.arg = &s;
	ok(settle() == SEAL_ECANCELED, "from inside its own progress");
	s.arg = NULL;
	settle_cancel(&s);
	ok(true, "nothing happens when none runs");
}

int main(void)
{
	mock_reset();
	loop = loop_new();
	what_is_there_is_seen_at_once();
	fifty_names_go_in_one_go();
	confirm_and_settle_take_their_time();
	the_first_look_may_be_late();
	a_lagging_secondary_is_waited_for();
	only_one_address_is_polled();
	flapping_is_noticed();
	a_server_that_fell_silent_is_excused();
	when_time_is_over_the_story_is_told();
	a_long_story_is_cut();
	values_are_compared_exactly();
	a_value_in_several_strings_is_one();
	servfail_is_not_yet();
	each_zone_has_its_sentinel();
	progress_is_told();
	resolvers_are_asked_late_and_in_turn();
	a_plain_wait_asks_nothing();
	impossible_wants_are_refused();
	a_wait_can_be_canceled();
	settle_free(&s);
	loop_free(loop);
	return done();
}
