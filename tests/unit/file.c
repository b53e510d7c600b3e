/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/tap.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct story story;
static char dir[] = "/tmp/dnseal-test-XXXXXX";

/* DIR/name; lives until the fourth call after. */
static const char *at(const char *name)
{
	static char paths[4][256];
	static unsigned n;
	char *path = paths[n++ % 4];

	snprintf(path, sizeof(*paths), "%s/%s", dir, name);
	return path;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_mode & 07777;
}

static const char *content(const char *path)
{
	static struct buf b;

	buf_clear(&b);
	return file_read(path, 1000, &b, &story) ? NULL : buf_text(&b);
}

static enum seal_status create(const char *path, const char *text, mode_t mode)
{
	return file_create(path, text, strlen(text), mode, (gid_t)-1, &story);
}

static void a_file_is_made_with_mode_and_content(void)
{
	mode_t old = umask(0277);

	ok(!create(at("key"), "secret", 0640), "made %s", story.text);
	umask(old);
	ok(mode_of(at("key")) == 0640, "exact mode, whatever the umask");
	is(content(at("key")), "secret", "content");
	ok(create(at("key"), "other", 0600) == SEAL_ESTORAGE, "never twice");
	scoped(free_p) char *want = str_printf("cannot create %s: File exists", at("key"));
	is(story.text, want, "with a sentence");
	is(content(at("key")), "secret", "the first one stays");
	ok(!file_create(at("empty"), "", 0, 0600, getgid(), &story), "empty, with a group");
	is(content(at("empty")), "", "and read");
	ok(!symlink("nowhere", at("link")) && create(at("link"), "x", 0600) == SEAL_ESTORAGE,
	   "not through a link");
}

static void reading_is_bounded(void)
{
	struct buf b = { 0 };

	buf_str(&b, "before");
	ok(!create(at("ten"), "0123456789", 0600) && !file_read(at("ten"), 10, &b, &story) &&
	           b.len == 10,
	   "ten of ten, what was in the buffer is gone");
	ok(file_read(at("ten"), 9, &b, &story) == SEAL_EINVAL && !b.len, "ten of nine");
	scoped(free_p) char *want = str_printf("%s is longer than 9 octets", at("ten"));
	is(story.text, want, "with a sentence");
	ok(file_read_any("/dev/zero", 100000, &b, &story) == SEAL_EINVAL && !b.len, "endless");
	ok(file_read(at("none"), 10, &b, &story) == SEAL_ENOTFOUND, "%s", story.text);
	ok(file_read(dir, 10, &b, &story) == SEAL_ESTORAGE, "%s", story.text);
	buf_free(&b);
	scoped(free_p) char *big = mem_new(100001);
	memset(big, 'x', 100000);
	ok(!create(at("big"), big, 0600) && !file_read(at("big"), 100000, &b, &story) &&
	           b.len == 100000,
	   "in many pieces");
	buf_free(&b);
}

static void a_pipe_is_read_where_it_may_be_one(void)
{
	scoped(free_p) char *path = str_copy(at("pipe"));
	struct buf b = { 0 };
	struct stat info;

	ok(!mkfifo(path, 0600) && file_read(path, 10, &b, &story) == SEAL_ESTORAGE &&
	           strstr(story.text, "no regular file"),
	   "nobody writes, and we do not wait: %s", story.text);
	int fd = open(path, O_RDWR);
	ok(fd >= 0 && write(fd, "x", 1) == 1, "somebody does");
	ok(file_read(path, 10, &b, &story) == SEAL_ESTORAGE && !b.len, "nor is that read");
	int writer = open(path, O_WRONLY);
	pid_t child = fork();
	if (!child) {
		close(fd);
		poll(NULL, 0, 200);
		_exit(write(writer, "yz", 2) != 2);
	}
	close(fd);
	close(writer);
	ok(!file_read_any(path, 10, &b, &story) && !strcmp(buf_text(&b), "xyz"),
	   "where an operator names it, up to its end: %s", buf_text(&b));
	waitpid(child, NULL, 0);
	ok(!stat(path, &info) && !unlink(path), "gone");
	buf_free(&b);
}

static void a_replaced_file_is_whole(void)
{
	ok(!file_replace(at("state"), "one", 3, 0600, &story), "made");
	ok(!create(at("state.tmp"), "left over", 0600), "a run was cut short");
	ok(!file_replace(at("state"), "two", 3, 0644, &story), "replaced %s", story.text);
	is(content(at("state")), "two", "content");
	ok(mode_of(at("state")) == 0644 && !file_exists(at("state.tmp")),
	   "mode, nothing left over");
	ok(file_replace(at("none/state"), "x", 1, 0600, &story) == SEAL_ESTORAGE, "%s", story.text);
	ok(!mkdir(at("busy"), 0700) &&
	           file_replace(at("busy"), "x", 1, 0600, &story) == SEAL_ESTORAGE,
	   "%s", story.text);
	ok(!file_exists(at("busy.tmp")), "a failure leaves nothing behind");
}

