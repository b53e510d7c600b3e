/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/plugin.h"

#include "provider/elf.h"
#include "provider/environ.h"
#include "provider/keeper.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* libtool defines this list in every program linked with -dlpreopen; test programs have none. */
#pragma weak lt__PROGRAM__LTX_preloaded_symbols

#define NAME_MAX_OCTETS 32
#define SYMBOL "seal_provider"
#define SYMBOL_TAIL "_LTX_" SYMBOL

/* What is loaded stays loaded: unloading buys nothing and blinds sanitizers.  One per process, as
 * the dynamic linker's state is. */
static struct {
	char *dir;
	struct plugin **at;
	size_t n;
} house;

void plugins_init(const char *dir)
{
	unsetenv("LTDL_LIBRARY_PATH");
	if (lt_preloaded_symbols) /* before lt_dlinit(), which looks at them once */
		lt_dlpreload_default(lt_preloaded_symbols);
	lt_dlinit();
	lt_dlsetsearchpath("");
	free(house.dir);
	house.dir = str_copy(dir);
}

void plugins_exit(void)
{
	for (size_t i = 0; i < house.n; i++) {
		free(house.at[i]->path);
		free(house.at[i]);
	}
	free(house.at);
	free(house.dir);
	memset(&house, 0, sizeof(house));
	environ_forget();
}

const char *plugins_dir(void)
{
	return house.dir;
}

static bool is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n && n <= NAME_MAX_OCTETS && !name[n];
}

/* -- files: checked on the descriptor, then exactly that descriptor is loaded */

static enum seal_status open_dir(const char *path, int *ret_fd, struct story *s)
{
	scoped(fd_p) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat info;

	if (fd < 0)
		return story_fail(
			s, errno == ENOENT || errno == ENOTDIR ? SEAL_ENOTFOUND : SEAL_ECONFIG,
			"%s: cannot open: %s", path, strerror(errno));
	enum seal_status st = keeper_check(fd, path, &info, s);
	if (!st)
		st = keeper_check_above(fd, path, s);
	if (st)
		return st;
	*ret_fd = fd;
	fd = -1;
	return SEAL_OK;
}

static enum seal_status check_file(int fd, const char *path, struct story *s)
{
	struct stat info;
	enum seal_status st = keeper_check(fd, path, &info, s);

	if (st)
		return st;
	if (!S_ISREG(info.st_mode))
		return story_fail(s, SEAL_ECONFIG, "%s: is no regular file", path);
	const char *fault = elf_fault(fd, info.st_size);
	if (!fault)
		return SEAL_OK;
	story_fail(s, SEAL_ECONFIG, "%s: %s", path, fault);
	story_hint(s, "install the plugin again, or rebuild it on this host");
	return s->st;
}

/* SEAL_ENOTFOUND: no such file. */
static enum seal_status open_file(const char *dir, const char *name, char **ret_path, int *ret_fd,
				  struct story *s)
{
	scoped(free_p) char *path = str_printf("%s/%s.so", dir, name);
	scoped(fd_p) int at = -1, fd = -1;
	enum seal_status st = open_dir(dir, &at, s);

	if (st)
		return st;
	fd = openat(at, strrchr(path, '/') + 1, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ELOOP)
		return story_fail(s, SEAL_ECONFIG, "%s: is a symbolic link", path);
	if (fd < 0)
		return story_fail(s, errno == ENOENT ? SEAL_ENOTFOUND : SEAL_ECONFIG,
				  "%s: cannot open: %s", path, strerror(errno));
	st = check_file(fd, path, s);
	if (st)
		return st;
	*ret_path = take(path);
	*ret_fd = fd;
	fd = -1;
	return SEAL_OK;
}

/* -- loading */

static lt_dlhandle open_with(const char *what, int (*extra)(lt_dladvise *))
{
	lt_dladvise advise;

	if (lt_dladvise_init(&advise))
		return NULL;
	lt_dlhandle h = extra(&advise) ? NULL : lt_dlopenadvise(what, advise);
	lt_dladvise_destroy(&advise);
	return h;
}

static int linked_in(lt_dladvise *a)
{
	return lt_dladvise_preload(a) || lt_dladvise_ext(a);
}

