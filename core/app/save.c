/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/save.h"

#include "base/log.h"
#include "base/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *path_of(const struct app *a, const struct subject *s)
{
	return str_printf("%s/conf.d/%s.conf", a->conf->dir, s->cert->conf.name);
}

enum seal_status save_possible(const struct app *a, const struct subject *s, struct story *story)
{
	scoped(free_p) char *path = path_of(a, s);

	if (s->configured)
		return story_fail(story, SEAL_ECONFIG,
				  "certificate '%s' is configured already at %s",
				  s->cert->conf.name, s->cert->conf.origin);
	if (file_exists(path))
		return story_fail(story, SEAL_ECONFIG, "%s exists, and files are never changed",
				  path);
	return SEAL_OK;
}

static void put(struct buf *b, const char *word, const char *value)
{
	if (!value)
		return;
	scoped(free_p) char *quoted = scfg_quote(value);
	buf_printf(b, "\t%-16s %s\n", word, quoted);
}

/* A path on the command line begins in the current folder, one in a file beside that file. */
static char *absolute(const char *path)
{
	scoped(free_p) char *here = *path == '/' ? NULL : getcwd(NULL, 0);

	return here ? str_printf("%s/%s", here, path) : str_copy(path);
}

static char *absolute_source(const char *value)
{
	if (!starts_with(value, "file:"))
		return str_copy(value);
	scoped(free_p) char *path = absolute(value + strlen("file:"));
	return str_printf("file:%s", path);
}

static void put_dns(struct buf *b, const struct dns_block *d)
{
	buf_printf(b, "\tdns %s {\n", d->type);
	for (size_t i = 0; i < d->set.n; i++) {
		size_t len = strcspn(d->set.at[i], "=");
		scoped(free_p) char *value = absolute_source(d->set.at[i] + len + 1);
		scoped(free_p) char *quoted = scfg_quote(value);
		buf_printf(b, "\t\t%.*s %s\n", (int)len, d->set.at[i], quoted);
	}
	buf_str(b, "\t}\n");
}

static void put_account(struct buf *b, const struct subject *s)
{
	const struct account_block *a = s->cert->account;

	if (a->file && !s->own_account) {
		put(b, "account", a->conf.name);
		return;
	}
	put(b, "ca", a->ca);
	put(b, "test-ca", a->test_ca);
	scoped(free_p) char *trust = a->conf.trust ? absolute(a->conf.trust) : NULL;
	put(b, "trust", trust);
	put(b, "email", a->conf.email);
	if (a->staging)
		buf_str(b, "\tstaging\n");
	if (a->conf.agreed)
		buf_str(b, "\tagreed\n");
}

void save_text(const struct subject *s, const struct options *o, struct buf *ret)
{
	char seconds[32];

	buf_printf(ret, "certificate %s {\n\tnames           ", s->cert->conf.name);
	for (size_t i = 0; i < s->cert->conf.names.n; i++)
		buf_printf(ret, " %s", s->cert->conf.names.at[i]);
	buf_char(ret, '\n');
	put(ret, "key", o->key ? key_type_name(s->cert->conf.key) : NULL);
	put(ret, "challenge", o->challenge);
	put(ret, "profile", o->profile);
	put(ret, "override-domain", o->override_domain);
	for (size_t i = 0; i < o->resolvers.n; i++)
		put(ret, "resolver", o->resolvers.at[i]);
	put(ret, "propagation", o->propagation);
	str_put(seconds, "%us", o->propagation_timeout_s);
	put(ret, "propagation-timeout", o->has_timeout ? seconds : NULL);
	str_put(seconds, "%us", o->propagation_delay_s);
	put(ret, "propagation-delay", o->has_delay ? seconds : NULL);
	put_account(ret, s);
	if (s->one && s->own_dns)
		put_dns(ret, s->one);
	buf_str(ret, "}\n");
}

/* A first main file, so that what is saved is found. */
static enum seal_status begin_main(const struct app *a, struct story *story)
{
	static const char text[] = "# see dnseal.conf(5)\ninclude conf.d/*.conf\n";

	if (a->conf->exists)
		return SEAL_OK;
	return file_create(a->conf->path, text, sizeof(text) - 1, 0644, (gid_t)-1, story);
}

/* Would the main file's includes find it?  Its other files are beside it then. */
static bool is_included(const struct app *a)
{
	scoped(free_p) char *folder = str_printf("%s/conf.d/", a->conf->dir);
	scoped(buf_free) struct buf text = { 0 };
	struct story ignored = { 0 };

	for (size_t i = 0; i < a->conf->directives.n; i++)
		if (starts_with(a->conf->directives.at[i]->file, folder))
			return true;
	return !file_read(a->conf->path, SCFG_FILE_MAX, &text, &ignored) &&
	       strstr(buf_text(&text), "conf.d/*.conf");
}

enum seal_status save_write(const struct app *a, const struct subject *s, char **ret_path,
			    struct story *story)
{
	scoped(free_p) char *folder = str_printf("%s/conf.d", a->conf->dir);
	scoped(free_p) char *path = path_of(a, s);
	scoped(buf_free) struct buf text = { 0 };
	scoped(owner_back) struct owner_self self = owner_self(); /* not the state's owner */

	save_text(s, &a->opt, &text);
	if (dir_make(folder, 0755, story) ||
	    file_create(path, text.data, text.len, 0644, (gid_t)-1, story) || begin_main(a, story))
		return story->st;
	if (!is_included(a))
		log_line(LOG_WARN, "%s does not include conf.d/*.conf: add that line to it",
			 a->conf->path);
	*ret_path = take(path);
	return SEAL_OK;
}
