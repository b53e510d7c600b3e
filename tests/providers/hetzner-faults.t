#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# hetzner-faults.t - hetzner against a copy of its API that breaks down, in a race, with actions that
# fail or take long, and with what others may have put into a zone by that API.
# shellcheck disable=SC2034,SC2154 # words for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/providers/faults.sh
. "$srcdir/tests/providers/faults.sh"
# shellcheck source=tests/providers/race.sh
. "$srcdir/tests/providers/race.sh"
world "$0" "$@"
unset HETZNER_API_TOKEN HCLOUD_TOKEN HETZNER_TOKEN HETZNER_API_KEY HETZNER_Token HETZNER_API HCLOUD_ENDPOINT

token=editAa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3
(umask 077; echo $token >"$WORLD/token")
cat >"$CONF" <<END
dns main {
    type      hetzner
    api_token file:token
    endpoint  https://api.test/v1
    trust     $WORLD/trust.pem
}
END
dns() { dnseal --no-input dns "$@" 2>"$WORLD/err"; }
change() { dns "$@" >"$WORLD/out"; }
values() { truth at TXT | sort | tr '\n' ' '; }
fault() { admin fault "$1" >/dev/null; }
calls() { # of one kind since the last reset
	admin stats | python3 -c 'import json, sys; print(json.load(sys.stdin)["by"].get(sys.argv[1], 0))' "$1"
}
fails() { # WHAT PATTERN COMMAND...
	what=$1 pattern=$2
	shift 2
	if "$@" >"$WORLD/out"; then fail "$what"; else like "$what" "$(cat "$WORLD/err")" "$pattern"; fi
}
by_hand() { # PATH JSON [METHOD]: a change that somebody else makes; the status
	python3 - "$WORLD/trust.pem" "https://api.test/v1$1" "$2" "$token" "${3:-POST}" <<-'END'
	import ssl, sys, urllib.error, urllib.request
	request = urllib.request.Request(
	    sys.argv[2], sys.argv[3].encode() or None, {"Authorization": "Bearer " + sys.argv[4],
	    "Content-Type": "application/json"}, method=sys.argv[5])
	try:
	    print(urllib.request.urlopen(
	        request, context=ssl.create_default_context(cafile=sys.argv[1])).status)
	except urllib.error.HTTPError as error:
	    print(error.code)
	END
}
restart() { # ARGUMENTS...: with another mood
	kill "$pid_api"
	wait "$pid_api" 2>/dev/null
	api_start hetzner "$@" example.test other.test
}

# ---- what breaks down

api_start hetzner --action 0 --page 7 example.test other.test
DNS=main ZONE=example.test ADD='POST add_records' REMOVE='POST remove_records' LIST='GET rrsets'
faults
ROUNDS=100
race
calm

# The same with changes that take a while, that only then can be seen, and that lock the zone.
restart --action 0.1 --visible 'done' --locks conflict --missing 422
fault_dns add foreign
for fault in '"kind": "cut-before"' '"kind": "cut-after"' '"kind": "cut-reply", "bytes": 60' \
	'"kind": "status", "status": 504, "after": true' '"kind": "truncate"'; do
	add_in_trouble "slow service, $fault" yes "$fault"
	remove_in_trouble "slow service, $fault" yes "$fault"
done
fault_dns remove foreign
ROUNDS=10 runners=
race
calm

# ---- actions

unharmed() { # WHAT FAULT: the command succeeds in spite of it, and the value is there once
	change remove main example.test at TXT v
	fault "$2"
	ok "$1" change add main example.test at TXT v || sed "s,^,# ," "$WORLD/err"
	is "- $(calls 'GET actions') looks later it is there, once" "$(values)" 'v '
	calm
}
restart --action 0.1
unharmed 'a look at an action is cut off' '{"kind": "cut-before", "match": "GET actions", "times": 2}'
unharmed 'a look at an action gets an error page' '{"kind": "status", "status": 502, "match": "GET actions"}'
unharmed 'a look at an action gets half a reply' '{"kind": "truncate", "match": "GET actions"}'
unharmed 'a look at an action has to wait' '{"kind": "busy", "retry_after": 1, "match": "GET actions"}'
unharmed 'an action takes five seconds' '{"kind": "action-slow", "seconds": 5, "match": "POST add_records"}'
change remove main example.test at TXT v
fault '{"kind": "action-error", "match": "POST add_records"}'
fails 'an action comes to nothing' "action [0-9]+ \(add_rrset_records\) is 'error': the zone could not be changed" \
	dns add main example.test at TXT v
