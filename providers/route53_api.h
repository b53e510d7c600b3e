/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * route53_api.h - one call to Route 53, and the path of a zone: the lowest part of route53.c. */
#ifndef ROUTE53_API_H
#define ROUTE53_API_H

#include "aws_credentials.h"
#include "route53_text.h"

#define ROUTE53_API "/2013-04-01/"
#define ROUTE53_XMLNS "https://route53.amazonaws.com/doc/2013-04-01/"

enum {
	ZONES_PAGE = 100,
	ZONE_ID_S = 3600, /* a zone that is deleted and made again gets another id */
};

struct conf {
	struct aws_conf aws;
	const char *hosted_zone_id;
	bool private_zone;
};

/* -- one call */

/* Where to, and in which region's name to sign: with AWS's own addresses theirs, with any other the
 * one that is configured. */
static const char *base_url(struct seal_op *op, const char **region)
{
	const struct conf *c = op->conf;
	const struct aws_partition *usual = &aws_partitions[AWS_PARTITIONS - 1];
	const char *url = op->endpoint;

	if (!strcmp(url, usual->url) && c->aws.endpoint_url) {
		size_t n = strlen(c->aws.endpoint_url);
		while (n && c->aws.endpoint_url[n - 1] == '/')
			n--;
		url = seal_printf(op, "%.*s", (int)n, c->aws.endpoint_url);
	} else if (!strcmp(url, usual->url)) {
		url = aws_partition_of(*region)->url;
	}
	for (size_t i = 0; i < AWS_PARTITIONS; i++)
		if (!strcmp(url, aws_partitions[i].url))
			*region = aws_partitions[i].region;
	return url;
}

/* Every call goes through here: credentials put in, and renewed when they end early. */
static enum seal_status call(struct seal_op *op, struct aws_call *x, const char *action,
			     const char *path, const char *body)
{
	const struct conf *c = op->conf;
	struct aws_creds creds = { .id = NULL };

	*x = (struct aws_call){ .action = action };

	for (int round = 0;; round++) {
		enum seal_status st = aws_credentials(op, &c->aws, &creds);
		if (st)
			return st;
		*x = (struct aws_call){
			.action = action,
			.method = body ? "POST" : "GET",
			.body = body,
			.type = body ? "text/xml" : NULL,
			.changes = body != NULL,
			.key = { creds.id, creds.secret, creds.token, creds.region, "route53", 0 },
		};
		x->url = seal_printf(op, "%s" ROUTE53_API "%s", base_url(op, &x->key.region), path);
		st = aws_call(op, x);
		const struct aws_fault *f = aws_fault_of(x);
		if (!st || round || !f || f->remedy != AWS_RENEW)
			return st;
		aws_forget(op);
	}
}

/* -- zones */

static bool is(const char *text, const char *word)
{
	return text && !strcmp(text, word);
}

static bool is_id(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	return n && n <= 32 && !s[n];
}

/* "/hostedzone/Z1", "/change/C1": only what is behind the last slash may stand in a path. */
static const char *bare_id(const char *id)
{
	const char *slash = id ? strrchr(id, '/') : NULL;

	return slash ? slash + 1 : id;
}

/* The configured id of this zone, or NULL. */
static const char *pinned(struct seal_op *op, const char *zone)
{
	const struct conf *c = op->conf;
	size_t len = strlen(zone), n;

	for (const char *at = c->hosted_zone_id; at && *at; at += n + strspn(at + n, " ,")) {
		n = strcspn(at, " ,");
		if (!memchr(at, '=', n))
			return bare_id(seal_printf(op, "%.*s", (int)n, at));
		if (n > len && at[len] == '=' && !strncmp(at, zone, len))
			return bare_id(seal_printf(op, "%.*s", (int)(n - len - 1), at + len + 1));
	}
	return NULL;
}

static bool is_apex(struct seal_op *op, const char *name, const char *zone)
{
	return is(op->host->name_rel(op, read_name(op, name), zone), "@");
}

struct finding {
	const char *zone;
	const char *ids;  /* of zones of this name and of the kind that is wanted */
	size_t n, others; /* of the other kind */
	bool past;	  /* zones of other names follow */
};

static bool is_truncated(struct seal_op *op, const struct xml *reply)
{
	return is(xml_text(op, reply, "IsTruncated"), "true");
}

static bool is_wanted(struct seal_op *op, const struct xml *zone)
{
	const struct conf *c = op->conf;

	return is(xml_text(op, zone, "Config.PrivateZone"), "true") == c->private_zone;
}

