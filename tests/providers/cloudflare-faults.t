#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# cloudflare-faults.t - cloudflare against a strict copy of its API that breaks down, and whose
# records are seen in DNS.
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"

for program in python3 certtool; do
	command -v "$program" >/dev/null || skip_all "$program is not installed"
done
case " $PROVIDERS $STATIC_PROVIDERS " in
*' cloudflare '*) ;;
*) skip_all 'cloudflare is not built' ;;
esac

dir=$(mktemp -d)
pids=
finish() {
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	rm -rf "$dir"
}
trap finish EXIT
unset CLOUDFLARE_API_TOKEN CF_DNS_API_TOKEN CF_API_TOKEN CF_Token CLOUDFLARE_API_KEY CF_Key

edit='edit-0123456789abcdefghijklmnopqrstuvwxy'
read='read-0123456789abcdefghijklmnopqrstuvwxy'
blind='blind-0123456789abcdefghijklmnopqrstuvwx'
owned='cfat_0123456789abcdefghijklmnopqrstuvwx'
off='off-0123456789abcdefghijklmnopqrstuvwxyz'
narrow='narrow-0123456789abcdefghijklmnopqrstuv'
key='0123456789abcdef0123456789abcdef01234'
cat >"$dir/config.json" <<END
{"tokens": [{"token": "$edit"}, {"token": "$read", "edit": false},
            {"token": "$blind", "zone_read": false}, {"token": "$off", "status": "expired"},
            {"token": "$owned", "owner": "account"}, {"token": "$narrow", "zones": ["example.net"]},
            {"token": "$key", "email": "me@example.org"}],
 "zones": [{"name": "example.org"}, {"name": "badexample.org"}, {"name": "sub.example.org"},
           {"name": "example.net"}, {"name": "pending.test", "status": "pending"}]}
END

# ---- the fake and how we talk to it

certificate() {
	printf 'cn = "fake"\nip_address = "127.0.0.1"\ntls_www_server\nca\ncert_signing_key\n' >"$dir/tmpl"
	certtool --generate-privkey --key-type ecdsa --outfile "$dir/key.pem" 2>/dev/null &&
		certtool --generate-self-signed --load-privkey "$dir/key.pem" --template "$dir/tmpl" \
			--outfile "$dir/cert.pem" 2>/dev/null
}

wait_for() { # FILE PATTERN
	n=0
	until grep -q "$2" "$1" 2>/dev/null; do
		n=$((n + 1))
		test "$n" -lt 200 || return 1
		sleep 0.05
	done
}

start_fake() { # ARGUMENTS...
	: >"$dir/log"
	python3 "$srcdir/tests/servers/cloudflare.py" --listen 127.0.0.1:0 --cert "$dir/cert.pem" \
		--key "$dir/key.pem" --config "$dir/config.json" "$@" >"$dir/log" 2>&1 &
	fake=$!
	pids="$pids $fake"
	wait_for "$dir/log" '^listening on' || skip_all "the fake does not start: $(cat "$dir/log")"
	base=https://127.0.0.1:$(sed -n 's/^listening on .*://p' "$dir/log")
}

admin() { # PATH [JSON]
	python3 - "$dir/cert.pem" "$base/__admin/$1" "${2:-}" <<-'END'
	import ssl, sys, urllib.request
	context = ssl.create_default_context(cafile=sys.argv[1])
	body = sys.argv[3].encode() or None
	request = urllib.request.Request(sys.argv[2], body, {"Content-Type": "application/json"})
	sys.stdout.write(urllib.request.urlopen(request, timeout=20, context=context).read().decode())
	END
}
fault() { admin fault "$1" >/dev/null; }
reset() { admin reset '{}' >/dev/null; }
requests() { admin stats | sed 's/.*"requests": \([0-9]*\).*/\1/'; }

# ---- dnseal

login() { # TOKEN [LINE...]
	printf '%s' "$1" >"$dir/token"
	chmod 600 "$dir/token"
	shift
	{
		printf 'dns cf {\n  type cloudflare\n'
		printf '  endpoint %s/client/v4\n  trust %s/cert.pem\n' "$base" "$dir"
		test $# -eq 0 && echo '  api_token file:token'
		for line; do printf '  %s\n' "$line"; done
		echo '}'
	} >"$dir/conf"
}
# shellcheck disable=SC2120
dns() { "$DNSEAL" --plugin-dir "$PLUGINS" -c "$dir/conf" --state-dir "$dir/state" dns "$@" 2>"$dir/err"; }
change() { dns "$@" >"$dir/out"; }
values() { dns get cf example.org _acme-challenge TXT | sort | sed 's/.* TXT //' | tr '\n' ' '; }
says() { # WHAT PATTERN
	like "$1" "$(cat "$dir/err")" "$2"
}
fails() { # WHAT PATTERN COMMAND...
	what=$1 pattern=$2
	shift 2
	if "$@" >"$dir/out"; then fail "$what"; else says "$what" "$pattern"; fi
}

certificate || skip_all 'certtool makes no certificate'
start_fake --page 7
login "$edit"

