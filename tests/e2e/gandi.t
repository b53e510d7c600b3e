#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# gandi.t - certificates through Gandi's API, from a real CA that looks at real name servers: what the
# API takes is published to Knot.  A request a name to add, a request a name to remove, and one look.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
python3 -c 'import dns.update' 2>/dev/null || skip_all 'python3-dnspython is not installed'

api_start gandi --publish 127.0.0.2:53 --tsig "key-hmac-sha256.:hmac-sha256:$TSIG_SECRET" \
	example.test many.test

calls() { # of one kind since the last reset, or of all
	admin stats | python3 -c 'import json, sys
s = json.load(sys.stdin); print(s["by"].get(sys.argv[1], 0) if len(sys.argv) > 1 else s["requests"])' "$@"
}
reset() { admin reset '{}' >/dev/null; }

(umask 077; echo e0123456789abcdef0123456789abcdef0123456 >"$WORLD/gandi.token")
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
dns gandi {
    bearer_token file:gandi.token
    endpoint     https://api.test/v5/livedns
    trust        $WORLD/trust.pem
}
certificate star { names example.test *.example.test }
certificate beside { names example.test *.example.test }
certificate fifty { names $names }
END

# lego 4: GET and PUT for each value to add, DELETE for each to remove.
ok 'wildcard and apex' dnseal -q issue star
is '- both names' "$(names_of "$(live star cert.pem)")" '*.example.test example.test'
ok '- key and certificate are a pair' pair_matches star
ok '- the chain verifies' chain_verifies star
is '- three API calls: both added at once, a look, both removed at once (lego: 6)' "$(calls)" 3
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''

ok 'a TXT value of somebody else' dnseal -q dns add gandi example.test _acme-challenge TXT foreign
reset
ok 'wildcard and apex beside it' dnseal -q issue beside
is '- both names' "$(names_of "$(live beside cert.pem)")" '*.example.test example.test'
is '- seven API calls: each change reads before and after it (lego: 6, and the value is lost)' "$(calls)" 7
like '- the foreign value is still there' "$(leftovers 127.0.0.2 example.test)" foreign
is '- and no other' "$(leftovers 127.0.0.2 example.test | wc -l | tr -d ' ')" 1

reset
ok 'fifty names in one zone' dnseal -q issue fifty
is '- all are in it' "$(names_of "$(live fifty cert.pem)" | wc -w | tr -d ' ')" 50
is '- fifty to add' "$(calls 'POST set')" 50
is '- one look at the zone' "$(calls 'GET records')" 1
is '- fifty to remove' "$(calls 'DELETE set')" 50
is '- and none besides: 101 (lego: 150)' "$(calls)" 101
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 many.test)" ''
done_testing