static void a_failed_write_leaves_nothing(void)
{
	struct rlimit old, small = { 4096, RLIM_INFINITY };
	scoped(free_p) char *big = mem_new(10000);

	memset(big, 'x', 9999);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	enum seal_status made = create(at("huge"), big, 0600);
	scoped(free_p) char *want = str_printf("cannot write %s: File too large", at("huge"));
	is(story.text, want, "the sentence names path and reason");
	enum seal_status replaced = file_replace(at("state"), big, 9999, 0600, &story);
	setrlimit(RLIMIT_FSIZE, &old);
	ok(made == SEAL_ESTORAGE && !file_exists(at("huge")), "no half file");
	ok(replaced == SEAL_ESTORAGE && !file_exists(at("state.tmp")), "no half replacement");
	is(content(at("state")), "two", "what was there stays");
}

static void a_denied_one_has_a_hint(void)
{
	bool root = !geteuid();

	ok(!create(at("denied"), "x", 0), "a file for nobody");
	if (root && seteuid(65534)) /* root is never denied */
		return;
	ok(!content(at("denied")) && story.st == SEAL_ESTORAGE, "%s", story.text);
	ok(starts_with(story.hint, "run as the owner, or mend owner and mode: namei -l /"), "%s",
	   story.hint);
	if (root && seteuid(0))
		exit(1);
}

static bool put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	return f && fputs(text, f) >= 0 && !fclose(f);
}

/* A user namespace where we are root, unless we are already. */
static bool become_root(void)
{
	char users[32], groups[32];

	if (!geteuid())
		return true;
	snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	return !unshare(CLONE_NEWUSER) && put("/proc/self/uid_map", users) &&
	       put("/proc/self/setgroups", "deny") && put("/proc/self/gid_map", groups);
}

