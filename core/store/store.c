/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * store.c - the state directory as a whole: open, check, list, lock. */
#include "config.h"

#include "store/store.h"

#include "base/owner.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool cert_name_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = strlen(name);

	return n >= 1 && n <= CERT_NAME_MAX && strspn(name, letters) == n && *name != '.' &&
	       *name != '_' && *name != '-' && !strstr(name, "..");
}

char *store_path(const struct store *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	scoped(free_p) char *rest = str_vprintf(fmt, ap);
	va_end(ap);
	return str_printf("%s/%s", s->dir, rest);
}

/* Nobody but us (or root) may be able to put files into the tree; in one of a service's user root
 * works as that user. */
static enum seal_status check_owner(const char *dir, struct story *story)
{
	struct stat st;

	if (stat(dir, &st))
		return story_fail(story, errno == ENOENT ? SEAL_ENOTFOUND : SEAL_ESTORAGE,
				  "cannot use the state directory %s: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return story_fail(story, SEAL_ESTORAGE, "%s is no directory", dir);
	if (st.st_uid != geteuid() && st.st_uid && geteuid()) {
		story_fail(story, SEAL_ESTORAGE, "%s belongs to another user (uid %u)", dir,
			   (unsigned)st.st_uid);
		story_hint(story, "run as that user, or choose another --state-dir");
		return SEAL_ESTORAGE;
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		story_fail(story, SEAL_ESTORAGE, "%s: mode %04o lets others write there", dir,
			   (unsigned)(st.st_mode & 07777));
		story_hint(story, "run: chmod go-w %s", dir);
		return SEAL_ESTORAGE;
	}
	return owner_become(st.st_uid, st.st_gid, story);
}

/* A parent that everybody may write (and is not sticky) would let the tree be swapped. */
static enum seal_status check_parents(const char *dir, struct story *story)
{
	scoped(free_p) char *path = realpath(dir, NULL);
	struct stat st;

	for (char *cut = path ? strrchr(path, '/') : NULL; cut; cut = strrchr(path, '/')) {
		*cut = '\0';
		if (stat(*path ? path : "/", &st))
			break;
		if ((st.st_mode & S_IWOTH) && !(st.st_mode & S_ISVTX)) {
			story_fail(story, SEAL_ESTORAGE,
				   "%s: everybody may write there, so %s is not safe",
				   *path ? path : "/", dir);
			story_hint(story, "run: chmod o-w %s", *path ? path : "/");
			return SEAL_ESTORAGE;
		}
	}
	return SEAL_OK;
}

enum seal_status store_look(struct store *s, const char *dir, struct story *story)
{
	enum seal_status st = check_owner(dir, story);

	if (!st)
		s->dir = str_copy(dir);
	return st;
}

enum seal_status store_open(struct store *s, const char *dir, struct story *story)
{
	static const struct {
		const char *name;
		mode_t mode;
	} parts[] = {
		{ "accounts", 0700 }, { "certs", 0711 }, { "journal", 0700 }, { "locks", 0700 }
	};
	enum seal_status st = dir_make(dir, 0711, story);

	if (!st)
		st = check_owner(dir, story);
	if (!st)
		st = check_parents(dir, story);
	if (st)
		return st == SEAL_ENOTFOUND ? story_fail(story, SEAL_ESTORAGE, "%s vanished", dir)
					    : st;
	s->dir = str_copy(dir);
	for (size_t i = 0; i < COUNT(parts) && !st; i++) {
		scoped(free_p) char *path = store_path(s, "%s", parts[i].name);
		st = dir_make(path, parts[i].mode, story);
	}
	return st;
}

void store_close(struct store *s)
{
	free(s->dir);
	s->dir = NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_dir(const struct store *s, const char *part, struct words *ret)
{
	scoped(free_p) char *path = store_path(s, "%s", part);
	scoped(dir_p) DIR *d = opendir(path);

	for (struct dirent *e; d && (e = readdir(d));)
		if (cert_name_ok(e->d_name))
			words_add(ret, e->d_name);
	if (ret->n)
		qsort(ret->at, ret->n, sizeof(*ret->at), by_name);
}

void store_certs(const struct store *s, struct words *ret)
{
	list_dir(s, "certs", ret);
}

void account_list(const struct store *s, struct words *ret_dirs)
{
	list_dir(s, "accounts", ret_dirs);
}

enum seal_status store_lock_cert(const struct store *s, const char *cert, int64_t wait_ms,
				 struct lock *lock, struct story *story)
{
	scoped(free_p) char *path = store_path(s, "locks/cert-%s.lock", cert);
	enum seal_status st = lock_take(lock, path, wait_ms, story);

	if (st == SEAL_ELOCKED)
		story_prefix(story, "%s: ", cert);
	return st;
}
