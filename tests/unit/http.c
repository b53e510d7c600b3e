/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * HTTP exchanges with a real TLS server: what is asked, what is taken, what is refused, and in
 * which words. */
#include "config.h"

#include "net/http.h"

#include "base/clock.h"
#include "base/log.h"
#include "https.h"
#include "tap.h"

#include <netinet/in.h>

static struct https_ca ours, other;
static struct https server;
static char dir[] = "/tmp/http-test-XXXXXX";
static char trust[64], wrong_trust[64];

/* The server. */

static bool say_ok(struct https_conn *c)
{
	https_say(c, "HTTP/1.1 200 OK\r\nX-ODD-Case:  a value \r\nrePLAY-nonce: n1\r\n"
		     "Link: <a>\r\nLINK: <b>\r\nContent-Type: Application/JSON ; charset=x\r\n"
		     "Content-Length: 2\r\n\r\n{}");
	return true;
}

static bool say_early_hints(struct https_conn *c)
{
	https_say(c, "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
		     "HTTP/1.1 404 Not Found\r\nX-Late: 1\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static bool say_big(struct https_conn *c) /* 25 MiB with a length */
{
	static char block[16384];

	https_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 26214400\r\n\r\n");
	for (int i = 0; i < 1600; i++)
		https_send(c, block, sizeof(block));
	return false;
}

static bool say_endless(struct https_conn *c) /* chunks without end */
{
	static char block[4096];

	https_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 6400; i++) {
		https_say(c, "1000\r\n");
		https_send(c, block, sizeof(block));
		https_say(c, "\r\n");
	}
	return false;
}

static bool say_exactly(struct https_conn *c) /* 100 octets in chunks */
{
	char block[101];

	memset(block, 'x', 100);
	block[100] = '\0';
	https_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n");
	https_say(c, block);
	https_say(c, "\r\n0\r\n\r\n");
	return true;
}

static bool say_many_headers(struct https_conn *c)
{
	https_say(c, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 100000; i++)
		https_say(c, "A: b\r\n");
	https_say(c, "Content-Length: 0\r\n\r\n");
	return false;
}

static bool say_long_header(struct https_conn *c)
{
	static char block[40000];

	memset(block, 'x', sizeof(block) - 1);
	https_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: ");
	https_say(c, block);
	https_say(c, "\r\n\r\n");
	return false;
}

static bool say_many_interim(struct https_conn *c)
{
	for (int i = 0; i < 100000; i++)
		https_say(c, "HTTP/1.1 103 Early Hints\r\n\r\n");
	return false;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
}

static bool say_slowly(struct https_conn *c)
{
	https_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
	for (int i = 0; i < 14; i++, nap())
		https_say(c, "x");
	return false;
}

static bool say_nothing(struct https_conn *c)
{
	(void)c;
	for (int i = 0; i < 14; i++)
		nap();
	return false;
}

static bool say_later(struct https_conn *c)
{
	nap();
	return say_ok(c);
}

static bool say_elsewhere(struct https_conn *c)
{
	char text[200];

	snprintf(text, sizeof(text),
		 "HTTP/1.1 307 Temporary Redirect\r\n"
		 "Location: https://127.0.0.1:%u/ok\r\nContent-Length: 0\r\n\r\n",
		 c->server->port);
	https_say(c, text);
	return true;
}

static bool hang_up(struct https_conn *c)
{
	(void)c;
	return false;
}

static bool hang_up_within(struct https_conn *c)
{
	https_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
	return false;
}

static bool say_junk(struct https_conn *c)
{
	https_say(c, "\x1b[2J SSH-2.0-no\r\n\r\n");
	return false;
}

static bool say_seconds(struct https_conn *c)
{
	https_say(c, "HTTP/1.1 429 Slow Down\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static bool say_date(struct https_conn *c)
{
	https_say(c, "HTTP/1.1 503 Busy\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		     "Retry-After: Sun, 06 Nov 1994 08:51:07 GMT\r\nContent-Length: 0\r\n\r\n");
	return true;
}

static const struct {
	const char *path;
	bool (*say)(struct https_conn *);
} pages[] = {
	{ "/ok", say_ok },
	{ "/a/../ok", say_ok },
	{ "/early", say_early_hints },
	{ "/big", say_big },
	{ "/endless", say_endless },
	{ "/exactly", say_exactly },
	{ "/many-headers", say_many_headers },
	{ "/long-header", say_long_header },
	{ "/interim", say_many_interim },
	{ "/slow", say_slowly },
	{ "/silent", say_nothing },
	{ "/later", say_later },
	{ "/elsewhere", say_elsewhere },
	{ "/cut", hang_up },
	{ "/cut-within", hang_up_within },
	{ "/junk", say_junk },
	{ "/seconds", say_seconds },
	{ "/date", say_date },
};

static bool serve(struct https_conn *c, const char *request)
{
	const char *path = strchr(request, ' ');
	size_t n = path ? strcspn(++path, " ?\r") : 0;

	for (size_t i = 0; i < COUNT(pages); i++)
		if (n == strlen(pages[i].path) && !strncmp(path, pages[i].path, n))
			return pages[i].say(c);
	return false;
}

/* The client. */

struct client {
	struct loop *loop;
	struct http *http;
	struct task task;
	bool finished;
};

static void finished(struct task *t)
{
	container_of(t, struct client, task)->finished = true;
}

static void open_client(struct client *k)
{
	*k = (struct client){ .loop = loop_new() };
	k->http = http_new(k->loop, &(struct http_conf){ 0 });
	task_init(&k->task, k->loop, finished);
}

static void close_client(struct client *k)
{
	http_free(k->http);
	loop_free(k->loop);
}

static void ask(struct client *k, struct http_call *c, const char *path)
{
	static char url[300];

	snprintf(url, sizeof(url), "https://127.0.0.1:%u%s", server.port, path);
	c->url = *path == '/' ? url : path;
	c->method = c->method ? c->method : "GET";
	c->trust = c->trust ? c->trust : trust;
	k->finished = false;
	http_start(k->http, c, &k->task);
	loop_run(k->loop, &k->finished);
}

static bool says(const struct http_call *c, enum seal_status st, const char *words)
{
	bool good = ok(c->story.st == st && strstr(c->story.text, words), "%s: %s", status_name(st),
		       words);

	if (!good)
		printf("#  got: %s: %s\n", status_name(c->story.st), c->story.text);
	return good;
}

static void a_reply_arrives_whole(struct client *k)
{
	struct http_call c = { .max_body = 100 };
	char type[80];

	ask(k, &c, "/ok");
	ok(!c.story.st && c.status == 200 && c.sent, "GET works: %s", c.story.text);
	is(buf_text(&c.reply), "{}", "the body");
	is(http_header(&c, "x-odd-case", 0), "a value", "header in odd case, trimmed");
	is(http_header(&c, "link", 1), "<b>", "second of a name");
	ok(!http_header(&c, "link", 2) && !http_header(&c, "lin", 0), "no third, no other");
	is(http_content_type(&c, type), "application/json", "content type");
	ok(strcasestr(server.last, "\r\nuser-agent: dnseal/") && strstr(server.last, " libcurl/") &&
		   strstr(server.last, " gnutls/"),
	   "we say who we are");
	ok(!strcasestr(server.last, "\r\nexpect:") && !strcasestr(server.last, "\r\ncookie:") &&
		   !strcasestr(server.last, "encoding:") && !strcasestr(server.last, "content-"),
	   "and nothing that was not asked for");
	ask(k, &c, "/ok");
	ok(!c.story.st && c.reply_headers.n == 6, "the same call again");
	ask(k, &c, "/exactly");
	ok(!c.story.st && c.reply.len == 100, "a body of exactly the cap");
	ask(k, &c, "/early");
	ok(c.status == 404 && http_header(&c, "x-late", 0) && !http_header(&c, "x-early", 0),
	   "headers are those of the last reply only");
	http_call_free(&c);
	ok(!c.reply.data && !c.reply_headers.n, "freed");
}

static void a_request_goes_out_as_it_is(struct client *k)
{
	const char *const headers[] = { "Content-Type: application/jose+json", "X-Token: s", NULL };
	const char body[] = "a\0b";
	struct http_call c = { .method = "POST", .headers = headers, .body = body, .body_len = 3 };

	ask(k, &c, "/a/../ok?q=@");
	ok(starts_with(server.last, "POST /a/../ok?q=@ HTTP/1.1\r\n"),
	   "method and path as written");
	ok(strstr(server.last, "\r\nContent-Type: application/jose+json\r\n") &&
		   strstr(server.last, "\r\nX-Token: s\r\n") &&
		   strstr(server.last, "\r\nContent-Length: 3\r\n"),
	   "headers");
	const char *sent = strstr(server.last, "\r\n\r\n");
	ok(sent && !memcmp(sent + 4, body, 3), "all octets of the body");
	http_call_free(&c);
	c = (struct http_call){ .method = "PUT" };
	ask(k, &c, "/ok");
	ok(starts_with(server.last, "PUT ") && strstr(server.last, "\r\nContent-Length: 0\r\n") &&
		   !strcasestr(server.last, "content-type"),
	   "an empty body says so, untyped");
	http_call_free(&c);
	c = (struct http_call){ .method = "DELETE" };
	ask(k, &c, "/ok");
	ok(starts_with(server.last, "DELETE ") && !strcasestr(server.last, "content-length"),
	   "DELETE has none");
	http_call_free(&c);
	c = (struct http_call){ .method = "HEAD" };
	ask(k, &c, "/ok");
	ok(!c.story.st && !c.reply.len && http_header(&c, "replay-nonce", 0), "HEAD: headers only");
	http_call_free(&c);
}

static void too_much_is_cut_off(struct client *k)
{
	struct http_call c = { .max_body = 1000 };

	ask(k, &c, "/big");
	says(&c, SEAL_EPROTO, "is bigger than 1000 octets");
	ok(!c.status && c.reply.len <= 1000, "announced: %zu octets taken", c.reply.len);
	ask(k, &c, "/endless");
	says(&c, SEAL_EPROTO, "is bigger than 1000 octets");
	ok(c.reply.len <= 1000 && c.sent, "endless: %zu octets taken", c.reply.len);
	ask(k, &c, "/many-headers");
	says(&c, SEAL_EPROTO, "are more than 32768 octets or 200 lines");
	ok(c.reply_headers.n <= 200, "%zu headers kept", c.reply_headers.n);
	ask(k, &c, "/interim");
	says(&c, SEAL_EPROTO, "are more than 32768 octets or 200 lines");
	ask(k, &c, "/long-header");
	says(&c, SEAL_EPROTO, "are more than 32768 octets or 200 lines");
	http_call_free(&c);
}

static void waiting_has_an_end(struct client *k)
{
	struct http_call c = { .timeout_s = 1 };

	ask(k, &c, "/slow");
	says(&c, SEAL_EAGAIN, "was not complete within 1 s");
	ok(c.took_ms >= 900 && c.took_ms < 2000, "after %u ms", c.took_ms);
	ask(k, &c, "/silent");
	says(&c, SEAL_EAGAIN, "no reply from 127.0.0.1:");
	ok(c.sent, "the request may have been taken");
	http_call_free(&c);
}

static void nothing_is_followed(struct client *k)
{
	struct http_call c = { 0 };
	unsigned before = https_requests(&server);

	ask(k, &c, "/elsewhere");
	ok(!c.story.st && c.status == 307 && https_requests(&server) == before + 1,
	   "a redirect is an answer");
	http_call_free(&c);
}

static void broken_connections_are_told(struct client *k)
{
	struct http_call c = { 0 };
	char url[64];
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ask(k, &c, "/cut");
	says(&c, SEAL_EAGAIN, " was cut");
	ok(c.sent, "sent, so a lost reply is possible");
	ask(k, &c, "/cut-within");
	says(&c, SEAL_EAGAIN, " was cut");
	ask(k, &c, "/junk");
	says(&c, SEAL_EPROTO, "is no HTTP");
	ok(!strchr(c.story.text, 0x1b), "and its escapes are not shown");
	if (bind(fd, (struct sockaddr *)&a, len) || getsockname(fd, (struct sockaddr *)&a, &len))
		printf("# no port to refuse\n");
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/", ntohs(a.sin_port));
	ask(k, &c, url);
	says(&c, SEAL_EAGAIN, "cannot connect to 127.0.0.1:");
	says(&c, SEAL_EAGAIN, ": Connection refused");
	ok(!c.sent, "nothing was sent");
	close(fd);
	ask(k, &c, "https://does-not-exist.invalid/");
	is(c.story.text, "could not resolve does-not-exist.invalid", "a name that is not there");
	http_call_free(&c);
}

/* A kept connection that ends without a reply looks to libcurl as if nobody had been there. */
static void what_must_not_be_sent_twice_is_not(struct client *k)
{
	struct http_call c = { .method = "POST", .body = "x=1", .body_len = 3, .once = true };
	unsigned before;

	ask(k, &c, "/ok");
	ok(!c.story.st && strstr(server.last, "\r\n\r\nx=1"), "a body that is read once arrives");
	before = https_requests(&server);
	ask(k, &c, "/cut");
	says(&c, SEAL_EAGAIN, " was cut");
	ok(c.sent, "the request may have been taken");
	ok(https_requests(&server) == before + 1, "it was sent once");
	http_call_free(&c);
}

static void only_trusted_servers_are_asked(struct client *k)
{
	static const struct {
		const char *name, *words, *hint;
		int from_d, to_d;
	} bad[] = {
		{ "localhost", "not trusted: it has expired", "is the clock", -20, -10 },
		{ "localhost", "not trusted: it is not valid yet", "is the clock", 10, 20 },
		{ "elsewhere.example", "is not trusted: ", "", -1, 1 },
	};
	struct http_call c = { .trust = wrong_trust };
	unsigned before = https_requests(&server);

	ask(k, &c, "/ok");
	says(&c, SEAL_EINVAL, "is not trusted: its issuer is unknown");
	ok(strstr(c.story.hint, "`trust`") && !c.sent, "the hint: %s", c.story.hint);
	c.trust = "/nonexistent/ca.pem";
	ask(k, &c, "/ok");
	says(&c, SEAL_EINVAL, "CA certificates cannot be read from /nonexistent/ca.pem");
	ok(https_requests(&server) == before, "no request has gone out");
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct https s = { .serve = serve };
		char url[64];
		time_t now = time(NULL);
		https_start(&s, &ours, bad[i].name, now + bad[i].from_d * 86400,
			    now + bad[i].to_d * 86400);
		snprintf(url, sizeof(url), "https://127.0.0.1:%u/ok", s.port);
		c.trust = trust;
		ask(k, &c, url);
		says(&c, SEAL_EINVAL, bad[i].words);
		ok(starts_with(c.story.hint, bad[i].hint), "hint: %s", c.story.hint);
		ok(!https_requests(&s), "nothing was sent");
		https_stop(&s);
	}
	http_call_free(&c);
}

static void odd_requests_are_refused(struct client *k)
{
	const char *const headers[] = { "X: y\r\nEvil: 1", NULL };
	struct http_call c = { 0 };

	ask(k, &c, "http://127.0.0.1/");
	says(&c, SEAL_EINVAL, "http://127.0.0.1/ is no URL to ask");
	c.headers = headers;
	ask(k, &c, "/ok");
	says(&c, SEAL_EINVAL, "header 1 of the request");
	c.headers = NULL;
	c.method = "G\r\n";
	ask(k, &c, "/ok");
	says(&c, SEAL_EINVAL, "is no HTTP method");
	http_call_free(&c);
}

static void retry_after_is_read_in_both_forms(struct client *k)
{
	struct http_call c = { 0 };

	ask(k, &c, "/seconds");
	ok(c.status == 429 && http_retry_after(&c) == 120, "seconds");
	ask(k, &c, "/date");
	ok(c.status == 503 && http_retry_after(&c) == 90, "a date, by the server's own clock");
	ask(k, &c, "/ok");
	ok(http_retry_after(&c) == -1, "absent");
	http_call_free(&c);
}

static void calls_can_be_canceled(struct client *k)
{
	struct http_call c = { .method = "GET", .trust = trust }, never = { 0 };
	char url[64];

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/silent", server.port);
	c.url = url;
	http_cancel(&never);
	ok(!never.story.st, "one that never ran is left alone");
	http_start(k->http, &c, &k->task);
	k->finished = false;
	http_cancel(&c);
	ok(c.story.st == SEAL_ECANCELED && !k->task.pending && !k->finished, "at once");
	loop_run(k->loop, &k->finished);
	ok(k->finished && !c.sent, "the task runs, nothing was sent");
	http_cancel(&c);
	http_start(k->http, &c, &k->task);
	struct task *t = &k->task;
	struct timer timer = { 0 };
	k->finished = false;
	timer_start(&timer, t, 200);
	t->pending = 1; /* the timer's alone: run then, with the call under way */
	loop_run(k->loop, &k->finished);
	t->pending = 1;
	k->finished = false;
	http_cancel(&c);
	loop_run(k->loop, &k->finished);
	ok(k->finished && c.story.st == SEAL_ECANCELED && c.sent, "under way: sent is true");
	c.url = "http://no";
	k->finished = false;
	http_start(k->http, &c, &k->task);
	http_cancel(&c);
	loop_run(k->loop, &k->finished);
	ok(c.story.st == SEAL_ECANCELED, "one that was refused but not yet over");
	http_call_free(&c);
}

static void calls_share_one_connection(struct client *k)
{
	enum { N = 5 };
	struct http_call c[N] = { 0 };
	unsigned before = http_connects(k->http), at = https_connections(&server);
	char url[64];

	snprintf(url, sizeof(url), "https://127.0.0.1:%u/later", server.port);
	k->finished = false;
	for (int i = 0; i < N; i++) {
		c[i].method = "GET";
		c[i].url = url;
		c[i].trust = trust;
		http_start(k->http, &c[i], &k->task);
	}
	loop_run(k->loop, &k->finished);
	bool good = true;
	for (int i = 0; i < N; i++)
		good = good && !c[i].story.st && c[i].status == 200;
	ok(good, "%d calls at once", N);
	ok(http_connects(k->http) == before + 1 && https_connections(&server) == at + 1,
	   "over one connection");
	ask(k, &c[0], "/ok");
	ok(http_connects(k->http) == before + 1, "which is kept for the next");
	for (int i = 0; i < N; i++)
		http_call_free(&c[i]);
}

static void an_end_in_between_ends_the_calls(void)
{
	struct client k;
	struct http_call c = { .method = "GET", .url = "https://127.0.0.1:1/", .trust = trust };

	open_client(&k);
	http_start(k.http, &c, &k.task);
	http_free(k.http);
	loop_run(k.loop, &k.finished);
	ok(k.finished && c.story.st == SEAL_ECANCELED, "http_free() cancels");
	loop_free(k.loop);
	http_call_free(&c);
	http_free(NULL);
}

static void with_client(void (*test)(struct client *))
{
	struct client k;

	open_client(&k);
	test(&k);
	close_client(&k);
}

int main(void)
{
	if (!mkdtemp(dir))
		return 99;
	snprintf(trust, sizeof(trust), "%s/ca.pem", dir);
	snprintf(wrong_trust, sizeof(wrong_trust), "%s/other.pem", dir);
	setenv("https_proxy", "http://127.0.0.1:9/", 1); /* must not matter */
	https_ca(&ours, "a test's CA", trust);
	https_ca(&other, "another CA", wrong_trust);
	server.serve = serve;
	https_start(&server, &ours, "localhost", time(NULL) - 3600, time(NULL) + 3600);
	with_client(a_reply_arrives_whole);
	with_client(a_request_goes_out_as_it_is);
	with_client(too_much_is_cut_off);
	with_client(waiting_has_an_end);
	with_client(nothing_is_followed);
	with_client(broken_connections_are_told);
	with_client(what_must_not_be_sent_twice_is_not);
	with_client(only_trusted_servers_are_asked);
	with_client(odd_requests_are_refused);
	with_client(retry_after_is_read_in_both_forms);
	with_client(calls_can_be_canceled);
	with_client(calls_share_one_connection);
	an_end_in_between_ends_the_calls();
	https_stop(&server);
	https_ca_free(&ours);
	https_ca_free(&other);
	unlink(trust);
	unlink(wrong_trust);
	rmdir(dir);
	return done();
}
