/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * aws_call.h - one call to an AWS service that speaks XML (Route 53, STS): where it is, signed by
 * whom, and what its errors mean.  For aws_credentials.h and route53.c.
 *
 * What can be put right here is: a throttled call is repeated after a pause, one that was refused
 * because our clock is wrong is signed anew by the service's. */
#ifndef AWS_CALL_H
#define AWS_CALL_H

#include "aws_xml.h"

#include <stdio.h>
#include <strings.h>
#include <syslog.h>
#include <time.h>

enum {
	AWS_TRIES = 5,
	AWS_PAUSE_MS = 1000,	  /* at most this before the second try, twice as much each time */
	AWS_PAUSE_MAX_MS = 20000,
	AWS_CLOCK_OFF_S = 240, /* 300 s are refused */
	AWS_CLOCK_KEPT_S = 3600,
};

struct aws_conf {
	const char *access_key_id, *secret_access_key, *session_token;
	const char *profile, *shared_credentials_file, *config_file;
	const char *role_arn, *external_id, *role_session_name;
	const char *web_identity_token_file, *web_identity_role_arn;
	const char *container_relative_uri, *container_full_uri;
	const char *container_token, *container_token_file;
	const char *metadata_endpoint, *metadata_mode;
	bool metadata_disabled;
	const char *region, *endpoint_url, *sts_endpoint;
};

struct aws_call {
	const char *action;	   /* as a policy names it: "route53:GetChange" */
	const char *method, *url;
	const char *body;	   /* or NULL */
	const char *type;	   /* of the body, or NULL */
	const char *about;	   /* for sentences, or NULL: whose failure it is */
	bool changes;		   /* not to be repeated unless it was surely not done */
	struct seal_aws_key key;   /* id NULL: unsigned */

	struct seal_http x;
	const struct xml *reply;
	const char *code, *message; /* of a refusal; else NULL */
};

/* -- where */

struct aws_partition { /* AWS General Reference, "Route 53 endpoints and quotas" */
	const char *of;	     /* how its regions are named; NULL: another address of the usual one */
	const char *url;     /* of Route 53 */
	const char *region;  /* that signs for Route 53 */
	const char *domain;  /* of its regional services */
};

static const struct aws_partition aws_partitions[] = {
	{ "cn-", "https://route53.amazonaws.com.cn", "cn-northwest-1", "amazonaws.com.cn" },
	{ "us-gov-", "https://route53.us-gov.amazonaws.com", "us-gov-west-1", "amazonaws.com" },
	{ "eusc-", "https://route53.amazonaws.eu", "eusc-de-east-1", "amazonaws.eu" },
	{ NULL, "https://route53.global.api.aws", "us-east-1", "amazonaws.com" },
	{ NULL, "https://route53-fips.amazonaws.com", "us-east-1", "amazonaws.com" },
	{ "", "https://route53.amazonaws.com", "us-east-1", "amazonaws.com" },
};
#define AWS_PARTITIONS (sizeof(aws_partitions) / sizeof(*aws_partitions))

static const struct aws_partition *aws_partition_of(const char *region)
{
	const struct aws_partition *p = aws_partitions;

	while (!p->of || strncmp(region, p->of, strlen(p->of)) != 0)
		p++; /* the last one takes all */
	return p;
}

/* Our clock's error, as the service told us before. */
static int64_t aws_skew(struct seal_op *op)
{
	const char *kept = op->host->cache_get(op, "aws clock");

	return kept ? strtoll(kept, NULL, 10) : 0;
}

/* -- what failures mean */

enum aws_remedy { AWS_NONE, AWS_WAIT, AWS_CLOCK, AWS_RENEW };

