#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# faults.t - disks that are full, broken or read-only, and too many open files, at each occurrence of
# the calls that meet them, while a certificate is renewed; then a file system that is filled step by
# step.  What is live stays whole, the run says what was wrong (exit 7), and the next one is good.
# Without more, a sample; POINTS=1000 STEPS=160 (make check-long) take each occurrence and each KiB.
# SEED=n: the same sample again.  ONLY="ENOSPC", ONLY="": these errors, none of them.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
nth_build
world_start
points=${POINTS:-2} seed=${SEED:-$(date +%s)} steps=${STEPS:-8}
echo "# SEED=$seed"

configuration() { # FILE KEY
	CONF=$WORLD/$1.conf
	printf 'certificate site {\n    names site.six.test *.site.six.test\n    key %s\n}\n' "$2" | configure
}
configuration new ecdsa-p384
configuration old ecdsa-p256

program() { # CONFIGURATION COMMAND...
	config=$1
	shift
	# shellcheck disable=SC2086 # words
	timeout -k 5 60 $tracer "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" \
		--config "$WORLD/$config.conf" -q "$@" >"$WORLD/out" 2>&1 </dev/null
}
txt() { leftovers 127.0.0.2 six.test; } # its one server: no secondary to wait for
certificates() { grep -c 'Issued certificate serial' "$WORLD/pebble.log"; }
complain() { echo "# $error at call $n of $kind: $*"; sed 's/^/#   /' "$WORLD/out"; }

is_new() {
	certtool --infile "$(live site cert.pem)" --certificate-info | grep -qi secp384r1
}
# The pair that was live, octet by octet, or the new one, whole: never the older one that there is too.
is_whole() {
	pair_matches site || return 1
	if test "$(readlink "$STATE/certs/site/live")" = "$live_before"; then
		cmp -s "$(live site fullchain.pem)" "$WORLD/before/certs/site/live/fullchain.pem"
	else
		is_new
	fi
}

judge() { # STATUS of the run that met the fault
	is_whole || { broken=$((broken + 1)); complain 'what is live is not whole'; }
	case $1 in
	0) got_through=$((got_through + 1)) ;;
	7) told=$((told + 1))
		grep -Eq "$says" "$WORLD/out" || { mute=$((mute + 1)); complain "it does not say \"$says\""; } ;;
	*) other=$((other + 1)); complain "it ends with $1" ;;
	esac
}

mend() {
	program new renew site || { undone=$((undone + 1)); complain "the next run ends with $?"; }
	is_whole || { broken=$((broken + 1)); complain 'what is live is not whole afterwards'; }
	is_new || { undone=$((undone + 1)); complain 'no new certificate'; }
	test "$(certificates)" -le $((certificates_before + 1)) || { twice=$((twice + 1)); complain 'issued twice'; }
	test -z "$(txt)" || { left=$((left + 1)); complain "left: $(txt)"; }
}

one_fault() { # N
	n=$1
	rm -rf "$STATE"
	cp -a "$WORLD/before" "$STATE"
	live_before=$(readlink "$STATE/certs/site/live") certificates_before=$(certificates)
	tracer="$WORLD/nth -p $STATE -c $list -n $n $error"
	program new renew
	status=$? tracer=
	judge $status
	mend
}

zero() { broken=0 got_through=0 told=0 mute=0 other=0 undone=0 twice=0 left=0 tried=0; }
verdict() { # WHAT
	echo "# $1: $tried tries, $told ended with 7, $got_through got through"
	all_tried=$((all_tried + tried)) all_broken=$((all_broken + broken)) all_other=$((all_other + other))
	all_left=$((all_left + left)) all_twice=$((all_twice + twice)) all_undone=$((all_undone + undone))
	is "$1: what is live was not whole" $broken 0
	is "$1: another end than 0 and 7" $other 0
	is "$1: not told what was wrong" $mute 0
	is "$1: next runs that did not end well" $undone 0
	is "$1: issued twice" $twice 0
	is "$1: TXT records left over" $left 0
}

fault() { # ERROR WHAT-IT-SAYS
	error=$1 says=$2
	zero
	while read -r kind list; do
		begin_state
		tracer="$WORLD/nth -o $WORLD/calls -p $STATE -c $list -n 0 kill"
		program new renew
		tracer=
		awk -v calls="$(cat "$WORLD/calls")" -v points="$points" -v seed="$((seed + tried))" 'BEGIN {
			srand(seed); part = calls / points; if (part < 1) part = 1
			for (at = rand() * part; at < calls; at += part) print int(at) + 1 }' >"$WORLD/points"
		while read -r at <&4; do
			tried=$((tried + 1))
			one_fault "$at"
		done 4<"$WORLD/points"
	done <<-'END'
		write write,writev,pwrite64
		fsync fsync,fdatasync
		rename rename,renameat,renameat2
		openat openat
	END
	verdict "$error"
}
begin_state() { rm -rf "$STATE"; cp -a "$WORLD/before" "$STATE"; }

all_tried=0 all_broken=0 all_other=0 all_left=0 all_twice=0 all_undone=0
tracer=
ok 'a certificate' program old issue site
ok 'and one in its place' program old issue --force site
cp -a "$STATE" "$WORLD/before"
for error in ${ONLY-ENOSPC EIO EROFS EMFILE}; do
	case $error in
	ENOSPC) fault ENOSPC 'No space left on device' ;;
	EIO) fault EIO 'Input/output error' ;;
	EROFS) fault EROFS 'Read-only file system' ;;
	EMFILE) fault EMFILE 'Too many open files' ;;
	esac
done

# ---- a file system with less and less room
room=$WORLD/room
mkdir "$room"
zero
error='a full disk' kind='a tmpfs' says='No space left on device|reserve'
if mount -t tmpfs -o size=4m none "$room" 2>"$WORLD/out"; then
	home=$STATE STATE=$room/state
	step=0
	while test $step -lt "$steps"; do
		rm -rf "$STATE" "$room/filler"
		cp -a "$WORLD/before" "$STATE"
		live_before=$(readlink "$STATE/certs/site/live") certificates_before=$(certificates)
		# From nothing to a little more than a renewal needs, in KiB; pages are of 4.
		free=$((step * 160 / steps)) n=$free
		all=$(df -k --output=avail "$room" | tail -n 1)
		test "$all" -le "$free" || head -c $(((all - free) * 1024)) /dev/zero >"$room/filler"
		tried=$((tried + 1))
		program new renew
		judge $?
		rm -f "$room/filler"
		mend
		step=$((step + 1))
	done
	STATE=$home
	verdict 'less and less room'
	umount "$room"
else
	skip 'less and less room' 'no tmpfs can be mounted here'
fi
echo "# $all_tried faults: live pairs harmed $all_broken, other ends than 0 and 7 $all_other," \
	"not mended by the next run $all_undone, leftover TXT $all_left, issued twice $all_twice"
done_testing
