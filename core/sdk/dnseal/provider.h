/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * provider.h - what a DNS provider plugin sees of dnseal, and the reverse.
 *
 * A plugin is one C file that ends in SEAL_PROVIDER(name, ...).  Operations are plain blocking
 * calls, run in a worker thread; the HTTP and DNS exchanges they ask for are done by the core.
 * All memory handed out through `op` lives until the operation returns: a plugin frees nothing,
 * locks nothing, keeps no globals and needs no library but libc.
 *
 * Semantics of the record operations follow libdns: names relative to the zone, "@" for its apex.
 */
#ifndef DNSEAL_PROVIDER_H
#define DNSEAL_PROVIDER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SEAL_ABI 2u /* a plugin with another number is refused; provider(7) has the history */

/* The class of an outcome decides what the core does next; the sentence beside it (seal_fail) is
 * for the operator. */
enum seal_status {
	SEAL_OK = 0,
	SEAL_EAGAIN,       /* transient: try again, later each time */
	SEAL_ELIMIT,       /* rate limited: try again after Retry-After */
	SEAL_EAUTH,        /* credentials refused or too weak: an operator must act */
	SEAL_ENOTFOUND,    /* no such zone or record */
	SEAL_EINVAL,       /* the other side will never take this request */
	SEAL_EPROTO,       /* reply not understood */
	SEAL_ECANCELED,    /* the core gave up on the operation */
	SEAL_EUNSUPPORTED, /* the provider cannot do this at all */

	/* Of the core; a plugin never returns these. */
	SEAL_ECONFIG = 64, /* usage or configuration: nothing was tried */
	SEAL_EOPERATOR,    /* terms, EAB, CAA, paused: an operator must act */
	SEAL_ESTORAGE,     /* disk full, read-only, wrong permissions */
	SEAL_ELOCKED,      /* another run holds the lock */
};

struct seal_record {      /* one resource record, of any type */
	const char *name; /* relative to the zone, "@" = apex (RFC 1035 5.1); lower case */
	const char *type; /* "TXT", "CNAME", "CAA", "TLSA", ... upper case */
	uint32_t ttl;     /* seconds; 0 = the provider's default */
	const char *data; /* zone-file form; TXT: the text itself, unquoted, undivided.  What a
			   * plugin is given has names absolute without final dot, hex and base64
			   * without blanks, single blanks between fields. */
	const char *id;   /* provider's own handle or NULL; comes back to remove() */
};

enum seal_edit { SEAL_DROP, SEAL_RETIME, SEAL_ADD };
struct seal_change { /* one step from what is there to what is asked */
	enum seal_edit what;
	struct seal_record record; /* ADD: as asked; DROP and RETIME: id of the one that is there */
};

struct seal_set_change { /* what has to become of one RRset */
	const char *name, *type;
	uint32_t ttl, old_ttl;         /* to be written; as it is now */
	size_t n, n_old;               /* n 0: the set has to go; n_old 0: there is none yet */
	const struct seal_record *at;  /* all it shall hold.  Those that are there already come
					* first, with their ids; id NULL: new */
	const struct seal_record *old; /* all it holds now, as given to merge() */
};

struct seal_json; /* a JSON value; walk it with seal_json_at() */

struct seal_http {                    /* one HTTP exchange */
	const char *method;           /* "GET", "POST", ... */
	const char *url;              /* absolute, or "/path": appended to the endpoint */
	const char *const *headers;   /* "Name: value", NULL-ended; may be NULL */
	const char *body;             /* NUL-ended, or NULL */
	unsigned timeout_s;           /* 0 = 60 */
	bool local;                   /* plain http: to an address of this host or link, numeric
				       * (127/8, ::1, 169.254/16, fe80::/10, fd00:ec2::/32); never
				       * by proxy, not repeated when the connection fails */
	const char *const *reply_headers; /* filled in: "name: value", names in lower case, ends
					   * with NULL; seal_header() */
	long status;                  /* filled in: 200, 404, ... */
	const char *reply;            /* filled in: NUL-ended; "" when empty */
	const struct seal_json *json; /* filled in when the reply is JSON, else NULL */
};

/* One DNS message to one server and its reply, for plugins that speak DNS themselves.  Without
 * `query` the next message of the same TCP connection is read (AXFR). */
