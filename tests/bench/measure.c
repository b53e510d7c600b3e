/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * measure COMMAND... - run it (its output goes to stderr) and print what it took:
 * "wall_ms cpu_ms peak_kib status".  CPU is user and system time of it and all its children, peak
 * the largest of these processes.  Small, because a child begins with its parent's peak. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage u;
	int status = 0;
	double began = now();

	if (argc < 2)
		return 2;
	pid_t child = fork();
	if (!child) {
		dup2(2, 1);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 2;
	double took = now() - began;
	getrusage(RUSAGE_CHILDREN, &u);
	printf("%.1f %.1f %ld %d\n", took, ms(u.ru_utime) + ms(u.ru_stime), u.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
