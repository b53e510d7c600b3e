/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deploy_haproxy.c - a certificate that HAProxy has loaded is replaced in the running process, by
 * its runtime API: `set ssl cert`, `commit ssl cert`, and `abort ssl cert` when it refuses.  It
 * answers a refused `set` like a good one; only the commit tells. */
#include "config.h"

#include "engine/deploy_work.h"

#include "base/clock.h"
#include "base/owner.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TALK_MS 10000
#define REPLY_MAX 8192

static int reach(struct haproxy *h)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	scoped(fd_p) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct timeval limit = { .tv_sec = TALK_MS / 1000 };

	if (strlen(h->socket) >= sizeof(to.sun_path)) {
		fail(h, SEAL_ECONFIG, "%s: too long for a socket", h->socket);
		return -1;
	}
	str_put(to.sun_path, "%s", h->socket);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to))) {
		fail(h, SEAL_EAGAIN, "%s: %s", h->socket, strerror(errno));
		return -1;
	}
	int ret = fd;
	fd = -1;
	return ret;
}

static bool send_all(int fd, const struct buf *text)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = send(fd, text->data + at, text->len - at, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* It closes behind each answer. */
static bool receive(int fd, struct buf *ret)
{
	int64_t until_ms = clock_ms() + TALK_MS;
	char part[1024];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = until_ms - clock_ms();
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return false;
		ssize_t n = recv(fd, part, sizeof(part), 0);
		if (n > 0)
			buf_add(ret, part, (size_t)n);
		else if (!n || errno != EINTR)
			return !n;
	}
}

/* One command; what: for the sentence, since the command itself holds a key. */
static enum seal_status talk(struct haproxy *h, const char *what, const struct buf *command,
			     struct buf *reply)
{
	scoped(fd_p) int fd = reach(h);

	if (fd < 0)
		return h->story.st;
	if (!send_all(fd, command) || !receive(fd, reply))
		return fail(h, SEAL_EAGAIN, "%s: no answer to '%s'", h->socket, what);
	return SEAL_OK;
}

static enum seal_status order(struct haproxy *h, const char *verb, const char *good)
{
	scoped(buf_free) struct buf command = { 0 }, reply = { .max = REPLY_MAX };

	buf_printf(&command, "%s ssl cert %s", verb, h->file);
	if (h->pem) {
		buf_str(&command, " <<\n");
		for (size_t i = 0; i < h->pem->len; i++) { /* an empty line would end it */
			const char *c = h->pem->data + i;
			if (*c != '\r' && (*c != '\n' || (i && c[-1] != '\n')))
				buf_char(&command, *c);
		}
	}
	buf_char(&command, '\n');
	enum seal_status st = talk(h, verb, &command, &reply);
	if (st)
		return st;
	if (strstr(buf_text(&reply), good))
		return SEAL_OK;
	return fail(h, SEAL_EAGAIN, "%s: '%s ssl cert %s' was answered: %s", h->socket, verb,
		    h->file, clean(buf_text(&reply)));
}

void haproxy_update(struct haproxy *h)
{
	scoped(owner_back) struct owner_self self = owner_self();
	struct haproxy end = { .socket = h->socket, .file = h->file };

	if (order(h, "set", "ransaction "))
		return;
	if (order(&end, "commit", "Success!")) {
		h->story = end.story;
		(void)order(&end, "abort", "");
	}
}
