/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * program.c - other programs: what they get, what they say, and that none can hold us up. */
#include "config.h"

#include "net/program.h"

#include "base/clock.h"
#include "tap.h"
#include "temp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *dir;
static struct loop *loop;

struct wait {
	struct task task;
	bool done;
};

static void is_over(struct task *t)
{
	container_of(t, struct wait, task)->done = true;
}

static char *script(const char *name, const char *text)
{
	char *path = str_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (!f || fprintf(f, "#!/bin/sh\n%s\n", text) < 0 || fclose(f) || chmod(path, 0755))
		exit(99);
	return path;
}

/* Runs it to its end; ret_ms: how long that took. */
static void run(struct program *p, int64_t cancel_ms, int64_t *ret_ms)
{
	struct wait w = { .done = false }, c = { .done = false };
	struct timer timer = { 0 };
	int64_t began = clock_ms();

	task_init(&w.task, loop, is_over);
	task_init(&c.task, loop, is_over);
	program_start(loop, p, &w.task);
	if (cancel_ms) {
		timer_start(&timer, &c.task, cancel_ms);
		loop_run(loop, &c.done);
		program_cancel(p);
	}
	if (!loop_run(loop, &w.done))
		ok(false, "the loop ended before the program did");
	*ret_ms = clock_ms() - began;
}

static void run_script(struct program *p, const char *name, const char *text, int64_t *ret_ms)
{
	scoped(free_p) char *path = script(name, text);
	struct words argv = { 0 };

	words_add(&argv, path);
	words_add(&argv, "two words");
	p->argv = &argv;
	run(p, 0, ret_ms);
	p->argv = NULL;
	words_free(&argv);
}

static void what_it_says_is_kept_and_cleaned(void)
{
	struct program p = { 0 };
	int64_t ms;

	run_script(&p, "says", "printf 'one \\033[31mred\\n'; echo \"two: $1\" >&2; exit 3", &ms);
	ok(p.story.st == SEAL_EAGAIN && p.status == 3, "status 3 is a failure: %s", p.story.text);
	is(buf_text(&p.output), "one \\x1B[31mred\ntwo: two words\n",
	   "both outputs, in lines, without escapes");
	ok(strstr(p.story.text, "status 3: two: two words") != NULL, "the sentence has the last");
	program_free(&p);

	run_script(&p, "good", "exit 0", &ms);
	ok(!p.story.st && p.status == 0 && !p.output.len, "success says nothing");
	program_free(&p);
}

static void it_gets_what_it_shall_and_no_more(void)
{
	struct words environment = { 0 };
	struct program p = { .environment = &environment };
	int64_t ms;
	int secret = open("/dev/null", O_RDONLY); /* without O_CLOEXEC */

	setenv("CANARY", "s3cr3t-c4n4ry", 1);
	words_add(&environment, "DNSEAL_EVENT=pre");
	run_script(&p, "env",
		   "env | sed 's/=.*//' | sort | tr '\\n' ' '; echo; env | grep -c c4n4ry; pwd; umask; "
		   "ls /proc/self/fd | wc -l; readlink /proc/self/fd/0; "
		   "test \"$(cut -d' ' -f5 /proc/$$/stat)\" = $$ && echo group; cat", &ms);
	/* dash adds PWD; `ls` opens one descriptor itself. */
	is(buf_text(&p.output),
	   "DNSEAL_EVENT HOME LANG PATH PWD \n0\n/\n0022\n4\n/dev/null\ngroup\n",
	   "environment, folder, umask, descriptors, stdin, process group");
	program_free(&p);
	words_free(&environment);
	close(secret);

	p = (struct program){ .input = "To: you\n\nhello" };
	run_script(&p, "reads", "cat", &ms);
	is(buf_text(&p.output), "To: you\n\nhello\n", "stdin, when there is one");
	program_free(&p);
	p = (struct program){ .input = "nobody reads this" };
	run_script(&p, "reads-not", "exec true", &ms);
	ok(!p.story.st, "one that does not read it: %s", p.story.text);
	program_free(&p);
}

