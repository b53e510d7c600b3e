/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/ui.h"

#include "app/screen.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 1000
#define HEARTBEAT_MS 60000

/* -- waiting -------------------------------------------------------------------------------- */

static void forget(struct ui *u)
{
	for (size_t i = 0; i < u->n_rows; i++) {
		free(u->rows[i].name);
		free(u->rows[i].server);
		free(u->rows[i].state);
		free(u->rows[i].said);
	}
	free(u->rows);
	free(u->certificate);
	free(u->step);
	u->rows = NULL;
	u->certificate = u->step = NULL;
	u->n_rows = 0;
}

void ui_rest(struct ui *u)
{
	if (!u->waiting)
		return;
	screen_hide(u);
	u->waiting = false;
	u->waited_s = (clock_ms() - u->since_ms + 999) / 1000;
	timer_stop(&u->timer);
	forget(u);
}

/* The end of one certificate; when it is another that waits, its block comes back. */
static void rest_of(struct ui *u, const char *certificate)
{
	if (u->waiting && certificate && strcmp(u->certificate, certificate) != 0)
		screen_hide(u);
	else
		ui_rest(u);
}

static void set(char **to, const char *text)
{
	free(*to);
	*to = str_copy(text ? text : "");
}

static void heartbeat(struct ui *u)
{
	size_t n_ok = 0;
	char spent[32], limit[32];

	for (size_t i = 0; i < u->n_rows; i++)
		n_ok += !strcmp(u->rows[i].state, "ok");
	log_line(LOG_INFO, "%s: waiting for %s, %s of %s%s", u->certificate, u->step,
		 show_duration((clock_ms() - u->since_ms) / 1000, spent),
		 show_duration((u->until_ms - u->since_ms) / 1000, limit),
		 u->n_rows ? "" : ", no server has answered yet");
	for (size_t i = 0; i < u->n_rows && n_ok < u->n_rows; i++)
		if (strcmp(u->rows[i].state, "ok"))
			log_line(LOG_INFO, "%s: %s at %s: %s %s", u->certificate, u->rows[i].name,
				 u->rows[i].server, u->rows[i].state, u->rows[i].said);
	u->said_ms = clock_ms();
}

static void tick(struct task *t)
{
	struct ui *u = container_of(t, struct ui, tick);

	if (!u->waiting || timer_is_running(&u->timer))
		return;
	if (u->mode == UI_BLOCK)
		screen_show(u);
	else if (u->mode == UI_LINES && clock_ms() - u->said_ms >= HEARTBEAT_MS)
		heartbeat(u);
	timer_start(&u->timer, &u->tick, TICK_MS);
}

/* -- events --------------------------------------------------------------------------------- */

static void tell_wait(struct ui *u, const struct event *e)
{
	char limit[32];

	ui_rest(u);
	set(&u->certificate, e->certificate);
	set(&u->step, e->step);
	u->since_ms = u->said_ms = e->since_ms;
	u->until_ms = e->until_ms;
	u->waiting = true;
	show_duration((e->until_ms - e->since_ms) / 1000, limit);
	if (u->mode == UI_JSON) {
		struct json_object *o = event_new("step", e->certificate);
		scoped(free_p) char *detail = str_printf("waiting, at most %s", limit);
		json_text(o, "step", e->step);
		json_text(o, "detail", detail);
		json_print(o);
	} else if (u->mode == UI_LINES)
		log_line(LOG_INFO, "%s: waiting for %s, at most %s", u->certificate, u->step,
			 limit);
	if (u->loop && u->mode != UI_JSON)
		task_wake(&u->tick);
}

static struct ui_row *row(struct ui *u, const char *name, const char *server)
{
	for (size_t i = 0; i < u->n_rows; i++)
		if (!strcmp(u->rows[i].name, name) && !strcmp(u->rows[i].server, server))
			return &u->rows[i];
	u->rows = mem_grow(u->rows, u->n_rows + 1, sizeof(*u->rows));
	struct ui_row *r = &u->rows[u->n_rows++];
	*r = (struct ui_row){ .name = str_copy(name), .server = str_copy(server) };
	return r;
}

static void tell_dns(struct ui *u, const struct event *e)
{
	struct ui_row *r = row(u, e->name ? e->name : "", e->server ? e->server : "");
	const char *said = e->detail ? e->detail : "";

	if (r->state && !strcmp(r->state, e->state) && !strcmp(r->said, said))
		return;
	set(&r->state, e->state);
	set(&r->said, said);
	if (u->mode == UI_JSON) {
		struct json_object *o = event_new("dns", e->certificate);
		json_text(o, "name", e->name);
		json_text(o, "server", e->server);
		json_text(o, "state", e->state);
		json_text(o, "detail", *said ? said : NULL);
		json_print(o);
	} else if (u->mode == UI_LINES)
		log_line(LOG_INFO, "%s: %s at %s: %s%s%s", e->certificate, e->name, e->server,
			 e->state, *said ? ", " : "", said);
	else if (u->waiting)
		screen_show(u);
}

static void tell_step(struct ui *u, const struct event *e)
{
	ui_rest(u);
	if (u->mode != UI_JSON) {
		log_line(LOG_INFO, "%s%s%-14s %s", e->certificate ? e->certificate : "",
			 e->certificate ? ": " : "", e->step, e->detail ? e->detail : "");
		return;
	}
	struct json_object *o = event_new("step", e->certificate);
	json_text(o, "step", e->step);
	json_text(o, "detail", e->detail);
	json_print(o);
}

