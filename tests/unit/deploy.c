/* links: chains */
/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * deploy.c - targets: their files, their services, and how often each is run. */
#include "config.h"

#include "engine/deploy.h"

#include "base/clock.h"
#include "chains.h"
#include "tap.h"
#include "temp.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct loop *loop;
static struct pool *pool;
static struct store store;
static struct list services = LIST_HEAD(services);
static struct engine engine;
static struct cert_conf cert;
static struct cert_state state;
static struct story last;
static char *dir; /* of the targets */

/* -- the stage ------------------------------------------------------------------------------ */

struct wait {
	struct task task;
	bool done;
};

static void is_over(struct task *t)
{
	container_of(t, struct wait, task)->done = true;
}

static void tell(struct events *events, const struct event *e)
{
	(void)events;
	if (e->kind == EVENT_ERROR)
		last = *e->story;
}

static struct live live_now(void)
{
	struct live live;
	struct story story;

	if (live_read(&store, "mail", &live, &story))
		exit(99);
	return live;
}

static size_t run(enum deploy_which which, size_t *ret_failed)
{
	struct live live = live_now();
	struct deploy_run r = { .engine = &engine,
				.cert = &cert,
				.dir = live.dir,
				.generation = live.generation,
				.which = which,
				.state = &state };
	struct wait w = { .done = false };

	story_clear(&last);
	task_init(&w.task, loop, is_over);
	deploy_start(&r, &w.task);
	if (!loop_run(loop, &w.done))
		ok(false, "the loop ended before the deployment did");
	deploy_free(&r);
	live_free(&live);
	if (ret_failed)
		*ret_failed = r.n_failed;
	return r.n_done;
}

static void issue(void)
{
	int64_t now = clock_wall();
	struct test_ca *ca = test_ca_new(now);
	struct story story = { 0 };
	struct key *key = NULL;
	struct chain chain = { 0 };
	struct json_object *meta = json_object_new_object();

	if (key_new(KEY_ECDSA_P256, &key, &story))
		exit(99);
	char *pem = test_ca_issue(ca, &(struct recipe){ .key = key,
							.names = "mail.example.org",
							.from = now - 60,
							.until = now + 86400 });
	struct install in = { .cert = "mail", .key = key, .chain = &chain, .meta = meta, .keep = 3 };
	if (chain_read(pem, strlen(pem), &chain, &story) || store_install(&store, &in, &story)) {
		printf("# %s\n", story.text);
		exit(99);
	}
	free(in.ret_dir);
	free(pem);
	chain_free(&chain);
	key_free(key);
	json_object_put(meta);
	test_ca_free(ca);
}

static char *at(const char *name)
{
	return str_printf("%s/%s", dir, name);
}

static char *content(const char *path)
{
	struct buf b = { 0 };
	struct story ignored = { 0 };

	return file_read(path, 1u << 20, &b, &ignored) ? NULL : buf_take(&b);
}

static bool same_as_live(const char *name, const char *file)
{
	struct live live = live_now();
	scoped(free_p) char *here = at(name);
	scoped(free_p) char *there = str_printf("%s/%s", live.dir, file);
	scoped(free_p) char *a = content(here);
	scoped(free_p) char *b = content(there);

	live_free(&live);
	return a && b && !strcmp(a, b);
}

static struct target_conf targets[3];

static struct target_conf *target(const char *name)
{
	struct target_conf *t = &targets[cert.n_targets++];

	*t = (struct target_conf){ .name = str_copy(name), .preset = str_copy("copy") };
	cert.targets = targets;
	return t;
}

static void strike(void)
{
	for (size_t i = 0; i < cert.n_targets; i++) {
		struct target_conf *t = &targets[i];
		free(t->name);
		free(t->preset);
		for (size_t f = 0; f < DEPLOY_FORMS; f++)
			free(t->file[f]);
		words_free(&t->exec);
		words_free(&t->test);
		words_free(&t->reload);
	}
	cert.n_targets = 0;
	cert_state_free(&state);
	state = (struct cert_state){ 0 };
}

static void script(struct words *argv, const char *name, const char *text)
{
	scoped(free_p) char *path = at(name);
	FILE *f = fopen(path, "w");

	if (!f || fprintf(f, "#!/bin/sh\ncd %s\n%s\n", dir, text) < 0 || fclose(f) ||
	    chmod(path, 0755))
		exit(99);
	words_add(argv, path);
}

static size_t lines_of(const char *name)
{
	scoped(free_p) char *path = at(name);
	scoped(free_p) char *text = content(path);
	size_t n = 0;

	for (const char *c = text; c && (c = strchr(c, '\n')); c++)
		n++;
	return n;
}

static mode_t mode_of(const char *name)
{
	scoped(free_p) char *path = at(name);
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode & 07777;
}

