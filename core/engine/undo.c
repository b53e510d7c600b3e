/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/undo.h"

#include <stdlib.h>
#include <string.h>

struct undo_group { /* entries of one login and zone: one provider call */
	struct login *login;
	const char *zone;
	size_t n;
	struct seal_record *records;
	struct journal_entry *entries; /* shallow copies */
	struct op op;
};

static struct login *find_login(const struct engine *e, const char *name)
{
	for (size_t i = 0; i < e->n_logins; i++)
		if (!strcmp(e->logins[i]->name, name))
			return e->logins[i];
	return NULL;
}

/* The group that this entry belongs to; a new one where there is none. */
static struct undo_group *group_of(struct undo *u, struct login *login, const char *zone)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i].login == login && !strcmp(u->groups[i].zone, zone))
			return &u->groups[i];
	struct undo_group *g = &u->groups[u->n_groups++];
	g->login = login;
	g->zone = zone;
	g->records = mem_array(u->journal.n, sizeof(*g->records));
	g->entries = mem_array(u->journal.n, sizeof(*g->entries));
	return g;
}

static void add(struct undo *u, struct login *login, const struct journal_entry *e)
{
	struct undo_group *g = group_of(u, login, e->zone);
	char name[NAME_MAX_LEN];

	if (!name_relative(e->owner, e->zone, name))
		return;
	g->entries[g->n] = *e;
	g->records[g->n++] = (struct seal_record){ .name = str_copy(name),
						   .type = e->type,
						   .ttl = e->ttl,
						   .data = e->value,
						   .id = e->id };
}

static void undo_run(struct task *t)
{
	struct undo *u = container_of(t, struct undo, task);
	struct story journal = { 0 };

	for (size_t i = 0; i < u->n_groups; i++) {
		struct undo_group *g = &u->groups[i];
		if (g->op.story.st) {
			if (!u->story.st)
				fail_from(u, &g->op);
			continue;
		}
		u->n_gone += g->n;
		/* Not written: the record is removed once more by the next run, nothing else. */
		if (journal_write(u->engine->store, JOURNAL_GONE, g->entries, g->n, &journal) &&
		    !u->story.st)
			story_copy(&u->story, &journal);
	}
	task_done(u->waiter);
}

void undo_start(struct undo *u, struct task *waiter)
{
	u->waiter = waiter;
	task_init(&u->task, u->engine->loop, undo_run);
	task_expect(waiter);
	if (journal_read(u->engine->store, u->cert, &u->journal, &u->story)) {
		task_done(waiter);
		return;
	}
	u->n_open = u->journal.n;
	u->groups = mem_array(u->journal.n, sizeof(*u->groups));
	for (size_t i = 0; i < u->journal.n; i++) {
		const struct journal_entry *e = &u->journal.at[i];
		struct login *login = find_login(u->engine, e->login);
		if (login) {
			add(u, login, e);
			continue;
		}
		fail(u, SEAL_ECONFIG, "TXT %s at %s stays: there is no dns block '%s' now",
		     e->value, e->owner, e->login);
		hint(u, "configure '%s' again and run: dnseal cleanup", e->login);
	}
	for (size_t i = 0; i < u->n_groups; i++) {
		struct undo_group *g = &u->groups[i];
		g->op = (struct op){ .kind = OP_REMOVE,
				     .login = g->login,
				     .zone = g->zone,
				     .records = g->records,
				     .n_records = g->n };
		op_start(u->engine->ops, &g->op, &u->task);
	}
	if (!u->n_groups)
		task_done(waiter);
}

void undo_free(struct undo *u)
{
	for (size_t i = 0; i < u->n_groups; i++) {
		struct undo_group *g = &u->groups[i];
		for (size_t r = 0; r < g->n; r++)
			free((char *)(uintptr_t)g->records[r].name);
		free(g->records);
		free(g->entries);
		op_free(&g->op);
	}
	free(u->groups);
	task_stop(&u->task);
	journal_free(&u->journal);
	memset(u, 0, sizeof(*u));
}
