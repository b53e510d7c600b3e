/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "store/store.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#define STATE_LEN_MAX 262144
#define TARGETS_MAX 64 /* far more than one certificate has */
#define TOLD_MAX 64    /* receivers; more than are configured */

static const struct field state_fields[] = {
	{ "failures", FIELD_INT, 0, offsetof(struct cert_state, failures), NULL },
	{ "next_try", FIELD_INT, 0, offsetof(struct cert_state, next_try), NULL },
	{ "last_error", FIELD_TEXT, 0, offsetof(struct cert_state, last_error), NULL },
	{ "last_class", FIELD_TEXT, 0, offsetof(struct cert_state, last_class), NULL },
	{ "last_problem", FIELD_TEXT, 0, offsetof(struct cert_state, last_problem), NULL },
	{ "last_failure", FIELD_INT, 0, offsetof(struct cert_state, last_failure), NULL },
	{ "last_account", FIELD_TEXT, 0, offsetof(struct cert_state, last_account), NULL },
	{ "rehearse", FIELD_BOOL, 0, offsetof(struct cert_state, rehearse), NULL },
	{ "propagation_s", FIELD_INT, 0, offsetof(struct cert_state, propagation_s), NULL },
	{ "last_run", FIELD_INT, 0, offsetof(struct cert_state, last_run), NULL },
	{ "last_success", FIELD_INT, 0, offsetof(struct cert_state, last_success), NULL },
	{ "jitter", FIELD_INT, 0, offsetof(struct cert_state, jitter), NULL },
	{ "revoked", FIELD_TEXT, 0, offsetof(struct cert_state, revoked), NULL },
	{ "key_leaked", FIELD_BOOL, 0, offsetof(struct cert_state, key_leaked), NULL },
	{ 0 }
};

static const struct field ari_fields[] = {
	{ "cert_id", FIELD_TEXT, 0, offsetof(struct ari_state, cert_id), NULL },
	{ "start", FIELD_INT, 0, offsetof(struct ari_state, start), NULL },
	{ "end", FIELD_INT, 0, offsetof(struct ari_state, end), NULL },
	{ "at", FIELD_INT, 0, offsetof(struct ari_state, at), NULL },
	{ "asked", FIELD_INT, 0, offsetof(struct ari_state, asked), NULL },
	{ "next_ask", FIELD_INT, 0, offsetof(struct ari_state, next_ask), NULL },
	{ "explanation", FIELD_TEXT, 0, offsetof(struct ari_state, explanation), NULL },
	{ "failures", FIELD_INT, 0, offsetof(struct ari_state, failures), NULL },
	{ 0 }
};

static const struct field told_fields[] = {
	{ "who", FIELD_TEXT, FIELD_REQUIRED, offsetof(struct told_state, who), NULL },
	{ "failure", FIELD_TEXT, 0, offsetof(struct told_state, failure), NULL },
	{ "expiry", FIELD_INT, 0, offsetof(struct told_state, expiry), NULL },
	{ "success", FIELD_INT, 0, offsetof(struct told_state, success), NULL },
	{ 0 }
};

static const struct field target_fields[] = {
	{ "name", FIELD_TEXT, FIELD_REQUIRED, offsetof(struct target_state, name), NULL },
	{ "generation", FIELD_INT, 0, offsetof(struct target_state, generation), NULL },
	{ "pending", FIELD_BOOL, 0, offsetof(struct target_state, pending), NULL },
	{ "tries", FIELD_INT, 0, offsetof(struct target_state, tries), NULL },
	{ "last", FIELD_INT, 0, offsetof(struct target_state, last), NULL },
	{ "error", FIELD_TEXT, 0, offsetof(struct target_state, error), NULL },
	{ "shape", FIELD_TEXT, 0, offsetof(struct target_state, shape), NULL },
	{ 0 }
};

/* -- reading -------------------------------------------------------------------------------- */

static enum seal_status read_targets(struct cert_state *c, const struct json_object *list,
				     const char *path, struct story *story)
{
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < TARGETS_MAX; i++) {
		struct target_state t = { 0 };
		enum seal_status st = field_read(target_fields, json_object_array_get_idx(list, i),
						 path, &t, story);
		if (st)
			return st;
		c->targets = mem_grow(c->targets, c->n_targets + 1, sizeof(*c->targets));
		c->targets[c->n_targets++] = t;
	}
	return SEAL_OK;
}

static enum seal_status read_told(struct cert_state *c, const struct json_object *list,
				  const char *path, struct story *story)
{
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n && i < TOLD_MAX; i++) {
		struct told_state t = { 0 };
		enum seal_status st = field_read(told_fields, json_object_array_get_idx(list, i),
						 path, &t, story);
		if (st)
			return st;
		c->told = mem_grow(c->told, c->n_told + 1, sizeof(*c->told));
		c->told[c->n_told++] = t;
	}
	return SEAL_OK;
}

static enum seal_status read_part(const struct field *fields, const struct json_object *o,
				  const char *path, void *ret, struct story *story)
{
	return o ? field_read(fields, o, path, ret, story) : SEAL_OK;
}

static enum seal_status read_all(struct cert_state *c, const char *path, struct story *story)
{
	enum seal_status st = field_read(state_fields, c->kept, path, c, story);

	if (!st)
		st = read_part(ari_fields, json_obj(c->kept, "ari"), path, &c->ari, story);
	if (!st)
		st = read_told(c, json_arr(c->kept, "told"), path, story);
	if (!st)
		st = read_targets(c, json_arr(c->kept, "targets"), path, story);
	return st;
}