is 'nothing is there' "$(values)" ''
ok 'the same command does it' change add main example.test at TXT v
fault '{"kind": "action-error", "match": "POST remove_records"}'
fails 'a removal comes to nothing' 'is .error.' dns remove main example.test at TXT v
is 'the value is still there' "$(values)" 'v '
ok 'the same command does it' change remove main example.test at TXT v
is 'now it is gone' "$(values)" ''
fault '{"kind": "action-lost", "match": "POST add_records"}'
fails 'an action nobody knows later' "is 'gone'" dns add main example.test at TXT v
change remove main example.test at TXT v
calm

# ---- locks and refusals

fault '{"kind": "refuse", "status": 423, "code": "locked", "match": "POST add_records", "times": 2}'
ok 'a zone that is locked twice' change add main example.test at TXT v
is '- took three tries' "$(calls 'POST add_records')" 3
calm
fault '{"kind": "refuse", "status": 422, "code": "service_error", "match": "POST remove_records"}'
ok 'an error of the service, once' change remove main example.test at TXT v
is 'and it is gone' "$(values)" ''
fault '{"kind": "refuse", "status": 403, "code": "maintenance", "match": "POST add_records", "times": 9}'
fails 'maintenance is for later' '\(maintenance\)' dns add main example.test at TXT v
calm
fault '{"kind": "refuse", "status": 403, "code": "resource_limit_exceeded", "match": "POST add_records"}'
fails 'a full project' 'the project holds as much as it may' dns add main example.test at TXT v
is 'none of that left anything' "$(values)" ''

# ---- several names at a zone that is locked by each change

restart --action 0.1 --locks locked --large-pages refuse --missing 201
names=
n=0
while test $n -lt 60; do
	n=$((n + 1))
	names="$names v$n"
done
# shellcheck disable=SC2086
ok 'sixty values' change add main other.test many TXT $names
is 'are all there' "$(dns get main other.test many TXT | sort -u | wc -l | tr -d ' ')" 60
is 'after two changes, of which the second was refused once' "$(calls 'POST add_records')" 3
calm
# shellcheck disable=SC2086
ok 'and one more' change add main other.test many TXT $names new
is 'is one more' "$(dns get main other.test many TXT | wc -l | tr -d ' ')" 61
# shellcheck disable=SC2086
ok 'a set of other sixty' change set main other.test many TXT --ttl 600 new1 $names
is 'has no other' "$(dns get main other.test many TXT | grep -c ' new$') $(dns get main other.test many TXT | wc -l | tr -d ' ')" '0 61'
is 'and the other ttl' "$(dns get main other.test many TXT | cut -d' ' -f2 | sort -u)" 600
# shellcheck disable=SC2086
ok 'and away' change remove main other.test many TXT $names new1
is 'none left' "$(dns get main other.test many TXT)" ''

# ---- a small bucket

restart --action 0 --bucket 5
n=0
while test $n -lt 12; do
	n=$((n + 1))
	change add main example.test at TXT "v$n" || echo "# $(cat "$WORLD/err")"
done
is 'twelve changes by a bucket of ten' "$(values | wc -w | tr -d ' ')" 12
change remove main example.test at TXT v1 v2 v3 v4 v5 v6 v7 v8 v9 v10 v11 v12

# ---- what others did

restart --action 0
sets=/zones/example.test/rrsets
is 'a set without ttl, two spellings in it' "$(by_hand $sets \
	'{"name": "at", "type": "TXT", "records": [{"value": "\"spl\" \"it\""}, {"value": "\"foreign\""}]}')" 201
is 'has the ttl of the zone' "$(dns get main example.test at TXT | sort)" \
	"$(printf 'at 3600 TXT foreign\nat 3600 TXT split')"
calm
ok 'what is there in another spelling is not added' change add main example.test at TXT split
is 'at one refused change' "$(calls 'POST add_records')" 1
ok 'a value more' change add main example.test at TXT --ttl 60 v
is 'gets the ttl of the set' "$(dns get main example.test at TXT | cut -d' ' -f2 | sort -u)" 3600
ok 'the other spelling is removed' change remove main example.test at TXT split v
is 'and foreign stays' "$(values)" 'foreign '
change remove main example.test at TXT foreign
is 'host names without a dot' "$(by_hand $sets \
	'{"name": "mail", "type": "MX", "ttl": 60, "records": [{"value": "10 mx"}, {"value": "20 @"}]}')" 201
