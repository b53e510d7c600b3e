/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cloudflare - Cloudflare DNS, API v4.   https://developers.cloudflare.com/api/resources/dns/
 *
 * Every value is a record with an id.  Changes go through the batch call, one transaction each:
 * 50 challenges in a zone are one look-up of the zone, one batch that adds and one that deletes.
 * Adding does not list first: a repeat is refused (81058), which is when we look.  That compares
 * spellings: "v" and v are two records, but one in DNS.  Ours are quoted; removal decodes. */
#include <dnseal/provider.h>

#include <syslog.h>
#include <time.h>

#define CHUNK_FREE 200	 /* changes a batch may hold on the free plan */
#define CHUNK_PAID 1000	 /* it may hold 3500, but then its reply is more than the core takes */
#define RECORDS_PAGE 500 /* keeps a reply well below that, too */
#define TOTAL "result_info.total_pages"
#define ZONE_ID_S 3600	 /* a zone that is deleted and made again gets another id */
#define AUTOMATIC_S 300	 /* what ttl 1 means */
#define SECOND_TRY_MS 1000
#define ENDING_DAYS 14 /* a token that expires so soon is worth a warning */

struct conf {
	const char *api_token, *zone_token, *email, *api_key, *zone_id, *account_id;
};

#define AT(member) offsetof(struct conf, member)
static const struct seal_option options[] = {
	{ "api_token", SEAL_STRING, SEAL_ANY | SEAL_TOGETHER | SEAL_SECRET, AT(api_token), NULL,
	  "CLOUDFLARE_API_TOKEN CLOUDFLARE_DNS_API_TOKEN CF_DNS_API_TOKEN CF_API_TOKEN CF_Token",
	  "API token with Zone > DNS > Edit" },
	{ "zone_token", SEAL_STRING, SEAL_TOGETHER | SEAL_SECRET, AT(zone_token), NULL,
	  "CLOUDFLARE_ZONE_API_TOKEN CF_ZONE_API_TOKEN CLOUDFLARE_ZONE_TOKEN",
	  "another token with Zone > Zone > Read, only to find zones" },
	{ "email", SEAL_STRING, 0, AT(email), NULL, "CLOUDFLARE_EMAIL CF_API_EMAIL CF_Email",
	  "of the account, beside api_key" },
	{ "api_key", SEAL_STRING, SEAL_ANY | SEAL_SECRET, AT(api_key), NULL,
	  "CLOUDFLARE_API_KEY CF_API_KEY CF_Key", "global API key; a token is safer" },
	{ "zone_id", SEAL_STRING, 0, AT(zone_id), NULL, "CLOUDFLARE_ZONE_ID CF_Zone_ID",
	  "ID, or ZONE=ID words: zones are not looked up then" },
	{ "account_id", SEAL_STRING, 0, AT(account_id), NULL,
	  "CLOUDFLARE_ACCOUNT_ID CF_Account_ID", "only zones of this account" },
	SEAL_OPTIONS_END
};

/* -- one call, and what its failures mean */

static const struct {
	const char *code;
	enum seal_status st;
	const char *say;
} faults[] = {
	/* codes that say more than the HTTP status; first that fits */
	{ "0", SEAL_EUNSUPPORTED, "this token may not list zones, only look for one by its name" },
	{ "6103", SEAL_EAUTH, "api_key is malformed" },
	{ "6111", SEAL_EAUTH, "the token is malformed" },
	{ "6003", SEAL_EAUTH, "the credentials are malformed" },
	{ "1000", SEAL_EAUTH, "there is no such token" },
	{ "9103", SEAL_EAUTH, "email and api_key do not belong together" },
	{ "9106", SEAL_EAUTH, "no credentials arrived" },
	{ "9109", SEAL_EAUTH, "no such token, or not for this address, or not for this zone" },
	{ "10000", SEAL_EAUTH, "it lacks Zone > DNS > Edit, at least for this zone" },
	{ "1038", SEAL_EINVAL, "Cloudflare does not let its API change this top-level domain" },
	{ "1046", SEAL_EINVAL, "another product of Cloudflare keeps this record" },
	{ "7003", SEAL_ENOTFOUND, "an id is wrong" },
	{ "81044", SEAL_ENOTFOUND, "the record is gone" },
	{ "81045", SEAL_EINVAL, "the zone holds as many records as its plan allows" },
};

static bool is(const char *text, const char *word)
{
	return text && !strcmp(text, word);
}

