/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Plain HTTP with a server at an address of this host: only where it is asked for, and past every
 * proxy. */
#include "config.h"

#include "net/http.h"

#include "tap.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener;
static unsigned port, served;
static char request[2000];

static void *serve(void *arg)
{
	static const char reply[] = "HTTP/1.1 200 OK\r\n"
				    "Content-Length: 5\r\nX-Is: here\r\n\r\nhello";

	for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
		ssize_t n = read(fd, request, sizeof(request) - 1);
		request[n > 0 ? n : 0] = '\0';
		served++;
		if (write(fd, reply, sizeof(reply) - 1) < 0)
			break;
	}
	return arg;
}

static void start(pthread_t *thread)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&at, size) || listen(listener, 5) ||
	    getsockname(listener, (struct sockaddr *)&at, &size) ||
	    pthread_create(thread, NULL, serve, NULL)) {
		printf("Bail out! no server\n");
		exit(99);
	}
	port = ntohs(at.sin_port);
}

struct asking {
	struct task task;
	bool over;
};

static void is_over(struct task *t)
{
	container_of(t, struct asking, task)->over = true;
}

/* One call by way of this proxy. */
static enum seal_status ask(struct http_call *c, const char *proxy)
{
	struct loop *loop = loop_new();
	struct http *http = http_new(loop, &(struct http_conf){ .proxy = proxy });
	struct asking a = { 0 };

	task_init(&a.task, loop, is_over);
	http_start(http, c, &a.task);
	loop_run(loop, &a.over);
	http_free(http);
	loop_free(loop);
	return c->story.st;
}

static void it_is_asked_past_every_proxy(void)
{
	static const char *const proxies[] = { NULL, "environment", "http://127.0.0.1:9" };
	scoped(free_p) char *url = str_printf("http://127.0.0.1:%u/latest?x=1", port);

	for (size_t i = 0; i < COUNT(proxies); i++) {
		struct http_call c = { .method = "PUT", .url = url, .local = true };
		ok(!ask(&c, proxies[i]) && c.status == 200, "answered: %s", c.story.text);
		is(buf_text(&c.reply), "hello", "whole");
		is(http_header(&c, "x-is", 0), "here", "with its headers");
		http_call_free(&c);
	}
	ok(served == COUNT(proxies) && !strncmp(request, "PUT /latest?x=1 HTTP/1.1\r\n", 26),
	   "as it was asked");
}

static void it_is_not_asked_by_accident(void)
{
	scoped(free_p) char *url = str_printf("http://127.0.0.1:%u/", port);
	scoped(free_p) char *name = str_printf("http://localhost:%u/", port);
	struct http_call unasked = { .method = "GET", .url = url };
	struct http_call by_name = { .method = "GET", .url = name, .local = true };
	unsigned before = served;

	ok(ask(&unasked, NULL) == SEAL_EINVAL, "plain http unasked: %s", unasked.story.text);
	ok(ask(&by_name, NULL) == SEAL_EINVAL, "by a name: %s", by_name.story.text);
	ok(served == before, "nothing was sent");
}

static void nobody_there_is_told(void)
{
	scoped(free_p) char *url = str_printf("http://127.0.0.1:%u/", port);
	struct http_call c = { .method = "GET", .url = url, .local = true, .timeout_s = 2 };

	ok(ask(&c, NULL) == SEAL_EAGAIN && !c.sent, "refused: %s", c.story.text);
	http_call_free(&c);
}

int main(void)
{
	pthread_t thread;

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("all_proxy", "http://127.0.0.1:9", 1);
	start(&thread);
	it_is_asked_past_every_proxy();
	it_is_not_asked_by_accident();
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	nobody_there_is_told();
	return done();
}
