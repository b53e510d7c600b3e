/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * store.h - the state directory: generations of certificates, the order in flight, accounts.
 *
 *   STATE/                     0711
 *     accounts/HOST-HASH8/     0700  account.json key.pem
 *     certs/CERT/              0750  live -> gen-000012
 *       gen-000012/                  privkey.pem cert.pem chain.pem fullchain.pem keyfull.pem
 *                                    meta.json
 *       order/                 0700  privkey.pem csr.der order.json   (the order in flight)
 *       state.json
 *     journal/changes.log  locks/
 *
 * `live` is the only thing that is ever switched, by rename(2).  Every failure is SEAL_ESTORAGE
 * with path, step and reason; nothing that was live is touched by it. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/file.h"
#include "base/json.h"
#include "crypto/cert.h"
#include "store/state.h"

struct store {
	char *dir;
};
#define CERT_NAME_MAX 64
bool cert_name_ok(const char *name); /* [a-z0-9][a-z0-9._-]{0,63}, no ".." */

/* Makes what is missing; refuses a tree that others own or may write (the sentence says the
 * command that mends it).  Root works in somebody's tree as that user: see base/owner.h. */
enum seal_status store_open(struct store *, const char *dir, struct story *) MUST_CHECK;
/* The same without writing: SEAL_ENOTFOUND when there is no such directory yet. */
enum seal_status store_look(struct store *, const char *dir, struct story *) MUST_CHECK;
void store_close(struct store *);
/* DIR/... ; the caller's. */
char *store_path(const struct store *, const char *fmt, ...) PRINTF(2, 3);
/* Names of all certificates on disk, sorted. */
void store_certs(const struct store *, struct words *ret);
enum seal_status store_lock_cert(const struct store *, const char *cert, int64_t wait_ms,
				 struct lock *, struct story *) MUST_CHECK;

struct live { /* what `live` points at */
	bool exists;
	unsigned generation;
	char *dir;           /* real path of the generation */
	struct chain chain;
	enum key_type key;
	bool has_twin; /* a second pair, of the other family of keys */
	enum key_type twin_key;
	struct chain twin; /* its chain, where the first one was read whole */
	struct json_object *meta; /* may be NULL */
};
/* exists false and SEAL_OK when there is none.  A broken one is SEAL_ESTORAGE. */
enum seal_status live_read(const struct store *, const char *cert, struct live *ret,
			   struct story *) MUST_CHECK;
/* The same from meta.json alone, which costs next to nothing: no other file is read, and `chain`
 * has one certificate with names, dates, serial, aki and issuer_cn only, that of a twin with dates.
 * Earlier releases wrote no issuer (NULL) and nothing of a twin's dates (`twin` is empty).
 * SEAL_ENOTFOUND when that file does not say enough, or key or chain is not there; `meta` is what
 * could be read of it. */
enum seal_status live_glance(const struct store *, const char *cert, struct live *ret,
			     struct story *) MUST_CHECK;
void live_free(struct live *);
/* "privkey.pem" and its like as the second pair's: "privkey.rsa.pem"; family NULL: the first
 * pair's own.  The caller's. */
char *pair_file(const char *name, const char *family);

/* After the cert lock is held: remove *.tmp, orphans and the order that `live` came from, point a
 * `live` that is missing or damaged at the newest complete generation. */
struct repair {
	struct buf note; /* what was mended; "" when nothing */
	bool damaged;	 /* what is live is, and nothing complete is there to take its place */
};
void repair_free(struct repair *);
enum seal_status store_repair(const struct store *, const char *cert, struct repair *ret,
			      struct story *) MUST_CHECK;

/* The order in flight.  begin: privkey.pem, csr.der durable (and 64 KiB of reserve, so that a full
 * disk is found now); load: SEAL_ENOTFOUND when there is none. */
struct order_file {
	const char *family; /* NULL: the first pair's; else of a second one (pair_file()) */
	struct key *key;
	struct buf csr;
	char *url; /* of the order; NULL until newOrder was answered */
	struct words names;
	char *ca;  /* directory URL */
	char *kid; /* account that made it */
	char *profile; /* that was asked for, or NULL */
};
enum seal_status order_file_begin(const struct store *, const char *cert, struct order_file *,
				  struct story *) MUST_CHECK;