static const struct aws_fault {
	const char *code;
	enum seal_status st;
	enum aws_remedy remedy;
	const char *say;
	const char *part; /* of the message, without which it is another case; NULL: any */
} aws_faults[] = {
	/* 400 as well as 403 and 500: the status says little, the code all */
	{ "Throttling", SEAL_ELIMIT, AWS_WAIT, "", NULL },
	{ "ThrottlingException", SEAL_ELIMIT, AWS_WAIT, "", NULL },
	{ "ThrottledException", SEAL_ELIMIT, AWS_WAIT, "", NULL },
	{ "TooManyRequestsException", SEAL_ELIMIT, AWS_WAIT, "", NULL },
	{ "RequestLimitExceeded", SEAL_ELIMIT, AWS_WAIT, "", NULL },
	{ "RequestThrottled", SEAL_ELIMIT, AWS_WAIT, "", NULL },
	{ "PriorRequestNotComplete", SEAL_EAGAIN, AWS_WAIT, "", NULL },
	{ "IDPCommunicationError", SEAL_EAGAIN, AWS_WAIT, "", NULL },
	{ "ExpiredToken", SEAL_EAUTH, AWS_RENEW, "", NULL },
	{ "ExpiredTokenException", SEAL_EAUTH, AWS_RENEW, "", NULL },
	{ "RequestExpired", SEAL_EAUTH, AWS_CLOCK, "", NULL },
	{ "RequestTimeTooSkewed", SEAL_EAUTH, AWS_CLOCK, "", NULL },
	{ "SignatureDoesNotMatch", SEAL_EAUTH, AWS_CLOCK,
	  ": secret_access_key is not the one of this access_key_id", NULL },
	{ "InvalidSignatureException", SEAL_EAUTH, AWS_CLOCK,
	  ": secret_access_key is not the one of this access_key_id", NULL },
	{ "InvalidClientTokenId", SEAL_EAUTH, AWS_NONE,
	  ": no such access key, or it was disabled, or session_token is not its own", NULL },
	{ "UnrecognizedClientException", SEAL_EAUTH, AWS_NONE,
	  ": no such access key, or it was disabled, or session_token is not its own", NULL },
	{ "InvalidIdentityToken", SEAL_EAUTH, AWS_NONE, "", NULL },
	{ "IDPRejectedClaim", SEAL_EAUTH, AWS_NONE, "", NULL },
	{ "MissingAuthenticationToken", SEAL_EAUTH, AWS_NONE, "", NULL },
	{ "IncompleteSignature", SEAL_EAUTH, AWS_NONE, ": the access key may be malformed", NULL },
	{ "AccessDenied", SEAL_EAUTH, AWS_NONE, NULL, NULL },
	{ "AccessDeniedException", SEAL_EAUTH, AWS_NONE, NULL, NULL },
	{ "NotAuthorizedException", SEAL_EAUTH, AWS_NONE, NULL, NULL },
	{ "OptInRequired", SEAL_EAUTH, AWS_NONE, "", NULL },
	{ "NoSuchHostedZone", SEAL_ENOTFOUND, AWS_NONE,
	  ": hosted_zone_id is wrong or belongs to another account", NULL },
	{ "NoSuchChange", SEAL_ENOTFOUND, AWS_NONE, "", NULL },
	{ "InvalidChangeBatch", SEAL_EINVAL, AWS_NONE, ": hosted_zone_id is the id of another zone",
	  "not permitted in zone" },
	{ "InvalidChangeBatch", SEAL_EINVAL, AWS_NONE, ": a CNAME stands alone at its name",
	  "conflicts with other records" },
	{ "InvalidChangeBatch", SEAL_EINVAL, AWS_NONE,
	  ": dnseal does not change sets with a routing policy", "cannot be created" },
	{ "InvalidChangeBatch", SEAL_EINVAL, AWS_NONE, "", NULL },
};

static const struct aws_fault *aws_fault_of(const struct aws_call *c)
{
	const struct aws_fault *f = aws_faults;

	for (size_t i = 0; c->code && i < sizeof(aws_faults) / sizeof(*aws_faults); i++, f++)
		if (!strcmp(f->code, c->code) && (!f->part || strstr(c->message, f->part)))
			return f;
	return NULL;
}

static bool aws_is(const struct aws_call *c, const char *code)
{
	return c->code && !strcmp(c->code, code);
}

/* Names the action that a policy must allow, unless the service has done so. */
static const char *aws_lacking(struct seal_op *op, const struct aws_call *c)
{
	return strstr(c->message, c->action)
		       ? ""
		       : seal_printf(op, ": the policy must allow %s", c->action);
}

static enum seal_status aws_explain(struct seal_op *op, const struct aws_call *c)
{
	const struct aws_fault *f = aws_fault_of(c);
	enum seal_status st = f ? f->st : seal_http_class(c->x.status);
	const char *id = xml_text(op, c->reply, "RequestId"), *say = f ? f->say : "";

	st = st ? st : SEAL_EPROTO; /* 200 and yet no answer */
	if (!c->code)
		return seal_fail(op, st, "%s: HTTP %ld, no reason given: %.80s", c->action,
				 c->x.status, c->x.reply);
	if (f && !say)
		say = aws_lacking(op, c);
	id = id ? id : seal_header(&c->x, "x-amzn-requestid");
	id = id && st != SEAL_EAUTH ? seal_printf(op, ", request %.60s", id) : "";
	return seal_fail(op, st, "%s%s%s%.350s (%.60s%s)%s", c->about ? c->about : "",
			 c->about ? ": " : "", st == SEAL_EAUTH ? "credentials refused: " : "",
			 c->message, c->code, id, say);
}

