/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Which files are loaded as plugins and which are refused, with what sentence.  The files are
 * copies of a built module ($PLUGINS), whole, cut, patched or badly kept. */
#include "config.h"

#include "base/buf.h"
#include "base/file.h"
#include "provider/plugin.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <dnseal/provider.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODULE "cloudflare"
static struct buf module;
static struct story story;
static const struct plugin *found;

static bool read_module(void)
{
	static const char *const forms[] = { "%s/.libs/" MODULE ".so", "%s/" MODULE ".so" };
	const char *dir = getenv("PLUGINS");

	for (size_t i = 0; i < COUNT(forms); i++) {
		scoped(free_p) char *path = str_printf(forms[i], dir ? dir : "plugins.d");
		if (!file_read(path, 16 << 20, &module, &story))
			return true;
	}
	return false;
}

/* A folder of its own for each case; plugins stay loaded by name until plugins_exit(). */
static const char *fresh_dir(void)
{
	static char dir[100];
	static unsigned n;

	str_put(dir, "%s/%u", temp_dir, n++);
	mkdir(dir, 0755);
	chmod(dir, 0755);
	plugins_exit();
	plugins_init(dir);
	story_clear(&story);
	return dir;
}

static const char *put(const char *dir, const char *name, const void *data, size_t len)
{
	static char path[200];

	str_put(path, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len || fchmod(fd, 0644) || close(fd))
		exit(99);
	return path;
}

static void refused(const char *name, const char *part, const char *what)
{
	ok(plugin_get(name, &found, &story) == SEAL_ECONFIG && strstr(story.text, part),
	   "%s: %s (%s)", what, story.text, story.hint);
}

static void good_ones_load(void)
{
	const char *dir = fresh_dir();
	const struct plugin *again = NULL;

	put(dir, MODULE ".so", module.data, module.len);
	ok(!plugin_get(MODULE, &found, &story), "DIR/NAME.so: %s", story.text);
	is(found->p->name, MODULE, "name");
	ok(found->path && strstr(found->path, dir), "path: %s", found->path);
	ok(!plugin_get(MODULE, &again, &story) && again == found, "once");

	dir = fresh_dir();
	scoped(free_p) char *libs = str_printf("%s/.libs", dir);
	mkdir(libs, 0755);
	chmod(libs, 0755);
	put(libs, MODULE ".so", module.data, module.len);
	ok(!plugin_get(MODULE, &found, &story), "DIR/.libs/NAME.so: %s", story.text);
}

static void absent_ones_have_a_hint(void)
{
	fresh_dir();
	ok(plugin_get("route53", &found, &story) == SEAL_ENOTFOUND, "%s", story.text);
	is(story.hint, "dnseal has it: install its package, or build with --with-providers=route53",
	   "known");
	ok(plugin_get("cloudflair", &found, &story) == SEAL_ENOTFOUND, "%s", story.text);
	is(story.hint, "did you mean cloudflare?", "near one");
	ok(plugin_get("xyz", &found, &story) == SEAL_ENOTFOUND, "%s", story.text);
	is(story.hint, "`dnseal providers` lists what there is", "neither");
	refused("../evil", "is no name of a provider", "a path");
	refused("", "is no name of a provider", "nothing");
	plugins_init("/nonexistent");
	ok(plugin_get("xyz", &found, &story) == SEAL_ENOTFOUND, "no folder: %s", story.text);
}

static void what_others_can_write_is_refused(void)
{
	const char *dir = fresh_dir(), *path = put(dir, MODULE ".so", module.data, module.len);

	chmod(path, 0664);
	refused(MODULE, "others than its owner can write it (mode 0664)", "file for the group");
	ok(strstr(story.hint, "chmod go-w"), "hint: %s", story.hint);
	chmod(path, 0646);
	refused(MODULE, "others than its owner", "file for all");
	chmod(path, 0644);
	chmod(dir, 0777);
	refused(MODULE, "others than its owner", "folder for all");
	chmod(dir, 0755);
	if (geteuid() == 0 && !chown(path, 12345, 0))
		refused(MODULE, "belongs to user 12345", "somebody else's");
	else
		ok(true, "somebody else's # SKIP needs root");
}

/* dir/above/plugins, with the module in it; and what is said of the folder between. */
static void folders_above_are_looked_at(void)
{
	const char *dir = fresh_dir();
	scoped(free_p) char *above = str_printf("%s/above", dir);
	scoped(free_p) char *below = str_printf("%s/plugins", above);

	mkdir(above, 0755);
	mkdir(below, 0755);
	put(below, MODULE ".so", module.data, module.len);
	plugins_init(below);
	chmod(above, 0777);
	refused(MODULE, "above it: others than its owner can write it (mode 0777)", "for all");
	ok(strstr(story.text, above) && strstr(story.hint, above), "which: %s", story.hint);
	chmod(above, 0775);
	refused(MODULE, "(mode 0775)", "for the group");
	chmod(above, 0755);
	if (geteuid() == 0 && !chown(above, 12345, 0)) {
		refused(MODULE, "above it belongs to user 12345", "somebody else's");
		chown(above, 0, 0) ? exit(99) : (void)0;
	} else {
		ok(true, "somebody else's # SKIP needs root");
	}
	chmod(above, 01777);
	ok(!plugin_get(MODULE, &found, &story), "a sticky one is fine, as /tmp is: %s", story.text);
}

