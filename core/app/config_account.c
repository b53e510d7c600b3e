/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_account.c - account blocks, and the CA behind each. */
#include "config.h"

#include "app/cas.h"
#include "app/configuration.h"
#include "crypto/cert.h"
#include "net/http.h"

#include <string.h>

struct account_block *account_new(struct configuration *c, const char *name, const char *file,
				  unsigned line)
{
	struct account_block *a = arena_new(&c->arena, sizeof(*a));

	a->file = file;
	a->line = line;
	a->conf.name = arena_str(&c->arena, name);
	a->conf.eab_hash = SEAL_SHA256;
	a->conf.origin = file ? arena_printf(&c->arena, "%s:%u", file, line)
			      : arena_str(&c->arena, "command line");
	c->accounts = mem_grow(c->accounts, c->n_accounts + 1, sizeof(struct account_block *));
	return c->accounts[c->n_accounts++] = a;
}

/* The URL of a CA as written, by short name or as a URL; NULL when complained about. */
static const char *url_of(const char *ca, const struct account_block *a, struct complaints *errors)
{
	const struct ca_preset *known = ca_find(ca);
	const char *near = known ? NULL : ca_nearest(ca);

	if (known && known->url)
		return known->url;
	if (!known && http_url_ok(ca))
		return ca;
	if (known)
		complain(errors, a->file, a->line, "CA '%s' is %s", known->name, known->note);
	else if (strstr(ca, "://"))
		complain(errors, a->file, a->line, "CA '%s': not an https URL", clean(ca));
	else
		complain(errors, a->file, a->line, "CA '%s' is neither a short name nor a URL",
			 clean(ca));
	if (near)
		complain_hint(errors, "did you mean '%s'?", near);
	else if (!known)
		complain_hint(errors, "dnseal cas lists the short names");
	return NULL;
}

/* Where to rehearse: as said, or what the preset says. */
static const char *test_url_of(const struct account_block *a, struct complaints *errors)
{
	const struct ca_preset *known = ca_find(a->ca);

	if (!known && a->conf.url)
		known = ca_find_url(a->conf.url);
	if (a->test_ca)
		return url_of(a->test_ca, a, errors);
	return known && known->test ? ca_find(known->test)->url : NULL;
}

void account_finish(struct configuration *c, struct account_block *a, struct complaints *errors)
{
	const struct ca_preset *known = ca_find(a->conf.name);

	if (!a->ca)
		a->ca = known ? a->conf.name : NULL;
	if (!a->ca) {
		complain(errors, a->file, a->line, "account '%s' needs a ca", clean(a->conf.name));
		complain_hint(errors, "ca SHORT-NAME or ca URL; dnseal cas lists the short names");
		return;
	}
	const char *url = url_of(a->ca, a, errors);
	a->conf.url = arena_str(&c->arena, url);
	if (!url)
		return;
	a->conf.test_url = arena_str(&c->arena, test_url_of(a, errors));
	a->conf.ca = arena_str(&c->arena, a->ca);
	if (a->staging && !a->conf.test_url) {
		complain(errors, a->file, a->line, "account '%s': no test CA is known for '%s'",
			 clean(a->conf.name), clean(a->ca));
		complain_hint(errors, "say which with test-ca");
	} else if (a->staging) {
		known = ca_find_url(a->conf.test_url);
		a->conf.url = a->conf.test_url;
		a->conf.ca = arena_str(&c->arena, known ? known->name : a->conf.test_url);
	}
	if (!a->conf.eab_kid != !a->conf.eab_hmac)
		complain(errors, a->file, a->line, "account '%s': eab needs both kid and hmac",
			 clean(a->conf.name));
}

