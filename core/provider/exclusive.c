/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MS 200 /* between two looks whether the operation was canceled */

/* One lock a provider and zone: two logins may be one account.  The digest is there because a zone
 * may be longer than a file name, and have a slash in it (RFC 2317). */
static char *lock_path(const struct op_work *w)
{
	uint8_t sum[32];

	sha256(w->zone, strlen(w->zone), sum);
	scoped(free_p) char *digits = hex(sum, 16);
	return str_printf("%s/%s-%s.lock", w->ops->lock_dir, w->p->name, digits);
}

static void warn_once(const struct op_work *w, const char *why)
{
	static atomic_flag warned = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&warned))
		log_line(LOG_WARN,
			 "dns %s: other processes of this host are not kept from changing zone %s "
			 "at the same moment, and %s would lose one of two such changes: %s",
			 w->login->name, w->zone, w->p->name, why);
}

static bool is_mine_to_lock(const struct op_work *w)
{
	return (w->p->flags & SEAL_EXCLUSIVE) && w->kind >= OP_APPEND && w->ops;
}

/* Looks are counted as well as measured: a test may have stopped the clock.  The last one leaves
 * time for the sentence, which says more than that the operation took too long. */
static enum seal_status wait_for(struct op_work *w, struct lock *l, const char *path)
{
	int64_t looks = (w->deadline_ms - clock_ms()) / LOOK_MS;
	struct story story = { 0 };
	enum seal_status st;

	do {
		if (atomic_load(&w->canceled))
			return host_fail(w, SEAL_ECANCELED, "canceled");
		st = lock_take(l, path, LOOK_MS, &story);
	} while (st == SEAL_ELOCKED && --looks > 0 && w->deadline_ms - clock_ms() > 2 * LOOK_MS);
	if (st != SEAL_ELOCKED)
		return st ? story_copy(&w->story, &story) : SEAL_OK;
	return host_fail(w, st, "zone %s is being changed by %s: one process at a time",
			 w->zone, l->holder);
}

enum seal_status zone_lock(struct op_work *w, struct lock *l)
{
	struct story story = { 0 };

	if (!is_mine_to_lock(w))
		return SEAL_OK;
	if (!w->ops->lock_dir) {
		warn_once(w, "there is no directory for a lock");
		return SEAL_OK;
	}
	if (dir_make(w->ops->lock_dir, 0700, &story)) {
		warn_once(w, story.text);
		return SEAL_OK;
	}
	scoped(free_p) char *path = lock_path(w);
	enum seal_status st = wait_for(w, l, path);
	if (st == SEAL_ECANCELED || st == SEAL_ELOCKED || !st)
		return st;
	warn_once(w, w->story.text);
	story_clear(&w->story);
	return SEAL_OK;
}
