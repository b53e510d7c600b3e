/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * peer.c - what a port serves: the words of each protocol, both certificates of a pair, and peers that
 * do not mean well. */
#include "config.h"

#include "base/clock.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "https.h"
#include "net/peer.h"
#include "tap.h"

/* A peer in a thread: says and hears what its script has in turn, then begins TLS, or does not. */
struct step {
	enum { END, DO_SAY, DO_HEAR } what;
	const char *text;
	size_t len;
};
#define SAY(s) { DO_SAY, (s), sizeof(s) - 1 }
#define HEAR(s) { DO_HEAR, (s), sizeof(s) - 1 }
enum mood { MOOD_TLS, MOOD_HANG_UP, MOOD_SILENT, MOOD_ENDLESS };
struct peer {
	const struct step *script;
	enum mood mood;
	int fd;
	unsigned port;
	pthread_t thread;
	bool heard; /* everything that the script has */
};
static gnutls_certificate_credentials_t cred;

static bool hear(int fd, const struct step *s)
{
	char c;

	for (size_t i = 0; i < s->len; i++)
		if (recv(fd, &c, 1, 0) != 1 || c != s->text[i])
			return false;
	return true;
}

static bool say(int fd, const char *text, size_t len)
{
	return send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void serve_tls(int fd)
{
	gnutls_session_t tls;

	https_must(gnutls_init(&tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL), "session");
	https_must(gnutls_set_default_priority(tls), "priority");
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, cred);
	gnutls_transport_set_int(tls, fd);
	if (!gnutls_handshake(tls))
		(void)gnutls_record_recv(tls, (char[16]){ 0 }, 16);
	gnutls_deinit(tls);
}

static void *serve(void *arg)
{
	struct peer *p = arg;
	int fd = accept(p->fd, NULL, NULL);
	char c;

	p->heard = true;
	for (const struct step *s = p->script; p->heard && s->what; s++)
		p->heard = s->what == DO_SAY ? say(fd, s->text, s->len) : hear(fd, s);
	while (p->mood == MOOD_ENDLESS && say(fd, "220-more\r\n", 10))
		;
	while (p->mood == MOOD_SILENT && recv(fd, &c, 1, 0) == 1)
		;
	if (p->mood == MOOD_TLS && p->heard)
		serve_tls(fd);
	close(fd);
	return NULL;
}

static void peer_start(struct peer *p)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	https_must(bind(p->fd, (struct sockaddr *)&a, len), "bind");
	https_must(listen(p->fd, 1), "listen");
	getsockname(p->fd, (struct sockaddr *)&a, &len);
	p->port = ntohs(a.sin_port);
	pthread_create(&p->thread, NULL, serve, p);
}

/* -- certificates of the peers -------------------------------------------------------------- */

static void add_pair(gnutls_pk_algorithm_t pk, unsigned bits, unsigned char serial)
{
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;

	gnutls_x509_crt_init(&crt);
	gnutls_x509_privkey_init(&key);
	https_must(gnutls_x509_privkey_generate(key, pk, bits, 0), "key");
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_key(crt, key);
	gnutls_x509_crt_set_serial(crt, &serial, 1);
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
	gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, "peer.test", 9,
					     GNUTLS_FSAN_SET);
	https_must(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), "sign");
	https_must(gnutls_certificate_set_x509_key(cred, &crt, 1, key), "credentials");
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

/* -- the side that is tested ---------------------------------------------------------------- */

static struct loop *loop;
static struct pool *pool;
static bool is_over;

static void over(struct task *t)
{
	(void)t;
	is_over = true;
}

static void look(struct peer_look *l)
{
	struct task task = { 0 };

	is_over = false;
	task_init(&task, loop, over);
	peer_look_start(pool, l, &task);
	loop_run(loop, &is_over);
	task_stop(&task);
}

static void look_at(struct peer *p, struct peer_look *l)
{
	l->host = "127.0.0.1";
	l->sni = "peer.test";
	l->limit_s = 1;
	peer_start(p);
	l->port = p->port;
	look(l);
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
}

/* The serial of what was served, "" when there was nothing; in ret. */
static const char *serial_of(const struct peer_look *l, char ret[32])
{
	struct chain chain = { 0 };
	struct story story = { 0 };

	*ret = '\0';
	if (!chain_read_der(l->chain.data, l->chain.len, &chain, &story))
		snprintf(ret, 32, "%s", chain.at[0].serial);
	chain_free(&chain);
	return ret;
}

/* -- tests ---------------------------------------------------------------------------------- */

