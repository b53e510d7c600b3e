/* links: mock_http */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * What a provider operation does around its plugin: order, portions, waiting, giving up, words. */
#include "config.h"

#include "base/clock.h"
#include "base/log.h"
#include "provider/op.h"
#include "tests/mock_http.h"
#include "tests/tap.h"

#define BY "scripted (dns block 'main'): "

/* -- a provider that does what the test says */

struct conf {
	const char *token;
};

static const struct seal_option options[] = { { "token", SEAL_STRING, SEAL_SECRET,
						offsetof(struct conf, token), NULL, NULL, "" },
					      SEAL_OPTIONS_END };

static struct {
	char seen[100];		/* data of the first record */
	char calls[2000];	/* "append:3 " a call */
	enum seal_status gives; /* what the plugin returns */
	const char *says;	/* its sentence, or NULL */
	const char *spoiler;	/* only calls with this data fail; NULL: all */
	const char *header;	/* it sends */
	const char *method;	/* NULL: no request */
	bool bad_json;
} acts;

static void note(const char *what, size_t n)
{
	size_t len = strlen(acts.calls);

	snprintf(acts.calls + len, sizeof(acts.calls) - len, "%s:%zu ", what, n);
}

static enum seal_status act(struct seal_op *op, const char *zone)
{
	const char *headers[] = { acts.header, NULL };
	enum seal_status st = SEAL_OK;

	if (acts.bad_json)
		seal_build(op, "{s:i", "n", 1L);
	if (acts.method) {
		struct seal_http x = { acts.method, seal_printf(op, "/%s", zone ? zone : ""),
				       headers, .status = 0 };
		st = seal_http(op, &x);
	}
	if (st)
		return st;
	if (acts.says)
		seal_fail(op, acts.gives ? acts.gives : SEAL_EAGAIN, "%s", acts.says);
	return acts.gives;
}

static enum seal_status on_check(struct seal_op *op, const char *zone)
{
	return act(op, zone);
}

static enum seal_status on_get(struct seal_op *op, const char *zone)
{
	op->host->emit(op, &(struct seal_record){ "WWW", "txt", 60, "v", "7" });
	op->host->emit(op, &(struct seal_record){ "", "TXT", 60, "no name", NULL });
	op->host->emit(op, &(struct seal_record){ "mx", "MX", 60, "10  MX.example.org.", NULL });
	op->host->emit(op, &(struct seal_record){ "x", "TXT", 60, NULL, NULL });
	op->host->emit(op, &(struct seal_record){ "y", "TXT", 60, "v", "bad\nid" });
	return act(op, zone);
}

static enum seal_status on_append(struct seal_op *op, const char *zone, const struct seal_record *r,
				  size_t n)
{
	note("append", n);
	str_put(acts.seen, "%s", r[0].data);
	bool spoilt = !acts.spoiler;
	for (size_t i = 0; i < n; i++) {
		op->host->emit(op, &r[i]);
		spoilt = spoilt || !strcmp(r[i].data, acts.spoiler);
	}
	return spoilt ? act(op, zone) : SEAL_OK;
}

static enum seal_status on_set(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	(void)r;
	note("set", n);
	return act(op, zone);
}

static const struct seal_provider scripted = {
	.abi = SEAL_ABI,
	.size = sizeof(struct seal_provider),
	.name = "scripted",
	.label = "Scripted",
	.options = options,
	.conf_size = sizeof(struct conf),
	.endpoint = "https://api.test",
	.types = "TXT MX CAA ALIAS",
	.min_ttl = 60,
	.max_ttl = 3600,
	.batch = 3,
	.check = on_check,
	.get = on_get,
	.append = on_append,
	.set = on_set,
};
static struct seal_provider parallel, paced;

/* -- a server that does what the test says */

static struct {
	const char *script; /* a letter a request: see answer(); the last one stays */
	unsigned asked;
	int64_t at_ms[400];
} server;

