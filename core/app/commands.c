/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/commands.h"

#include <string.h>

#define AT(member) offsetof(struct options, member)

static const struct option issue_options[] = {
	{ "force", 0, OPT_FLAG, AT(force), 0, NULL, NULL, "order even when nothing is due" },
	{ "save", 0, OPT_FLAG, AT(save), 0, NULL, NULL,
	  "write conf.d/CERT.conf for the next time" },
	{ "exit-changed", 0, OPT_FLAG, AT(exit_changed), 0, NULL, NULL,
	  "status 10 when something was issued" },
	{ 0 },
};
static const struct option renew_options[] = {
	{ "force", 0, OPT_FLAG, AT(force), 0, NULL, NULL, "order even when nothing is due" },
	{ "exit-changed", 0, OPT_FLAG, AT(exit_changed), 0, NULL, NULL,
	  "status 10 when something was issued" },
	{ "no-deploy", 0, OPT_FLAG, AT(no_deploy), 0, NULL, NULL,
	  "leave deployments to dnseal deploy, which a unit with more rights runs" },
	{ "splay", 0, OPT_DURATION, AT(splay_s), 0, "D", NULL,
	  "first wait a random part of this; for cron" },
	{ 0 },
};
static const struct option daemon_options[] = {
	{ "interval", 0, OPT_DURATION, AT(interval_s), 0, "D", NULL,
	  "look at least this often [6h]" },
	{ "no-deploy", 0, OPT_FLAG, AT(no_deploy), 0, NULL, NULL,
	  "leave deployments to dnseal deploy, which a unit with more rights runs" },
	{ 0 },
};
static const struct option check_options[] = {
	{ "expiry", 0, OPT_DURATION, AT(expiry_s), 0, "D", NULL,
	  "only: does every certificate last at least this long?" },
	{ "nagios", 0, OPT_FLAG, AT(nagios), 0, NULL, NULL,
	  "only expiry; one line with performance data, status 0 1 2 3" },
	{ "live", 0, OPT_FLAG, AT(live), 0, NULL, NULL,
	  "also put a TXT record at each challenge name, look for it, remove it" },
	{ "notify", 0, OPT_FLAG, AT(notify), 0, NULL, NULL,
	  "also send a message to everybody whom notify blocks name" },
	{ "ignore-check", 0, OPT_LIST, AT(ignore), 0, "X", NULL,
	  "leave out storage, ca, clock, credentials or dns; repeatable" },
	{ 0 },
};
static const struct option cleanup_options[] = {
	{ "list", 0, OPT_FLAG, AT(list), 0, NULL, NULL, "show what is open, change nothing" },
	{ "dns", 0, OPT_TEXT, AT(dns), 0, "TYPE", NULL,
	  "DNS provider of a certificate without configuration" },
	{ "set", 0, OPT_LIST, AT(set), 0, "KEY=VALUE", NULL,
	  "option of that provider; secrets as file:, env:, cred: or cmd:" },
	{ 0 },
};
static const struct option dns_options[] = {
	{ "ttl", 0, OPT_DURATION, AT(ttl_s), 0, "N", NULL,
	  "of new records [the provider's default]" },
	{ "set", 0, OPT_LIST, AT(set), 0, "KEY=VALUE", NULL,
	  "without a dns block: option of the provider DNS; secrets as file:, env:, cred: or "
	  "cmd:" },
	{ 0 },
};
static const struct option account_options[] = {
	{ "ca", 0, OPT_TEXT, AT(ca), 0, "CA|URL", NULL, "short name (see cas) or directory" },
	{ "trust", 0, OPT_TEXT, AT(trust), 0, "FILE", NULL, "CA bundle to trust for that CA" },
	{ "staging", 0, OPT_FLAG, AT(staging), 0, NULL, NULL, "use the test CA" },
	{ "email", 0, OPT_TEXT, AT(email), 0, "ADDRESS", NULL, "contact" },
	{ "agree-tos", 0, OPT_FLAG, AT(agree_tos), 0, NULL, NULL, "I accept the CA's terms" },
	{ "jwk", 0, OPT_FLAG, AT(jwk), 0, NULL, NULL, "export as a JSON Web Key" },
	{ 0 },
};
static const struct option deploy_options[] = {
	{ "all", 0, OPT_FLAG, AT(all), 0, NULL, NULL, "also targets that are done, again" },
	{ 0 },
};
static const struct option rollback_options[] = {
	{ "force", 0, OPT_FLAG, AT(force), 0, NULL, NULL, "even when that certificate is over" },
	{ 0 },
};
static const struct option remove_options[] = {
	{ "revoke", 0, OPT_FLAG, AT(revoke), 0, NULL, NULL,
	  "tell the CA first (cessationOfOperation)" },
	{ 0 },
};
static const struct option probe_options[] = {
	{ "starttls", 0, OPT_TEXT, AT(starttls), 0, "P", NULL,
	  "smtp, lmtp, imap, pop3, sieve, ftp, nntp, postgres, mysql, ldap, xmpp" },
	{ "ip", 0, OPT_TEXT, AT(ip), 0, "A", NULL, "connect to this address in place of HOST's" },
	{ 0 },
};
static const struct option revoke_options[] = {
	{ "reason", 0, OPT_TEXT, AT(reason), 0, "R", NULL,
	  "unspecified (default), keyCompromise, superseded, cessationOfOperation ..." },
	{ "by", 0, OPT_TEXT, AT(by), 0, "HOW", NULL, "sign as account (default), or with its key" },
	{ "ca", 0, OPT_TEXT, AT(ca), 0, "CA|URL", NULL, "who issued it, for a FILE" },
	{ "trust", 0, OPT_TEXT, AT(trust), 0, "FILE", NULL, "CA bundle to trust for that CA" },
	{ "staging", 0, OPT_FLAG, AT(staging), 0, NULL, NULL, "use the test CA" },
	{ 0 },
};
static const struct option version_options[] = {
	{ "build", 0, OPT_FLAG, AT(build), 0, NULL, NULL, "libraries, plugins and paths" },
	{ 0 },
};

