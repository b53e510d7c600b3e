/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * gandi - Gandi LiveDNS, API v5.   https://api.gandi.net/docs/livedns/
 *
 * A set of records is written as a whole, and nothing compares: who writes last has it.  Only POST
 * is safe, it makes a set where none is.  So adding begins with it, one call a name, and success is
 * the end of it.  Everything else is read, changed, written and read again until it is as asked:
 * a program that read before us and wrote after us has undone what we did.  If values of others are
 * missing then, they were taken out on purpose: who would restore them would leave remains.  Those
 * that are there go back in their own spelling. */
#include <dnseal/provider.h>

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define ROUNDS 5	 /* of read, change and write */
#define READ_EACH 3	 /* sets are read one by one; more of them with the whole zone */
#define RECORDS_PAGE 500 /* sets; keeps a reply well below what the core takes */
#define DOMAINS_PAGE 100
#define TTL_S 300	    /* the least there is; without any the service writes 10800 */
#define API_KEY_LEN 24	    /* letters and digits */
#define ACCESS_TOKEN_LEN 40 /* hexadecimal, more or less */
#define RIGHT "'Manage domain name technical configurations'"

struct conf {
	const char *bearer_token, *api_key, *api_token, *sharing_id;
};

static const struct seal_option options[] = {
	{ "bearer_token", SEAL_STRING, SEAL_ANY | SEAL_SECRET, offsetof(struct conf, bearer_token),
	  NULL,
	  "GANDIV5_PERSONAL_ACCESS_TOKEN GANDI_LIVEDNS_TOKEN GANDI_PERSONAL_ACCESS_TOKEN "
	  "GANDI_TOKEN",
	  "personal access token" },
	{ "api_key", SEAL_STRING, SEAL_ANY | SEAL_SECRET, offsetof(struct conf, api_key), NULL,
	  "GANDIV5_API_KEY GANDI_LIVEDNS_KEY GANDI_KEY",
	  "the account's old API key: full power, better use a token" },
	{ "api_token", SEAL_STRING, SEAL_ANY | SEAL_SECRET, offsetof(struct conf, api_token), NULL,
	  NULL, "either of the two, told apart by its length (the word Maddy has for it)" },
	{ "sharing_id", SEAL_STRING, 0, offsetof(struct conf, sharing_id), NULL, "GANDI_SHARING_ID",
	  "organisation whose domains are meant, beside api_key" },
	SEAL_OPTIONS_END
};

/* -- one call, and what its failures mean */

static bool is(const char *text, const char *word)
{
	return text && !strcmp(text, word);
}

/* Is it the set that is missing?  Else it is the domain. */
static bool lacks_set(struct seal_op *op, const struct seal_http *x)
{
	return x->status == 404 && is(seal_json_str(op, x->json, "object"), "dns-record");
}

static bool is_key(const char *secret)
{
	return secret && strlen(secret) == API_KEY_LEN;
}

/* The personal access token; NULL: there is an API key. */
static const char *token_of(const struct conf *c)
{
	if (c->bearer_token || c->api_key)
		return c->bearer_token;
	return is_key(c->api_token) ? NULL : c->api_token;
}

static const char *advice(const struct conf *c)
{
	if (is_key(c->bearer_token))
		return "; bearer_token looks like an API key: that is api_key";
	if (token_of(c))
		return "; a token lives for a year at most: has it expired?";
	if (c->api_key && strlen(c->api_key) == ACCESS_TOKEN_LEN)
		return "; api_key looks like a personal access token: that is bearer_token";
	return "";
}

/* "/domains/example.org/records" is about example.org, others about the account. */
static const char *subject(struct seal_op *op, const char *path)
{
	size_t n = strlen("/domains/");

	if (strncmp(path, "/domains/", n))
		return "the account";
	return seal_printf(op, "%.*s", (int)strcspn(path + n, "/?"), path + n);
}

/* What it says in words, with the fields it does not like. */
static const char *reason(struct seal_op *op, const struct seal_http *x)
{
	const char *all = seal_json_str(op, x->json, "message"), *between = ": ";

	for (size_t i = 0; i < seal_json_n(op, x->json, "errors"); i++) {
		const char *name = seal_json_nstr(op, x->json, "errors.%zu.name", i);
		const char *text = seal_json_nstr(op, x->json, "errors.%zu.description", i);
		if (!text)
			continue;
		all = seal_printf(op, "%s%s%s%s%s", all ? all : "", all ? between : "",
				  name ? name : "", name ? ": " : "", text);
		between = "; ";
	}
	return all;
}

