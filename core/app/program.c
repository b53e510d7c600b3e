/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/program.h"

#include "base/clock.h"
#include "net/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Returns an errno value.  Our own descriptors are all close-on-exec. */
static int spawn(const struct words *argv, int out, pid_t *ret)
{
	struct words environment = { 0 };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, pipe_only;

	program_environment(NULL, &environment);
	scoped(free_p) char **arguments = program_vector(argv);
	scoped(free_p) char **variables = program_vector(&environment);
	sigemptyset(&none);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE); /* which we ignore and a child must not */
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
						POSIX_SPAWN_SETSIGDEF);
	int e = posix_spawnp(ret, argv->at[0], &files, &attr, arguments, variables);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	words_free(&environment);
	return e;
}

/* Read until the other end closes; false when time was over first. */
static bool drain(int fd, int64_t until_ms, struct buf *ret)
{
	char part[4096];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = until_ms - clock_ms();
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return false;
		ssize_t n = read(fd, part, sizeof(part));
		if (n == 0)
			break;
		if (n > 0)
			buf_add(ret, part, (size_t)n);
		else if (errno != EINTR)
			break;
	}
	mem_wipe(part, sizeof(part));
	return true;
}

/* A program may close its output and go on; false when it had to be killed. */
static bool reap(pid_t child, int64_t until_ms, int *ret_status)
{
	while (clock_ms() < until_ms) {
		pid_t p = waitpid(child, ret_status, WNOHANG);
		if (p == child)
			return true;
		poll(NULL, 0, 5);
	}
	kill(-child, SIGKILL);
	while (waitpid(child, ret_status, 0) < 0 && errno == EINTR)
		;
	return false;
}

static enum seal_status judge(const char *name, int status, struct story *story)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return SEAL_OK;
	if (WIFEXITED(status))
		return story_fail(story, SEAL_ECONFIG, "%s: ended with status %d", clean(name),
				  WEXITSTATUS(status));
	return story_fail(story, SEAL_ECONFIG, "%s: killed by signal %d", clean(name),
			  WTERMSIG(status));
}

enum seal_status program_output(const struct words *argv, int64_t within_ms, struct buf *ret,
				struct story *story)
{
	scoped(fd_p) int from = -1;
	int ends[2], status = 0;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return story_fail(story, SEAL_ECONFIG, "pipe: %s", strerror(errno));
	from = ends[0];
	int e = spawn(argv, ends[1], &child);
	close(ends[1]);
	if (e)
		return story_fail(story, SEAL_ECONFIG, "%s: %s", clean(argv->at[0]), strerror(e));
	int64_t until_ms = clock_ms() + within_ms;
	bool ended = drain(from, until_ms, ret);
	if (!reap(child, ended ? until_ms : 0, &status))
		return story_fail(story, SEAL_ECONFIG, "%s: still running after %d s",
				  clean(argv->at[0]), (int)(within_ms / 1000));
	return judge(argv->at[0], status, story);
}
