#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# ari.t - when is it due: the CA's own window (RFC 9773), lifetimes from 6 to 90 days, profiles,
# what the configuration wants to be another one; and a CA that never finds our records.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
day=86400
profile() { printf '"%s":{"description":"for the test","validityPeriod":%d}' "$1" "$2"; }
world_start CA_PROFILES="{$(profile d90 $((90 * day))),$(profile d64 $((64 * day))),$(
	profile d45 $((45 * day))),$(profile d6 $((160 * 3600)))}"

# status CODE "what" COMMAND...: output stays in out and err.
status() {
	code=$1 what=$2
	shift 2
	"$@" >"$WORLD/out" 2>"$WORLD/err" </dev/null
	is "$what" "$?" "$code" || cat "$WORLD/out" "$WORLD/err" | sed 's/^/# /'
}
says() { ok "$1" grep -Eq -e "$2" "$WORLD/out" || sed 's/^/# /' "$WORLD/out"; }
tells() { ok "$1" grep -Eq -e "$2" "$WORLD/err" || sed 's/^/# /' "$WORLD/err"; }
wishes() { grep -c 'GET /draft-ietf-acme-ari-03/renewalInfo/' "$WORLD/pebble.log"; }
orders() { grep -c 'Added order' "$WORLD/pebble.log"; }
replacements() { grep -c 'ARI: order .* is a replacement of' "$WORLD/pebble.log"; }
serial_of() { sed -n 's/.*"serial": *"\([0-9a-f]*\)".*/\1/p' "$(live "$1" meta.json)"; }
profile_of() { sed -n 's/.*"profile": *"\([a-z0-9]*\)".*/\1/p' "$(live "$1" meta.json)"; }
block() { # CERT LINE...
	cert=$1
	shift
	printf 'certificate %s {\n names %s.example.test\n' "$cert" "$cert"
	printf ' %s\n' "$@" '}'
}

cat >"$WORLD/state.py" <<-'END'
	"""state.py FILE MEMBER... - of state.json's ari; MEMBER=N sets, MEMBER-=N takes away."""
	import json, sys
	state = json.load(open(sys.argv[1]))
	for member in sys.argv[2:]:
	    name, _, value = member.partition("=")
	    if not value:
	        print(state.get("ari", {}).get(name))
	    elif name.endswith("-"):
	        state["ari"][name[:-1]] = state["ari"].get(name[:-1], 0) - int(value)
	    else:
	        state["ari"][name] = int(value)
	json.dump(state, open(sys.argv[1], "w"))
END
ari() {
	cert=$1
	shift
	python3 "$WORLD/state.py" "$STATE/certs/$cert/state.json" "$@"
}
# As if the CA had been asked seven hours before.
later() { ari "$1" asked-=25200 next_ask-=25200; }

# From the DER, by hand.
cat >"$WORLD/certid.py" <<-'END'
	import base64, sys
	der = base64.b64decode(open(sys.argv[1]).read().split("-----")[2])
	def item(at):
	    length, at = der[at + 1], at + 2
	    if length > 127:
	        n = length - 128
	        length, at = int.from_bytes(der[at:at + n], "big"), at + n
	    return at, at + length
	tbs = item(item(0)[0])[0]
	serial = item(item(tbs)[1])                  # behind the version
	aki = der.index(bytes.fromhex("0603551d23")) # OID; OCTET STRING, SEQUENCE, [0]
	key = item(item(item(aki + 5)[0])[0])
	print(".".join(base64.urlsafe_b64encode(der[slice(*x)]).decode().rstrip("=") for x in (key, serial)))
END
cat >"$WORLD/window.py" <<-'END'
	"""window.py CERT BEGIN END [URL] - what Pebble is to answer; in seconds from now."""
	import datetime, json, sys
	now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
	at = [(now + datetime.timedelta(seconds=int(s))).isoformat() for s in sys.argv[2:4]]
	answer = {"suggestedWindow": {"start": at[0], "end": at[1]}}
	if len(sys.argv) > 4:
	    answer["explanationURL"] = sys.argv[4]
	print(json.dumps({"certificate": open(sys.argv[1]).read(), "ariResponse": json.dumps(answer)}))
