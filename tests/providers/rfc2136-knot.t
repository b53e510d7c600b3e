#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# rfc2136-knot.t - the conformance suite with rfc2136 at Knot DNS.
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
KNOT_ZONES="$KNOT_ZONES badexample.test"
knot_start
configure <<END
dns wrong {
    type     rfc2136
    server   127.0.0.2
    key_name key-hmac-sha256.
    key      file:wrong
}
dns unknown {
    type     rfc2136
    server   127.0.0.2
    key_name nobody.
    key      file:tsig
}
dns unsigned {   # Knot lets loopback read
    type     rfc2136
    server   127.0.0.2
}
END
(umask 077; echo AAAAZXQgb2YgdGhlIHRlc3Qgd29ybGQsIDMyIG9jdGV0cw== >"$WORLD/wrong")

truth() { kdig +short +tcp @127.0.0.2 "$1.$ZONE" "$2" | sed 's/^"//; s/"$//'; }
DNS=knot ZONE=example.test OTHER=badexample.test IDN=münchen.test NOZONE=nowhere.test
WRONG=wrong READONLY=unsigned SECRET="$TSIG_SECRET AAAAZXQgb2YgdGhl"
conformance
race
like 'an unknown key is told from a wrong secret' "$(said check unknown "$ZONE")" BADKEY
like 'and a wrong secret from an unknown key' "$(said check wrong "$ZONE")" BADSIG
done_testing
