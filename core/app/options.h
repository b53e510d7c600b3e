/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * options.h - the command line: tables of options, one for all commands and more for each, and the
 * one reader.  --opt value, --opt=value, -oVALUE, -vv; options anywhere; no abbreviations; "--"
 * ends them. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include "base/status.h"
#include "base/text.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options { /* all options of all commands; a command's tables say which of them it takes */
	struct story story;

	/* global */
	const char *config, *state_dir, *plugin_dir;
	unsigned verbose;
	bool quiet, json, dry_run, no_input, yes, help, version;
	unsigned color; /* enum color */
	uint32_t wait_s;

	/* what a certificate is made of */
	const char *name, *dns, *ca, *test_ca, *trust, *email, *key, *override_domain, *challenge;
	const char *profile, *propagation;
	uint32_t propagation_timeout_s, propagation_delay_s;
	bool has_timeout, has_delay;
	struct words set, resolvers;
	bool staging, agree_tos;

	/* of single commands */
	bool jwk;
	bool force, save, exit_changed, nagios, live, notify, list, all, revoke, build;
	const char *starttls, *ip, *reason, *by;
	uint32_t interval_s, splay_s; /* daemon, renew */
	bool no_deploy;
	uint32_t expiry_s, ttl_s;
	struct words ignore;

	struct words args; /* the command first */
};

enum option_type { OPT_FLAG, OPT_COUNT, OPT_TEXT, OPT_LIST, OPT_DURATION, OPT_CHOICE };
struct option {
	const char *name;
	char letter; /* or 0 */
	enum option_type
		type;  /* member: bool, unsigned, const char *, struct words, uint32_t, unsigned */
	size_t offset; /* in struct options */
	size_t has;    /* offset of a bool that says it was given; 0: none */
	const char *value; /* its name in the help; NULL: takes none */
	const char *const *choices;
	const char *doc;
};
extern const struct option global_options[];  /* end with .name NULL, as all tables do */
extern const struct option subject_options[]; /* a certificate without configuration */

struct command; /* app/commands.h */
/* Reads argv; strings are borrowed from it.  *ret_command: the command, or NULL when none is named.
 * SEAL_ECONFIG: the sentence and hint are in o->story; o->json and the like are set as far as they
 * were read, so that the failure can be shown as asked. */
enum seal_status options_read(struct options *, int argc, char **argv,
			      const struct command **ret_command) MUST_CHECK;
void options_free(struct options *);

#endif
