/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/peer.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/peer_talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT_S 10
#define CERTS_MAX 10
#define CERT_MAX (64u << 10)

static const struct {
	const char *name;
	enum peer_starttls how;
	unsigned port;
} services[] = { /* the first of each kind is its name */
	{ "tls", PEER_TLS, 443 },	{ "https", PEER_TLS, 443 },
	{ "smtps", PEER_TLS, 465 },	{ "submissions", PEER_TLS, 465 },
	{ "imaps", PEER_TLS, 993 },	{ "pop3s", PEER_TLS, 995 },
	{ "ldaps", PEER_TLS, 636 },	{ "ftps", PEER_TLS, 990 },
	{ "nntps", PEER_TLS, 563 },	{ "smtp", PEER_SMTP, 25 },
	{ "submission", PEER_SMTP, 587 }, { "lmtp", PEER_LMTP, 24 },
	{ "imap", PEER_IMAP, 143 },	{ "pop3", PEER_POP3, 110 },
	{ "sieve", PEER_SIEVE, 4190 },	{ "ftp", PEER_FTP, 21 },
	{ "nntp", PEER_NNTP, 119 },	{ "postgres", PEER_POSTGRES, 5432 },
	{ "mysql", PEER_MYSQL, 3306 },	{ "ldap", PEER_LDAP, 389 },
	{ "xmpp", PEER_XMPP, 5222 },
};

const char *peer_starttls_name(enum peer_starttls how)
{
	size_t i = 0;

	while (i + 1 < COUNT(services) && services[i].how != how)
		i++;
	return services[i].name;
}

bool peer_starttls_read(const char *word, enum peer_starttls *ret, unsigned *ret_port)
{
	for (size_t i = 0; i < COUNT(services); i++)
		if (!strcmp(services[i].name, word)) {
			*ret = services[i].how;
			*ret_port = services[i].port;
			return true;
		}
	return false;
}

bool peer_address_read(const char *text, struct peer_address *ret)
{
	const char *rest = strstr(text, "://");
	scoped(free_p) char *word = rest ? str_part(text, (size_t)(rest - text)) : str_copy("tls");
	unsigned port;

	return peer_starttls_read(word, &ret->how, &port) &&
	       hostport_parse(rest ? rest + 3 : text, port, &ret->at);
}

/* -- TCP ------------------------------------------------------------------------------------ */

static bool is_address(const char *host)
{
	uint8_t octets[16];

	return inet_pton(AF_INET, host, octets) == 1 || inet_pton(AF_INET6, host, octets) == 1;
}

static void addresses_p(struct addrinfo **a)
{
	if (*a)
		freeaddrinfo(*a);
}

static enum seal_status find_addresses(struct peer_look *l, struct addrinfo **ret)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	const char *host = l->ip ? l->ip : l->host;
	char port[8];

	str_put(port, "%u", l->port);
	if (l->ip || is_address(host))
		want.ai_flags |= AI_NUMERICHOST;
	int rc = getaddrinfo(host, port, &want, ret);
	if (!rc)
		return SEAL_OK;
	*ret = NULL;
	return fail(l, SEAL_EAGAIN, "%s has no address: %s", clean(host), gai_strerror(rc));
}

/* One address; the time it gets is t->until_ms. */
static enum seal_status connect_one(struct talk *t, const struct addrinfo *a)
{
	int err = 0;
	socklen_t len = sizeof(err);

	t->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return story_fail(t->story, SEAL_EAGAIN, "no socket: %s", strerror(errno));
	if (!connect(t->fd, a->ai_addr, a->ai_addrlen))
		return SEAL_OK;
	if (errno != EINPROGRESS)
		err = errno;
	else if (talk_wait(t, POLLOUT, "connecting"))
		return t->story->st;
	else if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	return err ? story_fail(t->story, SEAL_EAGAIN, "connecting: %s", strerror(err)) : SEAL_OK;
}

/* The addresses in turn; one that is silent leaves time for the others. */
static enum seal_status connect_any(struct peer_look *l, struct talk *t,
				    const struct addrinfo *list)
{
	const int64_t until = t->until_ms;
	enum seal_status st = SEAL_EAGAIN;
	int64_t n = 0;

	for (const struct addrinfo *a = list; a; a = a->ai_next)
		n++;
	for (const struct addrinfo *a = list; a && st; a = a->ai_next, n--) {
		if (getnameinfo(a->ai_addr, a->ai_addrlen, l->address, sizeof(l->address), NULL, 0,
				NI_NUMERICHOST))
			*l->address = '\0';
		fd_p(&t->fd);
		t->fd = -1;
		story_clear(t->story);
		t->until_ms = clock_ms() + (until - clock_ms()) / n;
		st = connect_one(t, a);
	}
	t->until_ms = until;
	return st;
}

/* -- TLS ------------------------------------------------------------------------------------ */

static void session_p(gnutls_session_t *s)
{
	if (*s)
		gnutls_deinit(*s);
}

static void credentials_p(gnutls_certificate_credentials_t *c)
{
	if (*c)
		gnutls_certificate_free_credentials(*c);
}

