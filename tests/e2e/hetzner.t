#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# hetzner.t - certificates through Hetzner's API, from a real CA that looks at real name servers: what
# the API takes is published to Knot when its action is over.  A change for each name that is added
# and one for each that is removed, and looks at all their actions together.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
python3 -c 'import dns.update' 2>/dev/null || skip_all 'python3-dnspython is not installed'

api_start hetzner --action 0.2 --publish 127.0.0.2:53 --tsig "key-hmac-sha256.:hmac-sha256:$TSIG_SECRET" \
	example.test many.test

calls() { # of one kind since the last reset, or of all
	admin stats | python3 -c 'import json, sys
s = json.load(sys.stdin); print(s["by"].get(sys.argv[1], 0) if len(sys.argv) > 1 else s["requests"])' "$@"
}
calls_without() { echo $(($(calls) - $(calls 'GET actions'))); } # looks at actions
restart() { admin reset '{}' >/dev/null; }

(umask 077; echo editAa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3 >"$WORLD/hetzner.token")
names=
n=0
while test $n -lt 50; do
	names="$names name$n.many.test"
	n=$((n + 1))
done
cat >"$CONF" <<END
propagation { timeout 60s }
account test {
    ca      $CA_URL
    trust   $WORLD/trust.pem
    agreed
}
use-account test
dns hetzner {
    api_token file:hetzner.token
    endpoint  https://api.test/v1
    trust     $WORLD/trust.pem
}
certificate star { names example.test *.example.test }
certificate fifty { names $names }
END

ok 'a TXT value of somebody else, with a ttl of its own' \
	dnseal -q dns add hetzner many.test _acme-challenge.name7 TXT --ttl 7200 foreign
restart
ok 'wildcard and apex' dnseal -q issue star
is '- both names' "$(names_of "$(live star cert.pem)")" '*.example.test example.test'
ok '- key and certificate are a pair' pair_matches star
ok '- the chain verifies' chain_verifies star
is '- two changes: one adds, one removes' "$(calls 'POST add_records') $(calls 'POST remove_records')" '1 1'
is '- nothing else is asked but for the actions' "$(calls_without)" 2
ok "- at most two looks at each action ($(calls 'GET actions'))" test "$(calls 'GET actions')" -le 4
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''

ok 'the value of somebody else at our name' dnseal -q dns add hetzner example.test _acme-challenge TXT --ttl 300 foreign
restart
ok 'wildcard and apex once more' dnseal -q issue --force star
is '- the other ttl costs a look and another change' "$(calls_without)" 4
is '- the foreign value is still there, and no other' \
	"$(leftovers 127.0.0.2 example.test | sed 's/.*TXT[[:blank:]]*//')" '"foreign"'

restart
ok 'fifty names in one zone' dnseal -q issue fifty
is '- all are in it' "$(names_of "$(live fifty cert.pem)" | wc -w | tr -d ' ')" 50
is '- a change for each that is added and removed, and two for the one with the other ttl' \
	"$(calls_without)" 102
ok "- few looks at their actions ($(calls 'GET actions')); who looks at each alone needs a hundred" \
	test "$(calls 'GET actions')" -le 30
is '- of TXT only the foreign value is left in DNS' \
	"$(leftovers 127.0.0.2 many.test | sed 's/.*TXT[[:blank:]]*//')" '"foreign"'
done_testing
