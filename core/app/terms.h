/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * terms.h - terms of service: asked on a terminal, once, before an account is made. */
#ifndef APP_TERMS_H
#define APP_TERMS_H

#include "app/app.h"

/* Sets conf->agreed when there is an account already, or the operator says yes.  Where nobody can
 * be asked nothing happens: registration then fails by itself and names the URL.  EXIT_OPERATOR:
 * the answer was no. */
int terms_settle(struct app *, struct account_conf *);

#endif
