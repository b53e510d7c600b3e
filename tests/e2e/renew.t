#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# renew.t - many certificates in one run: due, not due, failing, locked, interrupted, rehearsed, and
# carried to another CA.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start CA_RELAY=yes

certificates() { grep -c 'Issued certificate serial' "$WORLD/pebble.log"; }
block() { # CERT NAMES...
	cert=$1
	shift
	echo "certificate $cert { names $* }"
}
blocks() { for i in 1 2 3 4 5 6; do block "c$i" "n$i.example.test" "*.n$i.example.test"; done; }
# status CODE "what" COMMAND...: output stays in out and err.
status() {
	code=$1 what=$2
	shift 2
	"$@" >"$WORLD/out" 2>"$WORLD/err" </dev/null
	is "$what" "$?" "$code" || sed 's/^/# /' "$WORLD/err"
}
says() { ok "$1" grep -Eq "$2" "$WORLD/out" || sed 's/^/# /' "$WORLD/out"; }
tells() { ok "$1" grep -Eq "$2" "$WORLD/err" || sed 's/^/# /' "$WORLD/err"; }

# ---- one fails, six are issued
{ blocks; block bad www.nowhere.test; } | configure
status 2 'six are issued, one fails: status 2' dnseal renew
for i in 1 2 3 4 5 6; do
	says "- c$i is issued" "^c$i: issued, valid until"
	ok '- its pair fits' pair_matches c$i
done
says '- bad is not, and when again is said' '^bad: failed, next try 20'
says '- the sum' '^7 certificates: 6 issued, 1 failed$'
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''
is '- one connection to the CA' "$(ca_connections)" 1
updates=$(knot_updates example.test)
# How many go together is a matter of time; that they do is in unit/op.c.
ok "- changes of one zone: $updates updates for 12" test "$updates" -le 12

requests=$(ca_requests) before=$(certificates)
status 8 'again: one has to wait' dnseal renew
says '- the others are unchanged' '^7 certificates: 6 unchanged, 1 deferred$'
is '- the CA was not asked' "$(ca_requests)" "$requests"
status 0 'those without a failure' dnseal renew c1 c2
status 3 'the failing one alone, in spite of the pause' dnseal renew bad
status 1 'an unknown one: nothing is done' dnseal renew c1 nosuch
tells '- it is named' "no certificate 'nosuch'"
is '- no certificate was made' "$(certificates)" "$before"

# ---- forced, changed, rehearsed
live=$(readlink "$STATE/certs/c1/live")
status 10 'forced: status 10 with --exit-changed' dnseal renew --force --exit-changed c1
says '- renewed' '^c1: renewed, valid until'
ok '- another generation is live' test "$(readlink "$STATE/certs/c1/live")" != "$live"
{ block c1 n1.example.test; block c2 n2.example.test '*.n2.example.test'; } | configure
status 0 'changed names' dnseal renew
says '- are noticed' '^2 certificates: 1 unchanged, 1 renewed$'
is '- and are what was wanted' "$(names_of "$(live c1 cert.pem)")" n1.example.test
live=$(readlink "$STATE/certs/c1/live")
status 3 'a rehearsal without a test CA' dnseal -n renew c1
tells '- is refused' 'test CA'
block c1 n1.example.test | configure
sed "s,agreed,agreed test-ca $CA_URL," "$CONF" >"$CONF.new" && mv "$CONF.new" "$CONF"
sed 's/agreed test-ca/agreed\n    test-ca/' "$CONF" >"$CONF.new" && mv "$CONF.new" "$CONF"
status 0 'a rehearsal' dnseal -n renew c1
says '- succeeds' '^c1: the rehearsal succeeded; nothing was kept'
is '- and keeps nothing' "$(readlink "$STATE/certs/c1/live")" "$live"

# ---- damaged on the disk, with nothing complete to go back to
mkdir "$WORLD/tls"
{ echo 'certificate c2 {'; echo 'names n2.example.test *.n2.example.test'
	echo "deploy copy { keyfull $WORLD/tls/c2.pem }"; echo '}'; } | configure
