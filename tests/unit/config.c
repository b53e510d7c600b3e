/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * What the configuration means, and what it says about mistakes. */
#include "config.h"

#include "app/configuration.h"
#include "engine/deploy.h"
#include "../tap.h"
#include "../temp.h"

#include <string.h>
#include <sys/stat.h>

static const char *dir;

static void put(const char *name, const char *text)
{
	scoped(free_p) char *path = str_printf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) || chmod(path, 0600))
		exit(99);
}

static struct configuration *read_config(const char *text)
{
	scoped(free_p) char *path = str_printf("%s/dnseal.conf", dir);
	enum seal_status st;

	put("dnseal.conf", text);
	return configuration_read(path, READ_ALL, &st);
}

/* All complaints, each on a line, without the folder; the caller's. */
static char *lines_of(struct complaints *c)
{
	struct buf b = { 0 };
	size_t len = strlen(dir) + 1;

	complaints_sort(c);
	for (size_t i = 0; i < c->n; i++) {
		scoped(free_p) char *line = complaint_line(&c->at[i]);
		const char *at = strstr(line, dir) == line ? line + len : line;
		buf_printf(&b, "%s%s", i ? "\n" : "", at);
	}
	return buf_take(&b);
}

static void show(const char *text)
{
	printf("# %s\n", text);
}

/* The sample of the manual, with everything that a file can say. */
static const char sample[] =
	"state-dir     /var/lib/dnseal\n"
	"log           stderr                     # stderr | journal | file:PATH\n"
	"metrics       /var/lib/prometheus/node-exporter/dnseal.prom\n"
	"key           ecdsa-p256                 # ecdsa-p384 rsa-2048 ; several: dual certificates\n"
	"renew         auto\n"
	"keep          3\n"
	"resolvers     system                     # or 127.0.0.1 [::1]:5353\n"
	"propagation {\n"
	"    check     authoritative              # authoritative | resolvers | wait\n"
	"    timeout   20m\n"
	"    delay     0s\n"
	"}\n"
	"include       conf.d/*.conf\n"
	"\n"
	"account letsencrypt {\n"
	"    ca        letsencrypt\n"
	"    test-ca   letsencrypt-staging\n"
	"    email     hostmaster@example.org\n"
	"    agreed\n"
	"    # trust FILE ; eab { kid ... hmac ... } ; preferred-chain ...\n"
	"}\n"
	"use-account   letsencrypt\n"
	"\n"
	"dns cloudflare {\n"
	"    api_token file:cloudflare.token\n"
	"    zones     example.org example.net\n"
	"}\n"
	"dns bind {\n"
	"    type      rfc2136\n"
	"    server    192.0.2.53\n"
	"    key_name  dnseal.\n"
	"    key_alg   hmac-sha256\n"
	"    key       file:bind.tsig\n"
	"}\n"
	"certificate mail {\n"
	"    names     mail.example.org *.example.org\n"
	"    key       ecdsa-p256 rsa-2048\n"
	"    challenge dns-01                     # dns-account-01 | dns-persist-01\n"
	"    override-domain  _acme-challenge.validation.example.net\n"
	"    deploy nginx\n"
	"    deploy copy {\n"
	"        fullchain  /srv/tls/mail.pem\n"
	"        key        /srv/tls/mail.key\n"
	"        owner root  group mail  mode 0640\n"
	"        write atomic                     # atomic | in-place\n"
	"        reload systemctl reload postfix\n"
	"        probe smtp://127.0.0.1:25\n"
	"    }\n"
	"    tlsa { hosts mx1.example.org  ports 25  policy two-keys }\n"
	"}\n"
	"expand imap. smtp. autoconfig. autodiscover. {\n"
	"    domains   file:domains.txt\n"
	"}\n"
	"hooks { pre \xe2\x80\xa6 post \xe2\x80\xa6 failed \xe2\x80\xa6  timeout 5m }\n"
	"notify mail { to \xe2\x80\xa6  on failure expiry 7d }\n"
	"notify webhook { url file:hook.url  on failure success }\n";

