/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors
 *
 * aws_credentials.h - who we are to AWS: the sources that AWS's own tools ask, in their order.
 * Apart from route53.c because it is a subject of its own.
 *
 * AWS SDKs and Tools Reference Guide, "Standardized credential providers".  The first source that
 * is there decides, also when it fails.  Temporary credentials are kept with the login until ten
 * minutes before their end.  Commands (credential_process) and a person's logins (SSO, MFA) are no
 * sources here: nobody is there who could answer, and no other program is run. */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include "aws_sources.h"

enum {
	AWS_EARLY_S = 600, /* temporary credentials are renewed so long before their end */
	AWS_AGAIN_S = 60,  /* but not more often; what a file says is believed so long */
};

/* -- profiles */

static const char *aws_setting(struct aws_chain *ch, const char *profile, const char *key)
{
	const char *v = aws_ini_get(ch->op, &ch->files[0], profile, key);

	return v ? v : aws_ini_get(ch->op, &ch->files[1], profile, key);
}

static const char *aws_file_state(struct aws_chain *ch, const struct aws_ini *f)
{
	return f->why ? seal_printf(ch->op, "%s (%s)", f->path, f->why) : f->path;
}

static const char *aws_files_state(struct aws_chain *ch)
{
	return seal_printf(ch->op, "%s or %s", aws_file_state(ch, &ch->files[0]),
			   aws_file_state(ch, &ch->files[1]));
}

/* Key and secret of one file; what the two files say is never mixed. */
static enum seal_status aws_static(struct aws_chain *ch, const struct aws_ini *f,
				   const char *profile, struct aws_creds *ret)
{
	struct aws_creds c = {
		.id = aws_ini_get(ch->op, f, profile, "aws_access_key_id"),
		.secret = aws_ini_get(ch->op, f, profile, "aws_secret_access_key"),
		.token = aws_ini_get(ch->op, f, profile, "aws_session_token"),
		.source = seal_printf(ch->op, "profile %s of %s", profile, f->path),
	};

	return c.id || c.secret ? aws_take(ch, &c, ret) : SEAL_ENOTFOUND;
}

/* What we do not do for credentials, and what is to be done instead. */
static const struct {
	const char *setting, *say;
} aws_refused[] = {
	{ "credential_process", "dnseal runs no commands; let a timer write the keys into a file "
				"that shared_credentials_file names, or use a role" },
	{ "sso_session", "dnseal does not log in for a person (SSO); give it keys or a role of its "
			 "own" },
	{ "sso_start_url", "dnseal does not log in for a person (SSO); give it keys or a role of "
			   "its own" },
	{ "login_session", "dnseal does not log in for a person; give it keys or a role of its "
			   "own" },
};

static enum seal_status aws_profile_keys(struct aws_chain *ch, const char *profile,
					 struct aws_creds *ret)
{
	for (size_t i = 0; i < 2; i++) {
		enum seal_status st = aws_static(ch, &ch->files[i], profile, ret);
		if (st != SEAL_ENOTFOUND)
			return st;
	}
	for (size_t i = 0; i < sizeof(aws_refused) / sizeof(*aws_refused); i++)
		if (aws_setting(ch, profile, aws_refused[i].setting))
			return seal_fail(ch->op, SEAL_EAUTH, "profile %s has %s: %s", profile,
					 aws_refused[i].setting, aws_refused[i].say);
	return SEAL_ENOTFOUND;
}

/* -- profiles with a role */

/* With a profile in the dns block the environment was not asked for keys; here it is meant. */
static enum seal_status aws_environment(struct aws_chain *ch, struct aws_creds *ret)
{
	const char *id = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
	const char *token = getenv("AWS_SESSION_TOKEN");
	struct aws_creds c = { .id = id, .secret = secret, .source = "environment",
			       .token = token && *token ? token : NULL };

	return aws_take(ch, &c, ret);
}

static const struct {
	const char *name;
	enum seal_status (*get)(struct aws_chain *, struct aws_creds *);
} aws_role_sources[] = {
	{ "Environment", aws_environment },
	{ "Ec2InstanceMetadata", aws_metadata },
	{ "EcsContainer", aws_container },
};

static enum seal_status aws_credential_source(struct aws_chain *ch, const char *profile,
					      const char *name, struct aws_creds *ret)
{
	enum seal_status st = SEAL_EAUTH;

	for (size_t i = 0; i < sizeof(aws_role_sources) / sizeof(*aws_role_sources); i++)
		if (!strcmp(aws_role_sources[i].name, name)) {
			st = aws_role_sources[i].get(ch, ret);
			return st != SEAL_ENOTFOUND
				       ? st
				       : seal_fail(ch->op, SEAL_EAUTH,
						   "profile %s, credential_source %s: nothing "
						   "there: %s", profile, name,
						   ch->looked[ch->n_looked - 1]);
		}
	return seal_fail(ch->op, st, "profile %s: credential_source %.40s is none of Environment, "
			 "Ec2InstanceMetadata, EcsContainer", profile, name);
}

