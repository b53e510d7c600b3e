/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/program.h"

#include "base/clock.h"
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define POLL_MS 50     /* between looks at a child whose end nothing tells */
#define READS_MAX 16   /* at a time: one that writes without end must not stop the loop */
#define LINE_MAX_LEN 1000
#define NOT_RUN 127 /* what execve()'s failure ends the child with, as shells do */

struct program_work {
	pid_t pid;
	enum { RUNNING, ASKED, KILLED } stage;
	bool canceled;
	int64_t until_ms; /* end of the stage; clock_ms() */
	struct timer timer;
	struct watch out, end; /* its output; its end: a pidfd, -1 where the kernel has none */
	struct buf raw;
};

/* -- starting ------------------------------------------------------------------------------- */

struct launch { /* all that the child needs, made before the fork: after it nothing may allocate */
	char *path;
	char **arguments, **variables;
	int in, out;
};

static void launch_free(struct launch *l)
{
	free(l->path);
	free(l->arguments);
	free(l->variables);
	fd_p(&l->in);
	fd_p(&l->out);
}

void program_environment(const struct words *more, struct words *ret)
{
	static const struct {
		const char *name, *preset;
	} passed[] = { { "PATH", USUAL_PATH }, { "LANG", "C" }, { "HOME", "/" } };

	for (size_t i = 0; i < COUNT(passed); i++) {
		const char *value = getenv(passed[i].name);
		scoped(free_p) char *line =
			str_printf("%s=%s", passed[i].name, value ? value : passed[i].preset);
		words_add(ret, line);
	}
	for (size_t i = 0; more && i < more->n; i++)
		words_add(ret, more->at[i]);
}

char **program_vector(const struct words *w)
{
	char **v = mem_array(w->n + 1, sizeof(*v));

	if (w->n)
		memcpy(v, w->at, w->n * sizeof(*v));
	return v;
}

static bool is_file(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	errno = EISDIR;
	return S_ISREG(st.st_mode);
}

/* In the folders of `at`; NULL: errno tells. */
static char *find_in(const char *at, const char *name)
{
	int why = ENOENT;

	for (at += strspn(at, ":"); *at; at += strspn(at, ":")) {
		size_t n = strcspn(at, ":");
		scoped(free_p) char *path = str_printf("%.*s/%s", (int)n, at, name);
		at += n;
		if (*path != '/' || !is_file(path))
			continue;
		if (!access(path, X_OK))
			return take(path);
		why = EACCES;
	}
	errno = why;
	return NULL;
}

/* Where the program is.  NULL: errno tells.  A service's program is in a folder for administrators,
 * which cron(8) and users leave out of PATH. */
static char *find(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return is_file(name) && !access(name, X_OK) ? str_copy(name) : NULL;
	char *found = path ? find_in(path, name) : NULL;
	return found || (path && errno == EACCES) ? found : find_in(USUAL_PATH, name);
}

/* A file without a name: a program that does not read cannot block us, as it could with a pipe. */
static int open_input(const char *text)
{
	if (!text)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	scoped(fd_p) int fd = memfd_create("input", MFD_CLOEXEC);
	size_t left = strlen(text);

	while (fd >= 0 && left) {
		ssize_t n = write(fd, text, left);
		if (n < 0 && errno != EINTR)
			return -1;
		text += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -1;
	int ret = fd;
	fd = -1;
	return ret;
}

/* In the child; calls only what signal-safety(7) allows. */
static _Noreturn void become(const struct launch *l)
{
	sigset_t none;

	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL); /* which we ignore and a child must not */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	if (!chdir("/") && dup2(l->in, 0) == 0 && dup2(l->out, 1) == 1 && dup2(l->out, 2) == 2) {
		close_range(3, ~0U, 0);
		execve(l->path, l->arguments, l->variables);
	}
	_exit(NOT_RUN);
}

static enum seal_status cannot_start(struct program *p, const char *what)
{
	const char *why = strerror(errno);

	return fail(p, SEAL_EAGAIN, "%s: cannot be started: %s: %s", clean(p->argv->at[0]), what,
		    why);
}

static void read_output(struct watch *);
static void see_end(struct watch *);

static enum seal_status launch(struct program *p, struct launch *l)
{
	struct program_work *w = p->work;
	struct words environment = { 0 };
	int ends[2];

