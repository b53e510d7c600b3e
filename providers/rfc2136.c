/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * rfc2136 - DNS UPDATE signed with TSIG, as BIND, Knot DNS, PowerDNS and others take it.
 *
 * https://www.rfc-editor.org/rfc/rfc2136 (UPDATE), /rfc8945 (TSIG), /rfc5936 (AXFR) */
#include "config.h"

#include "tsig.h"

struct conf {
	const char *server, *key_name, *key_alg, *key, *transport;
};

static const struct seal_option options[] = {
	{ "server", SEAL_STRING, SEAL_REQUIRED, offsetof(struct conf, server), NULL,
	  "RFC2136_SERVER DNSUPDATE_NAMESERVER RFC2136_NAMESERVER NSUPDATE_SERVER",
	  "primary server of the zones, HOST[:PORT]" },
	{ "key_name", SEAL_STRING, 0, offsetof(struct conf, key_name), NULL,
	  "RFC2136_KEY_NAME DNSUPDATE_TSIG_KEY RFC2136_TSIG_KEY", "name of the TSIG key" },
	{ "key_alg", SEAL_STRING, 0, offsetof(struct conf, key_alg), NULL,
	  "RFC2136_KEY_ALG DNSUPDATE_TSIG_ALGORITHM RFC2136_TSIG_ALGORITHM",
	  "its algorithm: hmac-sha256 (default), -sha512, -sha384, -sha224, -sha1 or -md5" },
	/* DNSUPDATE_TSIG stands here for DNSUPDATE_TSIG_FILE: a file with a whole key. */
	{ "key", SEAL_STRING, SEAL_SECRET, offsetof(struct conf, key), NULL,
	  "RFC2136_KEY DNSUPDATE_TSIG_SECRET RFC2136_TSIG_SECRET DNSUPDATE_TSIG RFC2136_TSIG",
	  "its secret in base64, or what tsig-keygen printed, or [ALG:]NAME:SECRET" },
	{ "transport", SEAL_STRING, 0, offsetof(struct conf, transport), "tcp", NULL,
	  "tcp or udp; what is too big for UDP goes over TCP" },
	SEAL_OPTIONS_END
};

enum { RR_CNAME = 5, RR_SOA = 6, RR_OPT = 41, RR_RRSIG = 46, RR_NSEC = 47,
       RR_NSEC3 = 50, RR_AXFR = 252, RR_ANY = 255 };
enum { DNS_IN = 1, DNS_NONE = 254 };
enum { REFUSED = 5, YXRRSET = 7, NOTAUTH = 9, NOTZONE = 10, BADSIG = 16, BADKEY = 17 };
enum opcode { QUERY = 0, UPDATE = 5 };
enum { PREREQUISITES = 6, UPDATES = 8 }; /* offsets of the counts (RFC 2136 2) */
enum {
	TTL_DEFAULT = 60,
	MESSAGE_MAX = 60000, /* leaves room for the signature below 65535 */
	TRANSFER_MAX = 64 << 20,
};

static enum seal_status open_talk(struct seal_op *op, struct talk *t)
{
	const struct conf *c = op->conf;

	*t = (struct talk){ .op = op, .server = c->server, .text.op = op,
			    .key = { .name = c->key_name, .alg_text = c->key_alg } };
	t->udp = !strcasecmp(c->transport, "udp");
	if (!t->udp && strcasecmp(c->transport, "tcp"))
		return seal_fail(op, SEAL_EINVAL, "transport %.20s: neither tcp nor udp",
				 c->transport);
	return read_key(op, c->key, &t->key);
}

/* ---- what the server's answers mean ---- */

enum task { ASK = 1, CHANGE = 2, TRANSFER = 4, SERVED = 8 /* it has the zone */, ALWAYS = 15 };

