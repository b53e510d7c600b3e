/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "tests/mock_ca.h"

#include "base/json.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mock_ca_free(struct mock_ca *ca)
{
	words_free(&ca->nonces);
	*ca = (struct mock_ca){ 0 };
}

void mock_ca_nonce(struct mock_ca *ca, struct http_call *call)
{
	char text[32];

	str_put(text, "nonce-%u", ++ca->serial);
	words_add(&ca->nonces, text);
	mock_header(call, "replay-nonce", text);
}

static bool take_back(struct mock_ca *ca, const char *nonce)
{
	for (size_t i = 0; *nonce && i < ca->nonces.n; i++)
		if (!strcmp(ca->nonces.at[i], nonce)) {
			*ca->nonces.at[i] = '\0';
			return true;
		}
	return false;
}

static bool has_header(const struct http_call *call, const char *line)
{
	for (size_t i = 0; call->headers && call->headers[i]; i++)
		if (!strcmp(call->headers[i], line))
			return true;
	return false;
}

/* A member of base64url, as text. */
static char *open_part(const struct json_object *jws, const char *name)
{
	const char *text = json_str(jws, name);
	struct buf out = { 0 };

	if (text && unbase64(text, &out))
		return buf_take(&out);
	buf_free(&out);
	return NULL;
}

const char *mock_ca_open(struct mock_ca *ca, const struct http_call *call, struct visit *v)
{
	scoped(json_put_p) struct json_object *jws = NULL, *head = NULL;
	struct story story = { 0 };

	*v = (struct visit){ 0 };
	ca->posts++;
	if (strcmp(call->method, "POST") ||
	    !has_header(call, "Content-Type: application/jose+json"))
		return "not a POST of application/jose+json";
	if (json_read(call->body, call->body_len, "JWS", &jws, &story))
		return "body is no JSON";
	scoped(free_p) char *protected_text = open_part(jws, "protected");
	v->payload = open_part(jws, "payload");
	if (!protected_text || !v->payload || !json_str(jws, "signature") ||
	    json_object_object_length(jws) != 3)
		return "not a flattened JWS";
	if (json_read(protected_text, strlen(protected_text), "header", &head, &story))
		return "protected header is no JSON";
	v->url = str_copy(json_str(head, "url"));
	v->nonce = str_copy(json_str(head, "nonce"));
	v->kid = str_copy(json_str(head, "kid"));
	if (!v->url || strcmp(v->url, call->url))
		return "url of the header is not the one that was asked";
	if (!v->kid == !json_obj(head, "jwk"))
		return "neither or both of kid and jwk";
	v->nonce_good = v->nonce && take_back(ca, v->nonce);
	return NULL;
}

void visit_free(struct visit *v)
{
	free(v->url);
	free(v->nonce);
	free(v->kid);
	free(v->payload);
	*v = (struct visit){ 0 };
}