/* clang-format off: a table */
const struct command commands[] = {
	{ "issue", NULL, "NAME... | CERT", 1, MANY, { issue_options, subject_options },
	  cmd_issue,
	  "get a certificate for these names, or a configured one",
	  "When the live certificate has these names and this type of key and is not due, it says\n"
	  "so and ends with status 0.  NAME may be *.example.org (quote it), and an IDN." },
	{ "renew", NULL, "[CERT...]", 0, MANY, { renew_options }, cmd_renew,
	  "everything that is due, or these certificates",
	  "All configured certificates at once; a timer or cron job runs it.  After a failure it\n"
	  "waits before it tries a certificate again, unless that one is named.  -n rehearses at\n"
	  "the test CA and keeps nothing." },
	{ "status", "list", "[CERT]", 0, 1, { NULL }, cmd_status,
	  "certificates, when they end, when they are due", NULL },
	{ "plan", NULL, "[CERT... | NAME...]", 0, MANY, { subject_options }, cmd_plan,
	  "what would happen and why; writes nothing", NULL },
	{ "check", NULL, "[CERT... | NAME...]", 0, MANY, { check_options, subject_options },
	  cmd_check,
	  "configuration, permissions, credentials, zones, CA, clock", NULL },
	{ "deploy", NULL, "[CERT...]", 0, MANY, { deploy_options }, cmd_deploy,
	  "run the targets that wait or failed, and verify",
	  "Status 4: a target failed; it is tried again at every run until it works." },
	{ "rollback", NULL, "CERT [GEN]", 1, 2, { rollback_options }, cmd_rollback,
	  "make an older generation live again, and deploy it",
	  "Without GEN the newest one below the live one." },
	{ "remove", NULL, "CERT", 1, 1, { remove_options }, cmd_remove,
	  "put a certificate away; nothing is deleted", NULL },
	{ "restore", NULL, "CERT", 1, 1, { NULL }, cmd_restore,
	  "bring back what remove put away, and deploy it", NULL },
	{ "probe", NULL, "HOST[:PORT]", 1, 1, { probe_options }, cmd_probe,
	  "what a port serves, compared with ours",
	  "HOST may also be smtp://HOST, imaps://HOST and the like.  Status 4: it has a name of\n"
	  "ours, but serves another certificate than the live one, or less; 3: nothing to see." },
	{ "revoke", NULL, "CERT | FILE", 1, 1, { revoke_options }, cmd_revoke,
	  "tell the CA that a certificate must not be trusted any more",
	  "With reason keyCompromise its key is retired, and a new certificate with a new key is\n"
	  "ordered at once." },
	{ "providers", NULL, "[NAME]", 0, 1, { NULL }, cmd_providers,
	  "DNS providers; options, rights and an example of one", NULL },
	{ "dns", NULL, "zones|get|add|set|remove|check DNS ...", 1, MANY, { dns_options }, cmd_dns,
	  "a provider's records by hand",
	  "  dns zones DNS                                  zones that the credentials see\n"
	  "  dns get DNS ZONE [NAME [TYPE]]                 records, as NAME TTL TYPE DATA\n"
	  "  dns add DNS ZONE NAME TYPE DATA...             add records\n"
	  "  dns set DNS ZONE NAME TYPE DATA...             exactly these records, no others\n"
	  "  dns remove DNS ZONE NAME TYPE DATA...          remove records\n"
	  "  dns check DNS                                  are the credentials good?\n"
	  "DNS is the name of a dns block, or with --set a provider.  NAME is relative to ZONE,\n"
	  "@ its apex.  DATA is in zone-file form, TXT plain text, one argument a record." },
	{ "accounts", NULL, "[VERB] [ACCOUNT]", 0, 3, { account_options }, cmd_accounts,
	  "accounts at certificate authorities",
	  "  accounts [list]                  all\n"
	  "  accounts show ACCOUNT            one in detail\n"
	  "  accounts add [ACCOUNT]           make one, or find it\n"
	  "  accounts update [ACCOUNT]        tell the CA the configured email, or --email\n"
	  "  accounts rollover [ACCOUNT]      a new key, of the type that account-key says\n"
	  "  accounts deactivate [ACCOUNT]    for ever; wants --yes where nobody can be asked\n"
	  "  accounts export [ACCOUNT]        its private key on stdout: PEM, --jwk, or --json\n"
	  "  accounts import ACCOUNT FILE     a key of another client, PEM or JWK (certbot's)\n"
	  "ACCOUNT is an account block, a CA's short name, or --ca says it." },
	{ "cleanup", NULL, NULL, 0, 0, { cleanup_options }, cmd_cleanup,
	  "remove what interrupted runs left in DNS", NULL },
	{ "cas", NULL, "[NAME]", 0, 1, { NULL }, cmd_cas,
	  "certificate authorities with a short name", NULL },
	{ "config", NULL, "show", 1, 1, { NULL }, cmd_config,
	  "the configuration as read, each line with its origin", NULL },
	{ "daemon", NULL, NULL, 0, 0, { daemon_options }, cmd_daemon,
	  "stay, and renew what is due when it is due",
	  "Sleeps until the next certificate wants to be looked at.  SIGHUP: read the\n"
	  "configuration again and look now.  A file STATE/trigger/CERT: look at that one now.\n"
	  "SIGTERM: finish the call at hand, clean up DNS, end with status 0.  Tells systemd when\n"
	  "it is ready, what it does, and that it lives." },
	{ "version", NULL, NULL, 0, 0, { version_options }, cmd_version,
	  "version of the program", NULL },
	{ "help", NULL, "[COMMAND]", 0, 1, { NULL }, cmd_help, "this, or about a command", NULL },
};
/* clang-format on */
const size_t n_commands = COUNT(commands);

