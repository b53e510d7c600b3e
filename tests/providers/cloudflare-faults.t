#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# cloudflare-faults.t - cloudflare against a copy of its API that breaks down, with all kinds of
# credentials, with zones and lists that are long, and in a race.
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
unset CLOUDFLARE_API_TOKEN CF_DNS_API_TOKEN CF_API_TOKEN CF_Token CLOUDFLARE_API_KEY CF_Key

edit='edit-0123456789abcdefghijklmnopqrstuvwxy'
read='read-0123456789abcdefghijklmnopqrstuvwxy'
blind='blind-0123456789abcdefghijklmnopqrstuvwx'
owned='cfat_0123456789abcdefghijklmnopqrstuvwx'
off='off-0123456789abcdefghijklmnopqrstuvwxyz'
narrow='narrow-0123456789abcdefghijklmnopqrstuv'
ending='ending-0123456789abcdefghijklmnopqrstuv'
key='0123456789abcdef0123456789abcdef01234'
id_of() { printf %s "$1" | sha256sum | cut -c 1-32; } # as the copy makes them
cat >"$WORLD/api.json" <<END
{"tokens": [{"token": "$edit"}, {"token": "$read", "edit": false},
            {"token": "$blind", "zone_read": false}, {"token": "$off", "status": "expired"},
            {"token": "$owned", "owner": "account"},
            {"token": "$narrow", "zones": ["example.net"], "zone_list": false},
            {"token": "$ending", "expires_on": "$(date -u -d '+5 days 1 hour' +%Y-%m-%dT%H:%M:%SZ)"},
            {"token": "$key", "email": "me@example.org"}],
 "zones": [{"name": "example.org"}, {"name": "badexample.org"}, {"name": "sub.example.org"},
           {"name": "example.net"}, {"name": "pending.test", "status": "pending"},
           {"name": "rich.test", "plan": "enterprise"}, {"name": "lent.test", "type": "secondary"},
           {"name": "twice.test"}, {"name": "twice.test", "account": "Other"}]}
END
api_start cloudflare --config "$WORLD/api.json" --page 7

login() { # TOKEN [LINE...]
	(umask 077; printf '%s' "$1" >"$WORLD/token")
	shift
	{
		printf 'dns cf {\n  type cloudflare\n'
		printf '  endpoint https://api.test/client/v4\n  trust %s/trust.pem\n' "$WORLD"
		test $# -gt 0 || echo '  api_token file:token'
		for line; do printf '  %s\n' "$line"; done
		echo '}'
	} >"$CONF"
}
dns() { dnseal --no-input dns "$@" 2>"$WORLD/err"; }
change() { dns "$@" >"$WORLD/out"; }
values() { dns get cf example.org _acme-challenge TXT | sort | sed 's/.* TXT //' | tr '\n' ' '; }
fault() { admin fault "$1" >/dev/null; }
fails() { # WHAT PATTERN COMMAND...
	what=$1 pattern=$2
	shift 2
	if "$@" >"$WORLD/out"; then fail "$what"; else like "$what" "$(cat "$WORLD/err")" "$pattern"; fi
}
calls() { admin stats | sed 's/.*"requests": \([0-9]*\).*/\1/'; }

# ---- what breaks down

login "$edit"
DNS=cf ZONE=example.org ADD='POST batch' REMOVE='POST batch' LIST='GET dns_records'
faults
race

unharmed() { # WHAT FAULT: the command succeeds in spite of it, and the value is there once
	change remove cf example.org _acme-challenge TXT v
	fault "$2"
	ok "$1" change add cf example.org _acme-challenge TXT v || sed "s,^,# ," "$WORLD/err"
	is "$1: once" "$(values)" 'v '
}
unharmed 'connection cut after the change' '{"kind": "cut-after", "match": "POST batch"}'
unharmed 'connection cut while looking up' '{"kind": "cut-after", "match": "GET zones", "times": 2}'
unharmed 'a gateway gives up, and the change was made' \
	'{"kind": "status", "status": 504, "after": true, "match": "POST batch"}'
unharmed 'a 403 that is not meant' '{"kind": "sporadic", "match": "POST batch"}'
unharmed 'busy, not in JSON' '{"kind": "busy", "plain": true, "retry_after": 1, "match": "POST batch"}'
change remove cf example.org _acme-challenge TXT v
fault '{"kind": "false-success", "match": "POST batch"}'
fails 'success: false is none' 'Not now \(code 7\)' dns add cf example.org _acme-challenge TXT v
change remove cf example.org _acme-challenge TXT v
fault '{"kind": "truncate", "match": "GET dns_records"}'
fails 'half a reply' 'no reason given' dns get cf example.org
fault '{"kind": "status", "status": 502, "match": "GET dns_records"}'
fails 'an outage' 'HTTP 502' dns get cf example.org
calm

