/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include <string.h>

struct view {
	const struct seal_record *at;
	size_t n;
};

static const struct seal_record *find(struct view in, const struct seal_record *r)
{
	for (size_t i = 0; i < in.n; i++)
		if (record_same(&in.at[i], r))
			return &in.at[i];
	return NULL;
}

static bool names_set(struct view want, const struct seal_record *r)
{
	for (size_t i = 0; i < want.n; i++)
		if (!strcmp(want.at[i].name, r->name) && !strcmp(want.at[i].type, r->type))
			return true;
	return false;
}

static bool must_go(enum op_kind kind, struct view there, struct view want,
		    const struct seal_record *r)
{
	bool wanted = find(want, r) != NULL;

	if (kind == OP_REMOVE)
		return wanted;
	/* Of two spellings of one record the first stays. */
	return kind == OP_SET && names_set(want, r) && (!wanted || find(there, r) != r);
}

static bool must_retime(const struct seal_record *there, const struct seal_record *want)
{
	return want && want->ttl && want->ttl != there->ttl;
}

struct changes {
	struct seal_change *at;
	size_t n;
};

static void change(struct changes *c, enum seal_edit what, const struct seal_record *r)
{
	c->at[c->n++] = (struct seal_change){ what, *r };
}

/* What is there and wanted: emitted, with another ttl if need be. */
static void keep(struct op_work *w, struct changes *c, const struct seal_record *there,
		 const struct seal_record *want)
{
	struct seal_record r = *there;

	if (w->kind == OP_SET && must_retime(there, want)) {
		r.ttl = want->ttl;
		change(c, SEAL_RETIME, &r);
	}
	record_emit(w, &r);
}

const struct seal_change *host_diff(struct seal_op *op, const struct seal_record *there,
				    size_t n_there, const struct seal_record *want, size_t n_want,
				    size_t *n)
{
	struct op_work *w = work_of(op);
	struct view have = { there, n_there }, asked = { want, n_want };
	struct changes c = { arena_new(&w->arena, (n_there + n_want) * sizeof(*c.at)), 0 };

	for (size_t i = 0; i < n_there; i++)
		if (must_go(w->kind, have, asked, &there[i]))
			change(&c, SEAL_DROP, &there[i]);
	for (size_t i = 0; w->kind != OP_REMOVE && i < n_want; i++) {
		const struct seal_record *r = find(have, &want[i]);
		if (r)
			keep(w, &c, r, &want[i]);
	}
	for (size_t i = 0; w->kind != OP_REMOVE && i < n_want; i++)
		if (!find(have, &want[i]))
			change(&c, SEAL_ADD, &want[i]);
	*n = c.n;
	return c.at;
}
