/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/config_file.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 2000u
#define INCLUDE_DEPTH_MAX 4u

struct load {
	struct arena *arena;
	struct directives *ret;
	struct complaints *errors;
	unsigned n_files, depth;
};

static void load_file(struct load *, const char *path, const struct scfg *from);

static void add(struct directives *d, const struct scfg *x)
{
	d->at = mem_grow(d->at, d->n + 1, sizeof(*d->at));
	d->at[d->n++] = x;
}

/* Editors' and package managers' left-overs. */
static bool is_left_over(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	return *name == '.' || (n && name[n - 1] == '~') || strstr(name, ".dpkg-") ||
	       strstr(name, ".rpm");
}

/* PATTERN as seen from the file that names it. */
static char *beside(const char *file, const char *pattern)
{
	const char *slash = strrchr(file, '/');

	if (*pattern == '/' || !slash)
		return str_copy(pattern);
	return str_printf("%.*s/%s", (int)(slash - file), file, pattern);
}

static void include(struct load *l, const struct scfg *d)
{
	glob_t found = { 0 };

	if (d->n != 2 || d->has_block) {
		complain(l->errors, d->file, d->line, "'include' takes one file or pattern");
		return;
	}
	scoped(free_p) char *pattern = beside(d->file, d->words[1]);
	bool plain = !strpbrk(d->words[1], "*?[");
	int e = glob(pattern, 0, NULL, &found);
	if (e && e != GLOB_NOMATCH)
		complain(l->errors, d->file, d->line, "include %s: cannot be read", clean(pattern));
	else if (e && plain)
		complain(l->errors, d->file, d->line, "include %s: no such file", clean(pattern));
	for (size_t i = 0; !e && i < found.gl_pathc; i++)
		if (plain || !is_left_over(found.gl_pathv[i]))
			load_file(l, found.gl_pathv[i], d);
	globfree(&found);
}

/* Others must not be able to say where our certificates come from. */
static bool may_be_trusted(struct load *l, const char *path)
{
	struct stat st;

	if (stat(path, &st) || !(st.st_mode & 022) || S_ISCHR(st.st_mode))
		return true;
	complain(l->errors, path, 0, "mode %04o lets others change it",
		 (unsigned)st.st_mode & 07777);
	complain_hint(l->errors, "run: chmod go-w %s", path);
	return false;
}

static void parse(struct load *l, const char *path, const struct buf *text)
{
	const struct scfg *d = NULL;
	struct story story = { 0 };
	unsigned line = 0;

	if (scfg_read(l->arena, path, buf_text(text), text->len, &d, &line, &story)) {
		complain_story(l->errors, path, line, &story);
		return;
	}
	for (; d; d = d->next) {
		if (!strcmp(d->words[0], "include"))
			include(l, d);
		else
			add(l->ret, d);
	}
}

/* from: the directive that includes it; NULL: the main file. */
static void load_file(struct load *l, const char *path, const struct scfg *from)
{
	scoped(buf_free) struct buf text = { 0 };
	struct story story = { 0 };

	if (l->depth == INCLUDE_DEPTH_MAX || l->n_files == FILES_MAX) {
		complain(l->errors, from->file, from->line, "include %s: %s", clean(path),
			 l->depth == INCLUDE_DEPTH_MAX ? "files include each other too deeply"
						       : "too many files");
		return;
	}
	l->n_files++;
	if (file_read_any(path, SCFG_FILE_MAX, &text, &story)) {
		complain_story(l->errors, from ? from->file : path, from ? from->line : 0, &story);
		return;
	}
	if (!may_be_trusted(l, path))
		return;
	l->depth++;
	parse(l, path, &text);
	l->depth--;
}

enum seal_status config_file_read(struct arena *a, const char *path, struct directives *ret,
				  struct complaints *errors, struct story *story)
{
	struct load l = { .arena = a, .ret = ret, .errors = errors };

	if (access(path, F_OK))
		return story_fail(story, SEAL_ENOTFOUND, "%s: %s", path, strerror(errno));
	load_file(&l, path, NULL);
	return SEAL_OK;
}

void directives_free(struct directives *d)
{
	free(d->at);
	*d = (struct directives){ 0 };
}
