/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * program.h - what another program prints: no shell, a process group of its own, stdin and stderr
 * /dev/null, no descriptors of ours, and of the environment only PATH, LANG and HOME. */
#ifndef APP_PROGRAM_H
#define APP_PROGRAM_H

#include "base/buf.h"
#include "base/status.h"
#include "base/text.h"

/* Waits at most within_ms, then kills the group.  ret->max bounds the output; more is dropped and
 * ret->bad says so.  SEAL_ECONFIG: no such program, exit status not 0, time over. */
enum seal_status program_output(const struct words *argv, int64_t within_ms, struct buf *ret,
				struct story *) MUST_CHECK;

#endif
