/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * temp.h - a directory of a test's own that goes when the test ends. */
#ifndef TESTS_TEMP_H
#define TESTS_TEMP_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static char temp_dir[] = "/tmp/dnseal-test-XXXXXX";

static int temp_drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void temp_remove(void)
{
	nftw(temp_dir, temp_drop, 16, FTW_DEPTH | FTW_PHYS);
}

/* Its path; the process ends with 99 when there can be none. */
__attribute__((unused)) static const char *temp_make(void)
{
	if (!mkdtemp(temp_dir) || atexit(temp_remove))
		exit(99);
	return temp_dir;
}

#endif
