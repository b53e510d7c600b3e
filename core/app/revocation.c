/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/revocation.h"

#include "acme/revoke.h"
#include "app/subjects.h"
#include "app/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (256u << 10)

struct revocation {
	struct app *app;
	const char *cert; /* NULL: a file's */
	const struct cert_info *leaf;
	const char *ca_url; /* NULL: as --ca or the configuration says */
	const char *key_path;
	unsigned reason;
	enum revoke_by by;
};

static const char *about(const struct revocation *r)
{
	return r->cert ? r->cert : "certificate";
}

/* -- one certificate, one request ----------------------------------------------------------- */

/* The account it was ordered with: by the CA's URL when that is known. */
static int find_account(struct revocation *r, struct account_block **ret)
{
	struct app *a = r->app;
	const struct account_block *base = NULL;
	const char *said = a->opt.ca;

	if (!said)
		a->opt.ca = r->ca_url;
	if (!a->opt.ca)
		base = account_default(a->conf);
	if (!a->opt.ca && !base) {
		complain(&a->errors, NULL, 0, "which CA issued it?");
		complain_hint(&a->errors, "say it with --ca CA|URL");
		return app_complaints(a);
	}
	*ret = subject_account(a->conf, &a->opt, base, &a->errors);
	a->opt.ca = said;
	return app_complaints(a);
}

static int read_key(const struct revocation *r, struct key **ret)
{
	struct story story = { 0 };
	scoped(buf_free) struct buf pem = { 0 };

	if (!file_read_any(r->key_path, FILE_MAX, &pem, &story) &&
	    !key_read(pem.data, pem.len, ret, &story))
		return EXIT_DONE;
	if (story.st == SEAL_EINVAL)
		story_prefix(&story, "%s: ", r->key_path);
	story.st = SEAL_ECONFIG;
	story_hint(&story, "--by account needs no key");
	return app_fail(r->app, r->cert, &story);
}

static void tell(const struct revocation *r, const struct post *post)
{
	bool already = post->problem.type == PROBLEM_ALREADY_REVOKED;

	if (r->app->ui.mode != UI_JSON) {
		printf("%s: %s, serial %s (%s)\n", about(r),
		       already ? "was revoked already" : "revoked", r->leaf->serial,
		       revoke_reason_name(r->reason));
		return;
	}
	struct json_object *o = event_new("revoked", r->cert);
	json_text(o, "serial", r->leaf->serial);
	json_text(o, "reason", revoke_reason_name(r->reason));
	json_object_object_add(o, "already", json_object_new_boolean(already));
	json_print(o);
}

static int send(struct revocation *r, struct visit *v, const struct key *key)
{
	scoped(buf_free) struct buf der = { 0 };
	struct post post = { 0 };
	struct story story = { 0 };
	int status = EXIT_DONE;

	if (!v->ca->dir.revoke_cert || !cert_der(r->leaf, &der)) {
		story_fail(&story, SEAL_EUNSUPPORTED, "%s offers no revocation", v->ca->url);
		return app_fail(r->app, r->cert, &story);
	}
	scoped(free_p) char *payload = revoke_payload(der.data, der.len, r->reason);
	post = (struct post){ .url = v->ca->dir.revoke_cert,
			      .payload = payload,
			      .key = key,
			      .with_jwk = key != NULL };
	visit_post(v, &post);
	if (revoke_is_done(&post)) {
		tell(r, &post);
	} else {
		story_prefix(&post.story, "revocation at %s: ", v->ca->url);
		if (!key && post.problem.type == PROBLEM_UNAUTHORIZED) {
			post.story.st = SEAL_EOPERATOR;
			story_hint(&post.story, "another account ordered it: --by key needs none");
		}
		status = app_fail(r->app, r->cert, &post.story);
	}
	post_free(&post);
	return status;
}

static int revoke_one(struct revocation *r)
{
	struct account_block *account = NULL;
	scoped(key_free_p) struct key *key = NULL;
	struct visit v = { .lock = LOCK_NONE };
	int status = find_account(r, &account);

	if (!status && r->by == REVOKE_BY_KEY)
		status = read_key(r, &key);
	if (status)
		return status;
	status = visit_begin(&v, r->app, &account->conf,
			     key ? VISIT_NOBODY : VISIT_ACCOUNT);
	if (!status)
		status = send(r, &v, key);
	visit_end(&v);
	return status;
}

/* -- what is live --------------------------------------------------------------------------- */

/* So that a new one is due, with a new key. */
static int remember(const struct revocation *r, const char *serial)
{
	const struct store *store = &r->app->store;
	struct cert_state state = { 0 };
	struct story story = { 0 };
	enum seal_status st = cert_state_load(store, r->cert, &state, &story);

	if (!st) {
		bool again = state.revoked && !strcmp(state.revoked, serial);
		state.key_leaked = r->reason == REVOKE_KEY_COMPROMISE ||
				   (again && state.key_leaked);
		free(state.revoked);
		state.revoked = str_copy(serial);
		st = cert_state_save(store, r->cert, &state, &story);
	}
	cert_state_free(&state);
	return st ? app_fail(r->app, r->cert, &story) : EXIT_DONE;
}

