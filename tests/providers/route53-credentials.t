#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# route53-credentials.t - where the credentials of route53 come from: each source, their order, what
# is said when one of them gives nothing, and that none of it is ever shown.
# shellcheck disable=SC2034,SC2154 # words from and for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"

case " $PROVIDERS $STATIC_PROVIDERS " in
*' route53 '*) ;;
*) skip_all 'route53 is not built' ;;
esac
world "$0" "$@"
for word in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$word"; done

# Where machines and containers find their credentials, at the very addresses.
ip address add 169.254.169.254/32 dev lo
ip address add 169.254.170.2/32 dev lo
api_start route53 --metadata 0.0.0.0:80 example.test
wait_port 169.254.169.254 80

ROLE=arn:aws:iam::111122223333:role/dns
full_id=AKIAFULLEXAMPLE00001 full_secret=full/secret+0123456789abcdefghijklmnopqr
read_id=AKIAREADEXAMPLE00002 read_secret=read/secret+0123456789abcdefghijklmnopqr
weak_id=AKIAWEAKEXAMPLE00003 weak_secret=weak/secret+0123456789abcdefghijklmnopqr

# ---- how a case is told: block [LINE...]; using [NAME=VALUE...]; then works or fails

block() { # LINE...
	{
		printf 'dns r53 {\n    type route53\n    endpoint https://api.test\n    trust %s\n' "$WORLD/trust.pem"
		for line; do printf '    %s\n' "$line"; done
		echo '}'
	} >"$CONF"
}
# Everything said at the highest level is kept, to look for secrets in the end.
ask() { # NAME=VALUE...
	(
		for setting in AWS_ENDPOINT_URL_STS=https://api.test "$@"; do export "${setting?}"; done
		LIMIT=60 dnseal -v -v --no-input dns get r53 example.test >"$WORLD/out" 2>"$WORLD/err" </dev/null
	)
	status=$?
	cat "$WORLD/out" "$WORLD/err" >>"$WORLD/everything"
	return $status
}
callers() { admin callers '{}' | python3 -c 'import json, sys; print(*json.load(sys.stdin))'; }
metadata_seen() { admin metadata '{}' | python3 -c 'import json, sys; print(*json.load(sys.stdin), sep="\n")'; }
forget() { callers >/dev/null; metadata_seen >/dev/null; admin reset '{}' >/dev/null; }

works() { # WHAT USER NAME=VALUE...: as this user
	what=$1 user=$2
	shift 2
	forget
	if ask "$@"; then
		like "$what" "$(callers)" "^$user\$"
	else
		fail "$what"
		sed 's/^/# /' "$WORLD/err" | tail -n 5
	fi
}
fails() { # WHAT PATTERN NAME=VALUE...
	what=$1 pattern=$2
	shift 2
	forget
	ask "$@" && { fail "$what: it works, as $(callers)"; return; }
	like "$what" "$(tr '\n' ' ' <"$WORLD/err")" "$pattern"
}
aws_files() { # clears both; then: file credentials|config <<END
	rm -rf "$WORLD/.aws"
	mkdir -m 700 "$WORLD/.aws"
}
file() { cat >"$WORLD/.aws/$1"; chmod 600 "$WORLD/.aws/$1"; }
keys() { printf 'aws_access_key_id = %s\naws_secret_access_key=%s\n' "$1" "$2"; }

full_env="AWS_ACCESS_KEY_ID=$full_id AWS_SECRET_ACCESS_KEY=$full_secret"
read_env="AWS_ACCESS_KEY_ID=$read_id AWS_SECRET_ACCESS_KEY=$read_secret"
off=AWS_EC2_METADATA_DISABLED=true
(umask 077; echo $full_secret >"$WORLD/full.secret")

# ---- keys

aws_files
# shellcheck disable=SC2086 # words of the environment
keys_and_environment() {
	block "access_key_id $full_id" 'secret_access_key file:full.secret'
	works 'keys of the dns block' full $off
	works '- before those of the environment' full $read_env $off
	block
	works 'keys of the environment' reader $read_env $off
	fails 'a key without its secret' 'secret' AWS_ACCESS_KEY_ID=$full_id $off
	fails 'a secret without its key' 'access_key_id|key' AWS_SECRET_ACCESS_KEY=$full_secret $off
	fails 'a wrong secret' 'SignatureDoesNotMatch|secret' AWS_ACCESS_KEY_ID=$full_id \
		AWS_SECRET_ACCESS_KEY=wrong/secret+123456789abcdefghijklmnopqr $off
	is '- exit 6' "$status" 6
	fails 'a session token that is none' 'InvalidClientTokenId|token' $full_env AWS_SESSION_TOKEN=no/such+token== $off
	fails 'nothing at all: what was looked at' 'access_key_id.*credentials.*container.*metadata' $off
	fails 'nothing at all' 'credentials'
}
# With the metadata service, nothing would not be nothing.
admin metadata '{"imds": "off"}' >/dev/null
keys_and_environment