static void notify_blocks(void)
{
	struct configuration *c = read_config("notify mail { to a@example.org b@example.org }\n"
					      "notify mail {\n to c@example.org\n sendmail bin/msmtp\n"
					      " on success expiry 7d\n}\n"
					      "notify exec { exec /usr/bin/logger \"a b\" on on }\n"
					      "notify webhook { url http://127.0.0.1:8080/x format text }\n");
	scoped(free_p) char *errors = lines_of(&c->errors);
	scoped(free_p) char *name = str_printf("notify webhook (%s/dnseal.conf:8)", dir);
	scoped(free_p) char *program = str_printf("%s/bin/msmtp", dir);

	is(errors, "", "no errors");
	if (!ok(c->n_notify == 4, "four receivers"))
		exit(99);
	const struct notify_conf *const *n = (const struct notify_conf *const *)c->notify;
	ok(n[0]->how == NOTIFY_MAIL && n[0]->to.n == 2, "two addresses");
	is(n[0]->program.at[0], "/usr/sbin/sendmail", "the usual program");
	ok(n[0]->wanted == (1u << NEWS_EXPIRY | 1u << NEWS_OPERATOR | 1u << NEWS_FAILURE |
			    1u << NEWS_RECOVERED) && !n[0]->expiry_s, "the usual events");
	ok(n[1]->wanted == (1u << NEWS_SUCCESS | 1u << NEWS_EXPIRY) && n[1]->expiry_s == 7 * 86400,
	   "events in their place");
	is(n[1]->program.at[0], program, "a program relative to the file");
	ok(n[2]->how == NOTIFY_EXEC && n[2]->program.n == 4 && !strcmp(n[2]->program.at[1], "a b"),
	   "arguments as they are written, to the end of the line");
	ok(n[3]->how == NOTIFY_WEBHOOK && n[3]->format == NOTIFY_TEXT, "format");
	is(n[3]->name, name, "what it is called in sentences");
	configuration_free(c);
}

static void programs_have_their_arguments(void)
{
	struct configuration *c = read_config(
		"certificate a {\n names a.example\n"
		" deploy copy { owner root keyfull /srv/a.pem reload /bin/reload timeout mode }\n"
		" deploy copy {\n  keyfull /srv/b.pem\n  exec systemctl reload postfix\n }\n"
		" deploy exec { exec /bin/echo names deploy }\n}\n"
		"hooks {\n failed logger certificate failed\n deploy /bin/a deploy\n"
		" deploy /bin/b pre post\n timeout 2m\n}\n");
	scoped(free_p) char *errors = lines_of(&c->errors);
	const struct cert_conf *a = &c->certs[0]->conf;

	is(errors, "", "no errors");
	if (!ok(a->n_targets == 5, "three targets and two hooks: %zu", a->n_targets)) {
		configuration_free(c);
		return;
	}
	const struct target_conf *t = a->targets;
	is(t[1].name, "copy/2", "the second of a preset has a number");
	scoped(free_p) char *reload = words_join(&t[0].reload, " ");
	is(reload, "/bin/reload timeout mode", "a program takes the rest of its line");
	ok(t[1].exec.n == 3 && t[2].exec.n == 3, "also words of ours");
	scoped(free_p) char *hook = words_join(&t[4].exec, " ");
	is(hook, "/bin/b pre post", "and so do hooks");
	ok(t[3].timeout_s == 120 && a->hooks->commands[HOOK_FAILED].at[0].n == 3,
	   "with their time");
	configuration_free(c);
	c = read_config("hooks { pre /bin/a x post /bin/b timeout 1m }\n");
	ok(c->hooks && c->hooks->commands[HOOK_PRE].at[0].n == 2 &&
		   c->hooks->commands[HOOK_POST].n == 1 && c->hooks->timeout_s == 60,
	   "on one line they are divided");
	configuration_free(c);
	c = read_config("certificate a {\n names a.example\n"
			" deploy copy { keyfull /srv/a.pem group no-such-group-here }\n}\n");
	scoped(free_p) char *warnings = lines_of(&c->warnings);
	is(warnings, "dnseal.conf:3: 'group no-such-group-here': there is none on this system, so "
		     "this deployment will fail", "a group that is not there stops no other one");
	configuration_free(c);
}