static void answer(void *arg, struct http_call *c)
{
	static const struct {
		char what;
		long status;
		const char *headers;
	} replies[] = { { 'o', 200, NULL },
			{ 'w', 429, "retry-after: 20" },
			{ '4', 429, NULL },
			{ 'u', 503, "retry-after: 5" },
			{ '5', 503, NULL } };
	char what = *server.script;

	(void)arg;
	server.script += server.script[1] != '\0';
	if (server.asked < COUNT(server.at_ms))
		server.at_ms[server.asked] = clock_ms();
	server.asked++;
	for (size_t i = 0; i < COUNT(replies); i++)
		if (replies[i].what == what)
			mock_reply(c, replies[i].status, replies[i].headers, "");
	if (what == 'l' || what == 'n')
		mock_lose(c, SEAL_EAGAIN, what == 'l'); /* lost, not sent; all others hang */
}

/* -- running */

static struct loop *loop;
static struct http *http;
static struct ops *ops;
static struct task task;
static bool all_done;
static struct login *login;
static struct plugin plugin;

static void wake(struct task *t)
{
	(void)t;
	all_done = true;
}

static void begin(const struct seal_provider *p, const char *script)
{
	struct story story = { 0 };

	memset(&acts, 0, sizeof(acts));
	memset(&server, 0, sizeof(server));
	server.script = script;
	plugin.p = p;
	loop = loop_new();
	http = http_new(loop, NULL);
	mock_http(http, answer, NULL);
	ops = ops_new(loop, http, 4);
	login = login_new("main", &plugin, "test");
	if (login_set(login, "token", "sesame-open", &story) || login_ready(login, &story))
		ok(false, "login: %s", story.text);
	task_init(&task, loop, wake);
}

static void end(void)
{
	ops_free(ops);
	login_free(login);
	http_free(http);
	loop_free(loop);
}

static bool run(void)
{
	bool good = loop_run(loop, &all_done);

	all_done = false;
	return good;
}

static enum seal_status once(struct op *op)
{
	op->login = login;
	if (!op->zone && op->kind != OP_CHECK)
		op->zone = "example.org";
	op_start(ops, op, &task);
	return run() ? op->story.st : SEAL_EPROTO;
}

/* -- what goes in and comes out */

