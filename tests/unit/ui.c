/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * What people and programs are shown: the order of the lines of a failure, JSON of an error, colour,
 * answers to questions. */
#include "config.h"

#include "tests/tap.h"

#include "app/app.h"
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NOW 1795226550 /* 2026-11-21T02:02:30Z */
static FILE *caught; /* what stderr is */
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
	   "a: removing from DNS what it may have added failed likewise; the next run tries again\n",
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
	fclose(caught);
	return done();
}
