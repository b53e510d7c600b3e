/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/rdata.h"

#include "base/text.h"
#include "base/encode.h"
#include "dns/rdata_field.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

uint16_t rr_type(const char *name)
{
	const struct rdata_type *t = rdata_type_find(0, name);
	uint64_t number = 0;

	if (t)
		return t->type;
	if (!starts_with(name, "TYPE") || !parse_uint(name + 4, UINT16_MAX, &number))
		return 0;
	return (uint16_t)number;
}

const char *rr_type_name(uint16_t type, char ret[16])
{
	const struct rdata_type *t = rdata_type_find(type, NULL);

	if (t)
		snprintf(ret, 16, "%s", t->name);
	else
		snprintf(ret, 16, "TYPE%u", type);
	return ret;
}

/* ---- from text: one function a kind of field ---- */

static bool pack_name(const char **at, struct buf *ret)
{
	char word[NAME_MAX_LEN];
	uint8_t wire[NAME_WIRE_MAX];
	size_t n = rdata_word(at, word, sizeof(word)) ? name_to_wire(word, wire) : 0;

	buf_add(ret, wire, n);
	return n;
}

static bool pack_number(const char **at, uint64_t max, uint32_t *value)
{
	char word[16];
	uint64_t v;

	if (!rdata_word(at, word, sizeof(word)) || !parse_uint(word, max, &v))
		return false;
	*value = (uint32_t)v;
	return true;
}

static bool pack_u8(const char **at, struct buf *ret)
{
	uint32_t v = 0;
	bool good = pack_number(at, UINT8_MAX, &v);

	buf_char(ret, (char)v);
	return good;
}

static bool pack_u16(const char **at, struct buf *ret)
{
	uint32_t v = 0;
	bool good = pack_number(at, UINT16_MAX, &v);

	buf_u16(ret, v);
	return good;
}

static bool pack_u32(const char **at, struct buf *ret)
{
	uint32_t v = 0;
	bool good = pack_number(at, UINT32_MAX, &v);

	buf_u32(ret, v);
	return good;
}

static bool pack_address(const char **at, int family, size_t size, struct buf *ret)
{
	char word[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (!rdata_word(at, word, sizeof(word)) || inet_pton(family, word, address) != 1)
		return false;
	buf_add(ret, address, size);
	return true;
}

static bool pack_a(const char **at, struct buf *ret)
{
	return pack_address(at, AF_INET, 4, ret);
}

static bool pack_aaaa(const char **at, struct buf *ret)
{
	return pack_address(at, AF_INET6, 16, ret);
}

static bool pack_string(const char **at, struct buf *ret)
{
	scoped(buf_free) struct buf s = { 0 };

	if (!rdata_string(at, &s) || s.len > 255)
		return false;
	buf_char(ret, (char)s.len);
	buf_add(ret, s.data, s.len);
	return true;
}

static bool is_tag(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]))
			return false;
	return n;
}