struct seal_dns {
	const char *server;   /* HOST, HOST:PORT, [V6], [V6]:PORT; port 53 when none is given */
	bool udp;             /* false: TCP */
	const uint8_t *query; /* without the TCP length prefix */
	size_t query_len;
	const uint8_t *reply; /* filled in */
	size_t reply_len;
};

struct seal_rr {        /* one record of a DNS message */
	unsigned section;  /* 1 answer, 2 authority, 3 additional */
	const char *owner; /* lower case, no final dot; "." = root */
	uint16_t type, rclass;
	uint32_t ttl;
	const uint8_t *rdata; /* inside the message */
	uint16_t rdata_len;
	size_t offset; /* of the record's first octet in the message */
};

struct seal_message { /* a DNS message, read (RFC 1035 4.1) */
	uint16_t id;
	unsigned opcode, rcode;
	bool qr, aa, tc, rd, ra, ad;
	uint16_t qtype;
	const char *qname; /* NULL when there is no question */
	size_t n_rr;
	const struct seal_rr *rr;
};

enum seal_hash { SEAL_MD5, SEAL_SHA1, SEAL_SHA224, SEAL_SHA256, SEAL_SHA384, SEAL_SHA512 };
#define SEAL_HASH_MAX 64 /* octets of the longest digest */

/* Who signs a request to AWS (Signature Version 4). */
struct seal_aws_key {
	const char *id, *secret, *token; /* token NULL: none */
	const char *region, *service;    /* "us-east-1", "route53" */
	int64_t skew_s;                  /* the service's clock less ours */
};

struct seal_op; /* one operation under way */

struct seal_host { /* services of the core; grows only at its end */
	size_t size;

	/* HTTP: TLS, proxies, limits, waiting out 429 and 503, logging and the hiding of secrets
	 * are done before the reply is seen.  Fails with EAGAIN, ELIMIT or ECANCELED. */
	enum seal_status (*http)(struct seal_op *, struct seal_http *);

	/* Results. */
	void (*emit)(struct seal_op *, const struct seal_record *);
	void (*emit_zone)(struct seal_op *, const char *zone);

	/* For services that keep each record by an id: what has to change in `there` for the
	 * operation under way (append, set or remove of `want`), drops first and adds last.  What
	 * may stay is emitted.  Data may be spelled in more than one way; TXT by octets. */
	const struct seal_change *(*diff)(struct seal_op *, const struct seal_record *there,
					  size_t n_there, const struct seal_record *want,
					  size_t n_want, size_t *n);

	/* Words. */
	char *(*vprintf)(struct seal_op *, const char *fmt, va_list);
	char *(*urlescape)(struct seal_op *, const char *);
	char *(*join)(struct seal_op *, const char *const *words, size_t n, const char *between);
	enum seal_status (*vfail)(struct seal_op *, enum seal_status, const char *fmt, va_list);
	void (*vlog)(struct seal_op *, int priority, const char *fmt, va_list); /* syslog(3) */

	/* What one account remembers between operations (zone ids, tokens). */
	const char *(*cache_get)(struct seal_op *, const char *key);
	void (*cache_put)(struct seal_op *, const char *key, const char *value, unsigned ttl_s);

	/* JSON.  Paths are member names and indices joined by dots: "result.0.id".  json_text
	 * gives strings, numbers and booleans as text.  vbuild writes JSON: '{' '}' '[' ']' as
	 * they are; s a string, i a long, b an int as boolean, j JSON text put in as it is;
	 * inside braces each member is an s (its name) and its value, and m puts in the members of
	 * an object given as JSON text; blanks, ',' and ':' are decoration.
	 * "{s:s, s:i}", "type", "TXT", "ttl", 60L. */
	const struct seal_json *(*json_at)(const struct seal_json *, const char *path);
	const char *(*json_text)(struct seal_op *, const struct seal_json *);
	size_t (*json_count)(const struct seal_json *);
	char *(*vbuild)(struct seal_op *, const char *fmt, va_list);

