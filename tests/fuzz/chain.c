/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * chain.c - whatever a CA sends as a chain is refused, or read into clean facts and checked; no
 * key of ours is in it, so that none may pass.  Input that begins like DER is one certificate. */
#include "config.h"

#include "crypto/cert.h"
#include "crypto/digest.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One of RFC 9500 2.3's well-known test keys, never anybody's. */
static const char pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
                          "MHcCAQEEIObLW92AqkWunJXowVR2Z5/+yVPBaFHnEedDk5WJxk/BoAoGCCqGSM49\n"
                          "AwEHoUQDQgAEQiVI+I+3gv+17KN0RFLHKh5Vj71vc75eSOkyMsxFxbFsTNEMTLjV\n"
                          "uKFxOelIgsiZJXKZNCX0FBmrfpCkKklCcg==\n"
                          "-----END EC PRIVATE KEY-----\n";

static void look(const char *text, size_t size, const struct key *key)
{
	char *at[] = { (char[]){ "a.example" } };
	struct words names = { at, 1 };
	struct story story = { 0 };
	struct chain c;

	if (!chain_read(text, size, &c, &story)) {
		if (!c.n || c.n > CHAIN_MAX || !chain_check(&c, key, &names, NOW, &story))
			abort();
		for (size_t i = 0; i < c.n; i++)
			if (strpbrk(c.at[i].subject, "\n\r\t\x1b") || !c.at[i].pem[0])
				abort();
	}
	if (!story.text[0] || strpbrk(story.text, "\n\r\t\x1b"))
		abort(); /* every refusal has its clean sentence */
	chain_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct key *key;
	struct story story = { 0 };

	if (!key && key_read(pem, sizeof(pem) - 1, &key, &story))
		abort();
	if (!size || data[0] != 0x30) {
		look((const char *)data, size, key);
		return 0;
	}
	scoped(free_p) char *code = base64(data, size);
	scoped(free_p) char *text =
	        str_printf("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", code);
	look(text, strlen(text), key);
	return 0;
}
