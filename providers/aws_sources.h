/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * aws_sources.h - credentials of AWS that somebody hands out: its security token service, the
 * endpoint of a container, the metadata of an EC2 instance.  For aws_credentials.h. */
#ifndef AWS_SOURCES_H
#define AWS_SOURCES_H

#include "aws_call.h"
#include "aws_ini.h"

enum {
	AWS_NEAR_S = 2, /* an answer of this host or link takes no longer */
	AWS_NEAR_TRIES = 3,
	AWS_SOURCES_MAX = 16,
	AWS_PROFILES_MAX = 8,
};

struct aws_creds {
	const char *id, *secret, *token; /* token NULL: none */
	int64_t until;			 /* 0: no end */
	const char *source;		 /* for people */
	const char *region;		 /* configured, or us-east-1 */
};

struct aws_chain {
	struct seal_op *op;
	const struct aws_conf *conf;
	const char *region;			/* that signs for the security token service */
	const char *looked[AWS_SOURCES_MAX];	/* why the sources so far gave nothing */
	size_t n_looked;
	struct aws_ini files[2];		/* credentials, config */
	const char *profile;			/* its name */
	const char *visited[AWS_PROFILES_MAX];	/* by source_profile */
	size_t n_visited;
	bool role_taken;			/* conf->role_arn was what a token got */
};

struct aws_role {
	const char *arn, *external_id, *session_name, *seconds;
};

/* This source is not there: on to the next. */
static SEAL_PRINTF(2, 3) enum seal_status aws_none(struct aws_chain *ch, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (ch->n_looked < AWS_SOURCES_MAX)
		ch->looked[ch->n_looked++] = ch->op->host->vprintf(ch->op, fmt, ap);
	va_end(ap);
	return SEAL_ENOTFOUND;
}

/* RFC 3339, in UTC as AWS writes it; 0: it is none. */
static int64_t aws_time(const char *text)
{
	struct tm tm = { 0 };

	if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
			    &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return timegm(&tm);
}

/* Take them over when they are complete; from now on they are secret. */
static enum seal_status aws_take(struct aws_chain *ch, const struct aws_creds *from,
				 struct aws_creds *ret)
{
	const struct seal_host *host = ch->op->host;

	host->secret(ch->op, from->secret);
	host->secret(ch->op, from->token);
	*ret = *from;
	if (from->token && !*from->token)
		ret->token = NULL;
	if (!from->id || !*from->id || !from->secret || !*from->secret)
		return seal_fail(ch->op, SEAL_EAUTH, "%s: an access key without its %s",
				 from->source, from->id && *from->id ? "secret" : "id");
	if (from->until && from->until <= host->wall(ch->op) + aws_skew(ch->op))
		return seal_fail(ch->op, SEAL_EAUTH, "%s: gave credentials that have expired",
				 from->source);
	return SEAL_OK;
}

/* -- a file's text without the white space around it */

static const char *aws_file_word(struct aws_chain *ch, const char *path)
{
	const char *text = ch->op->host->file(ch->op, path);

	if (!text)
		return NULL;
	while (isspace((unsigned char)*text))
		text++;
	size_t n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	const char *ret = seal_printf(ch->op, "%.*s", (int)n, text);
	ch->op->host->secret(ch->op, *ret ? ret : NULL);
	return ret;
}

/* -- the security token service: STS API Reference, "AssumeRole", "AssumeRoleWithWebIdentity" */

static const char *aws_sts_url(struct aws_chain *ch)
{
	const char *url = ch->conf->sts_endpoint ? ch->conf->sts_endpoint : ch->conf->endpoint_url;

	if (!url)
		return seal_printf(ch->op, "https://sts.%s.%s/", ch->region,
				   aws_partition_of(ch->region)->domain);
	size_t n = strlen(url);
	while (n && url[n - 1] == '/')
		n--;
	return seal_printf(ch->op, "%.*s/", (int)n, url);
}

static const char *aws_argument(struct seal_op *op, const char *name, const char *value)
{
	return value ? seal_printf(op, "&%s=%s", name, op->host->urlescape(op, value)) : "";
}

static const char *aws_session_name(struct aws_chain *ch, const struct aws_role *role)
{
	if (role->session_name)
		return role->session_name;
	return seal_printf(ch->op, "dnseal-%lld", (long long)ch->op->host->wall(ch->op));
}

