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
 * must have been called.
 *
 * errors     what is written is wrong
 * troubles   what is written is fine, but what it names is not there: a file, a variable, a
 *            program's output, the plugin.  The same as errors: no login then.  Others: the login
 *            is made, and whoever needs it fails with its trouble (provider/login.h)
 * warnings   a secret written into a file that others can read */
struct logins_talk {
	struct complaints *errors, *troubles, *warnings;
};
enum seal_status logins_make(struct dns_block *const *, size_t n, const char *dir,
			     struct logins *ret, const struct logins_talk *);
void logins_free(struct logins *);

#endif
