/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * digitalocean - DigitalOcean DNS, API v2.   https://docs.digitalocean.com/reference/api/
 *
 * Every value is a record with an id, every change a call of its own: one POST for a challenge, one
 * DELETE to take it back, and nothing has to be looked up before.  The service takes a second copy
 * of a record without a word, so we list before we add what may be there, and after a POST whose
 * reply was lost.  For `set` a value that has to go is overwritten with one that has to come: the
 * name is never empty, and a CNAME, which nothing may stand beside, can change. */
#include <dnseal/provider.h>

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define LISTS_LAG_MS 2000 /* how late a list may show what was added */
#define DEFAULT_TTL 1800  /* seconds, when none is sent */
#define TXT_MAX 512	  /* octets of a TXT record as a zone file has it, quotes and all */
#define TRIES 3

struct conf {
	const char *api_token;
};

static const struct seal_option options[] = {
	{ "api_token", SEAL_STRING, SEAL_REQUIRED | SEAL_SECRET, offsetof(struct conf, api_token),
	  NULL, "DO_AUTH_TOKEN DIGITALOCEAN_ACCESS_TOKEN DIGITALOCEAN_TOKEN DO_API_KEY DO_TOKEN",
	  "personal access token with the scopes domain:create, read, update, delete" },
	SEAL_OPTIONS_END
};

static bool is(const char *text, const char *word)
{
	return text && !strcmp(text, word);
}

/* -- one call, and what its failures mean */

static const struct {
	const char *method, *scope;
} scopes[] = {
	{ "GET", "domain:read" },
	{ "POST", "domain:create" },
	{ "PUT", "domain:update" },
	{ "DELETE", "domain:delete" },
};

static const char *scope_for(const char *method)
{
	size_t i = 0;

	while (!is(method, scopes[i].method))
		i++;
	return scopes[i].scope;
}

static bool is_token(const char *s) /* the shapes of an access token; older ones have no prefix */
{
	size_t prefix = !strncmp(s, "dop_v1_", 7) || !strncmp(s, "doo_v1_", 7) ? 7 : 0;

	return strlen(s) == prefix + 64 && strspn(s + prefix, "0123456789abcdef") == 64;
}

static const char *advice(const struct conf *c)
{
	if (!strncmp(c->api_token, "dor_v1_", 7))
		return "; api_token is a refresh token: an access token begins with dop_v1_";
	return is_token(c->api_token) ? "; it was deleted, or its time is over"
				      : "; api_token is none: one is dop_v1_ and 64 hex digits";
}

static enum seal_status explain(struct seal_op *op, const struct seal_http *x)
{
	const char *why = seal_json_str(op, x->json, "message");
	enum seal_status st = seal_http_class(x->status);

	if (!why)
		return seal_fail(op, st ? st : SEAL_EPROTO, "HTTP %ld, no reason given: %.80s",
				 x->status, x->reply);
	if (x->status == 401)
		return seal_fail(op, st, "token refused: %s%s", why, advice(op->conf));
	if (x->status == 403)
		return seal_fail(op, st, "token refused: %s (it needs the scope %s)", why,
				 scope_for(x->method));
	return seal_fail(op, st ? st : SEAL_EPROTO, "%s (HTTP %ld)", why, x->status);
}

/* Every call goes through here: one place for the credentials and for what errors mean. */
static enum seal_status call(struct seal_op *op, struct seal_http *x, const char *method,
			     const char *path, const char *body)
{
	const struct conf *c = op->conf;
	const char *headers[] = { seal_printf(op, "Authorization: Bearer %s", c->api_token),
				  body ? "Content-Type: application/json" : NULL, NULL };
	size_t len = strlen(op->endpoint);
	bool versioned = len > 3 && !strcmp(op->endpoint + len - 3, "/v2");

	*x = (struct seal_http){ .method = method, .headers = headers, .body = body };
	x->url = versioned ? path : seal_printf(op, "/v2%s", path);
	enum seal_status st = seal_http(op, x);
	x->headers = NULL;
	if (st)
		return st;
	return x->status < 300 && (x->json || x->status == 204) ? SEAL_OK : explain(op, x);
}

