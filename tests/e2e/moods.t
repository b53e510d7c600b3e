#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# moods.t - a CA that is difficult but right: lost nonces, authorizations used again, long chains,
# slow validation.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
knot_start
resolvers_start
configure </dev/null

# A CA of another mood has forgotten our account.
mood() {
	ca_stop
	rm -rf "$STATE" "$WORLD/root0.pem"
	ca_start PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 PEBBLE_CHAIN_LENGTH=1 "$@"
}

issued() { # NAME
	dnseal -q issue "$1" >"$WORLD/out" 2>&1 && pair_matches "$1" && chain_verifies "$1" ||
		{ sed 's/^/# /' "$WORLD/out"; return 1; }
}

mood PEBBLE_WFE_NONCEREJECT=50
rounds=${ROUNDS:-50} good=0 n=0
while test $n -lt "$rounds"; do
	n=$((n + 1))
	! issued "nonce$n.example.test" || good=$((good + 1))
done
is "half of all nonces refused, $rounds certificates" $good "$rounds"
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''

for percent in 0 50 100; do
	mood PEBBLE_AUTHZREUSE=$percent
	good=0
	for n in 1 2 3 4; do
		dnseal -q issue --force reuse.example.test '*.reuse.example.test' >"$WORLD/out" 2>&1 &&
			pair_matches reuse.example.test && good=$((good + 1)) || sed 's/^/# /' "$WORLD/out"
	done
	is "valid authorizations are used again $percent % of the time" $good 4
	is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''
done

mood PEBBLE_CHAIN_LENGTH=2
ok 'two intermediates' issued long.example.test
is '- both are in chain.pem' "$(grep -c BEGIN "$(live long.example.test chain.pem)")" 2

mood PEBBLE_VA_NOSLEEP=0 PEBBLE_VA_SLEEPTIME=3
ok 'slow validation' issued slow.example.test
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''
done_testing
