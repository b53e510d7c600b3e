#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# rfc2136-bind.t - the conformance suite with rfc2136 at BIND, over UDP where it fits.
# shellcheck disable=SC2034,SC2154 # words from and for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/providers/conformance.sh
. "$srcdir/tests/providers/conformance.sh"
# shellcheck source=tests/providers/race.sh
. "$srcdir/tests/providers/race.sh"

world "$0" "$@"
world_needs named

# A BIND of our own: three zones, a key that may change them and one that may read them.
ZONE=bind.test OTHER=badbind.test
bind_zone() {
	leaf_zone "$1" ns3.test >"$WORLD/bind/$1"
	echo "zone \"$1\" { type primary; file \"$1\"; allow-update { key full.; };"
	echo "allow-transfer { key full.; key reader.; }; };"
}
mkdir -p "$WORLD/bind"
{
	echo "key full. { algorithm hmac-sha512; secret \"$TSIG_SECRET\"; };"
	echo "key reader. { algorithm hmac-sha256; secret \"$TSIG_SECRET\"; };"
	echo "options { directory \"$WORLD/bind\"; pid-file none; session-keyfile none; recursion no;"
	echo 'listen-on { 127.0.0.4; }; listen-on-v6 { none; }; dnssec-validation no; notify no; };'
	echo 'controls { };'
	for zone in $ZONE $OTHER xn--mnchen-3ya.test; do bind_zone "$zone"; done
} >"$WORLD/bind.conf"
start bind "$(own_program named)" -g -n 1 -c "$WORLD/bind.conf"
wait_zone 127.0.0.4 $ZONE

configure <<END
dns full {
    type      rfc2136
    server    127.0.0.4:53
    key       file:full.key
    transport udp
}
dns reader {
    type     rfc2136
    server   127.0.0.4
    key_name reader
    key      file:tsig
}
dns wrong {
    type     rfc2136
    server   127.0.0.4
    key_name full
    key_alg  HMAC-SHA512
    key      file:wrong
}
END
(
	umask 077
	echo AAAAZXQgb2YgdGhlIHRlc3Qgd29ybGQsIDMyIG9jdGV0cw== >"$WORLD/wrong"
	printf 'key "full." {\n\talgorithm hmac-sha512;\n\tsecret "%s";\n};\n' "$TSIG_SECRET" >"$WORLD/full.key"
)

truth() { kdig +short +tcp @127.0.0.4 "$1.$ZONE" "$2" | sed 's/^"//; s/"$//'; }
DNS=full IDN=münchen.test NOZONE=nowhere.test WRONG=wrong READONLY=reader
SECRET="$TSIG_SECRET AAAAZXQgb2YgdGhl"
conformance
race
like 'the remedy names the statement of BIND' "$(said add reader "$ZONE" a.conf TXT x)" 'allow-update'
done_testing
