#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# builds.t - choices of providers at configure time: each is built, staged, looked at and run.
# The core is compiled in the first folder; the others begin as its copy, because nothing of it
# depends on the choice (which is looked at, too).  What has no providers of its own is "absent".
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"
srcdir=$(cd "$srcdir" && pwd)
test -x "$srcdir/configure" || skip_all 'there is no configure'
test ! -f "$srcdir/config.status" || skip_all 'the source tree itself is configured'
is_instrumented && skip_all 'once is enough: instrumented build'
all=$(cd "$srcdir/providers" && printf '%s\n' *.c | sed 's/\.c$//' | tr '\n' ' ' | sed 's/ $//')
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
umask 022
cd "$dir" || exit 99
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR
# What is taken from the environment by providers would only be in the way.
clean="env -i PATH=$PATH HOME=$dir LC_ALL=C"

configured() { # FOLDER OPTIONS...
	(cd "$1" && shift && "$srcdir/configure" -q --cache-file="$dir/cache" CC="$CC" CFLAGS=-O0 \
		--prefix=/opt/d "$@") >log 2>&1
}
compiled() { # FOLDER
	make -s -C "$1" install DESTDIR="$dir/$1/stage" >log 2>&1
}
shown() { sed 's/^/# /' log | tail -n 20; }

# Names in the kind's rows of `providers`.
rows() { awk -v kind="$1" '$2 == kind || $2 " " $3 == kind { printf "%s%s", sep, $1; sep = " " }' rows; }
without() { # LIST TAKEN...
	list=$1
	shift
	for name in $list; do
		case " $* " in *" $name "*) ;; *) printf '%s ' "$name" ;; esac
	done | sed 's/ $//'
}

# A provider that is there gets as far as its first request, which nobody answers.
speaks() { # PROVIDER
	case $1 in
	rfc2136) set -- "$1" --set server=127.0.0.1:1 ;;
	cloudflare) set -- "$1" --set endpoint=https://127.0.0.1:1 --set api_token=env:T ;;
	*) return ;;
	esac
	said=$($clean T=0123456789abcdef0123456789abcdef01234567 "$program" dns check "$@" 2>&1)
	is "$build: $1 makes its first request" "$?" 3
	like '- which is refused there' "$said" "^dnseal: $1 .*127\.0\.0\.1:1: Connection refused"
}

is_absent() { # PROVIDER
	said=$($clean "$program" providers "$1" 2>&1)
	is "$build: nothing is known about $1" "$?" 1
	like '- it is not there' "$said" "^dnseal: $1: no such provider in this build"
	like '- how to get it' "$said" "install its package, or build with --with-providers=$1"
	said=$($clean "$program" dns check "$1" 2>&1)
	is '- nor can it be used' "$?" 1
	like '- for that reason' "$said" "$1: no such provider in this build"
}

is_there() { # PROVIDER KIND
	said=$($clean "$program" providers "$1" 2>&1)
	is "$build: $1 is described" "$?" 0
	like "- $2" "$said" "^  kind +$2, version [^,]+, ABI [0-9]"
}

# built NAME "SHARED" "STATIC" OPTIONS...: configure, build, install and run.
# shellcheck disable=SC2086 # lists of names
built() {
	build=$1 shared=$2 static=$3
	shift 3
	if test -d first; then
		mkdir "$build" && cp -a first/core first/.libs first/libcore.la "$build"
	else
		mkdir first && ln -s first "$build"
	fi
	ok "$build: configure $*" configured "$build" "$@" || { shown; return 1; }
	ok "$build: make install" compiled "$build" || { shown; return 1; }
	is "$build: the core is the same" "$(cmp first/core/config.h "$build/core/config.h" 2>&1)" ''
	program=$dir/$build/program
	plugins=$dir/$build/stage/opt/d/lib/dnseal/plugins.d
	printf '#!/bin/sh\nexec %s --state-dir %s --plugin-dir %s "$@"\n' \
		"$dir/$build/stage/opt/d/bin/dnseal" "$dir/$build/state" "$plugins" >"$program"
	chmod 755 "$program"
	is "$build: files" "$(find "$plugins" -type f 2>/dev/null | sed 's,.*/,,; s/\.so$//' | sort | tr '\n' ' ' |
		sed 's/ $//')" "$shared"
	$clean "$program" providers >rows 2>&1
	is "$build: plugins" "$(rows plugin)" "$shared"
	is "$build: built in" "$(rows 'built in')" "$static"
	is "$build: absent" "$(rows absent)" "$(without "$all" $shared $static)"
	is "$build: version and ABI" "$(grep -c '(version [^ ]*, ABI [0-9]' rows)" "$(set -- $shared $static; echo $#)"
	for name in $shared; do
		is_there "$name" plugin
		like "- in $name.so" "$(grep "^$name " rows)" "$plugins/$name\.so\)$"
		speaks "$name"
	done
	for name in $static; do
		is_there "$name" 'built in'
		speaks "$name"
	done
	for name in $(without "$all" $shared $static | cut -d ' ' -f 1-2); do is_absent "$name"; done
	return 0
}

built all "$all" '' || { # the others would only say the same
	done_testing
	exit 1
}
built two 'cloudflare hetzner' '' --with-providers=cloudflare,hetzner
built mixed "$(without "$all" cloudflare)" cloudflare --with-static-providers=cloudflare
built static '' "$all" --disable-shared
built none '' '' --with-providers=none
is 'one binary: no folder for plugins' "$(find static/stage -name 'plugins.d*')" ''

mkdir refused
refused() { # WHAT PATTERN OPTIONS...
	what=$1 pattern=$2
	shift 2
	configured refused "$@"
	is "$what is refused" "$?" 1
	like '- with the reason' "$(cat log)" "$pattern"
}
refused 'an unknown name' "no such provider: nosuch \(there are: $all\)" --with-providers=cloudflare,nosuch
refused 'an unknown name to link in' 'no such provider: nosuch' --with-static-providers=nosuch
refused 'plugins without shared libraries' 'plugins need shared libraries' \
	--disable-shared --with-providers=cloudflare

# A library that only one provider wants.
wants=$(cd "$srcdir/providers" && sed -n 's,^/\* pkg-config: *\([a-z0-9-]*\).*,\1,p' route53.c)
like 'route53 wants expat' "$wants" '^expat$'
printf '#!/bin/sh\ncase "$*" in *expat*) echo "no expat.pc" >&2; exit 1 ;; esac\nexec pkg-config "$@"\n' >pkg-config
chmod 755 pkg-config
rm cache
refused 'a provider whose library is missing' 'the provider route53 needs expat' \
	PKG_CONFIG="$dir/pkg-config"
like '- what to do' "$(cat log)" 'development package, or leave the provider out'
ok 'the others do not need it' configured refused PKG_CONFIG="$dir/pkg-config" \
	--with-providers=cloudflare,gandi || shown
done_testing
