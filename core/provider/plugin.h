/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * plugin.h - find and load provider plugins with libltdl: linked-in ones first, then
 * DIR/NAME.so (in a build tree DIR/.libs/NAME.so) and nothing else.
 *
 * The file is opened, its owner (root or us) and mode (not writable by group or others) are
 * checked on the descriptor, and exactly that descriptor is loaded; its folder and those above are
 * checked likewise.  One that is refused is no hindrance to others.  Plugins load before the first
 * worker starts and stay loaded.  LTDL_LIBRARY_PATH is never read. */
#ifndef PROVIDER_PLUGIN_H
#define PROVIDER_PLUGIN_H

#include "base/status.h"
#include "base/text.h"

struct plugin {
	const struct seal_provider *p;
	char *path; /* of the file; NULL: built in */
};
void plugins_init(const char *dir); /* copied */
void plugins_exit(void);
const char *plugins_dir(void);
/* The plugin of this name, loaded when needed; borrowed until plugins_exit().  SEAL_ENOTFOUND: not
 * in this build and no such file (the hint says how to get it); SEAL_ECONFIG: refused, with the
 * reason (abi, size, name, owner, mode, what the linker said). */
enum seal_status plugin_get(const char *name, const struct plugin **ret, struct story *) MUST_CHECK;
/* The hint how to get one that dnseal knows of. */
void plugin_get_it(const char *name, struct story *);
/* Names of all: built in, found in DIR; and the ones dnseal knows of but this build lacks. */
void plugins_list(struct words *ret_builtin, struct words *ret_found, struct words *ret_known);

#endif