static void what_is_no_plain_file_is_refused(void)
{
	const char *dir = fresh_dir();
	scoped(free_p) char *target = str_copy(put(dir, "real", module.data, module.len));
	scoped(free_p) char *link = str_printf("%s/" MODULE ".so", dir);

	ok(!symlink(target, link), "a link");
	refused(MODULE, "is a symbolic link", "link");
	unlink(link);
	mkdir(link, 0755);
	refused(MODULE, "is no regular file", "folder");
	rmdir(link);
	ok(!mkfifo(link, 0600), "a pipe");
	refused(MODULE, "is no regular file", "pipe, without waiting for its other end");
}

/* Where the last octet is that the linker would map. */
static size_t mapped_end(void)
{
	const ElfW(Ehdr) *h = (const void *)module.data;
	const ElfW(Phdr) *p = (const void *)(module.data + h->e_phoff);
	size_t end = 0;

	for (unsigned i = 0; i < h->e_phnum; i++)
		if (p[i].p_type == PT_LOAD && p[i].p_offset + p[i].p_filesz > end)
			end = p[i].p_offset + p[i].p_filesz;
	return end;
}

static void broken_files_are_refused(void)
{
	static const char text[] =
		"#!/bin/sh\nexec true\n and some more text, longer than a header is....";
	const char *dir = fresh_dir();
	struct buf copy = { 0 };

	put(dir, MODULE ".so", "", 0);
	refused(MODULE, "is empty", "empty");
	put(dir, MODULE ".so", text, sizeof(text));
	refused(MODULE, "is no ELF file", "a script");
	put(dir, MODULE ".so", module.data, 40);
	refused(MODULE, "is no ELF file", "less than a header");
	for (size_t part = 1; part < 8; part++) {
		put(dir, MODULE ".so", module.data, module.len * part / 8);
		enum seal_status st = plugin_get(MODULE, &found, &story);
		/* The linker needs no section table, so a longer part may be whole to it. */
		ok(!st || strstr(story.text, "is cut short"), "%zu/8 of one: %s", part,
		   st ? story.text : "loads");
		if (!st) /* never write to a file that is in use */
			dir = fresh_dir();
	}
	put(dir, MODULE ".so", module.data, mapped_end() - 1);
	refused(MODULE, "is cut short", "an octet less than is mapped");
	buf_add(&copy, module.data, module.len);
	copy.data[4] ^= 3; /* EI_CLASS */
	put(dir, MODULE ".so", copy.data, copy.len);
	refused(MODULE, "built for another kind of machine", "another word size");
	copy.data[4] ^= 3;
	copy.data[16] = 2; /* e_type: ET_EXEC */
	put(dir, MODULE ".so", copy.data, copy.len);
	refused(MODULE, "is no shared object", "a program");
	buf_free(&copy);
}

/* Where the module's struct seal_provider begins: abi, then size. */
static char *provider_in(struct buf *b)
{
	struct {
		uint32_t abi;
		size_t size;
	} head;
	memset(&head, 0, sizeof(head));
	head.abi = SEAL_ABI;
	head.size = sizeof(struct seal_provider);
	return memmem(b->data, b->len, &head, sizeof(head));
}

static void other_versions_are_refused(void)
{
	struct buf copy = { 0 };
	uint32_t abi = SEAL_ABI + 1;
	size_t size = 64;

	buf_add(&copy, module.data, module.len);
	char *at = provider_in(&copy);
	if (!ok(at != NULL, "the module has a provider in it"))
		return;
	memcpy(at, &abi, sizeof(abi));
	put(fresh_dir(), MODULE ".so", copy.data, copy.len);
	refused(MODULE, "is for plugin ABI 3, this dnseal has ABI 2", "a newer ABI");
	ok(strstr(story.hint, "update dnseal"), "whose program is old: %s", story.hint);
	abi = SEAL_ABI - 1;
	memcpy(at, &abi, sizeof(abi));
	put(fresh_dir(), MODULE ".so", copy.data, copy.len);
	refused(MODULE, "is for plugin ABI 1, this dnseal has ABI 2", "an older ABI");
	ok(strstr(story.hint, "rebuild the plugin"), "which is to be rebuilt: %s", story.hint);
	abi = SEAL_ABI;
	memcpy(at, &abi, sizeof(abi));
	memcpy(at + offsetof(struct seal_provider, size), &size, sizeof(size));
	put(fresh_dir(), MODULE ".so", copy.data, copy.len);
	refused(MODULE, "its struct seal_provider has 64 octets", "half a struct");
	ok(strstr(story.hint, "rebuild the plugin"), "which is to be rebuilt: %s", story.hint);
	buf_free(&copy);
	put(fresh_dir(), "other.so", module.data, module.len);
	refused("other", "has no symbol other_LTX_seal_provider", "another name than its file's");
	ok(strstr(story.hint, "NAME.so"), "how they belong together: %s", story.hint);
}

