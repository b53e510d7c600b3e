#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# digitalocean.t - the conformance suite with digitalocean at our copy of its API.
# shellcheck disable=SC2034,SC2154 # words from and for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/providers/conformance.sh
. "$srcdir/tests/providers/conformance.sh"

world "$0" "$@"
api_start digitalocean example.test badexample.test xn--mnchen-3ya.test

token() { # PATTERN: a token as the copy knows it
	printf 'dop_v1_%s' "$(yes "$1" | head -n 64 | tr -d '\n' | cut -c 1-64)"
}
block() { # NAME TOKEN [ENDPOINT]
	(umask 077; echo "$2" >"$WORLD/$1.token")
	cat <<-END
	dns $1 {
	    type      digitalocean
	    api_token file:$1.token
	    endpoint  ${3:-https://api.test/v2}
	    trust     $WORLD/trust.pem
	}
	END
}
{
	block full "$(token f0)"
	block bare "$(token f0)" https://api.test
	block reader "$(token ead0)"
	block keeper "$(token badde1e7)"
	block empty "$(token e0)"
	block wrong "$(token 0bad)"
	block malformed short
	block refresh "dor_v1_$(token f0)"
} >"$CONF"

DNS=full ZONE=example.test OTHER=badexample.test IDN=münchen.test NOZONE=nowhere.test
WRONG=wrong READONLY=reader MIN_TTL=30 MANY=300 LISTS=yes NO_TYPES=' TLSA ' ODD_TXT=no
SECRET="$(token f0) $(token 0bad)"
conformance

# ---- what only this service has

refused 'TLSA: the service has no such records' 'cannot hold TLSA' add "$DNS" "$ZONE" _25._tcp TLSA \
	'3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
refused 'TXT at the wildcard of the apex: the service says why' 'not a valid TXT record name' \
	add "$DNS" "$ZONE" '*' TXT x
refused 'parameters of CAA' 'takes no parameters' add "$DNS" "$ZONE" @ CAA \
	'0 issue "ca.example.net; validationmethods=dns-01"'
round_trip NS ns1.example.net ns2.example.net
round_trip SRV '0 0 0 .'
for data in '0 iodef "mailto:me@example.net"' '128 issue "ca.example.net"'; do
	done_and "CAA $data" dns add "$DNS" "$ZONE" caa.conf CAA "$data"
	is 'comes back as it was' "$(values caa.conf CAA)" "$data|"
	done_and 'and is removed' dns remove "$DNS" "$ZONE" caa.conf CAA "$data"
done
done_and 'a target in the zone, which the API shows as @' dns add "$DNS" "$ZONE" self.conf CNAME "$ZONE"
is 'is the zone' "$(values self.conf CNAME)" "$ZONE|"
done_and 'another target in its place' dns set "$DNS" "$ZONE" self.conf CNAME other.example.net
is 'alone' "$(values self.conf CNAME)" 'other.example.net|'
done_and 'and is removed' dns remove "$DNS" "$ZONE" self.conf CNAME other.example.net
is 'the SOA, of which the API shows only a number, is left out' "$(records | grep -c ' SOA ')" 0

done_and 'an endpoint without /v2' dns get bare "$ZONE"
is 'a token that is none: exit 6' "$(exit_of check malformed)" 6
like 'and what one looks like' "$(said check malformed)" 'dop_v1_ and 64 hex digits'
like 'a refresh token' "$(said check refresh)" 'is a refresh token'
like 'a token that may only read' "$(said check reader)" 'needs the scope domain:create'
like 'one that may not delete' "$(said check keeper "$ZONE")" 'needs the scope domain:delete'
is 'a token of a team without domains is good' "$(exit_of check empty)" 0
like 'but it is said what that leaves open' "$(said check empty)" 'sees no domain'
like 'and a zone is not there for it' "$(said check empty "$ZONE")" "$ZONE: no such domain"
is 'nothing is left behind by all that' "$(records | awk '$1 ~ /conf$/')" ''
done_testing