static ino_t inode_of(const char *name)
{
	scoped(free_p) char *path = at(name);
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

/* -- stories -------------------------------------------------------------------------------- */

static void files_are_what_they_shall_be(void)
{
	struct target_conf *t = target("copy");
	size_t failed;

	t->file[FORM_KEY] = at("mail.key");
	t->file[FORM_FULLCHAIN] = at("mail.crt");
	t->file[FORM_KEYFULL] = at("mail.pem");
	t->file[FORM_FULLKEY] = at("haproxy.pem");
	t->file[FORM_PKCS12] = at("mail.p12");
	t->file[FORM_KEY_DER] = at("mail.key.der");
	t->file[FORM_CERT_DER] = at("mail.der");
	t->pkcs12_password = (char *)(uintptr_t) "secret";
	ok(run(DEPLOY_PENDING, &failed) == 1 && !failed, "done: %s", last.text);
	ok(same_as_live("mail.key", "privkey.pem") && same_as_live("mail.crt", "fullchain.pem") &&
		   same_as_live("mail.pem", "keyfull.pem"),
	   "key, chain and both in one");
	ok(mode_of("mail.key") == 0600 && mode_of("mail.pem") == 0600 &&
		   mode_of("mail.p12") == 0600 && mode_of("mail.crt") == 0644,
	   "keys are private");
	scoped(free_p) char *check = str_printf(
		"cd %s && openssl pkcs12 -in mail.p12 -passin pass:secret -nodes 2>/dev/null | "
		"grep -c 'BEGIN' >p12 && openssl pkey -inform DER -in mail.key.der -pubout "
		">a 2>/dev/null && openssl x509 -inform DER -in mail.der -pubkey -noout "
		">b 2>/dev/null && cmp -s a b && grep -q '^[34]$' p12", dir);
	struct words argv = { 0 };
	script(&argv, "openssl-check", check);
	if (!access("/usr/bin/openssl", X_OK))
		ok(WEXITSTATUS(pclose(popen(argv.at[0], "r"))) == 0, "openssl reads the other forms");
	words_free(&argv);
	ok(state.n_targets == 1 && state.targets[0].generation == 1 && !state.targets[0].pending,
	   "its state says so");
	ok(!deploy_due(&cert, &state, 1) && deploy_due(&cert, &state, 2) == 1,
	   "nothing is due until the next generation");

	ino_t before = inode_of("mail.key");
	ok(run(DEPLOY_ALL, NULL) == 1 && inode_of("mail.key") == before,
	   "what is there already is not written again");
	strike();
}

static void in_place_keeps_the_file(void)
{
	struct target_conf *t = target("copy");
	scoped(free_p) char *path = at("placed.key");
	FILE *f = fopen(path, "w");

	for (int i = 0; i < 9000; i++)
		fputc('x', f);
	fclose(f);
	chmod(path, 0644);
	ino_t before = inode_of("placed.key");
	t->file[FORM_KEY] = str_copy(path);
	t->write = WRITE_IN_PLACE;
	ok(run(DEPLOY_PENDING, NULL) == 1 && inode_of("placed.key") == before,
	   "the same file: %s", last.text);
	ok(same_as_live("placed.key", "privkey.pem") && mode_of("placed.key") == 0600,
	   "with new content, cut, and private");
	t->write = WRITE_ATOMIC;
	chmod(path, 0640);
	ok(run(DEPLOY_ALL, NULL) == 1 && inode_of("placed.key") != before,
	   "another one when it is replaced");
	strike();
}

static void it_runs_until_it_works_and_never_after(void)
{
	struct target_conf *t = target("exec");
	size_t failed = 0, wrong = 0;

	script(&t->exec, "third-time", "echo run >>runs; test \"$(wc -l <runs)\" -ge 3 || { "
				       "echo 'not yet' >&2; exit 1; }");
	for (int i = 0; i < 5; i++) {
		if (!deploy_due(&cert, &state, 1))
			continue;
		run(DEPLOY_PENDING, &failed);
		wrong += failed != (i < 2);
		if (i == 1)
			ok(state.targets[0].pending && state.targets[0].tries == 2 &&
				   strstr(state.targets[0].error, "not yet"),
			   "after two failures: %s", state.targets[0].error);
	}
	ok(!wrong, "it fails, fails, works");
	ok(lines_of("runs") == 3, "run three times, not four: %zu", lines_of("runs"));
	ok(!state.targets[0].pending && !state.targets[0].error && !state.targets[0].tries,
	   "and its state is clean");
	strike();
}

static void a_service_is_reloaded_once(void)
{
	for (int i = 0; i < 3; i++) {
		scoped(free_p) char *name = str_printf("copy/%d", i + 1);
		scoped(free_p) char *path = str_printf("%s/three-%d.pem", dir, i);
		struct target_conf *t = target(name);
		t->file[FORM_KEYFULL] = take(path);
		script(&t->reload, "reload", "ls three-*.pem | wc -l >>reloads");
	}
	ok(run(DEPLOY_PENDING, NULL) == 3, "three targets: %s", last.text);
	ok(lines_of("reloads") == 1, "one reload: %zu", lines_of("reloads"));
	scoped(free_p) char *path = at("reloads");
	scoped(free_p) char *text = content(path);
	is(text, "3\n", "behind the last of them");
	strike();
}

static void what_the_test_refuses_goes_back(void)
{
	struct target_conf *t = target("copy");
	scoped(free_p) char *path = at("old.pem");
	FILE *f = fopen(path, "w");
	size_t failed;

	fputs("old\n", f);
	fclose(f);
	chmod(path, 0600);
	t->file[FORM_KEYFULL] = str_copy(path);
	script(&t->test, "test", "grep -q BEGIN old.pem && echo saw-new >>tests; exit 1");
	script(&t->reload, "reload-2", "echo reload >>reloads-2");
	run(DEPLOY_PENDING, &failed);
	scoped(free_p) char *text = content(path);
	ok(failed == 1 && lines_of("tests") == 1, "it saw the new one and refused: %s", last.text);
	is(text, "old\n", "the old one is back");
	ok(lines_of("reloads-2") == 0, "nothing was reloaded");
	ok(state.targets[0].pending && strstr(last.hint, "are back"), "%s", last.hint);
	strike();
}

static void they_are_told_what_they_need_and_no_secret(void)
{
	struct target_conf *t = target("exec");
	struct live live = live_now();

	setenv("CLOUDFLARE_API_TOKEN", "c4n4ry-t0k3n", 1);
	script(&t->exec, "env", "env | sort >env.out; tr '\\0' ' ' </proc/$$/cmdline >cmd.out");
	ok(run(DEPLOY_PENDING, NULL) == 1, "run: %s", last.text);
	scoped(free_p) char *path = at("env.out");
	scoped(free_p) char *text = content(path);
	static const char *const wanted[] = { "DNSEAL_EVENT=deploy\n",
					      "DNSEAL_CERT=mail\n",
					      "DNSEAL_NAMES=mail.example.org *.example.org\n",
					      "RENEWED_DOMAINS=mail.example.org *.example.org\n",
					      "DNSEAL_NOT_AFTER=2",
					      "/gen-000001/fullchain.pem\n",
					      "/gen-000001/privkey.pem\n",
					      "/gen-000001/keyfull.pem\n",
					      "/certs/mail/live\n" };
	for (size_t i = 0; i < COUNT(wanted); i++)
		ok(text && strstr(text, wanted[i]), "environment: %.40s", wanted[i]);
	scoped(free_p) char *dir_line = str_printf("DNSEAL_DIR=%s\n", live.dir);
	ok(text && strstr(text, dir_line), "the generation's real path");
	ok(text && !strstr(text, "c4n4ry") && !strstr(text, "FAILED"), "no token of ours");
	live_free(&live);
	strike();
}

static void a_bad_place_is_told(void)
{
	struct target_conf *t = target("copy");
	size_t failed;

	t->file[FORM_KEY] = at("no-such-folder/x.key");
	t->file[FORM_FULLCHAIN] = at("x.crt");
	run(DEPLOY_PENDING, &failed);
	ok(failed == 1 && strstr(last.text, "no-such-folder/x.key"), "%s", last.text);
	ok(!inode_of("x.crt"), "the certificate is not written without its key");
	t->makes_folders = true;
	ok(run(DEPLOY_PENDING, NULL) == 1 && inode_of("no-such-folder/x.key"),
	   "a preset makes its folder: %s", last.text);
	strike();

	t = target("copy");
	t->file[FORM_KEY] = at("y.key");
	t->group = (char *)(uintptr_t) "no-such-group";
	run(DEPLOY_PENDING, &failed);
	ok(failed == 1 && strstr(last.text, "no-such-group") && !inode_of("y.key"), "%s",
	   last.text);
	strike();
}

static void a_key_without_its_certificate_goes(void)
{
	struct target_conf *t = target("copy");
	scoped(free_p) char *link = at("linked.crt"), *other = at("other.crt");
	FILE *f = fopen(other, "w");
	size_t failed;

	fclose(f);
	t->file[FORM_KEY] = at("linked.key");
	t->file[FORM_FULLCHAIN] = str_copy(link);
	t->write = WRITE_IN_PLACE; /* which follows no link */
	ok(!symlink(other, link), "a link");
	run(DEPLOY_PENDING, &failed);
	ok(failed == 1 && strstr(last.text, "linked.crt"), "%s", last.text);
	ok(!inode_of("linked.key"), "the new key is gone");
	unlink(link);
	ok(run(DEPLOY_PENDING, NULL) == 1 && inode_of("linked.key"), "and comes with its certificate");
	strike();
}

static void what_is_no_file_is_told(void)
{
	struct target_conf *t = target("copy");
	scoped(free_p) char *pipe = at("pipe.pem");
	size_t failed;

	t->file[FORM_KEYFULL] = str_copy(pipe);
	ok(!mkfifo(pipe, 0600), "a pipe that nobody writes to");
	run(DEPLOY_PENDING, &failed);
	ok(failed == 1 && strstr(last.text, "no file"), "%s", last.text);
	unlink(pipe);
	strike();
}

static void a_new_password_is_a_new_shape(void)
{
	struct target_conf *t = target("copy");
	unsigned generation;

	t->file[FORM_PKCS12] = at("x.p12");
	t->pkcs12_source = (char *)(uintptr_t) "file:one";
	ok(run(DEPLOY_PENDING, NULL) == 1, "a PKCS#12 file: %s", last.text);
	generation = (unsigned)state.targets[0].generation;
	ok(!deploy_due(&cert, &state, generation), "done");
	t->pkcs12_source = (char *)(uintptr_t) "file:two";
	ok(deploy_due(&cert, &state, generation) == 1, "due with another source of its password");
	strike();
}

static void what_cannot_begin_is_told(void)
{
	struct live live = live_now();
	struct deploy_run r = { .engine = &engine,	 .cert = &cert,
				.state = &state,	 .dir = live.dir,
				.which = DEPLOY_PENDING, .generation = live.generation + 7 };
	struct wait w = { .done = false };

	target("copy")->file[FORM_KEYFULL] = at("never.pem");
	story_clear(&last);
	task_init(&w.task, loop, is_over);
	deploy_start(&r, &w.task);
	loop_run(loop, &w.done);
	ok(r.n_failed == 1 && strstr(last.text, "is not live"), "%s", last.text);
	deploy_free(&r);
	live_free(&live);
	strike();
}

static void a_port_that_serves_nothing_is_a_failure(void)
{
	struct probe_conf probe = { .said = (char *)(uintptr_t) "tls://127.0.0.1:1",
				    .host = (char *)(uintptr_t) "127.0.0.1",
				    .port = 1 };
	struct target_conf *t = target("copy");
	struct wait w = { .done = false };
	struct live live = live_now();
	struct deploy_run r = { .engine = &engine, .cert = &cert, .state = &state,
				.dir = live.dir, .generation = live.generation };
	struct timer timer = { 0 };
	struct wait pause = { .done = false };

	t->probe = &probe;
	t->n_probe = 1;
	task_init(&w.task, loop, is_over);
	task_init(&pause.task, loop, is_over);
	deploy_start(&r, &w.task);
	timer_start(&timer, &pause.task, 1500);
	loop_run(loop, &pause.done);
	ok(!w.done, "the first look failed, and it waits for the next");
	deploy_cancel(&r);
	loop_run(loop, &w.done);
	ok(w.done && r.story.st == SEAL_ECANCELED && state.targets[0].pending,
	   "canceled meanwhile: %s", r.story.text);
	deploy_free(&r);
	live_free(&live);
	strike();
}

int main(void)
{
	struct story story = { 0 };
	struct events events = { .tell = tell };
	const char *root = temp_make();
	scoped(free_p) char *state_dir = str_printf("%s/state", root);

	umask(077);
	dir = str_printf("%s/out", root);
	if (mkdir(dir, 0700) || store_open(&store, state_dir, &story))
		return 99;
	loop = loop_new();
	pool = pool_new(loop, 4);
	engine = (struct engine){ .loop = loop,
				  .pool = pool,
				  .peers = pool,
				  .store = &store,
				  .events = &events,
				  .services = &services };
	cert.name = str_copy("mail");
	words_add(&cert.names, "mail.example.org");
	words_add(&cert.names, "*.example.org");
	issue();
	files_are_what_they_shall_be();
	in_place_keeps_the_file();
	it_runs_until_it_works_and_never_after();
	a_service_is_reloaded_once();
	what_the_test_refuses_goes_back();
	they_are_told_what_they_need_and_no_secret();
	a_bad_place_is_told();
	a_key_without_its_certificate_goes();
	what_is_no_file_is_told();
	a_new_password_is_a_new_shape();
	what_cannot_begin_is_told();
	a_port_that_serves_nothing_is_a_failure();
	words_free(&cert.names);
	free(cert.name);
	free(dir);
	pool_free(pool);
	loop_free(loop);
	store_close(&store);
	return done();
}
