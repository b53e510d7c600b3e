/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "base/log.h"
#include "store/store.h"
#include "tests/tap.h"
#include "tests/temp.h"

#include <stdlib.h>

static struct store store;
static struct story story;

static void put_file(const char *text)
{
	scoped(free_p) char *dir = store_path(&store, "certs/mail");
	scoped(free_p) char *path = store_path(&store, "certs/mail/state.json");

	if (dir_make(dir, 0750, &story) || file_replace(path, text, strlen(text), 0640, &story))
		exit(99);
}

static char *get_file(void)
{
	scoped(free_p) char *path = store_path(&store, "certs/mail/state.json");
	struct buf text = { 0 };

	if (file_read(path, 65536, &text, &story))
		exit(99);
	return buf_take(&text);
}

static void what_is_kept_comes_back(void)
{
	struct cert_state a = { .failures = 3,
				.next_try = 1800000600,
				.rehearse = true,
				.jitter = 4711,
				.last_success = 1799000000 };
	struct cert_state b;

	a.last_error = str_copy("the CA is down");
	a.revoked = str_copy("00ff");
	a.ari = (struct ari_state){ .cert_id = str_copy("a.b"),
				    .start = 5,
				    .end = 9,
				    .at = 7,
				    .explanation = str_copy("https://ca.test/why") };
	char class[] = "transient";
	told_set(&a, "mail", &(struct told_state){ .failure = class });
	told_set(&a, "hook", &(struct told_state){ .success = 4 });
	told_set(&a, "hook", &(struct told_state){ .success = 5, .expiry = 6 });
	target_state(&a.targets, &a.n_targets, "nginx")->generation = 12;
	struct target_state *t = target_state(&a.targets, &a.n_targets, "copy/2");
	t->pending = true;
	t->error = str_copy("no space");
	ok(target_state(&a.targets, &a.n_targets, "nginx")->generation == 12 && a.n_targets == 2,
	   "a target has one state");
	ok(!cert_state_save(&store, "mail", &a, &story), "saved: %s", story.text);
	ok(!cert_state_load(&store, "mail", &b, &story), "loaded: %s", story.text);
	ok(b.failures == 3 && b.next_try == 1800000600 && b.rehearse && b.jitter == 4711 &&
		   b.last_success == 1799000000,
	   "numbers");
	is(b.last_error, "the CA is down", "a sentence");
	is(b.revoked, "00ff", "what was revoked");
	ok(!strcmp(b.ari.cert_id, "a.b") && b.ari.start == 5 && b.ari.end == 9 && b.ari.at == 7 &&
		   b.ari.explanation,
	   "the CA's wish");
	const struct told_state *mail = told_find(&b, "mail"), *hook = told_find(&b, "hook");
	ok(b.n_told == 2 && mail && hook && !told_find(&b, "other"), "who was told");
	is(mail ? mail->failure : NULL, "transient", "what was told");
	ok(hook && !hook->failure && hook->success == 5 && hook->expiry == 6, "each its own");
	struct words who = { 0 };
	words_add(&who, "hook");
	told_keep(&b, &who);
	ok(b.n_told == 1 && !strcmp(b.told[0].who, "hook"), "a receiver that is gone is forgotten");
	words_free(&who);
	ok(b.n_targets == 2 && b.targets[0].generation == 12 && b.targets[1].pending &&
		   !strcmp(b.targets[1].error, "no space"),
	   "targets");
	struct words names = { 0 };
	words_add(&names, "copy/2");
	target_states_keep(&b.targets, &b.n_targets, &names);
	ok(b.n_targets == 1 && !strcmp(b.targets[0].name, "copy/2"),
	   "one that is gone is forgotten");
	words_free(&names);
	cert_state_free(&a);
	cert_state_free(&b);
}

static void a_newer_version_loses_nothing(void)
{
	struct cert_state s;

	put_file("{\"failures\":2,\"last_error\":\"x\",\"newer\":{\"a\":[1,2]},\"targets\":[]}");
	ok(!cert_state_load(&store, "mail", &s, &story) && s.failures == 2, "read");
	s.failures = 0;
	free(take(s.last_error));
	s.last_run = 7;
	ok(!cert_state_save(&store, "mail", &s, &story), "written");
	cert_state_free(&s);
	scoped(free_p) char *text = get_file();
	is(text, "{\"newer\":{\"a\":[1,2]},\"last_run\":7}",
	   "members that we do not know stay, ours that are empty go");
}

static void secrets_do_not_get_there(void)
{
	struct cert_state s = { .failures = 1 };

	log_secret("hunter2-token");
	s.last_error = str_copy("the API said: no token hunter2-token");
	target_state(&s.targets, &s.n_targets, "nginx")->error = str_copy("hunter2-token?");
	ok(!cert_state_save(&store, "mail", &s, &story), "saved");
	scoped(free_p) char *text = get_file();
	is(text,
	   "{\"failures\":1,\"last_error\":\"the API said: no token ***\","
	   "\"targets\":[{\"name\":\"nginx\",\"error\":\"***?\"}]}",
	   "errors without the secrets that others repeat");
	is(s.last_error, "the API said: no token hunter2-token", "what is in memory stays");
	cert_state_free(&s);
	log_forget();
}

static void none_and_damaged(void)
{
	struct cert_state s;

	ok(!cert_state_load(&store, "other", &s, &story) && !s.failures && !s.n_targets,
	   "no file: nothing is known");
	cert_state_free(&s);
	put_file("{\"failures\":\"many\"}");
	ok(cert_state_load(&store, "mail", &s, &story) == SEAL_ESTORAGE && *story.hint,
	   "damaged: %s (%s)", story.text, story.hint);
	put_file("{\"targets\":[{\"name\":\"a\"},5]}");
	ok(cert_state_load(&store, "mail", &s, &story) == SEAL_ESTORAGE && !s.n_targets,
	   "a target that is none");
	put_file("{\"ari\":{\"start\":\"x\"}}");
	ok(cert_state_load(&store, "mail", &s, &story) == SEAL_ESTORAGE, "a wish that is none");
	put_file("{\"told\":[{\"failure\":\"auth\"}]}");
	ok(cert_state_load(&store, "mail", &s, &story) == SEAL_ESTORAGE && !s.n_told,
	   "told to nobody");
	put_file("{\"failures\":");
	ok(cert_state_load(&store, "mail", &s, &story) == SEAL_ESTORAGE, "cut");
	cert_state_free(&s);
}

int main(void)
{
	if (store_open(&store, temp_make(), &story))
		exit(99);
	what_is_kept_comes_back();
	a_newer_version_loses_nothing();
	secrets_do_not_get_there();
	none_and_damaged();
	store_close(&store);
	return done();
}