static void the_sample_is_understood(void)
{
	put("hook.url", "https://ntfy.example/topic-0123456789\n");
	struct configuration *c = read_config(sample);
	scoped(free_p) char *errors = lines_of(&c->errors);
	scoped(free_p) char *warnings = lines_of(&c->warnings);

	is(errors, "", "no errors");
	is(warnings,
	   "dnseal.conf:49: 'tlsa' is understood, but this version does not carry it out yet\n"
	   "dnseal.conf:51: 'expand' is understood, but this version does not carry it out yet",
	   "one warning for each word of a later version");
	const struct cert_block *b = configuration_cert(c, "mail");
	ok(b && b->conf.names.n == 2 && words_has(&b->conf.names, "*.example.org"), "both names");
	is(b->conf.account->url, "https://acme-v02.api.letsencrypt.org/directory", "CA");
	is(b->conf.account->test_url, "https://acme-staging-v02.api.letsencrypt.org/directory",
	   "test CA");
	is(b->conf.account->email, "hostmaster@example.org", "email");
	ok(b->conf.account->agreed, "agreed");
	is(b->conf.override_domain, "_acme-challenge.validation.example.net", "override-domain");
	ok(b->conf.keep == 3 && b->conf.settle_timeout_s == 1200, "defaults reach the certificate");
	ok(c->n_dns == 2 && !strcmp(c->dns[1]->type, "rfc2136") && !strcmp(c->dns[0]->type, "cloudflare"),
	   "types of dns blocks");
	ok(b->conf.has_twin && b->conf.key == KEY_ECDSA_P256 && b->conf.twin == KEY_RSA_2048,
	   "a pair of key types");
	configuration_free(c);
}

