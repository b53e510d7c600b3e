/* links: mock_resolve */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/mock_resolve.h"
#include "tests/tap.h"

#include "base/clock.h"
#include "base/file.h"
#include "dns/zone.h"

#include <stdlib.h>
#include <unistd.h>

#define R1 "127.0.0.1:53"
#define R2 "127.0.0.2:53"
#define SOA_OF(zone) "au " zone " SOA ns1." zone " h." zone " 42 7200 3600 1209600 300\n"
#define IS_APEX "NOERROR\nan @ SOA ns1.x h.x 42 7200 3600 1209600 300"
#define NAME "_acme-challenge.example.org"

static struct loop *loop;
static struct zone_find z;
static struct resolvers resolvers;

static void world(void) /* example.org is a zone; one resolver */
{
	mock_reset();
	resolvers = (struct resolvers){ 0 };
	resolvers_add(&resolvers, "127.0.0.1");
	mock_says("*", "org", "*", "NOERROR\nan @ SOA a.org h.org 1 1 1 1 1");
	mock_says("*", "*.org", "*", "NXDOMAIN\n" SOA_OF("org"));
	mock_says("*", "*.example.org", "*", "NXDOMAIN\n" SOA_OF("example.org"));
	mock_says("*", "example.org", "SOA", IS_APEX);
	mock_says("*", "*.vendor.net", "*", "NXDOMAIN\n" SOA_OF("vendor.net"));
	mock_says("*", "vendor.net", "SOA", IS_APEX);
}

static void start(struct mock_wait *w, const char *name)
{
	str_put(z.name, "%s", name);
	z.resolvers = &resolvers;
	mock_wait_init(w, loop);
	zone_find_start(&z, &w->task);
}

static enum seal_status find(const char *name)
{
	struct mock_wait w;

	start(&w, name);
	if (!loop_run(loop, &w.done))
		ok(false, "the search for %s ended", name);
	return z.story.st;
}

static void found(const char *owner, const char *apex, const char *what)
{
	ok(!z.story.st && !strcmp(z.owner, owner) && !strcmp(z.apex, apex), "%s", what);
	if (z.story.st || strcmp(z.owner, owner) || strcmp(z.apex, apex))
		printf("# owner %s apex %s: %s\n", z.owner, z.apex, z.story.text);
}

static void failed(enum seal_status st, const char *words, const char *what)
{
	ok(z.story.st == st && strstr(z.story.text, words), "%s", what);
	if (z.story.st != st || !strstr(z.story.text, words))
		printf("# %d %s\n", z.story.st, z.story.text);
}

static void one_question_is_enough(void)
{
	world();
	find(NAME);
	found(NAME, "example.org", "the zone by the SOA in authority");
	ok(mock_asked("*", "*", "*") == 1, "one question");
	ok(mock_recursive() == 1, "a recursive one");
	is(z.chain, "", "nothing was followed");
	world();
	mock_says("*", NAME, "SOA", "NOERROR\n" SOA_OF("example.org"));
	find(NAME);
	found(NAME, "example.org", "the same when the name exists");
	world();
	mock_says("*", NAME, "SOA", IS_APEX);
	find(NAME);
	found(NAME, NAME, "a challenge name that is a zone of its own");
}

static void a_cname_is_followed(void)
{
	world();
	mock_says("*", NAME, "SOA", "NXDOMAIN\nan @ CNAME Abc.Vendor.net\n" SOA_OF("vendor.net"));
	find(NAME);
	found("abc.vendor.net", "vendor.net", "to its target");
	is(z.chain, NAME " -> abc.vendor.net", "and people are told");
	ok(mock_asked("*", "*", "*") == 2 && mock_asked("*", "*.example.org", "CNAME") == 1,
	   "two questions, one for a random sibling");
	z.fixed = true;
	find(NAME);
	found(NAME, "example.org", "not when the owner is given");
	z.fixed = false;
	mock_says("*", NAME, "SOA", "NOERROR\nan @ CNAME abc.vendor.net");
	find(NAME);
	found("abc.vendor.net", "vendor.net", "the target is asked for where no SOA came along");
}

