/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Make room for `more` octets and the NUL.  Moves by copy and wipe, never by realloc, so that no
 * secret stays behind in freed memory. */
static bool room(struct buf *b, size_t more)
{
	size_t max = b->max ? b->max : BUF_MAX;

	if (b->bad || more > max - (b->len < max ? b->len : max)) {
		b->bad = true;
		return false;
	}
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return true;
	size_t cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap *= 2;
	char *data = mem_new(cap);
	if (b->len)
		memcpy(data, b->data, b->len);
	if (b->data)
		mem_wipe(b->data, b->len);
	free(b->data);
	b->data = data;
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (!room(b, len))
		return;
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	scoped(wipe_p) char *s = str_vprintf(fmt, ap);

	buf_str(b, s);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_u16(struct buf *b, unsigned value)
{
	uint8_t o[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	buf_add(b, o, sizeof(o));
}

void buf_u32(struct buf *b, uint32_t value)
{
	buf_u16(b, value >> 16);
	buf_u16(b, value & 0xffff);
}

void buf_clear(struct buf *b)
{
	if (b->data)
		mem_wipe(b->data, b->len);
	b->len = 0;
	b->bad = false;
}

void buf_free(struct buf *b)
{
	buf_clear(b);
	free(b->data);
	b->data = NULL;
	b->cap = 0;
}

char *buf_take(struct buf *b)
{
	char *s = b->data ? b->data : str_copy("");

	b->data = NULL;
	b->len = b->cap = 0;
	return s;
}

const char *buf_text(const struct buf *b)
{
	return b->data ? b->data : "";
}
