/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * DNS messages over UDP and TCP as they are, with deadline and cancellation. */
#include "config.h"

#include "net/exchange.h"

#include "base/clock.h"
#include "responder.h"
#include "tap.h"

#include <time.h>

static uint8_t query[] = { 0xab, 0xcd, 0x28, 0,	  0,   1,   0,	 0, 0, 0, 0, 0, 7,
			   'e',	 'x',  'a',  'm', 'p', 'l', 'e', 0, 0, 6, 0, 1 };

static size_t plain(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r;
	return responder_echo(q, len, 0, out);
}

static size_t silence(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r, (void)q, (void)len, (void)out;
	return 0;
}

static size_t huge(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r, (void)len;
	memset(out, 0x55, 65535);
	memcpy(out, q, 2);
	out[2] = 0x80;
	return 65535;
}

static size_t three(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	size_t n = responder_echo(q, len, 0, out);

	for (uint8_t i = 1; i < 3; i++) {
		out[3] = i;
		responder_send(r, out, n);
	}
	out[3] = 3;
	return n;
}

static size_t strangers_first(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	size_t n = responder_echo(q, len, 1, out);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	/* right id, wrong sender; wrong id; too short; a query, no reply */
	if (fd >= 0)
		sendto(fd, out, n, 0, (struct sockaddr *)&r->peer, r->peer_len);
	if (fd >= 0)
		close(fd);
	out[0] ^= 1;
	responder_send(r, out, n);
	responder_send(r, q, 2);
	responder_send(r, q, len);
	return responder_echo(q, len, 0, out);
}

static size_t tiny(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	(void)r, (void)len;
	memcpy(out, q, 4);
	return 4;
}

static size_t cut(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	uint8_t half[] = { 0, 200, 1, 2, 3 };

	(void)q, (void)len, (void)out;
	if (send(r->conn, half, sizeof(half), MSG_NOSIGNAL) > 0)
		shutdown(r->conn, SHUT_RDWR);
	return 0;
}

