/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * host.h - the inside of one operation: what stands behind struct seal_op, and the parts of the
 * host table.  For provider/ and for tests that call a plugin directly. */
#ifndef PROVIDER_HOST_H
#define PROVIDER_HOST_H

#include "base/file.h"
#include "net/exchange.h"
#include "provider/op.h"

#include <json-c/json.h>

#define OP_REPLY_MAX (1u << 20)	   /* octets of one reply */
#define OP_REPLIES_MAX (16u << 20) /* of all replies of an operation: paging ends somewhere */
#define OP_RESULTS_MAX 100000u
#define OP_WAIT_MAX_MS 120000 /* waited out for 429 and 503, in total */

/* A worker's HTTP exchange: asked there, made in the loop.  While `over` is false it is the loop's;
 * the worker sleeps on `back`. */
struct trip {
	struct mail mail;
	struct task task;
	struct timer timer;
	struct http_call call;
	pthread_mutex_t lock;
	pthread_cond_t back;
	bool over; /* under lock */
	enum seal_status st;
	enum trip_step { TRIP_HOME, TRIP_PAUSE, TRIP_CALL, TRIP_WAIT } step;
	unsigned timeout_s; /* of the exchange, as the plugin asked */
	unsigned wait_ms;   /* of host->wait() */
	unsigned repeats;  /* after transport failures, of this exchange */
	unsigned limited;  /* 429 and 503 seen, of the whole operation */
	int64_t waited_ms; /* likewise */
};

struct op_work {
	struct ops *ops; /* NULL: no loop; only what needs none works */
	struct login *login;
	const struct seal_provider *p;
	enum op_kind kind;
	const char *zone;
	struct seal_op seal; /* as the plugin sees it */
	struct arena arena;
	struct story story; /* the plugin's last sentence */

	size_t n_records; /* checked, in normal form, none twice */
	struct seal_record *records;
	size_t n_results;
	struct seal_record *results;
	struct words zones;

	struct json_object **docs; /* replies, read */
	size_t n_docs;
	size_t reply_octets;
	bool broken; /* the plugin made a mistake that must not reach the wire */
	unsigned requests;
	atomic_bool canceled, expired;
	int64_t deadline_ms;
	struct exchange exchange;
	struct trip trip;

	/* of op.c */
	struct op *op;
	struct list link; /* in the line of all operations */
	bool started;
	bool alone;	      /* never to be made together with others */
	struct op_work *lead; /* that makes this one's records, too */
	struct list joined;   /* those that this one leads */
	size_t n_own;	      /* of its records, the first; the others are theirs */
	struct job job;
	struct timer limit;
	struct task limit_task;
};

struct ops {
	struct loop *loop;
	struct http *http;
	struct pool *pool;
	struct list line; /* of every operation that is not over, as they came */
	char *lock_dir;	  /* of zone_lock(), or NULL */
};

struct op_work *work_new(struct login *, enum op_kind, const char *zone, const struct seal_host *);
void work_free(struct op_work *);
static inline struct op_work *work_of(struct seal_op *op)
{
	return op->core;
}
/* Check and copy what is asked.  SEAL_EINVAL, SEAL_EUNSUPPORTED. */
enum seal_status work_records(struct op_work *, const struct seal_record *, size_t n) MUST_CHECK;
/* Call the plugin, in portions; the outcome with its sentence in story.  For a worker. */
enum seal_status work_run(struct op_work *);

/* op_join.c.  join: what waits in line behind `lead`, and can be made by the same call, becomes
 * part of it.  After that call: share hands the outcome to each, its own records only, and wakes
 * them; part gives one of them back (NULL: no more), to be made by a call of its own. */
void work_join(struct op_work *lead);
void work_share(struct op_work *lead);
bool work_must_part(const struct op_work *lead);
struct op *work_part(struct op_work *lead);

/* A record the plugin found, in normal form, into results; false: it makes no sense. */
bool record_emit(struct op_work *, const struct seal_record *);
/* Same name, type and data? */
bool record_same(const struct seal_record *, const struct seal_record *);

/* For a worker: be the only process of this host that changes the zone of a SEAL_EXCLUSIVE
 * provider; does nothing for any other operation.  Waits as long as the operation may.
 * SEAL_ELOCKED, SEAL_ECANCELED. */
enum seal_status zone_lock(struct op_work *, struct lock *) MUST_CHECK;

/* A trip in the loop is to end soon. */
void trip_cancel(struct op_work *);

/* The host table's parts, each as described in <dnseal/provider.h>. */
enum seal_status host_http(struct seal_op *, struct seal_http *);
enum seal_status host_vfail(struct seal_op *, enum seal_status, const char *, va_list) PRINTF(3, 0);
const struct seal_change *host_diff(struct seal_op *, const struct seal_record *there,
				    size_t n_there, const struct seal_record *want, size_t n_want,
				    size_t *n);
const struct seal_json *host_json_at(const struct seal_json *, const char *path);
const char *host_json_text(struct seal_op *, const struct seal_json *);
size_t host_json_count(const struct seal_json *);
char *host_vbuild(struct seal_op *, const char *fmt, va_list);
char *host_name_abs(struct seal_op *, const char *name, const char *zone);
char *host_name_rel(struct seal_op *, const char *absolute, const char *zone);
char *host_txt_quote(struct seal_op *, const char *text);
char *host_txt_plain(struct seal_op *, const char *text);
char *host_fields_json(struct seal_op *, const char *data, const char *spec);
char *host_json_fields(struct seal_op *, const struct seal_json *, const char *spec);
enum seal_status host_dns(struct seal_op *, struct seal_dns *);
const struct seal_message *host_dns_read(struct seal_op *, const uint8_t *msg, size_t len);
uint8_t *host_rdata_pack(struct seal_op *, const char *type, const char *data, size_t *len);
char *host_rdata_text(struct seal_op *, const uint8_t *msg, size_t msg_len, const struct seal_rr *);
uint8_t *host_name_pack(struct seal_op *, const char *absolute, size_t *len);
char *host_rr_name(struct seal_op *, uint16_t type);
const struct seal_set_change *host_merge(struct seal_op *, const struct seal_record *there,
					 size_t n_there, const struct seal_record *want,
					 size_t n_want, size_t *n);
enum seal_status host_wait(struct seal_op *, unsigned ms);
char *host_file(struct seal_op *, const char *path);
enum seal_status host_aws_sign(struct seal_op *, struct seal_http *, const struct seal_aws_key *);

/* The same with "...", for use inside. */
enum seal_status host_fail(struct op_work *, enum seal_status, const char *fmt, ...) PRINTF(3, 4);
/* x's URL, the endpoint put before it where it is only a path. */
const char *host_url(struct op_work *, const struct seal_http *);
/* JSON text in the operation's memory. */
char *host_json_write(struct op_work *, const struct json_object *);
/* Reply text as JSON; NULL when it is none.  Lives as long as the work. */
const struct seal_json *host_json_read(struct op_work *, const char *text, size_t len);

#endif
