/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * generation.h - gen-NNNNNN directories and the link `live`, for store/'s own files. */
#ifndef STORE_GENERATION_H
#define STORE_GENERATION_H

#include "store/store.h"

#define GENERATION_KEPT "was-live" /* a file in one that was rolled back from */
bool generation_number(const char *name, unsigned *ret); /* "gen-000012" */
/* 0: none */
enum seal_status generation_highest(const struct store *, const char *cert, unsigned *ret,
				    struct story *) MUST_CHECK;
unsigned generation_live(const struct store *, const char *cert);    /* 0: no such link */
/* Are all files of this generation there, and do they belong together? */
bool generation_complete(const struct store *, const char *cert, unsigned n);
/* It was live and may be wanted again: store_repair() is not to take it for one that never was. */
enum seal_status generation_keep(const struct store *, const char *cert, unsigned n,
				 struct story *) MUST_CHECK;
/* Point `live` there, durably. */
enum seal_status generation_switch(const struct store *, const char *cert, unsigned n,
				   struct story *) MUST_CHECK;

#endif
