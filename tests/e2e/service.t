#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# service.t - what `make install` puts in place works: the command lines of the units and of cron, as
# they stand, in a root file system of their own, by the users and with the rights that the units
# give them.  Where systemd cannot run this stands for it.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_needs make setpriv chroot
setpriv --reuid=1 --regid=1 --clear-groups true 2>/dev/null || skip_all 'there is no second user here'
pid_daemon=''

# -- a root file system with what make installs, and this machine's libraries
root=$WORLD/root
if ! env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "${builddir:?}" install DESTDIR="$root" >"$WORLD/make.log" 2>&1; then
	fail 'make install'
	sed 's/^/# /' "$WORLD/make.log"
	done_testing
	exit 1
fi
pass 'make install'
unit() { find "$root" -path '*/*d/*' -name "$1" -type f; }
test -n "$(unit dnseal.service)" || skip_all 'configured without units'
# Its mounts are seen by those alone that run in it, and are read-only: our end removes this folder.
echo 'set -e' >"$WORLD/mounts"
bind() { printf 'mount --%s "%s" "%s"\n' "$1" "$2" "$root$2" >>"$WORLD/mounts"; }
for path in /* /usr/*; do
	case $path in
	/bin | /sbin | /lib* | /usr/*) ;;
	*) continue ;;
	esac
	if test -L "$path"; then
		mkdir -p "$root${path%/*}"
		cp -P "$path" "$root$path"
	elif test ! -e "$root$path"; then
		mkdir -p "$root$path"
		bind bind "$path"
		printf 'mount -o remount,bind,ro "%s"\n' "$root$path" >>"$WORLD/mounts"
	fi
done
grep -q "$root/usr/bin\"" "$WORLD/mounts" || skip_all 'installed into /usr, where the system is'
mkdir -p "$root/dev" "$root/proc" "$root/tmp" "$root/run" "$root/srv/app" "$root/etc/dnseal"
bind rbind /dev
bind bind /proc
cp "$WORLD/resolv.conf" "$WORLD/nsswitch.conf" "$WORLD/hosts" "$root/etc"
cp -P /etc/ld.so.* "$root/etc" 2>/dev/null
printf 'root:x:0:0:root:/root:/bin/sh\nweb:x:65533:65533::/srv:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nweb:x:65533:\n' >"$root/etc/group"
chmod 755 "$root" "$root/srv" "$root/srv/app"

# The user and the folders, as the files for systemd describe them.
if command -v systemd-sysusers >/dev/null && command -v systemd-tmpfiles >/dev/null; then
	systemd-sysusers --root="$root" "$(unit dnseal.conf | grep /sysusers.d/)" >"$WORLD/sysusers.log" 2>&1
	is 'sysusers makes the user' "$?" 0 || sed 's/^/# /' "$WORLD/sysusers.log"
	systemd-tmpfiles --create --root="$root" "$(unit dnseal.conf | grep /tmpfiles.d/)" >"$WORLD/tmpfiles.log" 2>&1
	is 'tmpfiles makes the folders' "$?" 0 || sed 's/^/# /' "$WORLD/tmpfiles.log"
else
	echo 'dnseal:x:642:642::/var/lib/dnseal:/usr/sbin/nologin' >>"$root/etc/passwd"
	echo 'dnseal:x:642:' >>"$root/etc/group"
	install -d -m 711 -o 642 -g 642 "$root/var/lib/dnseal"
	install -d -m 700 "$root/etc/dnseal/secrets"
fi
user=$(sed -n 's/^dnseal:x:\([0-9]*\):.*/\1/p' "$root/etc/passwd")
STATE=$root/var/lib/dnseal

# -- the world outside, the configuration, credentials
world_start
configure <<-END
	certificate site {
	    names example.test
	    deploy copy {
	        fullchain /srv/app/fullchain.pem
	        key       /srv/app/key.pem
	        owner     web
	        mode      0640
	        reload    /srv/reload
	    }
	}
END
CONF=$root/etc/dnseal/dnseal.conf
sed -e 's,file:tsig,cred:tsig,' -e "s,$WORLD/trust.pem,/etc/dnseal/ca.pem," "$WORLD/dnseal.conf" >"$CONF"
cp "$WORLD/trust.pem" "$root/etc/dnseal/ca.pem"
chmod 644 "$CONF" "$root/etc/dnseal/ca.pem"
install -m 600 "$WORLD/tsig" "$root/etc/dnseal/secrets/tsig"
# LoadCredential=dnseal:/etc/dnseal/secrets: copies, for this user alone (systemd.exec(5)).
credentials=/run/credentials/dnseal.service
install -d -m 500 -o "$user" "$root$credentials"
install -m 400 -o "$user" "$WORLD/tsig" "$root$credentials/dnseal_tsig"
cat >"$root/srv/reload" <<-'END'
	#!/bin/sh
	id -u >>/srv/reloaded
	env >>/srv/environment
	test ! -e /srv/broken
END
chmod 755 "$root/srv/reload"

