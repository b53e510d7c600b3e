/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * visit.h - one CA, for commands that ask it something themselves: directory, our account there
 * when there is one, single requests.  Never makes an account. */
#ifndef APP_VISIT_H
#define APP_VISIT_H

#include "app/app.h"
#include "acme/post.h"
#include "engine/session.h"

enum visit_as {
	VISIT_ACCOUNT, /* our account there, which must be; its lock is held */
	VISIT_NOBODY   /* requests bring a key of their own */
};
struct visit {
	struct app *app;
	struct ca *ca; /* with directory; and key and kid */
	struct account_file *file;

	/* private */
	struct session *session;
	struct ca alone;
	struct directory_get directory;
	struct lock lock;
};
/* Says what went wrong and returns the exit status.  The conf's strings must last. */
int visit_begin(struct visit *, struct app *, const struct account_conf *, enum visit_as);
void visit_post(struct visit *, struct post *); /* waits; ca is filled in */
void visit_end(struct visit *);

#endif