/* by NULL: nobody signs.  more: further arguments. */
static enum seal_status aws_sts(struct aws_chain *ch, const char *action,
				const struct aws_role *role, const struct aws_creds *by,
				const char *more, struct aws_creds *ret)
{
	struct seal_op *op = ch->op;
	struct aws_call c = {
		.action = seal_printf(op, "sts:%s", action),
		.about = seal_printf(op, "role %s", role->arn),
		.method = "POST",
		.url = aws_sts_url(ch),
		.type = "application/x-www-form-urlencoded; charset=utf-8",
		.body = seal_printf(op, "Action=%s&Version=2011-06-15%s%s%s%s%s", action,
				    aws_argument(op, "RoleArn", role->arn),
				    aws_argument(op, "RoleSessionName", aws_session_name(ch, role)),
				    aws_argument(op, "DurationSeconds",
						 role->seconds ? role->seconds : "3600"),
				    aws_argument(op, "ExternalId", role->external_id), more),
		.key = { .region = ch->region, .service = "sts" },
	};

	if (by) {
		c.key.id = by->id;
		c.key.secret = by->secret;
		c.key.token = by->token;
	}
	seal_log(op, LOG_INFO, "taking the role %s%s%s", role->arn, by ? " as " : "",
		 by ? by->source : "");
	enum seal_status st = aws_call(op, &c);
	if (st)
		return st;
	const char *at = seal_printf(op, "%sResult.Credentials", action);
	const struct xml *x = xml_at(c.reply, at);
	struct aws_creds got = {
		.id = xml_text(op, x, "AccessKeyId"),
		.secret = xml_text(op, x, "SecretAccessKey"),
		.token = xml_text(op, x, "SessionToken"),
		.until = aws_time(xml_text(op, x, "Expiration")),
		.source = seal_printf(op, "%s of %s", action, role->arn),
	};
	return aws_take(ch, &got, ret);
}

static enum seal_status aws_assume(struct aws_chain *ch, const struct aws_role *role,
				   const struct aws_creds *by, struct aws_creds *ret)
{
	return aws_sts(ch, "AssumeRole", role, by, "", ret);
}

/* The token is the cluster's and changes: its file is read anew each time. */
static enum seal_status aws_web(struct aws_chain *ch, const char *file, const struct aws_role *role,
				struct aws_creds *ret)
{
	const char *token = aws_file_word(ch, file);

	if (!token || !*token)
		return seal_fail(ch->op, SEAL_EAUTH, "web_identity_token_file %s: %s", file,
				 token ? "is empty" : strerror(errno));
	return aws_sts(ch, "AssumeRoleWithWebIdentity", role, NULL,
		       aws_argument(ch->op, "WebIdentityToken", token), ret);
}

/* -- endpoints of this host or link */

static enum seal_status aws_read_json(struct aws_chain *ch, const struct seal_http *x,
				      const char *source, struct aws_creds *ret)
{
	const char *code = seal_json_str(ch->op, x->json, "Code");
	struct aws_creds c = {
		.id = seal_json_str(ch->op, x->json, "AccessKeyId"),
		.secret = seal_json_str(ch->op, x->json, "SecretAccessKey"),
		.token = seal_json_str(ch->op, x->json, "Token"),
		.until = aws_time(seal_json_str(ch->op, x->json, "Expiration")),
		.source = source,
	};

	if (!x->json)
		return seal_fail(ch->op, SEAL_EPROTO, "%s: answered HTTP %ld with no JSON", source,
				 x->status);
	if (x->status != 200 || (code && strcmp(code, "Success") != 0))
		return seal_fail(ch->op, SEAL_EAUTH, "%s: answered HTTP %ld %s: %.100s", source,
				 x->status, code ? code : "",
				 seal_json_str(ch->op, x->json, "message")
					 ? seal_json_str(ch->op, x->json, "message")
					 : "no reason given");
	return aws_take(ch, &c, ret);
}

/* Whose plain http is believed: SDKs and Tools Reference Guide, "Container credential provider". */
static const char *const aws_near[] = { "127.", "169.254.170.2", "169.254.170.23", "[::1]",
					"[fd00:ec2::23]" };

static bool aws_is_near(const char *host, size_t n)
{
	if (n > 4 && !strncmp(host, aws_near[0], 4))
		return true; /* 127/8: that it is a number is for the core to see */
	for (size_t i = 1; i < sizeof(aws_near) / sizeof(*aws_near); i++)
		if (strlen(aws_near[i]) == n && !strncasecmp(host, aws_near[i], n))
			return true;
	return false;
}

/* The URL to ask, or NULL: none is set, or (*ret_why) it is none to be trusted. */
static const char *aws_container_url(struct aws_chain *ch, const char **ret_why)
{
	const char *path = ch->conf->container_relative_uri, *url = ch->conf->container_full_uri;

	if (path)
		return seal_printf(ch->op, "http://169.254.170.2%s%s", *path == '/' ? "" : "/",
				   path);
	if (!url || !strncmp(url, "https://", 8))
		return url;
	if (!strncmp(url, "http://localhost", 16) && strchr(":/", url[16]))
		url = seal_printf(ch->op, "http://127.0.0.1%s", url + 16);
	const char *host = !strncmp(url, "http://", 7) ? url + 7 : "";
	size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?");
	if (aws_is_near(host, n))
		return url;
	*ret_why = "plain http is only for 127.0.0.1, [::1] and the link's own addresses of ECS "
		   "and EKS";
	return NULL;
}

