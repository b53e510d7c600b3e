/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * route53_sets.h - the record sets of a zone, read: the middle part of route53.c. */
#ifndef ROUTE53_SETS_H
#define ROUTE53_SETS_H

#include "route53_api.h"

#define SETS_PAGE 300 /* the most that the service gives at once */

struct fixed { /* a set we cannot change */
	struct seal_record r;
	const char *why;
	struct fixed *next;
};

struct found {
	struct seal_record *at; /* id: "#" and its place here */
	const char **spelling;	/* the service's own, of each */
	size_t n, cap;
	struct fixed *fixed;
};

static void keep_record(struct seal_op *op, struct found *f, struct seal_record r,
			const char *spelling)
{
	if (f->n == f->cap) {
		struct found old = *f;
		f->cap = 2 * f->cap + 64;
		f->at = op->host->alloc(op, f->cap * sizeof(*f->at));
		f->spelling = op->host->alloc(op, f->cap * sizeof(*f->spelling));
		for (size_t i = 0; i < old.n; i++) {
			f->at[i] = old.at[i];
			f->spelling[i] = old.spelling[i];
		}
	}
	r.id = seal_printf(op, "#%zu", f->n);
	f->spelling[f->n] = spelling;
	f->at[f->n++] = r;
}

static void keep_values(struct seal_op *op, struct found *f, struct seal_record r,
			const struct xml *set)
{
	const struct xml *v = xml_at(set, "ResourceRecords");

	for (v = v ? v->first : NULL; v; v = v->next) {
		const char *spelling = xml_text(op, v, "Value"), *text = NULL;
		if (!spelling)
			continue;
		if (is(r.type, "TXT")) {
			spelling = with_blanks(op, spelling);
			text = read_txt(op, spelling);
		}
		r.data = text ? text : spelling;
		keep_record(op, f, r, spelling);
	}
}

/* Alias sets have no values of their own, those of a routing policy are several of one name. */
static void keep_set(struct seal_op *op, const char *zone, struct found *f, const struct xml *set)
{
	const char *name = xml_text(op, set, "Name"), *ttl = xml_text(op, set, "TTL");
	const char *policy = xml_text(op, set, "SetIdentifier");
	struct seal_record r = { .type = xml_text(op, set, "Type") };

	r.name = name ? op->host->name_rel(op, read_name(op, name), zone) : NULL;
	if (!r.name || !r.type)
		return;
	r.ttl = ttl ? (uint32_t)strtoul(ttl, NULL, 10) : 0;
	if (!policy && !xml_at(set, "AliasTarget")) {
		keep_values(op, f, r, set);
		return;
	}
	struct fixed *fixed = op->host->alloc(op, sizeof(*fixed));
	fixed->r = r;
	fixed->why = policy ? seal_printf(op, "belongs to a routing policy (%.60s)", policy)
			    : "is an alias of another resource";
	fixed->next = f->fixed;
	f->fixed = fixed;
}

/* Where the next page begins, as a query; NULL: this was the last one; "": it does not say. */
static const char *next_sets(struct seal_op *op, const struct xml *reply)
{
	static const char *const steps[][2] = { { "NextRecordName", "name" },
						{ "NextRecordType", "type" },
						{ "NextRecordIdentifier", "identifier" } };
	const char *query = "";

	if (!is_truncated(op, reply))
		return NULL;
	for (size_t i = 0; i < 3; i++) {
		const char *v = xml_text(op, reply, steps[i][0]);
		if (v)
			query = seal_printf(op, "%s&%s=%s", query, steps[i][1],
					    op->host->urlescape(op, v));
	}
	return query;
}

static enum seal_status read_sets(struct seal_op *op, const char *zone, const char *path,
				  const char *query, struct found *f, const char **next)
{
	struct aws_call x;
	enum seal_status st = call(op, &x, "route53:ListResourceRecordSets",
				   seal_printf(op, "%s/rrset?%s", path, query), NULL);

	if (st)
		return st;
	const struct xml *set = xml_at(x.reply, "ResourceRecordSets");
	if (!set)
		return seal_fail(op, SEAL_EPROTO, "%s: a list of records was to come, not %s", zone,
				 x.reply->name);
	for (set = set->first; set; set = set->next)
		keep_set(op, zone, f, set);
	*next = next_sets(op, x.reply);
	return SEAL_OK;
}

static enum seal_status read_all(struct seal_op *op, const char *zone, const char *path,
				 struct found *f)
{
	const char *from = "", *next;

	for (;; from = next) {
		const char *query = seal_printf(op, "maxitems=%d%s", SETS_PAGE, from);
		enum seal_status st = read_sets(op, zone, path, query, f, &next);
		if (st || !next)
			return st;
		if (!*next || is(next, from))
			return seal_fail(op, SEAL_EPROTO, "%s: more records are to come, but the "
					 "list does not go on", zone);
	}
}

#endif
