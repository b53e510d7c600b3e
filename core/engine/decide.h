/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * decide.h - is a certificate due?  Pure: no clock but `now`, no disk, no network. */
#ifndef ENGINE_DECIDE_H
#define ENGINE_DECIDE_H

#include "engine/conf.h"
#include "store/store.h"

/* -- the CA's wish -- */

/* May or must the CA be asked before deciding?  cert_id NULL: never, nor after its end. */
bool ari_should_ask(const struct ari_state *, const char *cert_id, int64_t not_after, int64_t now);
/* It is about this new certificate from now on.  The CA is asked 6 h later, or after a fortieth of
 * the life: it has no wish for what it has only just made, and some do not know it yet. */
void ari_begin(struct ari_state *, const struct cert_info *leaf, int64_t now);
/* Take over an answer; draws `at` without bias in [start, end) when certificate or window are new.
 * retry_s is clamped to a minute .. a day. */
void ari_keep(struct ari_state *, const char *cert_id, int64_t start, int64_t end, int64_t retry_s,
	      const char *explanation, int64_t now);
/* The CA did not say.  Transient failures: from 1 minute, doubling, at most 6 h, and what is known
 * stays; it does not know the certificate or offers none: nothing is known, a day; else 6 h
 * (RFC 9773 4.3.3). */
void ari_missed(struct ari_state *, const char *cert_id, const struct story *failure, int64_t now);

/* -- the decision -- */

enum due_why {
	DUE_NOT,   /* the moment is in `at` */
	DUE_NEW,   /* nothing is live */
	DUE_NAMES, /* what is live is not what is wanted */
	DUE_KEY,
	DUE_CA, /* it is from a CA for rehearsals */
	DUE_PROFILE,
	DUE_TIME,    /* fraction or duration of its life */
	DUE_ARI,     /* the CA's moment has come */
	DUE_REVOKED, /* by us; or the CA's window lay in the past when it was told */
	DUE_FORCED   /* never from decide(): turn's */
};
struct decision {
	enum due_why why;
	int64_t at;	   /* when it is or was due */
	int64_t not_after; /* 0: nothing is live */
	int64_t life_s;	   /* 0: nothing is live */
	bool by_ari;	   /* `at` is the CA's moment */
	bool urgent;	   /* less than half of what is kept in reserve is left */
	char said[160];	   /* the reason, for people: "a third of its life is left" */
	char warning[160]; /* worth a note: a `renew` over half of the life; "" */
};
/* One rule for all lifetimes.  Reserve: a third of the life, half of it below 10 days, or what
 * `renew` says, at most half.  Without the CA's word a certificate is due when its reserve is what
 * is left, and up to a fiftieth of the life (12 h) before, by state->jitter.  The CA's moment
 * stands in place of that, unless less than two thirds of the reserve would be left then; with
 * a `renew` of the operator's the earlier of both counts.
 *
 * live: of the first chain only dates, names and serial are looked at. */
void decide(const struct cert_conf *, const struct live *, const struct cert_state *, int64_t now,
	    struct decision *ret);
/* Who comes only every `every_s` would often pass by the CA's moment, and then its window: when
 * that is open, and the moment before the next look, it is now. */
void decide_early(struct decision *, const struct ari_state *, int64_t every_s, int64_t now);
/* Draws state->jitter when that was not done. */
void decide_jitter(struct cert_state *);
/* "new", "names", "time" ... for --json and tests. */
const char *due_name(enum due_why);

#endif