static void records_are_checked_before_the_plugin_sees_them(void)
{
	static char long_text[5000];
	memset(long_text, 'x', sizeof(long_text) - 1);
	static const struct {
		struct seal_record r;
		enum seal_status st;
		const char *part;
	} cases[] = {
		{ { "a", "TXT", 60, "v", NULL }, SEAL_OK, "" },
		{ { "a..b", "TXT", 60, "v", NULL }, SEAL_EINVAL, "'a..b' is no name in zone" },
		{ { "x.other.test.", "TXT", 60, "v", NULL },
		  SEAL_EINVAL,
		  "no name in zone example.org" },
		{ { "a", "T XT", 60, "v", NULL }, SEAL_EINVAL, "'T XT' is no type" },
		{ { "a", "A", 60, "192.0.2.1", NULL }, SEAL_EUNSUPPORTED, "cannot hold A records" },
		{ { "a", "TXT", 60, "", NULL }, SEAL_EINVAL, "a TXT: has no data" },
		{ { "a", "TXT", 60, long_text, NULL }, SEAL_EINVAL, "4999 octets of data" },
		{ { "a", "MX", 60, "ten mx.example.org", NULL },
		  SEAL_EINVAL,
		  "no data of this type" },
		{ { "a", "ALIAS", 60, "example.net", NULL }, SEAL_OK, "" },
		{ { "a", "ALIAS", 60, "example\nnet", NULL }, SEAL_EINVAL, "no data of this type" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct op op = { .kind = OP_APPEND, .records = &cases[i].r, .n_records = 1 };
		begin(&scripted, "o");
		once(&op);
		ok(op.story.st == cases[i].st && strstr(op.story.text, cases[i].part),
		   "record %zu: %s", i, op.story.text);
		ok(!op.story.st == (strlen(acts.calls) > 0),
		   "and it reaches the plugin only when good");
		op_free(&op);
		end();
	}
}

static void records_are_put_into_normal_form(void)
{
	const struct seal_record r[] = {
		{ "WWW.example.org.", "txt", 5, "V", NULL },
		{ "www", "TXT", 5, "V", NULL },
		{ "@", "MX", 99999, "10  MX.Example.ORG.", NULL },
		{ "x", "TXT", 0, "v", "id" },
	};
	struct op op = { .kind = OP_APPEND, .records = r, .n_records = 4 };

	begin(&scripted, "o");
	ok(!once(&op), "append: %s", op.story.text);
	ok(op.n_results == 3, "none twice: %zu", op.n_results);
	is(op.results[0].name, "www", "name");
	is(op.results[0].type, "TXT", "type");
	ok(op.results[0].ttl == 60 && op.results[1].ttl == 3600, "TTL within limits");
	ok(op.results[2].ttl == 0, "0 stays");
	is(op.results[0].data, "V", "TXT untouched");
	is(op.results[1].data, "10 mx.example.org", "data spelled one way");
	is(op.results[2].id, "id", "id");
	op_free(&op);
	op.records = r + 2;
	op.n_records = 1;
	once(&op);
	is(acts.seen, "10 mx.example.org", "and the plugin sees it so");
	op_free(&op);
	end();
}

static void senseless_results_are_left_out(void)
{
	struct op op = { .kind = OP_GET };

	begin(&scripted, "o");
	ok(!once(&op), "get: %s", op.story.text);
	ok(op.n_results == 2, "two of five: %zu", op.n_results);
	is(op.results[0].name, "www", "in lower case");
	is(op.results[1].data, "10 mx.example.org", "in one spelling");
	op_free(&op);
	end();
}

static void a_batch_carries_what_it_can(void)
{
	struct seal_record r[8];
	struct op op = { .kind = OP_APPEND, .records = r, .n_records = 8 };
	char data[8][2];

	for (size_t i = 0; i < 8; i++) {
		str_put(data[i], "%zu", i);
		r[i] = (struct seal_record){ "a", "TXT", 60, data[i], NULL };
	}
	begin(&scripted, "o");
	ok(!once(&op) && op.n_results == 8, "8 records");
	is(acts.calls, "append:3 append:3 append:2 ", "in portions of 3");
	op_free(&op);
	end();
	begin(&scripted, "o");
	op.kind = OP_SET;
	ok(!once(&op), "set");
	is(acts.calls, "set:8 ", "a set stays whole");
	op_free(&op);
	end();
	begin(&scripted, "o");
	acts.gives = SEAL_EAUTH;
	op.kind = OP_APPEND;
	ok(once(&op) == SEAL_EAUTH, "failure");
	is(acts.calls, "append:3 ", "ends it");
	ok(op.n_results == 3, "what was added until then is told");
	op_free(&op);
	end();
}

static void what_a_provider_lacks_is_said(void)
{
	const struct seal_record r = { "a", "TXT", 60, "v", "1" };
	struct op op = { .kind = OP_REMOVE, .records = &r, .n_records = 1 };

	begin(&scripted, "o");
	ok(!login_can(login, OP_REMOVE) && login_can(login, OP_SET), "login_can");
	ok(once(&op) == SEAL_EUNSUPPORTED, "remove");
	is(op.story.text, BY "cannot remove", "sentence");
	op_free(&op);
	end();
}

/* -- words */

static void failures_are_told_in_one_form(void)
{
	static const struct {
		enum seal_status gives;
		const char *says;
		enum seal_status st;
		const char *text;
	} cases[] = {
		{ SEAL_EAUTH, "token refused", SEAL_EAUTH, "token refused" },
		{ SEAL_OK, "got over it", SEAL_OK, "" },
		{ SEAL_EAGAIN, NULL, SEAL_EAGAIN,
		  "check failed (transient), the plugin does not say why" },
		{ SEAL_ECONFIG, "mine", SEAL_EPROTO,
		  "the plugin's check returned 64, which is not its to return" },
		{ SEAL_EINVAL, "it said \x1b[31mred\nand sesame-open", SEAL_EINVAL,
		  "it said \\x1B[31mred and ***" },
	};

	log_secret("sesame-open");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct op op = { .kind = OP_CHECK };
		begin(&scripted, "o");
		acts.gives = cases[i].gives;
		acts.says = cases[i].says;
		ok(once(&op) == cases[i].st, "class %s", status_name(op.story.st));
		scoped(free_p) char *text =
			str_printf("%s%s", op.story.st ? BY : "", cases[i].text);
		is(op.story.text, text, "sentence");
		ok(!op.story.hint[0] == (cases[i].st != SEAL_EAUTH), "credentials have a hint: %s",
		   op.story.hint);
		op_free(&op);
		end();
	}
}