# ---- long lists, records and zones of all kinds

many=
n=0
while test "$n" -lt 250; do
	n=$((n + 1))
	many="$many v$n"
done
for zone in example.net rich.test; do
	calm
	# shellcheck disable=SC2086
	ok "250 values in $zone" change add cf $zone many TXT $many
	is "are the zone and $(test $zone = rich.test && echo one batch || echo two batches)" "$(calls)" \
		"$(test $zone = rich.test && echo 2 || echo 3)"
	is 'all there, page by page' "$(dns get cf $zone many TXT | wc -l)" 250
	# shellcheck disable=SC2086
	ok 'and away' change remove cf $zone many TXT $many
	is 'none left' "$(dns get cf $zone)" ''
done

round_trip() { # NAME TYPE DATA
	ok "$2 is added" change add cf example.org "$1" "$2" --ttl 3600 "$3"
	is "$2 reads the same" "$(dns get cf example.org "$1" "$2")" "$1 3600 $2 $3"
	ok "$2 is removed" change remove cf example.org "$1" "$2" "$3"
	is "$2 is gone" "$(dns get cf example.org "$1" "$2")" ''
}
round_trip svc HTTPS '1 . alpn="h2,h3"'
round_trip host SSHFP '4 2 0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d'
round_trip n NAPTR '100 10 "S" "SIP+D2U" "" _sip._udp.example.org'
round_trip u URI '10 1 "https://example.org/"'
round_trip key OPENPGPKEY "$(printf 0123456789abcdef | base64 | tr -d '\n')"
is 'the look-alike zone has nothing' "$(dns get cf badexample.org)" ''

fails 'a zone that is not there' 'no such zone, or no right to see it' dns get cf nowhere.test
fails 'a zone that waits' 'the zone is pending' dns get cf pending.test
fails 'two zones of one name' 'there are 2: set account_id' dns get cf twice.test
login "$edit" 'api_token file:token' "account_id $(id_of Other)"
ok 'which account says which' change get cf twice.test

# ---- credentials

login "$edit"
ok 'good credentials' change check cf
login nobody-0123456789abcdefghijklmnopqrstuv
fails 'an unknown token' 'token refused: Invalid access token' dns get cf example.org
fails 'told by check, too' 'there is no such token' dns check cf
login "$read"
fails 'a token that may only read' 'it lacks Zone > DNS > Edit' \
	dns add cf example.org _acme-challenge TXT v
login "$blind"
fails 'a token that finds no zones' 'grant Zone > Zone > Read or set zone_id' dns get cf example.org
id=$(id_of example.orgTest)
login "$blind" 'api_token file:token' "zone_id example.net=00000000000000000000000000000000,example.org=$id"
ok 'it does with zone_id' change add cf example.org _acme-challenge TXT v
ok 'and takes it back' change remove cf example.org _acme-challenge TXT v
login "$blind" 'api_token file:token' "zone_id $id"
fails 'the id of another zone is found out' 'zone_id is wrong' dns add cf example.net _acme-challenge TXT v
login "$off"
fails 'an expired token' 'token refused: it is expired' dns check cf
login "$ending"
ok 'a token that ends soon' change check cf
like 'with a warning' "$(cat "$WORLD/err")" 'the token expires soon, on 20'
login "$narrow"
fails 'a token for another zone' 'no such zone' dns get cf example.org
ok 'which is good for its own' change add cf example.net _acme-challenge TXT v
ok 'and takes it back' change remove cf example.net _acme-challenge TXT v
ok 'and is good enough for check' change check cf example.net
fails 'but may not list its zones' 'this token may not list zones' dns zones cf
login "$key"
fails 'a global key in the place of a token' 'api_token looks like a global API key' dns check cf
login "$key" 'api_key file:token' 'email me@example.org'
ok 'a global key with its e-mail' change add cf example.org _acme-challenge TXT v
ok 'likewise' change remove cf example.org _acme-challenge TXT v
login "$key" 'api_key file:token' 'email you@example.org'
fails 'with another e-mail' 'email and api_key do not belong together' dns get cf example.org
login "$owned"
ok "an account's token" change add cf example.org _acme-challenge TXT v
ok 'is found good without being told its account' change check cf
login "$edit" 'api_token file:token' 'zone_token file:token'
ok 'two tokens' change remove cf example.org _acme-challenge TXT v
login bad-token
fails 'a malformed token' 'the token is malformed' dns get cf example.org

login "$edit"
dnseal -v -v dns get cf example.org >"$WORLD/out" 2>&1
ok 'no token in the output at the highest level' \
	test "$(grep -c "$edit" "$WORLD/out")" = 0 -a -s "$WORLD/out"
done_testing
