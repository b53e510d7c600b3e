#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# route53.t - the conformance suite with route53 at our copy of its API, which Amazon's own client
# for Python takes for the real one; and what only this service has.
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
world "$0" "$@"
for word in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$word"; done
AWS_EC2_METADATA_DISABLED=true
export AWS_EC2_METADATA_DISABLED

full='full/secret+0123456789abcdefghijklmnopqr'
cat >"$WORLD/api.json" <<END
{"zones": [{"name": "twice.test", "id": "ZTWICE0000000001"}, {"name": "twice.test", "id": "ZTWICE0000000002"}],
 "keys": [
 {"id": "AKIAFULLEXAMPLE00001", "secret": "$full", "user": "full"},
 {"id": "AKIAREADEXAMPLE00002", "secret": "read/secret+0123456789abcdefghijklmnopqr", "user": "reader",
  "actions": ["ListHostedZones", "ListHostedZonesByName", "ListResourceRecordSets", "GetChange"]},
 {"id": "AKIAWEAKEXAMPLE00003", "secret": "weak/secret+0123456789abcdefghijklmnopqr", "user": "weak",
  "actions": ["AssumeRole"]},
 {"id": "AKIALEASTEXAMPLE0004", "secret": "least/secret+0123456789abcdefghijklmnopq", "user": "least",
  "names": ["_acme-challenge.example.test"],
  "actions": ["ListResourceRecordSets", "ChangeResourceRecordSets"]}]}
END
api_start route53 --config "$WORLD/api.json" --page 7 example.test badexample.test xn--mnchen-3ya.test

if python3 -c 'import boto3' 2>/dev/null; then
	python3 -B "$servers/route53-boto.py" https://api.test "$WORLD/trust.pem" example.test \
		>"$WORLD/boto.out" 2>"$WORLD/boto.err"
	while read -r verdict what; do
		case $verdict in
		ok) pass "Amazon's client at our copy: $what" ;;
		*) fail "Amazon's client at our copy: $what" ;;
		esac
	done <"$WORLD/boto.out"
	is "Amazon's client has come to its end" "$(cat "$WORLD/boto.err")" ''
else
	skip "Amazon's client at our copy" 'python3-boto3 is not installed'
fi

block() { # NAME ID SECRET [LINE...]
	(umask 077; echo "$3" >"$WORLD/$1.secret")
	printf 'dns %s {\n    type route53\n    access_key_id %s\n    secret_access_key file:%s.secret\n' "$1" "$2" "$1"
	printf '    endpoint https://api.test\n    trust %s\n' "$WORLD/trust.pem"
	shift 3
	for line; do printf '    %s\n' "$line"; done
	echo '}'
}
id_of() { # ZONE
	printf 'Z1%s' "$(printf %s "$1" | sha256sum | cut -c 1-18 | tr '[:lower:]' '[:upper:]')"
}
{
	block full AKIAFULLEXAMPLE00001 "$full"
	block reader AKIAREADEXAMPLE00002 'read/secret+0123456789abcdefghijklmnopqr'
	block wrong AKIAFULLEXAMPLE00001 'wrong/secret+123456789abcdefghijklmnopqr'
	block nobody AKIANOBODYEXAMPLE009 "$full"
	block least AKIALEASTEXAMPLE0004 'least/secret+0123456789abcdefghijklmnopq' \
		"hosted_zone_id example.test=$(id_of example.test)"
	block private AKIAFULLEXAMPLE00001 "$full" 'private_zone yes'
	block second AKIAFULLEXAMPLE00001 "$full" 'hosted_zone_id ZTWICE0000000002'
} >"$CONF"

DNS=full ZONE=example.test OTHER=badexample.test IDN=münchen.test NOZONE=nowhere.test
WRONG=wrong READONLY=reader LISTS=yes
SECRET="$full wrong/secret+123456789abcdefghijklmnopqr"
conformance

# ---- what only this service has

