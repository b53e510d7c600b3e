/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/app.h"

#include "app/paths.h"
#include "base/clock.h"
#include "base/log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKERS_MAX 16

/* -- telling -------------------------------------------------------------------------------- */

int app_fail(struct app *a, const char *certificate, const struct story *s)
{
	struct event e = { .kind = EVENT_ERROR, .certificate = certificate, .story = s };

	a->ui.events.tell(&a->ui.events, &e);
	return exit_of(s->st);
}

static void tell_complaint(struct app *a, const struct complaint *x, enum log_level level)
{
	scoped(free_p) char *line = complaint_line(x);

	log_line(level, "%s%s", x->file ? "" : "dnseal: ", line);
	if (x->hint)
		log_line(level, "    %s", x->hint);
	if (a->ui.mode != UI_JSON || level != LOG_ERROR)
		return;
	scoped(free_p) char *message = log_scrub(line);
	struct json_object *o = event_new("error", NULL);
	json_text(o, "class", "config");
	json_text(o, "message", message);
	json_text(o, "hint", x->hint);
	json_print(o);
}

int app_complaints(struct app *a)
{
	size_t n = a->errors.n;
	char count[40];

	if (!n)
		return EXIT_DONE;
	complaints_sort(&a->errors);
	for (size_t i = 0; i < n && i < COMPLAINTS_SHOWN; i++)
		tell_complaint(a, &a->errors.at[i], LOG_ERROR);
	log_line(LOG_ERROR, "%s%s, nothing was done", show_count(n, "error", count),
		 n > COMPLAINTS_SHOWN ? " (the first 20 are shown)" : "");
	return EXIT_USAGE;
}

static void move(struct complaints *to, struct complaints *from)
{
	for (size_t i = 0; i < from->n; i++) {
		to->at = mem_grow(to->at, to->n + 1, sizeof(*to->at));
		to->at[to->n++] = from->at[i];
	}
	free(from->at);
	*from = (struct complaints){ 0 };
}

void app_warnings(struct app *a)
{
	move(&a->warnings, &a->conf->warnings);
	complaints_sort(&a->warnings);
	for (size_t i = 0; i < a->warnings.n; i++)
		tell_complaint(a, &a->warnings.at[i], LOG_WARN);
	complaints_free(&a->warnings);
}

/* -- setting up ----------------------------------------------------------------------------- */

/* A host without a journal is a host all the same; a file that cannot be written is a mistake. */
static void open_log(struct app *a)
{
	const struct configuration *c = a->conf;
	struct story story = { 0 };

	log_format_set((enum log_format)c->log_format);
	if (log_open(c->log, c->log_file, &story))
		complain_story(c->log == LOG_TO_FILE ? &a->errors : &a->warnings, NULL, 0, &story);
}

int app_configure(struct app *a, enum reading_depth depth)
{
	struct story story = { 0 };
	enum seal_status st;
	scoped(free_p) char *path = path_config(&a->opt, &story);

	if (!path)
		return app_fail(a, NULL, &story);
	a->conf = configuration_read(path, depth, &st);
	if (!a->conf->exists && a->opt.config)
		complain(&a->conf->errors, NULL, 0, "%s: no such file", path);
	move(&a->errors, &a->conf->errors);
	open_log(a);
	return app_complaints(a);
}

int app_configure_again(struct app *a)
{
	enum seal_status st;

	a->conf = configuration_again(a->conf, READ_ALL, &st);
	move(&a->errors, &a->conf->errors);
	return app_complaints(a);
}

int app_subject(struct app *a, const struct words *names, struct subject *ret)
{
	(void)subject_read(a->conf, &a->opt, names, ret, &a->errors);
	move(&a->errors, &a->conf->errors);
	return app_complaints(a);
}

void app_plugins(struct app *a)
{
	if (a->has_plugins)
		return;
	plugins_init(a->opt.plugin_dir ? a->opt.plugin_dir : PLUGIN_DIR);
	a->has_plugins = true;
}

static int use_logins(struct app *a, const struct subject *s, struct complaints *troubles)
{
	struct logins_talk talk = { &a->errors, troubles, &a->warnings };
	size_t n = 0;

	app_plugins(a);
	(void)logins_make(s->dns, s->n_dns, a->conf->dir, &a->logins, &talk);
	free(a->own_logins);
	a->own_logins = mem_array(s->n_dns, sizeof(struct login *));
	for (size_t i = 0; i < s->n_dns; i++)
		if (s->dns[i]->login)
			a->own_logins[n++] = s->dns[i]->login;
	a->engine.logins = a->own_logins;
	a->engine.n_logins = n;
	return app_complaints(a);
}

int app_logins(struct app *a, const struct subject *s)
{
	return use_logins(a, s, &a->errors);
}

int app_logins_any(struct app *a, const struct subject *s)
{
	return use_logins(a, s, &a->warnings);
}

const char *app_state_dir(struct app *a)
{
	const char *dir = a->opt.state_dir ? a->opt.state_dir : getenv("DNSEAL_STATE_DIR");

	if (!dir && a->conf)
		dir = a->conf->state_dir;
	if (!dir && a->conf)
		dir = path_state(&a->conf->arena);
	return dir;
}

static int no_state_dir(struct app *a)
{
	struct story story = { 0 };

	story_fail(&story, SEAL_ECONFIG,
		   "neither HOME nor XDG_STATE_HOME says where your files are");
	story_hint(&story, "say it with --state-dir DIR");
	return app_fail(a, NULL, &story);
}