static void a_plugins_mistakes_do_not_reach_the_wire(void)
{
	struct op op = { .kind = OP_CHECK };

	begin(&scripted, "o");
	acts.method = "GET";
	acts.header = "X: a\r\nHost: evil";
	ok(once(&op) == SEAL_EINVAL && strstr(op.story.text, "header"), "line break: %s",
	   op.story.text);
	op_free(&op);
	acts.header = NULL;
	acts.method = "GET / HTTP/1.1";
	ok(once(&op) == SEAL_EINVAL, "method: %s", op.story.text);
	op_free(&op);
	acts.method = "GET";
	op.zone = "a b";
	ok(once(&op) == SEAL_EINVAL, "URL: %s", op.story.text);
	op_free(&op);
	op.zone = NULL;
	acts.bad_json = true;
	ok(once(&op) == SEAL_EPROTO && strstr(op.story.text, "JSON format"), "JSON: %s",
	   op.story.text);
	op_free(&op);
	acts.method = NULL;
	ok(once(&op) == SEAL_EPROTO, "even when it does not mind: %s", op.story.text);
	ok(server.asked == 0, "nothing was sent");
	op_free(&op);
	end();
}

/* -- waiting */

struct wait_case {
	const char *method, *script;
	enum seal_status st;
	unsigned asked, waited_s;
	const char *what;
};

static void waits_and_repeats(void)
{
	static const struct wait_case cases[] = {
		{ "GET", "o", SEAL_OK, 1, 0, "a good reply" },
		{ "POST", "wo", SEAL_OK, 2, 20, "429 with Retry-After" },
		{ "POST", "uo", SEAL_OK, 2, 5, "503 with Retry-After" },
		{ "POST", "44o", SEAL_OK, 3, 15, "429 without: longer each time" },
		{ "POST", "wwwwwww", SEAL_ELIMIT, 7, 120, "at most two minutes in all" },
		{ "GET", "5", SEAL_OK, 1, 0, "503 without is the plugin's" },
		{ "GET", "llo", SEAL_OK, 3, 4, "a lost GET is repeated twice" },
		{ "DELETE", "lll", SEAL_EAGAIN, 3, 4, "and then given up" },
		{ "POST", "lo", SEAL_EAGAIN, 1, 0, "a lost POST is not repeated" },
		{ "POST", "no", SEAL_OK, 2, 1, "but one that never left is" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct wait_case *c = &cases[i];
		struct op op = { .kind = OP_CHECK };
		begin(&scripted, c->script);
		acts.method = c->method;
		int64_t before = clock_ms();
		once(&op);
		ok(op.story.st == c->st, "%s: %s", c->what, op.story.text);
		ok(server.asked == c->asked && op.requests == c->asked, "requests: %u",
		   op.requests);
		ok((clock_ms() - before) / 1000 == c->waited_s, "waited %d ms",
		   (int)(clock_ms() - before));
		ok(c->st != SEAL_ELIMIT || op.story.retry_at == clock_wall() + 20,
		   "when again is told");
		op_free(&op);
		end();
	}
}

static void start_all(struct op *o, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		o[i].login = login;
		op_start(ops, &o[i], &task);
	}
}

static void free_all(struct op *o, size_t n)
{
	for (size_t i = 0; i < n; i++)
		op_free(&o[i]);
}