#define LE "account le { ca letsencrypt }\n"
static const struct {
	const char *text, *errors;
} wrong[] = {
	{ "emial x", "dnseal.conf:1: unknown word 'emial' in the configuration; did you mean 'email'?" },
	{ "\n\nfoo bar", "dnseal.conf:3: unknown word 'foo' in the configuration" },
	{ "zones example.org", "dnseal.conf:1: 'zones' belongs in a dns block" },
	{ "names example.org", "dnseal.conf:1: 'names' belongs in a certificate block" },
	{ "kid x", "dnseal.conf:1: 'kid' belongs in an eab block" },
	{ "state-dir", "dnseal.conf:1: 'state-dir' needs a value" },
	{ "state-dir a b", "dnseal.conf:1: 'state-dir' takes one value, and here are 2" },
	{ "keep 3\nkeep 4", "dnseal.conf:2: 'keep' is already in line 1" },
	{ "keep none", "dnseal.conf:1: 'keep none': a number from 1 to 1000 is possible" },
	{ "keep 0", "dnseal.conf:1: 'keep 0': a number from 1 to 1000 is possible" },
	{ "keep 3 {\n}", "dnseal.conf:1: 'keep' has no block" },
	{ "key rsa-1024", "dnseal.conf:1: 'key rsa-1024': ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, "
			  "rsa-4096 are possible" },
	{ "key rsa-2048 rsa-2048", "dnseal.conf:1: 'key': rsa-2048 is there twice" },
	{ "renew tomorrow", "dnseal.conf:1: 'renew tomorrow': auto, a duration such as 21d, or a share of "
			    "the life such as 33% (1% to 90%)" },
	{ "renew 99%", "dnseal.conf:1: 'renew 99%': auto, a duration such as 21d, or a share of the life "
		       "such as 33% (1% to 90%)" },
	{ "renew 5m", "dnseal.conf:1: 'renew 5m': auto, a duration such as 21d, or a share of the life "
		      "such as 33% (1% to 90%)" },
	{ "resolvers ns.example", "dnseal.conf:1: 'resolvers ns.example': 'system' or an address such as "
				  "127.0.0.1, 127.0.0.1:5353 or [::1]:53" },
	{ "propagation { check maybe }",
	  "dnseal.conf:1: 'check maybe': authoritative, resolvers, wait are possible" },
	{ "propagation {\n timeout long\n}",
	  "dnseal.conf:2: 'timeout long': not a duration such as 90s, 20m, 12h or 21d" },
	{ "propagation", "dnseal.conf:1: 'propagation' needs a block, or one of authoritative, resolvers, "
			 "wait" },
	{ "challenge http-01", "dnseal.conf:1: 'challenge http-01': dns-01 and dns-account-01 are possible" },
	{ "log nowhere", "dnseal.conf:1: 'log nowhere': stderr, journal, file:/PATH are possible" },
	{ "override-domain x", "dnseal.conf:1: 'override-domain x': not the name of a TXT record" },
	{ "include absent.conf", "dnseal.conf:1: include DIR/absent.conf: no such file" },
	{ "account a { ca letsencrypt\n agreed maybe\n}",
	  "dnseal.conf:2: 'agreed maybe': yes or no is possible" },
	{ "account a { ca letsencyrpt }",
	  "dnseal.conf:1: CA 'letsencyrpt' is neither a short name nor a URL" },
	{ "account a { ca http://ca.example/dir }",
	  "dnseal.conf:1: CA 'http://ca.example/dir': not an https URL" },
	{ "account a { ca buypass }", "dnseal.conf:1: CA 'buypass' is closed: no new accounts since "
				      "2025-09-15, last certificate 2025-10-31" },
	{ "account a { ca letsencrypt\n trust none.pem\n}",
	  "dnseal.conf:2: 'trust': cannot read DIR/none.pem: No such file or directory" },
	{ "account a { ca letsencrypt\n trust dnseal.conf\n}",
	  "dnseal.conf:2: 'trust': DIR/dnseal.conf holds no CA certificates that can be read: No certificate "
	  "was found." },
	{ "account a { agreed }", "dnseal.conf:1: account 'a' needs a ca" },
	{ "account a { ca zerossl\n eab { kid k }\n}",
	  "dnseal.conf:1: account 'a': eab needs both kid and hmac" },
	{ "account a { ca zerossl\n eab {\n kid file:none\n hmac h }\n}",
	  "dnseal.conf:1: account 'a': eab needs both kid and hmac\n"
	  "dnseal.conf:3: 'kid': DIR/none: No such file or directory" },
	{ LE "account le { ca zerossl }", "dnseal.conf:2: account 'le' is already configured at DIR/dnseal.conf:1" },
	{ LE "account b { ca letsencrypt }",
	  "dnseal.conf:2: account 'b' is at the same CA as 'le' (line 1); this version keeps one account at "
	  "a CA" },
	{ LE "use-account lee", "dnseal.conf:2: use-account: no account 'lee' is configured" },
	{ "dns a { }\ndns a { }", "dnseal.conf:2: dns 'a' is already configured at DIR/dnseal.conf:1" },
	{ "certificate a { }", "dnseal.conf:1: certificate 'a' has no names" },
	{ "certificate A { names example.org }",
	  "dnseal.conf:1: certificate 'A': a title has 1 to 64 of a-z 0-9 . _ - and begins with a letter or "
	  "digit" },
	{ "certificate a { names example.org }\ncertificate a { names example.net }",
	  "dnseal.conf:2: certificate 'a' is already configured at DIR/dnseal.conf:1" },
	{ "certificate a { names example.org Example.ORG }",
	  "dnseal.conf:1: certificate 'a': 'example.org' is there twice" },
	{ "certificate a {\n names example.org\n api_token x\n}",
	  "dnseal.conf:3: 'api_token' belongs in a dns block" },
	{ "certificate a {\n names example.org\n chalenge dns-01\n}",
	  "dnseal.conf:3: unknown word 'chalenge' in certificate 'a'; did you mean 'challenge'?" },
	{ "certificate a {\n names example.org\n account b\n}",
	  "dnseal.conf:3: certificate 'a': no account 'b' is configured" },
	{ LE "certificate a {\n names example.org\n use-account le other\n}",
	  "dnseal.conf:4: certificate 'a': no account 'other' is configured" },
	{ LE "certificate a {\n names example.org\n account le\n use-account le\n}",
	  "dnseal.conf:5: 'use-account' says the same as 'account' in line 4" },
	{ "certificate a {\n names example.org\n account-key rsa-2048\n}",
	  "dnseal.conf:3: certificate 'a': account-key without a ca of its own says nothing" },
	{ LE "account z { ca zerossl }\ncertificate a {\n names example.org\n}",
	  "dnseal.conf:3: certificate 'a': which account?" },
	{ LE "certificate a {\n names example.org\n account le\n ca zerossl\n}",
	  "dnseal.conf:2: certificate 'a' has an account and account words of its own: one of both" },
	{ "certificate a {\n names example.org\n group no-such-group-here\n}",
	  "dnseal.conf:1: certificate 'a': no group 'no-such-group-here' on this system" },
	{ "certificate a {\n names example.org\n deploy ngnix\n}",
	  "dnseal.conf:3: 'deploy ngnix': nginx, apache, haproxy, postfix, dovecot, exim, prosody, ejabberd, "
	  "postgresql, mysql, mariadb, maddy, madmail, copy, exec are possible" },
	{ "certificate a {\n names example.org\n deploy copy {\n  mode rw\n  wirte atomic\n }\n}",
	  "dnseal.conf:4: 'mode rw': not a file mode such as 0640\n"
	  "dnseal.conf:5: unknown word 'wirte' in deploy; did you mean 'write'?" },
	{ "certificate a {\n names example.org\n", "dnseal.conf:1: the block of 'certificate' is never closed: "
						    "is the file cut off?" },
	{ "notify mail { on failure expiry soon }",
	  "dnseal.conf:1: 'on soon': failure, success, expiry DURATION, recovered, operator are possible" },
	{ "notify mail { from dnseal@example.org }", "dnseal.conf:1: notify mail needs 'to'" },
	{ "notify mail { to a@example.org,b@example.org }",
	  "dnseal.conf:1: 'to a@example.org,b@example.org': not a mail address" },
	{ "notify mail { to a@example.org from -oQ/tmp }",
	  "dnseal.conf:1: 'from -oQ/tmp': not a mail address" },
	{ "notify mail { to \"a@example.org\nBcc:b@example.org\" }",
	  "dnseal.conf:1: quotes are opened and not closed on this line" },
	{ "notify webhook { url http://user:pa55word@192.0.2.1/x }",
	  "dnseal.conf:1: 'url': not an https URL (http is possible to an address of this host)" },
	{ "notify webhook { to a@example.org }", "dnseal.conf:1: 'to' belongs in a notify mail block" },
	{ "notify sms { to 4711 }", "dnseal.conf:1: 'notify sms': mail, webhook, exec are possible" },
	{ "expand imap { domains x }", "dnseal.conf:1: expand: prefix 'imap' must end in a dot" },
	{ "tls { loader file x }", "dnseal.conf:1: tls: only Maddy's 'tls { loader acme { ... } }' is "
				   "understood here" },
	{ "tls.loader.acme local_tls { hostname $(hostname) }",
	  "dnseal.conf:1: '$(hostname)' is a variable of Maddy's file: write its value here" },
	{ "tls.loader.acme x { hostname a.example\n htname b.example }",
	  "dnseal.conf:2: unknown word 'htname' in tls.loader.acme; did you mean 'hostname'?" },
	{ "keep 0\nemail\nkey x\n",
	  "dnseal.conf:1: 'keep 0': a number from 1 to 1000 is possible\n"
	  "dnseal.conf:2: 'email' needs a value\n"
	  "dnseal.conf:3: 'key x': ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096 are possible" },
};