static bool is_alive(const char *pid_file)
{
	scoped(free_p) char *path = str_printf("%s/%s", dir, pid_file);
	FILE *f = fopen(path, "r");
	int pid = 0;

	if (!f || fscanf(f, "%d", &pid) != 1 || fclose(f))
		return false;
	for (int i = 0; i < 50; i++) { /* init may take a moment to bury it */
		scoped(free_p) char *stat_path = str_printf("/proc/%d/stat", pid);
		char state = 0;
		f = fopen(stat_path, "r");
		if (!f)
			return false;
		int n = fscanf(f, "%*d %*s %c", &state);
		fclose(f);
		if (n != 1 || state == 'Z')
			return false;
		usleep(10000);
	}
	return true;
}

static void time_is_limited(void)
{
	struct program p = { .limit_s = 1 };
	int64_t ms;
	scoped(free_p) char *text = str_printf(
		"trap '' TERM; (trap '' TERM; echo $$ >/dev/null; while :; do sleep 1; done) & "
		"echo $! >%s/stubborn.pid; echo waiting; while :; do sleep 1; done", dir);

	run_script(&p, "sleeps", "echo nearly; exec sleep 60", &ms);
	ok(p.story.st == SEAL_EAGAIN && ms < 3000, "one that sleeps ends with TERM: %d ms", (int)ms);
	ok(strstr(p.story.text, "still running after 1 s") && strstr(p.story.text, "nearly"),
	   "and the sentence says so: %s", p.story.text);
	program_free(&p);

	p = (struct program){ .limit_s = 1 };
	run_script(&p, "stubborn", text, &ms);
	ok(p.story.st == SEAL_EAGAIN && ms >= 11000 && ms < 13000,
	   "one that ignores TERM is killed 10 s later: %d ms", (int)ms);
	ok(!is_alive("stubborn.pid"), "and its child with it");
	program_free(&p);
}

static void what_it_leaves_does_not_hold_us(void)
{
	struct program p = { 0 };
	int64_t ms;
	scoped(free_p) char *text =
		str_printf("sleep 600 & echo $! >%s/left.pid; echo done", dir);
	scoped(free_p) char *fails =
		str_printf("kill $(cat %s/left.pid); sleep 600 & echo $! >%s/left.pid; exit 3", dir,
			   dir);
	scoped(free_p) char *daemon = str_printf(
		"setsid sh -c 'echo $$ >%s/daemon.pid; exec sleep 600' & sleep 0.3; echo up", dir);

	run_script(&p, "leaves", text, &ms);
	ok(!p.story.st && ms < 3000, "a child that holds its output: %d ms", (int)ms);
	is(buf_text(&p.output), "done\n", "what it said is there");
	ok(is_alive("left.pid"), "the child goes on: a service that was started, perhaps");
	program_free(&p);

	run_script(&p, "fails", fails, &ms);
	ok(p.status == 3 && ms < 3000, "one that fails: %d ms", (int)ms);
	ok(!is_alive("left.pid"), "its child is gone");
	program_free(&p);

	run_script(&p, "daemon", daemon, &ms);
	ok(!p.story.st && ms < 3000, "a daemon of its own session: %d ms", (int)ms);
	ok(is_alive("daemon.pid"), "goes on");
	scoped(free_p) char *kill_it = str_printf("kill $(cat %s/daemon.pid)", dir);
	program_free(&p);
	run_script(&p, "kill", kill_it, &ms);
	program_free(&p);

	run_script(&p, "closes", "exec >&- 2>&-; sleep 0.5; exit 4", &ms);
	ok(p.status == 4 && ms >= 400, "one that closes its output is waited for: %d ms", (int)ms);
	program_free(&p);
}