void read_account(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct configuration *c = r->config;
	const char *name = d->words[1];
	struct account_block *twin = configuration_account(c, name);
	scoped(free_p) char *what = str_printf("account '%s'", clean(name));

	(void)w, (void)at;
	if (twin) {
		complain(r->errors, d->file, d->line, "%s is already configured at %s:%u", what,
			 twin->file, twin->line);
		return;
	}
	struct account_block *a = account_new(c, name, d->file, d->line);
	const struct account_block *preset = &c->defaults.own;
	a->conf.email = preset->conf.email;
	a->conf.agreed = preset->conf.agreed;
	a->conf.key = preset->conf.key;
	a->key_at = preset->key_at;
	words_read(r, what, d->block, &account_table, all_tables, a);
}

/* A bundle that cannot be used is a mistake of the configuration, not of the connection to come. */
void read_trust(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const char **path = at;
	struct story story = { 0 };

	read_path(r, d, w, at);
	if (r->depth == READ_SHAPE || !bundle_check(*path, &story))
		return;
	story_prefix(&story, "'trust': ");
	complain_story(r->errors, d->file, d->line, &story);
}

/* Names of issuers have blanks in them. */
void read_chains(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct words *to = at;

	(void)w;
	*to = (struct words){ .at = arena_new(r->arena, d->n * sizeof(*to->at)) };
	for (size_t i = 1; i < d->n; i++)
		to->at[to->n++] = arena_str(r->arena, d->words[i]);
}

static bool is_touched(const struct account_block *a)
{
	return a->ca || a->test_ca || a->staging || a->conf.email || a->conf.agreed ||
	       a->conf.trust || a->conf.eab_kid || a->conf.eab_hmac ||
	       a->conf.preferred_chains.n;
}

/* What one account says, completed by what all say; with a CA of its own only what fits any CA. */
static void inherit(struct account_block *to, const struct account_block *from)
{
	if (!to->conf.email)
		to->conf.email = from->conf.email;
	to->conf.agreed = to->conf.agreed || from->conf.agreed;
	if (!to->key_at)
		to->conf.key = from->conf.key;
	if (to->ca)
		return;
	to->ca = from->ca;
	if (!to->test_ca)
		to->test_ca = from->test_ca;
	if (!to->conf.trust)
		to->conf.trust = from->conf.trust;
	to->staging = to->staging || from->staging;
	if (!to->conf.preferred_chains.n)
		to->conf.preferred_chains = from->conf.preferred_chains;
	if (!to->conf.eab_kid && !to->conf.eab_hmac) {
		to->conf.eab_kid = from->conf.eab_kid;
		to->conf.eab_hmac = from->conf.eab_hmac;
		to->conf.eab_hash = from->conf.eab_hash;
	}
}

static struct account_block *implicit(struct configuration *c, const struct account_block *from,
				      const char *file, unsigned line)
{
	struct account_block said = *from;

	inherit(&said, &c->defaults.own);
	if (!said.ca)
		said.ca = "letsencrypt";
	struct account_block *a = account_new(c, said.ca, file, line);
	char *name = a->conf.name, *origin = a->conf.origin;
	*a = said;
	a->file = file;
	a->line = line;
	a->conf.name = name;
	a->conf.origin = origin;
	if (!a->conf.eab_kid)
		a->conf.eab_hash = SEAL_SHA256;
	account_finish(c, a, &c->errors);
	return a;
}

struct account_block *account_default(struct configuration *c)
{
	if (c->use_account.n)
		return configuration_account(c, c->use_account.at[0]);
	if (c->n_accounts == 1)
		return c->accounts[0];
	return c->n_accounts ? NULL : implicit(c, &c->defaults.own, NULL, 0);
}

void cert_own_account(struct configuration *c, struct cert_block *b, struct complaints *errors)
{
	const struct scfg *key = b->own.key_at;

	if (is_touched(&b->own)) {
		b->account = implicit(c, &b->own, b->file, b->line);
	} else if (key) {
		complain(errors, key->file, key->line,
			 "certificate '%s': account-key without a ca of its own says nothing",
			 b->conf.name);
		complain_hint(errors, "put it into the account block; the certificate's own type "
				      "is 'key'");
	}
}
