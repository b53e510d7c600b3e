#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# accounts.t - accounts: contact, new keys (also through a kill at each step), deactivation, in and out
# as PEM and JWK.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start CA_RELAY=yes
configure </dev/null

run() { dnseal "$@" >"$WORLD/out" 2>&1 </dev/null || { sed 's/^/# /' "$WORLD/out"; return 1; }; }
folder() { echo "$STATE"/accounts/ca.test-*; }
key() { cat "$(folder)/key.pem"; }
kid() { sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$(folder)/account.json"; }

ok 'an account' run accounts add test
kid=$(kid) first=$(key)
ok 'its contact' run accounts update test --email new@example.test
like '- is kept' "$(cat "$(folder)/account.json")" 'new@example.test'

# ---- rollover
ok 'a new key' run accounts rollover test
ok '- it is another one' test "$(key)" != "$first"
is '- the account is the same' "$(kid)" "$kid"
ok '- and works' run issue one.example.test
ok '- nothing is left over' test ! -e "$(folder)/key.pem.next"
mkdir "$WORLD/old"
cp -r "$STATE" "$WORLD/old/state"
printf '%s\n' "$first" >"$WORLD/old/state/accounts/$(basename "$(folder)")/key.pem"
refused '- the old key is refused' 3 'malformed|unauthorized' \
	"$DNSEAL" --state-dir "$WORLD/old/state" --config "$CONF" accounts update test

# ---- killed after the CA changed the key, before we did
second=$(key)
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$(folder)/key.pem.next" 2>/dev/null
ok 'a next key that the CA never heard of, a moment old' run issue --force one.example.test
is '- the old one is used' "$(key)" "$second"
ok '- and the other kept: the CA may be slow to learn' test -e "$(folder)/key.pem.next"
refused '- meanwhile no other change' 3 'not settled yet' dnseal accounts rollover test
touch -d '1 hour ago' "$(folder)/key.pem.next"
ok '- an hour old' run issue --force one.example.test
is '- the old one stays' "$(key)" "$second"
ok '- and the other is gone' test ! -e "$(folder)/key.pem.next"
ok 'a rollover' run accounts rollover test
mv "$(folder)/key.pem" "$(folder)/key.pem.next"
printf '%s\n' "$second" >"$(folder)/key.pem"
third=$(cat "$(folder)/key.pem.next")
ok 'a rollover that died before the rename' run issue --force one.example.test
is '- the new one is in force' "$(key)" "$third"
ok '- and the other is gone' test ! -e "$(folder)/key.pem.next"
cp "$(folder)/key.pem" "$(folder)/key.pem.next"
ca_stop
refused 'while the CA is away' 3 'ca.test' dnseal accounts update test
ok '- nothing is decided' test -e "$(folder)/key.pem.next"
ca_start PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 CA_RELAY=yes
rm -rf "$STATE"

# ---- out and in
ok 'an account at a CA that has forgotten everything' run accounts add test
kid=$(kid) key=$(key)
dnseal accounts export test >"$WORLD/out.pem" 2>"$WORLD/err"
is 'export: PEM' "$(cat "$WORLD/out.pem")" "$key"
dnseal accounts export test --jwk >"$WORLD/out.jwk" 2>"$WORLD/err"
like '- JWK' "$(cat "$WORLD/out.jwk")" '"kty":"EC".*"d":"'
ok '- which is its key' python3 - "$WORLD/out.jwk" "$WORLD/out.pem" <<-'END'
	import base64, json, subprocess, sys
	jwk = json.load(open(sys.argv[1]))
	d = base64.urlsafe_b64decode(jwk["d"] + "==").hex()
	text = subprocess.run(["openssl", "pkey", "-in", sys.argv[2], "-noout", "-text"], capture_output=True, text=True)
	sys.exit(d not in text.stdout.replace(":", "").replace(" ", "").replace("\n", ""))
	END
dnseal --json accounts export test >"$WORLD/out.json" 2>"$WORLD/err"
for form in pem jwk json; do
	rm -rf "$STATE"
	ok "import of what was exported: $form" run accounts import test "$WORLD/out.$form"
	is '- the account is the same' "$(kid)" "$kid"
	is '- and the key' "$(key)" "$key"
done
is '- which is private' "$(stat -c %a "$(folder)/key.pem")" 600
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$WORLD/rsa.pem" 2>/dev/null
refused 'import over an account' 1 'an account at .* already' dnseal accounts import test "$WORLD/out.pem"
rm -rf "$STATE"
refused 'a key without an account' 3 'no account for this key' dnseal accounts import test "$WORLD/rsa.pem"
ok '- nothing is kept' test ! -e "$(folder)"
echo '{"kty":"EC"}' >"$WORLD/bad.jwk"
refused 'a key that is none' 1 'bad.jwk: ' dnseal accounts import test "$WORLD/bad.jwk"
sed -i 's/^    agreed/&\n    account-key rsa-2048/' "$CONF"
ok 'an RSA key' run accounts add test
dnseal accounts export test --jwk >"$WORLD/rsa.jwk" 2>/dev/null
key=$(key)
rm -rf "$STATE"
ok '- out and in' run accounts import test "$WORLD/rsa.jwk"
is '- it is the same' "$(openssl pkey -in "$(folder)/key.pem" -pubout)" "$(echo "$key" | openssl pkey -pubout)"

# ---- the end
refused 'deactivation that nobody agrees to' 1 'nobody said yes' dnseal accounts deactivate test
ok 'deactivation' run --yes accounts deactivate test
ok '- its folder is set aside' test ! -e "$(folder)"
refused '- there is none now' 1 'no account' dnseal accounts update test
ok '- a new one can be made' run accounts add test

# ---- kinds of keys, and accounts that are for customers only
ca_stop
ca_start PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 CA_EAB=yes
rm -rf "$STATE"
refused 'without a binding' 6 'external account binding' dnseal accounts add test
# HS512 wants 64 octets (RFC 7518 3.2).
printf '%s\n' zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12WabcdefghijklmnopqrstuA >"$WORLD/eab"
chmod 600 "$WORLD/eab"
cp "$CONF" "$WORLD/plain.conf"
for row in HS256:ecdsa-p256 HS384:ecdsa-p384 HS512:rsa-2048 HS256:rsa-3072 HS256:rsa-4096; do
	rm -rf "$STATE"
	sed -e "s/account-key .*/account-key ${row#*:}/" \
		-e "s/^    agreed/&\n    eab { kid kid-64\n hmac file:eab\n alg ${row%:*} }/" "$WORLD/plain.conf" >"$CONF"
	ok "binding and key: $row" run accounts add test
	like '- the key is that' "$(dnseal --json accounts show test 2>/dev/null)" "\"key_type\":\"${row#*:}\""
done
is 'the secret is nowhere in the state' "$(grep -rc zWNDZM6e "$STATE" | grep -cv ':0$')" 0
chmod 644 "$WORLD/eab"
refused 'a secret that others can read' 1 'eab' dnseal accounts add test
# ---- the CA said when to come back, and a later run is to register
mkdir "$WORLD/patient"
at_all=$(printf '%s\n' "$CA_URL" | sha256sum | cut -c1-24)
printf '[\n"%s w %s"\n]\n' "$(date -d '1 hour' +%s)" "$at_all" >"$WORLD/patient/limits.json"
before=$(ca_requests)
refused 'the CA asked for peace' 8 'asked not to be asked again before' \
	"$DNSEAL" --state-dir "$WORLD/patient" --plugin-dir "$PLUGINS" --config "$WORLD/plain.conf" \
	issue patient.example.test
is '- no account was asked for' "$(($(ca_requests) - before))" 1 # the directory
ok '- and none made' test ! -e "$WORLD/patient"/accounts/*/account.json

done_testing
