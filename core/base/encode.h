/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * encode.h - octets as text and back.  Results are the caller's. */
#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

#include "base/buf.h"

/* base64url without padding (RFC 7515 2); base64 with (RFC 4648 4). */
char *base64url(const void *data, size_t len);
char *base64(const void *data, size_t len);
/* Takes both alphabets, padded or not, and blanks between; false when it is none. */
bool unbase64(const char *text, struct buf *ret);
char *hex(const void *data, size_t len); /* lower case */
/* base32 in lower case without padding (RFC 4648 6). */
char *base32_lower(const void *data, size_t len);

#endif
