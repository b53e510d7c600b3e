/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * file.h - files that are whole or absent: bounded reads, durable writes, locks.
 *
 * Failures are SEAL_ESTORAGE with a sentence naming path, step and errno's text; ENOENT on reading
 * is SEAL_ENOTFOUND. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"
#include "base/status.h"

#include <dirent.h>
#include <sys/types.h>

/* Whole file, at most max octets (longer: SEAL_EINVAL).  A regular one: a pipe, which could make us
 * wait for ever, is refused. */
enum seal_status file_read(const char *path, size_t max, struct buf *ret,
			   struct story *) MUST_CHECK;
/* The same of what the operator names, which may be a pipe: /dev/stdin, <(program). */
enum seal_status file_read_any(const char *path, size_t max, struct buf *ret,
			       struct story *) MUST_CHECK;
/* The same of what is open already; path is for sentences. */
enum seal_status file_read_fd(int fd, const char *path, size_t max, struct buf *ret,
			      struct story *) MUST_CHECK;
/* All of it, whatever interrupts; errno says why not. */
bool fd_write(int fd, const char *data, size_t len);
void dir_p(DIR **); /* for scoped() */

/* A new file with exactly this content and mode, durable when the call returns: O_EXCL, mode and
 * group before content, write, fsync, checked close.  dir is not synced (see dir_sync).
 * group (gid_t)-1: leave it. */
enum seal_status file_create(const char *path, const void *data, size_t len, mode_t mode,
			     gid_t group, struct story *) MUST_CHECK;
/* Several new files of one directory: all are written first and synced after, so that the file
 * system commits once and not n times. */
struct file_part {
	const char *name;
	const void *data;
	size_t len;
	mode_t mode;
	gid_t group; /* (gid_t)-1: leave it */
};
enum seal_status files_create(const char *dir, const struct file_part *, size_t n,
			      struct story *) MUST_CHECK;
/* Replace or create: PATH.tmp, fsync, rename, fsync of the directory. */
enum seal_status file_replace(const char *path, const void *data, size_t len, mode_t mode,
			      struct story *) MUST_CHECK;
enum seal_status dir_sync(const char *path, struct story *) MUST_CHECK;
/* mkdir, with missing parents (those 0755); existing is fine.  A new one is durable. */
enum seal_status dir_make(const char *path, mode_t mode, struct story *) MUST_CHECK;
/* One whose parent is there, which the caller syncs once what goes into both is written. */
enum seal_status dir_make_unsynced(const char *path, mode_t mode, struct story *) MUST_CHECK;
/* Remove a directory of plain files and links, or one file; absent is fine.  One level of
 * sub-directories.  Never follows links. */
enum seal_status dir_remove(const char *path, struct story *) MUST_CHECK;
bool file_exists(const char *path); /* lstat */

/* Kernel lock on a file that is never deleted.  Waits at most wait_ms (polling, at most every
 * 100 ms); then SEAL_ELOCKED, and holder[] says who: the pid and command that the holder wrote. */
struct lock {
	int fd; /* -1: not held */
	char holder[128];
};
#define LOCK_NONE { .fd = -1 }
enum seal_status lock_take(struct lock *, const char *path, int64_t wait_ms,
			   struct story *) MUST_CHECK;
void lock_drop(struct lock *); /* not held is fine */

uint32_t crc32c(const void *data, size_t len); /* Castagnoli, RFC 3720 B.4 */

#endif
