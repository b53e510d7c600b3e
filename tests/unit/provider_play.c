/* links: mock_http */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Plays provider operations from scripts: provider_play [--plugin-dir DIR] [FILE.play...]; without
 * files all of tests/providers/NAME/ whose plugin was built.  The plugin, the operation and the
 * whole host table are the real ones; only the HTTP server is the script.  Lines:
 *
 *   option WORD VALUE            of the dns block
 *   check [ZONE] | zones | get ZONE
 *   append|set|remove ZONE NAME TYPE TTL ID DATA    ID "-": none; more of them: one operation
 *   fresh                        the values of the append that follows are new to the world
 *   times N LINE                 the line N times, with 1..N in place of each $
 *   > METHOD URL [BODY]          the next request; without BODY its body may be anything
 *   ! NAME: VALUE                a header it must have
 *   ^ NAME: VALUE                a header of the reply
 *   < STATUS [BODY] | < lost | < unsent             the reply, or what happens instead
 *   + NAME TYPE TTL ID DATA | + ZONE                the next result
 *   = ok | = CLASS PART          the end of the operation, its sentence has PART in it
 *
 * In > and < lines <<A..B|TEXT>> stands for TEXT with each $ replaced, for A to B, with commas
 * between.  Time is the test's own: waits take none. */
#include "config.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "provider/op.h"
#include "tests/mock_http.h"
#include "tests/tap.h"

#include <glob.h>
#include <stdlib.h>

#define RECORDS_MAX 512
#define WALL 1790000000

struct play {
	struct words lines;
	size_t at; /* of the next line */
	struct login *login;
	struct ops *ops;
	struct loop *loop;
	struct arena arena;
	struct task task;
	bool done;
	struct buf wrong; /* the first thing that was not as written */
};

__attribute__((format(printf, 2, 3))) static void wrong(struct play *p, const char *fmt, ...)
{
	va_list ap;

	if (p->wrong.len)
		return;
	buf_printf(&p->wrong, "line %zu: ", p->at);
	va_start(ap, fmt);
	buf_vprintf(&p->wrong, fmt, ap);
	va_end(ap);
}

/* -- lines */

static char *numbered(struct play *p, const char *text, size_t len, unsigned n)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < len; i++)
		if (text[i] == '$')
			buf_printf(&b, "%u", n);
		else
			buf_char(&b, text[i]);
	char *ret = arena_str(&p->arena, buf_text(&b));
	buf_free(&b);
	return ret;
}

static char *unfold(struct play *p, const char *line)
{
	struct buf b = { 0 };
	const char *open;

	for (; (open = strstr(line, "<<")); line = strstr(open, ">>") + 2) {
		unsigned from = 0, to = 0;
		const char *text = strchr(open, '|') + 1, *end = strstr(open, ">>");
		sscanf(open, "<<%u..%u|", &from, &to);
		buf_add(&b, line, (size_t)(open - line));
		for (unsigned n = from; n <= to; n++)
			buf_printf(&b, "%s%s", n > from ? "," : "",
				   numbered(p, text, (size_t)(end - text), n));
	}
	buf_str(&b, line);
	char *ret = arena_str(&p->arena, buf_text(&b));
	buf_free(&b);
	return ret;
}

static void read_lines(struct play *p, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		scoped(free_p) char *line = str_part(text, len);
		unsigned times = 0;
		int used = 0;
		sscanf(line, "times %u %n", &times, &used);
		for (unsigned n = 1; n <= times; n++)
			words_add(&p->lines, numbered(p, line + used, strlen(line + used), n));
		if (!times && *line && *line != '#')
			words_add(&p->lines, line);
		text += len + (text[len] == '\n');
	}
}

/* The next line when it begins with this sign, without it; else NULL. */
static char *take_line(struct play *p, char sign)
{
	if (p->at >= p->lines.n || p->lines.at[p->at][0] != sign)
		return NULL;
	return unfold(p, p->lines.at[p->at++] + 2);
}

static char *word(char **at) /* cut off the line */
{
	char *w = *at + strspn(*at, " ");

	*at = w + strcspn(w, " ");
	if (**at)
		*(*at)++ = '\0';
	return w;
}

/* -- the server */

static bool same_json(const char *a, const char *b)
{
	struct story story = { 0 };
	scoped(json_put_p) struct json_object *x = NULL, *y = NULL;

	return !json_read(a, strlen(a), "a", &x, &story) &&
	       !json_read(b, strlen(b), "b", &y, &story) && json_object_equal(x, y);
}

