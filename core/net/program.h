/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * program.h - other programs, run beside the loop: no shell, a process group of its own, stdin
 * /dev/null, stdout and stderr to one pipe, bounded and cleaned, no descriptors of ours, only the
 * environment that is given beside PATH, LANG and HOME, umask 022, cwd /.  After the limit: TERM to
 * the group, 10 s, KILL; what a program that failed leaves running in its group is killed. */
#ifndef NET_PROGRAM_H
#define NET_PROGRAM_H

#include "base/buf.h"
#include "base/status.h"
#include "base/text.h"
#include "net/loop.h"

#define PROGRAM_OUTPUT_MAX (64u << 10)
#define PROGRAM_LIMIT_S 300
#define PROGRAM_KILL_MS 10000 /* from TERM to KILL */

struct program {
	/* asked; borrowed until it is over */
	const struct words *argv;	 /* argv[0] is looked for in PATH, and in
					  * the usual folders, when it has no '/' */
	const struct words *environment; /* "NAME=value", beside PATH, LANG, HOME; may be NULL */
	uint32_t limit_s;		 /* 0 = PROGRAM_LIMIT_S */
	const char *input;		 /* stdin, or NULL: /dev/null */

	/* answered */
	struct story story; /* SEAL_EAGAIN: status not 0, signal, time over; SEAL_ECONFIG: no such
			     * program or not executable; SEAL_ECANCELED */
	int status;	    /* exit status; -1: it did not come to one */
	struct buf output;  /* what it said, cleaned, its lines ended by '\n'; at most
			     * PROGRAM_OUTPUT_MAX, the rest was read and dropped */

	/* private */
	struct loop *loop;
	struct task task, *waiter;
	struct program_work *work;
};
void program_start(struct loop *, struct program *, struct task *waiter); /* expects */
void program_cancel(struct program *); /* TERM now; the waiter is told when it has ended */
void program_free(struct program *);   /* one that runs is killed */

/* What every program of ours finds in its environment: PATH, LANG and HOME, and `more` when it is
 * not NULL. */
void program_environment(const struct words *more, struct words *ret);
/* A NULL-ended copy of the pointers, as execve(2) wants them; free() it. */
char **program_vector(const struct words *);

#endif
