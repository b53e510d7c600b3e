#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# cloudflare.t - certificates through Cloudflare's API, from a real CA that looks at real name servers:
# what the API takes is published to Knot.  Two changes whatever the number of names.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start
python3 -c 'import dns.update' 2>/dev/null || skip_all 'python3-dnspython is not installed'

api_start cloudflare --publish 127.0.0.2:53 --tsig "key-hmac-sha256.:hmac-sha256:$TSIG_SECRET" \
	example.test many.test

calls() { # of one kind since the last reset, or of all
	admin stats | python3 -c 'import json, sys
s = json.load(sys.stdin); print(s["by"].get(sys.argv[1], 0) if len(sys.argv) > 1 else s["requests"])' "$@"
}

(umask 077; echo edit-0123456789abcdefghijklmnopqrstuvwxy >"$WORLD/cloudflare.token")
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
dns cloudflare {
    api_token file:cloudflare.token
    endpoint  https://api.test/client/v4
    trust     $WORLD/trust.pem
}
certificate star { names example.test *.example.test }
certificate fifty { names $names }
END

ok 'a TXT value of somebody else' dnseal -q dns add cloudflare example.test _acme-challenge TXT foreign
before=$(calls)
ok 'wildcard and apex' dnseal -q issue star
is '- both names' "$(names_of "$(live star cert.pem)")" '*.example.test example.test'
ok '- key and certificate are a pair' pair_matches star
ok '- the chain verifies' chain_verifies star
is '- three API calls: the zone, one batch to add, one to remove' $(($(calls) - before)) 3
is '- of them two batches' "$(($(calls 'POST batch') - 1))" 2
like '- the foreign value is still there' "$(leftovers 127.0.0.2 example.test)" foreign
is '- and no other' "$(leftovers 127.0.0.2 example.test | wc -l | tr -d ' ')" 1

before=$(calls)
ok 'fifty names in one zone' dnseal -q issue fifty
is '- all are in it' "$(names_of "$(live fifty cert.pem)" | wc -w | tr -d ' ')" 50
is '- three API calls as well' $(($(calls) - before)) 3
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 many.test)" ''

# Eight certificates at once: what waits for the zone goes together.
for n in 1 2 3 4 5 6 7 8; do
	echo "certificate c$n { names c$n.many.test *.c$n.many.test }"
done >>"$CONF"
before=$(calls)
batches=$(calls 'POST batch')
dnseal -q renew c1 c2 c3 c4 c5 c6 c7 c8
is 'eight certificates in one zone' $? 0
for n in 1 8; do ok '- each a pair' pair_matches c$n; done
made=$(($(calls 'POST batch') - batches))
echo "# $made batches, $(($(calls) - before)) calls"
ok "- fewer than sixteen batches: $made" test $made -lt 16
ok '- and only the look-up of the zone beside them' test $(($(calls) - before - made)) -le 1
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 many.test)" ''
done_testing
