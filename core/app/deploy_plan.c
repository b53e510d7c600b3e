/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/deployment.h"

#include <stdio.h>
#include <unistd.h>

static void put_program(const char *what, const struct words *argv)
{
	scoped(free_p) char *line = words_join(argv, " ");

	if (argv->n)
		printf("    %-8s %s\n", what, clean(line));
}

static void put_file(const struct target_conf *t, enum deploy_form f)
{
	bool mounted = t->write == WRITE_ATOMIC && deploy_is_mounted(t->file[f]);

	printf("    %-8s %s (%s)\n", deploy_form_name(f), t->file[f],
	       t->write == WRITE_ATOMIC ? "replaced by rename" : "written in place");
	if (mounted)
		printf("    %-8s it is mounted by itself, and such a file cannot be replaced: say "
		       "write in-place\n",
		       "PROBLEM");
}

void deploy_plan(const struct cert_conf *c)
{
	for (size_t i = 0; i < c->n_targets; i++) {
		const struct target_conf *t = &c->targets[i];
		printf("  %-10s %s (%s)\n", "deploy", t->name, t->origin);
		for (enum deploy_form f = 0; f < DEPLOY_FORMS; f++)
			if (t->file[f])
				put_file(t, f);
		put_program("exec", &t->exec);
		if (t->socket)
			printf("    %-8s %s\n", "socket", t->socket);
		put_program("test", &t->test);
		put_program("reload", &t->reload);
		for (size_t j = 0; j < t->n_probe; j++)
			printf("    %-8s %s\n", "probe", t->probe[j].said);
	}
}

/* -- the same for programs ------------------------------------------------------------------ */

static void add_words(struct json_object *o, const char *member, const struct words *w)
{
	if (w->n)
		json_object_object_add(o, member, json_words(w));
}

static struct json_object *target_json(const struct target_conf *t)
{
	struct json_object *o = json_object_new_object(), *files = json_object_new_object();
	struct words probes = { 0 };

	json_text(o, "target", t->name);
	json_text(o, "preset", t->preset);
	for (enum deploy_form f = 0; f < DEPLOY_FORMS; f++)
		json_text(files, deploy_form_name(f), t->file[f]);
	json_object_object_add(o, "files", files);
	json_text(o, "write", t->write == WRITE_ATOMIC ? "atomic" : "in-place");
	json_text(o, "socket", t->socket);
	add_words(o, "exec", &t->exec);
	add_words(o, "test", &t->test);
	add_words(o, "reload", &t->reload);
	for (size_t i = 0; i < t->n_probe; i++)
		words_add(&probes, t->probe[i].said);
	add_words(o, "probe", &probes);
	words_free(&probes);
	return o;
}

struct json_object *deploy_plan_json(const struct cert_conf *c)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < c->n_targets; i++)
		json_object_array_add(list, target_json(&c->targets[i]));
	return list;
}