/* Is this code among the errors, or in the chain below one? */
static bool has_code(struct seal_op *op, const struct seal_http *x, const char *code)
{
	for (size_t i = 0; i < seal_json_n(op, x->json, "errors"); i++)
		if (is(seal_json_nstr(op, x->json, "errors.%zu.code", i), code) ||
		    is(seal_json_nstr(op, x->json, "errors.%zu.error_chain.0.code", i), code))
			return true;
	return false;
}

static bool is_key(const char *s) /* the shapes of a global API key */
{
	return !strncmp(s, "cfk_", 4) || (strlen(s) == 37 && strspn(s, "0123456789abcdef") == 37);
}

static const char *advice(const struct conf *c)
{
	if (c->api_token && is_key(c->api_token))
		return "; api_token looks like a global API key: that is api_key, beside email";
	if (!c->api_token && c->api_key && !is_key(c->api_key))
		return "; api_key looks like a token: that is api_token";
	return "";
}

static enum seal_status explain(struct seal_op *op, const struct seal_http *x)
{
	const char *why = seal_json_str(op, x->json, "errors.0.message");
	const char *below = seal_json_str(op, x->json, "errors.0.error_chain.0.message");
	const char *at = seal_json_str(op, x->json, "errors.0.source.pointer");
	const char *code = seal_json_str(op, x->json, "errors.0.code"), *say = "";
	enum seal_status st = seal_http_class(x->status);

	if (!st) /* 200 and yet no success: half a reply, or somebody else's page */
		st = x->json ? SEAL_EPROTO : SEAL_EAGAIN;
	if (!why || !code)
		return seal_fail(op, st, "HTTP %ld, no reason given: %.80s", x->status, x->reply);
	for (size_t i = sizeof(faults) / sizeof(*faults); i--;)
		if (has_code(op, x, faults[i].code)) {
			st = faults[i].st;
			say = seal_printf(op, ": %s", faults[i].say);
		}
	bool auth = st == SEAL_EAUTH;
	return seal_fail(op, st, "%s%s%s%s%s%s (code %s)%s%s", auth ? "token refused: " : "", why,
			 below ? ": " : "", below ? below : "", at ? " at " : "", at ? at : "",
			 code, say, auth ? advice(op->conf) : "");
}

/* Every call goes through here: one place for the credentials and for what errors mean. */
static enum seal_status call(struct seal_op *op, struct seal_http *x, const char *method,
			     const char *path, const char *body)
{
	const struct conf *c = op->conf;
	bool lookup = c->zone_token && !strncmp(path, "/zones?", 7);
	const char *token = lookup ? c->zone_token : c->api_token;
	const char *headers[] = { "Content-Type: application/json", NULL, NULL, NULL };

	if (!token && !c->email)
		return seal_fail(op, SEAL_EAUTH, "api_key needs email beside it");
	if (token) /* never both schemes in one request */
		headers[1] = seal_printf(op, "Authorization: Bearer %s", token);
	else {
		headers[1] = seal_printf(op, "X-Auth-Email: %s", c->email);
		headers[2] = seal_printf(op, "X-Auth-Key: %s", c->api_key);
	}
	for (int round = 0;; round++) {
		enum seal_status st = round ? op->host->wait(op, SECOND_TRY_MS) : SEAL_OK;
		*x = (struct seal_http){ method, path, headers, body, .status = 0 };
		if (st || (st = seal_http(op, x)))
			return st;
		if (x->status < 300 && is(seal_json_str(op, x->json, "success"), "true"))
			return SEAL_OK;
		/* Good tokens are refused so now and then; said twice, it is meant. */
		if (round || !has_code(op, x, "10000"))
			return explain(op, x);
	}
}

/* -- zones */

struct zone {
	const char *name, *path; /* of its records */
	size_t chunk;		 /* changes a batch may hold */
};

static const char *zones_path(struct seal_op *op, const char *filter)
{
	const struct conf *c = op->conf;

	return seal_printf(op, "/zones?per_page=50%s%s%s", filter,
			   c->account_id ? "&account.id=" : "",
			   c->account_id ? op->host->urlescape(op, c->account_id) : "");
}

