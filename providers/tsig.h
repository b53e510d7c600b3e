/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * tsig.h - talk to a DNS server in signed messages (TSIG, RFC 8945): the lower half of rfc2136.c.
 *
 * struct octets builds a message; ask() signs and sends it and has the reply's signature verified;
 * receive() reads the next message of a stream.  Without a key all goes unsigned. */
#ifndef TSIG_H
#define TSIG_H

#include <dnseal/provider.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

enum { RR_TSIG = 250, DNS_ANY = 255, ADDITIONAL = 10 /* offset of its count */ };
enum { NOERROR = 0, BADTIME = 18 };
enum {
	FUDGE_S = 300,     /* RFC 8945 10 */
	UDP_MAX = 1232,    /* octets that reach everybody unfragmented */
	UNSIGNED_MAX = 99, /* messages of a stream between two signed ones (RFC 8945 5.3.1) */
};

struct span {
	const uint8_t *at;
	size_t len;
};

struct octets { /* growing */
	struct seal_op *op;
	uint8_t *at;
	size_t len, cap;
};

static void put(struct octets *o, struct span s)
{
	if (o->len + s.len > o->cap) {
		const uint8_t *old = o->at;

		o->cap = 2 * (o->len + s.len) + 512;
		o->at = o->op->host->alloc(o->op, o->cap);
		if (old)
			memcpy(o->at, old, o->len);
	}
	if (s.len)
		memcpy(o->at + o->len, s.at, s.len);
	o->len += s.len;
}

static void put_number(struct octets *o, uint64_t value, unsigned octets)
{
	while (octets-- > 0)
		put(o, (struct span){ &(uint8_t){ (uint8_t)(value >> 8 * octets) }, 1 });
}

static uint64_t number(const uint8_t *at, unsigned octets)
{
	uint64_t value = 0;

	while (octets-- > 0)
		value = value << 8 | *at++;
	return value;
}