/* -- records as the API has them */

static const struct {
	const char *type, *spec;
	bool host; /* the last field is a host name: written with a final dot, read without */
} shapes[] = {
	{ "A", "=data", false },
	{ "AAAA", "=data", false },
	{ "CAA", "#flags =tag \"data", false },
	{ "CNAME", "=data", true },
	{ "MX", "#priority =data", true },
	{ "NS", "=data", true },
	{ "SRV", "#priority #weight #port =data", true },
	{ "TXT", "", false },
};
#define SHAPES (sizeof(shapes) / sizeof(*shapes))

static size_t shape_of(const char *type) /* SHAPES: none of ours, as the SOA */
{
	size_t i = 0;

	while (i < SHAPES && !is(type, shapes[i].type))
		i++;
	return i;
}

/* The value of a CAA record that names a CA is taken for a host name: final dot and no parameters.
 * NULL: it has some. */
static const char *caa_dotted(struct seal_op *op, const char *data)
{
	const char *tag = strchr(data, ' ') + 1, *quoted = strchr(tag, ' ') + 1;
	const char *value = op->host->txt_plain(op, quoted);

	if (!value || strncmp(tag, "issue", 5) != 0)
		return data;
	if (strpbrk(value, "; \t") && strcmp(value, ";") != 0)
		return NULL;
	value = op->host->txt_quote(op, seal_printf(op, "%s.", value));
	return seal_printf(op, "%.*s%s", (int)(quoted - data), data, value);
}

static enum seal_status encode_txt(struct seal_op *op, const struct seal_record *r,
				   const char **ret)
{
	size_t len = strlen(op->host->txt_quote(op, r->data));

	if (strpbrk(r->data, "\"\\"))
		return seal_fail(op, SEAL_EINVAL,
				 "%s TXT: DigitalOcean spoils quotes and backslashes in text",
				 r->name);
	if (len > TXT_MAX)
		return seal_fail(op, SEAL_EINVAL,
				 "%s TXT: %zu octets, quotes included; DigitalOcean takes %d",
				 r->name, len, TXT_MAX);
	*ret = seal_build(op, "{s:s}", "data", r->data);
	return SEAL_OK;
}

/* The members that hold the data, as an object. */
static enum seal_status encode_data(struct seal_op *op, const struct seal_record *r,
				    const char **ret)
{
	size_t shape = shape_of(r->type);
	const char *data = r->data;

	if (is(r->type, "TXT"))
		return encode_txt(op, r, ret);
	if (is(r->type, "CAA"))
		data = caa_dotted(op, data);
	if (!data)
		return seal_fail(op, SEAL_EINVAL, "%s CAA: DigitalOcean takes no parameters: %s",
				 r->name, r->data);
	if (shapes[shape].host && data[strlen(data) - 1] != '.')
		data = seal_printf(op, "%s.", data);
	*ret = op->host->fields_json(op, data, shapes[shape].spec);
	return *ret ? SEAL_OK : seal_fail(op, SEAL_EINVAL, "%s %s: no way to write '%s'", r->name,
					  r->type, r->data);
}

static enum seal_status encode(struct seal_op *op, const struct seal_record *r, const char **ret)
{
	const char *data = NULL;
	enum seal_status st = encode_data(op, r, &data);

	if (!st)
		*ret = seal_build(op, "{s:s,s:s,s:i,m}", "type", r->type, "name", r->name, "ttl",
				  (long)(r->ttl ? r->ttl : DEFAULT_TTL), data);
	return st;
}

static bool decode(struct seal_op *op, const char *zone, const struct seal_json *j,
		   struct seal_record *ret)
{
	const char *type = seal_json_str(op, j, "type"), *ttl = seal_json_str(op, j, "ttl");
	const char *target = seal_json_str(op, j, "data");
	size_t shape = shape_of(type);