int app_store_open(struct app *a)
{
	const char *dir = app_state_dir(a);
	struct story story = { 0 };

	if (!dir)
		return no_state_dir(a);
	if (store_open(&a->store, dir, &story))
		return app_fail(a, NULL, &story);
	a->engine.store = &a->store;
	return EXIT_DONE;
}

int app_store_look(struct app *a, bool *ret_exists)
{
	const char *dir = app_state_dir(a);
	struct story story = { 0 };

	*ret_exists = false;
	if (!dir)
		return no_state_dir(a);
	enum seal_status st = store_look(&a->store, dir, &story);
	if (st == SEAL_ENOTFOUND)
		return EXIT_DONE;
	if (st)
		return app_fail(a, NULL, &story);
	a->engine.store = &a->store;
	*ret_exists = true;
	return EXIT_DONE;
}

void app_network(struct app *a)
{
	if (a->loop)
		return;
	a->loop = loop_new();
	a->http = http_new(a->loop, &(struct http_conf){ 0 });
	a->pool = pool_new(a->loop, WORKERS_MAX);
	a->peers = pool_new(a->loop, WORKERS_MAX);
	a->ops = ops_new(a->loop, a->http, WORKERS_MAX);
	if (app_state_dir(a)) {
		scoped(free_p) char *locks = str_printf("%s/locks", app_state_dir(a));
		ops_lock_dir(a->ops, locks);
	}
	list_init(&a->services);
	list_init(&a->coming);
	a->engine.services = &a->services;
	a->engine.coming = &a->coming;
	a->engine.loop = a->loop;
	a->engine.http = a->http;
	a->engine.pool = a->pool;
	a->engine.peers = a->peers;
	a->engine.ops = a->ops;
	a->engine.events = &a->ui.events;
	ui_start(&a->ui, a->loop);
}

/* -- waiting and asking --------------------------------------------------------------------- */

static void is_done(struct task *t)
{
	container_of(t, struct waiter, task)->done = true;
}

struct task *waiter_begin(struct waiter *w, struct app *a)
{
	*w = (struct waiter){ 0 };
	task_init(&w->task, a->loop, is_done);
	return &w->task;
}

void app_wait(struct app *a, struct waiter *w)
{
	(void)loop_run(a->loop, &w->done);
	task_stop(&w->task);
}

bool app_can_ask(const struct app *a)
{
	return a->opt.yes || (!a->opt.no_input && isatty(STDIN_FILENO) && isatty(STDERR_FILENO));
}

bool app_ask(struct app *a, const char *question)
{
	char answer[16] = "";

	if (!app_can_ask(a))
		return false;
	if (a->opt.yes) {
		log_line(LOG_INFO, "%s  yes (--yes)", question);
		return true;
	}
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) && (*answer == 'y' || *answer == 'Y');
}

/* -- from beginning to end ------------------------------------------------------------------ */

static void clean_up(struct app *a)
{
	ui_stop(&a->ui);
	ops_free(a->ops);
	pool_free(a->pool);
	pool_free(a->peers);
	http_free(a->http);
	loop_free(a->loop);
	logins_free(&a->logins);
	free(a->own_logins);
	if (a->has_plugins)
		plugins_exit();
	store_close(&a->store);
	complaints_free(&a->errors);
	complaints_free(&a->warnings);
	configuration_free(a->conf);
	options_free(&a->opt);
	log_close();
	log_forget();
}

static void set_log_level(const struct options *o)
{
	static const enum log_level levels[] = { LOG_INFO, LOG_DETAIL, LOG_HTTP };

	log_level_set(o->quiet ? LOG_WARN : levels[o->verbose < 2 ? o->verbose : 2]);
}

/* Cron starts every host's run in the same second. */
static void wait_splay(const struct app *a)
{
	uint64_t most_ms = a->opt.splay_s < 86400 ? a->opt.splay_s * 1000u : 86400000u;
	uint32_t part;

	clock_random(&part, sizeof(part));
	poll(NULL, 0, (int)(part * most_ms >> 32));
}

static int run(struct app *a)
{
	if (a->opt.version)
		return cmd_version(a);
	if (a->opt.help || !a->command)
		return cmd_help(a);
	a->args = (struct words){ .at = a->opt.args.at + 1, .n = a->opt.args.n - 1 };
	if (a->opt.splay_s)
		wait_splay(a);
	return a->command->run(a);
}

/* A monitoring system takes 1 for a warning, and reads stdout alone. */
static int fail_options(struct app *a)
{
	int status = app_fail(a, NULL, &a->opt.story);

	if (!a->opt.nagios)
		return status;
	(void)printf("DNSEAL UNKNOWN - %s\n", a->opt.story.text);
	return EXIT_UNKNOWN;
}

int app_main(int argc, char **argv)
{
	struct app a = { .began_ms = clock_ms() };
	enum seal_status st = options_read(&a.opt, argc, argv, &a.command);

	setvbuf(stdout, NULL, _IOLBF, 0); /* in its place among the lines of stderr */
	set_log_level(&a.opt);
	ui_init(&a.ui, &a.opt);
	int status = st ? fail_options(&a) : run(&a);
	if (fflush(stdout) || ferror(stdout)) {
		log_line(LOG_ERROR, "dnseal: the answer could not be written");
		status = status ? status : EXIT_STORAGE;
	}
	clean_up(&a);
	return status;
}
