/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "crypto/digest.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

static const struct {
	gnutls_digest_algorithm_t digest;
	gnutls_mac_algorithm_t mac;
} hashes[] = {
	[SEAL_MD5] = { GNUTLS_DIG_MD5, GNUTLS_MAC_MD5 },
	[SEAL_SHA1] = { GNUTLS_DIG_SHA1, GNUTLS_MAC_SHA1 },
	[SEAL_SHA224] = { GNUTLS_DIG_SHA224, GNUTLS_MAC_SHA224 },
	[SEAL_SHA256] = { GNUTLS_DIG_SHA256, GNUTLS_MAC_SHA256 },
	[SEAL_SHA384] = { GNUTLS_DIG_SHA384, GNUTLS_MAC_SHA384 },
	[SEAL_SHA512] = { GNUTLS_DIG_SHA512, GNUTLS_MAC_SHA512 },
};

void sha256(const void *data, size_t len, uint8_t ret[32])
{
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, len, ret))
		abort(); /* a library without SHA-256 can do nothing for us */
}

size_t digest(enum seal_hash h, const void *data, size_t len, uint8_t ret[SEAL_HASH_MAX])
{
	if ((size_t)h >= COUNT(hashes) || gnutls_hash_fast(hashes[h].digest, data, len, ret))
		return 0;
	return gnutls_hash_get_len(hashes[h].digest);
}

size_t hmac(enum seal_hash h, const void *key, size_t key_len, const void *text, size_t text_len,
            uint8_t ret[SEAL_HASH_MAX])
{
	if ((size_t)h >= COUNT(hashes) ||
	    gnutls_hmac_fast(hashes[h].mac, key, key_len, text, text_len, ret))
		return 0;
	return gnutls_hmac_get_len(hashes[h].mac);
}
