/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_maddy.c - Maddy's and Madmail's own ACME blocks, pasted in:
 *
 *   tls.loader.acme NAME { hostname ...; dns cloudflare { ... } }
 *   tls { loader acme { ... } }
 *
 * Each becomes a certificate, called NAME or as its host. */
#include "config.h"

#include "app/configuration.h"
#include "store/store.h"

#include <string.h>

static void read_ignored(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	(void)at;
	complain(r->warnings, d->file, d->line, "'%s' is Maddy's own affair and ignored here",
		 w->name);
}

static const struct word maddy_words[] = {
	{ "hostname", read_list, offsetof(struct cert_block, names), 1, WORDS_MANY, WORD_AGAIN,
	  NULL },
	{ "extra-names", read_list, offsetof(struct cert_block, names), 1, WORDS_MANY, WORD_AGAIN,
	  NULL },
	{ "names", read_list, offsetof(struct cert_block, names), 1, WORDS_MANY, WORD_AGAIN, NULL },
	{ "email", read_text, offsetof(struct cert_block, own.conf.email), 1, 1, 0, NULL },
	{ "agreed", read_bool, offsetof(struct cert_block, own.conf.agreed), 0, 1, 0, NULL },
	{ "ca", read_text, offsetof(struct cert_block, own.ca), 1, 1, 0, NULL },
	{ "test-ca", read_text, offsetof(struct cert_block, own.test_ca), 1, 1, 0, NULL },
	{ "challenge", read_challenge, offsetof(struct cert_block, conf), 1, 1, 0, NULL },
	{ "override-domain", read_override, offsetof(struct cert_block, conf.override_domain), 1, 1,
	  0, NULL },
	{ "dns", read_dns, 0, 1, 1, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
	{ "store-path", read_ignored, 0, 1, 1, WORD_RAW, NULL },
	{ "debug", read_ignored, 0, 0, 1, WORD_RAW, NULL },
};
static const struct table maddy_table = TABLE(maddy_words, "in a tls.loader.acme block");

/* First host of the block, for its title; NULL: none. */
static const char *host_of(const struct scfg *block)
{
	for (; block; block = block->next)
		if (word_same(block->words[0], "hostname") && block->n > 1)
			return block->words[1];
	return NULL;
}

static const char *macro_in(const struct scfg *block)
{
	for (; block; block = block->next)
		for (size_t i = 1; i < block->n; i++)
			if (strstr(block->words[i], "$("))
				return block->words[i];
	return NULL;
}

static void read_loader(struct reading *r, const struct scfg *d, const char *name)
{
	struct configuration *c = r->config;
	const char *macro = macro_in(d->block);
	const struct cert_block *twin = name ? configuration_cert(c, name) : NULL;

	if (macro)
		complain(r->errors, d->file, d->line,
			 "'%s' is a variable of Maddy's file: write its value "
			 "here",
			 clean(macro));
	else if (!name || !cert_name_ok(name))
		complain(r->errors, d->file, d->line,
			 "tls.loader.acme needs a hostname, or a name of 1 to 64 "
			 "of a-z 0-9 . _ -");
	else if (twin)
		complain(r->errors, d->file, d->line,
			 "certificate '%s' is already configured at %s:%u", name, twin->file,
			 twin->line);
	else
		words_read(r, "tls.loader.acme", d->block, &maddy_table, all_tables,
			   cert_new(c, name, d->file, d->line));
}

void read_maddy(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	bool found = false;

	(void)at;
	if (strcmp(w->name, "tls")) {
		read_loader(r, d, d->n > 1 ? d->words[1] : host_of(d->block));
		return;
	}
	for (const struct scfg *x = d->block; x; x = x->next) {
		bool loader =
			x->n > 1 && !strcmp(x->words[0], "loader") && !strcmp(x->words[1], "acme");
		if (loader)
			read_loader(r, x, host_of(x->block));
		else
			complain(r->warnings, x->file, x->line,
				 "'%s' of tls is Maddy's own affair and "
				 "ignored here",
				 clean(x->words[0]));
		found = found || loader;
	}
	if (!found)
		complain(r->errors, d->file, d->line,
			 "tls: only Maddy's 'tls { loader acme { ... } }' is "
			 "understood here");
}