/* DIR for the test's folder wherever it stands. */
static char *without_dir(const char *text)
{
	struct buf b = { 0 };
	size_t len = strlen(dir);

	while (*text) {
		bool here = !strncmp(text, dir, len);
		buf_str(&b, here ? "DIR" : "");
		if (!here)
			buf_char(&b, *text);
		text += here ? len : 1;
	}
	return buf_take(&b);
}

static void every_mistake_has_its_sentence(void)
{
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct configuration *c = read_config(wrong[i].text);
		scoped(free_p) char *lines = lines_of(&c->errors);
		scoped(free_p) char *errors = without_dir(lines);
		char what[60];
		snprintf(what, sizeof(what), "%.50s", wrong[i].errors);
		*(strchr(what, '\n') ? strchr(what, '\n') : what + strlen(what)) = '\0';
		is(errors, wrong[i].errors, what);
		configuration_free(c);
	}
}

static void an_include_has_its_own_lines(void)
{
	scoped(free_p) char *sub = str_printf("%s/conf.d", dir);

	mkdir(sub, 0700);
	put("conf.d/b.conf", "certificate b { names b.example }\n");
	put("conf.d/a.conf", "\ncertificate a { names a.example\n kee 3 }\n");
	put("conf.d/c.conf~", "nonsense here\n");
	put("conf.d/.d.conf", "nonsense here\n");
	put("conf.d/e.conf.dpkg-old", "nonsense here\n");
	struct configuration *c = read_config("include conf.d/*\ninclude none.d/*.conf\nkeep 7\n");
	scoped(free_p) char *errors = lines_of(&c->errors);
	is(errors, "conf.d/a.conf:3: unknown word 'kee' in certificate 'a'; did you mean 'key'?",
	   "its file and line; left-overs of editors are skipped, a pattern without matches is fine");
	ok(c->n_certs == 2 && c->certs[1]->conf.keep == 7,
	   "defaults behind the include reach certificates in it");
	configuration_free(c);
	put("conf.d/a.conf", "certificate b { names a.example }\n");
	c = read_config("include conf.d/*.conf\n");
	scoped(free_p) char *twice = lines_of(&c->errors);
	scoped(free_p) char *shown = without_dir(twice);
	is(shown, "conf.d/b.conf:1: certificate 'b' is already configured at DIR/conf.d/a.conf:1",
	   "a title in two files");
	configuration_free(c);
	put("conf.d/a.conf", "include a.conf\n");
	put("conf.d/b.conf", "");
	c = read_config("include conf.d/a.conf\n");
	ok(c->errors.n == 1 && strstr(c->errors.at[0].text, "too deeply"), "a file that includes itself");
	configuration_free(c);
}

