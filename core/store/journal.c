/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "store/journal.h"

#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_MAX (16u << 20)
#define COMPACT_EVERY (32 << 10)
#define LOCK_WAIT_MS 10000
#define WORDS 11 /* time op cert login zone owner type value ttl id crc */

static const char *const op_names[] = {
	[JOURNAL_PLAN] = "plan", [JOURNAL_MADE] = "made", [JOURNAL_GONE] = "gone"
};

/* -- lines ---------------------------------------------------------------------------------- */

/* A provider's handle is one word here, whatever is in it. */
static char *id_word(const char *id)
{
	struct buf word = { 0 };

	for (const char *at = id ? id : ""; *at; at++) {
		bool plain = (unsigned char)*at > ' ' && *at != '%' && strcmp(id, "-") != 0;
		buf_printf(&word, plain ? "%c" : "%%%02X", (unsigned char)*at);
	}
	if (!word.len)
		buf_str(&word, "-");
	return buf_take(&word);
}

static char *id_of_word(const char *word)
{
	struct buf id = { 0 };
	unsigned octet;

	if (!strcmp(word, "-"))
		return NULL;
	for (; *word; word++) {
		bool escaped = *word == '%' && isxdigit((unsigned char)word[1]) &&
			       isxdigit((unsigned char)word[2]) &&
			       sscanf(word + 1, "%2x", &octet) == 1;
		buf_char(&id, escaped ? (char)octet : *word);
		word += escaped ? 2 : 0;
	}
	return buf_take(&id);
}

static void write_line(struct buf *out, int64_t now, enum journal_op op,
		       const struct journal_entry *e)
{
	scoped(buf_free) struct buf line = { 0 };
	scoped(free_p) char *id = id_word(e->id);

	buf_printf(&line, "%" PRId64 " %s %s %s %s %s %s %s %" PRIu32 " %s", now,
		   op_names[op], e->cert, e->login, e->zone, e->owner, e->type, e->value, e->ttl,
		   id);
	buf_printf(out, "%s %08" PRIx32 "\n", line.data, crc32c(line.data, line.len));
}

static bool is_op(const char *word, enum journal_op *ret)
{
	for (size_t i = 0; i < COUNT(op_names); i++)
		if (!strcmp(op_names[i], word)) {
			*ret = (enum journal_op)i;
			return true;
		}
	return false;
}

/* At single blanks, in place; how many, at most one more than there is room for. */
static size_t split(char *line, char *ret[static WORDS])
{
	size_t n = 0;

	for (char *at = line; at; n++) {
		if (n == WORDS)
			return WORDS + 1;
		ret[n] = at;
		at = strchr(at, ' ');
		if (at)
			*at++ = '\0';
	}
	return n;
}

/* One line without its newline; false when it is damaged. */
static bool read_line(const char *text, size_t len, struct journal_entry *ret)
{
	scoped(free_p) char *line = str_part(text, len);
	char sum[9], *word[WORDS];
	uint64_t ttl, when;
	char *crc = strrchr(line, ' ');

	if (!crc || strlen(line) != len)
		return false;
	snprintf(sum, sizeof(sum), "%08" PRIx32, crc32c(line, (size_t)(crc - line)));
	if (strcmp(sum, crc + 1))
		return false;
	if (split(line, word) != WORDS || !is_op(word[1], &ret->op) ||
	    !parse_uint(word[8], UINT32_MAX, &ttl) || !parse_uint(word[0], INT64_MAX, &when))
		return false;
	char **const into[] = { &ret->cert,  &ret->login, &ret->zone,
				&ret->owner, &ret->type,  &ret->value };
	for (size_t i = 0; i < COUNT(into); i++)
		*into[i] = str_copy(word[i + 2]);
	ret->id = id_of_word(word[9]);
	ret->ttl = (uint32_t)ttl;
	ret->time = (int64_t)when;
	return true;
}

static void entry_free(struct journal_entry *e)
{
	free(e->cert);
	free(e->login);
	free(e->zone);
	free(e->owner);
	free(e->type);
	free(e->value);
	free(e->id);
}

void journal_free(struct journal *j)
{
	for (size_t i = 0; i < j->n; i++)
		entry_free(&j->at[i]);
	free(j->at);
	memset(j, 0, sizeof(*j));
}

/* -- the set of open entries ---------------------------------------------------------------- */

