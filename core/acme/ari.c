/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/ari.h"

#include "acme/reply.h"
#include "base/clock.h"
#include "base/encode.h"

#include <stdlib.h>
#include <string.h>

#define OCTETS_MAX 64 /* of key identifier and serial; both have 20 or so */
#define ASK_MIN_S 60
#define ASK_USUAL_S 21600
#define ASK_MAX_S 86400
#define REPLY_MAX (16u << 10)

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The octets behind lower-case hex digits as base64url; NULL when there are none. */
static char *base64url_of(const char *digits)
{
	uint8_t octets[OCTETS_MAX];
	size_t n = digits ? strlen(digits) / 2 : 0;

	if (!n || n > sizeof(octets) || strlen(digits) % 2)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		int high = hex_digit(digits[2 * i]), low = hex_digit(digits[2 * i + 1]);
		if (high < 0 || low < 0)
			return NULL;
		octets[i] = (uint8_t)(high << 4 | low);
	}
	return base64url(octets, n);
}

/* The serial keeps the 00 that DER puts before a set top bit: Sectigo refuses one without. */
char *ari_cert_id(const struct cert_info *c)
{
	scoped(free_p) char *issuer = base64url_of(c->aki);
	scoped(free_p) char *serial = base64url_of(c->serial);

	return issuer && serial ? str_printf("%s.%s", issuer, serial) : NULL;
}

/* -- asking --------------------------------------------------------------------------------- */

enum { ARI_ASK, ARI_READ };

static void finish(struct ari_get *g)
{
	task_done(take(g->waiter));
}

static int64_t read_time(const struct json_object *window, const char *name)
{
	const char *text = json_str(window, name);

	return text ? clock_parse_rfc3339(text) : -1;
}

static int64_t retry_of(const struct http_call *call)
{
	int64_t s = http_retry_after(call);

	if (s < 0)
		return ASK_USUAL_S;
	return s < ASK_MIN_S ? ASK_MIN_S : s > ASK_MAX_S ? ASK_MAX_S : s;
}

static enum seal_status read_window(struct ari_get *g, const struct json_object *json)
{
	const struct json_object *window = json_obj(json, "suggestedWindow");
	const char *explanation = json_str(json, "explanationURL");

	g->start = read_time(window, "start");
	g->end = read_time(window, "end");
	if (g->start < 0 || g->end <= g->start) {
		const char *start = json_str(window, "start"), *end = json_str(window, "end");
		g->start = g->end = 0;
		return fail(g, SEAL_EPROTO, "the CA suggests no sensible window: %s to %s",
			    start ? clean(start) : "nothing", end ? clean(end) : "nothing");
	}
	g->retry_s = retry_of(&g->call);
	g->explanation = explanation && *explanation ? str_copy(clean(explanation)) : NULL;
	return SEAL_OK;
}

/* CAs differ in how they say that they have no such certificate (RFC 9773 has no error for it). */
static enum seal_status refused(struct ari_get *g)
{
	if (!g->call.story.st && (g->call.status == 400 || g->call.status == 404))
		g->story.st = SEAL_ENOTFOUND;
	return story_prefix(&g->story, "renewal information: ");
}

static enum seal_status read_reply(struct ari_get *g)
{
	scoped(json_put_p) struct json_object *json = NULL;
	struct problem problem = { 0 };

	ca_heard(g->ca, &g->call);
	enum seal_status st = reply_read(&g->call, NULL, &json, &problem, &g->story);
	problem_free(&problem);
	if (st)
		return refused(g);
	if (!json)
		return fail(g, SEAL_EPROTO, "renewal information: empty reply");
	return read_window(g, json);
}

static enum seal_status ask(struct ari_get *g)
{
	const char *base = g->ca->dir.renewal_info;
	size_t len = base ? strlen(base) : 0;

	if (!base)
		return fail(g, SEAL_EUNSUPPORTED, "the CA offers no renewal information");
	if (!g->cert_id)
		return fail(g, SEAL_EUNSUPPORTED, "the certificate names no key of its issuer");
	while (len && base[len - 1] == '/')
		len--;
	g->url = str_printf("%.*s/%s", (int)len, base, g->cert_id);
	g->call = (struct http_call){ .method = "GET", .url = g->url, .max_body = REPLY_MAX };
	g->step = ARI_READ;
	ca_ask(g->ca, &g->call, &g->task);
	return SEAL_OK;
}

static void ari_run(struct task *t)
{
	struct ari_get *g = container_of(t, struct ari_get, task);

	if (g->canceled)
		fail(g, SEAL_ECANCELED, "canceled");
	else if (g->step == ARI_READ)
		g->story.st = read_reply(g);
	else if (!ask(g))
		return;
	finish(g);
}

void ari_get_start(struct ari_get *g, struct task *waiter)
{
	struct ca *ca = g->ca;
	const char *cert_id = g->cert_id;

	ari_get_free(g); /* of an earlier answer */
	g->ca = ca;
	g->cert_id = cert_id;
	g->waiter = waiter;
	task_init(&g->task, waiter->loop, ari_run);
	task_expect(waiter);
	task_wake(&g->task);
}

void ari_get_cancel(struct ari_get *g)
{
	if (!g->waiter || g->canceled)
		return;
	g->canceled = true;
	http_cancel(&g->call);
}

void ari_get_free(struct ari_get *g)
{
	if (!g || !g->task.loop)
		return;
	task_stop(&g->task);
	http_call_free(&g->call);
	free(g->url);
	free(g->explanation);
	*g = (struct ari_get){ 0 };
}
