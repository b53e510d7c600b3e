#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# autogen.sh - write what automake cannot find out by itself, the lists of files, then run autoreconf.
# Adding a source, a provider or a test is adding its file and running this again.
set -eu
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")"

# Names, sorted, of what find says.
list() { find "$@" 2>/dev/null | sort; }

# A make variable of these names; nothing when there are none.
variable() {
	printf '%s =' "$1"
	while read -r file; do printf ' \\\n\t%s' "$file"; done
	printf '\n'
}

# Replace a file only when it changes, so that nothing is rebuilt for nothing.
update() {
	cat >"$1.tmp"
	if cmp -s "$1.tmp" "$1"; then rm "$1.tmp"; else mv "$1.tmp" "$1"; fi
}

core() {
	list core -name '*.[ch]' ! -path core/app/main.c ! -path core/config.h ! -path 'core/sdk/*' |
		variable core_sources
}

# Libraries of its own that a provider names in a first line such as "/* pkg-config: expat */".
# configure.ac reads the same line and looks for them when the provider is chosen.
libraries() {
	grep -q '^/\* pkg-config: ' "providers/$1.c" || return 0
	cat <<-END
	plugins_d_$1_la_CFLAGS = \$(AM_CFLAGS) \$(provider_$1_CFLAGS)
	plugins_d_$1_la_LIBADD = \$(provider_$1_LIBS)
	providers_$1_la_CFLAGS = \$(AM_CFLAGS) \$(provider_$1_CFLAGS)
	providers_$1_la_LIBADD = \$(provider_$1_LIBS)
	END
}

# The two libraries of one provider; configure chooses by name which are built.
provider() {
	cat <<-END
	EXTRA_LTLIBRARIES += plugins.d/$1.la providers/$1.la
	plugins_d_$1_la_SOURCES = providers/$1.c
	plugins_d_$1_la_LDFLAGS = \$(shared_ldflags)
	providers_$1_la_SOURCES = providers/$1.c
	providers_$1_la_LDFLAGS = \$(static_ldflags)
	END
	libraries "$1"
}

providers() {
	echo 'EXTRA_LTLIBRARIES ='
	list providers -name '*.c' | sed 's,.*/,,; s,\.c$,,' | while read -r name; do
		case $name in
		*[!a-z0-9_]*) echo "autogen.sh: providers/$name.c: only a-z, 0-9 and _ in a name" >&2; exit 1 ;;
		esac
		provider "$name"
	done
}

# Files named in a first line such as "/* links: mock_http mock_resolve */": put in place of the
# core's own objects with the same functions.
links() {
	sed -n '1s,^/\* links: *\(.*[^ ]\) *\*/.*,\1,p' "$1" | tr -s ' ' '\n' | sed '/./s,.*, tests/&.c,' |
		tr -d '\n'
}

# A test program, and its tap.h for the tarball.
program() {
	id=$(echo "$1" | tr -c 'A-Za-z0-9\n' '_')
	echo "${id}_SOURCES = $1.c$(links "$1.c") $2"
}

# Those that take long first, so that no core is idle at the end.
long_first() {
	awk '/(-faults|crosscheck|builds|moods|scripts|route53|kill|canaries|presets|sweep|services|probe|bad_ca)[^\/]*\.t$/ { print; next }
		{ rest = rest $0 "\n" } END { printf "%s", rest }'
}

tests() {
	list tests/unit -name '*.c' | sed 's,\.c$,,' | variable unit_programs
	list tests/fuzz -name '*.c' ! -name replay.c | sed 's,\.c$,,' | variable fuzz_programs
	list tests -name '*.t' | long_first | variable test_scripts
	# Those in which an instrumented program sees more than others do.
	list tests -mindepth 2 -name '*.t' ! -name crosscheck.t ! -name '*-moto.t' ! -name presets.t |
		long_first | variable program_tests
	list tests -maxdepth 1 -name '*.t' ! -name builds.t | variable structure_tests
	list tests -type f ! -path 'tests/unit/*.c' ! -name '*.t' ! -name '*.pyc' ! -name '*.log' \
		! -name '*.trs' ! -name 'list.am*' ! -name '*.[oa]' ! -name '*.lo' ! -path '*/.*' \
		! -path 'tests/fuzz/corpus/*' |
		variable test_files
	list tests/fuzz/corpus -mindepth 1 -maxdepth 1 -type d | variable test_folders
	list tests/unit -name '*.c' | sed 's,\.c$,,' | while read -r name; do program "$name" tests/tap.h; done
	list tests/fuzz -name '*.c' ! -name replay.c | sed 's,\.c$,,' | while read -r name; do
		program "$name" "\$(fuzz_driver)"
	done
}

etc() {
	list etc/man -name '*.[1-9]' | variable man_pages
	list etc plugins.d core providers -type f \( -name README -o -path 'plugins.d/example/*' \
		-o -path 'providers/*.h' -o -path 'etc/*' \) \
		! -path 'etc/man/*.[1-9]' ! -path 'etc/build/*' ! -name 'list.am*' ! -path '*/.*' ! -name '*.o' |
		variable etc_files
	list etc/systemd -name '*.service' -o -name '*.timer' -o -name '*.path' | variable fixed_units
	list etc/systemd -name '*.in' | sed 's,\.in$,,' | variable units
	list etc/sysusers.d -name '*.conf' | variable sysusers
	list etc/tmpfiles.d -name '*.conf' | variable tmpfiles
	list etc/cron.d -name '*.in' | sed 's,\.in$,,' | variable crontabs
	# shellcheck disable=SC2016 # make expands it
	list etc -name '*.in' ! -path 'etc/build/*' | sed 's,\(.*\)\.in$,\1: & Makefile\n\t$(fill_in),'
}

core | update core/list.am
providers | update providers/list.am
tests | update tests/list.am
etc | update etc/list.am
# Its cache does not know that configure.ac looks into providers/.
rm -rf autom4te.cache
exec autoreconf --install --warnings=all "$@"
