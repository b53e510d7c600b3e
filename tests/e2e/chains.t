#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# chains.t - preferred-chain at a CA that offers several: by issuer, by fingerprint, the shortest; and
# what happens when none fits.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start PEBBLE_ALTERNATE_ROOTS=2 PEBBLE_CHAIN_LENGTH=2 CA_RELAY=yes

# issuer N: common name of the issuer at the top of the CA's chain N.
management() { python3 "$servers/get.py" "$WORLD/trust.pem" "https://ca.test:15000/$1"; }
issuer() { management "roots/$1" | openssl x509 -noout -subject -nameopt multiline | sed -n 's/.*commonName *= //p'; }

# prefer NAME WISHES: a certificate of that name with these wishes.
prefer() {
	configure <<-END
	certificate $1 {
	    names $1.example.test
	    ca $CA_URL
	    trust $WORLD/trust.pem
	    agreed
	    preferred-chain $2
	}
	END
	dnseal issue "$1" >"$WORLD/out" 2>&1 </dev/null || sed 's/^/# /' "$WORLD/out"
}

# What the last certificate of a live chain says.
top() { # CERT OPTION...
	chain=$(live "$1" fullchain.pem)
	shift
	awk '/BEGIN/ { text = "" } { text = text $0 "\n" } END { printf "%s", text }' "$chain" |
		openssl x509 -noout "$@"
}
top_issuer() { top "$1" -issuer -nameopt multiline | sed -n 's/.*commonName *= //p'; }
top_print() { top "$1" -fingerprint -sha256 | sed 's/.*=//'; }

prefer usual '"nobody at all"'
is 'none fits: the usual one' "$(top_issuer usual)" "$(issuer 0)"
like '- with a warning' "$(cat "$WORLD/out")" 'none of the CA.s 3 chains fits nobody at all'
ok '- the pair matches' pair_matches usual
for n in 1 2; do
	prefer "issuer$n" "\"$(issuer $n)\""
	is "by the issuer at the top: alternate $n" "$(top_issuer "issuer$n")" "$(issuer $n)"
	like '- without a warning' "x$(grep preferred "$WORLD/out")" '^x$'
done
prefer second "\"nobody\" \"$(issuer 2)\""
is 'the second wish, when the first is not to be had' "$(top_issuer second)" "$(issuer 2)"
print=$(top_print issuer1)
prefer print "$print"
is 'by the fingerprint of the top' "$(top_print print)" "$print"
prefer lower "$(echo "$print" | tr -d : | tr 'A-F' 'a-f')"
is '- in lower case, without colons' "$(top_print lower)" "$print"
prefer short shortest
ok 'the shortest of equals: the usual one' pair_matches short
is '- it is that' "$(top_issuer short)" "$(issuer 0)"

# The usual chain with its root behind it; the alternates are shorter.
blocks() { grep -c BEGIN "$(live "$1" fullchain.pem)"; }
usual=$(blocks short)
management roots/0 >"$WORLD/root0.pem"
badca_start chain-with-root
prefer long '"nobody at all"'
is 'a longer one' "$(blocks long)" $((usual + 1))
prefer short2 shortest
is 'the shortest' "$(blocks short2)" "$usual"
is '- which is an alternate' "$(top_issuer short2)" "$(issuer 1)"
prefer short3 "\"nobody\" \"$(issuer 2)\" shortest"
is '- after a better wish' "$(top_issuer short3)" "$(issuer 2)"
done_testing
