/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include <string.h>

struct view {
	const struct seal_record *at;
	size_t n;
};

struct list_of { /* records in the operation's memory */
	struct seal_record *at;
	size_t n;
};

static bool same_set(const struct seal_record *a, const struct seal_record *b)
{
	return !strcmp(a->name, b->name) && !strcmp(a->type, b->type);
}

static const struct seal_record *find(struct view in, const struct seal_record *r)
{
	for (size_t i = 0; i < in.n; i++)
		if (record_same(&in.at[i], r))
			return &in.at[i];
	return NULL;
}

/* Those of the set that r belongs to. */
static struct view members(struct op_work *w, struct view from, const struct seal_record *r)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < from.n; i++)
		n += same_set(&from.at[i], r);
	struct seal_record *ret = arena_new(&w->arena, n * sizeof(*ret));
	for (size_t i = 0; i < from.n; i++)
		if (same_set(&from.at[i], r))
			ret[at++] = from.at[i];
	return (struct view){ ret, n };
}

static uint32_t wanted_ttl(struct view want)
{
	for (size_t i = 0; i < want.n; i++)
		if (want.at[i].ttl)
			return want.at[i].ttl;
	return 0;
}

/* A set has one ttl (RFC 2181 5.2), and changing it is what `set` is for. */
static uint32_t ttl_of(enum op_kind kind, struct view old, struct view want)
{
	uint32_t asked = wanted_ttl(want);

	return old.n && (kind != OP_SET || !asked) ? old.at[0].ttl : asked;
}

static bool may_stay(enum op_kind kind, struct view old, struct view want,
		     const struct seal_record *r)
{
	bool wanted = find(want, r) != NULL;

	if (kind == OP_REMOVE)
		return !wanted;
	/* Of two spellings of one record the first stays. */
	return kind == OP_APPEND || (wanted && find(old, r) == r);
}

static void add(struct list_of *l, const struct seal_record *r, uint32_t ttl)
{
	l->at[l->n] = *r;
	l->at[l->n++].ttl = ttl;
}

/* What the set shall hold; what of it is asked for and there already, goes to the results. */
static struct list_of result(struct op_work *w, struct view old, struct view want, uint32_t ttl)
{
	struct list_of l = { arena_new(&w->arena, (old.n + want.n) * sizeof(*l.at)), 0 };

	for (size_t i = 0; i < old.n; i++) {
		if (!may_stay(w->kind, old, want, &old.at[i]))
			continue;
		add(&l, &old.at[i], ttl);
		if (w->kind != OP_REMOVE && find(want, &old.at[i]))
			record_emit(w, &l.at[l.n - 1]);
	}
	for (size_t i = 0; w->kind != OP_REMOVE && i < want.n; i++) {
		struct view so_far = { l.at, l.n };
		if (find(so_far, &want.at[i]))
			continue;
		add(&l, &want.at[i], ttl);
		l.at[l.n - 1].id = NULL;
	}
	return l;
}

/* Nothing came and nothing went. */
static bool is_unchanged(struct view old, struct list_of now)
{
	for (size_t i = 0; i < old.n && i < now.n; i++)
		if (!record_same(&old.at[i], &now.at[i]) || old.at[i].ttl != now.at[i].ttl)
			return false;
	return old.n == now.n;
}

static bool is_first(struct view want, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_set(&want.at[k], &want.at[i]))
			return false;
	return true;
}

const struct seal_set_change *host_merge(struct seal_op *op, const struct seal_record *there,
					 size_t n_there, const struct seal_record *want,
					 size_t n_want, size_t *n)
{
	struct op_work *w = work_of(op);
	struct view have = { there, n_there }, asked = { want, n_want };
	struct seal_set_change *ret = arena_new(&w->arena, n_want * sizeof(*ret));

	*n = 0;
	for (size_t i = 0; i < n_want; i++) {
		if (!is_first(asked, i))
			continue;
		struct view old = members(w, have, &want[i]), wants = members(w, asked, &want[i]);
		uint32_t ttl = ttl_of(w->kind, old, wants);
		struct list_of now = result(w, old, wants, ttl);
		if (is_unchanged(old, now))
			continue;
		ret[(*n)++] = (struct seal_set_change){
			.name = want[i].name,
			.type = want[i].type,
			.ttl = ttl,
			.old_ttl = old.n ? old.at[0].ttl : 0,
			.n = now.n,
			.n_old = old.n,
			.at = now.at,
			.old = old.at,
		};
	}
	return ret;
}
