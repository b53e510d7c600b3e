/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_cert.c - certificate blocks. */
#include "config.h"

#include "app/cas.h"
#include "app/configuration.h"
#include "crypto/cert.h"
#include "dns/name.h"
#include "store/store.h"

#include <grp.h>
#include <stdlib.h>
#include <string.h>

#define CSR_MAX 65536

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

/* A list in the arena: a certificate's takes the place of the one at the top. */
void read_preferred(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct words list = { 0 }, *to = at;

	read_list(r, d, w, &list);
	*to = (struct words){ .at = arena_new(r->arena, (list.n + 1) * sizeof(*to->at)) };
	for (size_t i = 0; i < list.n; i++)
		to->at[to->n++] = arena_str(r->arena, list.at[i]);
	words_free(&list);
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

/* Where to go when the first account's CA fails: what is named behind it. */
static void finish_others(struct configuration *c, struct cert_block *b)
{
	bool global = !b->account_at && c->use_account.n &&
		      b->account == configuration_account(c, c->use_account.at[0]);
	size_t n = b->account_at ? b->account_at->n : global ? c->use_account.n + 1 : 0;
	char *const *names = b->account_at ? b->account_at->words : NULL;

	b->conf.others = arena_new(&c->arena, (n + 1) * sizeof(*b->conf.others));
	b->conf.n_others = 0;
	for (size_t i = 2; i < n; i++) {
		const char *name = names ? names[i] : c->use_account.at[i - 1];
		struct account_block *a = configuration_account(c, name);
		if (a && a != b->account)
			b->conf.others[b->conf.n_others++] = &a->conf;
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

/* What the certificate says goes before what its account says. */
static void inherit_profile(struct cert_conf *to, const struct account_block *from)
{
	if (to->profile || to->prefer_profiles.n)
		return;
	to->profile = from->conf.profile;
	to->prefer_profiles = from->prefer_profiles;
}

void cert_keys(struct cert_block *b, struct complaints *errors)
{
	const struct key_choice *k = &b->keys;
	bool differ = k->n == 2 && strcmp(key_type_family(k->type[0]), key_type_family(k->type[1]));

	b->conf.key = k->type[0];
	b->conf.has_twin = k->n > 1;
	b->conf.twin = k->n > 1 ? k->type[1] : k->type[0];
	if (k->n == 1 || differ)
		return;
	complain(errors, k->at ? k->at->file : b->file, k->at ? k->at->line : b->line,
		 "'key': one type, or one of ECDSA and one of RSA");
	complain_hint(errors, "servers choose between two certificates by these two kinds of keys");
}

/* The operator's own request must be what the certificate's block says. */
static void finish_request(struct cert_block *b, struct complaints *errors)
{
	scoped(buf_free) struct buf text = { 0 }, der = { 0 };
	scoped(key_free_p) struct key *key = NULL;
	struct story story = { 0 };

	if (!b->conf.csr)
		return;
	if (b->conf.has_twin || b->conf.reuse_key)
		complain(errors, b->file, b->line,
			 "certificate '%s': with `csr` there is one key, which is not ours: no "
			 "second `key`, no `reuse-key`",
			 b->conf.name);
	if (file_read_any(b->conf.csr, CSR_MAX, &text, &story) ||
	    csr_read(text.data, text.len, &b->conf.names, &der, &key, &story)) {
		story_prefix(&story, "csr %s: ", b->conf.csr);
		complain_story(errors, b->file, b->line, &story);
		return;
	}
	b->conf.key = key_type(key);
	if (key_spki_hash(key, b->conf.csr_spki, &story))
		complain_story(errors, b->file, b->line, &story);
}

void cert_finish(struct configuration *c, struct cert_block *b, struct complaints *errors)
{
	cert_keys(b, errors);
	finish_names(b, errors);
	finish_request(b, errors);
	finish_account(c, b, errors);
	if (b->account) {
		b->conf.account = &b->account->conf;
		inherit_profile(&b->conf, b->account);
		finish_limit(b, errors);
		finish_others(c, b);
	}
	if (b->conf.group && !getgrnam(b->conf.group))
		complain(errors, b->file, b->line, "certificate '%s': no group '%s' on this system",
			 b->conf.name, clean(b->conf.group));
	targets_finish(c, b);
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