	/* Names and TXT.  name_abs: "@" and relative to absolute, no final dot; name_rel back, NULL
	 * when outside the zone.  txt_quote: zone-file strings of at most 255 octets; txt_plain
	 * undoes it and takes unquoted text as it is; NULL when malformed. */
	char *(*name_abs)(struct seal_op *, const char *name, const char *zone);
	char *(*name_rel)(struct seal_op *, const char *absolute, const char *zone);
	char *(*txt_quote)(struct seal_op *, const char *text);
	char *(*txt_plain)(struct seal_op *, const char *text);

	/* Zone-file data as members of a JSON object, and back.  spec names the members in order
	 * of the fields, each behind a sign: # number, = word, " quoted text, * all that is left;
	 * "data.flags" is a member of a member.  "#priority #weight #port =target".  NULL when the
	 * data has other fields, or the JSON lacks a member. */
	char *(*fields_json)(struct seal_op *, const char *data, const char *spec);
	char *(*json_fields)(struct seal_op *, const struct seal_json *, const char *spec);

	/* DNS messages.  rdata_pack turns zone-file data into wire form, rdata_text back; both NULL
	 * when malformed.  rr_type: the number of a type's name, 0 when unknown ("TYPE65280" is
	 * known). */
	enum seal_status (*dns)(struct seal_op *, struct seal_dns *);
	const struct seal_message *(*dns_read)(struct seal_op *, const uint8_t *msg, size_t len);
	uint8_t *(*rdata_pack)(struct seal_op *, const char *type, const char *data, size_t *len);
	char *(*rdata_text)(struct seal_op *, const uint8_t *msg, size_t msg_len,
			    const struct seal_rr *);
	uint8_t *(*name_pack)(struct seal_op *, const char *absolute, size_t *len);
	uint16_t (*rr_type)(const char *name);
	char *(*rr_name)(struct seal_op *, uint16_t type);

	/* Signing kit. */
	size_t (*hmac)(enum seal_hash, const void *key, size_t key_len, const void *text,
		       size_t text_len, uint8_t out[SEAL_HASH_MAX]); /* octets written; 0: failed */
	size_t (*digest)(enum seal_hash, const void *text, size_t len, uint8_t out[SEAL_HASH_MAX]);
	uint8_t *(*unbase64)(struct seal_op *, const char *text, size_t *len); /* both alphabets */
	char *(*base64)(struct seal_op *, const void *octets, size_t len);
	void *(*alloc)(struct seal_op *, size_t len); /* zeroed; dies with op */
	int64_t (*wall)(struct seal_op *);            /* seconds since 1970 */
	uint32_t (*random)(struct seal_op *);

	/* Since ABI 2. */

	/* For services that keep whole RRsets: what has to become of each set in `want` for the
	 * operation under way, given `there`, all records of at least those sets.  An id may hold
	 * the service's own spelling of a value.  Values that may stay are emitted, sets that may
	 * stay are left out; a set that exists keeps its ttl but for `set`. */
	const struct seal_set_change *(*merge)(struct seal_op *, const struct seal_record *there,
					       size_t n_there, const struct seal_record *want,
					       size_t n_want, size_t *n);

	/* Let time pass: between two looks at something that the service is still doing.
	 * SEAL_ECANCELED: the operation was canceled or has no time left. */
	enum seal_status (*wait)(struct seal_op *, unsigned ms);
	/* A whole file, at most 64 KiB; "~/" is the home of the user.  NULL when it is absent or
	 * cannot be read: errno says why. */
	char *(*file)(struct seal_op *, const char *path);
	/* These characters must not be shown from now on: tokens that came by the way. */
	void (*secret)(struct seal_op *, const char *);
	/* Add the headers X-Amz-Date, X-Amz-Security-Token and Authorization, which covers host and
	 * all headers of x.  Sign again before each repetition.  SEAL_EINVAL: a URL that cannot be
	 * signed.  IAM User Guide, "Create a signed AWS API request". */
	enum seal_status (*aws_sign)(struct seal_op *, struct seal_http *,
				     const struct seal_aws_key *);
};

struct seal_op {
	const struct seal_host *host;
	const void *conf; /* the login's options, as the plugin's own struct */
	void *core;       /* not for plugins */

	/* Since ABI 2. */
	const char *endpoint; /* base of relative URLs, without final slash; NULL: none */
	bool fresh; /* append: values that nobody ever wrote before, so none can be there yet */
};

