/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * replay.c - main() of a fuzz target when there is no fuzzer: every file of
 * tests/fuzz/corpus/NAME once, NAME being the program's own; then each of them cut short at every
 * octet, up to a limit.  A finding is a crash. */
#include "config.h"

#include "../tap.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define INPUT_MAX (1 << 20)
#define CUTS_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each input has an allocation of its own size, so that a sanitizer sees the first octet too far. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void replay(const char *dir, const char *name)
{
	static uint8_t data[INPUT_MAX];
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (!f) {
		ok(false, "%s: %s", path, strerror(errno));
		return;
	}
	size_t size = fread(data, 1, sizeof(data), f);
	fclose(f);
	feed(data, size);
	size_t step = size / CUTS_MAX + 1;
	for (size_t cut = 0; cut < size; cut += step)
		feed(data, cut);
	ok(true, "%s", name);
}

int main(int argc, char **argv)
{
	const char *src = getenv("srcdir");
	const char *slash = strrchr(argv[0], '/');
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", src ? src : ".",
		 slash ? slash + 1 : argv[0]);
	if (argc > 1)
		snprintf(dir, sizeof(dir), "%s", argv[1]);
	feed((const uint8_t *)"", 0);
	ok(true, "nothing at all");
	DIR *d = opendir(dir);
	if (!d) {
		ok(false, "%s: %s", dir, strerror(errno));
		return done();
	}
	for (const struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			replay(dir, e->d_name);
	closedir(d);
	return done();
}
