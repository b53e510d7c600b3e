/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * responder.h - a DNS server of a test in one thread: UDP and TCP on one port of the loopback.
 *
 * answer() is called for each query and writes what goes back (at most RESPONDER_MAX octets) to
 * `out`; 0 is silence.  It may send more itself with responder_send(). */
#ifndef TESTS_RESPONDER_H
#define TESTS_RESPONDER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RESPONDER_MAX 65535

struct responder {
	size_t (*answer)(struct responder *, const uint8_t *query, size_t len, uint8_t *out);
	int family; /* AF_INET when 0 */
	int udp, tcp, conn, stop[2];
	unsigned port;
	bool by_tcp; /* the query under way */
	struct sockaddr_storage peer;
	socklen_t peer_len;
	atomic_uint queries, accepts;
	pthread_t thread;
	uint8_t in[RESPONDER_MAX], out[RESPONDER_MAX];
};

__attribute__((unused)) static void responder_send(struct responder *r, const void *msg, size_t len)
{
	uint8_t prefix[2] = { (uint8_t)(len >> 8), (uint8_t)len };

	if (!r->by_tcp)
		sendto(r->udp, msg, len, 0, (struct sockaddr *)&r->peer, r->peer_len);
	else if (send(r->conn, prefix, 2, MSG_NOSIGNAL | MSG_MORE) == 2)
		send(r->conn, msg, len, MSG_NOSIGNAL);
}

/* The query back as a reply: QR set, flags and rcode as given. */
__attribute__((unused)) static size_t responder_echo(const uint8_t *query, size_t len,
						     unsigned flags, uint8_t *out)
{
	memcpy(out, query, len);
	out[2] = (uint8_t)(0x80 | flags >> 8);
	out[3] = (uint8_t)flags;
	return len;
}

static void responder_serve(struct responder *r, size_t len)
{
	atomic_fetch_add(&r->queries, 1);
	size_t n = r->answer(r, r->in, len, r->out);
	if (n)
		responder_send(r, r->out, n);
}

static void responder_hear_tcp(struct responder *r)
{
	uint8_t prefix[2];

	if (recv(r->conn, prefix, 2, MSG_WAITALL) == 2) {
		size_t len = (size_t)prefix[0] << 8 | prefix[1];
		r->by_tcp = true;
		if (recv(r->conn, r->in, len, MSG_WAITALL) == (ssize_t)len) {
			responder_serve(r, len);
			return;
		}
	}
	close(r->conn);
	r->conn = -1;
}

static void *responder_run(void *arg)
{
	struct responder *r = arg;

	for (;;) {
		struct pollfd p[] = { { .fd = r->stop[0], .events = POLLIN },
				      { .fd = r->udp, .events = POLLIN },
				      { .fd = r->tcp, .events = POLLIN },
				      { .fd = r->conn, .events = POLLIN } };
		poll(p, 4, -1);
		if (p[0].revents)
			return NULL;
		if (p[1].revents) {
			r->by_tcp = false;
			r->peer_len = sizeof(r->peer);
			ssize_t n = recvfrom(r->udp, r->in, sizeof(r->in), 0,
					     (struct sockaddr *)&r->peer, &r->peer_len);
			if (n > 0)
				responder_serve(r, (size_t)n);
		}
		if (p[3].revents)
			responder_hear_tcp(r);
		if (p[2].revents) {
			if (r->conn >= 0)
				close(r->conn);
			r->conn = accept(r->tcp, NULL, NULL);
			atomic_fetch_add(&r->accepts, 1);
		}
	}
}

static bool responder_bind(struct responder *r)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in a4 = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *a = r->family == AF_INET6 ? (void *)&a6 : (void *)&a4;
	socklen_t len = r->family == AF_INET6 ? sizeof(a6) : sizeof(a4);

	r->tcp = socket(r->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	r->udp = socket(r->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (r->tcp < 0 || r->udp < 0 || bind(r->tcp, a, len) || getsockname(r->tcp, a, &len) ||
	    bind(r->udp, a, len) || listen(r->tcp, 8))
		return false;
	r->port = ntohs(r->family == AF_INET6 ? a6.sin6_port : a4.sin_port);
	return true;
}

/* False: this machine has no such family. */
__attribute__((unused)) static bool responder_start(struct responder *r)
{
	r->family = r->family ? r->family : AF_INET;
	r->conn = -1;
	for (int i = 0; i < 20; i++) { /* another program may hold the UDP port of that number */
		if (responder_bind(r))
			return !pipe(r->stop) &&
			       !pthread_create(&r->thread, NULL, responder_run, r);
		close(r->tcp);
		close(r->udp);
	}
	return false;
}

__attribute__((unused)) static void responder_stop(struct responder *r)
{
	if (write(r->stop[1], "", 1) != 1)
		abort();
	pthread_join(r->thread, NULL);
	int fds[] = { r->stop[0], r->stop[1], r->udp, r->tcp, r->conn };
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

#endif