static void a_file_that_others_can_change_is_refused(void)
{
	scoped(free_p) char *path = str_printf("%s/dnseal.conf", dir);
	enum seal_status st;

	put("dnseal.conf", "keep 3\n");
	chmod(path, 0664);
	struct configuration *c = configuration_read(path, READ_ALL, &st);
	ok(st == SEAL_ECONFIG && strstr(c->errors.at[0].text, "mode 0664 lets others change it"), "%s",
	   c->errors.n ? c->errors.at[0].text : "accepted");
	configuration_free(c);
	c = configuration_read("/nonexistent/dnseal.conf", READ_ALL, &st);
	ok(st == SEAL_OK && !c->exists, "a missing file is an empty configuration");
	configuration_free(c);
	c = configuration_read("/dev/null", READ_ALL, &st);
	ok(st == SEAL_OK, "/dev/null too");
	configuration_free(c);
}

static void certificates_may_overrule_defaults(void)
{
	struct configuration *c = read_config(
		"key rsa-2048\nrenew 33%\nresolvers 127.0.0.1 [::1]:5353\npropagation wait\n"
		"propagation-delay 90s\nemail all@example.org\nagreed\n"
		"certificate a { names a.example }\n"
		"certificate b {\n names {\n  b.example\n  *.b.example\n }\n key EC384 renew 21d\n"
		" resolvers 192.0.2.1\n propagation { check resolvers timeout 5m }\n"
		" challenge dns-account-01 profile tlsserver\n ca zerossl eab { kid k hmac h } }\n");
	scoped(free_p) char *errors = lines_of(&c->errors);

	is(errors, "", "no errors");
	const struct cert_conf *a = &c->certs[0]->conf, *b = &c->certs[1]->conf;
	ok(a->key == KEY_RSA_2048 && b->key == KEY_ECDSA_P384, "key");
	ok(a->renew.kind == RENEW_FRACTION && a->renew.percent == 33 && b->renew.kind == RENEW_BEFORE &&
	   b->renew.before_s == 21 * 86400, "renew");
	ok(a->resolvers.n == 2 && b->resolvers.n == 1, "resolvers");
	is(a->resolvers.at[1], "[::1]:5353", "with a port");
	ok(a->settle_mode == SETTLE_WAIT && a->settle_delay_s == 90 &&
	   b->settle_mode == SETTLE_RESOLVERS && b->settle_timeout_s == 300, "propagation");
	ok(b->challenge == CHALLENGE_DNS_ACCOUNT_01, "challenge");
	is(b->profile, "tlsserver", "profile, several words on one line");
	ok(b->names.n == 2, "names as a block");
	is(a->account->ca, "letsencrypt", "without an account block: Let's Encrypt");
	is(b->account->url, "https://acme.zerossl.com/v2/DV90", "a CA of its own");
	is(b->account->eab_kid, "k", "with EAB");
	ok(a->account->agreed && b->account->agreed && !strcmp(b->account->email, "all@example.org"),
	   "agreed and email reach all");
	configuration_free(c);
}