static int revoke_pair(struct revocation *r, const struct live *live)
{
	scoped(free_p) char *key = str_printf("%s/privkey.pem", live->dir);
	scoped(free_p) char *file = pair_file("privkey.pem", key_type_family(live->twin_key));
	scoped(free_p) char *twin = str_printf("%s/%s", live->dir, file);

	r->ca_url = json_str(live->meta, "ca");
	r->leaf = &live->chain.at[0];
	r->key_path = key;
	int status = revoke_one(r);
	if (status)
		return status;
	status = remember(r, live->chain.at[0].serial);
	if (!live->has_twin)
		return status;
	r->leaf = &live->twin.at[0];
	r->key_path = twin;
	return exit_worse(status, revoke_one(r));
}

int revoke_live(struct app *a, const char *cert, unsigned reason, enum revoke_by by)
{
	struct revocation r = { .app = a, .cert = cert, .reason = reason, .by = by };
	struct live live = { 0 };
	struct lock lock = LOCK_NONE;
	struct story story = { 0 };
	int status;

	if (store_lock_cert(&a->store, cert, (int64_t)a->opt.wait_s * 1000, &lock, &story) ||
	    live_read(&a->store, cert, &live, &story)) {
		status = app_fail(a, cert, &story);
	} else if (!live.exists) {
		story_fail(&story, SEAL_ECONFIG, "nothing is live");
		status = app_fail(a, cert, &story);
	} else {
		status = revoke_pair(&r, &live);
	}
	live_free(&live);
	lock_drop(&lock);
	return status;
}

/* -- a file --------------------------------------------------------------------------------- */

/* The certificates of a file that may hold a key too. */
static enum seal_status read_chain(const char *path, struct chain *ret, struct story *story)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	scoped(buf_free) struct buf pem = { 0 };
	enum seal_status st = file_read_any(path, FILE_MAX, &pem, story);

	if (st) {
		story->st = SEAL_ECONFIG;
		return SEAL_ECONFIG;
	}
	const char *at = memmem(pem.data, pem.len, begin, strlen(begin));
	if (!at)
		return story_fail(story, SEAL_ECONFIG, "%s holds no certificate in PEM", path);
	if (chain_read(at, pem.len - (size_t)(at - pem.data), ret, story))
		return story_fail(story, SEAL_ECONFIG, "%s holds no chain of certificates in PEM",
				  path);
	return SEAL_OK;
}

enum match { MATCH_NOT, MATCH_KEY, MATCH_SAME };

static enum match match(const struct chain *live, const struct cert_info *leaf)
{
	if (live->n && !memcmp(live->at[0].sha256, leaf->sha256, sizeof(leaf->sha256)))
		return MATCH_SAME;
	return live->n && !memcmp(live->at[0].spki, leaf->spki, sizeof(leaf->spki)) ? MATCH_KEY
										    : MATCH_NOT;
}

/* Is it live here, or at least its key?  ret_cert: under which name; the caller's. */
static enum match find_live(struct app *a, const struct cert_info *leaf, char **ret_cert)
{
	scoped(words_free) struct words certs = { 0 };
	struct story ignored = { 0 };
	enum match found = MATCH_NOT;

	store_certs(&a->store, &certs);
	for (size_t i = 0; i < certs.n && found != MATCH_SAME; i++) {
		struct live live = { 0 };
		enum match first = MATCH_NOT, second = MATCH_NOT;
		if (!live_read(&a->store, certs.at[i], &live, &ignored) && live.exists) {
			first = match(&live.chain, leaf);
			second = match(&live.twin, leaf);
		}
		if (first < second)
			first = second;
		if (first > found) {
			free(*ret_cert);
			*ret_cert = str_copy(certs.at[i]);
			found = first;
		}
		live_free(&live);
	}
	return found;
}

/* In the file itself, or in privkey.pem beside it. */
static char *find_key(const char *path)
{
	scoped(buf_free) struct buf pem = { 0 };
	struct story ignored = { 0 };
	const char *slash = strrchr(path, '/');

	if (!file_read_any(path, FILE_MAX, &pem, &ignored) &&
	    memmem(pem.data, pem.len, "PRIVATE KEY-----", strlen("PRIVATE KEY-----")))
		return str_copy(path);
	return str_printf("%.*sprivkey.pem", slash ? (int)(slash - path + 1) : 0, path);
}

int revoke_file(struct app *a, const char *path, unsigned reason, enum revoke_by by,
		char **ret_cert)
{
	scoped(chain_free) struct chain chain = { 0 };
	scoped(free_p) char *key = find_key(path);
	struct story story = { 0 };

	*ret_cert = NULL;
	if (read_chain(path, &chain, &story))
		return app_fail(a, NULL, &story);
	struct revocation r = {
		.app = a, .leaf = &chain.at[0], .key_path = key, .reason = reason, .by = by
	};
	enum match found = find_live(a, r.leaf, ret_cert);
	if (found == MATCH_SAME)
		return revoke_live(a, *ret_cert, reason, by);
	int status = revoke_one(&r);
	if (found == MATCH_KEY && reason == REVOKE_KEY_COMPROMISE) /* it leaked for both */
		return exit_worse(status, revoke_live(a, *ret_cert, reason, by));
	free_p(ret_cert);
	*ret_cert = NULL;
	return status;
}
