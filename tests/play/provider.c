/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * provider.c - the provider's part, and the name servers that follow it. */
#include "config.h"

#include "tests/play/stage.h"

#include "base/clock.h"
#include "crypto/jws.h"
#include "tests/mock_resolve.h"

#include <stdlib.h>
#include <string.h>

static struct stage *stage; /* a plugin has no other way to know */

/* ---- DNS ---- */

void cast_zone(struct stage *s, const char *apex)
{
	scoped(free_p) char *soa = str_printf("%s SOA ns1.%s host.%s 1 7200 900 1209600 300", apex,
					      apex, apex);
	scoped(free_p) char *none = str_printf("NXDOMAIN aa\nau %s", soa);
	scoped(free_p) char *empty = str_printf("NOERROR aa\nau %s", soa);
	scoped(free_p) char *there = str_printf("NOERROR aa\nan %s", soa);
	scoped(free_p) char *server = str_printf("ns-%u.servers.test", ++s->n_zones);
	scoped(free_p) char *ns = str_printf("NOERROR aa\nan @ NS %s", server);
	scoped(free_p) char *address = str_printf("NOERROR aa\nan @ A 192.0.2.%u", s->n_zones);
	scoped(free_p) char *below = str_printf("*.%s", apex);

	mock_says("*", below, "*", none);
	mock_says("*", apex, "*", empty);
	mock_says("*", apex, "SOA", there);
	mock_says("*", apex, "NS", ns);
	mock_says("*", server, "*", empty);
	mock_says("*", server, "A", address);
}

/* After both zones: the target's SOA comes along, as from a resolver. */
void cast_alias(const char *owner, const char *target)
{
	const char *apex = name_parent(target);
	scoped(free_p) char *reply = str_printf("NXDOMAIN\nan @ CNAME %s\n"
						"au %s SOA ns1.%s host.%s 1 7200 900 1209600 300",
						target, apex, apex, apex);

	mock_says("*", owner, "*", reply);
}

/* From now, or in a while, the servers say what is held at this owner. */
static void publish(struct stage *s, const char *owner)
{
	struct buf reply = { 0 };
	size_t len = strlen(owner);

	buf_str(&reply, "NOERROR aa");
	for (size_t i = 0; i < s->held.n; i++)
		if (!strncmp(s->held.at[i], owner, len) && s->held.at[i][len] == ' ')
			buf_printf(&reply, "\nan @ TXT %s", s->held.at[i] + len + 1);
	if (s->seen_after_ms >= 0)
		mock_later(mock_ms() + s->seen_after_ms, "*", owner, "TXT", buf_text(&reply));
	buf_free(&reply);
}

void cast_record(struct stage *s, const char *owner, const char *value)
{
	scoped(free_p) char *text = str_printf("%s %s", owner, value);

	if (!words_has(&s->held, text))
		words_add(&s->held, text);
	publish(s, owner);
}

/* What is gone already is success. */
static void drop_record(struct stage *s, const char *owner, const char *value)
{
	scoped(free_p) char *text = str_printf("%s %s", owner, value);

	for (size_t i = 0; i < s->held.n; i++) {
		if (strcmp(s->held.at[i], text))
			continue;
		free(s->held.at[i]);
		s->held.at[i] = s->held.at[--s->held.n];
		publish(s, owner);
		return;
	}
}

/* ---- the provider ---- */

char *cast_values(const struct stage *s, const char *text)
{
	static const char mark[] = "$value(";
	struct buf out = { 0 };
	const char *at;

	for (; (at = strstr(text, mark)); text = at + strcspn(at, ")") + 1) {
		char value[44];
		const char *from = at + strlen(mark);
		scoped(free_p) char *number = str_part(from, strcspn(from, ")"));
		scoped(free_p) char *token = str_printf("token-number-%s-for-a-test", number);
		dns01_value(token, *s->thumbprint ? s->thumbprint : s->session->thumbprint, value);
		buf_add(&out, text, (size_t)(at - text));
		buf_str(&out, value);
	}
	buf_str(&out, text);
	return buf_take(&out);
}

static enum seal_status class_named(const char *word, size_t len)
{
	for (int st = SEAL_OK; st <= SEAL_EUNSUPPORTED; st++)
		if (strlen(status_name((enum seal_status)st)) == len &&
		    !strncmp(status_name((enum seal_status)st), word, len))
			return (enum seal_status)st;
	return SEAL_EINVAL;
}

static char *owner_of(const struct seal_record *r, const char *zone)
{
	return strcmp(r->name, "@") ? str_printf("%s.%s", r->name, zone) : str_copy(zone);
}

static void apply(struct stage *s, const char *verb, const char *zone,
		  const struct seal_record *records, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		scoped(free_p) char *owner = owner_of(&records[i], zone);
		if (!strcmp(verb, "append"))
			cast_record(s, owner, records[i].data);
		else
			drop_record(s, owner, records[i].data);
	}
}

/* One call of the engine: is it the next one of the script, and what is the reply? */
static enum seal_status hear(struct seal_op *op, const char *verb, const char *zone,
			     const struct seal_record *records, size_t n)
{
	scoped(free_p) char *request = str_printf("%s %s", verb, zone);
	struct buf said = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_printf(&said, "%s%s %s %s", i ? "\n" : "", records[i].name, records[i].type,
			   records[i].data);
	const struct beat *b = stage_cue(stage, request);
	scoped(free_p) char *wanted = cast_values(stage, b ? b->payload : "");
	if (b && !strcmp(verb, "append") && op->fresh == stage->known)
		stage_wrong(stage, b, "values are said to be %s", op->fresh ? "fresh" : "known");
	if (b && strcmp(wanted, buf_text(&said)))
		stage_wrong(stage, b, "%s of %s, not of %s", request, buf_text(&said), wanted);
	buf_free(&said);
	stage->last_ms = clock_ms();
	if (!b || *stage->wrong)
		return seal_fail(op, SEAL_EINVAL, "not in the play");
	size_t len = strcspn(b->reply, " ");
	enum seal_status st = class_named(b->reply, len);
	const char *quote = strchr(b->reply, '"');
	if (!st)
		apply(stage, verb, zone, records, n);
	else if (quote)
		seal_fail(op, st, "%.*s", (int)strcspn(quote + 1, "\""), quote + 1);
	return st;
}

static enum seal_status hear_alone(struct seal_op *op, const char *verb, const char *zone,
				   const struct seal_record *records, size_t n)
{
	pthread_mutex_lock(&stage->lock);
	enum seal_status st = hear(op, verb, zone, records, n);
	pthread_mutex_unlock(&stage->lock);
	return st;
}

static enum seal_status append(struct seal_op *op, const char *zone, const struct seal_record *r,
			       size_t n)
{
	return hear_alone(op, "append", zone, r, n);
}

static enum seal_status drop(struct seal_op *op, const char *zone, const struct seal_record *r,
			     size_t n)
{
	return hear_alone(op, "remove", zone, r, n);
}

static const struct seal_option options[] = { SEAL_OPTIONS_END };
static const struct seal_provider provider = {
	.abi = SEAL_ABI,
	.size = sizeof(struct seal_provider),
	.name = "stage",
	.label = "the stage",
	.version = "1",
	.options = options,
	.append = append,
	.remove = drop,
};

const struct plugin *cast_provider(struct stage *s)
{
	static const struct plugin plugin = { .p = &provider };

	stage = s;
	return &plugin;
}
