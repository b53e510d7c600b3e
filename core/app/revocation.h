/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * revocation.h - revoke what is live, or a certificate in a file. */
#ifndef APP_REVOCATION_H
#define APP_REVOCATION_H

#include "app/app.h"

enum revoke_by { REVOKE_BY_ACCOUNT, REVOKE_BY_KEY };

/* Both certificates of a pair.  The store is open, the configuration read.  The certificate's lock
 * is taken, and state.json remembers, so that a new one is due and gets a new key.  Says what is
 * done and what went wrong; returns the exit status. */
int revoke_live(struct app *, const char *cert, unsigned reason, enum revoke_by);
/* A certificate in PEM; the key for REVOKE_BY_KEY in the same file, in privkey.pem beside it, or
 * ours.  One that is live here is revoked as such; and so is the live one that has the same key
 * when that leaked: *ret_cert is its name then (the caller's), else NULL. */
int revoke_file(struct app *, const char *path, unsigned reason, enum revoke_by, char **ret_cert);

#endif
