#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# revoke.t - revocation by account and by key, of ours and of files; a key that leaked is replaced at
# once.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
configure <<-'END'
	certificate one {
	    names one.example.test
	}
	certificate pair {
	    names pair.example.test
	    key ecdsa-p256 rsa-2048
	    reuse-key
	}
	END

run() { dnseal "$@" >"$WORLD/out" 2>&1 </dev/null || { sed 's/^/# /' "$WORLD/out"; return 1; }; }
serial_of() { openssl x509 -in "$1" -noout -serial | sed 's/serial=//'; }
# What the CA says of a certificate: "Valid", or "Revoked REASON".
status_of() {
	python3 "$servers/get.py" "$WORLD/trust.pem" "https://ca.test:15000/cert-status-by-serial/$(serial_of "$1")" |
		python3 -c 'import json, sys; o = json.load(sys.stdin); print(o["Status"], o.get("Reason", ""))' |
		sed 's/ *$//'
}

run issue one
run issue two.example.test
cp -L "$(live one cert.pem)" "$WORLD/first.pem"
is 'it is good' "$(status_of "$WORLD/first.pem")" Valid
refused 'a reason that there is not' 1 'superseded' dnseal revoke one --reason boredom
refused 'a name that there is not' 1 'neither a certificate' dnseal revoke three
ok 'by account' run revoke one --reason superseded
is '- it is revoked' "$(status_of "$WORLD/first.pem")" 'Revoked 4'
ok '- once more is no failure' run revoke one
like '- and said' "$(cat "$WORLD/out")" 'revoked already'
before=$(readlink "$STATE/certs/one/live")
ok '- a new one is due' run issue one
ok '- and there' test "$(readlink "$STATE/certs/one/live")" != "$before"
is '- which is good' "$(status_of "$(live one cert.pem)")" Valid

# ---- by key, as one who has lost the account
cp -L "$(live one fullchain.pem)" "$WORLD/fullchain.pem"
cp -L "$(live one privkey.pem)" "$WORLD/privkey.pem"
mv "$STATE" "$WORLD/kept"
ok 'a file, by the key beside it' run revoke "$WORLD/fullchain.pem" --by key --reason 1
is '- it is revoked' "$(status_of "$WORLD/fullchain.pem")" 'Revoked 1'
rm "$WORLD/privkey.pem"
refused '- without the key' 1 'privkey.pem' dnseal revoke "$WORLD/fullchain.pem" --by key
refused '- without the account' 1 'no account' dnseal revoke "$WORLD/fullchain.pem"
ok '- another account' run accounts add
refused '- may not' 6 'another account ordered it' \
	dnseal revoke "$WORLD/kept/certs/two.example.test/live/cert.pem"
rm -rf "$STATE"
mv "$WORLD/kept" "$STATE"
echo text >"$WORLD/text"
refused 'a file without a certificate' 1 'no certificate' dnseal revoke "$WORLD/text"

# ---- a key that leaked
run issue pair
for file in cert privkey cert.rsa privkey.rsa; do cp -L "$(live pair $file.pem)" "$WORLD/old.$file.pem"; done
ok 'a key that leaked' run revoke pair --reason keyCompromise
is '- both certificates are revoked' "$(status_of "$WORLD/old.cert.pem"), $(status_of "$WORLD/old.cert.rsa.pem")" \
	'Revoked 1, Revoked 1'
like '- a new pair at once' "$(cat "$WORLD/out")" 'with a new key'
ok '- with another key, though it should be used again' \
	test "$(cat "$(live pair privkey.pem)")" != "$(cat "$WORLD/old.privkey.pem")"
ok '- and another second one' test "$(cat "$(live pair privkey.rsa.pem)")" != "$(cat "$WORLD/old.privkey.rsa.pem")"
is '- it is good' "$(status_of "$(live pair cert.pem)")" Valid
key=$(cat "$(live pair privkey.pem)")
ok '- once more' run issue --force pair
is '- the new key stays' "$(cat "$(live pair privkey.pem)")" "$key"

# An older certificate, found in a file; its key is the live one.
cp -L "$(live pair cert.pem)" "$WORLD/older.pem"
run issue --force pair
ok 'a file whose key is live leaked' run revoke "$WORLD/older.pem" --reason keyCompromise --ca "$CA_URL"
is '- it is revoked' "$(status_of "$WORLD/older.pem")" 'Revoked 1'
ok '- the live one has another key' test "$(cat "$(live pair privkey.pem)")" != "$key"

# ---- a request of the operator's own, whose key leaked
request() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORLD/own.key" \
	-out "$WORLD/own.csr" -subj / -addext subjectAltName=DNS:own.example.test 2>/dev/null; }
request
configure <<-'END'
	certificate own {
	    names own.example.test
	    csr own.csr
	}
	END
run issue own
refused 'its key leaked: nobody else can make another' 6 'own.csr: it is for the key that leaked' \
	dnseal revoke own --reason keyCompromise
refused '- it is not used again' 6 'the key that leaked' dnseal issue --force own
request
ok '- another request is noticed' run issue own
is '- its certificate is good' "$(status_of "$(live own cert.pem)")" Valid
done_testing
