#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# bad_ca.t - a CA that is wrong, broken or hostile, in one way each (badca.py): a sentence, the right
# exit status, live files untouched, nothing left in DNS, little memory.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start CA_RELAY=yes
configure </dev/null
LIMIT=100

# Exit status, and what must be said (case does not matter), for the faults that are not 3 and "ca.test".
expectation() {
	case $1 in
	escapes-in-terms | terms) echo '6 terms|agree' ;;
	caa) echo '6 CAA' ;;
	rate-limited) echo '8 too many certificates' ;;
	huge-certificate) echo '3 ca\.test.*bigger' ;;
	certificate-* | chain-*) echo '3 certificate|chain' ;;
	other-identifiers | other-authz-identifier) echo '3 evil\.test|identifier' ;;
	no-dns-challenge) echo '3 dns-01' ;;
	escapes-in-*) echo '3 rejectedIdentifier|compound|x1B|finalize|status|identifier' ;;
	*) echo '3 ca\.test|the CA|order|directory|authorization' ;;
	esac
}

badca_start none
ok 'through an honest man in the middle' dnseal -q issue www.example.test '*.www.example.test'
protected=$(cat "$(live www.example.test privkey.pem)" "$(live www.example.test fullchain.pem)" | sha256sum)
cp -r "$STATE" "$WORLD/kept"

sanitized() { nm "$DNSEAL" 2>/dev/null | grep -q __asan_init; }

for fault in ${FAULTS:-$(python3 "$servers/badca.py" --list | grep -v '^none$\|^cut$')}; do
	badca_start "$fault"
	# Failures are remembered and slow further tries down; here each fault begins anew.
	rm -rf "$STATE"
	cp -r "$WORLD/kept" "$STATE"
	test "$fault" != escapes-in-terms || rm -rf "$STATE/accounts"
	expected=$(expectation "$fault")
	refused "$fault" "${expected%% *}" "${expected#* }" \
		timeout -k 5 $LIMIT python3 "$servers/peak.py" "$WORLD/peak" \
		"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" \
		issue --force www.example.test '*.www.example.test'
	is '- live files are untouched' \
		"$(cat "$(live www.example.test privkey.pem)" "$(live www.example.test fullchain.pem)" | sha256sum)" \
		"$protected"
	is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''
	peak=$(cat "$WORLD/peak")
	sanitized || ok "- in less than 64 MiB ($peak KiB)" test "$peak" -lt 65536
done

# What only looks bad: a connection that is cut, a lost reply.
rm -rf "$STATE"
cp -r "$WORLD/kept" "$STATE"
badca_start cut
dnseal -q issue --force www.example.test '*.www.example.test' >"$WORLD/out" 2>&1
badca_start none
ok 'an order whose reply was lost is finished by the next run' \
	dnseal -q issue --force www.example.test '*.www.example.test'
ok '- key and certificate are a pair' pair_matches www.example.test
is '- nothing is left in DNS' "$(leftovers 127.0.0.2 example.test)" ''

# A certificate that is gone, and will be at each run: its order is given up.
orders() { grep -c 'Added order' "$WORLD/pebble.log"; }
badca_start gone
refused 'a certificate that is gone' 3 'no such certificate' \
	dnseal issue --force www.example.test '*.www.example.test'
ok '- live key and certificate are a pair' pair_matches www.example.test
badca_start none
before=$(orders)
ok '- the next run ends well' dnseal -q issue --force www.example.test '*.www.example.test'
is '- with a new order' $(($(orders) - before)) 1
ok '- key and certificate are a pair' pair_matches www.example.test
done_testing
