/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_daemon.c - sleep until the next certificate wants to be looked at, look, sleep again.
 *
 * SIGHUP    the configuration is read again, and everything looked at, now; one in error is told,
 *           and the one of before stays
 * SIGTERM   the round under way finishes its calls and cleans up DNS; then status 0
 * A file STATE/trigger/CERT: that one now, as if an operator had named it. */
#include "config.h"

#include "app/app.h"
#include "app/daemon.h"
#include "app/service.h"
#include "app/trigger.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAP_MAX_MS 300000      /* while a round runs, and where there is no timer */
#define ROUND_MAX_MS 21600000  /* every wait of a round has a limit; this is for what has none */
#define FAREWELL_MAX_MS 100000 /* from SIGTERM to SIGKILL; a unit's TimeoutStopSec is 2 min */

struct daemon {
	struct app *app;
	uint32_t interval_s;
	struct service service;
	struct trigger trigger;
	struct lock lock;
	int signals, alarm; /* signalfd(2), timerfd_create(2) */
	sigset_t before; /* what was blocked */

	int64_t next;	    /* wall clock */
	bool look, ending;  /* SIGHUP or a trigger; SIGTERM */
	bool fresh, stale;  /* the configuration: just read; not what the files say */
	struct words named; /* by triggers */

	pid_t child; /* the round under way, or 0 */
	int reply;   /* its pipe */
	int64_t since_ms, term_ms; /* it began; it was told to end, or 0 */
};

/* -- beginning and end ---------------------------------------------------------------------- */

static int alone(struct daemon *d)
{
	struct app *a = d->app;
	struct story story = { 0 };
	scoped(free_p) char *path = store_path(&a->store, "locks/daemon.lock");

	if (!lock_take(&d->lock, path, (int64_t)a->opt.wait_s * 1000, &story))
		return EXIT_DONE;
	if (story.st == SEAL_ELOCKED)
		story_hint(&story, "one daemon for a state directory; its SIGHUP makes it look");
	return app_fail(a, NULL, &story);
}

static void watch_signals(struct daemon *d)
{
	static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < COUNT(wanted); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, &d->before);
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	d->alarm = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
}

/* Secrets stay unread: rounds read them. */
static int begin(struct daemon *d)
{
	struct app *a = d->app;
	struct story story = { 0 };
	int status = app_configure(a, READ_SHAPE);

	if (!status)
		status = app_store_open(a);
	if (!status)
		status = alone(d);
	if (status)
		return status;
	if (trigger_start(&d->trigger, &a->store, &story))
		return app_fail(a, NULL, &story);
	service_begin(&d->service);
	watch_signals(d);
	d->look = d->fresh = true;
	service_tell(&d->service, "READY=1\nSTATUS=beginning");
	return EXIT_DONE;
}

static void end(struct daemon *d)
{
	if (d->signals >= 0)
		close(d->signals);
	if (d->alarm >= 0)
		close(d->alarm);
	service_end(&d->service);
	trigger_stop(&d->trigger);
	lock_drop(&d->lock);
	words_free(&d->named);
}

/* The old one stays when the new one is in error. */
static void read_again(struct daemon *d)
{
	scoped(owner_back) struct owner_self self = owner_self(); /* not in the state's tree */
	struct app *a = d->app;
	struct configuration *old = a->conf;

	a->conf = NULL;
	d->stale = app_configure(a, READ_SHAPE) != EXIT_DONE;
	if (d->stale) {
		configuration_free(a->conf);
		a->conf = old;
		log_line(LOG_WARN, "daemon: the configuration of before stays in use");
	} else {
		configuration_free(old);
	}
	complaints_free(&a->errors);
	complaints_free(&a->warnings);
}

/* -- rounds --------------------------------------------------------------------------------- */

