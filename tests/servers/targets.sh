# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# targets.sh - certificates and configurations for tests of deployment, without a CA; sourced behind
# world.sh.
# shellcheck shell=sh

# generation CERT N NAME: as an order would have left it.
generation() {
	home=$STATE/certs/$1
	gen=$home/gen-$(printf %06d "$2")
	certificate "leaf-$1-$2" "$3"
	mkdir -p "$gen"
	chmod 711 "$STATE" && chmod 755 "$STATE/certs" && chmod 750 "$home" "$gen"
	(umask 077; cp "$WORLD/leaf-$1-$2.key" "$gen/privkey.pem")
	cp "$WORLD/leaf-$1-$2.pem" "$gen/cert.pem"
	cp "$WORLD/trust.pem" "$gen/chain.pem"
	cat "$gen/cert.pem" "$gen/chain.pem" >"$gen/fullchain.pem"
	(umask 077; cat "$gen/privkey.pem" "$gen/fullchain.pem" >"$gen/keyfull.pem")
	echo '{"key_type":"ecdsa-p256"}' >"$gen/meta.json"
	ln -sfn "gen-$(printf %06d "$2")" "$home/live"
}

# The configuration, from stdin, behind an account that is never asked.
config() {
	test_ca
	{
		echo "account test { ca $CA_URL agreed }"
		cat
	} >"$CONF"
}

# deploys "what" STATUS [ARGUMENTS...]; what it says stays in $WORLD/out.
deploys() {
	what=$1 want=$2
	shift 2
	dnseal deploy "$@" >"$WORLD/out" 2>&1 </dev/null
	is "$what" "$?" "$want" || sed 's/^/# /' "$WORLD/out"
}
said() { # "what" PATTERN
	like "$1" "$(cat "$WORLD/out")" "$2"
}

# Root of the whole machine, or of a user namespace only?
is_root() {
	test "$(id -u)" = 0 && awk '{ n += $3 } END { exit n < 65536 }' /proc/self/uid_map
}
