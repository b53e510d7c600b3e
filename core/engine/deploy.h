/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deploy.h - put a live certificate where its services want it, make them load it, and see that
 * they serve it.  A reload that exits 0 proves nothing; what the port shows does.
 *
 *   WRITE (all targets) -> EXEC -> RELOAD -> PROBE -> OVER
 *
 * A target's state (generation, tries, what was said) is in state.json; a target that failed is
 * tried again at every run until it works, never after it worked.  Runs after the switch of `live`,
 * under the certificate's lock. */
#ifndef ENGINE_DEPLOY_H
#define ENGINE_DEPLOY_H

#include "engine/engine.h"
#include "engine/hooks.h"
#include "net/peer.h"

enum deploy_write { WRITE_ATOMIC, WRITE_IN_PLACE };
/* In the order in which they are switched: keys first. */
enum deploy_form {
	FORM_KEY,
	FORM_KEY_DER,
	FORM_KEYFULL, /* key, leaf, chain */
	FORM_FULLKEY, /* leaf, chain, key */
	FORM_PKCS12,
	FORM_FULLCHAIN,
	FORM_CERT,
	FORM_CHAIN,
	FORM_CERT_DER,
	DEPLOY_FORMS
};
const char *deploy_form_name(enum deploy_form); /* its word in the configuration */

struct probe_conf {
	char *said; /* "smtp://127.0.0.1:25" */
	enum peer_starttls how;
	char *host;
	unsigned port;
	char *sni; /* or NULL: the first name of the certificate */
};
struct target_conf { /* a `deploy` block, or a `deploy` hook */
	char *name;   /* "nginx", "copy", "copy/2": unique in its certificate, key of its state */
	char *preset; /* as written */
	char *file[DEPLOY_FORMS]; /* absolute destination or NULL */
	bool makes_folders;	  /* of these files: when the preset chose the place */
	char *owner, *group;	  /* or NULL: as they come */
	unsigned mode;		  /* of files with a key; 0: 0600, 0640 with a group */
	enum deploy_write write;
	struct words exec;	   /* argv of a program for this certificate; or empty */
	struct words test, reload; /* argv for the service; or empty.  test runs before reload */
	char *socket;		   /* HAProxy's runtime API, or NULL; reload when it cannot do it */
	char *pkcs12_source;	   /* of the password, as written; or NULL */
	char *pkcs12_password;	   /* or NULL: empty */
	char *trouble;		   /* why it cannot be carried out, or NULL */
	struct probe_conf *probe;
	size_t n_probe;
	uint32_t timeout_s; /* of each program; 0 = 300 */
	char *origin;	    /* "FILE:LINE" */
};

enum deploy_which {
	DEPLOY_PENDING, /* what does not hold this generation, or failed the last time */
	DEPLOY_ALL	/* all, again */
};
struct deploy_run {
	/* asked; borrowed until it is over */
	struct engine *engine;
	const struct cert_conf *cert;
	const char *dir; /* real path of the generation */
	unsigned generation;
	enum deploy_which which;
	struct cert_state *state; /* .targets is read and changed; the caller saves it */

	/* answered */
	struct story story; /* of the first target that failed; SEAL_ECANCELED too */
	size_t n_done, n_failed;

	/* private */
	struct task task, *waiter;
	struct deploy_work *work;
};
void deploy_start(struct deploy_run *, struct task *waiter); /* expects */
void deploy_cancel(struct deploy_run *);
void deploy_free(struct deploy_run *);

/* From here on an order of this certificate is under way: services that its targets reload wait a
 * moment for it, so that one reload does for several certificates of a run.  deploy_start() does
 * the same for its own while. */
struct deploy_coming {
	struct list link;
	const struct cert_conf *cert; /* borrowed */
};
void deploy_expect(struct engine *, struct deploy_coming *, const struct cert_conf *);
void deploy_expect_no_more(struct deploy_coming *); /* also where nothing was expected */

/* How many targets deploy_start() with DEPLOY_PENDING would see to.  0: no need to start it. */
size_t deploy_due(const struct cert_conf *, const struct cert_state *, unsigned generation);

/* Is this path a mount point of its own (a single file that was bind-mounted), so that `write
 * atomic` cannot replace it? */
bool deploy_is_mounted(const char *path);

#endif
