/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * notify.h - who is told what: news of certificates, found by comparing their states with what was
 * told before, in one message a run and receiver, by mail, webhook or program.
 *
 * A failure is told when it begins and when its class changes, its end once; a certificate that
 * comes near its end when a receiver's limit is passed and when it is over; a new generation once.
 * Each receiver has a state of its own: what it did not take it is told by the next run, and the
 * others are not told again. */
#ifndef ENGINE_NOTIFY_H
#define ENGINE_NOTIFY_H

#include "net/http.h"
#include "net/program.h"
#include "store/store.h"

enum news_kind { /* the gravest first */
		 NEWS_EXPIRY,
		 NEWS_OPERATOR, /* a failure that only an operator can end */
		 NEWS_FAILURE,
		 NEWS_RECOVERED,
		 NEWS_SUCCESS, /* issued or renewed */
		 NEWS_TEST,    /* none: do messages arrive? */
		 NEWS_KINDS
};
const char *news_name(enum news_kind); /* "failure", as in the configuration */

enum notify_how { NOTIFY_MAIL, NOTIFY_WEBHOOK, NOTIFY_EXEC };
enum notify_format { NOTIFY_JSON, NOTIFY_TEXT }; /* of a webhook's body */
struct notify_conf {				 /* a `notify` block; strings are borrowed */
	int how;				 /* enum notify_how */
	unsigned wanted;			 /* 1u << enum news_kind */
	uint32_t expiry_s;			 /* 0: a fifth of the life */
	struct words to;			 /* addresses */
	const char *from;			 /* or NULL: the mail system decides */
	struct words program;			 /* argv; mail: sendmail and its options */
	const char *url, *trust;		 /* url: a secret; trust: CA bundle or NULL */
	int format;				 /* enum notify_format */
	const char *name;			 /* "notify webhook (FILE:LINE)", for sentences */
	const char *id;				 /* of its struct told_state */
};

#define NOTIFY_MAX 16 /* receivers */

struct news {
	enum news_kind kind;
	unsigned receivers; /* bit i: conf[i] wants it */
	char *text;	    /* sentence */
	char *class;	    /* of a failure: status_name() or "deploy" */
};
struct news_of { /* of one certificate */
	char *cert;
	struct news *at;
	size_t n;
	int64_t not_after, next_try; /* 0: none */
	struct told_state *told;     /* what its state says once conf[i] was told; n_conf */
	unsigned changed;	     /* bit i: told[i] is not what the state says now */
};
struct notify { /* of one run */
	/* asked */
	struct loop *loop;
	struct http *http;
	const char *host;		       /* of this machine, for people */
	const struct notify_conf *const *conf; /* receivers */
	size_t n_conf;
	struct news_of *of;
	size_t n_of;

	/* answered: one story a receiver; SEAL_OK also when there was nothing for it */
	struct story stories[NOTIFY_MAX];

	/* private */
	struct task task, *waiter;
	struct delivery *deliveries; /* n_conf of them */
};

/* The class of what is wrong with a certificate now: of its last failure, or "deploy"; NULL:
 * nothing. */
const char *notify_trouble(const struct cert_state *);
/* Adds what is new about a certificate.  leaf NULL: nothing is live. */
struct notify_look {
	const char *cert;
	const struct cert_state *state;
	const struct cert_info *leaf;
	unsigned generation;
	int64_t now;
};
void notify_look(struct notify *, const struct notify_look *);
void notify_test(struct notify *); /* adds a message to everybody, about nothing */
/* Adds that nothing can be kept in the state directory, this neither: so each run tells it. */
void notify_storage(struct notify *, const char *dir);
void notify_start(struct notify *, struct task *waiter); /* expects */
/* After it is over: `told` of those that took their message, or got none, into the state.  False:
 * that changed nothing. */
bool notify_keep(const struct notify *, const struct news_of *, struct cert_state *);
void notify_free(struct notify *);

/* The name of this host without what a header line could not take. */
void notify_host(char out[static 65]);

/* -- messages; only what conf[receiver] wants; the caller's, NULL: nothing for it -- */
char *notify_title(const struct notify *, size_t receiver); /* ASCII, one line */
char *notify_text(const struct notify *, size_t receiver);
char *notify_json(const struct notify *, size_t receiver, int64_t now);
char *notify_mail(const struct notify *, size_t receiver, int64_t now); /* RFC 5322 */
enum news_kind notify_worst(const struct notify *, size_t receiver);
bool notify_has(const struct notify *, size_t receiver);

#endif
