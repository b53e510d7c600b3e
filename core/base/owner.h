/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * owner.h - root in a tree that belongs to somebody else.
 *
 * Where units run as a user of their own, an operator's `dnseal issue` as root must leave files
 * that those units can use; and a link that this user, once broken into, puts into its tree must
 * not lead root to a file of others.  Both come from opening files as that user: setfsuid(2), by
 * which the kernel itself checks and owns.  Programs that are started are root's as before: exec
 * sets it back. */
#ifndef BASE_OWNER_H
#define BASE_OWNER_H

#include "base/status.h"

#include <sys/types.h>

/* From now on this thread, and those it starts, open and make files as that user with its groups.
 * Does nothing when we are not root or the user is root. */
enum seal_status owner_become(uid_t, gid_t, struct story *) MUST_CHECK;

/* In between as oneself, in this thread, for what lies outside that tree:
 *
 *	scoped(owner_back) struct owner_self self = owner_self();
 */
struct owner_self {
	uid_t uid;
	gid_t gid;
};
struct owner_self owner_self(void);
void owner_back(struct owner_self *);

#endif