/* A moment that is further away than any that we choose was chosen by a clock that was wrong. */
static bool is_due(struct daemon *d)
{
	int64_t left_s = d->next - clock_wall(), most_s = d->interval_s;

	if (most_s < DAEMON_PAUSE_FAILED_S)
		most_s = DAEMON_PAUSE_FAILED_S;
	return !d->child && !d->ending && (d->look || left_s <= 0 || left_s > most_s);
}

/* The child keeps nothing of what the sleeping half holds.  Of a group of its own, or Ctrl-C would
 * reach it too, and what is passed on would be the second word. */
static void become_round(struct daemon *d, pid_t parent)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	close(d->signals);
	close(d->alarm);
	close(d->lock.fd); /* the lock stays with its other descriptor */
	d->signals = d->alarm = d->lock.fd = -1;
	service_end(&d->service);
	trigger_stop(&d->trigger);
	sigprocmask(SIG_SETMASK, &d->before, NULL);
	if (getppid() != parent)
		raise(SIGTERM); /* it went before it could be watched */
}

static int run_round(struct daemon *d, int to)
{
	struct daemon_reply reply = { 0 };
	struct words certs = d->named;

	d->named = (struct words){ 0 };
	int status = daemon_round(d->app, &certs, &reply);
	words_free(&certs);
	bool looked = reply.n || !status;
	if (looked && write(to, &reply, sizeof(reply)) != (ssize_t)sizeof(reply))
		log_line(LOG_WARN, "daemon: %s", strerror(errno));
	close(to);
	return status;
}

static void no_round(struct daemon *d, const char *what)
{
	log_line(LOG_ERROR, "daemon: %s: %s", what, strerror(errno));
	d->next = clock_wall() + DAEMON_PAUSE_FAILED_S;
	d->look = false;
}

/* True in the child, when it is over. */
static bool start_round(struct daemon *d, int *ret_status)
{
	pid_t self = getpid();
	int ends[2];

	if (!d->fresh)
		read_again(d); /* it is not everybody's habit to send SIGHUP */
	d->fresh = false;
	if (pipe2(ends, O_CLOEXEC)) {
		no_round(d, "no pipe");
		return false;
	}
	pid_t pid = fork();
	if (!pid) {
		close(ends[0]);
		become_round(d, self);
		*ret_status = run_round(d, ends[1]);
		return true;
	}
	close(ends[1]);
	if (pid < 0) {
		no_round(d, "no process for a round");
		close(ends[0]);
		return false;
	}
	d->child = pid;
	d->reply = ends[0];
	d->since_ms = clock_ms();
	d->term_ms = 0;
	d->look = d->named.n; /* after the named ones, all: their moments are wanted */
	words_free(&d->named);
	service_tell(&d->service, "STATUS=looking at certificates");
	return false;
}

static void tell_over(struct daemon *d, int status, bool replied, const struct daemon_reply *r)
{
	const char *stale =
		d->stale ? "; the configuration is in error, that of before is used" : "";
	char when[RFC3339_LEN], count[40];

	if (WIFSIGNALED(status))
		log_line(LOG_ERROR, "daemon: a round was ended by signal %d", WTERMSIG(status));
	clock_rfc3339(d->next, when);
	if (d->look)
		return;
	if (replied)
		service_tell(&d->service, "STATUS=%s, %zu failed; next look %s%s",
			     show_count(r->n, "certificate", count), r->failed, when, stale);
	else
		service_tell(&d->service, "STATUS=a round ended with status %d; next look %s%s",
			     WIFEXITED(status) ? WEXITSTATUS(status) : -1, when, stale);
	log_line(LOG_DETAIL, "daemon: next look %s", when);
}

static void round_over(struct daemon *d, int status)
{
	struct daemon_reply r = { 0 };
	bool replied = read(d->reply, &r, sizeof(r)) == (ssize_t)sizeof(r);

	close(d->reply);
	d->child = 0;
	d->next = daemon_next(&r, replied, d->interval_s, clock_wall());
	tell_over(d, status, replied, &r);
}

static void end_round(struct daemon *d)
{
	if (!d->child || d->term_ms)
		return;
	kill(d->child, SIGTERM);
	d->term_ms = clock_ms();
}