# ---- records

ok 'two values are added' change add cf example.org _acme-challenge TXT apex wildcard
ok 'a third, by somebody else' change add cf example.org _acme-challenge TXT foreign
is 'all are there' "$(values)" 'apex foreign wildcard '
ok 'adding again is success' change add cf example.org _acme-challenge TXT apex wildcard
is 'and doubles nothing' "$(values)" 'apex foreign wildcard '
ok 'one is removed' change remove cf example.org _acme-challenge TXT apex
is 'alone' "$(values)" 'foreign wildcard '
ok 'removing again is success' change remove cf example.org _acme-challenge TXT apex
ok 'the other one' change remove cf example.org _acme-challenge TXT wildcard
is 'the foreign value survives' "$(values)" 'foreign '
ok 'set' change set cf example.org _acme-challenge TXT --ttl 120 new other
is 'leaves exactly these' "$(values)" 'new other '
is 'the look-alike zone has nothing' "$(dns get cf badexample.org)" ''

odd='say "hi" \ twice; '
long=$(printf '%0300d' 7)
ok 'odd and long text' change add cf example.org odd TXT "$odd" "$long"
is 'comes back as it was' "$(dns get cf example.org odd TXT | sed 's/.* TXT //' | sort)" \
	"$(printf '%s\n' "$odd" "$long" | sort)"

round_trip() { # NAME TYPE DATA
	ok "$2 is added" change add cf example.org "$1" "$2" --ttl 3600 "$3"
	is "$2 reads the same" "$(dns get cf example.org "$1" "$2")" "$1 3600 $2 $3"
	ok "$2 is removed" change remove cf example.org "$1" "$2" "$3"
	is "$2 is gone" "$(dns get cf example.org "$1" "$2")" ''
}
hash=0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d0d6fce3d
round_trip _25._tcp.mx TLSA "3 1 1 $hash"
round_trip @ CAA '0 issue "ca.example.net; validationmethods=dns-01"'
round_trip _imaps._tcp SRV '1 0 993 mx.example.org'
round_trip @ MX '10 mx.example.org'
round_trip svc HTTPS '1 . alpn="h2,h3"'
round_trip www CNAME example.net
round_trip host AAAA 2001:db8::1
round_trip host SSHFP "4 2 $hash"
round_trip n NAPTR '100 10 "S" "SIP+D2U" "" _sip._udp.example.org'
round_trip u URI '10 1 "https://example.org/"'

many=
n=0
while test "$n" -lt 250; do
	n=$((n + 1))
	many="$many v$n"
done
reset
# shellcheck disable=SC2086
ok '250 values' change add cf example.net many TXT $many
is 'are three requests: the zone and two batches' "$(requests)" 3
is 'all there, page by page' "$(dns get cf example.net many TXT | wc -l)" 250
# shellcheck disable=SC2086
ok 'and away' change remove cf example.net many TXT $many
is 'none left' "$(dns get cf example.net)" ''

# ---- faults

clear_name() {
	# shellcheck disable=SC2046 # one word a value
	change remove cf example.org _acme-challenge TXT $(values) || :
}
unharmed() { # WHAT FAULT: the command succeeds in spite of it, and the value is there once
	change remove cf example.org _acme-challenge TXT v
	fault "$2"
	ok "$1" change add cf example.org _acme-challenge TXT v
	is "$1: once" "$(values)" 'v '
}
clear_name
unharmed 'connection cut before the change' '{"kind": "cut-before", "match": "POST batch"}'
unharmed 'connection cut after the change' '{"kind": "cut-after", "match": "POST batch"}'
unharmed 'connection cut while looking up' '{"kind": "cut-after", "match": "GET zones", "times": 2}'
unharmed 'an HTML page instead of a reply' '{"kind": "status", "status": 502, "match": "POST batch"}'
unharmed 'a 403 that is not meant' '{"kind": "sporadic", "match": "POST batch"}'
unharmed 'busy for a second' '{"kind": "busy", "retry_after": 1, "match": "POST batch"}'
unharmed 'a slow reply' '{"kind": "delay", "seconds": 1.5, "match": "POST batch"}'
fault '{"kind": "cut-after", "match": "POST batch"}'
ok 'connection cut after the removal' change remove cf example.org _acme-challenge TXT v
is 'it is gone' "$(values)" ''

fault '{"kind": "busy", "retry_after": 600, "match": "POST batch"}'
fails 'busy for ten minutes is not waited out' 'is busy and asks to wait 600 s' \
	dns add cf example.org _acme-challenge TXT v
fault '{"kind": "false-success", "match": "POST batch"}'
fails 'success: false is none' 'Not now \(code 7\)' dns add cf example.org _acme-challenge TXT v
clear_name
fault '{"kind": "truncate", "match": "GET dns_records"}'
fails 'half a reply' 'no reason given' dns get cf example.org
fault '{"kind": "status", "status": 502, "match": "GET dns_records"}'
fails 'an outage' 'HTTP 502' dns get cf example.org
reset

# ---- credentials

