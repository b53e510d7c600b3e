/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * live.c - reading what is live, and mending what a crash left half done. */
#include "config.h"

#include "base/clock.h"
#include "store/generation.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORPHAN_AGE_S 86400

/* file: "fullchain.pem" */
static enum seal_status read_chain(const struct live *l, const char *file, struct chain *ret,
				   struct story *story)
{
	scoped(free_p) char *path = str_printf("%s/%s", l->dir, file);
	scoped(buf_free) struct buf pem = { 0 };
	enum seal_status st = file_read(path, 1 << 20, &pem, story);

	if (!st)
		st = chain_read(pem.data, pem.len, ret, story);
	if (st == SEAL_OK)
		return st;
	if (st != SEAL_ESTORAGE)
		st = story_fail(story, SEAL_ESTORAGE, "%s is missing or damaged", path);
	return st;
}

/* meta.json is a convenience: without it the key type is read from the key. */
static void read_meta(struct live *l)
{
	scoped(free_p) char *path = str_printf("%s/meta.json", l->dir);
	scoped(free_p) char *key_path = str_printf("%s/privkey.pem", l->dir);
	scoped(buf_free) struct buf text = { 0 }, pem = { 0 };
	scoped(key_free_p) struct key *key = NULL;
	struct story ignored = { 0 };

	if (!file_read(path, 65536, &text, &ignored) &&
	    !json_read(text.data, text.len, path, &l->meta, &ignored)) {
		const char *type = json_str(l->meta, "key_type");
		if (type && key_type_parse(type, &l->key))
			return;
	}
	if (!file_read(key_path, 16384, &pem, &ignored) &&
	    !key_read(pem.data, pem.len, &key, &ignored))
		l->key = key_type(key);
}

/* The second pair of a dual certificate; it is looked for, not asked meta.json about. */
static enum seal_status read_twin(struct live *l, struct story *story)
{
	const char *type = json_str(l->meta, "twin_key_type");

	for (enum key_type t = 0; t < KEY_TYPES; t++) {
		scoped(free_p) char *file = pair_file("fullchain.pem", key_type_family(t));
		scoped(free_p) char *path = str_printf("%s/%s", l->dir, file);
		if (!file_exists(path))
			continue;
		l->has_twin = true;
		if (!type || !key_type_parse(type, &l->twin_key))
			l->twin_key = t;
		return read_chain(l, file, &l->twin, story);
	}
	return SEAL_OK;
}

enum seal_status live_read(const struct store *s, const char *cert, struct live *ret,
			   struct story *story)
{
	scoped(free_p) char *link = store_path(s, "certs/%s/live", cert);

	memset(ret, 0, sizeof(*ret));
	ret->generation = generation_live(s, cert);
	if (!ret->generation) {
		if (!file_exists(link))
			return SEAL_OK;
		return story_fail(story, SEAL_ESTORAGE, "%s is no link to a generation", link);
	}
	ret->dir = store_path(s, "certs/%s/gen-%06u", cert, ret->generation);
	enum seal_status st = read_chain(ret, "fullchain.pem", &ret->chain, story);
	if (!st) {
		read_meta(ret);
		st = read_twin(ret, story);
	}
	if (st) {
		live_free(ret);
		return st;
	}
	ret->exists = true;
	return SEAL_OK;
}

/* -- at a glance ---------------------------------------------------------------------------- */

struct leaf_json {
	struct words names;
	int64_t not_before, not_after;
	char *serial, *aki, *issuer, *key_type, *twin_key_type;
	int64_t twin_not_before, twin_not_after;
};
static const struct field leaf_fields[] = {
	{ "names", FIELD_TEXTS, FIELD_REQUIRED, offsetof(struct leaf_json, names), NULL },
	{ "not_before", FIELD_TIME, FIELD_REQUIRED, offsetof(struct leaf_json, not_before), NULL },
	{ "not_after", FIELD_TIME, FIELD_REQUIRED, offsetof(struct leaf_json, not_after), NULL },
	{ "serial", FIELD_TEXT, FIELD_REQUIRED, offsetof(struct leaf_json, serial), NULL },
	{ "aki", FIELD_TEXT, 0, offsetof(struct leaf_json, aki), NULL },
	{ "issuer", FIELD_TEXT, 0, offsetof(struct leaf_json, issuer), NULL },
	{ "key_type", FIELD_TEXT, FIELD_REQUIRED, offsetof(struct leaf_json, key_type), NULL },
	{ "twin_key_type", FIELD_TEXT, 0, offsetof(struct leaf_json, twin_key_type), NULL },
	{ "twin_not_before", FIELD_TIME, 0, offsetof(struct leaf_json, twin_not_before), NULL },
	{ "twin_not_after", FIELD_TIME, 0, offsetof(struct leaf_json, twin_not_after), NULL },
	{ 0 }
};

