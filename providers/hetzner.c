/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * hetzner - Hetzner DNS, in the Cloud API.   https://docs.hetzner.cloud/reference/cloud#dns
 *
 * Values are added to and removed from a set by the service itself, by name: nothing is looked up
 * first, and what others write at the same name is safe.  A value that is there already, or another
 * ttl than the set's, refuses a whole call; then we look, and send what is missing without ttl.  A
 * change is an action that runs for some seconds; all of ours are waited for together.  The API of
 * the old DNS console is not spoken: a zone is either there or here. */
#include <dnseal/provider.h>

#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#define CHUNK 50	 /* values one call may carry, actions one list may hold */
#define ROUNDS 5	 /* of sending, with a look after each surprise */
#define POLL_MS 300	 /* until the first look at actions, then half as long again each time */
#define POLL_MAX_MS 1000 /* they take 2 to 17 seconds */
#define POLLS 120
#define AGAIN_MS 1000	/* between a failure of the service and a look at what it did */
#define ZONE_TTL_S 3600 /* how long the ttl of a zone is remembered */
#define OLD_TOKEN 32	/* characters of a token of the old DNS console; ours have 64 */
#define REMEDY                                                                                     \
	"migrate the zone to the Hetzner Console, make an API token there (Security > API "        \
	"tokens, Read & Write) and set it as api_token"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct conf {
	const char *api_token, *legacy_token;
};

static const struct seal_option options[] = {
	{ "api_token", SEAL_STRING, SEAL_ANY | SEAL_SECRET, offsetof(struct conf, api_token), NULL,
	  "HETZNER_API_TOKEN HCLOUD_TOKEN HETZNER_TOKEN",
	  "API token of the project that the zones are in, with Read & Write" },
	{ "legacy_token", SEAL_STRING, SEAL_ANY | SEAL_SECRET, offsetof(struct conf, legacy_token),
	  NULL, "HETZNER_API_KEY HETZNER_Token",
	  "of the old DNS console: not supported, zones there must be migrated" },
	SEAL_OPTIONS_END
};

/* -- one call, and what its failures mean */

static const struct {
	const char *code;
	enum seal_status st;
	const char *say;
} faults[] = {
	/* codes that say more than the HTTP status */
	{ "conflict", SEAL_EAGAIN, ": another change is under way" },
	{ "deprecated_api_endpoint", SEAL_EINVAL, ": a newer dnseal is needed" },
	{ "incorrect_zone_mode", SEAL_EINVAL,
	  ": the zone is secondary, change it at its primary server" },
	{ "locked", SEAL_EAGAIN, ": another change is under way" },
	{ "maintenance", SEAL_EAGAIN, "" },
	{ "protected", SEAL_EINVAL, ": take the protection off in the Hetzner Console" },
	{ "resource_limit_exceeded", SEAL_EINVAL, ": the project holds as much as it may" },
	{ "resource_unavailable", SEAL_EAGAIN, "" },
	{ "service_error", SEAL_EAGAIN, "" },
	{ "token_readonly", SEAL_EAUTH, ": make one with Read & Write" },
	{ "uniqueness_error", SEAL_EINVAL, "" },
};

static bool is(const char *text, const char *word)
{
	return text && !strcmp(text, word);
}

static bool has_code(struct seal_op *op, const struct seal_http *x, const char *code)
{
	return is(seal_json_str(op, x->json, "error.code"), code);
}

static const char *advice(const struct conf *c)
{
	return strlen(c->api_token) != OLD_TOKEN ? "" :
	       ": with 32 characters it is one of the old DNS console: " REMEDY;
}

static enum seal_status explain(struct seal_op *op, const struct seal_http *x)
{
	const char *why = seal_json_str(op, x->json, "error.message"), *say = "";
	const char *code = seal_json_str(op, x->json, "error.code");
	const char *at = seal_json_str(op, x->json, "error.details.fields.0.name");
	const char *id = seal_header(x, "x-correlation-id"); /* what their support asks for */
	enum seal_status st = seal_http_class(x->status);

