/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * journal.h - what we put into DNS and have not yet taken out.
 *
 * STATE/journal/changes.log, append only, a line a record and step, each with its own CRC:
 *   time op cert login zone owner type value ttl id crc32c
 * Blanks and % of an id are %HH.
 * op: plan (before the call), made (the provider said yes), gone (removed, or never there).
 * Nothing is written to DNS before its `plan` is durable; nothing is removed that is not in here.
 * `made` and `gone` need not be durable: losing one only means a removal more than needed.
 * A torn last line is ignored; a bad CRC elsewhere is SEAL_ESTORAGE. */
#ifndef ENGINE_JOURNAL_H
#define ENGINE_JOURNAL_H

#include "engine/store.h"

enum journal_op { JOURNAL_PLAN, JOURNAL_MADE, JOURNAL_GONE };
struct journal_entry {
	char *cert, *login, *zone, *owner, *type, *value; /* owner absolute */
	char *id; /* provider's handle or NULL */
	uint32_t ttl;
	int64_t time;       /* wall clock of the last step */
	enum journal_op op; /* the last step */
};
struct journal { /* all open entries (not yet gone) */
	struct journal_entry *at;
	size_t n;
};
/* cert NULL: of all certificates. */
enum seal_status journal_read(const struct store *, const char *cert, struct journal *ret,
			      struct story *) MUST_CHECK;
void journal_free(struct journal *);
/* One append for all n entries; durable for JOURNAL_PLAN.  Takes the journal's lock. */
enum seal_status journal_write(const struct store *, enum journal_op,
			       const struct journal_entry *, size_t n, struct story *) MUST_CHECK;

#endif
