#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# cloudflare.t - the conformance suite with cloudflare at our copy of its API.
# shellcheck disable=SC2034,SC2154 # words from and for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/providers/conformance.sh
. "$srcdir/tests/providers/conformance.sh"

world "$0" "$@"
api_start cloudflare example.test badexample.test xn--mnchen-3ya.test

block() { # NAME TOKEN
	(umask 077; echo "$2" >"$WORLD/$1.token")
	cat <<-END
	dns $1 {
	    type      cloudflare
	    api_token file:$1.token
	    endpoint  https://api.test/client/v4
	    trust     $WORLD/trust.pem
	}
	END
}
{
	block full edit-0123456789abcdefghijklmnopqrstuvwxy
	block reader read-0123456789abcdefghijklmnopqrstuvwxy
	block wrong wrong-0123456789abcdefghijklmnopqrstuvwx
	block blind blind-0123456789abcdefghijklmnopqrstuvwx
	block malformed 'short'
} >"$CONF"

DNS=full ZONE=example.test OTHER=badexample.test IDN=münchen.test NOZONE=nowhere.test
WRONG=wrong READONLY=reader MIN_TTL=60 LISTS=yes
SECRET='edit-0123456789abcdefghijklmnopqrstuvwxy wrong-0123456789abcdefghijklmnopqrstuvwx'
conformance
like 'a token that sees no zone: the remedy' "$(said get blind "$ZONE")" 'Zone > Zone > Read'
is 'a malformed token: exit 6' "$(exit_of check malformed)" 6
is 'what another product manages is left alone' "$(truth _managed TXT)" 'not yours'
done_testing