/* In a mount namespace of its own: 0 as it should be, 1 not, 2 no namespace to be had. */
static int fill_a_disk(void)
{
	char text[] = "cannot write /tmp/key: No space left on device";
	char tip[] = "free space or inodes on that file system: df -h /tmp/key; df -i /tmp/key";
	scoped(free_p) char *big = mem_new(100000);

	if (!become_root() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/tmp", "tmpfs", 0, "size=16k"))
		return 2;
	memset(big, 'x', 99999);
	bool bad = create("/tmp/key", big, 0600) != SEAL_ESTORAGE || strcmp(story.text, text) ||
	           strcmp(story.hint, tip) || file_exists("/tmp/key");
	return bad || create("/tmp/small", "x", 0600);
}

static void a_full_disk_has_a_hint(void)
{
	int status = 0;
	pid_t child = fork();

	if (!child)
		_exit(fill_a_disk());
	waitpid(child, &status, 0);
	if (WEXITSTATUS(status) == 2)
		ok(true, "a full disk # SKIP no mount namespace");
	else
		ok(!status, "a full disk is named, and nothing is left behind");
}

static void what_is_no_directory_is_told(void)
{
	struct lock l = LOCK_NONE;
	enum seal_status st = dir_make("/dev/full/x", 0700, &story);

	ok(st == SEAL_ESTORAGE && strstr(story.text, "Not a directory"), "%s", story.text);
	st = lock_take(&l, "/proc/dnseal.lock", 0, &story);
	ok(st == SEAL_ESTORAGE && l.fd < 0, "%s", story.text);
}

static void directories_are_made_with_their_parents(void)
{
	mode_t old = umask(077);

	ok(!dir_make(at("a/b/c"), 0750, &story), "made %s", story.text);
	umask(old);
	ok(mode_of(at("a")) == 0755 && mode_of(at("a/b")) == 0755, "parents for all");
	ok(mode_of(at("a/b/c")) == 0750, "itself as told");
	ok(!dir_make(at("a/b/c"), 0700, &story) && mode_of(at("a/b/c")) == 0750,
	   "an existing one stays as it is");
	ok(dir_make(at("ten"), 0700, &story) == SEAL_ESTORAGE, "%s", story.text);
	ok(dir_make(at("ten/x"), 0700, &story) == SEAL_ESTORAGE, "%s", story.text);
	ok(!dir_sync(at("a"), &story) && dir_sync(at("none"), &story) == SEAL_ESTORAGE, "%s",
	   story.text);
}

static void removal_never_follows_links(void)
{
	ok(!dir_make(at("out"), 0700, &story) && !create(at("out/keep"), "x", 0600), "outside");
	ok(!dir_make(at("gen/sub"), 0700, &story) && !create(at("gen/sub/f"), "x", 0600) &&
	           !create(at("gen/f"), "x", 0600) && !symlink("../out", at("gen/link")) &&
	           !symlink("../../out", at("gen/sub/link")),
	   "a tree");
	ok(!dir_remove(at("gen"), &story) && !file_exists(at("gen")), "removed %s", story.text);
	ok(file_exists(at("out/keep")), "what a link named stays");
	ok(!symlink("out", at("one")) && !dir_remove(at("one"), &story) &&
	           !file_exists(at("one")) && file_exists(at("out/keep")),
	   "a link itself");
	ok(!dir_remove(at("ten"), &story) && !file_exists(at("ten")), "a file");
	ok(!dir_remove(at("none"), &story), "absent is fine");
	ok(!dir_make(at("deep/b/c"), 0700, &story) &&
	           dir_remove(at("deep"), &story) == SEAL_ESTORAGE && file_exists(at("deep/b/c")),
	   "deeper than expected: %s", story.text);
}

static void a_lock_excludes_and_names_its_holder(void)
{
	struct lock a = LOCK_NONE, b = LOCK_NONE;
	char want[400];

	ok(!lock_take(&a, at("x.lock"), 0, &story) && a.fd >= 0, "taken");
	ok(mode_of(at("x.lock")) == 0600, "only ours to read");
	ok(lock_take(&b, at("x.lock"), 0, &story) == SEAL_ELOCKED && b.fd < 0, "not twice");
	snprintf(want, sizeof(want), "%s is locked by pid %ld (%s)", at("x.lock"), (long)getpid(),
	         program_invocation_short_name);
	is(story.text, want, "the sentence says by whom");
	ok(starts_with(b.holder, "pid "), "%s", b.holder);
	clock_own(0, 1);
	ok(lock_take(&b, at("x.lock"), 60, &story) == SEAL_ELOCKED,
	   "waiting ends, clock or no clock");
	lock_drop(&a);
	ok(a.fd < 0 && !lock_take(&b, at("x.lock"), 0, &story), "dropped and taken");
	lock_drop(&b);
	lock_drop(&b);
	ok(file_exists(at("x.lock")), "the file stays");
}

static void a_lock_is_waited_for(void)
{
	struct lock a = LOCK_NONE;
	int go[2];
	char c;

	if (pipe(go))
		return;
	pid_t child = fork();
	if (!child) {
		if (lock_take(&a, at("y.lock"), 0, &story) || write(go[1], "x", 1) != 1)
			_exit(1);
		poll(NULL, 0, 150);
		_exit(0); /* like a crash: nobody drops it but the kernel */
	}
	ok(read(go[0], &c, 1) == 1, "somebody holds it");
	ok(!lock_take(&a, at("y.lock"), 10000, &story), "taken when he is gone");
	lock_drop(&a);
	waitpid(child, NULL, 0);
	close(go[0]);
	close(go[1]);
}

static void foreign_words_in_a_lock_are_cleaned(void)
{
	struct lock a = LOCK_NONE, b = LOCK_NONE;

	ok(!lock_take(&a, at("z.lock"), 0, &story) &&
	           pwrite(a.fd, "\x1b[2Jevil\nmore", 12, 0) == 12 && !ftruncate(a.fd, 12),
	   "words");
	ok(lock_take(&b, at("z.lock"), 0, &story) == SEAL_ELOCKED, "held");
	is(b.holder, "\\x1B[2Jevil", "one clean line");
	ok(!ftruncate(a.fd, 0) && lock_take(&b, at("z.lock"), 0, &story) == SEAL_ELOCKED, "held");
	is(b.holder, "another process", "when it says nothing");
	lock_drop(&a);
}

static void crc32c_is_that_of_rfc_3720(void)
{
	uint8_t up[32], zeros[32] = { 0 };

	for (int i = 0; i < 32; i++)
		up[i] = (uint8_t)i;
	ok(crc32c(zeros, 32) == 0x8a9136aa, "32 zeros");
	ok(crc32c(up, 32) == 0x46dd794e, "0 to 31");
	ok(crc32c("123456789", 9) == 0xe3069283, "digits");
	ok(crc32c("", 0) == 0, "nothing");
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	a_file_is_made_with_mode_and_content();
	reading_is_bounded();
	a_pipe_is_read_where_it_may_be_one();
	a_replaced_file_is_whole();
	a_failed_write_leaves_nothing();
	a_denied_one_has_a_hint();
	a_full_disk_has_a_hint();
	what_is_no_directory_is_told();
	directories_are_made_with_their_parents();
	removal_never_follows_links();
	a_lock_excludes_and_names_its_holder();
	a_lock_is_waited_for();
	foreign_words_in_a_lock_are_cleaned();
	crc32c_is_that_of_rfc_3720();
	ok(!dir_remove(at("a/b"), &story) && !dir_remove(at("deep/b"), &story) &&
	           !dir_remove(dir, &story),
	   "cleaned up");
	return done();
}
