/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/peer_talk.h"

#include "base/clock.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define READ_MAX 32768 /* octets that a peer may say before TLS */
#define LINE_MAX_LEN 2048

/* -- octets --------------------------------------------------------------------------------- */

enum seal_status talk_wait(struct talk *t, short events, const char *doing)
{
	struct pollfd p = { .fd = t->fd, .events = events };
	int64_t left = t->until_ms - clock_ms();

	while (left > 0) {
		int rc = poll(&p, 1, (int)left);
		if (rc > 0)
			return SEAL_OK;
		if (rc < 0 && errno != EINTR)
			return story_fail(t->story, SEAL_EAGAIN, "%s: %s", doing, strerror(errno));
		left = t->until_ms - clock_ms();
	}
	return story_fail(t->story, SEAL_EAGAIN, "%s: no answer in time", doing);
}

static enum seal_status put(struct talk *t, const void *data, size_t len, const char *doing)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(t->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return story_fail(t->story, SEAL_EAGAIN, "%s: %s", doing, strerror(errno));
		if (n < 0 && talk_wait(t, POLLOUT, doing))
			return t->story->st;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return SEAL_OK;
}

/* Exactly n octets, and none more: what follows "go ahead" belongs to TLS. */
static enum seal_status get(struct talk *t, void *ret, size_t len, const char *doing)
{
	char *at = ret;

	if (t->n_read + len > READ_MAX)
		return story_fail(t->story, SEAL_EAGAIN, "%s: it talks without an end", doing);
	t->n_read += len;
	while (len) {
		ssize_t n = recv(t->fd, at, len, 0);
		if (!n)
			return story_fail(t->story, SEAL_EAGAIN, "%s: it closed the connection",
					  doing);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return story_fail(t->story, SEAL_EAGAIN, "%s: %s", doing, strerror(errno));
		if (n < 0 && talk_wait(t, POLLIN, doing))
			return t->story->st;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return SEAL_OK;
}

/* A line without its end; what is longer than the array is dropped. */
static enum seal_status get_line(struct talk *t, char ret[LINE_MAX_LEN], const char *doing)
{
	size_t n = 0;

	for (char c = '\0'; c != '\n';) {
		if (get(t, &c, 1, doing))
			return t->story->st;
		if (c != '\n' && n + 1 < LINE_MAX_LEN)
			ret[n++] = c;
	}
	if (n && ret[n - 1] == '\r')
		n--;
	ret[n] = '\0';
	return SEAL_OK;
}

/* -- protocols of lines --------------------------------------------------------------------- */

/* What is sent, and how the line begins that lets us go on.  Lines that begin with one of `more`
 * are followed by others; "250-..." is by whatever there is up to "250 ..." (RFC 959 4.2). */
struct turn {
	const char *send, *want, *more;
};
#define TURNS 4
static const struct turn turns[PEER_KINDS][TURNS] = {
	[PEER_SMTP] = { { "", "220", NULL }, /* RFC 3207 */
			{ "EHLO localhost", "250", NULL },
			{ "STARTTLS", "220", NULL } },
	[PEER_LMTP] = { { "", "220", NULL }, /* RFC 2033 */
			{ "LHLO localhost", "250", NULL },
			{ "STARTTLS", "220", NULL } },
	[PEER_IMAP] = { { "", "* OK", NULL }, { "a STARTTLS", "a OK", "*" } }, /* RFC 9051 6.2.1 */
	[PEER_POP3] = { { "", "+OK", NULL }, { "STLS", "+OK", NULL } },	       /* RFC 2595 4 */
	[PEER_SIEVE] = { { "", "OK", "\"" }, { "STARTTLS", "OK", NULL } },     /* RFC 5804 2.2 */
	[PEER_FTP] = { { "", "220", NULL }, { "AUTH TLS", "234", NULL } },     /* RFC 4217 4 */
	[PEER_NNTP] = { { "", "20", NULL }, { "STARTTLS", "382", NULL } },     /* RFC 4642 2.2 */
};

/* code: of the reply that these lines are of; "": of one line so far. */
static bool is_followed(const struct turn *x, const char *line, char code[4])
{
	if (x->more && *line && strchr(x->more, *line))
		return true;
	if (*code) /* the last one may have no text (RFC 5321 4.2) */
		return strncmp(line, code, 3) || (line[3] && line[3] != ' ');
	if (!isdigit((unsigned char)line[0]) || strnlen(line, 4) < 4 || line[3] != '-')
		return false;
	memcpy(code, line, 3);
	return true;
}

static enum seal_status take_turn(struct talk *t, const struct turn *x)
{
	char line[LINE_MAX_LEN], doing[80], code[4] = "";

	str_put(doing, "%s", *x->send ? x->send : "waiting for its greeting");
	if (*x->send) {
		scoped(free_p) char *text = str_printf("%s\r\n", x->send);
		if (put(t, text, strlen(text), doing))
			return t->story->st;
	}
	do
		if (get_line(t, line, doing))
			return t->story->st;
	while (is_followed(x, line, code));
	if (!strncasecmp(line, x->want, strlen(x->want)))
		return SEAL_OK;
	return story_fail(t->story, SEAL_EAGAIN, "%s: it answered '%.200s'", doing, clean(line));
}

/* -- the others ----------------------------------------------------------------------------- */

/* SSLRequest; 'S' is yes (PostgreSQL's protocol 3.0, "SSL Session Encryption"). */
static enum seal_status ask_postgres(struct talk *t)
{
	static const uint8_t request[] = { 0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f };
	static const char doing[] = "SSLRequest";
	char yes;