static bool same_record(const struct journal_entry *a, const struct journal_entry *b)
{
	return !strcmp(a->value, b->value) && !strcmp(a->owner, b->owner) &&
	       !strcmp(a->type, b->type) && !strcmp(a->cert, b->cert) &&
	       !strcmp(a->login, b->login) && !strcmp(a->zone, b->zone);
}

/* Apply one line: a later step of a record replaces the earlier, `gone` ends it. */
static void apply(struct journal *j, struct journal_entry *e)
{
	size_t i = 0;

	while (i < j->n && !same_record(&j->at[i], e))
		i++;
	if (i < j->n) {
		if (!e->id)
			e->id = take(j->at[i].id);
		entry_free(&j->at[i]);
		j->at[i] = e->op == JOURNAL_GONE ? j->at[--j->n] : *e;
		if (e->op == JOURNAL_GONE)
			entry_free(e);
		return;
	}
	if (e->op == JOURNAL_GONE) {
		entry_free(e);
		return;
	}
	j->at = mem_grow(j->at, j->n + 1, sizeof(*j->at));
	j->at[j->n++] = *e;
}

static void keep_only(struct journal *j, const char *cert)
{
	size_t kept = 0;

	for (size_t i = 0; i < j->n; i++) {
		if (!strcmp(j->at[i].cert, cert))
			j->at[kept++] = j->at[i];
		else
			entry_free(&j->at[i]);
	}
	j->n = kept;
}

static enum seal_status replay(const char *path, const struct buf *text, struct journal *ret,
			       struct story *story)
{
	const char *at = buf_text(text), *end = at + text->len;

	for (unsigned line = 1; at < end; line++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		struct journal_entry e = { 0 };

		if (!stop)
			break; /* the last write was torn: it was never acted on */
		if (!read_line(at, (size_t)(stop - at), &e)) {
			if (stop + 1 == end)
				break;
			story_fail(story, SEAL_ESTORAGE, "%s:%u: the journal is damaged", path,
				   line);
			story_hint(story,
				   "move the file away after looking for TXT records it names");
			return SEAL_ESTORAGE;
		}
		apply(ret, &e);
		at = stop + 1;
	}
	return SEAL_OK;
}

enum seal_status journal_read(const struct store *s, const char *cert, struct journal *ret,
			      struct story *story)
{
	scoped(free_p) char *path = store_path(s, "journal/changes.log");
	scoped(buf_free) struct buf text = { 0 };
	enum seal_status st = file_read(path, JOURNAL_MAX, &text, story);

	memset(ret, 0, sizeof(*ret));
	if (st == SEAL_ENOTFOUND) {
		story_clear(story);
		return SEAL_OK;
	}
	if (!st)
		st = replay(path, &text, ret, story);
	if (st)
		journal_free(ret);
	else if (cert)
		keep_only(ret, cert);
	return st == SEAL_EINVAL ? story_fail(story, SEAL_ESTORAGE, "%s is too large", path) : st;
}

/* -- at a glance ---------------------------------------------------------------------------- */

/* Is it the file that was read?  One that is not there is like an empty one. */
static bool is_known(const struct store *s, struct journal_glance *g)
{
	scoped(free_p) char *path = store_path(s, "journal/changes.log");
	struct stat now = { 0 };

	if (stat(path, &now))
		now = (struct stat){ 0 };
	int64_t changed_ns = (int64_t)now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec;
	bool same = g->read && g->inode == (int64_t)now.st_ino && g->size == now.st_size &&
		    g->changed_ns == changed_ns;
	g->inode = (int64_t)now.st_ino;
	g->size = now.st_size;
	g->changed_ns = changed_ns;
	return same;
}

bool journal_has(const struct store *s, struct journal_glance *g, const char *cert)
{
	struct journal all;
	struct story ignored = { 0 };

	if (is_known(s, g))
		return g->failed || words_has(&g->certs, cert);
	g->read = true;
	words_free(&g->certs);
	g->failed = journal_read(s, NULL, &all, &ignored) != SEAL_OK;
	for (size_t i = 0; !g->failed && i < all.n; i++)
		if (!words_has(&g->certs, all.at[i].cert))
			words_add(&g->certs, all.at[i].cert);
	journal_free(&all);
	return g->failed || words_has(&g->certs, cert);
}

void journal_glance_free(struct journal_glance *g)
{
	words_free(&g->certs);
	*g = (struct journal_glance){ 0 };
}

/* -- writing -------------------------------------------------------------------------------- */

