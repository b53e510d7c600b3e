/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/options.h"

#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#define AT(member) offsetof(struct options, member)

static const char *const color_names[] = {
	[COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never", NULL
};
const struct option global_options[] = {
	{ "config", 'c', OPT_TEXT, AT(config), 0, "FILE", NULL,
	  "configuration [/etc/dnseal/dnseal.conf; without root ~/.config/dnseal/dnseal.conf]" },
	{ "state-dir", 0, OPT_TEXT, AT(state_dir), 0, "DIR", NULL,
	  "certificates and accounts [/var/lib/dnseal; without root ~/.local/state/dnseal]" },
	{ "plugin-dir", 0, OPT_TEXT, AT(plugin_dir), 0, "DIR", NULL, "DNS provider plugins" },
	{ "verbose", 'v', OPT_COUNT, AT(verbose), 0, NULL, NULL, "say more; twice: HTTP lines" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), 0, NULL, NULL, "warnings and errors only" },
	{ "json", 0, OPT_FLAG, AT(json), 0, NULL, NULL, "answer in JSON on stdout" },
	{ "color", 0, OPT_CHOICE, AT(color), 0, "WHEN", color_names, "auto, always or never" },
	{ "dry-run", 'n', OPT_FLAG, AT(dry_run), 0, NULL, NULL,
	  "change nothing; issue: rehearse at the test CA and keep nothing" },
	{ "no-input", 0, OPT_FLAG, AT(no_input), 0, NULL, NULL, "never ask" },
	{ "yes", 0, OPT_FLAG, AT(yes), 0, NULL, NULL, "answer every question with yes" },
	{ "wait", 0, OPT_DURATION, AT(wait_s), 0, "D", NULL, "for locks of other runs [60s]" },
	{ "help", 'h', OPT_FLAG, AT(help), 0, NULL, NULL, "this, or about a command" },
	{ "version", 'V', OPT_FLAG, AT(version), 0, NULL, NULL, "print the version" },
	{ 0 },
};

const struct option subject_options[] = {
	{ "name", 0, OPT_TEXT, AT(name), 0, "CERT", NULL,
	  "name of the certificate [first name without *.]" },
	{ "dns", 0, OPT_TEXT, AT(dns), 0, "TYPE", NULL, "DNS provider, or a configured dns block" },
	{ "set", 0, OPT_LIST, AT(set), 0, "KEY=VALUE", NULL,
	  "option of the provider; secrets as file:, env:, cred: or cmd:" },
	{ "ca", 0, OPT_TEXT, AT(ca), 0, "CA|URL", NULL, "short name (see cas) or directory" },
	{ "test-ca", 0, OPT_TEXT, AT(test_ca), 0, "CA|URL", NULL, "where --dry-run rehearses" },
	{ "trust", 0, OPT_TEXT, AT(trust), 0, "FILE", NULL, "CA bundle to trust for that CA" },
	{ "staging", 0, OPT_FLAG, AT(staging), 0, NULL, NULL, "use the test CA" },
	{ "email", 0, OPT_TEXT, AT(email), 0, "ADDRESS", NULL, "contact of a new account" },
	{ "agree-tos", 0, OPT_FLAG, AT(agree_tos), 0, NULL, NULL, "I accept the CA's terms" },
	{ "key", 0, OPT_TEXT, AT(key), 0, "TYPE", NULL,
	  "ecdsa-p256 (default), ecdsa-p384, rsa-2048, rsa-3072, rsa-4096" },
	{ "override-domain", 0, OPT_TEXT, AT(override_domain), 0, "N", NULL,
	  "exact owner of the TXT record; {domain} is replaced" },
	{ "challenge", 0, OPT_TEXT, AT(challenge), 0, "T", NULL,
	  "dns-01 (default), dns-account-01" },
	{ "profile", 0, OPT_TEXT, AT(profile), 0, "P", NULL, "certificate profile of the CA" },
	{ "resolver", 0, OPT_LIST, AT(resolvers), 0, "HOST[:PORT]", NULL,
	  "recursive resolver in place of the system's; repeatable" },
	{ "propagation", 0, OPT_TEXT, AT(propagation), 0, "HOW", NULL,
	  "look at authoritative servers, at resolvers, or wait" },
	{ "propagation-timeout", 0, OPT_DURATION, AT(propagation_timeout_s), AT(has_timeout), "D",
	  NULL, "give up after this long [20m]" },
	{ "propagation-delay", 0, OPT_DURATION, AT(propagation_delay_s), AT(has_delay), "D", NULL,
	  "wait this long before the first look; with wait: the whole wait" },
	{ 0 },
};