/* The header's line, or NULL: none is needed.  *ret_why: there should be one. */
static const char *aws_container_header(struct aws_chain *ch, const char **ret_why)
{
	const char *file = ch->conf->container_token_file, *token = ch->conf->container_token;

	if (file) {
		token = aws_file_word(ch, file);
		if (!token)
			*ret_why = seal_printf(ch->op, "container_token_file %s: %s", file,
					       strerror(errno));
	}
	if (token && strpbrk(token, "\r\n"))
		*ret_why = "its authorization token has a line break in it";
	return token && !*ret_why ? seal_printf(ch->op, "Authorization: %s", token) : NULL;
}

static enum seal_status aws_container(struct aws_chain *ch, struct aws_creds *ret)
{
	const char *why = NULL, *url = aws_container_url(ch, &why);
	const char *headers[] = { url ? aws_container_header(ch, &why) : NULL, NULL };
	enum seal_status st;

	if (why)
		return seal_fail(ch->op, SEAL_EAUTH, "container credentials: %s%s", why,
				 url ? "" : seal_printf(ch->op, ", not for %s",
							ch->conf->container_full_uri));
	if (!url)
		return aws_none(ch, "container (no URI is set)");
	const char *source = seal_printf(ch->op, "container credentials of %s", url);
	for (unsigned try = 0;; try++) {
		struct seal_http x = { .method = "GET", .url = url, .headers = headers,
				       .timeout_s = AWS_NEAR_S,
				       .local = !strncmp(url, "http://", 7) };
		st = seal_http(ch->op, &x);
		if (!st && x.status < 500)
			return aws_read_json(ch, &x, source, ret);
		if (st != SEAL_EAGAIN && st != SEAL_OK)
			return st;
		if (try + 1 == AWS_NEAR_TRIES)
			return st ? st : aws_read_json(ch, &x, source, ret);
		st = aws_pause(ch->op, try);
		if (st)
			return st;
	}
}

static const char *aws_metadata_base(struct aws_chain *ch)
{
	const char *base = ch->conf->metadata_endpoint, *mode = ch->conf->metadata_mode;

	if (!base)
		return mode && !strcasecmp(mode, "IPv6") ? "http://[fd00:ec2::254]"
							 : "http://169.254.169.254";
	size_t n = strlen(base);
	while (n && base[n - 1] == '/')
		n--;
	return seal_printf(ch->op, "%.*s", (int)n, base);
}

static enum seal_status aws_metadata_get(struct aws_chain *ch, struct seal_http *x,
					 const char *method, const char *path, const char *header)
{
	const char *headers[] = { header, NULL };

	*x = (struct seal_http){ .method = method,
				 .url = seal_printf(ch->op, "%s%s", aws_metadata_base(ch), path),
				 .headers = headers,
				 .timeout_s = AWS_NEAR_S,
				 .local = true };
	enum seal_status st = seal_http(ch->op, x);
	x->headers = NULL; /* of this function's */
	return st;
}

static bool aws_is_word(const char *s) /* what a role's name may be (IAM API Reference, Role) */
{
	size_t n = strlen(s);

	return n && n <= 64 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+=,.@-") ==
		       n;
}

/* EC2 User Guide, "Use the Instance Metadata Service": version 2 only, version 1 lets whoever can
 * make this host fetch a URL have its credentials. */
static enum seal_status aws_metadata(struct aws_chain *ch, struct aws_creds *ret)
{
	static const char list[] = "/latest/meta-data/iam/security-credentials/";
	const char *base = aws_metadata_base(ch), *header, *role;
	struct seal_http x;

	if (ch->conf->metadata_disabled)
		return aws_none(ch, "EC2 metadata (disabled)");
	enum seal_status st = aws_metadata_get(ch, &x, "PUT", "/latest/api/token",
					       "X-aws-ec2-metadata-token-ttl-seconds: 21600");
	if (st == SEAL_ECANCELED)
		return st;
	if (st)
		return aws_none(ch, "EC2 metadata (%s does not answer; inside a container the "
				"instance's hop limit has to be 2)", base);
	if (x.status != 200 || !*x.reply || strpbrk(x.reply, "\r\n"))
		return aws_none(ch, "EC2 metadata (%s gives no token: HTTP %ld)", base, x.status);
	ch->op->host->secret(ch->op, x.reply);
	header = seal_printf(ch->op, "X-aws-ec2-metadata-token: %s", x.reply);
	st = aws_metadata_get(ch, &x, "GET", list, header);
	if (!st && x.status == 404)
		return aws_none(ch, "EC2 metadata (no role is attached to this instance)");
	role = st ? "" : seal_printf(ch->op, "%.*s", (int)strcspn(x.reply, "\r\n"), x.reply);
	if (!st && (x.status != 200 || !aws_is_word(role)))
		return seal_fail(ch->op, SEAL_EAUTH, "EC2 metadata of %s: HTTP %ld where the role "
				 "was to be named", base, x.status);
	if (!st)
		st = aws_metadata_get(ch, &x, "GET", seal_printf(ch->op, "%s%s", list, role),
				      header);
	return st ? st : aws_read_json(ch, &x, seal_printf(ch->op, "role %s of this instance (EC2 "
							   "metadata)", role), ret);
}

#endif
