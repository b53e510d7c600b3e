/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/source.h"

#include "app/program.h"
#include "base/buf.h"
#include "base/owner.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct want {		  /* a value that is being fetched */
	const char *rest; /* behind the prefix */
	const char *dir;
	enum source_use use;
	struct buf value;
	struct story *story;
};

/* In place of every secret that must not be read by others: st must be ours or root's, 0600. */
static enum seal_status guard(const struct want *w, const char *path, const struct stat *st)
{
	if (w->use == SOURCE_OPEN)
		return SEAL_OK;
	if (st->st_uid && st->st_uid != geteuid()) {
		story_fail(w->story, SEAL_ECONFIG, "%s: owned by user %u, who could change it",
			   path, (unsigned)st->st_uid);
		story_hint(w->story, "chown %s %s", geteuid() ? "it to yourself:" : "root", path);
		return SEAL_ECONFIG;
	}
	if (!(st->st_mode & 066))
		return SEAL_OK;
	story_fail(w->story, SEAL_ECONFIG, "%s: mode %04o lets others %s it", path,
		   (unsigned)st->st_mode & 07777, st->st_mode & 044 ? "read" : "write");
	story_hint(w->story, "run: chmod 600 %s", path);
	return SEAL_ECONFIG;
}

/* Exactly the descriptor that was looked at is read. */
static enum seal_status read_path(struct want *w, const char *path, const char *shown)
{
	scoped(fd_p) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	char part[4096];
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return story_fail(w->story, SEAL_ECONFIG, "%s: %s", shown, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return story_fail(w->story, SEAL_ECONFIG, "%s: not a plain file", shown);
	if (guard(w, shown, &st))
		return SEAL_ECONFIG;
	while ((n = read(fd, part, sizeof(part))) > 0)
		buf_add(&w->value, part, (size_t)n);
	mem_wipe(part, sizeof(part));
	if (n < 0)
		return story_fail(w->story, SEAL_ECONFIG, "%s: %s", shown, strerror(errno));
	return SEAL_OK;
}

static enum seal_status read_file(struct want *w)
{
	bool absolute = *w->rest == '/' || !w->dir;
	scoped(free_p) char *path =
		absolute ? str_copy(w->rest) : str_printf("%s/%s", w->dir, w->rest);

	return read_path(w, path, path);
}

/* LoadCredential=dnseal:/etc/dnseal/secrets gives NAME as dnseal_NAME (systemd.exec(5)). */
static char *credential_path(const char *dir, const char *name)
{
	char *path = str_printf("%s/%s", dir, name);

	if (access(path, F_OK) && errno == ENOENT) {
		scoped(free_p) char *loaded = str_printf("%s/dnseal_%s", dir, name);
		if (!access(loaded, F_OK)) {
			free(path);
			return take(loaded);
		}
	}
	return path;
}

/* The same configuration by hand: from where the unit has its credentials. */
static enum seal_status read_cred_by_hand(struct want *w)
{
	scoped(free_p) char *path = str_printf("%s/secrets/%s", w->dir ? w->dir : ".", w->rest);

	if (w->dir && !access(path, F_OK)) {
		w->use = SOURCE_SECRET;
		return read_path(w, path, path);
	}
	story_fail(w->story, SEAL_ECONFIG,
		   "$CREDENTIALS_DIRECTORY is not set, and there is no %s", path);
	story_hint(w->story,
		   "put it there (0600), where the units find it too; or start by systemd-run "
		   "-p LoadCredential=%s:/path",
		   clean(w->rest));
	return SEAL_ECONFIG;
}

static enum seal_status read_cred(struct want *w)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (strchr(w->rest, '/') || *w->rest == '.')
		return story_fail(w->story, SEAL_ECONFIG, "'%s' is not the name of a credential",
				  clean(w->rest));
	if (!dir || *dir != '/')
		return read_cred_by_hand(w);
	scoped(free_p) char *path = credential_path(dir, w->rest);
	w->use = SOURCE_OPEN; /* systemd guards the folder, with modes of its own */
	return read_path(w, path, path);
}