static bool pack_tag(const char **at, struct buf *ret)
{
	char word[256];

	if (!rdata_word(at, word, sizeof(word)) || !is_tag(word, strlen(word)))
		return false;
	buf_char(ret, (char)strlen(word));
	buf_str(ret, word);
	return true;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Digits to the end of the text, blanks between octets allowed (RFC 3597 5). */
static bool pack_hex(const char **at, struct buf *ret)
{
	size_t before = ret->len;
	const char *s = rdata_skip(*at);

	while (*s) {
		int high = hex_digit(s[0]), low = high < 0 ? -1 : hex_digit(s[1]);
		if (low < 0)
			return false;
		buf_char(ret, (char)(high << 4 | low));
		s = rdata_skip(s + 2);
	}
	*at = s;
	return ret->len > before;
}

static bool pack_base64(const char **at, struct buf *ret)
{
	scoped(buf_free) struct buf octets = { .max = RDATA_MAX };

	if (!unbase64(rdata_skip(*at), &octets) || octets.bad || !octets.len)
		return false;
	buf_add(ret, octets.data, octets.len);
	*at += strlen(*at);
	return true;
}

static bool pack_raw(const char **at, struct buf *ret)
{
	size_t left = strlen(*at);

	do {
		size_t n = left < 255 ? left : 255;
		buf_char(ret, (char)n);
		buf_add(ret, *at, n);
		*at += n;
		left -= n;
	} while (left);
	return true;
}

/* ---- to text ---- */

static size_t left(const struct rdata_view *v)
{
	return v->end - v->at;
}

static bool text_name(struct rdata_view *v, struct buf *ret)
{
	char name[NAME_MAX_LEN];

	if (!wire_name(v->msg, v->end, v->at, name, &v->at))
		return false;
	buf_str(ret, name);
	return true;
}

static bool text_number(struct rdata_view *v, size_t octets, struct buf *ret)
{
	uint32_t value = 0;

	if (left(v) < octets)
		return false;
	while (octets--)
		value = value << 8 | v->msg[v->at++];
	buf_printf(ret, "%u", value);
	return true;
}

static bool text_u8(struct rdata_view *v, struct buf *ret)
{
	return text_number(v, 1, ret);
}

static bool text_u16(struct rdata_view *v, struct buf *ret)
{
	return text_number(v, 2, ret);
}

static bool text_u32(struct rdata_view *v, struct buf *ret)
{
	return text_number(v, 4, ret);
}

static bool text_address(struct rdata_view *v, int family, size_t size, struct buf *ret)
{
	char text[INET6_ADDRSTRLEN];

	if (left(v) < size || !inet_ntop(family, v->msg + v->at, text, sizeof(text)))
		return false;
	buf_str(ret, text);
	v->at += size;
	return true;
}

static bool text_a(struct rdata_view *v, struct buf *ret)
{
	return text_address(v, AF_INET, 4, ret);
}

static bool text_aaaa(struct rdata_view *v, struct buf *ret)
{
	return text_address(v, AF_INET6, 16, ret);
}

/* The octets behind a length octet; NULL when they are not all there. */
static const uint8_t *counted(struct rdata_view *v, size_t *ret_len)
{
	if (!left(v) || v->msg[v->at] >= left(v))
		return NULL;
	const uint8_t *data = v->msg + v->at + 1;
	*ret_len = data[-1];
	v->at += 1 + *ret_len;
	return data;
}

static bool text_string(struct rdata_view *v, struct buf *ret)
{
	size_t n = 0;
	const uint8_t *s = counted(v, &n);

	if (s)
		rdata_quote(s, n, ret);
	return s;
}

static bool text_tag(struct rdata_view *v, struct buf *ret)
{
	size_t n = 0;
	const uint8_t *s = counted(v, &n);

	if (!s || !is_tag((const char *)s, n))
		return false;
	buf_add(ret, s, n);
	return true;
}

static bool text_rest(struct rdata_view *v, struct buf *ret)
{
	rdata_quote(v->msg + v->at, left(v), ret);
	v->at = v->end;
	return true;
}

static bool text_hex(struct rdata_view *v, struct buf *ret)
{
	if (!left(v))
		return false;
	while (left(v))
		buf_printf(ret, "%02x", v->msg[v->at++]);
	return true;
}

static bool text_base64(struct rdata_view *v, struct buf *ret)
{
	if (!left(v))
		return false;
	scoped(free_p) char *text = base64(v->msg + v->at, left(v));
	buf_str(ret, text);
	v->at = v->end;
	return true;
}

static bool text_raw(struct rdata_view *v, struct buf *ret)
{
	struct seal_rr rr = { .rdata = v->msg + v->at, .rdata_len = (uint16_t)left(v) };

	v->at = v->end;
	return wire_txt(&rr, ret);
}

/* ---- the two directions ---- */

static const struct {
	bool (*pack)(const char **at, struct buf *);
	bool (*text)(struct rdata_view *, struct buf *);
} kinds[] = {
	[RDATA_NAME] = { pack_name, text_name },
	[RDATA_U8] = { pack_u8, text_u8 },
	[RDATA_U16] = { pack_u16, text_u16 },
	[RDATA_U32] = { pack_u32, text_u32 },
	[RDATA_A] = { pack_a, text_a },
	[RDATA_AAAA] = { pack_aaaa, text_aaaa },
	[RDATA_STRING] = { pack_string, text_string },
	[RDATA_TAG] = { pack_tag, text_tag },
	[RDATA_TEXT] = { rdata_string, text_rest },
	[RDATA_HEX] = { pack_hex, text_hex },
	[RDATA_BASE64] = { pack_base64, text_base64 },
	[RDATA_PARAMS] = { rdata_params_pack, rdata_params_text },
	[RDATA_RAW] = { pack_raw, text_raw },
};

static bool pack_fields(const struct rdata_type *t, const char *text, struct buf *ret)
{
	for (const uint8_t *f = t->fields; *f; f++)
		if (!kinds[*f].pack(&text, ret))
			return false;
	return !*rdata_skip(text);
}

static bool text_fields(const struct rdata_type *t, struct rdata_view *v, struct buf *ret)
{
	for (const uint8_t *f = t->fields; *f; f++) {
		size_t before = ret->len;
		if (before)
			buf_char(ret, ' ');
		size_t blank = ret->len;
		if (!kinds[*f].text(v, ret))
			return false;
		if (before && ret->len == blank) /* a list that may be empty */
			ret->data[ret->len = before] = '\0';
	}
	return v->at == v->end;
}

static void text_generic(struct rdata_view *v, struct buf *ret)
{
	buf_printf(ret, "\\# %zu", left(v));
	if (left(v))
		buf_char(ret, ' ');
	text_hex(v, ret);
}

/* "\# LENGTH HEX" (RFC 3597 5).  Data of a type we know is read and written once more, so that
 * what comes out is well-formed and holds no compression. */
static bool pack_generic(const struct rdata_type *t, const char *text, struct buf *ret)
{
	scoped(buf_free) struct buf octets = { 0 }, again = { 0 };
	uint32_t len;

	text += strlen("\\#");
	if (!pack_number(&text, RDATA_MAX, &len))
		return false;
	if (*rdata_skip(text) && !pack_hex(&text, &octets))
		return false;
	if (octets.len != len)
		return false;
	struct seal_rr rr = { .type = t ? t->type : 0,
			      .rdata = (const uint8_t *)buf_text(&octets),
			      .rdata_len = (uint16_t)len };
	if (t && !rdata_text(rr.rdata, len, &rr, &again))
		return false;
	if (t && !starts_with(buf_text(&again), "\\#"))
		return pack_fields(t, buf_text(&again), ret);
	buf_add(ret, octets.data, octets.len);
	return true;
}

bool rdata_pack(uint16_t type, const char *text, struct buf *ret)
{
	scoped(buf_free) struct buf out = { .max = RDATA_MAX };
	const struct rdata_type *t = rdata_type_find(type, NULL);
	bool good = false;

	if (type != TYPE_TXT && starts_with(rdata_skip(text), "\\#"))
		good = pack_generic(t, rdata_skip(text), &out);
	else if (t)
		good = pack_fields(t, text, &out);
	if (!good || out.bad)
		return false;
	buf_add(ret, out.data, out.len);
	return !ret->bad;
}

bool rdata_text(const uint8_t *msg, size_t len, const struct seal_rr *rr, struct buf *ret)
{
	scoped(buf_free) struct buf out = { 0 };
	const struct rdata_type *t = rdata_type_find(rr->type, NULL);
	size_t start = (size_t)(rr->rdata - msg);
	struct rdata_view v = { .msg = msg, .at = start, .end = start + rr->rdata_len };

	if (v.end > len || (t && !text_fields(t, &v, &out)))
		return false;
	if (!t || v.generic) {
		v.at = start;
		buf_clear(&out);
		text_generic(&v, &out);
	}
	buf_add(ret, out.data, out.len);
	return !ret->bad;
}

bool rdata_same(uint16_t type, const char *a, const char *b)
{
	scoped(buf_free) struct buf wa = { 0 }, wb = { 0 };

	return rdata_pack(type, a, &wa) && rdata_pack(type, b, &wb) && wa.len == wb.len &&
	       !memcmp(buf_text(&wa), buf_text(&wb), wa.len);
}
