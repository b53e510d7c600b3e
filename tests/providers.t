#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# providers.t - every provider of this build loads; a plugin exports one symbol and needs only libc.
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"

sanitized() { nm -D "$1" | grep -Eq '__(asan|ubsan|tsan|gcov)_'; }
exports() { nm -D --defined-only "$1" | awk '{ print $NF }' | grep -v '^_\(init\|fini\|edata\|end\)$\|^__bss_start$'; }
# Undefined, neither weak nor of the C library.
foreign() { nm -D --undefined-only "$1" | awk '$1 == "U" { print $2 }' | grep -v '@GLIBC_'; }
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^libc\.so\|^ld-linux'; }

for so in "$PLUGINS"/.libs/*.so; do
	test -f "$so" || continue
	name=$(basename "$so" .so)
	if sanitized "$so"; then
		skip "$name exports one symbol" 'instrumented build'
		skip "$name needs only libc" 'instrumented build'
	else
		is "$name exports one symbol" "$(exports "$so")" "${name}_LTX_seal_provider"
		is "$name needs only libc" "$(foreign "$so")$(needed "$so")" ''
	fi
done

for name in $PROVIDERS $STATIC_PROVIDERS; do
	text=$("$DNSEAL" --plugin-dir "$PLUGINS" providers "$name" 2>&1)
	is "$name loads" "$?" 0 || printf '%s\n' "$text" | sed 's/^/# /'
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