static const struct verdict {
	unsigned code;
	enum task task;
	enum seal_status st;
	const char *name, *why;
} verdicts[] = {
	{ 1, ALWAYS, SEAL_EINVAL, "FORMERR", "the server could not read the request" },
	{ 2, ALWAYS, SEAL_EAGAIN, "SERVFAIL",
	  "the server failed; for changes BIND needs a directory it may write its journal to and "
	  "at most max-records-per-type (100) records in a set, a secondary its primary" },
	{ 3, ALWAYS, SEAL_ENOTFOUND, "NXDOMAIN", "there is no such name" },
	{ 4, CHANGE, SEAL_EUNSUPPORTED, "NOTIMP", "the server takes no dynamic updates" },
	{ 4, ALWAYS, SEAL_EUNSUPPORTED, "NOTIMP", "the server does not do this" },
	{ REFUSED, CHANGE, SEAL_EAUTH, "REFUSED",
	  "the server does not allow this change: see allow-update or update-policy (BIND), "
	  "dnsupdate and TSIG-ALLOW-DNSUPDATE (PowerDNS, which also says this of a wrong key)" },
	{ REFUSED, TRANSFER, SEAL_EAUTH, "REFUSED",
	  "the server does not allow the zone transfer that reading all records takes: see "
	  "allow-transfer (BIND), an acl with action transfer (Knot), TSIG-ALLOW-AXFR (PowerDNS)" },
	{ REFUSED, ASK, SEAL_ENOTFOUND, "REFUSED", "the server does not serve it or not to us" },
	{ 6, ALWAYS, SEAL_EINVAL, "YXDOMAIN", "the name is there already" },
	{ YXRRSET, ALWAYS, SEAL_EINVAL, "YXRRSET",
	  "a CNAME is at this name, and nothing else can be beside it: put the record where the "
	  "CNAME points, or remove the CNAME" },
	{ 8, ALWAYS, SEAL_EINVAL, "NXRRSET", "records the change depends on are not there" },
	{ NOTAUTH, TRANSFER, SEAL_ENOTFOUND, "NOTAUTH",
	  "the server does not have this zone, or does not allow its transfer: see an acl with "
	  "action transfer (Knot), TSIG-ALLOW-AXFR (PowerDNS)" },
	{ NOTAUTH, SERVED, SEAL_EAUTH, "NOTAUTH",
	  "the server has the zone but does not take the change: Knot says this of a request "
	  "without its key, others when they are a secondary" },
	{ NOTAUTH, ALWAYS, SEAL_ENOTFOUND, "NOTAUTH",
	  "the server does not have this zone" },
	{ NOTZONE, ALWAYS, SEAL_EINVAL, "NOTZONE", "the name is not in the zone" },
	{ BADSIG, ALWAYS, SEAL_EAUTH, "BADSIG",
	  "the secret is not the one the server has for the key" },
	{ BADKEY, ALWAYS, SEAL_EAUTH, "BADKEY",
	  "the server knows no key of this name and algorithm, or (Knot) its acl does not let "
	  "the key do this" },
	{ BADTIME, ALWAYS, SEAL_EAUTH, "BADTIME",
	  "the clocks of this machine and the server differ by more than five minutes" },
	{ 22, ALWAYS, SEAL_EAUTH, "BADTRUNC", "the server wants another length of signature" },
};

static enum seal_status judge(struct talk *t, enum task task, const char *name)
{
	const char *by = "unsigned";

	if (t->error == NOERROR)
		return SEAL_OK;
	if (t->key.alg)
		by = seal_printf(t->op, "key %s, %s", t->key.name, t->key.alg->name);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		const struct verdict *v = &verdicts[i];

		if (v->code == t->error && (v->task & task))
			return seal_fail(t->op, v->st, "%s at %s: %s (%s): %s", name, t->server,
					 v->name, by, v->why);
	}
	return seal_fail(t->op, SEAL_EPROTO, "%s at %s: error %u (%s)", name, t->server, t->error,
			 by);
}

/* ---- messages ---- */

