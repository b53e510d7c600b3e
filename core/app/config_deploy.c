/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_deploy.c - `deploy` blocks and `hooks`.  Read presets first. */
#include "config.h"

#include "app/configuration.h"
#include "app/source.h"
#include "engine/deploy.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_WORDS 8
struct preset {
	const char *name;
	/* When the block names no file: where they go, and whose they are.  {cert} is the title,
	 * {domain} the first name without "*.". */
	const char *key, *fullchain, *keyfull;
	const char *owner, *group;
	unsigned mode;
	/* When it has no `reload`: with systemd and without.  test: without systemd, whose units
	 * test by themselves. */
	const char *systemd[PROGRAM_WORDS], *plain[PROGRAM_WORDS], *test[PROGRAM_WORDS];
	const char *socket;
};
/* clang-format off: a table */
static const struct preset presets[] = {
	{ .name = "nginx", .systemd = { "systemctl", "reload", "nginx" },
	  .plain = { "nginx", "-s", "reload" }, .test = { "nginx", "-t", "-q" } },
	{ .name = "apache", .plain = { "apachectl", "graceful" },
	  .test = { "apachectl", "configtest" } },
	{ .name = "haproxy", .keyfull = "/etc/haproxy/certs/{cert}.pem", .group = "haproxy",
	  .systemd = { "systemctl", "reload", "haproxy" },
	  .plain = { "service", "haproxy", "reload" }, .socket = "/run/haproxy/admin.sock" },
	{ .name = "postfix", .plain = { "postfix", "reload" } },
	{ .name = "dovecot", .plain = { "doveadm", "reload" } },
	{ .name = "exim", .key = "/etc/exim4/exim.key", .fullchain = "/etc/exim4/exim.crt",
	  .group = "Debian-exim" }, /* looks at them by itself */
	{ .name = "prosody", .key = "/etc/prosody/certs/{domain}.key",
	  .fullchain = "/etc/prosody/certs/{domain}.crt", .group = "prosody",
	  .plain = { "prosodyctl", "reload" } },
	{ .name = "ejabberd", .keyfull = "/etc/ejabberd/{cert}.pem", .owner = "ejabberd",
	  .plain = { "ejabberdctl", "reload_config" } },
	{ .name = "postgresql", .key = "/etc/postgresql/tls/{cert}.key",
	  .fullchain = "/etc/postgresql/tls/{cert}.crt", .group = "postgres",
	  .systemd = { "systemctl", "reload", "postgresql" },
	  .plain = { "service", "postgresql", "reload" } },
	{ .name = "mysql", .key = "/etc/mysql/tls/{cert}.key",
	  .fullchain = "/etc/mysql/tls/{cert}.crt", .owner = "mysql",
	  .plain = { "mysql", "-e", "ALTER INSTANCE RELOAD TLS" } },
	{ .name = "mariadb", .key = "/etc/mysql/tls/{cert}.key",
	  .fullchain = "/etc/mysql/tls/{cert}.crt", .owner = "mysql",
	  .plain = { "mariadb", "-e", "FLUSH SSL" } },
	{ .name = "maddy", .key = "/etc/maddy/certs/{cert}/privkey.pem",
	  .fullchain = "/etc/maddy/certs/{cert}/fullchain.pem", .group = "maddy",
	  .systemd = { "systemctl", "kill", "--signal=USR2", "maddy" } },
	{ .name = "madmail", .key = "/etc/maddy/certs/{cert}/privkey.pem",
	  .fullchain = "/etc/maddy/certs/{cert}/fullchain.pem", .group = "maddy",
	  .systemd = { "systemctl", "kill", "--signal=USR2", "madmail" } },
	{ .name = "copy" },
	{ .name = "exec" },
};
/* clang-format on */

/* -- the block ------------------------------------------------------------------------------ */

static struct words words_from(struct reading *r, const struct scfg *d, size_t from)
{
	struct words w = { .at = arena_new(r->arena, d->n * sizeof(char *)) };

	for (size_t i = from; i < d->n; i++)
		w.at[w.n++] = d->words[i];
	return w;
}

/* Programs run in "/", so that a relative path means nothing. */
static bool is_program(struct reading *r, const struct scfg *d, const char *name)
{
	if (*name == '/' || !strchr(name, '/'))
		return true;
	complain(r->errors, d->file, d->line, "'%s %s': say the whole path of the program",
		 d->words[0], clean(name));
	return false;
}

