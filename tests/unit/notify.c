/* links: mock_http */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * What is told, to whom, once; and what it looks like. */
#include "config.h"

#include "../mock_http.h"
#include "../tap.h"
#include "../temp.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/notify.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY 86400
#define NOW 1795000000 /* 2026-11-18T11:06:40Z */
#define ALL ((1u << NEWS_KINDS) - 1)

static struct notify_conf conf[2];
static const struct notify_conf *receivers[2] = { &conf[0], &conf[1] };
static struct cert_state state;
static struct cert_info leaf;
static unsigned generation;
static struct words to, program;

static void set(char **at, const char *text)
{
	free(*at);
	*at = str_copy(text);
}

/* Two receivers that want everything; a certificate of 90 days, 60 of them left, told of. */
static void begin(void)
{
	state.targets = NULL;
	state.n_targets = 0;
	cert_state_free(&state);
	for (size_t i = 0; i < 2; i++)
		conf[i] = (struct notify_conf){ .how = NOTIFY_WEBHOOK,
						.wanted = ALL,
						.name = "notify x",
						.id = i ? "b" : "a" };
	leaf = (struct cert_info){ .not_before = NOW - 30 * DAY, .not_after = NOW + 60 * DAY };
	generation = 3;
	state = (struct cert_state){ .last_success = NOW - 30 * DAY };
	told_set(&state, "a", &(struct told_state){ .success = 3 });
	told_set(&state, "b", &(struct told_state){ .success = 3 });
}

static void fails(const char *class, const char *error)
{
	state.failures++;
	set(&state.last_class, class);
	set(&state.last_error, error);
	state.next_try = NOW + 3600;
}

static void works(void)
{
	state.failures = 0;
	state.next_try = 0;
	set(&state.last_class, NULL);
	set(&state.last_error, NULL);
}

/* Looks; everybody takes everything but those of `down`, so the state says so.  "expiry:3
 * failure:1": kinds, each with the bits of who gets it. */
static const char *news_but(int64_t now, unsigned down)
{
	static char text[200];
	struct notify n = { .host = "host", .conf = receivers, .n_conf = 2 };
	size_t len = 0;

	text[0] = '\0';
	notify_look(&n, &(struct notify_look){
				"mail", &state, leaf.not_after ? &leaf : NULL, generation, now });
	for (size_t i = 0; n.n_of && i < n.of[0].n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s:%u", i ? " " : "",
					news_name(n.of[0].at[i].kind), n.of[0].at[i].receivers);
	for (size_t i = 0; i < 2; i++)
		n.stories[i].st = down & 1u << i ? SEAL_EAGAIN : SEAL_OK;
	if (n.n_of)
		notify_keep(&n, &n.of[0], &state);
	notify_free(&n);
	return text;
}

static const char *news(int64_t now)
{
	return news_but(now, 0);
}

static void a_failure_is_told_when_it_begins_and_changes(void)
{
	begin();
	is(news(NOW), "", "all is well: nothing");
	fails("transient", "no connection");
	is(news(NOW), "failure:3", "a failure");
	fails("transient", "no connection");
	is(news(NOW), "", "the same again: nothing");
	fails("auth", "token refused");
	is(news(NOW), "operator:3", "another class, for an operator");
	fails("auth", "token refused");
	is(news(NOW), "", "again: nothing");
	works();
	is(news(NOW), "recovered:3", "it works again");
	is(news(NOW), "", "which is told once");
	fails("refused", "no TXT record found");
	set(&state.last_problem, "dns");
	is(news(NOW), "failure:3", "a validation that DNS may mend needs no operator");
}

static void everybody_hears_what_he_asked_for(void)
{
	begin();
	conf[0].wanted = 1u << NEWS_OPERATOR;
	conf[1].wanted = 1u << NEWS_FAILURE;
	fails("transient", "x");
	is(news(NOW), "failure:2", "a failure");
	fails("config", "x");
	is(news(NOW), "operator:3", "one for an operator is a failure too");
	works();
	is(news(NOW), "", "nobody asked for recoveries");
	conf[0].wanted = conf[1].wanted = 1u << NEWS_RECOVERED;
	fails("config", "x");
	is(news(NOW), "", "who asked for recoveries alone does not hear of failures");
	works();
	is(news(NOW), "recovered:3", "but of recoveries");
}

