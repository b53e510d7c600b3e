#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# hetzner.t - the conformance suite with hetzner at our copy of its API, and what only it has.
# shellcheck disable=SC2034,SC2154 # words from and for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/providers/conformance.sh
. "$srcdir/tests/providers/conformance.sh"

world "$0" "$@"
unset HETZNER_API_TOKEN HCLOUD_TOKEN HETZNER_TOKEN HETZNER_API_KEY HETZNER_Token HETZNER_API HCLOUD_ENDPOINT
cat >"$WORLD/api.json" <<'END'
{"zones": [
  {"name": "second.test", "mode": "secondary"},
  {"name": "lame.test", "delegation": "lame"},
  {"name": "away.test", "project": "other"},
  {"name": "held.test", "sets": [{"name": "www", "type": "TXT", "values": ["\"held\""], "protected": true}]}
]}
END
api_start hetzner --action 0.1 --config "$WORLD/api.json" example.test badexample.test xn--mnchen-3ya.test

tail=Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3Aa0Bb1Cc2Dd3
block() { # NAME TOKEN [OPTION]
	(umask 077; echo "$2" >"$WORLD/$1.token")
	cat <<-END
	dns $1 {
	    type      hetzner
	    ${3:-api_token} file:$1.token
	    endpoint  https://api.test/v1
	    trust     $WORLD/trust.pem
	}
	END
}
{
	block full edit$tail
	block reader read$tail
	block other else$tail
	block wrong none$tail
	block console 0123456789abcdef0123456789ABCDEF
	block legacy 0123456789abcdef0123456789ABCDEF legacy_token
} >"$CONF"

DNS=full ZONE=example.test OTHER=badexample.test IDN=münchen.test NOZONE=nowhere.test
WRONG=wrong READONLY=reader MIN_TTL=60 MANY=300 LISTS=yes
SECRET="edit$tail none$tail"
conformance

# ---- what only this service has

for type_and_data in 'DS 12345 13 2 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' \
	'HINFO "PC" "Linux"' 'HTTPS 1 . alpn="h2,h3"' 'NS ns.example.net' 'PTR host.example.net' \
	'SVCB 1 svc.example.net alpn="h2"'; do
	round_trip "${type_and_data%% *}" "${type_and_data#* }"
done
refused 'SSHFP: the service has no such records' 'cannot hold SSHFP' add "$DNS" "$ZONE" @ SSHFP \
	'4 2 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
refused 'a secondary zone' 'change it at its primary server' add "$DNS" second.test conf TXT x
refused 'check finds that, too' 'the zone is secondary' check "$DNS" second.test
like 'a delegation that leads elsewhere is said, and check is good' "$(said check "$DNS" lame.test)" 'lame'
is '- exit 0' "$(exit_of check "$DNS" lame.test)" 0
refused 'a set under protection' 'take the protection off' add "$DNS" held.test www TXT x
refused 'a zone of another project' 'away.test: no such zone in the project of the token' get "$DNS" away.test
done_and 'which its own token sees' dns get other away.test
refused 'a token that may only read: the remedy' 'make one with Read & Write' add reader "$ZONE" conf TXT x
refused 'a token of the old DNS console: known by its length' 'old DNS console: migrate the zone' check console
is '- exit 6' "$(exit_of check console)" 6
refused 'one that is given as such' 'legacy_token is of the old DNS console' get legacy "$ZONE"
is '- exit 6' "$(exit_of get legacy "$ZONE")" 6
is '- and nobody was asked' "$(grep -c 0123456789abcdef "$WORLD/api.log")" 0
is 'nothing is left behind by all that' "$(records | awk '$1 ~ /conf$/')" ''
done_testing
