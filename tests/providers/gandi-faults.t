#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# gandi-faults.t - gandi against a copy of its API that breaks down, with all kinds of credentials,
# with lists in small pages, with other programs at the same set, and in a race.
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
unset GANDIV5_PERSONAL_ACCESS_TOKEN GANDI_LIVEDNS_TOKEN GANDI_PERSONAL_ACCESS_TOKEN GANDI_TOKEN \
	GANDIV5_API_KEY GANDI_LIVEDNS_KEY GANDI_KEY GANDI_SHARING_ID GANDI_API_URL

edit=e0123456789abcdef0123456789abcdef0123456
read=a0123456789abcdef0123456789abcdef0123456
narrow=b0123456789abcdef0123456789abcdef0123456
other=c0123456789abcdef0123456789abcdef0123456
ended=d0123456789abcdef0123456789abcdef0123456
key=k1234567890abcdefGHIJKLM
cat >"$WORLD/api.json" <<END
{"tokens": [{"token": "$edit"}, {"token": "$read", "edit": false},
            {"token": "$narrow", "domains": ["example.net"]},
            {"token": "$other", "organisation": "org-2"},
            {"token": "$ended", "expired": true}],
 "keys": [{"key": "$key", "organisations": ["org-1", "org-2"]}],
 "zones": [{"name": "example.org"}, {"name": "badexample.org"}, {"name": "example.net"},
           {"name": "second.test", "organisation": "org-2"}]}
END
api_start gandi --config "$WORLD/api.json" --page 7 --case

login() { # TOKEN [LINE...]
	(umask 077; printf '%s' "$1" >"$WORLD/token")
	shift
	{
		printf 'dns g {\n  type gandi\n  trust %s/trust.pem\n' "$WORLD"
		test "${GANDI_API_URL:-}" || echo '  endpoint https://api.test/v5/livedns'
		test $# -gt 0 || echo '  bearer_token file:token'
		for line; do printf '  %s\n' "$line"; done
		echo '}'
	} >"$CONF"
}
dns() { dnseal --no-input dns "$@" 2>"$WORLD/err"; }
change() { dns "$@" >"$WORLD/out"; }
values() { dns get g example.org _acme-challenge TXT | sort | sed 's/.* TXT //' | tr '\n' ' '; }
clear_name() {
	# shellcheck disable=SC2046 # one word a value
	change remove g example.org _acme-challenge TXT x $(values)
}
fault() { admin fault "$1" >/dev/null; }
fails() { # WHAT PATTERN COMMAND...
	what=$1 pattern=$2
	shift 2
	if "$@" >"$WORLD/out"; then fail "$what"; else like "$what" "$(cat "$WORLD/err")" "$pattern"; fi
}
calls() { # [KIND] since the last reset
	admin stats | python3 -c 'import json, sys
s = json.load(sys.stdin); print(s["by"].get(sys.argv[1], 0) if len(sys.argv) > 1 else s["requests"])' "$@"
}

# ---- what breaks down

login $edit
DNS=g ZONE=example.org ADD='PUT set' REMOVE='PUT set' LIST='GET records'
faults
race

# The same of a name that has nothing else.
unharmed() { # VERB WHAT AFTER FAULT: the command succeeds in spite of it, and it is so
	fault "{\"match\": \"$match\", $4}"
	ok "$match: $2" change "$1" g example.org _acme-challenge TXT v
	is '- it is done, once' "$(values)" "$3"
	test "$1" = remove || change remove g example.org _acme-challenge TXT v
	test "$1" = add || change add g example.org _acme-challenge TXT v
}
all_unharmed() { # VERB MATCH AFTER
	match=$2
	unharmed "$1" 'cut off before it' "$3" '"kind": "cut-before"'
	unharmed "$1" 'cut off after it' "$3" '"kind": "cut-after"'
	unharmed "$1" 'cut off in the headers' "$3" '"kind": "cut-reply", "bytes": 60'
	unharmed "$1" 'cut off at the last octet' "$3" '"kind": "cut-reply", "bytes": -1'
	unharmed "$1" 'half a reply' "$3" '"kind": "truncate"'
	unharmed "$1" 'a gateway fails before' "$3" '"kind": "status", "status": 502'
	unharmed "$1" 'a gateway fails after' "$3" '"kind": "status", "status": 504, "after": true'
	unharmed "$1" 'a page instead' "$3" '"kind": "html"'
	unharmed "$1" 'a page afterwards' "$3" '"kind": "html", "after": true'
}
calm
all_unharmed add 'POST set' 'v '
change add g example.org _acme-challenge TXT v
all_unharmed remove 'DELETE set' ''
fault '{"kind": "truncate", "match": "GET set"}'
fails 'half a set' 'the reply is not understood' dns remove g example.org _acme-challenge TXT v
calm
clear_name

