/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * report.h - at the end of a run: the file for Prometheus, and news to whom they are wanted by. */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "app/app.h"

/* Looks at the state of every certificate; does nothing when neither `metrics` nor `notify` is
 * configured.  What goes wrong is a warning, and what could not be told is told by the next run.
 *
 * status   exit status of the run
 * Not while a certificate's lock is held by this run, and not after a rehearsal. */
void report_run(struct app *, int status);

#endif