static void forget_aside(struct ui *u)
{
	free(u->aside.certificate);
	free(u->aside.detail);
	u->aside = (struct ui_aside){ 0 };
}

/* Whoever reads an error looks at its first line: that is the main thing, not what went wrong while
 * cleaning up behind it, which often is the same thing once more. */
static void tell_aside(struct ui *u, const struct story *end)
{
	const struct ui_aside *a = &u->aside;
	bool again = end && !strcmp(end->text, a->story.text);

	if (!a->detail)
		return;
	if (again)
		log_line(LOG_WARN,
			 "%s: removing from DNS what it may have added failed likewise; the next "
			 "run tries again",
			 a->certificate);
	else
		log_line(LOG_WARN, "%s: %s", a->certificate, a->detail);
	if (!again && *a->story.hint)
		log_line(LOG_WARN, "    %s", a->story.hint);
	forget_aside(u);
}

static void tell_done(struct ui *u, const struct event *e)
{
	rest_of(u, e->certificate);
	tell_aside(u, NULL);
	if (u->mode != UI_JSON)
		return; /* the command says it, with what to do next */
	struct json_object *o = event_new("done", e->certificate);
	json_text(o, "result", e->result);
	if (e->rehearsal)
		json_object_object_add(o, "rehearsal", json_object_new_boolean(true));
	json_time(o, "not_after", e->not_after);
	if (e->generation)
		json_number(o, "generation", e->generation);
	json_text(o, "dir", e->dir);
	json_print(o);
}

/* Who failed, unless the sentence begins with it. */
static void put_error(const char *who, const char *text)
{
	size_t n = strlen(who);

	if (!strncmp(text, who, n) && text[n] == ':')
		log_line(LOG_ERROR, "%s", text);
	else
		log_line(LOG_ERROR, "%s: %s", who, text);
}

static void tell_error(struct ui *u, const struct event *e)
{
	const struct story *s = e->story;
	char when[RFC3339_LEN], left[32];

	rest_of(u, e->certificate);
	put_error(e->certificate ? e->certificate : "dnseal", s->text);
	if (*s->hint)
		log_line(LOG_ERROR, "    %s", s->hint);
	if (s->retry_at)
		log_line(LOG_ERROR, "    not before %s (in %s)", clock_rfc3339(s->retry_at, when),
			 show_duration(s->retry_at - clock_wall(), left));
	tell_aside(u, s);
	if (u->mode != UI_JSON)
		return;
	scoped(free_p) char *message = log_scrub(s->text);
	scoped(free_p) char *tip = log_scrub(s->hint);
	struct json_object *o = event_new("error", e->certificate);
	json_text(o, "class", status_name(s->st));
	json_text(o, "problem", *s->problem ? s->problem : NULL);
	json_text(o, "message", message);
	json_text(o, "hint", *tip ? tip : NULL);
	json_time(o, "retry_at", s->retry_at);
	json_print(o);
}

static void tell_note(struct ui *u, const struct event *e)
{
	if (!e->story) {
		log_line(LOG_WARN, "%s%s%s", e->certificate ? e->certificate : "",
			 e->certificate ? ": " : "", e->detail);
		return;
	}
	tell_aside(u, NULL);
	u->aside.certificate = str_copy(e->certificate ? e->certificate : "dnseal");
	u->aside.detail = str_copy(e->detail);
	u->aside.story = *e->story;
}

static void tell(struct events *events, const struct event *e)
{
	static void (*const tellers[])(struct ui *, const struct event *) = {
		[EVENT_STEP] = tell_step, [EVENT_WAIT] = tell_wait,   [EVENT_DNS] = tell_dns,
		[EVENT_DONE] = tell_done, [EVENT_ERROR] = tell_error, [EVENT_NOTE] = tell_note,
	};

	tellers[e->kind](container_of(events, struct ui, events), e);
}

/* -- outside -------------------------------------------------------------------------------- */

/* TERM and NO_COLOR (no-color.org) decide, unless somebody has said what is wanted. */
static bool wants_color(const struct options *o, bool terminal)
{
	const char *no = getenv("NO_COLOR");

	if (o->json || o->color == COLOR_NEVER)
		return false;
	return o->color == COLOR_ALWAYS || (terminal && isatty(STDOUT_FILENO) && (!no || !*no));
}

void ui_init(struct ui *u, const struct options *o)
{
	const char *term = getenv("TERM");
	bool terminal = term && *term && strcmp(term, "dumb") != 0;
	bool screen = terminal && isatty(STDERR_FILENO) && !o->quiet;

	*u = (struct ui){ .events.tell = tell, .color = wants_color(o, terminal) };
	u->mode = o->json ? UI_JSON : screen ? UI_BLOCK : UI_LINES;
}

void ui_start(struct ui *u, struct loop *loop)
{
	u->loop = loop;
	task_init(&u->tick, loop, tick);
	if (u->mode == UI_BLOCK)
		log_screen(screen_hide, screen_show, u);
}

void ui_stop(struct ui *u)
{
	ui_rest(u);
	forget(u); /* what others, whose wait was not shown, have told */
	tell_aside(u, NULL);
	if (!u->loop)
		return;
	task_stop(&u->tick);
	log_screen(NULL, NULL, NULL);
	u->loop = NULL;
}