static enum seal_status aws_visit(struct aws_chain *ch, const char *profile)
{
	for (size_t i = 0; i < ch->n_visited; i++)
		if (!strcmp(ch->visited[i], profile))
			return seal_fail(ch->op, SEAL_EAUTH, "profile %s: source_profile leads in "
					 "a circle, from %s back to %s", ch->profile,
					 ch->visited[ch->n_visited - 1], profile);
	if (ch->n_visited == AWS_PROFILES_MAX)
		return seal_fail(ch->op, SEAL_EAUTH, "profile %s: source_profile leads on through "
				 "more than %d profiles", ch->profile, AWS_PROFILES_MAX);
	if (!aws_ini_has(&ch->files[0], profile) && !aws_ini_has(&ch->files[1], profile))
		return seal_fail(ch->op, SEAL_EAUTH, "no profile %s in %s", profile,
				 aws_files_state(ch));
	ch->visited[ch->n_visited++] = profile;
	return SEAL_OK;
}

static enum seal_status aws_of_profile(struct aws_chain *ch, const char *profile,
				       struct aws_creds *ret);

/* Who takes the role of this profile? */
static enum seal_status aws_taker(struct aws_chain *ch, const char *profile, struct aws_creds *ret)
{
	const char *next = aws_setting(ch, profile, "source_profile");
	const char *from = aws_setting(ch, profile, "credential_source");
	enum seal_status st;

	if (from && next)
		return seal_fail(ch->op, SEAL_EAUTH, "profile %s has both source_profile and "
				 "credential_source: one of them must go", profile);
	if (from)
		return aws_credential_source(ch, profile, from, ret);
	if (!next)
		return seal_fail(ch->op, SEAL_EAUTH, "profile %s has role_arn, but no "
				 "source_profile, credential_source or web_identity_token_file to "
				 "take it with", profile);
	if (strcmp(next, profile) != 0)
		return aws_of_profile(ch, next, ret);
	st = aws_profile_keys(ch, profile, ret); /* its own keys take its own role */
	return st != SEAL_ENOTFOUND ? st
				    : seal_fail(ch->op, SEAL_EAUTH, "profile %s is its own "
						"source_profile and has no keys", profile);
}

static enum seal_status aws_of_profile(struct aws_chain *ch, const char *profile,
				       struct aws_creds *ret)
{
	const char *file = aws_setting(ch, profile, "web_identity_token_file");
	struct aws_role role = {
		.arn = aws_setting(ch, profile, "role_arn"),
		.external_id = aws_setting(ch, profile, "external_id"),
		.session_name = aws_setting(ch, profile, "role_session_name"),
		.seconds = aws_setting(ch, profile, "duration_seconds"),
	};
	enum seal_status st = aws_visit(ch, profile);

	if (!st && !role.arn)
		st = aws_profile_keys(ch, profile, ret);
	if (st == SEAL_ENOTFOUND && ch->n_visited > 1)
		return seal_fail(ch->op, SEAL_EAUTH, "profile %s, source_profile of %s, has no "
				 "keys", profile, ch->visited[ch->n_visited - 2]);
	if (st || !role.arn)
		return st;
	if (aws_setting(ch, profile, "mfa_serial"))
		return seal_fail(ch->op, SEAL_EAUTH, "profile %s has mfa_serial: nobody is here to "
				 "type a code; use a role that asks for none", profile);
	if (file)
		return aws_web(ch, file, &role, ret);
	st = aws_taker(ch, profile, ret);
	return st ? st : aws_assume(ch, &role, ret, ret);
}

/* -- the chain */

static enum seal_status aws_options(struct aws_chain *ch, struct aws_creds *ret)
{
	const struct aws_conf *o = ch->conf;
	struct aws_creds c = { .id = o->access_key_id, .secret = o->secret_access_key,
			       .token = o->session_token, .source = "access_key_id" };

	if (!c.id && !c.secret)
		return aws_none(ch, "access_key_id and the environment (not set)");
	if (o->profile)
		seal_log(ch->op, LOG_WARNING, "access_key_id counts, profile %s does not",
			 o->profile);
	return aws_take(ch, &c, ret);
}

static enum seal_status aws_role_profile(struct aws_chain *ch, struct aws_creds *ret)
{
	bool has = aws_ini_has(&ch->files[0], ch->profile) ||
		   aws_ini_has(&ch->files[1], ch->profile);

	if (!has && ch->conf->profile)
		return seal_fail(ch->op, SEAL_EAUTH, "no profile %s in %s", ch->profile,
				 aws_files_state(ch));
	if (!aws_setting(ch, ch->profile, "role_arn"))
		return SEAL_ENOTFOUND; /* its keys come later, and say so */
	return aws_of_profile(ch, ch->profile, ret);
}

static enum seal_status aws_token_file(struct aws_chain *ch, struct aws_creds *ret)
{
	const struct aws_conf *o = ch->conf;
	struct aws_role role = { .arn = o->web_identity_role_arn,
				 .session_name = o->role_session_name };

