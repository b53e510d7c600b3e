/* pkg-config: expat */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * route53 - Amazon Route 53, API 2013-04-01.
 * https://docs.aws.amazon.com/Route53/latest/APIReference/
 *
 * The service keeps whole sets and changes them in batches, all or nothing.  CREATE wants that
 * there is no set, DELETE that it holds exactly what we say: so each batch compares and swaps, and
 * whatever others write meanwhile stays.  UPSERT compares nothing and is never used.  The first
 * batch goes by what we believe is there (nothing before we add, our own values before we remove);
 * we look only after the service disagreed.  Credentials: aws_credentials.h. */
#include "route53_sets.h"

enum {
	TTL_DEFAULT = 60,
	BATCH_RECORDS = 1000, /* of one request: API Reference, ChangeResourceRecordSets */
	BATCH_CHARACTERS = 32000,
	CHANGES_MAX = 64, /* of one operation, waited for */
	NARROW_MAX = 5,	  /* sets that are looked at one by one */
	ROUNDS = 10,	  /* of looking and writing while others write as well */
	LOST_MAX = 2,	  /* of them after replies that never came */
	SYNC_MS = 120000,
	VALUES_MAX = 400, /* of one set */
};

#define AWS(member) offsetof(struct conf, aws.member)
static const struct seal_option options[] = {
	{ "access_key_id", SEAL_STRING, SEAL_TOGETHER, AWS(access_key_id), NULL,
	  "AWS_ACCESS_KEY_ID", "access key; without one AWS's usual sources are asked" },
	{ "secret_access_key", SEAL_STRING, SEAL_TOGETHER | SEAL_SECRET, AWS(secret_access_key),
	  NULL, "AWS_SECRET_ACCESS_KEY", "its secret" },
	{ "session_token", SEAL_STRING, SEAL_TOGETHER | SEAL_SECRET, AWS(session_token), NULL,
	  "AWS_SESSION_TOKEN AWS_SECURITY_TOKEN", "its token, when it is a temporary key" },
	{ "profile", SEAL_STRING, SEAL_TOGETHER, AWS(profile), NULL,
	  "AWS_PROFILE AWS_DEFAULT_PROFILE", "section of the two files below" },
	{ "shared_credentials_file", SEAL_STRING, 0, AWS(shared_credentials_file),
	  "~/.aws/credentials", "AWS_SHARED_CREDENTIALS_FILE", "keys by profile" },
	{ "config_file", SEAL_STRING, 0, AWS(config_file), "~/.aws/config", "AWS_CONFIG_FILE",
	  "settings by profile" },
	{ "role_arn", SEAL_STRING, 0, AWS(role_arn), NULL, "AWS_ASSUME_ROLE_ARN",
	  "role to take with the credentials found" },
	{ "external_id", SEAL_STRING, 0, AWS(external_id), NULL, "AWS_EXTERNAL_ID",
	  "what the role's owner asks for" },
	{ "role_session_name", SEAL_STRING, 0, AWS(role_session_name), NULL,
	  "AWS_ROLE_SESSION_NAME", "how we appear in the role's logs" },
	{ "web_identity_token_file", SEAL_STRING, 0, AWS(web_identity_token_file), NULL,
	  "AWS_WEB_IDENTITY_TOKEN_FILE", "token for a role, as Kubernetes provides it" },
	{ "web_identity_role_arn", SEAL_STRING, 0, AWS(web_identity_role_arn), NULL, "AWS_ROLE_ARN",
	  "that role; default role_arn" },
	{ "container_relative_uri", SEAL_STRING, 0, AWS(container_relative_uri), NULL,
	  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "path at the endpoint of ECS" },
	{ "container_full_uri", SEAL_STRING, 0, AWS(container_full_uri), NULL,
	  "AWS_CONTAINER_CREDENTIALS_FULL_URI", "endpoint of a container's credentials" },
	{ "container_token", SEAL_STRING, SEAL_SECRET, AWS(container_token), NULL,
	  "AWS_CONTAINER_AUTHORIZATION_TOKEN", "what it wants as Authorization" },
	{ "container_token_file", SEAL_STRING, 0, AWS(container_token_file), NULL,
	  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "file with that, read anew each time" },
	{ "metadata_endpoint", SEAL_STRING, 0, AWS(metadata_endpoint), NULL,
	  "AWS_EC2_METADATA_SERVICE_ENDPOINT", "of EC2; default http://169.254.169.254" },
	{ "metadata_mode", SEAL_STRING, 0, AWS(metadata_mode), NULL,
	  "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv4 or IPv6" },
	{ "metadata_disabled", SEAL_BOOL, 0, AWS(metadata_disabled), NULL,
	  "AWS_EC2_METADATA_DISABLED", "do not ask EC2" },
	{ "region", SEAL_STRING, 0, AWS(region), NULL, "AWS_REGION AWS_DEFAULT_REGION",
	  "chooses the partition (China, GovCloud, ...) and the STS to ask" },
	{ "sts_endpoint", SEAL_STRING, 0, AWS(sts_endpoint), NULL, "AWS_ENDPOINT_URL_STS",
	  "other address of STS" },
	{ "endpoint_url", SEAL_STRING, 0, AWS(endpoint_url), NULL, "AWS_ENDPOINT_URL",
	  "other address of all services" },
	{ "hosted_zone_id", SEAL_STRING, 0, offsetof(struct conf, hosted_zone_id), NULL,
	  "AWS_HOSTED_ZONE_ID", "ID, or ZONE=ID words: zones are not looked up then" },
	{ "private_zone", SEAL_BOOL, 0, offsetof(struct conf, private_zone), NULL,
	  "AWS_PRIVATE_ZONE", "use private zones, not public ones" },
	SEAL_OPTIONS_END
};
#undef AWS

