/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/terms.h"

#include "acme/ca.h"

#include <stdio.h>
#include <string.h>

/* Is there an account at this CA, so that its terms were agreed to long ago? */
static bool has_account(struct app *a, const char *url)
{
	struct account_file file = { 0 };
	struct story ignored = { 0 };
	bool found = a->store.dir && !account_load(&a->store, url, &file, &ignored) && file.kid;

	account_file_free(&file);
	return found;
}

static int ask(struct app *a, struct account_conf *conf, const char *terms)
{
	struct story story = { 0 };
	scoped(free_p) char *question =
		str_printf("Terms of service of %s: %s\nDo you agree?", conf->ca, clean(terms));

	conf->agreed = app_ask(a, question);
	if (conf->agreed)
		return EXIT_DONE;
	story_fail(&story, SEAL_EOPERATOR, "the terms of service of %s were not agreed to: %s",
		   conf->ca, clean(terms));
	return app_fail(a, NULL, &story);
}

int terms_settle(struct app *a, struct account_conf *conf)
{
	struct directory_get get = { 0 };
	struct waiter w;
	struct ca ca;
	int status = EXIT_DONE;

	if (conf->agreed || !app_can_ask(a) || has_account(a, conf->url))
		return EXIT_DONE;
	app_network(a);
	ca_init(&ca, a->http, conf->url, conf->trust);
	directory_get_start(&get, &ca, waiter_begin(&w, a));
	app_wait(a, &w);
	if (get.story.st)
		status = app_fail(a, NULL, &get.story);
	else if (ca.dir.terms)
		status = ask(a, conf, ca.dir.terms);
	directory_get_free(&get);
	ca_free(&ca);
	return status;
}
