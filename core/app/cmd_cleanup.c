/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * cmd_cleanup.c - remove what interrupted runs left in DNS: exactly what the journal names. */
#include "config.h"

#include "app/subjects.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/undo.h"
#include "store/journal.h"

#include <stdio.h>
#include <string.h>

static const char *const op_names[] = {
	[JOURNAL_PLAN] = "planned", [JOURNAL_MADE] = "made", [JOURNAL_GONE] = "gone"
};

static struct json_object *entry_json(const struct journal_entry *e)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "certificate", e->cert);
	json_text(o, "dns", e->login);
	json_text(o, "zone", e->zone);
	json_text(o, "owner", e->owner);
	json_text(o, "type", e->type);
	json_text(o, "value", e->value);
	json_text(o, "state", op_names[e->op]);
	json_time(o, "time", e->time);
	return o;
}

static int list(struct app *a, const struct journal *j)
{
	char when[RFC3339_LEN];

	if (a->ui.mode == UI_JSON) {
		struct json_object *o = event_new("journal", NULL), *all = json_object_new_array();
		for (size_t i = 0; i < j->n; i++)
			json_object_array_add(all, entry_json(&j->at[i]));
		json_object_object_add(o, "open", all);
		json_print(o);
		return EXIT_DONE;
	}
	for (size_t i = 0; i < j->n; i++)
		printf("%s  %s  %s %s %s  (dns %s, %s)\n", clock_rfc3339(j->at[i].time, when),
		       j->at[i].cert, j->at[i].owner, j->at[i].type, j->at[i].value, j->at[i].login,
		       op_names[j->at[i].op]);
	if (!j->n)
		log_line(LOG_INFO, "nothing is left in DNS");
	return EXIT_DONE;
}

/* Who may write for this certificate: --dns, and as configured, or all blocks.  One that cannot be
 * used is no reason to leave the others' records where they are. */
static int choose_logins(struct app *a, const char *cert)
{
	struct cert_block *b = configuration_cert(a->conf, cert);
	struct dns_block *one = NULL;
	struct subject s = { .dns = a->conf->dns, .n_dns = a->conf->n_dns };
	size_t n = 0;

	if (b)
		subject_of(a->conf, b, &s);
	if (a->opt.dns && (a->opt.set.n || !dns_block_find(s.dns, s.n_dns, a->opt.dns)))
		one = subject_dns(a->conf, &a->opt);
	scoped(free_p) struct dns_block **all = mem_array(s.n_dns + 1, sizeof(struct dns_block *));
	if (one)
		all[n++] = one;
	for (size_t i = 0; i < s.n_dns; i++)
		if (!one || !word_same(s.dns[i]->name, one->name))
			all[n++] = s.dns[i];
	int status = app_logins_any(a, &(struct subject){ .dns = all, .n_dns = n });
	if (one)
		dns_free(one);
	return status;
}

static void tell(struct app *a, const char *cert, const struct undo *u)
{
	char n[40];

	if (a->ui.mode == UI_JSON) {
		struct json_object *o = event_new("cleanup", cert);
		json_number(o, "open", (int64_t)u->n_open);
		json_number(o, "gone", (int64_t)u->n_gone);
		json_print(o);
	} else
		printf("%s: %zu of %s removed\n", cert, u->n_gone,
		       show_count(u->n_open, "record", n));
}

static int clean_cert(struct app *a, const char *cert)
{
	struct undo u = { .engine = &a->engine, .cert = cert };
	struct lock lock = LOCK_NONE;
	struct story story = { 0 };
	struct waiter w;
	int status = choose_logins(a, cert);

	if (status)
		return status;
	if (store_lock_cert(&a->store, cert, (int64_t)a->opt.wait_s * 1000, &lock, &story))
		return app_fail(a, cert, &story);
	app_network(a);
	undo_start(&u, waiter_begin(&w, a));
	app_wait(a, &w);
	lock_drop(&lock);
	tell(a, cert, &u);
	status = u.story.st ? app_fail(a, cert, &u.story) : EXIT_DONE;
	undo_free(&u);
	return status;
}

static bool came_before(const struct journal *j, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(j->at[k].cert, j->at[i].cert))
			return true;
	return false;
}

/* A mistake in the configuration is told once. */
static int clean_all(struct app *a, const struct journal *j)
{
	int worst = EXIT_DONE;

	for (size_t i = 0; i < j->n && !a->errors.n; i++)
		if (!came_before(j, i))
			worst = exit_worse(worst, clean_cert(a, j->at[i].cert));
	return worst;
}

int cmd_cleanup(struct app *a)
{
	struct journal j = { 0 };
	struct story story = { 0 };
	bool exists = false;
	int status = app_configure(a, READ_ALL);

	if (!status && a->opt.set.n && !a->opt.dns) {
		subject_set_alone(&a->opt, &a->errors);
		status = app_complaints(a);
	}
	if (!status)
		status = app_store_look(a, &exists);
	if (!status && exists && journal_read(&a->store, NULL, &j, &story))
		status = app_fail(a, NULL, &story);
	if (status)
		return status;
	status = a->opt.list || a->opt.dry_run || !j.n ? list(a, &j) : clean_all(a, &j);
	journal_free(&j);
	return status;
}
