/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/subject.h"

#include "app/globbed.h"
#include "crypto/cert.h"
#include "dns/name.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- options that are words of a certificate ------------------------------------------------ */

/* The option goes through the same reader as the word in a file. */
static void apply(struct reading *r, struct cert_block *b, const char *word, const char *value)
{
	scoped(free_p) const struct scfg **seen = mem_array(certificate_table.n, sizeof(*seen));
	struct scfg *d = arena_new(r->arena, sizeof(*d));

	if (!value)
		return;
	d->words = arena_new(r->arena, 2 * sizeof(*d->words));
	d->words[0] = arena_str(r->arena, word);
	d->words[1] = arena_str(r->arena, value);
	d->n = 2;
	word_read(r, "the command line", d, &certificate_table, NULL, seen, b);
}

static void apply_all(struct configuration *c, const struct options *o, struct cert_block *b,
		      struct complaints *errors)
{
	struct reading r = { .arena = &c->arena,
			     .depth = READ_ALL,
			     .errors = errors,
			     .warnings = &c->warnings,
			     .config = c };
	const struct {
		const char *word, *value;
	} said[] = { { "key", o->key },
		     { "challenge", o->challenge },
		     { "profile", o->profile },
		     { "override-domain", o->override_domain },
		     { "propagation", o->propagation } };

	for (size_t i = 0; i < COUNT(said); i++)
		apply(&r, b, said[i].word, said[i].value);
	if (o->resolvers.n)
		b->conf.resolvers.n = 0;
	for (size_t i = 0; i < o->resolvers.n; i++)
		apply(&r, b, "resolver", o->resolvers.at[i]);
	if (o->has_timeout)
		b->conf.settle_timeout_s = o->propagation_timeout_s;
	if (o->has_delay)
		b->conf.settle_delay_s = o->propagation_delay_s;
}

/* -- account -------------------------------------------------------------------------------- */

static bool account_is_said(const struct options *o)
{
	return o->ca || o->test_ca || o->trust || o->email || o->staging || o->agree_tos;
}

/* The configured account that --ca means: by its name, its CA's short name or its URL. */
static struct account_block *account_at(const struct configuration *c, const char *ca)
{
	for (size_t i = 0; i < c->n_accounts; i++) {
		const struct account_conf *a = &c->accounts[i]->conf;
		if (word_same(a->name, ca) || (a->ca && word_same(a->ca, ca)) ||
		    (a->url && !strcmp(a->url, ca)))
			return c->accounts[i];
	}
	return NULL;
}

static void check_trust(const char *path, struct complaints *errors)
{
	struct story story = { 0 };

	if (!path || !bundle_check(path, &story))
		return;
	story_prefix(&story, "--trust: ");
	complain_story(errors, NULL, 0, &story);
}

struct account_block *subject_account(struct configuration *c, const struct options *o,
				      const struct account_block *base, struct complaints *errors)
{
	const struct account_block *from = o->ca ? account_at(c, o->ca) : base;
	size_t before = errors->n;

	struct account_block *a = arena_new(&c->arena, sizeof(*a));
	if (from)
		*a = *from;
	a->file = NULL;
	a->line = 0;
	if (!from) {
		a->ca = o->ca;
		a->conf.name = arena_str(&c->arena, o->ca);
		a->conf.origin = arena_str(&c->arena, "command line");
		a->conf.eab_hash = SEAL_SHA256;
		a->conf.email = c->defaults.own.conf.email;
		a->conf.agreed = c->defaults.own.conf.agreed;
		a->conf.key = c->defaults.own.conf.key;
	}
	a->test_ca = o->test_ca ? o->test_ca : a->test_ca;
	a->conf.trust = o->trust ? arena_str(&c->arena, o->trust) : a->conf.trust;
	a->conf.email = o->email ? arena_str(&c->arena, o->email) : a->conf.email;
	a->staging = a->staging || o->staging;
	a->conf.agreed = a->conf.agreed || o->agree_tos;
	check_trust(o->trust, errors);
	account_finish(c, a, errors);
	return errors->n > before ? NULL : a;
}

static void choose_account(struct configuration *c, const struct options *o, struct subject *s,
			   struct complaints *errors)
{
	struct cert_block *b = s->cert;

	if (!account_is_said(o) || (!b->account && !o->ca))
		return; /* nothing was said, or it was complained about already */
	s->own_account = !o->ca || !account_at(c, o->ca);
	b->conf.n_others = 0;
	b->account = subject_account(c, o, b->account, errors);
	if (b->account)
		b->conf.account = &b->account->conf;
}

/* -- DNS ------------------------------------------------------------------------------------ */

struct dns_block *dns_block_find(struct dns_block *const *blocks, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const char *own = strchr(blocks[i]->name, '/');
		if (word_same(blocks[i]->name, name) || (own && word_same(own + 1, name)))
			return blocks[i];
	}
	return NULL;
}

void subject_set_alone(const struct options *o, struct complaints *errors)
{
	complain(errors, NULL, 0, "--set %.*s: of which provider?",
		 (int)strcspn(o->set.at[0], "="), o->set.at[0]);
	complain_hint(errors, "say it with --dns TYPE; dnseal providers lists them");
}

struct dns_block *subject_dns(struct configuration *c, const struct options *o)
{
	if (!o->dns)
		return NULL;
	struct dns_block *d = dns_new(c, o->dns, NULL, 0);
	for (size_t i = 0; i < o->set.n; i++)
		words_add(&d->set, o->set.at[i]);
	return d;
}