is 'one generation of c2' "$(find "$STATE/certs/c2" -name 'gen-*' | wc -l)" 1
rm "$(live c2 privkey.pem)"
status 0 'a lost key' dnseal renew
tells '- is noticed' 'c2: what is live is damaged, and nothing complete is there'
ok '- and a new pair made' pair_matches c2
: >"$(live c2 fullchain.pem)"
status 0 'an empty chain: the same' dnseal renew
ok '- a new pair' pair_matches c2
status 0 'the next run' dnseal renew
says '- has nothing to do' '^c2: unchanged'
rm -r "$STATE/certs/c2/gen-000001" "$STATE/certs/c2/gen-000002"
cp "$STATE/certs/c1/live/privkey.pem" "$(live c2 privkey.pem)"
status 7 'a pair that does not match is not deployed' dnseal deploy c2
tells '- and what to do is said' 'renew --force c2'
status 0 'it is done' dnseal renew --force c2
ok '- a pair that matches' pair_matches c2

# ---- a lock, and several runs at once
block c9 n9.example.test | configure
mkfifo "$WORLD/pipe"
: >"$WORLD/holder"
flock "$STATE/locks/cert-c9.lock" sh -c 'echo held >"$0"; read -r line' "$WORLD/holder" <"$WORLD/pipe" &
holder=$!
exec 9>"$WORLD/pipe"
until test -s "$WORLD/holder"; do sleep 0.1; done
status 5 'locked: status 5' dnseal --wait 1s renew
tells '- the lock is named' 'cert-c9.lock is locked'
exec 9>&-
wait $holder
before=$(certificates)
for run in 1 2 3 4 5 6; do
	dnseal -q renew >"$WORLD/run$run" 2>&1 </dev/null &
	echo $! >>"$WORLD/runs"
done
good=0
while read -r pid; do wait "$pid" && good=$((good + 1)); done <"$WORLD/runs"
is 'six runs at once: all end well' $good 6
is '- one certificate' $(($(certificates) - before)) 1

# ---- another CA, when the first does not answer
cat <<-END | configure
	account dead {
	    ca      https://ca.test:9/dir
	    trust   $WORLD/trust.pem
	    agreed
	}
	certificate c10 { names n10.example.test use-account dead test }
	END
status 0 'a CA that is down' dnseal renew
tells '- the next account is tried' 'the next account is tried: test'
says '- and issues' '^c10: issued'
status 0 'and it stays' dnseal renew
says '- unchanged' '^c10: unchanged'

# ---- one whose credentials are not there
cat <<-END | configure
	dns gone {
	    type     rfc2136
	    server   127.0.0.2
	    key_name key-hmac-sha256.
	    key_alg  hmac-sha256
	    key      file:gone.tsig
	    zones    gone.example.test
	}
	certificate c11 { names a.gone.example.test }
	certificate c12 { names n12.example.test }
	END
status 6 'credentials that are not there: an operator must act' dnseal renew
says '- the others are issued' '^c12: issued'
says '- this one fails, and waits' '^c11: failed, next try 20'
tells '- it is said which' '^c11: dns gone: key: .*gone.tsig: No such file'
ok '- and kept' grep -q 'gone.tsig: No such file' "$STATE/certs/c11/state.json"
status 3 '- plan' dnseal plan c11 c12
says '- has the problem beside the name' 'PROBLEM +dns gone: key: .*gone.tsig: No such file'
says '- and why it waits' 'paused +until 20.*gone.tsig'
says '- and the other' '^c12 '
status 6 'again: it waits, and an operator must still act' dnseal renew
sed "s,^    agreed,    agreed\n    test-ca $CA_URL," "$CONF" >"$CONF.new" && mv "$CONF.new" "$CONF"
status 6 'a rehearsal of both' dnseal renew --dry-run
says '- fails likewise' '^c11: failed$'
says '- and hinders nobody' '^c12: the rehearsal succeeded'
cp "$WORLD/tsig" "$WORLD/gone.tsig"
status 0 'mended, and asked for by name' dnseal renew c11
says '- it is issued' '^c11: issued'