# -- the command lines
line() { sed -n 's/^ExecStart=//p' "$(unit "$1")"; }
before() { sed -n 's/^ExecStartPre=//p' "$(unit "$1")"; }
program=$(line dnseal.service)
program=${program%% *}
like 'the command is the installed program' "$program" '^/.*/bin/dnseal$'
ok '- which is there' test -x "$root$program"
inside="PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8"
# The network's: User=dnseal, NoNewPrivileges=, CapabilityBoundingSet=, LoadCredential=.
cat >"$WORLD/network" <<-END
	. "$WORLD/mounts"
	exec chroot "$root" setpriv --reuid=dnseal --regid=dnseal --init-groups --no-new-privs \
		--bounding-set=-all --inh-caps=-all env -i $inside HOME=/var/lib/dnseal USER=dnseal \
		CREDENTIALS_DIRECTORY=$credentials "\$@"
END
# Deployment's: root, without the network and /etc/dnseal/secrets.
cat >"$WORLD/deployment" <<-END
	. "$WORLD/mounts"
	mount -t tmpfs -o mode=000 none "$root/etc/dnseal/secrets"
	exec unshare -n chroot "$root" env -i $inside "\$@"
END
printf '. "%s"\nexec chroot "%s" setpriv --reuid=1 --regid=1 --clear-groups "$@"\n' "$WORLD/mounts" "$root" >"$WORLD/stranger"
printf '. "%s"\nexec chroot "%s" env -i PATH=/usr/bin:/bin HOME=/root "$@"\n' "$WORLD/mounts" "$root" >"$WORLD/admin"
# as network|deployment|stranger|admin COMMAND...
as() {
	who=$1
	shift
	# shellcheck disable=SC2086 # words
	unshare -m $TRACE sh "$WORLD/$who" "$@"
}
# runs "what" STATUS network|deployment UNIT
runs() {
	# shellcheck disable=SC2046 # words
	test -z "$(before "$4")" || as "$3" $(before "$4")
	# shellcheck disable=SC2046 # words
	as "$3" $(line "$4") >"$WORLD/out" 2>&1 </dev/null
	is "$1" "$?" "$2" || sed 's/^/# /' "$WORLD/out"
}
reloads() { tr '\n' ' ' <"$root/srv/reloaded"; }
strangers() { find "$STATE" ! -uid "$user"; }

TRACE=''
if command -v strace >/dev/null && command -v systemd-analyze >/dev/null &&
	strace -f -o /dev/null true 2>/dev/null && ! grep -qs __asan "$DNSEAL"; then
	can_trace=yes
fi
# trace NAME / filtered "what" NAME UNIT: system calls that the unit would not have let through
trace() { test -z "${can_trace:-}" || TRACE="strace -f -qq -o $WORLD/$1.calls"; }
filtered() {
	TRACE=''
	if test -n "${can_trace:-}"; then
		is "$1" "$(python3 "$servers/allowed.py" "$(unit "$3")" "$program" <"$WORLD/$2.calls" 2>"$WORLD/allowed.log")" "$4"
		like '- of many' "$(cat "$WORLD/allowed.log")" '^[3-9][0-9] calls$'
	else
		skip "$1" 'needs strace and systemd-analyze'
	fi
}

trace network
runs 'the network part gets a certificate' 0 network dnseal.service
filtered '- its sandbox lets its system calls through' network dnseal.service ''
like '- and says so' "$(cat "$WORLD/out")" '^site: issued, valid until '
ok '- the pair matches' pair_matches site
ok '- the chain is the CA'"'s" chain_verifies site
is '- all of the state is its user'"'s" "$(strangers)" ''
is '- nothing is deployed' "$(ls "$root/srv/app")" ''
is '- deployment is asked for' "$(cat "$STATE/deploy.wanted") $(stat -c %a "$STATE/deploy.wanted")" 'site 644'
is '- where the path unit looks' "$(sed -n 's/^PathExists=//p' "$(unit dnseal-deploy.path)")" /var/lib/dnseal/deploy.wanted
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''
is 'the secrets folder is not its' "$(as network cat /etc/dnseal/secrets/tsig 2>/dev/null)" ''
like '- its copy is' "$(as network cat "$credentials/dnseal_tsig")" "^$TSIG_SECRET\$"

trace deployment
runs 'deployment, without network and credentials' 0 deployment dnseal-deploy.service
filtered '- its sandbox lets its system calls through' deployment dnseal-deploy.service ''
ok '- what was asked for is taken' test ! -e "$STATE/deploy.wanted"
is '- the files are there' "$(stat -c '%n %u %a' "$root"/srv/app/* | sed "s,$root,,")" \
	"$(printf '/srv/app/fullchain.pem 65533 644\n/srv/app/key.pem 65533 640')"
ok '- with the live key' cmp -s "$root/srv/app/key.pem" "$STATE/certs/site/live/privkey.pem"
is '- the service was reloaded by root, once' "$(reloads)" '0 '
is '- which got no credentials' "$(grep -c "CREDENTIALS\|$TSIG_SECRET" "$root/srv/environment")" 0
is '- all of the state is still the user'"'s" "$(strangers)" ''
rm -f "$root/srv/app/key.pem"
is 'nobody else can read a key or a credential' \
	"$(as stranger grep -rlsE "PRIVATE KEY|$TSIG_SECRET" /var/lib/dnseal /etc/dnseal /run /srv)" ''