static void look_through(struct seal_op *op, const struct xml *reply, struct finding *f)
{
	const struct xml *z = xml_at(reply, "HostedZones");

	for (z = z ? z->first : NULL; z && !f->past; z = z->next) {
		const char *name = xml_text(op, z, "Name"), *id = bare_id(xml_text(op, z, "Id"));
		f->past = !name || !is_apex(op, name, f->zone);
		if (f->past || !id)
			continue;
		if (!is_wanted(op, z)) {
			f->others++;
			continue;
		}
		f->ids = f->n++ ? seal_printf(op, "%s, %s", f->ids, id) : id;
	}
}

static enum seal_status tell(struct seal_op *op, const struct finding *f)
{
	const struct conf *c = op->conf;
	const char *kind = c->private_zone ? "private" : "public";

	if (f->n > 1)
		return seal_fail(op, SEAL_EINVAL, "%s: there are %zu %s zones of this name (%s): "
				 "set hosted_zone_id", f->zone, f->n, kind, f->ids);
	if (f->n)
		return is_id(f->ids) ? SEAL_OK
				     : seal_fail(op, SEAL_EPROTO, "%s: '%.40s' is no zone id",
						 f->zone, f->ids);
	if (f->others)
		return seal_fail(op, SEAL_ENOTFOUND, "%s: there is only a %s zone of this name%s",
				 f->zone, c->private_zone ? "public" : "private",
				 c->private_zone ? "" : "; private_zone uses it");
	return seal_fail(op, SEAL_ENOTFOUND, "%s: no such zone among those of this account",
			 f->zone);
}

/* The list begins at the name asked for, whether it is there or not, and goes on with others. */
static enum seal_status find_zone(struct seal_op *op, const char *zone, const char **ret)
{
	const char *name = op->host->urlescape(op, write_name(op, zone)), *id = "";
	struct finding f = { .zone = zone };
	struct aws_call x;
	bool more;

	do {
		enum seal_status st =
			call(op, &x, "route53:ListHostedZonesByName",
			     seal_printf(op, "hostedzonesbyname?dnsname=%s.&maxitems=%d%s%s", name,
					 ZONES_PAGE, *id ? "&hostedzoneid=" : "", id), NULL);
		if (st)
			return st;
		look_through(op, x.reply, &f);
		const char *at = xml_text(op, x.reply, "NextDNSName");
		const char *next = xml_text(op, x.reply, "NextHostedZoneId");
		next = op->host->urlescape(op, next ? bare_id(next) : "");
		more = !f.past && is_truncated(op, x.reply) && is_apex(op, at ? at : "", zone);
		if (more && (!*next || is(next, id)))
			return seal_fail(op, SEAL_EPROTO, "%s: more zones are to come, but the "
					 "list does not go on", zone);
		id = next;
	} while (more);
	*ret = f.ids;
	return tell(op, &f);
}

static enum seal_status zone_path(struct seal_op *op, const char *zone, const char **ret)
{
	const char *id = pinned(op, zone), *key = seal_printf(op, "zone %s", zone);
	enum seal_status st = SEAL_OK;

	if (id && !is_id(id))
		return seal_fail(op, SEAL_EINVAL, "hosted_zone_id: '%.40s' is no zone id such as "
				 "Z0123456789ABC", id);
	if (!id)
		id = op->host->cache_get(op, key);
	if (!id) {
		st = find_zone(op, zone, &id);
		if (!st)
			op->host->cache_put(op, key, id, ZONE_ID_S);
	}
	*ret = st ? NULL : seal_printf(op, "hostedzone/%s", id);
	return st;
}

/* It was deleted, and perhaps made again with another id. */
static void forget_zone(struct seal_op *op, const char *zone)
{
	op->host->cache_put(op, seal_printf(op, "zone %s", zone), "", 0);
}

static enum seal_status zones(struct seal_op *op)
{
	const char *marker = "", *next;
	struct aws_call x;

	for (;; marker = next) {
		enum seal_status st =
			call(op, &x, "route53:ListHostedZones",
			     seal_printf(op, "hostedzone?maxitems=%d%s%s", ZONES_PAGE,
					 *marker ? "&marker=" : "", marker), NULL);
		if (st)
			return st;
		const struct xml *z = xml_at(x.reply, "HostedZones");
		for (z = z ? z->first : NULL; z; z = z->next) {
			const char *name = xml_text(op, z, "Name");
			if (name && is_wanted(op, z))
				op->host->emit_zone(op, read_name(op, name));
		}
		if (!is_truncated(op, x.reply))
			return SEAL_OK;
		next = xml_text(op, x.reply, "NextMarker");
		next = op->host->urlescape(op, next ? next : "");
		if (!*next || is(next, marker))
			return seal_fail(op, SEAL_EPROTO, "more zones are to come, but the list "
					 "does not go on");
	}
}

#endif