static enum seal_status start(struct seal_op *op, enum opcode code, const char *name, uint16_t type,
			      struct octets *ret)
{
	struct span wire = name_wire(op, name);

	if (!wire.at)
		return seal_fail(op, SEAL_EINVAL, "%.80s: not a domain name", name);
	*ret = (struct octets){ .op = op };
	put_number(ret, op->host->random(op) & 0xffff, 2);
	put_number(ret, code << 11, 2);
	put_number(ret, 1ull << 48, 8); /* one question or zone, nothing else yet */
	put(ret, wire);
	put_number(ret, type, 2);
	put_number(ret, DNS_IN, 2);
	return SEAL_OK;
}

/* Ask the server about (name, type), without recursion. */
static enum seal_status query(struct talk *t, const char *name, uint16_t type)
{
	struct octets m;
	enum seal_status st = start(t->op, QUERY, name, type, &m);

	return st ? st : ask(t, &m);
}

/* Knot leaves out the TSIG record that would say BADKEY (from 3.4 on; RFC 8945 5.2.1), but a query
 * is NOTAUTH for no other reason. */
static enum seal_status query_soa(struct talk *t, const char *name)
{
	enum seal_status st = query(t, name, RR_SOA);

	if (!st && t->error == NOTAUTH && t->key.alg && !t->trusted)
		t->error = BADKEY;
	return st;
}

/* The zone in which the server itself keeps `name`, or NULL: it serves none, or none to us. */
static enum seal_status find_zone(struct talk *t, const char *name, const char **ret_zone)
{
	*ret_zone = NULL;
	for (const char *at = name; at; at = strchr(at, '.') ? strchr(at, '.') + 1 : NULL) {
		enum seal_status st = query_soa(t, at);

		if (st || t->error >= BADSIG)
			return st ? st : judge(t, ASK, at);
		for (size_t i = 0; t->trusted && t->reply->aa && i < t->reply->n_rr; i++) {
			const struct seal_rr *rr = &t->reply->rr[i];

			if (rr->type != RR_SOA || !t->op->host->name_rel(t->op, name, rr->owner))
				continue;
			*ret_zone = rr->owner;
			return SEAL_OK;
		}
	}
	return SEAL_OK;
}

/* ---- changes ---- */

enum mode { APPEND, SET, REMOVE };

struct change {           /* one record, ready to be sent */
	const char *name; /* absolute */
	struct span owner, data;
	uint16_t type;
	uint32_t ttl;
	bool first_of_set; /* of the changes */
};

static enum seal_status pack(struct seal_op *op, const char *zone, const struct seal_record *r,
			     struct change *ret)
{
	const struct seal_host *host = op->host;

	ret->name = host->name_abs(op, r->name, zone);
	ret->owner = name_wire(op, ret->name);
	if (!ret->owner.at)
		return seal_fail(op, SEAL_EINVAL, "%.80s: not a name in %s", r->name, zone);
	ret->type = host->rr_type(r->type);
	if (!ret->type || ret->type == RR_OPT || (ret->type >= 128 && ret->type <= RR_ANY))
		return seal_fail(op, SEAL_EINVAL, "%.20s: not a type of records", r->type);
	if (!strcmp(r->type, "TXT") && !*r->data) /* PowerDNS would keep a broken record */
		return seal_fail(op, SEAL_EINVAL, "%s: a TXT record cannot be empty", ret->name);
	ret->data.at = host->rdata_pack(op, r->type, r->data, &ret->data.len);
	if (!ret->data.at || ret->data.len > MESSAGE_MAX)
		return seal_fail(op, SEAL_EINVAL, "%s: not the data of a %s record: %.80s",
				 ret->name, r->type, r->data);
	ret->ttl = r->ttl ? r->ttl : TTL_DEFAULT;
	return SEAL_OK;
}

