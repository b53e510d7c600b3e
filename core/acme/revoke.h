/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * revoke.h - revokeCert's body and the reasons that it may give (RFC 8555 7.6, RFC 5280 5.3.1). */
#ifndef ACME_REVOKE_H
#define ACME_REVOKE_H

#include "acme/post.h"

#define REVOKE_UNSPECIFIED 0
#define REVOKE_KEY_COMPROMISE 1
/* By name (case does not count) or number; false when a CA cannot be asked for it. */
bool revoke_reason_read(const char *word, unsigned *ret);
const char *revoke_reason_name(unsigned reason);
/* "keyCompromise, superseded ...": all of them, for a sentence. */
extern const char revoke_reasons[];

/* The caller's.  Unspecified is left out, as some CAs want it. */
char *revoke_payload(const void *cert_der, size_t len, unsigned reason);
/* Is it revoked now?  alreadyRevoked is success. */
bool revoke_is_done(const struct post *);

#endif
