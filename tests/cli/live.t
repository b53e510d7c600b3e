#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# live.t - what needs servers: check --live, a failing issue's lines, SIGHUP, --yes, cleanup by hand.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
configure </dev/null
{
	sed '/^dns bind/,$d' "$CONF"
	echo 'certificate site { names example.test *.example.test alias.example.test }'
} >"$WORLD/one.conf"
CONF=$WORLD/one.conf

run() {
	dnseal "$@" >"$WORLD/out" 2>"$WORLD/err" </dev/null
	status=$?
	out=$(cat "$WORLD/out") err=$(cat "$WORLD/err")
}
nothing_left() {
	is "- nothing is left in DNS" "$(leftovers 127.0.0.2 example.test; leftovers 127.0.0.2 validation.test)" ''
}

# ---- check --live
run check site
is 'check: status 0' "$status" 0
ok '- without --live nothing is written' test ! -e "$STATE"
before=$(knot_updates example.test)
run check --live --ignore-check credentials site
is 'check --live: status 0' "$status" 0
like '- it says how long it took' "$out" '^ok +live +site: 2 TXT records put, seen after [0-9.]+ s and removed$'
like '- the delegated record was looked for where it leads' "$err" 'alias\.validation\.test at ns1\.test: ok'
is '- one update to add, one to remove' "$(($(knot_updates example.test) - before))" 2
nothing_left
is '- no certificate was asked for' "$(ls "$STATE/certs")" ''
for other in --dry-run --nagios '--expiry 1d'; do
	# shellcheck disable=SC2086 # words
	run check --live $other site
	want=1
	test "$other" != --nagios || want=3 # monitoring's word for "unknown"
	is "check --live $other: status $want" "$status" $want
done
sed 's/key      file:tsig/key      file:wrong/' "$CONF" >"$WORLD/wrong.conf"
(umask 077; echo d3Jvbmcgc2VjcmV0IG9mIHRoZSB0ZXN0IHdvcmxkLCAzMiBvYw== >"$WORLD/wrong")
good=$CONF CONF=$WORLD/wrong.conf
run check --live --ignore-check credentials --color never site
is 'check --live with a wrong secret: status 6' "$status" 6
like '- it says what the server said' "$out" '^FAIL  live +site: .*BADSIG'

