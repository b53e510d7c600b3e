/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * What Prometheus reads. */
#include "config.h"

#include "../tap.h"
#include "../temp.h"
#include "app/metrics.h"
#include "base/file.h"

#include <stdlib.h>
#include <sys/stat.h>

static char mail[] = "mail.example.org", issuer[] = "Example \"CA\" \\\nR1", serial[] = "04be";
static char class[] = "auth", nginx[] = "nginx", postfix[] = "postfix", error[] = "x";
static char *names[] = { mail };

static struct metrics *sample(void)
{
	struct cert_info leaf = { .issuer_cn = issuer,
				  .serial = serial,
				  .not_before = 1790000000,
				  .not_after = 1797776000,
				  .names = { .at = names, .n = 1 } };
	struct target_state targets[] = { { .name = nginx },
					  { .name = postfix, .pending = true, .error = error } };
	struct standing good = { .live = { .exists = true, .chain = { .n = 1, .at = &leaf } },
				 .state = { .last_run = 1790000010,
					    .last_success = 1790000010,
					    .propagation_s = 9 },
				 .due = 1795184000 };
	struct standing bad = { .state = { .failures = 2, .last_class = class, .last_run = 1790000020 } };
	struct metrics *m = metrics_new();

	metrics_add(m, "mail", &good);
	metrics_add(m, "web", &bad);
	good.live.has_twin = true;
	good.live.twin_key = KEY_RSA_2048;
	good.live.twin = good.live.chain;
	good.state.targets = targets;
	good.state.n_targets = 2;
	metrics_add(m, "www", &good);
	metrics_add_run(m, &(struct metrics_run){
				   .now = 1790000030, .took_ms = 61007, .status = 2, .n_records = 4 });
	return m;
}

/* Samples of a family, without the comments; the caller's. */
static char *family(const char *text, const char *name)
{
	scoped(free_p) char *head = str_printf("# TYPE dnseal_%s gauge\n", name);
	const char *at = strstr(text, head);
	const char *end = at ? strstr(at + strlen(head), "# HELP") : NULL;

	if (!at)
		return str_copy("");
	at += strlen(head);
	return end ? str_part(at, (size_t)(end - at)) : str_copy(at);
}

static void the_families_are_what_the_manual_says(void)
{
	static const struct {
		const char *name, *want;
	} t[] = {
		{ "certificate_not_after_timestamp_seconds",
		  "dnseal_certificate_not_after_timestamp_seconds{lineage=\"mail\",key=\"ecdsa-p256\","
		  "issuer=\"Example \\\"CA\\\" \\\\\\nR1\"} 1797776000\n"
		  "dnseal_certificate_not_after_timestamp_seconds{lineage=\"www\",key=\"ecdsa-p256\","
		  "issuer=\"Example \\\"CA\\\" \\\\\\nR1\"} 1797776000\n"
		  "dnseal_certificate_not_after_timestamp_seconds{lineage=\"www\",key=\"rsa-2048\","
		  "issuer=\"Example \\\"CA\\\" \\\\\\nR1\"} 1797776000\n" },
		{ "certificate_renewal_timestamp_seconds",
		  "dnseal_certificate_renewal_timestamp_seconds{lineage=\"mail\"} 1795184000\n"
		  "dnseal_certificate_renewal_timestamp_seconds{lineage=\"www\"} 1795184000\n" },
		{ "certificate_info",
		  "dnseal_certificate_info{lineage=\"mail\",names=\"1\",serial=\"04be\",profile=\"\"} 1\n"
		  "dnseal_certificate_info{lineage=\"www\",names=\"1\",serial=\"04be\",profile=\"\"} 1\n" },
		{ "last_result", "dnseal_last_result{lineage=\"mail\",class=\"ok\"} 1\n"
				 "dnseal_last_result{lineage=\"web\",class=\"auth\"} 1\n"
				 "dnseal_last_result{lineage=\"www\",class=\"deploy\"} 1\n" },
		{ "consecutive_failures", "dnseal_consecutive_failures{lineage=\"mail\"} 0\n"
					  "dnseal_consecutive_failures{lineage=\"web\"} 2\n"
					  "dnseal_consecutive_failures{lineage=\"www\"} 0\n" },
		{ "deploy_pending", "dnseal_deploy_pending{lineage=\"www\",target=\"nginx\"} 0\n"
				    "dnseal_deploy_pending{lineage=\"www\",target=\"postfix\"} 1\n" },
		{ "propagation_seconds", "dnseal_propagation_seconds{lineage=\"mail\"} 9\n"
					 "dnseal_propagation_seconds{lineage=\"www\"} 9\n" },
		{ "journal_open_records", "dnseal_journal_open_records 4\n" },
		{ "run_timestamp_seconds", "dnseal_run_timestamp_seconds 1790000030\n" },
		{ "run_duration_seconds", "dnseal_run_duration_seconds 61.007\n" },
		{ "run_exit_status", "dnseal_run_exit_status 2\n" },
		{ "build_info", "dnseal_build_info{version=\"" PACKAGE_VERSION "\"} 1\n" },
	};
	struct metrics *m = sample();
	scoped(free_p) char *text = metrics_text(m);

	for (size_t i = 0; i < COUNT(t); i++) {
		scoped(free_p) char *got = family(text, t[i].name);
		is(got, t[i].want, t[i].name);
	}
	metrics_free(m);
}

static void the_file_is_whole_and_readable(void)
{
	scoped(free_p) char *path = str_printf("%s/dnseal.prom", temp_make());
	scoped(free_p) char *tmp = str_printf("%s.tmp", path);
	struct metrics *m = sample();
	scoped(free_p) char *text = metrics_text(m);
	scoped(buf_free) struct buf got = { 0 };
	struct story story = { 0 };
	struct stat st;

	ok(!metrics_write(m, path, &story) && !metrics_write(m, path, &story), "written twice");
	ok(!file_read(path, 65536, &got, &story) && !strcmp(buf_text(&got), text), "all of it");
	ok(!stat(path, &st) && (st.st_mode & 0777) == 0644, "for everybody to read");
	ok(!file_exists(tmp), "nothing is left beside it");
	ok(metrics_write(m, "/nonexistent/dnseal.prom", &story) == SEAL_ESTORAGE, "%s", story.text);
	metrics_free(m);
}

int main(void)
{
	the_families_are_what_the_manual_says();
	the_file_is_whole_and_readable();
	return done();
}
