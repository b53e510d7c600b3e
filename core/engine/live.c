/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * live.c - reading what is live, and mending what a crash left half done. */
#include "config.h"

#include "base/clock.h"
#include "engine/generation.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORPHAN_AGE_S 86400

static enum seal_status read_chain(struct live *l, struct story *story)
{
	scoped(free_p) char *path = str_printf("%s/fullchain.pem", l->dir);
	scoped(buf_free) struct buf pem = { 0 };
	enum seal_status st = file_read(path, 1 << 20, &pem, story);

	if (!st)
		st = chain_read(pem.data, pem.len, &l->chain, story);
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
	enum seal_status st = read_chain(ret, story);
	if (st) {
		live_free(ret);
		return st;
	}
	read_meta(ret);
	ret->exists = true;
	return SEAL_OK;
}

void live_free(struct live *l)
{
	free(l->dir);
	chain_free(&l->chain);
	json_object_put(l->meta);
	memset(l, 0, sizeof(*l));
}

/* Are all files of this generation there, and do they belong together? */
static bool is_complete(const struct store *s, const char *cert, unsigned n)
{
	scoped(free_p) char *key_path = store_path(s, "certs/%s/gen-%06u/privkey.pem", cert, n);
	scoped(free_p) char *chain_path = store_path(s, "certs/%s/gen-%06u/fullchain.pem", cert, n);
	scoped(buf_free) struct buf key_pem = { 0 }, chain_pem = { 0 };
	scoped(key_free_p) struct key *key = NULL;
	scoped(chain_free) struct chain chain = { 0 };
	struct story ignored = { 0 };

	return !file_read(key_path, 16384, &key_pem, &ignored) &&
	       !file_read(chain_path, 1 << 20, &chain_pem, &ignored) &&
	       !key_read(key_pem.data, key_pem.len, &key, &ignored) &&
	       !chain_read(chain_pem.data, chain_pem.len, &chain, &ignored) &&
	       chain_has_key(&chain, key);
}

static bool is_leftover(const char *name)
{
	size_t n = strlen(name);

	return !strcmp(name, "live.new") || (n > 4 && !strcmp(name + n - 4, ".tmp"));
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Temporary files of a dead run, and generations that were never switched to. */
static enum seal_status sweep(const struct store *s, const char *cert, unsigned live,
			      struct story *story)
{
	scoped(free_p) char *home = store_path(s, "certs/%s", cert);
	scoped(close_dir) DIR *d = opendir(home);
	enum seal_status st = SEAL_OK;

	for (struct dirent *e; d && !st && (e = readdir(d));) {
		scoped(free_p) char *path = str_printf("%s/%s", home, e->d_name);
		struct stat info;
		unsigned n;
		bool orphan = live && generation_number(e->d_name, &n) && n > live &&
			      !lstat(path, &info) && info.st_mtime + ORPHAN_AGE_S < clock_wall();
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

enum seal_status store_repair(const struct store *s, const char *cert, struct buf *ret_note,
			      struct story *story)
{
	unsigned live = generation_live(s, cert);
	enum seal_status st = sweep(s, cert, live, story);

	if (st)
		return st;
	if (live && is_complete(s, cert, live))
		return settle_order(s, cert, live, story);
	for (unsigned n = generation_highest(s, cert); n; n--) {
		if (n == live || !is_complete(s, cert, n))
			continue;
		buf_printf(ret_note,
			   "live pointed at %s; it now points at generation %u, the newest "
			   "complete one",
			   live ? "a damaged generation" : "nothing", n);
		return generation_switch(s, cert, n, story);
	}
	return SEAL_OK;
}