# ---- the lines of a failure: what failed, what to do, what happens now
run issue www.example.test
is 'issue with a wrong secret: status 6' "$status" 6
is '- the last lines' "$(tail -n 3 "$WORLD/err" | cut -c1-60)" \
"www.example.test: rfc2136 (dns block 'knot'): _acme-challeng
    \`dnseal providers rfc2136\` says which rights it needs
www.example.test: mend that, then run the same command again"
is '- the sentence comes once' "$(grep -c BADSIG "$WORLD/err")" 1
run status
like 'status shows the error on a line of its own' "$out" '^    rfc2136 .*BADSIG'
run --color always status
like '- FAIL in red, when colour is wanted' "$(printf '%s' "$out" | tr '\033' '^')" '\^\[31mFAIL\^\[m$'
sed 's/127\.0\.0\.2/127.0.0.77/' "$good" >"$WORLD/gone.conf"
CONF=$WORLD/gone.conf
run issue --json www.example.test
is 'issue with a server that is gone: status 3' "$status" 3
is '- one error in JSON' "$(grep -c '"event":"error"' "$WORLD/out")" 1
is '- the first line of the failure' "$(grep -n 127.0.0.77 "$WORLD/err" | head -n 1 | sed 's/.*: cannot/cannot/')" \
	'cannot connect to 127.0.0.77: Connection refused'
like '- what it could not clean up is told behind it' "$err" 'may have added failed likewise'
CONF=$good
run cleanup
is 'cleanup by the configured block' "$status" 0
nothing_left

# ---- signals
# begin COMMAND...: in the background, until it waits for propagation.
begin() {
	: >"$WORLD/err"
	"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" "$@" \
		--propagation wait --propagation-delay 60s --propagation-timeout 2m \
		>"$WORLD/out" 2>"$WORLD/err" </dev/null &
	pid=$! until=$(($(date +%s) + 30))
	until grep -q 'waiting for propagation' "$WORLD/err" || test "$(date +%s)" -gt $until; do
		sleep 0.05
	done
}
for command in 'check --live' issue; do
	# shellcheck disable=SC2086 # words
	begin $command site
	ok "$command: the records are there" test -n "$(leftovers 127.0.0.2 example.test)"
	kill -HUP $pid
	kill -HUP $pid
	wait $pid
	is '- SIGHUP, as often as a terminal sends it: status 143' "$?" 143
	nothing_left
done

# ---- records whose dns block is gone: by hand
begin check --live site
kill -KILL $pid
wait $pid 2>/dev/null
ok 'a check that was killed leaves records' test -n "$(leftovers 127.0.0.2 example.test)"
: >"$WORLD/empty.conf"
CONF=$WORLD/empty.conf
run cleanup
is '- without their dns block they stay: status 1' "$status" 1
like '- it says which is missing' "$err" "no dns block 'knot'"
run cleanup --set server=127.0.0.2
like '- --set needs --dns' "$err" 'of which provider'
CONF=$good
run cleanup
is '- cleanup takes them out' "$status" 0
nothing_left

# ---- two dns blocks, one of which cannot be used when it comes to cleaning up
{
	sed '/^certificate/d; s/zones .*/zones example.test/' "$good"
	sed -n '/^dns knot/,/^}/p' "$good" | sed 's/^dns knot/dns other/; s/zones .*/zones validation.test/; s/file:tsig/file:later/'
	echo 'certificate site { names example.test alias.example.test }'
	echo 'certificate also { names alias.example.test }'
} >"$WORLD/two.conf"
cp -p "$WORLD/tsig" "$WORLD/later"
CONF=$WORLD/two.conf
begin check --live site
kill -KILL $pid
wait $pid 2>/dev/null
ok 'records of two blocks are left' test -n "$(leftovers 127.0.0.2 example.test)" -a -n "$(leftovers 127.0.0.2 validation.test)"
mv "$WORLD/later" "$WORLD/away"
run cleanup
is '- one block lost its secret: status 6' "$status" 6
like '- it says which, and what is missing' "$err" 'dns other: key: .*later'
like '- the other is cleaned all the same' "$out" '^site: 1 of 2 records removed$'
is '- its zone' "$(leftovers 127.0.0.2 example.test)" ''
ok '- the rest stays' test -n "$(leftovers 127.0.0.2 validation.test)"
run cleanup --list
like '- and is known' "$out" '^[^ ]+  site  alias\.validation\.test TXT .*dns other'
is '- that alone' "$(wc -l <"$WORLD/out")" 1
mv "$WORLD/away" "$WORLD/later"
run cleanup
is '- with its secret it goes too' "$status" 0
nothing_left
sed '/^dns other/,/^}/s/key_alg /key_algo /' "$WORLD/two.conf" >"$WORLD/wrong.conf"
CONF=$WORLD/two.conf
for cert in site also; do
	begin check --live $cert
	kill -KILL $pid
	wait $pid 2>/dev/null
done
CONF=$WORLD/wrong.conf
run cleanup
is '- a mistake in it is another thing: status 1' "$status" 1
is '- told once, with its line' "$(grep -c 'wrong\.conf:[0-9]*: unknown word' "$WORLD/err")" 1
CONF=$WORLD/two.conf
run cleanup
is '- and without it all is clean' "$status" 0
nothing_left

# ---- --yes
sed '/agreed/d' "$good" >"$WORLD/terms.conf"
CONF=$WORLD/terms.conf
rm -rf "$STATE/accounts"
run issue www.example.test
is 'terms that nobody agreed to: status 6' "$status" 6
like '- it says which and how to agree' "$err" 'terms|agree'
run --yes issue www.example.test
is '--yes agrees' "$status" 0 || sed 's/^/# /' "$WORLD/err"
like '- and says so' "$err" 'Do you agree\?  yes \(--yes\)'
done_testing
