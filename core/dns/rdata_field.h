/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * rdata_field.h - what the rdata files share: the table of types, and words in zone-file text. */
#ifndef DNS_RDATA_FIELD_H
#define DNS_RDATA_FIELD_H

#include "base/buf.h"

#define RDATA_MAX 65535

enum rdata_kind {
	RDATA_END = 0,
	RDATA_NAME, /* domain name; read with, written without compression */
	RDATA_U8,
	RDATA_U16,
	RDATA_U32,
	RDATA_A,      /* IPv4 address */
	RDATA_AAAA,   /* IPv6 address */
	RDATA_STRING, /* length octet and at most 255 octets; "quoted" */
	RDATA_TAG,    /* the same, letters and digits, not quoted (RFC 8659 4.1) */
	/* The rest of the data: */
	RDATA_TEXT, /* octets, "quoted" */
	RDATA_HEX,
	RDATA_BASE64,
	RDATA_PARAMS, /* SvcParams (RFC 9460 2.1) */
	RDATA_RAW,    /* strings, their text neither quoted nor escaped */
};
#define RDATA_FIELDS 8

struct rdata_type {
	const char *name;
	uint16_t type;
	uint8_t fields[RDATA_FIELDS]; /* enum rdata_kind, ended by RDATA_END */
};
/* By number or, when name is not NULL, by name in any case; NULL when it is not in the table. */
const struct rdata_type *rdata_type_find(uint16_t type, const char *name);

struct rdata_view { /* record data being read */
	const uint8_t *msg;
	size_t at, end; /* within msg */
	bool generic;	/* well-formed, but only the generic form can say it */
};

/* The next blank-separated word, escapes left as they are; false: none, quoted, or too long. */
bool rdata_word(const char **at, char *ret, size_t size);
/* The next word or quoted string, escapes undone; false: none or malformed. */
bool rdata_string(const char **at, struct buf *ret);
void rdata_quote(const uint8_t *data, size_t len, struct buf *ret);
const char *rdata_skip(const char *at); /* over blanks */

bool rdata_params_pack(const char **at, struct buf *ret);
bool rdata_params_text(struct rdata_view *, struct buf *ret);

#endif
