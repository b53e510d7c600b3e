/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * digest.h - hashes, MACs and the encodings around them, over GnuTLS. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include "base/buf.h"

#include <dnseal/provider.h>

void sha256(const void *data, size_t len, uint8_t ret[32]);
size_t digest(enum seal_hash, const void *data, size_t len, uint8_t ret[SEAL_HASH_MAX]);
/* Octets written; 0 when the library refuses (MD5 under FIPS). */
size_t hmac(enum seal_hash, const void *key, size_t key_len, const void *text, size_t text_len,
	    uint8_t ret[SEAL_HASH_MAX]);

/* base64url without padding (RFC 7515 2); base64 with (RFC 4648 4).  The caller's. */
char *base64url(const void *data, size_t len);
char *base64(const void *data, size_t len);
/* Takes both alphabets, padded or not, and blanks between; false when it is none. */
bool unbase64(const char *text, struct buf *ret);
char *hex(const void *data, size_t len); /* lower case; the caller's */
/* base32 in lower case without padding (RFC 4648 6); the caller's. */
char *base32_lower(const void *data, size_t len);

#endif
