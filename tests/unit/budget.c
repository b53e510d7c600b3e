/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/clock.h"
#include "store/budget.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CA "https://acme.ca.net/dir"
#define HOUR_S 3600
#define DAY_S 86400
#define NOW 1800000000

static struct store store;
static struct story story;
static struct words names, swapped, others;

static void forget_all(void)
{
	scoped(free_p) char *path = store_path(&store, "limits.json");

	unlink(path);
	clock_own(NOW, 1);
	story_clear(&story);
}

static void pass(int64_t s)
{
	clock_advance(s * 1000);
}

static enum seal_status order(enum budget_force force)
{
	return budget_order(&store, CA, &names, force, &story);
}

static enum seal_status validation(enum budget_force force)
{
	return budget_validation(&store, CA, &names, force, &story);
}

static void orders_of_one_set(void)
{
	forget_all();
	ok(!order(BUDGET_USUAL), "first");
	pass(HOUR_S);
	ok(!order(BUDGET_USUAL) && !order(BUDGET_USUAL), "second and third");
	ok(order(BUDGET_USUAL) == SEAL_ELIMIT, "not the fourth: %s", story.text);
	ok(strstr(story.text, "a.example") && strstr(story.text, "3 orders"), "which says why");
	ok(story.retry_at == NOW + 7 * DAY_S, "and until when");
	ok(budget_order(&store, CA, &swapped, BUDGET_USUAL, &story) == SEAL_ELIMIT,
	   "the same names in another order are the same set");
	ok(!budget_order(&store, CA, &others, BUDGET_USUAL, &story), "other names are not");
	ok(!budget_order(&store, "https://acme.two.net", &names, BUDGET_USUAL, &story),
	   "nor is another CA");
	ok(!order(BUDGET_NAMED) && !order(BUDGET_URGENT), "five when it must be");
	ok(order(BUDGET_FORCED) == SEAL_ELIMIT && order(BUDGET_NAMED) == SEAL_ELIMIT &&
		   order(BUDGET_URGENT) == SEAL_ELIMIT,
	   "not six: %s", story.text);
	pass(7 * DAY_S);
	ok(!order(BUDGET_USUAL), "after seven days");
}

static void an_order_that_came_to_nothing(void)
{
	forget_all();
	for (int i = 0; i < 9; i++) {
		if (order(BUDGET_USUAL))
			break;
		budget_order_void(&store, CA, &names);
	}
	ok(!story.st && !order(BUDGET_USUAL), "does not count as one: %s", story.text);
	ok(order(BUDGET_USUAL) == SEAL_ELIMIT && story.retry_at == NOW + DAY_S,
	   "but ten a day are enough: %s", story.text);
}

static void failed_validations(void)
{
	unsigned n = 0;

	forget_all();
	ok(!validation(BUDGET_USUAL) && !validation(BUDGET_USUAL) && !validation(BUDGET_USUAL),
	   "three in an hour");
	ok(validation(BUDGET_FORCED) == SEAL_ELIMIT && story.retry_at == NOW + HOUR_S,
	   "not four, whoever asks: %s", story.text);
	for (int hour = 0; hour < 23; hour++) {
		pass(HOUR_S);
		n += !validation(BUDGET_USUAL);
	}
	ok(n == 7, "ten in a day: %u more", n);
	budget_validated(&store, CA, &names);
	ok(!validation(BUDGET_USUAL), "a success makes them forgotten");

	forget_all();
	for (n = 0; clock_wall() < NOW + 30 * DAY_S; pass(HOUR_S))
		n += !validation(BUDGET_USUAL);
	ok(n == 35, "thirty-five in 30 days: %u", n);
	pass(-2 * HOUR_S);
	ok(validation(BUDGET_USUAL) && validation(BUDGET_NAMED) && validation(BUDGET_SHORT) &&
		   validation(BUDGET_URGENT),
	   "no more, whoever asks: %s", story.text);
	ok(strstr(story.hint, "--force") && !validation(BUDGET_FORCED), "but with --force");
}

static void a_wildcard_and_its_base(void)
{
	scoped(words_free) struct words pair = { 0 }, base = { 0 };

	forget_all();
	words_split(&pair, "a.example *.a.example");
	words_split(&base, "a.example");
	for (int i = 0; i < 3; i++)
		if (budget_validation(&store, CA, &pair, BUDGET_USUAL, &story))
			break;
	ok(!story.st, "are one name, spent once: %s", story.text);
	ok(budget_validation(&store, CA, &base, BUDGET_USUAL, &story) == SEAL_ELIMIT,
	   "and counted together");
}

