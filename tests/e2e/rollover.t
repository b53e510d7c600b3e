#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# rollover.t - a new account key, whatever happens: kill -9 at system calls from the first to the last,
# a reply that is lost, one that lies, a CA whose front ends learn of it late.  The account is never
# lost.  Without more, a sample; POINTS=300 takes that many calls, spread evenly.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
nth_build
world_start CA_RELAY=yes
configure </dev/null
points=${POINTS:-16} seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"

folder() { echo "$STATE"/accounts/ca.test-*; }
key() { cat "$(folder)/key.pem"; }
kid() { sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$(folder)/account.json"; }
run() { dnseal "$@" >"$WORLD/out" 2>&1 </dev/null || { sed 's/^/# /' "$WORLD/out"; return 1; }; }

ok 'an account' run accounts add test
kid=$(kid) before=$(key)

# ---- killed
killed() { # N: exit status of a rollover that is killed at its Nth call
	timeout -k 5 60 "$WORLD/nth" -o "$WORLD/calls" -n "$1" kill "$DNSEAL" --plugin-dir "$PLUGINS" \
		--state-dir "$STATE" --config "$CONF" -q accounts rollover test >"$WORLD/out" 2>&1 </dev/null
}
complain() { echo "# call $n: $*"; sed 's/^/#   /' "$WORLD/out"; }
killed 0
calls=$(cat "$WORLD/calls")
awk -v calls="$calls" -v points="$points" -v seed="$seed" 'BEGIN {
	srand(seed); part = calls / points; if (part < 1) part = 1
	for (at = rand() * part; at < calls; at += part) print int(at) + 1 }' >"$WORLD/points"
hits=0 lost=0 open=0 other=0 half=0
while read -r n <&3; do
	before=$(key)
	killed "$n"
	test $? != 137 || hits=$((hits + 1))
	test ! -e "$(folder)/key.pem.next" || half=$((half + 1))
	# At once, and when it is long ago.
	run accounts update test || { lost=$((lost + 1)); complain 'the account does not work'; }
	test ! -e "$(folder)/key.pem.next" || touch -d '1 hour ago' "$(folder)/key.pem.next"
	run accounts update test || { lost=$((lost + 1)); complain 'the account does not work, an hour later'; }
	test ! -e "$(folder)/key.pem.next" || { open=$((open + 1)); complain 'it is still open'; }
	test "$(kid)" = "$kid" || { other=$((other + 1)); complain 'it is another account'; }
done 3<"$WORLD/points"
tried=$(wc -l <"$WORLD/points" | tr -d ' ')
echo "# $calls calls, killed at $hits of $tried, $half of them with two keys on disk"
ok "most kills hit ($hits of $tried)" test $((hits * 10)) -ge $((tried * 8))
is 'accounts lost' $lost 0
is 'other accounts' $other 0
is 'changes that are never settled' $open 0
ok 'once more, to the end' run accounts rollover test
ok '- it is another key' test "$(key)" != "$before"

# ---- replies
for fault in rollover-cut rollover-done-and-refused; do
	badca_start $fault
	before=$(key)
	ok "$fault: the new key is found to be in force" run accounts rollover test
	ok '- it is another one' test "$(key)" != "$before"
	ok '- nothing is left over' test ! -e "$(folder)/key.pem.next"
	ok '- it works' run accounts update test
done
badca_start rollover-late
before=$(key)
ok 'front ends that learn of it late' run accounts rollover test
ok '- it is another one' test "$(key)" != "$before"
ok '- it works' run accounts update test
done_testing
