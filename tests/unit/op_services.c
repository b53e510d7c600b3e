/* links: mock_http */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * What an operation does for its plugin in the loop: pauses, time limits, addresses of this host,
 * headers of replies; and one process a zone for those that need it. */
#include "config.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "provider/host.h"
#include "tests/mock_http.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <dirent.h>
#include <sys/stat.h>

/* -- a provider that does one thing */

static enum seal_status (*action)(struct seal_op *);
static unsigned acted;

static enum seal_status on_check(struct seal_op *op, const char *zone)
{
	(void)zone;
	acted++;
	return action(op);
}

static enum seal_status on_write(struct seal_op *op, const char *zone, const struct seal_record *r,
				 size_t n)
{
	(void)r, (void)n;
	return on_check(op, zone);
}

static const struct seal_provider plain = {
	.abi = SEAL_ABI,
	.size = sizeof(struct seal_provider),
	.name = "plain",
	.conf_size = 8,
	.endpoint = "https://api.test/v1/",
	.check = on_check,
	.append = on_write,
	.remove = on_write,
};

/* -- a server */

static struct {
	char script[8]; /* a letter a request; the last one stays */
	size_t at;
	struct http_call seen; /* the last one, as it was asked */
	unsigned asked;
} server;

static void answer(void *arg, struct http_call *c)
{
	char what = server.script[server.at];

	(void)arg;
	server.at += server.script[server.at + 1] != '\0';
	server.seen = *c;
	server.asked++;
	if (what == 'l')
		mock_lose(c, SEAL_EAGAIN, false);
	else if (what == 't')
		mock_reply(c, 200, "content-type: text/plain", "{\"a\":\"b\"}");
	else if (what == 'p')
		mock_reply(c, 200, "content-type: text/plain", "[1]");
	else if (what == 'o')
		mock_reply(c, 200, "x-request-id: r1", "");
	/* 'h' hangs */
}

/* -- running */

static struct loop *loop;
static struct http *http;
static struct ops *ops;
static struct login *login;
static struct plugin plugin;
static struct task task;
static bool all_done;
static struct op op;
static const struct seal_record record = { "a", "TXT", 60, "v", NULL };

static void wake(struct task *t)
{
	(void)t;
	all_done = true;
}

static void begin(const struct seal_provider *p, enum seal_status (*act)(struct seal_op *),
		  const char *script)
{
	struct story story = { 0 };

	memset(&server, 0, sizeof(server));
	str_put(server.script, "%s", script);
	acted = 0;
	action = act;
	plugin.p = p;
	loop = loop_new();
	http = http_new(loop, NULL);
	mock_http(http, answer, NULL);
	ops = ops_new(loop, http, 4);
	login = login_new("main", &plugin, "test");
	if (login_ready(login, &story))
		ok(false, "login: %s", story.text);
	op = (struct op){ .kind = OP_CHECK, .login = login, .zone = "example.org" };
	task_init(&task, loop, wake);
}

static void end(void)
{
	op_free(&op);
	ops_free(ops);
	login_free(login);
	http_free(http);
	loop_free(loop);
}

static enum seal_status once(enum op_kind kind)
{
	op.kind = kind;
	op.records = &record;
	op.n_records = 1;
	all_done = false;
	op_start(ops, &op, &task);
	return loop_run(loop, &all_done) ? op.story.st : SEAL_EPROTO;
}

/* -- what the plugin does */

static char noted[200];

static enum seal_status note_op(struct seal_op *o)
{
	str_put(noted, "%s %s", o->endpoint ? o->endpoint : "-", o->fresh ? "fresh" : "stale");
	return SEAL_OK;
}

static enum seal_status wait_seven(struct seal_op *o)
{
	enum seal_status st = o->host->wait(o, 7000);

	return st ? st : o->host->wait(o, 0);
}

static enum seal_status wait_and_ask(struct seal_op *o)
{
	struct seal_http x = { .method = "GET", .url = "/x" };
	enum seal_status st = o->host->wait(o, 1000);

	return st ? st : seal_http(o, &x);
}

static enum seal_status ask_soon(struct seal_op *o)
{
	struct seal_http x = { .method = "GET", .url = "/x", .timeout_s = 2 };

	return seal_http(o, &x);
}

static enum seal_status ask_at_leisure(struct seal_op *o)
{
	struct seal_http x = { .method = "GET", .url = "/x", .timeout_s = 300 };

	return seal_http(o, &x);
}

static const char *asked_url;
static enum seal_status ask_local(struct seal_op *o)
{
	struct seal_http x = { .method = "GET", .url = asked_url, .local = true };

