/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_cert.c - certificate blocks. */
#include "config.h"

#include "app/cas.h"
#include "app/configuration.h"
#include "dns/name.h"
#include "engine/store.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>

struct cert_block *cert_new(struct configuration *c, const char *name, const char *file,
			    unsigned line)
{
	struct cert_block *b = arena_new(&c->arena, sizeof(*b));

	*b = c->defaults;
	b->names = (struct words){ 0 };
	b->own = (struct account_block){ 0 };
	b->own.conf.eab_hash = SEAL_SHA256;
	b->dns = NULL;
	b->n_dns = 0;
	b->file = file;
	b->line = line;
	b->conf.name = arena_str(&c->arena, name);
	b->conf.origin = file ? arena_printf(&c->arena, "%s:%u", file, line)
			      : arena_str(&c->arena, "command line");
	c->certs = mem_grow(c->certs, c->n_certs + 1, sizeof(struct cert_block *));
	return c->certs[c->n_certs++] = b;
}

void cert_free(struct cert_block *b)
{
	for (size_t i = 0; i < b->n_dns; i++)
		dns_free(b->dns[i]);
	free(b->dns);
	words_free(&b->names);
	words_free(&b->conf.names);
}

static void finish_names(struct cert_block *b, struct complaints *errors)
{
	char name[NAME_MAX_LEN];

	for (size_t i = 0; i < b->names.n; i++) {
		struct story story = { 0 };
		if (name_identifier(b->names.at[i], name, &story))
			complain_story(errors, b->file, b->line, &story);
		else if (words_has(&b->conf.names, name))
			complain(errors, b->file, b->line, "certificate '%s': '%s' is there twice",
				 b->conf.name, name);
		else
			words_add(&b->conf.names, name);
	}
	if (!b->names.n)
		complain(errors, b->file, b->line, "certificate '%s' has no names", b->conf.name);
}

/* account and use-account are one word. */
void read_account_name(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct cert_block *b = at;

	if (b->account_at) {
		complain(r->errors, d->file, d->line, "'%s' says the same as '%s' in line %u",
			 w->name, b->account_at->words[0], b->account_at->line);
		return;
	}
	b->account_at = d;
	b->account_name = d->words[1];
	if (d->n > 2)
		complain(r->warnings, d->file, d->line,
			 "fall-back accounts are understood, but this version uses '%s' only",
			 clean(d->words[1]));
}

/* The account that the certificate names, and the names of its fall-backs. */
static void named_account(const struct configuration *c, struct cert_block *b,
			  struct complaints *errors)
{
	for (size_t i = 1; i < b->account_at->n; i++)
		if (!configuration_account(c, b->account_at->words[i]))
			complain(errors, b->account_at->file, b->account_at->line,
				 "certificate '%s': no account '%s' is configured", b->conf.name,
				 clean(b->account_at->words[i]));
	b->account = configuration_account(c, b->account_name);
}

static void finish_account(struct configuration *c, struct cert_block *b, struct complaints *errors)
{
	cert_own_account(c, b, errors);
	if (b->account_name && b->account) {
		complain(errors, b->file, b->line,
			 "certificate '%s' has an account and account words "
			 "of its own: one of both",
			 b->conf.name);
		return;
	}
	if (b->account_name) {
		named_account(c, b, errors);
	} else if (!b->account && !(b->account = account_default(c)) && !c->use_account.n) {
		complain(errors, b->file, b->line, "certificate '%s': which account?",
			 b->conf.name);
		complain_hint(errors,
			      "several are configured: say use-account NAME at the top or in the "
			      "certificate");
	}
}

static void finish_limit(const struct cert_block *b, struct complaints *errors)
{
	const struct account_conf *a = b->conf.account;
	size_t most = ca_names_max(a->url ? a->url : "", b->conf.profile);

	if (b->conf.names.n > most)
		complain(errors, b->file, b->line,
			 "certificate '%s' has %zu names, and %s takes %zu", b->conf.name,
			 b->conf.names.n, a->ca ? a->ca : "the CA", most);
}

