/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "dns/settle_work.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define TOLD_MAX 8 /* servers named in the sentence, if they fit */
#define TOLD_OCTETS 500

static const struct servers_find *zone_of(const struct settle *s, const struct settle_look *l)
{
	return s->want[l->want].servers;
}

/* The look with the newest serial of that zone (RFC 1982 3.2); NULL when none is known. */
static const struct settle_look *newest(const struct settle *s, const struct servers_find *zone)
{
	const struct settle_look *best = NULL;

	for (size_t i = 0; i < s->n_look; i++) {
		const struct settle_look *l = s->look + i;
		if (!l->serial || zone_of(s, l) != zone)
			continue;
		if (!best || (int32_t)(l->serial - best->serial) > 0)
			best = l;
	}
	return best;
}

static void tell_serial(const struct settle *s, const struct settle_look *l, struct buf *b)
{
	const struct settle_look *best = newest(s, zone_of(s, l));

	if (!l->serial)
		return;
	if (best->serial == l->serial)
		buf_printf(b, ", serial %u", l->serial);
	else
		buf_printf(b, ", still serves serial %u (%.90s serves %u)", l->serial,
			   best->server->name, best->serial);
}

/* One server that lacks something: the first thing it lacks, how many more. */
static void tell_server(const struct settle *s, const struct settle_look *l, struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_look; i++)
		n += s->look[i].server == l->server && s->look[i].state != SEEN_OK;
	buf_printf(b, "%.90s %s: %s for %.90s", l->server->name, l->server->address, l->said,
		   s->want[l->want].owner);
	if (n > 1)
		buf_printf(b, " and %zu more", n - 1);
	tell_serial(s, l, b);
}

static const struct settle_look *first_look(const struct settle *s, const struct server *server)
{
	size_t i = 0;

	while (s->look[i].server != server)
		i++;
	return s->look + i;
}

static const struct settle_look *first_lack(const struct settle *s, const struct server *server)
{
	size_t i = 0;

	while (s->look[i].server != server || s->look[i].state == SEEN_OK)
		i++;
	return s->look + i;
}

enum seal_status settle_report(struct settle *s)
{
	scoped(buf_free) struct buf list = { 0 }, one = { 0 };
	size_t n_servers = 0, n_lack = 0, told = 0;
	char after[32];

	for (size_t i = 0; i < s->n_look; i++) {
		const struct settle_look *l = s->look + i;
		n_servers += l == first_look(s, l->server);
		if (l->state == SEEN_OK || l != first_lack(s, l->server))
			continue;
		n_lack++;
		buf_clear(&one);
		tell_server(s, l, &one);
		if (told == TOLD_MAX || list.len + one.len > TOLD_OCTETS)
			continue;
		buf_printf(&list, "%s%s", told++ ? "; " : "", buf_text(&one));
	}
	if (n_lack > told)
		buf_printf(&list, "; and %zu more", n_lack - told);
	return fail(s, SEAL_EAGAIN, "after %s %zu of %zu servers lack a TXT record: %s",
		    show_duration(s->within_ms / 1000, after), n_lack, n_servers, buf_text(&list));
}
