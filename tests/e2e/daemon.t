#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# daemon.t - dnseal daemon: what it tells its manager, SIGHUP, triggers, SIGTERM, configurations in
# error, rounds that crash, as the first process of a container.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
configure <<-END
	certificate site { names example.test }
END
# Credentials by a program, which also tells what it sees of us.
cat >"$WORLD/key" <<-END
	#!/bin/sh
	env >>"$WORLD/environment"
	cat "$WORLD/tsig"
END
chmod 700 "$WORLD/key"
sed "s,file:tsig,\"cmd:$WORLD/key\"," "$CONF" >"$CONF.new" && cat "$CONF.new" >"$CONF"
start notified python3 "$servers/notified.py" "$WORLD/notify"
: >"$WORLD/notified.log"
until test -S "$WORLD/notify"; do sleep 0.1; done

# comes "what" FILE PATTERN [SECONDS]: a line like that appears there.
comes() {
	until=$(($(date +%s) + ${4:-60}))
	until grep -Eq -e "$3" "$2"; do
		test "$(date +%s)" -lt "$until" || {
			fail "$1"
			tail -n 20 "$2" | sed 's/^/# /'
			return 1
		}
		sleep 0.1
	done
	pass "$1"
}
generation() { readlink "$STATE/certs/site/live"; }
# becomes "what" GENERATION
becomes() {
	until=$(($(date +%s) + 60))
	until test "$(generation)" = "$2" || test "$(date +%s)" -ge "$until"; do sleep 0.1; done
	is "$1" "$(generation)" "$2"
}
# appears: the order under way has put its records into DNS.
appears() {
	until=$(($(date +%s) + 60))
	until test -n "$(leftovers 127.0.0.2 example.test)" || test "$(date +%s)" -ge "$until"; do sleep 0.1; done
}
gone() { # "what"
	until=$(($(date +%s) + 60))
	until test -z "$(leftovers 127.0.0.2 example.test)" || test "$(date +%s)" -ge "$until"; do sleep 0.2; done
	is "$1" "$(leftovers 127.0.0.2 example.test)" ''
}
round_of() { tr -d ' ' <"/proc/$1/task/$1/children"; }
wakes() { sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "/proc/$daemon/status"; }
run_daemon() { # NAME [OPTIONS...]
	log=$1
	shift
	start "$log" env NOTIFY_SOCKET="$WORLD/notify" WATCHDOG_USEC=1000000 \
		"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" -v daemon "$@"
	eval "daemon=\$pid_$log"
}
# ends "what" STATUS [SECONDS]
ends() {
	begin=$(date +%s)
	wait "$daemon"
	is "$1" "$?" "$2"
	ok '- soon' test $(($(date +%s) - begin)) -le "${3:-20}"
}

pid_fifth='' pid_jail=''
run_daemon first
comes 'it is ready' "$WORLD/notified.log" '^READY=1$'
comes 'what is due is issued' "$WORLD/first.log" '^site: issued, valid until'
comes 'the manager hears what is next' "$WORLD/notified.log" \
	'^STATUS=1 certificate, 0 failed; next look 20[0-9-]*T[0-9:]*Z$'
comes 'and that it lives' "$WORLD/notified.log" '^WATCHDOG=1$'
becomes 'a first generation' gen-000001
ok 'a program gave the credentials' test -s "$WORLD/environment"
is '- and has nothing of the manager in its environment' "$(grep -E 'NOTIFY|WATCHDOG' "$WORLD/environment")" ''

refused 'a second daemon' 5 'daemon.lock is locked by pid [0-9]+ .*one daemon for a state directory' \
	dnseal --wait 1s daemon
dnseal -q renew >"$WORLD/out" 2>&1
is 'but renew runs beside it' "$?" 0

# -- a trigger: the configuration is read by each round
sed 's/names example.test/names example.test www.example.test/' "$CONF" >"$CONF.new"
cat "$CONF.new" >"$CONF"
: >"$WORLD/notified.log"
touch "$STATE/trigger/site"
becomes 'a trigger makes it look' gen-000002
is '- with the configuration of now' "$(names_of "$(live site cert.pem)")" 'example.test www.example.test'
ok '- and is removed' test ! -e "$STATE/trigger/site"
touch "$STATE/trigger/other" "$STATE/trigger/Not a name"
comes 'a trigger for what there is not' "$WORLD/first.log" "trigger: no certificate 'other' is configured"
comes '- nor can be' "$WORLD/first.log" 'Not a name: not the name of a certificate'
is '- they are removed too' "$(ls "$STATE/trigger")" ''