# ---- files

profiles() {
	file credentials <<-END
	# keys of people
	[default]
	$(keys $full_id $full_secret)
	[reader]
	  ; indented comments and words are of the word before
	$(keys $read_id $read_secret)
	[weak]
	aws_access_key_id=$weak_id
	aws_secret_access_key   =   $weak_secret
	END
	file config <<-END
	[default]
	region = eu-central-1
	s3 =
	  aws_access_key_id = AKIANOTTHISONE000001
	[profile inconfig]
	$(keys $read_id $read_secret)
	[profile role]
	role_arn = $ROLE
	source_profile = weak
	role_session_name = of-profile
	[profile far]
	role_arn = $ROLE
	source_profile = near
	[profile near]
	role_arn = $ROLE
	source_profile = far
	[profile lost]
	role_arn = $ROLE
	source_profile = nowhere
	[profile both]
	role_arn = $ROLE
	source_profile = weak
	credential_source = Environment
	[profile environment]
	role_arn = $ROLE
	credential_source = Environment
	[profile machine]
	role_arn = $ROLE
	credential_source = Ec2InstanceMetadata
	[profile container]
	role_arn = $ROLE
	credential_source = EcsContainer
	[profile strange]
	role_arn = $ROLE
	credential_source = Elsewhere
	[profile process]
	credential_process = touch $WORLD/process-was-run
	[profile sso]
	sso_start_url = https://sso.example.test/start
	sso_account_id = 111122223333
	[profile web]
	role_arn = $ROLE
	web_identity_token_file = $WORLD/web.token
	END
}

files() {
	profiles
	block
	works 'the default profile of ~/.aws/credentials' full $off
	works 'AWS_PROFILE' reader AWS_PROFILE=reader $off
	works 'a profile of ~/.aws/config' reader AWS_PROFILE=inconfig $off
	# shellcheck disable=SC2086 # words of the environment
	works 'keys of the environment come before AWS_PROFILE' full AWS_PROFILE=reader $full_env $off
	fails 'a profile that is not there' 'nosuchprofile' AWS_PROFILE=nosuchprofile $off
	block 'profile reader'
	works 'profile in the dns block' reader $off
	# shellcheck disable=SC2086 # words of the environment
	works '- comes before keys of the environment' reader $full_env $off
	mv "$WORLD/.aws/credentials" "$WORLD/elsewhere"
	block
	works 'AWS_SHARED_CREDENTIALS_FILE' full "AWS_SHARED_CREDENTIALS_FILE=$WORLD/elsewhere" $off
	block "shared_credentials_file $WORLD/elsewhere" 'profile reader'
	works 'shared_credentials_file' reader $off
	mv "$WORLD/elsewhere" "$WORLD/.aws/credentials"
	fails 'a credentials file that is not there' 'nosuchfile|reader' \
		"AWS_SHARED_CREDENTIALS_FILE=$WORLD/nosuchfile" AWS_PROFILE=reader $off
}
files

# ---- roles

