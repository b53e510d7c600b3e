/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * survey.h - where the challenges of a certificate would go: zone, CNAMEs, servers, dns block. */
#ifndef APP_SURVEY_H
#define APP_SURVEY_H

#include "app/app.h"
#include "dns/servers.h"
#include "dns/zone.h"

struct place {			  /* one challenge name */
	char start[NAME_MAX_LEN]; /* "_acme-challenge.example.org" */
	struct words names;	  /* identifiers that it proves */
	struct zone_find zone;
	struct login *login; /* NULL: zone.story or login_story tells */
	struct story login_story;
	const struct servers_find *servers; /* of its zone; NULL when there is no zone */
};
struct survey {
	struct place *at;
	size_t n;
	struct servers_find *servers; /* a zone each */
	size_t n_servers;
};
/* kid: of the account, for dns-account-01; may be NULL.  Waits for everything.  The engine's logins
 * must be set. */
void survey_run(struct app *, const struct cert_conf *, const char *kid, struct survey *);
void survey_free(struct survey *);
/* "_acme-challenge", or with the account's label before it; kid NULL: with a word in its place.
 * The caller's. */
char *survey_label(const struct cert_conf *, const char *kid);

#endif