static enum seal_status pack_all(struct seal_op *op, const char *zone, const struct seal_record *r,
				 size_t n, struct change *ret)
{
	enum seal_status st = SEAL_OK;

	for (size_t i = 0; !st && i < n; i++) {
		st = pack(op, zone, &r[i], &ret[i]);
		ret[i].first_of_set = true;
		for (size_t j = 0; !st && j < i && ret[i].first_of_set; j++)
			ret[i].first_of_set = ret[i].type != ret[j].type ||
					      strcmp(ret[i].name, ret[j].name);
	}
	return st;
}

static void put_rr(struct octets *m, unsigned section, const struct change *c, uint16_t type,
		   uint16_t rclass)
{
	bool bare = rclass == DNS_ANY || type != c->type; /* no data: the whole set */

	put(m, c->owner);
	put_number(m, type, 2);
	put_number(m, rclass, 2);
	put_number(m, rclass == DNS_IN ? c->ttl : 0, 4);
	put_number(m, bare ? 0 : c->data.len, 2);
	put(m, bare ? (struct span){ 0 } : c->data);
	set16(m->at + section, number(m->at + section, 2) + 1);
}

/* One UPDATE with as many of the n changes as fit; how many is returned.  BIND and Knot drop what
 * lies beside a CNAME and say NOERROR, so its absence is made a condition (RFC 2136 2.4.3). */
static size_t fill(struct octets *m, enum mode mode, const struct change *c, size_t n)
{
	size_t used = 0, size = 0;

	for (; used < n; used++) {
		size += 3 * (c[used].owner.len + 10) + c[used].data.len;
		if (used && size > MESSAGE_MAX)
			break;
	}
	for (size_t i = 0; i < used; i++)
		if (mode != REMOVE && c[i].type != RR_CNAME && c[i].first_of_set)
			put_rr(m, PREREQUISITES, &c[i], RR_CNAME, DNS_NONE);
	for (size_t i = 0; i < used; i++) {
		if (mode == SET && c[i].first_of_set)
			put_rr(m, UPDATES, &c[i], c[i].type, DNS_ANY);
		put_rr(m, UPDATES, &c[i], c[i].type, mode == REMOVE ? DNS_NONE : DNS_IN);
	}
	return used;
}

/* Where the CNAME at `name` points, by the server itself; at is NULL when there is none. */
static enum seal_status find_cname(struct talk *t, const char *name, struct span *ret)
{
	enum seal_status st = query(t, name, RR_CNAME);

	*ret = (struct span){ 0 };
	for (size_t i = 0; !st && i < t->reply->n_rr; i++) {
		const struct seal_rr *rr = &t->reply->rr[i];

		if (rr->type == RR_CNAME && !strcmp(rr->owner, name))
			*ret = name_wire(t->op, t->op->host->rdata_text(t->op, t->x.reply,
									t->x.reply_len, rr));
	}
	return st;
}

/* The update failed: say so of the one name that is in the way, when there are many. */
static enum seal_status blame(struct talk *t, enum task task, const char *zone,
			      const struct change *c, size_t n)
{
	unsigned error = t->error;
	const char *name = n == 1 ? c->name : seal_printf(t->op, "%zu records of %s", n, zone);
	struct span there = { 0 };

	for (size_t i = 0; error == YXRRSET && n > 1 && i < n && !there.at; i++) {
		enum seal_status st = find_cname(t, c[i].name, &there);

		if (st)
			return st;
		name = there.at ? c[i].name : name;
	}
	t->error = error;
	return judge(t, task, name);
}

/* Send as many as one message carries.  *zone becomes the server's own when it keeps the name in
 * another than the world sees; then nothing was used and the caller comes again. */
