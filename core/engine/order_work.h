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
	ORDER_NEW,
	ORDER_AUTHZ,
	ORDER_PRESENT,
	ORDER_SETTLE,
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

struct order {
	struct order_ask ask;
	struct engine *engine;
	struct ca *ca;
	struct task task, *waiter;
	struct story story;

	enum order_state state, next;
	bool entered, canceled, failed;
	int64_t pause_ms; /* before the next state is entered; set by leave */
	struct timer pause;
	int64_t entered_ms;
	int64_t deadline_ms; /* of the poll under way; 0 = none */
	unsigned polls, finalizes;

	struct session_wait session_wait;
	struct job job; /* key, storing */
	struct story job_story;
	struct order_file file; /* key, request, URL */
	bool resumed;
	struct post post;
	struct order_res res;
	size_t n_authz;
	struct authz *authz;
	bool has_dns;
	struct dns01 dns;
	struct undo undo;
	struct chain chain;

	/* results */
	struct install install;
	struct json_object *meta;
};

/* order_acme.c: states that talk to the CA */
enum seal_status ask_resume(struct order *), read_resume(struct order *);
enum seal_status ask_new(struct order *), read_new(struct order *);
enum seal_status ask_authz(struct order *), read_authz(struct order *);
enum seal_status answer(struct order *), read_answers(struct order *);
enum seal_status ask_order(struct order *), read_watch(struct order *);
enum seal_status ask_examine(struct order *), read_examine(struct order *);
/* order_finish.c: from ready to live */
enum seal_status finalize(struct order *), read_finalize(struct order *);
enum seal_status read_collect(struct order *);
enum seal_status fetch(struct order *), judge_chain(struct order *);
enum seal_status store_pair(struct order *), keep_pair(struct order *);
void order_done(struct order *);

/* A step for people and logs. */
void order_tell(struct order *, const char *step, const char *fmt, ...) PRINTF(3, 4);
/* How long to wait before the next poll: Retry-After when given (1..60 s), else growing from the
 * CA's own speed.  SEAL_ELIMIT when the CA wants more than 60 s or `limit_s` is over. */
enum seal_status order_pace(struct order *, unsigned limit_s);
/* The order is dead at the CA: forget its URL, so that the next run makes a new one. */
void order_abandon(struct order *);
void authz_free(struct order *);

#endif
