/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * words.h - tables that say how directives fill a struct: which words a block knows, how many
 * values each takes, of which type, and where they go. */
#ifndef APP_WORDS_H
#define APP_WORDS_H

#include "app/complaints.h"
#include "app/scfg.h"
#include "base/text.h"

enum reading_depth {
	READ_SHAPE, /* secrets are not fetched: for commands that need none */
	READ_ALL,
};
struct reading { /* what every reader needs */
	struct arena *arena;
	const char *dir; /* where relative file: begins */
	enum reading_depth depth;
	struct complaints *errors, *warnings;
	void *config; /* struct config */
};

enum {
	WORD_AGAIN = 1,	  /* may be repeated in a block */
	WORD_BLOCK = 2,	  /* may have a block, which its reader reads */
	WORD_REST = 4,	  /* takes everything up to the line's end, known words too */
	WORD_RAW = 8,	  /* values are not sources */
	WORD_SECRET = 16, /* files must be readable by nobody else */
	WORD_LATER = 32,  /* understood, and not carried out by this version */
};
#define WORDS_MANY 2000u

struct word {
	const char *name;
	void (*read)(struct reading *, const struct scfg *, const struct word *, void *at);
	size_t offset;	   /* of the member that `at` points to */
	unsigned min, max; /* values */
	unsigned flags;
	const void *more; /* for the reader: choices, limits, a table */
};
struct table {
	const struct word *words;
	size_t n;
	const char *where; /* "in a dns block", for words that stand at the wrong place */
};
#define TABLE(array, where)                                                                        \
	{                                                                                          \
		array, COUNT(array), where                                                         \
	}

/* Read all directives of a block into `to`.  what: "certificate 'mail'", for sentences.
 * others: tables of other blocks, NULL-ended, to say where an unknown word belongs. */
void words_read(struct reading *, const char *what, const struct scfg *, const struct table *,
		const struct table *const *others, void *to);
/* One directive of a block in which lines are not divided: the top level. */
void word_read(struct reading *, const char *what, const struct scfg *, const struct table *,
	       const struct table *const *others, const struct scfg **seen, void *to);

/* How many values (words behind words[at]) belong to the sentence that begins at words[at], when
 * the words of `known` begin new ones. */
size_t sentence_values(const struct scfg *, size_t at, unsigned min, unsigned max,
		       const char *const *known, size_t n_known);

/* Readers.  d->words are the word and its values, sources already fetched. */
void read_text(struct reading *, const struct scfg *, const struct word *,
	       void *at); /* const char * */
/* The same, as a path: relative ones begin in the folder of the configuration. */
void read_path(struct reading *, const struct scfg *, const struct word *, void *at);
void read_bool(struct reading *, const struct scfg *, const struct word *, void *at); /* bool */
void read_duration(struct reading *, const struct scfg *, const struct word *,
		   void *at); /* uint32_t */
/* unsigned; more: struct number_limits */
void read_number(struct reading *, const struct scfg *, const struct word *, void *at);
void read_choice(struct reading *, const struct scfg *, const struct word *,
		 void *at); /* int; more: names */
/* struct words; a block of bare lines too */
void read_list(struct reading *, const struct scfg *, const struct word *, void *at);
void read_octal(struct reading *, const struct scfg *, const struct word *,
		void *at); /* unsigned */
/* A block that is only checked; more: struct table whose members are those of struct checked. */
void read_checked(struct reading *, const struct scfg *, const struct word *, void *at);
/* Where words of a block that is only checked put their values. */
struct checked {
	const char *text;
	bool flag;
	uint32_t seconds;
	unsigned number;
	int choice;
	struct words list;
};
struct number_limits {
	unsigned least, most;
};

#endif
