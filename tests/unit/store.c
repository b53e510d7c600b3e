/* links: chains */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "../chains.h"
#include "../tap.h"
#include "../temp.h"
#include "base/clock.h"
#include "store/generation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

static const char *dir;
static struct store store;
static struct story story;
static struct test_ca *ca;

static struct key *new_key(void)
{
	struct key *k = NULL;

	if (key_new(KEY_ECDSA_P256, &k, &story))
		exit(99);
	return k;
}

static void new_chain(const struct key *key, struct chain *ret)
{
	struct recipe r = { .key = key,
			    .names = "example.org *.example.org",
			    .from = clock_wall() - 60,
			    .until = clock_wall() + 90 * 86400 };
	scoped(free_p) char *pem = test_ca_issue(ca, &r);

	if (chain_read(pem, strlen(pem), ret, &story))
		exit(99);
}

static enum seal_status install(const struct key *key, unsigned *ret_generation)
{
	scoped(chain_free) struct chain chain = { 0 };
	scoped(json_put_p) struct json_object *meta = json_object_new_object();

	new_chain(key, &chain);
	json_object_object_add(meta, "key_type", json_object_new_string("ecdsa-p256"));
	json_object_object_add(meta, "order", json_object_new_string("https://ca.test/order/1"));
	struct install in = { .cert = "mail", .key = key, .chain = &chain, .meta = meta, .keep = 3 };
	enum seal_status st = store_install(&store, &in, &story);
	if (!st)
		*ret_generation = in.ret_generation;
	free(in.ret_dir);
	return st;
}

static unsigned mode_of(const char *name)
{
	scoped(free_p) char *path = store_path(&store, "certs/mail/%s", name);
	struct stat st;

	return stat(path, &st) ? 0 : (unsigned)(st.st_mode & 07777);
}

static void begin_order(const struct key *key, const char *url)
{
	struct order_file f = { .key = (struct key *)(uintptr_t)key };
	struct words names = { 0 };

	words_split(&names, "example.org *.example.org");
	ok(!csr_make(key, &names, &f.csr, &story) && !order_file_begin(&store, "mail", &f, &story),
	   "key and request are safe before anything is asked: %s", story.text);
	f.ca = str_copy("https://ca.test/dir");
	f.url = str_copy(url);
	f.names = names;
	ok(!order_file_save(&store, "mail", &f, &story), "and the order once it is known");
	f.key = NULL;
	order_file_free(&f);
}

static void an_order_in_flight_survives(const struct key *key)
{
	struct order_file f = { 0 };
	uint8_t a[32], b[32];

	begin_order(key, "https://ca.test/order/1");
	ok(mode_of("order") == 0700 && mode_of("order/privkey.pem") == 0600, "for our eyes only");
	ok(!order_file_load(&store, "mail", &f, &story), "it is read back");
	is(f.url, "https://ca.test/order/1", "its URL");
	ok(f.names.n == 2 && words_has(&f.names, "*.example.org"), "its names");
	ok(!key_spki_hash(f.key, a, &story) && !key_spki_hash(key, b, &story) && !memcmp(a, b, 32),
	   "its key");
	order_file_free(&f);
}

static void a_pair_becomes_live_at_once(const struct key *key)
{
	struct live live;
	unsigned n = 0;

	ok(!install(key, &n) && n == 1, "the first generation: %s", story.text);
	ok(!live_read(&store, "mail", &live, &story) && live.exists && live.generation == 1,
	   "is live");
	ok(live.key == KEY_ECDSA_P256 && chain_has_key(&live.chain, key), "with its key");
	live_free(&live);
	ok(mode_of("live/privkey.pem") == 0600 && mode_of("live/keyfull.pem") == 0600 &&
		   mode_of("live/fullchain.pem") == 0644 && mode_of("gen-000001") == 0750,
	   "modes are right");
	ok(mode_of("order") == 0, "the order in flight is gone");
}

static void an_orphan_number_is_not_used_again(void)
{
	scoped(key_free_p) struct key *key = new_key();
	scoped(free_p) char *orphan = store_path(&store, "certs/mail/gen-000007");
	unsigned n = 0;

	ok(!mkdir(orphan, 0700), "a crash left gen-000007");
	ok(!install(key, &n) && n == 8, "the next one is gen-000008");
}

static void repair_mends_what_a_crash_leaves(void)
{
	scoped(free_p) char *live = store_path(&store, "certs/mail/live");
	scoped(free_p) char *half = store_path(&store, "certs/mail/gen-000009.tmp");
	scoped(repair_free) struct repair repair = { 0 };

	ok(!unlink(live) && !mkdir(half, 0700), "no live link, and half a generation");
	ok(!store_repair(&store, "mail", &repair, &story), "repaired");
	ok(generation_live(&store, "mail") == 8, "live is the newest complete one");
	ok(repair.note.len && strstr(repair.note.data, "generation 8"), "and it is said: %s",
	   buf_text(&repair.note));
	ok(mode_of("gen-000009.tmp") == 0, "the half is gone");
}

static void repair_drops_an_order_that_is_over(const struct key *key)
{
	scoped(repair_free) struct repair repair = { 0 };

	begin_order(key, "https://ca.test/order/2");
	ok(!store_repair(&store, "mail", &repair, &story) && mode_of("order/order.json"),
	   "a new order stays");
	begin_order(key, "https://ca.test/order/1");
	ok(!store_repair(&store, "mail", &repair, &story) && !mode_of("order"),
	   "that of the live certificate goes");
}

static void old_generations_are_pruned_but_not_young_ones(void)
{
	scoped(key_free_p) struct key *key = new_key();
	scoped(free_p) char *first = store_path(&store, "certs/mail/gen-000001");
	struct utimbuf old = { clock_wall() - 8 * 86400, clock_wall() - 8 * 86400 };
	unsigned n;

	ok(!install(key, &n) && mode_of("gen-000001"), "younger than 7 days: it stays");
	ok(!utime(first, &old) && !install(key, &n) && !mode_of("gen-000001"), "older: it goes");
	ok(mode_of("gen-000008") != 0, "three old ones stay");
}

static void a_state_directory_that_others_may_write_is_refused(void)
{
	struct store other = { 0 };

	ok(!chmod(dir, 0777) && store_open(&other, dir, &story) == SEAL_ESTORAGE, "refused: %s",
	   story.text);
	ok(strstr(story.hint, "chmod") != NULL, "with the remedy: %s", story.hint);
	chmod(dir, 0711);
}

static void names_of_certificates_are_checked(void)
{
	static const char *const good[] = { "mail", "example.org", "a-b_c.1" };
	static const char *const bad[] = { "", ".", "..", "a/b", "Mail", "a..b", "-a", "*.x", "a b" };

	for (size_t i = 0; i < COUNT(good); i++)
		ok(cert_name_ok(good[i]), "'%s' is one", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(!cert_name_ok(bad[i]), "'%s' is none", bad[i]);
}

int main(void)
{
	dir = temp_make();
	if (store_open(&store, dir, &story))
		return 99;
	ca = test_ca_new(clock_wall());
	scoped(key_free_p) struct key *key = new_key();

	an_order_in_flight_survives(key);
	a_pair_becomes_live_at_once(key);
	an_orphan_number_is_not_used_again();
	repair_mends_what_a_crash_leaves();
	repair_drops_an_order_that_is_over(key);
	old_generations_are_pruned_but_not_young_ones();
	a_state_directory_that_others_may_write_is_refused();
	names_of_certificates_are_checked();

	store_close(&store);
	test_ca_free(ca);
	return done();
}
