/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * The reader of the configuration's grammar: no input crashes it, and what it reads, written down
 * again, reads the same. */
#include "config.h"

#include "app/scfg.h"
#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_down(const struct scfg *d, struct buf *out)
{
	for (; d; d = d->next) {
		for (size_t i = 0; i < d->n; i++) {
			scoped(free_p) char *word = scfg_quote(d->words[i]);
			buf_printf(out, "%s%s", i ? " " : "", word);
		}
		buf_str(out, d->has_block ? " {\n" : "\n");
		if (!d->has_block)
			continue;
		write_down(d->block, out);
		buf_str(out, "}\n");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct story story = { 0 };
	struct buf once = { 0 }, twice = { 0 };
	const struct scfg *d;
	unsigned line = 0;
	enum seal_status st = scfg_read(&a, "f", (const char *)data, size, &d, &line, &story);

	if (st && (!line || !*story.text))
		abort(); /* every mistake has a line and a sentence */
	if (!st) {
		write_down(d, &once);
		if (scfg_read(&a, "f", buf_text(&once), once.len, &d, &line, &story))
			abort();
		write_down(d, &twice);
		if (!once.bad && strcmp(buf_text(&once), buf_text(&twice)) != 0)
			abort();
	}
	buf_free(&once);
	buf_free(&twice);
	arena_free(&a);
	return 0;
}
