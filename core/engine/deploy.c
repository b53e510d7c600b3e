/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "engine/deploy_work.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target_run { /* one target */
	struct deploy_run *run;
	const struct target_conf *conf;
	struct story story;
	struct job job;
	struct put_files files;
	struct program program;
	struct haproxy haproxy;
	struct service_call call;
	struct probe_run *probe; /* one for each probe and pair */
	size_t n_probe;
	bool reloaded, restored;
};
struct deploy_work {
	size_t phase;
	bool canceled;
	struct target_run *at;
	size_t n;
	struct deploy_coming coming;
	struct live live;
	char *home; /* STATE/certs/CERT */
	char *sni;
	struct words environment;
};

/* The mount point is the fifth field of a line (proc(5)). */
bool deploy_is_mounted(const char *path)
{
	scoped(buf_free) struct buf text = { 0 };
	struct story ignored = { 0 };
	bool found = false;

	if (file_read("/proc/self/mountinfo", 1u << 20, &text, &ignored))
		return false;
	for (char *rest = text.data, *line; !found && rest && (line = rest);) {
		struct words w = { 0 };
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		words_split(&w, line);
		found = w.n > 4 && !strcmp(w.at[4], path);
		words_free(&w);
	}
	return found;
}

/* -- WRITE: files --------------------------------------------------------------------------- */

static void write_files(struct job *j)
{
	put_files_write(&container_of(j, struct target_run, job)->files);
}

static void begin_write(struct target_run *t)
{
	if (t->conf->trouble) {
		fail(t, SEAL_ECONFIG, "%s", t->conf->trouble);
		return;
	}
	t->files = (struct put_files){ .conf = t->conf,
				       .cert = t->run->cert->name,
				       .dir = t->run->dir };
	t->job.work = write_files;
	job_start(t->run->engine->pool, &t->job, &t->run->task);
}

static void end_write(struct target_run *t)
{
	fail_from(t, &t->files);
}

/* -- EXEC: a program for this certificate --------------------------------------------------- */

static void begin_exec(struct target_run *t)
{
	if (!t->conf->exec.n)
		return;
	t->program = (struct program){ .argv = &t->conf->exec,
				       .environment = &t->run->work->environment,
				       .limit_s = t->conf->timeout_s };
	program_start(t->run->engine->loop, &t->program, &t->run->task);
}

static void end_exec(struct target_run *t)
{
	if (!t->program.argv)
		return;
	hook_log(t->run->cert->name, &t->program);
	fail_from(t, &t->program);
}

/* -- SOCKET: HAProxy without a reload ------------------------------------------------------- */

static const struct put_file *haproxy_file(const struct target_run *t)
{
	for (size_t i = 0; i < t->files.n; i++)
		if (t->files.at[i].form == FORM_KEYFULL || t->files.at[i].form == FORM_FULLKEY)
			return &t->files.at[i];
	return NULL;
}

static void update_haproxy(struct job *j)
{
	struct target_run *t = container_of(j, struct target_run, job);

	for (size_t i = 0; i < t->files.n && !t->haproxy.story.st; i++) {
		const struct put_file *f = &t->files.at[i];
		if (f->form != FORM_KEYFULL && f->form != FORM_FULLKEY)
			continue;
		t->haproxy.file = f->path;
		t->haproxy.pem = &f->content;
		haproxy_update(&t->haproxy);
	}
}

static void begin_socket(struct target_run *t)
{
	if (!t->conf->socket || !haproxy_file(t))
		return;
	t->haproxy = (struct haproxy){ .socket = t->conf->socket };
	t->job.work = update_haproxy;
	job_start(t->run->engine->peers, &t->job, &t->run->task);
}

/* A certificate that is new to it, or a socket that is not there: the reload does it. */
static void end_socket(struct target_run *t)
{
	if (!t->haproxy.file)
		return;
	t->reloaded = !t->haproxy.story.st;
	if (t->reloaded)
		return;
	if (t->conf->reload.n)
		log_line(LOG_DETAIL, "%s: deploy %s: %s; reloading instead", t->run->cert->name,
			 t->conf->name, t->haproxy.story.text);
	else
		fail_from(t, &t->haproxy);
}

