/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * digest.h - hashes and MACs over GnuTLS, and the encodings around them (base/encode.h). */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/encode.h"

#include <dnseal/provider.h>

void sha256(const void *data, size_t len, uint8_t ret[32]);
size_t digest(enum seal_hash, const void *data, size_t len, uint8_t ret[SEAL_HASH_MAX]);
/* Octets written; 0 when the library refuses (MD5 under FIPS). */
size_t hmac(enum seal_hash, const void *key, size_t key_len, const void *text, size_t text_len,
	    uint8_t ret[SEAL_HASH_MAX]);

#endif