static void every_protocol(void)
{
	static const struct {
		enum peer_starttls how;
		struct step script[6];
	} rows[] = {
		{ PEER_TLS, { { 0 } } },
		{ PEER_SMTP,
		  { SAY("220-mx\r\n220 mx ESMTP\r\n"), HEAR("EHLO localhost\r\n"),
		    SAY("250-mx\r\n250-SIZE\r\n250 STARTTLS\r\n"), HEAR("STARTTLS\r\n"),
		    SAY("220 go\r\n") } },
		{ PEER_LMTP,
		  { SAY("220 mx LMTP\r\n"), HEAR("LHLO localhost\r\n"), SAY("250 mx\r\n"),
		    HEAR("STARTTLS\r\n"), SAY("220 go\r\n") } },
		{ PEER_IMAP,
		  { SAY("* OK [CAPABILITY IMAP4rev1] hi\r\n"), HEAR("a STARTTLS\r\n"),
		    SAY("* CAPABILITY X\r\na OK begin\r\n") } },
		{ PEER_POP3, { SAY("+OK hi\r\n"), HEAR("STLS\r\n"), SAY("+OK begin\r\n") } },
		{ PEER_SIEVE,
		  { SAY("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n"),
		    HEAR("STARTTLS\r\n"), SAY("OK \"begin\"\r\n") } },
		{ PEER_FTP,
		  { SAY("220-hi\r\nwe are\r\n  220 people\r\n221 seats\r\n220 there\r\n"),
		    HEAR("AUTH TLS\r\n"), SAY("234 ok\r\n") } },
		{ PEER_NNTP, { SAY("200 hi\r\n"), HEAR("STARTTLS\r\n"), SAY("382 go\r\n") } },
		{ PEER_POSTGRES, { HEAR("\0\0\0\x08\x04\xd2\x16\x2f"), SAY("S") } },
		{ PEER_MYSQL,
		  { SAY("\x30\0\0\0\x0a" "8.0.1\0" "\1\2\3\4" "12345678\0" "\xff\xff\x21\2\0"
			"\xff\xff\x15" "0000000000" "123456789\0"),
		    HEAR("\x20\0\0\1\0\x8a\0\0\0\0\0\1\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
			 "\0\0\0\0\0") } },
		{ PEER_LDAP,
		  { HEAR("\x30\x1d\2\1\1\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037"),
		    SAY("\x30\x0c\2\1\1\x78\7\x0a\1\0\4\0\4\0") } },
		{ PEER_XMPP,
		  { HEAR("<?xml version='1.0'?><stream:stream to='peer.test' xmlns='jabber:client' "
			 "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"),
		    SAY("<stream:stream><stream:features><starttls/></stream:features>"),
		    HEAR("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
		    SAY("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") } },
	};
	char serial[32];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer p = { .script = rows[i].script };
		struct peer_look l = { .how = rows[i].how };
		look_at(&p, &l);
		ok(!l.story.st && p.heard, "%s: %s", peer_starttls_name(rows[i].how), l.story.text);
		ok(strlen(serial_of(&l, serial)) == 2, "- and its certificate");
		peer_look_free(&l);
	}
	ok(COUNT(rows) == PEER_KINDS, "that is all of them");
}

static void both_certificates_of_a_pair(void)
{
	static const struct step nothing[] = { { 0 } };
	static const char *const serials[] = { [PEER_KEY_RSA] = "02", [PEER_KEY_ECDSA] = "01" };
	char serial[32];

	for (enum peer_key key = PEER_KEY_RSA; key <= PEER_KEY_ECDSA; key++) {
		struct peer p = { .script = nothing };
		struct peer_look l = { .key = key };
		look_at(&p, &l);
		is(serial_of(&l, serial), serials[key],
		   key == PEER_KEY_RSA ? "the RSA one" : "the ECDSA one");
		is(l.version, "TLS1.3", "- by TLS 1.3");
		peer_look_free(&l);
	}
}

