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

# -- providers: their own examples and the sample's blocks are taken, their options are described
mkdir "$dir/conf"
chmod 755 "$dir"
for secret in cloudflare.token hetzner.token digitalocean.token gandi.token route53.secret bind.tsig; do
	echo 0123456789abcdef0123456789abcdef01234567 >"$dir/conf/$secret"
done
cp "$dir/conf/bind.tsig" "$dir/conf/dnseal.tsig"
chmod 600 "$dir"/conf/*
# takes "what" FILE BLOCK: with a dry run, for which the provider's options are read, and no more.
takes() {
	said=$(env -i PATH="$PATH" HOME="$dir" "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$dir/state" \
		-c "$2" dns add "$3" example.org x TXT text -n 2>&1 </dev/null)
	is "$1" "$?" 0 || printf '%s\n' "$said" | sed 's/^/# /'
}
sed "/corp-root.pem/d" "$dir/whole.conf" >"$dir/conf/whole.conf"
chmod 600 "$dir/conf/whole.conf"
for name in $PROVIDERS $STATIC_PROVIDERS; do
	about=$("$DNSEAL" --plugin-dir "$PLUGINS" --json providers "$name")
	"$DNSEAL" --plugin-dir "$PLUGINS" providers "$name" | sed '1,/^example$/d' >"$dir/conf/$name.conf"
	block=$(sed -n 's/^ *dns \([a-z0-9_]*\).*/\1/p' "$dir/conf/$name.conf")
	takes "the example of $name" "$dir/conf/$name.conf" "$block"
	block=$name
	test "$name" != rfc2136 || block=bind
	takes "$name in the sample" "$dir/conf/whole.conf" "$block"
	awk -v name="$name" '/^\.S[sh]/ { on = $0 == ".Ss " name } on' "$srcdir/etc/man/dnseal.conf.5" >"$dir/section"
	missing=
	for option in $(printf '%s\n' "$about" | grep -o '{"name":"[a-z0-9_]*"' | sed 's/.*:"//; s/"//'); do
		grep -Eq "Ic $option( |\$)" "$dir/section" || missing="$missing $option"
	done
	for variable in $(printf '%s\n' "$about" | grep -o '"[a-z_]*env":"[^"]*"' | sed 's/.*:"//; s/"//'); do
		grep -Eq "^\.Ev (.* )?$variable( |\$)" "$dir/section" || missing="$missing \$$variable"
	done
	is "dnseal.conf(5) describes the options of $name" "$missing" ''
done

# -- provider(7)
page=$srcdir/etc/man/provider.7 header=$srcdir/core/sdk/dnseal/provider.h
uncommented() {
	awk '{ out = ""
		for (line = $0; line != "";) {
			i = index(line, comment ? "*/" : "/*")
			if (!comment) out = out (i ? substr(line, 1, i - 1) : line)
			line = i ? substr(line, i + 2) : ""
			if (i) comment = !comment
		}
		print out }' "$header"
}
# Words of the header that the page must have: constants, functions, members of its structs.
header_words() {
	uncommented | grep -ow 'SEAL_[A-Z0-9_]*'
	uncommented | sed -n 's/^static inline .*\(seal_[a-z_]*\)(.*/\1/p; s/^\(seal_[a-z_]*\)(.*/\1/p'
	uncommented | awk '/^struct seal_[a-z_]* *{/ { on = 1; next } /^}/ { on = 0 } on' | tr '\n\t' '  ' |
		tr ';' '\n' | awk '
		match($0, /\(\*[a-z_0-9]+\)/) { print substr($0, RSTART + 2, RLENGTH - 3); next }
		{ gsub(/[*]/, " "); n = split($0, part, ",")
			for (i = 1; i <= n; i++) { m = split(part[i], w, " "); if (m) print w[m] } }'
}
missing=
for word in $(header_words | sort -u); do
	grep -Eq "(^|[^A-Za-z0-9_])$word([^A-Za-z0-9_]|\$)" "$page" || missing="$missing $word"
done
is 'provider(7) has every word of the header' "$missing" ''
ok '- of which there are many' test "$(header_words | sort -u | wc -l)" -gt 150

# The page's example is compiled, and its play is played with it.
literal() { # PATTERN of its first line
	awk -v first="$1" '/^\.Bd -literal/ { getline; on = $0 ~ first }
		/^\.Ed/ { on = 0 }
		on { gsub(/\\\(dq/, "\""); gsub(/\\e/, "\\"); print }' "$page"
}
mkdir "$dir/tiny"
literal '^/. tiny' >"$dir/tiny.c"
# shellcheck disable=SC2086 # CC may have options
said=$($CC -std=gnu11 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -Wl,-z,defs -Wl,-z,now \
	-I"$srcdir/core/sdk" -o "$dir/tiny.so" "$dir/tiny.c" 2>&1)
is 'the example of provider(7) compiles' "$? $said" '0 '
said=$("$DNSEAL" --plugin-dir "$dir" providers tiny 2>&1)
is 'the example loads' "$?" 0
like '- and describes itself' "$said" 'else from \$TINY_API_TOKEN'
literal '^# One value is there' >"$dir/tiny/one.play"
player=${builddir:-.}/tests/unit/provider_play
if test -x "$player"; then
	said=$("$player" --plugin-dir "$dir" "$dir/tiny/one.play" 2>&1)
	is 'its play is played' "$?" 0 || printf '%s\n' "$said" | sed 's/^/# /'
else
	skip 'its play is played' 'tests/unit/provider_play is not built'
fi
done_testing
