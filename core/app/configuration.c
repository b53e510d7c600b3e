/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/configuration.h"

#include <stdlib.h>
#include <string.h>

/* What a directive at the top level needs to be read before it: 0 nothing, 1 the defaults, 2
 * accounts and dns blocks too.  So their order in the files does not matter. */
static unsigned pass_of(const struct scfg *d)
{
	static const struct {
		const char *name;
		unsigned pass;
	} later[] = { { "account", 1 },
		      { "dns", 1 },
		      { "certificate", 2 },
		      { "tls", 2 },
		      { "tls.loader.acme", 2 } };

	for (size_t i = 0; i < COUNT(later); i++)
		if (word_same(later[i].name, d->words[0]))
			return later[i].pass;
	return 0;
}

static void read_all(struct configuration *c, struct reading *r)
{
	scoped(free_p) const struct scfg **seen = mem_array(global_table.n, sizeof(*seen));

	for (unsigned pass = 0; pass < 3; pass++)
		for (size_t i = 0; i < c->directives.n; i++)
			if (pass_of(c->directives.at[i]) == pass)
				word_read(r, "the configuration", c->directives.at[i],
					  &global_table, all_tables, seen, c);
}

static void finish_use_account(struct configuration *c)
{
	for (size_t i = 0; i < c->use_account.n; i++)
		if (!configuration_account(c, c->use_account.at[i]))
			complain(&c->errors, c->use_account_at->file, c->use_account_at->line,
				 "use-account: no account '%s' is configured",
				 clean(c->use_account.at[i]));
}

/* An account is kept by its CA's URL: two of them would be one. */
static void refuse_twins(struct configuration *c, const struct account_block *a, size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const struct account_block *b = c->accounts[i];
		if (!a->conf.url || !b->conf.url || strcmp(a->conf.url, b->conf.url) || !a->file)
			continue;
		complain(&c->errors, a->file, a->line,
			 "account '%s' is at the same CA as '%s' (line %u); "
			 "this version keeps one account at a CA",
			 a->conf.name, b->conf.name, b->line);
		return;
	}
}

static void finish(struct configuration *c)
{
	size_t configured = c->n_accounts;

	for (size_t i = 0; i < configured; i++) {
		account_finish(c, c->accounts[i], &c->errors);
		refuse_twins(c, c->accounts[i], i);
	}
	finish_use_account(c);
	for (size_t i = 0; i < c->n_certs; i++)
		cert_finish(c, c->certs[i], &c->errors);
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return str_copy(".");
	return slash == path ? str_copy("/") : str_part(path, (size_t)(slash - path));
}

static void set_defaults(struct cert_block *d)
{
	d->keys.type[0] = KEY_ECDSA_P256;
	d->keys.n = 1;
	d->conf.keep = 3;
	d->conf.settle_mode = SETTLE_AUTHORITATIVE;
	d->conf.settle_timeout_s = 20 * 60;
}

static struct configuration *begin(const char *path, enum reading_depth depth)
{
	struct configuration *c = mem_new(sizeof(*c));

	c->path = str_copy(path);
	c->dir = folder_of(path);
	c->depth = depth;
	set_defaults(&c->defaults);
	return c;
}

/* What its directives say. */
static enum seal_status understand(struct configuration *c)
{
	struct reading r = { .arena = &c->arena,
			     .dir = c->dir,
			     .depth = c->depth,
			     .errors = &c->errors,
			     .warnings = &c->warnings,
			     .config = c };

	read_all(c, &r);
	finish(c);
	return c->errors.n ? SEAL_ECONFIG : SEAL_OK;
}

struct configuration *configuration_read(const char *path, enum reading_depth depth,
					 enum seal_status *ret)
{
	struct configuration *c = begin(path, depth);
	struct story story = { 0 };
	enum seal_status st = config_file_read(&c->arena, path, &c->directives, &c->errors, &story);

	c->exists = st != SEAL_ENOTFOUND;
	*ret = understand(c);
	return c;
}

struct configuration *configuration_again(struct configuration *before, enum reading_depth depth,
					  enum seal_status *ret)
{
	struct configuration *c = begin(before->path, depth);

	c->before = before;
	c->exists = before->exists;
	c->directives = before->directives; /* their words lie in its arena */
	before->directives = (struct directives){ 0 };
	*ret = understand(c);
	return c;
}

void configuration_free(struct configuration *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_certs; i++)
		cert_free(c->certs[i]);
	for (size_t i = 0; i < c->n_dns; i++)
		dns_free(c->dns[i]);
	for (size_t i = 0; i < c->n_notify; i++)
		notify_conf_free(c->notify[i]);
	cert_free(&c->defaults);
	words_free(&c->use_account);
	free(c->certs);
	free(c->dns);
	free(c->accounts);
	directives_free(&c->directives);
	complaints_free(&c->errors);
	complaints_free(&c->warnings);
	free(c->path);
	free(c->dir);
	configuration_free(c->before);
	arena_free(&c->arena);
	free(c);
}

struct cert_block *configuration_cert(const struct configuration *c, const char *name)
{
	for (size_t i = 0; i < c->n_certs; i++)
		if (!strcmp(c->certs[i]->conf.name, name))
			return c->certs[i];
	return NULL;
}

struct account_block *configuration_account(const struct configuration *c, const char *name)
{
	for (size_t i = 0; i < c->n_accounts; i++)
		if (word_same(c->accounts[i]->conf.name, name))
			return c->accounts[i];
	return NULL;
}
