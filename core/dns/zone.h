/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * zone.h - where does the challenge record of a name live?  Follow explicit CNAMEs (and DNAMEs)
 * from `name`, then find the apex of the zone by SOA.
 *
 * One recursive SOA question normally answers both: the chain is in its answer, the apex in answer
 * or authority.  A CNAME that a wildcard synthesises is no delegation: a random sibling label is
 * asked too, and the chain ends where it gives the same target.  At most 8 hops, loops refused.
 * Where no SOA comes the next label up is asked; a failure on one label does not stop the walk.
 *
 * A zone of one label is taken only when the name is really in it, else every unregistered domain
 * would seem to live in its TLD: when the label is one reserved for private use (test, internal,
 * ...), or when the name directly below it exists there (NOERROR).  The root is never taken.
 * Source: RFC 8555 8.4, RFC 1034 3.6.2, RFC 2308, RFC 6761, RFC 6762 G. */
#ifndef DNS_ZONE_H
#define DNS_ZONE_H

#include "dns/lookup.h"

#define ZONE_HOPS_MAX 8

struct zone_find {
	/* asked */
	char name[NAME_MAX_LEN]; /* "_acme-challenge.example.org" */
	bool fixed;              /* do not follow CNAMEs (override-domain) */
	const struct resolvers *resolvers;

	/* answered */
	struct story story; /* SEAL_ENOTFOUND: no zone (name is not delegated anywhere);
			     * SEAL_EAGAIN: resolvers did not answer; SEAL_EINVAL: loop, too many */
	char owner[NAME_MAX_LEN]; /* where the record goes, after CNAMEs */
	char apex[NAME_MAX_LEN];
	char chain[600]; /* "a -> b -> c", for people; "" when nothing was followed */

	/* private */
	struct task task, *waiter;
	struct zone_work *work;
};
void zone_find_start(struct zone_find *, struct task *waiter); /* expects */
void zone_find_cancel(struct zone_find *);
void zone_find_free(struct zone_find *);

#endif