static void deployments_count(void)
{
	char name[] = "nginx", error[] = "nginx -t failed";
	struct target_state target = { .name = name, .pending = true, .tries = 1, .error = error };

	begin();
	state.targets = &target;
	state.n_targets = 1;
	is(news(NOW), "failure:3", "a target that failed");
	target.tries++;
	is(news(NOW), "", "once");
	target.pending = false;
	is(news(NOW), "recovered:3", "and that it works");
}

static void its_end_is_told_at_each_limit(void)
{
	begin();
	conf[0].expiry_s = 7 * DAY;
	conf[1].expiry_s = 14 * DAY;
	leaf.not_after = NOW + 15 * DAY;
	leaf.not_before = leaf.not_after - 90 * DAY;
	is(news(NOW), "", "15 days left");
	is(news(NOW + DAY), "expiry:2", "14: who wants to know then");
	is(news(NOW + 2 * DAY), "", "13");
	is(news(NOW + 8 * DAY), "expiry:1", "7: the other");
	is(news(NOW + 15 * DAY - 1), "", "a second left");
	is(news(NOW + 15 * DAY), "expiry:3", "the end: both");
	is(news(NOW + 16 * DAY), "", "and no more");
	leaf.not_before = NOW + 16 * DAY;
	leaf.not_after = NOW + 106 * DAY;
	is(news(NOW + 17 * DAY), "", "a new one");
	is(news(NOW + 92 * DAY), "expiry:2", "comes to its end as well");
}

static void a_short_life_does_not_cry_at_once(void)
{
	begin();
	conf[0].expiry_s = 7 * DAY;
	leaf.not_before = NOW;
	leaf.not_after = NOW + 6 * DAY;
	is(news(NOW), "", "7 days before the end of 6");
	is(news(NOW + 4 * DAY), "", "2 days left");
	is(news(NOW + 4 * DAY + 12 * 3600), "expiry:1", "a quarter of its life");
	is(news(NOW + 4 * DAY + 20 * 3600), "expiry:2", "a fifth, where nothing is said");
}

static void a_new_one_is_told_once(void)
{
	begin();
	generation = 4;
	state.last_success = NOW - 10;
	is(news(NOW), "success:3", "a new generation");
	is(news(NOW), "", "once");
	generation = 5;
	state.last_success = NOW - 3 * DAY;
	is(news(NOW), "", "one of long ago is no news");
	const struct told_state *a = told_find(&state, "a");
	ok(a && a->success == 5, "and is noted");
}

static void who_is_down_hears_it_later_and_alone(void)
{
	begin();
	fails("auth", "token refused");
	is(news_but(NOW, 2), "operator:3", "a failure; one of two cannot be reached");
	is(news_but(NOW, 2), "operator:2", "the next run: only that one is tried");
	is(news(NOW), "operator:2", "until it is reached");
	is(news(NOW), "", "then no more");
	fails("transient", "no connection");
	is(news_but(NOW, 3), "failure:3", "nobody is reached");
	works();
	is(news(NOW), "recovered:3", "what is over meanwhile is not told, but its end");
	generation = 4;
	state.last_success = NOW - 10;
	is(news_but(NOW, 1), "success:3", "a new one");
	set(&state.last_class, "limit");
	state.failures = 1;
	is(news(NOW), "failure:3 success:1", "together with what comes next");
}

static void a_new_receiver_hears_what_is_the_matter_now(void)
{
	begin();
	fails("auth", "token refused");
	is(news(NOW), "operator:3", "a failure");
	conf[1].id = "c";
	is(news(NOW), "operator:2", "a receiver that was not there then");
	is(news(NOW), "", "once");
}

/* -- messages ------------------------------------------------------------------------------- */

static void look(struct notify *n, const char *cert)
{
	notify_look(n, &(struct notify_look){ cert, &state, &leaf, generation, NOW });
}