	*ret = (struct seal_record){ .name = seal_json_str(op, j, "name"), .type = type,
				     .ttl = ttl ? (uint32_t)strtoul(ttl, NULL, 10) : DEFAULT_TTL,
				     .data = target, .id = seal_json_str(op, j, "id") };
	if (shape == SHAPES || !target || !ret->name || !ret->id)
		return false;
	if (*shapes[shape].spec)
		ret->data = op->host->json_fields(op, j, shapes[shape].spec);
	if (ret->data && shapes[shape].host && is(target, "@")) /* the zone itself */
		ret->data = seal_printf(op, "%.*s%s", (int)strlen(ret->data) - 1, ret->data, zone);
	return ret->data != NULL;
}

/* -- lists */

struct records {
	const struct seal_record *at;
	size_t n;
};

/* An unknown zone and a record that is gone get the same words. */
static enum seal_status about_zone(struct seal_op *op, const char *zone, enum seal_status st)
{
	return st != SEAL_ENOTFOUND ? st
				    : seal_fail(op, st, "%s: no such domain in the account (team) "
						"of this token", zone);
}

static const char *records_path(struct seal_op *op, const char *zone)
{
	return seal_printf(op, "/domains/%s/records", op->host->urlescape(op, zone));
}

/* Narrow a list down to the one type and the one name that all of these have. */
static const char *list_path(struct seal_op *op, const char *zone, struct records like)
{
	const char *path = seal_printf(op, "%s?per_page=200", records_path(op, zone));
	const struct seal_record *r = like.at;
	bool one_name = like.n > 0, one_type = like.n > 0;

	for (size_t i = 1; i < like.n; i++) {
		one_name = one_name && is(r[i].name, r->name);
		one_type = one_type && is(r[i].type, r->type);
	}
	if (one_type)
		path = seal_printf(op, "%s&type=%s", path, r->type);
	if (!one_name)
		return path;
	const char *name = op->host->name_abs(op, r->name, zone); /* a relative one finds nothing */
	return seal_printf(op, "%s&name=%s", path, op->host->urlescape(op, name));
}

/* All records of the zone, or at least those that may be like these. */
static enum seal_status list(struct seal_op *op, const char *zone, struct records like,
			     struct records *ret)
{
	struct seal_pages p = { .path = list_path(op, zone, like), .next = "links.pages.next" };

	*ret = (struct records){ NULL, 0 };
	while (seal_next_page(op, &p, call)) {
		size_t n = seal_json_n(op, p.x.json, "domain_records");
		struct seal_record *all = op->host->alloc(op, (ret->n + n + 1) * sizeof(*all));
		if (ret->n)
			memcpy(all, ret->at, ret->n * sizeof(*all));
		ret->at = all;
		for (size_t i = 0; i < n; i++)
			ret->n += decode(op, zone,
					 seal_json_nth(op, p.x.json, "domain_records.%zu", i),
					 &all[ret->n]);
	}
	return about_zone(op, zone, p.st);
}

static enum seal_status get(struct seal_op *op, const char *zone)
{
	struct records there, all = { NULL, 0 };
	enum seal_status st = list(op, zone, all, &there);

	for (size_t i = 0; !st && i < there.n; i++)
		op->host->emit(op, &there.at[i]);
	return st;
}

static enum seal_status zones(struct seal_op *op)
{
	struct seal_pages p = { .path = "/domains?per_page=200", .next = "links.pages.next" };

	while (seal_next_page(op, &p, call))
		for (size_t i = 0; i < seal_json_n(op, p.x.json, "domains"); i++)
			op->host->emit_zone(
				op, seal_json_nstr(op, p.x.json, "domains.%zu.name", i));
	return p.st;
}

/* -- changes */

/* Write a record: a new one, or over the one with this id. */
static enum seal_status write_record(struct seal_op *op, const char *zone, struct seal_record r,
				     const char *id)
{
	const char *path = records_path(op, zone), *body;
	struct seal_record stored;
	struct seal_http x;
	enum seal_status st = encode(op, &r, &body);

	if (!st && id)
		st = call(op, &x, "PUT", seal_printf(op, "%s/%s", path, id), body);
	else if (!st)
		st = about_zone(op, zone, call(op, &x, "POST", path, body));
	if (st)
		return st;
	if (!decode(op, zone, op->host->json_at(x.json, "domain_record"), &stored))
		return seal_fail(op, SEAL_EPROTO, "%s %s: written, and no record came back: %.80s",
				 r.name, r.type, x.reply);
	r.id = stored.id;
	r.ttl = stored.ttl; /* records of one name and type may be given one ttl */
	op->host->emit(op, &r);
	return SEAL_OK;
}

