/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * state.h - state.json of a certificate: what is remembered from run to run beside the chain.
 *
 * Losing it costs nothing but time: everything in it is found out again.  Members of a newer
 * version are kept when the file is written. */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "base/json.h"

struct store;

/* What the CA said about its wish (RFC 9773).  The moment is drawn once for a window and
 * certificate and kept: a new draw at each run would lean towards the window's start. */
struct ari_state {
	char *cert_id;	    /* of the certificate it is about; another one: all of this is void */
	int64_t start, end; /* 0: nothing known */
	int64_t at;	    /* the moment drawn in [start, end) */
	int64_t asked, next_ask;
	char *explanation; /* URL, or NULL */
	int64_t failures;  /* in a row */
};

struct target_state { /* a `deploy` block */
	char *name;
	int64_t generation; /* that it holds; 0: none yet */
	char *shape;	    /* hash of what it was configured to do then */
	bool pending;
	int64_t tries; /* since it last worked */
	int64_t last;  /* wall clock */
	char *error;   /* or NULL */
};

struct told_state {	 /* to one receiver of news, so that nothing is told twice */
	char *who;	 /* struct notify_conf's id */
	char *failure;	 /* class of the failure that was told; NULL: none, or it is over */
	int64_t expiry;	 /* wall clock when the coming end was last told */
	int64_t success; /* generation that was told */
};

struct cert_state {
	int64_t failures;      /* in a row */
	int64_t next_try;      /* wall clock; 0: none set */
	char *last_error;      /* sentence */
	char *last_class;      /* status_name() */
	char *last_problem;    /* type of the ACME problem, or NULL */
	int64_t last_failure;  /* wall clock */
	char *last_account;    /* that the failure was at */
	bool rehearse;	       /* the failure looked local: the test CA is asked first */
	int64_t propagation_s; /* of the last wait */
	int64_t last_run, last_success;
	int64_t jitter;	 /* 1..65536, drawn once; 0: not yet */
	char *revoked;	 /* serial of the certificate that was revoked, or NULL */
	bool key_leaked; /* ... as compromised: its key must not be used again */
	struct ari_state ari;
	struct told_state *told;
	size_t n_told;
	struct target_state *targets;
	size_t n_targets;

	struct json_object *kept; /* the file as it was read; private */
};
enum seal_status cert_state_load(const struct store *, const char *cert, struct cert_state *,
				 struct story *) MUST_CHECK; /* absent: empty */
enum seal_status cert_state_save(const struct store *, const char *cert, const struct cert_state *,
				 struct story *) MUST_CHECK;
void cert_state_free(struct cert_state *);
void ari_state_free(struct ari_state *);

/* The state of this target, a new one when there is none yet; valid until the next one is made. */
struct target_state *target_state(struct target_state **list, size_t *n, const char *name);
/* Forget those whose names are not among these. */
void target_states_keep(struct target_state **list, size_t *n, const struct words *names);

/* What this receiver was told; NULL: nothing. */
const struct told_state *told_find(const struct cert_state *, const char *who);
/* Puts a copy in its place, or adds it; its own `who` does not count. */
void told_set(struct cert_state *, const char *who, const struct told_state *);
/* Forget those of receivers that are not among these. */
void told_keep(struct cert_state *, const struct words *receivers);

#endif
