/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * What a command is about: names and options in place of a configuration, or with one; names that
 * the shell made of an unquoted star; what --save writes. */
#include "config.h"

#include "app/globbed.h"
#include "app/save.h"
#include "../tap.h"
#include "../temp.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *dir;
static struct configuration *conf;
static struct complaints errors;
static struct subject subject;
static struct options opt;
static const struct command *command;

static const char root_pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBdjCCARugAwIBAgIUd5gldHOTMTBJ9TV1MeDcWn2RDoEwCgYIKoZIzj0EAwIw\n"
	"DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjEwOTMxNDNaGA8yMTI2MTAyODA5MzE0\n"
	"M1owDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMlG\n"
	"ISzighp0uLYk8X7Nsr2Z3fb2Dq+lRP6Ddyk9FB+6ZBpKbPVuRQiljNSoaEHey7fi\n"
	"GBUlRg3HAcZ5ftD0O0mjUzBRMB0GA1UdDgQWBBQC+c4n7RUmL69XrhM2zI5lpait\n"
	"szAfBgNVHSMEGDAWgBQC+c4n7RUmL69XrhM2zI5lpaitszAPBgNVHRMBAf8EBTAD\n"
	"AQH/MAoGCCqGSM49BAMCA0kAMEYCIQDFypL2FTy9HKE+uJRKQ26Q5bUQGZtg58zh\n"
	"9PMEqz1x0AIhAKCTPST5lHbd3COBb/8xFfNjnZM4p5hP0t2Gs71CfAPb\n"
	"-----END CERTIFICATE-----\n";

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) || chmod(name, 0600))
		exit(99);
}

static void forget(void)
{
	subject_free(&subject);
	complaints_free(&errors);
	options_free(&opt);
	configuration_free(conf);
	conf = NULL;
}

/* `issue` with these words, with this configuration.  The first complaint, or "". */
static const char *ask(const char *config, const char *line)
{
	static struct words argv;
	enum seal_status st;

	forget();
	words_free(&argv);
	words_add(&argv, "dnseal");
	words_add(&argv, "issue");
	words_split(&argv, line);
	put("dnseal.conf", config);
	conf = configuration_read("dnseal.conf", READ_ALL, &st);
	if (st)
		return conf->errors.at[0].text;
	if (options_read(&opt, (int)argv.n, argv.at, &command))
		return opt.story.text;
	struct words names = { .at = opt.args.at + 1, .n = opt.args.n - 1 };
	(void)!subject_read(conf, &opt, &names, &subject, &errors);
	return errors.n ? errors.at[0].text : "";
}

static void names_are_enough(void)
{
	is(ask("", "*.Example.ORG,example.org --dns cloudflare"), "", "names with a comma");
	const struct cert_conf *c = &subject.cert->conf;
	is(c->name, "example.org", "the title is the first name without its star");
	ok(c->names.n == 2 && words_has(&c->names, "*.example.org"), "names in normal form");
	is(c->account->url, "https://acme-v02.api.letsencrypt.org/directory", "at Let's Encrypt");
	ok(!c->account->agreed && c->key == KEY_ECDSA_P256 && !subject.configured, "nothing is assumed");
	is(ask("", "b\xc3\xbc""cher.example --dns x --name books"), "", "an IDN");
	is(subject.cert->conf.names.at[0], "xn--bcher-kva.example", "as A-label");
	is(subject.cert->conf.name, "books", "--name");
}

static void options_are_words(void)
{
	put("ca.pem", root_pem);
	is(ask("", "a.example --dns x --ca zerossl --email m@a.example --agree-tos --key rsa-3072 "
		   "--challenge dns-account-01 --profile p --override-domain _Acme.{domain} "
		   "--resolver 127.0.0.1:5353 --resolver 192.0.2.1 --propagation wait "
		   "--propagation-timeout 2m --propagation-delay 7s --trust ca.pem"), "", "all of them");
	const struct cert_conf *c = &subject.cert->conf;
	is(c->account->url, "https://acme.zerossl.com/v2/DV90", "ca");
	is(c->account->email, "m@a.example", "email");
	is(c->account->trust, "ca.pem", "trust");
	is(c->profile, "p", "profile");
	is(c->override_domain, "_acme.{domain}", "override-domain");
	ok(c->account->agreed && c->key == KEY_RSA_3072 && c->challenge == CHALLENGE_DNS_ACCOUNT_01,
	   "agree-tos, key, challenge");
	ok(c->resolvers.n == 2 && c->settle_mode == SETTLE_WAIT && c->settle_timeout_s == 120 &&
	   c->settle_delay_s == 7, "resolvers and propagation");
	is(ask("", "a.example --dns x --override-domain {domain}.b\xc3\xbc""cher.example"), "",
	   "an owner with letters outside of ASCII");
	is(subject.cert->conf.override_domain, "{domain}.xn--bcher-kva.example", "as A-label");
	is(ask("resolvers 192.0.2.9", "a.example --dns x --resolver 127.0.0.1"), "", "a resolver");
	ok(subject.cert->conf.resolvers.n == 1, "takes the place of those in the file");
	is(ask("", "a.example --dns x --staging"), "", "staging");
	is(subject.cert->conf.account->url, "https://acme-staging-v02.api.letsencrypt.org/directory",
	   "is the test CA");
	is(ask("", "a.example --dns x --ca https://ca.example/dir --test-ca https://test.example/dir"), "",
	   "CAs by URL");
	is(subject.cert->conf.account->test_url, "https://test.example/dir", "test-ca");
}

