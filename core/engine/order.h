/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order.h - the life of an order, from "this certificate is wanted" to "its new generation is
 * live".  The table of states is in order.c; read it first. */
#ifndef ENGINE_ORDER_H
#define ENGINE_ORDER_H

#include "engine/session.h"

struct order;
struct order_ask {
	struct engine *engine;
	const struct cert_conf *cert;
	struct session *session;
	bool rehearse; /* everything but keeping the result */
	/* ARI certID of the certificate this one takes the place of, which is of the same CA; or
	 * NULL */
	const char *replaces;
	const char *replaces_kid; /* its account; NULL: not known to be another one */
	enum budget_force budget; /* our own limits; a rehearsal has none */
};
/* The cert lock must be held by the caller until the order is over; what earlier runs left in DNS
 * (engine/undo.h) is taken out by the order itself, at its end. */
struct order *order_new(const struct order_ask *);
void order_start(struct order *, struct task *waiter); /* expects */
void order_cancel(struct order *); /* stop waiting, clean up DNS, end with SEAL_ECANCELED */
void order_free(struct order *);
/* After it is over. */
const struct story *order_story(const struct order *); /* st SEAL_OK: live */
unsigned order_generation(const struct order *);
const char *order_dir(const struct order *);
int64_t order_not_after(const struct order *);
int64_t order_waited_ms(const struct order *); /* for propagation */
enum order_fault { /* where it failed */
	FAULT_NONE,
	FAULT_SESSION,	  /* no CA, or no account there */
	FAULT_ORDER,	  /* no order was made */
	FAULT_DNS,	  /* zones, providers, propagation: before the CA looked */
	FAULT_VALIDATION, /* at the CA, from when it was asked to look */
	FAULT_ISSUE,	  /* at the CA, after that */
	FAULT_STORE
};
enum order_fault order_fault(const struct order *);

#endif