static void choose_dns(struct configuration *c, const struct options *o, struct subject *s,
		       struct complaints *errors)
{
	if (o->dns && !o->set.n)
		s->one = dns_block_find(s->dns, s->n_dns, o->dns);
	if (o->dns && !s->one) {
		s->one = subject_dns(c, o);
		s->own_dns = true;
	}
	if (s->one) {
		s->dns = &s->one;
		s->n_dns = 1;
	} else if (o->set.n) {
		subject_set_alone(o, errors);
	} else if (!s->n_dns) {
		complain(errors, NULL, 0, "no DNS provider is configured for %s",
			 s->cert->conf.name);
		complain_hint(errors,
			      "--dns TYPE, or a dns block in %s; dnseal providers lists them",
			      c->path);
	}
}

void subject_of(struct configuration *c, struct cert_block *b, struct subject *ret)
{
	*ret = (struct subject){ .cert = b, .configured = b->file != NULL };
	ret->dns = b->n_dns ? b->dns : c->dns;
	ret->n_dns = b->n_dns ? b->n_dns : c->n_dns;
}

/* -- names ---------------------------------------------------------------------------------- */

static void split_commas(const struct words *from, struct words *ret)
{
	for (size_t i = 0; i < from->n; i++) {
		scoped(free_p) char *copy = str_copy(from->at[i]);
		for (char *c = copy; *c; c++)
			*c = *c == ',' ? ' ' : *c;
		words_split(ret, strcmp(copy, from->at[i]) ? copy : "");
		if (!strcmp(copy, from->at[i]))
			words_add(ret, copy);
	}
}

/* Title of a certificate that is asked for by its names; false when complained about. */
static bool title(const struct options *o, const struct words *names, char ret[NAME_MAX_LEN],
		  struct complaints *errors)
{
	struct story story = { 0 };

	if (o->name)
		snprintf(ret, NAME_MAX_LEN, "%s", o->name);
	else if (name_identifier(names->at[0], ret, &story)) {
		if (!strpbrk(names->at[0], ".:/*@"))
			story_fail(&story, SEAL_ECONFIG,
				   "'%s' is neither a configured certificate nor a "
				   "domain name",
				   clean(names->at[0]));
		complain_story(errors, NULL, 0, &story);
		return false;
	} else
		memmove(ret, name_base(ret), strlen(name_base(ret)) + 1);
	if (cert_name_ok(ret))
		return true;
	complain(errors, NULL, 0,
		 "'%s' cannot be the name of a certificate: 1 to 64 of a-z 0-9 . _ -", clean(ret));
	complain_hint(errors, "choose one with --name");
	return false;
}

static bool is_globbed(const struct options *o, const struct words *names,
		       struct complaints *errors)
{
	scoped(free_p) char *pattern = o->yes ? NULL : globbed(names);

	if (!pattern)
		return false;
	complain(errors, NULL, 0,
		 "these names are exactly the files here that %s finds: did the shell "
		 "replace it?",
		 pattern);
	complain_hint(errors, "quote it: '%s'; or --yes when you mean these files' names", pattern);
	return true;
}

static enum seal_status from_names(struct configuration *c, const struct options *o,
				   const struct words *names, struct subject *ret,
				   struct complaints *errors)
{
	char name[NAME_MAX_LEN];

	if (is_globbed(o, names, errors) || !title(o, names, name, errors))
		return SEAL_ECONFIG;
	const struct cert_block *twin = configuration_cert(c, name);
	if (twin) {
		complain(errors, NULL, 0, "certificate '%s' is configured at %s:%u", name,
			 twin->file, twin->line);
		complain_hint(errors, "dnseal %s %s, or another --name", o->args.at[0], name);
		return SEAL_ECONFIG;
	}
	struct cert_block *b = cert_new(c, name, NULL, 0);
	for (size_t i = 0; i < names->n; i++)
		words_add(&b->names, names->at[i]);
	subject_of(c, b, ret);
	return SEAL_OK;
}

enum seal_status subject_read(struct configuration *c, const struct options *o,
			      const struct words *names, struct subject *ret,
			      struct complaints *errors)
{
	struct words split = { 0 };
	size_t before = errors->n;

	split_commas(names, &split);
	struct cert_block *known = split.n == 1 ? configuration_cert(c, split.at[0]) : NULL;
	if (known)
		subject_of(c, known, ret);
	else if (!split.n)
		complain(errors, NULL, 0, "no names");
	else if (from_names(c, o, &split, ret, errors) == SEAL_OK)
		known = ret->cert;
	words_free(&split);
	if (!known)
		return SEAL_ECONFIG;
	apply_all(c, o, known, errors);
	if (ret->configured || o->ca)
		choose_account(c, o, ret, errors);
	if (!ret->configured)
		cert_finish(c, known, errors);
	if (!ret->configured && !o->ca)
		choose_account(c, o, ret, errors);
	if (o->key && !known->conf.csr)
		cert_keys(known, errors);
	choose_dns(c, o, ret, errors);
	cert_possible(known, errors);
	return errors->n > before ? SEAL_ECONFIG : SEAL_OK;
}

void subject_free(struct subject *s)
{
	if (s->one && s->own_dns)
		dns_free(s->one);
	*s = (struct subject){ 0 };
}