END
pebble_says() { # CERT BEGIN END [URL]
	cert=$1
	shift
	python3 "$servers/get.py" "$WORLD/trust.pem" https://ca.test:15000/set-renewal-info/ \
		"$(python3 "$WORLD/window.py" "$(live "$cert" cert.pem)" "$@")" >/dev/null
}

# ---- the window is asked for once, and the moment drawn once
block a 'profile d90' | configure
status 0 'a certificate' dnseal renew
is '- the CA has no wish yet, and is not asked' "$(wishes)" 0
later a
status 0 'a later run' dnseal renew
is '- asks' "$(wishes)" 1
is '- by the exact identifier' "$(ari a cert_id)" "$(python3 "$WORLD/certid.py" "$(live a cert.pem)")"
start=$(ari a start) end=$(ari a end) at=$(ari a at)
ok '- a moment in it was drawn' test "$start" -le "$at" -a "$at" -lt "$end"
status 0 'the next run' dnseal renew
is '- does not ask again before Retry-After' "$(wishes)" 1
later a
status 0 'a later run' dnseal renew
is '- asks again' "$(wishes)" 2
is '- the same window, the same moment' "$(ari a start at)" "$(printf '%s\n' "$start" "$at")"
status 0 'status' dnseal --json status a
says '- names the moment' "\"renew_at\": *\"$(date -u -d "@$at" +%Y-%m-%dT%H:%M:%SZ)\""

# ---- the window moves
pebble_says a -7200 14400
later a
status 0 'an open window' dnseal renew
says '- is used by a run that comes every six hours' '^a: renewed'
is '- which says what is replaced' "$(replacements)" 1

serial=$(serial_of a)
url=https://ca.test/why-it-was-revoked
pebble_says a 864000 950400 "$url"
later a
status 0 'a window with an explanation' dnseal renew
says '- is not due yet' '^a: unchanged'
status 0 'status' dnseal status a
says '- shows the explanation' "$url"
pebble_says a -7200 -3600 "$url"
status 0 'a window in the past' dnseal renew
says '- nobody asks before its time' '^a: unchanged'
later a
status 0 'when it is asked' dnseal -v renew
says '- the certificate is replaced' '^a: renewed'
tells '- and why' "asks for its replacement at once: $url"
ok '- by another one' test "$(serial_of a)" != "$serial"
status 0 'the new one' dnseal renew
says '- stays' '^a: unchanged'

pebble_says a -7200 -3600 "$url"
ari a asked-=61
status 0 'a certificate that is named' dnseal renew a
says '- the CA is asked in spite of Retry-After' '^a: renewed'

# ---- what the CA does not take as a replacement
status 0 'an older generation' dnseal --yes rollback a
before=$(replacements)
status 0 'is renewed once more' dnseal --json renew --force a
says '- the CA does not take it as a replacement' 'asked without'
is '- so it is none' "$(replacements)" "$before"
says '- and there is a new one' '"result": *"renewed"'

# ---- lifetimes
lives='d90 90 60
d64 64 42
d45 45 30
d6 6 3'
echo "$lives" | while read -r name _; do block "$name" "profile $name"; done | configure
status 0 'certificates of 90, 64, 45 and 6 days' dnseal renew
cat >"$WORLD/days.py" <<-'END'
	"""days.py FILE - how long it lasts and when it is due, in whole days."""
	import datetime, json, sys
	one = json.load(open(sys.argv[1]))["certificates"][0]
	at = {name: datetime.datetime.fromisoformat(one[name].replace("Z", "+00:00"))
	      for name in ("not_before", "not_after", "renew_at")}
	print((at["not_after"] - at["not_before"] + datetime.timedelta(minutes=1)).days,
	      (at["renew_at"] - at["not_before"]).total_seconds() / 86400)