/* The configured id of this zone, or NULL. */
static const char *pinned(struct seal_op *op, const char *zone)
{
	const struct conf *c = op->conf;
	size_t len = strlen(zone), n;

	for (const char *at = c->zone_id; at && *at; at += n + strspn(at + n, " ,")) {
		n = strcspn(at, " ,");
		if (!memchr(at, '=', n))
			return seal_printf(op, "%.*s", (int)n, at);
		if (n > len && at[len] == '=' && !strncmp(at, zone, len))
			return seal_printf(op, "%.*s", (int)(n - len - 1), at + len + 1);
	}
	return NULL;
}

/* What is remembered of a zone: "ID PLAN". */
static const char *known_of(struct seal_op *op, const struct seal_json *zone)
{
	const char *id = seal_json_str(op, zone, "id");
	const char *plan = seal_json_str(op, zone, "plan.legacy_id");

	return seal_printf(op, "%s %s", id ? id : "", plan ? plan : "free");
}

/* The one active zone of this name.  One the token may not see is not refused but left out. */
static enum seal_status find_zone(struct seal_op *op, const char *zone,
				  const struct seal_json **ret)
{
	const char *filter = seal_printf(op, "&name=%s", op->host->urlescape(op, zone));
	const char *state = NULL;
	unsigned active = 0;
	struct seal_http x;
	enum seal_status st = call(op, &x, "GET", zones_path(op, filter), NULL);

	if (st)
		return st;
	for (size_t i = 0; i < seal_json_n(op, x.json, "result"); i++) {
		state = seal_json_nstr(op, x.json, "result.%zu.status", i);
		if (!is(state, "active"))
			continue;
		*ret = seal_json_nth(op, x.json, "result.%zu", i);
		active++;
	}
	if (active > 1)
		return seal_fail(op, SEAL_EINVAL, "%s: there are %u: set account_id", zone, active);
	if (!active && state)
		return seal_fail(op, SEAL_ENOTFOUND, "%s: the zone is %s, not active", zone, state);
	if (!active)
		return seal_fail(op, SEAL_ENOTFOUND, "%s: no such zone, or no right to see it: "
				 "grant Zone > Zone > Read or set zone_id", zone);
	state = seal_json_str(op, *ret, "type"); /* "partial", "secondary", "internal" */
	if (state && !is(state, "full"))
		seal_log(op, LOG_WARNING, "%s is %s: the world asks other servers", zone, state);
	op->host->cache_put(op, zone, known_of(op, *ret), ZONE_ID_S);
	return SEAL_OK;
}

static enum seal_status find(struct seal_op *op, const char *name, struct zone *ret)
{
	const struct seal_json *found;
	const char *known = pinned(op, name);

	known = known ? known : op->host->cache_get(op, name);
	if (!known) {
		enum seal_status st = find_zone(op, name, &found);
		if (st)
			return st;
		known = known_of(op, found);
	}
	size_t len = strcspn(known, " ");
	bool paid = known[len] && strcmp(known + len, " free");
	*ret = (struct zone){ .name = name, .chunk = paid ? CHUNK_PAID : CHUNK_FREE };
	ret->path = seal_printf(op, "/zones/%.*s/dns_records", (int)len, known);
	return SEAL_OK;
}

static enum seal_status zones(struct seal_op *op)
{
	struct seal_pages p = { .path = zones_path(op, ""), .total = TOTAL };

	while (seal_next_page(op, &p, call))
		for (size_t i = 0; i < seal_json_n(op, p.x.json, "result"); i++)
			if (is(seal_json_nstr(op, p.x.json, "result.%zu.status", i), "active"))
				op->host->emit_zone(op, seal_json_nstr(op, p.x.json,
								       "result.%zu.name", i));
	return p.st;
}

/* -- records as the API has them */

static const struct {
	const char *type, *spec;
} shapes[] = {
	/* where the data of a record is; of other types it is `content` */
	{ "CAA", "#data.flags =data.tag \"data.value" },
	{ "DNSKEY", "#data.flags #data.protocol #data.algorithm =data.public_key" },
	{ "DS", "#data.key_tag #data.algorithm #data.digest_type =data.digest" },
	{ "HTTPS", "#data.priority =data.target *data.value" },
	{ "MX", "#priority =content" },
	{ "NAPTR", "#data.order #data.preference \"data.flags \"data.service \"data.regex "
		   "=data.replacement" },
	{ "SMIMEA", "#data.usage #data.selector #data.matching_type =data.certificate" },
	{ "SRV", "#data.priority #data.weight #data.port =data.target" },
	{ "SSHFP", "#data.algorithm #data.type =data.fingerprint" },
	{ "SVCB", "#data.priority =data.target *data.value" },
	{ "TLSA", "#data.usage #data.selector #data.matching_type =data.certificate" },
	{ "URI", "#priority #data.weight \"data.target" },
};

