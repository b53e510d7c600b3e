/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_file.c - the order in flight on disk: key, then request, then (once known) its URL. */
#include "config.h"

#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESERVE (64 * 1024) /* octets held back: a full disk is found before the CA is asked */

#define CSR_MAX 65536

struct order_json {
	char *url, *ca, *kid, *profile;
	struct words names;
};
static const struct field order_fields[] = {
	{ "url", FIELD_URL, 0, offsetof(struct order_json, url), NULL },
	{ "ca", FIELD_URL, FIELD_REQUIRED, offsetof(struct order_json, ca), NULL },
	{ "kid", FIELD_TEXT, 0, offsetof(struct order_json, kid), NULL },
	{ "profile", FIELD_TEXT, 0, offsetof(struct order_json, profile), NULL },
	{ "names", FIELD_TEXTS, FIELD_REQUIRED, offsetof(struct order_json, names), NULL },
	{ 0 }
};

/* Behind the end of the request, so that it costs no file.  Some file systems cannot. */
static enum seal_status hold_back(const struct store *s, const char *cert, struct story *story)
{
	scoped(free_p) char *path = store_path(s, "certs/%s/order/csr.der", cert);
	scoped(fd_p) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && (!fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, RESERVE) || errno == EOPNOTSUPP))
		return SEAL_OK;
	story_fail(story, SEAL_ESTORAGE, "cannot reserve 64 KiB at %s: %s", path, strerror(errno));
	story_hint(story, "make room on that file system; nothing was asked of the CA");
	return SEAL_ESTORAGE;
}

/* Key and request; of the operator's own request there is no key. */
static enum seal_status write_key(const char *dir, const struct order_file *f, struct story *story)
{
	scoped(buf_free) struct buf pem = { 0 };
	scoped(free_p) char *key = pair_file("privkey.pem", f->family);
	scoped(free_p) char *csr = pair_file("csr.der", f->family);
	bool has_key = !key_is_public(f->key);
	const gid_t nobody = (gid_t)-1;

	if (has_key && key_write(f->key, &pem, story))
		return story->st;
	const struct file_part parts[] = {
		{ key, pem.data, pem.len, 0600, nobody },
		{ csr, f->csr.data, f->csr.len, 0600, nobody },
	};
	return files_create(dir, has_key ? parts : parts + 1, has_key ? 2 : 1, story);
}

enum seal_status order_file_add(const struct store *s, const char *cert, struct order_file *f,
				struct story *story)
{
	scoped(free_p) char *dir = store_path(s, "certs/%s/order", cert);

	order_file_forget(s, cert, f);
	enum seal_status st = write_key(dir, f, story);
	return st ? st : dir_sync(dir, story);
}

static char *part_path(const struct store *s, const char *cert, const char *name,
		       const struct order_file *f)
{
	scoped(free_p) char *file = pair_file(name, f->family);

	return store_path(s, "certs/%s/order/%s", cert, file);
}

void order_file_forget(const struct store *s, const char *cert, const struct order_file *f)
{
	static const char *const names[] = { "order.json", "csr.der", "privkey.pem" };

	for (size_t i = 0; i < COUNT(names); i++) {
		scoped(free_p) char *path = part_path(s, cert, names[i], f);
		if (unlink(path))
			continue; /* it was not there, or is written over */
	}
}

enum seal_status order_file_begin(const struct store *s, const char *cert, struct order_file *f,
				  struct story *story)
{
	scoped(free_p) char *home = store_path(s, "certs/%s", cert);
	scoped(free_p) char *dir = store_path(s, "certs/%s/order", cert);
	scoped(free_p) char *certs = store_path(s, "certs");
	enum seal_status st = dir_make_unsynced(home, 0750, story);

	if (!st)
		st = dir_remove(dir, story);
	if (!st)
		st = dir_make_unsynced(dir, 0700, story);
	if (!st)
		st = write_key(dir, f, story);
	if (!st)
		st = hold_back(s, cert, story);
	const char *const made[] = { dir, home, certs };
	for (size_t i = 0; i < COUNT(made) && !st; i++)
		st = dir_sync(made[i], story);
	return st;
}

void order_file_let_go(const struct store *s, const char *cert)
{
	scoped(free_p) char *path = store_path(s, "certs/%s/order/csr.der", cert);
	scoped(fd_p) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat info;

	if (fd < 0 || fstat(fd, &info) || ftruncate(fd, info.st_size))
		return; /* there is none, or the disk will say so */
}