END
echo "$lives" >"$WORLD/lives"
while read -r name life due; do
	dnseal --json status "$name" >"$WORLD/out"
	read -r days at <<-END
		$(python3 "$WORLD/days.py" "$WORLD/out")
	END
	is "$name: lasts as long" "$days" "$life"
	# Pebble's window is a day before and after two thirds of any life.
	ok "- due after $at days" python3 -c "import sys; sys.exit(abs($at - $due) > 1.7)"
done <"$WORLD/lives"
status 0 'the next run' dnseal renew
says '- has nothing to do' '^4 certificates: 4 unchanged$'

block d90 'profile d90' 'renew 60d' | configure
status 0 'renew 60d of 90 days' dnseal renew
says '- is not due at once' '^d90: unchanged'
tells '- but clamped, and that is told' 'renew 60d is more than half of the certificate.s life'

# ---- profiles
block p 'profile nosuch' | configure
before=$(orders)
dnseal renew >"$WORLD/out" 2>"$WORLD/err" </dev/null
is 'a profile that the CA does not have: status 3' $? 3
tells '- is refused' 'profile nosuch: the CA does not have it; it has: .*d45'
is '- no order was made' "$(orders)" "$before"
block p 'prefer-profile nosuch d45 d90' | configure
status 0 'one of several' dnseal renew p
is '- the first that there is' "$(profile_of p)" d45
block q 'prefer-profile nosuch norsuch' | configure
status 0 'none of them' dnseal renew
tells '- the usual one is taken, and that is told' 'prefer-profile nosuch, norsuch: the CA has none'
block p 'profile d6' | configure
status 0 'another profile is required' dnseal renew
says '- it is renewed' '^p: renewed'
is '- with it' "$(profile_of p)" d6

# ---- another one is wanted
block w 'profile d90' | configure
status 0 'a certificate' dnseal renew
block w 'profile d90' 'names v.example.test' | sed 's/names v/names w.example.test v/; 2d' | configure
status 0 'a name more' dnseal renew
says '- is noticed' '^w: renewed'
is '- it has both' "$(names_of "$(live w cert.pem)")" 'v.example.test w.example.test'
block w 'profile d90' 'key rsa-2048' | configure
status 0 'a name less and another key type' dnseal renew
says '- are noticed' '^w: renewed'
is '- one name' "$(names_of "$(live w cert.pem)")" 'w.example.test'
ok '- RSA' grep -q '"key_type": *"rsa-2048"' "$(live w meta.json)"
ok '- and a pair' pair_matches w
status 0 'nothing changed' dnseal renew
says '- nothing to do' '^w: unchanged'

# ---- a CA that never finds our records, and a supervisor that starts us again and again
looked() { grep -c 'POST /chalZ/' "$WORLD/pebble.log"; }
# shellcheck disable=SC2154 # set by start
kill "$pid_nocache"
block z 'profile d90' | configure
sed -i 's/^propagation .*/propagation { check wait }/' "$CONF" # it would be in vain
before=$(looked)
if is_instrumented; then
	skip '120 restarts in 30 days' 'instrumented build, which faketime is not made for'
elif faketime -f +1d date >/dev/null 2>&1; then
	i=0
	while test $i -lt 120; do
		faketime -f "+$((i * 6))h" "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" \
			--config "$CONF" -q renew >/dev/null 2>>"$WORLD/supervisor.log" </dev/null
		i=$((i + 1))
	done
	n=$(($(looked) - before))
	ok "120 restarts in 30 days: the CA looked $n times" test "$n" -gt 20 -a "$n" -le 35
	rm -f "$STATE/certs/z/state.json" "$STATE/limits.json"
	before=$(looked)
else
	skip '120 restarts in 30 days' 'there is no faketime'
fi
i=0 code=0
while test $i -lt 40 && test "$code" != 8; do
	dnseal -q issue z >"$WORLD/out" 2>"$WORLD/err" </dev/null
	code=$?
	i=$((i + 1))
done
is 'who asks again and again is told to wait' "$code" 8
tells '- and why' 'our own limit of 35 failed validations in 30 days is reached'
is '- the CA looked 35 times' $(($(looked) - before)) 35
status 3 'with --force' dnseal renew --force z
is '- it looks once more' $(($(looked) - before)) 36
done_testing
