/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/resolve.h"

#include "base/clock.h"
#include "net/hostport.h"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

/* ares_send() is marked as old from c-ares 1.28 on.  Its successors are absent from 1.18, and they
 * read the message for us, which we do better ourselves. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

enum {
	TIMEOUT_MS = 1500,
	TRIES = 2,
	UDP_SIZE = 1232, /* fits every path: IPv6's least MTU less headers */
};

/* One question under way.  c-ares calls back from inside its own functions, where nothing may be
 * started or destroyed: the callbacks only note what happened, and look() acts on it. */
struct channel {
	struct question *q;
	ares_channel ares;
	struct source source;
	struct list sockets;
	int64_t due_ms;
	bool over;
};

struct socket {
	struct list link; /* in its channel */
	struct watch watch;
	struct channel *channel;
};

bool server_parse(const char *text, char ret[SERVER_LEN])
{
	struct in6_addr address; /* room for both families */
	char plain[INET6_ADDRSTRLEN];
	struct hostport h;

	if (!hostport_parse(text, 53, &h))
		return false;
	bool v6 = strchr(h.host, ':') != NULL;
	if (h.is_bracket && !v6)
		return false;
	int family = v6 ? AF_INET6 : AF_INET;
	if (inet_pton(family, h.host, &address) != 1)
		return false;
	if (!inet_ntop(family, &address, plain, sizeof(plain)))
		return false;
	snprintf(ret, SERVER_LEN, v6 ? "[%s]:%u" : "%s:%u", plain, h.port);
	return true;
}

static void seen(struct watch *w)
{
	(void)w; /* revents stay where they are until look() */
}

static struct socket *find_socket(struct channel *c, int fd)
{
	list_each(at, &c->sockets) {
		struct socket *s = container_of(at, struct socket, link);
		if (s->watch.fd == fd)
			return s;
	}
	return NULL;
}

static void drop_socket(struct socket *s)
{
	watch_stop(&s->watch);
	list_drop(&s->link);
	free(s);
}

/* c-ares opened a socket, closed it (nothing wanted), or wants other events of it. */
static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct channel *c = arg;
	struct socket *s = find_socket(c, fd);

	if (!readable && !writable) {
		if (s)
			drop_socket(s);
		return;
	}
	if (!s) {
		s = mem_new(sizeof(*s));
		s->channel = c;
		s->watch.fd = fd;
		s->watch.seen = seen;
		list_add(&c->sockets, &s->link);
		watch_start(c->q->task->loop, &s->watch);
	}
	s->watch.events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
}

/* What c-ares says of a question without a message.  All else is silence: asking again helps. */
static const struct {
	int status;
	enum answer_kind kind;
} kinds[] = {
	{ ARES_SUCCESS, ANSWER_REPLY },
	{ ARES_ECONNREFUSED, ANSWER_UNREACHABLE }, /* also: no route, no such family here */
	{ ARES_EBADRESP, ANSWER_BAD },
	{ ARES_EFORMERR, ANSWER_BAD },
	{ ARES_EBADFAMILY, ANSWER_UNREACHABLE },
	{ ARES_EBADSTR, ANSWER_UNREACHABLE },
};

static enum answer_kind kind_of(int status)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (kinds[i].status == status)
			return kinds[i].kind;
	return ANSWER_SILENT;
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *msg, int len)
{
	struct channel *c = arg;
	struct question *q = c->q;

	(void)timeouts;
	c->over = true;
	if (q->kind)
		return; /* canceled: the channel is being destroyed */
	q->kind = kind_of(status);
	if (q->kind != ANSWER_REPLY || len <= 0)
		return;
	q->reply = mem_copy(msg, (size_t)len);
	q->reply_len = (size_t)len;
}

/* When c-ares next wants to repeat or give up; kept, so that waiting costs nothing. */
static void set_due(struct channel *c)
{
	struct timeval tv, *left = ares_timeout(c->ares, NULL, &tv);

	c->due_ms = INT64_MAX;
	if (left) /* rounded up: rounding down would spin */
		c->due_ms = clock_ms() + left->tv_sec * 1000 + (left->tv_usec + 999) / 1000;
}

