/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cache.h - what a login remembers between operations: zone ids, session tokens.  Thread safe. */
#ifndef PROVIDER_CACHE_H
#define PROVIDER_CACHE_H

#include "base/arena.h"
#include "provider/login.h"

/* The value, copied into the arena; NULL when there is none or it is too old. */
const char *cache_find(struct login *, const char *key, struct arena *);
/* ttl_s 0 or value NULL: forget it.  The oldest entries make room. */
void cache_keep(struct login *, const char *key, const char *value, unsigned ttl_s);
void cache_clear(struct login *);

#endif
