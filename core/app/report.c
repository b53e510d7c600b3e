/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/report.h"

#include "app/metrics.h"
#include "app/standing.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/journal.h"

#include <string.h>

#define LOCK_WAIT_MS 10000
#define SIGNALLED 128 /* and the signal's number: ended by it */

struct report {
	struct app *app;
	struct metrics *metrics; /* NULL: not wanted */
	struct notify notify;
	const struct notify_conf *receivers[NOTIFY_MAX];
	bool some;	  /* others were left out */
	bool kept;	  /* a failure of storage is in a certificate's state */
	struct lock lock; /* one run at a time reports */
};

static void warn(const struct story *story)
{
	log_line(LOG_WARN, "%s", story->text);
}

/* -- looking -------------------------------------------------------------------------------- */

/* A failure that a certificate's state has is told with it. */
static void look_for_storage(struct report *r, const char *class)
{
	r->kept = r->kept || (class && !strcmp(class, status_name(SEAL_ESTORAGE)));
}

static void look(struct report *r, const char *cert)
{
	struct app *a = r->app;
	const struct cert_block *b = configuration_cert(a->conf, cert);
	struct story story = { 0 };
	struct standing s;

	if (standing_glance(&a->store, cert, b ? &b->conf : NULL, &s, &story)) {
		log_line(LOG_WARN, "%s: %s", cert, story.text);
		return;
	}
	look_for_storage(r, s.state.last_class);
	if (r->metrics)
		metrics_add(r->metrics, cert, &s);
	if (r->notify.n_conf)
		notify_look(&r->notify, &(struct notify_look){ .cert = cert,
							       .state = &s.state,
							       .leaf = standing_leaf(&s),
							       .generation = s.live.generation,
							       .now = clock_wall() });
	standing_free(&s);
}

static void look_at_all(struct report *r)
{
	struct words names = { 0 };

	standing_names(&r->app->store, r->app->conf, &names);
	for (size_t i = 0; i < names.n; i++)
		look(r, names.at[i]);
	words_free(&names);
}

/* -- metrics -------------------------------------------------------------------------------- */

static void write_metrics(struct report *r, int status)
{
	struct app *a = r->app;
	struct story story = { 0 };
	struct journal open = { 0 };

	if (journal_read(&a->store, NULL, &open, &story))
		warn(&story);
	metrics_add_run(r->metrics, &(struct metrics_run){ .now = clock_wall(),
							   .took_ms = clock_ms() - a->began_ms,
							   .status = status,
							   .n_records = open.n });
	journal_free(&open);
	if (!metrics_write(r->metrics, a->conf->metrics, &story))
		return;
	story_prefix(&story, "metrics: ");
	warn(&story);
}

/* -- news ----------------------------------------------------------------------------------- */

/* Commands that read no secrets do not know the URLs of webhooks, which the next run tells. */
static void choose_receivers(struct report *r)
{
	const struct configuration *c = r->app->conf;

	for (size_t i = 0; i < c->n_notify; i++)
		if (c->notify[i]->url && !*c->notify[i]->url)
			r->some = true;
		else
			r->receivers[r->notify.n_conf++] = c->notify[i];
	r->notify.conf = r->receivers;
}

static void forget_others(const struct report *r, struct cert_state *state)
{
	struct words ids = { 0 };

	if (r->some)
		return;
	for (size_t i = 0; i < r->notify.n_conf; i++)
		words_add(&ids, r->receivers[i]->id);
	told_keep(state, &ids);
	words_free(&ids);
}

/* In the certificate's state, as it is now: another run may have changed it. */
static void keep_told(struct report *r, const struct news_of *of)
{
	const struct store *store = &r->app->store;
	struct lock lock = LOCK_NONE;
	struct story story = { 0 };
	struct cert_state state;

	enum seal_status st = store_lock_cert(store, of->cert, LOCK_WAIT_MS, &lock, &story);
	if (!st)
		st = cert_state_load(store, of->cert, &state, &story);
	if (!st) {
		forget_others(r, &state);
		if (notify_keep(&r->notify, of, &state))
			st = cert_state_save(store, of->cert, &state, &story);
		cert_state_free(&state);
	}
	if (st)
		log_line(LOG_WARN, "%s: %s", of->cert, story.text);
	lock_drop(&lock);
}

static void tell(struct report *r)
{
	struct app *a = r->app;
	struct notify *n = &r->notify;
	struct waiter w;

	n->loop = a->loop;
	n->http = a->http;
	notify_start(n, waiter_begin(&w, a));
	app_wait(a, &w);
	for (size_t i = 0; i < n->n_conf; i++)
		if (n->stories[i].st)
			warn(&n->stories[i]);
		else if (notify_has(n, i))
			log_line(LOG_DETAIL, "%s: told", n->conf[i]->name);
	for (size_t i = 0; i < n->n_of; i++)
		if (n->of[i].changed)
			keep_told(r, &n->of[i]);
}

/* Two at once would tell the same twice, and put halves of their metrics together. */
static bool begin(struct report *r)
{
	scoped(free_p) char *path = store_path(&r->app->store, "locks/report.lock");
	struct story story = { 0 };

	enum seal_status st = lock_take(&r->lock, path, LOCK_WAIT_MS, &story);
	if (!st || st == SEAL_ESTORAGE) /* that is what has to be told */
		return true;
	log_line(LOG_WARN, "report: %s; the next run reports", story.text);
	return false;
}

void report_run(struct app *a, int status)
{
	struct report r = { .app = a, .lock = LOCK_NONE };
	char host[65];

	if (!a->conf || !a->store.dir || (!a->conf->metrics && !a->conf->n_notify) || !begin(&r))
		return;
	notify_host(host);
	r.notify.host = host;
	if (a->conf->metrics)
		r.metrics = metrics_new();
	if (status <= SIGNALLED) /* who ends it wants it to end now */
		choose_receivers(&r);
	look_at_all(&r);
	if (status == EXIT_STORAGE && !r.kept && r.notify.n_conf)
		notify_storage(&r.notify, a->store.dir);
	if (r.metrics)
		write_metrics(&r, status);
	if (r.notify.n_of) {
		app_network(a);
		tell(&r);
	}
	notify_free(&r.notify);
	metrics_free(r.metrics);
	lock_drop(&r.lock);
}