enum seal_type { SEAL_STRING, SEAL_BOOL, SEAL_UINT, SEAL_SECONDS };
enum {
	SEAL_REQUIRED = 1,
	SEAL_SECRET = 2,
	SEAL_TOGETHER = 8, /* for these the environment is only asked when none of them is set */
	SEAL_ANY = 4,      /* likewise, and at least one of them must be set */
};

struct seal_option { /* one configuration word; the table ends with SEAL_OPTIONS_END */
	const char *name;
	enum seal_type type; /* member: const char *, bool, uint32_t, uint32_t */
	unsigned flags;
	size_t offset;      /* of the member it fills in the plugin's struct */
	const char *preset; /* default, written as in the file; NULL = none */
	const char *env;    /* the usual environment variables, blank-separated, first wins */
	const char *doc;    /* one line, for --help and the manual */
};
#define SEAL_OPTIONS_END { 0 }

enum { /* facts about a provider's service */
	SEAL_ANYCAST = 1,  /* servers are anycast: one look does not see them all */
	SEAL_PARALLEL = 2, /* operations on one zone may run at once */
	/* Changes are read-modify-write and the service compares nothing: of all processes of this
	 * host only one at a time changes a zone.  The core sees to it.  Since ABI 2. */
	SEAL_EXCLUSIVE = 4,
};

struct seal_provider { /* grows only at its end; `size` tells old from new */
	uint32_t abi;
	size_t size;
	const char *name, *label, *doc_url;
	const char *version;
	const struct seal_option *options;
	size_t conf_size;

	const char *endpoint;     /* base of relative URLs; NULL: none is needed */
	const char *endpoint_env; /* environment variables that replace it */

	const char *rights;  /* least rights and how to make the credentials; several lines */
	const char *example; /* a dns block, as in the configuration file */
	const char *types;   /* blank-separated record types it can hold; NULL = any */
	unsigned flags;      /* SEAL_ANYCAST, ... */
	uint32_t min_ttl, max_ttl;  /* seconds; 0 = no limit */
	unsigned batch;             /* records one append/remove call can carry; 0 = any */
	unsigned per_minute;        /* published request limit; 0 = none known */
	unsigned settle_s;          /* wait after all servers were seen to have a record */
	unsigned wait_s;            /* how long propagation typically takes, for people */

	/* A member left NULL is a capability the provider does not have.
	 * append: a record that is there already is success and is not doubled.
	 * set: afterwards each (name, type) named holds exactly the records given; its n may be 0
	 *      never: to empty a set, remove() its records.
	 * remove: matches by name, type and data; what is gone already is success. */
	enum seal_status (*check)(struct seal_op *, const char *zone); /* zone may be NULL */
	enum seal_status (*zones)(struct seal_op *);
	enum seal_status (*get)(struct seal_op *, const char *zone);
	enum seal_status (*append)(struct seal_op *, const char *zone, const struct seal_record *,
				   size_t n);
	enum seal_status (*set)(struct seal_op *, const char *zone, const struct seal_record *,
				size_t n);
	enum seal_status (*remove)(struct seal_op *, const char *zone, const struct seal_record *,
				   size_t n);
};

/* Member m lies within what the other side knew of and is not left out. */
#define SEAL_HAS(p, m) \
	((p)->size >= offsetof(struct seal_provider, m) + sizeof((p)->m) && (p)->m)

#if defined(__GNUC__)
#define SEAL_EXPORT __attribute__((visibility("default")))
#define SEAL_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define SEAL_EXPORT
#define SEAL_PRINTF(f, a)
#endif

/* The one exported symbol; the same object works loaded and linked in. */
#define SEAL_PROVIDER(id, ...)                                                                     \
	extern SEAL_EXPORT const struct seal_provider id##_LTX_seal_provider;                      \
	const struct seal_provider id##_LTX_seal_provider = {                                      \
		.abi = SEAL_ABI, .size = sizeof(struct seal_provider), .name = #id, __VA_ARGS__ }

static inline enum seal_status seal_http(struct seal_op *op, struct seal_http *x)
{
	return op->host->http(op, x);
}

static inline SEAL_PRINTF(2, 3) char *seal_printf(struct seal_op *op, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = op->host->vprintf(op, fmt, ap);
	va_end(ap);
	return s;
}

