#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# fifty.t - fifty names of one zone in one certificate: two changes to the zone, one connection to
# the CA, two requests to it a name.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start CA_RELAY=yes
bind_start

names=
n=0
while test $n -lt 50; do
	names="$names name$n.ZONE"
	n=$((n + 1))
done
configure <<-END
	certificate knot {
	    names $(echo "$names" | sed s/ZONE/many.test/g)
	}
	certificate bind {
	    names $(echo "$names" | sed s/ZONE/bind.test/g)
	}
	END

ok 'fifty names at Knot' dnseal -q issue knot
is '- all are in it' "$(names_of "$(live knot cert.pem)" | wc -w | tr -d ' ')" 50
ok '- key and certificate are a pair' pair_matches knot
ok '- the chain verifies' chain_verifies knot
is '- one update to add, one to remove' "$(knot_updates many.test)" 2
is '- one connection to the CA' "$(ca_connections)" 1
# A CA that is 20 ms away, as on a busy machine, is asked for some nonces ahead.
ahead=$(($(grep -c 'HEAD /nonce-plz -> calling' "$WORLD/pebble.log") - 1))
requests=$(($(ca_requests) - $(ca_polls) - ahead))
ok "- at most 2 n + 8 requests to the CA beside polls ($requests)" test "$requests" -le 108
polls=$(ca_polls)
ok "- and few polls ($polls)" test "$polls" -le 20
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 many.test)" ''

ok 'fifty names at BIND' dnseal -q issue bind
is '- all are in it' "$(names_of "$(live bind cert.pem)" | wc -w | tr -d ' ')" 50
is '- two updates' "$(bind_updates)" 2
is '- nothing is left in DNS' "$(leftovers 127.0.0.4 bind.test)" ''
done_testing
