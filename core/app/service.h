/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * service.h - what a service manager is told: sd_notify(3)'s datagrams, which need no library.
 * Without a manager ($NOTIFY_SOCKET) nothing is sent. */
#ifndef APP_SERVICE_H
#define APP_SERVICE_H

#include "base/buf.h"

#include <stdint.h>

struct service {
	int fd; /* connected, or -1 */
	uint32_t watchdog_ms; /* it wants to hear of us within this; 0: never */
};
/* Takes the variables out of the environment: they are not for children. */
void service_begin(struct service *);
/* "READY=1", "STATUS=..."; newlines separate several.  Secrets are struck out. */
void service_tell(const struct service *, const char *fmt, ...) PRINTF(2, 3);
void service_end(struct service *);

#endif
