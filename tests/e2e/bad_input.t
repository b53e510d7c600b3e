#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# bad_input.t - what people get wrong: each ends with a sentence that names culprit and remedy, the
# listed exit status, and live files untouched.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
bind_start
configure </dev/null
good=$CONF

ok 'a certificate to protect' dnseal -q issue www.example.test
fingerprint() { cat "$(live www.example.test privkey.pem)" "$(live www.example.test fullchain.pem)" | sha256sum; }
protected=$(fingerprint)
untouched() {
	is '- live files are untouched' "$(fingerprint)" "$protected"
	is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)$(leftovers 127.0.0.4 bind.test)" ''
}
# A configuration that differs in one thing.
changed() {
	CONF=$WORLD/changed.conf
	sed "$1" "$good" >"$CONF"
}
# Pebble takes a proof it has seen for one more order now and then, also at 0 %: so a name is new.
try=0
order_anew() {
	try=$((try + 1))
	dnseal issue --force --name www.example.test www.example.test new$try.example.test
}
LIMIT=60

# ---- credentials and zones
changed 's/key      file:tsig/key      file:wrong/'
(umask 077; echo d3Jvbmcgc2VjcmV0IG9mIHRoZSB0ZXN0IHdvcmxkLCAzMiBvYw== >"$WORLD/wrong")
refused 'a wrong secret, at Knot' 6 'knot.*(key|secret|signature|TSIG)' order_anew
untouched
refused 'a wrong secret, at BIND' 6 'bind.*(key|secret|signature|TSIG)' dnseal issue www.bind.test
untouched
changed 's/key_name key-hmac-sha256\./key_name nobody./'
refused 'a key that the server does not know' 6 'nobody' order_anew
untouched
changed 's/key      file:tsig/key      file:open/'
(umask 022; echo "$TSIG_SECRET" >"$WORLD/open")
refused 'a secret that everybody can read' 1 'open.*(chmod|permission|mode|read)' \
	dnseal issue --force www.example.test
untouched
changed 's/key      file:tsig/key      file:missing/'
refused 'a secret that is not there' 1 'missing' dnseal issue --force www.example.test
changed 's/server   127.0.0.2/server   127.0.0.4/'
refused 'a zone that this server does not have' 3 'example\.test' order_anew
untouched
changed 's/server   127.0.0.2/server   127.0.0.77/'
refused 'a name server that is not there' 3 '127\.0\.0\.77' order_anew
untouched
CONF=$good
refused 'a zone that no login serves' 1 'elsewhere\.test.*(dns|zone)' dnseal issue www.elsewhere.test
changed 's/    zones    example.test/    zones    lame.test gone.test example.test/'
refused 'a name without delegation' 3 'gone\.test' dnseal issue www.gone.test
refused 'a zone whose servers are dead' 3 'lame\.test' dnseal issue www.lame.test
untouched

# ---- the CA
changed 's,ca.test:14000,ca.test:14999,'
refused 'a CA that is not there' 3 'ca\.test.*14999' dnseal issue --force www.example.test
untouched
changed 's,ca.test:14000,nowhere.test:14000,'
refused 'a CA whose name does not exist' 3 'nowhere\.test' dnseal issue --force www.example.test
untouched
changed 's,trust.pem,other.pem,'
certtool --generate-privkey --key-type ecdsa --curve secp256r1 --outfile "$WORLD/other.key" >/dev/null 2>&1
certtool --generate-self-signed --load-privkey "$WORLD/other.key" --template "$WORLD/trust.tmpl" \
	--outfile "$WORLD/other.pem" >/dev/null 2>&1
refused 'the wrong trust file' 3 'trust' dnseal issue --force www.example.test
untouched
changed 's,trust.pem,nothing.pem,'
refused 'no trust file' 1 'nothing\.pem' dnseal issue --force www.example.test
untouched
changed 's,    agreed,,'
mv "$STATE/accounts" "$WORLD/accounts"
refused 'terms that nobody agreed to' 6 'terms|agree' dnseal --no-input issue --force www.example.test
rm -rf "$STATE/accounts"
mv "$WORLD/accounts" "$STATE/accounts"
untouched