	st = st ? st : SEAL_EPROTO; /* 200 and yet no reply */
	if (!why || !code)
		return seal_fail(op, st, "HTTP %ld, no reason given: %.80s", x->status, x->reply);
	for (size_t i = 0; i < COUNT(faults); i++)
		if (is(code, faults[i].code)) {
			st = faults[i].st;
			say = faults[i].say;
		}
	if (is(code, "unauthorized"))
		say = advice(op->conf);
	if (x->status >= 500 && id)
		say = seal_printf(op, ": correlation id %s", id);
	return seal_fail(op, st, "%s%s (%s%s%s)%s", st == SEAL_EAUTH ? "token refused: " : "", why,
			 code, at ? " at " : "", at ? at : "", say);
}

/* Every call goes through here: one place for the credentials and for what errors mean. */
static enum seal_status call(struct seal_op *op, struct seal_http *x, const char *method,
			     const char *path, const char *body)
{
	const struct conf *c = op->conf;
	const char *headers[] = { "Accept: application/json", NULL,
				  body ? "Content-Type: application/json" : NULL, NULL };

	*x = (struct seal_http){ .method = method, .url = path, .headers = headers, .body = body };
	if (!c->api_token)
		return seal_fail(op, SEAL_EAUTH, "legacy_token is of the old DNS console, whose "
				 "API dnseal does not speak: " REMEDY);
	headers[1] = seal_printf(op, "Authorization: Bearer %s", c->api_token);
	enum seal_status st = seal_http(op, x);
	if (st)
		return st;
	return x->status < 300 && x->json ? SEAL_OK : explain(op, x);
}

/* The zone is not there, or in another project: that looks the same. */
static enum seal_status fail_zone(struct seal_op *op, const char *zone, enum seal_status st)
{
	return st != SEAL_ENOTFOUND ? st :
	       seal_fail(op, st, "%s: no such zone in the project of the token; one that is still "
			 "in the old DNS console must be migrated", zone);
}

static enum seal_status zones(struct seal_op *op)
{
	struct seal_pages p = { .path = "/zones?per_page=50", .next = "meta.pagination.next_page" };

	while (seal_next_page(op, &p, call))
		for (size_t i = 0; i < seal_json_n(op, p.x.json, "zones"); i++)
			op->host->emit_zone(op, seal_json_nstr(op, p.x.json, "zones.%zu.name", i));
	return p.st;
}

/* -- records as the API has them */

static const struct {
	const char *type;
	unsigned fields; /* that are host names: bit 0 is the first */
} hosts[] = {
	{ "CNAME", 1 }, { "HTTPS", 2 }, { "MX", 2 },  { "NS", 1 },   { "PTR", 1 },
	{ "RP", 3 },	{ "SOA", 3 },	{ "SRV", 8 }, { "SVCB", 2 },
};

/* Host names with a final dot; those without are relative to `zone`, NULL: absolute. */
static const char *dotted(struct seal_op *op, const char *type, const char *data, const char *zone)
{
	unsigned fields = 0;
	const char *ret = "";
	size_t n;

	for (size_t i = 0; i < COUNT(hosts); i++)
		if (is(type, hosts[i].type))
			fields = hosts[i].fields;
	for (; fields && *data; data += n, fields >>= 1) {
		n = strcspn(data, " ");
		const char *word = seal_printf(op, "%.*s", (int)n, data);
		if ((fields & 1) && n && word[n - 1] != '.')
			word = seal_printf(op, "%s.",
					   zone ? op->host->name_abs(op, word, zone) : word);
		n += strspn(data + n, " ");
		ret = seal_printf(op, "%s%s%s", ret, word, data[n] ? " " : "");
	}
	return seal_printf(op, "%s%s", ret, data);
}

/* A value as it is stored, or as we would write it. */
static const char *spelling(struct seal_op *op, const struct seal_record *r)
{
	if (r->id)
		return r->id;
	return is(r->type, "TXT") ? op->host->txt_quote(op, r->data)
				  : dotted(op, r->type, r->data, NULL);
}

struct records {
	struct seal_record *at;
	size_t n;
};

static void keep(struct seal_op *op, struct records *all, const struct seal_record *r)
{
	if (!(all->n & (all->n - 1))) { /* at each power of two room for as many again */
		struct seal_record *at = op->host->alloc(op, (2 * all->n + 1) * sizeof(*at));
		if (all->n)
			memcpy(at, all->at, all->n * sizeof(*at));
		all->at = at;
	}
	all->at[all->n++] = *r;
}

