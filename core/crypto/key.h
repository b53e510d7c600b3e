/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * key.h - private keys: make, read, write, sign; and their public side as JWK. */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "base/buf.h"
#include "base/status.h"

#include <json-c/json.h>

enum key_type {
	KEY_ECDSA_P256,
	KEY_ECDSA_P384,
	KEY_RSA_2048,
	KEY_RSA_3072,
	KEY_RSA_4096,
	KEY_TYPES
};
const char *key_type_name(enum key_type);  /* "ecdsa-p256" */
const char *key_type_label(enum key_type); /* "ECDSA P-256", for people */
const char *key_type_family(enum key_type); /* "ecdsa", "rsa": in names of files */
bool key_type_parse(const char *name, enum key_type *ret);

struct key;
/* RSA takes up to seconds: call it in a worker. */
enum seal_status key_new(enum key_type, struct key **ret, struct story *) MUST_CHECK;
/* PEM, PKCS#8 or the traditional forms; no passwords.  SEAL_EINVAL when it is none of our types. */
enum seal_status key_read(const char *pem, size_t len, struct key **ret, struct story *) MUST_CHECK;
enum seal_status key_write(const struct key *, struct buf *ret_pem, struct story *) MUST_CHECK;
void key_free(struct key *);
void key_free_p(struct key **);
enum key_type key_type(const struct key *);
/* Only the public half, from a request: everything but key_write() and key_sign() works. */
bool key_is_public(const struct key *);
enum seal_status key_of_public(void *gnutls_pubkey, struct key **ret, struct story *) MUST_CHECK;

const char *key_jws_alg(const struct key *); /* "ES256", "ES384", "RS256" */
/* JWS signature (RFC 7518 3.4: raw r||s, each as wide as the curve), not yet base64. */
enum seal_status key_sign(const struct key *, const void *data, size_t len, struct buf *ret,
			  struct story *) MUST_CHECK;
struct json_object *key_jwk(const struct key *);        /* public; members in lexical order */
void key_thumbprint(const struct key *, char ret[44]);  /* RFC 7638, base64url of SHA-256 */
/* Same for a public JWK given as JSON (test vectors). */
bool jwk_thumbprint(const struct json_object *jwk, char ret[44]);
/* SHA-256 of the public key's SubjectPublicKeyInfo. */
enum seal_status key_spki_hash(const struct key *, uint8_t ret[32], struct story *) MUST_CHECK;
void *key_handle(const struct key *); /* gnutls_privkey_t, for crypto/ only */

#endif