/* c0 -> c1 -> ... -> c<hops>, all in one answer or in answers of `each` links */
static void chain(unsigned hops, unsigned each)
{
	struct buf reply = { 0 };
	char name[64];

	world();
	for (unsigned at = 0; at < hops; at += each) {
		buf_clear(&reply);
		buf_str(&reply, "NOERROR\n");
		for (unsigned i = at; i < hops && i < at + each; i++)
			buf_printf(&reply, "an c%u.example.org CNAME c%u.example.org\n", i, i + 1);
		str_put(name, "c%u.example.org", at);
		mock_says("*", name, "SOA", buf_text(&reply));
	}
	buf_free(&reply);
}

static void eight_hops_are_enough(void)
{
	char end[64], what[64];

	for (unsigned hops = 1; hops <= 8; hops++) {
		chain(hops, hops % 3 ? 1 : 3);
		find("c0.example.org");
		str_put(end, "c%u.example.org", hops);
		str_put(what, "%u CNAMEs", hops);
		found(end, "example.org", what);
	}
	chain(9, 9);
	find("c0.example.org");
	failed(SEAL_EINVAL, "c0.example.org leads through more than 8 CNAMEs", "9 are refused");
	chain(9, 1);
	find("c0.example.org");
	failed(SEAL_EINVAL, "more than 8 CNAMEs", "9 one by one too");
}

static void loops_are_refused(void)
{
	world();
	mock_says("*", NAME, "SOA", "NOERROR\nan @ CNAME " NAME);
	find(NAME);
	failed(SEAL_EINVAL, "round in a circle at " NAME, "a name that leads to itself");
	for (unsigned n = 2; n <= 5; n++) {
		char last[64], what[32];
		chain(n - 1, n - 1);
		str_put(last, "c%u.example.org", n - 1);
		mock_says("*", last, "SOA", "NOERROR\nan @ CNAME c0.example.org");
		find("c0.example.org");
		str_put(what, "a circle of %u", n);
		failed(SEAL_EINVAL, "round in a circle", what);
	}
	chain(3, 1);
	mock_says("*", "c3.example.org", "SOA", "NOERROR\nan @ CNAME c1.example.org");
	find("c0.example.org");
	failed(SEAL_EINVAL, "round in a circle at c1.example.org", "one that the name is not in");
	/* A resolver that cannot follow the circle still shows each link of it. */
	world();
	mock_says("*", "a.example.org", "*", "SERVFAIL");
	mock_says("*", "b.example.org", "*", "SERVFAIL");
	mock_says("*", "a.example.org", "CNAME", "NOERROR\nan @ CNAME b.example.org");
	mock_says("*", "b.example.org", "CNAME", "NOERROR\nan @ CNAME a.example.org");
	find("a.example.org");
	failed(SEAL_EINVAL, "round in a circle", "behind SERVFAIL");
}

static void a_dname_is_followed(void)
{
	world();
	mock_says("*", "_acme-challenge.a.example.org", "SOA",
		  "NXDOMAIN\nan a.example.org DNAME b.vendor.net\n"
		  "an @ CNAME _acme-challenge.b.vendor.net\n" SOA_OF("vendor.net"));
	find("_acme-challenge.a.example.org");
	found("_acme-challenge.b.vendor.net", "vendor.net", "by the CNAME it makes");
	ok(mock_asked("*", "*", "*") == 1, "no wildcard can have made that");
	mock_says("*", "_acme-challenge.a.example.org", "SOA",
		  "NXDOMAIN\nan a.example.org DNAME b.vendor.net\n" SOA_OF("vendor.net"));
	find("_acme-challenge.a.example.org");
	found("_acme-challenge.b.vendor.net", "vendor.net", "and without it");
	z.fixed = true;
	find("_acme-challenge.a.example.org");
	found("_acme-challenge.a.example.org", "example.org", "not when the owner is given");
	z.fixed = false;
	mock_says("*", "a.example.org", "SOA",
		  "NOERROR\nan @ DNAME b.vendor.net\n" SOA_OF("example.org"));
	find("a.example.org");
	found("a.example.org", "example.org", "the owner of a DNAME itself stays where it is");
}

