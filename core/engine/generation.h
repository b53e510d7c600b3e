/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * generation.h - gen-NNNNNN directories and the link `live`, for engine/store's own files. */
#ifndef ENGINE_GENERATION_H
#define ENGINE_GENERATION_H

#include "engine/store.h"

bool generation_number(const char *name, unsigned *ret); /* "gen-000012" */
unsigned generation_highest(const struct store *, const char *cert); /* 0: none */
unsigned generation_live(const struct store *, const char *cert);    /* 0: no such link */
/* Point `live` there, durably. */
enum seal_status generation_switch(const struct store *, const char *cert, unsigned n,
				   struct story *) MUST_CHECK;

#endif
