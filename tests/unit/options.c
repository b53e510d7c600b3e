/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * The command line. */
#include "config.h"

#include "app/commands.h"
#include "../tap.h"

#include <string.h>

static struct options o;
static const struct command *command;

/* A command line, split at blanks; strings live as long as the next one. */
static enum seal_status parse(const char *line)
{
	static struct words argv;

	options_free(&o);
	words_free(&argv);
	words_add(&argv, "dnseal");
	words_split(&argv, line);
	return options_read(&o, (int)argv.n, argv.at, &command);
}

static void options_stand_anywhere(void)
{
	static const char *const lines[] = {
		"--json --state-dir /s issue --key rsa-2048 a.example b.example",
		"issue a.example --json --key=rsa-2048 b.example --state-dir=/s",
		"issue --key rsa-2048 --json --state-dir /s -- a.example b.example",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		ok(!parse(lines[i]) && o.json && !strcmp(o.key, "rsa-2048") && !strcmp(o.state_dir, "/s") &&
		   o.args.n == 3 && !strcmp(o.args.at[2], "b.example") && !strcmp(command->name, "issue"),
		   "%s", lines[i]);
	}
}

static void letters_may_be_joined(void)
{
	ok(!parse("-vvq -cFILE status") && o.verbose == 2 && o.quiet && !strcmp(o.config, "FILE"), "-vvq");
	ok(!parse("-c FILE -nv status") && o.dry_run && !strcmp(o.config, "FILE"), "-c FILE");
	ok(!parse("status -h") && o.help, "-h");
	ok(!parse("-V") && o.version && !command, "-V without a command");
}

static void values_have_types(void)
{
	ok(!parse("--wait 2m status") && o.wait_s == 120, "a duration");
	ok(!parse("status") && o.wait_s == 60, "its default");
	ok(!parse("--color never status") && o.color == COLOR_NEVER, "a choice");
	ok(!parse("issue a.example --set a=b --set c=d --resolver 127.0.0.1") && o.set.n == 2 &&
	   !strcmp(o.set.at[1], "c=d") && o.resolvers.n == 1, "a list");
	ok(!parse("issue a.example --propagation-delay 0s") && o.has_delay && !o.has_timeout,
	   "a duration of nothing is one");
}

static void mistakes_are_named(void)
{
	static const struct {
		const char *line, *text, *hint;
	} cases[] = {
		{ "issue a --forse", "unknown option --forse", "did you mean --force?" },
		{ "issue a --forc", "unknown option --forc", "did you mean --force?" },
		{ "--qiet status", "unknown option --qiet", "did you mean --quiet?" },
		{ "issue a --frobnicate=x", "unknown option --frobnicate", "dnseal help issue" },
		{ "-x status", "unknown option -x", "dnseal help" },
		{ "status --force", "'status' has no option --force", "dnseal help status" },
		{ "--force issue a", "--force belongs behind the command", "dnseal help" },
		{ "issue a --key", "--key needs a value: TYPE", "" },
		{ "issue a --json=yes", "--json takes no value", "" },
		{ "issue a --key x --key y", "--key is given twice", "" },
		{ "status --wait soon", "--wait soon: not a duration such as 90s, 20m, 12h or 21d", "" },
		{ "status --color blue", "--color blue: auto, always or never is possible", "" },
		{ "issue", "'issue' needs more: dnseal issue NAME... | CERT", "dnseal help issue" },
		{ "status a b", "'status' takes no argument 'b'", "dnseal help status" },
		{ "isue a", "unknown command 'isue'", "did you mean 'issue'?" },
		{ "frobnicate", "unknown command 'frobnicate'", "dnseal help lists them" },
		{ "recipe", "'recipe' is not in this version", "dnseal help lists what is" },
		{ "test-ca", "'test-ca' is not in this version", "dnseal help lists what is" },
		{ "completion", "'completion' is not in this version", "dnseal help lists what is" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ok(parse(cases[i].line) == SEAL_ECONFIG, "refused: %s", cases[i].line);
		is(o.story.text, cases[i].text, "sentence");
		is(o.story.hint, cases[i].hint, "hint");
	}
}

static void a_failure_is_told_as_asked(void)
{
	ok(parse("--frobnicate status --json") && o.json, "--json counts behind a mistake too");
}

static void tables_are_sound(void)
{
	bool twice = false, documented = true;

	for (size_t i = 0; i < n_commands; i++) {
		const struct command *c = &commands[i];
		documented = documented && c->doc && c->run && (c->args || !c->max);
		for (size_t t = 0; t < COMMAND_TABLES; t++)
			for (const struct option *x = c->options[t]; x && x->name; x++) {
				for (const struct option *g = global_options; g->name; g++)
					twice = twice || !strcmp(g->name, x->name);
				documented = documented && x->doc && !x->value == (x->type <= OPT_COUNT);
			}
	}
	ok(!twice, "no command has an option that all have");
	ok(documented, "everything has its line of help");
	ok(command_find("list") == command_find("status"), "list is status");
}

static void classes_have_their_exit_status(void)
{
	static const struct {
		enum seal_status st;
		int code;
	} cases[] = { { SEAL_OK, 0 },	       { SEAL_ECONFIG, 1 },  { SEAL_EAGAIN, 3 },
		      { SEAL_EPROTO, 3 },      { SEAL_EINVAL, 3 },   { SEAL_ENOTFOUND, 3 },
		      { SEAL_EUNSUPPORTED, 3 }, { SEAL_ELOCKED, 5 },  { SEAL_EAUTH, 6 },
		      { SEAL_EOPERATOR, 6 },   { SEAL_ESTORAGE, 7 }, { SEAL_ELIMIT, 8 } };

	for (size_t i = 0; i < COUNT(cases); i++)
		ok(exit_of(cases[i].st) == cases[i].code, "%s: %d", status_name(cases[i].st),
		   cases[i].code);
}

int main(void)
{
	options_stand_anywhere();
	letters_may_be_joined();
	values_have_types();
	mistakes_are_named();
	a_failure_is_told_as_asked();
	tables_are_sound();
	classes_have_their_exit_status();
	return done();
}