fails 'a zone that is not there' 'no such zone, or no right to see it' dns get cf nowhere.test
fails 'a zone that waits' 'the zone is pending' dns get cf pending.test
ok 'good credentials' change check cf
login nobody-0123456789abcdefghijklmnopqrstuv
fails 'an unknown token' 'token refused: Invalid access token' dns get cf example.org
fails 'told by check, too' 'there is no such token' dns check cf
login "$read"
fails 'a token that may only read' 'it lacks Zone > DNS > Edit' \
	dns add cf example.org _acme-challenge TXT v
login "$blind"
fails 'a token that finds no zones' 'grant Zone > Zone > Read or set zone_id' dns get cf example.org
id=$(printf example.orgTest | sha256sum | cut -c 1-32)
login "$blind" 'api_token file:token' "zone_id example.net=00000000000000000000000000000000,example.org=$id"
ok 'it does with zone_id' change add cf example.org _acme-challenge TXT v
ok 'and takes it back' change remove cf example.org _acme-challenge TXT v
login "$blind" 'api_token file:token' "zone_id $id"
fails 'the id of another zone is found out' 'zone_id is wrong' dns add cf example.net _acme-challenge TXT v
login "$off"
fails 'an expired token' 'token refused: it is expired' dns check cf
login "$narrow"
fails 'a token for another zone' 'no such zone' dns get cf example.org
ok 'which is good for its own' change add cf example.net _acme-challenge TXT v
ok 'and takes it back' change remove cf example.net _acme-challenge TXT v
login "$key"
fails 'a global key in the place of a token' 'api_token looks like a global API key' dns check cf
login "$key" 'api_key file:token' 'email me@example.org'
ok 'a global key with its e-mail' change add cf example.org _acme-challenge TXT v
ok 'likewise' change remove cf example.org _acme-challenge TXT v
login "$key" 'api_key file:token' 'email you@example.org'
fails 'with another e-mail' 'email and api_key do not belong together' dns get cf example.org
login "$owned"
ok "an account's token" change add cf example.org _acme-challenge TXT v
login "$edit" 'api_token file:token' "zone_token file:token"
ok 'two tokens' change remove cf example.org _acme-challenge TXT v
login bad-token
fails 'a malformed token' 'the token is malformed' dns get cf example.org

login "$edit"
"$DNSEAL" -vv --plugin-dir "$PLUGINS" -c "$dir/conf" --state-dir "$dir/state" dns get cf example.org \
	>"$dir/out" 2>&1
ok 'no token in the output at the highest level' \
	test "$(grep -c "$edit" "$dir/out")" = 0 -a -s "$dir/out"

# ---- two at once

(dns add cf example.org _acme-challenge TXT one >/dev/null 2>&1) &
first=$!
change add cf example.org _acme-challenge TXT two
wait "$first"
is 'two processes at one name' "$(values)" 'one two '

# ---- as seen in DNS

knot() {
	command -v knotd >/dev/null && command -v kdig >/dev/null || return 1
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	secret=c2VjcmV0IG9mIHRoZSB0ZXN0IHdvcmxkLCAzMiBvY3RldHM=
	mkdir "$dir/knot"
	printf '@ 60 SOA ns. h. 1 60 60 600 60\n@ 60 NS ns.example.org.\nns 60 A 127.0.0.1\n' \
		>"$dir/knot/example.org.zone"
	cat >"$dir/knot.conf" <<-END
	server: { listen: 127.0.0.1@$port, rundir: "$dir/knot" }
	database: { storage: "$dir/knot" }
	key: [ { id: k, algorithm: hmac-sha256, secret: $secret } ]
	acl: [ { id: u, key: k, action: update } ]
	template: [ { id: default, storage: "$dir/knot", zonefile-sync: -1, journal-content: none } ]
	zone: [ { domain: example.org, file: example.org.zone, acl: u } ]
	END
	knotd -c "$dir/knot.conf" >"$dir/knot.log" 2>&1 &
	pids="$pids $!"
	python3 "$srcdir/tests/servers/wait_port.py" 127.0.0.1 "$port" 20
}
kill "$fake"
if python3 -c 'import dns.update' 2>/dev/null && knot; then
	start_fake --publish "127.0.0.1:$port" --tsig "k:hmac-sha256:$secret"
	login "$edit"
	change add cf example.org _acme-challenge TXT one two
	change add cf example.org @ CAA '0 issue "ca.example.net"'
	n=0
	until test "$(grep -c '^publish.*NOERROR' "$dir/log")" -ge 2 || test "$n" -gt 100; do
		n=$((n + 1))
		sleep 0.05
	done
	is 'the values are in DNS' "$(kdig @127.0.0.1 -p "$port" +short _acme-challenge.example.org TXT |
		sort | tr '\n' ' ')" '"one" "two" '
	is 'and so is the CAA' "$(kdig @127.0.0.1 -p "$port" +short example.org CAA)" '0 issue "ca.example.net"'
else
	skip 'the values are in DNS' 'needs knotd, kdig and python3-dnspython'
fi
done_testing