# ---- what looks local is rehearsed, at a CA that is the same under another name
at_test=https://127.0.0.10:14000/dir
orders_at() { # PATTERN
	grep -Ec "\"ca\": ?\"$1" "$STATE"/certs/r1/live/meta.json
}
wrong() { # the TXT goes where the CA does not look
	cat <<-END | configure
	certificate r1 {
	    names r1.example.test
	    $1
	}
	END
	sed "s,^    agreed,    agreed\n    test-ca $at_test," "$CONF" >"$CONF.new" && mv "$CONF.new" "$CONF"
}
wrong 'override-domain elsewhere.many.test'
status 3 'a validation that fails' dnseal renew
ok '- is remembered to be rehearsed' grep -Eq '"rehearse": ?true' "$STATE/certs/r1/state.json"
status 3 'the next one' dnseal renew r1
tells '- is a rehearsal, and fails there' 'r1: rehearsal: '
wrong ''
status 0 'once it is mended' dnseal -v renew r1
tells '- the rehearsal succeeds' 'the rehearsal succeeded'
says '- and the CA itself issues' '^r1: issued'
is '- whose it is' "$(orders_at "$CA_URL")" 1

# ---- a test CA's does not take the place of a real one
live=$(readlink "$STATE/certs/r1/live")
sed "s,ca      $CA_URL,ca $at_test," "$CONF" >"$CONF.new" && mv "$CONF.new" "$CONF"
status 3 'with the test CA as the CA' dnseal renew --force
tells '- it is refused' 'the live certificate is a real one'
is '- and nothing has changed' "$(readlink "$STATE/certs/r1/live")" "$live"

# ---- cut off
{ for i in 21 22 23 24; do block c$i "n$i.example.test" never.many.test; done; } | configure
"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" --json renew --force >"$WORLD/out" 2>"$WORLD/err" </dev/null &
pid=$!
until grep -q '"records"' "$WORLD/out" || ! kill -0 $pid 2>/dev/null; do sleep 0.05; done
kill -TERM $pid
wait $pid
is 'SIGTERM: status 143' $? 143 || sed 's/^/# /' "$WORLD/err"
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)$(leftovers 127.0.0.2 many.test)" ''
ok '- cleanup finds nothing' dnseal -q cleanup

# ---- a thousand with nothing to do
rm -rf "$STATE/certs"
block c0 n0.example.test | configure
status 0 'one of a thousand' dnseal renew
many=${RENEW_MANY:-1000}
i=1
while test $i -lt "$many"; do
	cp -R "$STATE/certs/c0" "$STATE/certs/c$i"
	sed -i "s/n0\.example/n$i.example/" "$STATE/certs/c$i/live/meta.json"
	block c$i n$i.example.test
	i=$((i + 1))
done >>"$CONF"
cat <<-'END' >"$WORLD/measure.py"
	import os, resource, subprocess, sys, time
	def cpu():
	    used = resource.getrusage(resource.RUSAGE_CHILDREN)
	    return used.ru_utime + used.ru_stime
	best = worked = 1e9
	for _ in range(3):
	    start, before = time.monotonic(), cpu()
	    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
	    best, worked = min(best, time.monotonic() - start), min(worked, cpu() - before)
	peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
	print(done.returncode, int(best * 1000), int(worked * 1000), peak, done.stdout.decode().splitlines()[-1])
	END
measured() {
	python3 "$WORLD/measure.py" "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" renew >"$WORLD/out"
	read -r code took worked peak sum <"$WORLD/out"
	is "$1" "$code $sum" "0 $many certificates: $many unchanged"
	echo "# $took ms, of these $worked at work, $peak KiB"
}
measured "$many with nothing due"
alone=$worked
if is_instrumented; then
	skip '- within 24 MiB' 'instrumented build'
	skip '- and 0.3 s' 'instrumented build'
else
	ok '- within 24 MiB' test "$peak" -le 24576
	ok '- and 0.3 s (three times that on a busy machine)' test "$took" -le 900
fi
printf 'metrics %s\nnotify exec { exec /bin/true }\n' "$WORLD/dnseal.prom" >>"$CONF"
ok '- who is told hears of them once' dnseal -q renew
measured '- then nothing is due, with metrics and news'
if is_instrumented; then
	skip '- within 24 MiB too' 'instrumented build'
else
	ok '- within 24 MiB too' test "$peak" -le 24576
fi
# Where every chain was read it was six times the work.
ok '- for twice the work, not more than three times' test "$worked" -le $((3 * alone + 30))
is '- metrics of all' "$(grep -c '^dnseal_certificate_not_after_timestamp_seconds{.*issuer="Pebble' "$WORLD/dnseal.prom")" "$many"
done_testing