/* Commands of later versions. */
/* clang-format off */
static const char *const later[] = {
	"delegate", "tlsa",
	"persist", "caa", "recipe", "export", "import", "test-ca", "completion",
	"config schema", "config fmt", "config convert",
};
/* clang-format on */

static bool is_later(const char *name)
{
	for (size_t i = 0; i < COUNT(later); i++)
		if (!strcmp(later[i], name))
			return true;
	return false;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < n_commands; i++)
		if (!strcmp(commands[i].name, name) ||
		    (commands[i].alias && !strcmp(commands[i].alias, name)))
			return &commands[i];
	return NULL;
}

static enum seal_status no_such(const char *what, const char *name, const char *const *known,
				size_t n, struct story *story)
{
	const char *near = word_nearest(name, known, n);

	if (is_later(what)) {
		story_fail(story, SEAL_ECONFIG, "'%s' is not in this version", what);
		story_hint(story, "dnseal help lists what is");
		return SEAL_ECONFIG;
	}
	story_fail(story, SEAL_ECONFIG, "unknown command '%s'", clean(what));
	if (near)
		story_hint(story, "did you mean '%s'?", near);
	else
		story_hint(story, "dnseal help lists them");
	return SEAL_ECONFIG;
}

enum seal_status command_unknown(const char *name, struct story *story)
{
	const char *known[COUNT(commands)];

	for (size_t i = 0; i < n_commands; i++)
		known[i] = commands[i].name;
	return no_such(name, name, known, n_commands, story);
}

enum seal_status verb_unknown(const char *command, const char *verb, const char *const *known,
			      size_t n, struct story *story)
{
	scoped(free_p) char *both = str_printf("%s %s", command, verb);

	return no_such(both, verb, known, n, story);
}

int exit_of(enum seal_status st)
{
	switch (st) {
	case SEAL_OK:
		return EXIT_DONE;
	case SEAL_ECONFIG:
		return EXIT_USAGE;
	case SEAL_EAUTH:
	case SEAL_EOPERATOR:
		return EXIT_OPERATOR;
	case SEAL_ESTORAGE:
		return EXIT_STORAGE;
	case SEAL_ELOCKED:
		return EXIT_LOCKED;
	case SEAL_ELIMIT:
		return EXIT_LATER;
	case SEAL_EAGAIN:
	case SEAL_ENOTFOUND:
	case SEAL_EINVAL:
	case SEAL_EPROTO:
	case SEAL_ECANCELED:
	case SEAL_EUNSUPPORTED:
		break;
	}
	return EXIT_ALL;
}