/* The linker's sentence, without the name it knows the file by. */
static enum seal_status fail_linker(const char *path, const char *link, const char *why,
				    struct story *s)
{
	size_t n = strlen(link);

	why = why ? why : "no reason given";
	if (!strncmp(why, link, n) && !strncmp(why + n, ": ", 2))
		why += n + 2;
	story_fail(s, SEAL_ECONFIG, "%s: the dynamic linker refused it: %s", path, clean(why));
	if (strstr(why, "cannot open shared object file"))
		story_hint(s, "install the library that the plugin needs: ldd %s", path);
	else
		story_hint(s, "rebuild the plugin with the libraries of this host");
	return s->st;
}

static enum seal_status load_file(const char *path, int fd, lt_dlhandle *ret, struct story *s)
{
	char link[32];

	/* The linker knows objects by this name, so the descriptor stays open for ever: another
	 * file under the same number would silently be this one. */
	str_put(link, "/proc/self/fd/%d", fd);
	/* libltdl binds lazily: a symbol that is missing would end the process in the midst of an
	 * operation.  So the whole is bound here, and libltdl finds it loaded. */
	if (!dlopen(link, RTLD_NOW | RTLD_LOCAL))
		return fail_linker(path, link, dlerror(), s);
	*ret = open_with(link, lt_dladvise_local);
	return *ret ? SEAL_OK : fail_linker(path, link, lt_dlerror(), s);
}

#define REBUILD "rebuild the plugin with this dnseal's <dnseal/provider.h>"
/* The last member that the first release of this ABI had. */
#define SIZE_MIN                                                                                   \
	(offsetof(struct seal_provider, remove) + sizeof(((struct seal_provider *)0)->remove))

static enum seal_status check_provider(const struct seal_provider *p, const char *name,
				       const char *path, struct story *s)
{
	if (!p) {
		story_fail(s, SEAL_ECONFIG, "%s: has no symbol %s" SYMBOL_TAIL, path, name);
		story_hint(s, "a plugin ends in SEAL_PROVIDER(NAME, ...) and its file is NAME.so");
		return s->st;
	}
	if (p->abi != SEAL_ABI) {
		story_fail(s, SEAL_ECONFIG, "%s: is for plugin ABI %u, this dnseal has ABI %u",
			   path, p->abi, SEAL_ABI);
		story_hint(s, "%s", p->abi > SEAL_ABI ? "update dnseal, or " REBUILD : REBUILD);
		return s->st;
	}
	if (p->size < SIZE_MIN || p->size > 4 * sizeof(*p)) {
		story_fail(s, SEAL_ECONFIG,
			   "%s: its struct seal_provider has %zu octets, expected %zu", path,
			   p->size, sizeof(*p));
		story_hint(s, REBUILD);
		return s->st;
	}
	if (!p->name || strcmp(p->name, name)) {
		story_fail(s, SEAL_ECONFIG, "%s: calls itself '%s', expected '%s'", path,
			   clean(p->name), name);
		story_hint(s, "use SEAL_PROVIDER(), which takes care of the name");
		return s->st;
	}
	for (const struct seal_option *o = p->options; o && o->name; o++)
		if (o->offset >= p->conf_size)
			return story_fail(s, SEAL_ECONFIG, "%s: option %s lies outside its struct",
					  path, clean(o->name));
	return SEAL_OK;
}

static enum seal_status adopt(lt_dlhandle h, const char *name, char *path,
			      const struct plugin **ret, struct story *s)
{
	scoped(free_p) char *symbol = str_printf("%s" SYMBOL_TAIL, name);
	const struct seal_provider *p = lt_dlsym(h, symbol);
	enum seal_status st = check_provider(p, name, path ? path : name, s);

	if (st)
		return st;
	struct plugin *new = mem_new(sizeof(*new));
	new->p = p;
	new->path = str_copy(path);
	house.at = mem_grow(house.at, house.n + 1, sizeof(*house.at));
	house.at[house.n++] = new;
	*ret = new;
	return SEAL_OK;
}

