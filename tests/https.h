/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * https.h - a small HTTPS/1.1 server in threads of the test, with a CA made on the spot.
 *
 * One thread takes connections, each connection has a thread.  serve() is called for each request
 * (head and body as text) and answers with https_send(); false ends the connection. */
#ifndef TESTS_HTTPS_H
#define TESTS_HTTPS_H

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HTTPS_REQUEST_MAX 16384
#define HTTPS_CONNECTIONS_MAX 64

struct https_conn {
	struct https *server;
	gnutls_session_t tls;
	int fd;
	char request[HTTPS_REQUEST_MAX];
};

struct https {
	bool (*serve)(struct https_conn *, const char *request);
	gnutls_certificate_credentials_t cred;
	int fd;
	unsigned port, connections, requests;
	pthread_t thread, threads[HTTPS_CONNECTIONS_MAX];
	struct https_conn *conns[HTTPS_CONNECTIONS_MAX];
	pthread_mutex_t lock;
	char last[HTTPS_REQUEST_MAX]; /* request; read it between calls */
};

struct https_ca {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

__attribute__((unused)) static void https_must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	printf("Bail out! %s: %s\n", what, gnutls_strerror(rc));
	exit(99);
}

static void https_crt(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *cn, time_t from,
		      time_t to)
{
	static unsigned char serial[1];

	serial[0]++;
	https_must(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
						GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
						0),
		   "key");
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_key(crt, key);
	gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, cn,
				      (unsigned)strlen(cn));
	gnutls_x509_crt_set_activation_time(crt, from);
	gnutls_x509_crt_set_expiration_time(crt, to);
}

/* A CA and its certificate in a PEM file. */
__attribute__((unused)) static void https_ca(struct https_ca *ca, const char *cn, const char *path)
{
	gnutls_datum_t pem;
	FILE *f = fopen(path, "w");

	gnutls_x509_crt_init(&ca->crt);
	gnutls_x509_privkey_init(&ca->key);
	https_crt(ca->crt, ca->key, cn, time(NULL) - 30 * 86400, time(NULL) + 86400);
	gnutls_x509_crt_set_basic_constraints(ca->crt, 1, -1);
	gnutls_x509_crt_set_key_usage(ca->crt, GNUTLS_KEY_KEY_CERT_SIGN);
	https_must(gnutls_x509_crt_sign2(ca->crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0), "sign");
	https_must(gnutls_x509_crt_export2(ca->crt, GNUTLS_X509_FMT_PEM, &pem), "pem");
	if (!f || fwrite(pem.data, 1, pem.size, f) != pem.size)
		https_must(-1, path);
	fclose(f);
	gnutls_free(pem.data);
}

__attribute__((unused)) static void https_ca_free(struct https_ca *ca)
{
	gnutls_x509_crt_deinit(ca->crt);
	gnutls_x509_privkey_deinit(ca->key);
}

__attribute__((unused)) static void https_send(struct https_conn *c, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = gnutls_record_send(c->tls, at, len);
		if (n < 0 && n != GNUTLS_E_AGAIN && n != GNUTLS_E_INTERRUPTED)
			return;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

__attribute__((unused)) static void https_say(struct https_conn *c, const char *text)
{
	https_send(c, text, strlen(text));
}

static size_t https_missing(const char *request, size_t len)
{
	const char *end = strstr(request, "\r\n\r\n");
	const char *said = strcasestr(request, "\r\ncontent-length:");
	size_t want;

	if (!end)
		return 1;
	want = (size_t)(end + 4 - request);
	if (said && said < end)
		want += strtoul(said + 17, NULL, 10);
	return want > len ? want - len : 0;
}

static bool https_read(struct https_conn *c)
{
	size_t len = 0;

	c->request[0] = '\0';
	while (https_missing(c->request, len)) {
		ssize_t n =
			gnutls_record_recv(c->tls, c->request + len, sizeof(c->request) - 1 - len);
		if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return false;
		len += (size_t)n;
		c->request[len] = '\0';
	}
	return true;
}

static void *https_talk(void *arg)
{
	struct https_conn *c = arg;
	struct https *s = c->server;
	int rc;

	do
		rc = gnutls_handshake(c->tls);
	while (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED);
	while (rc >= 0 && https_read(c)) {
		pthread_mutex_lock(&s->lock);
		s->requests++;
		memcpy(s->last, c->request, sizeof(s->last));
		pthread_mutex_unlock(&s->lock);
		if (!s->serve(c, c->request))
			break;
	}
	shutdown(c->fd, SHUT_RDWR);
	return NULL;
}

static void *https_listen(void *arg)
{
	struct https *s = arg;
	int fd;

	while (s->connections < HTTPS_CONNECTIONS_MAX && (fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct https_conn *c = calloc(1, sizeof(*c));
		if (!c)
			abort();
		c->server = s;
		c->fd = fd;
		gnutls_init(&c->tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL);
		gnutls_set_default_priority(c->tls);
		gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, s->cred);
		gnutls_transport_set_int(c->tls, fd);
		pthread_mutex_lock(&s->lock);
		unsigned n = s->connections++;
		s->conns[n] = c;
		pthread_mutex_unlock(&s->lock);
		pthread_create(&s->threads[n], NULL, https_talk, c);
	}
	return NULL;
}

/* Valid for 127.0.0.1 and localhost from..to; serve must be set. */
__attribute__((unused)) static void https_start(struct https *s, const struct https_ca *ca,
						const char *dns_name, time_t from, time_t to)
{
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	gnutls_x509_crt_init(&crt);
	gnutls_x509_privkey_init(&key);
	https_crt(crt, key, dns_name, from, to);
	gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, dns_name,
					     (unsigned)strlen(dns_name), GNUTLS_FSAN_APPEND);
	if (!strcmp(dns_name, "localhost"))
		gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, &a.sin_addr, 4,
						     GNUTLS_FSAN_APPEND);
	https_must(gnutls_x509_crt_sign2(crt, ca->crt, ca->key, GNUTLS_DIG_SHA256, 0), "sign");
	gnutls_certificate_allocate_credentials(&s->cred);
	https_must(gnutls_certificate_set_x509_key(s->cred, &crt, 1, key), "credentials");
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	https_must(bind(s->fd, (struct sockaddr *)&a, len), "bind");
	https_must(listen(s->fd, 64), "listen");
	getsockname(s->fd, (struct sockaddr *)&a, &len);
	s->port = ntohs(a.sin_port);
	pthread_mutex_init(&s->lock, NULL);
	pthread_create(&s->thread, NULL, https_listen, s);
}

__attribute__((unused)) static void https_stop(struct https *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (unsigned i = 0; i < s->connections; i++) {
		shutdown(s->conns[i]->fd, SHUT_RDWR);
		pthread_join(s->threads[i], NULL);
		gnutls_deinit(s->conns[i]->tls);
		close(s->conns[i]->fd);
		free(s->conns[i]);
	}
	gnutls_certificate_free_credentials(s->cred);
	pthread_mutex_destroy(&s->lock);
}

/* Requests and connections so far. */
__attribute__((unused)) static unsigned https_requests(struct https *s)
{
	pthread_mutex_lock(&s->lock);
	unsigned n = s->requests;
	pthread_mutex_unlock(&s->lock);
	return n;
}

__attribute__((unused)) static unsigned https_connections(struct https *s)
{
	pthread_mutex_lock(&s->lock);
	unsigned n = s->connections;
	pthread_mutex_unlock(&s->lock);
	return n;
}

#endif