	return seal_http(o, &x);
}

static enum seal_status ask_plain(struct seal_op *o)
{
	struct seal_http x = { .method = "GET", .url = asked_url };

	return seal_http(o, &x);
}

static enum seal_status note_header(struct seal_op *o)
{
	struct seal_http x = { .method = "GET", .url = "/x" };
	enum seal_status st = seal_http(o, &x);
	const char *id = seal_header(&x, "x-request-id");

	str_put(noted, "%s", st || !id ? "-" : id);
	ok(!seal_header(&x, "x-request") && !seal_header(&x, "x-request-id2"), "by whole names");
	return st;
}

static enum seal_status note_json(struct seal_op *o)
{
	struct seal_http x = { .method = "GET", .url = "/x" };
	enum seal_status st = seal_http(o, &x);
	const char *text = seal_json_str(o, x.json, "a");

	str_put(noted, "%s", text ? text : x.json ? "other" : "none");
	return st;
}

static enum seal_status good(struct seal_op *o)
{
	(void)o;
	return SEAL_OK;
}

/* -- tests */

static void an_operation_knows_its_endpoint_and_its_news(void)
{
	begin(&plain, note_op, "o");
	once(OP_CHECK);
	is(noted, "https://api.test/v1 stale", "an endpoint has no final slash");
	op_free(&op);
	op.fresh = true;
	once(OP_APPEND);
	is(noted, "https://api.test/v1 fresh", "values that nobody wrote before");
	end();
}

static void a_pause_takes_the_loops_time(void)
{
	begin(&plain, wait_seven, "o");
	int64_t before = clock_ms();
	ok(once(OP_CHECK) == SEAL_OK, "over: %s", op.story.text);
	ok(clock_ms() - before == 7000, "after %d ms", (int)(clock_ms() - before));
	end();

	begin(&plain, wait_and_ask, "o");
	ok(once(OP_CHECK) == SEAL_OK && server.asked == 1, "then it goes on");
	end();

	begin(&plain, wait_seven, "o");
	op.limit_s = 3;
	before = clock_ms();
	ok(once(OP_CHECK) == SEAL_EAGAIN, "no longer than the operation may take: %s",
	   op.story.text);
	ok(strstr(op.story.text, "took longer than 3 s") && clock_ms() - before == 3000,
	   "after %d ms", (int)(clock_ms() - before));
	end();
}

static void cancel_op(struct task *t)
{
	(void)t;
	op_cancel(&op);
}

static void a_pause_can_be_canceled(void)
{
	struct task later;
	struct timer timer = { 0 };

	begin(&plain, wait_seven, "o");
	task_init(&later, loop, cancel_op);
	timer_start(&timer, &later, 2000);
	int64_t before = clock_ms();
	ok(once(OP_CHECK) == SEAL_ECANCELED, "canceled: %s", op.story.text);
	ok(clock_ms() - before == 2000, "after %d ms", (int)(clock_ms() - before));
	end();
}

static void a_request_has_the_time_it_asks_for(void)
{
	begin(&plain, ask_soon, "o");
	once(OP_CHECK);
	ok(server.seen.timeout_s == 2, "two seconds");
	end();
	begin(&plain, ask_at_leisure, "o");
	once(OP_CHECK);
	ok(server.seen.timeout_s <= 180 && server.seen.timeout_s > 150,
	   "but not more than the operation has: %u", server.seen.timeout_s);
	end();
	begin(&plain, wait_and_ask, "o");
	once(OP_CHECK);
	ok(server.seen.timeout_s == HTTP_TIMEOUT_S, "a minute when it asks for nothing");
	end();
}

static void this_host_is_asked_once_and_only_on_purpose(void)
{
	begin(&plain, ask_local, "lo");
	asked_url = "http://169.254.169.254/latest";
	ok(once(OP_CHECK) == SEAL_EAGAIN && server.asked == 1, "nobody there: not repeated");
	ok(server.seen.local, "the exchange knows it");
	end();
	begin(&plain, ask_local, "o");
	asked_url = "http://metadata.test/latest";
	ok(once(OP_CHECK) == SEAL_EINVAL && !server.asked, "not by a name: %s", op.story.text);
	end();
	begin(&plain, ask_plain, "o");
	asked_url = "http://169.254.169.254/latest";
	ok(once(OP_CHECK) == SEAL_EINVAL && !server.asked, "not unasked: %s", op.story.text);
	end();
	begin(&plain, ask_local, "lo");
	asked_url = "https://creds.test/x";
	ok(once(OP_CHECK) == SEAL_EAGAIN && server.asked == 1, "https is https");
	end();
}

