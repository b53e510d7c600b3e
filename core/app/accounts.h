/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * accounts.h - the verbs of `accounts` that change something; for cmd_accounts.c. */
#ifndef APP_ACCOUNTS_H
#define APP_ACCOUNTS_H

#include "app/app.h"

/* The account that is named, or the default; complains and returns the exit status. */
int accounts_which(struct app *, const char *name, struct account_block **ret);

int accounts_update(struct app *, const char *name);
int accounts_rollover(struct app *, const char *name);
int accounts_deactivate(struct app *, const char *name);
int accounts_export(struct app *, const char *name);
int accounts_import(struct app *, const char *name); /* the file is the next argument */

#endif
