/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deploy_switch.c - one destination: a file beside it and rename(2), or its content in place. */
#include "config.h"

#include "engine/deploy_work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum seal_status failed(struct story *s, const char *step, const char *path)
{
	const char *why = strerror(errno);
	bool mounted = errno == EBUSY, link = errno == ELOOP;

	story_fail(s, SEAL_ESTORAGE, "cannot %s %s: %s", step, path, why);
	if (mounted)
		story_hint(s, "a file that is mounted by itself cannot be replaced: say `write "
			      "in-place`, or mount its folder");
	if (link)
		story_hint(s, "it is a symbolic link: name the file that it leads to");
	return SEAL_ESTORAGE;
}

/* Owner and mode come before content: at no moment is a key more open than it shall be.  Who is
 * not root may leave owner and group as they are. */
static enum seal_status own(int fd, const struct put_file *f, struct story *s)
{
	struct stat now;

	if (fstat(fd, &now))
		return failed(s, "look at", f->path);
	if (now.st_uid == f->uid && now.st_gid == f->gid && (now.st_mode & 07777) == f->mode)
		return SEAL_OK;
	if (fchmod(fd, f->mode & 0600))
		return failed(s, "set the mode of", f->path);
	if ((now.st_uid != f->uid || now.st_gid != f->gid) && fchown(fd, f->uid, f->gid))
		return failed(s, "set owner and group of", f->path);
	return fchmod(fd, f->mode) ? failed(s, "set the mode of", f->path) : SEAL_OK;
}

/* Closes fd in any case. */
static enum seal_status fill(int fd, const struct put_file *f, struct story *s)
{
	enum seal_status st = own(fd, f, s);

	if (!st && !fd_write(fd, buf_text(&f->content), f->content.len))
		st = failed(s, "write", f->path);
	if (!st && ftruncate(fd, (off_t)f->content.len))
		st = failed(s, "cut", f->path);
	if (!st && fsync(fd))
		st = failed(s, "sync", f->path);
	if (close(fd) && errno != EINTR && !st)
		st = failed(s, "close", f->path);
	return st;
}

enum seal_status put_prepare(struct put_file *f, struct story *s)
{
	const char *slash = strrchr(f->path, '/');
	scoped(free_p) char *fresh = str_printf("%.*s/.%s.dnseal-new", (int)(slash - f->path),
						f->path, slash + 1);

	unlink(fresh); /* of a run that was killed; the certificate's lock makes it ours */
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed(s, "write beside", f->path);
	enum seal_status st = fill(fd, f, s);
	if (st)
		unlink(fresh);
	else
		f->fresh = take(fresh);
	return st;
}

enum seal_status put_rename(struct put_file *f, struct story *s)
{
	scoped(free_p) char *fresh = take(f->fresh);

	f->replaced = !rename(fresh, f->path);
	if (f->replaced)
		return SEAL_OK;
	enum seal_status st = failed(s, "replace", f->path);
	unlink(fresh);
	return st;
}

/* For what cannot be replaced, such as a single file mounted into a container: the same inode gets
 * new content.  A reader at that moment may see a part of it.  A link is not followed: whoever owns
 * the folder could lead root to any file. */
enum seal_status put_in_place(struct put_file *f, struct story *s)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC,
		      0600);

	if (fd < 0)
		return failed(s, "write", f->path);
	f->replaced = true;
	return fill(fd, f, s);
}