static void take_twin(const struct leaf_json *j, struct live *ret)
{
	ret->has_twin = j->twin_key_type && key_type_parse(j->twin_key_type, &ret->twin_key);
	if (!ret->has_twin || !j->twin_not_after)
		return;
	ret->twin.at = mem_new(sizeof(*ret->twin.at));
	ret->twin.n = 1;
	ret->twin.at[0].not_before = j->twin_not_before;
	ret->twin.at[0].not_after = j->twin_not_after;
}

static void take_leaf(struct leaf_json *j, struct live *ret)
{
	struct cert_info *leaf = ret->chain.at = mem_new(sizeof(*leaf));

	ret->chain.n = 1;
	leaf->names = j->names;
	leaf->not_before = j->not_before;
	leaf->not_after = j->not_after;
	leaf->serial = take(j->serial);
	leaf->aki = j->aki ? take(j->aki) : str_copy("");
	leaf->issuer_cn = j->issuer ? take(j->issuer) : NULL;
	j->names = (struct words){ 0 };
	take_twin(j, ret);
	ret->exists = true;
}

/* Lost files are seen without reading any.  There is no key of ours where meta.json names a csr. */
static bool has_file(const struct live *l, const char *name)
{
	scoped(free_p) char *path = str_printf("%s/%s", l->dir, name);
	struct stat info;

	return !stat(path, &info) && info.st_size > 0;
}

static bool has_pair(const struct live *l)
{
	return has_file(l, "fullchain.pem") &&
	       (json_str(l->meta, "csr") || has_file(l, "privkey.pem"));
}

enum seal_status live_glance(const struct store *s, const char *cert, struct live *ret,
			     struct story *story)
{
	scoped(free_p) char *path = store_path(s, "certs/%s/live/meta.json", cert);
	scoped(buf_free) struct buf text = { 0 };
	struct leaf_json j = { 0 };

	*ret = (struct live){ .generation = generation_live(s, cert) };
	if (!ret->generation)
		return SEAL_OK;
	enum seal_status st = file_read(path, 65536, &text, story);
	if (!st)
		st = json_read(text.data, text.len, path, &ret->meta, story);
	if (!st)
		st = field_read(leaf_fields, ret->meta, path, &j, story);
	if (!st && key_type_parse(j.key_type, &ret->key)) {
		ret->dir = store_path(s, "certs/%s/gen-%06u", cert, ret->generation);
		if (has_pair(ret))
			take_leaf(&j, ret);
	}
	field_free(leaf_fields, &j);
	if (ret->exists)
		return SEAL_OK;
	return story_fail(story, SEAL_ENOTFOUND, "%s does not say what is live", path);
}

void live_free(struct live *l)
{
	free(l->dir);
	chain_free(&l->chain);
	chain_free(&l->twin);
	json_object_put(l->meta);
	memset(l, 0, sizeof(*l));
}

/* -- is a generation whole? SEAL_ENOTFOUND: it is not; SEAL_ESTORAGE: that cannot be seen ----- */

static enum seal_status worse(enum seal_status st)
{
	return st && st != SEAL_ESTORAGE ? SEAL_ENOTFOUND : st;
}

/* Are key and chain of one pair there, and do they belong together? */
static enum seal_status check_pair(const char *dir, const char *family, struct story *story)
{
	scoped(free_p) char *key_file = pair_file("privkey.pem", family);
	scoped(free_p) char *chain_file = pair_file("fullchain.pem", family);
	scoped(free_p) char *key_path = str_printf("%s/%s", dir, key_file);
	scoped(free_p) char *chain_path = str_printf("%s/%s", dir, chain_file);
	scoped(buf_free) struct buf key_pem = { 0 }, chain_pem = { 0 };
	scoped(key_free_p) struct key *key = NULL;
	scoped(chain_free) struct chain chain = { 0 };
	enum seal_status st = file_read(key_path, 16384, &key_pem, story);

	if (!st)
		st = file_read(chain_path, 1 << 20, &chain_pem, story);
	if (!st)
		st = key_read(key_pem.data, key_pem.len, &key, story);
	if (!st)
		st = chain_read(chain_pem.data, chain_pem.len, &chain, story);
	if (!st && !chain_has_key(&chain, key))
		st = SEAL_ENOTFOUND;
	return worse(st);
}

