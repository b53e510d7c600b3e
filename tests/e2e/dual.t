#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# dual.t - keys: RSA and ECDSA from one round of validation, a key that stays, and the operator's own
# request.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
knot_start
resolvers_start
ca_start PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=100
openssl req -new -newkey rsa:2048 -nodes -keyout "$WORLD/own.key" -out "$WORLD/own.csr" -subj / \
	-addext subjectAltName=DNS:own.example.test,DNS:www.own.example.test 2>/dev/null
configure <<-'END'
	certificate pair {
	    names pair.example.test *.pair.example.test
	    key ecdsa-p256 rsa-2048
	}
	certificate same {
	    names same.example.test
	    reuse-key
	}
	certificate own {
	    names own.example.test www.own.example.test
	    csr own.csr
	}
	END

# spki FILE: of a key or a certificate.
spki() {
	if grep -q 'PRIVATE KEY' "$1"; then openssl pkey -in "$1" -pubout; else openssl x509 -in "$1" -noout -pubkey; fi
}
belong() { test "$(spki "$(live "$1" "privkey$2.pem")")" = "$(spki "$(live "$1" "cert$2.pem")")"; }
issue() { dnseal "$@" >"$WORLD/out" 2>&1 </dev/null || { sed 's/^/# /' "$WORLD/out"; return 1; }; }
algorithm() { openssl x509 -in "$1" -noout -text | sed -n 's/.*Public Key Algorithm: //p'; }

# ---- a pair
updates=$(knot_updates example.test)
ok 'two key types' issue issue pair
is '- the first is ECDSA' "$(algorithm "$(live pair cert.pem)")" id-ecPublicKey
is '- the second is RSA' "$(algorithm "$(live pair cert.rsa.pem)")" rsaEncryption
ok '- first key and certificate belong together' belong pair ''
ok '- second key and certificate belong together' belong pair .rsa
is '- the same names' "$(names_of "$(live pair cert.rsa.pem)")" "$(names_of "$(live pair cert.pem)")"
is '- one round of validation: an update to add, one to remove' \
	"$(($(knot_updates example.test) - updates))" 2
is '- the second key is private too' "$(stat -Lc %a "$(live pair privkey.rsa.pem)")" 600
for file in chain fullchain keyfull; do ok "- $file.rsa.pem is there" test -s "$(live pair $file.rsa.pem)"; done
ok '- nothing is in flight' test ! -e "$STATE/certs/pair/order"
before=$(readlink "$STATE/certs/pair/live")
ok 'again: nothing to do' issue issue pair
is '- the same generation' "$(readlink "$STATE/certs/pair/live")" "$before"
ok 'by force' issue issue --force pair
ok '- both are new' test "$(cat "$(live pair cert.rsa.pem)")" != "$(cat "$STATE/certs/pair/$before/cert.rsa.pem")"
ok '- and belong together' belong pair .rsa
last=$(readlink "$STATE/certs/pair/live")
rm "$(live pair privkey.rsa.pem)" "$STATE/certs/pair/live"
ok 'a crash before the link, the last pair without its second key' issue issue pair
is '- the newest that is whole is live' "$(readlink "$STATE/certs/pair/live")" "$before"
ok '- which is not the last' test "$before" != "$last"

# A CA that forgets authorizations: everything is proved twice.
ca_stop
rm -rf "$STATE" "$WORLD/root0.pem"
ca_start PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0
updates=$(knot_updates example.test)
ok 'where authorizations do not last' issue issue pair
is '- two rounds of validation' "$(($(knot_updates example.test) - updates))" 4
ok '- and both belong together' belong pair .rsa
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''

# ---- every type of key
while read -r type says; do
	ok "$type" issue issue --name "$type" --key "$type" "$type.example.test"
	like '- it is that' "$(openssl x509 -in "$(live "$type" cert.pem)" -noout -text)" "$says"
	ok '- key and certificate belong together' belong "$type" ''
done <<-'END'
	ecdsa-p384 Public-Key: .384 bit.
	rsa-3072 Public-Key: .3072 bit.
	rsa-4096 Public-Key: .4096 bit.
	END

# ---- a key that stays
ok 'reuse-key' issue issue same
key=$(cat "$(live same privkey.pem)")
ok '- renewed' issue issue --force same
is '- the key is the same' "$(cat "$(live same privkey.pem)")" "$key"
ok '- the pair matches' pair_matches same
ok '- revoked' issue revoke --reason superseded same
ok '- renewed' issue issue --force same
ok '- the key is a new one' test "$(cat "$(live same privkey.pem)")" != "$key"

# ---- the operator's own request
ok 'an own request' issue issue own
is '- its certificate has its key' "$(spki "$(live own cert.pem)")" "$(spki "$WORLD/own.key")"
ok '- no key is kept' test ! -e "$(live own privkey.pem)" -a ! -e "$(live own keyfull.pem)"
before=$(readlink "$STATE/certs/own/live")
ok '- again: nothing to do' issue issue own
is '- the same generation' "$(readlink "$STATE/certs/own/live")" "$before"
ok '- by force' issue issue --force own
sed -i 's/names own.example.test www/names own.example.test ftp/' "$CONF"
refused 'a request for other names' 1 'own.csr: the request is for other names' dnseal issue own
configure <<-'END'
	certificate three {
	    names three.example.test
	    key ecdsa-p256 ecdsa-p384
	}
	END
refused 'two keys of one family' 1 'one of ECDSA and one of RSA' dnseal issue three
done_testing
