/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_later.c - words that are checked like all others and carried out by a later version:
 * deployment, TLSA records, hooks, notification, expansion over a list of domains. */
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

static const char *const write_modes[] = { "atomic", "in-place", NULL };
static const struct word deploy_words[] = {
	TEXT("fullchain", WORD_RAW),
	TEXT("key", WORD_RAW),
	TEXT("cert", WORD_RAW),
	TEXT("chain", WORD_RAW),
	TEXT("keyfull", WORD_RAW),
	TEXT("fullkey", WORD_RAW),
	TEXT("pkcs12", WORD_RAW),
	TEXT("path", WORD_RAW),
	TEXT("file", WORD_RAW),
	TEXT("socket", WORD_RAW),
	TEXT("owner", WORD_RAW),
	TEXT("group", WORD_RAW),
	TEXT("as", WORD_RAW),
	{ "mode", read_octal, offsetof(struct checked, number), 1, 1, WORD_RAW, NULL },
	CHOICE("write", write_modes),
	LIST("reload", WORD_RAW | WORD_REST),
	LIST("test", WORD_RAW | WORD_REST),
	LIST("exec", WORD_RAW | WORD_REST),
	LIST("probe", WORD_RAW | WORD_AGAIN),
	{ "timeout", read_duration, offsetof(struct checked, seconds), 1, 1, WORD_RAW, NULL },
};
const struct table deploy_table = TABLE(deploy_words, "in a deploy block");

static const char *const deploy_targets[] = {
	"apache", "copy",    "docker",	   "docker-mailserver", "dovecot",  "ejabberd", "exec",
	"exim",	  "haproxy", "maddy",	   "madmail",		"mailcow",  "mariadb",	"mysql",
	"nginx",  "postfix", "postgresql", "prosody",		"stalwart", NULL
};

static const char *const tlsa_policies[] = { "two-keys", "current", "off", NULL };
static const struct word tlsa_words[] = {
	LIST("hosts", WORD_RAW),
	LIST("ports", WORD_RAW),
	CHOICE("policy", tlsa_policies),
};
const struct table tlsa_table = TABLE(tlsa_words, "in a tlsa block");

static const struct word hooks_words[] = {
	LIST("pre", WORD_RAW | WORD_AGAIN),
	LIST("post", WORD_RAW | WORD_AGAIN),
	LIST("failed", WORD_RAW | WORD_AGAIN),
	LIST("deploy", WORD_RAW | WORD_AGAIN),
	LIST("recovered", WORD_RAW | WORD_AGAIN),
	{ "timeout", read_duration, offsetof(struct checked, seconds), 1, 1, WORD_RAW, NULL },
};
const struct table hooks_table = TABLE(hooks_words, "in a hooks block");

static const struct word notify_words[] = {
	LIST("to", WORD_RAW),
	TEXT("from", WORD_RAW),
	TEXT("url", WORD_RAW),
	TEXT("exec", WORD_RAW),
	{ "on", read_events, 0, 1, WORDS_MANY, WORD_RAW, NULL },
};
const struct table notify_table = TABLE(notify_words, "in a notify block");

static const char *const requirements[] = { "none", "dns", "address", NULL };
static const struct word expand_words[] = {
	LIST("domains", WORD_RAW),
	TEXT("account", WORD_RAW),
	CHOICE("require", requirements),
	TEXT("key", WORD_RAW),
	TEXT("profile", WORD_RAW),
	{ "deploy", read_deploy, 0, 1, 1, WORD_BLOCK | WORD_AGAIN | WORD_RAW, NULL },
};
const struct table expand_table = TABLE(expand_words, "in an expand block");

void read_deploy(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const struct word target = { .name = w->name, .more = deploy_targets };
	const struct word block = { .name = "deploy", .more = &deploy_table };
	int found = 0;

	read_choice(r, d, &target, &found);
	read_checked(r, d, &block, at);
}

/* failure success expiry 7d recovered operator */
void read_events(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	static const char *const events[] = { "failure", "success", "expiry", "recovered",
					      "operator" };
	uint32_t before_s;

	(void)at;
	for (size_t i = 1; i < d->n; i++) {
		bool known = false;
		for (size_t j = 0; j < COUNT(events); j++)
			known = known || !strcmp(events[j], d->words[i]);
		if (known ||
		    (!strcmp(d->words[i - 1], "expiry") && parse_duration(d->words[i], &before_s)))
			continue;
		complain(r->errors, d->file, d->line,
			 "'%s %s': failure, success, expiry DURATION, recovered, "
			 "operator are possible",
			 w->name, clean(d->words[i]));
	}
}

void read_expand(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const struct word block = { .name = w->name, .more = &expand_table };

	for (size_t i = 1; i < d->n; i++)
		if (!*d->words[i] || d->words[i][strlen(d->words[i]) - 1] != '.')
			complain(r->errors, d->file, d->line,
				 "expand: prefix '%s' must end in a dot", clean(d->words[i]));
	read_checked(r, d, &block, at);
}