/* JSON by its meaning, all else by its octets. */
static bool same_body(const char *a, const char *b)
{
	return !strcmp(a, b) || same_json(a, b);
}

static bool has_header(const struct http_call *c, const char *line)
{
	for (const char *const *h = c->headers; h && *h; h++)
		if (!strcmp(*h, line))
			return true;
	return false;
}

static void answer(void *arg, struct http_call *c)
{
	struct play *p = arg;
	char *at = take_line(p, '>'), *line;
	const char *method = at ? word(&at) : "", *url = at ? word(&at) : "";
	struct buf headers = { 0 };

	if (strcmp(method, c->method) || strcmp(url, c->url))
		wrong(p, "request %s %s %s", c->method, c->url, c->body ? c->body : "");
	else if (*at && (!c->body || !same_body(at, c->body)))
		wrong(p, "body %s", c->body ? c->body : "(none)");
	while ((line = take_line(p, '!')))
		if (!has_header(c, line))
			wrong(p, "no header %s", line);
	while ((line = take_line(p, '^')))
		buf_printf(&headers, "%s\n", line);
	at = take_line(p, '<');
	line = at ? word(&at) : NULL;
	if (!line || p->wrong.len)
		mock_lose(c, SEAL_EINVAL, false);
	else if (*line == 'l' || *line == 'u')
		mock_lose(c, SEAL_EAGAIN, *line == 'l');
	else {
		buf_printf(&headers, "content-type: %s",
			   *at == '{' || *at == '[' ? "application/json" : "text/html");
		mock_reply(c, strtol(line, NULL, 10), buf_text(&headers), at);
	}
	buf_free(&headers);
}

/* -- operations */

static enum op_kind kind_of(const char *name)
{
	enum op_kind k = 0;

	while (k < OP_KINDS && strcmp(op_kind_name(k), name))
		k++;
	return k;
}

static void read_record(char *at, struct seal_record *ret)
{
	ret->name = word(&at);
	ret->type = word(&at);
	ret->ttl = (uint32_t)strtoul(word(&at), NULL, 10);
	ret->id = word(&at);
	ret->id = strcmp(ret->id, "-") ? ret->id : NULL;
	ret->data = at;
}

/* All lines of the operation that begins here. */
static bool read_op(struct play *p, struct op *op, struct seal_record *records)
{
	op->fresh = p->at < p->lines.n && !strcmp(p->lines.at[p->at], "fresh");
	p->at += op->fresh;
	while (p->at < p->lines.n) {
		char *at = arena_str(&p->arena, p->lines.at[p->at]);
		enum op_kind kind = kind_of(word(&at));
		if (kind == OP_KINDS)
			break;
		op->kind = kind;
		op->zone = *at ? word(&at) : NULL;
		p->at++;
		if (kind < OP_APPEND)
			return true;
		if (op->n_records == RECORDS_MAX)
			return false;
		read_record(at, &records[op->n_records++]);
	}
	op->records = records;
	return op->n_records > 0;
}