enum seal_status cert_state_load(const struct store *s, const char *cert, struct cert_state *ret,
				 struct story *story)
{
	scoped(free_p) char *path = store_path(s, "certs/%s/state.json", cert);
	scoped(buf_free) struct buf text = { 0 };
	enum seal_status st = file_read(path, STATE_LEN_MAX, &text, story);

	*ret = (struct cert_state){ 0 };
	if (st == SEAL_ENOTFOUND) {
		story_clear(story);
		return SEAL_OK;
	}
	if (st == SEAL_ESTORAGE) /* it cannot be read; it may be good */
		return st;
	if (!st)
		st = json_read(text.data, text.len, path, &ret->kept, story);
	if (!st)
		st = read_all(ret, path, story);
	if (!st)
		return SEAL_OK;
	cert_state_free(ret);
	story_fail(story, SEAL_ESTORAGE, "%s is damaged", path);
	story_hint(story, "remove it: all that is in it is found out again");
	return SEAL_ESTORAGE;
}

/* -- writing -------------------------------------------------------------------------------- */

/* Put this in place of what the file had under the name; nothing, when it is empty. */
static void put(struct json_object *to, const char *name, struct json_object *value, size_t n)
{
	json_object_object_del(to, name);
	if (n)
		json_object_object_add(to, name, value);
	else
		json_object_put(value);
}

static void put_fields(struct json_object *to, const struct field *fields, const void *from)
{
	scoped(json_put_p) struct json_object *o = field_write(fields, from);

	for (const struct field *f = fields; f->name; f++) {
		struct json_object *v = NULL;
		bool full = json_object_object_get_ex(o, f->name, &v);
		put(to, f->name, json_object_get(v), full);
	}
}

static void put_part(struct json_object *to, const char *name, const struct field *fields,
		     const void *from)
{
	struct json_object *o = field_write(fields, from);

	put(to, name, o, (size_t)json_object_object_length(o));
}

static struct json_object *write_targets(const struct cert_state *c)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < c->n_targets; i++) {
		struct target_state t = c->targets[i];
		scoped(free_p) char *error = t.error ? log_scrub(t.error) : NULL;
		t.error = error;
		json_object_array_add(list, field_write(target_fields, &t));
	}
	return list;
}

static struct json_object *write_told(const struct cert_state *c)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < c->n_told; i++)
		json_object_array_add(list, field_write(told_fields, &c->told[i]));
	return list;
}

enum seal_status cert_state_save(const struct store *s, const char *cert,
				 const struct cert_state *c, struct story *story)
{
	scoped(free_p) char *dir = store_path(s, "certs/%s", cert);
	scoped(free_p) char *path = store_path(s, "certs/%s/state.json", cert);
	scoped(json_put_p) struct json_object *o = NULL;
	scoped(free_p) char *error = c->last_error ? log_scrub(c->last_error) : NULL;
	struct cert_state shown = *c; /* who reads it later does not know the secrets */

	if (!c->kept || json_object_deep_copy(c->kept, &o, NULL))
		o = json_object_new_object();
	shown.last_error = error;
	put_fields(o, state_fields, &shown);
	put_part(o, "ari", ari_fields, &c->ari);
	put(o, "told", write_told(c), c->n_told);
	put(o, "targets", write_targets(c), c->n_targets);
	scoped(free_p) char *text = json_write(o);
	enum seal_status st = dir_make(dir, 0750, story);

	return st ? st : file_replace(path, text, strlen(text), 0640, story);
}

/* -- memory --------------------------------------------------------------------------------- */

void ari_state_free(struct ari_state *a)
{
	field_free(ari_fields, a);
}

void cert_state_free(struct cert_state *c)
{
	field_free(state_fields, c);
	ari_state_free(&c->ari);
	for (size_t i = 0; i < c->n_told; i++)
		field_free(told_fields, &c->told[i]);
	free(c->told);
	for (size_t i = 0; i < c->n_targets; i++)
		field_free(target_fields, &c->targets[i]);
	free(c->targets);
	json_object_put(c->kept);
	*c = (struct cert_state){ 0 };
}

struct target_state *target_state(struct target_state **list, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp((*list)[i].name, name))
			return &(*list)[i];
	*list = mem_grow(*list, *n + 1, sizeof(**list));
	(*list)[*n] = (struct target_state){ .name = str_copy(name) };
	return &(*list)[(*n)++];
}

void target_states_keep(struct target_state **list, size_t *n, const struct words *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (words_has(names, (*list)[i].name))
			(*list)[kept++] = (*list)[i];
		else
			field_free(target_fields, &(*list)[i]);
	*n = kept;
}

/* -- what was told -------------------------------------------------------------------------- */

const struct told_state *told_find(const struct cert_state *c, const char *who)
{
	for (size_t i = 0; i < c->n_told; i++)
		if (!strcmp(c->told[i].who, who))
			return &c->told[i];
	return NULL;
}

void told_set(struct cert_state *c, const char *who, const struct told_state *t)
{
	size_t i = 0;

	while (i < c->n_told && strcmp(c->told[i].who, who) != 0)
		i++;
	if (i == TOLD_MAX)
		return;
	if (i == c->n_told)
		c->told = mem_grow(c->told, ++c->n_told, sizeof(*c->told));
	else
		field_free(told_fields, &c->told[i]);
	c->told[i] = *t;
	c->told[i].who = str_copy(who);
	c->told[i].failure = str_copy(t->failure);
}

void told_keep(struct cert_state *c, const struct words *receivers)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n_told; i++)
		if (words_has(receivers, c->told[i].who))
			c->told[kept++] = c->told[i];
		else
			field_free(told_fields, &c->told[i]);
	c->n_told = kept;
}