static void after_429_the_whole_login_waits(void)
{
	struct op o[] = { { .zone = "a.test" }, { .zone = "b.test" }, { .zone = "c.test" } };
	unsigned early = 0, close = 0;

	begin(&scripted, "wwwo");
	acts.method = "GET";
	start_all(o, 3);
	ok(run() && !o[0].story.st && !o[1].story.st && !o[2].story.st, "all three succeed");
	for (unsigned i = 3; i < server.asked; i++) {
		early += server.at_ms[i] < server.at_ms[0] + 20000;
		close += i > 3 && server.at_ms[i] < server.at_ms[i - 1] + 1000;
	}
	ok(server.asked >= 4 && !early, "nobody asks before Retry-After is over (%u requests)",
	   server.asked);
	ok(!close, "then once a second");
	free_all(o, 3);
	end();
}

/* -- together */

static const struct seal_record rows[] = { { "a", "TXT", 60, "one", NULL },
					   { "b", "TXT", 60, "two", NULL },
					   { "c", "TXT", 60, "three", NULL },
					   { "a", "TXT", 60, "one", NULL } };

static struct op append_of(size_t i)
{
	return (struct op){ .kind = OP_APPEND, .zone = "example.org", .records = &rows[i],
			    .n_records = 1 };
}

static void those_that_wait_for_a_zone_go_together(void)
{
	struct op o[] = { append_of(0), append_of(1), append_of(2), append_of(3) };

	begin(&scripted, "o");
	start_all(o, 4);
	ok(run(), "all four end");
	is(acts.calls, "append:1 append:3 ", "the first at once, the others in one call");
	for (size_t i = 0; i < 4; i++) {
		ok(!o[i].story.st && o[i].n_results == 1, "%zu has one result", i);
		is(o[i].results[0].data, rows[i].data, "its own");
	}
	free_all(o, 4);
	end();
}

static void other_zones_and_other_kinds_do_not(void)
{
	struct op o[] = { append_of(0), append_of(1), append_of(2), append_of(3) };

	o[1].zone = "example.net";
	o[2].kind = OP_SET;
	o[3].fresh = true;
	begin(&scripted, "o");
	start_all(o, 4);
	ok(run(), "all four end");
	ok(strstr(acts.calls, "set:1 ") && strlen(acts.calls) == strlen("append:1 ") * 3 + 6,
	   "four calls: %s", acts.calls);
	free_all(o, 4);
	end();
}

static void a_failure_is_everybodys(void)
{
	struct op o[] = { append_of(0), append_of(1), append_of(2) };

	begin(&scripted, "o");
	acts.gives = SEAL_EAUTH;
	acts.says = "token refused";
	start_all(o, 3);
	ok(run(), "all three end");
	is(acts.calls, "append:1 append:2 ", "after two calls");
	for (size_t i = 0; i < 3; i++)
		is(o[i].story.text, BY "token refused", "each is told");
	free_all(o, 3);
	end();
}

static void what_is_senseless_together_is_tried_apart(void)
{
	struct op o[] = { append_of(0), append_of(1), append_of(2) };

	begin(&scripted, "o");
	acts.gives = SEAL_EINVAL;
	acts.spoiler = "three";
	start_all(o, 3);
	ok(run(), "all three end");
	is(acts.calls, "append:1 append:2 append:1 append:1 ", "together, then each by itself");
	ok(!o[0].story.st && !o[1].story.st, "two succeed: %s%s", o[0].story.text,
	   o[1].story.text);
	ok(o[2].story.st == SEAL_EINVAL, "the one to blame does not");
	free_all(o, 3);
	end();
}

static void one_that_is_called_off_leaves_the_others(void)
{
	struct op o[] = { append_of(0), append_of(1), append_of(2) };

	begin(&scripted, "-");
	acts.method = "GET";
	start_all(o, 3);
	op_cancel(&o[0]);
	server.script = "o";
	op_cancel(&o[2]);
	ok(run(), "all three end");
	ok(o[0].story.st == SEAL_ECANCELED && o[2].story.st == SEAL_ECANCELED, "the two are off");
	ok(!o[1].story.st && o[1].n_results == 1, "the third is made");
	free_all(o, 3);
	end();
}

