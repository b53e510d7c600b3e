/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * What people and programs are shown: the order of the lines of a failure, JSON of an error, colour,
 * answers to questions, many certificates at once. */
#include "config.h"

#include "tests/tap.h"

#include "app/app.h"
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NOW 1795226550 /* 2026-11-21T02:02:30Z */
static FILE *caught;   /* what stderr is */
static char text[8000];

static const char *said(void)
{
	ssize_t n = pread(fileno(caught), text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	if (ftruncate(fileno(caught), 0))
		text[0] = '\0';
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return text;
}

static void tell(struct ui *u, const struct event *e)
{
	u->events.tell(&u->events, e);
}

static void note(struct ui *u, const char *detail, const struct story *story)
{
	tell(u, &(struct event){
			.kind = EVENT_NOTE, .certificate = "a", .detail = detail, .story = story });
}

static void the_main_thing_comes_first(void)
{
	struct options o = { 0 };
	struct story end = { 0 }, beside = { 0 };
	struct ui u;

	ui_init(&u, &o);
	story_fail(&end, SEAL_ELIMIT, "rateLimited: too many");
	story_hint(&end, "wait");
	end.retry_at = NOW + 3600;
	story_fail(&beside, SEAL_EAGAIN, "bind: no answer");
	story_hint(&beside, "is it up?");
	note(&u, "could not remove 2 TXT (bind: no answer)", &beside);
	is(said(), "", "what failed while cleaning up waits");
	tell(&u, &(struct event){ .kind = EVENT_ERROR, .certificate = "a", .story = &end });
	is(said(),
	   "a: rateLimited: too many\n"
	   "    wait\n"
	   "    not before 2026-11-21T03:02:30Z (in 1h00m)\n"
	   "a: could not remove 2 TXT (bind: no answer)\n"
	   "    is it up?\n",
	   "for the error, its hint and when to try again");
	tell(&u, &(struct event){ .kind = EVENT_DONE, .certificate = "a", .result = "failed" });
	is(said(), "", "and is told once");
	note(&u, "could not remove 2 TXT (bind: no answer)", &beside);
	tell(&u, &(struct event){ .kind = EVENT_ERROR, .certificate = "a", .story = &beside });
	is(said(),
	   "a: bind: no answer\n"
	   "    is it up?\n"
	   "a: removing from DNS what it may have added failed likewise; the next run tries "
	   "again\n",
	   "the same thing is not told in full twice");
	note(&u, "could not remove 1 TXT (bind: no answer)", &beside);
	tell(&u, &(struct event){ .kind = EVENT_DONE, .certificate = "a", .result = "issued" });
	is(said(), "a: could not remove 1 TXT (bind: no answer)\n    is it up?\n",
	   "with success too");
	note(&u, "could not remove 1 TXT (bind: no answer)", &beside);
	ui_stop(&u);
	is(said(), "a: could not remove 1 TXT (bind: no answer)\n    is it up?\n", "or at the end");
	note(&u, "name server x is lame", NULL);
	is(said(), "a: name server x is lame\n", "other notes come at once");
	ui_stop(&u);
}

static void an_error_in_json_has_the_problem(void)
{
	struct options o = { .json = true };
	struct story s = { 0 };
	struct ui u;
	FILE *out = tmpfile();
	int before = dup(STDOUT_FILENO);

	fflush(stdout);
	if (!out || before < 0 || dup2(fileno(out), STDOUT_FILENO) < 0)
		exit(99);
	ui_init(&u, &o);
	story_fail(&s, SEAL_EOPERATOR, "caa: CAA forbids");
	story_hint(&s, "add it");
	str_put(s.problem, "caa");
	tell(&u, &(struct event){ .kind = EVENT_ERROR, .certificate = "a", .story = &s });
	story_fail(&s, SEAL_EAGAIN, "no answer");
	tell(&u, &(struct event){ .kind = EVENT_ERROR, .certificate = "a", .story = &s });
	fflush(stdout);
	dup2(before, STDOUT_FILENO);
	close(before);
	ssize_t n = pread(fileno(out), text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	fclose(out);
	is(text,
	   "{\"v\":1,\"t\":\"2026-11-21T02:02:30Z\",\"event\":\"error\",\"certificate\":\"a\","
	   "\"class\":\"operator\",\"problem\":\"caa\",\"message\":\"caa: CAA forbids\","
	   "\"hint\":\"add it\"}\n"
	   "{\"v\":1,\"t\":\"2026-11-21T02:02:30Z\",\"event\":\"error\",\"certificate\":\"a\","
	   "\"class\":\"transient\",\"message\":\"no answer\"}\n",
	   "class and problem");
	said();
}

/* The mark for "ok" with this --color, NO_COLOR, TERM and stdout. */
static const char *ok_mark(unsigned color, const char *no_color, const char *term, int out)
{
	static char mark[32];
	struct options o = { .color = color };
	struct ui u;
	int before = dup(STDOUT_FILENO);

	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	setenv("NO_COLOR", no_color, 1);
	setenv("TERM", term, 1);
	ui_init(&u, &o);
	dup2(before, STDOUT_FILENO);
	close(before);
	return show_mark(&u, MARK_OK, 5, mark);
}

static void colour_is_for_terminals(void)
{
	static const char green[] = "\033[32mok\033[m   ", plain[] = "ok   ";
	int ours = posix_openpt(O_RDWR | O_NOCTTY);
	const char *name = ours < 0 || grantpt(ours) || unlockpt(ours) ? NULL : ptsname(ours);
	int tty = name ? open(name, O_RDWR | O_NOCTTY) : -1, file = fileno(caught);
	char mark[32];
	struct ui bare = { 0 }, bright = { .color = true };

	is(ok_mark(COLOR_AUTO, "", "xterm", file), plain, "no terminal");
	is(ok_mark(COLOR_ALWAYS, "1", "dumb", file), green, "always");
	if (tty >= 0) {
		is(ok_mark(COLOR_AUTO, "", "xterm", tty), green, "a terminal");
		is(ok_mark(COLOR_AUTO, "1", "xterm", tty), plain, "NO_COLOR");
		is(ok_mark(COLOR_AUTO, "", "dumb", tty), plain, "TERM=dumb");
		is(ok_mark(COLOR_AUTO, "", "", tty), plain, "no TERM");
		is(ok_mark(COLOR_NEVER, "", "xterm", tty), plain, "never");
	}
	is(show_mark(&bare, MARK_WARN, 5, mark), "warn ", "a word, not only a colour");
	is(show_mark(&bright, MARK_WARN, 0, mark), "\033[33mwarn\033[m", "yellow");
	is(show_mark(&bright, MARK_FAIL, 5, mark), "\033[31mFAIL\033[m ", "red");
	if (tty >= 0) {
		ok(!ioctl(tty, TIOCSWINSZ, &(struct winsize){ .ws_row = 24, .ws_col = 77 }) &&
			   show_columns(tty) == 77,
		   "its width");
		close(tty);
		close(ours);
	}
	ok(!show_columns(file), "a file has none");
}

static void long_lines_are_cut(void)
{
	static const struct {
		const char *text;
		unsigned columns;
		const char *cut;
	} cases[] = {
		{ "certificate", 11, "certificate" },
		{ "certificate", 10, "certifi..." },
		{ "certificate", 0, "certificate" },
		{ "m\xc3\xbcnchen", 7, "m\xc3\xbcnchen" },
		{ "m\xc3\xbcnchen.test", 5, "m\xc3\xbc..." },
		{ "b\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", 4, "b..." },
		{ "abcdef", 3, "..." },
		{ "", 3, "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		scoped(free_p) char *cut = show_cut(cases[i].text, cases[i].columns);
		is(cut, cases[i].cut, cases[i].cut);
	}
}

static void questions_have_answers(void)
{
	struct app a = { .opt.yes = true };

	ok(app_can_ask(&a) && app_ask(&a, "Do you agree?"), "--yes answers");
	is(said(), "Do you agree?  yes (--yes)\n", "and says so");
	a.opt.no_input = true;
	ok(app_ask(&a, "Do you agree?"), "also with --no-input: nothing has to be read");
	said();
	a.opt.yes = false;
	ok(!app_can_ask(&a) && !app_ask(&a, "Do you agree?"), "--no-input alone means no");
	a.opt.no_input = false;
	ok(!app_ask(&a, "Do you agree?"), "and so does a stderr that is no terminal");
	is(said(), "", "nobody is asked");
}

/* -- many at once --------------------------------------------------------------------------- */

static void at(struct many *m, const char *name, enum event_at where)
{
	many_hear(m, &(struct event){ .kind = EVENT_AT, .certificate = name, .at = where });
}

static void waits(struct many *m, const char *name, int64_t since_s, int64_t until_s)
{
	at(m, name, AT_DNS);
	many_hear(m, &(struct event){ .kind = EVENT_WAIT,
				      .certificate = name,
				      .step = "propagation",
				      .since_ms = clock_ms() - since_s * 1000,
				      .until_ms = clock_ms() + until_s * 1000 });
}

static void server(struct many *m, const char *name, const char *who, const char *state)
{
	many_hear(m, &(struct event){ .kind = EVENT_DNS,
				      .certificate = name,
				      .name = "_acme-challenge",
				      .server = who,
				      .state = state });
}

static void ends(struct many *m, const char *name, const char *result)
{
	many_hear(m, &(struct event){ .kind = EVENT_DONE, .certificate = name, .result = result });
}

static const char *drawn(const struct many *m, unsigned columns, unsigned rows)
{
	struct sheet s = { .columns = columns, .rows = rows };

	many_draw(m, &s);
	snprintf(text, sizeof(text), "%s", buf_text(&s.text));
	buf_free(&s.text);
	return text;
}

static void many_are_summed_up(void)
{
	struct many m;
	char name[16];

	many_begin(&m, 20);
	at(&m, "a", AT_LINE);
	ok(!m.on, "one alone is shown as ever");
	at(&m, "a", AT_CA);
	ok(!m.on, "wherever it is");
	at(&m, "b", AT_LINE);
	ok(m.on, "two at once are many");
	is(drawn(&m, 80, 22), "20 certificates: 1 at the CA, 1 in line for the CA, 18 to begin\n",
	   "the sum");
	ends(&m, "a", "issued");
	ends(&m, "b", "renewed");
	ends(&m, "c", "unchanged");
	ends(&m, "d", "failed");
	ends(&m, "e", "deferred");
	ends(&m, "f", "deploy-failed");
	many_hear(&m, &(struct event){ .kind = EVENT_DONE,
				       .certificate = "g",
				       .result = "issued",
				       .rehearsal = true });
	ok(m.on && !m.n_certs, "it stays until the round is over");
	at(&m, "h", AT_DEPLOY);
	is(drawn(&m, 60, 22),
	   "20 certificates: 1 unchanged, 1 renewed, 1 issued,\n"
	   "  1 rehearsed, 1 not deployed, 1 deferred, 1 failed,\n"
	   "  1 being deployed, 12 to begin\n",
	   "all that can come of it, in lines that fit");
	is(drawn(&m, 60, 1), "20 certificates: 1 unchanged, 1 renewed, 1 issued,\n",
	   "or are left out");
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "w%d", i);
		waits(&m, name, i, 60);
	}
	const char *all = drawn(&m, 200, 22);
	unsigned n = 0;
	for (const char *c = all; *c; c++)
		n += *c == '\n';
	ok(n == 7 && strstr(all, "12 waiting for DNS\n  w11 "),
	   "of many waits the slowest are shown");
	ok(!strstr(all, "to begin"), "and none is to begin any more");
	many_end(&m);
	ok(!m.n, "over");
}

static void the_slowest_are_told_with_their_servers(void)
{
	struct many m;

	many_begin(&m, 4);
	waits(&m, "young", 1, 59);
	waits(&m, "old.example.org", 50, 10);
	waits(&m, "ready", 20, 300);
	waits(&m, "late", 30, -5);
	server(&m, "old.example.org", "ns1", "ok");
	server(&m, "old.example.org", "ns2", "NXDOMAIN");
	server(&m, "ready", "ns1", "no answer");
	server(&m, "ready", "ns1", "ok");
	server(&m, "nobody", "ns1", "ok");
	is(drawn(&m, 80, 22),
	   "4 certificates: 4 waiting for DNS\n"
	   "  old.example.org  10s left, 1 of 2 ok, ns2 NXDOMAIN\n"
	   "  late             0s left, no server has answered yet\n"
	   "  ready            5m00s left, 1 of 1 ok\n"
	   "  young            59s left, no server has answered yet\n",
	   "the oldest first");
	is(drawn(&m, 24, 2), "4 certificates: \n  4 waiting for DNS\n",
	   "no more than there is room for");
	is(drawn(&m, 36, 3),
	   "4 certificates: 4 waiting for DNS\n"
	   "  old.example.org  10s left, 1 of 2\n"
	   "  late             0s left, no serv\n",
	   "cut where the terminal ends");
	many_hear(&m, &(struct event){
			      .kind = EVENT_STEP, .certificate = "ready", .step = "propagation" });
	at(&m, "late", AT_CA);
	ok(!strstr(drawn(&m, 80, 22), "ready") && !strstr(text, "late"),
	   "who has done waiting goes");
	many_end(&m);
}

static void one_is_told_with_its_records(void)
{
	struct ui_wait w = { 0 };
	struct sheet s = { .columns = 80, .rows = 3 };
	static const struct {
		const char *name, *server, *state, *said;
	} looks[] = { { "_acme-challenge.a", "ns1", "ok", NULL },
		      { "_acme-challenge.b", "ns1", "old serial", NULL },
		      { "_acme-challenge.a", "ns2", "no answer", "timeout" },
		      { "_acme-challenge.c", "ns1", "ok", NULL } };

	ui_wait_begin(&w, &(struct event){ .certificate = "mail",
					   .step = "propagation",
					   .since_ms = clock_ms() - 12000,
					   .until_ms = clock_ms() + 288000 });
	for (size_t i = 0; i < COUNT(looks); i++)
		ok(ui_wait_hear(&w, &(struct event){ .name = looks[i].name,
						     .server = looks[i].server,
						     .state = looks[i].state,
						     .detail = looks[i].said }),
		   "news of %s at %s", looks[i].name, looks[i].server);
	ok(!ui_wait_hear(
		   &w,
		   &(struct event){ .name = "_acme-challenge.c", .server = "ns1", .state = "ok" }),
	   "the same again is none");
	ui_wait_draw(&w, &s);
	is(buf_text(&s.text),
	   "mail: waiting for propagation  12s of 5m00s\n"
	   "  _acme-challenge.a  ns1 ok, ns2 no answer (timeout)\n"
	   "  _acme-challenge.b  ns1 old serial\n",
	   "a line a record, as many as there is room for");
	buf_free(&s.text);
	ui_wait_free(&w);
}

/* Without a terminal there is no block: every step is a line, however many they are. */
static void without_a_terminal_all_is_told(void)
{
	struct options o = { 0 };
	struct ui u;

	ui_init(&u, &o);
	ui_round(&u, 2);
	for (const char *name = "a"; name; name = *name == 'a' ? "b" : NULL) {
		tell(&u, &(struct event){ .kind = EVENT_AT, .certificate = name, .at = AT_CA });
		tell(&u, &(struct event){ .kind = EVENT_STEP,
					  .certificate = name,
					  .step = "records",
					  .detail = "1 TXT added" });
	}
	is(said(), "a: records        1 TXT added\nb: records        1 TXT added\n", "lines");
	ui_round_over(&u);
	ui_stop(&u);
}

static void a_round_at_a_terminal_is_quiet(void)
{
	struct options o = { 0 };
	struct loop *loop = loop_new();
	struct story end = { 0 };
	struct ui u;

	ui_init(&u, &o);
	u.mode = UI_BLOCK;
	ui_start(&u, loop);
	ui_round(&u, 2);
	story_fail(&end, SEAL_EAGAIN, "no answer");
	for (const char *name = "a"; name; name = *name == 'a' ? "b" : NULL) {
		tell(&u, &(struct event){ .kind = EVENT_AT, .certificate = name, .at = AT_CA });
		tell(&u, &(struct event){ .kind = EVENT_STEP,
					  .certificate = name,
					  .step = "records",
					  .detail = "1 TXT added" });
	}
	is(said(), "a: records        1 TXT added\n", "steps are told while there is only one");
	tell(&u, &(struct event){ .kind = EVENT_ERROR, .certificate = "a", .story = &end });
	tell(&u, &(struct event){ .kind = EVENT_DONE, .certificate = "a", .result = "failed" });
	is(said(), "a: no answer\n", "errors always");
	ui_round_over(&u);
	tell(&u, &(struct event){ .kind = EVENT_STEP, .certificate = "c", .step = "account" });
	is(said(), "c: account        \n", "and steps again after the round");
	ui_stop(&u);
	loop_free(loop);
}

int main(void)
{
	clock_own(NOW, 1);
	caught = tmpfile();
	if (!caught || dup2(fileno(caught), STDERR_FILENO) < 0)
		return 99;
	setvbuf(stderr, NULL, _IONBF, 0);
	unsetenv("JOURNAL_STREAM");
	the_main_thing_comes_first();
	an_error_in_json_has_the_problem();
	colour_is_for_terminals();
	long_lines_are_cut();
	questions_have_answers();
	one_is_told_with_its_records();
	many_are_summed_up();
	the_slowest_are_told_with_their_servers();
	without_a_terminal_all_is_told();
	a_round_at_a_terminal_is_quiet();
	fclose(caught);
	return done();
}
