/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * order_keys.c - the keys of an order, durable before the CA hears of it: those of an order in
 * flight, new ones, the ones that are live (`reuse-key`), or only the operator's own request. */
#include "config.h"

#include "engine/order_work.h"

#include <stdlib.h>
#include <string.h>

#define KEY_FILE_MAX 16384
#define CSR_FILE_MAX 65536

/* -- keys that are done for ----------------------------------------------------------------- */

enum fate { FATE_GOOD, FATE_REVOKED, FATE_LEAKED };

static bool is_of(const struct live *live, const struct key *key)
{
	return live->exists && (chain_has_key(&live->chain, key) ||
				(live->has_twin && chain_has_key(&live->twin, key)));
}

/* What became of this key: was the live certificate that it belongs to revoked? */
static enum fate fate_of(const struct store *store, const char *cert, const struct key *key)
{
	struct live live = { 0 };
	struct cert_state state = { 0 };
	struct story ignored = { 0 };
	enum fate ret = FATE_GOOD;

	if (!live_read(store, cert, &live, &ignored) && is_of(&live, key)) {
		if (cert_state_load(store, cert, &state, &ignored))
			ret = FATE_REVOKED; /* nobody can tell */
		else if (state.revoked && !strcmp(state.revoked, live.chain.at[0].serial))
			ret = state.key_leaked ? FATE_LEAKED : FATE_REVOKED;
	}
	cert_state_free(&state);
	live_free(&live);
	return ret;
}

/* -- is the order in flight still what is wanted? ------------------------------------------- */

static bool same_names(const struct words *a, const struct words *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!words_has(b, a->at[i]))
			return false;
	return a->n == b->n;
}

static bool same_profile(const struct order_file *f, const struct cert_conf *c)
{
	return !c->profile || (f->profile && !strcmp(f->profile, c->profile));
}

/* The operator's own request, the one that is configured; or a key of ours. */
static bool same_request(const struct order_file *f, const struct cert_conf *c)
{
	uint8_t spki[32];
	struct story ignored = { 0 };

	if (!c->csr || !key_is_public(f->key))
		return !c->csr && !key_is_public(f->key);
	return !key_spki_hash(f->key, spki, &ignored) && !memcmp(spki, c->csr_spki, sizeof(spki));
}

static bool is_wanted(const struct order_file *f, const struct cert_conf *c)
{
	return f->url && key_type(f->key) == c->key && same_names(&f->names, &c->names) &&
	       !strcmp(f->ca, c->account->url) && same_profile(f, c) && same_request(f, c);
}

/* -- where a key comes from ----------------------------------------------------------------- */

/* The live key of this type, or NULL. */
static struct key *live_key(const struct order *o, enum key_type type, const char *family)
{
	const struct store *store = o->engine->store;
	const char *cert = o->ask.cert->name;
	scoped(free_p) char *file = pair_file("privkey.pem", family);
	scoped(free_p) char *path = store_path(store, "certs/%s/live/%s", cert, file);
	scoped(buf_free) struct buf pem = { 0 };
	scoped(key_free_p) struct key *key = NULL;
	struct story ignored = { 0 };

	if (file_read(path, KEY_FILE_MAX, &pem, &ignored) ||
	    key_read(pem.data, pem.len, &key, &ignored) || fate_of(store, cert, key))
		return NULL;
	return key_type(key) == type ? take(key) : NULL;
}

static enum seal_status make_key(const struct order *o, enum key_type type, struct order_file *f,
				 struct story *story)
{
	const struct cert_conf *c = o->ask.cert;

	f->key = c->reuse_key && !o->ask.rehearse ? live_key(o, type, f->family) : NULL;
	enum seal_status st = f->key ? SEAL_OK : key_new(type, &f->key, story);
	return st ? st : csr_make(f->key, &c->names, &f->csr, story);
}

/* The operator's own request: we never see the key. */
static enum seal_status read_request(const struct order *o, struct order_file *f,
				     struct story *story)
{
	const struct cert_conf *c = o->ask.cert;
	scoped(buf_free) struct buf text = { 0 };
	enum seal_status st = file_read_any(c->csr, CSR_FILE_MAX, &text, story);