static enum seal_status explain(struct seal_op *op, const struct seal_http *x, const char *path)
{
	const char *why = reason(op, x), *of = subject(op, path);
	bool reads = is(x->method, "GET");

	if (x->status < 300)
		return seal_fail(op, SEAL_EPROTO, "%s %s: the reply is not understood: %.80s",
				 x->method, of, x->reply);
	if (!why)
		return seal_fail(op, seal_http_class(x->status),
				 "%s: HTTP %ld, no reason given: %.80s", of, x->status, x->reply);
	if (x->status == 401)
		return seal_fail(op, SEAL_EAUTH, "token refused: %s%s", why, advice(op->conf));
	if (x->status == 403)
		return seal_fail(op, SEAL_EAUTH, "the token may not %s %s: %s: it %s%s",
				 reads ? "read" : "change", of, why,
				 reads ? "" : "lacks " RIGHT ", or it ",
				 "is of another organisation or for other domains (one for chosen "
				 "domains does not cover later ones)");
	if (lacks_set(op, x))
		return seal_fail(op, SEAL_ENOTFOUND, "%s: %s", of, why);
	if (x->status == 404)
		return seal_fail(op, SEAL_ENOTFOUND,
				 "%s: no such domain, or its name servers are not LiveDNS: %s", of,
				 why);
	return seal_fail(op, x->status == 409 ? SEAL_EINVAL : seal_http_class(x->status),
			 "%s: refused: %s (HTTP %ld)", of, why, x->status);
}

/* The endpoint may be given with the API's path, a part of it, or without. */
static const char *url_of(struct seal_op *op, const char *path)
{
	const struct conf *c = op->conf;
	const char *prefix = strstr(op->endpoint, "/v5") ? "/livedns" : "/v5/livedns";

	path = seal_printf(op, "%s%s", strstr(op->endpoint, "/livedns") ? "" : prefix, path);
	if (!c->sharing_id)
		return path;
	return seal_printf(op, "%s%csharing_id=%s", path, strchr(path, '?') ? '&' : '?',
			   op->host->urlescape(op, c->sharing_id));
}

/* Every call goes through here: one place for the credentials and for what errors mean. */
static enum seal_status call(struct seal_op *op, struct seal_http *x, const char *method,
			     const char *path, const char *body)
{
	const struct conf *c = op->conf;
	const char *headers[] = { "Accept: application/json", "Content-Type: application/json",
				  NULL, NULL };

	*x = (struct seal_http){
		.method = method, .url = url_of(op, path), .headers = headers, .body = body
	};
	if (strstr(op->endpoint, "dns.api.gandi.net"))
		return seal_fail(op, SEAL_EINVAL,
				 "dns.api.gandi.net is gone, with its version of "
				 "the API: the endpoint is https://api.gandi.net/v5/livedns");
	headers[2] = seal_printf(op, "Authorization: %s %s", token_of(c) ? "Bearer" : "Apikey",
				 token_of(c)  ? token_of(c)
				 : c->api_key ? c->api_key
					      : c->api_token);
	enum seal_status st = seal_http(op, x);
	x->headers = NULL; /* they were ours */
	if (st)
		return st;
	return x->status < 300 && (x->json || x->status == 204) ? SEAL_OK : explain(op, x, path);
}

struct list {
	struct seal_pages p;
	size_t n;	    /* items of the last page */
	size_t seen;	    /* items of all pages */
	const char *before; /* the page before */
};

/* The next page of items.  More are to come when a header says so, or the count. */
static bool next_items(struct seal_op *op, struct list *l)
{
	if (!seal_next_page(op, &l->p, call))
		return false;
	const char *total = seal_header(&l->p.x, "total-count");
	l->n = op->host->json_count(l->p.x.json);
	l->seen += l->n;
	if (l->n && is(l->before, l->p.x.reply)) {
		l->p.st = seal_fail(op, SEAL_EPROTO, "%s: page %u is the page before it once more",
				    l->p.path, l->p.page);
		return false;
	}
	l->before = l->p.x.reply;
	if (!l->n)
		l->p.last = true;
	else if (total && l->seen < strtoul(total, NULL, 10))
		l->p.last = false;
	return true;
}

/* -- data as the API has it */

static const struct {
	const char *type;
	unsigned at;
} hosts[] = {
	/* which field is a host name; without a final dot it is relative to the zone */
	{ "CNAME", 0 }, { "DNAME", 0 }, { "HTTPS", 1 }, { "MX", 1 },   { "NAPTR", 5 },
	{ "NS", 0 },	{ "PTR", 0 },	{ "SRV", 3 },	{ "SVCB", 1 },
};

