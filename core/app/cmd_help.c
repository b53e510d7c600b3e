/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/app.h"

#include <stdio.h>
#include <string.h>

static void put_option(const struct option *o)
{
	char left[48];

	snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : "",
		 o->letter ? o->letter : ' ', o->letter ? ", " : "   ", o->name,
		 o->value ? " " : "", o->value ? o->value : "");
	printf("  %-30s %s\n", left, o->doc);
}

static void put_options(const char *title, const struct option *table)
{
	if (!table)
		return;
	printf("\n%s\n", title);
	for (; table->name; table++)
		put_option(table);
}

static void about_command(const struct command *c)
{
	printf("usage: dnseal %s [OPTIONS]%s%s\n%s%s%s\n", c->name, c->args ? " " : "",
	       c->args ? c->args : "", c->doc, c->alias ? "; also called " : "",
	       c->alias ? c->alias : "");
	if (c->help)
		printf("\n%s\n", c->help);
	for (size_t i = 0; i < COMMAND_TABLES; i++)
		put_options(c->options[i] == subject_options
				    ? "without a configuration, or for this run only:"
				    : "options:",
			    c->options[i]);
	printf("\nOptions of all commands: dnseal help\n");
}

static void overview(void)
{
	printf("usage: dnseal [OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]\n"
	       "Certificates by ACME, proved in DNS.\n\ncommands:\n");
	for (size_t i = 0; i < n_commands; i++)
		printf("  %-12s %s\n", commands[i].name, commands[i].doc);
	put_options("options of all commands:", global_options);
	printf("\nExit status: 0 done, 1 usage or configuration, 2 some failed, 3 all failed,\n"
	       "4 a deployment is pending, 5 locked, 6 an operator must act, 7 storage,\n"
	       "8 not now.  More: dnseal(1), dnseal.conf(5)\n");
}

/* Without a command: twelve lines. */
static void hello(void)
{
	printf("dnseal - certificates by ACME, proved in DNS\n\n"
	       "  dnseal issue --dns cloudflare --set api_token=file:token --agree-tos \\\n"
	       "      example.org '*.example.org'       a certificate, without configuration\n"
	       "  dnseal issue mail                     the one that dnseal.conf calls mail\n"
	       "  dnseal plan mail                      what would happen, and why\n"
	       "  dnseal status                         what there is, and until when\n"
	       "  dnseal check                          is everything in order?\n"
	       "  dnseal providers [NAME]               DNS providers and their options\n\n"
	       "All commands and options: dnseal help.  About one: dnseal help COMMAND.\n"
	       "Manual: dnseal(1), dnseal.conf(5).\n");
}

int cmd_help(struct app *a)
{
	struct story story = { 0 };

	if (!a->command && !a->opt.help) {
		hello();
		return EXIT_USAGE;
	}
	bool by_name = a->command && !strcmp(a->command->name, "help");
	const char *name = by_name && a->opt.args.n > 1 ? a->opt.args.at[1] : NULL;
	const struct command *c = name ? command_find(name) : by_name ? NULL : a->command;
	if (name && !c) {
		command_unknown(name, &story);
		return app_fail(a, NULL, &story);
	}
	if (c)
		about_command(c);
	else
		overview();
	return EXIT_DONE;
}
