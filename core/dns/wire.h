/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * wire.h - write a DNS question, read a DNS message safely (RFC 1035 4.1, RFC 6891).
 *
 * Rules of the reader: at most one question; names at most 255 octets, at most 10 compression
 * pointers, each strictly backwards; RDLENGTH inside the message; TXT strings inside their RDATA;
 * at most WIRE_RR_MAX records.  rcode includes the upper bits of an OPT record (RFC 6891 6.1.3). */
#ifndef DNS_WIRE_H
#define DNS_WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "dns/name.h"

enum { TYPE_A = 1, TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6, TYPE_PTR = 12, TYPE_MX = 15,
       TYPE_TXT = 16, TYPE_AAAA = 28, TYPE_SRV = 33, TYPE_DNAME = 39, TYPE_OPT = 41, TYPE_TLSA = 52,
       TYPE_TSIG = 250, TYPE_AXFR = 252, TYPE_ANY = 255, TYPE_CAA = 257 };
enum { CLASS_IN = 1, CLASS_NONE = 254, CLASS_ANY = 255 };
enum { RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3,
       RCODE_NOTIMP = 4, RCODE_REFUSED = 5, RCODE_NOTAUTH = 9, RCODE_NOTZONE = 10 };
const char *rcode_name(unsigned rcode); /* "NXDOMAIN"; "rcode 11" is not wanted: "?" */

#define WIRE_RR_MAX 4096
#define WIRE_QUERY_MAX 300

/* A question with a random id, RD as asked, and exactly one OPT record of 11 octets at the end
 * (UDP size 1232).  Octets written; 0 when name is none. */
size_t wire_query(const char *name, uint16_t type, bool recurse, uint8_t ret[WIRE_QUERY_MAX]);

/* NULL-safe arena memory in *ret; the message must outlive it.  False: malformed. */
bool wire_read(struct arena *, const uint8_t *msg, size_t len, struct seal_message *ret);
/* Is this message the answer to that question (QR, one question, same name and type)? */
bool wire_answers(const struct seal_message *, const char *name, uint16_t type);
/* A name inside a message at offset `at`; *ret_end (may be NULL): behind it.  False: malformed. */
bool wire_name(const uint8_t *msg, size_t len, size_t at, char ret[NAME_MAX_LEN], size_t *ret_end);
/* The name that is the whole data of a record (NS, CNAME, DNAME) inside that message. */
bool wire_rr_name(const uint8_t *msg, size_t len, const struct seal_rr *, char ret[NAME_MAX_LEN]);
/* TXT RDATA joined into one string of octets; false when malformed. */
bool wire_txt(const struct seal_rr *, struct buf *ret);
/* Of a SOA record inside that message: its serial, and the negative TTL it asks for (RFC 2308 5:
 * the lesser of its own TTL and MINIMUM).  False when malformed.  The pointers may be NULL. */
bool wire_soa(const uint8_t *msg, size_t len, const struct seal_rr *, uint32_t *ret_serial,
	      uint32_t *ret_negative_s);

#endif
