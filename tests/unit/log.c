/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"
#include "tests/temp.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static FILE *caught; /* what stderr is while the tests run */
static char line[20000];

/* What was written to stderr since the last call. */
static const char *said(void)
{
	fflush(stderr);
	ssize_t n = pread(fileno(caught), line, sizeof(line) - 1, 0);
	line[n > 0 ? n : 0] = '\0';
	if (ftruncate(fileno(caught), 0))
		line[0] = '\0';
	lseek(STDERR_FILENO, 0, SEEK_SET);
	return line;
}

static void only_the_level_asked_for_is_said(void)
{
	log_line(LOG_INFO, "order %s: %s", "a.example", "settle");
	is(said(), "order a.example: settle\n", "a line");
	log_line(LOG_DETAIL, "detail");
	is(said(), "", "details are not asked for");
	log_level_set(LOG_HTTP);
	ok(log_is_on(LOG_HTTP), "-vv");
	log_line(LOG_HTTP, "GET");
	is(said(), "GET\n", "now they are");
	log_level_set(LOG_WARN);
	log_line(LOG_INFO, "info");
	log_line(LOG_ERROR, "error");
	is(said(), "error\n", "quiet");
	log_level_set(LOG_INFO);
}

static void an_event_is_one_line(void)
{
	log_line(LOG_INFO, "a\nb\r\x1b[2J\n");
	is(said(), "a b \\x1B[2J\n", "no forged lines, no escapes");
	scoped(free_p) char *big = mem_new(20001);
	memset(big, 'x', 20000);
	log_line(LOG_INFO, "%s", big);
	ok(strlen(said()) < 9000 && strstr(line, "...\n"), "an endless one is cut");
}

/* Says in the environment that the journal reads stderr. */
static void stderr_is_the_journal(void)
{
	char name[64];
	struct stat st;

	fstat(STDERR_FILENO, &st);
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
}

static void the_journal_gets_priorities(void)
{
	char name[64];
	struct stat st;
	struct story story = { 0 };

	ok(!log_open(LOG_TO_STDERR, "/nonexistent/socket", &story), "a host without its socket");
	fstat(STDERR_FILENO, &st);
	stderr_is_the_journal();
	log_line(LOG_ERROR, "e");
	log_line(LOG_WARN, "w");
	log_line(LOG_INFO, "i");
	is(said(), "<3>e\n<4>w\n<6>i\n", "when stderr is the journal's");
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_line(LOG_INFO, "i");
	is(said(), "i\n", "not when it was sent elsewhere");
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino + 1);
	setenv("JOURNAL_STREAM", name, 1);
	log_line(LOG_INFO, "i");
	is(said(), "i\n", "nor to another file there");
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)st.st_dev + 1,
	         (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	log_line(LOG_INFO, "i");
	is(said(), "i\n", "nor to that number elsewhere");
	unsetenv("JOURNAL_STREAM");
	log_close();
}

static void secrets_are_struck_out(void)
{
	static const char secret[] = "hunter2/pass+word?";
	log_secret(secret);
	log_secret("short"); /* would strike out words */
	log_secret(NULL);
	scoped(free_p) char *std = base64(secret, strlen(secret));
	scoped(free_p) char *url = base64url(secret, strlen(secret));
	scoped(free_p) char *digits = hex(secret, strlen(secret));
	const char *forms[] = {
		secret, std, url, digits, "hunter2%2Fpass%2Bword%3F", "hunter2%2fpass%2bword%3f"
	};

	for (size_t i = 0; i < COUNT(forms); i++) {
		log_line(LOG_INFO, "with %s within", forms[i]);
		is(said(), "with *** within\n", "struck out");
		scoped(free_p) char *text = str_printf("%s%s", forms[i], forms[i]);
		scoped(free_p) char *out = log_scrub(text);
		is(out, "******", "twice");
	}
	log_line(LOG_INFO, "short words stay");
	is(said(), "short words stay\n", "too short to be one");
}

/* Authorization: Basic is base64 of "user:password", where the secret starts anywhere. */
static void base64_of_a_longer_text_is_struck_out_too(void)
{
	static const char secret[] = "correct-horse-battery";
	static const char *const before[] = { "", "u", "us", "use", "user:" };
	static const char *const after[] = { "", "x", "yy" };
	char *(*const codes[])(const void *, size_t) = { base64, base64url };

	log_secret(secret);
	for (size_t i = 0; i < COUNT(before) * COUNT(after) * COUNT(codes); i++) {
		scoped(free_p) char *text =
		        str_printf("%s%s%s", before[i / 6], secret, after[i / 2 % 3]);
		scoped(free_p) char *code = codes[i % 2](text, strlen(text));
		scoped(free_p) char *out = log_scrub(code);
		ok(strstr(out, "***") && strlen(out) <= strlen(code) - 26 + 3, "%s: %s", text, out);
	}
}

