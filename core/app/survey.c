/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/survey.h"

#include "crypto/digest.h"
#include "dns/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 8555 8.4; draft-ietf-acme-dns-account-label 3.1.  Without an account its label is unknown. */
char *survey_label(const struct cert_conf *c, const char *kid)
{
	uint8_t sum[32];

	if (c->challenge == CHALLENGE_DNS_01)
		return str_copy("_acme-challenge");
	if (!kid)
		return str_copy("_account-label._acme-challenge");
	sha256(kid, strlen(kid), sum);
	scoped(free_p) char *label = base32_lower(sum, 10);
	return str_printf("_%s._acme-challenge", label);
}

static void start_of(const struct cert_conf *c, const char *name, const char *label,
		     char ret[NAME_MAX_LEN])
{
	const char *fixed = c->override_domain, *hole = fixed ? strstr(fixed, "{domain}") : NULL;

	if (!fixed)
		snprintf(ret, NAME_MAX_LEN, "%s.%s", label, name);
	else if (!hole)
		snprintf(ret, NAME_MAX_LEN, "%s", fixed);
	else
		snprintf(ret, NAME_MAX_LEN, "%.*s%s%s", (int)(hole - fixed), fixed, name,
			 hole + strlen("{domain}"));
}

static void find_places(const struct cert_conf *c, const char *kid, struct survey *s)
{
	scoped(free_p) char *label = survey_label(c, kid);
	char start[NAME_MAX_LEN];

	s->at = mem_array(c->names.n, sizeof(*s->at));
	for (size_t i = 0; i < c->names.n; i++) {
		size_t p = 0;
		start_of(c, name_base(c->names.at[i]), label, start);
		while (p < s->n && strcmp(s->at[p].start, start))
			p++;
		if (p == s->n) {
			str_put(s->at[p].start, "%s", start);
			s->n++;
		}
		words_add(&s->at[p].names, c->names.at[i]);
	}
}

static void find_zones(struct app *a, const struct cert_conf *c, struct survey *s)
{
	struct waiter w;
	struct task *t = waiter_begin(&w, a);

	for (size_t i = 0; i < s->n; i++) {
		struct zone_find *z = &s->at[i].zone;
		str_put(z->name, "%s", s->at[i].start);
		z->fixed = c->override_domain != NULL;
		z->resolvers = &c->resolvers;
		zone_find_start(z, t);
	}
	app_wait(a, &w);
}

static struct servers_find *servers_of(struct survey *s, const char *apex)
{
	for (size_t i = 0; i < s->n_servers; i++)
		if (!strcmp(s->servers[i].apex, apex))
			return &s->servers[i];
	return NULL;
}

static void find_servers(struct app *a, const struct cert_conf *c, struct survey *s)
{
	struct waiter w;
	struct task *t = waiter_begin(&w, a);

	s->servers = mem_array(s->n, sizeof(*s->servers));
	for (size_t i = 0; i < s->n; i++) {
		struct place *p = &s->at[i];
		if (p->zone.story.st)
			continue;
		(void)!engine_login(&a->engine, p->zone.owner, &p->login, &p->login_story);
		p->servers = servers_of(s, p->zone.apex);
		if (p->servers)
			continue;
		struct servers_find *f = &s->servers[s->n_servers++];
		str_put(f->apex, "%s", p->zone.apex);
		f->resolvers = &c->resolvers;
		servers_find_start(f, t);
		p->servers = f;
	}
	if (s->n_servers)
		app_wait(a, &w);
}

void survey_run(struct app *a, const struct cert_conf *c, const char *kid, struct survey *s)
{
	*s = (struct survey){ 0 };
	app_network(a);
	find_places(c, kid, s);
	find_zones(a, c, s);
	find_servers(a, c, s);
}

void survey_free(struct survey *s)
{
	for (size_t i = 0; i < s->n; i++) {
		zone_find_free(&s->at[i].zone);
		words_free(&s->at[i].names);
	}
	for (size_t i = 0; i < s->n_servers; i++)
		servers_find_free(&s->servers[i]);
	free(s->at);
	free(s->servers);
	*s = (struct survey){ 0 };
}