/* -- reading */

static enum seal_status get(struct seal_op *op, const char *zone)
{
	struct found f = { .n = 0 };
	const char *path = NULL;
	enum seal_status st = zone_path(op, zone, &path);

	if (!st)
		st = read_all(op, zone, path, &f);
	for (size_t i = 0; !st && i < f.n; i++) {
		f.at[i].id = NULL;
		op->host->emit(op, &f.at[i]);
	}
	return st;
}

/* -- changes */

static bool same_set(const struct seal_record *a, const struct seal_record *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->type, b->type);
}

/* Is this the first one of its set? */
static bool is_first(const struct seal_record *at, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_set(&at[k], &at[i]))
			return false;
	return true;
}

static const char *wire_name(struct seal_op *op, const char *name, const char *zone)
{
	return seal_printf(op, "%s.", write_name(op, op->host->name_abs(op, name, zone)));
}

struct edit {
	const char *zone, *path;
	const struct seal_record *want;
	size_t n;
	struct found there;
	struct aws_call x; /* the last one that writes */
	const char *changes[CHANGES_MAX];
	size_t n_changes;
};

/* At least the sets that are to be changed: a few one by one, for many the whole zone. */
static enum seal_status look(struct seal_op *op, struct edit *e)
{
	const struct seal_record *first[NARROW_MAX];
	const char *next;
	size_t n = 0;
	enum seal_status st = SEAL_OK;

	e->there = (struct found){ .n = 0 };
	for (size_t i = 0; i < e->n && n <= NARROW_MAX; i++)
		if (is_first(e->want, i) && n++ < NARROW_MAX)
			first[n - 1] = &e->want[i];
	if (n > NARROW_MAX)
		return read_all(op, e->zone, e->path, &e->there);
	for (size_t i = 0; !st && i < n; i++) {
		const char *name = wire_name(op, first[i]->name, e->zone);
		name = op->host->urlescape(op, name);
		st = read_sets(op, e->zone, e->path,
			       seal_printf(op, "name=%s&type=%s&maxitems=1", name, first[i]->type),
			       &e->there, &next);
	}
	return st;
}

/* What an id says: our set, all of it written at once with this ttl. */
struct mark {
	unsigned ttl;
	size_t n;
};

static bool read_mark(const char *id, struct mark *ret)
{
	return id && sscanf(id, "%u/%zu", &ret->ttl, &ret->n) == 2;
}

static const char *write_value(struct seal_op *op, const struct edit *e,
			       const struct seal_record *r)
{
	const char *mark = r->id && *r->id == '#' ? r->id + 1 : NULL;
	size_t i = mark ? strtoul(mark, NULL, 10) : e->there.n;

	if (e->there.spelling && i < e->there.n)
		return e->there.spelling[i];
	return is(r->type, "TXT") ? write_txt(op, r->data) : r->data;
}

struct batch {
	const char *const *text; /* of each set's changes */
	size_t first, n;	 /* the sets in it */
	size_t records, characters;
};