static void a_secret_cut_short_is_struck_out(void)
{
	log_secret("0123456789abcdef");
	scoped(free_p) char *a = log_scrub("token 0123456789...");
	is(a, "token ***...", "by three dots");
	scoped(free_p) char *b = log_scrub("token 0123456789");
	is(b, "token ***", "by the end");
	scoped(free_p) char *c = log_scrub("port 01234, 0123456789 ok");
	is(c, "port 01234, 0123456789 ok", "not in the middle");
}

static void the_longest_of_two_secrets_wins(void)
{
	log_secret("prefix-secret");
	log_secret("prefix-secret-and-more");
	scoped(free_p) char *out = log_scrub("a prefix-secret-and-more b prefix-secret c");
	is(out, "a *** b *** c", "nothing stays behind");
}

static void secrets_can_be_forgotten(void)
{
	log_forget();
	log_line(LOG_INFO, "correct-horse-battery");
	is(said(), "correct-horse-battery\n", "no longer a secret");
	log_forget();
}

static void hide(void *arg)
{
	scoped(free_p) char *text = log_scrub("[hide]");
	fputs(text, arg);
}

static void show(void *arg)
{
	fputs("[show]", arg);
}

static void the_screen_steps_aside(void)
{
	log_screen(hide, show, stderr);
	log_line(LOG_INFO, "line");
	is(said(), "[hide]line\n[show]", "taken away and drawn again");
	log_line(LOG_DETAIL, "not said");
	is(said(), "", "not for what is not said");
	log_screen_most(LOG_WARN);
	log_line(LOG_INFO, "step");
	is(said(), "", "a screen that tells the steps itself is left alone");
	log_line(LOG_WARN, "slow");
	is(said(), "[hide]slow\n[show]", "but for what is graver");
	log_screen(NULL, NULL, NULL);
	log_line(LOG_INFO, "line");
	is(said(), "line\n", "no screen");
}

#define NOW 1795226550 /* 2026-11-21T02:02:30Z */
#define T "2026-11-21T02:02:30Z"

static char *path_of(const char *name)
{
	return str_printf("%s/%s", temp_dir, name);
}

static char *content(const char *name)
{
	scoped(free_p) char *path = path_of(name);
	scoped(buf_free) struct buf b = { 0 };
	struct story story = { 0 };

	return file_read(path, 1 << 20, &b, &story) ? str_copy(story.text) : str_copy(buf_text(&b));
}

static void a_file_keeps_lines_with_their_time(void)
{
	scoped(free_p) char *path = path_of("log"), *nowhere = path_of("none/log");
	struct story story = { 0 };
	struct stat st;

	ok(log_open(LOG_TO_FILE, nowhere, &story) == SEAL_ECONFIG && strstr(story.text, nowhere),
	   "%s", story.text);
	log_line(LOG_INFO, "still here");
	is(said(), "still here\n", "a file that cannot be opened changes nothing");
	ok(!log_open(LOG_TO_FILE, path, &story), "a file");
	log_secret("correct-horse-battery");
	log_line(LOG_INFO, "a.example: order\nmade with correct-horse-battery");
	log_line(LOG_WARN, "slow");
	log_line(LOG_DETAIL, "not asked for");
	is(said(), "", "what is in the file is not on stderr");
	log_line(LOG_ERROR, "refused");
	is(said(), "refused\n", "but an error is");
	log_close();
	log_line(LOG_INFO, "after");
	is(said(), "after\n", "closed: stderr again");
	ok(!log_open(LOG_TO_FILE, path, &story), "opened again");
	log_screen_most(LOG_ERROR);
	log_line(LOG_INFO, "more");
	log_screen_most(LOG_HTTP);
	log_close();
	scoped(free_p) char *text = content("log");
	is(text, T " info   a.example: order made with ***\n" T " warn   slow\n" T " error  refused\n"
	   T " info   more\n", "all of it, appended");
	ok(!stat(path, &st) && (st.st_mode & 07777) == 0640, "not for everybody");
	log_forget();
	said();
}

static void json_lines_have_four_members(void)
{
	scoped(free_p) char *path = path_of("json");
	struct story story = { 0 };

	log_format_set(LOG_JSON);
	log_line(LOG_WARN, "it said \"no\"\x1b");
	is(said(), "{\"v\":1,\"t\":\"" T "\",\"level\":\"warn\","
		   "\"message\":\"it said \\\"no\\\"\\\\x1B\"}\n", "on stderr");
	ok(!log_open(LOG_TO_FILE, path, &story), "a file");
	log_line(LOG_ERROR, "e");
	is(said(), "e\n", "with a file, stderr has people's lines");
	log_close();
	scoped(free_p) char *text = content("json");
	is(text, "{\"v\":1,\"t\":\"" T "\",\"level\":\"error\",\"message\":\"e\"}\n",
	   "in the file");
	log_format_set(LOG_TEXT);
}