static void peers_that_do_not_mean_well(void)
{
	static const struct {
		const char *what, *said;
		enum peer_starttls how;
		enum mood mood;
		struct step script[6];
	} rows[] = {
		{ "silence before the greeting", "waiting for its greeting: no answer in time",
		  PEER_SMTP, MOOD_SILENT, { { 0 } } },
		{ "silence in TLS", "TLS handshake: no answer in time", PEER_TLS, MOOD_SILENT,
		  { { 0 } } },
		{ "a closed door", "closed", PEER_IMAP, MOOD_HANG_UP, { { 0 } } },
		{ "a banner without an end", "it talks without an end", PEER_SMTP, MOOD_ENDLESS,
		  { { 0 } } },
		{ "another protocol", "it answered '* OK hi'", PEER_SMTP, MOOD_SILENT,
		  { SAY("* OK hi\r\n") } },
		{ "no STARTTLS", "STARTTLS: it answered '502 no'", PEER_SMTP, MOOD_SILENT,
		  { SAY("220 mx\r\n"), HEAR("EHLO localhost\r\n"), SAY("250 mx\r\n"),
		    HEAR("STARTTLS\r\n"), SAY("502 no\r\n") } },
		{ "half a STARTTLS", "closed", PEER_SMTP, MOOD_HANG_UP,
		  { SAY("220 mx\r\n"), HEAR("EHLO localhost\r\n"), SAY("250 mx\r\n"),
		    HEAR("STARTTLS\r\n"), SAY("22") } },
		{ "words behind the go", "TLS handshake", PEER_SMTP, MOOD_SILENT,
		  { SAY("220 mx\r\n"), HEAR("EHLO localhost\r\n"), SAY("250 mx\r\n"),
		    HEAR("STARTTLS\r\n"), SAY("220 go\r\n250 you are root\r\n") } },
		{ "what is no TLS", "TLS handshake", PEER_TLS, MOOD_SILENT,
		  { SAY("HTTP/1.0 400 Bad Request\r\n\r\n") } },
		{ "what a terminal would obey", "it answered '500 \\x1B[2J'", PEER_SMTP,
		  MOOD_SILENT, { SAY("500 \033[2J\r\n") } },
		{ "a database without TLS", "it does not offer TLS", PEER_POSTGRES, MOOD_SILENT,
		  { HEAR("\0\0\0\x08\x04\xd2\x16\x2f"), SAY("N") } },
		{ "a greeting that lies about its length", "not MySQL's", PEER_MYSQL, MOOD_SILENT,
		  { SAY("\xff\xff\xff\0\x0a") } },
		{ "a greeting without an end of its version", "not MySQL's", PEER_MYSQL,
		  MOOD_SILENT,
		  { SAY("\x20\0\0\0\x0a" "8888888888888888888888888888888") } },
		{ "an LDAP server that refuses", "StartTLS: it refused", PEER_LDAP, MOOD_SILENT,
		  { HEAR("\x30\x1d\2\1\1\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037"),
		    SAY("\x30\x0c\2\1\1\x78\7\x0a\1\2\4\0\4\0") } },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer p = { .script = rows[i].script, .mood = rows[i].mood };
		struct peer_look l = { .how = rows[i].how };
		int64_t began = clock_ms();
		look_at(&p, &l);
		ok(l.story.st == SEAL_EAGAIN && strstr(l.story.text, rows[i].said), "%s: %s",
		   rows[i].what, l.story.text);
		ok(clock_ms() - began < 3000, "- within its limit");
		peer_look_free(&l);
	}
}

static void nobody_there(void)
{
	struct peer_look l = { .host = "127.0.0.1", .port = 1, .limit_s = 1 };

	look(&l);
	ok(l.story.st == SEAL_EAGAIN && strstr(l.story.text, "127.0.0.1 port 1 (tls): connecting: "),
	   "nobody listens: %s", l.story.text);
	peer_look_free(&l);
	l.host = "nobody.invalid";
	l.ip = "127.0.0.1";
	look(&l);
	ok(strstr(l.story.text, "connecting") != NULL, "an address in place of the name's");
	peer_look_free(&l);
	l.ip = "nowhere";
	look(&l);
	ok(strstr(l.story.text, "has no address") != NULL, "an address that is none: %s",
	   l.story.text);
	peer_look_free(&l);
}

static void addresses_as_written(void)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		enum peer_starttls how;
	} rows[] = {
		{ "example.org", "example.org", 443, PEER_TLS },
		{ "example.org:8443", "example.org", 8443, PEER_TLS },
		{ "smtp://mx.example.org", "mx.example.org", 25, PEER_SMTP },
		{ "imaps://[::1]:1993", "::1", 1993, PEER_TLS },
		{ "postgres://127.0.0.1", "127.0.0.1", 5432, PEER_POSTGRES },
		{ "gopher://x", NULL, 0, 0 },
		{ "x:99999", NULL, 0, 0 },
		{ "", NULL, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer_address a = { 0 };
		bool fine = peer_address_read(rows[i].text, &a);
		ok(fine == (rows[i].host != NULL) &&
			   (!fine || (!strcmp(a.at.host, rows[i].host) && a.at.port == rows[i].port &&
				      a.how == rows[i].how)),
		   "'%s'", rows[i].text);
	}
}

int main(void)
{
	gnutls_certificate_allocate_credentials(&cred);
	add_pair(GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 1);
	add_pair(GNUTLS_PK_RSA, 2048, 2);
	loop = loop_new();
	pool = pool_new(loop, 2);
	every_protocol();
	both_certificates_of_a_pair();
	peers_that_do_not_mean_well();
	nobody_there();
	addresses_as_written();
	pool_free(pool);
	loop_free(loop);
	gnutls_certificate_free_credentials(cred);
	return done();
}