static const char *write_change(struct seal_op *op, const struct edit *e, const char *action,
				const struct seal_set_change *c, struct batch *b)
{
	bool drop = !strcmp(action, "DELETE");
	const struct seal_record *r = drop ? c->old : c->at;
	size_t n = drop ? c->n_old : c->n;
	const char **values = op->host->alloc(op, (n + 1) * sizeof(*values));

	for (size_t i = 0; i < n; i++) {
		const char *v = write_value(op, e, &r[i]);
		b->characters += strlen(v);
		values[i] = seal_printf(op, "<ResourceRecord><Value>%s</Value></ResourceRecord>",
					xml_escape(op, v));
	}
	b->records += n;
	if (!n)
		return "";
	return seal_printf(op, "<Change><Action>%s</Action><ResourceRecordSet><Name>%s</Name>"
			   "<Type>%s</Type><TTL>%u</TTL><ResourceRecords>%s</ResourceRecords>"
			   "</ResourceRecordSet></Change>", action,
			   xml_escape(op, wire_name(op, c->name, e->zone)), c->type,
			   drop ? (unsigned)c->old_ttl : (unsigned)c->ttl,
			   op->host->join(op, values, n, ""));
}

/* ROUTE53_XMLNS is what the service insists on; the order of the elements too, on paper. */
static enum seal_status post(struct seal_op *op, struct edit *e, const struct batch *b)
{
	const char *body = seal_printf(
		op,
		"<ChangeResourceRecordSetsRequest xmlns=\"" ROUTE53_XMLNS "\"><ChangeBatch>"
		"<Changes>%s</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
		op->host->join(op, b->text + b->first, b->n, ""));
	enum seal_status st = call(op, &e->x, "route53:ChangeResourceRecordSets",
				   seal_printf(op, "%s/rrset/", e->path), body);

	if (st)
		return st;
	const char *id = bare_id(xml_text(op, e->x.reply, "ChangeInfo.Id"));
	if (id && is_id(id) && e->n_changes < CHANGES_MAX)
		e->changes[e->n_changes++] = id;
	return SEAL_OK;
}

/* Tell of the values that are new.  A set that is all ours is marked so: it can be deleted without
 * a look at it. */
static void emit_new(struct seal_op *op, const struct seal_set_change *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct seal_record r = c->at[i];
		if (r.id)
			continue;
		r.ttl = c->ttl;
		if (!c->n_old)
			r.id = seal_printf(op, "%u/%zu", (unsigned)c->ttl, c->n);
		op->host->emit(op, &r);
	}
}

static enum seal_status flush(struct seal_op *op, struct edit *e, const struct seal_set_change *c,
			      struct batch *b)
{
	enum seal_status st = b->n ? post(op, e, b) : SEAL_OK;

	for (size_t i = 0; !st && i < b->n; i++)
		emit_new(op, &c[b->first + i]);
	*b = (struct batch){ .text = b->text, .first = b->first + b->n };
	return st;
}

static enum seal_status refuse_fixed(struct seal_op *op, const struct edit *e)
{
	for (const struct fixed *f = e->there.fixed; f; f = f->next)
		for (size_t i = 0; i < e->n; i++)
			if (same_set(&f->r, &e->want[i]))
				return seal_fail(op, SEAL_EINVAL, "%s %s in %s %s: dnseal does not "
						 "change such sets", f->r.name, f->r.type, e->zone,
						 f->why);
	return SEAL_OK;
}

/* Each set's DELETE and CREATE stay in one batch, as many sets as fit go together. */
static enum seal_status apply(struct seal_op *op, struct edit *e)
{
	size_t n;
	const struct seal_set_change *merged =
		op->host->merge(op, e->there.at, e->there.n, e->want, e->n, &n);
	struct seal_set_change *c = op->host->alloc(op, (n + 1) * sizeof(*c));
	const char **text = op->host->alloc(op, (n + 1) * sizeof(*text));
	struct batch b = { .text = text };
	enum seal_status st = refuse_fixed(op, e);

	for (size_t i = 0; !st && i < n; i++) {
		struct batch one = { .n = 1 };
		c[i] = merged[i];
		if (!c[i].ttl && !c[i].n_old)
			c[i].ttl = TTL_DEFAULT;
		if (c[i].n > VALUES_MAX)
			return seal_fail(op, SEAL_EINVAL, "%s %s: %zu values are more than the %d "
					 "of a set", c[i].name, c[i].type, c[i].n, VALUES_MAX);
		text[i] = write_change(op, e, "DELETE", &c[i], &one);
		text[i] = seal_printf(op, "%s%s", text[i],
				      write_change(op, e, "CREATE", &c[i], &one));
		if (b.records + one.records > BATCH_RECORDS ||
		    b.characters + one.characters > BATCH_CHARACTERS)
			st = flush(op, e, c, &b);
		b.records += one.records;
		b.characters += one.characters;
		b.n++;
	}
	return st ? st : flush(op, e, c, &b);
}