/* Sets without a ttl have the zone's. */
static enum seal_status zone_ttl(struct seal_op *op, const char *zone, const char **ret)
{
	struct seal_http x;
	enum seal_status st = SEAL_OK;

	*ret = op->host->cache_get(op, zone);
	if (!*ret) {
		st = call(op, &x, "GET", seal_printf(op, "/zones/%s", zone), NULL);
		*ret = seal_json_str(op, x.json, "zone.ttl");
	}
	if (!st && !*ret)
		st = seal_fail(op, SEAL_EPROTO, "%s: the zone came without ttl", zone);
	if (!st)
		op->host->cache_put(op, zone, *ret, ZONE_TTL_S);
	return st;
}

static enum seal_status decode(struct seal_op *op, const char *zone, const struct seal_json *set,
			       struct records *ret)
{
	const char *ttl = seal_json_str(op, set, "ttl");
	struct seal_record r = { .name = seal_json_str(op, set, "name"),
				 .type = seal_json_str(op, set, "type") };
	enum seal_status st = ttl ? SEAL_OK : zone_ttl(op, zone, &ttl);

	if (st)
		return st;
	if (!r.name || !r.type)
		return seal_fail(op, SEAL_EPROTO, "%s: a set came without name or type", zone);
	r.ttl = (uint32_t)strtoul(ttl, NULL, 10);
	for (size_t i = 0; i < seal_json_n(op, set, "records"); i++) {
		r.id = seal_json_nstr(op, set, "records.%zu.value", i);
		r.data = !r.id ? NULL :
			 is(r.type, "TXT") ? op->host->txt_plain(op, r.id) :
					     dotted(op, r.type, r.id, zone);
		if (r.data)
			keep(op, ret, &r);
	}
	return SEAL_OK;
}

/* All records of the zone, or of the sets that the filter leaves. */
static enum seal_status list(struct seal_op *op, const char *zone, const char *filter,
			     struct records *ret)
{
	struct seal_pages p = { .next = "meta.pagination.next_page" };
	enum seal_status st = SEAL_OK;

	p.path = seal_printf(op, "/zones/%s/rrsets?per_page=100%s", zone, filter);
	while (!st && seal_next_page(op, &p, call))
		for (size_t i = 0; !st && i < seal_json_n(op, p.x.json, "rrsets"); i++)
			st = decode(op, zone, seal_json_nth(op, p.x.json, "rrsets.%zu", i), ret);
	return fail_zone(op, zone, st ? st : p.st);
}

static enum seal_status get(struct seal_op *op, const char *zone)
{
	struct records there = { NULL, 0 };
	enum seal_status st = list(op, zone, "", &there);

	for (size_t i = 0; !st && i < there.n; i++)
		op->host->emit(op, &there.at[i]);
	return st;
}

/* -- actions: what the service is still doing for us */

struct edit {
	const char *zone;
	const struct seal_record *want;
	size_t n;
	enum seal_status (*send)(struct seal_op *, struct edit *, const struct seal_set_change *);

	struct seal_http x; /* last reply to a change */
	const char *running[CHUNK];
	size_t n_running;
	enum seal_status failed; /* one of them */
};

static bool is_over(struct seal_op *op, struct edit *e, const char *id,
		    const struct seal_json *state)
{
	const char *status = seal_json_str(op, state, "status");
	const char *what = seal_json_str(op, state, "command");
	const char *why = seal_json_str(op, state, "error.message");

	if (!is(status, "running") && !is(status, "success"))
		e->failed = seal_fail(op, SEAL_EAGAIN, "%s: action %s (%s) is '%s': %s", e->zone,
				      id, what ? what : "a change", status ? status : "gone",
				      why ? why : "no reason given");
	return !is(status, "running");
}

/* One look at all of them. */
static enum seal_status poll(struct seal_op *op, struct edit *e)
{
	const char *ids = op->host->join(op, e->running, e->n_running, "&id=");
	struct seal_http x;
	enum seal_status st = call(op, &x, "GET",
				   seal_printf(op, "/actions?per_page=%d&id=%s", CHUNK, ids), NULL);