static enum seal_status send_some(struct talk *t, const char **zone, enum mode mode,
				  const struct change *c, size_t n, size_t *ret_used)
{
	struct octets m;
	const char *home = NULL;
	enum seal_status st = start(t->op, UPDATE, *zone, RR_SOA, &m);

	if (st)
		return st;
	*ret_used = fill(&m, mode, c, n);
	st = ask(t, &m);
	unsigned error = t->error;
	if (st || error == NOERROR)
		return st;
	if (error == NOTAUTH || error == NOTZONE)
		st = find_zone(t, c->name, &home);
	t->error = error;
	if (st || !home || !strcmp(home, *zone))
		return st ? st : blame(t, home ? CHANGE | SERVED : CHANGE, *zone, c, *ret_used);
	seal_log(t->op, LOG_NOTICE, "%s does not serve %s; %s is in its zone %s", t->server, *zone,
		 c->name, home);
	*zone = home;
	*ret_used = 0;
	return SEAL_OK;
}

/* BIND and Knot also drop a CNAME beside other records and say NOERROR; no condition can forbid
 * that and still allow the same CNAME once more.  So look. */
static enum seal_status look(struct talk *t, const struct change *c)
{
	struct span there;
	enum seal_status st = find_cname(t, c->name, &there);

	if (st || !t->trusted || !t->reply->aa || same_name(there, c->data))
		return st;
	return seal_fail(t->op, SEAL_EINVAL,
			 "%s at %s: the server said yes but kept no such CNAME: other records are "
			 "at this name", c->name, t->server);
}

static enum seal_status change(struct seal_op *op, const char *zone, enum mode mode,
			       const struct seal_record *records, size_t n)
{
	struct talk t;
	struct change *c = op->host->alloc(op, (n + 1) * sizeof(*c));
	enum seal_status st = open_talk(op, &t);
	const char *home = zone;

	if (!st)
		st = pack_all(op, zone, records, n, c);
	for (size_t i = 0, used; !st && i < n; i += used)
		st = send_some(&t, &home, mode, c + i, n - i, &used);
	for (size_t i = 0; !st && mode != REMOVE && i < n; i++) {
		struct seal_record r = records[i];

		if (c[i].type == RR_CNAME)
			st = look(&t, &c[i]);
		r.ttl = c[i].ttl;
		if (!st)
			op->host->emit(op, &r);
	}
	return st;
}

static enum seal_status append(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	return change(op, zone, APPEND, r, n);
}

static enum seal_status set(struct seal_op *op, const char *zone, const struct seal_record *r,
			    size_t n)
{
	return change(op, zone, SET, r, n);
}

static enum seal_status take_away(struct seal_op *op, const char *zone, const struct seal_record *r,
				  size_t n)
{
	return change(op, zone, REMOVE, r, n);
}

/* ---- the whole zone (RFC 5936) ---- */

/* Pass on one record of a transfer; those a signing server makes by itself are left out. */
static enum seal_status emit(struct talk *t, const char *zone, const struct seal_rr *rr)
{
	const struct seal_host *host = t->op->host;
	struct seal_record r = { .ttl = rr->ttl };

	if (rr->type == RR_RRSIG || rr->type == RR_NSEC || rr->type == RR_NSEC3)
		return SEAL_OK;
	r.name = host->name_rel(t->op, rr->owner, zone);
	r.type = host->rr_name(t->op, rr->type);
	r.data = host->rdata_text(t->op, t->x.reply, t->x.reply_len, rr);
	if (!r.name || !r.data)
		return seal_fail(t->op, SEAL_EPROTO, "%s at %s: a %s record cannot be read",
				 rr->owner, t->server, r.type);
	host->emit(t->op, &r);
	return SEAL_OK;
}

/* The answers of one message; *soas counts to 2, the end of the transfer. */
static enum seal_status emit_all(struct talk *t, const char *zone, unsigned *soas)
{
	enum seal_status st = judge(t, TRANSFER, zone);

	for (size_t i = 0; !st && *soas < 2 && i < t->reply->n_rr; i++) {
		const struct seal_rr *rr = &t->reply->rr[i];

		if (rr->section != 1)
			continue;
		*soas += rr->type == RR_SOA;
		if (!*soas)
			return seal_fail(t->op, SEAL_EPROTO,
					 "%s at %s: the transfer has no SOA first", zone,
					 t->server);
		if (*soas < 2)
			st = emit(t, zone, rr);
	}
	return st;
}

