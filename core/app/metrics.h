/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * metrics.h - a file for Prometheus: its text format, as node_exporter's textfile collector reads
 * it.  The names are in dnseal(1). */
#ifndef APP_METRICS_H
#define APP_METRICS_H

#include "app/standing.h"

struct metrics;
struct metrics *metrics_new(void);
void metrics_add(struct metrics *, const char *cert, const struct standing *);
struct metrics_run {
	int64_t now, took_ms;
	int status;	  /* exit status */
	size_t n_records; /* open in the journal */
};
void metrics_add_run(struct metrics *, const struct metrics_run *);
/* All of it, a family after the other; the caller's. */
char *metrics_text(const struct metrics *);
/* In place of what is there, in one step.  SEAL_ESTORAGE. */
enum seal_status metrics_write(const struct metrics *, const char *path, struct story *) MUST_CHECK;
void metrics_free(struct metrics *);

#endif