/* Behind the field at s, which may have blanks in quotes. */
static const char *behind(const char *s)
{
	bool quoted = false;

	for (; *s && (quoted || *s != ' '); s++) {
		if (*s == '"')
			quoted = !quoted;
		if (*s == '\\' && s[1])
			s++;
	}
	return s;
}

/* The host name in the data of a record made absolute, with its final dot.  Ours are absolute
 * already; the zone is that of names without a final dot, NULL: the root. */
static const char *dotted(struct seal_op *op, const char *type, const char *data, const char *zone)
{
	const char *at = data, *name = NULL;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts) && !name; i++) {
		if (strcmp(hosts[i].type, type))
			continue;
		for (unsigned skip = hosts[i].at; skip && *at; skip--)
			at = behind(at) + (*behind(at) == ' ');
		name = seal_printf(op, "%.*s", (int)(behind(at) - at), at);
	}
	if (!name || !*name || name[strlen(name) - 1] == '.')
		return data;
	const char *absolute = zone ? op->host->name_abs(op, name, zone) : name;
	return absolute ? seal_printf(op, "%.*s%s.%s", (int)(at - data), data, absolute, behind(at))
			: data;
}

static const char *value_of(struct seal_op *op, const struct seal_record *r)
{
	if (r->id) /* it was there before: its own spelling */
		return r->id;
	return is(r->type, "TXT") ? op->host->txt_quote(op, r->data)
				  : dotted(op, r->type, r->data, NULL);
}

static const char *data_of(struct seal_op *op, const char *zone, const char *type,
			   const char *value)
{
	const char *text =
		is(type, "TXT") ? op->host->txt_plain(op, value) : dotted(op, type, value, zone);

	return text ? text : value;
}

struct records {
	struct seal_record *at; /* id: the value as the service has it */
	const char **stored;	/* and the name: paths of changes are compared by octets */
	size_t n, room;
};

static void reserve(struct seal_op *op, struct records *r, size_t n)
{
	if (r->n + n <= r->room)
		return;
	r->room = 2 * r->room + n;
	struct seal_record *at = op->host->alloc(op, r->room * sizeof(*at));
	const char **stored = op->host->alloc(op, r->room * sizeof(*stored));
	if (r->n) {
		memcpy(at, r->at, r->n * sizeof(*at));
		memcpy(stored, r->stored, r->n * sizeof(*stored));
	}
	r->at = at;
	r->stored = stored;
}

/* The records of a set.  Nothing of it may be passed over: it is going to be written as read. */
static enum seal_status add_set(struct seal_op *op, const char *zone, const struct seal_json *j,
				struct records *ret)
{
	const char *stored = seal_json_str(op, j, "rrset_name");
	const char *type = seal_json_str(op, j, "rrset_type");
	const char *ttl = seal_json_str(op, j, "rrset_ttl");
	size_t n = seal_json_n(op, j, "rrset_values");

	if (!stored || !type || !ttl)
		return seal_fail(op, SEAL_EPROTO, "%s: a set came without name, type or TTL", zone);
	const char *name = op->host->name_abs(op, stored, zone);
	if (!name) /* nothing that DNS could have, and so nothing we were asked for */
		return SEAL_OK;
	name = op->host->name_rel(op, name, zone);
	reserve(op, ret, n);
	for (size_t i = 0; i < n; i++) {
		const char *value = seal_json_nstr(op, j, "rrset_values.%zu", i);
		if (!value)
			return seal_fail(op, SEAL_EPROTO, "%s %s: a value that is no text", name,
					 type);
		ret->stored[ret->n] = stored;
		ret->at[ret->n++] =
			(struct seal_record){ name, type, (uint32_t)strtoul(ttl, NULL, 10),
					      data_of(op, zone, type, value), value };
	}
	return SEAL_OK;
}

static enum seal_status read_zone(struct seal_op *op, const char *zone, struct records *ret)
{
	struct list l = { .p = { .path = seal_printf(op, "/domains/%s/records?per_page=%d", zone,
						     RECORDS_PAGE) } };

	while (next_items(op, &l))
		for (size_t i = 0; i < l.n; i++) {
			enum seal_status st =
				add_set(op, zone, seal_json_nth(op, l.p.x.json, "%zu", i), ret);
			if (st)
				return st;
		}
	return l.p.st;
}

static const char *set_path(struct seal_op *op, const char *zone, const char *name,
			    const char *type)
{
	return seal_printf(op, "/domains/%s/records/%s/%s", zone, op->host->urlescape(op, name),
			   type);
}

