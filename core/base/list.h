/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * list.h - intrusive doubly linked ring: a head and the links inside the members.
 * A link that is in no list is zeroed or points at itself; list_drop may be called on both. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next;
};

#define LIST_HEAD(h) { &(h), &(h) }

static inline void list_init(struct list *h)
{
	h->prev = h->next = h;
}

static inline bool list_empty(const struct list *h)
{
	return !h->next || h->next == h;
}

static inline void list_add(struct list *h, struct list *x) /* at the end */
{
	x->prev = h->prev;
	x->next = h;
	h->prev->next = x;
	h->prev = x;
}

static inline void list_drop(struct list *x)
{
	if (!x->next)
		return;
	x->prev->next = x->next;
	x->next->prev = x->prev;
	list_init(x);
}

static inline struct list *list_shift(struct list *h) /* first one, or NULL */
{
	if (list_empty(h))
		return NULL;
	struct list *x = h->next;
	list_drop(x);
	return x;
}

#define list_each(at, h) for (struct list *at = (h)->next; at != (h); at = at->next)
#define list_each_safe(at, h)                                                                      \
	for (struct list *at = (h)->next, *at##_n = at->next; at != (h);                           \
	     at = at##_n, at##_n = at->next)

#endif
