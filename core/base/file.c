/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/file.h"

#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK 16384u
#define LOCK_PAUSE_MS 100

/* The sentence of what errno says, and what an operator can do about it. */
static enum seal_status failed(struct story *s, const char *tried, const char *path)
{
	static const struct {
		int error;
		const char *hint;
	} known[] = {
		{ ENOSPC, "free space or inodes on that file system: df -h %s; df -i %s" },
		{ EDQUOT, "the owner's disk quota is used up" },
		{ EACCES, "run as the owner, or mend owner and mode: namei -l %s" },
		{ EPERM, "run as the owner, or mend owner and mode: namei -l %s" },
		{ EROFS, "mounted read-only (under systemd: StateDirectory= or ReadWritePaths=): "
		         "findmnt -T %s" },
	};
	int error = errno;

	story_fail(s, SEAL_ESTORAGE, "cannot %s %s: %s", tried, path, strerror(error));
	for (size_t i = 0; i < COUNT(known); i++)
		if (known[i].error == error)
			story_hint(s, known[i].hint, path, path);
	return SEAL_ESTORAGE;
}

static char *parent_of(const char *path)
{
	scoped(free_p) char *copy = str_copy(path);

	return str_copy(dirname(copy));
}

bool file_exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

/* Everything that fd has, at most max octets. */
static enum seal_status read_all(int fd, const char *path, size_t max, struct buf *ret,
                                 struct story *s)
{
	scoped(buf_free) struct buf chunk = { 0 };
	char *room = mem_new(CHUNK);
	ssize_t n;

	chunk.data = room; /* wiped with len, freed: it may have held a key */
	chunk.len = chunk.cap = CHUNK;
	while ((n = read(fd, room, CHUNK))) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(s, "read", path);
		if ((size_t)n > max - ret->len || ret->bad)
			return story_fail(s, SEAL_EINVAL, "%s is longer than %zu octets", path,
			                  max);
		buf_add(ret, room, (size_t)n);
	}
	if (ret->bad)
		return story_fail(s, SEAL_EINVAL, "%s is too long", path);
	return SEAL_OK;
}

enum seal_status file_read_fd(int fd, const char *path, size_t max, struct buf *ret,
                              struct story *s)
{
	buf_clear(ret);
	enum seal_status st = read_all(fd, path, max, ret, s);
	if (st)
		buf_clear(ret);
	return st;
}

static enum seal_status not_opened(const char *path, struct story *s)
{
	if (errno == ENOENT)
		return story_fail(s, SEAL_ENOTFOUND, "cannot read %s: %s", path, strerror(errno));
	return failed(s, "read", path);
}

enum seal_status file_read(const char *path, size_t max, struct buf *ret, struct story *s)
{
	scoped(fd_p) int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat info;

	buf_clear(ret);
	if (fd < 0 || fstat(fd, &info))
		return not_opened(path, s);
	/* Of a folder, read(2) says what it is. */
	if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
		return story_fail(s, SEAL_ESTORAGE, "cannot read %s: it is no regular file", path);
	return file_read_fd(fd, path, max, ret, s);
}

enum seal_status file_read_any(const char *path, size_t max, struct buf *ret, struct story *s)
{
	scoped(fd_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	buf_clear(ret);
	return fd < 0 ? not_opened(path, s) : file_read_fd(fd, path, max, ret, s);
}

void dir_p(DIR **d)
{
	if (*d)
		closedir(*d);
}

bool fd_write(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno != EINTR)
			return false;
		data += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool sync_fd(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r && errno == EINTR);
	return !r;
}

struct content { /* of a file to be made; path: as the sentence names it */
	const char *path;
	const void *data;
	size_t len;
	mode_t mode;
	gid_t group;
};

