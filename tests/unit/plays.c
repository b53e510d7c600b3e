/* links: mock_http mock_ca mock_resolve chains play/script play/stage play/ca play/provider */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * plays [-v] [FILE...] - play them, or all of tests/play, and say which went as written. */
#include "config.h"

#include "base/log.h"
#include "base/text.h"
#include "tests/play/stage.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <glob.h>
#include <sys/stat.h>

static void play(const char *path, unsigned number)
{
	struct script script;
	struct stage stage = { 0 };
	char wrong[300];
	scoped(free_p) char *dir = str_printf("%s/%u", temp_dir, number);
	const char *slash = strrchr(path, '/');

	if (mkdir(dir, 0711))
		exit(99);
	if (script_read(&script, path, wrong)) {
		ok(stage_play(&stage, &script, dir), "%s: %s", slash ? slash + 1 : path,
		   script.title ? script.title : "?");
		if (*stage.wrong)
			printf("# %s\n", clean(stage.wrong));
	} else {
		ok(false, "%s", wrong);
	}
	script_free(&script);
}

int main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	scoped(free_p) char *pattern = str_printf("%s/tests/play/*.play", srcdir ? srcdir : ".");
	glob_t all = { 0 };
	int i = 1;

	temp_make();
	if (i < argc && !strcmp(argv[i], "-v")) {
		log_level_set(LOG_DETAIL);
		i++;
	}
	if (i < argc) {
		for (; i < argc; i++)
			play(argv[i], (unsigned)i);
		return done();
	}
	if (glob(pattern, 0, NULL, &all))
		ok(false, "no plays: %s", pattern);
	for (size_t k = 0; k < all.gl_pathc; k++)
		play(all.gl_pathv[k], (unsigned)k);
	globfree(&all);
	return done();
}
