#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# digitalocean.t - certificates through DigitalOcean's API, from a real CA that looks at real name
# servers: what the API takes is published to Knot.  A request for each value that is added and one
# for each that is removed, and no other.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
python3 -c 'import dns.update' 2>/dev/null || skip_all 'python3-dnspython is not installed'

api_start digitalocean --publish 127.0.0.2:53 --tsig "key-hmac-sha256.:hmac-sha256:$TSIG_SECRET" \
	example.test many.test

calls() { # of one kind since the start, or of all
	admin stats | python3 -c 'import json, sys
s = json.load(sys.stdin); print(s["by"].get(sys.argv[1], 0) if len(sys.argv) > 1 else s["requests"])' "$@"
}

(umask 077; echo "dop_v1_$(printf '%064d' 0 | sed 's/00/f0/g')" >"$WORLD/digitalocean.token")
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
dns digitalocean {
    api_token file:digitalocean.token
    endpoint  https://api.test
    trust     $WORLD/trust.pem
}
certificate star { names example.test *.example.test }
certificate fifty { names $names }
END

ok 'a TXT value of somebody else' dnseal -q dns add digitalocean example.test _acme-challenge TXT foreign
before=$(calls) looked=$(calls 'GET records')
ok 'wildcard and apex' dnseal -q issue star
is '- both names' "$(names_of "$(live star cert.pem)")" '*.example.test example.test'
ok '- key and certificate are a pair' pair_matches star
ok '- the chain verifies' chain_verifies star
is '- four API calls: two values come, two go' $(($(calls) - before)) 4
is '- nothing was looked up' $(($(calls 'GET records') - looked)) 0
like '- the foreign value is still there' "$(leftovers 127.0.0.2 example.test)" foreign
is '- and no other' "$(leftovers 127.0.0.2 example.test | wc -l | tr -d ' ')" 1

before=$(calls)
ok 'fifty names in one zone' dnseal -q issue fifty
is '- all are in it' "$(names_of "$(live fifty cert.pem)" | wc -w | tr -d ' ')" 50
is '- a hundred API calls: no service has fewer for values that come and go one by one' \
	$(($(calls) - before)) 100
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 many.test)" ''
done_testing