static size_t drip(struct responder *r, const uint8_t *q, size_t len, uint8_t *out)
{
	uint8_t framed[2 + sizeof(query)] = { 0, sizeof(query) };

	responder_echo(q, len, 0, out);
	memcpy(framed + 2, out, len);
	for (size_t i = 0; i < sizeof(framed); i++) {
		if (send(r->conn, framed + i, 1, MSG_NOSIGNAL) != 1)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	return 0;
}

/* One server, one exchange with it. */
struct talk {
	struct responder r;
	struct exchange x;
	struct buf reply;
	char server[64];
};
static struct talk talk; /* it is big */

static bool open_talk(size_t (*answer)(struct responder *, const uint8_t *, size_t, uint8_t *),
		      int family, int limit_ms)
{
	const char *form = family == AF_INET6 ? "[::1]:%u" : "127.0.0.1:%u";

	talk = (struct talk){ .r = { .answer = answer, .family = family } };
	if (!responder_start(&talk.r))
		return false;
	snprintf(talk.server, sizeof(talk.server), form, talk.r.port);
	exchange_init(&talk.x, clock_ms() + limit_ms, NULL);
	return true;
}

static void close_talk(void)
{
	exchange_close(&talk.x);
	buf_free(&talk.reply);
	responder_stop(&talk.r);
}

static enum seal_status ask(bool udp)
{
	enum seal_status st = exchange_send(&talk.x, talk.server, udp, query, sizeof(query));

	return st ? st : exchange_read(&talk.x, &talk.reply);
}

static bool got(unsigned flags)
{
	const uint8_t *m = (const uint8_t *)talk.reply.data;

	return talk.reply.len == sizeof(query) && m[0] == query[0] && m[1] == query[1] &&
	       ((unsigned)m[2] << 8 | m[3]) == flags;
}

static void fails(enum seal_status st, enum seal_status want, const char *words)
{
	if (!ok(st == want && strstr(talk.x.story.text, words), "%s: %s", status_name(want), words))
		printf("#  got: %s: %s\n", status_name(st), talk.x.story.text);
}

static void messages_go_and_come(int family)
{
	if (!open_talk(plain, family, 5000)) {
		ok(family == AF_INET6, "# SKIP no IPv6 here");
		return;
	}
	ok(!ask(true) && got(0x8000), "UDP");
	ok(!ask(false) && got(0x8000), "TCP");
	ok(!ask(false) && got(0x8000), "TCP again");
	ok(atomic_load(&talk.r.accepts) == 1, "over the same connection");
	if (family == AF_INET6) { /* not every machine's localhost has ::1 */
		close_talk();
		return;
	}
	snprintf(talk.server, sizeof(talk.server), "localhost:%u", talk.r.port);
	ok(!ask(false) && got(0x8000), "a name: %s", talk.x.story.text);
	ok(!ask(true) && got(0x8000), "a name over UDP, whatever address comes first: %s",
	   talk.x.story.text);
	close_talk();
}

static void messages_may_be_big_and_many(void)
{
	if (!ok(open_talk(huge, AF_INET, 5000), "a server"))
		return;
	ok(!ask(false) && talk.reply.len == 65535, "65535 octets");
	close_talk();
	open_talk(drip, AF_INET, 5000);
	ok(!ask(false) && got(0x8000), "one octet at a time");
	close_talk();
	open_talk(three, AF_INET, 5000);
	ok(!ask(false) && got(0x8001), "the first of three messages");
	ok(!exchange_read(&talk.x, &talk.reply) && got(0x8002) &&
		   !exchange_read(&talk.x, &talk.reply) && got(0x8003),
	   "the others");
	ok(!ask(false) && got(0x8001), "the first of the next question");
	for (int i = 0; i < 20; i++) {
		query[0]++;
		if (ask(false) || !got(0x8001))
			break;
	}
	ok(got(0x8001), "what was left of the last is not taken for a reply");
	close_talk();
}

static void only_the_reply_counts(void)
{
	if (!ok(open_talk(strangers_first, AF_INET, 5000), "a server"))
		return;
	ok(!ask(true) && got(0x8000), "wrong sender, wrong id, too short, no reply: passed over");
	close_talk();
	open_talk(tiny, AF_INET, 5000);
	fails(ask(false), SEAL_EPROTO, "sent 4 octets, which are no DNS message");
	ok(talk.x.fd < 0, "after a failure the connection is closed");
	fails(exchange_read(&talk.x, &talk.reply), SEAL_EINVAL, "no DNS message was sent");
	close_talk();
}

static void lost_servers_are_told(void)
{
	if (!ok(open_talk(cut, AF_INET, 5000), "a server"))
		return;
	fails(ask(false), SEAL_EAGAIN, "closed the connection");
	responder_stop(&talk.r);
	fails(ask(false), SEAL_EAGAIN, "cannot connect to 127.0.0.1:");
	fails(ask(false), SEAL_EAGAIN, "Connection refused");
	fails(ask(true), SEAL_EAGAIN, "cannot reach 127.0.0.1:");
	exchange_close(&talk.x);
	static const char *const bad[] = { "", "a:b", "[::1", "host:0", "host:99999", "[]:53" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		snprintf(talk.server, sizeof(talk.server), "%s", bad[i]);
		fails(ask(true), SEAL_EINVAL, "is no server");
	}
	snprintf(talk.server, sizeof(talk.server), "does-not-exist.invalid");
	fails(ask(true), SEAL_EAGAIN, "could not resolve does-not-exist.invalid");
	exchange_close(&talk.x);
	buf_free(&talk.reply);
	ok(exchange_send(&talk.x, "127.0.0.1", true, query, 11) == SEAL_EINVAL,
	   "a stump is refused");
	exchange_close(&talk.x);
}

static int64_t real_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void the_deadline_holds(void)
{
	for (int udp = 0; udp < 2; udp++) {
		if (!ok(open_talk(silence, AF_INET, 250), "a silent server"))
			return;
		int64_t began = real_ms();
		fails(ask(udp), SEAL_EAGAIN, "no reply from 127.0.0.1:");
		int64_t took = real_ms() - began;
		ok(took >= 240 && took < 1000, "after %d ms", (int)took);
		close_talk();
	}
}

static void *cancel_soon(void *arg)
{
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	atomic_store((atomic_bool *)arg, true);
	return NULL;
}

static void a_cancellation_is_seen_soon(void)
{
	static atomic_bool canceled;
	pthread_t thread;

	if (!ok(open_talk(silence, AF_INET, 10000), "a silent server"))
		return;
	talk.x.canceled = &canceled;
	int64_t began = real_ms();
	pthread_create(&thread, NULL, cancel_soon, &canceled);
	fails(ask(false), SEAL_ECANCELED, "canceled");
	int64_t took = real_ms() - began;
	ok(took < 400, "after %d ms", (int)took);
	pthread_join(thread, NULL);
	close_talk();
}

int main(void)
{
	messages_go_and_come(AF_INET);
	messages_go_and_come(AF_INET6);
	messages_may_be_big_and_many();
	only_the_reply_counts();
	lost_servers_are_told();
	the_deadline_holds();
	a_cancellation_is_seen_soon();
	clock_own(1700000000, 1);
	messages_go_and_come(AF_INET);
	the_deadline_holds();
	return done();
}
