/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * nth.c - let a program run to its Nth system call of a kind, counted over all of its threads and
 * children, and kill it there, or let that call fail.
 *
 *   nth [-o FILE] [-c NAME,NAME...] [-p FOLDER] -n N kill COMMAND...
 *   nth [-o FILE] [-c NAME,NAME...] [-p FOLDER] -n N ENOSPC COMMAND...
 *   nth -x FILE -n 0 kill COMMAND...
 *
 * kill: SIGKILL before the call is made; with -n 0, only count.  ENOSPC, EIO, EROFS, EMFILE: the call
 * is not made, and fails.  FILE gets the number of calls that were seen.  With -p only calls count
 * that name a file in that folder, or a descriptor of one (whose /proc says so; an absolute path
 * for those that take a path).  Without -c all calls of the table below count:
 * those after which the disk or another machine may be different, and those that open something.
 * What a process only looks at makes no difference to what the next one finds.  With -x FILE gets the
 * arguments and the environment, a word a line, of all programs that are started, as the kernel has
 * them.
 *
 * The exit status is the program's; 137 when it was killed, 125 when nothing could be traced.
 * (strace counts each thread for itself: the Nth call of a worker could never be hit when the
 * main thread has more of them.) */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define CALL(name, path) { #name, SYS_##name, path }
#define FD (-1)

static const struct call {
	const char *name;
	long number;
	int path; /* which argument is the path; FD: the first is a descriptor */
} calls[] = {
#ifdef SYS_open
	CALL(open, 0), CALL(mkdir, 0), CALL(rename, 1), CALL(unlink, 0), CALL(rmdir, 0),
	CALL(symlink, 1), CALL(link, 1), CALL(chmod, 0), CALL(chown, 0),
#endif
	CALL(openat, 1), CALL(mkdirat, 1), CALL(renameat2, 3), CALL(unlinkat, 1),
	CALL(symlinkat, 2), CALL(linkat, 3),
#ifdef SYS_renameat
	CALL(renameat, 3),
#endif
	CALL(fchmod, FD), CALL(fchmodat, 1), CALL(fchown, FD), CALL(fchownat, 1),
	CALL(ftruncate, FD), CALL(fallocate, FD), CALL(write, FD), CALL(writev, FD),
	CALL(pwrite64, FD), CALL(fsync, FD), CALL(fdatasync, FD), CALL(flock, FD),
	CALL(socket, FD), CALL(connect, FD), CALL(sendto, FD), CALL(sendmsg, FD),
	CALL(sendmmsg, FD), CALL(recvfrom, FD), CALL(recvmsg, FD), CALL(shutdown, FD)
};
static const struct {
	const char *name;
	int number;
} errors[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO }, { "EROFS", EROFS }, { "EMFILE", EMFILE } };

static bool wanted[COUNT(calls)];
static long seen, nth;
static int error; /* 0: kill */
static const char *folder; /* NULL: anywhere */
static FILE *started; /* NULL: nobody wants to know */
static pid_t victim;
static pid_t failing; /* the task whose call is to fail when it is over */

static void die(const char *what)
{
	fprintf(stderr, "nth: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* The file that a descriptor of the task is open at; empty when there is none. */
static void name_of(pid_t task, uint64_t fd, char ret[4096])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)task, (int)fd);
	ssize_t n = readlink(path, ret, 4095);
	ret[n > 0 ? n : 0] = 0;
}

/* A string in the task's memory. */
static void text_at(pid_t task, uint64_t at, char ret[4096])
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)task);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : pread(fd, ret, 4095, (off_t)at);
	ret[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

static bool is_wanted(pid_t task, uint64_t number, const uint64_t *args)
{
	char name[4096];
	size_t i = 0;

	while (i < COUNT(calls) && (!wanted[i] || (uint64_t)calls[i].number != number))
		i++;
	if (i == COUNT(calls) || !folder)
		return i < COUNT(calls);
	if (calls[i].path == FD)
		name_of(task, args[0], name);
	else
		text_at(task, args[calls[i].path], name);
	return !strncmp(name, folder, strlen(folder));
}

/* Where the kernel keeps the number of the call and its result. */
#if defined(__x86_64__)
static bool set_number(pid_t task)
{
	struct user_regs_struct r;
	struct iovec v = { &r, sizeof(r) };

	if (ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &v))
		return false;
	r.orig_rax = (unsigned long long)-1;
	return !ptrace(PTRACE_SETREGSET, task, NT_PRSTATUS, &v);
}
static bool set_result(pid_t task, int result)
{
	struct user_regs_struct r;
	struct iovec v = { &r, sizeof(r) };

	if (ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &v))
		return false;
	r.rax = (unsigned long long)(long long)result;
	return !ptrace(PTRACE_SETREGSET, task, NT_PRSTATUS, &v);
}
#elif defined(__aarch64__)
static bool set_number(pid_t task)
{
	int none = -1;
	struct iovec v = { &none, sizeof(none) };

	return !ptrace(PTRACE_SETREGSET, task, NT_ARM_SYSTEM_CALL, &v);
}
static bool set_result(pid_t task, int result)
{
	struct user_regs_struct r;
	struct iovec v = { &r, sizeof(r) };

	if (ptrace(PTRACE_GETREGSET, task, NT_PRSTATUS, &v))
		return false;
	r.regs[0] = (unsigned long long)(long long)result;
	return !ptrace(PTRACE_SETREGSET, task, NT_PRSTATUS, &v);
}
#else
static bool set_number(pid_t task)
{
	errno = ENOSYS;
	return task < 0;
}
static bool set_result(pid_t task, int result)
{
	errno = ENOSYS;
	return task < 0 && result > 0;
}
#endif