static void read_program(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	(void)w;
	if (is_program(r, d, d->words[1]))
		*(struct words *)at = words_from(r, d, 1);
}

static void read_place(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const char *path = d->words[1];
	size_t n = strlen(path);

	(void)w;
	if (*path != '/' || path[n - 1] == '/')
		complain(r->errors, d->file, d->line, "'%s %s': say the whole path of a file",
			 d->words[0], clean(path));
	else
		*(const char **)at = path;
}

static void read_user(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	bool known = !strcmp(w->name, "owner") ? getpwnam(d->words[1]) != NULL
					       : getgrnam(d->words[1]) != NULL;

	*(const char **)at = d->words[1];
	if (!known) /* that a mail server was purged must not keep a web server's from renewal */
		complain(r->warnings, d->file, d->line,
			 "'%s %s': there is none on this system, so this deployment will fail",
			 w->name, clean(d->words[1]));
}

/* probe URL [NAME]: the name that is asked for. */
static void read_probe(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct target_conf *t = at;
	struct peer_address a = { 0 };

	(void)w;
	if (!peer_address_read(d->words[1], &a)) {
		complain(r->errors, d->file, d->line,
			 "'probe %s': HOST:PORT, or a URL such as smtp://127.0.0.1:25, "
			 "imaps://mail.example.org or https://www.example.org",
			 clean(d->words[1]));
		return;
	}
	struct probe_conf *all = arena_new(r->arena, (t->n_probe + 1) * sizeof(*all));
	if (t->n_probe)
		memcpy(all, t->probe, t->n_probe * sizeof(*all));
	all[t->n_probe++] = (struct probe_conf){ .said = d->words[1],
						 .how = a.how,
						 .host = arena_str(r->arena, a.at.host),
						 .port = a.at.port,
						 .sni = d->n > 2 ? d->words[2] : NULL };
	t->probe = all;
}

#define AT(member) offsetof(struct target_conf, member)
#define PLACE(name, form)                                                                          \
	{                                                                                          \
		name, read_place, AT(file[form]), 1, 1, WORD_RAW, NULL                             \
	}
#define PROGRAM(name)                                                                              \
	{                                                                                          \
		#name, read_program, AT(name), 1, WORDS_MANY, WORD_RAW | WORD_REST, NULL           \
	}
static const char *const write_modes[] = { [WRITE_ATOMIC] = "atomic",
					   [WRITE_IN_PLACE] = "in-place",
					   NULL };
static const struct word deploy_words[] = {
	PLACE("fullchain", FORM_FULLCHAIN),
	PLACE("key", FORM_KEY),
	PLACE("cert", FORM_CERT),
	PLACE("chain", FORM_CHAIN),
	PLACE("keyfull", FORM_KEYFULL),
	PLACE("fullkey", FORM_FULLKEY),
	PLACE("cert-der", FORM_CERT_DER),
	PLACE("key-der", FORM_KEY_DER),
	PLACE("pkcs12", FORM_PKCS12),
	{ "pkcs12-password", read_text, AT(pkcs12_source), 1, 1, WORD_RAW, NULL },
	{ "owner", read_user, AT(owner), 1, 1, WORD_RAW, NULL },
	{ "group", read_user, AT(group), 1, 1, WORD_RAW, NULL },
	{ "mode", read_octal, AT(mode), 1, 1, WORD_RAW, NULL },
	{ "write", read_choice, AT(write), 1, 1, WORD_RAW, write_modes },
	{ "socket", read_place, AT(socket), 1, 1, WORD_RAW, NULL },
	PROGRAM(exec),
	PROGRAM(test),
	PROGRAM(reload),
	{ "probe", read_probe, 0, 1, 2, WORD_RAW | WORD_AGAIN, NULL },
	{ "timeout", read_duration, AT(timeout_s), 1, 1, WORD_RAW, NULL },
};
const struct table deploy_table = TABLE(deploy_words, "in a deploy block");

/* -- what a preset adds --------------------------------------------------------------------- */

static bool has_files(const struct target_conf *t)
{
	for (size_t i = 0; i < DEPLOY_FORMS; i++)
		if (t->file[i])
			return true;
	return false;
}

