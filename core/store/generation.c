/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * generation.c - replacing a certificate and its key without a moment in which they do not match.
 *
 * A generation is written whole under a temporary name, made durable, renamed, and then one
 * symbolic link is switched.  A crash leaves the old pair live, or the new one. */
#include "config.h"

#include "base/clock.h"
#include "store/generation.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PRUNE_AGE_S (7 * 86400) /* a reader that resolved `live` earlier still finds its files */

bool generation_number(const char *name, unsigned *ret)
{
	uint64_t n;

	if (!starts_with(name, "gen-") || strlen(name) != 10 || !parse_uint(name + 4, 999999, &n))
		return false;
	*ret = (unsigned)n;
	return true;
}

enum seal_status generation_highest(const struct store *s, const char *cert, unsigned *ret,
				    struct story *story)
{
	scoped(free_p) char *home = store_path(s, "certs/%s", cert);
	scoped(dir_p) DIR *d = opendir(home);
	unsigned n;

	*ret = 0;
	if (!d && errno != ENOENT)
		return story_fail(story, SEAL_ESTORAGE, "cannot read folder %s: %s", home,
				  strerror(errno));
	for (struct dirent *e; d && (e = readdir(d));)
		if (generation_number(e->d_name, &n) && n > *ret)
			*ret = n;
	return SEAL_OK;
}

unsigned generation_live(const struct store *s, const char *cert)
{
	scoped(free_p) char *link = store_path(s, "certs/%s/live", cert);
	char target[64];
	unsigned n;
	ssize_t len = readlink(link, target, sizeof(target) - 1);

	if (len < 0)
		return 0;
	target[len] = '\0';
	return generation_number(target, &n) ? n : 0;
}

enum seal_status generation_switch(const struct store *s, const char *cert, unsigned n,
				   struct story *story)
{
	scoped(free_p) char *home = store_path(s, "certs/%s", cert);
	scoped(free_p) char *fresh = store_path(s, "certs/%s/live.new", cert);
	scoped(free_p) char *live = store_path(s, "certs/%s/live", cert);
	char target[16];

	snprintf(target, sizeof(target), "gen-%06u", n);
	if (unlink(fresh) && errno != ENOENT)
		return story_fail(story, SEAL_ESTORAGE, "cannot remove %s: %s", fresh,
				  strerror(errno));
	if (symlink(target, fresh))
		return story_fail(story, SEAL_ESTORAGE, "cannot make the link %s: %s", fresh,
				  strerror(errno));
	if (rename(fresh, live))
		return story_fail(story, SEAL_ESTORAGE, "cannot switch %s to %s: %s", live, target,
				  strerror(errno));
	return dir_sync(home, story);
}

char *pair_file(const char *name, const char *family)
{
	const char *dot = strrchr(name, '.');

	return family ? str_printf("%.*s.%s%s", (int)(dot - name), name, family, dot)
		      : str_copy(name);
}

enum seal_status generation_keep(const struct store *s, const char *cert, unsigned n,
				 struct story *story)
{
	scoped(free_p) char *mark = store_path(s, "certs/%s/gen-%06u/" GENERATION_KEPT, cert, n);

	return file_replace(mark, "", 0, 0644, story);
}

/* The group that may read keys; (gid_t)-1: none.  */
static enum seal_status group_id(const char *group, gid_t *ret, struct story *story)
{
	*ret = (gid_t)-1;
	if (!group)
		return SEAL_OK;
	struct group *g = getgrnam(group);
	if (!g)
		return story_fail(story, SEAL_ECONFIG, "there is no group '%s'", group);
	*ret = g->gr_gid;
	return SEAL_OK;
}

/* -- the files of a pair -------------------------------------------------------------------- */

struct pair {
	const struct key *key;
	const struct chain *chain;
	const char *family; /* NULL: the first */
	struct buf texts[5];
	char *names[5];
};
enum { PRIVKEY, KEYFULL, CERT, CHAIN, FULLCHAIN, PAIR_FILES };
static const char *const pair_names[PAIR_FILES] = {
	[PRIVKEY] = "privkey.pem", [KEYFULL] = "keyfull.pem", [CERT] = "cert.pem",
	[CHAIN] = "chain.pem",	   [FULLCHAIN] = "fullchain.pem",
};

struct pairs {
	struct pair at[2];
	size_t n;
};

static void pairs_free(struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < PAIR_FILES; k++) {
			buf_free(&p->at[i].texts[k]);
			free(p->at[i].names[k]);
		}
}

static enum seal_status make_texts(struct pair *p, struct story *story)
{
	struct buf *t = p->texts;

