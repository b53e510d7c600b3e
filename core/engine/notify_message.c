/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * notify_message.c - news as a mail, as JSON and as text. */
#include "config.h"

#include "engine/notify.h"

#include "base/clock.h"
#include "base/encode.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MAIL_WIDE 76 /* columns; RFC 5322 2.1.1 wants less than 78 */

/* -- what a receiver gets ------------------------------------------------------------------- */

static bool is_for(const struct news *x, size_t receiver)
{
	return x->receivers & 1u << receiver;
}

static size_t count(const struct notify *n, size_t receiver, enum news_kind kind)
{
	size_t found = 0;

	for (size_t i = 0; i < n->n_of; i++)
		for (size_t k = 0; k < n->of[i].n; k++)
			found += n->of[i].at[k].kind == kind && is_for(&n->of[i].at[k], receiver);
	return found;
}

enum news_kind notify_worst(const struct notify *n, size_t receiver)
{
	enum news_kind kind = 0;

	while (kind < NEWS_KINDS && !count(n, receiver, kind))
		kind++;
	return kind;
}

bool notify_has(const struct notify *n, size_t receiver)
{
	return notify_worst(n, receiver) < NEWS_KINDS;
}

/* -- title ---------------------------------------------------------------------------------- */

static const struct {
	const char *one, *many; /* "mail: ...", "3 ..." */
} titles[] = { [NEWS_EXPIRY] = { "expires", "expire" },
	       [NEWS_OPERATOR] = { "failed, an operator must act", "failed, an operator must act" },
	       [NEWS_FAILURE] = { "failed", "failed" },
	       [NEWS_RECOVERED] = { "works again", "work again" },
	       [NEWS_SUCCESS] = { "has a new certificate", "have a new certificate" },
	       [NEWS_TEST] = { "test", "tests" } };

/* The certificate that has the only news of this kind for the receiver. */
static const char *only_one(const struct notify *n, size_t receiver, enum news_kind kind)
{
	for (size_t i = 0; i < n->n_of; i++)
		for (size_t k = 0; k < n->of[i].n; k++)
			if (n->of[i].at[k].kind == kind && is_for(&n->of[i].at[k], receiver))
				return n->of[i].cert;
	return "";
}

char *notify_title(const struct notify *n, size_t receiver)
{
	struct buf b = { 0 };

	if (!notify_has(n, receiver))
		return NULL;
	buf_printf(&b, "[dnseal] %s: ", n->host);
	size_t begin = b.len;
	for (enum news_kind kind = 0; kind < NEWS_KINDS; kind++) {
		size_t many = count(n, receiver, kind);
		if (!many)
			continue;
		buf_str(&b, b.len > begin ? "; " : "");
		if (many == 1)
			buf_printf(&b, "%s %s", only_one(n, receiver, kind), titles[kind].one);
		else
			buf_printf(&b, "%zu %s", many, titles[kind].many);
	}
	return buf_take(&b);
}

/* -- text ----------------------------------------------------------------------------------- */

/* Words of a paragraph in lines, each with this before it; one that is too long has a line. */
static void wrap(struct buf *b, const char *margin, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " ");
		if (column && column + 1 + n > MAIL_WIDE) {
			buf_char(b, '\n');
			column = 0;
		}
		buf_str(b, column ? " " : margin);
		buf_add(b, text, n);
		column += n + (column ? 1 : strlen(margin));
		text += n;
		text += strspn(text, " ");
	}
	buf_char(b, '\n');
}

static void put_news(struct buf *b, const struct news_of *of, const struct news *x)
{
	char when[RFC3339_LEN], left[32];
	scoped(free_p) char *line =
		x->class ? str_printf("%s: %s (%s): %s", of->cert, news_name(x->kind), x->class,
				      x->text)
			 : str_printf("%s: %s: %s", of->cert, news_name(x->kind), x->text);

	wrap(b, "", line);
	if (!x->class)
		return;
	if (of->next_try)
		buf_printf(b, "    next try: %s\n", clock_rfc3339(of->next_try, when));
	if (of->not_after)
		buf_printf(b, "    the certificate in use %s %s (%s)\n",
			   of->not_after > clock_wall() ? "is valid until" : "has expired on",
			   clock_rfc3339(of->not_after, when),
			   show_duration(of->not_after - clock_wall(), left));
	if (of->told) /* it is about a certificate */
		buf_printf(b, "    all about it: dnseal status %s\n", of->cert);
}