static void a_mail_is_a_mail(void)
{
	struct notify n = { .host = "mx1", .conf = receivers, .n_conf = 1 };

	begin();
	conf[0].to = to;
	conf[0].from = "dnseal@example.org";
	log_secret("s3cret-token");
	fails("auth", "cloudflare: token s3cret-token is refused, and this is a sentence that is long "
		      "enough to need another line");
	look(&n, "mail");
	scoped(free_p) char *mail = notify_mail(&n, 0, NOW);
	char *id = strstr(mail, "Message-ID: <");
	ok(id && strstr(id, ".dnseal@mx1>\n"), "Message-ID");
	if (id)
		memmove(id, strchr(id, '\n') + 1, strlen(strchr(id, '\n')));
	char *end = strstr(mail, "\n-- \n");
	if (end)
		*end = '\0';
	is(mail,
	   "From: dnseal@example.org\n"
	   "To: a@example.org,\n"
	   "    b@example.org\n"
	   "Subject: [dnseal] mx1: mail failed, an operator must act\n"
	   "Date: Wed, 18 Nov 2026 11:06:40 +0000\n"
	   "Auto-Submitted: auto-generated\n"
	   "MIME-Version: 1.0\n"
	   "Content-Type: text/plain; charset=utf-8\n"
	   "Content-Transfer-Encoding: 8bit\n"
	   "\n"
	   "mail: operator (auth): cloudflare: token *** is refused, and this is a\n"
	   "sentence that is long enough to need another line\n"
	   "    next try: 2026-11-18T12:06:40Z\n"
	   "    the certificate in use is valid until 2027-01-17T11:06:40Z (60d)\n"
	   "    all about it: dnseal status mail\n",
	   "RFC 5322, and no secret");
	notify_free(&n);
}

static void several_make_one_message(void)
{
	struct notify n = { .host = "mx1", .conf = receivers, .n_conf = 2 };

	begin();
	conf[1].wanted = 1u << NEWS_SUCCESS;
	fails("transient", "no \"connection\"");
	look(&n, "a");
	look(&n, "b");
	works();
	char auth[] = "auth";
	told_set(&state, "a", &(struct told_state){ .failure = auth, .success = 3 });
	look(&n, "c");
	scoped(free_p) char *title = notify_title(&n, 0);
	is(title, "[dnseal] mx1: 2 failed; c works again", "one title");
	scoped(free_p) char *text = notify_json(&n, 0, NOW);
	scoped(json_put_p) struct json_object *o = NULL;
	struct story story = { 0 };
	ok(!json_read(text, strlen(text), "message", &o, &story), "JSON");
	is(json_str(o, "event"), "failure", "the gravest event");
	is(json_str(o, "host"), "mx1", "host");
	is(json_str(o, "title"), title, "title");
	const struct json_object *list = json_arr(o, "certificates");
	ok(list && json_object_array_length(list) == 3, "three certificates");
	is(json_str(json_at(o, "certificates.1"), "message"), "no \"connection\"", "its error");
	is(json_str(json_at(o, "certificates.2"), "event"), "recovered", "the third's event");
	ok(!notify_has(&n, 1) && !notify_title(&n, 1) && !notify_json(&n, 1, NOW),
	   "nothing for who asked for nothing of it");
	notify_free(&n);
}

/* -- sending -------------------------------------------------------------------------------- */

static struct loop *loop;
static struct http *http;
static bool over;
static char asked[4000];
static long answer_status = 204;

static void is_over(struct task *t)
{
	(void)t;
	over = true;
}

static void answer(void *arg, struct http_call *c)
{
	(void)arg;
	str_put(asked, "%s %s %s %.*s", c->method, c->url, c->headers[0], (int)c->body_len, c->body);
	mock_reply(c, answer_status, NULL, "no such room");
}

static void deliver(struct notify *n)
{
	struct task waiter;

	n->loop = loop;
	n->http = http;
	over = false;
	task_init(&waiter, loop, is_over);
	notify_start(n, &waiter);
	ok(loop_run(loop, &over), "all are over");
}

static char *file_text(const char *name)
{
	scoped(free_p) char *path = str_printf("%s/%s", temp_dir, name);
	struct buf text = { 0 };
	struct story story = { 0 };

	if (file_read(path, 65536, &text, &story))
		return str_copy("");
	return buf_take(&text);
}

