# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# race.sh - two processes add and remove values at one name, beside a value that is not theirs.
# Sourced after tap.sh and world.sh, with the servers running and $CONF written; the words DNS and
# ZONE and the function truth are those of conformance.sh.  ROUNDS: of each process (100).
# shellcheck shell=sh disable=SC2153,SC2154 # words of the caller
RACE_AT=race.conf

race_dns() { dnseal --no-input dns "$@" >"$said" 2>&1; }

is_seen() { # VALUE
	race_dns get "$DNS" "$ZONE" $RACE_AT TXT && grep -q " TXT $1\$" "$said"
}

runner() { # NAME: what goes wrong, a line each
	round=0 said=$WORLD/race.$1.said
	while test $round -lt "$ROUNDS"; do
		round=$((round + 1)) value="$1 $round"
		race_dns add "$DNS" "$ZONE" $RACE_AT TXT --ttl 120 "$value" ||
			{ echo "$value is not added:"; cat "$said"; }
		test $((round % 10)) != 0 || is_seen "$value" ||
			{ echo "$value is not seen:"; cat "$said"; }
		race_dns remove "$DNS" "$ZONE" $RACE_AT TXT "$value" ||
			{ echo "$value is not removed:"; cat "$said"; }
	done
}

race() {
	ROUNDS=${ROUNDS:-100}
	dnseal -q dns add "$DNS" "$ZONE" $RACE_AT TXT --ttl 120 foreign >/dev/null
	for name in hare tortoise; do
		runner $name >"$WORLD/race.$name" &
		runners="${runners:-} $!"
	done
	for runner in $runners; do wait "$runner"; done
	for name in hare tortoise; do
		is "$ROUNDS values of one of two processes come and go" "$(cat "$WORLD/race.$name")" ''
	done
	is 'the value of somebody else is untouched, and alone' "$(truth $RACE_AT TXT)" foreign
	dnseal -q dns remove "$DNS" "$ZONE" $RACE_AT TXT foreign >/dev/null
}