roles() {
	block
	works 'a role by way of a source_profile' role/of-profile AWS_PROFILE=role $off
	fails 'profiles in a circle' 'far.*near|circle|loop' AWS_PROFILE=far $off
	fails 'a source_profile that is not there' 'nowhere' AWS_PROFILE=lost $off
	fails 'two sources' 'source_profile' AWS_PROFILE=both $off
	fails 'a source that nobody knows' 'Elsewhere' AWS_PROFILE=strange $off
	block 'profile environment'
	works 'credential_source = Environment' 'role/.*' AWS_ACCESS_KEY_ID=$weak_id \
		AWS_SECRET_ACCESS_KEY=$weak_secret $off
	block
	admin metadata '{"imds": "ok"}' >/dev/null
	works 'credential_source = Ec2InstanceMetadata' 'role/.*' AWS_PROFILE=machine
	works 'credential_source = EcsContainer' 'role/.*' AWS_PROFILE=container \
		AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/1 $off
	admin metadata '{"imds": "off"}' >/dev/null
	(umask 077; echo $weak_secret >"$WORLD/weak.secret")
	block "access_key_id $weak_id" 'secret_access_key file:weak.secret' "role_arn $ROLE" 'role_session_name of-block'
	works 'role_arn in the dns block' role/of-block $off
	block "access_key_id $weak_id" 'secret_access_key file:weak.secret' "role_arn ${ROLE}2"
	fails 'a role that may not be assumed' 'role/dns2' $off
	block "access_key_id $weak_id" 'secret_access_key file:weak.secret' "role_arn $ROLE" 'external_id wrong'
	fails 'a wrong external_id' 'AccessDenied|not authorized' $off
	block
	fails 'credential_process is not run' 'credential_process' AWS_PROFILE=process $off
	ok '- really not' test ! -e "$WORLD/process-was-run"
	fails 'nor is SSO done' 'SSO|sso' AWS_PROFILE=sso $off
	admin fault '{"kind": "error", "match": "sts", "times": 9, "status": 500, "code": "InternalFailure", "message": "x"}' >/dev/null
	ask AWS_PROFILE=role $off && fail 'STS that fails: it works'
	like 'STS that fails' "$(tr '\n' ' ' <"$WORLD/err")" 'role|STS'
	admin reset '{}' >/dev/null
}
roles

# ---- web identities

web() {
	block
	echo web-identity-token-0123456789 >"$WORLD/web.token"
	works 'a web identity' role/web AWS_WEB_IDENTITY_TOKEN_FILE="$WORLD/web.token" AWS_ROLE_ARN=$ROLE \
		AWS_ROLE_SESSION_NAME=web $off
	works 'a web identity of a profile' 'role/.*' AWS_PROFILE=web $off
	admin keys '{"web_token": "another-token-9876543210"}' >/dev/null
	fails 'its token is old' 'InvalidIdentityToken|token' AWS_PROFILE=web $off
	echo another-token-9876543210 >"$WORLD/web.token"
	works 'the file is read again' 'role/.*' AWS_PROFILE=web $off
	fails 'a file that is not there' 'nosuchtoken' AWS_WEB_IDENTITY_TOKEN_FILE="$WORLD/nosuchtoken" \
		AWS_ROLE_ARN=$ROLE $off
	fails 'a token without a role' 'role' AWS_WEB_IDENTITY_TOKEN_FILE="$WORLD/web.token" $off
}
aws_files
profiles
rm "$WORLD/.aws/credentials"
web

# ---- containers

aws_files
container() {
	relative=AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/1
	absolute=AWS_CONTAINER_CREDENTIALS_FULL_URI
	block
	works 'a container, by its relative address' container $relative $off
	works '- which comes before a full one' container $relative $absolute=http://127.0.0.1:9/x $off
	works 'a full address on this host' container $absolute=http://127.0.0.1:80/creds $off
	fails 'plain http to another host is refused' '192\.0\.2\.1' $absolute=http://192.0.2.1/creds $off
	fails 'and to a name' 'credentials\.example\.test' $absolute=http://credentials.example.test/creds $off
	admin metadata '{"authorization": "token of the container 123"}' >/dev/null
	fails 'a token is wanted' '401|refused' $relative $off
	works 'a token' container $relative 'AWS_CONTAINER_AUTHORIZATION_TOKEN=token of the container 123' $off
	echo 'token of the container 123' >"$WORLD/container.token"
	works 'a token in a file' container $relative "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$WORLD/container.token" $off
	admin metadata '{"authorization": "the next token 456"}' >/dev/null
	echo 'the next token 456' >"$WORLD/container.token"
	works 'the file is read again' container $relative \
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$WORLD/container.token" $off
	printf 'one\r\nX-Other: two\n' >"$WORLD/container.token"
	fails 'a token with a line end in it' 'line|CR|character' $relative \
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$WORLD/container.token" $off
	is '- is not sent' "$(metadata_seen)" ''
	fails 'a token file that is not there' 'nosuchtoken' $relative \
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$WORLD/nosuchtoken" $off
	admin metadata '{"authorization": null, "container": "off"}' >/dev/null
	fails 'no credentials for this container' '404' $relative $off
	admin metadata '{"container": "garbage"}' >/dev/null
	fails 'a page in the place of credentials' 'JSON|understood|AccessKeyId|credentials' $relative $off
	admin metadata '{"container": "hang"}' >/dev/null
	before=$(date +%s)
	fails 'no answer' 'answer|time|169\.254\.170\.2' $relative $off
	ok '- is not waited for' test $(($(date +%s) - before)) -lt 15
	admin metadata '{"container": "ok"}' >/dev/null
}
container

