/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/http_url.h"

#include "base/text.h"
#include "net/http.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

static const char name_octets[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
static const char v6_octets[] = "abcdefABCDEF0123456789:.";

/* Visible ASCII only, and no fragment. */
static bool is_plain(const char *url)
{
	size_t n = strnlen(url, HTTP_URL_MAX + 1);

	for (size_t i = 0; i < n; i++)
		if (url[i] <= 0x20 || url[i] >= 0x7f || url[i] == '#')
			return false;
	return n <= HTTP_URL_MAX;
}

/* A user ("@"), an escape or a backslash is no octet of a host, so none passes. */
static bool host_of(const char *url, const char *scheme, unsigned port, struct hostport *ret)
{
	char authority[sizeof(ret->host) + 8];
	struct hostport h;

	if (!url || !is_plain(url) || strncasecmp(url, scheme, strlen(scheme)) != 0)
		return false;
	url += strlen(scheme);
	size_t n = strcspn(url, "/?");
	if (n >= sizeof(authority))
		return false;
	memcpy(authority, url, n);
	authority[n] = '\0';
	if (!hostport_parse(authority, port, &h))
		return false;
	if (strspn(h.host, h.is_bracket ? v6_octets : name_octets) != strlen(h.host))
		return false;
	*ret = h;
	return true;
}

bool http_url_host(const char *url, struct hostport *ret)
{
	return host_of(url, "https://", 443, ret);
}

bool http_url_ok(const char *url)
{
	struct hostport h;

	return http_url_host(url, &h);
}

static const struct {
	int family;
	unsigned bits;
	uint8_t prefix[16];
} near[] = {
	{ AF_INET, 8, { 127 } },
	{ AF_INET, 16, { 169, 254 } },
	{ AF_INET6, 128, { [15] = 1 } },
	{ AF_INET6, 10, { 0xfe, 0x80 } },
	{ AF_INET6, 32, { 0xfd, 0x00, 0x0e, 0xc2 } },
};

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return !memcmp(address, prefix, whole) &&
	       (!rest || !((address[whole] ^ prefix[whole]) >> (8 - rest)));
}

bool http_url_local(const char *url)
{
	uint8_t address[16];
	struct hostport h;

	if (!host_of(url, "http://", 80, &h))
		return false;
	int family = h.is_bracket ? AF_INET6 : AF_INET;
	if (inet_pton(family, h.host, address) != 1)
		return false;
	for (size_t i = 0; i < COUNT(near); i++)
		if (near[i].family == family && has_prefix(address, near[i].prefix, near[i].bits))
			return true;
	return false;
}
