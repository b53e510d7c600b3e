/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_later.c - words that are checked like all others and carried out by a later version:
 * TLSA records, expansion over a list of domains. */
#include "config.h"

#include "app/configuration.h"

#include <string.h>

#define TEXT(name, flags)                                                                          \
	{                                                                                          \
		name, read_text, offsetof(struct checked, text), 1, 1, flags, NULL                 \
	}
#define LIST(name, flags)                                                                          \
	{                                                                                          \
		name, read_list, offsetof(struct checked, list), 1, WORDS_MANY, flags, NULL        \
	}
#define CHOICE(name, names)                                                                        \
	{                                                                                          \
		name, read_choice, offsetof(struct checked, choice), 1, 1, WORD_RAW, names         \
	}

static const char *const tlsa_policies[] = { "two-keys", "current", "off", NULL };
static const struct word tlsa_words[] = {
	LIST("hosts", WORD_RAW),
	LIST("ports", WORD_RAW),
	CHOICE("policy", tlsa_policies),
};
const struct table tlsa_table = TABLE(tlsa_words, "in a tlsa block");

static const char *const requirements[] = { "none", "dns", "address", NULL };
static const struct word expand_words[] = {
	LIST("domains", WORD_RAW),
	TEXT("account", WORD_RAW),
	CHOICE("require", requirements),
	TEXT("key", WORD_RAW),
	TEXT("profile", WORD_RAW),
	{ "deploy", read_deploy, 0, 1, WORDS_MANY, WORD_BLOCK | WORD_AGAIN | WORD_RAW, "" },
};
const struct table expand_table = TABLE(expand_words, "in an expand block");

void read_expand(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const struct word block = { .name = w->name, .more = &expand_table };

	for (size_t i = 1; i < d->n; i++)
		if (!*d->words[i] || d->words[i][strlen(d->words[i]) - 1] != '.')
			complain(r->errors, d->file, d->line,
				 "expand: prefix '%s' must end in a dot", clean(d->words[i]));
	read_checked(r, d, &block, at);
}
