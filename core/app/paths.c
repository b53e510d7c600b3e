/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An XDG folder is used when it is absolute (XDG Base Directory Specification). */
static char *in_home(const char *variable, const char *below, const char *rest)
{
	const char *xdg = getenv(variable), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return str_printf("%s/%s", xdg, rest);
	return home && *home == '/' ? str_printf("%s/%s/%s", home, below, rest) : NULL;
}

char *path_config(const struct options *o, struct story *story)
{
	const char *said = o->config ? o->config : getenv("DNSEAL_CONFIG");

	if (said && *said)
		return str_copy(said);
	if (!geteuid())
		return str_copy("/etc/dnseal/dnseal.conf");
	char *path = in_home("XDG_CONFIG_HOME", ".config", "dnseal/dnseal.conf");
	if (!path) {
		story_fail(story, SEAL_ECONFIG,
			   "neither HOME nor XDG_CONFIG_HOME says where your files are");
		story_hint(story, "say it with --config FILE");
	}
	return path;
}

const char *path_state(struct arena *a)
{
	if (!geteuid())
		return "/var/lib/dnseal";
	scoped(free_p) char *path = in_home("XDG_STATE_HOME", ".local/state", "dnseal");
	return arena_str(a, path);
}

/* The journal takes "<n>" before a line for its priority; the log writes it when $JOURNAL_STREAM
 * names what stderr is (systemd.exec(5)). */
static void mark_for_journal(void)
{
	char stream[64];
	struct stat st;

	if (fstat(STDERR_FILENO, &st))
		return;
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
}

enum seal_status log_set_up(const struct configuration *c, struct story *story)
{
	if (c->log == LOG_TO_JOURNAL)
		mark_for_journal();
	if (c->log != LOG_TO_FILE)
		return SEAL_OK;
	scoped(fd_p) int fd =
		open(c->log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
		return story_fail(story, SEAL_ECONFIG, "log file:%s: %s", c->log_file,
				  strerror(errno));
	return SEAL_OK;
}