	program_environment(p->environment, &environment);
	l->arguments = program_vector(p->argv);
	l->variables = program_vector(&environment);
	l->in = open_input(p->input);
	enum seal_status st = l->in < 0 ? cannot_start(p, "input") : SEAL_OK;
	if (!st && pipe2(ends, O_CLOEXEC))
		st = cannot_start(p, "pipe");
	if (!st) {
		w->out.fd = ends[0];
		l->out = ends[1];
		fcntl(ends[0], F_SETFL, O_NONBLOCK);
		w->pid = fork();
		if (!w->pid)
			become(l);
		if (w->pid < 0)
			st = cannot_start(p, "fork");
	}
	words_free(&environment);
	if (!st)
		setpgid(w->pid, w->pid); /* whoever is first: a signal to the group must find it */
	return st;
}

static enum seal_status begin(struct program *p)
{
	scoped(launch_free) struct launch l = { .in = -1, .out = -1 };
	scoped(owner_back) struct owner_self self = owner_self();
	struct program_work *w = p->work;

	if (!p->argv->n)
		return fail(p, SEAL_ECONFIG, "no program is named");
	l.path = find(p->argv->at[0]);
	int why = errno;
	if (!l.path)
		return fail(p, SEAL_ECONFIG, "%s: %s", clean(p->argv->at[0]),
			    why == EACCES ? "not executable" : strerror(why));
	enum seal_status st = launch(p, &l);
	if (st)
		return st;
	loop_hold(p->loop); /* it takes real time, also where a test owns the clock */
	w->out.events = POLLIN;
	w->out.seen = read_output;
	watch_start(p->loop, &w->out);
	w->end.fd = pidfd_open(w->pid, 0);
	w->end.events = POLLIN;
	w->end.seen = see_end;
	if (w->end.fd >= 0)
		watch_start(p->loop, &w->end);
	return SEAL_OK;
}

/* -- while it runs -------------------------------------------------------------------------- */

/* False when no more will come. */
static bool take_output(struct program_work *w)
{
	char part[4096];
	bool open = true;

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = read(w->out.fd, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			continue;
		open = n > 0 || (n < 0 && errno == EAGAIN);
		if (n <= 0)
			break;
		size_t room = PROGRAM_OUTPUT_MAX - w->raw.len;
		buf_add(&w->raw, part, (size_t)n < room ? (size_t)n : room);
	}
	return open;
}

static void close_output(struct program_work *w)
{
	if (w->out.fd < 0)
		return;
	watch_stop(&w->out);
	close(w->out.fd);
	w->out.fd = -1;
}

/* It may close its output and go on. */
static void read_output(struct watch *at)
{
	struct program_work *w = container_of(at, struct program_work, out);

	if (!take_output(w))
		close_output(w);
}

/* Under strace(1) or a debugger its tracer hears of the end before we do: then it is polled for. */
static void see_end(struct watch *at)
{
	struct program_work *w = container_of(at, struct program_work, end);

	watch_stop(at);
	close(at->fd);
	at->fd = -1;
	timer_stop(&w->timer); /* which wakes the task */
}

/* -- its end -------------------------------------------------------------------------------- */

static void clean_output(struct program *p)
{
	const struct buf *raw = &p->work->raw;

	p->output.max = 4 * PROGRAM_OUTPUT_MAX; /* what is not fit to show grows to \xHH */
	for (size_t at = 0; at < raw->len;) {
		const char *line = raw->data + at;
		const char *end = memchr(line, '\n', raw->len - at);
		size_t n = end ? (size_t)(end - line) : raw->len - at;
		at += n + 1;
		n -= n && line[n - 1] == '\r';
		scoped(free_p) char *text = text_clean(line, n, LINE_MAX_LEN);
		if (p->output.len + strlen(text) + 1 > PROGRAM_OUTPUT_MAX)
			return;
		buf_printf(&p->output, "%s\n", text);
	}
}

/* The last line that says something: most programs end with what is wrong. */
static char *last_words(const struct program *p)
{
	const char *text = buf_text(&p->output);
	size_t end = p->output.len;

	while (end && text[end - 1] == '\n')
		end--;
	size_t begin = end;
	while (begin && text[begin - 1] != '\n')
		begin--;
	return text_clean(text + begin, end - begin, 200);
}

