/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/hostport.h"

#include "base/text.h"

#include <string.h>

/* Octets of HOST at the start of text, which is behind the '[' if there was one. */
static size_t host_len(const char *text, bool bracket)
{
	size_t n = strcspn(text, ":");

	if (bracket)
		return strcspn(text, "]");
	if (text[n] && strchr(text + n + 1, ':')) /* V6 as it is: no port can follow */
		return strlen(text);
	return n;
}

bool hostport_parse(const char *text, unsigned port, struct hostport *ret)
{
	struct hostport h = { .is_bracket = *text == '[' };
	uint64_t value = port;

	text += h.is_bracket;
	size_t n = host_len(text, h.is_bracket);
	const char *rest = text + n;
	if (!n || n >= sizeof(h.host) || (h.is_bracket && *rest++ != ']'))
		return false;
	if (*rest && (*rest != ':' || !parse_uint(rest + 1, 65535, &value) || !value))
		return false;
	memcpy(h.host, text, n);
	h.port = (unsigned)value;
	*ret = h;
	return true;
}