static void output_is_bounded(void)
{
	struct program p = { 0 };
	int64_t ms;

	run_script(&p, "floods", "head -c 10485760 /dev/zero | tr '\\0' 'x'; echo; echo end >&2",
		   &ms);
	ok(!p.story.st, "10 MB are read: %s", p.story.text);
	ok(p.output.len <= PROGRAM_OUTPUT_MAX, "and 64 KiB of it kept at most: %zu", p.output.len);
	program_free(&p);
	run_script(&p, "lines", "yes abcdefg | head -n 100000", &ms);
	ok(!p.story.st && p.output.len > PROGRAM_OUTPUT_MAX - 100 &&
		   p.output.len <= PROGRAM_OUTPUT_MAX,
	   "of lines too: %zu", p.output.len);
	program_free(&p);
	p.limit_s = 1;
	run_script(&p, "endless", "exec yes", &ms);
	ok(p.story.st == SEAL_EAGAIN && ms < 3000, "one that never stops writing: %d ms", (int)ms);
	program_free(&p);
}

static void not_a_program(void)
{
	static const struct {
		const char *name, *said;
	} all[] = { { "/nonexistent/program", "No such file" },
		    { "no-such-program-anywhere", "No such file" },
		    { "/etc/passwd", "not executable" },
		    { "/etc", "Is a directory" } };
	struct program p = { 0 };
	int64_t ms;

	for (size_t i = 0; i < COUNT(all); i++) {
		struct words argv = { 0 };
		words_add(&argv, all[i].name);
		p.argv = &argv;
		run(&p, 0, &ms);
		ok(p.story.st == SEAL_ECONFIG && strstr(p.story.text, all[i].said), "%s",
		   p.story.text);
		words_free(&argv);
		program_free(&p);
	}
	scoped(free_p) char *path = script("headless", "true");
	FILE *f = fopen(path, "w");
	struct words argv = { 0 };
	fprintf(f, "echo hello\n");
	fclose(f);
	words_add(&argv, path);
	p = (struct program){ .argv = &argv };
	run(&p, 0, &ms);
	ok(p.story.st && strstr(p.story.text, "#!/bin/sh"), "%s", p.story.text);
	words_free(&argv);
	program_free(&p);
}

static void a_short_path_is_no_obstacle(void)
{
	struct words argv = { 0 };
	struct program p = { .argv = &argv };
	scoped(free_p) char *path = str_copy(getenv("PATH"));
	int64_t ms;

	words_add(&argv, "true");
	setenv("PATH", "/nonexistent", 1);
	run(&p, 0, &ms);
	ok(!p.story.st, "usual folders are looked into behind PATH: %s", p.story.text);
	setenv("PATH", path, 1);
	program_free(&p);
	words_free(&argv);
}

static void every_status_is_told(void)
{
	struct program p = { 0 };
	int64_t ms;
	int wrong = 0;

	for (int i = 0; i < 256; i += 15) {
		scoped(free_p) char *text = str_printf("exit %d", i);
		run_script(&p, "exits", text, &ms);
		wrong += p.status != i || !p.story.st != !i;
		program_free(&p);
	}
	ok(!wrong, "exit statuses 0 to 255");
	run_script(&p, "dies", "kill -SEGV $$", &ms);
	ok(p.story.st == SEAL_EAGAIN && p.status == -1 && strstr(p.story.text, "signal 11"),
	   "a signal: %s", p.story.text);
	program_free(&p);
}

static void it_can_be_canceled(void)
{
	struct words argv = { 0 };
	struct program p = { .argv = &argv };
	int64_t ms;

	words_add(&argv, "sleep");
	words_add(&argv, "60");
	run(&p, 100, &ms);
	ok(p.story.st == SEAL_ECANCELED && ms < 3000, "canceled: %s after %d ms", p.story.text,
	   (int)ms);
	program_free(&p);

	struct wait w = { .done = false };
	task_init(&w.task, loop, is_over);
	program_start(loop, &p, &w.task);
	program_free(&p);
	ok(!kill(0, 0), "one that is freed while it runs is gone");
	words_free(&argv);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	dir = temp_make();
	loop = loop_new();
	what_it_says_is_kept_and_cleaned();
	it_gets_what_it_shall_and_no_more();
	what_it_leaves_does_not_hold_us();
	output_is_bounded();
	not_a_program();
	a_short_path_is_no_obstacle();
	every_status_is_told();
	it_can_be_canceled();
	time_is_limited();
	loop_free(loop);
	return done();
}
