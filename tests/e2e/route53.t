#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# route53.t - certificates through the API of Route 53, from a real CA that looks at real name
# servers: what the API takes is published to Knot a second later, when the change is INSYNC.
# Two changes whatever the number of names.
# shellcheck disable=SC2154 # words of world.sh
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
case " $PROVIDERS $STATIC_PROVIDERS " in
*' route53 '*) ;;
*) skip_all 'route53 is not built' ;;
esac
world "$0" "$@"
for word in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$word"; done
python3 -c 'import dns.update' 2>/dev/null || skip_all 'python3-dnspython is not installed'
world_start
api_start route53 --pending 1 --publish 127.0.0.2:53 --tsig "key-hmac-sha256.:hmac-sha256:$TSIG_SECRET" \
	example.test many.test

calls() { # of one kind since the last reset, or of all
	admin stats | python3 -c 'import json, sys
s = json.load(sys.stdin); print(s["by"].get(sys.argv[1], 0) if len(sys.argv) > 1 else s["requests"])' "$@"
}
polls() { calls 'GET change'; }
calm() { admin reset '{}' >/dev/null; }
# What is removed goes when that change is INSYNC, for which nobody waits.
gone() { # ZONE
	n=0
	while leftovers 127.0.0.2 "$1" | grep -qv foreign && test $n -lt 100; do
		n=$((n + 1))
		sleep 0.1
	done
}

(umask 077; echo 'full/secret+0123456789abcdefghijklmnopqr' >"$WORLD/full.secret")
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
dns route53 {
    access_key_id     AKIAFULLEXAMPLE00001
    secret_access_key file:full.secret
    endpoint          https://api.test
    trust             $WORLD/trust.pem
}
certificate plain { names www.many.test many.test *.many.test }
certificate star { names example.test *.example.test }
certificate fifty { names $names }
END

ok 'names where nothing was' dnseal -q issue plain
is '- all are in it' "$(names_of "$(live plain cert.pem)")" '*.many.test many.test www.many.test'
is '- one look for the zone, one change to add, one to remove' $(($(calls) - $(polls))) 3
like '- and looks whether the change is live' "$(polls)" '^[1-9]$'
gone many.test
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 many.test)" ''

ok 'a TXT value of somebody else' dnseal -q dns add route53 example.test _acme-challenge TXT foreign
calm
ok 'wildcard and apex' dnseal -q issue star
is '- both names' "$(names_of "$(live star cert.pem)")" '*.example.test example.test'
ok '- key and certificate are a pair' pair_matches star
ok '- the chain verifies' chain_verifies star
# A client that handles each value for itself needs six calls for each of the two, and the polls.
like "- $(($(calls) - $(polls))) API calls beside $(polls) polls" $(($(calls) - $(polls))) '^[1-6]$'
gone example.test
like '- the foreign value is still there' "$(leftovers 127.0.0.2 example.test)" foreign
is '- and no other' "$(leftovers 127.0.0.2 example.test | wc -l | tr -d ' ')" 1

calm
ok 'fifty names in one zone' dnseal -q issue fifty
is '- all are in it' "$(names_of "$(live fifty cert.pem)" | wc -w | tr -d ' ')" 50
is '- three API calls as well' $(($(calls) - $(polls))) 3
gone many.test
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 many.test)" ''
done_testing