static int64_t due_ms(struct source *source)
{
	struct channel *c = container_of(source, struct channel, source);

	return c->over ? 0 : c->due_ms;
}

static bool is_busy(struct source *source)
{
	(void)source;
	return true; /* it is gone as soon as its question is over */
}

static void close_channel(struct channel *c)
{
	source_stop(&c->source);
	if (c->ares)
		ares_destroy(c->ares);
	ares_library_cleanup();
	while (!list_empty(&c->sockets)) /* none; but never leave a watch behind */
		drop_socket(container_of(c->sockets.next, struct socket, link));
	free(c);
}

static void finish(struct question *q)
{
	struct task *t = q->task;

	q->took_ms = (unsigned)(clock_ms() - q->began_ms);
	close_channel(q->channel);
	q->channel = NULL;
	q->task = NULL;
	task_done(t);
}

/* Hand c-ares one socket that is ready; false when none is.  It may close any of them. */
static bool serve_socket(struct channel *c)
{
	list_each(at, &c->sockets) {
		struct socket *s = container_of(at, struct socket, link);
		short events = s->watch.revents;
		int fd = s->watch.fd;
		if (!events)
			continue;
		s->watch.revents = 0;
		ares_process_fd(c->ares, events & POLLIN ? fd : ARES_SOCKET_BAD,
				events & POLLOUT ? fd : ARES_SOCKET_BAD);
		return true;
	}
	return false;
}

static void look(struct source *source)
{
	struct channel *c = container_of(source, struct channel, source);
	bool served = false;

	while (!c->over && serve_socket(c))
		served = true;
	/* In a test's own time due_ms does not come nearer, c-ares' own clock does. */
	if (!c->over && (clock_is_own() || clock_ms() >= c->due_ms)) {
		ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
		served = true;
	}
	if (c->over)
		finish(c->q);
	else if (served)
		set_due(c);
}

static bool open_channel(struct channel *c, const char *server)
{
	struct question *q = c->q;
	char lookups[] = "b", resolv_conf[] = "/dev/null";
	struct ares_options o = {
		/* NOCHECKRESP: SERVFAIL and REFUSED are answers, not silence. */
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS | ARES_FLAG_NORECURSE |
			 ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | (q->tcp ? ARES_FLAG_USEVC : 0),
		.timeout = (int)(q->timeout_ms ? q->timeout_ms : TIMEOUT_MS),
		.tries = (int)(q->tries ? q->tries : TRIES),
		.lookups = lookups,
		.ednspsz = UDP_SIZE,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = c,
		.resolvconf_path = resolv_conf,
	};
	int set = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
		  ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;

#ifdef ARES_OPT_QUERY_CACHE
	set |= ARES_OPT_QUERY_CACHE; /* with o.qcache_max_ttl 0: off */
#endif
	return !ares_init_options(&c->ares, &o, set) &&
	       !ares_set_servers_ports_csv(c->ares, server);
}

void question_start(struct question *q, struct task *t)
{
	struct channel *c = mem_new(sizeof(*c));
	char server[SERVER_LEN];

	question_free(q);
	q->kind = ANSWER_NONE;
	q->took_ms = 0;
	q->task = t;
	q->channel = c;
	q->began_ms = clock_ms();
	c->q = q;
	list_init(&c->sockets);
	c->source = (struct source){ .due_ms = due_ms, .look = look, .is_busy = is_busy };
	task_expect(t);
	source_start(t->loop, &c->source);
	ares_library_init(ARES_LIB_INIT_ALL);
	if (server_parse(q->server, server) && open_channel(c, server)) {
		ares_send(c->ares, q->query, (int)q->query_len, on_answer, c);
		set_due(c);
		return;
	}
	q->kind = ANSWER_UNREACHABLE;
	c->over = true;
}

void question_cancel(struct question *q)
{
	if (!q->channel)
		return;
	free(q->reply); /* it may just have come */
	q->reply = NULL;
	q->reply_len = 0;
	q->kind = ANSWER_CANCELED;
	finish(q);
}

void question_free(struct question *q)
{
	if (!q)
		return;
	free(q->reply);
	q->reply = NULL;
	q->reply_len = 0;
}
