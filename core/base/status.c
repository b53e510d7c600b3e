/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/status.h"

#include <stdio.h>
#include <string.h>

enum seal_status story_vfail(struct story *s, enum seal_status st, const char *fmt, va_list ap)
{
	char text[sizeof(s->text)]; /* the arguments may lie in s */

	vsnprintf(text, sizeof(text), fmt, ap);
	memcpy(s->text, text, sizeof(text));
	s->hint[0] = '\0';
	s->problem[0] = '\0';
	s->retry_at = 0;
	s->st = st;
	return st;
}

enum seal_status story_fail(struct story *s, enum seal_status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	story_vfail(s, st, fmt, ap);
	va_end(ap);
	return st;
}

enum seal_status story_copy(struct story *to, const struct story *from)
{
	if (to != from)
		*to = *from;
	return from->st;
}

enum seal_status story_prefix(struct story *s, const char *fmt, ...)
{
	char text[sizeof(s->text)];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, "%s", s->text);
	memcpy(s->text, text, sizeof(text));
	return s->st;
}

void story_hint(struct story *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->hint, sizeof(s->hint), fmt, ap);
	va_end(ap);
}

void story_clear(struct story *s)
{
	memset(s, 0, sizeof(*s));
}

const char *status_name(enum seal_status st)
{
	switch (st) {
	case SEAL_OK:
		return "ok";
	case SEAL_EAGAIN:
		return "transient";
	case SEAL_ELIMIT:
		return "limit";
	case SEAL_EAUTH:
		return "auth";
	case SEAL_ENOTFOUND:
		return "notfound";
	case SEAL_EINVAL:
		return "refused";
	case SEAL_EPROTO:
		return "protocol";
	case SEAL_ECANCELED:
		return "canceled";
	case SEAL_EUNSUPPORTED:
		return "unsupported";
	case SEAL_ECONFIG:
		return "config";
	case SEAL_EOPERATOR:
		return "operator";
	case SEAL_ESTORAGE:
		return "storage";
	case SEAL_ELOCKED:
		return "locked";
	}
	return "unknown";
}
