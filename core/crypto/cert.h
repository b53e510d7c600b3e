/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cert.h - certificate requests, and certificates that are looked at before they are trusted. */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "base/text.h"
#include "crypto/key.h"

/* PKCS#10 request: the names as dNSName, empty subject, no EKU, no extensions that a CA might
 * refuse (RFC 2986).  DER. */
enum seal_status csr_make(const struct key *, const struct words *names, struct buf *ret_der,
			  struct story *) MUST_CHECK;

/* A request that somebody else made, PEM or DER: signed by its own key, for exactly these names
 * (NULL: whatever they are).  ret_key: its public half. */
enum seal_status csr_read(const char *text, size_t len, const struct words *names,
			  struct buf *ret_der, struct key **ret_key, struct story *) MUST_CHECK;

#define CHAIN_MAX 10 /* certificates */
struct cert_info {
	char *subject, *issuer; /* cleaned one-line names */
	char *issuer_cn;        /* cleaned; "" when it has none */
	char *serial;           /* lower-case hex of the INTEGER's octets, also a leading 00 */
	char *aki;              /* lower-case hex of the authority's key identifier; "": none */
	int64_t not_before, not_after;
	struct words names; /* dNSNames, lower case, in the certificate's order */
	unsigned other_names;	/* subject alternative names that are no dNSName */
	bool is_ca;
	uint8_t spki[32];   /* SHA-256 */
	uint8_t sha256[32]; /* of the DER */
	char *pem;          /* written anew, one final newline */
};
struct chain {
	size_t n; /* leaf first */
	struct cert_info *at;
	void *handles; /* gnutls_x509_crt_t[n] */
};
/* PEM only: 1..10 CERTIFICATE blocks, blank lines between, nothing else (RFC 8555 9.1); SEAL_EPROTO
 * says what is there instead. */
enum seal_status chain_read(const char *pem, size_t len, struct chain *ret,
			    struct story *) MUST_CHECK;
/* What a server showed: DER certificates, each behind its length (4 octets, big endian). */
enum seal_status chain_read_der(const void *data, size_t len, struct chain *ret,
				struct story *) MUST_CHECK;
void chain_free(struct chain *);
bool cert_der(const struct cert_info *, struct buf *ret); /* as it was read */

/* All that must hold before a chain may replace a live one (fails with SEAL_EPROTO and the first
 * thing that is wrong): leaf has our key, exactly these names, is no CA, serverAuth when it has an
 * EKU, notBefore within 7 days back and 1 hour ahead, notAfter more than 1 hour ahead, each
 * certificate signed by the next with no weak algorithm, none twice. */
enum seal_status chain_check(const struct chain *, const struct key *, const struct words *names,
			     int64_t now, struct story *) MUST_CHECK;
/* Does key belong to the leaf? */
bool chain_has_key(const struct chain *, const struct key *);
/* Does the chain end in the CA bundle at `trust` (NULL = the system's)?  For information. */
bool chain_is_trusted(const struct chain *, const char *trust);

/* Is there at least one certificate in PEM in this file, and can all be read?  SEAL_ECONFIG, with a
 * sentence that names the file. */
enum seal_status bundle_check(const char *path, struct story *) MUST_CHECK;

#endif