# ---- other programs at the same set

change add g example.org _acme-challenge TXT foreign
calm
fault '{"kind": "foreign", "when": "after", "value": "theirs", "match": "PUT set"}'
ok 'a program that read before us and writes after us' change add g example.org _acme-challenge TXT v
is 'neither value is lost' "$(values)" 'foreign theirs v '
is 'it took two writes' "$(calls 'PUT set')" 2
calm
fault '{"kind": "foreign", "when": "after", "value": "more", "match": "PUT set"}'
ok 'the same while we remove' change remove g example.org _acme-challenge TXT v
is 'ours is gone, theirs are there' "$(values)" 'foreign more theirs '
calm
# What is written between our reading and our writing is overwritten: nothing tells us of it.
fault '{"kind": "foreign", "when": "before", "value": "unlucky", "match": "PUT set"}'
ok 'a program that writes between our reading and our writing' change add g example.org _acme-challenge TXT v
is 'ours survives' "$(values)" 'foreign more theirs v '
is 'and is written once' "$(calls 'PUT set')" 1
calm
change remove g example.org _acme-challenge TXT v
fault '{"kind": "foreign", "when": "after", "value": "stubborn", "match": "PUT set", "times": 9}'
change add g example.org _acme-challenge TXT v
is 'it comes to an end also with one that never learns' "$(values)" 'foreign more stubborn theirs v '
calm
clear_name

# ---- what it costs

calm
change add g example.org _acme-challenge TXT apex wildcard
change remove g example.org _acme-challenge TXT apex wildcard
is 'two values of a name come and go: POST, GET, DELETE' "$(calls)" 3
change add g example.org _acme-challenge TXT foreign
calm
change add g example.org _acme-challenge TXT apex wildcard
change remove g example.org _acme-challenge TXT apex wildcard
is 'beside a foreign one: POST, GET, PUT, GET and GET, PUT, GET' "$(calls)" 7
is 'which stays' "$(values)" 'foreign '
clear_name

# ---- lists, names, types

is 'all zones, page by page' "$(dns zones g | wc -l)" 124
n=0
while test $n -lt 30; do
	n=$((n + 1))
	change add g example.net "n$n" TXT "v$n"
done
is 'all records, page by page' "$(dns get g example.net | grep -c ' TXT v')" 30
n=0
while test $n -lt 30; do
	n=$((n + 1))
	change remove g example.net "n$n" TXT "v$n"
done
is 'and away' "$(dns get g example.net | grep -c ' TXT v')" 0
is 'a TTL is kept when a value is added' "$(change add g example.net ttl TXT --ttl 7200 a
	change add g example.net ttl TXT --ttl 300 b
	dns get g example.net ttl | sort | tr '\n' '|')" 'ttl 7200 TXT a|ttl 7200 TXT b|'
change remove g example.net ttl TXT a b

raw() { # METHOD PATH [JSON]: as another client of the API
	python3 - "$WORLD/trust.pem" "$@" <<-END
	import ssl, sys, urllib.request
	context = ssl.create_default_context(cafile=sys.argv[1])
	body = sys.argv[4].encode() if len(sys.argv) > 4 else None
	request = urllib.request.Request("https://api.test/v5/livedns/domains/" + sys.argv[3], body, {
	    "Content-Type": "application/json", "Authorization": "Bearer $edit"}, method=sys.argv[2])
	sys.stdout.write(urllib.request.urlopen(request, timeout=20, context=context).read().decode())
	END
}
raw PUT example.org/records/_ACME-Challenge/TXT \
	'{"rrset_ttl": 600, "rrset_values": ["unquoted", "\"one\" \"two\""]}' >/dev/null
is 'values of another client, in its spelling' "$(values)" 'onetwo unquoted '
ok 'a value is added to a name in capitals' change add g example.org _acme-challenge TXT v
ok 'and removed' change remove g example.org _acme-challenge TXT v
ok 'and one of theirs' change remove g example.org _acme-challenge TXT unquoted
is 'the other one is as it was' "$(raw GET example.org/records/_acme-challenge/TXT |
	sed 's/.*"rrset_name": "\([^"]*\)".*"rrset_ttl": \([0-9]*\), "rrset_values": \(\[[^]]*\]\).*/\1 \2 \3/')" \
	'_ACME-Challenge 600 ["\"one\" \"two\""]'
