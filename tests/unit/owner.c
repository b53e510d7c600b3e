/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Root in a state directory of the units' user. */
#include "config.h"

#include "base/owner.h"
#include "store/store.h"

#include "tap.h"
#include "temp.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER 64123 /* in nobody's /etc/passwd */

static const char *dir;

static char *at(const char *name)
{
	return str_printf("%s/%s", dir, name);
}

static unsigned owner_of(const char *name)
{
	scoped(free_p) char *path = at(name);
	struct stat st = { .st_uid = 999999 };

	(void)lstat(path, &st);
	return st.st_uid;
}

static void write_secret(void)
{
	struct story story = { 0 };
	scoped(free_p) char *path = at("roots");

	ok(!file_create(path, "secret", 6, 0600, (gid_t)-1, &story), "a file of root's");
}

static void what_is_made_is_the_users(const struct store *s)
{
	struct story story = { 0 };
	struct lock lock = LOCK_NONE;
	scoped(free_p) char *path = store_path(s, "certs/a/state.json");
	scoped(free_p) char *folder = store_path(s, "certs/a");

	ok(!dir_make(folder, 0750, &story) && !file_replace(path, "{}", 2, 0600, &story),
	   "files are made");
	ok(owner_of("state/certs/a") == USER, "the folder is the user's");
	ok(owner_of("state/certs/a/state.json") == USER, "the file is the user's");
	ok(!store_lock_cert(s, "a", 0, &lock, &story), "a lock is taken");
	ok(owner_of("state/locks") == USER, "the locks are the user's");
	lock_drop(&lock);
}

static void links_lead_nowhere(const struct store *s)
{
	struct story story = { 0 };
	scoped(buf_free) struct buf text = { 0 };
	scoped(free_p) char *target = at("roots");
	scoped(free_p) char *link = store_path(s, "certs/a/cert.pem");

	ok(!symlink(target, link), "the user's link to a file of root's");
	ok(file_read(link, 100, &text, &story) == SEAL_ESTORAGE && !text.len, "is not read: %s",
	   story.text);
}

static void *make_from_thread(void *store)
{
	struct story story = { 0 };
	scoped(free_p) char *path = store_path(store, "certs/a/thread");

	return file_create(path, "", 0, 0600, (gid_t)-1, &story) ? store : NULL;
}

static void threads_are_the_user_too(struct store *s)
{
	pthread_t t;
	void *bad = s;

	ok(!pthread_create(&t, NULL, make_from_thread, s) && !pthread_join(t, &bad) && !bad,
	   "a thread makes a file");
	ok(owner_of("state/certs/a/thread") == USER, "it is the user's");
}

static void outside_root_is_root(void)
{
	struct story story = { 0 };
	scoped(free_p) char *path = at("outside"), *denied = at("denied");
	{
		scoped(owner_back) struct owner_self self = owner_self();
		ok(!file_create(path, "", 0, 0600, (gid_t)-1, &story), "root may write there");
	}
	ok(owner_of("outside") == 0, "the file is root's");
	ok(file_create(denied, "", 0, 0600, (gid_t)-1, &story), "after it, not any more");
}

int main(void)
{
	struct store s = { 0 };
	struct story story = { 0 };

	if (geteuid()) {
		printf("1..0 # SKIP only root can work as somebody else\n");
		return 0;
	}
	dir = temp_make();
	scoped(free_p) char *state = at("state");
	ok(!chmod(dir, 0755) && !mkdir(state, 0711) && !chown(state, USER, USER),
	   "a state directory of a user's");
	write_secret();
	ok(!store_open(&s, state, &story), "root opens it: %s", story.text);
	what_is_made_is_the_users(&s);
	links_lead_nowhere(&s);
	threads_are_the_user_too(&s);
	outside_root_is_root();
	ok(!owner_become(0, 0, &story) && !owner_become(USER, USER, &story), "twice is once");
	store_close(&s);
	owner_back(&(struct owner_self){ 0, 0 }); /* so that the folder can be removed */
	return done();
}