static enum seal_status read_set(struct seal_op *op, const char *zone, const struct seal_record *of,
				 struct records *ret)
{
	struct seal_http x;
	enum seal_status st = call(op, &x, "GET", set_path(op, zone, of->name, of->type), NULL);

	if (st)
		return lacks_set(op, &x) ? SEAL_OK : st;
	return add_set(op, zone, x.json, ret);
}

static enum seal_status get(struct seal_op *op, const char *zone)
{
	struct records all = { .n = 0 };
	enum seal_status st = read_zone(op, zone, &all);

	for (size_t i = 0; !st && i < all.n; i++) {
		all.at[i].id = NULL; /* the value once more, of no use without its set */
		op->host->emit(op, &all.at[i]);
	}
	return st;
}

static enum seal_status zones(struct seal_op *op)
{
	struct list l = { .p = { .path = seal_printf(op, "/domains?per_page=%d", DOMAINS_PAGE) } };

	while (next_items(op, &l))
		for (size_t i = 0; i < l.n; i++)
			op->host->emit_zone(op, seal_json_nstr(op, l.p.x.json, "%zu.fqdn", i));
	return l.p.st;
}

/* -- changes */

struct edit {
	const char *zone;
	const struct seal_record *want; /* what is not known to be done yet */
	size_t n;
	struct records there;
	bool conflict;		 /* a set was there although we saw none: it may be empty */
	enum seal_status failed; /* of the last write */
};

static bool same_set(const struct seal_record *a, const char *name, const char *type)
{
	return is(a->name, name) && is(a->type, type);
}

static bool is_first(const struct edit *e, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_set(&e->want[k], e->want[i].name, e->want[i].type))
			return false;
	return true;
}

/* At least the sets that are wanted, as they are now. */
static enum seal_status read_wanted(struct seal_op *op, struct edit *e)
{
	const struct seal_record *sets[READ_EACH];
	enum seal_status st = SEAL_OK;
	size_t n = 0;

	e->there = (struct records){ .n = 0 };
	for (size_t i = 0; i < e->n; i++) {
		if (!is_first(e, i))
			continue;
		if (n == READ_EACH)
			return read_zone(op, e->zone, &e->there);
		sets[n++] = &e->want[i];
	}
	for (size_t i = 0; !st && i < n; i++)
		st = read_set(op, e->zone, sets[i], &e->there);
	return st;
}

static const char *body_of(struct seal_op *op, const struct seal_set_change *c)
{
	const char **values = op->host->alloc(op, c->n * sizeof(*values));

	for (size_t i = 0; i < c->n; i++) {
		const char *one = seal_build(op, "[s]", value_of(op, &c->at[i]));
		values[i] = seal_printf(op, "%.*s", (int)strlen(one) - 2, one + 1);
	}
	const char *all = seal_printf(op, "[%s]", op->host->join(op, values, c->n, ","));
	return seal_build(op, "{s:i,s:j}", "rrset_ttl", c->ttl ? (long)c->ttl : (long)TTL_S,
			  "rrset_values", all);
}

static const char *stored_name(const struct edit *e, const struct seal_set_change *c)
{
	for (size_t i = 0; i < e->there.n; i++)
		if (same_set(&e->there.at[i], c->name, c->type))
			return e->there.stored[i];
	return c->name;
}

static void emit_new(struct seal_op *op, const struct seal_set_change *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct seal_record r = c->at[i];
		r.ttl = r.ttl ? r.ttl : TTL_S;
		if (!r.id)
			op->host->emit(op, &r);
	}
}

/* EAGAIN: look whether it is as it should be. */
static enum seal_status write_set(struct seal_op *op, struct edit *e,
				  const struct seal_set_change *c)
{
	const char *path = set_path(op, e->zone, stored_name(e, c), c->type);
	bool replace = c->n_old || e->conflict;
	struct seal_http x;

	if (!c->n) {
		e->failed = call(op, &x, "DELETE", path, NULL);
		e->failed = lacks_set(op, &x) ? SEAL_OK : e->failed;
		return e->failed == SEAL_EPROTO ? SEAL_EAGAIN : e->failed;
	}
	e->failed = call(op, &x, replace ? "PUT" : "POST", path, body_of(op, c));
	if (!replace && x.status == 409) {
		e->conflict = true;
		e->failed = SEAL_OK;
		return SEAL_EAGAIN;
	}
	if (e->failed) /* also of a reply cut short: the change may have been made */
		return e->failed == SEAL_EPROTO ? SEAL_EAGAIN : e->failed;
	emit_new(op, c);
	return replace ? SEAL_EAGAIN : SEAL_OK;
}

