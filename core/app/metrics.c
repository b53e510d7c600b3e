/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/metrics.h"

#include "app/cas.h"
#include "base/file.h"
#include "base/owner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum family {
	NOT_AFTER,
	NOT_BEFORE,
	RENEWAL,
	INFO,
	ATTEMPT,
	SUCCESS,
	RESULT,
	FAILURES,
	DEPLOY,
	PROPAGATION,
	RECORDS,
	RUN_TIME,
	RUN_TOOK,
	RUN_STATUS,
	BUILD,
	FAMILIES
};
static const struct {
	const char *name, *help;
} families[] = {
	[NOT_AFTER] = { "certificate_not_after_timestamp_seconds",
			"End of the certificate in use." },
	[NOT_BEFORE] = { "certificate_not_before_timestamp_seconds",
			 "Begin of the certificate in use." },
	[RENEWAL] = { "certificate_renewal_timestamp_seconds", "When it is due." },
	[INFO] = { "certificate_info", "Number of names, serial number, profile." },
	[ATTEMPT] = { "last_attempt_timestamp_seconds", "Last run that tried to get one." },
	[SUCCESS] = { "last_success_timestamp_seconds", "Last run that got one." },
	[RESULT] = { "last_result", "Class of the last result: ok, or what failed." },
	[FAILURES] = { "consecutive_failures", "Failures since the last success." },
	[DEPLOY] = { "deploy_pending", "1: a target has not got the certificate yet." },
	[PROPAGATION] = { "propagation_seconds", "Last wait for the name servers." },
	[RECORDS] = { "journal_open_records", "TXT records not yet removed from the DNS." },
	[RUN_TIME] = { "run_timestamp_seconds", "End of the last run." },
	[RUN_TOOK] = { "run_duration_seconds", "How long it took." },
	[RUN_STATUS] = { "run_exit_status", "Its exit status." },
	[BUILD] = { "build_info", "Version of dnseal." },
};

struct metrics {
	struct buf lines[FAMILIES];
};

struct metrics *metrics_new(void)
{
	return mem_new(sizeof(struct metrics));
}

void metrics_free(struct metrics *m)
{
	for (size_t i = 0; m && i < FAMILIES; i++)
		buf_free(&m->lines[i]);
	free(m);
}

/* -- lines ---------------------------------------------------------------------------------- */

static void put_name(struct metrics *m, enum family f)
{
	buf_printf(&m->lines[f], "dnseal_%s", families[f].name);
}

static void put_value(struct metrics *m, enum family f, int64_t value)
{
	buf_printf(&m->lines[f], " %" PRId64 "\n", value);
}

/* Values of labels are quoted: backslash, quote and newline would end them. */
static void put_label(struct metrics *m, enum family f, const char *name, const char *value)
{
	struct buf *b = &m->lines[f];

	buf_printf(b, "%s%s=\"", b->data[b->len - 1] == '"' ? "," : "{", name);
	for (; *value; value++)
		if (*value == '\\' || *value == '"' || *value == '\n')
			buf_printf(b, "\\%c", *value == '\n' ? 'n' : *value);
		else
			buf_char(b, *value);
	buf_char(b, '"');
}

static void put_labels_end(struct metrics *m, enum family f)
{
	buf_char(&m->lines[f], '}');
}

/* NAME{lineage="CERT"} VALUE */
static void put(struct metrics *m, enum family f, const char *cert, int64_t value)
{
	put_name(m, f);
	put_label(m, f, "lineage", cert);
	put_labels_end(m, f);
	put_value(m, f, value);
}

/* -- a certificate -------------------------------------------------------------------------- */

/* Short name of the CA, or the issuer's. */
static const char *issuer_of(const struct standing *s)
{
	const char *url = s->live.meta ? json_str(s->live.meta, "ca") : NULL;
	const struct ca_preset *known = url ? ca_find_url(url) : NULL;

	return known ? known->name : standing_leaf(s)->issuer_cn;
}

static void put_date(struct metrics *m, enum family f, const char *cert, const struct standing *s,
		     enum key_type key, int64_t when)
{
	put_name(m, f);
	put_label(m, f, "lineage", cert);
	put_label(m, f, "key", key_type_name(key));
	put_label(m, f, "issuer", issuer_of(s));
	put_labels_end(m, f);
	put_value(m, f, when);
}

