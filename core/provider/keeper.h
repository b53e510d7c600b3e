/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * keeper.h - can somebody else than root and us change what is behind this descriptor?
 *
 * Whoever can write a plugin, its folder or a folder above may run code as us. */
#ifndef PROVIDER_KEEPER_H
#define PROVIDER_KEEPER_H

#include "base/status.h"

#include <sys/stat.h>

/* The owner must be root or us, and nobody else may write it.  SEAL_ECONFIG says what is wrong with
 * `path`, and the hint how to mend it. */
enum seal_status keeper_check(int fd, const char *path, struct stat *ret,
			      struct story *) MUST_CHECK;
/* The same for every folder above this one, up to the root; there a sticky bit helps, because then
 * only its owner can replace an entry.  Inside a user namespace that does not map root, folders of
 * owners who have no name there are taken for root's. */
enum seal_status keeper_check_above(int folder, const char *path, struct story *) MUST_CHECK;

#endif