ok 'and goes' change remove g example.org _acme-challenge TXT onetwo
raw PUT example.org/records/_acme-challenge/TXT '{"rrset_ttl": 600, "rrset_values": []}' >/dev/null
ok 'a set without values, left behind by another client' change add g example.org _acme-challenge TXT v
is 'takes our value' "$(values)" 'v '
clear_name
raw PUT example.org/records/_acme-challenge/CNAME '{"rrset_ttl": 600, "rrset_values": ["elsewhere"]}' >/dev/null
fails 'no TXT beside a CNAME' 'CNAME record cannot exist beside' dns add g example.org _acme-challenge TXT v
is 'a name without final dot is one of the zone' "$(dns get g example.org _acme-challenge CNAME)" \
	'_acme-challenge 600 CNAME elsewhere.example.org'
ok 'and is found' change remove g example.org _acme-challenge CNAME elsewhere.example.org.

round_trip() { # NAME TYPE DATA
	ok "$2 is added" change add g example.org "$1" "$2" --ttl 3600 "$3"
	is "$2 reads the same" "$(dns get g example.org "$1" "$2")" "$1 3600 $2 $3"
	ok "$2 is removed" change remove g example.org "$1" "$2" "$3"
	is "$2 is gone" "$(dns get g example.org "$1" "$2")" ''
}
round_trip svc HTTPS '1 . alpn="h2,h3"'
round_trip host SSHFP '4 2 0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d'
round_trip n NAPTR '100 10 "S" "SIP+D2U" "" _sip._udp.example.org'
round_trip sub NS ns.example.net
round_trip d DNAME example.net
fails 'the NS records of the zone itself' 'the NS records of the domain cannot be changed' \
	dns add g example.org @ NS ns.example.net
fails 'a TXT value that is too long' 'more than 1024 characters' \
	dns add g example.org long TXT "$(printf '%01100d' 7)"
is 'the look-alike zone has nothing of it' "$(dns get g badexample.org | grep -c TXT)" 0

# ---- credentials

ok 'good credentials' change check g example.org
ok 'without a zone' change check g
login e0123456789abcdef0123456789abcdef0123457
fails 'an unknown token' 'token refused: .*; a token lives for a year at most: has it expired' \
	dns get g example.org
login $ended
fails 'one that has expired' 'has it expired' dns check g
login $read
fails 'one that may only read' "may not change example.org: .*lacks 'Manage domain name technical configurations'" \
	dns add g example.org _acme-challenge TXT v
fails 'told by check' "lacks 'Manage domain name technical" dns check g example.org
ok 'it does read' change get g example.org
login $narrow
fails 'one for another domain' 'may not read example.org: .*for other domains' dns get g example.org
fails 'told by check, too' 'may not read example.org' dns check g example.org
ok 'which is good for its own' change add g example.net _acme-challenge TXT v
ok 'and takes it back' change remove g example.net _acme-challenge TXT v
is 'and lists only that' "$(dns zones g)" example.net
login $other
fails 'one of another organisation' 'of another organisation' dns get g example.org
ok 'which has a zone' change get g second.test
fails 'a zone that is not there' 'nowhere.test: no such domain' dns get g nowhere.test
login $key
fails 'an API key in the place of a token' 'bearer_token looks like an API key: that is api_key' dns check g
login $edit 'api_key file:token'
fails 'a token in the place of an API key' 'api_key looks like a personal access token: that is bearer_token' \
	dns check g
login $key 'api_key file:token'
ok 'an API key' change add g second.test _acme-challenge TXT v
ok 'likewise' change remove g second.test _acme-challenge TXT v
login $key 'api_key file:token' 'sharing_id org-2'
is 'sees the zones of one organisation' "$(dns zones g)" second.test
fails 'and no other' 'of another organisation' dns get g example.org

export GANDIV5_PERSONAL_ACCESS_TOKEN=$edit GANDI_API_URL=https://api.test
login $edit 'zones example.org'
dns get g example.org >"$WORLD/out"
unset GANDIV5_PERSONAL_ACCESS_TOKEN GANDI_API_URL
ok 'token and endpoint of the environment, the latter without path' grep -q 'CNAME webmail.gandi.net' "$WORLD/out"

login $edit
dnseal -v -v dns get g example.org >"$WORLD/out" 2>&1
ok 'no token in the output at the highest level' \
	test "$(grep -c "$edit" "$WORLD/out")" = 0 -a -s "$WORLD/out"
done_testing