static bool is_unsure(enum seal_status st) /* perhaps it was done */
{
	return st == SEAL_EAGAIN || st == SEAL_EPROTO;
}

/* Look whether it came to be; then it is emitted. */
static enum seal_status look_for(struct seal_op *op, const char *zone, const struct seal_record *r,
				 bool *ret_there)
{
	const struct seal_change *c;
	struct records there, one = { r, 1 };
	size_t n;
	enum seal_status st = op->host->wait(op, LISTS_LAG_MS);

	if (!st)
		st = list(op, zone, one, &there);
	if (st)
		return st;
	*ret_there = true;
	c = op->host->diff(op, there.at, there.n, r, 1, &n);
	for (size_t i = 0; i < n; i++)
		*ret_there = *ret_there && c[i].what != SEAL_ADD;
	return SEAL_OK;
}

static enum seal_status add(struct seal_op *op, const char *zone, const struct seal_record *r)
{
	enum seal_status st = SEAL_OK, looked;
	bool there = false;

	for (int try = 0; try < TRIES; try++) {
		st = write_record(op, zone, *r, NULL);
		if (!is_unsure(st))
			return st;
		looked = look_for(op, zone, r, &there);
		if (looked || there)
			return looked;
	}
	return st; /* with the sentence of the last try */
}

static enum seal_status drop(struct seal_op *op, const char *zone, const char *id)
{
	struct seal_http x;
	const char *path = seal_printf(op, "%s/%s", records_path(op, zone),
				       op->host->urlescape(op, id));
	enum seal_status st = call(op, &x, "DELETE", path, NULL);

	return st == SEAL_ENOTFOUND ? SEAL_OK : st; /* it is gone */
}

struct changes {
	struct seal_change *at;
	size_t n;
};

/* The id of a record of this name and type that has to go, and now need not. */
static const char *spare(struct changes c, const struct seal_record *like)
{
	for (size_t i = 0; i < c.n; i++) {
		struct seal_record *r = &c.at[i].record;
		const char *id = r->id;
		if (c.at[i].what != SEAL_DROP || !id || !is(r->name, like->name) ||
		    !is(r->type, like->type))
			continue;
		r->id = NULL;
		return id;
	}
	return NULL;
}

static enum seal_status edit(struct seal_op *op, const char *zone, struct records there,
			     struct records want)
{
	enum seal_status st = SEAL_OK;
	struct changes c;
	const struct seal_change *all =
		op->host->diff(op, there.at, there.n, want.at, want.n, &c.n);

	c.at = op->host->alloc(op, (c.n + 1) * sizeof(*c.at));
	if (c.n)
		memcpy(c.at, all, c.n * sizeof(*c.at));
	for (size_t i = 0; !st && i < c.n; i++) {
		const struct seal_record *r = &c.at[i].record;
		const char *id = c.at[i].what == SEAL_ADD ? spare(c, r) : r->id;
		if (c.at[i].what != SEAL_DROP)
			st = id ? write_record(op, zone, *r, id) : add(op, zone, r);
	}
	for (size_t i = 0; !st && i < c.n; i++)
		if (c.at[i].what == SEAL_DROP && c.at[i].record.id)
			st = drop(op, zone, c.at[i].record.id);
	return st;
}

static enum seal_status set(struct seal_op *op, const char *zone, const struct seal_record *r,
			    size_t n)
{
	struct records there, want = { r, n };
	enum seal_status st = list(op, zone, want, &there);

	return st ? st : edit(op, zone, there, want);
}