char *notify_text(const struct notify *n, size_t receiver)
{
	struct buf b = { 0 };

	if (!notify_has(n, receiver))
		return NULL;
	for (size_t i = 0; i < n->n_of; i++)
		for (size_t k = 0; k < n->of[i].n; k++)
			if (is_for(&n->of[i].at[k], receiver))
				put_news(&b, &n->of[i], &n->of[i].at[k]);
	return buf_take(&b);
}

/* -- JSON ----------------------------------------------------------------------------------- */

static void put_text(struct json_object *o, const char *member, const char *text)
{
	if (text)
		json_object_object_add(o, member, json_object_new_string(text));
}

static void put_time(struct json_object *o, const char *member, int64_t wall)
{
	char text[RFC3339_LEN];

	if (wall)
		put_text(o, member, clock_rfc3339(wall, text));
}

static struct json_object *news_json(const struct news_of *of, const struct news *x)
{
	struct json_object *o = json_object_new_object();

	put_text(o, "certificate", of->cert);
	put_text(o, "event", news_name(x->kind));
	put_text(o, "class", x->class);
	put_text(o, "message", x->text);
	put_time(o, "not_after", of->not_after);
	put_time(o, "next_try", of->next_try);
	return o;
}

/* `text` is what Slack, Mattermost, Matrix and others show, `title` and `message` what Gotify. */
char *notify_json(const struct notify *n, size_t receiver, int64_t now)
{
	scoped(json_put_p) struct json_object *o = NULL;
	scoped(free_p) char *title = notify_title(n, receiver);
	scoped(free_p) char *text = notify_text(n, receiver);

	if (!title)
		return NULL;
	o = json_object_new_object();
	struct json_object *list = json_object_new_array();
	json_object_object_add(o, "v", json_object_new_int(1));
	put_time(o, "t", now);
	put_text(o, "event", news_name(notify_worst(n, receiver)));
	put_text(o, "host", n->host);
	put_text(o, "title", title);
	put_text(o, "text", text);
	put_text(o, "message", text);
	for (size_t i = 0; i < n->n_of; i++)
		for (size_t k = 0; k < n->of[i].n; k++)
			if (is_for(&n->of[i].at[k], receiver))
				json_object_array_add(list, news_json(&n->of[i], &n->of[i].at[k]));
	json_object_object_add(o, "certificates", list);
	return json_write(o);
}

/* -- mail ----------------------------------------------------------------------------------- */

/* RFC 5322 3.3, in UTC; names of days and months are English whatever the locale. */
static void put_date(struct buf *b, int64_t wall)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)wall;
	struct tm tm = { 0 };

	gmtime_r(&t, &tm);
	buf_printf(b, "Date: %s, %d %s %d %02d:%02d:%02d +0000\n", days[tm.tm_wday], tm.tm_mday,
		   months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void put_message_id(struct buf *b, const char *host)
{
	uint8_t random[12];

	clock_random(random, sizeof(random));
	scoped(free_p) char *id = hex(random, sizeof(random));
	buf_printf(b, "Message-ID: <%s.dnseal@%s>\n", id, host);
}

/* One address a line: folded (RFC 5322 2.2.3), however many there are. */
static void put_receivers(struct buf *b, const struct words *to)
{
	for (size_t i = 0; i < to->n; i++)
		buf_printf(b, "%s%s%s\n", i ? "    " : "To: ", to->at[i], i + 1 < to->n ? "," : "");
}

char *notify_mail(const struct notify *n, size_t receiver, int64_t now)
{
	const struct notify_conf *c = n->conf[receiver];
	scoped(free_p) char *title = notify_title(n, receiver);
	scoped(free_p) char *text = notify_text(n, receiver);
	struct buf b = { 0 };

	if (!title)
		return NULL;
	if (c->from)
		buf_printf(&b, "From: %s\n", c->from);
	put_receivers(&b, &c->to);
	buf_printf(&b, "Subject: %.900s\n", title); /* RFC 5322 2.1.1: at most 998 octets */
	put_date(&b, now);
	put_message_id(&b, n->host);
	/* RFC 3834 5: no answer by a machine, please. */
	buf_str(&b, "Auto-Submitted: auto-generated\n"
		    "MIME-Version: 1.0\n"
		    "Content-Type: text/plain; charset=utf-8\n"
		    "Content-Transfer-Encoding: 8bit\n"
		    "\n");
	buf_str(&b, text);
	buf_printf(&b, "\n-- \ndnseal %s at %s\n", PACKAGE_VERSION, n->host);
	return buf_take(&b);
}