static void words_of_accounts_do_not_meet(void)
{
	struct configuration *c = read_config(
		"account-key rsa-3072\n"
		"account a { ca letsencrypt prefer-profile fast usual preferred-chain long }\n"
		"account b { ca zerossl account-key ecdsa-p384 }\n"
		"certificate one {\n names one.example\n use-account b a\n}\n"
		"certificate two {\n names two.example\n ca https://ca.example/dir\n}\n"
		"certificate three {\n names three.example\n ca https://ca.example/dir\n"
		" account-key rsa-2048\n}\n");
	scoped(free_p) char *errors = lines_of(&c->errors);
	scoped(free_p) char *warnings = lines_of(&c->warnings);

	is(errors, "", "no errors");
	const struct words *preferred = &c->accounts[0]->prefer_profiles;
	ok(preferred->n == 2 && !strcmp(preferred->at[1], "usual"), "prefer-profile is a list");
	const struct words *chains = &c->accounts[0]->conf.preferred_chains;
	ok(chains->n == 1 && !strcmp(chains->at[0], "long"), "preferred-chain beside it");
	is(c->certs[0]->conf.account->name, "b", "the first of several accounts is used");
	ok(c->certs[0]->conf.n_others == 1 && !c->certs[1]->conf.n_others,
	   "the others are its fall-backs");
	is(c->certs[0]->conf.others[0]->name, "a", "in their order");
	is(warnings, "", "and there is nothing to warn of");
	ok(c->accounts[0]->conf.key == KEY_RSA_3072 && c->accounts[1]->conf.key == KEY_ECDSA_P384,
	   "account-key at the top is for accounts that say none");
	ok(c->certs[1]->conf.account->key == KEY_RSA_3072, "also for a certificate's own");
	ok(c->certs[2]->conf.account->key == KEY_RSA_2048, "which may say one");
	configuration_free(c);
}

