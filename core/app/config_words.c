/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_words.c - the words of the configuration, as tables.  Read global_table first. */
#include "config.h"

#include "app/configuration.h"

#include <string.h>

static const char *const log_formats[] = { [LOG_TEXT] = "text", [LOG_JSON] = "json", NULL };
static const struct number_limits keep_limits = { 1, 1000 };
static const struct number_limits version_limits = { 1, 1 };

static void read_log(struct reading *, const struct scfg *, const struct word *, void *);
static void read_use_account(struct reading *, const struct scfg *, const struct word *, void *);
static void read_version(struct reading *, const struct scfg *, const struct word *, void *);
static void read_mac(struct reading *, const struct scfg *, const struct word *, void *);

/* clang-format off: tables */

/* Words about a CA and an account; `base` leads to a struct account_block inside `type`. */
#define ACCOUNT_WORDS(type, base)								   \
	{ "ca", read_text, offsetof(type, base ca), 1, 1, 0, NULL },				   \
	{ "test-ca", read_text, offsetof(type, base test_ca), 1, 1, 0, NULL },			   \
	{ "staging", read_bool, offsetof(type, base staging), 0, 1, 0, NULL },			   \
	{ "email", read_text, offsetof(type, base conf.email), 1, 1, 0, NULL },			   \
	{ "agreed", read_bool, offsetof(type, base conf.agreed), 0, 1, 0, NULL },		   \
	{ "agree-tos", read_bool, offsetof(type, base conf.agreed), 0, 1, 0, NULL },		   \
	{ "trust", read_trust, offsetof(type, base conf.trust), 1, 1, WORD_RAW, NULL },		   \
	{ "eab", read_eab, offsetof(type, base conf), 0, 0, WORD_BLOCK, NULL },			   \
	{ "account-key", read_account_key, offsetof(type, base conf.key), 1, 1, 0, NULL },	   \
	{ "preferred-chain", read_chains, offsetof(type, base conf.preferred_chains),		   \
	  1, WORDS_MANY, 0, NULL }

/* Words about a certificate, each a default at the top; `base` leads to a struct cert_block. */
#define CERT_WORDS(type, base)									   \
	{ "key", read_keys, offsetof(type, base keys), 1, WORDS_MANY, 0, NULL },		   \
	{ "reuse-key", read_bool, offsetof(type, base conf.reuse_key), 0, 1, 0, NULL },		   \
	{ "renew", read_renew, offsetof(type, base conf.renew), 1, 1, 0, NULL },		   \
	{ "keep", read_number, offsetof(type, base conf.keep), 1, 1, 0, &keep_limits },		   \
	{ "resolvers", read_resolvers, offsetof(type, base conf.resolvers),			   \
	  1, WORDS_MANY, 0, NULL },								   \
	{ "resolver", read_resolvers, offsetof(type, base conf.resolvers),			   \
	  1, 1, WORD_AGAIN, "" },								   \
	{ "propagation", read_propagation, offsetof(type, base conf), 0, 1, WORD_BLOCK, NULL },	   \
	{ "propagation-timeout", read_duration, offsetof(type, base conf.settle_timeout_s),	   \
	  1, 1, 0, NULL },									   \
	{ "propagation-delay", read_duration, offsetof(type, base conf.settle_delay_s),		   \
	  1, 1, 0, NULL },									   \
	{ "challenge", read_challenge, offsetof(type, base conf), 1, 1, 0, NULL },		   \
	{ "profile", read_text, offsetof(type, base conf.profile), 1, 1, 0, NULL },		   \
	{ "prefer-profile", read_preferred, offsetof(type, base conf.prefer_profiles),		   \
	  1, WORDS_MANY, 0, NULL },								   \
	{ "override-domain", read_override, offsetof(type, base conf.override_domain),		   \
	  1, 1, 0, NULL },									   \
	{ "group", read_text, offsetof(type, base conf.group), 1, 1, 0, NULL }
/* clang-format on */

