#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# plugins.t - plugins that are broken in every way: one sentence for each, and the others work.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
good=$PLUGINS/.libs/rfc2136.so
test -f "$good" || skip_all 'rfc2136 is not built as a plugin'
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
umask 022
mkdir "$dir/plugins" "$dir/old"
cd "$dir" || exit 99

# plugin NAME [FLAGS...]: compile what is on standard input to plugins/NAME.so.
plugin() {
	cat >"$1.c"
	name=$1
	shift
	# shellcheck disable=SC2086 # CC may have options
	$CC -std=gnu11 -fPIC -shared -I"$srcdir/core/sdk" -o "plugins/$name.so" "$name.c" "$@" || exit 99
}
check='static enum seal_status check(struct seal_op *o, const char *z) { (void)z; return o ? 0 : 1; }'

cp "$good" plugins/rfc2136.so
: >plugins/empty.so
echo 'not a shared object, but long enough to be taken for the header of one, if nobody looked' >plugins/text.so
head -c 3000 "$good" >plugins/cut.so
cp "$good" plugins/renamed.so
cp "$good" plugins/writable.so
chmod 666 plugins/writable.so
ln -s rfc2136.so plugins/link.so

sed 's/define SEAL_ABI 2u/define SEAL_ABI 1u/' "$srcdir/core/sdk/dnseal/provider.h" >old/provider.h
ok 'an old header' grep -q 'SEAL_ABI 1u' old/provider.h
printf '#include "%s/old/provider.h"\n%s\nSEAL_PROVIDER(old, .check = check);\n' "$dir" "$check" | plugin old
printf '#include <dnseal/provider.h>\n%s\nint gone(void);\nSEAL_PROVIDER(needs, .check = check, .flags = 0, .batch = 1);\nint f(void) { return gone(); }\n' \
	"$check" >needs.body
echo 'int gone(void); int gone(void) { return 0; }' >gone.c
$CC -fPIC -shared -o libgone.so gone.c
plugin needs -L. -lgone -Wl,--no-as-needed <needs.body
rm libgone.so
sed 's/needs/unbound/' needs.body | plugin unbound -Wl,-z,lazy
printf '#include <dnseal/provider.h>\nint f(void);\nint f(void) { return 0; }\n' | plugin nothing
printf '#include <dnseal/provider.h>\n%s\nextern SEAL_EXPORT const struct seal_provider alias_LTX_seal_provider;\nconst struct seal_provider alias_LTX_seal_provider = { .abi = SEAL_ABI, .size = sizeof(struct seal_provider), .name = "bind", .check = check };\n' \
	"$check" | plugin alias
printf '#include <dnseal/provider.h>\n%s\nextern SEAL_EXPORT const struct seal_provider small_LTX_seal_provider;\nconst struct seal_provider small_LTX_seal_provider = { .abi = SEAL_ABI, .size = 24, .name = "small", .check = check };\n' \
	"$check" | plugin small
printf '#include <dnseal/provider.h>\n%s\nSEAL_PROVIDER(fine, .label = "A fine one", .version = "7", .check = check);\n' "$check" |
	plugin fine

run() {
	"$DNSEAL" --plugin-dir "$dir/plugins" --state-dir "$dir/state" "$@" >out 2>err </dev/null
	status=$?
}
run providers
is 'all are listed' "$status" 0
# row NAME PATTERN: the plugin's rows.
row() { like "$1: $2" "$(grep -A 1 "^$1 " out | tr '\n' ' ' | tr -s ' ')" "$2"; }
row rfc2136 "^rfc2136 plugin .*version [^,]*, ABI 2, $dir/plugins/rfc2136.so"
row fine "^fine plugin A fine one \(version 7, ABI 2, $dir/plugins/fine.so\)"
row empty '^empty refused .*empty.so: is empty .*install the plugin again'
row text '^text refused .*is no ELF file'
row cut '^cut refused .*is cut short'
row renamed '^renamed refused .*has no symbol renamed_LTX_seal_provider'
row nothing '^nothing refused .*has no symbol nothing_LTX_seal_provider .*SEAL_PROVIDER'
row alias "^alias refused .*calls itself 'bind', expected 'alias'"
row small '^small refused .*has 24 octets, expected [0-9]+ rebuild the plugin with this'
row old '^old refused .*is for plugin ABI 1, this dnseal has ABI 2 rebuild the plugin with this'
row writable '^writable refused .*others than its owner can write it \(mode 0666\) chmod go-w'
row link '^link refused .*is a symbolic link'
row needs '^needs refused .*libgone.so: cannot open shared object file.*install the library'
row unbound '^unbound refused .*undefined symbol: gone'

run --json providers
is 'as JSON' "$status" 0
like '- with the reason' "$(cat out)" '"name":"old","kind":"plugin","problem":"[^"]*ABI 1[^"]*","hint":"rebuild'

# A configuration that has nothing to do with them does not notice.
cat >dnseal.conf <<-END
	dns fine
	dns here { type rfc2136 server 127.0.0.1:1 }
END
chmod 600 dnseal.conf
run -c "$dir/dnseal.conf" dns check fine
is 'a block of a good plugin works beside them' "$status $(cat err)" '0 '
echo 'dns old' >>dnseal.conf
run -c "$dir/dnseal.conf" dns check fine
is 'also beside a block of a broken one' "$status $(cat err)" '0 '
run -c "$dir/dnseal.conf" dns check old
is 'the broken one: status 1' "$status" 1
like '- why' "$(cat err)" 'old.so: is for plugin ABI 1, this dnseal has ABI 2'
like '- and what to do' "$(cat err)" 'rebuild the plugin'
like '- with its place' "$(cat err)" 'dnseal.conf:3: '
run providers old
is 'about the broken one: status 1' "$status" 1
like '- why, too' "$(cat err)" 'is for plugin ABI 1'

# The folder above decides too.
mkdir -p above/plugins
cp plugins/fine.so above/plugins
chmod 777 above
"$DNSEAL" --plugin-dir "$dir/above/plugins" providers >out 2>&1
row fine "^fine refused .*the folder $dir/above above it: others than its owner can write it"
done_testing
