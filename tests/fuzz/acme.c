/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * acme.c - objects and headers of a hostile CA: each is refused with a sentence that can be shown,
 * or read into URLs of that CA, tokens and names that are what they must be.  Input that does not
 * begin with '{' is a Link header. */
#include "config.h"

#include "acme/account.h"
#include "acme/link.h"
#include "acme/order.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ca ca = { .url = "https://ca.test/dir" };

static void must(bool good)
{
	if (!good)
		abort();
}

static void must_show(const char *text)
{
	for (; text && *text; text++)
		must((uint8_t)*text >= 0x20 && *text != 0x7f);
}

/* Refused for a reason? */
static bool refused(enum seal_status st, const struct story *story)
{
	must(!st || *story->text);
	must_show(story->text);
	return st;
}

static void look_at_problem(const struct problem *p)
{
	struct story story = { 0 };

	must(refused(problem_fail(p, 400, &story), &story));
	must_show(p->name);
	must_show(p->detail);
	must_show(p->instance);
	must_show(p->algorithms);
	must_show(story.hint);
}

static void look_at_order(const struct json_object *json)
{
	struct story story = { 0 };
	struct order_res o;

	if (refused(order_read(&o, &ca, json, &story), &story))
		return;
	must(ca_owns_url(&ca, o.finalize) && (!o.certificate || ca_owns_url(&ca, o.certificate)));
	for (size_t i = 0; i < o.authorizations.n; i++)
		must(ca_owns_url(&ca, o.authorizations.at[i]));
	must(o.names.n && o.names.n <= ORDER_NAMES_MAX);
	look_at_problem(&o.error);
	order_res_free(&o);
}

static void look_at_authz(const struct json_object *json)
{
	struct story story = { 0 };
	struct authz_res a;

	if (refused(authz_read(&a, &ca, json, "dns-01", &story), &story))
		return;
	if (a.has_challenge)
		must(ca_owns_url(&ca, a.challenge.url) && strlen(a.challenge.token) >= 22);
	for (size_t i = 0; i < a.offered.n; i++)
		must_show(a.offered.at[i]);
	look_at_problem(&a.error);
	authz_res_free(&a);
}

static void look_at_rest(const struct json_object *json)
{
	struct story story = { 0 };
	struct directory d;
	struct account_res account;
	struct problem p;

	if (!refused(directory_read(&d, json, &story), &story)) {
		must_show(d.terms);
		must_show(d.website);
		directory_free(&d);
	}
	if (!refused(account_read(&account, json, &story), &story))
		account_res_free(&account);
	problem_read(&p, json);
	look_at_problem(&p);
	problem_free(&p);
}

static void look_at_link(const char *text)
{
	struct http_call call = { 0 };
	scoped(free_p) char *line = str_printf("link: %s", text);
	char *url;

	words_add(&call.reply_headers, line);
	for (unsigned i = 0; i < 10 && (url = link_find(&call, "https://ca.test/a/b", "up", i)); i++)
		free(url);
	http_call_free(&call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped(free_p) char *text = str_part((const char *)data, size);
	scoped(json_put_p) struct json_object *json = NULL;
	struct story story = { 0 };

	if (*text != '{') {
		look_at_link(text);
		return 0;
	}
	if (json_read(text, strlen(text), "input", &json, &story))
		return 0;
	look_at_order(json);
	look_at_authz(json);
	look_at_rest(json);
	return 0;
}
