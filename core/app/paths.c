/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/paths.h"

#include <stdlib.h>
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
