#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# digitalocean-faults.t - digitalocean against a copy of its API that breaks down, in a race, and
# with what others may have put into a zone by that API.
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
unset DO_AUTH_TOKEN DIGITALOCEAN_ACCESS_TOKEN DIGITALOCEAN_TOKEN DO_API_KEY DO_TOKEN
unset DO_API_URL DIGITALOCEAN_API_URL

api_start digitalocean --page 7 example.test other.test
token=dop_v1_$(printf '%064d' 0 | sed 's/00/f0/g')
(umask 077; printf '%s\n' "$token" >"$WORLD/token")
cat >"$CONF" <<END
dns ocean {
    type      digitalocean
    api_token file:token
    endpoint  https://api.test
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
by_hand() { # JSON: a record that somebody else makes
	python3 - "$WORLD/trust.pem" "$token" "$1" <<-'END'
	import ssl, sys, urllib.request
	request = urllib.request.Request(
	    "https://api.test/v2/domains/example.test/records", sys.argv[3].encode(),
	    {"Authorization": "Bearer " + sys.argv[2], "Content-Type": "application/json"})
	urllib.request.urlopen(request, context=ssl.create_default_context(cafile=sys.argv[1])).read()
	END
}

# ---- what breaks down

DNS=ocean ZONE=example.test ADD='POST records' REMOVE='DELETE records' LIST='GET records'
faults
race
calm

unharmed() { # WHAT FAULT: the command succeeds in spite of it, and the value is there once
	change remove ocean example.test at TXT v
	fault "$2"
	ok "$1" change add ocean example.test at TXT v || sed "s,^,# ," "$WORLD/err"
	is "$1: once" "$(values)" 'v '
	calm
}
unharmed 'a reply is lost, the value is there' '{"kind": "cut-after", "match": "POST records"}'
unharmed 'a gateway gives up, and the value is there' \
	'{"kind": "status", "status": 504, "after": true, "match": "POST records"}'
unharmed 'half a reply, and the value is there' '{"kind": "truncate", "match": "POST records"}'
unharmed 'the connection ends twice, and the value is not there' \
	'{"kind": "cut-before", "match": "POST records", "times": 2}'
change remove ocean example.test at TXT v
fault '{"kind": "hidden", "seconds": 1.5}'
fault '{"kind": "cut-after", "match": "POST records"}'
ok 'a reply is lost and lists do not show the value yet' change add ocean example.test at TXT v
is 'it is there once' "$(values)" 'v '
calm
change remove ocean example.test at TXT v
fault '{"kind": "status", "status": 502, "match": "POST records", "times": 9}'
fails 'out of order for good' 'HTTP 502' dns add ocean example.test at TXT v
is 'nothing is there' "$(values)" ''
calm
fault '{"kind": "cut-after", "match": "DELETE records"}'
change add ocean example.test at TXT v w
ok 'the reply to a removal is lost' change remove ocean example.test at TXT v
is 'the right one is gone' "$(values)" 'w '
fault '{"kind": "html", "match": "GET records"}'
fails 'a page of a proxy is no empty list' 'no reason given' dns remove ocean example.test at TXT w
is 'and w is still there' "$(values)" 'w '
fails 'a zone that is not there' 'nowhere.test: no such domain' dns add ocean nowhere.test at TXT v
change remove ocean example.test at TXT w

# ---- what others did

for n in 1 2 3; do by_hand '{"type": "TXT", "name": "at", "data": "copy"}'; done
by_hand '{"type": "TXT", "name": "at", "data": "\"wrapped\""}'
by_hand '{"type": "TXT", "name": "at", "data": "\"foreign\""}'
by_hand '{"type": "TXT", "name": "at.example.test", "data": "a name without its dot"}'
is 'copies are shown' "$(dns get ocean example.test at TXT | grep -c ' copy$')" 3
is 'text that was sent with quotes has them' "$(dns get ocean example.test at TXT | grep -c '"')" 2
is 'a name without its dot is what it became' "$(dns get ocean example.test | grep -c '^at.example.test ')" 1
ok 'what is there three times is not added' change add ocean example.test at TXT copy
ok 'and is removed' change remove ocean example.test at TXT copy
is 'three times' "$(dns get ocean example.test at TXT | grep -c ' copy$')" 0
ok 'text in quotes is removed by what it means' change remove ocean example.test at TXT wrapped
is 'and other text in quotes stays' "$(dns get ocean example.test at TXT | sed 's/.* TXT //')" '"foreign"'
ok 'until it is asked for, quotes and all' change remove ocean example.test at TXT '"foreign"'
is 'now it is gone' "$(dns get ocean example.test at TXT)" ''
change remove ocean example.test at.example.test TXT 'a name without its dot'

# ---- changes are no more than they need be

many=
n=0
while test "$n" -lt 30; do
	n=$((n + 1))
	many="$many v$n"
done
calm
# shellcheck disable=SC2086
ok 'thirty values' change add ocean other.test many TXT $many
is 'are a request each' "$(calls 'POST records')" 30
is 'and one that looks' "$(calls 'GET records')" 1
is 'all there, page by page' "$(dns get ocean other.test many TXT | sort -u | wc -l | tr -d ' ')" 30
calm
# shellcheck disable=SC2086
ok 'added again' change add ocean other.test many TXT $many new
is 'only what is new is written' "$(calls 'POST records')" 1
# shellcheck disable=SC2086
ok 'and away' change remove ocean other.test many TXT $many new
is 'none left' "$(dns get ocean other.test many TXT)" ''

change add ocean example.test at TXT --ttl 60 a b
calm
ok 'a set that keeps one value' change set ocean example.test at TXT --ttl 60 b c
is 'overwrites the other' "$(calls 'PUT records') $(calls 'POST records') $(calls 'DELETE records')" '1 0 0'
is 'and so it is' "$(values)" 'b c '
ok 'another TTL' change set ocean example.test at TXT --ttl 600 b c
is 'is that of both' "$(dns get ocean example.test at TXT | sort)" "$(printf 'at 600 TXT b\nat 600 TXT c')"
ok 'a value with a TTL of its own' change add ocean example.test at TXT --ttl 90 d
is 'gives it to the others, as the service does' \
	"$(dns get ocean example.test at TXT | cut -d' ' -f2 | sort -u)" 90
ok 'a smaller set' change set ocean example.test at TXT --ttl 90 e
is 'is alone' "$(values)" 'e '
change remove ocean example.test at TXT e

# ---- words of other tools

sed -i '/api_token/d; /endpoint/d' "$CONF"
for name in DO_AUTH_TOKEN DIGITALOCEAN_ACCESS_TOKEN DIGITALOCEAN_TOKEN DO_API_KEY DO_TOKEN; do
	export "$name=$token"
	for url in DO_API_URL=https://api.test DIGITALOCEAN_API_URL=https://api.test/v2; do
		export "${url?}"
		ok "$name and ${url%=*}" change get ocean example.test
		unset "${url%=*}"
	done
	unset "$name"
done
fails 'without any' 'DO_AUTH_TOKEN' dns get ocean example.test
done_testing
