/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_probe.c - what a port serves, and whether it is what we hold. */
#include "config.h"

#include "app/subjects.h"
#include "base/clock.h"
#include "base/encode.h"
#include "crypto/cert.h"
#include "dns/name.h"
#include "net/peer.h"

#include <stdio.h>
#include <string.h>

enum ours { /* the later of two says more */
	OURS_NOT,   /* no certificate of ours has this name */
	OURS_OTHER, /* one has the name, and another is served */
	OURS_KEY,   /* its key, but another certificate: an older one that was kept */
	OURS_LIVE,
};
static const char *const ours_names[] = {
	[OURS_NOT] = "none", [OURS_OTHER] = "other", [OURS_KEY] = "older", [OURS_LIVE] = "live"
};

struct probe {
	struct app *app;
	struct peer_address to;
	struct peer_look look;
	struct chain chain;
	bool exists; /* our store */
	enum ours ours;
	char *certificate; /* of ours that it is compared with */
	unsigned generation;
	char *serial; /* of that one */
	size_t n_ours; /* certificates in its chain */
	enum peer_key other; /* of the second certificate that is ours too, or PEER_KEY_ANY */
};

static const char *asked_name(const struct probe *x)
{
	return x->look.sni ? x->look.sni : x->look.host;
}

/* Does the certificate have this name, or the wildcard one label above it (RFC 6125 6.4.3)? */
static bool covers(const struct cert_info *leaf, const char *name)
{
	const char *parent = name_parent(name);

	for (size_t i = 0; i < leaf->names.n; i++) {
		const char *has = leaf->names.at[i];
		if (name_same(has, name) ||
		    (starts_with(has, "*.") && name_same(has + 2, parent)))
			return true;
	}
	return false;
}

/* -- ours ----------------------------------------------------------------------------------- */

static enum ours compare(const struct cert_info *served, const struct chain *live, const char *name)
{
	const struct cert_info *leaf = &live->at[0];

	if (!live->n)
		return OURS_NOT;
	if (!memcmp(served->sha256, leaf->sha256, sizeof(leaf->sha256)))
		return OURS_LIVE;
	if (!memcmp(served->spki, leaf->spki, sizeof(leaf->spki)))
		return OURS_KEY;
	return covers(leaf, name) ? OURS_OTHER : OURS_NOT;
}

static enum peer_key family(enum key_type type)
{
	return strcmp(key_type_family(type), "rsa") ? PEER_KEY_ECDSA : PEER_KEY_RSA;
}

/* One of a pair is compared with the one that it was asked for, when that is known. */
static void compare_chain(struct probe *x, const char *cert, const struct live *live,
			  const struct chain *chain)
{
	enum key_type own = chain == &live->twin ? live->twin_key : live->key;
	enum key_type other = chain == &live->twin ? live->key : live->twin_key;
	enum ours found = compare(&x->chain.at[0], chain, asked_name(x));
	bool is_asked = x->look.key == PEER_KEY_ANY || family(own) == x->look.key;

	if (found <= x->ours || (found == OURS_OTHER && !is_asked))
		return;
	x->ours = found;
	x->generation = live->generation;
	x->n_ours = chain->n;
	x->other = live->has_twin ? family(other) : PEER_KEY_ANY;
	free_p(&x->certificate);
	free_p(&x->serial);
	x->certificate = str_copy(cert);
	x->serial = str_copy(chain->at[0].serial);
}

static void compare_all(struct probe *x)
{
	scoped(words_free) struct words certs = { 0 };
	struct story ignored = { 0 };

	if (x->exists)
		store_certs(&x->app->store, &certs);
	for (size_t i = 0; i < certs.n; i++) {
		struct live live = { 0 };
		if (!live_read(&x->app->store, certs.at[i], &live, &ignored)) {
			compare_chain(x, certs.at[i], &live, &live.chain);
			compare_chain(x, certs.at[i], &live, &live.twin);
		}
		live_free(&live);
	}
}