void cert_finish(struct configuration *c, struct cert_block *b, struct complaints *errors)
{
	b->conf.key = b->keys.type[0];
	finish_names(b, errors);
	finish_account(c, b, errors);
	if (b->account) {
		b->conf.account = &b->account->conf;
		if (!b->conf.profile)
			b->conf.profile = b->account->conf.profile;
		finish_limit(b, errors);
	}
	if (b->conf.group && !getgrnam(b->conf.group))
		complain(errors, b->file, b->line, "certificate '%s': no group '%s' on this system",
			 b->conf.name, clean(b->conf.group));
}

void read_certificate(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct configuration *c = r->config;
	const char *name = d->words[1];
	scoped(free_p) char *what = str_printf("certificate '%s'", clean(name));
	const struct cert_block *twin = configuration_cert(c, name);

	(void)w, (void)at;
	if (!cert_name_ok(name)) {
		complain(r->errors, d->file, d->line,
			 "%s: a title has 1 to 64 of a-z 0-9 . _ - and begins "
			 "with a letter or digit",
			 what);
		return;
	}
	if (twin) {
		complain(r->errors, d->file, d->line, "%s is already configured at %s:%u", what,
			 twin->file, twin->line);
		return;
	}
	words_read(r, what, d->block, &certificate_table, all_tables,
		   cert_new(c, name, d->file, d->line));
}

enum seal_status cert_possible(const struct cert_block *b, struct complaints *errors)
{
	size_t before = errors->n;

	if (b->keys.n > 1) {
		complain(errors, b->keys.at ? b->keys.at->file : b->file,
			 b->keys.at ? b->keys.at->line : b->line,
			 "certificate '%s': several key types are understood, but this version "
			 "makes "
			 "certificates with one",
			 b->conf.name);
		complain_hint(errors,
			      "keep one of ecdsa-p256 ecdsa-p384 rsa-2048 rsa-3072 rsa-4096");
	}
	if (b->persist) {
		complain(errors, b->persist->file, b->persist->line,
			 "certificate '%s': challenge dns-persist-01 is understood, but this "
			 "version does "
			 "not carry it out yet",
			 b->conf.name);
		complain_hint(errors, "dns-01 and dns-account-01 are possible");
	}
	return errors->n > before ? SEAL_ECONFIG : SEAL_OK;
}

void dns_add(struct dns_block ***list, size_t *n, struct dns_block *d)
{
	*list = mem_grow(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = d;
}

struct dns_block *dns_new(struct configuration *c, const char *name, const char *file,
			  unsigned line)
{
	struct dns_block *d = arena_new(&c->arena, sizeof(*d));

	d->name = d->type = arena_str(&c->arena, name);
	d->file = file;
	d->line = line;
	return d;
}

void dns_free(struct dns_block *d)
{
	words_free(&d->set); /* the login is its maker's */
}

/* at: the certificate's block; the configuration at the top level (told apart by the word). */
void read_dns(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct configuration *c = r->config;
	struct cert_block *b = w->more ? NULL : at;
	struct dns_block ***list = b ? &b->dns : &c->dns;
	size_t *n = b ? &b->n_dns : &c->n_dns;
	const char *name =
		b ? arena_printf(&c->arena, "%s/%s", b->conf.name, d->words[1]) : d->words[1];

	for (size_t i = 0; i < *n; i++)
		if (word_same((*list)[i]->name, name)) {
			complain(r->errors, d->file, d->line,
				 "dns '%s' is already configured at %s:%u", clean(d->words[1]),
				 (*list)[i]->file, (*list)[i]->line);
			return;
		}
	struct dns_block *x = dns_new(c, name, d->file, d->line);
	x->type = d->words[1];
	x->lines = d->block;
	for (const struct scfg *line = d->block; line; line = line->next)
		if (line->n > 1 && !strcmp(line->words[0], "type"))
			x->type = line->words[1];
	dns_add(list, n, x);
}