static void a_configured_certificate_may_be_overruled(void)
{
	static const char config[] = "account le { ca letsencrypt agreed }\n"
				     "dns one { type cloudflare }\ndns two { type cloudflare }\n"
				     "certificate mail { names a.example key rsa-2048 }\n";

	is(ask(config, "mail"), "", "by its title");
	ok(subject.configured && subject.n_dns == 2 && subject.cert->conf.key == KEY_RSA_2048,
	   "everything as configured");
	is(ask(config, "mail --key ecdsa-p384 --dns two --staging"), "", "with options");
	ok(subject.cert->conf.key == KEY_ECDSA_P384 && subject.n_dns == 1 &&
	   !strcmp(subject.dns[0]->name, "two"), "key and dns block");
	ok(strstr(subject.cert->conf.account->url, "staging") && subject.cert->conf.account->agreed,
	   "its account, at the test CA");
	is(ask(config, "b.example"), "", "other names use account and dns blocks of the file");
	ok(subject.n_dns == 2 && subject.cert->conf.account->agreed && !subject.own_account, "both");
	is(ask(config, "b.example --ca le"), "", "--ca may name an account");
	ok(!subject.own_account, "which is not made anew");
}

static void mistakes_are_named(void)
{
	static const struct {
		const char *config, *line, *text;
	} cases[] = {
		{ "", "a.example", "no DNS provider is configured for a.example" },
		{ "", "a.example --set api_token=x", "--set api_token: of which provider?" },
		{ "", "mail --dns x", "'mail' is neither a configured certificate nor a domain name" },
		{ "", "a.example --dns x --key dsa", "'key dsa': ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, "
						     "rsa-4096 are possible" },
		{ "", "a.example --dns x --ca nowhere", "CA 'nowhere' is neither a short name nor a URL" },
		{ "", "a.example --dns x --ca zerossl --staging",
		  "account 'zerossl': no test CA is known for 'zerossl'" },
		{ "", "a.example a.example --dns x", "certificate 'a.example': 'a.example' is there twice" },
		{ "", "a.example --dns x --name UPPER", "'UPPER' cannot be the name of a certificate: 1 to 64 of "
						      "a-z 0-9 . _ -" },
		{ "", "a.example --dns x --challenge dns-persist-01",
		  "certificate 'a.example': challenge dns-persist-01 is understood, but this version does not "
		  "carry it out yet" },
		{ "", "a.example --dns x --trust none.pem",
		  "--trust: cannot read none.pem: No such file or directory" },
		{ "", "a.example --dns x --trust dnseal.conf",
		  "--trust: dnseal.conf holds no CA certificates that can be read: No certificate was found." },
		{ "", "a.example --dns x --resolver ns.example", "'resolver ns.example': 'system' or an address "
								"such as 127.0.0.1, 127.0.0.1:5353 or [::1]:53" },
		{ "dns x { }\ncertificate a.example { names a.example }", "a.example b.example",
		  "certificate 'a.example' is configured at dnseal.conf:2" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		is(ask(cases[i].config, cases[i].line), cases[i].text, cases[i].line);
}

static void stars_that_the_shell_replaced_are_noticed(void)
{
	static const struct {
		const char *names, *pattern; /* NULL: fine */
	} cases[] = {
		{ "a.example.org b.example.org", "*.example.org" },
		{ "b.example.org a.example.org", "*.example.org" },
		{ "example.org a.example.org b.example.org", "*.example.org" },
		{ "a.example.org b.example.org other.net", "*.example.org" },
		{ "a.example.org", NULL },
		{ "a.example.org other.net b.example.org", NULL },
		{ "a.example.org b.example.org.", NULL },
		{ "c.example.net", "*.example.net" },
		{ "other.net", NULL },
		{ "*.example.org", NULL },
		{ "x.example.com", NULL },
	};

	put("a.example.org", "");
	put("b.example.org", "");
	put("c.example.net", "");
	put("other.net", "");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct words names = { 0 };
		words_split(&names, cases[i].names);
		scoped(free_p) char *pattern = globbed(&names);
		is(pattern, cases[i].pattern, cases[i].names);
		words_free(&names);
	}
	ok(strstr(ask("", "a.example.org b.example.org --dns x"), "did the shell replace it?"), "refused");
	is(ask("", "a.example.org b.example.org --dns x --yes"), "", "unless --yes");
}

static void what_is_saved_reads_back(void)
{
	struct buf text = { 0 };
	scoped(free_p) char *here = getcwd(NULL, 0);

	ask("", "example.org *.example.org --dns cloudflare --set api_token=file:token --agree-tos "
		"--email m@example.org --key rsa-2048 --resolver 127.0.0.1 --propagation-timeout 5m");
	save_text(&subject, &opt, &text);
	scoped(free_p) char *want = str_printf("api_token file:%s/token", here);
	ok(strstr(buf_text(&text), want) != NULL, "files are named by their whole path");
	is(ask(buf_text(&text), "example.org"), "", "what was saved is understood");
	const struct cert_conf *c = &subject.cert->conf;
	ok(subject.configured && c->names.n == 2 && c->key == KEY_RSA_2048 && c->resolvers.n == 1 &&
	   c->settle_timeout_s == 300 && c->account->agreed && subject.n_dns == 1 &&
	   !strcmp(subject.dns[0]->type, "cloudflare"), "and says the same");
	is(c->account->email, "m@example.org", "email");
	buf_free(&text);
}

int main(void)
{
	dir = temp_make();
	if (chdir(dir))
		return 99;
	names_are_enough();
	options_are_words();
	a_configured_certificate_may_be_overruled();
	mistakes_are_named();
	stars_that_the_shell_replaced_are_noticed();
	what_is_saved_reads_back();
	forget();
	return done();
}