/* DIR/NAME.so as installed, then DIR/.libs/NAME.so as libtool leaves it in a build tree. */
static enum seal_status load(const char *name, const struct plugin **ret, struct story *s)
{
	scoped(free_p) char *libs = str_printf("%s/.libs", house.dir);
	scoped(free_p) char *path = NULL;
	scoped(fd_p) int fd = -1;
	lt_dlhandle h = NULL;
	enum seal_status st = open_file(house.dir, name, &path, &fd, s);

	if (st == SEAL_ENOTFOUND) {
		story_clear(s);
		st = open_file(libs, name, &path, &fd, s);
	}
	if (!st)
		st = load_file(path, fd, &h, s);
	if (st)
		return st;
	fd = -1;
	return adopt(h, name, path, ret, s);
}

void plugin_get_it(const char *name, struct story *s)
{
	story_hint(s, "dnseal has it: install its package, or build with --with-providers=%s",
		   name);
}

static enum seal_status fail_absent(const char *name, struct story *s)
{
	struct words builtin = { 0 }, found = { 0 }, all = { 0 };

	story_fail(s, SEAL_ENOTFOUND, "%s: no such provider in this build and no %s/%s.so", name,
		   house.dir ? house.dir : "(no plugin folder)", name);
	plugins_list(&builtin, &found, &all);
	bool exists = words_has(&all, name);
	for (size_t i = 0; i < builtin.n + found.n; i++)
		words_add(&all, i < builtin.n ? builtin.at[i] : found.at[i - builtin.n]);
	const char *near = word_nearest(name, (const char *const *)all.at, all.n);
	if (exists)
		plugin_get_it(name, s);
	else if (near)
		story_hint(s, "did you mean %s?", near);
	else
		story_hint(s, "`dnseal providers` lists what there is");
	words_free(&builtin);
	words_free(&found);
	words_free(&all);
	return s->st;
}

enum seal_status plugin_get(const char *name, const struct plugin **ret, struct story *s)
{
	for (size_t i = 0; i < house.n; i++)
		if (!strcmp(house.at[i]->p->name, name)) {
			*ret = house.at[i];
			return SEAL_OK;
		}
	if (!is_name(name))
		return story_fail(s, SEAL_ECONFIG, "%s: is no name of a provider (a-z, 0-9 and _)",
				  clean(name));
	lt_dlhandle h = lt_preloaded_symbols ? open_with(name, linked_in) : NULL;
	if (h)
		return adopt(h, name, NULL, ret, s);
	if (!house.dir)
		return fail_absent(name, s);
	enum seal_status st = load(name, ret, s);
	return st == SEAL_ENOTFOUND ? fail_absent(name, s) : st;
}

/* -- lists */

static void list_builtin(struct words *ret)
{
	for (const lt_dlsymlist *at = lt_preloaded_symbols; at && at->name; at++) {
		size_t len = strlen(at->name), tail = strlen(SYMBOL_TAIL);
		if (len <= tail || strcmp(at->name + len - tail, SYMBOL_TAIL))
			continue;
		scoped(free_p) char *name = str_part(at->name, len - tail);
		words_add(ret, name);
	}
}

static void close_p(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_folder(const char *path, const struct words *builtin, struct words *ret)
{
	scoped(close_p) DIR *d = opendir(path);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);
		if (len < 4 || strcmp(e->d_name + len - 3, ".so"))
			continue;
		scoped(free_p) char *name = str_part(e->d_name, len - 3);
		if (is_name(name) && !words_has(builtin, name) && !words_has(ret, name))
			words_add(ret, name);
	}
}

void plugins_list(struct words *ret_builtin, struct words *ret_found, struct words *ret_known)
{
	scoped(free_p) char *libs = house.dir ? str_printf("%s/.libs", house.dir) : NULL;
	struct words known = { 0 };

	list_builtin(ret_builtin);
	if (libs) {
		list_folder(house.dir, ret_builtin, ret_found);
		list_folder(libs, ret_builtin, ret_found);
	}
	if (ret_found->n)
		qsort(ret_found->at, ret_found->n, sizeof(*ret_found->at), by_name);
	words_split(&known, KNOWN_PROVIDERS);
	for (size_t i = 0; i < known.n; i++)
		if (!words_has(ret_builtin, known.at[i]) && !words_has(ret_found, known.at[i]))
			words_add(ret_known, known.at[i]);
	words_free(&known);
}