/* Made from the operator's own request: there is a chain, and no key to hold against it. */
static enum seal_status check_chain(const char *dir, struct story *story)
{
	scoped(free_p) char *path = str_printf("%s/fullchain.pem", dir);
	scoped(buf_free) struct buf pem = { 0 };
	scoped(chain_free) struct chain chain = { 0 };
	enum seal_status st = file_read(path, 1 << 20, &pem, story);

	if (!st)
		st = chain_read(pem.data, pem.len, &chain, story);
	return worse(st);
}

/* Are all files of this generation there, and do they belong together? */
static enum seal_status check_generation(const struct store *s, const char *cert, unsigned n,
					 struct story *story)
{
	scoped(free_p) char *dir = store_path(s, "certs/%s/gen-%06u", cert, n);
	scoped(free_p) char *path = str_printf("%s/meta.json", dir);
	scoped(buf_free) struct buf text = { 0 };
	scoped(json_put_p) struct json_object *meta = NULL;
	enum key_type twin;
	enum seal_status st = file_read(path, 65536, &text, story);

	if (st == SEAL_ESTORAGE)
		return st;
	if (!st && json_read(text.data, text.len, path, &meta, story))
		meta = NULL; /* only a help */
	const char *type = json_str(meta, "twin_key_type");
	st = type && key_type_parse(type, &twin) ? check_pair(dir, key_type_family(twin), story)
						 : SEAL_OK;
	if (!st)
		st = check_pair(dir, NULL, story);
	if (st == SEAL_ENOTFOUND && json_str(meta, "csr"))
		st = check_chain(dir, story);
	if (st != SEAL_ESTORAGE)
		story_clear(story);
	return st;
}

bool generation_complete(const struct store *s, const char *cert, unsigned n)
{
	struct story ignored = { 0 };

	return !check_generation(s, cert, n, &ignored);
}

static bool is_leftover(const char *name)
{
	size_t n = strlen(name);

	return !strcmp(name, "live.new") || (n > 4 && !strcmp(name + n - 4, ".tmp"));
}

/* Temporary files of a dead run, and generations that were never switched to. */
static enum seal_status sweep(const struct store *s, const char *cert, unsigned live,
			      struct story *story)
{
	scoped(free_p) char *home = store_path(s, "certs/%s", cert);
	scoped(dir_p) DIR *d = opendir(home);
	enum seal_status st = SEAL_OK;

	for (struct dirent *e; d && !st && (e = readdir(d));) {
		scoped(free_p) char *path = str_printf("%s/%s", home, e->d_name);
		struct stat info;
		unsigned n;
		scoped(free_p) char *mark = str_printf("%s/" GENERATION_KEPT, path);
		bool orphan = live && generation_number(e->d_name, &n) && n > live &&
			      !file_exists(mark) && !lstat(path, &info) &&
			      info.st_mtime + ORPHAN_AGE_S < clock_wall();
		if (orphan || is_leftover(e->d_name))
			st = dir_remove(path, story);
	}
	return st;
}

/* The run that made `live` the last one may have died before it dropped its order. */
static enum seal_status settle_order(const struct store *s, const char *cert, unsigned live,
				     struct story *story)
{
	scoped(free_p) char *path = store_path(s, "certs/%s/gen-%06u/meta.json", cert, live);
	scoped(json_put_p) struct json_object *meta = NULL;
	scoped(buf_free) struct buf text = { 0 };
	struct story ignored = { 0 };

	if (file_read(path, 1 << 20, &text, &ignored) ||
	    json_read(text.data, text.len, path, &meta, &ignored))
		return SEAL_OK; /* it is a convenience */
	return order_file_settle(s, cert, json_str(meta, "order"), story);
}

void repair_free(struct repair *r)
{
	buf_free(&r->note);
}

enum seal_status store_repair(const struct store *s, const char *cert, struct repair *ret,
			      struct story *story)
{
	unsigned live = generation_live(s, cert);
	enum seal_status st = sweep(s, cert, live, story);

	if (st)
		return st;
	if (live)
		st = check_generation(s, cert, live, story);
	if (live && !st)
		return settle_order(s, cert, live, story);
	/* What cannot be read now may be whole: only what is seen to be damaged is left. */
	unsigned highest;
	if (st == SEAL_ESTORAGE || generation_highest(s, cert, &highest, story))
		return story->st;
	for (unsigned n = highest; n; n--) {
		if (n == live || !generation_complete(s, cert, n))
			continue;
		buf_printf(&ret->note,
			   "live pointed at %s; it now points at generation %u, the newest "
			   "complete one",
			   live ? "a damaged generation" : "nothing", n);
		return generation_switch(s, cert, n, story);
	}
	ret->damaged = live > 0;
	return SEAL_OK;
}
