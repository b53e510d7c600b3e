/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deploy_work.h - for engine/deploy*.c alone. */
#ifndef ENGINE_DEPLOY_WORK_H
#define ENGINE_DEPLOY_WORK_H

#include "engine/deploy.h"

#include <sys/stat.h>

/* -- deploy_files.c: in a worker ------------------------------------------------------------- */

struct put_file { /* one destination */
	char *path;
	enum deploy_form form;
	struct buf content;
	uid_t uid;
	gid_t gid;
	mode_t mode;

	bool existed;  /* before */
	bool changed;  /* is not yet, or was not, as it shall be */
	bool replaced; /* by us, perhaps in part */
	struct buf before;     /* what it held */
	struct stat info;
	char *fresh; /* the temporary file beside it, written; NULL: none */
};
struct put_files {
	/* asked */
	const struct target_conf *conf;
	const char *cert; /* its name */
	const char *dir;  /* of the generation */

	/* answered */
	struct story story;
	struct put_file *at;
	size_t n, n_changed;
};
/* Make the forms and bring the destinations to them; what is there already is left alone. */
void put_files_write(struct put_files *);
/* The service does not like them: what was there before comes back. */
void put_files_restore(struct put_files *);
bool put_files_can_restore(const struct put_files *);
void put_files_free(struct put_files *);

/* -- deploy_switch.c: one destination ------------------------------------------------------- */

enum seal_status put_prepare(struct put_file *, struct story *) MUST_CHECK; /* the temporary file */
enum seal_status put_rename(struct put_file *, struct story *) MUST_CHECK;
enum seal_status put_in_place(struct put_file *, struct story *) MUST_CHECK;

/* -- deploy_service.c: test and reload, once for many ---------------------------------------- */

struct service;
struct service_call {
	/* asked; borrowed until it is over */
	const struct cert_conf *cert;
	const struct words *environment;

	struct story story; /* the test refused, or the reload failed */
	struct list link;
	struct service *service;
	struct task *waiter;
};
/* Calls for the same service that come together are answered by one reload, also those of several
 * certificates; one that comes while it runs waits for the next.  The target's words are copied. */
void service_call_start(struct engine *, struct service_call *, const struct target_conf *,
			struct task *waiter); /* expects */
void service_call_cancel(struct service_call *); /* its waiter is told at once */

/* -- deploy_haproxy.c ------------------------------------------------------------------------ */

struct haproxy { /* the runtime API; in a worker */
	const char *socket;
	const char *file; /* as HAProxy knows it */
	const struct buf *pem;
	struct story story;
};
void haproxy_update(struct haproxy *);

/* -- deploy_probe.c -------------------------------------------------------------------------- */

struct probe_run {
	/* asked */
	struct engine *engine;
	const struct probe_conf *conf;
	const struct chain *chain; /* one of which must be served */
	const char *sni;
	enum peer_key key;

	/* answered */
	struct story story;

	/* private */
	struct task task, *waiter;
	struct timer timer;
	struct peer_look look;
	unsigned tries;
	bool canceled;
};
void probe_run_start(struct probe_run *, struct task *waiter); /* expects */
void probe_run_cancel(struct probe_run *);
void probe_run_free(struct probe_run *);

#endif
