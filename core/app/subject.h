/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * subject.h - what a command is about: a configured certificate, or names on the command line with
 * options in place of a configuration. */
#ifndef APP_SUBJECT_H
#define APP_SUBJECT_H

#include "app/configuration.h"
#include "app/options.h"

struct subject {
	struct cert_block *cert;      /* with account */
	struct dns_block *const *dns; /* that may serve it */
	size_t n_dns;
	struct dns_block *one;	   /* made for --dns */
	bool configured;	   /* it has a block in a file */
	bool own_account, own_dns; /* made from options: --save must write them down */
};
/* names: arguments as typed; with commas between names too.  One that is a certificate's title
 * is that certificate; options then overrule its words for this run.  Complains. */
enum seal_status subject_read(struct configuration *, const struct options *,
			      const struct words *names, struct subject *ret,
			      struct complaints *errors);
/* Every configured certificate as a subject of its own. */
void subject_of(struct configuration *, struct cert_block *, struct subject *ret);
/* --dns TYPE --set ... alone, for commands that need no certificate; NULL when not given. */
struct dns_block *subject_dns(struct configuration *, const struct options *);
/* The block of this name; of one inside a certificate the name in its file is enough.  Or NULL. */
struct dns_block *dns_block_find(struct dns_block *const *, size_t n, const char *name);
/* Complains that --set was given without --dns. */
void subject_set_alone(const struct options *, struct complaints *);
/* An account as --ca, --email and the like say, or the configured one of this name (NULL: the
 * default).  NULL: complained about. */
struct account_block *subject_account(struct configuration *, const struct options *,
				      const struct account_block *base, struct complaints *errors);
void subject_free(struct subject *);

#endif