/* The path with its one hole filled; NULL for NULL. */
static char *filled(struct arena *a, const char *path, const struct cert_block *b)
{
	static const char *const holes[] = { "{cert}", "{domain}" };
	const char *domain = b->conf.names.n ? b->conf.names.at[0] : b->conf.name;
	const char *const values[] = { b->conf.name, domain + 2 * !strncmp(domain, "*.", 2) };

	for (size_t i = 0; path && i < COUNT(holes); i++) {
		const char *at = strstr(path, holes[i]);
		if (at)
			return arena_printf(a, "%.*s%s%s", (int)(at - path), path, values[i],
					    at + strlen(holes[i]));
	}
	return arena_str(a, path);
}

static void place_files(struct arena *a, const struct preset *p, const struct cert_block *b,
			struct target_conf *t)
{
	t->file[FORM_KEY] = filled(a, p->key, b);
	t->file[FORM_FULLCHAIN] = filled(a, p->fullchain, b);
	t->file[FORM_KEYFULL] = filled(a, p->keyfull, b);
	t->makes_folders = has_files(t);
	if (!t->owner)
		t->owner = arena_str(a, p->owner);
	if (!t->group)
		t->group = arena_str(a, p->group);
	if (!t->mode)
		t->mode = p->mode;
}

static struct words words_of(struct arena *a, const char *const argv[PROGRAM_WORDS])
{
	struct words w = { .at = arena_new(a, PROGRAM_WORDS * sizeof(char *)) };

	while (w.n < PROGRAM_WORDS && argv[w.n]) {
		w.at[w.n] = arena_str(a, argv[w.n]);
		w.n++;
	}
	return w;
}

static void complete(struct arena *a, const struct preset *p, const struct cert_block *b,
		     struct target_conf *t)
{
	bool systemd = !access("/run/systemd/system", F_OK) && p->systemd[0];

	if (!has_files(t))
		place_files(a, p, b, t);
	if (!t->socket)
		t->socket = arena_str(a, p->socket);
	if (t->reload.n)
		return;
	t->reload = words_of(a, systemd ? p->systemd : p->plain);
	if (!t->test.n && !systemd)
		t->test = words_of(a, p->test);
}

/* -- what makes no sense -------------------------------------------------------------------- */

static void check(struct reading *r, const struct scfg *d, const struct target_conf *t)
{
	if (!strcmp(t->preset, "copy") && !has_files(t)) {
		complain(r->errors, d->file, d->line, "deploy copy: copy what, where to?");
		complain_hint(r->errors, "fullchain PATH and key PATH, or keyfull PATH");
	}
	if (!strcmp(t->preset, "exec") && !t->exec.n) {
		complain(r->errors, d->file, d->line, "deploy exec: which program?");
		complain_hint(r->errors, "deploy exec /path/program, or exec in its block");
	}
	if (t->pkcs12_source && !t->file[FORM_PKCS12])
		complain(r->errors, d->file, d->line,
			 "deploy %s: pkcs12-password without pkcs12", t->preset);
	if (t->mode & 07)
		complain(r->warnings, d->file, d->line,
			 "deploy %s: mode %04o shows the key to everybody on this system",
			 t->preset, t->mode);
}

/* That one cannot be read is this target's failure, and no other certificate's. */
void targets_fetch(struct configuration *c, struct cert_block *b)
{
	for (size_t i = 0; i < b->conf.n_targets; i++) {
		struct target_conf *t = &b->conf.targets[i];
		scoped(wipe_p) char *password = NULL;
		struct story story = { 0 };
		if (!t->pkcs12_source || t->pkcs12_password)
			continue;
		if (source_read(t->pkcs12_source, c->dir, SOURCE_SECRET, &password, &story)) {
			story_prefix(&story, "'pkcs12-password': ");
			complain_story(&c->warnings, b->file, b->line, &story);
			t->trouble = arena_str(&c->arena, story.text);
			continue;
		}
		t->pkcs12_password = arena_str(&c->arena, password);
		log_secret(t->pkcs12_password);
	}
}

/* -- reading -------------------------------------------------------------------------------- */

/* "copy", and "copy/2" for the second of a certificate. */
static char *unique_name(struct arena *a, const struct cert_conf *c, const char *name)
{
	unsigned n = 1;

	for (size_t i = 0; i < c->n_targets; i++)
		n += !strcmp(c->targets[i].preset, name);
	return n == 1 ? arena_str(a, name) : arena_printf(a, "%s/%u", name, n);
}

static struct target_conf *target_add(struct arena *a, struct cert_conf *c, const char *preset)
{
	struct target_conf *all = arena_new(a, (c->n_targets + 1) * sizeof(*all));
	struct target_conf *t = &all[c->n_targets];

