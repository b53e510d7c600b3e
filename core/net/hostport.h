/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * hostport.h - "HOST:PORT" taken apart. */
#ifndef NET_HOSTPORT_H
#define NET_HOSTPORT_H

#include <stdbool.h>

struct hostport {
	char host[256];	 /* a name or an address, without brackets */
	unsigned port;	 /* 1..65535 */
	bool is_bracket; /* it was written [V6] */
};

/* HOST, HOST:PORT, [V6], [V6]:PORT or V6; ret->port is `port` when none is given.  False: HOST is
 * empty or too long, or what follows is no port.  Whether HOST is any good is not looked at. */
bool hostport_parse(const char *text, unsigned port, struct hostport *ret);

#endif