static void a_wildcard_cname_is_no_delegation(void)
{
	world();
	mock_says("*", "*.example.org", "*",
		  "NOERROR\nan @ CNAME lb.vendor.net\n" SOA_OF("vendor.net"));
	find(NAME);
	found(NAME, "example.org", "the record goes where it was wanted");
	is(z.chain, "", "nothing was followed");
	mock_says("*", NAME, "SOA", "NXDOMAIN\nan @ CNAME c.vendor.net\n" SOA_OF("vendor.net"));
	find(NAME);
	found("c.vendor.net", "vendor.net", "another target beside a wildcard is a delegation");
	mock_says("*", "c.vendor.net", "SOA", IS_APEX);
	mock_says("*", "*.vendor.net", "*", "NOERROR\nan @ CNAME lb.vendor.net");
	mock_says("*", NAME, "SOA",
		  "NXDOMAIN\nan @ CNAME c.vendor.net\nan c.vendor.net CNAME lb.vendor.net");
	find(NAME);
	found("c.vendor.net", "vendor.net", "a wildcard at the second hop ends the chain there");
	mock_says("*", "*.example.org", "CNAME", "SERVFAIL");
	find(NAME);
	failed(SEAL_EAGAIN, "does a wildcard make the CNAME of " NAME, "not known is not guessed");
}

static void one_failing_label_does_not_stop_the_walk(void)
{
	world();
	mock_says("*", "_acme-challenge.www.example.org", "*", "SERVFAIL");
	mock_says("*", "www.example.org", "*", "SERVFAIL");
	find("_acme-challenge.www.example.org");
	found("_acme-challenge.www.example.org", "example.org", "SERVFAIL on two labels");
	mock_says("*", "_acme-challenge.www.example.org", "*", "NXDOMAIN");
	mock_says("*", "www.example.org", "*",
		  "NOERROR\nan @ CNAME lb.vendor.net\n" SOA_OF("vendor.net"));
	find("_acme-challenge.www.example.org");
	found("_acme-challenge.www.example.org", "example.org",
	      "no SOA at one, a CNAME at the other");
	mock_says("*", "www.sub.example.org", "*",
		  "NOERROR\nan @ CNAME www.example.org\n" SOA_OF("example.org"));
	mock_says("*", "_acme-challenge.www.sub.example.org", "*", "SERVFAIL");
	mock_says("*", "sub.example.org", "SOA", IS_APEX);
	find("_acme-challenge.www.sub.example.org");
	found("_acme-challenge.www.sub.example.org", "sub.example.org",
	      "the SOA behind a CNAME is another name's");
	mock_says("*", NAME, "*", "SERVFAIL");
	mock_says("*", "example.org", "*", "SERVFAIL");
	find(NAME);
	failed(SEAL_EAGAIN,
	       "no zone found for " NAME ": no resolver could answer for " NAME
	       " SOA: 127.0.0.1:53 SERVFAIL",
	       "a broken zone is not called undelegated");
}

static void the_target_of_a_cname_may_be_broken(void)
{
	world();
	mock_says("*", NAME, "SOA", "SERVFAIL");
	mock_says("*", NAME, "CNAME", "NOERROR\nan @ CNAME x.lame.net");
	mock_says("*", "*.net", "*", "SERVFAIL");
	find(NAME);
	failed(SEAL_EAGAIN,
	       NAME " -> x.lame.net: no zone found for x.lame.net: no resolver could answer for "
		    "x.lame.net SOA: 127.0.0.1:53 SERVFAIL",
	       "and that is told");
}

