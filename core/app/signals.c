/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/signals.h"

#include "base/log.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void cancel(struct task *t)
{
	struct signals *s = container_of(t, struct signals, task);

	log_line(LOG_WARN,
		 "finishing the current call, then cleaning up (again = leave now; the next run "
		 "will finish it)");
	if (s->arg)
		s->cancel(s->arg);
}

/* The first ends the work in order, the second at once.  A terminal that goes away sends SIGHUP
 * more than once, and a service manager after SIGTERM: neither is somebody's second word. */
static void seen(struct watch *w)
{
	struct signals *s = container_of(w, struct signals, watch);
	struct signalfd_siginfo info;

	while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		bool hangup = info.ssi_signo == SIGHUP;
		if (s->first && hangup)
			continue;
		if (s->first)
			_exit(128 + (int)info.ssi_signo);
		s->first = hangup ? SIGTERM : (int)info.ssi_signo;
		task_wake(&s->task);
	}
}

/* What was ignored when we were started (nohup, a shell's background) stays so. */
static void which(sigset_t *ret)
{
	static const int wanted[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction now;

	sigemptyset(ret);
	for (size_t i = 0; i < COUNT(wanted); i++)
		if (!sigaction(wanted[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaddset(ret, wanted[i]);
}

void signals_start(struct signals *s, struct loop *loop, void (*what)(void *))
{
	sigset_t set;

	which(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*s = (struct signals){ .loop = loop, .cancel = what };
	s->watch.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->watch.events = POLLIN;
	s->watch.seen = seen;
	task_init(&s->task, loop, cancel);
	watch_start(loop, &s->watch);
}

void signals_stop(struct signals *s)
{
	sigset_t set;

	if (!s->loop)
		return;
	task_stop(&s->task);
	watch_stop(&s->watch);
	close(s->watch.fd);
	s->loop = NULL;
	which(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
