/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * scfg.h - the grammar of the configuration file and nothing of its meaning.
 *
 * One directive a line: words separated by blanks, then perhaps a block in braces, which may stand
 * on the same line: `account le { agreed }`.  "..." takes \" and \\, '...' takes everything as it
 * is, a backslash outside of quotes makes the next character ordinary and, at a line's end, goes on
 * in the next line.  '#' where a word could begin starts a comment.  A word may hold braces in
 * pairs
 * ("{env:X}", "%{file:/x}%").  Everything else is an error: a file cut off in a block or in quotes,
 * words behind a closing brace, quotes inside a word, control characters, text that is no UTF-8. */
#ifndef APP_SCFG_H
#define APP_SCFG_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>

#define SCFG_FILE_MAX (1u << 20) /* octets of a file */
#define SCFG_WORD_MAX 16384u	 /* octets of a word */
#define SCFG_WORDS_MAX 2000u	 /* words of a directive */
#define SCFG_DIRECTIVES_MAX 20000u
#define SCFG_DEPTH_MAX 8u

struct scfg { /* a directive */
	const struct scfg *next;
	char **words; /* the first is its name */
	size_t n;     /* at least 1 */
	const char *file;
	unsigned line; /* of its first word */
	bool has_block;
	const struct scfg *block; /* first directive inside; NULL: empty or no block */
};

/* Everything read lives in the arena, file's name too.  SEAL_ECONFIG: the story's sentence comes
 * without FILE:LINE, *ret_line says where. */
enum seal_status scfg_read(struct arena *, const char *file, const char *text, size_t len,
			   const struct scfg **ret, unsigned *ret_line, struct story *) MUST_CHECK;

/* A word as it must be written to be read as itself.  The caller's. */
char *scfg_quote(const char *word);

#endif