static enum seal_status say_errno(struct story *story, const char *path)
{
	story_fail(story, SEAL_ESTORAGE, "cannot write %s: %s", path, strerror(errno));
	story_hint(story, "nothing was changed in DNS");
	return SEAL_ESTORAGE;
}

static enum seal_status put(const struct buf *text, const char *path, int fd, struct story *story)
{
	off_t before = lseek(fd, 0, SEEK_END);
	ssize_t n = write(fd, text->data, text->len);

	if (n == (ssize_t)text->len)
		return SEAL_OK;
	if (n >= 0 && n < (ssize_t)text->len)
		errno = ENOSPC;
	enum seal_status st = say_errno(story, path);
	if (before >= 0 && ftruncate(fd, before))
		return st; /* a torn line at the end is ignored by the reader */
	return st;
}

/* What is over need not be kept.  Each time so much was appended, so that a file with many open
 * entries is not rewritten for each new one. */
static void compact(const struct store *s, const char *path, off_t before, off_t after)
{
	scoped(buf_free) struct buf text = { 0 };
	struct journal open_entries;
	struct story ignored = { 0 };

	if (before / COMPACT_EVERY == after / COMPACT_EVERY ||
	    journal_read(s, NULL, &open_entries, &ignored))
		return;
	for (size_t i = 0; i < open_entries.n; i++) {
		const struct journal_entry *e = &open_entries.at[i];
		write_line(&text, e->time, e->op, e);
	}
	journal_free(&open_entries);
	if ((off_t)text.len < after &&
	    file_replace(path, buf_text(&text), text.len, 0600, &ignored))
		return; /* the next one tries again */
}

#define TAIL 8192 /* more than the longest line */

/* Cut off a last line that a crash tore, so that what is appended next stays readable. */
static void mend_tail(int fd)
{
	char tail[TAIL + 1];
	off_t size = lseek(fd, 0, SEEK_END), from = size > TAIL ? size - TAIL : 0;
	ssize_t n = pread(fd, tail, TAIL, from);
	struct journal_entry e = { 0 };

	if (n <= 0)
		return;
	tail[n] = '\0';
	char *end = memrchr(tail, '\n', (size_t)n);
	size_t whole = end ? (size_t)(end - tail) : 0;
	char *start = end ? memrchr(tail, '\n', whole) : NULL;
	start = start ? start + 1 : tail;
	bool good = end && read_line(start, (size_t)(end - start), &e);
	entry_free(&e);
	off_t keep = good ? from + (off_t)whole + 1 : from + (start - tail);
	if (keep < size && ftruncate(fd, keep))
		return; /* the append will fail, or the reader will say so */
}

/* A new file must be findable after a crash before it is relied on. */
static int open_journal(const struct store *s, const char *path, struct story *story)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0) {
		mend_tail(fd);
		return fd;
	}
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		say_errno(story, path);
		return -1;
	}
	scoped(free_p) char *dir = store_path(s, "journal");
	if (dir_sync(dir, story)) {
		close(fd);
		return -1;
	}
	return fd;
}

enum seal_status journal_write(const struct store *s, enum journal_op op,
			       const struct journal_entry *entries, size_t n, struct story *story)
{
	scoped(free_p) char *path = store_path(s, "journal/changes.log");
	scoped(free_p) char *lock_path = store_path(s, "locks/journal.lock");
	scoped(buf_free) struct buf text = { 0 };
	struct lock lock = LOCK_NONE;

	for (size_t i = 0; i < n; i++)
		write_line(&text, clock_wall(), op, &entries[i]);
	enum seal_status st = lock_take(&lock, lock_path, LOCK_WAIT_MS, story);
	if (st)
		return st;
	scoped(fd_p) int fd = open_journal(s, path, story);
	st = fd < 0 ? SEAL_ESTORAGE : put(&text, path, fd, story);
	off_t size = st ? 0 : lseek(fd, 0, SEEK_END);
	if (size > (off_t)text.len)
		compact(s, path, size - (off_t)text.len, size);
	lock_drop(&lock);
	/* Without the lock: those who come meanwhile are synced along with it. */
	if (st || op != JOURNAL_PLAN || !fdatasync(fd))
		return st;
	say_errno(story, path);
	/* A plan that nobody follows, and that stays all the same, costs one removal too many. */
	return journal_write(s, JOURNAL_GONE, entries, n, &(struct story){ 0 }) ? SEAL_ESTORAGE
										 : story->st;
}