/* Something else is there than the batch said, by others' doing or by our own whose reply was
 * lost. */
static bool is_conflict(const struct edit *e)
{
	static const char *const signs[] = { "already exists", "was not found",
					     "do not match the current values" };

	for (size_t i = 0; aws_is(&e->x, "InvalidChangeBatch") && i < 3; i++)
		if (strstr(e->x.message, signs[i]))
			return true;
	return false;
}

/* Let those pass who write at the same time: a moment of random length, longer each time. */
static enum seal_status look_again(struct seal_op *op, struct edit *e, unsigned round)
{
	enum seal_status st = SEAL_OK;

	if (round > 1)
		st = op->host->wait(op, 50 + op->host->random(op) % (200 * round));
	return st ? st : look(op, e);
}

enum { BELIEVING, LOOKING }; /* the first round: by what e->there says, or after a look */

static enum seal_status edit(struct seal_op *op, struct edit *e, unsigned round)
{
	enum seal_status st = zone_path(op, e->zone, &e->path);
	unsigned lost = 0;

	for (; !st; round++) {
		st = round ? look_again(op, e, round) : SEAL_OK;
		if (st)
			break;
		e->x = (struct aws_call){ .code = NULL };
		st = apply(op, e);
		if (!st)
			return SEAL_OK;
		bool again = is_conflict(e) || (st == SEAL_EAGAIN && lost++ < LOST_MAX);
		if (again && round == ROUNDS)
			return seal_fail(op, SEAL_EAGAIN, "%s: others changed the same sets each "
					 "of %d times we tried", e->zone, ROUNDS);
		st = again ? SEAL_OK : st;
	}
	if (aws_is(&e->x, "NoSuchHostedZone"))
		forget_zone(op, e->zone);
	return st;
}

/* -- live: do all servers have it? */

static const char no_getchange[] = "no GetChange";

/* *live: they do, or nobody will tell us.  The change is made, whatever becomes of the question:
 * the core asks the servers themselves as well. */
static enum seal_status ask_change(struct seal_op *op, const char *id, bool *live)
{
	struct aws_call x;
	enum seal_status st =
		call(op, &x, "route53:GetChange", seal_printf(op, "change/%s", id), NULL);

	*live = st || is(xml_text(op, x.reply, "ChangeInfo.Status"), "INSYNC");
	if (!st || st == SEAL_ECANCELED)
		return st;
	if (st == SEAL_EAUTH) {
		op->host->cache_put(op, no_getchange, "", ZONE_ID_S);
		seal_log(op, LOG_INFO, "may not ask whether a change is live (route53:GetChange); "
			 "going by the name servers alone");
	}
	return SEAL_OK;
}

static enum seal_status wait_live(struct seal_op *op, const struct edit *e)
{
	unsigned ms = 0;
	size_t i = 0;

	while (i < e->n_changes && ms < SYNC_MS && !op->host->cache_get(op, no_getchange)) {
		unsigned pause = ms < 2000 ? 500 + ms : 4000; /* it takes seconds, often many */
		enum seal_status st = op->host->wait(op, pause);
		bool live = true;
		for (; !st && live && i < e->n_changes; i += live)
			st = ask_change(op, e->changes[i], &live);
		if (st)
			return st;
		ms += pause;
	}
	if (i < e->n_changes && ms >= SYNC_MS)
		seal_log(op, LOG_WARNING, "%s: change %s is still pending after %d s", e->zone,
			 e->changes[i], SYNC_MS / 1000);
	return SEAL_OK;
}

/* -- operations */

static enum seal_status append(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	struct edit e = { .zone = zone, .want = r, .n = n };
	enum seal_status st = edit(op, &e, BELIEVING);

	return st ? st : wait_live(op, &e);
}

static enum seal_status set(struct seal_op *op, const char *zone, const struct seal_record *r,
			    size_t n)
{
	struct edit e = { .zone = zone, .want = r, .n = n };
	enum seal_status st = edit(op, &e, LOOKING);

	return st ? st : wait_live(op, &e);
}

