/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_file.h - the files of a configuration as one list of directives: the main file with its
 * includes in their places. */
#ifndef APP_CONFIG_FILE_H
#define APP_CONFIG_FILE_H

#include "app/complaints.h"
#include "app/scfg.h"

struct directives {
	const struct scfg **at;
	size_t n;
};
/* Includes: globs relative to the including file, sorted, names that begin with '.' or end in '~',
 * .dpkg-*, .rpm* skipped; a glob without matches is fine, a file that is named and missing is not.
 * All errors go to `errors`.  SEAL_ENOTFOUND: no such main file (nothing is complained about). */
enum seal_status config_file_read(struct arena *, const char *path, struct directives *ret,
				  struct complaints *errors, struct story *) MUST_CHECK;
void directives_free(struct directives *);

#endif
