/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "net/http_url.h"

#include "base/text.h"
#include "net/http.h"

#include <string.h>
#include <strings.h>

static const char scheme[] = "https://";
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
bool http_url_host(const char *url, struct hostport *ret)
{
	char authority[sizeof(ret->host) + 8];
	struct hostport h;

	if (!is_plain(url) || strncasecmp(url, scheme, sizeof(scheme) - 1) != 0)
		return false;
	url += sizeof(scheme) - 1;
	size_t n = strcspn(url, "/?");
	if (n >= sizeof(authority))
		return false;
	memcpy(authority, url, n);
	authority[n] = '\0';
	if (!hostport_parse(authority, 443, &h))
		return false;
	if (strspn(h.host, h.is_bracket ? v6_octets : name_octets) != strlen(h.host))
		return false;
	*ret = h;
	return true;
}

bool http_url_ok(const char *url)
{
	struct hostport h;

	return url && http_url_host(url, &h);
}