static enum seal_status append(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	enum seal_status st = SEAL_OK;

	if (!op->fresh)
		return set(op, zone, r, n); /* diff() knows that nothing has to go */
	for (size_t i = 0; !st && i < n; i++)
		st = add(op, zone, &r[i]);
	return st;
}

/* Text that somebody else wrote with quotes around it means the same to its reader. */
static void unwrap(struct seal_op *op, struct seal_record *there, struct records want)
{
	const char *plain = is(there->type, "TXT") && *there->data == '"'
				    ? op->host->txt_plain(op, there->data)
				    : NULL;

	for (size_t i = 0; plain && i < want.n; i++)
		if (is(want.at[i].name, there->name) && is(want.at[i].data, plain))
			there->data = plain;
}

static enum seal_status remove_records(struct seal_op *op, const char *zone,
				       const struct seal_record *r, size_t n)
{
	struct records there, want = { r, n };
	enum seal_status st = SEAL_OK;
	bool known = true; /* by their ids, from when they were added */

	for (size_t i = 0; i < n; i++)
		known = known && r[i].id;
	for (size_t i = 0; !st && known && i < n; i++)
		st = drop(op, zone, r[i].id);
	if (st || known)
		return st;
	st = list(op, zone, want, &there); /* all copies of them */
	if (st)
		return st;
	struct seal_record *all = op->host->alloc(op, (there.n + 1) * sizeof(*all));
	for (size_t i = 0; i < there.n; i++) {
		all[i] = there.at[i];
		unwrap(op, &all[i], want);
	}
	return edit(op, zone, (struct records){ all, there.n }, want);
}

/* -- check: are the credentials good, and good enough? */

static const struct {
	const char *method, *path, *body;
	enum seal_status good;
} probes[] = {
	/* what fails for want of a scope only when the scope is wanting */
	{ "POST", "", "{}", SEAL_EINVAL },
	{ "DELETE", "/0", NULL, SEAL_ENOTFOUND },
};

static enum seal_status check(struct seal_op *op, const char *zone)
{
	const char *path = zone ? seal_printf(op, "%s?per_page=1", records_path(op, zone))
				: "/domains?per_page=1";
	struct seal_http x;
	enum seal_status st = call(op, &x, "GET", path, NULL);

	if (st)
		return zone ? about_zone(op, zone, st) : st;
	zone = zone ? zone : seal_json_str(op, x.json, "domains.0.name");
	if (!zone)
		seal_log(op, LOG_WARNING, "the token sees no domain: whether it may change one "
			 "cannot be told");
	for (size_t i = 0; zone && !st && i < sizeof(probes) / sizeof(*probes); i++) {
		path = seal_printf(op, "%s%s", records_path(op, zone), probes[i].path);
		st = call(op, &x, probes[i].method, path, probes[i].body);
		st = st == probes[i].good ? SEAL_OK : st;
	}
	return st;
}

SEAL_PROVIDER(digitalocean,
	.label = "DigitalOcean",
	.doc_url = "https://docs.digitalocean.com/reference/api/",
	.version = "1",
	.options = options,
	.conf_size = sizeof(struct conf),
	.endpoint = "https://api.digitalocean.com/v2",
	.endpoint_env = "DO_API_URL DIGITALOCEAN_API_URL",
	.rights = "API > Tokens > Generate New Token > Custom Scopes:\n"
		  "  domain:create  to add challenges\n"
		  "  domain:read    to find what is there\n"
		  "  domain:delete  to take them back\n"
		  "  domain:update  only for `dnseal dns set`\n"
		  "A token is good for all domains of its team and ends at its date of expiry;\n"
		  "to confine it, keep the domains that dnseal shall serve in a team of their own.",
	.example = "dns digitalocean {\n"
		   "    api_token file:digitalocean.token\n"
		   "}\n",
	.types = "A AAAA CAA CNAME MX NS SRV TXT",
	.flags = SEAL_ANYCAST | SEAL_PARALLEL,
	.min_ttl = 30,
	.per_minute = 250,
	.wait_s = 5,
	.check = check,
	.zones = zones,
	.get = get,
	.append = append,
	.set = set,
	.remove = remove_records);
