/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * commands.h - the table of commands. */
#ifndef APP_COMMANDS_H
#define APP_COMMANDS_H

#include "app/options.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_USAGE = 1,	   /* usage or configuration: nothing was tried */
	EXIT_SOME = 2,	   /* some certificates failed */
	EXIT_ALL = 3,	   /* all that were tried failed */
	EXIT_UNKNOWN = 3,  /* of check --nagios, which has 0 1 2 3 of its own */
	EXIT_DEPLOY = 4,   /* certificates fine, a deployment or its proof is pending */
	EXIT_LOCKED = 5,   /* another run holds the lock */
	EXIT_OPERATOR = 6, /* an operator must act */
	EXIT_STORAGE = 7,
	EXIT_LATER = 8, /* rate limited, or the CA is still working */
	EXIT_CHANGED = 10, /* --exit-changed: something was issued */
	EXIT_SIGINT = 130,
	EXIT_SIGTERM = 143,
};
int exit_of(enum seal_status);

struct app;
#define COMMAND_TABLES 3
#define MANY UINT32_MAX
struct command {
	const char *name, *alias;
	const char *args;  /* for people; NULL: takes none */
	uint32_t min, max; /* arguments behind the command's name */
	const struct option *options[COMMAND_TABLES];
	int (*run)(struct app *);
	const char *doc;  /* one line */
	const char *help; /* more, or NULL */
};
extern const struct command commands[];
extern const size_t n_commands;

const struct command *command_find(const char *name); /* or NULL */
/* Fails with what is known about a name that is no command: not in this version, or the nearest. */
enum seal_status command_unknown(const char *name, struct story *);
/* "accounts update" and its like. */
enum seal_status verb_unknown(const char *command, const char *verb, const char *const *known,
			      size_t n, struct story *);

int cmd_accounts(struct app *);
int cmd_cas(struct app *);
int cmd_check(struct app *);
int cmd_cleanup(struct app *);
int cmd_deploy(struct app *);
int cmd_config(struct app *);
int cmd_daemon(struct app *);
int cmd_dns(struct app *);
int cmd_help(struct app *);
int cmd_issue(struct app *);
int cmd_plan(struct app *);
int cmd_probe(struct app *);
int cmd_providers(struct app *);
int cmd_remove(struct app *);
int cmd_restore(struct app *);
int cmd_rollback(struct app *);
int cmd_revoke(struct app *);
int cmd_renew(struct app *);
int cmd_status(struct app *);
int cmd_version(struct app *);

#endif