static inline SEAL_PRINTF(3, 4) enum seal_status
seal_fail(struct seal_op *op, enum seal_status why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	why = op->host->vfail(op, why, fmt, ap);
	va_end(ap);
	return why;
}

static inline SEAL_PRINTF(3, 4) void
seal_log(struct seal_op *op, int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	op->host->vlog(op, priority, fmt, ap);
	va_end(ap);
}

static inline char *seal_build(struct seal_op *op, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = op->host->vbuild(op, fmt, ap);
	va_end(ap);
	return s;
}

/* What an HTTP status means when nothing in the reply says it better. */
static inline enum seal_status seal_http_class(long status)
{
	if (status >= 200 && status < 300)
		return SEAL_OK;
	if (status == 401 || status == 403)
		return SEAL_EAUTH;
	if (status == 404 || status == 410)
		return SEAL_ENOTFOUND;
	if (status == 429)
		return SEAL_ELIMIT;
	return status == 408 || status == 409 || status >= 500 ? SEAL_EAGAIN : SEAL_EINVAL;
}

/* The text at `path`, or NULL. */
static inline const char *seal_json_str(struct seal_op *op, const struct seal_json *json,
					const char *path)
{
	const struct seal_json *at = json ? op->host->json_at(json, path) : NULL;

	return at ? op->host->json_text(op, at) : NULL;
}

/* The i-th thing at a path with one %zu in it, "result.%zu.id", and its text. */
static inline const struct seal_json *
seal_json_nth(struct seal_op *op, const struct seal_json *json, const char *path, size_t i)
{
	return json ? op->host->json_at(json, seal_printf(op, path, i)) : NULL;
}

static inline const char *seal_json_nstr(struct seal_op *op, const struct seal_json *json,
					 const char *path, size_t i)
{
	const struct seal_json *at = seal_json_nth(op, json, path, i);

	return at ? op->host->json_text(op, at) : NULL;
}

/* How many elements has the array at `path`? */
static inline size_t seal_json_n(struct seal_op *op, const struct seal_json *json, const char *path)
{
	return op->host->json_count(op->host->json_at(json, path));
}

/* A header of the reply, by its lower-case name, or NULL. */
static inline const char *seal_header(const struct seal_http *x, const char *name)
{
	size_t n = strlen(name);

	for (const char *const *h = x->reply_headers; h && *h; h++)
		if (!strncmp(*h, name, n) && (*h)[n] == ':')
			return *h + n + 1 + strspn(*h + n + 1, " ");
	return NULL;
}

/* How a plugin makes one call: credentials put in, failures told. */
typedef enum seal_status seal_call(struct seal_op *, struct seal_http *, const char *method,
				   const char *path, const char *body);

struct seal_pages {         /* a list that comes in pages */
	const char *path;   /* with a query: "&page=N" is put behind it */
	const char *next;   /* JSON path of what is there while more pages are to come */
	const char *total;  /* or JSON path of the number of pages; or neither: by the header Link
			     * (RFC 8288) */
	unsigned page;      /* last read; 0 before the first */
	bool last;          /* it was the last one */
	enum seal_status st;
	struct seal_http x; /* its reply */
};
#define SEAL_PAGES_MAX 10000u

/* Read the next page into p->x.  false: there is none, or it failed (p->st):
 *	while (seal_next_page(op, &p, call))
 *		...
 *	return p.st; */
static inline bool seal_next_page(struct seal_op *op, struct seal_pages *p, seal_call *call)
{
	const char *more;

	if (p->last)
		return false;
	if (p->page >= SEAL_PAGES_MAX)
		p->st = seal_fail(op, SEAL_EPROTO, "%s: more than %u pages", p->path, p->page);
	else
		p->st = call(op, &p->x, "GET", seal_printf(op, "%s&page=%u", p->path, ++p->page),
			     NULL);
	if (p->st)
		return false;
	if (p->next) {
		p->last = !seal_json_str(op, p->x.json, p->next);
	} else if (p->total) {
		more = seal_json_str(op, p->x.json, p->total);
		p->last = !more || strtoul(more, NULL, 10) <= p->page;
	} else {
		more = seal_header(&p->x, "link");
		p->last = !more || !strstr(more, "rel=\"next\"");
	}
	return true;
}

#ifdef __cplusplus
}
#endif
#endif
