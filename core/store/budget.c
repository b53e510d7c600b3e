/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "store/budget.h"

#include "base/clock.h"
#include "base/encode.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUR_S 3600
#define DAY_S 86400
#define WEEK_S (7 * DAY_S)
#define MONTH_S (30 * DAY_S)
#define AHEAD_S HOUR_S /* entries from further ahead were written by a clock that was wrong */
#define LOCK_MS 10000
#define FILE_MAX (64u << 20)
#define GROWN (256 * 1024) /* octets, from which on it is looked whether much is stale */

/* -- the file ------------------------------------------------------------------------------- */

#define HASH_LEN 24
#define ENTRY_LEN (10 + 1 + 1 + 1 + HASH_LEN) /* 1763730000 v 0123456789abcdef01234567 */

enum kind { /* the letter in the file */
	    KIND_ORDER = 'o',
	    KIND_VOID = 'x', /* an order came to nothing */
	    KIND_VALIDATION = 'v',
	    KIND_VALIDATED = 's',
	    KIND_ACCOUNT = 'a',
	    KIND_WAIT = 'w' /* until TIME */
};

struct entry {
	int64_t at;
	char kind;
	char hash[HASH_LEN + 1];
};

/* What is counted: something at a CA.  subject NULL: the CA itself. */
static void hash_of(const char *ca_url, const char *subject, char ret[static HASH_LEN + 1])
{
	scoped(free_p) char *text = str_printf("%s\n%s", ca_url, subject ? subject : "");
	uint8_t sum[32];

	sha256(text, strlen(text), sum);
	scoped(free_p) char *digits = hex(sum, HASH_LEN / 2);
	memcpy(ret, digits, HASH_LEN + 1);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A set of names is the same in every order. */
static void hash_of_set(const char *ca_url, const struct words *names,
			char ret[static HASH_LEN + 1])
{
	struct words sorted = { 0 };

	for (size_t i = 0; names && i < names->n; i++)
		words_add(&sorted, names->at[i]);
	if (sorted.n)
		qsort(sorted.at, sorted.n, sizeof(*sorted.at), by_text);
	scoped(free_p) char *set = words_join(&sorted, " ");
	hash_of(ca_url, sorted.n ? set : NULL, ret);
	words_free(&sorted);
}

/* A JSON array of strings, one a line.  What is added goes over its end in one write; a reader that
 * takes line for line is not disturbed when only a part of that came to the disk. */
static const char text_begin[] = "[\n", text_between[] = ",\n", text_end[] = "\n]\n";

static bool read_line(const char *line, size_t len, struct entry *e)
{
	int64_t at = 0;

	if (len < ENTRY_LEN + 2 || line[0] != '"' || line[ENTRY_LEN + 1] != '"')
		return false;
	line++;
	if (line[10] != ' ' || line[12] != ' ')
		return false;
	for (size_t i = 0; i < 10; i++) {
		if (line[i] < '0' || line[i] > '9')
			return false;
		at = at * 10 + (line[i] - '0');
	}
	e->at = at;
	e->kind = line[11];
	memcpy(e->hash, line + 13, HASH_LEN);
	e->hash[HASH_LEN] = '\0';
	return true;
}

static void add_line(struct buf *to, enum kind kind, const char *hash, int64_t at)
{
	const char *before = to->len ? text_between : "";

	buf_printf(to, "%s\"%010lld %c %s\"", before, (long long)at, (char)kind, hash);
}

struct budget { /* the file under its lock */
	const struct store *store;
	struct lock lock;
	char *path;
	struct buf text;
	int64_t now;
	bool own_ca; /* it is asked about a CA of one's own */
};

static void budget_close(struct budget *b)
{
	lock_drop(&b->lock);
	buf_free(&b->text);
	free(b->path);
}

static enum seal_status budget_read(struct budget *b, const struct store *s, struct story *story)
{
	*b = (struct budget){ .store = s,
			      .lock = LOCK_NONE,
			      .path = store_path(s, "limits.json"),
			      .text = { .max = FILE_MAX },
			      .now = clock_wall() };
	enum seal_status st = file_read(b->path, FILE_MAX - 1, &b->text, story);
	if (st != SEAL_ENOTFOUND)
		return st;
	story_clear(story);
	return SEAL_OK;
}

/* RFC 6761, RFC 6762, RFC 8375, RFC 2606; the others are in use for the same. */
static bool is_own_ca(const char *ca_url)
{
	static const char *const ends[] = { ".test",  ".example",   ".invalid",	 ".localhost",
					    ".local", ".home.arpa", ".internal", ".lan" };
	const char *begin = strstr(ca_url, "://");
	scoped(free_p) char *host =
		begin ? str_part(begin + 3, strcspn(begin + 3, "/:?#")) : str_copy("");
	size_t len = strlen(host);

	if (*host == '[' || !strchr(host, '.') || strspn(host, "0123456789.") == len)
		return true;
	for (size_t i = 0; i < COUNT(ends); i++)
		if (len > strlen(ends[i]) && !strcasecmp(host + len - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

static enum seal_status budget_open(struct budget *b, const struct store *s, const char *ca_url,
				    struct story *story)
{
	scoped(free_p) char *path = store_path(s, "locks/limits.lock");
	struct lock lock = LOCK_NONE;
	enum seal_status st = lock_take(&lock, path, LOCK_MS, story);

	if (st) {
		*b = (struct budget){ .lock = LOCK_NONE };
		return st;
	}
	st = budget_read(b, s, story);
	b->lock = lock;
	b->own_ca = is_own_ca(ca_url);
	return st;
}

/* Without reading all of it: there are many, of many names. */
static bool is_of(const char *line, size_t len, const char *hash)
{
	const char *at = line + ENTRY_LEN + 1 - HASH_LEN;

	return !hash || (len > ENTRY_LEN && !memcmp(at, hash, HASH_LEN));
}

/* The next entry at or behind *at, of this hash unless that is NULL; false at the end. */
static bool next_entry(const struct budget *b, const char *hash, size_t *at, struct entry *e)
{
	while (*at < b->text.len) {
		const char *line = b->text.data + *at;
		const char *stop = memchr(line, '\n', b->text.len - *at);
		size_t len = stop ? (size_t)(stop - line) + 1 : b->text.len - *at;
		*at += len;
		if (is_of(line, len, hash) && read_line(line, len, e))
			return true;
	}
	return false;
}

static bool is_stale(const struct budget *b, const struct entry *e)
{
	if (e->kind == KIND_WAIT)
		return e->at <= b->now || e->at > b->now + WEEK_S;
	return e->at <= b->now - MONTH_S || e->at > b->now + AHEAD_S;
}

static bool ends_well(const struct buf *text)
{
	size_t n = sizeof(text_end) - 1;

	return text->len > n && !memcmp(text->data + text->len - n, text_end, n) &&
	       text->data[text->len - n - 1] == '"';
}

enum durable { DURABLE, NOT_DURABLE };

/* Synced without the lock: those who come meanwhile are synced along with it. */
static enum seal_status append(struct budget *b, const struct buf *lines, enum durable how,
			       struct story *story)
{
	scoped(fd_p) int fd = open(b->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	scoped(buf_free) struct buf tail = { 0 };
	off_t at = (off_t)(b->text.len - sizeof(text_end) + 1);

	buf_printf(&tail, "%s%s%s", text_between, buf_text(lines), text_end);
	bool good = fd >= 0 && pwrite(fd, tail.data, tail.len, at) == (ssize_t)tail.len;
	if (good)
		lock_drop(&b->lock);
	if (good && (how == NOT_DURABLE || !fdatasync(fd)))
		return SEAL_OK;
	return story_fail(story, SEAL_ESTORAGE, "cannot write %s: %s", b->path, strerror(errno));
}

/* A new file, or one that was damaged, or has grown: what counts, and this. */
static enum seal_status rewrite(struct budget *b, const struct buf *kept, const struct buf *lines,
				struct story *story)
{
	scoped(buf_free) struct buf text = { .max = FILE_MAX };

	buf_printf(&text, "%s%s%s%s%s", text_begin, kept->len ? buf_text(kept) : "",
		   kept->len ? text_between : "", buf_text(lines), text_end);
	return file_replace(b->path, text.data, text.len, 0600, story);
}

/* Old entries go when they are most of the file: so the work for it stays in proportion. */
static enum seal_status keep(struct budget *b, const struct buf *lines, enum durable how,
			     struct story *story)
{
	scoped(buf_free) struct buf kept = { .max = FILE_MAX };
	bool whole = ends_well(&b->text);
	struct entry e;

	if (whole && b->text.len < GROWN)
		return append(b, lines, how, story);
	for (size_t at = 0; next_entry(b, NULL, &at, &e);)
		if (!is_stale(b, &e))
			add_line(&kept, (enum kind)e.kind, e.hash, e.at);
	if (whole && kept.len > b->text.len / 2 && b->text.len < FILE_MAX / 2)
		return append(b, lines, how, story);
	return rewrite(b, &kept, lines, story);
}

/* -- counting ------------------------------------------------------------------------------- */

struct limit {
	enum kind kind;
	unsigned max[BUDGET_FORCES]; /* usual, named, forced, urgent, short; 0: no limit */
	int64_t window_s;
	const char *what;
	enum { OF_THOSE_LEFT, WITH_VOIDS /* those that came to nothing */, ALSO_AT_OWN_CA } how;
};

static const struct limit order_limits[] = {
	{ KIND_ORDER, { 3, 5, 5, 5, 0 }, WEEK_S, "orders for these names in 7 days",
	  OF_THOSE_LEFT },
	{ KIND_ORDER, { 10, 10, 10, 10, 0 }, DAY_S, "orders for these names a day",
	  WITH_VOIDS },
};
static const struct limit validation_limits[] = {
	{ KIND_VALIDATION, { 3, 3, 3, 3, 3 }, HOUR_S, "failed validations an hour",
	  OF_THOSE_LEFT },
	{ KIND_VALIDATION, { 10, 10, 10, 10, 10 }, DAY_S, "failed validations a day",
	  OF_THOSE_LEFT },
	{ KIND_VALIDATION, { 35, 35, 0, 35, 35 }, MONTH_S, "failed validations in 30 days",
	  ALSO_AT_OWN_CA },
};
static const struct limit account_limits[] = {
	{ KIND_ACCOUNT, { 1, 3, 3, 1, 1 }, DAY_S, "new account a day", OF_THOSE_LEFT },
};

/* Moments of what counts, oldest first.  Entries are in the order in which they were made. */
struct tally {
	int64_t *at;
	size_t n;
};

static void tally_free(struct tally *t)
{
	free(t->at);
}

/* Takes back the last one: an order came to nothing. */
static void count(struct tally *t, const struct limit *l, const struct entry *e)
{
	if (e->kind == (char)l->kind) {
		t->at = mem_grow(t->at, t->n + 1, sizeof(*t->at));
		t->at[t->n++] = e->at;
	} else if (l->kind == KIND_ORDER && e->kind == KIND_VOID && l->how != WITH_VOIDS) {
		t->n -= t->n > 0;
	} else if (l->kind == KIND_VALIDATION && e->kind == KIND_VALIDATED) {
		t->n = 0;
	}
}

static struct tally tally(const struct budget *b, const struct limit *l, const char *hash)
{
	struct tally t = { 0 };
	struct entry e;

	for (size_t at = 0; next_entry(b, hash, &at, &e);)
		if (!is_stale(b, &e) && e.at > b->now - l->window_s)
			count(&t, l, &e);
	return t;
}

/* "2026-11-28T09:00:00Z" */
static enum seal_status refuse(struct story *story, const char *who, unsigned max, const char *what,
			       int64_t until)
{
	char text[RFC3339_LEN];

	story_fail(story, SEAL_ELIMIT,
		   "%s: our own limit of %u %s is reached; the next may be at %s", who, max, what,
		   clock_rfc3339(until, text));
	story->retry_at = until;
	return SEAL_ELIMIT;
}

/* `who` for the sentence. */
static enum seal_status judge(const struct budget *b, const struct limit *limits, size_t n,
			      const char *hash, enum budget_force force, const char *who,
			      struct story *story)
{
	for (size_t i = 0; i < n; i++) {
		const struct limit *l = &limits[i];
		unsigned max = b->own_ca && l->how != ALSO_AT_OWN_CA ? 0 : l->max[force];
		if (!max)
			continue;
		scoped(tally_free) struct tally t = tally(b, l, hash);
		if (t.n < max)
			continue;
		refuse(story, who, max, l->what, t.at[t.n - max] + l->window_s);
		if (!l->max[BUDGET_FORCED])
			story_hint(story, "when the cause is found: --force does not count these");
		return SEAL_ELIMIT;
	}
	return SEAL_OK;
}

/* Until when the CA wants peace, of this set of names or at all; 0: now is fine. */
static int64_t wait_until(const struct budget *b, const char *hash, const char *ca_hash)
{
	struct entry e;
	int64_t until = 0;

	for (size_t at = 0; next_entry(b, NULL, &at, &e);)
		if (e.kind == KIND_WAIT && !is_stale(b, &e) && e.at > until &&
		    (!memcmp(e.hash, hash, HASH_LEN) || !memcmp(e.hash, ca_hash, HASH_LEN)))
			until = e.at;
	return until;
}

/* "example.org and 2 more" */
static char *show_names(const struct words *names)
{
	if (!names->n)
		return str_copy("no names");
	if (names->n == 1)
		return str_copy(names->at[0]);
	return str_printf("%s and %zu more", names->at[0], names->n - 1);
}

/* -- outside -------------------------------------------------------------------------------- */

static enum seal_status judge_peace(const struct budget *b, const char *ca_url, const char *set,
				    const char *who, struct story *story)
{
	char ca[HASH_LEN + 1], text[RFC3339_LEN];

	hash_of(ca_url, NULL, ca);
	int64_t until = wait_until(b, set, ca);
	if (!until)
		return SEAL_OK;
	story_fail(story, SEAL_ELIMIT, "%s: the CA asked not to be asked again before %s", who,
		   clock_rfc3339(until, text));
	story->retry_at = until;
	return SEAL_ELIMIT;
}

static enum seal_status judge_order(const struct budget *b, const char *ca_url,
				    const struct words *names, const char *set,
				    enum budget_force force, struct story *story)
{
	scoped(free_p) char *who = show_names(names);
	enum seal_status st = judge_peace(b, ca_url, set, who, story);

	return st ? st : judge(b, order_limits, COUNT(order_limits), set, force, who, story);
}

enum seal_status budget_order(const struct store *s, const char *ca_url, const struct words *names,
			      enum budget_force force, struct story *story)
{
	scoped(budget_close) struct budget b;
	scoped(buf_free) struct buf line = { 0 };
	char set[HASH_LEN + 1];
	enum seal_status st = budget_open(&b, s, ca_url, story);

	hash_of_set(ca_url, names, set);
	if (!st)
		st = judge_order(&b, ca_url, names, set, force, story);
	if (st)
		return st;
	add_line(&line, KIND_ORDER, set, b.now);
	return keep(&b, &line, DURABLE, story);
}

/* An entry that asks nothing.  One that cannot be kept makes us only more careful. */
static void note(const struct store *s, const char *ca_url, const struct buf *lines,
		 enum durable how)
{
	scoped(budget_close) struct budget b;
	struct story ignored = { 0 };

	if (lines->len && !budget_open(&b, s, ca_url, &ignored) && keep(&b, lines, how, &ignored))
		story_clear(&ignored);
}

void budget_order_void(const struct store *s, const char *ca_url, const struct words *names)
{
	scoped(buf_free) struct buf line = { 0 };
	char set[HASH_LEN + 1];

	hash_of_set(ca_url, names, set);
	add_line(&line, KIND_VOID, set, clock_wall());
	note(s, ca_url, &line, NOT_DURABLE);
}

/* "*.example.org" and "example.org" are one identifier to the CA that counts. */
static const char *bare(const char *name)
{
	return starts_with(name, "*.") ? name + 2 : name;
}

/* A line for each identifier once. */
static void add_names(struct buf *lines, enum kind kind, const char *ca_url,
		      const struct words *names, int64_t at)
{
	struct words seen = { 0 };
	char hash[HASH_LEN + 1];

	for (size_t i = 0; i < names->n; i++) {
		if (words_has(&seen, bare(names->at[i])))
			continue;
		words_add(&seen, bare(names->at[i]));
		hash_of(ca_url, bare(names->at[i]), hash);
		add_line(lines, kind, hash, at);
	}
	words_free(&seen);
}

enum seal_status budget_validation(const struct store *s, const char *ca_url,
				   const struct words *names, enum budget_force force,
				   struct story *story)
{
	scoped(budget_close) struct budget b;
	scoped(buf_free) struct buf lines = { 0 };
	char hash[HASH_LEN + 1];
	enum seal_status st = budget_open(&b, s, ca_url, story);

	for (size_t i = 0; i < names->n && !st; i++) {
		hash_of(ca_url, bare(names->at[i]), hash);
		st = judge(&b, validation_limits, COUNT(validation_limits), hash, force,
			   names->at[i], story);
	}
	if (st || !names->n)
		return st;
	add_names(&lines, KIND_VALIDATION, ca_url, names, b.now);
	return keep(&b, &lines, DURABLE, story);
}

void budget_validated(const struct store *s, const char *ca_url, const struct words *names)
{
	scoped(buf_free) struct buf lines = { 0 };

	add_names(&lines, KIND_VALIDATED, ca_url, names, clock_wall());
	note(s, ca_url, &lines, NOT_DURABLE);
}

enum seal_status budget_account(const struct store *s, const char *ca_url, enum budget_force force,
				struct story *story)
{
	scoped(budget_close) struct budget b;
	scoped(buf_free) struct buf line = { 0 };
	char hash[HASH_LEN + 1];
	enum seal_status st = budget_open(&b, s, ca_url, story);

	hash_of(ca_url, NULL, hash);
	if (!st)
		st = judge(&b, account_limits, COUNT(account_limits), hash, force, ca_url, story);
	if (st)
		return st;
	add_line(&line, KIND_ACCOUNT, hash, b.now);
	return keep(&b, &line, DURABLE, story);
}

void budget_wait(const struct store *s, const char *ca_url, const struct words *names,
		 int64_t until)
{
	scoped(buf_free) struct buf line = { 0 };
	char set[HASH_LEN + 1];
	int64_t now = clock_wall();

	if (until <= now)
		return;
	hash_of_set(ca_url, names, set);
	add_line(&line, KIND_WAIT, set, until < now + WEEK_S ? until : now + WEEK_S);
	note(s, ca_url, &line, DURABLE);
}

enum seal_status budget_peace(const struct store *s, const char *ca_url, struct story *story)
{
	scoped(budget_close) struct budget b;
	char ca[HASH_LEN + 1];
	enum seal_status st = budget_read(&b, s, story);

	hash_of(ca_url, NULL, ca);
	return st ? st : judge_peace(&b, ca_url, ca, ca_url, story);
}

/* The least that is left of a limit among the names, or of their set. */
static unsigned left_of(const struct budget *b, const struct limit *l, const char *ca_url,
			const struct words *names)
{
	unsigned max = l->max[BUDGET_USUAL], least = max;
	char hash[HASH_LEN + 1];

	for (size_t i = 0; i < names->n; i++) {
		if (l->kind == KIND_ORDER)
			hash_of_set(ca_url, names, hash);
		else
			hash_of(ca_url, bare(names->at[i]), hash);
		scoped(tally_free) struct tally t = tally(b, l, hash);
		unsigned left = t.n < max ? max - (unsigned)t.n : 0;
		least = left < least ? left : least;
		if (l->kind == KIND_ORDER)
			break;
	}
	return least;
}

char *budget_left(const struct store *s, const char *ca_url, const struct words *names)
{
	scoped(budget_close) struct budget b;
	const struct limit *order = &order_limits[0], *day = &validation_limits[1];
	const struct limit *month = &validation_limits[2];
	struct story story = { 0 };

	if (budget_read(&b, s, &story))
		return str_copy("not known");
	if (is_own_ca(ca_url))
		return str_printf("%u of %u %s", left_of(&b, month, ca_url, names),
				  month->max[BUDGET_USUAL], month->what);
	return str_printf("%u of %u %s, %u of %u %s", left_of(&b, order, ca_url, names),
			  order->max[BUDGET_USUAL], order->what, left_of(&b, day, ca_url, names),
			  day->max[BUDGET_USUAL], day->what);
}
