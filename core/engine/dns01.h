/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * dns01.h - the TXT records of one order: where they go, putting them there, waiting until the
 * world sees them.  Taking them out is engine/undo.h, which works from the journal alone.
 *
 * Places are looked for before the CA is asked for an order: what is wrong with them costs nothing.
 * Records with the same owner and value are one.  All records of a zone go to its provider in one
 * call.  Source: RFC 8555 8.4. */
#ifndef ENGINE_DNS01_H
#define ENGINE_DNS01_H

#include "dns/servers.h"
#include "dns/settle.h"
#include "dns/zone.h"
#include "engine/engine.h"

struct dns01_place { /* where the records of one name go */
	char *start; /* "_acme-challenge.example.org": before delegation */
	char *owner; /* after it */
	char *apex;  /* of the owner's zone */
	struct login *login;
};
struct dns01_record {
	const struct dns01_place *place;
	char value[44];
	char *id; /* provider's handle or NULL */
};

struct dns01 {
	struct engine *engine;
	const struct cert_conf *cert;
	char *label; /* "_acme-challenge", or with the account's label before it */
	size_t n_places;
	struct dns01_place *places;
	size_t n;
	struct dns01_record *at;
	struct story story;
	int64_t waited_ms; /* for propagation */

	/* private */
	struct task task, *waiter;
	struct dns01_work *work;
	struct job job; /* journal, in a worker */
	struct story job_story;
	int step;
};
void dns01_init(struct dns01 *, struct engine *, const struct cert_conf *, const char *label);
/* Find the place of every name of the certificate: owner, zone, login, name servers. */
void dns01_find(struct dns01 *, struct task *waiter);
/* One value to be seen for this name (without "*."), which must be one of the certificate's. */
void dns01_add(struct dns01 *, const char *name, const char *value);
void dns01_clear(struct dns01 *); /* the values, which were taken out; the places stay */
void dns01_present(struct dns01 *, struct task *waiter); /* journal, then the providers */
void dns01_settle(struct dns01 *, struct task *waiter);  /* until everybody sees them */
void dns01_cancel(struct dns01 *); /* ends a wait for propagation with SEAL_ECANCELED */
void dns01_free(struct dns01 *);

#endif