static void set16(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static struct span name_wire(struct seal_op *op, const char *name)
{
	struct span s = { 0 };

	s.at = name ? op->host->name_pack(op, name, &s.len) : NULL;
	return s;
}

static bool same_name(struct span a, struct span b)
{
	return a.at && a.len == b.len &&
	       !strncasecmp((const char *)a.at, (const char *)b.at, a.len);
}

/* ---- the key ---- */

static const struct algorithm {
	const char *name; /* on the wire */
	enum seal_hash hash;
	const char *plain; /* letters and digits of what people write */
} algorithms[] = {
	{ "hmac-sha256", SEAL_SHA256, "sha256" }, /* first: the default */
	{ "hmac-sha512", SEAL_SHA512, "sha512" },
	{ "hmac-sha384", SEAL_SHA384, "sha384" },
	{ "hmac-sha224", SEAL_SHA224, "sha224" },
	{ "hmac-sha1", SEAL_SHA1, "sha1" },
	{ "hmac-md5.sig-alg.reg.int", SEAL_MD5, "md5" },
	{ "hmac-md5.sig-alg.reg.int", SEAL_MD5, "md5sigalgregint" },
};

struct key {
	const char *name, *alg_text, *secret_text;
	const struct algorithm *alg; /* NULL: requests go out unsigned */
	struct span owner, alg_wire, secret;
};

/* "hmac-sha256", "HMAC-SHA256.", "HMACSHA256", "hmac_sha256": all the same. */
static const struct algorithm *find_algorithm(const char *text)
{
	char plain[32] = "";
	size_t n = 0;

	for (; *text && n + 1 < sizeof(plain); text++)
		if (isalnum((unsigned char)*text))
			plain[n++] = (char)tolower((unsigned char)*text);
	const char *bare = strncmp(plain, "hmac", 4) ? plain : plain + 4;
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (!*text && !strcmp(bare, algorithms[i].plain))
			return &algorithms[i];
	return NULL;
}

/* SECRET, [ALG:]NAME:SECRET, or key "NAME" { algorithm ALG; secret "SECRET"; }; in either order.
 * What k has already goes before what is in here. */
static void split_key(struct seal_op *op, const char *at, struct key *k)
{
	const char *between = " \t\r\n\"{};:", *word[6] = { NULL };
	size_t n = 0;

	for (at += strspn(at, between); *at && n < 6; at += strspn(at, between)) {
		size_t len = strcspn(at, between);

		word[n++] = seal_printf(op, "%.*s", (int)len, at);
		at += len;
	}
	bool turned = n == 6 && !strcmp(word[2], "secret");
	if (!k->name)
		k->name = n == 6 ? word[1] : n > 1 ? word[n - 2] : NULL;
	if (!k->alg_text)
		k->alg_text = n == 6 ? word[turned ? 5 : 3] : n == 3 ? word[0] : NULL;
	k->secret_text = n == 6 ? word[turned ? 3 : 5] : n ? word[n - 1] : NULL;
}

/* k->name and k->alg_text as configured or NULL; `text` is the option key. */
static enum seal_status read_key(struct seal_op *op, const char *text, struct key *k)
{
	split_key(op, text ? text : "", k);
	if (!k->name && !k->secret_text)
		return SEAL_OK;
	if (!k->name || !k->secret_text)
		return seal_fail(op, SEAL_EAUTH, "a TSIG key is key_name and key; %s is missing",
				 k->name ? "key" : "key_name");
	k->alg = k->alg_text ? find_algorithm(k->alg_text) : algorithms;
	if (!k->alg)
		return seal_fail(op, SEAL_EAUTH, "key_alg %.40s: not a TSIG algorithm",
				 k->alg_text);
	k->alg_wire = name_wire(op, k->alg->name);
	k->owner = name_wire(op, k->name);
	if (!k->owner.at)
		return seal_fail(op, SEAL_EAUTH, "key_name %.80s: not a domain name", k->name);
	k->secret.at = op->host->unbase64(op, k->secret_text, &k->secret.len);
	if (!k->secret.at || !k->secret.len)
		return seal_fail(op, SEAL_EAUTH, "the secret of key %.80s is not base64", k->name);
	return SEAL_OK;
}

/* ---- one exchange with the server, signed both ways ---- */

struct talk {
	struct seal_op *op;
	const char *server;
	struct key key;
	bool udp;
	int64_t skew_s;     /* server's clock less ours, once it told */
	struct octets text; /* what the next MAC is computed over */
	struct seal_dns x;
	const struct seal_message *reply;
	unsigned n_replies, n_unsigned;
	unsigned error; /* of the reply: its RCODE, or the TSIG error behind a NOTAUTH */
	bool trusted;   /* the reply was signed, or we sent no signature */
};

struct stamp { /* RDATA of a TSIG record (RFC 8945 4.2) */
	struct span alg, mac, other;
	uint64_t time, fudge, id, error;
};

static bool read_stamp(const struct seal_rr *rr, struct stamp *s)
{
	const uint8_t *at = rr->rdata, *end = rr->rdata + rr->rdata_len;

	while (at < end && *at && *at < 64)
		at += 1 + *at;
	if (end - at < 11 || *at)
		return false;
	s->alg = (struct span){ rr->rdata, (size_t)(++at - rr->rdata) };
	s->time = number(at, 6);
	s->fudge = number(at + 6, 2);
	s->mac = (struct span){ at + 10, number(at + 8, 2) };
	if ((size_t)(end - s->mac.at) < s->mac.len + 6)
		return false;
	at = s->mac.at + s->mac.len;
	s->id = number(at, 2);
	s->error = number(at + 2, 2);
	s->other = (struct span){ at + 6, number(at + 4, 2) };
	return (size_t)(end - s->other.at) == s->other.len;
}

/* RFC 8945 4.3.3; later messages of a stream have the timers only (5.3.1). */
static void put_variables(struct talk *t, const struct stamp *s)
{
	struct octets *o = &t->text;

	if (!t->n_replies) {
		put(o, t->key.owner);
		put_number(o, (uint64_t)DNS_ANY << 32, 6); /* and a TTL of 0 */
		put(o, t->key.alg_wire);
	}
	put_number(o, s->time, 6);
	put_number(o, s->fudge, 2);
	if (!t->n_replies) {
		put_number(o, s->error, 2);
		put_number(o, s->other.len, 2);
		put(o, s->other);
	}
}

/* The MAC over t->text.  The next message is signed over this MAC and itself. */
static struct span compute(struct talk *t, uint8_t ret[SEAL_HASH_MAX])
{
	struct span key = t->key.secret, mac = { .at = ret };

	mac.len = t->op->host->hmac(t->key.alg->hash, key.at, key.len, t->text.at, t->text.len,
				    ret);

	t->text.len = 0;
	put_number(&t->text, mac.len, 2);
	put(&t->text, mac);
	t->n_unsigned = 0;
	return mac;
}

static uint64_t server_time(const struct talk *t)
{
	return (uint64_t)(t->op->host->wall(t->op) + t->skew_s);
}

static enum seal_status sign(struct talk *t, struct octets *m)
{
	struct stamp s = { .time = server_time(t), .fudge = FUDGE_S };
	uint8_t room[SEAL_HASH_MAX];

	t->n_replies = 0;
	if (!t->key.alg)
		return SEAL_OK;
	t->text.len = 0;
	put(&t->text, (struct span){ m->at, m->len });
	put_variables(t, &s);
	s.mac = compute(t, room);
	if (!s.mac.len)
		return seal_fail(t->op, SEAL_EAUTH, "this machine refuses %s", t->key.alg->name);
	put(m, t->key.owner);
	put_number(m, RR_TSIG, 2);
	put_number(m, (uint64_t)DNS_ANY << 32, 6);
	put_number(m, t->key.alg_wire.len + 10 + s.mac.len + 6, 2);
	put(m, t->key.alg_wire);
	put_number(m, s.time, 6);
	put_number(m, s.fudge, 2);
	put_number(m, s.mac.len, 2);
	put(m, s.mac);
	put_number(m, number(m->at, 2) << 32, 6); /* original id, no error, no other data */
	set16(m->at + ADDITIONAL, number(m->at + ADDITIONAL, 2) + 1);
	return SEAL_OK;
}

/* What is wrong with a reply's signature; NULL: it holds.  Never shorter than the whole MAC. */
static const char *distrust(struct talk *t, const struct seal_rr *rr, const struct stamp *s)
{
	uint8_t room[SEAL_HASH_MAX], differ = 0;
	size_t start = t->text.len;

	if (!same_name(name_wire(t->op, rr->owner), t->key.owner) ||
	    !same_name(s->alg, t->key.alg_wire))
		return "it is signed with another key";
	put(&t->text, (struct span){ t->x.reply, rr->offset });
	set16(t->text.at + start, s->id);
	set16(t->text.at + start + ADDITIONAL, number(t->x.reply + ADDITIONAL, 2) - 1);
	put_variables(t, s);
	struct span mac = compute(t, room);
	for (size_t i = 0; i < mac.len && mac.len == s->mac.len; i++)
		differ |= mac.at[i] ^ s->mac.at[i]; /* takes as long whatever they are */
	if (!mac.len || mac.len != s->mac.len || differ)
		return "its signature is wrong";
	int64_t apart = (int64_t)(server_time(t) - s->time);
	return (uint64_t)(apart < 0 ? -apart : apart) <= s->fudge ? NULL : "its signature is old";
}

static enum seal_status verify(struct talk *t)
{
	const struct seal_message *r = t->reply;
	const struct seal_rr *last = r->n_rr ? &r->rr[r->n_rr - 1] : NULL;
	struct stamp s = { 0 };
	const char *wrong = NULL;

	t->error = r->rcode;
	t->trusted = !t->key.alg;
	if (t->trusted)
		return SEAL_OK;
	if (last && last->type == RR_TSIG && last->section == 3 && !read_stamp(last, &s))
		wrong = "its signature cannot be read";
	else if (s.mac.len)
		wrong = distrust(t, last, &s);
	else if (t->n_replies && ++t->n_unsigned <= UNSIGNED_MAX)
		put(&t->text, (struct span){ t->x.reply, t->x.reply_len });
	else if (r->rcode == NOERROR)
		wrong = "it is not signed although the request was";
	if (wrong)
		return seal_fail(t->op, SEAL_EPROTO, "%s: the reply cannot be trusted: %s",
				 t->server, wrong);
	t->trusted = s.mac.len > 0;
	if (s.error)
		t->error = (unsigned)s.error;
	if (s.error == BADTIME && t->trusted && s.other.len == 6)
		t->skew_s = (int64_t)number(s.other.at, 6) - t->op->host->wall(t->op);
	return SEAL_OK;
}

/* Send x->query, or without one read on.  A truncated reply makes us do it again over TCP, which
 * changes nothing more. */
static enum seal_status receive(struct talk *t, uint64_t id)
{
	enum seal_status st = t->op->host->dns(t->op, &t->x);

	if (st)
		return st;
	t->reply = t->op->host->dns_read(t->op, t->x.reply, t->x.reply_len);
	if (!t->reply || !t->reply->qr || t->reply->id != id)
		return seal_fail(t->op, SEAL_EPROTO, "%s: the reply is no answer to what was asked",
				 t->server);
	if (!t->reply->tc || !t->x.udp)
		return verify(t);
	t->x.udp = false;
	return receive(t, id);
}

static enum seal_status ask_once(struct talk *t, const struct octets *question)
{
	struct octets m = { .op = t->op };

	put(&m, (struct span){ question->at, question->len });
	enum seal_status st = sign(t, &m);
	t->x = (struct seal_dns){ .server = t->server, .udp = t->udp && m.len <= UDP_MAX,
				  .query = m.at, .query_len = m.len };
	return st ? st : receive(t, number(m.at, 2));
}

/* One request and its first reply, which is in t->reply; what it says is in t->error.  A server
 * that names its own time (BADTIME) is asked once more with that. */
static enum seal_status ask(struct talk *t, const struct octets *question)
{
	enum seal_status st = ask_once(t, question);

	if (st || t->error != BADTIME || !t->skew_s)
		return st;
	seal_log(t->op, LOG_WARNING,
		 "%s: this machine's clock is %lld s %s the server's; signing with that one's time",
		 t->server, (long long)(t->skew_s < 0 ? -t->skew_s : t->skew_s),
		 t->skew_s < 0 ? "ahead of" : "behind");
	return ask_once(t, question);
}

#endif
