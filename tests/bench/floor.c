/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * floor - the leanest ACME client there can be, to know what the servers themselves cost.
 *
 *   floor DIRECTORY TRUST SERVER PORT ZONE KEY-NAME authz|order RUNS NAME...
 *
 * The TSIG secret (hmac-sha256, base64) is in $FLOOR_SECRET.  Before the clock starts: directory,
 * account, keys and CSRs, one kept-alive connection to the CA and one to the name server.  Then
 * RUNS orders, each with one signed UPDATE that adds all records and one that removes them, no look
 * at the name servers, no files.  A % in a name becomes the number of the run, so that no
 * authorization is there already.  Authorizations are polled, or only the order.  Prints a line
 * a run: "wall_ms cpu_ms peak_kib 0 requests".  Anything unexpected ends it. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define NAMES_MAX 100
#define P256 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)
enum { FIRST_LOOK_MS = 3, NEXT_LOOK_MS = 2, LOOKS_MAX = 5000 };

static struct {
	CURL *curl;
	char nonce[256], location[512];
	char *body;
	size_t body_len;
	unsigned requests;
} http;

static struct {
	gnutls_privkey_t key;
	char jwk[300], thumb[64], kid[512];
	char new_order[512], new_account[512];
	char csr[16384];
} acme;

static struct {
	int fd;
	const char *zone, *key_name;
	gnutls_datum_t secret;
} dns;

static void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("floor: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputs("\n", stderr);
	va_end(ap);
	exit(1);
}

static void must(int rc, const char *what)
{
	if (rc < 0)
		die("%s: %s", what, gnutls_strerror(rc));
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

/* ---- JOSE ---- */

static char *b64(const void *data, size_t len, char *ret)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789-_";
	const uint8_t *at = data;
	char *out = ret;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)at[i] << 16;

		v |= i + 1 < len ? (uint32_t)at[i + 1] << 8 : 0;
		v |= i + 2 < len ? at[i + 2] : 0;
		for (int k = 0; k < 4 && i + (size_t)k < len + 1; k++)
			*out++ = digits[v >> (18 - 6 * k) & 63];
	}
	*out = '\0';
	return ret;
}

static void to32(const gnutls_datum_t *d, uint8_t ret[32])
{
	size_t skip = d->size > 32 ? d->size - 32 : 0, n = d->size - skip;

	memset(ret, 0, 32);
	memcpy(ret + 32 - n, d->data + skip, n);
}

static void make_account_key(void)
{
	gnutls_datum_t x, y;
	uint8_t raw[32], hash[32];
	char bx[64], by[64];

	must(gnutls_privkey_init(&acme.key), "key");
	must(gnutls_privkey_generate(acme.key, GNUTLS_PK_ECDSA, P256, 0), "key");
	must(gnutls_privkey_export_ecc_raw(acme.key, NULL, &x, &y, NULL), "key");
	to32(&x, raw);
	b64(raw, 32, bx);
	to32(&y, raw);
	b64(raw, 32, by);
	gnutls_free(x.data);
	gnutls_free(y.data);
	snprintf(acme.jwk, sizeof(acme.jwk),
		 "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", bx, by);
	must(gnutls_hash_fast(GNUTLS_DIG_SHA256, acme.jwk, strlen(acme.jwk), hash), "hash");
	b64(hash, 32, acme.thumb);
}

static char *sign_body(const char *url, const char *payload)
{
	static char head[1400], head64[2000], payload64[24000], input[26100], body[27000];
	gnutls_datum_t der, r, s;
	uint8_t raw[64];
	char sig64[100];

	snprintf(head, sizeof(head), "{\"alg\":\"ES256\",%s%s%s,\"nonce\":\"%s\",\"url\":\"%s\"}",
		 acme.kid[0] ? "\"kid\":\"" : "\"jwk\":", acme.kid[0] ? acme.kid : acme.jwk,
		 acme.kid[0] ? "\"" : "", http.nonce, url);
	snprintf(input, sizeof(input), "%s.%s", b64(head, strlen(head), head64),
		 b64(payload, strlen(payload), payload64));
	gnutls_datum_t text = { (unsigned char *)input, (unsigned)strlen(input) };
	must(gnutls_privkey_sign_data(acme.key, GNUTLS_DIG_SHA256, 0, &text, &der), "sign");
	must(gnutls_decode_rs_value(&der, &r, &s), "signature");
	to32(&r, raw);
	to32(&s, raw + 32);
	gnutls_free(der.data);
	gnutls_free(r.data);
	gnutls_free(s.data);
	snprintf(body, sizeof(body),
		 "{\"protected\":\"%s\",\"payload\":\"%s\",\"signature\":\"%s\"}", head64,
		 payload64, b64(raw, 64, sig64));
	return body;
}

