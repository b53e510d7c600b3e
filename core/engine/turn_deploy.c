/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * turn_deploy.c - a turn's programs: deployment, and hooks around the order. */
#include "config.h"

#include "engine/turn_work.h"

#include <stdlib.h>
#include <string.h>

void turn_note(struct turn *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	scoped(free_p) char *text = str_vprintf(fmt, ap);
	va_end(ap);
	engine_tell(&t->engine, &(struct event){ .kind = EVENT_NOTE,
						 .certificate = t->cert.name,
						 .detail = text });
}

void turn_is_at(struct turn *t, enum event_at at)
{
	engine_tell(&t->engine,
		    &(struct event){ .kind = EVENT_AT, .certificate = t->cert.name, .at = at });
}

/* -- hooks ---------------------------------------------------------------------------------- */

static bool start(struct turn *t, enum hook_event event)
{
	const struct live *l = &t->live;

	if (!hooks_any(t->ask.hooks, event))
		return false;
	hooks_free(&t->hooks);
	t->hooks = (struct hooks_run){ .engine = &t->engine, .hooks = t->ask.hooks };
	t->hooks.news = (struct hook_news){ .event = event, .cert = t->ask.cert };
	if (l->exists) {
		t->hooks.news.dir = l->dir;
		t->hooks.news.not_after = l->chain.at[0].not_after;
	}
	if (t->story.st)
		t->hooks.news.error = t->story.text;
	free(t->home);
	t->home = store_path(t->engine.store, "certs/%s", t->cert.name);
	t->hooks.news.home = l->exists ? t->home : NULL;
	t->hooked = true;
	hooks_start(&t->hooks, &t->task);
	return true;
}

enum seal_status run_before(struct turn *t)
{
	if (!t->ask.rehearse && !t->ask.leave_deploy)
		deploy_expect(&t->engine, &t->coming, t->ask.cert);
	t->ran_before = !t->ask.rehearse && start(t, HOOK_PRE);
	return SEAL_OK;
}

enum seal_status judge_before(struct turn *t)
{
	t->hooked = false;
	t->next = turn_rehearses_first(t) ? TURN_REHEARSE : TURN_ORDER;
	return t->ran_before && t->hooks.story.st ? fail_from(t, &t->hooks) : SEAL_OK;
}

/* The event whose turn it is; HOOK_EVENTS: no more. */
static enum hook_event next_event(const struct turn *t)
{
	bool tried = t->due && t->story.st && !t->canceled;

	if (tried && !t->ran[HOOK_FAILED])
		return HOOK_FAILED;
	if (t->recovered && !t->ran[HOOK_RECOVERED])
		return HOOK_RECOVERED;
	return t->ran_before && !t->ran[HOOK_POST] ? HOOK_POST : HOOK_EVENTS;
}

/* They cannot make a failure of what is done; their words are in the log. */
enum seal_status run_after(struct turn *t)
{
	enum hook_event event;

	while ((event = next_event(t)) != HOOK_EVENTS) {
		t->ran[event] = true;
		if (start(t, event))
			return SEAL_OK;
	}
	return SEAL_OK;
}

enum seal_status judge_after(struct turn *t)
{
	if (t->hooked && t->hooks.story.st)
		turn_note(t, "%s", t->hooks.story.text);
	t->hooked = false;
	t->next = next_event(t) == HOOK_EVENTS ? TURN_SAVE : TURN_AFTER;
	return SEAL_OK;
}

/* -- deployment ----------------------------------------------------------------------------- */

bool turn_must_deploy(const struct turn *t)
{
	return t->live.exists && deploy_due(t->ask.cert, &t->state, t->live.generation) > 0;
}

/* dnseal-deploy.path waits for this file.  That it cannot be written is the next run's failure too:
 * the targets stay due. */
static void want_deploy(struct turn *t)
{
	struct story story = { 0 };
	scoped(free_p) char *path = store_path(t->engine.store, "deploy.wanted");
	scoped(free_p) char *line = str_printf("%s\n", t->cert.name);

	if (file_replace(path, line, strlen(line), 0644, &story))
		turn_note(t, "%s", story.text);
}

enum seal_status deploy(struct turn *t)
{
	if (!turn_must_deploy(t))
		return SEAL_OK;
	if (t->ask.leave_deploy) {
		want_deploy(t);
		return SEAL_OK;
	}
	t->deploy = (struct deploy_run){ .engine = &t->engine,
					 .cert = t->ask.cert,
					 .dir = t->live.dir,
					 .generation = t->live.generation,
					 .which = DEPLOY_PENDING,
					 .state = &t->state };
	t->deploying = t->dirty = true;
	turn_is_at(t, AT_DEPLOY);
	deploy_start(&t->deploy, &t->task);
	deploy_expect_no_more(&t->coming);
	return SEAL_OK;
}

enum seal_status deployed(struct turn *t)
{
	deploy_expect_no_more(&t->coming);
	deploy_free(&t->deploy);
	t->deploying = false;
	t->deploy_pending = turn_must_deploy(t) && !t->ask.leave_deploy;
	t->next = TURN_AFTER;
	return SEAL_OK;
}

/* -- ends ----------------------------------------------------------------------------------- */

void turn_deploy_cancel(struct turn *t)
{
	if (t->hooked)
		hooks_cancel(&t->hooks);
	if (t->deploying)
		deploy_cancel(&t->deploy);
}

void turn_deploy_free(struct turn *t)
{
	deploy_expect_no_more(&t->coming);
	hooks_free(&t->hooks);
	deploy_free(&t->deploy);
	free(t->home);
}
