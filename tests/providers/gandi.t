#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# gandi.t - the conformance suite with gandi at our copy of its API.
# shellcheck disable=SC2034,SC2154 # words from and for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/providers/conformance.sh
. "$srcdir/tests/providers/conformance.sh"

world "$0" "$@"
api_start gandi example.test badexample.test xn--mnchen-3ya.test

edit=e0123456789abcdef0123456789abcdef0123456
read=a0123456789abcdef0123456789abcdef0123456
wrong=b0123456789abcdef0123456789abcdef0123456
block() { # NAME TOKEN [OPTION]
	(umask 077; echo "$2" >"$WORLD/$1.token")
	cat <<-END
	dns $1 {
	    type      gandi
	    ${3:-bearer_token} file:$1.token
	    endpoint  https://api.test/v5/livedns
	    trust     $WORLD/trust.pem
	}
	END
}
{
	block full $edit
	block reader $read
	block wrong $wrong
	block old k1234567890abcdefGHIJKLM api_key
} >"$CONF"

DNS=full ZONE=example.test OTHER=badexample.test IDN=münchen.test NOZONE=nowhere.test
WRONG=wrong READONLY=reader MIN_TTL=300 LISTS=yes CONF_TTL=600
SECRET="$edit $wrong k1234567890abcdefGHIJKLM"
conformance
done_and 'the old key does it too' dns add old "$ZONE" old.conf TXT --ttl 300 x
done_and 'and takes it back' dns remove old "$ZONE" old.conf TXT x
done_and 'and may look' dns check old "$ZONE"
done_testing