static void accounts(void)
{
	forget_all();
	ok(!budget_account(&store, CA, BUDGET_USUAL, &story), "one a day");
	ok(budget_account(&store, CA, BUDGET_USUAL, &story) == SEAL_ELIMIT, "not two: %s",
	   story.text);
	ok(!budget_account(&store, CA, BUDGET_FORCED, &story), "unless an operator asks");
	ok(!budget_account(&store, "https://acme.two.net", BUDGET_USUAL, &story), "one at each CA");
}

static void the_ca_says_when(void)
{
	forget_all();
	budget_wait(&store, CA, &names, NOW + HOUR_S);
	ok(order(BUDGET_FORCED) == SEAL_ELIMIT && story.retry_at == NOW + HOUR_S,
	   "for these names: %s", story.text);
	ok(!budget_order(&store, CA, &others, BUDGET_USUAL, &story), "others may");
	ok(!budget_peace(&store, CA, &story), "and other questions");
	budget_wait(&store, CA, NULL, NOW + 2 * HOUR_S);
	ok(budget_peace(&store, CA, &story) == SEAL_ELIMIT && story.retry_at == NOW + 2 * HOUR_S,
	   "for everything: %s", story.text);
	ok(budget_order(&store, CA, &others, BUDGET_USUAL, &story) == SEAL_ELIMIT &&
		   story.retry_at == NOW + 2 * HOUR_S,
	   "for all: %s", story.text);
	pass(2 * HOUR_S);
	ok(!order(BUDGET_USUAL) && !budget_peace(&store, CA, &story), "and no longer");
	budget_wait(&store, CA, NULL, clock_wall() + 400 * DAY_S);
	ok(order(BUDGET_USUAL) && story.retry_at <= clock_wall() + 7 * DAY_S, "seven days at most");
}

static void short_lives_and_own_cas(void)
{
	static const char *const own[] = { "https://127.0.0.1:14000/dir", "https://[::1]:14000/dir",
					   "https://pebble/dir", "https://ca.corp.internal/acme",
					   "https://CA.Test:443/dir" };
	unsigned n = 0;
	static const char *const public[] = { "https://10.example.net/d", "https://a.test.org/d",
					      "https://acme.test.org:443/d" };
	bool good = true;

	forget_all();
	for (int i = 0; i < 20; i++)
		good = good && !order(BUDGET_SHORT);
	ok(good, "of short certificates twenty may be ordered");
	for (size_t i = 0; i < COUNT(own); i++) {
		good = true;
		for (int k = 0; k < 20; k++)
			good = good &&
			       !budget_order(&store, own[i], &names, BUDGET_USUAL, &story) &&
			       !budget_validation(&store, own[i], &names, BUDGET_USUAL, &story) &&
			       !budget_account(&store, own[i], BUDGET_USUAL, &story);
		ok(good, "%s is one's own", own[i]);
	}
	for (int i = 0; i < 100; i++)
		n += !budget_validation(&store, own[0], &names, BUDGET_URGENT, &story);
	ok(n == 15, "thirty-five failed validations are enough there too: %u more", n);
	budget_wait(&store, own[0], NULL, NOW + HOUR_S);
	ok(budget_order(&store, own[0], &names, BUDGET_USUAL, &story) == SEAL_ELIMIT,
	   "what it tells counts: %s", story.text);
	for (size_t i = 0; i < COUNT(public); i++) {
		for (int k = 0; k < 3; k++)
			good = good &&
			       !budget_order(&store, public[i], &names, BUDGET_USUAL, &story);
		ok(good && budget_order(&store, public[i], &names, BUDGET_USUAL, &story),
		   "%s is not", public[i]);
	}
}

static void read_file(const char *path, struct buf *ret)
{
	*ret = (struct buf){ .max = 1 << 20 };
	if (file_read(path, 1 << 20, ret, &story))
		exit(99);
}

static void a_json_array(void)
{
	scoped(free_p) char *path = store_path(&store, "limits.json");
	scoped(json_put_p) struct json_object *list = NULL;
	struct buf text;
	struct stat st;

	forget_all();
	for (int i = 0; i < 3; i++)
		if (order(BUDGET_USUAL) || validation(BUDGET_USUAL))
			ok(false, "%s", story.text);
	read_file(path, &text);
	ok(!json_read(text.data, text.len, path, &list, &story) &&
		   json_object_array_length(list) == 9,
	   "the file is a JSON array: %s", story.text);
	ok(!stat(path, &st) && (st.st_mode & 07777) == 0600, "and ours alone");
	buf_free(&text);
}

