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

void ui_rest(struct ui *u)
{
	if (!u->waiting)
		return;
	screen_clear(&u->screen);
	u->waiting = false;
	timer_stop(&u->timer);
	ui_wait_free(&u->wait);
}

/* The end of one certificate; when it is another that waits, its block comes back. */
static void rest_of(struct ui *u, const char *certificate)
{
	if (u->waiting && certificate && strcmp(u->wait.certificate, certificate) != 0)
		screen_hide(&u->screen);
	else
		ui_rest(u);
}

static void heartbeat(struct ui *u)
{
	const struct ui_wait *w = &u->wait;
	bool open = ui_wait_n_ok(w) < w->n_rows;
	char spent[32], limit[32];

	log_line(LOG_INFO, "%s: waiting for %s, %s of %s%s", w->certificate, w->step,
		 show_duration((clock_ms() - w->since_ms) / 1000, spent),
		 show_duration((w->until_ms - w->since_ms) / 1000, limit),
		 w->n_rows ? "" : ", no server has answered yet");
	for (size_t i = 0; i < w->n_rows && open; i++)
		if (!ui_row_is_ok(&w->rows[i]))
			log_line(LOG_INFO, "%s: %s at %s: %s %s", w->certificate, w->rows[i].name,
				 w->rows[i].server, w->rows[i].state, w->rows[i].said);
	u->said_ms = clock_ms();
}

static void draw(struct ui *u)
{
	struct sheet sheet = screen_sheet();

	if (u->many.on)
		many_draw(&u->many, &sheet);
	else
		ui_wait_draw(&u->wait, &sheet);
	screen_put(&u->screen, &sheet);
}

static void tick(struct task *t)
{
	struct ui *u = container_of(t, struct ui, tick);

	if ((!u->waiting && !u->many.on) || timer_is_running(&u->timer))
		return;
	if (u->mode == UI_BLOCK)
		draw(u);
	else if (u->mode == UI_LINES && clock_ms() - u->said_ms >= HEARTBEAT_MS)
		heartbeat(u);
	timer_start(&u->timer, &u->tick, TICK_MS);
}

/* -- events --------------------------------------------------------------------------------- */

static void tell_wait(struct ui *u, const struct event *e)
{
	char limit[32];

	ui_rest(u);
	ui_wait_begin(&u->wait, e);
	u->said_ms = e->since_ms;
	u->waiting = true;
	show_duration((e->until_ms - e->since_ms) / 1000, limit);
	if (u->mode == UI_JSON) {
		struct json_object *o = event_new("step", e->certificate);
		scoped(free_p) char *detail = str_printf("waiting, at most %s", limit);
		json_text(o, "step", e->step);
		json_text(o, "detail", detail);
		json_print(o);
	} else if (u->mode == UI_LINES)
		log_line(LOG_INFO, "%s: waiting for %s, at most %s", u->wait.certificate,
			 u->wait.step, limit);
	if (u->loop && u->mode != UI_JSON)
		task_wake(&u->tick);
}

static void tell_dns(struct ui *u, const struct event *e)
{
	const char *said = e->detail ? e->detail : "";

	if (!ui_wait_hear(&u->wait, e))
		return;
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
		draw(u);
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

static void count(struct ui *u, const struct event *e)
{
	bool was_on = u->many.on;

	many_hear(&u->many, e);
	if (was_on || !u->many.on)
		return;
	ui_rest(u);
	if (!log_is_on(LOG_DETAIL))
		log_screen_most(LOG_WARN);
	task_wake(&u->tick);
}

static void tell(struct events *events, const struct event *e)
{
	static void (*const tellers[])(struct ui *, const struct event *) = {
		[EVENT_STEP] = tell_step, [EVENT_WAIT] = tell_wait,   [EVENT_DNS] = tell_dns,
		[EVENT_DONE] = tell_done, [EVENT_ERROR] = tell_error, [EVENT_NOTE] = tell_note,
		[EVENT_AT] = NULL, /* is counted */
	};
	struct ui *u = container_of(events, struct ui, events);

	if (u->many.n)
		count(u, e);
	if (u->many.on && (e->kind == EVENT_WAIT || e->kind == EVENT_DNS))
		return;
	if (tellers[e->kind])
		tellers[e->kind](u, e);
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
	screen_init(&u->screen);
}

void ui_start(struct ui *u, struct loop *loop)
{
	u->loop = loop;
	task_init(&u->tick, loop, tick);
	if (u->mode == UI_BLOCK)
		log_screen(screen_hide, screen_show, &u->screen);
}

void ui_round(struct ui *u, size_t n)
{
	if (u->mode == UI_BLOCK && u->loop && n > 1)
		many_begin(&u->many, n);
}

void ui_round_over(struct ui *u)
{
	if (!u->many.n)
		return;
	many_end(&u->many);
	timer_stop(&u->timer);
	screen_clear(&u->screen);
	log_screen_most(LOG_HTTP);
}

void ui_print(struct ui *u, const char *fmt, ...)
{
	va_list ap;

	screen_lift(&u->screen);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	screen_lower(&u->screen);
	if (u->many.on)
		draw(u);
}

void ui_stop(struct ui *u)
{
	ui_round_over(u);
	ui_rest(u);
	ui_wait_free(&u->wait); /* what others, whose wait was not shown, have told */
	tell_aside(u, NULL);
	if (!u->loop)
		return;
	task_stop(&u->tick);
	log_screen(NULL, NULL, NULL);
	u->loop = NULL;
}
