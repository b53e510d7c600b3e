/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/hooks.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

static const char *const names[HOOK_EVENTS] = {
	[HOOK_PRE] = "pre",
	[HOOK_POST] = "post",
	[HOOK_FAILED] = "failed",
	[HOOK_RECOVERED] = "recovered",
	[HOOK_DEPLOY] = "deploy",
};

const char *hook_event_name(enum hook_event e)
{
	return names[e];
}

/* -- what they are told --------------------------------------------------------------------- */

static void put(struct words *ret, const char *name, const char *value)
{
	scoped(free_p) char *line = str_printf("%s=%s", name, value);

	words_add(ret, line);
}

static void put_files(struct words *ret, const char *dir)
{
	static const struct {
		const char *name, *file;
	} files[] = { { "DNSEAL_KEY", "privkey.pem" },
		      { "DNSEAL_CERT_FILE", "cert.pem" },
		      { "DNSEAL_CHAIN", "chain.pem" },
		      { "DNSEAL_FULLCHAIN", "fullchain.pem" },
		      { "DNSEAL_KEYFULL", "keyfull.pem" } };

	put(ret, "DNSEAL_DIR", dir);
	for (size_t i = 0; i < COUNT(files); i++) {
		scoped(free_p) char *path = str_printf("%s/%s", dir, files[i].file);
		put(ret, files[i].name, path);
	}
}

/* certbot's: the lineage is the one path that stays, so that hooks which link to it go on working;
 * while they run nobody can switch it. */
static void put_certbot(struct words *ret, const struct hook_news *n, const char *domains)
{
	bool renewed = !n->error && n->event != HOOK_PRE;

	if (renewed && n->home) {
		scoped(free_p) char *live = str_printf("%s/live", n->home);
		put(ret, "RENEWED_LINEAGE", live);
	}
	if (n->event == HOOK_PRE)
		return;
	put(ret, renewed ? "RENEWED_DOMAINS" : "FAILED_DOMAINS", domains);
}

void hook_environment(struct words *ret, const struct hook_news *n)
{
	scoped(free_p) char *domains = words_join(&n->cert->names, " ");
	char date[RFC3339_LEN];

	put(ret, "DNSEAL_EVENT", names[n->event]);
	put(ret, "DNSEAL_CERT", n->cert->name);
	put(ret, "DNSEAL_NAMES", domains);
	if (n->dir)
		put_files(ret, n->dir);
	if (n->not_after)
		put(ret, "DNSEAL_NOT_AFTER", clock_rfc3339(n->not_after, date));
	if (n->error) {
		scoped(free_p) char *plain = log_scrub(n->error);
		put(ret, "DNSEAL_ERROR", plain);
	}
	put_certbot(ret, n, domains);
}

/* -- running them --------------------------------------------------------------------------- */

void hook_log(const char *certificate, const struct program *p)
{
	enum log_level level = p->story.st ? LOG_WARN : LOG_DETAIL;
	const char *text = buf_text(&p->output);

	for (const char *end; *text; text = end + 1) {
		end = strchr(text, '\n');
		if (!end)
			break; /* the last one ends with a newline too */
		log_line(level, "%s: %s: %.*s", certificate, p->argv->at[0], (int)(end - text),
			 text);
	}
}

static void settle(struct hooks_run *r)
{
	const struct program *p = &r->program;

	hook_log(r->news.cert->name, p);
	if (!p->story.st || r->story.st)
		return;
	fail_from(r, p);
	story_prefix(&r->story, "%s hook: ", names[r->news.event]);
}

static void next(struct task *t)
{
	struct hooks_run *r = container_of(t, struct hooks_run, task);
	enum hook_event e = r->news.event;

	if (r->program.argv)
		settle(r);
	program_free(&r->program);
	r->program = (struct program){ 0 };
	if (r->canceled || r->at == r->hooks->commands[e].n) {
		task_done(r->waiter);
		return;
	}
	r->program.argv = &r->hooks->commands[e].at[r->at++];
	r->program.environment = &r->environment;
	r->program.limit_s = r->hooks->timeout_s;
	program_start(r->engine->loop, &r->program, &r->task);
}

bool hooks_any(const struct hooks_conf *h, enum hook_event e)
{
	return h && h->commands[e].n;
}

void hooks_start(struct hooks_run *r, struct task *waiter)
{
	r->waiter = waiter;
	r->at = 0;
	r->canceled = false;
	story_clear(&r->story);
	task_expect(waiter);
	if (!hooks_any(r->hooks, r->news.event)) {
		task_done(waiter);
		return;
	}
	hook_environment(&r->environment, &r->news);
	task_init(&r->task, r->engine->loop, next);
	task_wake(&r->task);
}

void hooks_cancel(struct hooks_run *r)
{
	r->canceled = true;
	program_cancel(&r->program);
}

void hooks_free(struct hooks_run *r)
{
	if (r->task.loop)
		task_stop(&r->task);
	program_free(&r->program);
	words_free(&r->environment);
	memset(r, 0, sizeof(*r));
}
