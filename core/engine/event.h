/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * event.h - the one place through which the engine tells what it does; app/ui shows it on a
 * terminal, as lines or as JSON. */
#ifndef ENGINE_EVENT_H
#define ENGINE_EVENT_H

#include "base/status.h"

#include <stdbool.h>

enum event_kind {
	EVENT_STEP,  /* a step of an order is done: step, detail */
	EVENT_WAIT,  /* something waits: step, detail, until_ms */
	EVENT_DNS,   /* a server's state for a record changed: name, server, state, detail */
	EVENT_DONE,  /* result, not_after, generation, dir */
	EVENT_ERROR, /* story */
	EVENT_NOTE,  /* worth a warning, goes on: detail */
	EVENT_AT,    /* where the certificate is from now on: at; often, and for sums only */
};
enum event_at { /* EVENT_DONE ends it */
	AT_LINE,   /* it is due, and prepares, or waits for a place at the CA */
	AT_CA,
	AT_DNS,	   /* records are added, waited for, or removed */
	AT_DEPLOY, /* its targets */
	AT_PLACES
};
struct event {
	enum event_kind kind;
	const char *certificate; /* may be NULL */
	const char *step, *detail;
	const char *name, *server, *state;
	enum event_at at;
	const char *result; /* issued renewed unchanged failed deferred deploy-failed */
	int64_t not_after;
	unsigned generation;
	const char *dir;
	bool rehearsal; /* EVENT_DONE: nothing of it was kept */
	int64_t since_ms, until_ms; /* EVENT_WAIT; clock_ms() */
	const struct story *story;
};
struct events {
	void (*tell)(struct events *, const struct event *);
};

#endif