	if (!key_is_public(p->key) && key_write(p->key, &t[PRIVKEY], story))
		return story->st;
	buf_str(&t[CERT], p->chain->at[0].pem);
	for (size_t i = 1; i < p->chain->n; i++)
		buf_str(&t[CHAIN], p->chain->at[i].pem);
	buf_str(&t[FULLCHAIN], buf_text(&t[CERT]));
	buf_str(&t[FULLCHAIN], buf_text(&t[CHAIN]));
	buf_add(&t[KEYFULL], t[PRIVKEY].data, t[PRIVKEY].len);
	buf_str(&t[KEYFULL], buf_text(&t[FULLCHAIN]));
	for (size_t i = 0; i < PAIR_FILES; i++)
		p->names[i] = pair_file(pair_names[i], p->family);
	return SEAL_OK;
}

/* Returns how many; without a private key there is neither privkey.pem nor keyfull.pem. */
static size_t add_parts(const struct pair *p, gid_t group, struct file_part *ret)
{
	const gid_t nobody = (gid_t)-1;
	const mode_t secret = group == nobody ? 0600 : 0640;
	size_t n = 0;

	for (size_t i = key_is_public(p->key) ? CERT : PRIVKEY; i < PAIR_FILES; i++)
		ret[n++] = (struct file_part){ .name = p->names[i],
					       .data = buf_text(&p->texts[i]),
					       .len = p->texts[i].len,
					       .mode = i < CERT ? secret : 0644,
					       .group = i < CERT ? group : nobody };
	return n;
}

/* Read back what was written: the pair must match before anything points at it. */
static enum seal_status verify_pair(const char *dir, const struct pair *p, struct story *story)
{
	scoped(free_p) char *key_path = str_printf("%s/%s", dir, p->names[PRIVKEY]);
	scoped(free_p) char *chain_path = str_printf("%s/%s", dir, p->names[FULLCHAIN]);
	scoped(buf_free) struct buf key_pem = { 0 }, chain_pem = { 0 };
	scoped(key_free_p) struct key *key = NULL;
	scoped(chain_free) struct chain chain = { 0 };
	bool has_key = !key_is_public(p->key);
	enum seal_status st = file_read(chain_path, 1 << 20, &chain_pem, story);

	if (!st && has_key)
		st = file_read(key_path, 16384, &key_pem, story);
	if (!st && has_key)
		st = key_read(key_pem.data, key_pem.len, &key, story);
	if (!st)
		st = chain_read(chain_pem.data, chain_pem.len, &chain, story);
	if (!st && !chain_has_key(&chain, has_key ? key : p->key))
		st = SEAL_ESTORAGE;
	if (!st)
		return SEAL_OK;
	scoped(free_p) char *why = str_copy(story->st == SEAL_ESTORAGE ? story->text : dir);
	return story_fail(story, SEAL_ESTORAGE, "what was written cannot be read back: %s", why);
}

/* -- a generation --------------------------------------------------------------------------- */

/* A plain file of the folder's owner, that nobody else may read and that has no other name? */
static bool is_private(const char *path, const char *dir)
{
	struct stat file, folder;

	return !lstat(path, &file) && !stat(dir, &folder) && S_ISREG(file.st_mode) &&
	       (file.st_mode & 07777) == 0600 && file.st_uid == folder.st_uid && file.st_nlink == 1;
}

/* The order's own key file gets a second name here, where that can be: it is durable already, and
 * nothing need be written and then taken away. */
static bool share_key(const char *order_dir, const char *dir, const struct file_part *p)
{
	scoped(free_p) char *from = str_printf("%s/%s", order_dir, p->name);
	scoped(free_p) char *to = str_printf("%s/%s", dir, p->name);
	scoped(buf_free) struct buf there = { 0 };
	struct story ignored = { 0 };

	if (p->mode != 0600 || !is_private(from, dir) ||
	    file_read(from, 16384, &there, &ignored) || there.len != p->len ||
	    memcmp(there.data, p->data, p->len) != 0)
		return false;
	return !link(from, to);
}

/* The parts that are still to be written come first; returns how many. */
static size_t share_keys(const char *order_dir, const char *dir, struct file_part *parts, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		if (!starts_with(parts[i].name, "privkey.") ||
		    !share_key(order_dir, dir, &parts[i]))
			parts[left++] = parts[i];
	return left;
}

struct place {
	const char *dir;   /* of the generation */
	const char *order; /* of the order in flight */
	gid_t group;
};

static enum seal_status write_files(const struct install *in, const struct place *to,
				    struct pairs *pairs, struct story *story)
{
	scoped(free_p) char *json = json_write(in->meta);
	scoped(free_p) char *meta = str_printf("%s\n", json);
	struct file_part parts[2 * PAIR_FILES + 1];
	size_t n = 0;
	enum seal_status st = SEAL_OK;

