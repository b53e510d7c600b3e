#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# crosscheck.t - clients that we did not write get the same certificates through the same servers, so
# that the copies of providers' APIs are known to speak the real protocol; and nobody needs fewer
# calls than we do.  The providers' official host names lead to the copies.  DNSEAL_LONG=yes counts
# the others' calls for fifty names, too: that takes lego five minutes a provider.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"

# Here, because there is no network inside.
test -n "${DNSEAL_WORLD:-}" || {
	LEGO=$("$srcdir/tests/servers/fetch" lego)/usr/bin/lego || LEGO=
	CLOUDFLARE_SDK=$("$srcdir/tests/servers/fetch" npm:cloudflare) || CLOUDFLARE_SDK=
	export LEGO CLOUDFLARE_SDK
}
world "$0" "$@"
world_start

# ---- the copies, in the place of the real ones

address=20
place() { # PROVIDER HOST [ARGUMENTS...]
	place=$1 host=$2
	shift 2
	address=$((address + 1))
	certificate "$place" "$host"
	echo "127.0.0.$address $host" >>"$WORLD/hosts"
	start "$place" python3 "$servers/$place.py" --listen "127.0.0.$address:443" --cert "$WORLD/$place.pem" \
		--key "$WORLD/$place.key" --publish 127.0.0.2:53 \
		--tsig "key-hmac-sha256.:hmac-sha256:$TSIG_SECRET" "$@" example.test many.test
	wait_port "127.0.0.$address" 443
	eval "admin_$place=https://$host/__admin"
}
stats() { eval "python3 \"\$servers/get.py\" \"\$WORLD/trust.pem\" \"\$admin_$1/stats\""; }
# Calls since the copy began: all of them, and of these the ones that only ask how it goes.
calls() { stats "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["requests"])'; }

token_of() { # COPY EXPRESSION: a credential that the copy knows
	python3 -B -c 'import importlib, sys
sys.path.insert(0, sys.argv[1])
print(eval(sys.argv[3], vars(importlib.import_module(sys.argv[2]))))' "$servers" "$1" "$2"
}

place cloudflare api.cloudflare.com
place hetzner api.hetzner.cloud
place digitalocean api.digitalocean.com
place gandi api.gandi.net
place route53 route53.amazonaws.com --pending 1

# ---- the clients: each gets a certificate for $names

both='example.test *.example.test'
fifty=$(n=0; while test $n -lt 50; do echo "name$n.many.test"; n=$((n + 1)); done)
names=$both

secret_file() { # NAME TEXT
	(umask 077; printf '%s\n' "$2" >"$WORLD/$1")
}

run_dnseal() { # PROVIDER
	rm -rf "$STATE/certs/$1"
	# shellcheck disable=SC2086 # words
	dnseal issue --name "$1" $names
}

run_lego() { # PROVIDER
	lego_name=$1
	test "$lego_name" != gandi || lego_name=gandiv5
	# shellcheck disable=SC2046,SC2086 # words
	SSL_CERT_FILE=$WORLD/trust.pem AWS_CA_BUNDLE=$WORLD/trust.pem LEGO_CA_CERTIFICATES=$WORLD/trust.pem \
		timeout -k 5 600 "$LEGO" --server "$CA_URL" --email lego@example.test --accept-tos \
		--path "$WORLD/lego-$1" --dns "$lego_name" --dns.resolvers 127.0.0.8:53 \
		$(printf -- '--domains %s ' $names) run
}

# HOME is the world: certbot reads no configuration of this machine.
run_certbot() { # PROVIDER
	case $1 in
	route53) set -- "$1" --dns-route53 ;;
	gandi) set -- "$1" --authenticator dns-gandi --dns-gandi-credentials "$WORLD/gandi.ini" \
		--dns-gandi-propagation-seconds 3 ;;
	*) set -- "$1" "--dns-$1" "--dns-$1-credentials" "$WORLD/$1.ini" \
		"--dns-$1-propagation-seconds" 3 ;;
	esac
	certbot_with "$@"
}

certbot_with() { # NAME OPTIONS...
	certbot_dir=$WORLD/certbot-$1
	shift
	# shellcheck disable=SC2046,SC2086 # words
	REQUESTS_CA_BUNDLE=$WORLD/trust.pem AWS_CA_BUNDLE=$WORLD/trust.pem \
		timeout -k 5 600 certbot certonly --non-interactive --agree-tos \
		--register-unsafely-without-email --server "$CA_URL" --config-dir "$certbot_dir" \
		--work-dir "$certbot_dir" --logs-dir "$certbot_dir/logs" \
		$(printf -- '-d %s ' $names) "$@"
}

run_sdk() { # cloudflare, by the official SDK as certbot's manual hooks
	cat >"$WORLD/sdk-hook" <<-END
	#!/bin/sh
	node "$servers/cloudflare-sdk.mjs" "\$1" example.test "_acme-challenge.\$CERTBOT_DOMAIN" \
		"\$CERTBOT_VALIDATION" || exit 1
	test "\$1" = add || exit 0
	n=0
	until kdig +short @127.0.0.3 "_acme-challenge.\$CERTBOT_DOMAIN" TXT | grep -qF -e "\$CERTBOT_VALIDATION" ||
		test \$n -ge 100; do
		n=\$((n + 1))
		sleep 0.05
	done
	END
	chmod 755 "$WORLD/sdk-hook"
	NODE_EXTRA_CA_CERTS=$WORLD/trust.pem CLOUDFLARE_API_TOKEN=$cloudflare_token \
		certbot_with sdk --manual --preferred-challenges dns --manual-auth-hook "$WORLD/sdk-hook add" \
		--manual-cleanup-hook "$WORLD/sdk-hook remove"
}

