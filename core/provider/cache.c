/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/cache.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 1024 /* a login with more zones asks again */

struct entry {
	struct list link; /* newest last */
	char *key, *value;
	int64_t until_ms;
};

static void entry_free(struct entry *e)
{
	list_drop(&e->link);
	free(e->key);
	wipe_p(&e->value); /* may be a session token */
	free(e);
}

static struct entry *entry_find(struct login *l, const char *key, size_t *ret_n)
{
	struct entry *found = NULL;

	*ret_n = 0;
	list_each (at, &l->cache) {
		struct entry *e = container_of(at, struct entry, link);
		++*ret_n;
		if (!strcmp(e->key, key))
			found = e;
	}
	return found;
}

const char *cache_find(struct login *l, const char *key, struct arena *a)
{
	const char *value = NULL;
	size_t n;

	pthread_mutex_lock(&l->lock);
	struct entry *e = entry_find(l, key, &n);
	if (e && e->until_ms > clock_ms())
		value = arena_str(a, e->value);
	pthread_mutex_unlock(&l->lock);
	return value;
}

void cache_keep(struct login *l, const char *key, const char *value, unsigned ttl_s)
{
	size_t n;

	pthread_mutex_lock(&l->lock);
	struct entry *e = entry_find(l, key, &n);
	if (e)
		entry_free(e);
	else if (n >= ENTRIES_MAX)
		entry_free(container_of(l->cache.next, struct entry, link));
	if (value && ttl_s) {
		e = mem_new(sizeof(*e));
		e->key = str_copy(key);
		e->value = str_copy(value);
		e->until_ms = clock_ms() + (int64_t)ttl_s * 1000;
		list_add(&l->cache, &e->link);
	}
	pthread_mutex_unlock(&l->lock);
}

void cache_clear(struct login *l)
{
	pthread_mutex_lock(&l->lock);
	list_each_safe (at, &l->cache)
		entry_free(container_of(at, struct entry, link));
	pthread_mutex_unlock(&l->lock);
}
