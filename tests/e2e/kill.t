#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# kill.t - kill -9 at random moments; one further run puts everything right: nothing of ours is left
# in DNS, key and certificate fit, and no certificate was issued whose key is lost.
# ROUNDS=n, SEED=n: more, or the same again.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
configure </dev/null
rounds=${ROUNDS:-30} seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"

millis() { python3 -c 'import time; print(int(time.monotonic() * 1000))'; }
certificates() { grep -c 'Issued certificate serial' "$WORLD/pebble.log"; }

begin=$(millis)
ok 'undisturbed' dnseal -q issue start.example.test
took=$(($(millis) - begin))
echo "# a run takes $took ms"

# Parts of a run.  More than are wanted: a run may be over before its moment comes, and the first,
# which set the measure, was perhaps slower than the others.
awk -v seed="$seed" -v n="$((rounds * 4))" 'BEGIN { srand(seed); while (n--) print rand() }' >"$WORLD/moments"
n=0 clean=0 paired=0 once=0 killed=0
while test "$killed" -lt "$rounds" && read -r part; do
	moment=$(awk -v part="$part" -v ms="$took" 'BEGIN { printf "%.3f", part * ms / 1000 }')
	n=$((n + 1)) name=kill$n.example.test before=$(certificates)
	"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" -q \
		issue "$name" "*.$name" >"$WORLD/out" 2>&1 </dev/null &
	victim=$!
	sleep "$moment"
	kill -9 $victim 2>/dev/null
	wait $victim 2>/dev/null
	if test $? = 0; then took=$((took * 9 / 10)); else killed=$((killed + 1)); fi
	dnseal -q issue "$name" "*.$name" >"$WORLD/out" 2>&1 </dev/null ||
		{ echo "# round $n, killed after $moment s:"; sed 's/^/# /' "$WORLD/out"; continue; }
	left=$(leftovers 127.0.0.2 example.test)
	test -z "$left" && clean=$((clean + 1)) || echo "# round $n, after $moment s: $left"
	pair_matches "$name" && paired=$((paired + 1))
	test "$(certificates)" = $((before + 1)) && once=$((once + 1)) ||
		echo "# round $n, after $moment s: $(($(certificates) - before)) certificates"
done <"$WORLD/moments"
is "kills that hit ($n runs)" "$killed" "$rounds"
is 'each interrupted run was followed by a clean one' "$clean" "$n"
is 'each key fits its certificate' "$paired" "$n"
is 'each certificate was issued once: no key was lost' "$once" "$n"
is 'no half order is left' "$(find "$STATE/certs" -name order.json | wc -l | tr -d ' ')" 0
is 'no lock is stuck' "$(dnseal -q --wait 1s issue start.example.test >"$WORLD/out" 2>&1; echo $?)" 0
ok 'cleanup finds nothing' dnseal -q cleanup
done_testing