	for (size_t i = st ? 0 : e->n_running; i--;) {
		size_t k = seal_json_n(op, x.json, "actions");
		while (k && !is(seal_json_nstr(op, x.json, "actions.%zu.id", k - 1), e->running[i]))
			k--;
		if (is_over(op, e, e->running[i], seal_json_nth(op, x.json, "actions.%zu", k - 1)))
			e->running[i] = e->running[--e->n_running];
	}
	return st;
}

/* Until nothing of ours is under way any more.  A look may fail: there is another one. */
static enum seal_status await(struct seal_op *op, struct edit *e)
{
	enum seal_status st = SEAL_OK;
	unsigned ms = POLL_MS;

	for (unsigned n = 0; e->n_running && !e->failed && n < POLLS; n++) {
		st = op->host->wait(op, ms);
		st = st ? st : poll(op, e);
		if (st && st != SEAL_EAGAIN && st != SEAL_EPROTO)
			return st;
		ms = ms * 3 / 2 < POLL_MAX_MS ? ms * 3 / 2 : POLL_MAX_MS;
	}
	if (e->failed || !e->n_running)
		return e->failed;
	return st ? st : seal_fail(op, SEAL_EAGAIN, "%s: action %s still runs after %d looks",
				   e->zone, e->running[0], POLLS);
}

/* -- changes */

static bool is_locked(struct seal_op *op, const struct seal_http *x)
{
	return has_code(op, x, "locked") || has_code(op, x, "conflict");
}

/* Change a set; without a verb: make it.  While another change of the zone keeps the service from
 * it, wait: for our own if there are any, else for a while. */
static enum seal_status post(struct seal_op *op, struct edit *e, const struct seal_set_change *c,
			     const char *verb, const char *body)
{
	static const unsigned pauses_ms[] = { 1000, 2000, 4000, 8000, 16000 };
	const char *path = seal_printf(op, "/zones/%s/rrsets", e->zone);
	const char *name = op->host->urlescape(op, c->name);

	if (verb)
		path = seal_printf(op, "%s/%s/%s/actions/%s", path, name, c->type, verb);
	enum seal_status st = e->n_running == CHUNK ? await(op, e) : SEAL_OK;
	if (st)
		return st;
	st = call(op, &e->x, "POST", path, body);
	for (size_t i = 0; i < COUNT(pauses_ms) && is_locked(op, &e->x); i++) {
		st = e->n_running ? await(op, e) : op->host->wait(op, pauses_ms[i]);
		if (st)
			return st;
		st = call(op, &e->x, "POST", path, body);
	}
	if (st)
		return st;
	const char *id = seal_json_str(op, e->x.json, "action.id");
	if (!id)
		return seal_fail(op, SEAL_EPROTO, "%s: no action came back for a change", e->zone);
	if (!is_over(op, e, id, op->host->json_at(e->x.json, "action")))
		e->running[e->n_running++] = id;
	return e->failed;
}

/* {"records": ...} and "ttl", unless it is 0. */
static const char *encode(struct seal_op *op, const struct seal_record *r, size_t n, uint32_t ttl)
{
	const char **items = op->host->alloc(op, (n + 1) * sizeof(*items));

	for (size_t i = 0; i < n; i++)
		items[i] = seal_build(op, "{s:s}", "value", spelling(op, &r[i]));
	const char *all = seal_printf(op, "[%s]", op->host->join(op, items, n, ","));
	return ttl ? seal_build(op, "{s:i,s:j}", "ttl", (long)ttl, "records", all)
		   : seal_build(op, "{s:j}", "records", all);
}

static enum seal_status send_values(struct seal_op *op, struct edit *e,
				    const struct seal_set_change *c, const char *verb, uint32_t ttl,
				    const struct seal_record *r, size_t n)
{
	enum seal_status st = SEAL_OK;

	for (size_t at = 0; !st && at < n; at += CHUNK)
		st = post(op, e, c, verb,
			  encode(op, r + at, n - at < CHUNK ? n - at : CHUNK, ttl));
	return st;
}