	if (c->n_targets)
		memcpy(all, c->targets, c->n_targets * sizeof(*all));
	t->preset = arena_str(a, preset);
	t->name = unique_name(a, c, preset);
	c->targets = all;
	c->n_targets++;
	return t;
}

static const struct preset *preset_find(struct reading *r, const struct scfg *d)
{
	const char *names[COUNT(presets) + 1] = { NULL };
	const struct word choice = { .name = "deploy", .more = names };
	int found = -1;

	for (size_t i = 0; i < COUNT(presets); i++)
		names[i] = presets[i].name;
	read_choice(r, d, &choice, &found);
	return found < 0 ? NULL : &presets[found];
}

/* at: the certificate's block; in an expand block, which is only checked, something else. */
void read_deploy(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct cert_block scratch = { .conf.name = (char *)(uintptr_t) "a" };
	struct cert_block *b = w->more ? &scratch : at;
	const struct preset *p = preset_find(r, d);
	size_t before = r->errors->n;

	if (!p)
		return;
	struct target_conf *t = target_add(r->arena, &b->conf, p->name);
	t->origin = arena_printf(r->arena, "%s:%u", d->file, d->line);
	words_read(r, "deploy", d->block, &deploy_table, all_tables, t);
	if (d->n > 2 && strcmp(p->name, "exec") != 0)
		complain(r->errors, d->file, d->line, "'deploy %s' takes a block, not '%s'",
			 p->name, clean(d->words[2]));
	else if (d->n > 2 && is_program(r, d, d->words[2]))
		t->exec = words_from(r, d, 2);
	if (r->errors->n == before)
		check(r, d, t);
}

void targets_finish(struct configuration *c, struct cert_block *b)
{
	const struct hooks_conf *h = c->hooks;

	for (size_t i = 0; i < b->conf.n_targets; i++)
		for (size_t j = 0; j < COUNT(presets); j++)
			if (!strcmp(b->conf.targets[i].preset, presets[j].name))
				complete(&c->arena, &presets[j], b, &b->conf.targets[i]);
	for (size_t i = 0; h && h != b->conf.hooks && i < h->commands[HOOK_DEPLOY].n; i++) {
		struct target_conf *t = target_add(&c->arena, &b->conf, "hook");
		t->origin = arena_str(&c->arena, "hooks");
		t->exec = h->commands[HOOK_DEPLOY].at[i];
		t->timeout_s = h->timeout_s;
	}
	b->conf.hooks = h;
	if (c->depth == READ_ALL)
		targets_fetch(c, b);
}

/* -- hooks ---------------------------------------------------------------------------------- */

static void read_hook(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct hooks_conf *h = at;
	enum hook_event e = HOOK_PRE;

	if (!is_program(r, d, d->words[1]))
		return;
	while (strcmp(hook_event_name(e), w->name) != 0)
		e++;
	size_t n = h->commands[e].n++;
	struct words *all = arena_new(r->arena, (n + 1) * sizeof(*all));
	if (n)
		memcpy(all, h->commands[e].at, n * sizeof(*all));
	all[n] = words_from(r, d, 1);
	h->commands[e].at = all;
}

#define HOOK(name, flags)                                                                          \
	{                                                                                          \
		name, read_hook, 0, 1, WORDS_MANY, WORD_RAW | WORD_AGAIN | (flags), NULL           \
	}
#define HOOKS(flags)                                                                               \
	HOOK("pre", flags), HOOK("post", flags), HOOK("failed", flags), HOOK("deploy", flags),     \
		HOOK("recovered", flags),                                                          \
	{                                                                                          \
		"timeout", read_duration, offsetof(struct hooks_conf, timeout_s), 1, 1, WORD_RAW,  \
			NULL                                                                       \
	}
/* On one line with the brace words of ours begin new sentences; on a line of its own a program has
 * all arguments, also one that is called "failed". */
static const struct word hooks_words[] = { HOOKS(0) }, hooks_lines[] = { HOOKS(WORD_REST) };
static const struct table lines_table = TABLE(hooks_lines, "in a hooks block");
const struct table hooks_table = TABLE(hooks_words, "in a hooks block");

void read_hooks(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct hooks_conf *h = arena_new(r->arena, sizeof(*h));
	bool shared = d->block && d->block->line == d->line;

	(void)w;
	words_read(r, "hooks", d->block, shared ? &hooks_table : &lines_table, all_tables, h);
	*(const struct hooks_conf **)at = h;
}
