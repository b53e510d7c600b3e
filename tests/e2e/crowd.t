#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# crowd.t - twenty processes at once on one configuration and an empty state: one account, one order
# for each certificate, all of them end well, nothing is left.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
crowd=${CROWD:-20}

# The wildcard and its base share the name of their record, and are certificates of their own.
configure <<'END'
certificate one   { names one.example.test }
certificate base  { names two.example.test }
certificate star  { names *.two.example.test }
certificate other { names many.many.test *.many.many.test }
END
certificates='one base star other'

# all_at_once STEM COMMAND...: statuses in $WORLD/STEM.N.status
all_at_once() {
	stem=$1
	shift
	n=0 crowd_pids=
	while test $n -lt "$crowd"; do
		n=$((n + 1))
		{
			LIMIT=240 dnseal "$@" >"$WORLD/$stem.$n.out" 2>&1 </dev/null
			echo $? >"$WORLD/$stem.$n.status"
		} &
		crowd_pids="$crowd_pids $!"
	done
	for pid in $crowd_pids; do wait "$pid"; done
}
statuses() { cat "$WORLD/$1".*.status | sort | uniq -c | awk '{ printf "%s%s x %s", (NR > 1 ? ", " : ""), $1, $2 }'; }
orders() { grep -c 'Added order' "$WORLD/pebble.log"; }
issued() { grep -c 'Issued certificate serial' "$WORLD/pebble.log"; }
accounts() { sed -n 's/.*There are now \([0-9]*\) accounts.*/\1/p' "$WORLD/pebble.log" | tail -n 1; }
asked_for() { grep -c 'POST /sign-me-up -> calling handler()' "$WORLD/pebble.log"; }
show() { for file in "$WORLD/$1".*.out; do sed "s,^,# ${file##*/}: ," "$file"; done; }

all_at_once first renew
is 'all of them end well' "$(statuses first)" "$crowd x 0" || show first
is 'one order for each certificate' "$(orders)" 4 || show first
is 'one certificate of each' "$(issued)" 4
is 'one account' "$(accounts)" 1
is '- which was asked for once' "$(asked_for)" 1
for name in $certificates; do
	ok "$name: key and certificate fit" pair_matches "$name"
	is "$name: one generation" "$(find "$STATE/certs/$name" -name 'gen-*' | wc -l | tr -d ' ')" 1
	ok "$name: no half order is left" test ! -e "$STATE/certs/$name/order"
done
is 'no TXT is left' "$(leftovers 127.0.0.2 example.test; leftovers 127.0.0.2 many.test)" ''

# Now that there is something to lose: all of them want another key.
sed 's/{ names/{ key ecdsa-p384 names/' "$CONF" >"$CONF.new" && mv "$CONF.new" "$CONF"
all_at_once second renew
is 'a second time all end well' "$(statuses second)" "$crowd x 0" || show second
is 'again one order for each certificate' "$(orders)" 8 || show second
for name in $certificates; do ok "$name: key and certificate fit" pair_matches "$name"; done
is 'no TXT is left' "$(leftovers 127.0.0.2 example.test; leftovers 127.0.0.2 many.test)" ''

# Two with nothing in common but the CA, and nothing on disk.
rm -rf "$STATE"
crowd_pids=
for name in one star; do
	{
		LIMIT=240 dnseal issue "$name" >"$WORLD/two.$name.out" 2>&1 </dev/null
		echo $? >"$WORLD/two.$name.status"
	} &
	crowd_pids="$crowd_pids $!"
done
for pid in $crowd_pids; do wait "$pid"; done
is 'two first certificates at once: both end well' "$(statuses two)" '2 x 0' || show two
is '- one account more' "$(accounts)" 2
is '- which was asked for once' "$(asked_for)" 2
is '- and is one folder' "$(find "$STATE/accounts" -mindepth 1 -maxdepth 1 | wc -l | tr -d ' ')" 1
is 'no TXT is left' "$(leftovers 127.0.0.2 example.test)" ''
done_testing