/* -- RELOAD: the service -------------------------------------------------------------------- */

static void begin_reload(struct target_run *t)
{
	if (t->reloaded || (!t->conf->reload.n && !t->conf->test.n))
		return;
	t->call = (struct service_call){ .cert = t->run->cert,
					 .environment = &t->run->work->environment };
	service_call_start(t->run->engine, &t->call, t->conf, &t->run->task);
}

static void end_reload(struct target_run *t)
{
	if (!t->call.waiter)
		return;
	t->reloaded = !fail_from(t, &t->call) && t->conf->reload.n;
}

/* -- RESTORE: what the service refused goes ------------------------------------------------- */

static void restore_files(struct job *j)
{
	put_files_restore(&container_of(j, struct target_run, job)->files);
}

/* With the old pair a service that is restarted comes up; with one that it refuses, perhaps not. */
static void begin_restore(struct target_run *t)
{
	if (!t->call.story.st || !put_files_can_restore(&t->files))
		return;
	t->restored = true;
	t->job.work = restore_files;
	job_start(t->run->engine->pool, &t->job, &t->run->task);
}

static void end_restore(struct target_run *t)
{
	if (!t->restored)
		return;
	if (t->files.story.st)
		hint(t, "the files that were there before could not be put back: %.200s",
		     t->files.story.text);
	else
		hint(t, "the files that were there before are back");
}

/* -- PROBE: what the ports show ------------------------------------------------------------- */

static void add_probe(struct target_run *t, const struct probe_conf *conf,
		      const struct chain *chain, enum peer_key key)
{
	struct deploy_run *r = t->run;

	t->probe[t->n_probe++] = (struct probe_run){ .engine = r->engine,
						     .conf = conf,
						     .chain = chain,
						     .sni = r->work->sni,
						     .key = key };
}

static enum peer_key kind_of(enum key_type type)
{
	return type == KEY_ECDSA_P256 || type == KEY_ECDSA_P384 ? PEER_KEY_ECDSA : PEER_KEY_RSA;
}

static void begin_probe(struct target_run *t)
{
	const struct live *l = &t->run->work->live;

	t->probe = mem_array(2 * t->conf->n_probe, sizeof(*t->probe));
	for (size_t i = 0; i < t->conf->n_probe; i++) {
		const struct probe_conf *p = &t->conf->probe[i];
		add_probe(t, p, &l->chain, l->has_twin ? kind_of(l->key) : PEER_KEY_ANY);
		if (l->has_twin)
			add_probe(t, p, &l->twin, kind_of(l->twin_key));
	}
	for (size_t i = 0; i < t->n_probe; i++)
		probe_run_start(&t->probe[i], &t->run->task);
}

static void end_probe(struct target_run *t)
{
	for (size_t i = 0; i < t->n_probe && !t->story.st; i++)
		fail_from(t, &t->probe[i]);
}

/* -- the course ----------------------------------------------------------------------------- */

/* A phase begins when the one before it is over for every target, so that a service which several
 * of them feed is reloaded behind the last.  always: failed targets too. */
static const struct {
	void (*begin)(struct target_run *), (*end)(struct target_run *);
	bool always;
} phases[] = {
	{ begin_write, end_write, false },     { begin_exec, end_exec, false },
	{ begin_socket, end_socket, false },   { begin_reload, end_reload, false },
	{ begin_restore, end_restore, true }, { begin_probe, end_probe, false },
};

static void tell_good(const struct target_run *t)
{
	char files[48] = "", probes[48] = "";
	size_t n = t->files.n_changed;

	if (n)
		str_put(files, ", %zu %s written", n, n == 1 ? "file" : "files");
	if (t->n_probe)
		str_put(probes, ", %s%s it", t->conf->probe[0].said,
			t->n_probe > 1 ? " and the others serve" : " serves");
	scoped(free_p) char *detail =
		str_printf("%s: done%s%s%s", t->conf->name, files,
			   t->reloaded	     ? ", reloaded"
			   : t->program.argv ? ", program run"
					     : "",
			   probes);
	engine_tell(t->run->engine, &(struct event){ .kind = EVENT_STEP,
						     .certificate = t->run->cert->name,
						     .step = "deploy",
						     .detail = detail });
}

