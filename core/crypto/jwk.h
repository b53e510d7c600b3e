/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * jwk.h - private keys as JSON Web Keys, as certbot and others keep those of accounts (RFC 7518
 * 6.2.2, 6.3.2). */
#ifndef CRYPTO_JWK_H
#define CRYPTO_JWK_H

#include "base/json.h"
#include "crypto/key.h"

/* With all private numbers; the caller's, to be shown or stored with care. */
enum seal_status jwk_write(const struct key *, struct json_object **ret, struct story *) MUST_CHECK;
/* SEAL_EINVAL when it is no private key of one of our types. */
enum seal_status jwk_read(const struct json_object *, struct key **ret, struct story *) MUST_CHECK;

#endif
