#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# route53-moto.t - route53 at moto, a copy of the AWS APIs by other people, who know nothing of us:
# it checks our signatures with Amazon's own code, and has users, policies and STS.
#
# The conformance suite, but for what moto cannot do.  It compares a CREATE with all that was ever
# created and not with what is there, so that a second CREATE at a name makes a second set; hence
# not a_name_has_many_values, many_records, at_the_same_time.  It has nothing against records beside
# a CNAME; hence not nothing_beside_a_cname.
# shellcheck disable=SC2034,SC2154 # words from and for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/providers/conformance.sh
. "$srcdir/tests/providers/conformance.sh"

case " $PROVIDERS $STATIC_PROVIDERS " in
*' route53 '*) ;;
*) skip_all 'route53 is not built' ;;
esac
for word in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$word"; done
python3 -c 'import boto3, flask, flask_cors, xmltodict, responses, cryptography' 2>/dev/null ||
	skip_all 'moto needs python3-boto3, -flask, -flask-cors, -xmltodict, -responses and -cryptography'
# Here, because there is no network in the world.
test -n "${MOTO:-}" || MOTO=$("$srcdir/tests/servers/moto" fetch) ||
	skip_all 'python3-moto is not installed and could not be fetched'
export MOTO
world "$0" "$@"

certificate api api.test 'ip_address = "127.0.0.20"'
echo '127.0.0.20 api.test' >>"$WORLD/hosts"
start moto "$servers/moto" 127.0.0.20:443 "$WORLD/api.pem" "$WORLD/api.key" "$WORLD/credentials" \
	example.test badexample.test xn--mnchen-3ya.test
wait_port 127.0.0.20 443

secret_of() { # PROFILE
	awk -v at="[$1]" '$0 == at { on = 1 } on && $1 == "aws_secret_access_key" { print $3; exit }' "$WORLD/credentials"
}
{
	printf '[wrong]\naws_access_key_id = %s\naws_secret_access_key = %s\n' \
		"$(awk '$1 == "aws_access_key_id" { print $3; exit }' "$WORLD/credentials")" \
		'wrong/secret+123456789abcdefghijklmnopqr'
} >"$WORLD/wrong"
cat "$WORLD/wrong" >>"$WORLD/credentials"

block() { # NAME LINE...
	printf 'dns %s {\n    type route53\n    endpoint https://api.test\n    trust %s\n' "$1" "$WORLD/trust.pem"
	printf '    shared_credentials_file %s\n' "$WORLD/credentials"
	shift
	for line; do printf '    %s\n' "$line"; done
	echo '}'
}
{
	for name in full reader wrong weak other; do block $name "profile $name"; done
	block role 'profile weak' 'role_arn arn:aws:iam::123456789012:role/dns' 'sts_endpoint https://api.test'
	block noright 'profile other' 'role_arn arn:aws:iam::123456789012:role/dns' 'sts_endpoint https://api.test'
} >"$CONF"

DNS=full ZONE=example.test OTHER=badexample.test IDN=münchen.test NOZONE=nowhere.test
WRONG=wrong READONLY=reader LISTS=yes MIN_TTL=0 NO_TYPES='' ODD_TXT=yes
SECRET="$(secret_of full) $(secret_of wrong)"
# moto's list is the service itself.
truth() { records "$@" | sed 's/^[^ ]* [0-9]* [^ ]* //'; }

rights
set_replaces
every_octet_survives
what_is_not_ours_stays
names_of_all_kinds
names_are_written_in_many_ways
zones_are_told_apart
types_of_all_kinds
ttls_are_kept_or_lifted
for_machines
secrets_stay_secret
is 'nothing is left behind' "$(records | awk '$1 ~ /conf$/')" ''

is 'credentials that may do nothing: exit 6' "$(exit_of get other "$ZONE")" 6
is 'credentials that may only assume a role: exit 6' "$(exit_of get weak "$ZONE")" 6
done_and 'with the role they write' dns add role "$ZONE" role.conf TXT role
is 'it is there' "$(values role.conf TXT)" 'role|'
done_and 'and they remove' dns remove role "$ZONE" role.conf TXT role
is 'others may not assume it: exit 6' "$(exit_of get noright "$ZONE")" 6
like 'and are told the role' "$(said get noright "$ZONE")" 'role/dns'
done_testing