static void wake(struct task *t)
{
	container_of(t, struct play, task)->done = true;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_result(const struct seal_record *a, const struct seal_record *b)
{
	return same_text(a->name, b->name) && same_text(a->type, b->type) && a->ttl == b->ttl &&
	       same_text(a->id, b->id) && same_text(a->data, b->data);
}

static void check_results(struct play *p, const struct op *op)
{
	size_t n = 0;
	char *line;

	for (; (line = take_line(p, '+')); n++) {
		struct seal_record want;
		if (op->kind == OP_ZONES && (n >= op->zones.n || strcmp(op->zones.at[n], line)))
			wrong(p, "zone %s", n < op->zones.n ? op->zones.at[n] : "(none)");
		if (op->kind == OP_ZONES)
			continue;
		read_record(line, &want);
		if (n >= op->n_results)
			wrong(p, "only %zu results", op->n_results);
		else if (!same_result(&want, &op->results[n]))
			wrong(p, "result %s %s %u %s %s", op->results[n].name, op->results[n].type,
			      op->results[n].ttl, op->results[n].id ? op->results[n].id : "-",
			      op->results[n].data);
	}
	if (n && n != (op->kind == OP_ZONES ? op->zones.n : op->n_results))
		wrong(p, "more results");
}

static void check_end(struct play *p, const struct op *op)
{
	char *at = take_line(p, '=');
	const char *class = at ? word(&at) : "(no = line)";

	if (strcmp(class, status_name(op->story.st)))
		wrong(p, "%s: %s", status_name(op->story.st), op->story.text);
	else if (*at && !strstr(op->story.text, at))
		wrong(p, "sentence: %s", op->story.text);
}

static void run_op(struct play *p)
{
	static struct seal_record records[RECORDS_MAX];
	struct op op = { .login = p->login };

	if (!read_op(p, &op, records)) {
		wrong(p, "no operation: %s", p->at < p->lines.n ? p->lines.at[p->at] : "the end");
		return;
	}
	p->done = false;
	task_init(&p->task, p->loop, wake);
	op_start(p->ops, &op, &p->task);
	if (!loop_run(p->loop, &p->done))
		wrong(p, "it never ends");
	check_results(p, &op);
	check_end(p, &op);
	op_free(&op);
}

static void read_options(struct play *p)
{
	struct story story = { 0 };
	enum seal_status st = SEAL_OK;

	while (!st && p->at < p->lines.n && starts_with(p->lines.at[p->at], "option ")) {
		char *at = arena_str(&p->arena, p->lines.at[p->at++] + 7);
		const char *name = word(&at);
		st = login_set(p->login, name, at, &story);
	}
	if (st || login_ready(p->login, &story))
		wrong(p, "%s", story.text);
}

static void run_play(const char *path, const struct plugin *plugin)
{
	struct play p = { 0 };
	struct buf text = { 0 };
	struct story story = { 0 };

	if (file_read(path, 1 << 20, &text, &story))
		wrong(&p, "%s", story.text);
	read_lines(&p, buf_text(&text));
	p.loop = loop_new();
	struct http *http = http_new(p.loop, NULL);
	mock_http(http, answer, &p);
	p.ops = ops_new(p.loop, http, 2);
	p.login = login_new("main", plugin, "play");
	read_options(&p);
	while (!p.wrong.len && p.at < p.lines.n)
		run_op(&p);
	if (!ok(!p.wrong.len, "%s", path))
		printf("# %s\n", buf_text(&p.wrong));
	ops_free(p.ops);
	login_free(p.login);
	http_free(http);
	loop_free(p.loop);
	words_free(&p.lines);
	arena_free(&p.arena);
	buf_free(&p.wrong);
	buf_free(&text);
}

/* -- which plays */

static void forget_environment(const struct seal_provider *p)
{
	struct words names = { 0 };

	for (const struct seal_option *o = p->options; o && o->name; o++)
		words_split(&names, o->env ? o->env : "");
	words_split(&names, p->endpoint_env ? p->endpoint_env : "");
	for (size_t i = 0; i < names.n; i++) {
		scoped(free_p) char *file = str_printf("%s_FILE", names.at[i]);
		unsetenv(names.at[i]);
		unsetenv(file);
	}
	words_free(&names);
}

/* tests/providers/NAME/WHAT.play */
static void play_file(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash;
	const struct plugin *plugin;
	struct story story = { 0 };

	while (name && name > path && name[-1] != '/')
		name--;
	scoped(free_p) char *provider =
		name ? str_part(name, (size_t)(slash - name)) : str_copy("?");
	enum seal_status st = plugin_get(provider, &plugin, &story);
	if (st == SEAL_ENOTFOUND)
		ok(true, "%s # SKIP %s is not built", path, provider);
	else if (st) {
		ok(false, "%s", path);
		printf("# %s\n", story.text);
	} else {
		forget_environment(plugin->p);
		run_play(path, plugin);
	}
}

static void play_all(void)
{
	const char *top = getenv("srcdir");
	scoped(free_p) char *pattern = str_printf("%s/tests/providers/*/*.play", top ? top : ".");
	glob_t found = { 0 };

	if (!glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc; i++)
			play_file(found.gl_pathv[i]);
	globfree(&found);
}

int main(int argc, char **argv)
{
	const char *dir = getenv("PLUGINS");
	int at = 1;

	if (argc > 2 && !strcmp(argv[1], "--plugin-dir")) {
		dir = argv[2];
		at = 3;
	}
	clock_own(WALL, 1);
	plugins_init(dir ? dir : "plugins.d");
	if (at == argc)
		play_all();
	while (at < argc)
		play_file(argv[at++]);
	plugins_exit();
	return done();
}