static void tell_bad(struct target_run *t)
{
	story_prefix(&t->story, "deploy %s: ", t->conf->name);
	if (!*t->story.hint)
		hint(t, "tried again at every run; or now: dnseal deploy %s", t->run->cert->name);
	engine_tell(t->run->engine, &(struct event){ .kind = EVENT_ERROR,
						     .certificate = t->run->cert->name,
						     .story = &t->story });
}

/* What a target does, so that one which was configured anew is run anew. */
static char *shape_of(const struct target_conf *t)
{
	const struct words *const programs[] = { &t->exec, &t->test, &t->reload };
	scoped(buf_free) struct buf b = { 0 };
	uint8_t hash[32];

	for (size_t i = 0; i < DEPLOY_FORMS; i++)
		buf_printf(&b, "%s\n", t->file[i] ? t->file[i] : "");
	buf_printf(&b, "%s %s %o %d\n%s\n", t->owner ? t->owner : "", t->group ? t->group : "",
		   t->mode, (int)t->write, t->socket ? t->socket : "");
	for (size_t i = 0; i < COUNT(programs); i++) {
		scoped(free_p) char *line = words_join(programs[i], "\t");
		buf_printf(&b, "%s\n", line);
	}
	for (size_t i = 0; i < t->n_probe; i++)
		buf_printf(&b, "%s\n", t->probe[i].said);
	if (t->pkcs12_source)
		buf_printf(&b, "%s\n", t->pkcs12_source);
	sha256(b.data, b.len, hash);
	return hex(hash, 8);
}

static void keep(struct target_run *t)
{
	struct deploy_run *r = t->run;
	struct target_state *s = target_state(&r->state->targets, &r->state->n_targets,
					      t->conf->name);

	if (t->story.st == SEAL_ECANCELED) {
		s->pending = true;
		return;
	}
	s->last = clock_wall();
	s->pending = t->story.st != SEAL_OK;
	free(s->error);
	s->error = s->pending ? str_copy(t->story.text) : NULL;
	s->tries = s->pending ? s->tries + 1 : 0;
	if (s->pending)
		return;
	s->generation = r->generation;
	free(s->shape);
	s->shape = shape_of(t->conf);
}

static void conclude(struct target_run *t)
{
	struct deploy_run *r = t->run;

	if (r->work->canceled && !t->story.st)
		fail(t, SEAL_ECANCELED, "deploy %s: interrupted", t->conf->name);
	keep(t);
	if (!t->story.st)
		tell_good(t);
	else if (t->story.st != SEAL_ECANCELED)
		tell_bad(t);
	if (t->story.st && !r->story.st)
		r->story = t->story;
	r->n_done += !t->story.st;
	r->n_failed += t->story.st != SEAL_OK;
}

static void next(struct task *task)
{
	struct deploy_run *r = container_of(task, struct deploy_run, task);
	struct deploy_work *w = r->work;

	for (size_t i = 0; w->phase && i < w->n; i++)
		if (!w->at[i].story.st || phases[w->phase - 1].always)
			phases[w->phase - 1].end(&w->at[i]);
	while (w->phase < COUNT(phases)) {
		size_t at = w->phase++;
		for (size_t i = 0; i < w->n; i++)
			if (phases[at].always || (!w->at[i].story.st && !w->canceled))
				phases[at].begin(&w->at[i]);
		if (phases[at].begin == begin_reload)
			deploy_expect_no_more(&w->coming);
		if (r->task.pending)
			return;
		for (size_t i = 0; i < w->n; i++)
			if (!w->at[i].story.st || phases[at].always)
				phases[at].end(&w->at[i]);
	}
	for (size_t i = 0; i < w->n; i++)
		conclude(&w->at[i]);
	task_done(r->waiter);
}

/* -- for callers ---------------------------------------------------------------------------- */

static const struct target_state *find_state(const struct cert_state *s, const char *name)
{
	for (size_t i = 0; i < s->n_targets; i++)
		if (!strcmp(s->targets[i].name, name))
			return &s->targets[i];
	return NULL;
}

