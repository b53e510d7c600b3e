/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deployment.h - run the targets of configured certificates, as `deploy` and `rollback` do. */
#ifndef APP_DEPLOYMENT_H
#define APP_DEPLOYMENT_H

#include "app/app.h"
#include "engine/deploy.h"

/* The store is open.  Takes each certificate's lock, keeps what became of it in state.json, says it
 * and returns the exit status. */
int deploy_certs(struct app *, struct cert_block *const *, size_t n, enum deploy_which);

/* The same for one certificate that became live again, if it is configured. */
int deploy_again(struct app *, const char *cert);

/* For `plan`: what the targets of a certificate do, a line each, and what they cannot. */
void deploy_plan(const struct cert_conf *);
struct json_object *deploy_plan_json(const struct cert_conf *); /* an array, an object each */

#endif
