/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/rdata_field.h"

#include "base/text.h"
#include "base/encode.h"

#include <arpa/inet.h>
#include <string.h>

/* SvcParams of SVCB and HTTPS records (RFC 9460 2.1, 7, 8). */

enum { MANDATORY, ALPN, NO_DEFAULT_ALPN, PORT, IPV4HINT, ECH, IPV6HINT, PARAMS };

struct param {
	const char *name;
	bool (*pack)(const struct param *, const char *value, struct buf *);
	bool (*text)(const struct param *, const uint8_t *, size_t, struct rdata_view *,
		     struct buf *);
	int family;
	size_t size;
};
static const struct param params[PARAMS];

/* The next item of a comma-separated list; false: none, or too long. */
static bool item(const char **list, char *ret, size_t size)
{
	size_t n = strcspn(*list, ",");

	if (!n || n >= size)
		return false;
	memcpy(ret, *list, n);
	ret[n] = '\0';
	*list += n;
	if (**list == ',' && !*++*list) /* nothing behind the comma */
		return false;
	return true;
}

static unsigned key_of(const char *name)
{
	unsigned key = 0;

	while (key < PARAMS && strcmp(params[key].name, name))
		key++;
	return key;
}

static bool pack_mandatory(const struct param *p, const char *value, struct buf *ret)
{
	bool set[PARAMS] = { false };
	char name[32];

	(void)p;
	do {
		unsigned key = item(&value, name, sizeof(name)) ? key_of(name) : PARAMS;
		if (key == PARAMS || key == MANDATORY || set[key])
			return false;
		set[key] = true;
	} while (*value);
	for (unsigned key = 0; key < PARAMS; key++)
		if (set[key])
			buf_u16(ret, key);
	return true;
}

static bool text_mandatory(const struct param *p, const uint8_t *data, size_t len,
			   struct rdata_view *v, struct buf *ret)
{
	unsigned last = MANDATORY;

	(void)p;
	for (size_t i = 0; i + 1 < len; i += 2) {
		unsigned key = (unsigned)data[i] << 8 | data[i + 1];
		if (key <= last)
			return false;
		last = key;
		v->generic |= key >= PARAMS;
		if (key < PARAMS)
			buf_printf(ret, "%s%s", i ? "," : "", params[key].name);
	}
	return len && len % 2 == 0;
}

static bool pack_alpn(const struct param *p, const char *value, struct buf *ret)
{
	char id[256];

	(void)p;
	do {
		if (!item(&value, id, sizeof(id)))
			return false;
		buf_char(ret, (char)strlen(id));
		buf_str(ret, id);
	} while (*value);
	return true;
}

/* Ids with octets that a list would have to escape twice are left to the generic form. */
static bool text_alpn(const struct param *p, const uint8_t *data, size_t len, struct rdata_view *v,
		      struct buf *ret)
{
	(void)p;
	buf_char(ret, '"');
	for (size_t at = 0; at < len;) {
		size_t n = data[at++];
		if (!n || n > len - at)
			return false;
		if (at > 1)
			buf_char(ret, ',');
		for (; n; n--, at++) {
			char c = (char)data[at];
			v->generic |= c <= ' ' || c >= 0x7f || strchr(",\"\\", c);
			buf_char(ret, c);
		}
	}
	buf_char(ret, '"');
	return len;
}

static bool pack_nothing(const struct param *p, const char *value, struct buf *ret)
{
	(void)p, (void)ret;
	return !*value;
}

static bool text_nothing(const struct param *p, const uint8_t *data, size_t len,
			 struct rdata_view *v, struct buf *ret)
{
	(void)p, (void)data, (void)v, (void)ret;
	return !len;
}

static bool pack_port(const struct param *p, const char *value, struct buf *ret)
{
	uint64_t port = 0;
	bool good = parse_uint(value, UINT16_MAX, &port);

	(void)p;
	buf_u16(ret, (unsigned)port);
	return good;
}

static bool text_port(const struct param *p, const uint8_t *data, size_t len, struct rdata_view *v,
		      struct buf *ret)
{
	(void)p, (void)v;
	if (len == 2)
		buf_printf(ret, "%u", (unsigned)data[0] << 8 | data[1]);
	return len == 2;
}

static bool pack_hints(const struct param *p, const char *value, struct buf *ret)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];

	do {
		if (!item(&value, text, sizeof(text)) || inet_pton(p->family, text, address) != 1)
			return false;
		buf_add(ret, address, p->size);
	} while (*value);
	return true;
}

static bool text_hints(const struct param *p, const uint8_t *data, size_t len, struct rdata_view *v,
		       struct buf *ret)
{
	char text[INET6_ADDRSTRLEN];

	(void)v;
	if (!len || len % p->size)
		return false;
	for (size_t i = 0; i < len; i += p->size)
		buf_printf(ret, "%s%s", i ? "," : "",
			   inet_ntop(p->family, data + i, text, sizeof(text)));
	return true;
}

