/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/exchange.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/hostport.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SLICE_MS = 100,	    /* how long a cancellation may go unseen */
	MSG_MAX = 65535,    /* what the length in front of a TCP message can say */
	HEADER_LEN = 12,    /* RFC 1035 4.1.1 */
	CONNECT_MS = 10000, /* for one address; less when time is short and others follow */
};

void exchange_init(struct exchange *x, int64_t deadline_ms, const atomic_bool *canceled)
{
	*x = (struct exchange){ .fd = -1, .deadline_ms = deadline_ms, .canceled = canceled };
}

static void hang_up(struct exchange *x)
{
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

void exchange_close(struct exchange *x)
{
	hang_up(x);
	if (x->addresses)
		freeaddrinfo(x->addresses);
	x->addresses = x->next = NULL;
	buf_free(&x->sent);
	x->server[0] = '\0';
}

/* A test's own clock stands still while we wait, so we count ourselves. */
static int64_t left_ms(const struct exchange *x)
{
	return x->deadline_ms - clock_ms() - (clock_is_own() ? x->waited_ms : 0);
}

static enum seal_status fail_late(struct exchange *x)
{
	return fail(x, SEAL_EAGAIN, "no reply from %s in time", x->server);
}

static enum seal_status fail_errno(struct exchange *x, const char *what, int error)
{
	return fail(x, SEAL_EAGAIN, "%s %s: %s", what, x->server, strerror(error));
}

/* Until the descriptor is ready (or broken: the next call on it tells); keep_ms of the time are
 * for others. */
static enum seal_status wait_for(struct exchange *x, short events, int64_t keep_ms)
{
	struct pollfd p = { .fd = x->fd, .events = events };

	for (;;) {
		int64_t left = left_ms(x) - keep_ms;
		if (x->canceled && atomic_load(x->canceled))
			return fail(x, SEAL_ECANCELED, "exchange with %s canceled", x->server);
		if (left <= 0)
			return fail_late(x);
		int slice = left < SLICE_MS ? (int)left : SLICE_MS;
		if (poll(&p, 1, slice) > 0)
			return SEAL_OK;
		x->waited_ms += slice;
	}
}

static enum seal_status connect_to(struct exchange *x, const struct addrinfo *a, int64_t keep_ms)
{
	int error = 0;
	socklen_t len = sizeof(error);

	x->fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (x->fd < 0)
		return fail_errno(x, "cannot connect to", errno);
	if (!connect(x->fd, a->ai_addr, a->ai_addrlen))
		return SEAL_OK;
	if (errno != EINPROGRESS)
		return fail_errno(x, "cannot connect to", errno);
	enum seal_status st = wait_for(x, POLLOUT, keep_ms);
	if (st == SEAL_EAGAIN)
		return fail(x, st, "cannot connect to %s: no answer in time", x->server);
	if (st)
		return st;
	getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error ? fail_errno(x, "cannot connect to", error) : SEAL_OK;
}

/* How much of the time must be left for the addresses behind this one. */
static int64_t reserve_ms(const struct exchange *x, const struct addrinfo *at)
{
	int64_t left = left_ms(x), share;
	int n = 0;

	for (; at; at = at->ai_next)
		n++;
	share = n > 1 ? left / n : left;
	share = share < CONNECT_MS ? share : CONNECT_MS;
	return left > share ? left - share : 0;
}

/* The next address that takes a connection. */
static enum seal_status connect_next(struct exchange *x)
{
	enum seal_status st = SEAL_EAGAIN;

	while (x->next && st && st != SEAL_ECANCELED) {
		const struct addrinfo *at = x->next;
		x->next = at->ai_next;
		hang_up(x);
		st = connect_to(x, at, reserve_ms(x, at));
	}
	if (st)
		hang_up(x);
	return st;
}

static enum seal_status find(struct exchange *x, const char *server)
{
	struct hostport h;
	char port[8];
	struct addrinfo want = { .ai_socktype = x->udp ? SOCK_DGRAM : SOCK_STREAM,
				 .ai_flags = AI_NUMERICSERV };

	str_put(x->server, "%s", server);
	if (!hostport_parse(server, 53, &h))
		return fail(x, SEAL_EINVAL, "%s is no server: HOST or HOST:PORT is wanted",
			    clean(server));
	str_put(port, "%u", h.port);
	int error = getaddrinfo(h.host, port, &want, &x->addresses);
	if (error)
		return fail(x, SEAL_EAGAIN, "could not resolve %s: %s", clean(h.host),
			    gai_strerror(error));
	x->next = x->addresses;
	return SEAL_OK;
}

static enum seal_status send_all(struct exchange *x, const char *data, size_t len)
{
	while (len) {
		ssize_t n = send(x->fd, data, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail_errno(x, "cannot send to", errno);
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		enum seal_status st = len ? wait_for(x, POLLOUT, 0) : SEAL_OK;
		if (st)
			return st;
	}
	return SEAL_OK;
}

static enum seal_status send_message(struct exchange *x)
{
	struct buf framed = { 0 };

	if (x->udp)
		return send_all(x, x->sent.data, x->sent.len);
	/* In one piece: some servers take a length that comes alone for an error. */
	buf_u16(&framed, (unsigned)x->sent.len);
	buf_add(&framed, x->sent.data, x->sent.len);
	enum seal_status st = send_all(x, framed.data, framed.len);
	buf_free(&framed);
	return st;
}

/* Is the open connection to this server, alive, and is nothing of an earlier question in it? */
static bool is_fresh(const struct exchange *x, const char *server, bool udp)
{
	struct pollfd p = { .fd = x->fd, .events = POLLIN };

	return x->fd >= 0 && x->udp == udp && !strcmp(x->server, server) && poll(&p, 1, 0) == 0;
}

enum seal_status exchange_send(struct exchange *x, const char *server, bool udp, const void *msg,
			       size_t len)
{
	enum seal_status st = SEAL_OK;

	if (len < HEADER_LEN || len > MSG_MAX)
		return fail(x, SEAL_EINVAL, "%zu octets are no DNS message for %s", len,
			    clean(server));
	if (!is_fresh(x, server, udp)) {
		exchange_close(x);
		x->udp = udp;
		st = find(x, server);
		st = st ? st : connect_next(x);
	}
	if (st)
		return st;
	buf_clear(&x->sent);
	buf_add(&x->sent, msg, len);
	st = send_message(x);
	if (st)
		hang_up(x);
	return st;
}

/* Exactly len octets of the stream. */
static enum seal_status read_all(struct exchange *x, char *to, size_t len)
{
	while (len) {
		enum seal_status st = wait_for(x, POLLIN, 0);
		if (st)
			return st;
		ssize_t n = recv(x->fd, to, len, 0);
		if (!n)
			return fail(x, SEAL_EAGAIN, "%s closed the connection", x->server);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail_errno(x, "cannot read from", errno);
		to += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return SEAL_OK;
}

/* A reply (QR set) to the message we sent: not one of an earlier question that nobody read, and
 * over UDP not one that somebody guessed. */
static bool is_ours(const struct exchange *x, const char *msg, ssize_t len)
{
	return len >= HEADER_LEN && !memcmp(msg, x->sent.data, 2) && (msg[2] & 0x80);
}

static enum seal_status read_one(struct exchange *x, struct buf *ret)
{
	unsigned char prefix[2];
	enum seal_status st = read_all(x, (char *)prefix, sizeof(prefix));

	if (st)
		return st;
	size_t len = (size_t)prefix[0] << 8 | prefix[1];
	if (len < HEADER_LEN)
		return fail(x, SEAL_EPROTO, "%s sent %zu octets, which are no DNS message",
			    x->server, len);
	scoped(free_p) char *msg = mem_new(len);
	st = read_all(x, msg, len);
	if (!st && is_ours(x, msg, (ssize_t)len))
		buf_add(ret, msg, len);
	return st;
}

static enum seal_status read_tcp(struct exchange *x, struct buf *ret)
{
	enum seal_status st = SEAL_OK;

	while (!st && !ret->len && !ret->bad)
		st = read_one(x, ret);
	return st;
}

/* Nobody is there: the message goes to the next address, if there is one. */
static enum seal_status go_on(struct exchange *x, int error)
{
	if (!x->next)
		return fail_errno(x, "cannot reach", error);
	enum seal_status st = connect_next(x);
	return st ? st : send_message(x);
}

static enum seal_status read_udp(struct exchange *x, struct buf *ret)
{
	scoped(free_p) char *msg = mem_new(MSG_MAX);

	for (;;) {
		enum seal_status st = wait_for(x, POLLIN, 0);
		if (st)
			return st;
		ssize_t n = recv(x->fd, msg, MSG_MAX, 0);
		if (is_ours(x, msg, n)) {
			buf_add(ret, msg, (size_t)n);
			return SEAL_OK;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			st = go_on(x, errno);
		if (st)
			return st;
	}
}

enum seal_status exchange_read(struct exchange *x, struct buf *ret)
{
	buf_clear(ret);
	if (x->fd < 0)
		return fail(x, SEAL_EINVAL, "no DNS message was sent, so none can be read");
	enum seal_status st = x->udp ? read_udp(x, ret) : read_tcp(x, ret);
	if (!st && ret->bad)
		st = fail(x, SEAL_EPROTO, "message of %s is too big", x->server);
	if (st)
		hang_up(x);
	return st;
}
