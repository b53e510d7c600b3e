/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/service.h"

#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path, or '@' and the name of an abstract socket (sd_notify(3)).  -1: neither. */
static int connect_to(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	if ((*name != '/' && *name != '@') || len < 2 || len >= sizeof(a.sun_path))
		return -1;
	memcpy(a.sun_path, name, len);
	if (*name == '@')
		a.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (fd >= 0 && !connect(fd, (const struct sockaddr *)&a, size))
		return fd;
	log_line(LOG_WARN, "the service manager cannot be told: %s: %s", clean(name),
		 strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* $WATCHDOG_USEC, when it is meant for this process (sd_watchdog_enabled(3)). */
static uint32_t watchdog(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	unsigned long long n = us ? strtoull(us, NULL, 10) : 0;

	if (pid && strtoul(pid, NULL, 10) != (unsigned long)getpid())
		return 0;
	return n / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(n / 1000);
}

void service_begin(struct service *s)
{
	const char *name = getenv("NOTIFY_SOCKET");

	s->fd = name && *name ? connect_to(name) : -1;
	s->watchdog_ms = s->fd < 0 ? 0 : watchdog();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void service_tell(const struct service *s, const char *fmt, ...)
{
	va_list ap;

	if (s->fd < 0)
		return;
	va_start(ap, fmt);
	scoped(free_p) char *text = str_vprintf(fmt, ap);
	va_end(ap);
	scoped(free_p) char *shown = log_scrub(text);
	if (send(s->fd, shown, strlen(shown), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_line(LOG_DETAIL, "the service manager was not told: %s", strerror(errno));
}

void service_end(struct service *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