static bool pack_ech(const struct param *p, const char *value, struct buf *ret)
{
	scoped(buf_free) struct buf octets = { .max = RDATA_MAX };

	(void)p;
	if (!unbase64(value, &octets) || octets.bad || !octets.len)
		return false;
	buf_add(ret, octets.data, octets.len);
	return true;
}

static bool text_ech(const struct param *p, const uint8_t *data, size_t len, struct rdata_view *v,
		     struct buf *ret)
{
	scoped(free_p) char *text = base64(data, len);

	(void)p, (void)v;
	buf_str(ret, text);
	return len;
}

static const struct param params[PARAMS] = {
	[MANDATORY] = { "mandatory", pack_mandatory, text_mandatory, 0, 0 },
	[ALPN] = { "alpn", pack_alpn, text_alpn, 0, 0 },
	[NO_DEFAULT_ALPN] = { "no-default-alpn", pack_nothing, text_nothing, 0, 0 },
	[PORT] = { "port", pack_port, text_port, 0, 0 },
	[IPV4HINT] = { "ipv4hint", pack_hints, text_hints, AF_INET, 4 },
	[ECH] = { "ech", pack_ech, text_ech, 0, 0 },
	[IPV6HINT] = { "ipv6hint", pack_hints, text_hints, AF_INET6, 16 },
};

/* KEY, KEY=VALUE or KEY="VALUE" at *at; false when it is none.  No value of ours needs escapes. */
static bool read_param(const char **at, char name[32], struct buf *ret_value)
{
	const char *s = *at;
	size_t n = strcspn(s, "= \t\r\n\"");

	if (!n || n >= 32)
		return false;
	memcpy(name, s, n);
	name[n] = '\0';
	s += n;
	if (*s == '=') {
		const char *value = ++s;
		if (rdata_skip(value) != value || !rdata_string(&s, ret_value) ||
		    memchr(value, '\\', (size_t)(s - value)))
			return false;
	}
	*at = rdata_skip(s);
	return *at != s || !*s;
}

static bool pack_param(const char **at, struct buf values[PARAMS], bool has[PARAMS])
{
	scoped(buf_free) struct buf value = { 0 };
	char name[32];
	unsigned key = read_param(at, name, &value) ? key_of(name) : PARAMS;

	if (key == PARAMS || has[key])
		return false;
	has[key] = true;
	return params[key].pack(params + key, buf_text(&value), values + key);
}

/* Every key that is mandatory must be there; no-default-alpn needs alpn (RFC 9460 7.1.1, 8). */
static bool set_is_whole(const bool has[PARAMS], const uint8_t *mandatory, size_t len)
{
	for (size_t i = 1; i < len; i += 2)
		if (!mandatory[i - 1] && mandatory[i] < PARAMS && !has[mandatory[i]])
			return false;
	return has[ALPN] || !has[NO_DEFAULT_ALPN];
}

bool rdata_params_pack(const char **at, struct buf *ret)
{
	struct buf values[PARAMS] = { { 0 } };
	bool has[PARAMS] = { false };
	bool good = true;

	for (*at = rdata_skip(*at); good && **at;)
		good = pack_param(at, values, has);
	good = good && set_is_whole(has, (const uint8_t *)buf_text(values), values->len);
	for (unsigned key = 0; key < PARAMS; key++) {
		if (good && has[key]) {
			buf_u16(ret, key);
			buf_u16(ret, (unsigned)values[key].len);
			buf_add(ret, values[key].data, values[key].len);
		}
		buf_free(values + key);
	}
	return good;
}

static bool text_param(unsigned key, const uint8_t *data, size_t len, struct rdata_view *v,
		       struct buf *ret)
{
	if (key >= PARAMS) {
		v->generic = true;
		return true;
	}
	buf_str(ret, params[key].name);
	if (key != NO_DEFAULT_ALPN)
		buf_char(ret, '=');
	return params[key].text(params + key, data, len, v, ret);
}

bool rdata_params_text(struct rdata_view *v, struct buf *ret)
{
	bool has[PARAMS] = { false };
	const uint8_t *mandatory = NULL;
	size_t mandatory_len = 0;
	unsigned least = 0;

	while (v->at < v->end) {
		if (v->end - v->at < 4)
			return false;
		const uint8_t *data = v->msg + v->at + 4;
		unsigned key = (unsigned)data[-4] << 8 | data[-3];
		size_t len = (size_t)data[-2] << 8 | data[-1];
		if (key < least || len > v->end - v->at - 4) /* keys ascend (RFC 9460 2.2) */
			return false;
		if (least)
			buf_char(ret, ' ');
		least = key + 1;
		v->at += 4 + len;
		if (!text_param(key, data, len, v, ret))
			return false;
		if (key < PARAMS)
			has[key] = true;
		if (key == MANDATORY) {
			mandatory = data;
			mandatory_len = len;
		}
	}
	return set_is_whole(has, mandatory, mandatory_len);
}
