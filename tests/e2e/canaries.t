#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# canaries.t - secrets go nowhere: not into arguments, nor the environment of any program that is
# started (by hooks, deployments, notifications, commands for secrets), nor what is said, logged,
# mailed, POSTed or written down; not when all goes well, and not when it fails.
# Programs are caught by the kernel's word (nth -x), not by their own.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
nth_build
knot_start
resolvers_start
ca_start PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 CA_EAB=yes

# ---- secrets by every way they can come: file, variable, command, credential of systemd, a URL
hmac=zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W # Pebble's for kid-1
hook_token=canary-of-the-webhook-0123456789
stray=canary-of-somebody-else-0123456789
wrong=Y2FuYXJ5IG9mIGEgd3Jvbmcga2V5LCAzMiBvY3RldHM=
mkdir "$WORLD/credentials" "$WORLD/tls"
certificate hook hook.test
echo '127.0.0.21 hook.test' >>"$WORLD/hosts"
start hook python3 -B "$servers/hook.py" --listen 127.0.0.21:443 --cert "$WORLD/hook.pem" \
	--key "$WORLD/hook.key" --log "$WORLD/posts" --status "$WORLD/hook.status"
wait_port 127.0.0.21 443
(
	umask 077
	echo "https://hook.test/$hook_token" >"$WORLD/hook.url"
	echo "$hmac" >"$WORLD/credentials/hmac"
	printf '#!/bin/sh\ncat %s/tsig\n' "$WORLD" >"$WORLD/get-key"
	printf '#!/bin/sh\necho "a hook says: $DNSEAL_EVENT"\n' >"$WORLD/hook"
	printf '#!/bin/sh\ncat >>%s/told\necho "$@" >>%s/told\n' "$WORLD" "$WORLD" >"$WORLD/tell"
	chmod 755 "$WORLD/get-key" "$WORLD/hook" "$WORLD/tell"
)
cat >"$CONF" <<-END
	propagation { timeout 60s }
	metrics $WORLD/dnseal.prom
	account test {
	    ca $CA_URL  trust $WORLD/trust.pem  agreed
	    eab { kid kid-1  hmac cred:hmac }
	}
	use-account test
	dns file    { type rfc2136  server 127.0.0.2  key_name key-hmac-sha256.  zones example.test     key file:tsig }
	dns env     { type rfc2136  server 127.0.0.2  key_name key-hmac-sha256.  zones many.test        key {env:CANARY_KEY} }
	dns command { type rfc2136  server 127.0.0.2  key_name key-hmac-sha256.  zones validation.test  key cmd:$WORLD/get-key }
	hooks {
	    pre       $WORLD/hook
	    post      $WORLD/hook
	    deploy    $WORLD/hook
	    failed    $WORLD/hook
	    recovered $WORLD/hook
	}
	notify mail    { to admin@example.test  sendmail $WORLD/tell  on failure recovered success }
	notify exec    { exec $WORLD/tell  on failure recovered success }
	notify webhook { url file:hook.url  trust $WORLD/trust.pem  on failure recovered success }
	certificate site {
	    names www.example.test www.many.test www.validation.test
	    deploy copy { fullchain $WORLD/tls/site.crt  key $WORLD/tls/site.key  reload $WORLD/hook }
	}
END
(umask 077; echo "$TSIG_SECRET" >"$WORLD/tsig")
export CREDENTIALS_DIRECTORY="$WORLD/credentials" CANARY_KEY="$TSIG_SECRET" STRAY="$stray"

# run "what" STATUS COMMAND...: what is said goes to $WORLD/said; programs it starts to
# $WORLD/programs, but for its own environment, which has what we put there.
: >"$WORLD/said"
: >"$WORLD/programs"
run() {
	what=$1 want=$2
	shift 2
	timeout -k 5 120 "$WORLD/nth" -x "$WORLD/run" -n 0 kill \
		"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" "$@" >"$WORLD/out" 2>&1 </dev/null
	is "$what" "$?" "$want" || sed 's/^/# /' "$WORLD/out"
	cat "$WORLD/out" >>"$WORLD/said"
	awk '/^-- /{ section++ } section != 2' "$WORLD/run" >>"$WORLD/programs"
}
started() { grep -c '^-- cmdline' "$WORLD/programs"; }

