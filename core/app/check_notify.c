/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * check_notify.c - do messages arrive?  Their receivers must say; here is said who took them. */
#include "config.h"

#include "app/check.h"

#include <stdio.h>

static void judge(struct check *c, const struct notify *n, size_t receiver)
{
	const struct notify_conf *conf = n->conf[receiver];
	static const char *const took[] = { [NOTIFY_MAIL] = "a test message is with sendmail",
					    [NOTIFY_WEBHOOK] = "a test message was taken",
					    [NOTIFY_EXEC] = "the program took a test message" };

	if (n->stories[receiver].st)
		check_fail(c, "notify", conf->name, &n->stories[receiver]);
	else
		check_tell(c, &(struct finding){ .check = "notify",
						 .about = conf->name,
						 .text = took[conf->how] });
}

void check_notify(struct check *c)
{
	struct app *a = c->app;
	char host[65];
	struct waiter w;
	struct notify n = { .loop = a->loop,
			    .http = a->http,
			    .host = host,
			    .conf = (const struct notify_conf *const *)a->conf->notify,
			    .n_conf = a->conf->n_notify };

	if (!a->opt.notify)
		return;
	if (!n.n_conf)
		check_tell(c, &(struct finding){ .mark = MARK_WARN,
						 .check = "notify",
						 .about = a->conf->path,
						 .text = "nobody is told of failures",
						 .hint = "put a notify block there, see "
							 "dnseal.conf(5)" });
	notify_host(host);
	notify_test(&n);
	notify_start(&n, waiter_begin(&w, a));
	app_wait(a, &w);
	for (size_t i = 0; i < n.n_conf; i++)
		judge(c, &n, i);
	notify_free(&n);
}