# ---- the comparison

# attempt CLIENT PROVIDER: the certificate, and how many calls it took, in $made.
attempt() {
	before=$(calls "$2")
	ok "$2: $1 gets $(echo "$names" | wc -w) names" quietly "$1-$2" "run_$1" "$2"
	made=$(($(calls "$2") - before))
	wait_gone "$1" "$2"
}

quietly() { # NAME COMMAND...: what it says is shown when it fails
	log=$WORLD/$1.log
	shift
	"$@" >"$log" 2>&1 </dev/null || { tail -n 15 "$log" | sed 's/^/# /'; return 1; }
}

# The copies publish behind the call's back, a moment later.
challenges() { { leftovers 127.0.0.2 example.test; leftovers 127.0.0.2 many.test; } | awk '/_acme-challenge/ && !/"foreign"/' | wc -l; }
wait_gone() {
	tries=0
	until test "$(challenges)" = 0 || test "$tries" -ge 40; do
		tries=$((tries + 1))
		sleep 0.05
	done
	is "$2: $1 leaves nothing behind" "$(challenges)" 0
}

# Debian 13 has certbot without the plugins of some providers.
has_client() { # CLIENT PROVIDER
	test "$1" != certbot || /usr/bin/python3 -c "import certbot_dns_$2" 2>/dev/null
}

# measure PROVIDER CLIENT...: ours first, then the others; none may need fewer calls.
measure() {
	provider=$1
	shift
	attempt dnseal "$provider"
	ours=$made line=$made
	for client; do
		has_client "$client" "$provider" || {
			skip "$provider: $client" 'this Debian release does not have its plugin'
			continue
		}
		attempt "$client" "$provider"
		line="$line, $client $made"
		ok "$provider: $client needs no fewer calls ($made) than we do ($ours)" test "$made" -ge "$ours"
	done
	table="$table
#   $provider, $(echo "$names" | wc -w) names: dnseal $line"
}

compare() { # PROVIDER CLIENT...
	measure "$@"
	names=$fifty
	if test "${DNSEAL_LONG:-}" = yes; then measure "$@"; else measure "$1"; fi
	names=$both
	provider=$1
	# Last, because lego at Gandi and others take away more than their own.
	ok "$provider: a TXT value of somebody else" quietly "foreign-$provider" \
		dnseal dns add "$provider" example.test _acme-challenge TXT foreign
	attempt dnseal "$provider"
	is "$provider: it is still there" \
		"$(dnseal dns get "$provider" example.test _acme-challenge TXT | sed 's/.* TXT //')" foreign
	ok "$provider: and is taken away" dnseal dns remove "$provider" example.test _acme-challenge TXT foreign
}

# ---- credentials

cloudflare_token=edit-0123456789abcdefghijklmnopqrstuvwxy
hetzner_token=$(token_of hetzner TOKEN_EDIT)
digitalocean_token=$(token_of digitalocean TOKEN_FULL)
gandi_key=$(token_of gandi KEY)
gandi_token=$(token_of gandi TOKEN_EDIT)
secret_file cloudflare.ini "dns_cloudflare_api_token = $cloudflare_token"
secret_file digitalocean.ini "dns_digitalocean_token = $digitalocean_token"
secret_file gandi.ini "dns_gandi_api_key = $gandi_key"
export HETZNER_API_TOKEN="$hetzner_token" DO_AUTH_TOKEN="$digitalocean_token" \
	GANDIV5_PERSONAL_ACCESS_TOKEN="$gandi_token" HETZNER_POLLING_INTERVAL=1 DO_POLLING_INTERVAL=1 \
	GANDIV5_POLLING_INTERVAL=1 AWS_POLLING_INTERVAL=1 AWS_EC2_METADATA_DISABLED=true
AWS_ACCESS_KEY_ID=$(token_of aws 'KEYS[0]["id"]')
AWS_SECRET_ACCESS_KEY=$(token_of aws 'KEYS[0]["secret"]')
AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION
# ---- all of it

settings() { # PROVIDER [LINE...]: our configuration
	echo "propagation { timeout 60s }"
	printf 'account test {\n    ca %s\n    trust %s\n    agreed\n}\nuse-account test\n' "$CA_URL" \
		"$WORLD/trust.pem"
	printf 'dns %s {\n    trust %s\n' "$1" "$WORLD/trust.pem"
	shift
	for line; do echo "    $line"; done
	echo '}'
}

table=
for provider in cloudflare hetzner digitalocean gandi; do
	eval "secret_file $provider.token \"\$${provider}_token\""
done
settings cloudflare 'api_token file:cloudflare.token' >"$CONF"
compare cloudflare certbot sdk
settings hetzner 'api_token file:hetzner.token' >"$CONF"
compare hetzner lego
settings digitalocean 'api_token file:digitalocean.token' >"$CONF"
compare digitalocean lego certbot
settings gandi 'bearer_token file:gandi.token' >"$CONF"
compare gandi lego certbot
settings route53 >"$CONF"
compare route53 lego certbot
echo "# API calls, all of them, for apex and wildcard and for fifty names in one zone:$table"
done_testing