static void resolvers_are_tried_in_turn(void)
{
	world();
	resolvers_add(&resolvers, "127.0.0.2");
	mock_says(R1, "*", "*", "silence");
	find(NAME);
	found(NAME, "example.org", "a silent one");
	ok(mock_ms() < 5000, "after its two tries");
	static const char *const bad[] = { "REFUSED", "SERVFAIL", "garbage", "unreachable" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		mock_says(R1, "*", "*", bad[i]);
		find(NAME);
		found(NAME, "example.org", bad[i]);
	}
	mock_says("*", "*", "*", "silence");
	find(NAME);
	failed(SEAL_EAGAIN, "127.0.0.1:53 timeout, 127.0.0.2:53 timeout", "all silent");
	ok(mock_asked("*", "org", "*") == 0, "and the walk was cut short");
	resolvers.n = 0;
	find(NAME);
	failed(SEAL_EAGAIN, "no resolver is configured", "none at all");
}

static void an_undelegated_name_is_told(void)
{
	world();
	find("_acme-challenge.exampel.org");
	failed(SEAL_ENOTFOUND,
	       "no zone found for _acme-challenge.exampel.org: the resolver "
	       "127.0.0.1:53 says NXDOMAIN, the nearest zone is org itself; is exampel.org "
	       "registered and delegated?",
	       "when the TLD answers");
	mock_says("*", "*.nosuch", "*",
		  "NXDOMAIN\nau . SOA a.root-servers.net nstld.verisign-grs.com 1 1 1 1 1");
	find("_acme-challenge.a.nosuch");
	failed(SEAL_ENOTFOUND, "even the top-level domain does not exist", "when the root does");
	mock_says("*", "*", "*", "NXDOMAIN");
	find(NAME);
	failed(SEAL_ENOTFOUND,
	       "no zone found for " NAME ": the resolver 127.0.0.1:53 says NXDOMAIN "
	       "and names no zone; is the domain registered and delegated?",
	       "when nobody does");
	world();
	mock_says("*", NAME, "SOA", "NXDOMAIN\nan @ CNAME x.exampel.org\n" SOA_OF("org"));
	mock_says("*", "x.exampel.org", "SOA", "NXDOMAIN\n" SOA_OF("org"));
	find(NAME);
	failed(SEAL_ENOTFOUND, NAME " -> x.exampel.org: no zone found for x.exampel.org",
	       "behind a CNAME");
}

static void a_zone_of_one_label_can_be_real(void)
{
	world();
	mock_says("*", "*.test", "*", "NXDOMAIN\n" SOA_OF("test"));
	find("_acme-challenge.nas.test");
	found("_acme-challenge.nas.test", "test", "a label for private use");
	mock_says("*", "*.firm", "*", "NXDOMAIN\n" SOA_OF("firm"));
	find("_acme-challenge.nas.firm");
	failed(SEAL_ENOTFOUND, "the nearest zone is firm itself", "any other: only a TLD");
	mock_says("*", "nas.firm", "*", "NOERROR\n" SOA_OF("firm"));
	find("_acme-challenge.nas.firm");
	found("_acme-challenge.nas.firm", "firm", "unless the host is there");
	mock_says("*", "_acme-challenge.nas.firm", "*", "NOERROR\n" SOA_OF("firm"));
	find("_acme-challenge.nas.firm");
	found("_acme-challenge.nas.firm", "firm", "or the name itself");
	mock_says("*", "_acme-challenge.nas.firm", "*", "NXDOMAIN\n" SOA_OF("firm"));
	mock_says("*", "nas.firm", "*", "SERVFAIL");
	find("_acme-challenge.nas.firm");
	failed(SEAL_EAGAIN, "nas.firm SOA: 127.0.0.1:53 SERVFAIL", "not known is not guessed");
	mock_says("*", "nas.firm", "*", "NXDOMAIN");
	find("_acme-challenge.nas.firm");
	failed(SEAL_ENOTFOUND, "names no zone", "nor when nothing is said");
	mock_says("*", "nas.firm", "*", IS_APEX);
	find("_acme-challenge.nas.firm");
	found("_acme-challenge.nas.firm", "nas.firm", "a zone found on the way is taken");
}