/* Gives the reserve back: this is what it was kept for. */
void order_file_let_go(const struct store *, const char *cert);
/* The second key and its request, beside the first. */
enum seal_status order_file_add(const struct store *, const char *cert, struct order_file *,
				struct story *) MUST_CHECK;
void order_file_forget(const struct store *, const char *cert, const struct order_file *);
enum seal_status order_file_save(const struct store *, const char *cert, const struct order_file *,
				 struct story *) MUST_CHECK; /* order.json */
enum seal_status order_file_load(const struct store *, const char *cert, struct order_file *,
				 struct story *) MUST_CHECK;
/* Was one begun whose URL never came to be known? */
bool order_file_is_nameless(const struct store *, const char *cert, const struct order_file *);
enum seal_status order_file_drop(const struct store *, const char *cert, struct story *) MUST_CHECK;
/* Drops the order in flight when it is that at url, which is over: its certificate is live. */
enum seal_status order_file_settle(const struct store *, const char *cert, const char *url,
				   struct story *) MUST_CHECK;
void order_file_free(struct order_file *);

/* A verified chain and its key become the next generation and live (reliability: 13 steps, each
 * crash state consistent); the order in flight is dropped, generations that are not among the
 * last `keep` old ones and older than 7 days are pruned.  meta: written as meta.json; borrowed. */
struct install {
	const char *cert;
	const struct key *key; /* without a private half: no key is written */
	const struct chain *chain;
	const struct key *twin_key; /* a second pair, or NULL */
	const struct chain *twin_chain;
	const struct json_object *meta;
	const char *group; /* or NULL */
	unsigned keep;
	unsigned ret_generation;
	char *ret_dir; /* the caller's */
};
enum seal_status store_install(const struct store *, struct install *, struct story *) MUST_CHECK;
/* A chain that was refused, for inspection: certs/CERT/rejected.pem. */
void store_reject(const struct store *, const char *cert, const char *pem, size_t len);

/* Accounts.  The key is durable before it is used, the kid as soon as it is known. */
struct account_file {
	struct key *key;
	char *kid; /* NULL: not yet registered */
	char *ca;  /* directory URL */
	struct words contact;
	int64_t created;
	char *dir; /* "HOST-HASH8" */
};
enum seal_status account_load(const struct store *, const char *ca_url, struct account_file *,
			      struct story *) MUST_CHECK; /* SEAL_ENOTFOUND: none */
/* A new key, durable. */
enum seal_status account_make(const struct store *, const char *ca_url, enum key_type,
			      struct account_file *, struct story *) MUST_CHECK;
enum seal_status account_save(const struct store *, const struct account_file *,
			      struct story *) MUST_CHECK;
void account_list(const struct store *, struct words *ret_dirs);
enum seal_status account_load_dir(const struct store *, const char *dir, struct account_file *,
				  struct story *) MUST_CHECK;
void account_file_free(struct account_file *);
/* A key on its way into force: key.pem.next, durable before the CA is asked to change to it.  After
 * a crash both are tried (engine/rollover.h). */
bool account_has_next(const struct store *, const struct account_file *);
enum seal_status account_next_write(const struct store *, const struct account_file *,
				    const struct key *, struct story *) MUST_CHECK;
enum seal_status account_next_load(const struct store *, const struct account_file *,
				   struct key **, struct story *) MUST_CHECK;
/* Seconds since it was written; INT64_MAX: nobody can tell. */
int64_t account_next_age(const struct store *, const struct account_file *);
enum seal_status account_next_adopt(const struct store *, const struct account_file *,
				    struct story *) MUST_CHECK; /* it is key.pem now */
enum seal_status account_next_drop(const struct store *, const struct account_file *,
				   struct story *) MUST_CHECK;
/* An account from elsewhere: key and kid; SEAL_ECONFIG when there is one at this CA already. */
enum seal_status account_import(const struct store *, const struct account_file *,
				struct story *) MUST_CHECK;
/* Its folder under another name, so that a new one can be made. */
enum seal_status account_retire(const struct store *, const struct account_file *,
				struct story *) MUST_CHECK;
char *account_dir(const char *ca_url); /* "HOST-HASH8"; the caller's */
/* Path of the lock under which the account at that CA is made or changed; the caller's. */
char *account_lock(const struct store *, const char *ca_url);

#endif
