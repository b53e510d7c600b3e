/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"

#include "provider/host.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "provider/cache.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct op_work *work_new(struct login *l, enum op_kind kind, const char *zone,
			 const struct seal_host *host)
{
	struct op_work *w = mem_new(sizeof(*w));

	w->login = l;
	w->p = l->plugin->p;
	w->kind = kind;
	w->zone = arena_str(&w->arena, zone);
	w->seal = (struct seal_op){
		.host = host, .conf = l->conf, .core = w, .endpoint = l->endpoint
	};
	w->deadline_ms = INT64_MAX;
	list_init(&w->joined);
	exchange_init(&w->exchange, INT64_MAX, &w->canceled);
	pthread_mutex_init(&w->trip.lock, NULL);
	pthread_cond_init(&w->trip.back, NULL);
	return w;
}

void work_free(struct op_work *w)
{
	if (!w)
		return;
	http_call_free(&w->trip.call);
	exchange_close(&w->exchange);
	pthread_cond_destroy(&w->trip.back);
	pthread_mutex_destroy(&w->trip.lock);
	for (size_t i = 0; i < w->n_docs; i++)
		json_object_put(w->docs[i]);
	free(w->docs);
	free(w->results);
	words_free(&w->zones);
	arena_free(&w->arena);
	free(w);
}

/* -- results */

static void host_emit(struct seal_op *op, const struct seal_record *r)
{
	struct op_work *w = work_of(op);

	if (!record_emit(w, r))
		log_line(LOG_DETAIL,
			 "dns %s: left out a record that makes no sense: name=%s type=%s",
			 w->login->name, clean(r->name), clean(r->type));
}

static void host_emit_zone(struct seal_op *op, const char *zone)
{
	struct op_work *w = work_of(op);
	char name[NAME_MAX_LEN];

	if (zone && name_normal(zone, name) && w->zones.n < OP_RESULTS_MAX)
		words_add(&w->zones, name);
}

/* -- words */

static char *host_vprintf(struct seal_op *op, const char *fmt, va_list ap)
{
	return arena_vprintf(&work_of(op)->arena, fmt, ap);
}

static char *host_urlescape(struct seal_op *op, const char *s)
{
	struct buf b = { 0 };

	for (; *s; s++) /* RFC 3986 2.3 */
		buf_printf(&b, isalnum((unsigned char)*s) || strchr("-._~", *s) ? "%c" : "%%%02X",
			   (unsigned char)*s);
	char *ret = arena_str(&work_of(op)->arena, buf_text(&b));
	buf_free(&b);
	return ret;
}

static char *host_join(struct seal_op *op, const char *const *words, size_t n, const char *between)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++) {
		buf_str(&b, i ? between : "");
		buf_str(&b, words[i]);
	}
	char *ret = arena_str(&work_of(op)->arena, buf_text(&b));
	buf_free(&b);
	return ret;
}

/* Whatever the plugin quotes of a reply is made harmless here, and secrets in it are struck out. */
enum seal_status host_vfail(struct seal_op *op, enum seal_status why, const char *fmt, va_list ap)
{
	struct story *s = &work_of(op)->story;
	scoped(free_p) char *raw = str_vprintf(fmt, ap);
	scoped(free_p) char *open = log_scrub(raw);
	scoped(free_p) char *text = text_clean(open, strlen(open), sizeof(s->text) - 100);

	return story_fail(s, why, "%s", text);
}

enum seal_status host_fail(struct op_work *w, enum seal_status why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	why = host_vfail(&w->seal, why, fmt, ap);
	va_end(ap);
	return why;
}

static void host_vlog(struct seal_op *op, int priority, const char *fmt, va_list ap)
{
	static const enum log_level levels[] = { LOG_ERROR, LOG_ERROR, LOG_ERROR,  LOG_ERROR,
						 LOG_WARN,  LOG_INFO,  LOG_DETAIL, LOG_HTTP };
	scoped(free_p) char *raw = str_vprintf(fmt, ap);
	scoped(free_p) char *text = text_clean(raw, strlen(raw), 500);
	size_t n = (size_t)priority < COUNT(levels) ? (size_t)priority : COUNT(levels) - 1;

	log_line(levels[n], "dns %s: %s", work_of(op)->login->name, text);
}

static void host_secret(struct seal_op *op, const char *value)
{
	(void)op;
	if (value)
		log_secret(value);
}

/* -- memory */

static const char *host_cache_get(struct seal_op *op, const char *key)
{
	return cache_find(work_of(op)->login, key, &work_of(op)->arena);
}

static void host_cache_put(struct seal_op *op, const char *key, const char *value, unsigned ttl_s)
{
	cache_keep(work_of(op)->login, key, value, ttl_s);
}

static void *host_alloc(struct seal_op *op, size_t len)
{
	return arena_new(&work_of(op)->arena, len);
}

/* -- signing kit, time and chance */

static uint8_t *host_unbase64(struct seal_op *op, const char *text, size_t *len)
{
	struct buf b = { 0 };
	uint8_t *ret = NULL;

	if (unbase64(text, &b)) {
		ret = (uint8_t *)arena_copy(&work_of(op)->arena, buf_text(&b), b.len);
		*len = b.len;
	}
	buf_free(&b);
	return ret;
}

static char *host_base64(struct seal_op *op, const void *octets, size_t len)
{
	scoped(wipe_p) char *text = base64(octets, len);

	return arena_str(&work_of(op)->arena, text);
}

static int64_t host_wall(struct seal_op *op)
{
	(void)op;
	return clock_wall();
}

static uint32_t host_random(struct seal_op *op)
{
	uint32_t v;

	(void)op;
	clock_random(&v, sizeof(v));
	return v;
}

const struct seal_host op_host = {
	.size = sizeof(struct seal_host),
	.http = host_http,
	.emit = host_emit,
	.emit_zone = host_emit_zone,
	.diff = host_diff,
	.vprintf = host_vprintf,
	.urlescape = host_urlescape,
	.join = host_join,
	.vfail = host_vfail,
	.vlog = host_vlog,
	.cache_get = host_cache_get,
	.cache_put = host_cache_put,
	.json_at = host_json_at,
	.json_text = host_json_text,
	.json_count = host_json_count,
	.vbuild = host_vbuild,
	.name_abs = host_name_abs,
	.name_rel = host_name_rel,
	.txt_quote = host_txt_quote,
	.txt_plain = host_txt_plain,
	.fields_json = host_fields_json,
	.json_fields = host_json_fields,
	.dns = host_dns,
	.dns_read = host_dns_read,
	.rdata_pack = host_rdata_pack,
	.rdata_text = host_rdata_text,
	.name_pack = host_name_pack,
	.rr_type = rr_type,
	.rr_name = host_rr_name,
	.hmac = hmac,
	.digest = digest,
	.unbase64 = host_unbase64,
	.base64 = host_base64,
	.alloc = host_alloc,
	.wall = host_wall,
	.random = host_random,
	.merge = host_merge,
	.wait = host_wait,
	.file = host_file,
	.secret = host_secret,
	.aws_sign = host_aws_sign,
};
