#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# manual.t - the sample and the manual's examples are read, commands and options are described.
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"

test -x "$DNSEAL" || skip_all 'the program is not built'
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
umask 022

# reads "what" FILE: without an error, and without a word.
reads() {
	said=$("$DNSEAL" --state-dir "$dir/state" -c "$2" config show 2>&1 >/dev/null </dev/null)
	is "$1" "$? $said" '0 '
}

cat "$srcdir/etc/dnseal.conf" >"$dir/sample.conf"
reads 'the sample, as it is' "$dir/sample.conf"
sed -e 's/^\( *\)#\([^ ]\)/\1\2/' -e "s/group  *mail/group $(id -gn)/" \
	"$dir/sample.conf" >"$dir/whole.conf"
reads 'the sample, with everything in use' "$dir/whole.conf"

# Examples of dnseal.conf(5) that begin with a word of ours.
awk -v dir="$dir" '
	/^\.Bd -literal/ { n++; next }
	/^\.Ed/ { n++; next }
	n % 2 { gsub(/\\\(dq/, "\""); print >(dir "/example-" n ".conf") }' "$srcdir/etc/man/dnseal.conf.5"
for file in "$dir"/example-*.conf; do
	grep -q '^update-policy' "$file" || reads "dnseal.conf(5), $(sed -n 1p "$file")" "$file"
done

missing=
for option in $(for command in '' issue check dns accounts cleanup version; do
	"$DNSEAL" help $command | sed -n 's/^  [- ][a-zA-Z ][, ] --\([a-z-]*\).*/\1/p'
done | sort -u); do
	grep -q -e "Fl -$option\( \|$\)" "$srcdir/etc/man/dnseal.1" || missing="$missing --$option"
done
is 'every option is in dnseal(1)' "$missing" ''
missing=
for command in $("$DNSEAL" help | sed -n 's/^  \([a-z]\{2,\}\) .*/\1/p'); do
	grep -q "^\.It Cm $command" "$srcdir/etc/man/dnseal.1" || missing="$missing $command"
done
is 'every command is in dnseal(1)' "$missing" ''
done_testing
