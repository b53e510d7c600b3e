/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * jws.h - flattened JSON Web Signatures as ACME wants them (RFC 7515, RFC 8555 6.2). */
#ifndef CRYPTO_JWS_H
#define CRYPTO_JWS_H

#include "crypto/digest.h"
#include "crypto/key.h"

/* kid NULL: the public key itself goes in (`jwk`).  payload "" is POST-as-GET.  ret: JSON text. */
enum seal_status jws_sign(const struct key *, const char *kid, const char *nonce, const char *url,
			  const char *payload, struct buf *ret, struct story *) MUST_CHECK;
/* External account binding (RFC 8555 7.3.4): the inner JWS as a JSON object, the caller's.
 * mac_key: base64 in any form; hash: SEAL_SHA256, 384 or 512. */
enum seal_status jws_eab(const struct key *account, const char *kid, const char *mac_key,
			 enum seal_hash hash, const char *url, struct json_object **ret,
			 struct story *) MUST_CHECK;
/* base64url(SHA-256(token "." thumbprint)), RFC 8555 8.4. */
void dns01_value(const char *token, const char *thumbprint, char ret[44]);

#endif