enum seal_status order_file_save(const struct store *s, const char *cert,
				 const struct order_file *f, struct story *story)
{
	scoped(free_p) char *path = part_path(s, cert, "order.json", f);
	struct order_json j = { f->url, f->ca, f->kid, f->profile, f->names };
	scoped(json_put_p) struct json_object *o = field_write(order_fields, &j);
	scoped(free_p) char *text = json_write(o);

	return file_replace(path, text, strlen(text), 0600, story);
}

static enum seal_status load_json(const char *path, struct order_file *f, struct story *story)
{
	scoped(buf_free) struct buf text = { 0 };
	scoped(json_put_p) struct json_object *o = NULL;
	struct order_json j = { 0 };
	enum seal_status st = file_read(path, 65536, &text, story);

	if (!st)
		st = json_read(text.data, text.len, path, &o, story);
	if (!st)
		st = field_read(order_fields, o, path, &j, story);
	if (st) {
		field_free(order_fields, &j);
		return st;
	}
	f->url = j.url;
	f->ca = j.ca;
	f->kid = j.kid;
	f->profile = j.profile;
	f->names = j.names;
	return SEAL_OK;
}

/* The private key, or with the operator's own request its public half. */
static enum seal_status load_key(const struct store *s, const char *cert, struct order_file *f,
				 struct story *story)
{
	scoped(free_p) char *key = part_path(s, cert, "privkey.pem", f);
	scoped(free_p) char *csr = part_path(s, cert, "csr.der", f);
	scoped(buf_free) struct buf pem = { 0 }, der = { 0 };
	enum seal_status st = file_read(csr, CSR_MAX, &f->csr, story);

	if (st)
		return st;
	st = file_read(key, 16384, &pem, story);
	if (!st)
		return key_read(pem.data, pem.len, &f->key, story);
	return st == SEAL_ENOTFOUND
		       ? csr_read(f->csr.data, f->csr.len, NULL, &der, &f->key, story)
		       : st;
}

enum seal_status order_file_load(const struct store *s, const char *cert, struct order_file *f,
				 struct story *story)
{
	const char *family = f->family;

	memset(f, 0, sizeof(*f));
	f->family = family;
	scoped(free_p) char *json = part_path(s, cert, "order.json", f);
	enum seal_status st = load_key(s, cert, f, story);
	if (!st && (!family || file_exists(json))) /* the second one is asked for later */
		st = load_json(json, f, story);
	if (st) {
		order_file_free(f);
		/* an order that was never begun, or a torn write: both mean there is none */
		if (st != SEAL_ESTORAGE)
			st = story_fail(story, SEAL_ENOTFOUND, "%s: no order in flight", cert);
	}
	return st;
}

bool order_file_is_nameless(const struct store *s, const char *cert, const struct order_file *f)
{
	scoped(free_p) char *csr = part_path(s, cert, "csr.der", f);
	scoped(free_p) char *json = part_path(s, cert, "order.json", f);

	return file_exists(csr) && !file_exists(json);
}

enum seal_status order_file_drop(const struct store *s, const char *cert, struct story *story)
{
	scoped(free_p) char *home = store_path(s, "certs/%s", cert);
	scoped(free_p) char *dir = store_path(s, "certs/%s/order", cert);
	enum seal_status st = dir_remove(dir, story);

	if (!st && rmdir(home))
		return SEAL_OK; /* something else is in it: it has a history, or a live pair */
	return st;
}

enum seal_status order_file_settle(const struct store *s, const char *cert, const char *url,
				   struct story *story)
{
	scoped(free_p) char *json = store_path(s, "certs/%s/order/order.json", cert);
	scoped(order_file_free) struct order_file f = { 0 };
	struct story ignored = { 0 };

	if (!url || load_json(json, &f, &ignored) || !f.url || strcmp(f.url, url))
		return SEAL_OK;
	return order_file_drop(s, cert, story);
}

void order_file_free(struct order_file *f)
{
	key_free(f->key);
	buf_free(&f->csr);
	free(f->url);
	free(f->ca);
	free(f->kid);
	free(f->profile);
	words_free(&f->names);
	memset(f, 0, sizeof(*f));
}
