/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "../tap.h"
#include "../temp.h"
#include "store/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct store store;
static struct story story;

static enum seal_status put(enum journal_op op, const char *cert, const char *value, const char *id)
{
	struct journal_entry e = {
		.cert = (char *)(uintptr_t)cert, .login = (char *)(uintptr_t)"bind",
		.zone = (char *)(uintptr_t)"example.org",
		.owner = (char *)(uintptr_t)"_acme-challenge.example.org",
		.type = (char *)(uintptr_t)"TXT", .value = (char *)(uintptr_t)value,
		.id = (char *)(uintptr_t)id, .ttl = 60 };

	return journal_write(&store, op, &e, 1, &story);
}

static size_t n_open(const char *cert)
{
	struct journal j;

	if (journal_read(&store, cert, &j, &story))
		return 999;
	size_t n = j.n;
	journal_free(&j);
	return n;
}

static void append(const char *text)
{
	scoped(free_p) char *path = store_path(&store, "journal/changes.log");
	scoped(fd_p) int fd = open(path, O_WRONLY | O_APPEND);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "a crash left: %.20s", text);
}

static void what_is_planned_is_open_until_it_is_gone(void)
{
	ok(n_open(NULL) == 0, "nothing at first");
	ok(!put(JOURNAL_PLAN, "a", "one", NULL) && !put(JOURNAL_PLAN, "a", "two", NULL), "two planned");
	ok(!put(JOURNAL_PLAN, "b", "one", NULL), "the same value for another certificate");
	ok(n_open(NULL) == 3 && n_open("a") == 2 && n_open("b") == 1, "all are open");
	ok(!put(JOURNAL_MADE, "a", "one", "id7") && n_open("a") == 2, "made is still open");
	ok(!put(JOURNAL_GONE, "a", "one", NULL) && n_open("a") == 1 && n_open("b") == 1,
	   "gone is gone, for that certificate only");
}

static void the_providers_handle_is_remembered(void)
{
	struct journal j;

	ok(!put(JOURNAL_MADE, "a", "two", "id8") && !put(JOURNAL_PLAN, "a", "two", NULL),
	   "made with a handle, planned again");
	ok(!journal_read(&store, "a", &j, &story) && j.n == 1, "one entry");
	is(j.n ? j.at[0].id : NULL, "id8", "it still has its handle");
	is(j.n ? j.at[0].owner : NULL, "_acme-challenge.example.org", "and its owner");
	journal_free(&j);
}

static void a_handle_may_have_anything_in_it(void)
{
	static const char *const ids[] = { "60 \"a b\"\t", "100%", "%20", "-", "%", "%4", "a%zz" };

	for (size_t i = 0; i < COUNT(ids); i++) {
		struct journal j;
		ok(!put(JOURNAL_MADE, "ids", "v", ids[i]), "written: %s", ids[i]);
		ok(!journal_read(&store, "ids", &j, &story) && j.n == 1, "read: %s", story.text);
		is(j.n ? j.at[0].id : NULL, ids[i], "as it was");
		journal_free(&j);
	}
	ok(!put(JOURNAL_GONE, "ids", "v", NULL), "gone");
}

static void a_torn_last_line_is_ignored_and_mended(void)
{
	append("1700000000 plan a bind exam");
	ok(n_open("a") == 1, "the reader ignores it");
	ok(!put(JOURNAL_PLAN, "a", "three", NULL), "the writer goes on");
	ok(n_open("a") == 2, "and nothing is damaged");
}

static off_t size(void)
{
	scoped(free_p) char *path = store_path(&store, "journal/changes.log");
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

/* Years of one record that cannot be taken out, and others that come and go. */
static void what_is_open_does_not_keep_the_rest(void)
{
	size_t before = n_open(NULL);
	off_t most = 0;

	ok(!put(JOURNAL_MADE, "stuck", "stays", "id 9"), "one stays");
	for (unsigned i = 0; i < 3000; i++) {
		scoped(free_p) char *value = str_printf("v%u", i);
		if (put(JOURNAL_PLAN, "c", value, NULL) || put(JOURNAL_GONE, "c", value, NULL))
			ok(false, "%s", story.text);
		most = size() > most ? size() : most;
	}
	ok(most < 70000, "the file stays small: %ld", (long)most);
	ok(n_open(NULL) == before + 1 && n_open("stuck") == 1, "what is open is in it");
	struct journal j;
	ok(!journal_read(&store, "stuck", &j, &story) && j.n == 1, "%s", story.text);
	is(j.n ? j.at[0].id : NULL, "id 9", "with its handle");
	ok(j.n && j.at[0].op == JOURNAL_MADE && j.at[0].time, "and its step");
	journal_free(&j);
	ok(!put(JOURNAL_GONE, "stuck", "stays", NULL) && n_open("stuck") == 0, "and can be taken out");
}

static void a_glance_sees_every_change(void)
{
	struct journal_glance g = { 0 };

	ok(!journal_has(&store, &g, "seen"), "none");
	ok(!put(JOURNAL_PLAN, "seen", "v", NULL) && journal_has(&store, &g, "seen"), "one more");
	ok(journal_has(&store, &g, "seen") && !journal_has(&store, &g, "other"), "as before");
	ok(!put(JOURNAL_GONE, "seen", "v", NULL) && !journal_has(&store, &g, "seen"), "gone");
	journal_glance_free(&g);
}

static void damage_in_the_middle_stops_everything(void)
{
	append("1700000000 plan a bind example.org o TXT v 60 - 00000000\n");
	ok(n_open("a") == 2, "a bad last line counts as torn");
	append("1700000000 plan a bind example.org o TXT v 60 - 00000000\n");
	ok(n_open("a") == 999 && story.st == SEAL_ESTORAGE, "but not one with lines behind it");
	struct journal_glance g = { 0 };
	ok(journal_has(&store, &g, "any"), "and a glance leads to a look");
	journal_glance_free(&g);
	ok(strstr(story.text, "changes.log:") != NULL, "the sentence names the line: %s", story.text);
}

int main(void)
{
	if (store_open(&store, temp_make(), &story))
		return 99;
	what_is_planned_is_open_until_it_is_gone();
	the_providers_handle_is_remembered();
	a_handle_may_have_anything_in_it();
	a_torn_last_line_is_ignored_and_mended();
	what_is_open_does_not_keep_the_rest();
	a_glance_sees_every_change();
	damage_in_the_middle_stops_everything();
	store_close(&store);
	return done();
}
