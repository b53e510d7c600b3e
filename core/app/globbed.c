/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/globbed.h"

#include "base/file.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* Are all that the pattern finds among names[from], names[from + 1], ...?  Shells sort in the order
 * of the language, glob(3) in that of its locale: compared as sets. */
static bool gives(const char *pattern, const struct words *names, size_t from)
{
	glob_t found = { 0 };
	bool same = !glob(pattern, GLOB_NOSORT, NULL, &found) && found.gl_pathc <= names->n - from;

	for (size_t i = 0; same && i < found.gl_pathc; i++) {
		bool there = false;
		for (size_t j = 0; j < found.gl_pathc && !there; j++)
			there = !strcmp(names->at[from + j], found.gl_pathv[i]);
		same = there;
	}
	globfree(&found);
	return same;
}

char *globbed(const struct words *names)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->at[i];
		if (strpbrk(name, "*?[/") || !file_exists(name))
			continue;
		for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
			scoped(free_p) char *pattern = str_printf("*%s", dot);
			if (dot != name && strchr(dot + 1, '.') && gives(pattern, names, i))
				return take(pattern);
		}
	}
	return NULL;
}
