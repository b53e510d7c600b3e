#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# issue.t - certificates from a real CA through real name servers: the ordinary ways.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start CA_RELAY=yes
bind_start
configure <<-'END'
	certificate site {
	    names example.test *.example.test
	}
	certificate over {
	    names over.example.test
	    override-domain over.validation.test
	}
	END

# issues "what" CERT "NAMES" COMMAND...: succeeds, with these names, a matching pair, a chain that
# verifies and nothing left in DNS.
issues() {
	what=$1 cert=$2 names=$3
	shift 3
	"$@" >"$WORLD/out" 2>&1 </dev/null
	status=$?
	is "$what" "$status" 0 || sed 's/^/# /' "$WORLD/out"
	test "$status" = 0 || return 1
	is "- its names" "$(names_of "$(live "$cert" cert.pem)")" "$names"
	ok "- key and certificate are a pair" pair_matches "$cert"
	ok "- the chain verifies" chain_verifies "$cert" || sed 's/^/# /' "$WORLD/verify.log"
	is "- nothing is left in DNS" "$(all_leftovers)" ''
}

all_leftovers() {
	for zone in $KNOT_ZONES six.test; do leftovers 127.0.0.2 "$zone"; done
	leftovers 127.0.0.4 bind.test
}

# ---- Knot: wildcard and apex
issues 'wildcard and apex at Knot, from the configuration' site '*.example.test example.test' \
	dnseal issue site
is '- one update to add, one to remove' "$(knot_updates example.test)" 2
is '- one connection to the CA' "$(ca_connections)" 1
is '- private key is private' "$(stat -Lc %a "$(live site privkey.pem)")" 600
is '- certificate is readable' "$(stat -Lc %a "$(live site fullchain.pem)")" 644
is '- the state folder lets others through, not in' "$(stat -c %a "$STATE")" 711
is '- live is a relative link' "$(readlink "$STATE/certs/site/live" | sed 's/[0-9]*$//')" gen-
for file in cert.pem chain.pem fullchain.pem keyfull.pem meta.json; do
	ok "- $file is there" test -s "$(live site $file)"
done
is '- fullchain is cert and chain' "$(cat "$(live site cert.pem)" "$(live site chain.pem)")" \
	"$(cat "$(live site fullchain.pem)")"

before=$(readlink "$STATE/certs/site/live") requests=$(ca_requests)
ok 'again: nothing to do' dnseal -q issue site
is '- same generation' "$(readlink "$STATE/certs/site/live")" "$before"
is '- the CA was not asked' "$(ca_requests)" "$requests"
issues 'again, by force' site '*.example.test example.test' dnseal issue --force site
ok '- a new generation' test "$(readlink "$STATE/certs/site/live")" != "$before"
ok '- the old one is kept' test -d "$STATE/certs/site/$before"

# ---- other servers, other ways
issues 'wildcard and apex at BIND, by name' bind.test '*.bind.test bind.test' \
	dnseal issue bind.test '*.bind.test'
issues 'a zone whose only server has an IPv6 address' www.six.test www.six.test \
	dnseal issue www.six.test
issues 'CNAME delegation' alias.example.test alias.example.test dnseal issue alias.example.test
issues 'override-domain' over over.example.test dnseal issue over
issues 'an internationalized name' xn--mnchen-3ya.test xn--mnchen-3ya.test \
	env LC_ALL=C.UTF-8 "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" \
	issue münchen.test
for key in ecdsa-p384 rsa-2048; do
	issues "a key of type $key" "$key" www.example.test dnseal issue --key $key --name $key www.example.test
done

# ---- without any configuration
good=$CONF
CONF=$WORLD/none/dnseal.conf
bare() {
	timeout 120 "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --no-input "$@" \
		--ca "$CA_URL" --trust "$WORLD/trust.pem" --agree-tos
}
issues 'no configuration, options on the command line' bare1.example.test bare1.example.test \
	bare issue bare1.example.test --dns rfc2136 --set server=127.0.0.2 \
	--set key_name=key-hmac-sha256. --set "key=file:$WORLD/tsig"
issues 'no configuration, options from the environment' bare2.example.test bare2.example.test \
	env RFC2136_SERVER=127.0.0.2 RFC2136_KEY_NAME=key-hmac-sha256. "RFC2136_KEY_FILE=$WORLD/tsig" \
	"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" issue bare2.example.test --dns rfc2136 \
	--ca "$CA_URL" --trust "$WORLD/trust.pem" --agree-tos
for alg in $TSIG_ALGS; do
	issues "TSIG with $alg at Knot" "$alg.example.test" "$alg.example.test" \
		bare issue "$alg.example.test" --dns rfc2136 --set server=127.0.0.2 \
		--set "key_name=key-$alg." --set "key_alg=$alg" --set "key=file:$WORLD/tsig"
	issues "TSIG with $alg at BIND" "$alg.bind.test" "$alg.bind.test" \
		bare issue "$alg.bind.test" --dns rfc2136 --set server=127.0.0.4 \
		--set "key_name=key-$alg." --set "key_alg=$alg" --set "key=file:$WORLD/tsig"
done
CONF=$good
like 'status lists them' "$(dnseal --json status 2>/dev/null)" '"name": *"bare1.example.test"'
done_testing
