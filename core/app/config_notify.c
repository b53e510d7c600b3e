/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * config_notify.c - who is told: `notify mail`, `notify webhook`, `notify exec`. */
#include "config.h"

#include "app/configuration.h"

#include "base/encode.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

#define SENDMAIL "/usr/sbin/sendmail"
#define USUAL (1u << NEWS_FAILURE | 1u << NEWS_OPERATOR | 1u << NEWS_RECOVERED | 1u << NEWS_EXPIRY)

static void read_addresses(struct reading *, const struct scfg *, const struct word *, void *);
static void read_from(struct reading *, const struct scfg *, const struct word *, void *);
static void read_sendmail(struct reading *, const struct scfg *, const struct word *, void *);
static void read_program(struct reading *, const struct scfg *, const struct word *, void *);
static void read_url(struct reading *, const struct scfg *, const struct word *, void *);
static void read_events(struct reading *, const struct scfg *, const struct word *, void *);

#define AT(member) offsetof(struct notify_conf, member)
#define EVENTS                                                                                     \
	{                                                                                          \
		"on", read_events, 0, 1, WORDS_MANY, WORD_RAW, NULL                                \
	}

static const struct word mail_words[] = {
	{ "to", read_addresses, AT(to), 1, WORDS_MANY, 0, NULL },
	{ "from", read_from, AT(from), 1, 1, 0, NULL },
	{ "sendmail", read_sendmail, AT(program), 1, 1, WORD_RAW, NULL },
	EVENTS,
};
const struct table notify_mail_table = TABLE(mail_words, "in a notify mail block");

static const char *const formats[] = { [NOTIFY_JSON] = "json", [NOTIFY_TEXT] = "text", NULL };
static const struct word webhook_words[] = {
	{ "url", read_url, AT(url), 1, 1, WORD_SECRET, NULL },
	{ "trust", read_trust, AT(trust), 1, 1, WORD_RAW, NULL },
	{ "format", read_choice, AT(format), 1, 1, 0, formats },
	EVENTS,
};
const struct table notify_webhook_table = TABLE(webhook_words, "in a notify webhook block");

static const struct word exec_words[] = {
	{ "exec", read_program, AT(program), 1, WORDS_MANY, WORD_RAW | WORD_REST, NULL },
	EVENTS,
};
const struct table notify_exec_table = TABLE(exec_words, "in a notify exec block");

static const char *const hows[] = {
	[NOTIFY_MAIL] = "mail", [NOTIFY_WEBHOOK] = "webhook", [NOTIFY_EXEC] = "exec", NULL
};
static const struct {
	const struct table *table;
	const char *needs;
} kinds[] = { [NOTIFY_MAIL] = { &notify_mail_table, "to" },
	      [NOTIFY_WEBHOOK] = { &notify_webhook_table, "url" },
	      [NOTIFY_EXEC] = { &notify_exec_table, "exec" } };

/* Nothing that would end a header line, make two addresses of one, or be an option. */
static bool is_address(const char *s)
{
	for (const char *at = s; *at; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr(",;<>\"()", *at))
			return false;
	return *s && *s != '-' && text_is_utf8(s, strlen(s));
}

static void check_address(struct reading *r, const struct scfg *d, const char *address)
{
	if (!is_address(address))
		complain(r->errors, d->file, d->line, "'%s %s': not a mail address", d->words[0],
			 clean(address));
}

static void read_addresses(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const struct words *to = at;

	read_list(r, d, w, at);
	for (size_t i = 0; i < to->n; i++)
		check_address(r, d, to->at[i]);
}

static void read_from(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	read_text(r, d, w, at);
	check_address(r, d, d->words[1]);
}

static void put_sendmail(struct words *program, const char *path)
{
	words_add(program, path);
	words_add(program, "-oi"); /* a line with a dot alone does not end the message */
	words_add(program, "-t");  /* receivers are in the header */
}

static void read_sendmail(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const char *path = NULL;

	read_path(r, d, w, &path);
	put_sendmail(at, path);
}