/* Write what has to be written; what has to be looked at then remains in e->want. */
static enum seal_status apply(struct seal_op *op, struct edit *e)
{
	struct seal_record *again = op->host->alloc(op, e->n * sizeof(*again));
	const struct seal_set_change *c;
	size_t n, left = 0;

	c = op->host->merge(op, e->there.at, e->there.n, e->want, e->n, &n);
	for (size_t i = 0; i < n; i++) {
		enum seal_status st = write_set(op, e, &c[i]);
		if (st && st != SEAL_EAGAIN)
			return st;
		for (size_t k = 0; st && k < e->n; k++)
			if (same_set(&e->want[k], c[i].name, c[i].type))
				again[left++] = e->want[k];
	}
	e->want = again;
	e->n = left;
	return SEAL_OK;
}

/* Somebody else is at it too, or the service is unwell: not in step with it. */
static enum seal_status pause_before(struct seal_op *op, unsigned round)
{
	return op->host->wait(op, round * 200 + op->host->random(op) % 300);
}

static enum seal_status edit(struct seal_op *op, struct edit *e)
{
	enum seal_status st = apply(op, e);

	for (unsigned round = 1; !st && e->n && round <= ROUNDS; round++) {
		if (round > 2) /* adding beside others is three rounds: POST, PUT, look */
			st = pause_before(op, round);
		if (!st)
			st = read_wanted(op, e);
		if (!st)
			st = apply(op, e);
	}
	if (st || !e->n)
		return st;
	if (e->failed)
		return e->failed; /* its sentence is the last one */
	return seal_fail(op, SEAL_EAGAIN,
			 "%s %s in %s: each time it is written another program writes over it",
			 e->want->name, e->want->type, e->zone);
}

static enum seal_status append(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	struct edit e = { .zone = zone, .want = r, .n = n };

	return edit(op, &e); /* as if nothing were there: POST tells when there is */
}

static enum seal_status read_first(struct seal_op *op, const char *zone,
				   const struct seal_record *r, size_t n)
{
	struct edit e = { .zone = zone, .want = r, .n = n };
	enum seal_status st = read_wanted(op, &e);

	return st ? st : edit(op, &e);
}

/* -- check: are the credentials good, and good enough for this zone? */

static enum seal_status check(struct seal_op *op, const char *zone)
{
	const char *nothing = zone ? set_path(op, zone, "_dnseal-check", "TXT") : NULL;
	struct seal_http x;
	enum seal_status st =
		call(op, &x, "GET",
		     zone ? seal_printf(op, "/domains/%s", zone) : "/domains?per_page=1", NULL);

	if (st)
		return st;
	if (!zone && !op->host->json_count(x.json))
		seal_log(op, LOG_WARNING, "the token is good, but sees no domain with LiveDNS");
	if (!zone)
		return SEAL_OK;
	st = call(op, &x, "DELETE", nothing, NULL); /* only who may write is told that it is not */
	return x.status == 404 ? SEAL_OK : st;
}

SEAL_PROVIDER(gandi,
	.label = "Gandi LiveDNS",
	.doc_url = "https://api.gandi.net/docs/livedns/",
	.version = "1",
	.options = options,
	.conf_size = sizeof(struct conf),
	.endpoint = "https://api.gandi.net/v5/livedns",
	.endpoint_env = "GANDI_API_URL",
	.rights = "admin.gandi.net > account > Authentication options > Personal Access Tokens >\n"
		  "Create a token:\n"
		  "  Organisation  the one that has the domains\n"
		  "  Expiry        a year at most: renew it in time, nothing works afterwards\n"
		  "  Resources     the domains dnseal shall serve, or all\n"
		  "  Permissions   Manage domain name technical configurations\n"
		  "                (See and renew domain names comes with it)",
	.example = "dns gandi {\n"
		   "    bearer_token file:gandi.token\n"
		   "}\n",
	.types = "A AAAA CAA CNAME DNAME DS HTTPS MX NAPTR NS OPENPGPKEY PTR SRV SSHFP SVCB TLSA "
		 "TXT",
	.flags = SEAL_EXCLUSIVE,
	.min_ttl = 300,
	.max_ttl = 2592000,
	.per_minute = 300, /* 1000 for each address, which others may share */
	.wait_s = 300,
	.check = check,
	.zones = zones,
	.get = get,
	.append = append,
	.set = read_first,
	.remove = read_first);
