/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "../../providers/aws_ini.h"
#include "../../providers/route53_text.h"

#include "base/scope.h"
#include "provider/host.h"
#include "tests/tap.h"

static struct arena arena;

static void *test_alloc(struct seal_op *o, size_t len)
{
	(void)o;
	return arena_new(&arena, len);
}

static char *test_vprintf(struct seal_op *o, const char *fmt, va_list ap)
{
	(void)o;
	return arena_vprintf(&arena, fmt, ap);
}

static char *test_file(struct seal_op *o, const char *path)
{
	(void)o;
	(void)path;
	errno = EACCES;
	return NULL;
}

static const struct seal_host host = {
	.alloc = test_alloc, .vprintf = test_vprintf, .file = test_file
};
static struct seal_op op = { .host = &host };

/* -- names */

static const struct {
	const char *core, *service;
} names[] = {
	{ "example.org", "example.org" },
	{ "*.example.org", "*.example.org" },
	{ "_acme-challenge.a-b.example.org", "_acme-challenge.a-b.example.org" },
	{ "a\\032b.example.org", "a\\040b.example.org" },
	{ "a\\046b.example.org", "a\\056b.example.org" }, /* a dot within a label */
	{ "a\\255.example.org", "a\\377.example.org" },
};

static void names_are_octal_there_and_decimal_here(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		is(write_name(&op, names[i].core), names[i].service, "written");
		is(read_name(&op, names[i].service), names[i].core, "read");
	}
}

static void a_name_read_is_as_the_core_has_it(void)
{
	is(read_name(&op, "\\052.Example.ORG."), "*.example.org", "wildcard, case, final dot");
	is(read_name(&op, "."), ".", "the root");
	is(read_name(&op, "a\\8\\400"), "a\\0928\\092400", "a backslash that escapes nothing");
	is(write_name(&op, "a\\999/"), "a\\134999\\057", "and nothing but plain octets goes out");
}

/* -- TXT */

static const struct {
	const char *text, *spelling;
} texts[] = {
	{ "", "\"\"" },
	{ "v=1; k", "\"v=1; k\"" },
	{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
	{ "\xc3\xa4\t\x7f", "\"\\303\\244\\011\\177\"" },
	{ "\\052", "\"\\\\052\"" },
};

static void text_survives_the_way_there_and_back(void)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		is(write_txt(&op, texts[i].text), texts[i].spelling, "written");
		is(read_txt(&op, texts[i].spelling), texts[i].text, "read");
	}
}

/* Escapes count as the octet they stand for. */
static void long_text_goes_into_strings_of_255_octets(void)
{
	for (size_t n = 250; n <= 1030; n += 5) {
		char text[1100] = { 0 };
		memset(text, n % 2 ? '"' : 'a', n);
		const char *spelling = write_txt(&op, text);
		size_t strings = 1;
		for (const char *s = spelling; (s = strstr(s, "\" \"")); s++)
			strings += s[-1] != '\\' || s[-2] == '\\';
		ok(!strcmp(read_txt(&op, spelling), text) && strings == (n + 254) / 255,
		   "%zu octets in %zu strings", n, strings);
	}
}

static void what_is_no_text_is_none(void)
{
	static const char *const bad[] = { "v", "\"v", "\"v\" w", "\"v\\", "\"v\\\"", "\"a\\000b\"",
					   "\"" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!read_txt(&op, bad[i]), "%s", bad[i]);
}

static void strings_come_apart(void)
{
	is(with_blanks(&op, "\"a\"\"b\"\"\""), "\"a\" \"b\" \"\"", "three without blanks");
	is(with_blanks(&op, "\"a\" \"b\""), "\"a\" \"b\"", "two with");
	is(with_blanks(&op, "\"a\\\"\"\"b\\\\\"\"c\""), "\"a\\\"\" \"b\\\\\" \"c\"",
	   "escaped quotes and backslashes before the end");
	is(with_blanks(&op, "\"\"\"\""), "\"\" \"\"", "empty ones");
	is(with_blanks(&op, "\"a\\"), "\"a\\", "one that does not end");
}

/* -- profiles */

static const char config[] = "role_arn = outside\n"
			     "# comment\n"
			     "[default]\n"
			     "Region=eu-west-1\r\n"
			     "[profile dns] ; mine\n"
			     "  aws_access_key_id = indented\n"
			     "aws_access_key_id\t= AKIA1 \n"
			     "s3 =\n"
			     "  region = nested\n"
			     "; region = commented\n"
			     "empty =\n"
			     "no sign\n"
			     "[other]\n"
			     "region = of-no-profile\n"
			     "[profile \"two words\"]\n"
			     "region = r2\n"
			     "[profile dns]\n"
			     "aws_access_key_id = AKIA2\n"
			     "external_id = a=b";

static void profiles_are_read_as_aws_reads_them(void)
{
	struct aws_ini f = { .path = "config", .text = config, .prefix = "profile" };

	is(aws_ini_get(&op, &f, "default", "region"), "eu-west-1", "any case, CR LF");
	is(aws_ini_get(&op, &f, "dns", "aws_access_key_id"), "AKIA2", "the last one counts");
	is(aws_ini_get(&op, &f, "dns", "external_id"), "a=b", "in a second part, without a line end");
	is(aws_ini_get(&op, &f, "two words", "region"), "r2", "a name in quotes");
	ok(!aws_ini_get(&op, &f, "dns", "region"), "neither nested nor commented");
	ok(!aws_ini_get(&op, &f, "dns", "empty"), "empty is not set");
	ok(!aws_ini_get(&op, &f, "dns", "no sign"), "what has no value is no setting");
	ok(!aws_ini_get(&op, &f, "default", "role_arn"), "what is in no section is nobody's");
	ok(aws_ini_has(&f, "dns") && aws_ini_has(&f, "default"), "profiles that are there");
	ok(!aws_ini_has(&f, "other"), "a section without the word is no profile");
}

static void the_credentials_file_has_names_alone(void)
{
	struct aws_ini f = { .path = "credentials", .text = "[dns]\nx=1\n[profile dns]\nx=2\n[]\n[" };

	is(aws_ini_get(&op, &f, "dns", "x"), "1", "by its name");
	ok(!aws_ini_has(&f, "d") && !aws_ini_has(&f, "dnss"), "all of it");
}

static void a_file_that_cannot_be_read_says_why(void)
{
	struct aws_ini f = { .path = "credentials" };

	aws_ini_read(&op, &f);
	is(f.why, strerror(EACCES), "why");
	ok(!aws_ini_has(&f, "default") && !aws_ini_get(&op, &f, "default", "x"), "holds nothing");
}

int main(void)
{
	names_are_octal_there_and_decimal_here();
	a_name_read_is_as_the_core_has_it();
	text_survives_the_way_there_and_back();
	long_text_goes_into_strings_of_255_octets();
	what_is_no_text_is_none();
	strings_come_apart();
	profiles_are_read_as_aws_reads_them();
	the_credentials_file_has_names_alone();
	a_file_that_cannot_be_read_says_why();
	arena_free(&arena);
	return done();
}
