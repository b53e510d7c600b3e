/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/trigger.h"

#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define TAKEN_MAX 1000 /* at a time */

enum seal_status trigger_start(struct trigger *t, const struct store *s, struct story *story)
{
	*t = (struct trigger){ .fd = -1, .dir = store_path(s, "trigger") };
	enum seal_status st = dir_make(t->dir, 0700, story);
	if (st)
		return st;
	t->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (t->fd < 0 ||
	    inotify_add_watch(t->fd, t->dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
		return story_fail(story, SEAL_ESTORAGE, "cannot watch %s: %s", t->dir,
				  strerror(errno));
	return SEAL_OK;
}

/* That there was something is enough; what there is the folder says. */
static void drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		continue;
}

static void take_one(const struct trigger *t, DIR *d, const char *name, struct words *ret)
{
	if (unlinkat(dirfd(d), name, 0))
		log_line(LOG_WARN, "cannot remove %s/%s: %s", t->dir, clean(name),
			 strerror(errno));
	else if (!cert_name_ok(name))
		log_line(LOG_WARN, "%s/%s: not the name of a certificate", t->dir, clean(name));
	else if (!words_has(ret, name))
		words_add(ret, name);
}

void trigger_take(struct trigger *t, struct words *ret)
{
	struct dirent *e;
	DIR *d = NULL;

	if (t->fd >= 0) {
		drain(t->fd);
		d = opendir(t->dir);
	}
	if (!d)
		return;
	for (size_t n = 0; n < TAKEN_MAX && (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) {
			take_one(t, d, e->d_name, ret);
			n++;
		}
	closedir(d);
}

void trigger_stop(struct trigger *t)
{
	if (t->fd >= 0)
		close(t->fd);
	free(t->dir);
	*t = (struct trigger){ .fd = -1 };
}