/* Do these records make up whole sets, written by us?  Then this is what is there. */
static bool are_ours(struct seal_op *op, const struct seal_record *r, size_t n, struct found *ret)
{
	struct seal_record *all = op->host->alloc(op, n * sizeof(*all));

	for (size_t i = 0; i < n; i++) {
		struct mark mark;
		size_t same = 0;
		for (size_t k = 0; r[i].id && k < n; k++)
			same += is(r[k].id, r[i].id) && same_set(&r[k], &r[i]);
		if (!read_mark(r[i].id, &mark) || mark.n != same)
			return false;
		all[i] = r[i];
		all[i].ttl = mark.ttl;
	}
	*ret = (struct found){ .at = all, .n = n };
	return true;
}

static enum seal_status remove_records(struct seal_op *op, const char *zone,
				       const struct seal_record *r, size_t n)
{
	struct edit e = { .zone = zone, .want = r, .n = n };

	return edit(op, &e, are_ours(op, r, n, &e.there) ? BELIEVING : LOOKING);
}

/* -- check: are the credentials good, and good enough for this zone? */

static enum seal_status check_key(struct seal_op *op)
{
	const struct conf *c = op->conf;
	struct aws_call x;
	enum seal_status st = call(op, &x, "route53:ListHostedZonesByName",
				   "hostedzonesbyname?maxitems=1", NULL);

	/* Who is told what he may not do has been recognized; the list is for finding zones. */
	return c->hosted_zone_id && aws_is(&x, "AccessDenied") ? SEAL_OK : st;
}

/* Delete what is not there: the service looks first whether we may, then whether we can. */
static enum seal_status check_writing(struct seal_op *op, struct edit *e)
{
	const struct seal_record never = { .name = "_acme-challenge", .type = "TXT",
					   .data = "dnseal-check-never-written" };
	const struct seal_set_change c = { .name = never.name, .type = never.type,
					   .old_ttl = TTL_DEFAULT, .n_old = 1, .old = &never };
	struct batch b = { .n = 1 };
	const char *text = write_change(op, e, "DELETE", &c, &b);

	b.text = &text;
	enum seal_status st = post(op, e, &b);
	return is_conflict(e) || aws_is(&e->x, "InvalidInput") ? SEAL_OK : st;
}

static enum seal_status check(struct seal_op *op, const char *zone)
{
	const struct seal_record challenge = { .name = "_acme-challenge", .type = "TXT" };
	struct edit e = { .zone = zone, .want = &challenge, .n = 1 };

	if (!zone)
		return check_key(op);
	enum seal_status st = zone_path(op, zone, &e.path);
	if (!st)
		st = look(op, &e);
	return st ? st : check_writing(op, &e);
}

SEAL_PROVIDER(route53,
	.label = "Amazon Route 53",
	.doc_url = "https://docs.aws.amazon.com/Route53/latest/APIReference/",
	.version = "1",
	.options = options,
	.conf_size = sizeof(struct conf),
	.endpoint = "https://route53.amazonaws.com",
	.endpoint_env = "AWS_ENDPOINT_URL_ROUTE_53",
	.rights = "An IAM policy with these statements, for the role of this host or for a user\n"
		  "(IAM > Users > Create user, without console access; then Security credentials\n"
		  "> Create access key):\n"
		  "  Allow route53:ChangeResourceRecordSets\n"
		  "    on arn:aws:route53:::hostedzone/ZONEID\n"
		  "    for challenges alone with the condition ForAllValues:StringEquals\n"
		  "      route53:ChangeResourceRecordSetsNormalizedRecordNames\n"
		  "        _acme-challenge.example.org\n"
		  "      route53:ChangeResourceRecordSetsRecordTypes TXT\n"
		  "      route53:ChangeResourceRecordSetsActions CREATE DELETE\n"
		  "  Allow route53:ListResourceRecordSets on arn:aws:route53:::hostedzone/ZONEID\n"
		  "  Allow route53:GetChange on arn:aws:route53:::change/* (better, not needed)\n"
		  "  Allow route53:ListHostedZonesByName on * (not needed with hosted_zone_id)\n"
		  "  Allow route53:ListHostedZones on * (only to list zones)",
	.example = "dns route53 {\n"
		   "    access_key_id AKIAIOSFODNN7EXAMPLE\n"
		   "    secret_access_key file:route53.secret\n"
		   "}\n",
	.types = "A AAAA CAA CNAME DS HTTPS MX NAPTR NS PTR SRV SSHFP SVCB TLSA TXT",
	.flags = SEAL_ANYCAST,
	.max_ttl = 2147483647,
	.per_minute = 300, /* 5 a second, for all of an account's programs */
	.wait_s = 60,
	.check = check,
	.zones = zones,
	.get = get,
	.append = append,
	.set = set,
	.remove = remove_records);
