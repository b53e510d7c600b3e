/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * daemon_round.c - one round of the daemon, in a process of its own. */
#include "config.h"

#include "app/daemon.h"

#include "app/renewal.h"
#include "app/report.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/owner.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What the sleeping half had of the store is not ours; its configuration, without secrets, is. */
static void begin_anew(struct app *a)
{
	(void)owner_self(); /* secrets are root's, not the state's owner's */
	store_close(&a->store);
	a->began_ms = clock_ms();
}

/* Of the names that were asked for, those that there are. */
static void choose(struct app *a, const struct words *certs, struct words *ret)
{
	for (size_t i = 0; i < certs->n; i++)
		if (configuration_cert(a->conf, certs->at[i]))
			words_add(ret, certs->at[i]);
		else
			log_line(LOG_WARN, "trigger: no certificate '%s' is configured",
				 clean(certs->at[i]));
}

static void tell(void *app, const struct turn *t)
{
	if (turn_result(t) != TURN_UNCHANGED || turn_deploy_pending(t))
		renewal_tell(app, t);
}

static int turn_all(struct renewal *r, struct daemon_reply *ret)
{
	struct round_tally c;
	int status = renewal_run(r, tell, &c);

	*ret = (struct daemon_reply){
		.next = c.next, .n = c.n, .failed = c.failed, .locked = c.locked
	};
	return status;
}

/* To work as the owner of the tree ends it: prctl(2), PR_SET_PDEATHSIG. */
static void stay_watched(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		raise(SIGTERM);
}

int daemon_round(struct app *a, const struct words *certs, struct daemon_reply *ret)
{
	struct renewal r = { .app = a };
	struct words chosen = { 0 };
	pid_t parent = getppid();

	begin_anew(a);
	int status = app_configure_again(a);
	if (!status && certs->n)
		choose(a, certs, &chosen);
	bool none = certs->n && !chosen.n;
	a->args = chosen;
	if (!status)
		status = renewal_read(&r);
	if (!status)
		status = renewal_prepare(&r);
	if (!status)
		status = app_store_open(a);
	stay_watched(parent);
	if (!status && r.subjects.n && !none) {
		status = turn_all(&r, ret);
		report_run(a, status);
	}
	renewal_free(&r);
	a->args = (struct words){ 0 };
	words_free(&chosen);
	return status;
}

int64_t daemon_next(const struct daemon_reply *r, bool replied, uint32_t interval_s, int64_t now)
{
	int64_t latest = now + interval_s, soonest = now + DAEMON_PAUSE_MIN_S;

	if (!replied || r->locked)
		latest = now + (interval_s < DAEMON_PAUSE_FAILED_S ? interval_s
								    : DAEMON_PAUSE_FAILED_S);
	int64_t next = r->next && replied && r->next < latest ? r->next : latest;
	return next > soonest ? next : soonest < latest ? soonest : latest;
}