	for (size_t i = 0; i < pairs->n && !st; i++) {
		st = make_texts(&pairs->at[i], story);
		if (!st)
			n += add_parts(&pairs->at[i], to->group, parts + n);
	}
	parts[n++] = (struct file_part){ "meta.json", meta, strlen(meta), 0644, (gid_t)-1 };
	if (!st)
		st = dir_remove(to->dir, story);
	if (!st)
		st = dir_make_unsynced(to->dir, 0700, story); /* store_install() syncs the parent */
	if (!st)
		st = files_create(to->dir, parts, share_keys(to->order, to->dir, parts, n), story);
	for (size_t i = 0; i < pairs->n && !st; i++)
		st = verify_pair(to->dir, &pairs->at[i], story);
	return st;
}

static enum seal_status write_generation(const struct store *s, const struct install *in,
					 const char *dir, struct story *story)
{
	scoped(free_p) char *order = store_path(s, "certs/%s/order", in->cert);
	struct place to = { .dir = dir, .order = order };
	scoped(pairs_free) struct pairs pairs = {
		.at = { { .key = in->key, .chain = in->chain },
			{ .key = in->twin_key, .chain = in->twin_chain } },
		.n = in->twin_key ? 2 : 1,
	};
	enum seal_status st = group_id(in->group, &to.group, story);

	if (in->twin_key)
		pairs.at[1].family = key_type_family(key_type(in->twin_key));
	if (!st)
		st = write_files(in, &to, &pairs, story);
	if (!st &&
	    (chmod(dir, 0750) || (to.group != (gid_t)-1 && chown(dir, (uid_t)-1, to.group))))
		st = story_fail(story, SEAL_ESTORAGE, "cannot set group or mode of %s: %s", dir,
				strerror(errno));
	return st ? st : dir_sync(dir, story);
}

/* The certificate's own directory must let the group through too. */
static enum seal_status open_home(const char *home, const char *group, struct story *story)
{
	gid_t gid;
	enum seal_status st = group_id(group, &gid, story);

	if (!st && gid != (gid_t)-1 && chown(home, (uid_t)-1, gid))
		st = story_fail(story, SEAL_ESTORAGE, "cannot give %s to group %s: %s", home, group,
				strerror(errno));
	return st;
}

/* `keep` old ones stay beside the live one. */
static void prune(const struct store *s, const char *cert, unsigned live, unsigned keep)
{
	scoped(free_p) char *home = store_path(s, "certs/%s", cert);
	scoped(dir_p) DIR *d = opendir(home);
	struct story ignored = { 0 };
	unsigned n;

	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat st;
		if (!generation_number(e->d_name, &n) || n + keep >= live)
			continue;
		scoped(free_p) char *path = str_printf("%s/%s", home, e->d_name);
		if (!lstat(path, &st) && st.st_mtime + PRUNE_AGE_S < clock_wall() &&
		    dir_remove(path, &ignored))
			continue; /* tried again after the next renewal */
	}
}

enum seal_status store_install(const struct store *s, struct install *in, struct story *story)
{
	unsigned n;
	if (generation_highest(s, in->cert, &n, story))
		return story->st;
	n++;
	scoped(free_p) char *home = store_path(s, "certs/%s", in->cert);
	scoped(free_p) char *dir = store_path(s, "certs/%s/gen-%06u", in->cert, n);
	scoped(free_p) char *fresh = str_printf("%s.tmp", dir);
	struct story later = { 0 };

	order_file_let_go(s, in->cert);
	enum seal_status st = dir_make(home, 0750, story);
	if (!st)
		st = write_generation(s, in, fresh, story);
	if (!st)
		st = open_home(home, in->group, story);
	if (!st && rename(fresh, dir))
		st = story_fail(story, SEAL_ESTORAGE, "cannot rename %s: %s", fresh,
				strerror(errno));
	if (!st)
		st = dir_sync(home, story);
	if (!st)
		st = generation_switch(s, in->cert, n, story);
	if (st)
		return st;
	if (order_file_drop(s, in->cert, &later))
		story_clear(&later); /* the next run finds an order that is done, and drops it */
	prune(s, in->cert, n, in->keep);
	in->ret_generation = n;
	in->ret_dir = take(dir);
	return SEAL_OK;
}

void store_reject(const struct store *s, const char *cert, const char *pem, size_t len)
{
	scoped(free_p) char *path = store_path(s, "certs/%s/rejected.pem", cert);
	struct story ignored = { 0 };

	if (file_replace(path, pem, len, 0600, &ignored))
		return; /* it is only for inspection */
}
