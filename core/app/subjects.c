/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "app/subjects.h"

#include <stdlib.h>
#include <string.h>

static struct subject *add(struct subjects *s)
{
	s->at = mem_grow(s->at, s->n + 1, sizeof(*s->at));
	s->at[s->n] = (struct subject){ 0 };
	return &s->at[s->n++];
}

static bool all_are_titles(const struct app *a)
{
	for (size_t i = 0; i < a->args.n; i++)
		if (!configuration_cert(a->conf, a->args.at[i]))
			return false;
	return a->args.n > 0;
}

static int read_all(struct app *a, struct subjects *ret)
{
	for (size_t i = 0; i < a->conf->n_certs; i++) {
		subject_of(a->conf, a->conf->certs[i], add(ret));
		(void)cert_possible(a->conf->certs[i], &a->errors);
	}
	return app_complaints(a);
}

int subjects_read(struct app *a, struct subjects *ret)
{
	int status = EXIT_DONE;

	if (!a->args.n)
		return read_all(a, ret);
	if (!all_are_titles(a))
		return app_subject(a, &a->args, add(ret));
	for (size_t i = 0; !status && i < a->args.n; i++) {
		struct words one = { .at = &a->args.at[i], .n = 1 };
		status = app_subject(a, &one, add(ret));
	}
	return status;
}

void subjects_free(struct subjects *s)
{
	for (size_t i = 0; i < s->n; i++)
		subject_free(&s->at[i]);
	free(s->at);
	*s = (struct subjects){ 0 };
}

int exit_worse(int a, int b)
{
	static const int order[] = { EXIT_DONE, EXIT_DEPLOY, EXIT_LATER,    EXIT_SOME,	 EXIT_ALL,
				     EXIT_LOCKED, EXIT_USAGE,  EXIT_OPERATOR, EXIT_STORAGE };
	size_t at_a = 0, at_b = 0;

	while (at_a + 1 < COUNT(order) && order[at_a] != a)
		at_a++;
	while (at_b + 1 < COUNT(order) && order[at_b] != b)
		at_b++;
	return at_a > at_b ? a : b;
}
