/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * buf.h - growing octets with a maximum and a sticky error: append freely, test `bad` once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/scope.h"

#include <stdbool.h>
#include <stdint.h>

struct buf {
	char *data; /* always NUL-ended once anything was added; NULL before */
	size_t len; /* without the NUL */
	size_t cap;
	size_t max; /* 0 means BUF_MAX */
	bool bad;   /* something did not fit; the rest was dropped */
};
#define BUF_MAX (16u << 20)

void buf_add(struct buf *, const void *data, size_t len);
void buf_str(struct buf *, const char *s);
void buf_char(struct buf *, char c);
void buf_printf(struct buf *, const char *fmt, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *, const char *fmt, va_list) PRINTF(2, 0);
void buf_u16(struct buf *, unsigned value);   /* big endian */
void buf_u32(struct buf *, uint32_t value);   /* big endian */
void buf_clear(struct buf *);                 /* keeps the memory and the maximum */
void buf_free(struct buf *);                  /* wipes first: bufs hold keys and tokens too */
char *buf_take(struct buf *);                 /* the text ("" when empty); buf is empty after */
const char *buf_text(const struct buf *);     /* "" when empty; valid until the next change */

#endif