static void at_entry(pid_t task, uint64_t number, const uint64_t *args)
{
	if (!is_wanted(task, number, args) || ++seen != nth)
		return;
	if (!error) {
		kill(victim, SIGKILL);
		return;
	}
	if (!set_number(task))
		die("cannot change a system call");
	failing = task;
}

/* What was just started, and with what. */
static void note_program(pid_t task)
{
	static const char *const files[] = { "cmdline", "environ" };

	for (size_t i = 0; started && i < COUNT(files); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/%s", (int)task, files[i]);
		FILE *f = fopen(path, "r");
		if (!f)
			die(path);
		fprintf(started, "-- %s of %d\n", files[i], (int)task);
		for (int c; (c = getc(f)) != EOF;)
			putc(c ? c : '\n', started);
		fclose(f);
	}
}

/* One stop of a task; the signal to go on with. */
static int look(pid_t task, int status)
{
	struct __ptrace_syscall_info info;
	int sig = WSTOPSIG(status);

	if (status >> 16 == PTRACE_EVENT_EXEC)
		note_program(task);
	if (status >> 16) /* an event: nothing of the program's */
		return 0;
	if (sig != (SIGTRAP | 0x80))
		return sig;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, task, sizeof(info), &info) <= 0)
		return 0; /* it died meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		at_entry(task, info.entry.nr, (const uint64_t *)info.entry.args);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task == failing) {
		if (!set_result(task, -error))
			die("cannot change a result");
		failing = 0;
	}
	return 0;
}

static int follow(void)
{
	for (;;) {
		int status;
		pid_t task = waitpid(-1, &status, __WALL);

		if (task < 0)
			die("the program is gone");
		if (task == victim && WIFEXITED(status))
			return WEXITSTATUS(status);
		if (task == victim && WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		if (WIFSTOPPED(status)) {
			int sig = look(task, status);
			ptrace(PTRACE_SYSCALL, task, NULL, (void *)(intptr_t)sig);
		}
	}
}

/* It waits until it is watched; its exec is the first thing that is seen. */
static void run(char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int gate[2];
	char go = 0;

	if (pipe(gate))
		die("pipe");
	victim = fork();
	if (victim < 0)
		die("fork");
	if (!victim) {
		close(gate[1]);
		if (read(gate[0], &go, 1) != 1)
			_exit(125);
		close(gate[0]);
		execvp(argv[0], argv);
		die(argv[0]);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, victim, NULL, (void *)options))
		die("cannot trace");
	if (write(gate[1], &go, 1) != 1)
		die("pipe");
	close(gate[1]);
}

static void choose(char *list)
{
	for (size_t i = 0; i < COUNT(calls); i++)
		wanted[i] = !list;
	char *at;
	for (char *name = list ? strtok_r(list, ",", &at) : NULL; name;
	     name = strtok_r(NULL, ",", &at)) {
		bool known = false; /* not every machine has each of them */
		for (size_t i = 0; i < COUNT(calls); i++)
			if (!strcmp(calls[i].name, name))
				known = wanted[i] = true;
		if (!known)
			fprintf(stderr, "nth: no system call %s here\n", name);
	}
}

static int choose_error(const char *name)
{
	for (size_t i = 0; i < COUNT(errors); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].number;
	if (!strcmp(name, "kill"))
		return 0;
	errno = EINVAL;
	die(name);
	return 0;
}

static FILE *open_new(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		die(path);
	return f;
}

int main(int argc, char **argv)
{
	const char *out = NULL;
	char *list = NULL;
	int opt;

	while ((opt = getopt(argc, argv, "+o:c:p:n:x:")) != -1) {
		if (opt == 'o')
			out = optarg;
		else if (opt == 'c')
			list = optarg;
		else if (opt == 'p')
			folder = optarg;
		else if (opt == 'x')
			started = open_new(optarg);
		else if (opt == 'n')
			nth = strtol(optarg, NULL, 10);
		else
			return 125;
	}
	if (argc - optind < 2) {
		fprintf(stderr, "usage: nth [-o FILE] [-x FILE] [-c CALLS] [-p FOLDER] -n N kill|ERROR COMMAND...\n");
		return 125;
	}
	choose(list);
	error = choose_error(argv[optind]);
	run(argv + optind + 1);
	int status = follow();
	FILE *f = out ? fopen(out, "w") : NULL;
	if (f) {
		fprintf(f, "%ld\n", seen);
		fclose(f);
	}
	return status;
}