	if (!st)
		st = csr_read(text.data, text.len, &c->names, &f->csr, &f->key, story);
	if (st && st != SEAL_ESTORAGE) {
		story_prefix(story, "csr %s: ", c->csr);
		story->st = SEAL_ECONFIG;
	}
	if (st)
		return story->st;
	if (fate_of(o->engine->store, c->name, f->key) != FATE_LEAKED)
		return SEAL_OK;
	story_fail(story, SEAL_EOPERATOR, "csr %s: it is for the key that leaked", c->csr);
	story_hint(story, "make a new key and a request for it; nobody else has them");
	return SEAL_EOPERATOR;
}

/* -- both ----------------------------------------------------------------------------------- */

/* A rehearsal keeps nothing: the folder may hold a real order that the CA is still working on. */
static enum seal_status take_up(const struct order *o, struct order_file *f, struct story *story)
{
	if (o->ask.rehearse)
		return story_fail(story, SEAL_ENOTFOUND, "a rehearsal takes no order up");
	return order_file_load(o->engine->store, o->ask.cert->name, f, story);
}

static bool is_nameless(const struct order *o, const struct order_file *f)
{
	return !o->ask.rehearse &&
	       order_file_is_nameless(o->engine->store, o->ask.cert->name, f);
}

static enum seal_status begin_first(struct order *o, struct story *story)
{
	const struct cert_conf *c = o->ask.cert;
	struct order_file *f = &o->file;
	enum seal_status st = c->csr ? read_request(o, f, story) : make_key(o, c->key, f, story);

	if (st)
		return st;
	for (size_t i = 0; i < c->names.n; i++)
		words_add(&f->names, c->names.at[i]);
	f->ca = str_copy(c->account->url);
	return o->ask.rehearse ? SEAL_OK : order_file_begin(o->engine->store, c->name, f, story);
}

static enum seal_status take_first(struct order *o, struct story *story)
{
	const struct cert_conf *c = o->ask.cert;
	enum seal_status st = take_up(o, &o->file, story);

	if (!st && is_wanted(&o->file, c) && !fate_of(o->engine->store, c->name, o->file.key)) {
		o->resumed = true;
		return SEAL_OK;
	}
	order_file_free(&o->file);
	if (st == SEAL_ESTORAGE)
		return st;
	story_clear(story);
	o->find.wanted = is_nameless(o, &o->file);
	return begin_first(o, story);
}

/* The second key of a pair, in the same folder. */
static enum seal_status take_twin(struct order *o, struct story *story)
{
	const struct cert_conf *c = o->ask.cert;
	const struct store *store = o->engine->store;
	struct order_file *f = &o->twin;

	f->family = key_type_family(c->twin);
	o->find_twin = o->resumed && is_nameless(o, f);
	enum seal_status st = take_up(o, f, story);
	if (!st && o->resumed && key_type(f->key) == c->twin && !fate_of(store, c->name, f->key))
		return SEAL_OK;
	order_file_free(f);
	if (st == SEAL_ESTORAGE)
		return st;
	story_clear(story);
	f->family = key_type_family(c->twin);
	st = make_key(o, c->twin, f, story);
	if (st)
		return st;
	for (size_t i = 0; i < c->names.n; i++)
		words_add(&f->names, c->names.at[i]);
	f->ca = str_copy(c->account->url);
	return o->ask.rehearse ? SEAL_OK : order_file_add(store, c->name, f, story);
}

void order_make_keys(struct job *job)
{
	struct order *o = container_of(job, struct order, job);

	if (take_first(o, &o->job_story) || !o->ask.cert->has_twin)
		return; /* job_story tells */
	if (take_twin(o, &o->job_story))
		return; /* the same */
}

/* -- from the first to the second ----------------------------------------------------------- */

/* The first certificate is here.  At most CAs its authorizations are good for the second order too;
 * where they are not, the names are proved once more. */
void order_begin_twin(struct order *o)
{
	o->is_twin = true;
	o->first = o->file;
	o->file = o->twin;
	o->twin = (struct order_file){ 0 };
	o->first_chain = o->chain;
	o->chain = (struct chain){ 0 };
	o->first_certificate = take(o->res.certificate);
	order_res_free(&o->res);
	authz_free(o);
	dns01_clear(&o->dns);
	order_find_free(&o->find);
	o->find.wanted = o->find_twin;
	o->finalizes = o->polls = 0;
	o->spent = false;
	o->deadline_ms = 0;
	o->next = o->file.url ? ORDER_RESUME : ORDER_ZONE;
}
