/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * link.h - Link headers (RFC 8288) and the relative URLs in them (RFC 3986 5.2). */
#ifndef ACME_LINK_H
#define ACME_LINK_H

#include "net/http.h"

/* Target of the nth link of this relation, made absolute with `base`; the caller's; NULL: there
 * are fewer, or it is longer than HTTP_URL_MAX. */
char *link_find(const struct http_call *, const char *base, const char *rel, unsigned nth);
/* An https reference made absolute; the caller's; NULL when it has another scheme. */
char *url_resolve(const char *base, const char *reference);

#endif