/* Owner and mode come before content: at no moment is a key more open than it shall be. */
static enum seal_status fill(int fd, const struct content *c, struct story *s)
{
	if (c->group != (gid_t)-1 && fchown(fd, (uid_t)-1, c->group))
		return failed(s, "set the group of", c->path);
	if (fchmod(fd, c->mode))
		return failed(s, "set the mode of", c->path);
	return fd_write(fd, c->data, c->len) ? SEAL_OK : failed(s, "write", c->path);
}

/* A new file with its content, open and not yet synced. */
static enum seal_status open_filled(const char *path, const struct content *c, int *ret_fd,
                                    struct story *s)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, c->mode & 0600);

	if (fd < 0)
		return failed(s, "create", c->path);
	enum seal_status st = fill(fd, c, s);
	if (st) {
		close(fd);
		unlink(path);
		return st;
	}
	*ret_fd = fd;
	return SEAL_OK;
}

static enum seal_status settle(int fd, const char *path, struct story *s)
{
	enum seal_status st = sync_fd(fd) ? SEAL_OK : failed(s, "sync", path);

	/* EINTR: Linux has closed it all the same, and its content is synced. */
	if (close(fd) && errno != EINTR && !st)
		st = failed(s, "close", path);
	return st;
}

static enum seal_status create_at(const char *path, const struct content *c, struct story *s)
{
	int fd;
	enum seal_status st = open_filled(path, c, &fd, s);

	if (st)
		return st;
	st = settle(fd, c->path, s);
	if (st)
		unlink(path);
	return st;
}

enum seal_status files_create(const char *dir, const struct file_part *parts, size_t n,
                              struct story *s)
{
	scoped(free_p) int *fds = mem_array(n, sizeof(*fds));
	enum seal_status st = SEAL_OK;
	struct story later = { 0 };
	size_t made = 0;

	for (; made < n && !st; made += !st) {
		const struct file_part *p = &parts[made];
		scoped(free_p) char *path = str_printf("%s/%s", dir, p->name);
		struct content c = { path, p->data, p->len, p->mode, p->group };
		st = open_filled(path, &c, &fds[made], s);
	}
	for (size_t i = 0; i < made; i++) {
		scoped(free_p) char *path = str_printf("%s/%s", dir, parts[i].name);
		enum seal_status synced = settle(fds[i], path, st ? &later : s);
		st = st ? st : synced;
	}
	return st;
}

enum seal_status file_create(const char *path, const void *data, size_t len, mode_t mode,
                             gid_t group, struct story *s)
{
	struct content c = { path, data, len, mode, group };

	return create_at(path, &c, s);
}

enum seal_status file_replace(const char *path, const void *data, size_t len, mode_t mode,
                              struct story *s)
{
	struct content c = { path, data, len, mode, (gid_t)-1 };
	scoped(free_p) char *tmp = str_printf("%s.tmp", path);
	scoped(free_p) char *dir = parent_of(path);

	unlink(tmp); /* of a run that was cut short */
	enum seal_status st = create_at(tmp, &c, s);
	if (st)
		return st;
	if (rename(tmp, path)) {
		st = failed(s, "replace", path);
		unlink(tmp);
		return st;
	}
	return dir_sync(dir, s);
}

enum seal_status dir_sync(const char *path, struct story *s)
{
	scoped(fd_p) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return failed(s, "open directory", path);
	return sync_fd(fd) ? SEAL_OK : failed(s, "sync directory", path);
}

/* The mode is set again: the umask took from it. */
static enum seal_status make_one(const char *path, mode_t mode, bool *ret_new, struct story *s)
{
	if (mkdir(path, mode)) {
		struct stat st;
		if (errno != EEXIST || stat(path, &st))
			return failed(s, "make directory", path);
		errno = ENOTDIR;
		return S_ISDIR(st.st_mode) ? SEAL_OK : failed(s, "make directory", path);
	}
	scoped(fd_p) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, mode))
		return failed(s, "set the mode of", path);
	*ret_new = true;
	return SEAL_OK;
}

enum seal_status dir_make_unsynced(const char *path, mode_t mode, struct story *s)
{
	bool is_new;

