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
 * A torn last line is ignored; a bad CRC elsewhere is SEAL_ESTORAGE.  Now and then the file is
 * written anew with what is open alone. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/store.h"

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

/* Has this certificate open entries?  For many that look often: the file is only read when it is
 * another than at the last look.  Also true when it cannot be read. */
struct journal_glance {
	struct words certs; /* that have some */
	bool read, failed;
	int64_t inode, size, changed_ns;
};
bool journal_has(const struct store *, struct journal_glance *, const char *cert);
void journal_glance_free(struct journal_glance *);

/* One append for all n entries; durable for JOURNAL_PLAN.  Takes the journal's lock. */
enum seal_status journal_write(const struct store *, enum journal_op,
			       const struct journal_entry *, size_t n, struct story *) MUST_CHECK;

#endif