/* The certificate alone, where ours has others behind it: most clients cannot verify that. */
static bool is_bare(const struct probe *x)
{
	return x->ours == OURS_LIVE && x->chain.n == 1 && x->n_ours > 1;
}

/* -- telling -------------------------------------------------------------------------------- */

static char *said_of_ours(const struct probe *x)
{
	switch (x->ours) {
	case OURS_LIVE:
		return str_printf("yes: %s, generation %u", x->certificate, x->generation);
	case OURS_KEY:
		return str_printf("no: the key of %s, but not its live certificate (serial %s)",
				  x->certificate, x->serial);
	case OURS_OTHER:
		return str_printf("no: %s, generation %u, has serial %s", x->certificate,
				  x->generation, x->serial);
	case OURS_NOT:
		break;
	}
	return str_copy("there is none of ours for this name");
}

static void put(const char *label, const char *text)
{
	printf("  %-9s %s\n", label, text);
}

static void put_hash(const char *label, const uint8_t hash[32])
{
	scoped(free_p) char *text = hex(hash, 32);

	put(label, text);
}

static void print_answer(const struct probe *x)
{
	const struct cert_info *leaf = &x->chain.at[0];
	scoped(free_p) char *names = words_join(&leaf->names, " ");
	scoped(free_p) char *ours = said_of_ours(x);
	int64_t left = leaf->not_after - clock_wall();
	char from[32], to[32], span[32];

	printf("%s port %u (%s, %s): %s\n", x->look.host, x->look.port,
	       peer_starttls_name(x->look.how), x->look.address, x->look.version);
	put("names", names);
	printf("  %-9s %s to %s (%s%s)\n", "valid", show_date(leaf->not_before, from),
	       show_date(leaf->not_after, to), left < 0 ? "over since " : "",
	       show_duration(left < 0 ? -left : left, span));
	put("issuer", leaf->issuer);
	for (size_t i = 1; i < x->chain.n; i++)
		put(i == 1 ? "chain" : "", x->chain.at[i].subject);
	put("serial", leaf->serial);
	put_hash("SHA-256", leaf->sha256);
	put_hash("SPKI", leaf->spki);
	put("ours", ours);
	if (is_bare(x))
		printf("  %-9s its intermediate certificates are not served: give it "
		       "fullchain.pem, not cert.pem\n",
		       "note");
	if (!covers(leaf, asked_name(x)))
		printf("  %-9s it is not for the name %s\n", "note", asked_name(x));
}

static void add_hash(struct json_object *o, const char *member, const uint8_t hash[32])
{
	scoped(free_p) char *text = hex(hash, 32);

	json_text(o, member, text);
}

static void print_json(const struct probe *x)
{
	const struct cert_info *leaf = &x->chain.at[0];
	struct json_object *o = event_new("probe", x->certificate);
	struct json_object *chain = json_object_new_array();

	for (size_t i = 0; i < x->chain.n; i++)
		json_object_array_add(chain, json_object_new_string(x->chain.at[i].subject));
	json_text(o, "host", x->look.host);
	json_number(o, "port", x->look.port);
	json_text(o, "address", x->look.address);
	json_text(o, "starttls", peer_starttls_name(x->look.how));
	json_text(o, "version", x->look.version);
	json_object_object_add(o, "names", json_words(&leaf->names));
	json_time(o, "not_before", leaf->not_before);
	json_time(o, "not_after", leaf->not_after);
	json_text(o, "issuer", leaf->issuer);
	json_object_object_add(o, "chain", chain);
	json_text(o, "serial", leaf->serial);
	add_hash(o, "sha256", leaf->sha256);
	add_hash(o, "spki", leaf->spki);
	json_text(o, "ours", ours_names[x->ours]);
	json_text(o, "ours_serial", x->serial);
	if (x->generation)
		json_number(o, "generation", x->generation);
	json_object_object_add(o, "chain_missing", json_object_new_boolean(is_bare(x)));
	json_print(o);
}