static const struct word account_words[] = {
	ACCOUNT_WORDS(struct account_block, ),
	{ "profile", read_text, offsetof(struct account_block, conf.profile), 1, 1, 0, NULL },
	{ "prefer-profile", read_preferred, offsetof(struct account_block, prefer_profiles), 1,
	  WORDS_MANY, 0, NULL },
};
const struct table account_table = TABLE(account_words, "in an account block");

static const struct word certificate_words[] = {
	{ "names", read_list, offsetof(struct cert_block, names), 0, WORDS_MANY, WORD_BLOCK, NULL },
	CERT_WORDS(struct cert_block, ),
	ACCOUNT_WORDS(struct cert_block, own.),
	{ "csr", read_path, offsetof(struct cert_block, conf.csr), 1, 1, WORD_RAW, NULL },
	{ "account", read_account_name, 0, 1, 1, 0, NULL },
	{ "use-account", read_account_name, 0, 1, WORDS_MANY, 0, NULL },
	{ "dns", read_dns, 0, 1, 1, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
	{ "deploy", read_deploy, 0, 1, WORDS_MANY, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
	{ "tlsa", read_checked, 0, 0, 0, WORD_BLOCK | WORD_RAW | WORD_LATER, &tlsa_table },
};
const struct table certificate_table = TABLE(certificate_words, "in a certificate block");

static const struct word global_words[] = {
	{ "version", read_version, 0, 1, 1, 0, &version_limits },
	{ "state-dir", read_text, offsetof(struct configuration, state_dir), 1, 1, WORD_RAW, NULL },
	{ "log", read_log, 0, 1, 1, WORD_RAW, NULL },
	{ "log-format", read_choice, offsetof(struct configuration, log_format), 1, 1, 0,
	  log_formats },
	{ "metrics", read_text, offsetof(struct configuration, metrics), 1, 1, WORD_RAW, NULL },
	CERT_WORDS(struct configuration, defaults.),
	ACCOUNT_WORDS(struct configuration, defaults.own.),
	{ "use-account", read_use_account, 0, 1, WORDS_MANY, 0, NULL },
	{ "account", read_account, 0, 1, 1, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
	{ "dns", read_dns, 0, 1, 1, WORD_BLOCK | WORD_AGAIN | WORD_RAW, "top" },
	{ "certificate", read_certificate, 0, 1, 1, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
	{ "expand", read_expand, 0, 1, WORDS_MANY, WORD_BLOCK | WORD_AGAIN | WORD_RAW | WORD_LATER,
	  NULL },
	{ "hooks", read_hooks, offsetof(struct configuration, hooks), 0, 0, WORD_BLOCK | WORD_RAW,
	  NULL },
	{ "notify", read_notify, 0, 1, 1, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
	{ "tls", read_maddy, 0, 0, WORDS_MANY, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
	{ "tls.loader.acme", read_maddy, 0, 0, 1, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
};
const struct table global_table = TABLE(global_words, "at the top level");

/* What every dns block knows beside its provider's options (provider/login.h), and where words of
 * the small blocks belong. */
static const struct word dns_words[] = {
	{ .name = "type" },
	{ .name = "zones" },
	{ .name = "endpoint" },
	{ .name = "api-token" },
};
static const struct table dns_table = TABLE(dns_words, "in a dns block");

static const struct word eab_words[] = {
	{ "kid", read_text, offsetof(struct account_conf, eab_kid), 1, 1, WORD_SECRET, NULL },
	{ "hmac", read_text, offsetof(struct account_conf, eab_hmac), 1, 1, WORD_SECRET, NULL },
	{ "alg", read_mac, offsetof(struct account_conf, eab_hash), 1, 1, WORD_RAW, NULL },
};
static const struct table eab_table = TABLE(eab_words, "in an eab block");

static const char *const settle_modes[] = { [SETTLE_AUTHORITATIVE] = "authoritative",
					    [SETTLE_RESOLVERS] = "resolvers",
					    [SETTLE_WAIT] = "wait",
					    NULL };
static const struct word propagation_words[] = {
	{ "check", read_choice, offsetof(struct cert_conf, settle_mode), 1, 1, 0, settle_modes },
	{ "timeout", read_duration, offsetof(struct cert_conf, settle_timeout_s), 1, 1, 0, NULL },
	{ "delay", read_duration, offsetof(struct cert_conf, settle_delay_s), 1, 1, 0, NULL },
};
static const struct table propagation_table = TABLE(propagation_words, "in a propagation block");

const struct table *const all_tables[] = { &global_table,
					   &account_table,
					   &certificate_table,
					   &propagation_table,
					   &eab_table,
					   &dns_table,
					   &deploy_table,
					   &tlsa_table,
					   &hooks_table,
					   &notify_mail_table,
					   &notify_webhook_table,
					   &notify_exec_table,
					   NULL };

static void read_version(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	unsigned version = 0;

	(void)at;
	read_number(r, d, w, &version);
}

static void read_log(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct configuration *c = r->config;
	const char *to = d->words[1];

	(void)w, (void)at;
	if (!strcmp(to, "stderr"))
		c->log = LOG_TO_STDERR;
	else if (!strcmp(to, "journal"))
		c->log = LOG_TO_JOURNAL;
	else if (!strncmp(to, "file:/", 6)) {
		c->log = LOG_TO_FILE;
		c->log_file = to + 5;
	} else
		complain(r->errors, d->file, d->line,
			 "'log %s': stderr, journal, file:/PATH are possible", clean(to));
}

static void read_use_account(struct reading *r, const struct scfg *d, const struct word *w,
			     void *at)
{
	struct configuration *c = r->config;

	(void)at;
	c->use_account_at = d;
	read_list(r, d, w, &c->use_account);
}

/* at: an enum seal_hash */
static void read_mac(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	static const char *const names[] = { "HS256", "HS384", "HS512", NULL };
	const struct word choice = { .name = w->name, .more = names };
	int chosen = 0;

	read_choice(r, d, &choice, &chosen);
	*(enum seal_hash *)at = (enum seal_hash)(SEAL_SHA256 + chosen);
}

void read_eab(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const struct account_conf *conf = at;

	(void)w;
	words_read(r, "eab", d->block, &eab_table, all_tables, at);
	if (conf->eab_hmac)
		log_secret(conf->eab_hmac);
}

bool key_word(const char *word, enum key_type *ret)
{
	static const struct { /* as certbot, acme.sh, lego and Caddy write them */
		const char *word;
		enum key_type type;
	} others[] = { { "ecdsa", KEY_ECDSA_P256 }, { "p256", KEY_ECDSA_P256 },
		       { "ec256", KEY_ECDSA_P256 }, { "ec-256", KEY_ECDSA_P256 },
		       { "EC256", KEY_ECDSA_P256 }, { "p384", KEY_ECDSA_P384 },
		       { "ec384", KEY_ECDSA_P384 }, { "ec-384", KEY_ECDSA_P384 },
		       { "EC384", KEY_ECDSA_P384 }, { "rsa", KEY_RSA_2048 },
		       { "2048", KEY_RSA_2048 },    { "rsa2048", KEY_RSA_2048 },
		       { "RSA2048", KEY_RSA_2048 }, { "3072", KEY_RSA_3072 },
		       { "rsa3072", KEY_RSA_3072 }, { "RSA3072", KEY_RSA_3072 },
		       { "4096", KEY_RSA_4096 },    { "rsa4096", KEY_RSA_4096 },
		       { "RSA4096", KEY_RSA_4096 } };

	if (key_type_parse(word, ret))
		return true;
	for (size_t i = 0; i < COUNT(others); i++)
		if (!strcmp(others[i].word, word)) {
			*ret = others[i].type;
			return true;
		}
	return false;
}

static bool read_key(struct reading *r, const struct scfg *d, const char *word, enum key_type *ret)
{
	if (key_word(word, ret))
		return true;
	complain(r->errors, d->file, d->line,
		 "'%s %s': ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, "
		 "rsa-4096 are possible",
		 d->words[0], clean(word));
	return false;
}

void read_account_key(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	(void)w;
	read_key(r, d, d->words[1], at);
	container_of(at, struct account_block, conf.key)->key_at = d;
}

void read_keys(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct key_choice *k = at;
	enum key_type type;

	(void)w;
	k->n = 0;
	k->at = d;
	for (size_t i = 1; i < d->n; i++) {
		if (!read_key(r, d, d->words[i], &type))
			continue;
		for (size_t j = 0; j < k->n; j++)
			if (k->type[j] == type) {
				complain(r->errors, d->file, d->line, "'key': %s is there twice",
					 key_type_name(type));
				return;
			}
		k->type[k->n++] = type;
	}
}

void read_renew(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const char *v = d->words[1];
	size_t digits = strspn(v, "0123456789");
	scoped(free_p) char *number = str_part(v, digits);
	struct renew_rule rule = { .kind = RENEW_AUTO };
	uint64_t percent = 0;
	bool fine = !strcmp(v, "auto");

	(void)w;
	if (!strcmp(v + digits, "%")) {
		rule.kind = RENEW_FRACTION;
		fine = parse_uint(number, 90, &percent) && percent > 0;
		rule.percent = (unsigned)percent;
	} else if (!fine) {
		rule.kind = RENEW_BEFORE;
		fine = parse_duration(v, &rule.before_s) && rule.before_s >= 3600;
	}
	if (fine)
		*(struct renew_rule *)at = rule;
	else
		complain(r->errors, d->file, d->line,
			 "'renew %s': auto, a duration such as 21d, or a share "
			 "of the life such as 33%% (1%% to 90%%)",
			 clean(v));
}

/* resolvers replaces what was inherited; resolver adds one. */
void read_resolvers(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct resolvers *to = at;

	if (!w->more)
		*to = (struct resolvers){ 0 };
	for (size_t i = 1; i < d->n; i++) {
		if (!strcmp(d->words[i], "system")) {
			*to = (struct resolvers){ 0 };
		} else if (!resolvers_add(to, d->words[i])) {
			complain(r->errors, d->file, d->line, "'%s %s': %s", w->name,
				 clean(d->words[i]),
				 to->n == RESOLVERS_MAX ? "that is more than 8"
							: "'system' or an address such as "
							  "127.0.0.1, 127.0.0.1:5353 or [::1]:53");
			return;
		}
	}
}

void read_propagation(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct cert_conf *c = at;
	const struct word mode = { .name = w->name, .more = settle_modes };

	if (d->n > 1)
		read_choice(r, d, &mode, &c->settle_mode);
	else if (!d->has_block)
		complain(r->errors, d->file, d->line,
			 "'propagation' needs a block, or one of "
			 "authoritative, resolvers, wait");
	words_read(r, "propagation", d->block, &propagation_table, all_tables, c);
}

/* at: the conf of a struct cert_block, which is its first member. */
void read_challenge(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct cert_block *b = container_of(at, struct cert_block, conf);
	const char *v = d->words[1];

	(void)w;
	b->persist = NULL;
	if (!strcmp(v, "dns-01"))
		b->conf.challenge = CHALLENGE_DNS_01;
	else if (!strcmp(v, "dns-account-01"))
		b->conf.challenge = CHALLENGE_DNS_ACCOUNT_01;
	else if (!strcmp(v, "dns-persist-01"))
		b->persist = d;
	else
		complain(r->errors, d->file, d->line,
			 "'challenge %s': dns-01 and dns-account-01 are possible", clean(v));
}

void read_override(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	char owner[NAME_MAX_LEN] = "", name[NAME_MAX_LEN];
	struct story story = { 0 };
	bool fine = !name_ascii(d->words[1], owner, &story);
	const char *hole = strstr(owner, "{domain}");
	scoped(free_p) char *filled =
		hole ? str_printf("%.*sexample.org%s", (int)(hole - owner), owner, hole + 8)
		     : str_copy(owner);

	if (!fine || strpbrk(filled, "{}*") || !strchr(filled, '.') || !name_normal(filled, name))
		complain(r->errors, d->file, d->line, "'%s %s': not the name of a TXT record",
			 w->name, clean(d->words[1]));
	else
		*(const char **)at = arena_str(r->arena, owner);
}