	return make_one(path, mode, &is_new, s);
}

static enum seal_status make_durable(const char *path, mode_t mode, struct story *s)
{
	scoped(free_p) char *parent = parent_of(path);
	bool is_new = false;
	enum seal_status st = make_one(path, mode, &is_new, s);

	return st || !is_new ? st : dir_sync(parent, s);
}

enum seal_status dir_make(const char *path, mode_t mode, struct story *s)
{
	scoped(free_p) char *part = str_copy(path);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		enum seal_status st = file_exists(part) ? SEAL_OK : make_durable(part, 0755, s);
		if (st)
			return st;
		*slash = '/';
	}
	return make_durable(path, mode, s);
}

/* Empty the directory fd, `levels` deep; fd is used up. */
static bool empty_dir(int fd, int levels)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	bool good = true;

	if (!d) {
		close(fd);
		return false;
	}
	while (good && (e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		good = !unlinkat(dirfd(d), e->d_name, 0);
		if (good || errno != EISDIR || !levels)
			continue;
		int sub = openat(dirfd(d), e->d_name,
		                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		good = sub >= 0 && empty_dir(sub, levels - 1) &&
		       !unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	}
	int saved = errno;
	closedir(d);
	errno = saved;
	return good;
}

enum seal_status dir_remove(const char *path, struct story *s)
{
	if (!unlink(path) || errno == ENOENT)
		return SEAL_OK;
	if (errno != EISDIR)
		return failed(s, "remove", path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !empty_dir(fd, 1) || rmdir(path))
		return failed(s, "remove", path);
	return SEAL_OK;
}

/* A courtesy to whoever waits: not worth a failure. */
static void write_holder(int fd)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "pid %ld (%s)\n", (long)getpid(),
	                 program_invocation_short_name);

	if (!ftruncate(fd, 0) && pwrite(fd, text, (size_t)n, 0) != n)
		errno = 0;
}

static void read_holder(int fd, char *ret, size_t size)
{
	char text[64] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	text_clean_to(*text ? text : "another process", ret, size);
}

/* Pauses are counted, not measured: a test may have stopped the clock. */
static bool flock_within(int fd, int64_t wait_ms)
{
	for (int64_t pause = 1; flock(fd, LOCK_EX | LOCK_NB); wait_ms -= pause) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || wait_ms <= 0)
			return false;
		pause = pause * 2 < LOCK_PAUSE_MS ? pause * 2 : LOCK_PAUSE_MS;
		pause = pause < wait_ms ? pause : wait_ms;
		poll(NULL, 0, (int)pause);
	}
	return true;
}

enum seal_status lock_take(struct lock *l, const char *path, int64_t wait_ms, struct story *s)
{
	scoped(fd_p) int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	l->fd = -1;
	l->holder[0] = '\0';
	if (fd < 0)
		return failed(s, "open lock", path);
	if (!flock_within(fd, wait_ms)) {
		if (errno != EWOULDBLOCK)
			return failed(s, "lock", path);
		read_holder(fd, l->holder, sizeof(l->holder));
		return story_fail(s, SEAL_ELOCKED, "%s is locked by %s", path, l->holder);
	}
	write_holder(fd);
	l->fd = fd;
	fd = -1;
	return SEAL_OK;
}

void lock_drop(struct lock *l)
{
	if (l->fd < 0)
		return;
	if (ftruncate(l->fd, 0))
		errno = 0; /* only the holder's name stays */
	close(l->fd);      /* frees the lock */
	l->fd = -1;
}

uint32_t crc32c(const void *data, size_t len)
{
	static const uint32_t of_nibble[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75
	};
	const uint8_t *at = data;
	uint32_t crc = 0xffffffffu;

	while (len--) {
		crc ^= *at++;
		crc = crc >> 4 ^ of_nibble[crc & 15];
		crc = crc >> 4 ^ of_nibble[crc & 15];
	}
	return ~crc;
}
