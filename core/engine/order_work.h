/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_work.h - an order from the inside: what its states (order.c) read and write. */
#ifndef ENGINE_ORDER_WORK_H
#define ENGINE_ORDER_WORK_H

#include "acme/order.h"
#include "engine/dns01.h"
#include "engine/order.h"
#include "engine/undo.h"

enum order_state { /* see the table in order.c */
	ORDER_START,
	ORDER_ZONE,
	ORDER_RESUME,
	ORDER_ADMIT,
	ORDER_FIND,
	ORDER_SPEND,
	ORDER_NEW,
	ORDER_NOTE,
	ORDER_AUTHZ,
	ORDER_PRESENT,
	ORDER_SETTLE,
	ORDER_STAKE,
	ORDER_ANSWER,
	ORDER_WATCH,
	ORDER_EXAMINE,
	ORDER_CLEAN,
	ORDER_FINALIZE,
	ORDER_COLLECT,
	ORDER_FETCH,
	ORDER_STORE,
	ORDER_OVER,
	ORDER_STATES
};

struct authz { /* one authorization of the order */
	char *url;
	struct post post; /* the authorization, or its challenge */
	struct authz_res res;
	bool answered;	  /* its challenge was POSTed */
	unsigned answers; /* how often */
};

struct order_find { /* an order whose URL an earlier run did not learn; see order_find.c */
	bool wanted;
	int step;
	char *url; /* asked about */
	struct words urls; /* of the account's orders, still to be looked at */
	unsigned pages, looks;
};

struct order {
	struct order_ask ask;
	struct engine *engine;
	struct ca *ca;
	struct task task, *waiter;
	struct story story;

	enum order_state state, next;
	bool entered, canceled, failed;
	enum order_state failed_in;
	struct admission admission;
	bool settled; /* the world sees its records; it comes back for its place */
	bool spent; /* of our own limits: an order */
	bool asked; /* newOrder, and its answer is not here */
	bool plain; /* the CA refused `replaces`: ask without */
	int64_t pause_ms; /* before the next state is entered; set by leave */
	struct timer pause;
	int64_t entered_ms;
	int64_t deadline_ms; /* of the poll under way; 0 = none */
	unsigned polls, finalizes;

	struct session_wait session_wait;
	struct job job; /* what writes to the disk, and keys */
	struct story job_story;
	struct order_file file; /* key, request, URL */
	struct order_file twin; /* the second one, while the first is under way */
	bool is_twin;		/* `file` is the second one; the first is here: */
	struct order_file first;
	struct chain first_chain;
	char *first_certificate; /* URL */
	bool resumed;
	struct words staked; /* names whose challenges are POSTed next */
	struct order_find find;
	bool find_twin; /* for the second one */
	struct post post;
	struct order_res res;
	size_t n_authz;
	struct authz *authz;
	bool has_dns;
	struct dns01 dns;
	struct undo undo;
	struct chain chain;
	struct words alternates; /* URLs of other chains, when one may be preferred */
	size_t n_fetched;	 /* of them */

	/* results */
	struct install install;
	struct json_object *meta;
};

/* order_acme.c: states that talk to the CA */
enum seal_status ask_resume(struct order *), read_resume(struct order *);
enum seal_status ask_new(struct order *), read_new(struct order *);
/* The order at url, which is in o->res, is ours from now on. */
void order_take(struct order *, const char *url);
/* Is its challenge to be POSTed next? */
bool authz_is_unanswered(const struct authz *);
enum seal_status ask_authz(struct order *), read_authz(struct order *);
enum seal_status answer(struct order *), read_answers(struct order *);
enum seal_status ask_order(struct order *), read_watch(struct order *);
enum seal_status ask_examine(struct order *), read_examine(struct order *);
/* order_spend.c: what must be on the disk before the next request */
enum seal_status spend(struct order *), judge_spending(struct order *);
enum seal_status note_url(struct order *), judge_note(struct order *);
enum seal_status stake(struct order *), judge_stake(struct order *);
void order_win(struct order *);  /* the CA validated what was staked */
void order_void(struct order *); /* the order came to nothing */
/* order_find.c */
enum seal_status ask_find(struct order *), read_find(struct order *);
void order_find_free(struct order_find *);
/* order_wish.c: what newOrder asks for */
enum seal_status order_choose_profile(struct order *); /* into file.profile */
const char *order_replaces(const struct order *);      /* or NULL */
bool order_without_replaces(struct order *);	       /* refused: once more, without */
/* order_keys.c: in a worker, keys and requests of both orders; and the step between the two */
void order_make_keys(struct job *);
void order_begin_twin(struct order *);
/* order_chain.c */
enum seal_status fetch(struct order *), judge_chain(struct order *);
/* order_finish.c: from ready to live */
enum seal_status finalize(struct order *), read_finalize(struct order *);
enum seal_status read_collect(struct order *);
enum seal_status store_pair(struct order *), keep_pair(struct order *);
void order_done(struct order *);

/* Run it in a worker, for disks are slow; what it says is in o->job_story. */
void order_work(struct order *, void (*work)(struct job *));
/* A step for people and logs. */
void order_tell(struct order *, const char *step, const char *fmt, ...) PRINTF(3, 4);
/* How long to wait before the next poll: Retry-After when given (1..60 s), else growing from the
 * CA's own speed.  SEAL_ELIMIT when the CA wants more than 60 s or `limit_s` is over. */
enum seal_status order_pace(struct order *, unsigned limit_s);
/* The order is dead at the CA: forget its URL, so that the next run makes a new one. */
void order_abandon(struct order *);
void authz_free(struct order *);

#endif