/* The CSR with a key of its own, base64url. */
static void make_csr(char **names, int n)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crq_t crq;
	gnutls_datum_t der;

	must(gnutls_x509_privkey_init(&key), "key");
	must(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, P256, 0), "key");
	must(gnutls_x509_crq_init(&crq), "CSR");
	for (int i = 0; i < n; i++)
		must(gnutls_x509_crq_set_subject_alt_name(
			     crq, GNUTLS_SAN_DNSNAME, names[i], (unsigned)strlen(names[i]),
			     i ? GNUTLS_FSAN_APPEND : GNUTLS_FSAN_SET), "CSR");
	must(gnutls_x509_crq_set_key(crq, key), "CSR");
	must(gnutls_x509_crq_sign2(crq, key, GNUTLS_DIG_SHA256, 0), "CSR");
	must(gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_DER, &der), "CSR");
	if (der.size * 4 / 3 + 4 > sizeof(acme.csr))
		die("too many names");
	b64(der.data, der.size, acme.csr);
	gnutls_free(der.data);
	gnutls_x509_crq_deinit(crq);
	gnutls_x509_privkey_deinit(key);
}

/* ---- HTTP ---- */

static size_t take_body(char *data, size_t one, size_t n, void *arg)
{
	(void)one;
	(void)arg;
	http.body = realloc(http.body, http.body_len + n + 1);
	if (!http.body)
		die("no memory");
	memcpy(http.body + http.body_len, data, n);
	http.body[http.body_len += n] = '\0';
	return n;
}

static void keep_header(const char *line, size_t n, const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);

	if (n < len || strncasecmp(line, name, len))
		return;
	while (len < n && line[len] == ' ')
		len++;
	while (n > len && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	snprintf(ret, size, "%.*s", (int)(n - len), line + len);
}

static size_t take_header(char *line, size_t one, size_t n, void *arg)
{
	(void)one;
	(void)arg;
	keep_header(line, n, "replay-nonce:", http.nonce, sizeof(http.nonce));
	keep_header(line, n, "location:", http.location, sizeof(http.location));
	return n;
}

/* The reply's JSON, or NULL when it is none.  The caller's. */
static struct json_object *request(const char *url, const char *body)
{
	long status = 0;

	http.body_len = 0;
	curl_easy_setopt(http.curl, CURLOPT_URL, url);
	curl_easy_setopt(http.curl, body ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
	if (body)
		curl_easy_setopt(http.curl, CURLOPT_POSTFIELDS, body);
	CURLcode rc = curl_easy_perform(http.curl);
	if (rc)
		die("%s: %s", url, curl_easy_strerror(rc));
	curl_easy_getinfo(http.curl, CURLINFO_RESPONSE_CODE, &status);
	http.requests++;
	if (status >= 300)
		die("%s: HTTP %ld: %s", url, status, http.body_len ? http.body : "");
	return http.body_len ? json_tokener_parse(http.body) : NULL;
}

static struct json_object *post(const char *url, const char *payload)
{
	return request(url, sign_body(url, payload));
}

static const char *text(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(o, name, &v))
		die("no %s in %s", name, http.body);
	return json_object_get_string(v);
}

