/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * dns01.h - the TXT records of one order: where they go, putting them there, waiting until the
 * world sees them.  Taking them out is engine/undo.h, which works from the journal alone.
 *
 * Records with the same owner and value are one.  All records of a zone go to its provider in one
 * call.  Source: RFC 8555 8.4. */
#ifndef ENGINE_DNS01_H
#define ENGINE_DNS01_H

#include "dns/servers.h"
#include "dns/settle.h"
#include "dns/zone.h"
#include "engine/engine.h"

struct dns01_record {
	char *start; /* "_acme-challenge.example.org": before delegation */
	char *owner; /* where it goes */
	char *apex;  /* of its zone */
	char value[44];
	struct login *login;
	char *id; /* provider's handle or NULL */
};

struct dns01 {
	struct engine *engine;
	const struct cert_conf *cert;
	size_t n;
	struct dns01_record *at;
	struct story story;
	int64_t waited_ms; /* for propagation */

	/* private */
	struct task task, *waiter;
	struct dns01_work *work;
	int step;
	bool canceled;
};
void dns01_init(struct dns01 *, struct engine *, const struct cert_conf *);
/* One challenge more: identifier's base name (without "*."), owner label prefix of the challenge
 * type, and value. */
void dns01_add(struct dns01 *, const char *name, const char *label, const char *value);
/* Each of these starts a wait and reports in story. */
void dns01_find(struct dns01 *, struct task *waiter);    /* owner, apex, login of every record */
void dns01_present(struct dns01 *, struct task *waiter); /* journal, then the providers */
void dns01_settle(struct dns01 *, struct task *waiter);  /* until everybody sees them */
void dns01_cancel(struct dns01 *); /* ends a wait for propagation with SEAL_ECANCELED */
void dns01_free(struct dns01 *);

#endif