static void what_is_no_name_is_refused(void)
{
	world();
	find("a..b");
	failed(SEAL_EINVAL, "a..b is no domain name", "an empty label");
}

static void a_search_can_be_canceled(void)
{
	static const int64_t moments[] = { -1, 0, 10, 20, 25, 40 };
	struct mock_wait w, pause;
	struct timer timer = { 0 };

	for (size_t i = 0; i < COUNT(moments); i++) {
		world();
		mock_says("*", NAME, "SOA",
			  "NXDOMAIN\nan @ CNAME a.vendor.net\n" SOA_OF("vendor.net"));
		start(&w, NAME);
		mock_wait_init(&pause, loop);
		if (moments[i] >= 0) {
			timer_start(&timer, &pause.task, moments[i]);
			loop_run(loop, &pause.done);
		}
		bool was_over = w.done;
		zone_find_cancel(&z);
		zone_find_cancel(&z);
		int64_t before = mock_ms();
		loop_run(loop, &w.done);
		ok(mock_ms() == before, "without waiting for anything");
		ok(was_over ? !z.story.st : z.story.st == SEAL_ECANCELED, "after %d ms: %s",
		   (int)moments[i], was_over ? "too late" : "canceled");
		ok(!w.task.pending && !mock_under_way(), "and nothing is left");
	}
	zone_find_cancel(&z);
	ok(true, "nothing happens when none runs");
}

static void resolv_conf_is_read(void)
{
	static const char text[] = "# nameserver 192.0.2.9\nsearch x\nnameserver 192.0.2.1\n"
				   "nameserver\t2001:db8::1\nnameserver 192.0.2.1\n"
				   "nameserver nonsense\nnameserver\noptions edns0\n";
	char path[] = "/tmp/dnseal-resolv.XXXXXX";
	struct resolvers r;

	int fd = mkstemp(path);
	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "a resolv.conf");
	close(fd);
	resolvers_system(&r, path);
	ok(r.n == 2 && !strcmp(r.at[0], "192.0.2.1:53") && !strcmp(r.at[1], "[2001:db8::1]:53"),
	   "two resolvers, each once");
	unlink(path);
	resolvers_system(&r, path);
	ok(r.n == 1 && !strcmp(r.at[0], R1), "without one: this host");
	for (int i = 1; r.n < RESOLVERS_MAX; i++) {
		char at[SERVER_LEN];
		str_put(at, "192.0.2.%d", i);
		resolvers_add(&r, at);
	}
	ok(!resolvers_add(&r, "192.0.2.99"), "eight at most");
	ok(resolvers_add(&r, "192.0.2.1"), "one that is there is there");
	ok(!resolvers_add(&r, "ns.example.org"), "names are no addresses");
}

int main(void)
{
	mock_reset();
	loop = loop_new();
	one_question_is_enough();
	a_cname_is_followed();
	eight_hops_are_enough();
	loops_are_refused();
	a_dname_is_followed();
	a_wildcard_cname_is_no_delegation();
	one_failing_label_does_not_stop_the_walk();
	the_target_of_a_cname_may_be_broken();
	resolvers_are_tried_in_turn();
	an_undelegated_name_is_told();
	a_zone_of_one_label_can_be_real();
	what_is_no_name_is_refused();
	a_search_can_be_canceled();
	resolv_conf_is_read();
	zone_find_free(&z);
	loop_free(loop);
	return done();
}