static void blocks_of_maddy_are_understood(void)
{
	setenv("DNSEAL_TEST_HOST", "mx.example.org", 1);
	struct configuration *c = read_config(
		"tls {\n  loader acme {\n    hostname mx1.example.org\n    email hostmaster@example.org\n"
		"    agreed # yes\n    challenge dns-01\n    store_path /var/lib/maddy/acme\n"
		"    dns cloudflare {\n      api_token \"0123456789\"\n    }\n  }\n  protocols tls1.2 tls1.3\n}\n"
		"tls.loader.acme local_tls {\n  debug off\n  hostname {env:DNSEAL_TEST_HOST}\n"
		"  extra_names imap.example.org\n  ca https://acme-v02.api.letsencrypt.org/directory\n"
		"  test_ca https://acme-staging-v02.api.letsencrypt.org/directory\n  agreed\n"
		"  challenge dns-01\n  override_domain _acme-challenge.mail.example.org\n"
		"  dns rfc2136 { server 127.0.0.1 }\n}\n");
	scoped(free_p) char *errors = lines_of(&c->errors);
	scoped(free_p) char *warnings = lines_of(&c->warnings);

	is(errors, "", "no errors");
	is(warnings,
	   "dnseal.conf:7: 'store-path' is Maddy's own affair and ignored here\n"
	   "dnseal.conf:12: 'protocols' of tls is Maddy's own affair and ignored here\n"
	   "dnseal.conf:15: 'debug' is Maddy's own affair and ignored here", "what is not ours is said");
	ok(c->n_certs == 2, "two certificates");
	const struct cert_block *a = c->certs[0], *b = c->certs[1];
	is(a->conf.name, "mx1.example.org", "called as its host");
	is(b->conf.name, "local_tls", "or as it is called there");
	ok(b->conf.names.n == 2 && words_has(&b->conf.names, "mx.example.org"), "names, one from {env:}");
	is(b->conf.override_domain, "_acme-challenge.mail.example.org", "override_domain");
	ok(a->n_dns == 1 && !strcmp(a->dns[0]->type, "cloudflare") &&
	   !strcmp(a->dns[0]->name, "mx1.example.org/cloudflare"), "its dns block is its own");
	ok(a->conf.account->agreed && !strcmp(a->conf.account->email, "hostmaster@example.org"), "account");
	configuration_free(c);
}

static void no_secret_is_fetched_when_none_is_needed(void)
{
	scoped(free_p) char *path = str_printf("%s/dnseal.conf", dir);
	enum seal_status st;

	put("dnseal.conf", "account z { ca zerossl\n eab { kid file:none hmac cmd:false }\n trust none\n}\n");
	struct configuration *c = configuration_read(path, READ_SHAPE, &st);
	ok(st == SEAL_OK, "a command that needs no secrets does not look for them");
	configuration_free(c);
}

static void more_names_than_the_ca_takes_are_refused(void)
{
	struct buf b = { 0 };

	buf_str(&b, "certificate a { profile shortlived\n names");
	for (int i = 0; i < 26; i++)
		buf_printf(&b, " n%d.example.org", i);
	buf_str(&b, "\n}\n");
	struct configuration *c = read_config(buf_text(&b));
	scoped(free_p) char *errors = lines_of(&c->errors);
	is(errors, "dnseal.conf:1: certificate 'a' has 26 names, and letsencrypt takes 25",
	   "26 names with profile shortlived");
	configuration_free(c);
	buf_free(&b);
}

int main(void)
{
	dir = temp_make();
	show("the configuration of the manual");
	programs_have_their_arguments();
	the_sample_is_understood();
	notify_blocks();
	show("mistakes");
	every_mistake_has_its_sentence();
	an_include_has_its_own_lines();
	a_file_that_others_can_change_is_refused();
	show("meanings");
	certificates_may_overrule_defaults();
	words_of_accounts_do_not_meet();
	blocks_of_maddy_are_understood();
	no_secret_is_fetched_when_none_is_needed();
	more_names_than_the_ca_takes_are_refused();
	return done();
}