static bool is_due(const struct target_conf *t, const struct cert_state *state,
		   unsigned generation)
{
	const struct target_state *s = find_state(state, t->name);

	if (!s || s->pending || s->generation != (int64_t)generation)
		return true;
	scoped(free_p) char *now = shape_of(t);
	return s->shape && strcmp(s->shape, now) != 0;
}

size_t deploy_due(const struct cert_conf *c, const struct cert_state *s, unsigned generation)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_targets; i++)
		n += is_due(&c->targets[i], s, generation);
	return n;
}

static void forget_others(struct deploy_run *r)
{
	struct words names = { 0 };

	for (size_t i = 0; i < r->cert->n_targets; i++)
		words_add(&names, r->cert->targets[i].name);
	target_states_keep(&r->state->targets, &r->state->n_targets, &names);
	words_free(&names);
}

/* The first name; of a wildcard one that it covers. */
static char *server_name(const struct cert_conf *c)
{
	const char *name = c->names.n ? c->names.at[0] : "";

	return starts_with(name, "*.") ? str_printf("www%s", name + 1) : str_copy(name);
}

static enum seal_status prepare(struct deploy_run *r)
{
	struct deploy_work *w = r->work;
	struct hook_news news = { .event = HOOK_DEPLOY, .cert = r->cert, .dir = r->dir };

	w->home = store_path(r->engine->store, "certs/%s", r->cert->name);
	w->sni = server_name(r->cert);
	if (live_read(r->engine->store, r->cert->name, &w->live, &r->story))
		return r->story.st;
	if (w->live.generation != r->generation)
		return fail(r, SEAL_EINVAL, "generation %u is not live", r->generation);
	news.home = w->home;
	news.not_after = w->live.chain.at[0].not_after;
	hook_environment(&w->environment, &news);
	return SEAL_OK;
}

static void tell_refused(struct deploy_run *r)
{
	story_prefix(&r->story, "deploy: ");
	engine_tell(r->engine, &(struct event){ .kind = EVENT_ERROR,
						.certificate = r->cert->name,
						.story = &r->story });
}

void deploy_start(struct deploy_run *r, struct task *waiter)
{
	struct deploy_work *w = mem_new(sizeof(*w));

	r->waiter = waiter;
	r->work = w;
	r->n_done = r->n_failed = 0;
	story_clear(&r->story);
	task_init(&r->task, r->engine->loop, next);
	task_expect(waiter);
	forget_others(r);
	w->at = mem_array(r->cert->n_targets, sizeof(*w->at));
	for (size_t i = 0; i < r->cert->n_targets; i++) {
		const struct target_conf *t = &r->cert->targets[i];
		if (r->which == DEPLOY_ALL || is_due(t, r->state, r->generation))
			w->at[w->n++] = (struct target_run){ .run = r, .conf = t };
	}
	if (prepare(r)) {
		tell_refused(r);
		r->n_failed = w->n;
		task_done(waiter);
		return;
	}
	deploy_expect(r->engine, &w->coming, r->cert);
	task_wake(&r->task);
}

void deploy_cancel(struct deploy_run *r)
{
	if (!r->work || r->work->canceled)
		return;
	r->work->canceled = true;
	for (size_t i = 0; i < r->work->n; i++) {
		struct target_run *t = &r->work->at[i];
		program_cancel(&t->program);
		service_call_cancel(&t->call);
		for (size_t j = 0; j < t->n_probe; j++)
			if (t->probe[j].task.loop)
				probe_run_cancel(&t->probe[j]);
	}
}

void deploy_free(struct deploy_run *r)
{
	struct deploy_work *w = r->work;

	if (!w)
		return;
	deploy_expect_no_more(&w->coming);
	for (size_t i = 0; i < w->n; i++) {
		struct target_run *t = &w->at[i];
		put_files_free(&t->files);
		program_free(&t->program);
		for (size_t j = 0; j < t->n_probe; j++)
			probe_run_free(&t->probe[j]);
		free(t->probe);
	}
	task_stop(&r->task);
	live_free(&w->live);
	words_free(&w->environment);
	free(w->home);
	free(w->sni);
	free(w->at);
	free(w);
	r->work = NULL;
}