run 'a certificate' 0 -vvv issue site
run 'status' 0 -vvv status site
run 'status for programs' 0 --json status
run 'the configuration, shown' 0 config show
run 'deployed once more' 0 -vvv deploy --all site
echo "$wrong" >"$WORLD/tsig"
CANARY_KEY=$wrong run 'keys that the server refuses' 6 -vvv issue --force site
CANARY_KEY=$wrong run 'for programs' 6 --json issue --force site
run 'the same, tested' 6 -vvv check --dns site
echo "$TSIG_SECRET" >"$WORLD/tsig"
echo 503 >"$WORLD/hook.status"
run 'it recovers, and the webhook does not' 0 -vvv issue --force site
run 'plan' 0 -vvv plan
run 'cleanup' 0 -vvv cleanup
run 'revoked' 0 -vvv revoke --yes site

# ---- what to look for: all of that, and the keys that were made
keys() { find "$STATE" "$WORLD/tls" -type f -exec grep -l 'PRIVATE KEY' {} +; }
{
	printf '%s\n' "$TSIG_SECRET" "$wrong" "$hmac" "$hook_token" "$stray"
	# Of each key's PEM the private octets: the end of its first line, the beginning of the second.
	for key in $(keys); do
		sed -n '/BEGIN.*PRIVATE/{n;s/^.\{48\}//p;n;s/^\(.\{20\}\).*/\1/p;}' "$key"
	done | sort -u
} | grep . >"$WORLD/canaries"
n=$(wc -l <"$WORLD/canaries" | tr -d ' ')
echo "# $n canaries, $(started) programs started, $(wc -l <"$WORLD/said") lines said"
ok 'there is something to look for' test "$n" -ge 11
# dnseal twelve times; hooks, cmd:, mail and exec.
ok 'programs were seen' test "$(started)" -ge 40
for program in hook get-key tell; do
	ok "- $program" grep -Fqx "$WORLD/$program" "$WORLD/programs"
done

# clean "what" FILE...
clean() {
	what=$1
	shift
	ok "$what is there" test -s "$1"
	is "$what has none" "$(cat "$@" | grep -F -f "$WORLD/canaries" | head -n 3)" ''
}
clean 'arguments and environments' "$WORLD/programs"
clean 'what is said' "$WORLD/said"
clean 'mail, and what exec is told' "$WORLD/told"
clean 'metrics' "$WORLD/dnseal.prom"
find "$STATE" -type f ! -name '*.pem' ! -name '*.key' -exec cat {} + >"$WORLD/written"
clean 'what is written down beside keys' "$WORLD/written"
# The path has the token, as it must.
sed 's/"path": "[^"]*"//' "$WORLD/posts" >"$WORLD/bodies"
clean 'what the webhook is told' "$WORLD/bodies"
clean 'what the CA has seen' "$WORLD/pebble.log"

# The search itself finds what is there.
echo "key=$TSIG_SECRET" >"$WORLD/planted"
ok 'one that is planted is found' grep -Fq -f "$WORLD/canaries" "$WORLD/planted"
ok 'keys are found by their text' grep -Fq -f "$WORLD/canaries" "$STATE/certs/site/live/privkey.pem"

# ---- no core files
printf '#!/bin/sh\ncat /proc/$PPID/limits >%s/limits\n' "$WORLD" >"$WORLD/hook"
dnseal -q issue --force site >/dev/null 2>&1
like 'no core file is ever written' "$(cat "$WORLD/limits")" '^Max core file size +0 +0 '
done_testing
