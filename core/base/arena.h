/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * arena.h - memory that dies all at once, with the operation or state it belongs to. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/scope.h"

struct arena_block;
struct arena {
	struct arena_block *blocks;
};

void *arena_new(struct arena *, size_t size); /* zeroed, aligned for any type */
char *arena_copy(struct arena *, const char *s, size_t n); /* NUL-ended copy */
char *arena_str(struct arena *, const char *s);            /* NULL gives NULL */
char *arena_printf(struct arena *, const char *fmt, ...) PRINTF(2, 3);
char *arena_vprintf(struct arena *, const char *fmt, va_list) PRINTF(2, 0);
void arena_free(struct arena *); /* wipes and frees everything; the arena may be used again */

#endif
