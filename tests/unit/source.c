/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * Where values come from. */
#include "config.h"

#include "app/source.h"
#include "../tap.h"
#include "../temp.h"

#include "base/buf.h"
#include "base/clock.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *dir;
static struct story story;

static void put(const char *name, const char *text, mode_t mode)
{
	scoped(free_p) char *path = str_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) || chmod(path, mode))
		exit(99);
}

/* The value, or what went wrong; the caller's. */
static char *get(const char *text, enum source_use use)
{
	char *value = NULL;

	story_clear(&story);
	if (source_read(text, dir, use, &value, &story))
		return str_printf("! %s", story.text);
	return value;
}

static void gives(const char *text, enum source_use use, const char *want)
{
	scoped(free_p) char *got = get(text, use);

	is(got, want, text);
}

static void fails(const char *text, enum source_use use, const char *part)
{
	scoped(free_p) char *got = get(text, use);

	ok(*got == '!' && strstr(got, part), "%s: %s", text, got);
}

static void every_source_gives_its_value(void)
{
	put("token", "s3cret\n", 0600);
	put("two", "a\n\n", 0600);
	put("crlf", "x\r\n", 0600);
	put("cred", "from systemd\n", 0440);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	setenv("DNSEAL_TEST_VALUE", "from env", 1);
	gives("plain", SOURCE_OPEN, "plain");
	gives("", SOURCE_OPEN, "");
	gives("literal:file:x", SOURCE_OPEN, "file:x");
	gives("file:token", SOURCE_SECRET, "s3cret");
	gives("file:two", SOURCE_OPEN, "a\n");
	gives("file:crlf", SOURCE_OPEN, "x");
	gives("cred:cred", SOURCE_SECRET, "from systemd");
	put("dnseal_of-a-folder", "from LoadCredential=dnseal:FOLDER\n", 0440);
	gives("cred:of-a-folder", SOURCE_SECRET, "from LoadCredential=dnseal:FOLDER");
	gives("env:DNSEAL_TEST_VALUE", SOURCE_SECRET, "from env");
	gives("{env:DNSEAL_TEST_VALUE}", SOURCE_SECRET, "from env");
	gives("%{file:token}%", SOURCE_SECRET, "s3cret");
	gives("%{env:DNSEAL_TEST_VALUE}%", SOURCE_SECRET, "from env");
	gives("cmd:echo hello  world", SOURCE_SECRET, "hello world");
	gives("http://x", SOURCE_OPEN, "http://x");
	gives("{x}", SOURCE_OPEN, "{x}");
}

static void an_absolute_path_needs_no_folder(void)
{
	scoped(free_p) char *text = str_printf("file:%s/token", dir);

	gives(text, SOURCE_SECRET, "s3cret");
}

static void a_secret_that_others_can_read_is_refused(void)
{
	static const struct {
		mode_t mode;
		bool fine;
	} modes[] = { { 0600, true }, { 0400, true }, { 0700, true }, { 0640, false }, { 0604, false },
		      { 0644, false }, { 0620, false }, { 0602, false }, { 0666, false } };

	for (size_t i = 0; i < COUNT(modes); i++) {
		put("mode", "v\n", modes[i].mode);
		scoped(free_p) char *secret = get("file:mode", SOURCE_SECRET);
		ok((*secret != '!') == modes[i].fine, "%04o: %s", (unsigned)modes[i].mode, secret);
		scoped(free_p) char *open = get("file:mode", SOURCE_OPEN);
		is(open, "v", "what is no secret may be read by all");
	}
	scoped(free_p) char *again = get("file:mode", SOURCE_SECRET);
	ok(strstr(story.hint, "chmod 600 ") != NULL, "the hint says how: %s", story.hint);
}

static void what_gives_nothing_says_so(void)
{
	scoped(buf_free) struct buf big = { 0 };

	put("empty", "", 0600);
	put("newline", "\n", 0600);
	for (unsigned i = 0; i <= SOURCE_MAX; i++)
		buf_char(&big, 'x');
	put("big", buf_text(&big), 0600);
	unsetenv("DNSEAL_TEST_NONE");
	fails("file:absent", SOURCE_OPEN, "No such file");
	fails("file:.", SOURCE_OPEN, "not a plain file");
	fails("file:empty", SOURCE_OPEN, "empty");
	fails("file:newline", SOURCE_OPEN, "empty");
	fails("file:big", SOURCE_OPEN, "more than 65536 octets");
	fails("env:DNSEAL_TEST_NONE", SOURCE_OPEN, "is not set");
	fails("cred:../token", SOURCE_OPEN, "not the name of a credential");
	fails("cred:absent", SOURCE_OPEN, "No such file");
	fails("cmd:", SOURCE_OPEN, "no program is named");
	fails("cmd:/nonexistent/program", SOURCE_OPEN, "No such file");
	fails("cmd:false", SOURCE_OPEN, "ended with status 1");
	fails("cmd:true", SOURCE_OPEN, "empty");
	unsetenv("CREDENTIALS_DIRECTORY");
	fails("cred:cred", SOURCE_OPEN, "$CREDENTIALS_DIRECTORY is not set");
}

static void by_hand_credentials_are_where_the_unit_has_them(void)
{
	scoped(free_p) char *secrets = str_printf("%s/secrets", dir);

	unsetenv("CREDENTIALS_DIRECTORY");
	ok(!mkdir(secrets, 0700), "a folder for secrets beside the configuration");
	put("secrets/one", "by hand\n", 0600);
	gives("cred:one", SOURCE_SECRET, "by hand");
	put("secrets/open", "everybody's\n", 0644);
	fails("cred:open", SOURCE_SECRET, "lets others read it");
	fails("cred:two", SOURCE_SECRET, "there is no ");
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	fails("cred:one", SOURCE_SECRET, "No such file");
}

static void a_program_sees_no_secret_environment(void)
{
	scoped(free_p) char *seen = get("cmd:env", SOURCE_SECRET);

	ok(!strstr(seen, "DNSEAL_TEST_VALUE") && strstr(seen, "PATH="), "its environment is: %s",
	   strchr(seen, '\n') ? "three variables" : seen);
	gives("cmd:echo $HOME;true", SOURCE_OPEN, "$HOME;true");
}

static void only_files_and_their_like_are_not_literal(void)
{
	ok(source_is_literal("x") && source_is_literal("literal:x"), "text is");
	ok(!source_is_literal("file:x") && !source_is_literal("cred:x") && !source_is_literal("env:x") &&
	   !source_is_literal("cmd:x") && !source_is_literal("{env:x}") &&
	   !source_is_literal("%{file:/x}%"), "what is fetched is not");
}

int main(void)
{
	dir = temp_make();
	every_source_gives_its_value();
	by_hand_credentials_are_where_the_unit_has_them();
	an_absolute_path_needs_no_folder();
	a_secret_that_others_can_read_is_refused();
	what_gives_nothing_says_so();
	a_program_sees_no_secret_environment();
	only_files_and_their_like_are_not_literal();
	return done();
}
