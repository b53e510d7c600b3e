/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/login.h"

#include "base/log.h"
#include "dns/name.h"
#include "net/http.h"
#include "provider/cache.h"
#include "provider/environ.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 16384 /* a PEM key fits */

/* -- words that every block takes */

static enum seal_status set_type(struct login *l, const char *value, struct story *s)
{
	const char *name = l->plugin->p->name;

	if (strcmp(value, name))
		return story_fail(s, SEAL_ECONFIG, "type is '%s', but this is %s", clean(value),
				  name);
	return SEAL_OK;
}

static enum seal_status set_zones(struct login *l, const char *value, struct story *s)
{
	struct words zones = { 0 };
	enum seal_status st = SEAL_OK;

	words_split(&zones, value);
	for (size_t i = 0; !st && i < zones.n; i++) {
		char zone[NAME_MAX_LEN];
		st = name_ascii(zones.at[i], zone, s);
		if (!st && !words_has(&l->zones, zone))
			words_add(&l->zones, zone);
	}
	if (st) {
		story_prefix(s, "zones: ");
		s->st = st = SEAL_ECONFIG;
	}
	words_free(&zones);
	return st;
}

static enum seal_status set_endpoint(struct login *l, const char *value, struct story *s)
{
	size_t n = strlen(value);

	if (!l->plugin->p->endpoint)
		return story_fail(s, SEAL_ECONFIG, "endpoint: %s has none", l->plugin->p->name);
	if (!http_url_ok(value))
		return story_fail(s, SEAL_ECONFIG, "endpoint: '%s' is no https URL", clean(value));
	while (n && value[n - 1] == '/')
		n--;
	free(l->endpoint);
	l->endpoint = str_part(value, n);
	return SEAL_OK;
}

static enum seal_status set_trust(struct login *l, const char *value, struct story *s)
{
	if (!*value)
		return story_fail(s, SEAL_ECONFIG, "trust: names no file");
	free(l->trust);
	l->trust = str_copy(value);
	return SEAL_OK;
}

static const struct {
	const char *name;
	enum seal_status (*set)(struct login *, const char *value, struct story *);
} common[] = {
	{ "type", set_type },
	{ "zones", set_zones },
	{ "endpoint", set_endpoint },
	{ "trust", set_trust },
};

/* -- the plugin's own options */

static const struct seal_option *option_find(const struct plugin *p, const char *word)
{
	for (const struct seal_option *o = p->p->options; o && o->name; o++)
		if (word_same(o->name, word))
			return o;
	return NULL;
}

/* conf's memory at this option's member. */
static void *member(struct login *l, const struct seal_option *o)
{
	return (char *)l->conf + o->offset;
}

static enum seal_status set_string(struct login *l, const struct seal_option *o, const char *value,
				   struct story *s)
{
	size_t n = strlen(value);

	if (!n)
		return story_fail(s, SEAL_ECONFIG, "%s: is empty", o->name);
	if (n > VALUE_MAX)
		return story_fail(s, SEAL_ECONFIG, "%s: is longer than %d octets", o->name,
				  VALUE_MAX);
	for (const char *at = value; *at; at++)
		if ((unsigned char)*at < ' ' && !strchr("\t\r\n", *at))
			return story_fail(s, SEAL_ECONFIG, "%s: has control characters in it",
					  o->name);
	words_add(&l->values, value);
	*(const char **)member(l, o) = l->values.at[l->values.n - 1];
	if (o->flags & SEAL_SECRET)
		log_secret(value);
	return SEAL_OK;
}

static enum seal_status set_bool(struct login *l, const struct seal_option *o, const char *value,
				 struct story *s)
{
	if (!parse_bool(*value ? value : "yes", member(l, o)))
		return story_fail(s, SEAL_ECONFIG, "%s: '%s' is neither yes nor no", o->name,
				  clean(value));
	return SEAL_OK;
}

static enum seal_status set_uint(struct login *l, const struct seal_option *o, const char *value,
				 struct story *s)
{
	uint64_t v;

