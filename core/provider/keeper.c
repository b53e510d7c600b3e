/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/keeper.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_MAX PATH_MAX /* of folders in each other; the root comes sooner */

static bool is_trusted(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static bool others_write(const struct stat *info)
{
	return info->st_mode & (S_IWGRP | S_IWOTH);
}

static enum seal_status fail_owner(const char *path, const char *which, const struct stat *info,
				   struct story *s)
{
	return story_fail(s, SEAL_ECONFIG, "%s%s belongs to user %u, not to root or to us", path,
			  which, (unsigned)info->st_uid);
}

static enum seal_status fail_mode(const char *path, const char *which, const struct stat *info,
				  struct story *s)
{
	return story_fail(s, SEAL_ECONFIG, "%s%s others than its owner can write it (mode %04o)",
			  path, which, (unsigned)(info->st_mode & 07777));
}

enum seal_status keeper_check(int fd, const char *path, struct stat *ret, struct story *s)
{
	if (fstat(fd, ret))
		return story_fail(s, SEAL_ECONFIG, "%s: cannot look at it: %s", path,
				  strerror(errno));
	if (!is_trusted(ret->st_uid))
		return fail_owner(path, ":", ret, s);
	if (!others_write(ret))
		return SEAL_OK;
	fail_mode(path, ":", ret, s);
	story_hint(s, "chmod go-w %s", path);
	return s->st;
}

/* -- the folders above */

/* Has the user a name in our user namespace?  user_namespaces(7) */
static bool is_mapped(uid_t uid)
{
	FILE *map = fopen("/proc/self/uid_map", "re");
	uint32_t first, outside, n;
	bool found = !map; /* no such thing: all are */

	while (map && !found && fscanf(map, "%" SCNu32 " %" SCNu32 " %" SCNu32, &first, &outside,
				       &n) == 3)
		found = uid >= first && uid - first < n;
	if (map)
		fclose(map);
	return found;
}

/* What the folder is really called, after links. */
static void name_of(int fd, char out[PATH_MAX])
{
	char link[32];

	str_put(link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, out, PATH_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
}

static enum seal_status check_one_above(int fd, const struct stat *info, const char *path,
					struct story *s)
{
	bool stranger = !is_trusted(info->st_uid) && is_mapped(info->st_uid);
	char above[PATH_MAX];

	if (!stranger && (!others_write(info) || (info->st_mode & S_ISVTX)))
		return SEAL_OK;
	name_of(fd, above);
	scoped(free_p) char *which = str_printf(": the folder %s above it%s", clean(above),
						stranger ? "" : ":");
	if (stranger)
		return fail_owner(path, which, info, s);
	fail_mode(path, which, info, s);
	story_hint(s, "chmod go-w %s", clean(above));
	return s->st;
}

enum seal_status keeper_check_above(int folder, const char *path, struct story *s)
{
	scoped(fd_p) int at = openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat here, above;

	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		scoped(fd_p) int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0 || fstat(at, &here) || fstat(up, &above))
			return story_fail(s, SEAL_ECONFIG,
					  "%s: cannot look at the folders above it: %s", path,
					  strerror(errno));
		if (here.st_dev == above.st_dev && here.st_ino == above.st_ino)
			return SEAL_OK; /* the root */
		enum seal_status st = check_one_above(up, &above, path, s);
		if (st)
			return st;
		close(at);
		at = up;
		up = -1;
	}
	return story_fail(s, SEAL_ECONFIG, "%s: lies too deep", path);
}