struct parse {
	struct options *o;
	char **argv;
	int argc, i;
	const struct command *command;
	bool plain; /* behind "--" */
};

/* Options of the tables in use: the global ones, and those of the command once it is known. */
static const struct option *each_option(const struct command *c, size_t *table, size_t *row)
{
	for (; *table <= COMMAND_TABLES; (*table)++, *row = 0) {
		const struct option *t = !*table ? global_options
					 : c	 ? c->options[*table - 1]
						 : NULL;
		if (t && t[*row].name)
			return &t[(*row)++];
	}
	return NULL;
}

static const struct option *find(const struct command *c, const char *name, size_t len)
{
	size_t table = 0, row = 0;
	const struct option *x;

	while ((x = each_option(c, &table, &row)))
		if (strlen(x->name) == len && !memcmp(x->name, name, len))
			return x;
	return NULL;
}

static const struct option *find_letter(const struct command *c, char letter)
{
	size_t table = 0, row = 0;
	const struct option *x;

	while ((x = each_option(c, &table, &row)))
		if (x->letter == letter)
			return x;
	return NULL;
}

/* A command that has this option, for the hint; NULL: none. */
static const struct command *owner_of(const char *name, size_t len)
{
	for (size_t i = 0; i < n_commands; i++)
		if (find(&commands[i], name, len))
			return &commands[i];
	return NULL;
}

static enum seal_status unknown(struct parse *p, const char *name, size_t len)
{
	const char *known[64];
	size_t n = 0, table = 0, row = 0;
	const struct option *x;
	scoped(free_p) char *word = str_part(name, len);
	const struct command *other = owner_of(name, len);

	while (n < COUNT(known) && (x = each_option(p->command, &table, &row)))
		known[n++] = x->name;
	const char *near = word_nearest(word, known, n);
	if (!p->command && other)
		fail(p->o, SEAL_ECONFIG, "--%s belongs behind the command", word);
	else if (p->command && other)
		fail(p->o, SEAL_ECONFIG, "'%s' has no option --%s", p->command->name, word);
	else
		fail(p->o, SEAL_ECONFIG, "unknown option --%s", clean(word));
	if (near && !other)
		hint(p->o, "did you mean --%s?", near);
	else
		hint(p->o, "dnseal help%s%s", p->command ? " " : "",
		     p->command ? p->command->name : "");
	return SEAL_ECONFIG;
}

static enum seal_status read_choice(struct parse *p, const struct option *x, const char *value,
				    unsigned *ret)
{
	for (unsigned i = 0; x->choices[i]; i++)
		if (!strcmp(x->choices[i], value)) {
			*ret = i;
			return SEAL_OK;
		}
	return fail(p->o, SEAL_ECONFIG, "--%s %s: %s is possible", x->name, clean(value), x->doc);
}

static enum seal_status set(struct parse *p, const struct option *x, const char *value)
{
	void *at = (char *)p->o + x->offset;

	if (x->has)
		*(bool *)((char *)p->o + x->has) = true;
	switch (x->type) {
	case OPT_FLAG:
		*(bool *)at = true;
		return SEAL_OK;
	case OPT_COUNT:
		++*(unsigned *)at;
		return SEAL_OK;
	case OPT_TEXT:
		if (*(const char **)at)
			return fail(p->o, SEAL_ECONFIG, "--%s is given twice", x->name);
		*(const char **)at = value;
		return SEAL_OK;
	case OPT_LIST:
		words_add(at, value);
		return SEAL_OK;
	case OPT_CHOICE:
		return read_choice(p, x, value, at);
	case OPT_DURATION:
		break;
	}
	if (!parse_duration(value, at))
		return fail(p->o, SEAL_ECONFIG,
			    "--%s %s: not a duration such as 90s, 20m, 12h or 21d", x->name,
			    clean(value));
	return SEAL_OK;
}