static const char *spec_of(const char *type)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (!strcmp(shapes[i].type, type))
			return shapes[i].spec;
	return "*content";
}

static const char *encode(struct seal_op *op, const char *zone, const struct seal_record *r)
{
	const char *name = op->host->name_abs(op, r->name, zone), *data;

	if (is(r->type, "TXT"))
		data = seal_build(op, "{s:s}", "content", op->host->txt_quote(op, r->data));
	else
		data = op->host->fields_json(op, r->data, spec_of(r->type));
	return data ? seal_build(op, "{s:s,s:s,s:i,m}", "type", r->type, "name", name, "ttl",
				 r->ttl ? (long)r->ttl : 1L, data) : NULL;
}

/* A record we may change: those of other products are marked read-only. */
static bool decode(struct seal_op *op, const char *zone, const struct seal_json *j,
		   struct seal_record *ret)
{
	const char *name = seal_json_str(op, j, "name"), *ttl = seal_json_str(op, j, "ttl");
	const char *content = seal_json_str(op, j, "content");

	*ret = (struct seal_record){ .type = seal_json_str(op, j, "type") };
	ret->id = seal_json_str(op, j, "id");
	if (!name || !ttl || !ret->type || !ret->id ||
	    is(seal_json_str(op, j, "meta.read_only"), "true"))
		return false;
	ret->name = op->host->name_rel(op, name, zone);
	ret->ttl = is(ttl, "1") ? AUTOMATIC_S : (uint32_t)strtoul(ttl, NULL, 10);
	if (!is(ret->type, "TXT"))
		ret->data = op->host->json_fields(op, j, spec_of(ret->type));
	else if (content)
		ret->data = op->host->txt_plain(op, content);
	if (!ret->data) /* malformed; or an older record, which has its text only */
		ret->data = content;
	return ret->name && ret->data;
}

struct records {
	const struct seal_record *at;
	size_t n;
};

/* Narrow a list down to the one type and the one name that all of these have. */
static const char *narrow(struct seal_op *op, const struct zone *z, const struct records *like)
{
	const char *path = seal_printf(op, "%s?per_page=%d", z->path, RECORDS_PAGE);
	const struct seal_record *r = like->at;
	size_t names = like->n ? 1 : 0, types = names;

	for (size_t i = 1; i < like->n; i++) {
		names += !is(r[i].name, r->name);
		types += !is(r[i].type, r->type);
	}
	if (types == 1)
		path = seal_printf(op, "%s&type=%s", path, r->type);
	if (names != 1)
		return path;
	const char *name = op->host->urlescape(op, op->host->name_abs(op, r->name, z->name));
	return seal_printf(op, "%s&name.exact=%s", path, name);
}

/* All records of the zone, or at least those that may be like these. */
static enum seal_status list(struct seal_op *op, const struct zone *z, const struct records *like,
			     struct records *ret)
{
	struct seal_pages p = { .path = narrow(op, z, like), .total = TOTAL };

	*ret = (struct records){ NULL, 0 };
	while (seal_next_page(op, &p, call)) {
		const char *got = seal_json_str(op, p.x.json, "result_info.page");
		size_t n = seal_json_n(op, p.x.json, "result");
		if (got && strtoul(got, NULL, 10) != p.page)
			return seal_fail(op, SEAL_EPROTO, "asked for page %u, got %s", p.page, got);
		struct seal_record *all = op->host->alloc(op, (ret->n + n) * sizeof(*all));
		if (ret->n)
			memcpy(all, ret->at, ret->n * sizeof(*all));
		ret->at = all;
		for (size_t i = 0; i < n; i++)
			ret->n += decode(op, z->name, seal_json_nth(op, p.x.json, "result.%zu", i),
					 &all[ret->n]);
	}
	return p.st;
}

static enum seal_status get(struct seal_op *op, const char *zone)
{
	struct records there, all = { NULL, 0 };
	struct zone z;
	enum seal_status st = find(op, zone, &z);

	if (!st)
		st = list(op, &z, &all, &there);
	for (size_t i = 0; !st && i < there.n; i++)
		op->host->emit(op, &there.at[i]);
	return st;
}

/* -- changes */