static void script(const char *name, const char *body)
{
	scoped(free_p) char *path = str_printf("%s/%s", temp_dir, name);
	FILE *f = fopen(path, "w");

	if (!f || fprintf(f, "#!/bin/sh\n%s\n", body) < 0 || fclose(f) || chmod(path, 0755))
		exit(99);
}

static void both_are_sent(void)
{
	struct notify n = { .host = "mx1", .conf = receivers, .n_conf = 2 };
	scoped(free_p) char *sendmail = str_printf("%s/sendmail -oi -t", temp_dir);
	scoped(free_p) char *body = str_printf("cd %s; echo \"$@\" >args; cat >mail; env >env", temp_dir);

	begin();
	script("sendmail", body);
	conf[0].how = NOTIFY_MAIL;
	conf[0].to = to;
	words_split(&program, sendmail);
	conf[0].program = program;
	conf[1].url = "https://hooks.example/x";
	setenv("SECRET_TOKEN", "canary", 1);
	fails("auth", "refused");
	look(&n, "mail");
	deliver(&n);
	scoped(free_p) char *args = file_text("args");
	scoped(free_p) char *mail = file_text("mail");
	scoped(free_p) char *env = file_text("env");
	is(args, "-oi -t\n", "sendmail's options");
	ok(starts_with(mail, "To: a@example.org,\n") && strstr(mail, "\n\nmail: operator (auth): refused\n"),
	   "the message");
	ok(strstr(env, "DNSEAL_EVENT=operator\n") && !strstr(env, "canary"), "its environment");
	ok(starts_with(asked, "POST https://hooks.example/x Content-Type: application/json {\"v\":1,"),
	   "the webhook");
	ok(!n.stories[0].st && !n.stories[1].st && notify_keep(&n, &n.of[0], &state), "it is told");
	notify_free(&n);
}

static void who_is_not_reached_hears_later(void)
{
	struct notify n = { .host = "mx1", .conf = receivers, .n_conf = 2 };

	begin();
	conf[0].how = NOTIFY_EXEC;
	words_free(&program);
	words_add(&program, "/nonexistent/program");
	conf[0].program = program;
	conf[0].name = "notify exec (dnseal.conf:3)";
	conf[1].url = "https://hooks.example/x";
	conf[1].name = "notify webhook (dnseal.conf:4)";
	answer_status = 404;
	fails("auth", "refused");
	look(&n, "mail");
	deliver(&n);
	ok(starts_with(n.stories[0].text, "notify exec (dnseal.conf:3): "), "%s", n.stories[0].text);
	is(n.stories[1].text, "notify webhook (dnseal.conf:4): the server answered 404: no such room",
	   "the story, without the URL");
	ok(!notify_keep(&n, &n.of[0], &state), "nobody was reached: told by the next run");
	notify_free(&n);

	n = (struct notify){ .host = "mx1", .conf = receivers, .n_conf = 2 };
	answer_status = 200;
	conf[1].format = NOTIFY_TEXT;
	look(&n, "mail");
	deliver(&n);
	ok(n.stories[0].st && notify_keep(&n, &n.of[0], &state), "one was reached");
	const struct told_state *a = told_find(&state, "a"), *b = told_find(&state, "b");
	ok(a && !a->failure && b && b->failure, "that one is noted as told, the other not");
	ok(strstr(asked, "text/plain; charset=utf-8 [dnseal] mx1: mail failed, an operator must act\nmail: "),
	   "as text");
	notify_free(&n);
}

int main(void)
{
	clock_own(NOW, 1);
	words_split(&to, "a@example.org b@example.org");
	a_failure_is_told_when_it_begins_and_changes();
	everybody_hears_what_he_asked_for();
	deployments_count();
	its_end_is_told_at_each_limit();
	a_short_life_does_not_cry_at_once();
	a_new_one_is_told_once();
	who_is_down_hears_it_later_and_alone();
	a_new_receiver_hears_what_is_the_matter_now();
	a_mail_is_a_mail();
	several_make_one_message();
	temp_make();
	loop = loop_new();
	http = http_new(loop, &(struct http_conf){ 0 });
	mock_http(http, answer, NULL);
	both_are_sent();
	who_is_not_reached_hears_later();
	http_free(http);
	loop_free(loop);
	begin();
	words_free(&to);
	words_free(&program);
	log_forget();
	return done();
}