# ---- machines

machine() {
	block
	admin metadata '{"imds": "ok"}' >/dev/null
	works 'a machine' machine
	metadata_seen >"$WORLD/seen"
	like '- asks for a token first' "$(head -n 1 "$WORLD/seen")" '^PUT /latest/api/token 200'
	works '- its own address' machine AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:80
	works '- never by a proxy' machine http_proxy=http://127.0.0.1:9 HTTP_PROXY=http://127.0.0.1:9
	fails '- may be turned off' 'DISABLED|disabled|turned off|not asked' $off
	for mode in off/403 no-role/role failed/AssumeRoleUnauthorizedAccess garbage/JSON; do
		admin metadata "{\"imds\": \"${mode%/*}\"}" >/dev/null
		fails "a machine: ${mode%/*}" "${mode#*/}"
	done
	admin metadata '{"imds": "v1"}' >/dev/null
	fails 'a machine that only has the old way' 'token'
	is '- is not asked in that way' "$(metadata_seen | grep -v '^PUT ')" ''
	admin metadata '{"imds": "hang"}' >/dev/null
	before=$(date +%s)
	fails 'a machine that does not answer' 'hop|answer|time'
	ok '- is not waited for' test $(($(date +%s) - before)) -lt 15
	admin metadata '{"imds": "ok"}' >/dev/null
}
machine

# ---- their order

order() {
	block
	echo another-token-9876543210 >"$WORLD/web.token"
	file credentials <<-END
	[default]
	$(keys $read_id $read_secret)
	END
	relative=AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/1
	web="AWS_WEB_IDENTITY_TOKEN_FILE=$WORLD/web.token"
	# shellcheck disable=SC2086 # words of the environment
	works 'order: environment' full $full_env "$web" AWS_ROLE_ARN=$ROLE $relative
	works 'order: web identity' 'role/.*' "$web" AWS_ROLE_ARN=$ROLE $relative
	works 'order: credentials file' reader $relative
	rm "$WORLD/.aws/credentials"
	file config <<-END
	[default]
	$(keys $full_id $full_secret)
	END
	works 'order: config file' full $relative
	rm "$WORLD/.aws/config"
	works 'order: container' container $relative
	works 'order: machine' machine
}
order

# ---- credentials that end, and clocks that differ

endings() {
	block
	forget
	admin fault '{"kind": "error", "match": "GET rrset", "status": 403, "code": "ExpiredToken",
		"message": "The security token included in the request is expired"}' >/dev/null
	ok 'a token that has expired meanwhile' ask
	is '- new credentials are fetched, once' "$(metadata_seen | grep -c 'dns-role 200')" 2
	admin fault '{"kind": "error", "match": "GET", "times": 99, "status": 403, "code": "ExpiredToken",
		"message": "The security token included in the request is expired"}' >/dev/null
	ask && fail 'a token that expires again and again: it works'
	like 'a token that expires again and again' "$(tail -n 3 "$WORLD/err")" 'expired|ExpiredToken'
	forget
	for skew in 3000 -3000; do
		admin clock "{\"skew\": $skew}" >/dev/null
		# shellcheck disable=SC2086 # words of the environment
		works "a clock that is $skew s off" full $full_env $off
	done
	like '- is found out once' "$(admin stats)" '"refused": 1,'
	admin clock '{"skew": 0}' >/dev/null
}
admin metadata '{"imds": "ok"}' >/dev/null
endings

# ---- silence

admin keys '{}' | python3 -c 'import json, sys; print(*json.load(sys.stdin), sep="\n")' >"$WORLD/secrets"
printf '%s\n' web-identity-token-0123456789 another-token-9876543210 'token of the container 123' \
	'the next token 456' >>"$WORLD/secrets"
ok 'there is much to look at' test "$(wc -l <"$WORLD/everything")" -gt 100 -a "$(wc -l <"$WORLD/secrets")" -gt 20
is 'no secret and no token in anything that was said' "$(grep -F -f "$WORLD/secrets" "$WORLD/everything" | head -n 3)" ''
done_testing