# ---- names
CONF=$good
cd "$WORLD" && mkdir -p glob && cd glob && touch www.example.test mail.example.test || exit 99
# shellcheck disable=SC2035 # what a person types
refused 'a wildcard without quotes' 1 "quote|'\\*\.example" dnseal issue *.example.test
cd "$WORLD" || exit 99
refused 'an address' 1 '192\.0\.2\.1' dnseal issue 192.0.2.1
refused 'a wildcard in the middle' 1 'a\.\*\.example\.test' dnseal issue 'a.*.example.test'
refused 'an empty name' 1 'name' dnseal issue ''
refused 'a name with a blank' 1 'blank' dnseal issue 'www example.test'
refused 'a name with terminal escapes' 1 'x1B' dnseal issue "$(printf 'www\033[2J.example.test')"
refused 'a name of 300 octets' 1 'long|name' dnseal issue "$(printf '%0300d' 0).test"

# ---- configuration
CONF=$WORLD/changed.conf
size=$(wc -c <"$good")
for cut in 120 300 500 $((size - 2)); do
	head -c "$cut" "$good" >"$CONF"
	refused "a configuration that ends after $cut octets" 1 'changed\.conf:[0-9]+' \
		dnseal issue --force www.example.test
done
changed 's/use-account/use-acount/'
refused 'a misspelt directive' 1 'changed\.conf:[0-9]+.*use-acount.*use-account' dnseal issue --force www.example.test
changed 's/    trust /    trusts /'
refused 'a misspelt word in a block' 1 'changed\.conf:[0-9]+.*trusts.*trust' dnseal issue --force www.example.test
changed 's/type     rfc2136/type     rfc2163/'
refused 'a misspelt provider' 1 'rfc2163.*rfc2136' dnseal issue --force www.example.test
changed 's/key_name/key_nam/'
refused 'a misspelt option of a provider' 1 'key_nam.*key_name' dnseal issue --force www.example.test
changed 's/use-account test/use-account toast/'
refused 'an account that is not there' 1 'toast' dnseal issue --force www.example.test
CONF=$WORLD/absent.conf
refused 'a configuration that is not there' 1 'absent\.conf' dnseal issue --force www.example.test
CONF=$good
refused 'an unknown option' 1 'nosuch' dnseal issue --nosuch www.example.test
refused 'an unknown command' 1 'isue.*issue' dnseal isue www.example.test
refused 'no name' 1 'issue' dnseal issue
untouched

# ---- storage
state=$STATE STATE=$WORLD/readonly
mkdir "$STATE"
mount --bind "$STATE" "$STATE" && mount -o remount,ro,bind "$STATE"
refused 'a state folder on a read-only file system' 7 'readonly' dnseal issue www.example.test
STATE=$WORLD/writable
mkdir "$STATE" && chmod 777 "$STATE"
refused 'a state folder that everybody may write' 7 'writable.*(chmod|mode|write)' dnseal issue www.example.test
STATE=$WORLD/file
echo >"$STATE"
refused 'a state folder that is a file' 7 'file' dnseal issue www.example.test
umount "$WORLD/readonly"

STATE=$WORLD/full
mkdir "$STATE"
mount -t tmpfs -o size=256k,mode=711 tmpfs "$STATE"
ok 'room for one certificate' dnseal -q issue www.example.test
orders=$(grep -c 'POST /order-plz' "$WORLD/pebble.log")
whole=$(cat "$(live www.example.test privkey.pem)" "$(live www.example.test fullchain.pem)" | sha256sum)
dd if=/dev/zero of="$STATE/filler" bs=4k 2>/dev/null
refused 'a full disk' 7 'full|space' dnseal issue --force www.example.test
is '- the CA was not asked for a certificate' "$(grep -c 'POST /order-plz' "$WORLD/pebble.log")" "$orders"
is '- live files are untouched' \
	"$(cat "$(live www.example.test privkey.pem)" "$(live www.example.test fullchain.pem)" | sha256sum)" "$whole"
rm "$STATE/filler"
ok '- and when there is room again, all is well' dnseal -q issue --force www.example.test
umount "$STATE"
STATE=$state
untouched
done_testing