static void judge(struct program *p, int status)
{
	const struct program_work *w = p->work;
	scoped(free_p) char *said = last_words(p);
	const char *name = clean(p->argv->at[0]);

	if (WIFEXITED(status))
		p->status = WEXITSTATUS(status);
	if (w->canceled)
		fail(p, SEAL_ECANCELED, "%s: interrupted", name);
	else if (w->stage != RUNNING)
		fail(p, SEAL_EAGAIN, "%s: still running after %u s, so it was ended%s%s", name,
		     p->limit_s ? p->limit_s : PROGRAM_LIMIT_S, *said ? "; it said: " : "", said);
	else if (WIFSIGNALED(status))
		fail(p, SEAL_EAGAIN, "%s: killed by signal %d%s%s", name, WTERMSIG(status),
		     *said ? "; it said: " : "", said);
	else if (p->status == NOT_RUN && !*said)
		fail(p, SEAL_EAGAIN, "%s: could not be run; a script needs a first line such as "
				     "#!/bin/sh", name);
	else if (p->status)
		fail(p, SEAL_EAGAIN, "%s: ended with status %d%s%s", name, p->status,
		     *said ? ": " : "", said);
}

static void release(struct program *p)
{
	struct program_work *w = p->work;

	close_output(w);
	if (w->end.fd >= 0) {
		watch_stop(&w->end);
		close(w->end.fd);
	}
	timer_stop(&w->timer);
	task_stop(&p->task);
	loop_release(p->loop);
	buf_free(&w->raw);
	free(w);
	p->work = NULL;
}

/* While the dead child keeps its number, the group's is its own too. */
enum others { OTHERS_GO, OTHERS_STAY }; /* in its group */
static int bury(const struct program_work *w, enum others others)
{
	int status = 0;

	if (others == OTHERS_GO)
		kill(-w->pid, SIGKILL);
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* What it started stays when all went well: a service that was down, and has no session of its own
 * yet. */
static bool has_ended(const struct program_work *w, enum others *ret)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG | WNOWAIT) || !info.si_pid)
		return false;
	*ret = info.si_code == CLD_EXITED && !info.si_status ? OTHERS_STAY : OTHERS_GO;
	return true;
}

static void signal_group(struct program *p, int number)
{
	struct program_work *w = p->work;

	kill(-w->pid, number);
	w->stage = number == SIGTERM ? ASKED : KILLED;
	w->until_ms = clock_ms() + PROGRAM_KILL_MS;
}

static void rest(struct program *p)
{
	struct program_work *w = p->work;
	int64_t left = w->until_ms - clock_ms();

	timer_start(&w->timer, &p->task, w->end.fd < 0 && left > POLL_MS ? POLL_MS : left);
}

static void look(struct task *t)
{
	struct program *p = container_of(t, struct program, task);
	struct program_work *w = p->work;

	enum others others;

	if (has_ended(w, &others)) {
		int status = bury(w, others);
		if (w->out.fd >= 0)
			take_output(w); /* a daemon that it left may hold the other end for ever */
		clean_output(p);
		judge(p, status);
		release(p);
		task_done(p->waiter);
		return;
	}
	if (clock_ms() >= w->until_ms)
		signal_group(p, w->stage == RUNNING ? SIGTERM : SIGKILL);
	rest(p);
}

/* -- for callers ---------------------------------------------------------------------------- */

void program_start(struct loop *l, struct program *p, struct task *waiter)
{
	struct program_work *w = mem_new(sizeof(*w));

	p->loop = l;
	p->waiter = waiter;
	p->work = w;
	p->status = -1;
	story_clear(&p->story);
	buf_clear(&p->output);
	w->out.fd = w->end.fd = -1;
	w->raw.max = PROGRAM_OUTPUT_MAX + 1;
	task_init(&p->task, l, look);
	task_expect(waiter);
	if (begin(p)) {
		close_output(w);
		free(w);
		p->work = NULL;
		task_done(waiter);
		return;
	}
	w->until_ms = clock_ms() + (int64_t)(p->limit_s ? p->limit_s : PROGRAM_LIMIT_S) * 1000;
	rest(p);
}

void program_cancel(struct program *p)
{
	if (!p->work || p->work->canceled)
		return;
	p->work->canceled = true;
	signal_group(p, SIGTERM);
	rest(p);
}

void program_free(struct program *p)
{
	if (p->work) {
		bury(p->work, OTHERS_GO);
		release(p);
	}
	buf_free(&p->output);
}