static enum seal_status send_new(struct seal_op *op, struct edit *e,
				 const struct seal_set_change *c)
{
	size_t kept = 0;

	while (kept < c->n && c->at[kept].id)
		kept++;
	return send_values(op, e, c, "add_records", c->n_old ? 0 : c->ttl, c->at + kept,
			   c->n - kept);
}

static enum seal_status send_gone(struct seal_op *op, struct edit *e,
				  const struct seal_set_change *c)
{
	struct records gone = { NULL, 0 };
	size_t kept = 0;

	for (size_t i = 0; i < c->n_old; i++)
		if (kept < c->n && is(c->at[kept].id, c->old[i].id))
			kept++;
		else
			keep(op, &gone, &c->old[i]);
	return send_values(op, e, c, "remove_records", 0, gone.at, gone.n);
}

/* A set that holds just these.  What exceeds one call is added by others. */
static enum seal_status send_set(struct seal_op *op, struct edit *e,
				 const struct seal_set_change *c)
{
	size_t n = c->n < CHUNK ? c->n : CHUNK;
	bool same = c->n == c->n_old && c->at[c->n - 1].id; /* new ones come last */
	enum seal_status st = SEAL_OK;

	if (!c->n_old)
		st = post(op, e, c, NULL,
			  seal_build(op, "{s:s,s:s,m}", "name", c->name, "type", c->type,
				     encode(op, c->at, n, c->ttl)));
	else if (!same)
		st = post(op, e, c, "set_records", encode(op, c->at, n, 0));
	if (!st && !same)
		st = send_values(op, e, c, "add_records", 0, c->at + n, c->n - n);
	if (!st && c->n_old && c->ttl != c->old_ttl)
		st = post(op, e, c, "change_ttl", seal_build(op, "{s:i}", "ttl", (long)c->ttl));
	return st;
}

/* Is it not as we thought?  Or may the change have been made although it failed? */
static bool is_surprise(struct seal_op *op, const struct edit *e, enum seal_status st, int round)
{
	const char *why = seal_json_str(op, e->x.json, "error.message");
	const char *field = seal_json_str(op, e->x.json, "error.details.fields.0.name");

	if (e->failed || round == ROUNDS)
		return false;
	if (st == SEAL_EAGAIN)
		return !is_locked(op, &e->x); /* that has been waited for */
	if (st == SEAL_EPROTO || st == SEAL_ENOTFOUND || has_code(op, &e->x, "uniqueness_error"))
		return true;
	return has_code(op, &e->x, "invalid_input") &&
	       (!round || e->send == send_gone || is(field, "ttl") ||
		(why && strstr(why, "duplicate value")));
}

/* What is there now, and what is left to do; NULL: nothing.  What we began must be over: until then
 * it may not be listed. */
static enum seal_status look(struct seal_op *op, struct edit *e, const struct seal_set_change **c)
{
	const char *name = (*c)->name, *type = (*c)->type;
	struct records want = { NULL, 0 }, there = { NULL, 0 };
	enum seal_status st = await(op, e);
	size_t n;

	if (!st)
		st = list(op, e->zone, seal_printf(op, "&type=%s&name=%s", type,
						   op->host->urlescape(op, name)), &there);
	if (st)
		return st;
	for (size_t i = 0; i < e->n; i++)
		if (is(e->want[i].name, name) && is(e->want[i].type, type))
			keep(op, &want, &e->want[i]);
	*c = op->host->merge(op, there.at, there.n, want.at, want.n, &n);
	*c = n ? *c : NULL;
	return SEAL_OK;
}

/* Values that were not there before. */
static void emit_new(struct seal_op *op, const struct seal_set_change *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct seal_record r = c->at[i];
		r.id = spelling(op, &r);
		if (!c->at[i].id)
			op->host->emit(op, &r);
	}
}

static enum seal_status change(struct seal_op *op, struct edit *e, const struct seal_set_change *c)
{
	for (int round = 0; c; round++) {
		enum seal_status st = e->send(op, e, c);
		if (!st)
			emit_new(op, c);
		if (!st || !is_surprise(op, e, st, round))
			return st;
		bool unsure = st == SEAL_EAGAIN || st == SEAL_EPROTO;
		st = unsure ? op->host->wait(op, AGAIN_MS) : SEAL_OK;
		st = st ? st : look(op, e, &c);
		if (st)
			return st;
	}
	return SEAL_OK;
}