# -- SIGHUP
sed 's/www.example.test/ftp.example.test/' "$CONF.new" >"$CONF"
: >"$WORLD/notified.log"
kill -HUP "$daemon"
comes 'SIGHUP: the manager hears that it reads again' "$WORLD/notified.log" '^RELOADING=1$'
comes '- and when' "$WORLD/notified.log" '^MONOTONIC_USEC=[0-9]+$'
comes '- and that it has' "$WORLD/notified.log" '^READY=1$'
becomes '- it looks at once' gen-000003
{
	sed 's/www.example.test/pop.example.test/' "$CONF.new"
	echo nonsense
} >"$CONF"
: >"$WORLD/notified.log"
kill -HUP "$daemon"
comes 'a configuration in error is told' "$WORLD/first.log" "unknown word 'nonsense'"
comes '- and that it is not used' "$WORLD/first.log" 'the configuration of before stays in use'
comes '- which the manager hears too: a look with the one of before' "$WORLD/notified.log" \
	'^STATUS=1 certificate, 0 failed; next look .*Z; the configuration is in error, that of before is used$'
is '- nothing has changed' "$(generation) $(names_of "$(live site cert.pem)")" 'gen-000003 example.test ftp.example.test'
sed 's/www.example.test/smtp.example.test/' "$CONF.new" >"$CONF"
: >"$WORLD/notified.log"
kill -HUP "$daemon"
becomes '- when it is mended, it is used' gen-000004
comes '- and all is well' "$WORLD/notified.log" '^STATUS=1 certificate, 0 failed; next look 20[0-9-]*T[0-9:]*Z$'

# -- SIGTERM
: >"$WORLD/notified.log"
kill -TERM "$daemon"
ends 'SIGTERM while it sleeps: status 0' 0
comes '- the manager hears' "$WORLD/notified.log" '^STOPPING=1$'

sed -e 's/www.example.test/imap.example.test/' -e 's/^propagation .*/propagation { check wait  delay 50s }/' \
	"$CONF.new" >"$CONF"
run_daemon second
appears
kill -TERM "$daemon"
ends 'SIGTERM while an order waits: status 0' 0
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''
is '- nothing has changed' "$(generation)" gen-000004

# -- the end of a round is not the daemon's, and the daemon's is the round's
run_daemon third
appears
kill -KILL "$(round_of "$daemon")"
comes 'a round that crashes is told' "$WORLD/third.log" 'a round was ended by signal 9'
ok '- the daemon lives' kill -0 "$daemon"
: >"$WORLD/third.log"
kill -HUP "$daemon"
comes '- the next one goes on with what it left' "$WORLD/third.log" 'of an earlier run removed|taking up the one of an earlier run'
comes '- as far as that' "$WORLD/third.log" 'waiting for propagation'
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
gone 'a daemon that is killed takes its round with it'

# -- the usual failure of a round is no end
sed -e 's/www.example.test/pop.example.test/' -e 's/127.0.0.2$/127.0.0.99/' "$CONF.new" >"$CONF"
run_daemon fourth --interval 1h
comes 'a round that fails is told' "$WORLD/fourth.log" '^site: failed, next try '
: >"$WORLD/notified.log"
comes '- and the daemon lives' "$WORLD/notified.log" '^WATCHDOG=1$'
kill -INT "$daemon"
ends '- until SIGINT' 0

# -- it sleeps: nothing wakes it but what it waits for
cat "$CONF.new" >"$CONF"
mkdir -p "$STATE/trigger"
touch "$STATE/trigger/site"
start fifth "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" -v daemon
daemon=$pid_fifth
becomes 'a trigger from before it began is seen' gen-000005
comes '- and all are looked at behind it' "$WORLD/fifth.log" '^daemon: next look '
sleep 1
before=$(wakes)
sleep 4
is 'asleep, it does not wake' "$(wakes)" "$before"
kill -TERM "$daemon"
ends '- but for SIGTERM' 0

# -- the first process of a container has no default actions, and orphans to bury
if unshare -p -f --kill-child --mount-proc true 2>/dev/null; then
	# Its runtime mounts secrets for everybody inside: a folder of credentials.
	mkdir "$WORLD/secrets"
	install -m 444 "$WORLD/tsig" "$WORLD/secrets/tsig"
	sed -e "s,\"cmd:$WORLD/key\",cred:tsig," -e 's/ www.example.test/ pop3.example.test/' "$CONF.new" >"$CONF"
	touch "$STATE/trigger/site"
	start jail env CREDENTIALS_DIRECTORY="$WORLD/secrets" unshare -p -f --kill-child --mount-proc \
		"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" daemon
	becomes 'as process 1: it renews' gen-000006
	kill -TERM "$(round_of "$pid_jail")"
	daemon=$pid_jail
	ends '- SIGTERM ends it: status 0' 0
else
	skip 'as process 1' 'no process namespaces'
fi
is 'sanitizers have nothing to say' "$(grep -El 'AddressSanitizer|runtime error|LeakSanitizer' "$WORLD"/*.log)" ''
done_testing
