#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# providers.t - every provider of this build loads; a plugin exports one symbol and needs only libc
# and the libraries that it says it needs.
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"

sanitized() { nm -D "$1" | grep -Eq '__(asan|ubsan|tsan|gcov)_'; }
exports() { nm -D --defined-only "$1" | awk '{ print $NF }' | grep -v '^_\(init\|fini\|edata\|end\)$\|^__bss_start$'; }
# Undefined, neither weak nor of the C library.
undefined() { nm -D --undefined-only "$1" | awk '$1 == "U" { print $2 }' | grep -v '@GLIBC_' | sed 's/@.*//'; }
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^libc\.so\|^ld-linux'; }

# Files of the libraries that a provider names in its first line ("/* pkg-config: expat */").
own_libraries() { # NAME PLUGIN
	modules=$(sed -n '1s,^/\* pkg-config: *\(.*[^ ]\) *\*/$,\1,p' "$srcdir/providers/$1.c")
	test -n "$modules" || return
	for l in $(pkg-config --libs-only-l "$modules"); do
		ldd "$2" | awk -v name="lib${l#-l}.so" 'index($1, name) == 1 { print $3 }'
	done
}

# What a plugin needs beside libc and its own libraries: symbols and files.
foreign() { # NAME PLUGIN
	own=$(own_libraries "$1" "$2")
	# shellcheck disable=SC2086 # paths without blanks
	given=$(test -z "$own" || nm -D --defined-only $own | awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }')
	undefined "$2" | grep -Fvx -e "${given:-nothing}"
	# shellcheck disable=SC2086 # likewise
	needed "$2" | grep -Fvx -e "$(test -z "$own" || basename -a $own)"
}

for so in "$PLUGINS"/.libs/*.so; do
	test -f "$so" || continue
	name=$(basename "$so" .so)
	if sanitized "$so"; then
		skip "$name exports one symbol" 'instrumented build'
		skip "$name needs only libc and its own libraries" 'instrumented build'
	else
		is "$name exports one symbol" "$(exports "$so")" "${name}_LTX_seal_provider"
		is "$name needs only libc and its own libraries" "$(foreign "$name" "$so")" ''
	fi
done

for name in $PROVIDERS $STATIC_PROVIDERS; do
	text=$("$DNSEAL" --plugin-dir "$PLUGINS" providers "$name" 2>&1)
	is "$name loads" "$?" 0 || printf '%s\n' "$text" | sed 's/^/# /'
	for part in '  kind ' '  manual +https://' '  operations +check( zones)? get add set remove' '  records ' \
		options rights example; do
		like "- its description has: $part" "$text" "^$part"
	done
done
text=$("$DNSEAL" --plugin-dir "$PLUGINS" providers 2>&1)
is 'the list is printed' "$?" 0
for name in $PROVIDERS $STATIC_PROVIDERS; do
	like "$name is in the list" "$text" "(^|[^a-z0-9_])$name([^a-z0-9_]|\$)"
done
"$DNSEAL" --plugin-dir "$PLUGINS" providers nosuchprovider >/dev/null 2>&1
is 'an unknown provider is a usage error' "$?" 1
"$DNSEAL" --plugin-dir "$PLUGINS" providers ../rfc2136 >/dev/null 2>&1
is 'a path is no provider name' "$?" 1
done_testing
