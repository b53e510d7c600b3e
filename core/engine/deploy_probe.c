/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deploy_probe.c - does the port serve it?  A reload takes its time: three looks within 30 s. */
#include "config.h"

#include "engine/deploy_work.h"

#include "base/clock.h"

#include <string.h>

/* Before each look: for what reloads at once; for Exim, which waits five seconds behind a change of
 * its files; for what takes time. */
static const int64_t pauses_ms[] = { 500, 6500, 17500 };
#define LOOK_LIMIT_S 10

/* What is there instead, in a few words. */
static enum seal_status differs(struct probe_run *p, const struct chain *served)
{
	const struct cert_info *is = &served->at[0], *wanted = &p->chain->at[0];
	char ends[RFC3339_LEN];

	if (!memcmp(is->spki, wanted->spki, sizeof(is->spki)))
		return fail(p, SEAL_EAGAIN,
			    "%s serves another certificate for the same key (serial %s, until %s)",
			    p->conf->said, is->serial, clock_rfc3339(is->not_after, ends));
	return fail(p, SEAL_EAGAIN, "%s still serves another certificate (%s, serial %s, until %s)",
		    p->conf->said, is->subject, is->serial, clock_rfc3339(is->not_after, ends));
}

static enum seal_status compare(struct probe_run *p)
{
	scoped(chain_free) struct chain served = { 0 };
	struct story story = { 0 };

	story_clear(&p->story);
	if (fail_from(p, &p->look)) {
		story_prefix(&p->story, "%s: ", p->conf->said);
		return p->story.st;
	}
	if (chain_read_der(p->look.chain.data, p->look.chain.len, &served, &story))
		return fail(p, SEAL_EAGAIN, "%s serves what cannot be read: %s", p->conf->said,
			    story.text);
	if (strcmp(served.at[0].serial, p->chain->at[0].serial) ||
	    memcmp(served.at[0].sha256, p->chain->at[0].sha256, sizeof(served.at[0].sha256)))
		return differs(p, &served);
	if (served.n == 1 && p->chain->n > 1) /* most clients cannot verify that */
		return fail(p, SEAL_EAGAIN, "%s serves the certificate without its intermediates",
			    p->conf->said);
	return SEAL_OK;
}

static void look(struct probe_run *p)
{
	peer_look_free(&p->look);
	p->look = (struct peer_look){ .host = p->conf->host,
				      .port = p->conf->port,
				      .sni = p->conf->sni ? p->conf->sni : p->sni,
				      .how = p->conf->how,
				      .key = p->key,
				      .limit_s = LOOK_LIMIT_S };
	p->tries++;
	peer_look_start(p->engine->peers, &p->look, &p->task);
}

static void next(struct task *t)
{
	struct probe_run *p = container_of(t, struct probe_run, task);

	if (timer_is_running(&p->timer))
		return;
	if (p->canceled) {
		fail(p, SEAL_ECANCELED, "interrupted");
	} else if (!p->look.host) {
		look(p);
		return;
	} else if (compare(p) && p->tries < COUNT(pauses_ms)) {
		peer_look_free(&p->look);
		p->look = (struct peer_look){ 0 };
		timer_start(&p->timer, t, pauses_ms[p->tries]);
		return;
	}
	task_done(p->waiter);
}

void probe_run_start(struct probe_run *p, struct task *waiter)
{
	p->waiter = waiter;
	task_expect(waiter);
	task_init(&p->task, p->engine->loop, next);
	timer_start(&p->timer, &p->task, pauses_ms[0]);
}

/* A look that is under way ends by itself, within its limit. */
void probe_run_cancel(struct probe_run *p)
{
	p->canceled = true;
	timer_stop(&p->timer);
}

void probe_run_free(struct probe_run *p)
{
	if (p->task.loop) {
		timer_stop(&p->timer);
		task_stop(&p->task);
	}
	peer_look_free(&p->look);
}
