/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/owner.h"

#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <unistd.h>

/* setfsuid() never fails, it answers with what was so far; asking with -1, which no user has, is
 * the way to see (setfsuid(2)). */
static uid_t uid_now(void)
{
	return (uid_t)setfsuid((uid_t)-1);
}

static gid_t gid_now(void)
{
	return (gid_t)setfsgid((gid_t)-1);
}

/* `group` of a certificate asks for groups that this user is in. */
static void take_groups(uid_t uid, gid_t gid)
{
	const struct passwd *user = getpwuid(uid);

	if (!user || initgroups(user->pw_name, gid))
		(void)setgroups(1, &gid);
}

enum seal_status owner_become(uid_t uid, gid_t gid, struct story *story)
{
	if (geteuid() || !uid || uid_now() == uid)
		return SEAL_OK;
	take_groups(uid, gid);
	setfsgid(gid);
	setfsuid(uid); /* last: with it the rights over files go */
	if (uid_now() == uid && gid_now() == gid)
		return SEAL_OK;
	story_fail(story, SEAL_ESTORAGE, "cannot open files as their owner, user %u",
		   (unsigned)uid);
	story_hint(story, "run as that user, or with the capabilities CAP_SETUID and CAP_SETGID");
	return SEAL_ESTORAGE;
}

/* Who is not root never became anybody (see above), and a sandbox may not let it ask. */
struct owner_self owner_self(void)
{
	if (geteuid())
		return (struct owner_self){ geteuid(), getegid() };
	struct owner_self before = { uid_now(), gid_now() };

	setfsuid(geteuid());
	setfsgid(getegid());
	return before;
}

void owner_back(struct owner_self *before)
{
	if (geteuid())
		return;
	setfsgid(before->gid);
	setfsuid(before->uid);
}