static void put_dates(struct metrics *m, const char *cert, const struct standing *s,
		      enum key_type key, const struct cert_info *leaf)
{
	put_date(m, NOT_AFTER, cert, s, key, leaf->not_after);
	put_date(m, NOT_BEFORE, cert, s, key, leaf->not_before);
}

static void add_live(struct metrics *m, const char *cert, const struct standing *s)
{
	const struct cert_info *leaf = standing_leaf(s);
	const char *profile = s->live.meta ? json_str(s->live.meta, "profile") : NULL;
	scoped(free_p) char *names = str_printf("%zu", leaf->names.n);

	put_dates(m, cert, s, s->live.key, leaf);
	if (s->live.has_twin && s->live.twin.n)
		put_dates(m, cert, s, s->live.twin_key, &s->live.twin.at[0]);
	put(m, RENEWAL, cert, s->due);
	put_name(m, INFO);
	put_label(m, INFO, "lineage", cert);
	put_label(m, INFO, "names", names);
	put_label(m, INFO, "serial", leaf->serial);
	put_label(m, INFO, "profile", profile ? profile : "");
	put_labels_end(m, INFO);
	put_value(m, INFO, 1);
}

static void add_target(struct metrics *m, const char *cert, const struct target_state *t)
{
	put_name(m, DEPLOY);
	put_label(m, DEPLOY, "lineage", cert);
	put_label(m, DEPLOY, "target", t->name);
	put_labels_end(m, DEPLOY);
	put_value(m, DEPLOY, t->pending);
}

void metrics_add(struct metrics *m, const char *cert, const struct standing *s)
{
	const struct cert_state *state = &s->state;
	const char *trouble = notify_trouble(state);

	if (standing_leaf(s))
		add_live(m, cert, s);
	if (state->last_run)
		put(m, ATTEMPT, cert, state->last_run);
	if (state->last_success)
		put(m, SUCCESS, cert, state->last_success);
	if (state->last_run) {
		put_name(m, RESULT);
		put_label(m, RESULT, "lineage", cert);
		put_label(m, RESULT, "class", trouble ? trouble : "ok");
		put_labels_end(m, RESULT);
		put_value(m, RESULT, 1);
	}
	put(m, FAILURES, cert, state->failures);
	for (size_t i = 0; i < state->n_targets; i++)
		add_target(m, cert, &state->targets[i]);
	if (state->propagation_s)
		put(m, PROPAGATION, cert, state->propagation_s);
}

/* -- the run, and all of it ----------------------------------------------------------------- */

static void put_plain(struct metrics *m, enum family f, int64_t value)
{
	put_name(m, f);
	put_value(m, f, value);
}

void metrics_add_run(struct metrics *m, const struct metrics_run *run)
{
	put_plain(m, RECORDS, (int64_t)run->n_records);
	put_plain(m, RUN_TIME, run->now);
	put_name(m, RUN_TOOK);
	buf_printf(&m->lines[RUN_TOOK], " %" PRId64 ".%03d\n", run->took_ms / 1000,
		   (int)(run->took_ms % 1000));
	put_plain(m, RUN_STATUS, run->status);
	put_name(m, BUILD);
	put_label(m, BUILD, "version", PACKAGE_VERSION);
	put_labels_end(m, BUILD);
	put_value(m, BUILD, 1);
}

char *metrics_text(const struct metrics *m)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < FAMILIES; i++) {
		if (!m->lines[i].len)
			continue;
		buf_printf(&b, "# HELP dnseal_%s %s\n", families[i].name, families[i].help);
		buf_printf(&b, "# TYPE dnseal_%s gauge\n", families[i].name);
		buf_add(&b, m->lines[i].data, m->lines[i].len);
	}
	return buf_take(&b);
}

enum seal_status metrics_write(const struct metrics *m, const char *path, struct story *story)
{
	scoped(free_p) char *text = metrics_text(m);
	scoped(owner_back) struct owner_self self = owner_self(); /* it is not in our tree */

	return file_replace(path, text, strlen(text), 0644, story);
}