static enum seal_status read_env(struct want *w)
{
	const char *value = getenv(w->rest);

	if (!value)
		return story_fail(w->story, SEAL_ECONFIG, "environment variable %s is not set",
				  clean(w->rest));
	buf_str(&w->value, value);
	return SEAL_OK;
}

static enum seal_status read_cmd(struct want *w)
{
	struct words argv = { 0 };

	words_split(&argv, w->rest);
	enum seal_status st = argv.n ? program_output(&argv, SOURCE_CMD_MS, &w->value, w->story)
				     : story_fail(w->story, SEAL_ECONFIG, "no program is named");
	words_free(&argv);
	return st;
}

static enum seal_status read_literal(struct want *w)
{
	buf_str(&w->value, w->rest);
	return SEAL_OK;
}

static const struct {
	const char *prefix;
	enum seal_status (*read)(struct want *);
} kinds[] = {
	[SOURCE_PLAIN] = { "", read_literal },	[SOURCE_FILE] = { "file:", read_file },
	[SOURCE_CRED] = { "cred:", read_cred }, [SOURCE_ENV] = { "env:", read_env },
	[SOURCE_CMD] = { "cmd:", read_cmd },	[SOURCE_LITERAL] = { "literal:", read_literal },
};

/* "{env:X}" and "%{file:/x}%" without their wrapping; NULL when text is neither.  The caller's. */
static char *unwrap(const char *text)
{
	size_t len = strlen(text);

	if (len > 6 && starts_with(text, "{env:") && text[len - 1] == '}')
		return str_part(text + 1, len - 2);
	if (len > 9 && (starts_with(text, "%{file:") || starts_with(text, "%{env:")) &&
	    !strcmp(text + len - 2, "}%"))
		return str_part(text + 2, len - 4);
	return NULL;
}

enum source_kind source_kind(const char *text)
{
	scoped(free_p) char *inner = unwrap(text);

	if (inner)
		text = inner;
	for (size_t i = 1; i < COUNT(kinds); i++)
		if (starts_with(text, kinds[i].prefix))
			return (enum source_kind)i;
	return SOURCE_PLAIN;
}

bool source_is_literal(const char *text)
{
	enum source_kind k = source_kind(text);

	return k == SOURCE_PLAIN || k == SOURCE_LITERAL;
}

static void trim_newline(struct buf *b)
{
	if (b->len && b->data[b->len - 1] == '\n')
		b->data[--b->len] = '\0';
	if (b->len && b->data[b->len - 1] == '\r')
		b->data[--b->len] = '\0';
}

enum seal_status source_read(const char *text, const char *dir, enum source_use use, char **ret,
			     struct story *story)
{
	/* The operator's it is, and not of who owns the state directory. */
	scoped(owner_back) struct owner_self self = owner_self();
	enum source_kind kind = source_kind(text);
	scoped(wipe_p) char *inner = unwrap(text);
	const char *plain = inner ? inner : text;
	struct want w = {
		.rest = plain + strlen(kinds[kind].prefix), .dir = dir, .use = use, .story = story
	};

	w.value.max = SOURCE_MAX;
	enum seal_status st = kinds[kind].read(&w);
	if (!source_is_literal(text) && !st) {
		trim_newline(&w.value);
		if (w.value.bad)
			st = story_fail(story, SEAL_ECONFIG, "%s: more than %u octets", clean(text),
					SOURCE_MAX);
		else if (!w.value.len)
			st = story_fail(story, SEAL_ECONFIG, "%s: empty", clean(text));
		else if (memchr(w.value.data, '\0', w.value.len))
			st = story_fail(story, SEAL_ECONFIG, "%s: has a NUL octet in it",
					clean(text));
	}
	if (st) {
		buf_free(&w.value);
		return st;
	}
	*ret = buf_take(&w.value);
	return SEAL_OK;
}