/* A pair's certificate is chosen by what the client can verify: TLS 1.3 by signatures, before by
 * the key exchange too. */
static const char *const priorities[] = {
	[PEER_KEY_ANY] = "NORMAL:%COMPAT",
	[PEER_KEY_RSA] = "NORMAL:%COMPAT:-KX-ALL:+ECDHE-RSA:+DHE-RSA:+RSA:-SIGN-ALL:"
			 "+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384:"
			 "+SIGN-RSA-PSS-RSAE-SHA512:"
			 "+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+SIGN-RSA-SHA512",
	[PEER_KEY_ECDSA] = "NORMAL:%COMPAT:-KX-ALL:+ECDHE-ECDSA:-SIGN-ALL:"
			   "+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+SIGN-ECDSA-SHA512:"
			   "+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384",
};

static enum seal_status no_tls(struct talk *t, int rc)
{
	return story_fail(t->story, SEAL_EAGAIN, "TLS handshake: %s", gnutls_strerror(rc));
}

static enum seal_status shake(struct talk *t, gnutls_session_t tls)
{
	for (int rc = gnutls_handshake(tls); rc; rc = gnutls_handshake(tls)) {
		if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
			return story_fail(t->story, SEAL_EAGAIN, "TLS handshake: it said '%s'",
					  gnutls_alert_get_name(gnutls_alert_get(tls)));
		if (gnutls_error_is_fatal(rc))
			return no_tls(t, rc);
		short events = gnutls_record_get_direction(tls) ? POLLOUT : POLLIN;
		if (rc == GNUTLS_E_AGAIN && talk_wait(t, events, "TLS handshake"))
			return t->story->st;
		if (clock_ms() >= t->until_ms) /* a flood of what is not fatal */
			return story_fail(t->story, SEAL_EAGAIN, "TLS handshake: no end in time");
	}
	return SEAL_OK;
}

static enum seal_status keep_chain(struct peer_look *l, gnutls_session_t tls)
{
	unsigned n = 0;
	const gnutls_datum_t *at = gnutls_certificate_get_peers(tls, &n);

	if (!at || !n)
		return fail(l, SEAL_EAGAIN, "it showed no certificate");
	for (unsigned i = 0; i < n && i < CERTS_MAX; i++) {
		if (at[i].size > CERT_MAX)
			return fail(l, SEAL_EAGAIN, "certificate %u has %u octets", i + 1,
				    at[i].size);
		buf_u32(&l->chain, at[i].size);
		buf_add(&l->chain, at[i].data, at[i].size);
	}
	const char *version = gnutls_protocol_get_name(gnutls_protocol_get_version(tls));
	str_put(l->version, "%s", version ? version : "");
	return SEAL_OK;
}

/* Whom to ask for; NULL: an address, which has no SNI (RFC 6066 3). */
static const char *server_name(const struct peer_look *l)
{
	const char *name = l->sni ? l->sni : l->host;

	return is_address(name) ? NULL : name;
}

static enum seal_status start_tls(struct peer_look *l, struct talk *t)
{
	scoped(credentials_p) gnutls_certificate_credentials_t cred = NULL;
	scoped(session_p) gnutls_session_t tls = NULL;
	const char *name = server_name(l);
	int rc = gnutls_certificate_allocate_credentials(&cred);

	if (!rc)
		rc = gnutls_init(&tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);
	if (!rc)
		rc = gnutls_priority_set_direct(tls, priorities[l->key], NULL);
	if (!rc)
		rc = gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, cred);
	if (!rc && name)
		rc = gnutls_server_name_set(tls, GNUTLS_NAME_DNS, name, strlen(name));
	if (rc)
		return no_tls(t, rc);
	gnutls_transport_set_int(tls, t->fd);
	if (shake(t, tls) || keep_chain(l, tls))
		return l->story.st;
	(void)gnutls_bye(tls, GNUTLS_SHUT_WR); /* it needs no answer */
	return SEAL_OK;
}

/* -- outside -------------------------------------------------------------------------------- */

static void look(struct job *job)
{
	struct peer_look *l = container_of(job, struct peer_look, job);
	scoped(addresses_p) struct addrinfo *list = NULL;
	scoped(fd_p) int fd = -1;
	struct talk t = { .fd = -1, .story = &l->story };

	if (find_addresses(l, &list))
		return;
	t.until_ms = clock_ms() + 1000 * (int64_t)(l->limit_s ? l->limit_s : LIMIT_S);
	t.domain = l->sni ? l->sni : l->host;
	enum seal_status st = connect_any(l, &t, list);
	fd = t.fd;
	if (!st)
		st = talk_starttls(&t, l->how);
	if (!st)
		st = start_tls(l, &t);
	if (st)
		story_prefix(&l->story, "%.200s port %u (%s): ", clean(l->ip ? l->ip : l->host),
			     l->port, peer_starttls_name(l->how));
}

void peer_look_start(struct pool *p, struct peer_look *l, struct task *task)
{
	l->job.work = look;
	job_start(p, &l->job, task);
}

void peer_look_free(struct peer_look *l)
{
	if (!l)
		return;
	buf_free(&l->chain);
	story_clear(&l->story);
	*l->address = *l->version = '\0';
}