/* -- the command ---------------------------------------------------------------------------- */

/* HOST[:PORT], or as a configuration has it: smtp://HOST[:PORT]. */
static int read_address(struct probe *x, const char *text)
{
	struct app *a = x->app;
	struct story story = { 0 };
	const char *how = a->opt.starttls;
	enum peer_starttls kind;
	unsigned port;

	if (how && (!peer_starttls_read(how, &kind, &port) || kind == PEER_TLS)) {
		story_fail(&story, SEAL_ECONFIG, "--starttls %s: no such protocol", clean(how));
		story_hint(&story, "smtp, lmtp, imap, pop3, sieve, ftp, nntp, postgres, mysql, "
				   "ldap and xmpp are possible");
		return app_fail(a, NULL, &story);
	}
	scoped(free_p) char *whole = how && !strstr(text, "://")
					     ? str_printf("%s://%s", how, text)
					     : str_copy(text);
	if (peer_address_read(whole, &x->to))
		return EXIT_DONE;
	story_fail(&story, SEAL_ECONFIG, "'%s' is not HOST[:PORT]", clean(text));
	return app_fail(a, NULL, &story);
}

/* The last answer goes; what is asked stays. */
static void forget(struct probe *x)
{
	peer_look_free(&x->look);
	chain_free(&x->chain);
	x->chain = (struct chain){ 0 };
	free_p(&x->certificate);
	free_p(&x->serial);
	x->certificate = x->serial = NULL;
	x->ours = OURS_NOT;
	x->generation = 0;
}

static enum seal_status look(struct probe *x, enum peer_key key)
{
	struct app *a = x->app;
	struct waiter w;

	forget(x);
	x->look.key = key;
	peer_look_start(a->pool, &x->look, waiter_begin(&w, a));
	app_wait(a, &w);
	if (x->look.story.st)
		return x->look.story.st;
	return chain_read_der(x->look.chain.data, x->look.chain.len, &x->chain, &x->look.story);
}

static int judge(struct probe *x)
{
	compare_all(x);
	if (x->app->ui.mode == UI_JSON)
		print_json(x);
	else
		print_answer(x);
	return x->ours == OURS_OTHER || x->ours == OURS_KEY || is_bare(x) ? EXIT_DEPLOY : EXIT_DONE;
}

/* The other certificate of a pair of ours.  Whoever does not have that serves half of it. */
static int judge_other(struct probe *x)
{
	struct app *a = x->app;
	bool is_rsa = x->other == PEER_KEY_RSA;

	if (look(x, x->other)) {
		story_prefix(&x->look.story, "the %s certificate of the pair: ",
			     is_rsa ? "RSA" : "ECDSA");
		(void)app_fail(a, NULL, &x->look.story);
		return EXIT_DEPLOY;
	}
	if (a->ui.mode != UI_JSON)
		printf("with an %s key\n", is_rsa ? "RSA" : "ECDSA");
	return judge(x);
}

static int probe(struct probe *x)
{
	struct app *a = x->app;
	int status = app_configure(a, READ_SHAPE);

	if (!status)
		status = read_address(x, a->args.at[0]);
	if (!status)
		status = app_store_look(a, &x->exists);
	if (status)
		return status;
	x->look.host = x->to.at.host;
	x->look.port = x->to.at.port;
	x->look.how = x->to.how;
	x->look.ip = a->opt.ip;
	app_network(a);
	if (look(x, PEER_KEY_ANY))
		return app_fail(a, NULL, &x->look.story);
	status = judge(x);
	return x->other == PEER_KEY_ANY ? status : exit_worse(status, judge_other(x));
}

int cmd_probe(struct app *a)
{
	struct probe x = { .app = a };
	int status = probe(&x);

	forget(&x);
	return status;
}
