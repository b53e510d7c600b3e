#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# terminal.t - what a person sees of one certificate, and of many at once: a block that stays small,
# tells the sum and the slow ones, and leaves nothing but results behind.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start

blocks() { # FROM TO
	n=$1
	while test "$n" -le "$2"; do
		echo "certificate c$n { names n$n.example.test }"
		n=$((n + 1))
	done
}
# at ROWS COLUMNS WORDS...: the screen at the end is in out, the states of the block in frames.
at() {
	rows=$1 columns=$2
	shift 2
	timeout -k 5 "${LIMIT:-240}" python3 "$servers/terminal.py" "$rows" "$columns" "$WORLD/frames" "$DNSEAL" \
		--plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" "$@" >"$WORLD/out" 2>&1 </dev/null
	status=$?
}
shown() { grep -Ec "$1" "$WORLD/out"; }
framed() { ok "$1" grep -Eq "$2" "$WORLD/frames" || sed 's/^/# /' "$WORLD/frames"; }
highest() { awk -F'|' 'NF > n { n = NF } END { print n + 0 }' "$WORLD/frames"; }
show() { sed 's/^/# /' "$WORLD/out"; }

# Whoever waits does so for three seconds at least: it is seen.
{ echo 'propagation-delay 3s'; blocks 1 1; } | configure
at 24 100 renew
is 'one certificate' "$status" 0 || show
is '- its steps are told' "$(shown '^c1: (records|propagation|cleaned) ')" 3 || show
framed '- what waits, and how long' '^c1: waiting for propagation  [0-9]+s of 1m00s'
is '- it has no sum' "$(grep -c '^[0-9]' "$WORLD/frames")" 0
is '- nothing is left of the block' "$(shown 'waiting for')" 0 || show

{ echo 'propagation-delay 3s'; blocks 1 14; echo 'certificate bad { names www.nowhere.test }'; } | configure
at 24 80 renew
is 'one is done, one fails, thirteen are due: status 2' "$status" 2 || show
is '- thirteen results, each whole' \
	"$(shown '^c[0-9]+: issued, valid until [0-9-]+ \([0-9a-z]+\), due [0-9-]+$')" 13 || show
is '- a failure, its sentence, the sum' \
	"$(shown '^bad: failed, next try|^bad: .*nowhere|^15 certificates: 1 unchanged, 13 issued, 1 failed$')" 3 || show
is '- nothing is left of the block' "$(grep -c ' left, \|at the CA\|waiting for DNS\|to begin' "$WORLD/out")" 0 || show
is '- no steps in between' "$(shown '^c[0-9]+: (records|propagation|cleaned)')" 0 || show
framed '- the sum, and who waits' '^15 certificates: .*[0-9]+ waiting for DNS.*\|  c[0-9]+ +[0-9]+s left, '
framed '- with results' '^15 certificates: .*[0-9]+ issued'
ok "- never more than ten lines ($(highest))" test "$(highest)" -le 10
ok "- and more than one" test "$(highest)" -ge 3

at 6 36 renew --force c1 c2 c3 c4
is 'a small terminal' "$status" 0 || show
is '- four results' "$(tr -d '\n' <"$WORLD/out" | grep -o 'c[1-4]: renewed' | wc -l)" 4 || show
ok "- no more lines than there is room for ($(highest))" test "$(highest)" -le 4

at 24 80 -v renew --force c1 c2
is 'with -v' "$status" 0 || show
is '- steps are told too' "$(shown '^c[12]: records  ')" 2 || show

dnseal renew --force c1 c2 >"$WORLD/out" 2>&1 </dev/null
is 'without a terminal' "$?" 0 || show
is '- every step is a line' "$(shown '^c[12]: (records|propagation|cleaned) ')" 6 || show
dnseal --json renew --force c1 c2 >"$WORLD/out" 2>/dev/null </dev/null
is '- with --json only the events that there were' \
	"$(sed -n 's/.*"event":"\([^"]*\)".*/\1/p' "$WORLD/out" | sort -u | tr '\n' ' ')" 'dns done step '
done_testing
