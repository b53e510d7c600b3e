/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "crypto/jws.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static void put_text(struct json_object *o, const char *name, const char *text)
{
	json_object_object_add(o, name, json_object_new_string(text));
}

/* JSON text as base64url. */
static char *encode(const struct json_object *o)
{
	scoped(free_p) char *text = json_write(o);

	return base64url(text, strlen(text));
}

/* What is signed: protected "." payload, both encoded (RFC 7515 5.1). */
struct parts {
	char *head, *payload, *both;
};

static void parts_free(struct parts *p)
{
	free(p->head);
	free(p->payload);
	free(p->both);
}

static struct parts parts_of(const struct json_object *head, const char *payload)
{
	struct parts p = { .head = encode(head), .payload = base64url(payload, strlen(payload)) };

	p.both = str_printf("%s.%s", p.head, p.payload);
	return p;
}

static struct json_object *join(const struct parts *p, const void *signature, size_t len)
{
	struct json_object *o = json_object_new_object();
	scoped(free_p) char *code = base64url(signature, len);

	put_text(o, "protected", p->head);
	put_text(o, "payload", p->payload);
	put_text(o, "signature", code);
	return o;
}

enum seal_status jws_sign(const struct key *k, const char *kid, const char *nonce, const char *url,
                          const char *payload, struct buf *ret, struct story *s)
{
	scoped(json_put_p) struct json_object *head = json_object_new_object();
	scoped(buf_free) struct buf signature = { 0 };

	put_text(head, "alg", key_jws_alg(k));
	if (kid)
		put_text(head, "kid", kid);
	else
		json_object_object_add(head, "jwk", key_jwk(k));
	if (nonce)
		put_text(head, "nonce", nonce);
	put_text(head, "url", url);
	scoped(parts_free) struct parts p = parts_of(head, payload);
	enum seal_status st = key_sign(k, p.both, strlen(p.both), &signature, s);
	if (st)
		return st;
	scoped(json_put_p) struct json_object *jws = join(&p, signature.data, signature.len);
	scoped(free_p) char *text = json_write(jws);
	buf_str(ret, text);
	return SEAL_OK;
}

static const char *mac_alg(enum seal_hash h) /* RFC 7518 3.2 */
{
	static const char *const names[] = {
		[SEAL_SHA256] = "HS256", [SEAL_SHA384] = "HS384", [SEAL_SHA512] = "HS512"
	};

	return (size_t)h < COUNT(names) ? names[h] : NULL;
}

enum seal_status jws_eab(const struct key *account, const char *kid, const char *mac_key,
                         enum seal_hash hash, const char *url, struct json_object **ret,
                         struct story *s)
{
	scoped(json_put_p) struct json_object *head = json_object_new_object();
	scoped(json_put_p) struct json_object *jwk = key_jwk(account);
	scoped(buf_free) struct buf secret = { 0 };
	uint8_t mac[SEAL_HASH_MAX];
	const char *alg = mac_alg(hash);

	*ret = NULL;
	if (!alg)
		return story_fail(s, SEAL_ECONFIG, "external account binding: no such MAC");
	if (!unbase64(mac_key, &secret) || !secret.len)
		return story_fail(s, SEAL_ECONFIG,
		                  "external account binding: the HMAC key of %s is no base64", kid);
	put_text(head, "alg", alg);
	put_text(head, "kid", kid);
	put_text(head, "url", url);
	scoped(free_p) char *payload = json_write(jwk);
	scoped(parts_free) struct parts p = parts_of(head, payload);
	size_t n = hmac(hash, secret.data, secret.len, p.both, strlen(p.both), mac);
	if (!n)
		return story_fail(s, SEAL_ECONFIG, "external account binding: GnuTLS refused %s",
		                  alg);
	*ret = join(&p, mac, n);
	return SEAL_OK;
}

void dns01_value(const char *token, const char *thumbprint, char ret[44])
{
	scoped(free_p) char *text = str_printf("%s.%s", token, thumbprint);
	uint8_t hash[32];

	sha256(text, strlen(text), hash);
	scoped(free_p) char *code = base64url(hash, sizeof(hash));
	memcpy(ret, code, 44);
}