/* A round that hangs must not be the end of all. */
static void hurry(struct daemon *d)
{
	int64_t now = clock_ms();

	if (!d->child)
		return;
	if (!d->term_ms && now - d->since_ms > ROUND_MAX_MS) {
		log_line(LOG_ERROR, "daemon: a round takes more than %d h and is ended",
			 ROUND_MAX_MS / 3600000);
		end_round(d);
	}
	if (d->term_ms && now - d->term_ms > FAREWELL_MAX_MS)
		kill(d->child, SIGKILL);
}

/* -- what wakes ----------------------------------------------------------------------------- */

/* As the first process of a container we are everybody's parent. */
static void reap(struct daemon *d)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == d->child)
			round_over(d, status);
}

static void reload(struct daemon *d)
{
	service_tell(&d->service, "RELOADING=1\nMONOTONIC_USEC=%lld",
		     (long long)clock_ms() * 1000);
	log_line(LOG_INFO, "daemon: reading the configuration again");
	read_again(d);
	d->look = d->fresh = true;
	service_tell(&d->service, "READY=1");
}

static void farewell(struct daemon *d, int signal)
{
	if (d->ending && d->child) /* somebody's second word */
		kill(d->child, signal);
	d->ending = true;
	service_tell(&d->service, "STOPPING=1\nSTATUS=ending");
	end_round(d);
}

static void hear(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			reap(d);
		else if (info.ssi_signo == SIGHUP)
			reload(d);
		else
			farewell(d, (int)info.ssi_signo);
	}
}

/* At that moment of the wall clock, also when it is set meanwhile or the machine was asleep. */
static void set_alarm(const struct daemon *d)
{
	struct itimerspec at = { .it_value = { .tv_sec = d->child ? 0 : (time_t)d->next } };

	if (d->alarm >= 0 && timerfd_settime(d->alarm, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
					     &at, NULL) && errno != ECANCELED)
		log_line(LOG_WARN, "daemon: no timer: %s", strerror(errno));
}

static int nap_ms(const struct daemon *d)
{
	int64_t left = (d->next - clock_wall()) * 1000, most = d->service.watchdog_ms / 2;
	int64_t ms = d->child ? NAP_MAX_MS : d->alarm >= 0 ? -1 : left < 0 ? 0 : left;

	if (ms > NAP_MAX_MS)
		ms = NAP_MAX_MS;
	if (most && (ms < 0 || ms > most))
		ms = most;
	if (d->term_ms && d->child && ms > 1000)
		ms = 1000;
	return (int)ms;
}

static void nap(struct daemon *d)
{
	struct pollfd fds[] = { { .fd = d->signals, .events = POLLIN },
				{ .fd = d->trigger.fd, .events = POLLIN },
				{ .fd = d->alarm, .events = POLLIN } };

	set_alarm(d);
	if (poll(fds, COUNT(fds), nap_ms(d)) < 0 && errno != EINTR)
		log_line(LOG_WARN, "daemon: %s", strerror(errno));
	if (d->service.watchdog_ms)
		service_tell(&d->service, "WATCHDOG=1");
	hear(d);
	trigger_take(&d->trigger, &d->named);
	d->look = d->look || d->named.n;
	hurry(d);
}

int cmd_daemon(struct app *a)
{
	struct daemon d = { .app = a,
			    .interval_s = a->opt.interval_s ? a->opt.interval_s : DAEMON_INTERVAL_S,
			    .service = { .fd = -1 },
			    .trigger = { .fd = -1 },
			    .lock = LOCK_NONE,
			    .signals = -1,
			    .alarm = -1 };
	int status = 0;

	a->opt.no_input = true;
	status = begin(&d);
	trigger_take(&d.trigger, &d.named);
	while (!status && (!d.ending || d.child)) {
		if (is_due(&d) && start_round(&d, &status))
			break;
		nap(&d);
	}
	end(&d);
	return status;
}
