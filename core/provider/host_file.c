/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 65536 /* octets */

/* The user's home directory, the caller's; NULL when nothing says where it is. */
static char *home(void)
{
	const char *from_env = getenv("HOME");
	struct passwd entry, *found = NULL;
	scoped(free_p) char *room = mem_new(16384);

	if (from_env && *from_env)
		return str_copy(from_env);
	if (getpwuid_r(geteuid(), &entry, room, 16384, &found) || !found)
		return NULL;
	return str_copy(entry.pw_dir);
}

static char *expanded(const char *path)
{
	if (strncmp(path, "~/", 2) != 0)
		return str_copy(path);
	scoped(free_p) char *dir = home();
	return dir ? str_printf("%s%s", dir, path + 1) : NULL;
}

/* Is it a plain file of fitting size?  0 or an errno. */
static int check_plain(int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (!S_ISREG(st.st_mode))
		return EINVAL;
	return st.st_size > FILE_MAX ? EFBIG : 0;
}

/* All of it, straight into memory that is wiped when the operation is over: it may be a secret. */
static int read_all(int fd, char *text)
{
	size_t len = 0;
	ssize_t n;

	while (len <= FILE_MAX && (n = read(fd, text + len, FILE_MAX + 1 - len))) {
		if (n < 0 && errno != EINTR)
			return errno;
		len += n < 0 ? 0 : (size_t)n;
	}
	if (len > FILE_MAX)
		return EFBIG;
	return strlen(text) == len ? 0 : EILSEQ; /* an octet 0 would make it another text */
}

static int read_plain(struct arena *a, const char *path, char **ret)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	scoped(fd_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error = check_plain(fd);

	if (error)
		return error;
	*ret = arena_new(a, FILE_MAX + 2);
	return read_all(fd, *ret);
}

char *host_file(struct seal_op *op, const char *path)
{
	scoped(free_p) char *real = expanded(path);
	char *text = NULL;
	int error = real ? read_plain(&work_of(op)->arena, real, &text) : ENOENT;

	errno = error; /* free() leaves it alone */
	return error ? NULL : text;
}
