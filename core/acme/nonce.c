/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/nonce.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define NONCE_TEXT_MAX 512

char *nonce_of(const struct http_call *call)
{
	const char *text = http_header(call, "replay-nonce", 0);
	size_t n = text ? strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-_") : 0;

	return n && !text[n] && n <= NONCE_TEXT_MAX ? str_copy(text) : NULL;
}

static void drop(struct ca *ca, size_t i)
{
	free(ca->nonces[i].text);
	ca->n_nonces--;
	memmove(&ca->nonces[i], &ca->nonces[i + 1], (ca->n_nonces - i) * sizeof(*ca->nonces));
	ca->nonces_alive--;
}

/* One more idle one, which is counted already. */
static void keep(struct ca *ca, char *text)
{
	if (ca->n_nonces == NONCES_MAX)
		drop(ca, 0);
	ca->nonces[ca->n_nonces++] = (struct nonce){ .text = text, .at_ms = clock_ms() };
}

char *nonce_take(struct ca *ca)
{
	while (ca->n_nonces && clock_ms() - ca->nonces[0].at_ms > NONCE_AGE_S * 1000)
		drop(ca, 0);
	if (!ca->n_nonces)
		return NULL;
	ca->n_nonces--;
	return take(ca->nonces[ca->n_nonces].text);
}

void nonce_returned(struct ca *ca, const struct http_call *call)
{
	char *text = nonce_of(call);

	if (text)
		keep(ca, text);
	else
		ca->nonces_alive--;
}

void nonce_back(struct ca *ca, char *nonce)
{
	keep(ca, nonce);
}

void nonce_lost(struct ca *ca)
{
	ca->nonces_alive--;
}

void nonce_found(struct ca *ca, const struct http_call *call)
{
	char *text = nonce_of(call);

	if (!text)
		return;
	ca->nonces_alive++;
	keep(ca, text);
}

static size_t waiting(const struct ca *ca)
{
	size_t n = 0;

	list_each(at, &ca->waiting)
		n++;
	return n;
}

static bool wants_another(const struct ca *ca)
{
	size_t n = waiting(ca);

	if (!ca->nonces_alive)
		return n > 0;
	return n > 2 * ca->nonces_alive && ca->nonces_alive < NONCE_WINDOW &&
	       ca->rtt_ms >= NONCE_FAR_MS;
}

static struct nonce_want *next(struct ca *ca)
{
	return container_of(list_shift(&ca->waiting), struct nonce_want, link);
}

void nonces_serve(struct ca *ca)
{
	char *text;

	while (!list_empty(&ca->waiting) && (text = nonce_take(ca))) {
		struct nonce_want *w = next(ca);
		w->nonce = text;
		task_done(w->task);
	}
	while (wants_another(ca)) {
		struct nonce_want *w = next(ca);
		w->fetch = true;
		ca->nonces_alive++;
		task_done(w->task);
	}
}

void nonces_fail(struct ca *ca, const struct story *story)
{
	nonce_lost(ca);
	while (!ca->nonces_alive && !list_empty(&ca->waiting)) {
		struct nonce_want *w = next(ca);
		w->failed = true;
		w->story = *story;
		task_done(w->task);
	}
}

void nonce_want(struct ca *ca, struct nonce_want *w, struct task *task)
{
	*w = (struct nonce_want){ .task = task };
	task_expect(task);
	list_add(&ca->waiting, &w->link);
	nonces_serve(ca);
}

void nonce_unwant(struct nonce_want *w)
{
	if (list_empty(&w->link))
		return;
	list_drop(&w->link);
	task_done(w->task);
}
