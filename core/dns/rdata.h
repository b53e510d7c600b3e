/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * rdata.h - record data between zone-file text and wire form (RFC 1035 5.1, RFC 3597).
 *
 * Known by name: A AAAA CAA CNAME DNAME DNSKEY DS HINFO HTTPS LOC-less, MX NAPTR NS OPENPGPKEY PTR
 * SMIMEA SOA SRV SSHFP SVCB TLSA TXT URI; any other as TYPEn with "\# LENGTH HEX".  SVCB and HTTPS
 * are read and written in their generic form when they carry parameters we do not know (known: keys
 * 0 to 6 of RFC 9460 14.3.2).
 * TXT is the text itself: no quotes, octets outside 0x20..0x7e as they are. */
#ifndef DNS_RDATA_H
#define DNS_RDATA_H

#include "base/buf.h"
#include "dns/wire.h"

uint16_t rr_type(const char *name);                  /* "TXT", "TYPE257"; 0 = unknown */
const char *rr_type_name(uint16_t type, char ret[16]); /* "TYPE65280" when it has no name */
/* False when malformed.  Names in the data are absolute, final dot or not. */
bool rdata_pack(uint16_t type, const char *text, struct buf *ret);
/* Names without final dot. */
bool rdata_text(const uint8_t *msg, size_t len, const struct seal_rr *, struct buf *ret);
/* Are two texts the same data?  Through the wire form; names without regard to case. */
bool rdata_same(uint16_t type, const char *a, const char *b);
/* Zone-file strings for TXT: "..." of at most 255 octets each; and back (unquoted text is taken as
 * it is; false when it begins with a quote and is malformed). */
void txt_quote(const char *text, struct buf *ret);
bool txt_plain(const char *text, struct buf *ret);

#endif