static enum seal_status get(struct seal_op *op, const char *zone)
{
	struct talk t;
	unsigned soas = 0;
	size_t octets = 0;
	enum seal_status st = open_talk(op, &t);

	t.udp = false;
	if (!st)
		st = query(&t, zone, RR_AXFR);
	while (!st) {
		st = emit_all(&t, zone, &soas);
		octets += t.x.reply_len;
		if (st || soas == 2)
			break;
		if (octets > TRANSFER_MAX || !t.reply->n_rr)
			return seal_fail(op, SEAL_EPROTO, "%s at %s: %s", zone, t.server,
					 t.reply->n_rr ? "the zone is over 64 MiB"
						       : "an empty message in the transfer");
		t.x = (struct seal_dns){ .server = t.server };
		t.n_replies++;
		st = receive(&t, t.reply->id);
	}
	if (!st && !t.trusted) /* RFC 8945 5.3.1: the last one must be */
		st = seal_fail(op, SEAL_EPROTO, "%s at %s: the transfer's end is not signed", zone,
			       t.server);
	return st;
}

/* ---- is everything as it should be? ---- */

/* Without a zone only the way and the key can be tried; a signed answer of any kind proves both. */
static enum seal_status check_key(struct talk *t)
{
	enum seal_status st = query_soa(t, ".");

	if (st || t->trusted || t->error != REFUSED)
		return st || t->trusted ? st : judge(t, ASK, "a request");
	seal_log(t->op, LOG_NOTICE, "%s answers; whether it takes the key shows only with a zone",
		 t->server);
	return SEAL_OK;
}

/* A change that asks whether the apex is in use and changes nothing. */
static enum seal_status check(struct seal_op *op, const char *zone)
{
	struct talk t;
	struct octets m;
	struct change apex = { 0 };
	const char *home = NULL;
	enum seal_status st = open_talk(op, &t);

	if (st || !zone)
		return st ? st : check_key(&t);
	st = find_zone(&t, zone, &home);
	if (!st && !home)
		st = seal_fail(op, SEAL_ENOTFOUND, "%s: the server does not serve %s, or not to us",
			       t.server, zone);
	if (!st)
		st = start(op, UPDATE, home, RR_SOA, &m);
	if (st)
		return st;
	apex.owner = name_wire(op, home);
	put_rr(&m, PREREQUISITES, &apex, RR_ANY, DNS_ANY);
	st = ask(&t, &m);
	return st ? st : judge(&t, CHANGE | SERVED, home);
}

SEAL_PROVIDER(rfc2136,
	.label = "DNS UPDATE (RFC 2136): BIND, Knot DNS, PowerDNS, ...",
	.doc_url = "https://www.rfc-editor.org/rfc/rfc2136",
	.version = "1",
	.options = options,
	.conf_size = sizeof(struct conf),
	.rights =
	"A TSIG key that may change TXT records below the zone; make one with `tsig-keygen NAME`.\n"
	"BIND: update-policy { grant NAME. zonesub TXT; };  narrower: grant NAME. name OWNER TXT;\n"
	"Knot: acl: { key: NAME, action: update, update-type: TXT }\n"
	"PowerDNS: dnsupdate=yes, allow-dnsupdate-from=..., metadata TSIG-ALLOW-DNSUPDATE NAME\n"
	"Reading all records takes a zone transfer (BIND: allow-transfer { key NAME; };).",
	.example =
	"dns bind {\n"
	"    type      rfc2136\n"
	"    server    192.0.2.53\n"
	"    key_name  dnseal.\n"
	"    key_alg   hmac-sha256\n"
	"    key       file:bind.tsig\n"
	"}\n",
	.wait_s = 5,
	.check = check,
	.get = get,
	.append = append,
	.set = set,
	.remove = take_away);
