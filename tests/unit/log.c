/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "base/encode.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
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

static void the_journal_gets_priorities(void)
{
	char name[64];
	struct stat st;

	fstat(STDERR_FILENO, &st);
	snprintf(name, sizeof(name), "%llu:%llu", (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
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
	log_screen(NULL, NULL, NULL);
	log_line(LOG_INFO, "line");
	is(said(), "line\n", "no screen");
}

int main(void)
{
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
	fclose(caught);
	return done();
}