/* The first round goes by what we believe: of what is wanted the first n are there. */
static enum seal_status edit(struct seal_op *op, struct edit *e, size_t n)
{
	enum seal_status st = SEAL_OK;
	const struct seal_set_change *c = op->host->merge(op, e->want, n, e->want, e->n, &n);

	for (; !st && n; n--)
		st = change(op, e, c++);
	return st ? st : await(op, e);
}

static enum seal_status append(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	return edit(op, &(struct edit){ .zone = zone, .want = r, .n = n, .send = send_new }, 0);
}

static enum seal_status set(struct seal_op *op, const char *zone, const struct seal_record *r,
			    size_t n)
{
	return edit(op, &(struct edit){ .zone = zone, .want = r, .n = n, .send = send_set }, 0);
}

static enum seal_status remove_records(struct seal_op *op, const char *zone,
				       const struct seal_record *r, size_t n)
{
	return edit(op, &(struct edit){ .zone = zone, .want = r, .n = n, .send = send_gone }, n);
}

/* -- check: is the token good, and good enough for this zone? */

/* Remove what is not there.  Only a token that may write learns that. */
static enum seal_status check_write(struct seal_op *op, const char *zone)
{
	struct seal_record none = { .type = "TXT", .data = "may dnseal write?" };
	const char *path = seal_printf(op, "/zones/%s/rrsets/_dnseal-check/TXT/actions/"
				       "remove_records", zone);
	struct seal_http x;
	enum seal_status st = call(op, &x, "POST", path, encode(op, &none, 1, 0));
	bool good = is_locked(op, &x) || st == SEAL_ENOTFOUND || has_code(op, &x, "invalid_input");

	return good ? SEAL_OK : st;
}

static enum seal_status check(struct seal_op *op, const char *zone)
{
	struct seal_http x;

	if (!zone)
		return check_write(op, "dnseal.invalid"); /* nobody's (RFC 6761 6.4) */
	enum seal_status st = call(op, &x, "GET", seal_printf(op, "/zones/%s", zone), NULL);
	if (st)
		return fail_zone(op, zone, st);
	const char *state = seal_json_str(op, x.json, "zone.authoritative_nameservers."
					  "delegation_status");
	if (is(seal_json_str(op, x.json, "zone.mode"), "secondary"))
		return seal_fail(op, SEAL_EINVAL, "%s: the zone is secondary, its records come "
				 "from another server: a dns block for that one is needed", zone);
	if (state && !is(state, "valid") && !is(state, "unknown"))
		seal_log(op, LOG_WARNING, "%s: Hetzner finds its delegation %s: the world may ask "
			 "other servers", zone, state);
	return check_write(op, zone);
}

SEAL_PROVIDER(hetzner,
	.label = "Hetzner",
	.doc_url = "https://docs.hetzner.cloud/reference/cloud#dns",
	.version = "1",
	.options = options,
	.conf_size = sizeof(struct conf),
	.endpoint = "https://api.hetzner.cloud/v1",
	.endpoint_env = "HETZNER_API HCLOUD_ENDPOINT",
	.rights = "Hetzner Console > the project with the zones > Security > API tokens >\n"
		  "Generate API token:\n"
		  "  Permissions  Read & Write\n"
		  "A token is good for everything in its project, servers too; there is none for\n"
		  "DNS only.  So keep zones in a project of their own, or make _acme-challenge a\n"
		  "CNAME to a zone in such a project.",
	.example = "dns hetzner {\n"
		   "    api_token file:hetzner.token\n"
		   "}\n",
	.types = "A AAAA CAA CNAME DS HINFO HTTPS MX NS PTR RP SRV SVCB TLSA TXT",
	.min_ttl = 60,
	.max_ttl = 2147483647,
	/* per_minute: 3600 requests may be made at once and come back one a second; that is how the
	 * core goes on after a 429, and before one there is no reason to wait */
	.wait_s = 10,
	.check = check,
	.zones = zones,
	.get = get,
	.append = append,
	.set = set,
	.remove = remove_records);