struct edit {
	struct zone zone;
	struct records want;
	struct seal_http x; /* last reply */
};

static const char *encode_change(struct seal_op *op, const char *zone, const struct seal_change *c)
{
	if (c->what == SEAL_ADD)
		return encode(op, zone, &c->record);
	if (c->what == SEAL_RETIME)
		return seal_build(op, "{s:s,s:i}", "id", c->record.id, "ttl", (long)c->record.ttl);
	return seal_build(op, "{s:s}", "id", c->record.id);
}

static enum seal_status emit_added(struct seal_op *op, const char *zone, struct seal_record r,
				   const struct seal_json *added)
{
	const char *name = seal_json_str(op, added, "name");

	r.id = seal_json_str(op, added, "id");
	r.ttl = r.ttl ? r.ttl : AUTOMATIC_S;
	if (!r.id || !name)
		return seal_fail(op, SEAL_EPROTO, "%s: no id came back for a new record", r.name);
	op->host->emit(op, &r);
	if (!strcmp(name, op->host->name_abs(op, r.name, zone)))
		return SEAL_OK;
	/* To another zone our name is a relative one.  The record has an id and can be removed. */
	return seal_fail(op, SEAL_EINVAL, "%s: stored as %s: zone_id is wrong", zone, name);
}

static enum seal_status send(struct seal_op *op, struct edit *e, const struct seal_change *c,
			     size_t n)
{
	static const char *const arrays[] = { "deletes", "patches", "posts" }; /* by seal_edit */
	const char *body = "{}", *url = seal_printf(op, "%s/batch", e->zone.path);
	const char **item = op->host->alloc(op, 3 * n * sizeof(*item)); /* three lists */
	size_t count[3] = { 0 }, added = 0;

	for (size_t i = 0; i < n; i++) {
		const char *text = encode_change(op, e->zone.name, &c[i]);
		if (!text)
			return seal_fail(op, SEAL_EINVAL, "%s %s: no way to write '%s'",
					 c[i].record.name, c[i].record.type, c[i].record.data);
		item[c[i].what * n + count[c[i].what]++] = text;
	}
	for (size_t i = 0; i < 3; i++) {
		const char *all = op->host->join(op, item + i * n, count[i], ",");
		if (count[i])
			body = seal_build(op, "{m,s:j}", body, arrays[i],
					  seal_printf(op, "[%s]", all));
	}
	enum seal_status st = call(op, &e->x, "POST", url, body);
	for (size_t i = 0; !st && i < n; i++)
		if (c[i].what == SEAL_ADD)
			st = emit_added(op, e->zone.name, c[i].record,
					seal_json_nth(op, e->x.json, "result.posts.%zu", added++));
	return st;
}

static enum seal_status apply(struct seal_op *op, struct edit *e, const struct records *there)
{
	enum seal_status st = SEAL_OK;
	size_t n, chunk = e->zone.chunk;
	const struct seal_change *c =
		op->host->diff(op, there->at, there->n, e->want.at, e->want.n, &n);

	for (size_t at = 0; !st && at < n; at += chunk)
		st = send(op, e, c + at, n - at < chunk ? n - at : chunk);
	return st;
}

/* Something was there already, or gone, which fails a whole batch; or the reply was lost. */
static bool is_surprise(struct seal_op *op, const struct edit *e, enum seal_status st)
{
	return st == SEAL_EAGAIN || has_code(op, &e->x, "81044") || has_code(op, &e->x, "81057") ||
	       has_code(op, &e->x, "81058");
}

/* The first batch goes by what we believe is there, when we do; after a surprise we look. */
static enum seal_status edit(struct seal_op *op, const char *zone, struct records want,
			     const struct records *believed)
{
	struct edit e = { .want = want };
	enum seal_status st = find(op, zone, &e.zone);
	struct records there;

	if (st)
		return st;
	if (believed)
		st = apply(op, &e, believed);
	for (int round = 0; round < 3; round++) {
		if (st ? !is_surprise(op, &e, st) : believed != NULL)
			return st;
		believed = &there;
		st = list(op, &e.zone, &e.want, &there);
		if (st)
			return st;
		st = apply(op, &e, &there);
	}
	return st;
}

static enum seal_status append(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	return edit(op, zone, (struct records){ r, n }, &(struct records){ NULL, 0 });
}

static enum seal_status set(struct seal_op *op, const char *zone, const struct seal_record *r,
			    size_t n)
{
	return edit(op, zone, (struct records){ r, n }, NULL);
}