	if (!parse_uint(value, UINT32_MAX, &v))
		return story_fail(s, SEAL_ECONFIG, "%s: '%s' is no number", o->name, clean(value));
	*(uint32_t *)member(l, o) = (uint32_t)v;
	return SEAL_OK;
}

static enum seal_status set_seconds(struct login *l, const struct seal_option *o, const char *value,
				    struct story *s)
{
	if (!parse_duration(value, member(l, o)))
		return story_fail(s, SEAL_ECONFIG, "%s: '%s' is no duration such as 90s or 20m",
				  o->name, clean(value));
	return SEAL_OK;
}

static const struct {
	size_t size; /* of the member */
	enum seal_status (*set)(struct login *, const struct seal_option *, const char *,
				struct story *);
} kinds[] = {
	[SEAL_STRING] = { sizeof(const char *), set_string },
	[SEAL_BOOL] = { sizeof(bool), set_bool },
	[SEAL_UINT] = { sizeof(uint32_t), set_uint },
	[SEAL_SECONDS] = { sizeof(uint32_t), set_seconds },
};

static enum seal_status set_option(struct login *l, const struct seal_option *o, const char *value,
				   struct story *s)
{
	if ((size_t)o->type >= COUNT(kinds) ||
	    o->offset + kinds[o->type].size > l->plugin->p->conf_size)
		return story_fail(s, SEAL_ECONFIG, "%s: the plugin's option table is broken",
				  o->name);
	enum seal_status st = kinds[o->type].set(l, o, value, s);
	if (!st && !words_has(&l->given, o->name))
		words_add(&l->given, o->name);
	return st;
}

/* -- as declared in the header */

size_t login_words(const struct plugin *p, const char **ret, size_t max)
{
	size_t n = 0;

	for (const struct seal_option *o = p->p->options; o && o->name; o++, n++)
		if (n < max)
			ret[n] = o->name;
	for (size_t i = 0; i < COUNT(common); i++, n++)
		if (n < max)
			ret[n] = common[i].name;
	return n;
}

bool login_is_secret(const struct plugin *p, const char *word)
{
	const struct seal_option *o = option_find(p, word);

	return o && (o->flags & SEAL_SECRET);
}

struct login *login_new(const char *name, const struct plugin *p, const char *origin)
{
	struct login *l = mem_new(sizeof(*l));

	l->name = str_copy(name);
	l->plugin = p;
	l->origin = str_copy(origin);
	l->conf = mem_new(p->p->conf_size ? p->p->conf_size : 1);
	pthread_mutex_init(&l->lock, NULL);
	list_init(&l->cache);
	return l;
}

static enum seal_status fail_unknown(const struct login *l, const char *word, struct story *s)
{
	const char *known[64];
	size_t n = login_words(l->plugin, known, COUNT(known));
	const char *near = word_nearest(word, known, n < COUNT(known) ? n : COUNT(known));

	story_fail(s, SEAL_ECONFIG, "%s: no such option of %s", clean(word), l->plugin->p->name);
	if (near)
		story_hint(s, "did you mean %s?", near);
	else
		story_hint(s, "`dnseal providers %s` lists its options", l->plugin->p->name);
	return s->st;
}

enum seal_status login_set(struct login *l, const char *word, const char *value, struct story *s)
{
	const struct seal_option *o = option_find(l->plugin, word);

	if (o)
		return set_option(l, o, value, s);
	for (size_t i = 0; i < COUNT(common); i++)
		if (word_same(common[i].name, word))
			return common[i].set(l, value, s);
	return fail_unknown(l, word, s);
}

bool login_has(const struct login *l, const char *word)
{
	for (size_t i = 0; i < l->given.n; i++)
		if (word_same(l->given.at[i], word))
			return true;
	return (word_same(word, "zones") && l->zones.n) ||
	       (word_same(word, "endpoint") && l->endpoint) ||
	       (word_same(word, "trust") && l->trust);
}

/* -- what nobody set */

/* Those of SEAL_ANY and SEAL_TOGETHER of which an option has a value. */
static unsigned groups_given(const struct login *l)
{
	unsigned ret = 0;

	for (const struct seal_option *o = l->plugin->p->options; o && o->name; o++)
		if (login_has(l, o->name))
			ret |= o->flags & (SEAL_ANY | SEAL_TOGETHER);
	return ret;
}