	if (put(t, request, sizeof(request), doing) || get(t, &yes, 1, doing))
		return t->story->st;
	return yes == 'S' ? SEAL_OK
			  : story_fail(t->story, SEAL_EAGAIN, "%s: it does not offer TLS", doing);
}

/* The server's greeting: version 10, text, NUL, 4 of thread, 8 of salt, NUL, low half of its
 * capabilities.  The answer asks for TLS before anybody logs in (MySQL's "SSLRequest" packet). */
static enum seal_status ask_mysql(struct talk *t)
{
	enum { CAN_TLS = 0x0800 };
	static const uint8_t request[36] = { 32, 0, 0, 1, 0, 0x8a, 0, 0, 0, 0, 0, 1, 33 };
	static const char doing[] = "SSLRequest";
	uint8_t head[4], hello[1024];

	if (get(t, head, sizeof(head), "waiting for its greeting"))
		return t->story->st;
	size_t len = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
	if (len < 32 || len > sizeof(hello))
		return story_fail(t->story, SEAL_EAGAIN, "its greeting is not MySQL's");
	if (get(t, hello, len, "waiting for its greeting"))
		return t->story->st;
	const uint8_t *end = memchr(hello + 1, 0, len - 1);
	size_t at = end ? (size_t)(end - hello) + 1 + 4 + 8 + 1 : len;
	if (hello[0] != 10 || at + 2 > len)
		return story_fail(t->story, SEAL_EAGAIN, "its greeting is not MySQL's");
	if (!((hello[at] | hello[at + 1] << 8) & CAN_TLS))
		return story_fail(t->story, SEAL_EAGAIN, "%s: it does not offer TLS", doing);
	return put(t, request, sizeof(request), doing);
}

/* ExtendedRequest 1.3.6.1.4.1.1466.20037 as message 1, and the resultCode of its answer (RFC 4511
 * 4.14). */
static enum seal_status ask_ldap(struct talk *t)
{
	static const uint8_t request[] = "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
					 "1.3.6.1.4.1.1466.20037";
	static const uint8_t success[] = { 0x0a, 0x01, 0x00 };
	static const char doing[] = "StartTLS";
	uint8_t head[2], rest[256];
	size_t len;

	if (put(t, request, sizeof(request) - 1, doing) || get(t, head, sizeof(head), doing))
		return t->story->st;
	len = head[1];
	if (len == 0x84) { /* Active Directory's way to write lengths: 4 octets */
		uint8_t wide[4];
		if (get(t, wide, sizeof(wide), doing))
			return t->story->st;
		len = wide[0] || wide[1] || wide[2] ? sizeof(rest) + 1 : wide[3];
	}
	if (head[0] != 0x30 || len > 255)
		return story_fail(t->story, SEAL_EAGAIN, "%s: its answer is not LDAP's", doing);
	if (get(t, rest, len, doing))
		return t->story->st;
	return memmem(rest, len, success, sizeof(success))
		       ? SEAL_OK
		       : story_fail(t->story, SEAL_EAGAIN, "%s: it refused", doing);
}

/* Up to and with this text. */
static enum seal_status get_until(struct talk *t, const char *text, const char *doing)
{
	scoped(buf_free) struct buf seen = { .max = READ_MAX };
	size_t n = strlen(text);

	for (char c; seen.len < n || memcmp(seen.data + seen.len - n, text, n);) {
		if (get(t, &c, 1, doing))
			return t->story->st;
		buf_char(&seen, c);
	}
	return SEAL_OK;
}

/* RFC 6120 5.4.  The server says <proceed .../> or <failure .../>. */
static enum seal_status ask_xmpp(struct talk *t)
{
	static const char ask[] = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
	scoped(free_p) char *open = str_printf(
		"<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
		t->domain);
	char word[4];

	if (strpbrk(t->domain, "'<>&"))
		return story_fail(t->story, SEAL_EAGAIN, "%s is no name of an XMPP server",
				  clean(t->domain));
	if (put(t, open, strlen(open), "opening the stream") ||
	    get_until(t, "</stream:features>", "waiting for its features") ||
	    put(t, ask, strlen(ask), "starttls") || get_until(t, "<", "starttls") ||
	    get(t, word, sizeof(word), "starttls"))
		return t->story->st;
	if (memcmp(word, "proc", sizeof(word)))
		return story_fail(t->story, SEAL_EAGAIN, "starttls: it refused");
	return get_until(t, ">", "starttls");
}

enum seal_status talk_starttls(struct talk *t, enum peer_starttls how)
{
	static enum seal_status (*const own[PEER_KINDS])(struct talk *) = {
		[PEER_POSTGRES] = ask_postgres,
		[PEER_MYSQL] = ask_mysql,
		[PEER_LDAP] = ask_ldap,
		[PEER_XMPP] = ask_xmpp,
	};
	enum seal_status st = own[how] ? own[how](t) : SEAL_OK;

	for (size_t i = 0; !st && i < TURNS && turns[how][i].want; i++)
		st = take_turn(t, &turns[how][i]);
	return st;
}
