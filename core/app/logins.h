/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * logins.h - dns blocks made ready: plugin loaded, every option checked and its value fetched. */
#ifndef APP_LOGINS_H
#define APP_LOGINS_H

#include "app/configuration.h"
#include "provider/login.h"

struct logins {
	struct login **at;
	size_t n;
};
/* Complains about everything that is wrong; blocks without errors are in `ret`.  plugins_init()
 * must have been called.  warnings: a secret written into a file that others can read. */
enum seal_status logins_make(struct dns_block *const *, size_t n, const char *dir,
			     struct logins *ret, struct complaints *errors,
			     struct complaints *warnings);
void logins_free(struct logins *);

#endif
