/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/encode.h"

#include <string.h>

static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char classic[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One character for every `bits` bits, the last ones filled up with zeros; room for `pad` more. */
static char *encode(const uint8_t *data, size_t len, const char *alphabet, unsigned bits,
                    size_t pad)
{
	char *text = mem_new(len * 8 / bits + 1 + pad + 1);
	uint32_t held = 0;
	unsigned n = 0;
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		held = (held << 8 | data[i]) & 0xffff;
		for (n += 8; n >= bits; n -= bits)
			text[at++] = alphabet[held >> (n - bits) & ((1u << bits) - 1)];
	}
	if (n)
		text[at++] = alphabet[held << (bits - n) & ((1u << bits) - 1)];
	return text;
}

char *base64url(const void *data, size_t len)
{
	return encode(data, len, url_safe, 6, 0);
}

char *base64(const void *data, size_t len)
{
	char *text = encode(data, len, classic, 6, 2);

	memcpy(text + strlen(text), "==", (3 - len % 3) % 3);
	return text;
}

char *hex(const void *data, size_t len)
{
	return encode(data, len, "0123456789abcdef", 4, 0);
}

char *base32_lower(const void *data, size_t len)
{
	return encode(data, len, "abcdefghijklmnopqrstuvwxyz234567", 5, 0);
}

static int base64_value(char c)
{
	const char *at = strchr(classic, c);

	if (!at)
		return c == '-' ? 62 : c == '_' ? 63 : -1;
	return c ? (int)(at - classic) : -1;
}

bool unbase64(const char *text, struct buf *ret)
{
	uint32_t held = 0;
	size_t chars = 0, pads = 0;

	for (; *text; text++) {
		if (strchr(" \t\r\n", *text))
			continue;
		if (*text == '=') {
			pads++;
			continue;
		}
		int value = base64_value(*text);
		if (value < 0 || pads)
			return false;
		held = (held << 6 | (uint32_t)value) & 0xffff;
		if (chars++ % 4)
			buf_char(ret, (char)(held >> (6 - 2 * ((chars - 1) % 4)) & 0xff));
	}
	/* One character over holds no octet; padding fills the last four up or is left out. */
	return chars % 4 != 1 && (!pads || (pads <= 2 && (chars + pads) % 4 == 0)) && !ret->bad;
}
