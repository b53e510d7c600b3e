#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# sweep.t - kill -9 at the system calls that change something, one after the other, of a first issue,
# of a renewal, of an issue that fails and of a pair of certificates (ECDSA and RSA); each time one
# further run puts everything right.
# Without more, a sample; POINTS=300 (make check-long) takes that many of each, spread evenly.
# SEED=n: the same sample again.  ONLY="renewal" and such: not all four.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
nth_build
world_start
seed=${SEED:-$(date +%s)}
echo "# SEED=$seed"

# One certificate, in a zone with one server (no secondary to wait for); its key is of another type
# when it is renewed; the challenge of the one that fails is put where the CA does not look.
configuration() { # FILE LINE...
	CONF=$WORLD/$1.conf
	{ printf 'certificate site {\n    names site.six.test *.site.six.test\n'
		shift
		printf '    %s\n' "$@" '}'; } | configure
}
configuration wrong 'override-domain elsewhere.validation.test' 'key ecdsa-p384'
configuration new 'key ecdsa-p384'
configuration old 'key ecdsa-p256'
configuration pair 'key ecdsa-p256 rsa-2048'

certificates() { grep -c 'Issued certificate serial' "$WORLD/pebble.log"; }
orders() { grep -c 'Added order' "$WORLD/pebble.log"; }

# What a scenario begins with, does, and does to end well; how many orders that may take, and
# certificates it must; how many points are a sample.
begin_first() { rm -rf "$STATE"; }
begin_renewal() { rm -rf "$STATE"; cp -a "$WORLD/before" "$STATE"; }
begin_failed() { rm -rf "$STATE"; cp -a "$WORLD/empty" "$STATE"; }
begin_pair() { begin_failed; }
program() { # CONFIGURATION COMMAND...
	config=$1
	shift
	set -- "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$WORLD/$config.conf" -q "$@"
	# shellcheck disable=SC2086 # words
	timeout -k 5 60 $tracer "$@" >"$WORLD/out" 2>&1 </dev/null
}
run_first() { program new issue site; }
run_renewal() { program new renew; }
run_failed() { program wrong issue site; }
run_pair() { program pair issue site; }
end_first() { program new issue site; }
end_renewal() { program new renew; }
end_failed() { program new issue site; }
end_pair() { program pair issue site; }
# A name whose validation failed has lost its order: the second is no duplicate.
# shellcheck disable=SC2034 # by of
orders_first=1 orders_renewal=1 orders_failed=2 orders_pair=2
# shellcheck disable=SC2034
certificates_first=1 certificates_renewal=1 certificates_failed=1 certificates_pair=2
# shellcheck disable=SC2034
sample_first=12 sample_renewal=12 sample_failed=12 sample_pair=8

# of "orders": the figure of this scenario.
of() { eval "echo \$$1_$scenario"; }

fits() { pair_matches site && { test "$scenario" != pair || pair_matches site .rsa; }; }
complain() { echo "# $scenario, call $n: $*"; sed 's/^/#   /' "$WORLD/out"; }

one_point() { # N
	n=$1
	orders_before=$(orders) certificates_before=$(certificates)
	"begin_$scenario"
	tracer="$WORLD/nth -n $n kill"
	"run_$scenario"
	status=$? tracer=
	test $status != 137 || hits=$((hits + 1))
	{ test "$scenario" != renewal && test ! -e "$STATE/certs/site/live"; } || fits ||
		{ unfit=$((unfit + 1)); complain 'the pair does not fit'; }
	"end_$scenario"
	status=$?
	if test $status = 5; then stuck=$((stuck + 1)); fi
	test $status = 0 || { undone=$((undone + 1)); complain "the next run ends with $status"; }
	fits || { unfit=$((unfit + 1)); complain 'the pair does not fit, afterwards'; }
	made=$(($(certificates) - certificates_before))
	test $made = "$(of certificates)" || { lost=$((lost + 1)); complain "$made certificates"; }
	made=$(($(orders) - orders_before))
	test $made -le "$(of orders)" || { twice=$((twice + 1)); complain "$made orders"; }
	txt=$(leftovers 127.0.0.2 six.test; leftovers 127.0.0.2 validation.test)
	test -z "$txt" || { left=$((left + 1)); complain "$txt"; }
}

sweep() { # SCENARIO
	scenario=$1 hits=0 unfit=0 undone=0 lost=0 twice=0 left=0 stuck=0
	"begin_$scenario"
	tracer="$WORLD/nth -o $WORLD/calls -n 0 kill"
	"run_$scenario"
	tracer=
	calls=$(cat "$WORLD/calls") points=${POINTS:-$(of sample)}
	awk -v calls="$calls" -v points="$points" -v seed="$seed" 'BEGIN {
		srand(seed); part = calls / points; if (part < 1) part = 1
		for (at = rand() * part; at < calls; at += part) print int(at) + 1 }' >"$WORLD/points"
	while read -r at <&3; do one_point "$at"; done 3<"$WORLD/points"
	tried=$(wc -l <"$WORLD/points" | tr -d ' ')
	echo "# $scenario: $calls calls, killed at $hits of $tried"
	swept=$((swept + hits)) all_lost=$((all_lost + lost + undone)) all_unfit=$((all_unfit + unfit))
	all_left=$((all_left + left)) all_twice=$((all_twice + twice)) all_stuck=$((all_stuck + stuck))
	# The last calls of a run differ a little from run to run.
	ok "$scenario: most kills hit ($hits of $tried)" test $((hits * 10)) -ge $((tried * 8))
	is "$scenario: next runs that did not end well" $undone 0
	is "$scenario: keys lost, or issued twice" $lost 0
	is "$scenario: keys that do not fit" $unfit 0
	is "$scenario: TXT records left over" $left 0
	is "$scenario: orders made twice" $twice 0
	is "$scenario: locks stuck" $stuck 0
}

tracer=
begin_first
ok 'an account' program old accounts add
cp -a "$STATE" "$WORLD/empty"
ok 'and a certificate' program old issue site
cp -a "$STATE" "$WORLD/before"
swept=0 all_lost=0 all_unfit=0 all_left=0 all_twice=0 all_stuck=0
for what in ${ONLY:-first renewal failed pair}; do sweep "$what"; done
echo "# $swept points swept: lost keys $all_lost, mismatches $all_unfit, leftover TXT $all_left," \
	"duplicate orders $all_twice, stuck locks $all_stuck"
done_testing