static enum seal_status option_from_env(struct login *l, const struct seal_option *o,
					struct story *s)
{
	scoped(wipe_p) char *value = NULL;
	enum seal_status st = o->flags & SEAL_SECRET ? environ_secret(o->env, &value, s)
						     : environ_plain(o->env, &value, s);

	if (st || !value)
		return st;
	st = set_option(l, o, value, s);
	if (st)
		story_prefix(s, "from the environment (%s): ", o->env);
	return st;
}

static enum seal_status ask_env(struct login *l, struct story *s)
{
	const struct seal_provider *p = l->plugin->p;
	unsigned given = groups_given(l); /* before, or the first would hide the others */
	scoped(free_p) char *endpoint = NULL;
	enum seal_status st = SEAL_OK;

	for (const struct seal_option *o = p->options; !st && o && o->name; o++)
		if (o->env && !login_has(l, o->name) && !(given & o->flags))
			st = option_from_env(l, o, s);
	if (st || l->endpoint || !p->endpoint_env)
		return st;
	st = environ_first(p->endpoint_env, &endpoint, s);
	if (!st && endpoint && set_endpoint(l, endpoint, s))
		st = story_prefix(s, "from the environment (%s): ", p->endpoint_env);
	return st;
}

static enum seal_status use_presets(struct login *l, struct story *s)
{
	const struct seal_provider *p = l->plugin->p;
	enum seal_status st = SEAL_OK;

	for (const struct seal_option *o = p->options; !st && o && o->name; o++)
		if (o->preset && !login_has(l, o->name))
			st = set_option(l, o, o->preset, s);
	if (!st && !l->endpoint && p->endpoint && *p->endpoint)
		st = set_endpoint(l, p->endpoint, s);
	return st;
}

static const char *env_of(const struct seal_option *o)
{
	return o->env ? o->env : "no environment variable";
}

static enum seal_status check_required(struct login *l, struct story *s)
{
	const struct seal_provider *p = l->plugin->p;
	struct buf names = { 0 };

	for (const struct seal_option *o = p->options; o && o->name; o++) {
		if ((o->flags & SEAL_REQUIRED) && !login_has(l, o->name)) {
			buf_free(&names);
			story_fail(s, SEAL_ECONFIG, "%s is missing", o->name);
			story_hint(s, "set %s in the dns block, or one of: %s", o->name, env_of(o));
			return s->st;
		}
		if (o->flags & SEAL_ANY)
			buf_printf(&names, "%s%s (%s)", names.len ? " or " : "", o->name,
				   env_of(o));
	}
	scoped(free_p) char *list = buf_take(&names);
	if (!*list || (groups_given(l) & SEAL_ANY))
		return SEAL_OK;
	story_fail(s, SEAL_ECONFIG, "has no credentials");
	story_hint(s, "set %s", list);
	return s->st;
}

enum seal_status login_ready(struct login *l, struct story *s)
{
	enum seal_status st = ask_env(l, s);

	if (!st)
		st = use_presets(l, s);
	if (!st)
		st = check_required(l, s);
	return st ? story_prefix(s, "%s: dns %s: ", l->origin ? l->origin : "configuration",
				 l->name)
		  : SEAL_OK;
}

void login_free(struct login *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->values.n; i++)
		mem_wipe(l->values.at[i], strlen(l->values.at[i]));
	words_free(&l->values);
	words_free(&l->given);
	words_free(&l->zones);
	cache_clear(l);
	pthread_mutex_destroy(&l->lock);
	free(l->conf);
	free(l->endpoint);
	free(l->trust);
	free(l->origin);
	free(l->name);
	free(l);
}

size_t login_covers(const struct login *l, const char *owner)
{
	size_t best = 0;

	for (size_t i = 0; i < l->zones.n; i++)
		if (name_is_under(owner, l->zones.at[i]) && strlen(l->zones.at[i]) > best)
			best = strlen(l->zones.at[i]);
	return best;
}