/* Cut off after any octet: what was there before the last entry counts. */
static void a_damaged_file(void)
{
	scoped(free_p) char *path = store_path(&store, "limits.json");
	struct buf text;
	unsigned good = 0, n = 0;

	forget_all();
	if (order(BUDGET_USUAL) || order(BUDGET_USUAL) || order(BUDGET_USUAL))
		ok(false, "%s", story.text);
	read_file(path, &text);
	for (size_t len = 0; len < text.len; len++, n++) {
		if (file_replace(path, text.data, len, 0600, &story))
			exit(99);
		size_t whole = len / 41; /* behind "[\n" each has 39 and ",\n" */
		unsigned left = 3 - (unsigned)whole, may = 0;
		while (!order(BUDGET_USUAL))
			may++;
		good += may == left;
	}
	ok(good == n, "a file that was cut off: whole entries count, %u of %u", good, n);
	buf_free(&text);

	forget_all();
	if (order(BUDGET_USUAL) || order(BUDGET_USUAL))
		ok(false, "%s", story.text);
	FILE *f = fopen(path, "a");
	if (!f)
		exit(99);
	fputs("rubbish\n\"0000000000 o\"\n\"180000", f);
	fclose(f);
	ok(!order(BUDGET_USUAL), "torn lines are passed over");
	ok(order(BUDGET_USUAL) == SEAL_ELIMIT, "and the others count: %s", story.text);
	read_file(path, &text);
	ok(!strstr(buf_text(&text), "rubbish"), "and the file is whole again");
	buf_free(&text);
}

static void a_clock_that_was_wrong(void)
{
	forget_all();
	clock_own(NOW + 4000 * DAY_S, 1);
	for (int i = 0; i < 3; i++)
		if (order(BUDGET_USUAL))
			break;
	clock_own(NOW, 1);
	ok(!order(BUDGET_USUAL), "entries from the future do not count: %s", story.text);
}

static void the_file_does_not_grow_for_ever(void)
{
	scoped(free_p) char *path = store_path(&store, "limits.json");
	struct buf text = { 0 };
	struct stat st;

	forget_all();
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "\"%010d v 0123456789abcdef%08x\",\n", NOW - 31 * DAY_S, i);
	buf_printf(&text, "\"%010d v 0123456789abcdef01234567\"\n]\n", NOW);
	if (file_create(path, text.data, text.len, 0600, (gid_t)-1, &story))
		exit(99);
	buf_free(&text);
	ok(!order(BUDGET_USUAL) && !stat(path, &st) && st.st_size == 2 * 41 + 3,
	   "old entries go: %ld octets", (long)st.st_size);
	ok(!order(BUDGET_USUAL) && !order(BUDGET_USUAL) && order(BUDGET_USUAL) == SEAL_ELIMIT,
	   "and nothing is forgotten by it");
}

/* Many processes at once: no more than the limit. */
static void at_once(void)
{
	int n = 0, status;

	forget_all();
	for (int i = 0; i < 8; i++)
		if (!fork())
			_exit(order(BUDGET_USUAL) == SEAL_OK ? 7 : 0);
	while (wait(&status) > 0)
		n += WIFEXITED(status) && WEXITSTATUS(status) == 7;
	ok(n == 3, "of eight processes three may: %d", n);
}

static void what_is_left(void)
{
	forget_all();
	scoped(free_p) char *before = budget_left(&store, CA, &names);
	is(before, "3 of 3 orders for these names in 7 days, 10 of 10 failed validations a day",
	   "all of it");
	ok(!order(BUDGET_USUAL) && !validation(BUDGET_USUAL), "one is spent");
	scoped(free_p) char *after = budget_left(&store, CA, &names);
	is(after, "2 of 3 orders for these names in 7 days, 9 of 10 failed validations a day",
	   "less");
	ok(!budget_validation(&store, "https://pebble/dir", &names, BUDGET_USUAL, &story), "own");
	scoped(free_p) char *own = budget_left(&store, "https://pebble/dir", &names);
	is(own, "34 of 35 failed validations in 30 days", "of a CA of one's own");
}

static void no_disk(void)
{
	struct store nowhere = { .dir = (char[]){ "/nowhere/at/all" } };

	forget_all();
	ok(budget_order(&nowhere, CA, &names, BUDGET_USUAL, &story) == SEAL_ESTORAGE,
	   "what cannot be written down is not spent: %s", story.text);
	budget_order_void(&nowhere, CA, &names);
}

int main(void)
{
	if (store_open(&store, temp_make(), &story))
		exit(99);
	words_split(&names, "a.example b.example");
	words_split(&swapped, "b.example a.example");
	words_split(&others, "a.example");
	orders_of_one_set();
	an_order_that_came_to_nothing();
	failed_validations();
	a_wildcard_and_its_base();
	accounts();
	the_ca_says_when();
	short_lives_and_own_cas();
	a_json_array();
	a_damaged_file();
	a_clock_that_was_wrong();
	the_file_does_not_grow_for_ever();
	at_once();
	what_is_left();
	no_disk();
	words_free(&names);
	words_free(&swapped);
	words_free(&others);
	store_close(&store);
	return done();
}
