/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * save.h - write what was said on the command line as conf.d/CERT.conf, a new file; one that exists
 * is never changed. */
#ifndef APP_SAVE_H
#define APP_SAVE_H

#include "app/app.h"

/* Can it be saved?  Asked before anything is tried. */
enum seal_status save_possible(const struct app *, const struct subject *,
			       struct story *) MUST_CHECK;
/* *ret_path: what was written; the caller's. */
enum seal_status save_write(const struct app *, const struct subject *, char **ret_path,
			    struct story *) MUST_CHECK;
/* The text alone, for tests. */
void save_text(const struct subject *, const struct options *, struct buf *ret);

#endif