static enum seal_status remove_records(struct seal_op *op, const char *zone,
				       const struct seal_record *r, size_t n)
{
	struct records gone = { r, n };
	size_t known = 0; /* by their ids, from when they were added */

	while (known < n && r[known].id)
		known++;
	return edit(op, zone, gone, known == n ? &gone : NULL);
}

/* -- check: are the credentials good, and good enough for this zone? */

static void tell_end(struct seal_op *op, const char *end) /* RFC 3339, in UTC */
{
	time_t at = (time_t)op->host->wall(op) + ENDING_DAYS * 86400;
	char limit[32] = "";
	struct tm t;

	strftime(limit, sizeof(limit), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &t));
	bool soon = strcmp(end, limit) < 0;
	seal_log(op, soon ? LOG_WARNING : LOG_NOTICE, "the token expires %son %s",
		 soon ? "soon, " : "", end);
}

static enum seal_status check_token(struct seal_op *op)
{
	const struct conf *c = op->conf;
	const char *url = "/user/tokens/verify", *account = c->account_id;
	bool owned = c->api_token && !strncmp(c->api_token, "cfat_", 5); /* by an account */
	enum seal_status st = SEAL_OK;
	struct seal_http x;

	if (!c->api_token || (owned && !account)) {
		st = call(op, &x, "GET", zones_path(op, ""), NULL); /* shows nearly as much */
		account = seal_json_str(op, x.json, "result.0.account.id");
		if (st || !owned || !account)
			return st == SEAL_EUNSUPPORTED ? SEAL_OK : st;
	}
	if (owned)
		url = seal_printf(op, "/accounts/%s/tokens/verify", account);
	st = call(op, &x, "GET", url, NULL);
	if (st)
		return st;
	const char *state = seal_json_str(op, x.json, "result.status");
	const char *end = seal_json_str(op, x.json, "result.expires_on");
	if (!is(state, "active"))
		return seal_fail(op, SEAL_EAUTH, "token refused: it is %s", state ? state : "?");
	if (end)
		tell_end(op, end);
	return SEAL_OK;
}

static enum seal_status check(struct seal_op *op, const char *zone)
{
	const struct seal_json *found = NULL;
	struct seal_http x;
	struct zone z;
	enum seal_status st = check_token(op);

	if (!st && zone && !pinned(op, zone))
		st = find_zone(op, zone, &found);
	if (st || !zone)
		return st;
	for (size_t i = 0; i < seal_json_n(op, found, "permissions"); i++)
		if (is(seal_json_nstr(op, found, "permissions.%zu", i), "#dns_records:edit"))
			return SEAL_OK;
	if (seal_json_n(op, found, "permissions"))
		return seal_fail(op, SEAL_EAUTH, "%s: the token lacks Zone > DNS > Edit", zone);
	st = find(op, zone, &z); /* nothing says what we may do; at least look */
	return st ? st : call(op, &x, "GET", seal_printf(op, "%s?per_page=5", z.path), NULL);
}

SEAL_PROVIDER(cloudflare,
	.label = "Cloudflare",
	.doc_url = "https://developers.cloudflare.com/api/resources/dns/",
	.version = "1",
	.options = options,
	.conf_size = sizeof(struct conf),
	.endpoint = "https://api.cloudflare.com/client/v4",
	.endpoint_env = "CLOUDFLARE_BASE_URL",
	.rights = "My Profile > API Tokens > Create Token > Edit zone DNS:\n"
		  "  Permissions     Zone - DNS - Edit\n"
		  "                  Zone - Zone - Read (not needed with zone_id)\n"
		  "  Zone Resources  Include - Specific zone - each zone dnseal shall serve",
	.example = "dns cloudflare {\n"
		   "    api_token file:cloudflare.token\n"
		   "}\n",
	.types = "A AAAA CAA CNAME DNSKEY DS HTTPS MX NAPTR NS OPENPGPKEY PTR SMIMEA SRV SSHFP "
		 "SVCB TLSA TXT URI",
	.flags = SEAL_ANYCAST,
	.min_ttl = 60,
	.max_ttl = 86400,
	.batch = CHUNK_PAID,
	.per_minute = 240, /* 1200 in 5 minutes */
	.wait_s = 5,
	.check = check,
	.zones = zones,
	.get = get,
	.append = append,
	.set = set,
	.remove = remove_records);
