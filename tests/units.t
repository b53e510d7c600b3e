#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# units.t - systemd's own checks of the units; sysusers, tmpfiles, cron.
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"
srcdir=$(cd "$srcdir" && pwd)
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
umask 022

# What make installs, with a program that is there: verify looks for it.
mkdir "$dir/bin" "$dir/units"
printf '#!/bin/sh\n' >"$dir/bin/dnseal"
chmod 755 "$dir/bin/dnseal"
for file in "$srcdir"/etc/systemd/*.service.in "$srcdir"/etc/systemd/*.timer "$srcdir"/etc/systemd/*.path; do
	sed "s,@bindir@,$dir/bin,g" "$file" >"$dir/units/$(basename "$file" .in)"
done
is 'nothing is left to fill in' "$(grep -l '@[a-z]*@' "$dir"/units/*)" ''

sandbox() { sed -n '/^# -- sandbox/,/^$/p' "$dir/units/$1" | grep -v '^#'; }
is 'timer and daemon run in the same sandbox' "$(sandbox dnseal-daemon.service)" "$(sandbox dnseal.service)"
is '- which has lines' "$(($(sandbox dnseal.service | wc -l) > 25))" 1
# secrets of UNIT: how it gets at DNS credentials
secrets() { grep -c '^LoadCredential' "$dir/units/$1"; }
is 'the network has the credentials' "$(secrets dnseal.service) $(secrets dnseal-daemon.service)" '1 1'
is 'deployment has none' "$(secrets dnseal-deploy.service)" 0
ok '- nor the folder' grep -q '^InaccessiblePaths=-/etc/dnseal/secrets$' "$dir/units/dnseal-deploy.service"
# A file that is there starts it: it has to be gone before the look, and not by the look.
path() { sed -n "s,^$1=,,p" "$dir/units/$2"; }
is '- what asks for it is removed first' "$(path ExecStartPre dnseal-deploy.service)" \
	"/bin/rm -f $(path PathExists dnseal-deploy.path)"
ok '- and where it stays, this ends' test "$(path StartLimitBurst dnseal-deploy.service)" -gt 0
ok '- nor the network' grep -q '^IPAddressDeny=any$' "$dir/units/dnseal-deploy.service"

if command -v systemd-analyze >/dev/null; then
	said=$(systemd-analyze verify --man=no "$dir"/units/* 2>&1)
	is 'systemd-analyze verify' "$? $said" '0 '
	sed 's/^ProtectSystem=/ProtectSistem=/' "$dir/units/dnseal.service" >"$dir/wrong.service"
	like '- which finds a wrong line' "$(systemd-analyze verify --man=no "$dir/wrong.service" 2>&1)" 'ProtectSistem'
	exposure() { systemd-analyze security --offline=yes --no-pager "$1" 2>&1 | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p'; }
	for unit in dnseal.service:1.5 dnseal-daemon.service:1.5 dnseal-deploy.service:4.0; do
		now=$(exposure "$dir/units/${unit%:*}")
		ok "${unit%:*}: exposure $now, at most ${unit#*:}" \
			awk -v now="$now" -v most="${unit#*:}" 'BEGIN { exit !(now != "" && now + 0 <= most + 0) }'
	done
	said=$(systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' "$dir/units/dnseal.timer")" 2>&1)
	is 'the moment of the timer is one' "$?" 0 || echo "# $said"
else
	skip 'systemd-analyze' 'systemd is not installed'
fi

# sysusers and tmpfiles, into a root of their own
if command -v systemd-sysusers >/dev/null; then
	mkdir -p "$dir/root/etc"
	said=$(systemd-sysusers --root="$dir/root" "$srcdir/etc/sysusers.d/dnseal.conf" 2>&1)
	like 'sysusers makes the user' "$(cat "$dir/root/etc/passwd" 2>&1) $said" '^dnseal:x:[0-9]+:[0-9]+:ACME certificates:/var/lib/dnseal:/usr/sbin/nologin'
else
	skip 'sysusers' 'systemd-sysusers is not installed'
fi
if command -v systemd-tmpfiles >/dev/null && test "$(id -u)" = 0 && test -s "$dir/root/etc/passwd"; then
	said=$(systemd-tmpfiles --create --root="$dir/root" "$srcdir/etc/tmpfiles.d/dnseal.conf" 2>&1)
	is 'tmpfiles makes the folders' "$? $said" '0 '
	is '- state' "$(stat -c %a "$dir/root/var/lib/dnseal")" 711
	is '- it is the user'"'s" "$(stat -c %u "$dir/root/var/lib/dnseal")" \
		"$(sed -n 's/^dnseal:x:\([0-9]*\):.*/\1/p' "$dir/root/etc/passwd")"
	is '- secrets' "$(stat -c '%a %U' "$dir/root/etc/dnseal/secrets")" '700 root'
else
	skip 'tmpfiles' 'systemd-tmpfiles is not installed, or this is not root'
fi

# -- the command lines are this program's: options are read before anything else
if test -x "$DNSEAL"; then
	# line FILE: the command of a unit or cron file, with our program
	line() { sed -n 's,^ExecStart=@bindir@/dnseal \(.*\),\1,p; s,.*@bindir@/dnseal \(renew.*\),\1,p' "$1"; }
	for file in "$srcdir"/etc/systemd/*.service.in "$srcdir/etc/cron.d/dnseal.in"; do
		words=$(line "$file")
		ok "$(basename "$file" .in) has a command" test -n "$words"
		# shellcheck disable=SC2086 # words
		said=$("$DNSEAL" $words --help 2>&1)
		is "- which is understood: $words" "$?" 0 || printf '%s\n' "$said" | sed 's/^/# /'
	done
else
	skip 'command lines' 'the program is not built'
fi
like 'cron runs it where systemd does not' "$(cat "$srcdir/etc/cron.d/dnseal.in")" '^17 \*/6 \* \* \* root test -d /run/systemd/system \|\| @bindir@/dnseal renew '
done_testing
