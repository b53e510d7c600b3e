/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * configuration.h - what the configuration says, as engine/conf.h wants it.  Called so, and not
 * config.h, because that is what configure writes. */
#ifndef APP_CONFIGURATION_H
#define APP_CONFIGURATION_H

#include "app/config_file.h"
#include "app/words.h"
#include "base/log.h"
#include "engine/conf.h"
#include "engine/notify.h"

/* All strings lie in the configuration's arena. */

struct account_block {
	struct account_conf conf; /* .url filled in by account_finish() */
	const char *ca, *test_ca; /* as written, or NULL */
	struct words prefer_profiles; /* in the arena */
	bool staging;		    /* the test CA in place of the CA */
	const struct scfg *key_at; /* where account-key was said, or NULL */
	const char *file;
	unsigned line;
};

struct dns_block {
	const char *name; /* unique: "cloudflare", or "mail/cloudflare" inside certificate mail */
	const char *type;
	const char *file; /* NULL: command line */
	unsigned line;
	const struct scfg *lines; /* its directives */
	struct words set;	  /* of the command line: KEY=VALUE */
	struct login *login;	  /* once logins_make() was here */
};

struct cert_block {
	struct cert_conf conf;
	struct words names; /* as written */
	struct key_choice {
		enum key_type type[KEY_TYPES];
		size_t n;
		const struct scfg *at;
	} keys;
	const struct scfg *persist; /* where dns-persist-01 was asked for */
	const char *account_name;   /* or NULL: use-account at the top */
	const struct scfg *account_at; /* where that was said */
	struct account_block own;   /* account words inside the certificate */
	struct account_block *account;
	struct dns_block **dns; /* blocks inside the certificate; in place of the global ones */
	size_t n_dns;
	const char *file; /* NULL: command line */
	unsigned line;
};

struct configuration {
	struct arena arena;
	char *path; /* of the main file, also when there is none */
	char *dir;  /* its folder */
	bool exists;
	struct directives directives;
	struct configuration *before; /* see configuration_again(), or NULL */
	struct complaints errors, warnings;

	const char *state_dir, *metrics; /* or NULL */
	enum log_target log;
	const char *log_file;
	int log_format; /* enum log_format */
	struct words use_account;
	const struct scfg *use_account_at;
	struct cert_block defaults;
	struct account_block **accounts;
	size_t n_accounts;
	struct dns_block **dns;
	size_t n_dns;
	struct cert_block **certs;
	size_t n_certs;
	const struct hooks_conf *hooks; /* or NULL */
	enum reading_depth depth;
	struct notify_conf *notify[NOTIFY_MAX];
	size_t n_notify;
};

/* Reads and checks everything but the options of dns blocks (logins.h).  What is wrong is in
 * errors; SEAL_ECONFIG when there is any.  A missing file is an empty configuration. */
struct configuration *configuration_read(const char *path, enum reading_depth,
					 enum seal_status *ret);
/* The same words once more, deeper: whatever became of the files, secrets of now.  `before` is the
 * new one's. */
struct configuration *configuration_again(struct configuration *before, enum reading_depth,
					  enum seal_status *ret);
void configuration_free(struct configuration *);

struct cert_block *configuration_cert(const struct configuration *, const char *name); /* or NULL */
struct account_block *configuration_account(const struct configuration *, const char *name);

/* What this version cannot do though the file may say it: dns-persist-01.  Complains and returns
 * SEAL_ECONFIG. */
/* Key types as chosen: one, or one of each family.  Complains. */
void cert_keys(struct cert_block *, struct complaints *);
enum seal_status cert_possible(const struct cert_block *, struct complaints *);

bool key_word(const char *word, enum key_type *ret); /* our spellings and those of others */

/* -- shared by the files that read it, and by app/subject.c for the command line -- */
extern const struct table account_table, certificate_table, global_table;
extern const struct table *const all_tables[]; /* to say where a word belongs */

struct account_block *account_new(struct configuration *, const char *name, const char *file,
				  unsigned line);
/* ca, test-ca, staging to URLs.  Complains. */
void account_finish(struct configuration *, struct account_block *, struct complaints *);
/* The account that a certificate without a word about it uses; an implicit one when none is
 * configured. */
struct account_block *account_default(struct configuration *);
struct cert_block *cert_new(struct configuration *, const char *name, const char *file,
			    unsigned line);
void cert_free(struct cert_block *);
/* Its own account words, if any, become an account of its own. */
void cert_own_account(struct configuration *, struct cert_block *, struct complaints *);
/* Names to identifiers, account, limits.  Complains. */
void cert_finish(struct configuration *, struct cert_block *, struct complaints *);
struct dns_block *dns_new(struct configuration *, const char *name, const char *file,
			  unsigned line);
void dns_free(struct dns_block *);
void dns_add(struct dns_block ***list, size_t *n, struct dns_block *);

/* Readers of single blocks and words. */
void read_account(struct reading *, const struct scfg *, const struct word *, void *at);
void read_certificate(struct reading *, const struct scfg *, const struct word *, void *at);
void read_maddy(struct reading *, const struct scfg *, const struct word *, void *at);
void read_dns(struct reading *, const struct scfg *, const struct word *, void *at);
void read_eab(struct reading *, const struct scfg *, const struct word *, void *at);
void read_trust(struct reading *, const struct scfg *, const struct word *, void *at);
void read_account_key(struct reading *, const struct scfg *, const struct word *, void *at);
void read_account_name(struct reading *, const struct scfg *, const struct word *, void *at);
void read_keys(struct reading *, const struct scfg *, const struct word *, void *at);
void read_renew(struct reading *, const struct scfg *, const struct word *, void *at);
void read_resolvers(struct reading *, const struct scfg *, const struct word *, void *at);
void read_propagation(struct reading *, const struct scfg *, const struct word *, void *at);
void read_challenge(struct reading *, const struct scfg *, const struct word *, void *at);
void read_preferred(struct reading *, const struct scfg *, const struct word *, void *at);
void read_chains(struct reading *, const struct scfg *, const struct word *, void *at);
void read_override(struct reading *, const struct scfg *, const struct word *, void *at);
extern const struct table deploy_table, tlsa_table, hooks_table, expand_table;
extern const struct table notify_mail_table, notify_webhook_table, notify_exec_table;
void read_deploy(struct reading *, const struct scfg *, const struct word *, void *at);
void read_hooks(struct reading *, const struct scfg *, const struct word *, void *at);
/* Presets fill in what the targets do not say, and `deploy` hooks become targets. */
void targets_finish(struct configuration *, struct cert_block *);
/* The passwords of its targets, where READ_SHAPE left them out. */
void targets_fetch(struct configuration *, struct cert_block *);
void read_notify(struct reading *, const struct scfg *, const struct word *, void *at);
void notify_conf_free(struct notify_conf *);
void read_expand(struct reading *, const struct scfg *, const struct word *, void *at);

#endif
