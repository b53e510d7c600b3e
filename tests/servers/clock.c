/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * clock.c - a wall clock that a test can set under one program, while it runs.
 *
 *   cc -shared -fPIC -pthread -o clock.so clock.c
 *   CLOCK_OFFSET=FILE LD_PRELOAD=clock.so COMMAND...
 *
 * FILE: the seconds that are added to the machine's time; looked at ten times a second.  A process
 * that was forked keeps what its parent had.  time(), gettimeofday(), clock_gettime() and absolute
 * timers of CLOCK_REALTIME go by it; one with TFD_TIMER_CANCEL_ON_SET becomes readable when the
 * clock is set, and its next timerfd_settime() says ECANCELED (timerfd_create(2)). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#if __SIZEOF_POINTER__ < 8
#error "other names of these functions, for times of 64 bits"
#endif

static _Atomic long offset;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int alarm_fd = -1; /* of CLOCK_REALTIME; that a process has one is enough for us */
static bool tells, canceled;

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_create)(int, int);
static int (*real_settime)(int, int, const struct itimerspec *, struct itimerspec *);

static void *find(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found)
		abort();
	return found;
}

/* Another library may want to know the time before it is our turn to begin. */
static void find_real(void)
{
	*(void **)&real_create = find("timerfd_create");
	*(void **)&real_settime = find("timerfd_settime");
	*(void **)&real_gettime = find("clock_gettime");
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
	if (!real_gettime)
		find_real();
	int status = real_gettime(id, ret);

	if (!status && id == CLOCK_REALTIME)
		ret->tv_sec += offset;
	return status;
}

time_t time(time_t *ret)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (ret)
		*ret = t.tv_sec;
	return t.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
	struct timespec t;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &t);
	*ret = (struct timeval){ .tv_sec = t.tv_sec, .tv_usec = t.tv_nsec / 1000 };
	return 0;
}

int timerfd_create(int id, int flags)
{
	int fd = real_create(id, flags);

	if (id == CLOCK_REALTIME)
		alarm_fd = fd;
	return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *before)
{
	struct itimerspec shifted = *at;
	bool set = at->it_value.tv_sec || at->it_value.tv_nsec;

	if (fd != alarm_fd || !(flags & TFD_TIMER_ABSTIME))
		return real_settime(fd, flags, at, before);
	pthread_mutex_lock(&lock);
	tells = set && flags & TFD_TIMER_CANCEL_ON_SET;
	shifted.it_value.tv_sec -= set ? offset : 0;
	if (set && shifted.it_value.tv_sec <= 0)
		shifted.it_value = (struct timespec){ .tv_nsec = 1 };
	int status = real_settime(fd, flags, &shifted, before);
	if (!status && canceled) {
		errno = ECANCELED;
		status = -1;
	}
	canceled = false;
	pthread_mutex_unlock(&lock);
	return status;
}

static void set(long seconds)
{
	static const struct itimerspec now = { .it_value = { .tv_nsec = 1 } };

	pthread_mutex_lock(&lock);
	offset = seconds;
	if (tells)
		canceled = !real_settime(alarm_fd, 0, &now, NULL);
	pthread_mutex_unlock(&lock);
}

static bool read_offset(const char *path, long *ret)
{
	FILE *f = fopen(path, "re");
	bool good = f && fscanf(f, "%ld", ret) == 1;

	if (f)
		fclose(f);
	return good;
}

static void *watch(void *path)
{
	for (;; usleep(100000)) {
		long now;
		if (read_offset(path, &now) && now != offset)
			set(now);
	}
	return NULL;
}

/* Signals are for the program. */
static bool start(char *path)
{
	pthread_t thread;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool good = !pthread_create(&thread, NULL, watch, path);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return good;
}

__attribute__((constructor)) static void begin(void)
{
	char *path = getenv("CLOCK_OFFSET");
	long now;

	find_real();
	if (!path || !read_offset(path, &now))
		abort();
	offset = now;
	if (!start(path))
		abort();
}