	if (!o->web_identity_token_file)
		return aws_none(ch, "web_identity_token_file (not set)");
	if (!role.arn) {
		role.arn = o->role_arn;
		ch->role_taken = true;
	}
	if (!role.arn)
		return seal_fail(ch->op, SEAL_EAUTH, "web_identity_token_file %s: no "
				 "web_identity_role_arn says for which role",
				 o->web_identity_token_file);
	return aws_web(ch, o->web_identity_token_file, &role, ret);
}

static enum seal_status aws_key_profile(struct aws_chain *ch, struct aws_creds *ret)
{
	enum seal_status st = aws_profile_keys(ch, ch->profile, ret);

	if (st == SEAL_ENOTFOUND)
		return aws_none(ch, "profile %s in %s", ch->profile, aws_files_state(ch));
	return st;
}

static enum seal_status (*const aws_sources[])(struct aws_chain *, struct aws_creds *) = {
	aws_options, aws_role_profile, aws_token_file, aws_key_profile, aws_container, aws_metadata,
};

static enum seal_status aws_first(struct aws_chain *ch, struct aws_creds *ret)
{
	for (size_t i = 0; i < sizeof(aws_sources) / sizeof(*aws_sources); i++) {
		enum seal_status st = aws_sources[i](ch, ret);
		if (st != SEAL_ENOTFOUND)
			return st;
	}
	return seal_fail(ch->op, SEAL_EAUTH, "no credentials; looked at: %s",
			 ch->op->host->join(ch->op, ch->looked, ch->n_looked, ", "));
}

static void aws_chain_init(struct seal_op *op, const struct aws_conf *conf, struct aws_chain *ch)
{
	*ch = (struct aws_chain){
		.op = op,
		.conf = conf,
		.files = { { .path = conf->shared_credentials_file },
			   { .path = conf->config_file, .prefix = "profile" } },
		.profile = conf->profile ? conf->profile : "default",
		.region = conf->region,
	};
	aws_ini_read(op, &ch->files[0]);
	aws_ini_read(op, &ch->files[1]);
	if (!ch->region)
		ch->region = aws_setting(ch, ch->profile, "region");
	if (!ch->region)
		ch->region = "us-east-1";
}

static enum seal_status aws_get(struct seal_op *op, const struct aws_conf *conf,
				struct aws_creds *ret)
{
	struct aws_role role = { .arn = conf->role_arn, .external_id = conf->external_id,
				 .session_name = conf->role_session_name };
	struct aws_chain ch;

	aws_chain_init(op, conf, &ch);
	enum seal_status st = aws_first(&ch, ret);
	if (!st && role.arn && !ch.role_taken)
		st = aws_assume(&ch, &role, ret, ret);
	if (!st)
		seal_log(op, LOG_INFO, "credentials: %s", ret->source);
	ret->region = ch.region;
	return st;
}

/* -- kept with the login, as lines: id, secret, token, end, source, region */

static const char *const aws_kept = "aws credentials", *const aws_lately = "aws asked lately";

static void aws_keep(struct seal_op *op, const struct aws_creds *c)
{
	int64_t left = c->until ? c->until - op->host->wall(op) - aws_skew(op) : AWS_AGAIN_S;

	op->host->cache_put(op, aws_kept,
			    seal_printf(op, "%s\n%s\n%s\n%lld\n%s\n%s", c->id, c->secret,
					c->token ? c->token : "", (long long)c->until, c->source,
					c->region),
			    left > 0 ? (unsigned)left : 0);
	op->host->cache_put(op, aws_lately, "", AWS_AGAIN_S);
}

static bool aws_recall(struct seal_op *op, struct aws_creds *ret)
{
	const char *at = op->host->cache_get(op, aws_kept), *line[6];

	for (size_t i = 0; at && i < 6; i++) {
		size_t n = strcspn(at, "\n");
		line[i] = seal_printf(op, "%.*s", (int)n, at);
		at += n + (at[n] == '\n');
	}
	if (at)
		*ret = (struct aws_creds){ line[0], line[1], *line[2] ? line[2] : NULL,
					   strtoll(line[3], NULL, 10), line[4], line[5] };
	return at != NULL;
}

static void aws_forget(struct seal_op *op)
{
	op->host->cache_put(op, aws_kept, "", 0);
	op->host->cache_put(op, aws_lately, "", 0);
}

/* Credentials that are good now.  When new ones are due and cannot be had, the old ones are used as
 * long as they last. */
static enum seal_status aws_credentials(struct seal_op *op, const struct aws_conf *conf,
					struct aws_creds *ret)
{
	struct aws_creds old, fresh;
	bool have = aws_recall(op, &old);

	if (have) {
		int64_t left = old.until - op->host->wall(op) - aws_skew(op);
		*ret = old;
		if (!old.until || left > AWS_EARLY_S || op->host->cache_get(op, aws_lately))
			return SEAL_OK;
	}
	enum seal_status st = aws_get(op, conf, &fresh);
	if (!st) {
		*ret = fresh;
		aws_keep(op, &fresh);
	} else if (have && st != SEAL_ECANCELED) {
		seal_log(op, LOG_WARNING, "new credentials could not be had, the old ones (%s) "
			 "still hold", old.source);
		op->host->cache_put(op, aws_lately, "", AWS_AGAIN_S);
		st = SEAL_OK;
	}
	return st;
}

#endif
