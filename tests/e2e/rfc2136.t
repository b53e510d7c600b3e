#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# rfc2136.t - a wildcard and its apex through every set-up of a name server that takes updates, while
# a value that is not ours stands at the very same name.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
bind_start

(umask 077; echo "$TSIG_SECRET" >"$WORLD/tsig")

texts() { leftovers "$1" "$2" | awk '{ print $1, $5 }' | sort; }

issues_beside() { # NAME ZONE ADDRESS SERVER [LINE]: by a block with these words; ADDRESS is asked
	cat >"$CONF" <<-END
	propagation { timeout 60s }
	account test {
	    ca    $CA_URL
	    trust $WORLD/trust.pem
	    agreed
	}
	use-account test
	dns $1 {
	    type     rfc2136
	    server   $4
	    key_name key-hmac-sha256.
	    key      file:tsig
	    ${5:-}
	}
	certificate $1 { names $2 *.$2 }
	END
	at=_acme-challenge
	ok "$1: a value of somebody else" dnseal -q dns add "$1" "$2" $at TXT foreign
	before=$(texts "$3" "$2")
	like '- is there' "$before" "^${at}[.][^ ]* \"foreign\"\$"
	ok '- wildcard and apex are issued' dnseal -q issue "$1"
	is '- both are in the certificate' "$(names_of "$(live "$1" cert.pem)")" "*.$2 $2"
	ok '- key and certificate are a pair' pair_matches "$1"
	ok '- the chain verifies' chain_verifies "$1"
	is '- that value is what it was, and alone' "$(texts "$3" "$2")" "$before"
	ok '- it can be taken away' dnseal -q dns remove "$1" "$2" $at TXT foreign
	is '- nothing is left' "$(texts "$3" "$2")" ''
}

issues_beside knot-tcp example.test 127.0.0.2 127.0.0.2
issues_beside knot-udp many.test 127.0.0.2 127.0.0.2:53 'transport udp'
issues_beside knot-name xn--mnchen-3ya.test 127.0.0.2 ns1.test
issues_beside knot-ipv6 six.test 127.0.0.2 '[::1]'
issues_beside bind-tcp bind.test 127.0.0.4 127.0.0.4
issues_beside bind-udp bind.test 127.0.0.4 127.0.0.4:53 'transport udp'
issues_beside bind-name bind.test 127.0.0.4 ns3.test
is 'two updates of a zone for each of three certificates and four for the value at each' \
	"$(bind_updates)" 12
done_testing
