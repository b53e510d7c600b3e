#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# clock.t - the wall clock is set back, and forward, under a daemon that sleeps: it looks at once, and
# goes by the new time; it neither sleeps until a moment that was chosen by the old one nor spins.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/servers/targets.sh
. "$srcdir/tests/servers/targets.sh"
is_instrumented && skip_all 'clock.c and a sanitizer want the same place'
world "$0" "$@"
world_needs "${CC:=cc}"
"$CC" -O1 -shared -fPIC -pthread -o "$WORLD/clock.so" "$servers/clock.c" -ldl 2>"$WORLD/cc.log" ||
	skip_all 'clock.c does not compile here'

generation mail 1 mail.example.test
config <<-END
	certificate mail {
	    names mail.example.test
	    renew 30d
	}
	END
# A CA that is not there; nothing is to be asked of it.
echo '127.0.0.10 ca.test' >>"$WORLD/hosts"

log=$WORLD/daemon.log
# That a look is over is said with when the next one is.
looks() { grep -c '^daemon: next look' "$log"; }
next_look() { date -d "$(sed -n 's/^daemon: next look //p' "$log" | tail -n 1)" +%s; }
wakes() { sed -n 's/^voluntary_ctxt_switches:[^0-9]*//p' "/proc/$pid_daemon/status"; }
shift_clock() { # SECONDS from the machine's time
	now=$1
	echo "$now" >"$WORLD/offset.new"
	mv "$WORLD/offset.new" "$WORLD/offset"
}
# looked "what" N: so many looks in all, before long; the next one is within the interval.
looked() {
	until=$(($(date +%s) + 60))
	until test "$(looks)" -ge "$2" || test "$(date +%s)" -ge "$until"; do sleep 0.1; done
	is "$1" "$(looks)" "$2" || sed 's/^/# /' "$log"
	left=$(($(next_look) - $(date +%s) - now))
	ok "- the next one is in at most an hour ($left s)" test $left -gt 0 -a $left -le 3600
}
# sleeps "what": nothing wakes it for 3 s, as soon as it sleeps; what spins never does.
sleeps() {
	n=0
	while test $n -lt 5; do
		n=$((n + 1)) before="$(wakes) $(looks)"
		sleep 3
		test "$(wakes) $(looks)" != "$before" || break
	done
	is "$1" "$(wakes) $(looks)" "$before" || sed 's/^/# /' "$log"
}

shift_clock 0
pid_daemon=''
start daemon env CLOCK_OFFSET="$WORLD/offset" LD_PRELOAD="$WORLD/clock.so" \
	"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" -v daemon --interval 1h
looked 'a daemon looks' 1
sleeps '- and sleeps'
shift_clock -172800
looked 'the clock is set back by two days: it looks' 2
sleeps '- and sleeps'
shift_clock -165600
looked 'forward by two hours, past its next look: it looks' 3
sleeps '- and sleeps'
shift_clock -165000
sleep 2
is 'forward by ten minutes, which is not past it' "$(looks)" 3
kill -TERM "$pid_daemon"
wait "$pid_daemon"
is 'SIGTERM: status 0' "$?" 0
done_testing