static void headers_of_the_reply_can_be_read(void)
{
	begin(&plain, note_header, "o");
	once(OP_CHECK);
	is(noted, "r1", "by name");
	end();
}

static void json_is_json_under_another_name(void)
{
	begin(&plain, note_json, "tp");
	once(OP_CHECK);
	is(noted, "b", "an object sent as plain text");
	op_free(&op);
	once(OP_CHECK);
	is(noted, "none", "other plain text is none");
	end();
}

/* -- one process a zone */

static struct seal_provider exclusive;
static char *lock_dir;

/* The one lock there is. */
static char *lock_file(void)
{
	DIR *d = opendir(lock_dir);
	char *ret = NULL;

	for (struct dirent *e; d && (e = readdir(d));)
		if (*e->d_name != '.' && !ret)
			ret = str_printf("%s/%s", lock_dir, e->d_name);
	if (d)
		closedir(d);
	return ret ? ret : str_copy("/nonexistent/lock");
}

static void begin_exclusive(enum seal_status (*act)(struct seal_op *))
{
	begin(&exclusive, act, "o");
	ops_lock_dir(ops, lock_dir);
	op.limit_s = 1;
}

static struct lock theirs = LOCK_NONE;
static bool was_free;

static enum seal_status try_lock(struct seal_op *o)
{
	struct story story = { 0 };
	scoped(free_p) char *path = lock_file();

	(void)o;
	was_free = !lock_take(&theirs, path, 0, &story);
	lock_drop(&theirs);
	return SEAL_OK;
}

static void one_process_at_a_time_changes_a_zone(void)
{
	struct story story = { 0 };
	struct stat st;

	exclusive = plain;
	exclusive.name = "exclusive";
	exclusive.flags = SEAL_EXCLUSIVE;
	lock_dir = str_printf("%s/state/locks", temp_dir);
	begin_exclusive(try_lock);
	ok(once(OP_CHECK) == SEAL_OK && stat(lock_dir, &st), "who only looks needs no lock");
	op_free(&op);
	ok(once(OP_APPEND) == SEAL_OK && acted == 2 && !was_free, "held while it changes");
	ok(!stat(lock_dir, &st) && (st.st_mode & 0777) == 0700, "the directory is made");
	end();

	scoped(free_p) char *path = lock_file();
	ok(strstr(path, "/exclusive-") != NULL, "named after the provider: %s", path);
	ok(!lock_take(&theirs, path, 0, &story), "free again");
	begin_exclusive(good);
	ok(once(OP_REMOVE) == SEAL_ELOCKED && !acted, "another one has it: %s", op.story.text);
	ok(strstr(op.story.text, "zone example.org is being changed by pid ") != NULL,
	   "the sentence says who");
	op_free(&op);
	op.zone = "example.net";
	ok(once(OP_APPEND) == SEAL_OK && acted == 1, "another zone is another matter");
	end();
	begin(&plain, good, "o");
	ops_lock_dir(ops, lock_dir);
	ok(once(OP_APPEND) == SEAL_OK, "so is a provider that needs none");
	end();
	lock_drop(&theirs);
}

static void who_waits_for_a_lock_can_be_canceled(void)
{
	struct story story = { 0 };
	scoped(free_p) char *path = lock_file();
	struct task soon;

	ok(!lock_take(&theirs, path, 0, &story), "taken");
	begin_exclusive(good);
	op.limit_s = 100;
	task_init(&soon, loop, cancel_op);
	task_wake(&soon);
	ok(once(OP_APPEND) == SEAL_ECANCELED && !acted, "canceled: %s", op.story.text);
	end();
	lock_drop(&theirs);
}

static void without_a_lock_it_goes_on(void)
{
	begin(&exclusive, good, "o");
	ok(once(OP_APPEND) == SEAL_OK && acted == 1, "no directory: %s", op.story.text);
	op_free(&op);
	ops_lock_dir(ops, "/dev/null/locks");
	ok(once(OP_APPEND) == SEAL_OK && acted == 2, "none that can be: %s", op.story.text);
	end();
}

int main(void)
{
	temp_make();
	clock_own(1790000000, 1);
	an_operation_knows_its_endpoint_and_its_news();
	a_pause_takes_the_loops_time();
	a_pause_can_be_canceled();
	a_request_has_the_time_it_asks_for();
	this_host_is_asked_once_and_only_on_purpose();
	headers_of_the_reply_can_be_read();
	json_is_json_under_another_name();
	one_process_at_a_time_changes_a_zone();
	who_waits_for_a_lock_can_be_canceled();
	without_a_lock_it_goes_on();
	free(lock_dir);
	return done();
}