is 'are relative' "$(dns get main example.test mail MX | sort)" \
	"$(printf 'mail 60 MX 10 mx.example.test\nmail 60 MX 20 example.test')"
ok 'and are known when they are to go' change remove main example.test mail MX '10 mx.example.test' '20 example.test'
is 'now they are gone' "$(dns get main example.test mail)" ''

# ---- the copy is as strict as the service

strict() { # STATUS WHAT PATH BODY [METHOD]
	is "the copy: $2" "$(by_hand "$3" "$4" "${5:-POST}")" "$1"
}
at=$sets/at/TXT/actions
strict 201 'two values' $at/add_records '{"ttl": 60, "records": [{"value": "\"a\""}, {"value": "\"b\""}]}'
strict 422 'a value that is there' $at/add_records '{"records": [{"value": "\"c\""}, {"value": "\"a\""}]}'
is '- nothing of that call was done' "$(values)" 'a b '
strict 422 'a value twice in a call' $at/add_records '{"records": [{"value": "\"c\""}, {"value": "\"c\""}]}'
strict 422 'another ttl' $at/add_records '{"ttl": 61, "records": [{"value": "\"c\""}]}'
strict 422 'a ttl that is too small' $sets/new/TXT/actions/add_records '{"ttl": 59, "records": [{"value": "\"c\""}]}'
strict 422 'text without quotes' $at/add_records '{"records": [{"value": "c"}]}'
strict 422 'a string of 256 octets' $at/add_records "{\"records\": [{\"value\": \"\\\"$(printf '%0256d' 0)\\\"\"}]}"
strict 422 'no values' $at/add_records '{"records": []}'
strict 422 'another member' $at/add_records '{"name": "at", "records": [{"value": "\"c\""}]}'
strict 400 'no JSON' $at/add_records '{"records"'
strict 422 'a type in lower case' $sets/at/txt/actions/add_records '{"records": [{"value": "\"c\""}]}'
strict 422 'an absolute name' $sets '{"name": "x.example.test", "type": "A", "records": [{"value": "192.0.2.1"}]}'
strict 422 'a CNAME beside them' $sets '{"name": "at", "type": "CNAME", "records": [{"value": "x."}]}'
strict 409 'a set that is there' $sets '{"name": "at", "type": "TXT", "records": [{"value": "\"c\""}]}'
strict 404 'removing what is not there' $at/remove_records '{"records": [{"value": "\"a\""}, {"value": "\"c\""}]}'
is '- nothing of that call was done either' "$(values)" 'a b '
strict 404 'replacing a set that is not there' $sets/new/TXT/actions/set_records '{"records": [{"value": "\"c\""}]}'
strict 404 'a zone with a final dot' /zones/example.test./rrsets '' GET
strict 404 'a zone in upper case' /zones/EXAMPLE.test '' GET
strict 410 'all actions' /actions '' GET
strict 201 'protection' $at/change_protection '{"change": true}'
strict 423 '- holds' $at/add_records '{"records": [{"value": "\"c\""}]}'
strict 201 '- until it is taken off' $at/change_protection '{"change": false}'
strict 201 'a set goes' $sets/at/TXT '' DELETE
strict 404 '- and is gone' $sets/at/TXT '' GET

# ---- words of other tools

sed -i '/api_token/d; /endpoint/d' "$CONF"
for name in HETZNER_API_TOKEN HCLOUD_TOKEN HETZNER_TOKEN; do
	export "$name=$token"
	for url in HETZNER_API=https://api.test/v1 HCLOUD_ENDPOINT=https://api.test/v1/; do
		export "${url?}"
		ok "$name and ${url%%=*}" change get main example.test
		unset "${url%%=*}"
	done
	unset "$name"
done
fails 'without any' 'HETZNER_API_TOKEN' dns get main example.test
for name in HETZNER_API_KEY HETZNER_Token; do
	export "$name=0123456789abcdef0123456789ABCDEF"
	fails "$name is of the old API" 'legacy_token is of the old DNS console' dns get main example.test
	unset $name
done
done_testing