static enum seal_status set_from_next(struct parse *p, const struct option *x)
{
	if (p->i + 1 == p->argc)
		return fail(p->o, SEAL_ECONFIG, "--%s needs a value: %s", x->name, x->value);
	return set(p, x, p->argv[++p->i]);
}

static enum seal_status read_long(struct parse *p, const char *name)
{
	size_t len = strcspn(name, "=");
	const struct option *x = find(p->command, name, len);

	if (!x)
		return unknown(p, name, len);
	if (name[len] && !x->value)
		return fail(p->o, SEAL_ECONFIG, "--%s takes no value", x->name);
	if (name[len] || !x->value)
		return set(p, x, name[len] ? name + len + 1 : NULL);
	return set_from_next(p, x);
}

static enum seal_status read_letters(struct parse *p, const char *letters)
{
	for (; *letters; letters++) {
		const struct option *x = find_letter(p->command, *letters);
		if (!x) {
			char one[2] = { *letters, '\0' };
			fail(p->o, SEAL_ECONFIG, "unknown option -%s", clean(one));
			hint(p->o, "dnseal help");
			return SEAL_ECONFIG;
		}
		if (x->value)
			return letters[1] ? set(p, x, letters + 1) : set_from_next(p, x);
		enum seal_status st = set(p, x, NULL);
		if (st)
			return st;
	}
	return SEAL_OK;
}

static enum seal_status read_argument(struct parse *p, const char *arg)
{
	words_add(&p->o->args, arg);
	if (p->command)
		return SEAL_OK;
	p->command = command_find(arg);
	return p->command ? SEAL_OK : command_unknown(arg, &p->o->story);
}

static enum seal_status read_one(struct parse *p)
{
	const char *arg = p->argv[p->i];

	if (p->plain || *arg != '-' || !arg[1])
		return read_argument(p, arg);
	if (arg[1] != '-')
		return read_letters(p, arg + 1);
	p->plain = !arg[2];
	return p->plain ? SEAL_OK : read_long(p, arg + 2);
}

static enum seal_status check_count(struct parse *p)
{
	const struct command *c = p->command;
	size_t n = p->o->args.n - 1;

	if (n >= c->min && n <= c->max)
		return SEAL_OK;
	if (n < c->min)
		fail(p->o, SEAL_ECONFIG, "'%s' needs more: dnseal %s %s", c->name, c->name,
		     c->args);
	else
		fail(p->o, SEAL_ECONFIG, "'%s' takes no argument '%s'", c->name,
		     clean(p->o->args.at[c->max + 1]));
	hint(p->o, "dnseal help %s", c->name);
	return SEAL_ECONFIG;
}

enum seal_status options_read(struct options *o, int argc, char **argv,
			      const struct command **ret_command)
{
	struct parse p = { .o = o, .argv = argv, .argc = argc };
	enum seal_status st = SEAL_OK;

	*o = (struct options){ .wait_s = 60 };
	for (p.i = 1; !st && p.i < argc; p.i++)
		st = read_one(&p);
	for (; st && p.i < argc; p.i++) { /* so that even this failure is told as asked */
		o->json = o->json || !strcmp(argv[p.i], "--json");
		o->nagios = o->nagios || !strcmp(argv[p.i], "--nagios");
	}
	*ret_command = p.command;
	if (!st && p.command && !o->help && !o->version)
		st = check_count(&p);
	return st;
}

void options_free(struct options *o)
{
	words_free(&o->set);
	words_free(&o->resolvers);
	words_free(&o->ignore);
	words_free(&o->args);
}
