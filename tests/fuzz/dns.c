/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * dns.c - DNS messages and record data from anybody.
 *
 * First octet 'm': the rest is a message.  't': two octets of a type, the rest is zone-file text.
 * Anything else: behind three octets a name.  What can be written must read back as the same. */
#include "config.h"

#include "dns/rdata.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* Text that was made from data packs to data that gives the same text. */
static void check_text(uint16_t type, const struct buf *text)
{
	struct buf wire = { 0 }, again = { 0 };

	if (strlen(buf_text(text)) == text->len) { /* TXT may hold a NUL, C strings do not */
		must(rdata_pack(type, buf_text(text), &wire));
		struct seal_rr rr = { .type = type,
				      .rdata = (const uint8_t *)buf_text(&wire),
				      .rdata_len = (uint16_t)wire.len };
		must(rdata_text(rr.rdata, wire.len, &rr, &again));
		must(!strcmp(buf_text(text), buf_text(&again)));
	}
	buf_free(&wire);
	buf_free(&again);
}

static void read_message(const uint8_t *msg, size_t len)
{
	struct arena arena = { 0 };
	struct seal_message m;
	struct buf text = { 0 };
	char name[NAME_MAX_LEN];
	uint32_t serial, negative_s;

	bool good = wire_read(&arena, msg, len, &m);
	for (size_t i = 0; good && i < m.n_rr; i++) {
		const struct seal_rr *rr = m.rr + i;
		must(rr->rdata + rr->rdata_len <= msg + len);
		buf_clear(&text);
		if (rdata_text(msg, len, rr, &text))
			check_text(rr->type, &text);
		buf_clear(&text);
		wire_txt(rr, &text);
		wire_soa(msg, len, rr, &serial, &negative_s);
		if (wire_rr_name(msg, len, rr, name))
			must(name_same(name, name) && name_is_under(name, "."));
	}
	wire_answers(&m, "example.org", TYPE_TXT);
	buf_free(&text);
	arena_free(&arena);
}

static void read_text(uint16_t type, const char *text)
{
	struct buf wire = { 0 }, plain = { 0 }, quoted = { 0 };

	if (rdata_pack(type, text, &wire)) {
		struct seal_rr rr = { .type = type,
				      .rdata = (const uint8_t *)buf_text(&wire),
				      .rdata_len = (uint16_t)wire.len };
		must(rdata_text(rr.rdata, wire.len, &rr, &plain));
		check_text(type, &plain);
		must(rdata_same(type, text, text));
	}
	buf_clear(&plain);
	txt_plain(text, &plain);
	buf_clear(&plain);
	txt_quote(text, &quoted);
	must(txt_plain(buf_text(&quoted), &plain) && !strcmp(text, buf_text(&plain)));
	buf_free(&wire);
	buf_free(&plain);
	buf_free(&quoted);
}

static void read_name(const char *text)
{
	char name[NAME_MAX_LEN], again[NAME_MAX_LEN];
	struct story story = { 0 };

	if (name_normal(text, name)) {
		must(name_normal(name, again) && !strcmp(name, again));
		must(name_relative(name, ".", again) && name_absolute(again, ".", again));
		must(!strcmp(name, again));
	}
	if (!name_identifier(text, name, &story)) {
		must(!name_identifier(name, again, &story) && !strcmp(name, again));
		name_unicode(name, again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 3 && data[0] == 'm') {
		read_message(data + 1, size - 1);
	} else if (size > 2) {
		scoped(free_p) char *text = str_part((const char *)data + 3, size - 3);
		if (data[0] == 't')
			read_text((uint16_t)(data[1] << 8 | data[2]), text);
		else
			read_name(text);
	}
	return 0;
}