static void read_program(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	(void)r, (void)w;
	for (size_t i = 1; i < d->n; i++)
		words_add(at, d->words[i]);
}

/* Such URLs carry a token, which is not to be in a log. */
static void read_url(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const char *url = d->words[1];

	read_text(r, d, w, at);
	if (!*url && r->depth == READ_SHAPE)
		return;
	log_secret(url);
	if (!http_url_ok(url) && !http_url_local(url))
		complain(r->errors, d->file, d->line,
			 "'url': not an https URL (http is possible to an address of this host)");
}

static bool read_event(const char *word, struct notify_conf *c)
{
	for (enum news_kind k = 0; k < NEWS_TEST; k++)
		if (!strcmp(news_name(k), word)) {
			c->wanted |= 1u << k;
			return true;
		}
	return false;
}

/* failure success expiry 7d recovered operator */
static void read_events(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	struct notify_conf *c = at;

	c->wanted = 0;
	for (size_t i = 1; i < d->n; i++)
		if (!read_event(d->words[i], c) && (strcmp(d->words[i - 1], "expiry") != 0 ||
						    !parse_duration(d->words[i], &c->expiry_s)))
			complain(r->errors, d->file, d->line,
				 "'%s %s': failure, success, expiry DURATION, recovered, "
				 "operator are possible",
				 w->name, clean(d->words[i]));
}

static bool has_what_it_needs(const struct notify_conf *c)
{
	return c->how == NOTIFY_MAIL	  ? c->to.n
	       : c->how == NOTIFY_WEBHOOK ? c->url != NULL
					  : c->program.n;
}

/* What a receiver was told stays known when its block moves or wants other events.  A digest, for a
 * URL is a secret. */
static char *id_of(const struct notify_conf *c)
{
	scoped(free_p) char *to = words_join(&c->to, "\n");
	scoped(free_p) char *program = words_join(&c->program, "\n");
	scoped(wipe_p) char *all = str_printf("%s\n%s\n%s", to, program, c->url ? c->url : "");
	uint8_t hash[32];

	sha256(all, strlen(all), hash);
	scoped(free_p) char *code = hex(hash, 6);
	return str_printf("%s-%s", hows[c->how], code);
}

/* Several of one kind and place are told apart by their order. */
static void name_it(struct reading *r, struct notify_conf *c)
{
	const struct configuration *config = r->config;
	scoped(free_p) char *id = id_of(c);
	unsigned nth = 1;

	for (size_t i = 0; config->notify[i] != c; i++)
		nth += config->notify[i]->id && starts_with(config->notify[i]->id, id);
	c->id = nth > 1 ? arena_printf(r->arena, "%s.%u", id, nth) : arena_str(r->arena, id);
}

void read_notify(struct reading *r, const struct scfg *d, const struct word *w, void *at)
{
	const struct word how = { .name = w->name, .more = hows };
	struct configuration *config = at;
	struct notify_conf *c;
	size_t mistakes = r->errors->n;

	if (config->n_notify == NOTIFY_MAX) {
		complain(r->errors, d->file, d->line, "more than %d notify blocks", NOTIFY_MAX);
		return;
	}
	c = arena_new(r->arena, sizeof(*c));
	*c = (struct notify_conf){ .wanted = USUAL };
	config->notify[config->n_notify++] = c;
	read_choice(r, d, &how, &c->how);
	if (r->errors->n > mistakes)
		return;
	const char *name = arena_printf(r->arena, "notify %s", hows[c->how]);
	c->name = arena_printf(r->arena, "%s (%s:%u)", name, d->file, d->line);
	words_read(r, name, d->block, kinds[c->how].table, all_tables, c);
	if (r->errors->n == mistakes && !has_what_it_needs(c))
		complain(r->errors, d->file, d->line, "%s needs '%s'", name, kinds[c->how].needs);
	if (c->how == NOTIFY_MAIL && !c->program.n)
		put_sendmail(&c->program, SENDMAIL);
	name_it(r, c);
}

void notify_conf_free(struct notify_conf *c)
{
	words_free(&c->to);
	words_free(&c->program);
}