static void a_published_limit_is_kept(void)
{
	paced = scripted;
	paced.per_minute = 60;
	begin(&paced, "o");
	acts.method = "GET";
	int64_t before = clock_ms();
	for (unsigned i = 0; i < 70; i++) {
		struct op op = { .kind = OP_CHECK };
		once(&op);
		op_free(&op);
		if (i == 59)
			ok(clock_ms() - before < 5000, "the first 60 at once: %d ms",
			   (int)(clock_ms() - before));
	}
	ok(clock_ms() - before >= 8000 && clock_ms() - before < 13000,
	   "10 more at one a second: %d ms", (int)(clock_ms() - before));
	end();
}

/* -- order */

static void one_zone_of_a_login_sees_one_operation_at_a_time(void)
{
	struct op o[] = { { .zone = "a.test" },
			  { .zone = "a.test" },
			  { .zone = "a.test" },
			  { .zone = "c.test" } };

	begin(&scripted, "o");
	acts.method = "GET";
	start_all(o, 4);
	ok(run(), "all end");
	ok(server.at_ms[0] == server.at_ms[1], "two zones at once");
	ok(server.at_ms[2] > server.at_ms[1] && server.at_ms[3] > server.at_ms[2], "one later");
	free_all(o, 4);
	end();

	parallel = scripted;
	parallel.flags = SEAL_PARALLEL;
	begin(&parallel, "o");
	acts.method = "GET";
	start_all(o, 2);
	ok(run() && server.at_ms[0] == server.at_ms[1], "unless the provider is parallel");
	free_all(o, 2);
	end();
}

/* -- giving up */

struct canceler {
	struct task task;
	struct timer timer;
	struct op *op;
};

static void cancel(struct task *t)
{
	op_cancel(container_of(t, struct canceler, task)->op);
}

static void canceling_ends_it_wherever_it_is(void)
{
	static const struct {
		const char *script, *what;
	} cases[] = { { "h", "in a request that hangs" }, { "w", "in a wait" } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct op a = { .kind = OP_CHECK, .zone = "a.test" }, b = a;
		struct canceler of_a = { .op = &a }, of_b = { .op = &b };
		begin(&scripted, cases[i].script);
		acts.method = "GET";
		a.login = b.login = login;
		op_start(ops, &a, &task);
		op_start(ops, &b, &task);
		task_init(&of_a.task, loop, cancel);
		task_init(&of_b.task, loop, cancel);
		timer_start(&of_b.timer, &of_b.task, 1000);
		timer_start(&of_a.timer, &of_a.task, 2000);
		int64_t before = clock_ms();
		ok(run() && a.story.st == SEAL_ECANCELED, "%s: %s", cases[i].what, a.story.text);
		ok(b.story.st == SEAL_ECANCELED && !b.requests, "and in the queue: %s",
		   b.story.text);
		ok(clock_ms() - before < 3000, "at once");
		op_cancel(&a);
		op_free(&a);
		op_free(&b);
		end();
	}
}

static void time_is_limited(void)
{
	struct op op = { .kind = OP_CHECK, .limit_s = 30 };

	begin(&scripted, "h");
	acts.method = "GET";
	int64_t before = clock_ms();
	ok(once(&op) == SEAL_EAGAIN, "over");
	is(op.story.text, BY "check took longer than 30 s", "sentence");
	ok(clock_ms() - before == 30000, "after %d ms", (int)(clock_ms() - before));
	op_free(&op);
	end();
}

int main(void)
{
	clock_own(1790000000, 1);
	records_are_checked_before_the_plugin_sees_them();
	records_are_put_into_normal_form();
	senseless_results_are_left_out();
	a_batch_carries_what_it_can();
	what_a_provider_lacks_is_said();
	failures_are_told_in_one_form();
	a_plugins_mistakes_do_not_reach_the_wire();
	waits_and_repeats();
	after_429_the_whole_login_waits();
	those_that_wait_for_a_zone_go_together();
	other_zones_and_other_kinds_do_not();
	a_failure_is_everybodys();
	what_is_senseless_together_is_tried_apart();
	one_that_is_called_off_leaves_the_others();
	a_published_limit_is_kept();
	one_zone_of_a_login_sees_one_operation_at_a_time();
	canceling_ends_it_wherever_it_is();
	time_is_limited();
	log_forget();
	return done();
}
