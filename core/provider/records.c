/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include "dns/name.h"
#include "dns/rdata.h"

#include <ctype.h>
#include <string.h>

#define RECORDS_MAX 10000
#define TXT_MAX 4096   /* octets of one TXT record's text */
#define DATA_MAX 65535 /* of any other's zone-file form */
#define ID_MAX 20000  /* it may be the service's own spelling of a TXT, each octet four */

/* Upper case, in the operation's memory; NULL when it is no name of a type. */
static const char *type_normal(struct op_work *w, const char *type)
{
	size_t n = type ? strlen(type) : 0;

	if (!n || n > 15)
		return NULL;
	char *ret = arena_copy(&w->arena, type, n);
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)ret[i]))
			return NULL;
		ret[i] = (char)toupper((unsigned char)ret[i]);
	}
	return ret;
}

/* Relative to the zone, from relative or absolute with a final dot. */
static const char *name_of(struct op_work *w, const char *name)
{
	char absolute[NAME_MAX_LEN], relative[NAME_MAX_LEN];

	if (!name || !name_absolute(name, w->zone, absolute) ||
	    !name_relative(absolute, w->zone, relative))
		return NULL;
	return arena_str(&w->arena, relative);
}

static bool holds_type(const struct seal_provider *p, const char *type)
{
	struct words types = { 0 };

	if (!p->types)
		return rr_type(type) != 0;
	words_split(&types, p->types);
	bool has = words_has(&types, type);
	words_free(&types);
	return has;
}

static bool is_line(const char *s) /* no controls: it may go into a zone file or a header */
{
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return false;
	return true;
}

static enum seal_status check_data(struct op_work *w, const struct seal_record *r)
{
	bool txt = !strcmp(r->type, "TXT");
	size_t n = r->data ? strlen(r->data) : 0, max = txt ? TXT_MAX : DATA_MAX;
	struct buf wire = { 0 };
	bool good = true;

	if (!n)
		return host_fail(w, SEAL_EINVAL, "%s %s: has no data", r->name, r->type);
	if (n > max)
		return host_fail(w, SEAL_EINVAL, "%s %s: %zu octets of data are more than %zu",
				 r->name, r->type, n, max);
	if (!txt) {
		good = is_line(r->data) &&
		       (!rr_type(r->type) || rdata_pack(rr_type(r->type), r->data, &wire));
		buf_free(&wire);
	}
	return good ? SEAL_OK
		    : host_fail(w, SEAL_EINVAL, "%s %s: '%s' is no data of this type", r->name,
				r->type, clean(r->data));
}

/* Data the plugin need not spell anew: through the wire form and back.  What has no wire form, or
 * only the generic one of RFC 3597 5, stays as it is. */
static const char *data_normal(struct op_work *w, const char *type, const char *data)
{
	struct buf wire = { 0 }, text = { 0 };
	struct seal_rr rr = { .type = rr_type(type), .rclass = CLASS_IN };
	bool good = data && rr.type && strcmp(type, "TXT") && rdata_pack(rr.type, data, &wire);

	if (good) {
		rr.rdata = (const uint8_t *)buf_text(&wire);
		rr.rdata_len = (uint16_t)wire.len;
		good = rdata_text(rr.rdata, wire.len, &rr, &text) &&
		       !starts_with(buf_text(&text), "\\#");
	}
	const char *ret = arena_str(&w->arena, good ? buf_text(&text) : data);
	buf_free(&wire);
	buf_free(&text);
	return ret;
}

static uint32_t clamp_ttl(const struct seal_provider *p, uint32_t ttl)
{
	if (!ttl)
		return 0;
	if (ttl < p->min_ttl)
		return p->min_ttl;
	return p->max_ttl && ttl > p->max_ttl ? p->max_ttl : ttl;
}

static enum seal_status normal(struct op_work *w, const struct seal_record *from,
			       struct seal_record *ret)
{
	struct seal_record r = {
		.name = name_of(w, from->name),
		.type = type_normal(w, from->type),
		.ttl = clamp_ttl(w->p, from->ttl),
		.data = arena_str(&w->arena, from->data),
		.id = arena_str(&w->arena, from->id),
	};

	if (!r.name)
		return host_fail(w, SEAL_EINVAL, "'%s' is no name in zone %s",
				 from->name ? from->name : "", w->zone);
	if (!r.type)
		return host_fail(w, SEAL_EINVAL, "%s: '%s' is no type of record", r.name,
				 from->type ? from->type : "");
	if (!holds_type(w->p, r.type))
		return host_fail(w, SEAL_EUNSUPPORTED, "cannot hold %s records", r.type);
	enum seal_status st = check_data(w, &r);
	if (st)
		return st;
	r.data = data_normal(w, r.type, r.data);
	*ret = r;
	return SEAL_OK;
}

bool record_same(const struct seal_record *a, const struct seal_record *b)
{
	if (strcmp(a->name, b->name) || strcmp(a->type, b->type))
		return false;
	if (!strcmp(a->data, b->data) || !strcmp(a->type, "TXT"))
		return !strcmp(a->data, b->data);
	return rr_type(a->type) && rdata_same(rr_type(a->type), a->data, b->data);
}

/* Where is this record in this spelling?  NULL: nowhere. */
static struct seal_record *find(struct seal_record *at, size_t n, const struct seal_record *r)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(at[i].data, r->data) && record_same(&at[i], r))
			return &at[i];
	return NULL;
}

enum seal_status work_records(struct op_work *w, const struct seal_record *records, size_t n)
{
	if (!n)
		return host_fail(w, SEAL_EINVAL, "no records given");
	if (n > RECORDS_MAX)
		return host_fail(w, SEAL_EINVAL, "%zu records are more than %d", n, RECORDS_MAX);
	w->records = arena_new(&w->arena, n * sizeof(*w->records));
	for (size_t i = 0; i < n; i++) {
		struct seal_record *r = &w->records[w->n_records];
		enum seal_status st = normal(w, &records[i], r);
		if (st)
			return st;
		w->n_records += !find(w->records, w->n_records, r);
	}
	return SEAL_OK;
}

bool record_emit(struct op_work *w, const struct seal_record *from)
{
	struct seal_record r = {
		.name = w->zone ? name_of(w, from->name) : NULL,
		.type = type_normal(w, from->type),
		.ttl = from->ttl,
	};

	if (from->id && strlen(from->id) <= ID_MAX)
		r.id = arena_str(&w->arena, from->id);
	if (!r.name || !r.type || !from->data || w->n_results >= OP_RESULTS_MAX)
		return false;
	r.data = data_normal(w, r.type, from->data);
	if (strlen(r.data) > DATA_MAX || (r.id && !is_line(r.id)))
		return false;
	/* Of what was written the last word counts: after a lost race a plugin looks again. */
	struct seal_record *before =
		w->kind >= OP_APPEND ? find(w->results, w->n_results, &r) : NULL;
	if (before) {
		*before = r;
		return true;
	}
	if (!(w->n_results & (w->n_results - 1))) /* at each power of two room for as many again */
		w->results = mem_grow(w->results, w->n_results ? 2 * w->n_results : 1, sizeof(r));
	w->results[w->n_results++] = r;
	return true;
}