static void open_http(const char *directory, const char *trust)
{
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/jose+json");
	char new_nonce[512];

	curl_global_init(CURL_GLOBAL_DEFAULT);
	http.curl = curl_easy_init();
	curl_easy_setopt(http.curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(http.curl, CURLOPT_CAINFO, trust);
	curl_easy_setopt(http.curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(http.curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(http.curl, CURLOPT_USERAGENT, "floor");
	curl_easy_setopt(http.curl, CURLOPT_TIMEOUT, 60L);
	struct json_object *d = request(directory, NULL);
	snprintf(acme.new_order, sizeof(acme.new_order), "%s", text(d, "newOrder"));
	snprintf(acme.new_account, sizeof(acme.new_account), "%s", text(d, "newAccount"));
	snprintf(new_nonce, sizeof(new_nonce), "%s", text(d, "newNonce"));
	json_object_put(d);
	request(new_nonce, NULL);
	json_object_put(post(acme.new_account, "{\"termsOfServiceAgreed\":true}"));
	snprintf(acme.kid, sizeof(acme.kid), "%s", http.location);
}

/* ---- DNS UPDATE with TSIG (RFC 2136, RFC 8945) ---- */

struct msg {
	uint8_t at[65535];
	size_t len;
};

static void put(struct msg *m, const void *data, size_t len)
{
	if (m->len + len > sizeof(m->at))
		die("DNS message too long");
	memcpy(m->at + m->len, data, len);
	m->len += len;
}

static void put_int(struct msg *m, uint64_t value, int octets)
{
	while (octets-- > 0)
		put(m, &(uint8_t){ (uint8_t)(value >> 8 * octets) }, 1);
}

static void put_name(struct msg *m, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		put_int(m, len, 1);
		put(m, name, len);
		name += len + (name[len] == '.');
	}
	put_int(m, 0, 1);
}

static void put_tsig(struct msg *m)
{
	static struct msg text;
	uint8_t mac[32];
	uint64_t now = (uint64_t)time(NULL);

	text.len = 0;
	put(&text, m->at, m->len);
	put_name(&text, dns.key_name);
	put_int(&text, 255, 2);
	put_int(&text, 0, 4);
	put_name(&text, "hmac-sha256");
	put_int(&text, now, 6);
	put_int(&text, 300ull << 32, 6);
	must(gnutls_hmac_fast(GNUTLS_MAC_SHA256, dns.secret.data, dns.secret.size, text.at,
			      text.len, mac), "HMAC");
	put_name(m, dns.key_name);
	put_int(m, 250ull << 16 | 255, 4);
	put_int(m, 0, 4);
	put_int(m, 13 + 10 + 32 + 6, 2);
	put_name(m, "hmac-sha256");
	put_int(m, now, 6);
	put_int(m, 300ull << 16 | 32, 4);
	put(m, mac, sizeof(mac));
	put(m, m->at, 2);
	put_int(m, 0, 4);
	m->at[11] = 1;
}

static void read_all(uint8_t *at, size_t len)
{
	while (len > 0) {
		ssize_t n = read(dns.fd, at, len);

		if (n <= 0)
			die("name server: connection lost");
		at += n;
		len -= (size_t)n;
	}
}

/* All values in one message: class IN adds, NONE removes. */
static void update(unsigned rclass, char owners[][300], char values[][64], int n)
{
	static struct msg m;
	uint8_t size[2], reply[65535];

	m.len = 0;
	put_int(&m, 0, 2); /* TCP length, later */
	put_int(&m, (uint64_t)(unsigned)rand() << 16 | 0x2800, 4);
	put_int(&m, 1ull << 48 | (uint64_t)n << 16, 8);
	put_name(&m, dns.zone);
	put_int(&m, 6ull << 16 | 1, 4);
	for (int i = 0; i < n; i++) {
		put_name(&m, owners[i]);
		put_int(&m, 16ull << 16 | rclass, 4);
		put_int(&m, rclass == 1 ? 60 : 0, 4);
		put_int(&m, strlen(values[i]) + 1, 2);
		put_int(&m, strlen(values[i]), 1);
		put(&m, values[i], strlen(values[i]));
	}
	memmove(m.at, m.at + 2, m.len -= 2); /* sign without the length */
	put_tsig(&m);
	size[0] = (uint8_t)(m.len >> 8);
	size[1] = (uint8_t)m.len;
	memmove(m.at + 2, m.at, m.len);
	memcpy(m.at, size, 2);
	if (write(dns.fd, m.at, m.len + 2) != (ssize_t)m.len + 2)
		die("name server: cannot write");
	read_all(size, 2);
	read_all(reply, (size_t)size[0] << 8 | size[1]);
	if (reply[3] & 15)
		die("UPDATE: rcode %d", reply[3] & 15);
}

static void open_dns(const char *server, const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	gnutls_datum_t secret = { (unsigned char *)getenv("FLOOR_SECRET"), 0 };

	if (!secret.data)
		die("FLOOR_SECRET is not set");
	secret.size = (unsigned)strlen((char *)secret.data);
	must(gnutls_base64_decode2(&secret, &dns.secret), "FLOOR_SECRET");
	a.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	inet_pton(AF_INET, server, &a.sin_addr);
	dns.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(dns.fd, (struct sockaddr *)&a, sizeof(a)))
		die("no connection to %s port %s", server, port);
}

/* ---- an order ---- */

struct order {
	char url[512], finalize[512];
	int n;
	char authz[NAMES_MAX][512], challenge[NAMES_MAX][512];
	char owner[NAMES_MAX][300], value[NAMES_MAX][64];
};

static void begin_order(struct order *o, char **names, int n)
{
	static char payload[NAMES_MAX * 300];
	size_t at = (size_t)snprintf(payload, sizeof(payload), "{\"identifiers\":[");

	for (int i = 0; i < n; i++)
		at += (size_t)snprintf(payload + at, sizeof(payload) - at,
				       "%s{\"type\":\"dns\",\"value\":\"%s\"}", i ? "," : "",
				       names[i]);
	snprintf(payload + at, sizeof(payload) - at, "]}");
	struct json_object *j = post(acme.new_order, payload), *list = NULL;
	snprintf(o->url, sizeof(o->url), "%s", http.location);
	snprintf(o->finalize, sizeof(o->finalize), "%s", text(j, "finalize"));
	json_object_object_get_ex(j, "authorizations", &list);
	o->n = (int)json_object_array_length(list);
	if (o->n > NAMES_MAX)
		die("%d authorizations", o->n);
	for (int i = 0; i < o->n; i++)
		snprintf(o->authz[i], sizeof(o->authz[i]), "%s",
			 json_object_get_string(json_object_array_get_idx(list, (size_t)i)));
	json_object_put(j);
}

static void read_authz(struct order *o, int i)
{
	struct json_object *j = post(o->authz[i], ""), *id = NULL, *list = NULL;
	char auth[300];
	uint8_t hash[32];

	json_object_object_get_ex(j, "identifier", &id);
	json_object_object_get_ex(j, "challenges", &list);
	snprintf(o->owner[i], sizeof(o->owner[i]), "_acme-challenge.%s", text(id, "value"));
	o->challenge[i][0] = '\0';
	for (size_t k = 0; k < json_object_array_length(list); k++) {
		struct json_object *c = json_object_array_get_idx(list, k);

		if (strcmp(text(c, "type"), "dns-01"))
			continue;
		snprintf(o->challenge[i], sizeof(o->challenge[i]), "%s", text(c, "url"));
		snprintf(auth, sizeof(auth), "%s.%s", text(c, "token"), acme.thumb);
		gnutls_hash_fast(GNUTLS_DIG_SHA256, auth, strlen(auth), hash);
		b64(hash, 32, o->value[i]);
	}
	if (!o->challenge[i][0])
		die("no dns-01 challenge: %s", http.body);
	json_object_put(j);
}

/* Ask until it has one of the two statuses.  The last answer is the caller's. */
static struct json_object *wait_for(const char *url, const char *status, const char *other)
{
	for (int looks = 0; looks < LOOKS_MAX; looks++) {
		pause_ms(looks ? NEXT_LOOK_MS : FIRST_LOOK_MS);
		struct json_object *j = post(url, "");
		const char *is = text(j, "status");

		if (!strcmp(is, status) || !strcmp(is, other))
			return j;
		if (!strcmp(is, "invalid"))
			die("%s: %s", url, http.body);
		json_object_put(j);
	}
	die("%s: not %s in time", url, status);
}

static void run(char **names, int n, bool by_authz)
{
	static struct order o;
	static char payload[sizeof(acme.csr) + 20], certificate[512];

	begin_order(&o, names, n);
	for (int i = 0; i < o.n; i++)
		read_authz(&o, i);
	update(1, o.owner, o.value, o.n);
	for (int i = 0; i < o.n; i++)
		json_object_put(post(o.challenge[i], "{}"));
	for (int i = 0; i < o.n && by_authz; i++)
		json_object_put(wait_for(o.authz[i], "valid", "valid"));
	if (!by_authz)
		json_object_put(wait_for(o.url, "ready", "valid"));
	update(254, o.owner, o.value, o.n);
	snprintf(payload, sizeof(payload), "{\"csr\":\"%s\"}", acme.csr);
	json_object_put(post(o.finalize, payload));
	struct json_object *j = wait_for(o.url, "valid", "valid");
	snprintf(certificate, sizeof(certificate), "%s", text(j, "certificate"));
	json_object_put(j);
	json_object_put(post(certificate, ""));
	if (!strstr(http.body, "BEGIN CERTIFICATE"))
		die("no certificate");
}

/* "n%.example.test" of this run.  Freed with the process. */
static char *name_of_run(const char *name, int run)
{
	const char *at = strchr(name, '%');
	char *ret = malloc(300);

	if (!ret)
		die("no memory");
	if (at)
		snprintf(ret, 300, "%.*s%d%s", (int)(at - name), name, run, at + 1);
	else
		snprintf(ret, 300, "%s", name);
	return ret;
}

static double cpu_ms(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e3 +
	       (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
	if (argc < 10 || argc - 9 > NAMES_MAX)
		die("usage: DIRECTORY TRUST SERVER PORT ZONE KEY authz|order RUNS NAME...");
	dns.zone = argv[5];
	dns.key_name = argv[6];
	open_dns(argv[3], argv[4]);
	make_account_key();
	open_http(argv[1], argv[2]);
	for (int runs = (int)strtol(argv[8], NULL, 10); runs > 0; runs--) {
		struct rusage before, after;
		unsigned requests = http.requests;
		char *names[NAMES_MAX];

		for (int i = 9; i < argc; i++)
			names[i - 9] = name_of_run(argv[i], runs);
		make_csr(names, argc - 9);
		double began = now_ms();
		getrusage(RUSAGE_SELF, &before);
		run(names, argc - 9, !strcmp(argv[7], "authz"));
		getrusage(RUSAGE_SELF, &after);
		printf("%.1f %.1f %ld 0 %u\n", now_ms() - began, cpu_ms(&after) - cpu_ms(&before),
		       after.ru_maxrss, http.requests - requests);
	}
	return 0;
}