static void the_environment_is_not_asked(void)
{
	const char *dir = fresh_dir();
	scoped(free_p) char *away = str_printf("%s/away", dir);

	mkdir(away, 0755);
	put(away, MODULE ".so", module.data, module.len);
	setenv("LTDL_LIBRARY_PATH", away, 1);
	setenv("LD_LIBRARY_PATH", away, 1);
	plugins_init(dir);
	ok(!getenv("LTDL_LIBRARY_PATH"), "LTDL_LIBRARY_PATH is gone");
	ok(plugin_get(MODULE, &found, &story) == SEAL_ENOTFOUND, "nothing is searched: %s",
	   story.text);
	ok(!chdir(away) && plugin_get(MODULE, &found, &story) == SEAL_ENOTFOUND,
	   "nor where we are");
}

/* -- another process exchanges the file for one that must not be loaded, all the time */

#define ROUNDS 20000
#define ROUNDS_MAX 400000

static unsigned loads_max; /* what is loaded stays open */

static pid_t exchange_for_ever(const char *a, const char *b)
{
	pid_t pid = fork();

	while (pid == 0)
		if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE))
			_exit(1);
	return pid;
}

/* The module with another first letter of its label, which tells the two apart. */
static void put_evil(const char *dir, const char *name, const char *label)
{
	struct buf copy = { 0 };
	scoped(free_p) char *text = str_printf(" %s", label);

	buf_add(&copy, module.data, module.len);
	*text = '\0';
	char *at = memmem(copy.data, copy.len, text, strlen(label) + 2);
	if (!at)
		exit(99);
	at[1] = '!';
	chmod(put(dir, name, copy.data, copy.len), 0666);
	buf_free(&copy);
}

static void race(const char *at, const char *other, const char *what)
{
	scoped(free_p) char *dir = str_part(at, (size_t)(strrchr(at, '/') - at));
	unsigned loaded = 0, refused_ones = 0, evil = 0, rounds = 0, most = loads_max / 2;
	pid_t pid = exchange_for_ever(at, other);

	while (loaded < most &&
	       (rounds < ROUNDS || (!(loaded && refused_ones) && rounds < ROUNDS_MAX))) {
		rounds++;
		plugins_exit();
		plugins_init(dir);
		story_clear(&story);
		enum seal_status st = plugin_get(MODULE, &found, &story);
		loaded += !st;
		refused_ones += st != SEAL_OK;
		evil += !st && *found->p->label == '!';
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(loaded && refused_ones && !evil, "%s: of %u times %u loaded, %u of them the wrong one",
	   what, rounds, loaded, evil);
}

static void an_exchange_in_between_is_noticed(void)
{
	const char *dir = fresh_dir();
	struct rlimit files = { 0 };
	scoped(free_p) char *at = str_printf("%s/" MODULE ".so", dir);
	scoped(free_p) char *evil = str_printf("%s/evil", dir);
	scoped(free_p) char *link = str_printf("%s/link", dir);

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	loads_max = files.rlim_cur > 100000 ? 100000 : (unsigned)files.rlim_cur - 100;
	put(dir, MODULE ".so", module.data, module.len);
	if (!ok(!plugin_get(MODULE, &found, &story), "the right one: %s", story.text))
		return;
	scoped(free_p) char *label = str_copy(found->p->label);
	put_evil(dir, "evil", label);
	race(at, evil, "a file that all can write");
	unlink(at);
	unlink(evil);
	put(dir, MODULE ".so", module.data, module.len);
	put_evil(dir, "evil", label);
	chmod(evil, 0644); /* the link alone is the fault */
	ok(!symlink("evil", link), "a link");
	race(at, link, "a link to another");
}

static void lists(void)
{
	const char *dir = fresh_dir();
	struct words builtin = { 0 }, here = { 0 }, known = { 0 };

	put(dir, "zz.so", "", 0);
	put(dir, MODULE ".so", "", 0);
	put(dir, "README", "", 0);
	put(dir, "Bad-Name.so", "", 0);
	put(dir, "x.la", "", 0);
	plugins_list(&builtin, &here, &known);
	scoped(free_p) char *text = words_join(&here, " ");
	is(text, MODULE " zz", "found, sorted, nothing else");
	ok(!words_has(&known, MODULE) && words_has(&known, "rfc2136"), "known but absent");
	words_free(&builtin);
	words_free(&here);
	words_free(&known);
}

int main(void)
{
	if (!read_module()) {
		printf("1..0 # SKIP " MODULE " is not built as a module\n");
		return 0;
	}
	temp_make();
	good_ones_load();
	absent_ones_have_a_hint();
	what_others_can_write_is_refused();
	folders_above_are_looked_at();
	what_is_no_plain_file_is_refused();
	broken_files_are_refused();
	other_versions_are_refused();
	the_environment_is_not_asked();
	lists();
	an_exchange_in_between_is_noticed();
	plugins_exit();
	buf_free(&module);
	return done();
}