runs 'again: nothing is due' 0 network dnseal.service
ok '- and no deployment' test ! -e "$STATE/deploy.wanted"
runs 'again: nothing to deploy' 0 deployment dnseal-deploy.service
is '- nothing was reloaded' "$(reloads)" '0 '

# -- what fails is seen, each in its unit
touch "$root/srv/broken"
sed -i 's/names example.test/names example.test www.example.test/' "$CONF"
runs 'a renewal' 0 network dnseal.service
runs 'a service that does not take it: deployment ends with 4' 4 deployment dnseal-deploy.service
runs 'the next look: the network part is well' 0 network dnseal.service
ok '- and asks again' test -e "$STATE/deploy.wanted"
rm "$root/srv/broken"
runs '- until it works' 0 deployment dnseal-deploy.service
ok '- with the new one' cmp -s "$root/srv/app/fullchain.pem" "$STATE/certs/site/live/fullchain.pem"
is 'success is also' "$(sed -n 's/^SuccessExitStatus=//p' "$(unit dnseal.service)" "$(unit dnseal-deploy.service)" | tr '\n' ,)" '5 8,5,'
sed -i 's/ www.example.test/ ftp.example.test/' "$CONF"
mv "$root$credentials/dnseal_tsig" "$WORLD/kept"
# shellcheck disable=SC2046 # words
as network $(line dnseal.service) >"$WORLD/out" 2>&1
like 'a credential that is missing is a failure' "$?" '^[1236]$'
like '- that is named' "$(cat "$WORLD/out")" 'tsig'
mv "$WORLD/kept" "$root$credentials/dnseal_tsig"

# -- by root's hand, and by cron, in the same state: cred: is where the units have it from
as admin "$program" renew site >"$WORLD/out" 2>&1
is 'renew by root' "$?" 0 || sed 's/^/# /' "$WORLD/out"
like '- deploys itself' "$(reloads)" '^0 0 0 0 $'
is '- all of the state is still the user'"'s" "$(strangers)" ''
cron=$(sed -n 's/^17 \*\/6 \* \* \* root //p' "$srcdir/etc/cron.d/dnseal.in" | sed "s,@bindir@/dnseal,$program,; s/--splay 6h/--splay 1s/")
as admin sh -c "$cron" >"$WORLD/out" 2>&1
is 'the line of cron' "$? $(cat "$WORLD/out")" '0 '
mkdir -p "$root/run/systemd/system"
sed -i 's/^/broken /' "$CONF"
as admin sh -c "$cron" >"$WORLD/out" 2>&1
is '- where systemd runs it does nothing' "$? $(cat "$WORLD/out")" '0 '
sed -i 's/^broken //' "$CONF"

# -- the daemon's
start notified python3 "$servers/notified.py" "$root/run/notify"
until test -S "$root/run/notify"; do sleep 0.1; done
# shellcheck disable=SC2046 # words
start daemon unshare -m sh "$WORLD/network" env NOTIFY_SOCKET=/run/notify $(line dnseal-daemon.service)
daemon=$pid_daemon
until=$(($(date +%s) + 60))
until grep -q '^STATUS=1 cert' "$WORLD/notified.log" || test "$(date +%s)" -ge "$until"; do sleep 0.1; done
like 'the daemon, as its unit starts it' "$(cat "$WORLD/notified.log")" '^READY=1$'
like '- has nothing to do' "$(cat "$WORLD/notified.log")" '^STATUS=1 certificate, 0 failed; next look '
sed -n 's/^ExecReload=//p' "$(unit dnseal-daemon.service)" >"$WORLD/reload"
MAINPID=$daemon sh "$WORLD/reload"
until grep -q '^RELOADING=1' "$WORLD/notified.log" || test "$(date +%s)" -ge "$until"; do sleep 0.1; done
like 'ExecReload makes it look' "$(cat "$WORLD/notified.log")" '^RELOADING=1$'
kill -TERM "$daemon"
wait "$daemon"
is 'SIGTERM ends it: status 0' "$?" 0
is '- all of the state is still the user'"'s" "$(strangers)" ''

# -- and it goes without a trace but what is the operator's
env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$builddir" uninstall DESTDIR="$root" >"$WORLD/make.log" 2>&1
is 'make uninstall' "$?" 0 || sed 's/^/# /' "$WORLD/make.log"
is '- units and all' "$(find "$root" -xdev -path "$root/srv" -prune -o -path "$root/var" -prune -o \
	-path "$root/etc" -prune -o -name '*dnseal*' ! -path "$root/run/*" ! -type d -print)" ''
is 'sanitizers have nothing to say' "$(grep -El 'AddressSanitizer|runtime error|LeakSanitizer' "$WORLD"/*.log)" ''
done_testing
