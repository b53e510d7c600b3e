/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * form.h - a key and its chain in the forms that are no PEM. */
#ifndef CRYPTO_FORM_H
#define CRYPTO_FORM_H

#include "crypto/cert.h"

/* PKCS#12 with key, leaf and chain: PBES2 with AES-256-CBC, MAC with SHA-256 (RFC 7292).
 * name: shown by stores that have names.  Differs at each call: salts. */
enum seal_status form_pkcs12(const struct key *, const struct chain *, const char *password,
			     const char *name, struct buf *ret, struct story *) MUST_CHECK;
/* The leaf alone. */
enum seal_status form_cert_der(const struct chain *, struct buf *ret, struct story *) MUST_CHECK;
/* PKCS#8, not encrypted (RFC 5958). */
enum seal_status form_key_der(const struct key *, struct buf *ret, struct story *) MUST_CHECK;

#endif
