/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "acme/ca.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void ca_init(struct ca *ca, struct http *http, const char *url, const char *trust)
{
	*ca = (struct ca){ .url = url, .trust = trust, .http = http };
	list_init(&ca->waiting);
}

void ca_free(struct ca *ca)
{
	if (!ca)
		return;
	for (size_t i = 0; i < ca->n_nonces; i++)
		free(ca->nonces[i].text);
	directory_free(&ca->dir);
	key_free(ca->key);
	free(ca->kid);
	*ca = (struct ca){ 0 };
}

/* "host:port" of an https URL, without the port when it is the usual one. */
static const char *authority(const char *url, size_t *ret_len)
{
	const char *at = url + strlen("https://");
	size_t n = strcspn(at, "/?#");

	if (n > 4 && !strncmp(at + n - 4, ":443", 4))
		n -= 4;
	*ret_len = n;
	return at;
}

bool ca_owns_url(const struct ca *ca, const char *url)
{
	size_t ours_len, theirs_len;

	if (!url || !http_url_ok(url))
		return false;
	const char *ours = authority(ca->url, &ours_len);
	const char *theirs = authority(url, &theirs_len);
	return ours_len == theirs_len && !strncasecmp(ours, theirs, ours_len);
}

void ca_ask(struct ca *ca, struct http_call *call, struct task *task)
{
	call->trust = ca->trust;
	call->who = "ca";
	ca->requests++;
	http_start(ca->http, call, task);
}

void ca_heard(struct ca *ca, const struct http_call *call)
{
	if (!call->story.st) {
		ca->rtt_ms = call->took_ms;
		ca->lost_ms = ca->lost_last_ms = 0;
	} else if (call->story.st != SEAL_ECANCELED) {
		ca->lost_last_ms = clock_ms();
		ca->lost_ms = ca->lost_ms ? ca->lost_ms : ca->lost_last_ms;
	}
}

enum seal_status ca_listens(const struct ca *ca, struct story *story)
{
	int64_t mute_ms = ca->lost_last_ms - ca->lost_ms;

	if (mute_ms < CA_MUTE_MS || clock_ms() - ca->lost_last_ms >= CA_MUTE_REST_MS)
		return SEAL_OK;
	return story_fail(story, SEAL_EAGAIN,
			  "CA %s has answered nothing for %d s and is left alone for a while",
			  ca->url, (int)(mute_ms / 1000));
}
