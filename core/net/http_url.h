/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * http_url.h - host and port of a URL, for http*.c; http_url_ok() is in http.h. */
#ifndef NET_HTTP_URL_H
#define NET_HTTP_URL_H

#include "net/hostport.h"

/* False when it is no URL that http_url_ok() takes. */
bool http_url_host(const char *url, struct hostport *ret);

#endif
