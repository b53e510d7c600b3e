/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * name.h - domain names as text: lower case, no final dot, A-labels (RFC 9499).  "." is the root.
 *
 * Text form escapes . \ " ; ( ) @ $ blanks and octets outside 0x21..0x7e as \DDD (RFC 1035 5.1). */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include "base/buf.h"
#include "base/status.h"

#define NAME_MAX_LEN 1025 /* text of 255 octets, every one escaped, and NUL */
#define NAME_WIRE_MAX 255

/* Any text form to ours: lower case, final dot away.  False when it is no name (empty label, label
 * over 63, whole over 255 octets on the wire). */
bool name_normal(const char *text, char ret[NAME_MAX_LEN]);
/* A name for a certificate: IDN to A-labels (IDNA2008, UTS 46 non-transitional; libidn2), checked
 * as RFC 8555 identifiers are: letters, digits, hyphens, at least two labels, at most 253 octets,
 * "*." only in front.  SEAL_EINVAL with a sentence for the operator (URL, IP address, final dot,
 * underscore, "*" alone, blank: each named). */
enum seal_status name_identifier(const char *text, char ret[NAME_MAX_LEN],
				 struct story *) MUST_CHECK;
/* Any text form as a person types it to ours: labels with letters outside of ASCII to A-labels (as
 * above), everything else as name_normal: "_acme-challenge" and "*" stay.  SEAL_EINVAL with a
 * sentence. */
enum seal_status name_ascii(const char *text, char ret[NAME_MAX_LEN], struct story *) MUST_CHECK;
/* U-label form for people when it has any A-label, else the name itself.  Returns ret. */
const char *name_unicode(const char *name, char ret[NAME_MAX_LEN]);

bool name_same(const char *a, const char *b);
bool name_is_under(const char *name, const char *zone); /* equal or below, on label boundaries */
const char *name_parent(const char *name); /* one label off the left, inside name; "." at last */
size_t name_labels(const char *name);      /* "." has 0 */
const char *name_base(const char *identifier); /* without "*." */
/* "@" or relative to absolute and back; false when it does not fit or lies outside. */
bool name_absolute(const char *name, const char *zone, char ret[NAME_MAX_LEN]);
bool name_relative(const char *absolute, const char *zone, char ret[NAME_MAX_LEN]);
/* Octets written, letters in lower case (RFC 4034 6.2); 0 when it is no name. */
size_t name_to_wire(const char *name, uint8_t ret[NAME_WIRE_MAX]);
/* Our text form of a whole name without compression; the reverse. */
void name_from_wire(const uint8_t *wire, char ret[NAME_MAX_LEN]);

#endif
