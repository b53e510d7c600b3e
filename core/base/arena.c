/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096u

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

void *arena_new(struct arena *a, size_t size)
{
	size_t need = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	struct arena_block *b = a->blocks;

	if (size > PTRDIFF_MAX / 2)
		abort(); /* no memory for that */
	if (!b || need > b->size - b->used) {
		size_t room = need > BLOCK ? need : BLOCK;
		b = mem_new(sizeof(*b) + room);
		b->size = room;
		b->next = a->blocks;
		a->blocks = b;
	}
	void *p = b->data + b->used;
	b->used += need;
	return p;
}

char *arena_copy(struct arena *a, const char *s, size_t n)
{
	char *copy = arena_new(a, n + 1);

	if (n)
		memcpy(copy, s, n);
	return copy;
}

char *arena_str(struct arena *a, const char *s)
{
	return s ? arena_copy(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	scoped(wipe_p) char *s = str_vprintf(fmt, ap);

	return arena_str(a, s);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

void arena_free(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;
		a->blocks = b->next;
		mem_wipe(b->data, b->used);
		free(b);
	}
}