static void the_journal_gets_fields(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	scoped(fd_p) int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct story story = { 0 };
	char got[200] = "";

	str_put(a.sun_path, "%s/socket", temp_dir);
	ok(log_open(LOG_TO_JOURNAL, a.sun_path, &story) == SEAL_ECONFIG, "%s", story.text);
	ok(journal >= 0 && !bind(journal, (struct sockaddr *)&a, sizeof(a)), "a journal");
	ok(!log_open(LOG_TO_JOURNAL, a.sun_path, &story), "is found");
	log_line(LOG_WARN, "slow");
	is(said(), "", "nothing on stderr");
	got[recv(journal, got, sizeof(got) - 1, MSG_DONTWAIT) < 0 ? 0 : sizeof(got) - 1] = '\0';
	is(got, "PRIORITY=4\nSYSLOG_IDENTIFIER=dnseal\nMESSAGE=slow\n", "one entry");
	close(journal);
	journal = -1;
	log_line(LOG_INFO, "lost?");
	is(said(), "lost?\n", "a journal that went away: stderr");
	log_close();
}

static void stderr_that_is_the_journal_is_not_needed(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	scoped(fd_p) int journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct story story = { 0 };
	char got[200] = "";

	str_put(a.sun_path, "%s/native", temp_dir);
	ok(journal >= 0 && !bind(journal, (struct sockaddr *)&a, sizeof(a)), "a journal");
	ok(!log_open(LOG_TO_STDERR, a.sun_path, &story), "stderr");
	stderr_is_the_journal();
	log_line(LOG_ERROR, "bad");
	is(said(), "", "nothing on stderr");
	ssize_t n = recv(journal, got, sizeof(got) - 1, MSG_DONTWAIT);
	got[n < 0 ? 0 : n] = '\0';
	is(got, "PRIORITY=3\nSYSLOG_IDENTIFIER=dnseal\nMESSAGE=bad\n", "but an entry");
	log_format_set(LOG_JSON);
	log_line(LOG_ERROR, "bad");
	ok(starts_with(said(), "<3>{\"v\":1,"), "JSON stays a line: %s", line);
	log_format_set(LOG_TEXT);
	ok(!log_open(LOG_TO_JOURNAL, a.sun_path, &story), "asked for as well");
	log_line(LOG_ERROR, "worse");
	is(said(), "", "an error is not there twice");
	n = recv(journal, got, sizeof(got) - 1, MSG_DONTWAIT);
	ok(n > 0 && recv(journal, got, 1, MSG_DONTWAIT) < 0, "but once");
	ok(!log_open(LOG_TO_STDERR, a.sun_path, &story), "stderr again");
	log_line(LOG_INFO, "first");
	close(journal);
	journal = -1;
	log_line(LOG_INFO, "lost?");
	is(said(), "<6>lost?\n", "a journal that went away: stderr after all");
	log_close();
	unsetenv("JOURNAL_STREAM");
}

static void a_person_at_a_terminal_sees_it_all(void)
{
	scoped(free_p) char *path = path_of("both");
	scoped(fd_p) int ours = posix_openpt(O_RDWR | O_NOCTTY);
	const char *name = ours < 0 || grantpt(ours) || unlockpt(ours) ? NULL : ptsname(ours);
	scoped(fd_p) int terminal = name ? open(name, O_RDWR | O_NOCTTY) : -1;
	struct story story = { 0 };
	char got[100] = "";

	if (terminal < 0) {
		ok(true, "# SKIP no terminals here");
		return;
	}
	fcntl(ours, F_SETFL, O_NONBLOCK);
	dup2(terminal, STDERR_FILENO);
	ok(!log_open(LOG_TO_FILE, path, &story), "a file");
	log_line(LOG_INFO, "line");
	log_close();
	dup2(fileno(caught), STDERR_FILENO);
	ssize_t n = read(ours, got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	is(got, "line\r\n", "on the terminal");
	scoped(free_p) char *text = content("both");
	is(text, T " info   line\n", "and in the file");
}

int main(void)
{
	temp_make();
	clock_own(NOW, 1);
	caught = tmpfile();
	if (!caught || dup2(fileno(caught), STDERR_FILENO) < 0)
		return 1;
	setvbuf(stderr, NULL, _IONBF, 0);
	unsetenv("JOURNAL_STREAM");
	only_the_level_asked_for_is_said();
	an_event_is_one_line();
	the_journal_gets_priorities();
	secrets_are_struck_out();
	base64_of_a_longer_text_is_struck_out_too();
	a_secret_cut_short_is_struck_out();
	the_longest_of_two_secrets_wins();
	secrets_can_be_forgotten();
	the_screen_steps_aside();
	a_file_keeps_lines_with_their_time();
	json_lines_have_four_members();
	the_journal_gets_fields();
	stderr_that_is_the_journal_is_not_needed();
	a_person_at_a_terminal_sees_it_all();
	fclose(caught);
	return done();
}