/* An error comes as <ErrorResponse><Error><Code>, with <Errors> between, or as an element named by
 * its code. */
static void aws_read_error(struct seal_op *op, struct aws_call *c)
{
	const struct xml *e = xml_at(c->reply, "Error");

	if (!c->reply)
		return;
	e = e ? e : xml_at(c->reply, "Errors.Error");
	e = e ? e : c->reply;
	c->code = xml_text(op, e, "Code");
	c->message = xml_text(op, e, "Message");
	if (!c->code && strcmp(e->name, "ErrorResponse") != 0 && strcasecmp(e->name, "html") != 0)
		c->code = e->name;
	if (!c->message)
		c->message = xml_text(op, e, "Messages.Message");
	if (!c->message)
		c->message = "no reason given";
}

/* -- doing it */

static enum seal_status aws_once(struct seal_op *op, struct aws_call *c)
{
	const char *headers[] = { c->type ? seal_printf(op, "Content-Type: %s", c->type) : NULL,
				  NULL };
	enum seal_status st = SEAL_OK;

	c->x = (struct seal_http){ .method = c->method, .url = c->url, .headers = headers,
				   .body = c->body, .local = !strncmp(c->url, "http://", 7) };
	c->reply = NULL;
	c->code = c->message = NULL;
	c->key.skew_s = aws_skew(op);
	if (c->key.id)
		st = op->host->aws_sign(op, &c->x, &c->key);
	if (!st)
		st = seal_http(op, &c->x);
	c->x.headers = NULL; /* of this function's */
	if (st)
		return st;
	c->reply = xml_read(op, c->x.reply);
	if (c->x.status < 300 && c->reply && strcasecmp(c->reply->name, "html") != 0)
		return SEAL_OK;
	aws_read_error(op, c);
	return SEAL_EPROTO;
}

/* RFC 9110 5.6.7: "Mon, 21 Sep 2026 10:11:12 GMT"; 0: it is none. */
static int64_t aws_http_date(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "";
	struct tm tm = { 0 };

	if (!text || sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d", &tm.tm_mday, month, &tm.tm_year,
			    &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	const char *found = strlen(month) == 3 ? strstr(months, month) : NULL;
	if (!found)
		return 0;
	tm.tm_mon = (int)((found - months) / 3);
	tm.tm_year -= 1900;
	return timegm(&tm);
}

/* Is it our clock that made the signature no good?  Then remember by how much. */
static bool aws_learn_clock(struct seal_op *op, const struct aws_call *c)
{
	int64_t theirs = aws_http_date(seal_header(&c->x, "date"));
	int64_t off = theirs - op->host->wall(op), change = off - c->key.skew_s;

	if (!theirs || (change < AWS_CLOCK_OFF_S && change > -AWS_CLOCK_OFF_S))
		return false;
	seal_log(op, LOG_WARNING, "this clock is %lld s %s that of AWS; going by theirs",
		 (long long)(off < 0 ? -off : off), off < 0 ? "ahead of" : "behind");
	op->host->cache_put(op, "aws clock", seal_printf(op, "%lld", (long long)off),
			    AWS_CLOCK_KEPT_S);
	return true;
}

/* A pause of random length, so that those who were throttled together do not come back so. */
static enum seal_status aws_pause(struct seal_op *op, unsigned try)
{
	unsigned most = AWS_PAUSE_MS << try;

	most = most < AWS_PAUSE_MAX_MS ? most : AWS_PAUSE_MAX_MS;
	return op->host->wait(op, most / 4 + op->host->random(op) % (most * 3 / 4));
}

static bool aws_may_wait(const struct aws_call *c)
{
	const struct aws_fault *f = aws_fault_of(c);

	return f ? f->remedy == AWS_WAIT : c->x.status >= 500 && !c->changes;
}

/* SEAL_OK: c->reply is the root element.  Else c->code has why, if the service said so. */
static enum seal_status aws_call(struct seal_op *op, struct aws_call *c)
{
	bool clock_known = false;

	for (unsigned try = 0;; try++) {
		enum seal_status st = aws_once(op, c);
		if (!st || !c->x.status)
			return st;
		const struct aws_fault *f = aws_fault_of(c);
		if (f && f->remedy == AWS_CLOCK && !clock_known && aws_learn_clock(op, c)) {
			clock_known = true;
			continue;
		}
		if (try + 1 >= AWS_TRIES || !aws_may_wait(c))
			return aws_explain(op, c);
		st = aws_pause(op, try);
		if (st)
			return st;
	}
}

#endif
