/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * account_file.c - accounts on disk: the key before it is used, the URL as soon as it is known. */
#include "config.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX 16384

struct account_json {
	char *url, *ca;
	struct words contact;
	int64_t created;
};
static const struct field account_fields[] = {
	{ "url", FIELD_URL, 0, offsetof(struct account_json, url), NULL },
	{ "ca", FIELD_URL, FIELD_REQUIRED, offsetof(struct account_json, ca), NULL },
	{ "contact", FIELD_TEXTS, 0, offsetof(struct account_json, contact), NULL },
	{ "created", FIELD_INT, 0, offsetof(struct account_json, created), NULL },
	{ 0 }
};

/* HOST-HASH8: readable, and different for every directory URL. */
char *account_lock(const struct store *s, const char *ca_url)
{
	scoped(free_p) char *dir = account_dir(ca_url);

	return store_path(s, "locks/account-%s.lock", dir);
}

char *account_dir(const char *ca_url)
{
	const char *host = strstr(ca_url, "://");
	uint8_t sum[32];

	host = host ? host + 3 : ca_url;
	sha256(ca_url, strlen(ca_url), sum);
	scoped(free_p) char *short_sum = hex(sum, 4);
	scoped(free_p) char *name = str_part(host, strcspn(host, ":/?"));
	for (char *c = name; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", *c))
			*c = '-';
	return str_printf("%.40s-%s", name, short_sum);
}

static enum seal_status read_json(const char *path, struct account_file *a, struct story *story)
{
	scoped(buf_free) struct buf text = { 0 };
	scoped(json_put_p) struct json_object *o = NULL;
	struct account_json j = { 0 };
	enum seal_status st = file_read(path, 65536, &text, story);

	if (st == SEAL_ENOTFOUND) {
		story_clear(story);
		return SEAL_OK; /* a key that was never registered */
	}
	if (st)
		return st;
	st = json_read(text.data, text.len, path, &o, story);
	if (!st)
		st = field_read(account_fields, o, path, &j, story);
	if (st) {
		field_free(account_fields, &j);
		return story_fail(story, SEAL_ESTORAGE, "%s is damaged", path);
	}
	free(a->ca);
	a->kid = j.url;
	a->ca = j.ca;
	a->contact = j.contact;
	a->created = j.created;
	return SEAL_OK;
}

enum seal_status account_load_dir(const struct store *s, const char *dir, struct account_file *ret,
				  struct story *story)
{
	scoped(free_p) char *key_path = store_path(s, "accounts/%s/key.pem", dir);
	scoped(free_p) char *json_path = store_path(s, "accounts/%s/account.json", dir);
	scoped(buf_free) struct buf pem = { 0 };
	enum seal_status st = file_read(key_path, KEY_FILE_MAX, &pem, story);

	memset(ret, 0, sizeof(*ret));
	if (st)
		return st;
	ret->dir = str_copy(dir);
	st = key_read(pem.data, pem.len, &ret->key, story);
	if (st)
		st = story_fail(story, SEAL_ESTORAGE, "%s holds no private key", key_path);
	if (!st)
		st = read_json(json_path, ret, story);
	if (st)
		account_file_free(ret);
	return st;
}

enum seal_status account_load(const struct store *s, const char *ca_url, struct account_file *ret,
			      struct story *story)
{
	scoped(free_p) char *dir = account_dir(ca_url);
	enum seal_status st = account_load_dir(s, dir, ret, story);

	if (!st && !ret->ca)
		ret->ca = str_copy(ca_url);
	return st;
}

static enum seal_status write_key(const char *path, const struct key *key, struct story *story)
{
	scoped(buf_free) struct buf pem = { 0 };
	enum seal_status st = key_write(key, &pem, story);

	return st ? st : file_replace(path, pem.data, pem.len, 0600, story);
}

static enum seal_status write_first_key(const struct store *s, const char *name,
					const struct key *key, struct story *story)
{
	scoped(free_p) char *dir = store_path(s, "accounts/%s", name);
	scoped(free_p) char *parent = store_path(s, "accounts");
	scoped(free_p) char *path = store_path(s, "accounts/%s/key.pem", name);
	enum seal_status st = dir_make(dir, 0700, story);

	if (!st)
		st = dir_sync(parent, story);
	return st ? st : write_key(path, key, story);
}

enum seal_status account_make(const struct store *s, const char *ca_url, enum key_type type,
			      struct account_file *ret, struct story *story)
{
	scoped(free_p) char *name = account_dir(ca_url);

	memset(ret, 0, sizeof(*ret));
	enum seal_status st = key_new(type, &ret->key, story);
	if (!st)
		st = write_first_key(s, name, ret->key, story);
	if (st) {
		account_file_free(ret);
		return st;
	}
	ret->ca = str_copy(ca_url);
	ret->dir = str_copy(name);
	ret->created = clock_wall();
	return SEAL_OK;
}

enum seal_status account_save(const struct store *s, const struct account_file *a,
			      struct story *story)
{
	scoped(free_p) char *path = store_path(s, "accounts/%s/account.json", a->dir);
	struct account_json j = { a->kid, a->ca, a->contact, a->created };
	scoped(json_put_p) struct json_object *o = field_write(account_fields, &j);
	scoped(free_p) char *text = json_write(o);

	return file_replace(path, text, strlen(text), 0600, story);
}

/* -- the next key --------------------------------------------------------------------------- */

static char *next_path(const struct store *s, const struct account_file *a)
{
	return store_path(s, "accounts/%s/key.pem.next", a->dir);
}

bool account_has_next(const struct store *s, const struct account_file *a)
{
	scoped(free_p) char *path = next_path(s, a);

	return file_exists(path);
}

enum seal_status account_next_write(const struct store *s, const struct account_file *a,
				    const struct key *key, struct story *story)
{
	scoped(free_p) char *path = next_path(s, a);

	return write_key(path, key, story);
}

enum seal_status account_next_load(const struct store *s, const struct account_file *a,
				   struct key **ret, struct story *story)
{
	scoped(free_p) char *path = next_path(s, a);
	scoped(buf_free) struct buf pem = { 0 };
	enum seal_status st = file_read(path, KEY_FILE_MAX, &pem, story);

	if (st)
		return st;
	if (key_read(pem.data, pem.len, ret, story))
		return story_fail(story, SEAL_ESTORAGE, "%s holds no private key", path);
	return SEAL_OK;
}

enum seal_status account_next_adopt(const struct store *s, const struct account_file *a,
				    struct story *story)
{
	scoped(free_p) char *next = next_path(s, a);
	scoped(free_p) char *path = store_path(s, "accounts/%s/key.pem", a->dir);
	scoped(free_p) char *dir = store_path(s, "accounts/%s", a->dir);

	if (rename(next, path))
		return story_fail(story, SEAL_ESTORAGE, "cannot rename %s: %s", next,
				  strerror(errno));
	return dir_sync(dir, story);
}

int64_t account_next_age(const struct store *s, const struct account_file *a)
{
	scoped(free_p) char *path = next_path(s, a);
	struct stat st;
	int64_t age_s = stat(path, &st) ? INT64_MAX : clock_wall() - (int64_t)st.st_mtime;

	return age_s < -60 ? INT64_MAX : age_s; /* from the future: a clock was wrong, long ago */
}

enum seal_status account_next_drop(const struct store *s, const struct account_file *a,
				   struct story *story)
{
	scoped(free_p) char *next = next_path(s, a);

	return dir_remove(next, story);
}

/* -- accounts that come and go -------------------------------------------------------------- */

enum seal_status account_import(const struct store *s, const struct account_file *a,
				struct story *story)
{
	scoped(free_p) char *path = store_path(s, "accounts/%s/key.pem", a->dir);

	if (file_exists(path)) {
		story_fail(story, SEAL_ECONFIG, "there is an account at %s already: %s", a->ca,
			   path);
		story_hint(story, "move its folder away first, if that is what you want");
		return SEAL_ECONFIG;
	}
	enum seal_status st = write_first_key(s, a->dir, a->key, story);
	return st ? st : account_save(s, a, story);
}

enum seal_status account_retire(const struct store *s, const struct account_file *a,
				struct story *story)
{
	scoped(free_p) char *from = store_path(s, "accounts/%s", a->dir);
	scoped(free_p) char *parent = store_path(s, "accounts");
	scoped(free_p) char *to =
		store_path(s, "accounts/_off-%lld-%s", (long long)clock_wall(), a->dir);

	if (rename(from, to))
		return story_fail(story, SEAL_ESTORAGE, "cannot rename %s: %s", from,
				  strerror(errno));
	return dir_sync(parent, story);
}

void account_file_free(struct account_file *a)
{
	key_free(a->key);
	free(a->kid);
	free(a->ca);
	free(a->dir);
	words_free(&a->contact);
	memset(a, 0, sizeof(*a));
}