calls() { # of one kind, or of all
	admin stats | python3 -c 'import json, sys
s = json.load(sys.stdin); print(s["by"].get(sys.argv[1], 0) if len(sys.argv) > 1 else s["requests"])' "$@"
}
calm() { admin reset '{}' >/dev/null; }

round_trip NS ns1.example.net ns2.example.net
round_trip PTR host.example.net
round_trip DS '60485 8 2 d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a'
round_trip NAPTR '100 10 "S" "SIP+D2U" "" _sip._udp.example.net'
round_trip SSHFP '4 2 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
round_trip HTTPS '1 . alpn="h2,h3"'

like 'an unknown key: there is no such' "$(said get nobody "$ZONE")" 'InvalidClientTokenId|no such|not known|unknown'
refused 'an alias set is not ours' 'alias' add full "$ZONE" alias A 192.0.2.9
refused 'sets with a routing policy are not ours' 'routing|polic' add full "$ZONE" weighted TXT x
is 'both are as they were' "$(truth alias A)$(truth weighted TXT)" ''

refused 'two public zones of one name: asks which' 'hosted_zone_id' add full twice.test two TXT x
done_and 'hosted_zone_id tells' dns add second twice.test two TXT x
is 'which it is' "$(dns get second twice.test two TXT | sed 's/.* TXT //')" x
dns remove second twice.test two TXT x >/dev/null
refused 'the id of another zone is found out' 'hosted_zone_id' add second example.test two TXT x

done_and 'a private zone of the same name' dns add private "$ZONE" inside TXT --ttl 60 inside
is 'has the value' "$(dns get private "$ZONE" inside TXT | sed 's/.* TXT //')" inside
is 'which the public one lacks' "$(values inside TXT)$(truth inside TXT)" ''
dns remove private "$ZONE" inside TXT inside >/dev/null

done_and 'least rights: a challenge' dns add least "$ZONE" _acme-challenge TXT --ttl 60 token
is 'is there' "$(truth _acme-challenge TXT)" token
done_and 'and is removed' dns remove least "$ZONE" _acme-challenge TXT token
is 'another name: exit 6' "$(exit_of add least "$ZONE" other TXT x)" 6
refused 'and the right that is missing' 'ChangeResourceRecordSets' add least "$ZONE" other TXT x

set_at() { # NAME TTL VALUES-JSON [SHOWN-JSON]: as somebody else made it
	admin sets "{\"zone\": \"$ZONE\", \"name\": \"$1.$ZONE\", \"type\": \"TXT\", \"ttl\": $2, \"values\": $3
		${4:+, \"shown\": $4}}" >/dev/null
}
set_at strings 77 '["\"one\" \"two\""]' '["\"one\"\"two\""]'
done_and 'beside strings without a blank between' dns add full "$ZONE" strings TXT --ttl 60 mine
is 'the foreign value keeps its two strings' "$(admin records | python3 -c '
import json, sys
print(*sorted(r["data"] for r in json.load(sys.stdin) if r["name"] == "strings.example.test"))')" '"mine" "one" "two"'
is 'and the set its TTL' "$(ttl_of strings TXT)" 77
done_and 'it is removed' dns remove full "$ZONE" strings TXT onetwo mine

n=0
set --
while test $n -lt 399; do
	n=$((n + 1))
	set -- "$@" "v$n"
done
calm
done_and '399 values at a name' dns add full "$ZONE" wide.conf TXT "$@"
is 'are one change' "$(calls 'POST rrset CREATE')" 1
refused 'two more are one too many' '400' add full "$ZONE" wide.conf TXT w1 w2
done_and 'all go at once' dns remove full "$ZONE" wide.conf TXT "$@"
is 'and are gone' "$(values wide.conf TXT)" ''

admin shape '{"shape": "messages"}' >/dev/null
dns add full "$ZONE" shape TXT one >/dev/null
done_and 'the other shape of errors is understood' dns add full "$ZONE" shape TXT two
is 'both values are there' "$(values shape TXT)" 'one|two|'
dns remove full "$ZONE" shape TXT one two >/dev/null
done_testing
