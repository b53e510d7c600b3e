#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# hooks.t - the operator's programs around orders: which are run and when, what they are told, and
# that no secret reaches them, an argument or a log.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
EAB_HMAC=zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W
world_start CA_EAB=yes

# What each program sees: environment, arguments, its parent's arguments, descriptors, input.
seen=$WORLD/seen
mkdir "$seen"
cat >"$WORLD/hook" <<-END
	#!/bin/sh
	at=$seen/\$DNSEAL_EVENT.\$DNSEAL_CERT
	tr '\\0' '\\n' </proc/\$\$/environ >"\$at.env"
	tr '\\0' ' ' </proc/\$\$/cmdline >"\$at.arguments"
	tr '\\0' ' ' </proc/\$PPID/cmdline >>"\$at.arguments"
	ls -l /proc/\$\$/fd >"\$at.fd"
	cat >"\$at.input"
	echo "\$DNSEAL_EVENT" >>"$seen/events.\$DNSEAL_CERT"
	test ! -e "$WORLD/refuse-\$DNSEAL_EVENT" || { echo "not today"; exit 1; }
END
# As certbot's users have them.
cat >"$WORLD/certbot-hook" <<-END
	#!/bin/sh
	set -e
	for domain in \$RENEWED_DOMAINS; do
		cat "\$RENEWED_LINEAGE/fullchain.pem" >"$seen/\$domain.crt"
	done
END
cat >"$WORLD/reload" <<-END
	#!/bin/sh
	echo "\$DNSEAL_CERT" >>"$seen/reloads"
END
cat >"$WORLD/secret" <<-END
	#!/bin/sh
	tr '\\0' '\\n' </proc/\$\$/environ >"$seen/secret.env"
	echo p4ssw0rd-of-a-program
END
chmod 755 "$WORLD/hook" "$WORLD/certbot-hook" "$WORLD/reload" "$WORLD/secret"

# certificates NAMES-OF-H1: the configuration, all secrets in it by another way.
certificates() {
	cat <<-END | configure
	certificate h1 {
	    names $*
	    deploy copy {
	        pkcs12 $WORLD/h1.p12
	        pkcs12-password "cmd:$WORLD/secret"
	        reload $WORLD/reload
	    }
	}
	certificate h2 {
	    names h2.example.test *.h2.example.test
	    deploy copy { keyfull $WORLD/h2.pem
	        reload $WORLD/reload }
	}
	hooks {
	    pre $WORLD/hook before
	    deploy $WORLD/hook
	    deploy $WORLD/certbot-hook
	    post $WORLD/hook
	    failed $WORLD/hook
	    recovered $WORLD/hook
	    timeout 20s
	}
	END
	sed "s,file:tsig,env:THE_TSIG_KEY,; s,^    agreed,    agreed\n    eab { kid kid-1 hmac env:THE_EAB_KEY }," \
		"$CONF" >"$CONF.new" && cat "$CONF.new" >"$CONF"
}
export THE_TSIG_KEY=$TSIG_SECRET THE_EAB_KEY=$EAB_HMAC
# runs "what" STATUS COMMAND...: at the highest level of messages.
runs() {
	what=$1 want=$2
	shift 2
	dnseal -vv "$@" >>"$WORLD/log" 2>&1 </dev/null
	is "$what" "$?" "$want" || tail -n 20 "$WORLD/log" | sed 's/^/# /'
}
events() { tr '\n' ' ' <"$seen/events.$1"; }
variables() { sed 's/=.*//' "$seen/$1.env" | sort | tr '\n' ' '; }
value() { sed -n "s/^$2=//p" "$seen/$1.env"; }
again() { rm -f "$seen"/*; }
FILES='DNSEAL_CERT_FILE DNSEAL_CHAIN DNSEAL_DIR DNSEAL_EVENT DNSEAL_FULLCHAIN DNSEAL_KEY DNSEAL_KEYFULL'
FILES="$FILES DNSEAL_NAMES DNSEAL_NOT_AFTER"

# ---- two certificates are issued
certificates h1.example.test
runs 'two certificates are issued' 0 renew
is 'hooks in their order' "$(events h1)$(events h2)" 'pre deploy post pre deploy post '
is 'one reload for both' "$(sort "$seen/reloads" | tr ' ' '\n' | sort | tr '\n' ' ') $(wc -l <"$seen/reloads" | tr -d ' ')" \
	'h1 h2  1'
is 'pre is told these and no more' "$(variables pre.h1)" 'DNSEAL_CERT DNSEAL_EVENT DNSEAL_NAMES HOME LANG PATH '
is 'deploy is told these and no more' "$(variables deploy.h2)" \
	"DNSEAL_CERT $FILES HOME LANG PATH RENEWED_DOMAINS RENEWED_LINEAGE "
is '- all names' "$(value deploy.h2 DNSEAL_NAMES)" 'h2.example.test *.h2.example.test'
is '- the real path of the generation' "$(value deploy.h2 DNSEAL_DIR)" "$STATE/certs/h2/gen-000001"
is '- files in it' "$(value deploy.h2 DNSEAL_KEY) $(value deploy.h2 DNSEAL_KEYFULL)" \
	"$STATE/certs/h2/gen-000001/privkey.pem $STATE/certs/h2/gen-000001/keyfull.pem"
like '- the end, RFC 3339' "$(value deploy.h2 DNSEAL_NOT_AFTER)" '^20..-..-..T..:..:..Z$'
is '- certbot: the lineage' "$(value deploy.h2 RENEWED_LINEAGE)" "$STATE/certs/h2/live"
ok '- and a hook written for it works' cmp -s "$seen/h1.example.test.crt" "$(live h1 fullchain.pem)"
is 'post too' "$(variables post.h1)" "DNSEAL_CERT $FILES HOME LANG PATH RENEWED_DOMAINS RENEWED_LINEAGE "
is 'arguments as they are configured' "$(tr ' ' '\n' <"$seen/pre.h1.arguments" | sed -n 3p)" before
is 'no input' "$(cat "$seen/deploy.h1.input")" ''
# Those of the shell that reads the script are beside them.
is 'input, output and no other descriptor' \
	"$(sed -n 's/.* -> //p' "$seen/deploy.h1.fd" | grep -v "^/dev/null\$\|^pipe:\|^$WORLD/hook\$\|\.fd\$")" ''
runs 'nothing is due' 0 renew
is 'and no hook is run' "$(events h1)$(events h2)" 'pre deploy post pre deploy post '

# ---- a failure, and its end
again
certificates h1.example.test www.nowhere.test
runs 'one fails, the other is not due' 3 renew
is 'failed, post' "$(events h1)" 'pre failed post '
is 'failed is told these and no more' "$(variables failed.h1)" \
	"DNSEAL_CERT DNSEAL_CERT_FILE DNSEAL_CHAIN DNSEAL_DIR DNSEAL_ERROR DNSEAL_EVENT DNSEAL_FULLCHAIN DNSEAL_KEY \
DNSEAL_KEYFULL DNSEAL_NAMES DNSEAL_NOT_AFTER FAILED_DOMAINS HOME LANG PATH "
like '- the sentence' "$(value failed.h1 DNSEAL_ERROR)" 'nowhere.test'
is '- certbot: the domains' "$(value failed.h1 FAILED_DOMAINS)" 'h1.example.test www.nowhere.test'
again
certificates h1.example.test www.h1.example.test
runs 'the next works' 0 renew h1
is 'it has recovered' "$(events h1)" 'pre deploy recovered post '
is '- and nothing failed' "$(variables recovered.h1)" \
	"DNSEAL_CERT $FILES HOME LANG PATH RENEWED_DOMAINS RENEWED_LINEAGE "

# ---- hooks that fail
again
: >"$WORLD/refuse-pre"
before=$(grep -c 'Issued certificate serial' "$WORLD/pebble.log")
runs 'pre refuses' 3 renew --force h2
is '- nothing was ordered' "$(grep -c 'Issued certificate serial' "$WORLD/pebble.log")" "$before"
is '- that is a failure' "$(events h2)" 'pre failed post '
like '- its words are the reason' "$(value failed.h2 DNSEAL_ERROR)" 'pre hook: .*not today'
rm "$WORLD/refuse-pre"
again
: >"$WORLD/refuse-deploy"
: >"$WORLD/refuse-post"
runs 'a deploy hook fails: status 4' 4 renew --force h2
is '- the certificate is there' "$(readlink "$STATE/certs/h2/live")" gen-000002
ok '- the other deploy hook was run' test -s "$seen/h2.example.test.crt"
rm "$WORLD/refuse-deploy"
again
runs '- it is run at the next run' 0 renew
is '- alone' "$(cat "$seen/events.h2")$(ls "$seen"/*.crt 2>/dev/null)" deploy
runs '- and not again' 0 renew
is '- really' "$(cat "$seen/events.h2")" deploy

# ---- started by something that ignores SIGCHLD: how programs end is seen all the same
again
cat >"$WORLD/ignore" <<-END
	import os, signal, sys
	signal.signal(signal.SIGCHLD, signal.SIG_IGN)
	os.execvp(sys.argv[1], sys.argv[1:])
END
# ignored "what" STATUS COMMAND...
ignored() {
	what=$1 want=$2
	shift 2
	timeout -k 5 120 python3 "$WORLD/ignore" \
		"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" -vv "$@" >>"$WORLD/log" 2>&1 </dev/null
	is "$what" "$?" "$want" || tail -n 20 "$WORLD/log" | sed 's/^/# /'
}
mask=$(python3 "$WORLD/ignore" cat /proc/self/status | sed -n 's/^SigIgn:[[:blank:]]*//p')
is 'SIGCHLD, the 17th, is ignored' $(((0x$mask >> 16) & 1)) 1
: >"$WORLD/refuse-pre"
ignored '- pre refuses' 3 renew --force h2
like '- its words are the reason' "$(value failed.h2 DNSEAL_ERROR)" 'pre hook: .*not today'
rm "$WORLD/refuse-pre"
: >"$WORLD/refuse-deploy"
ignored '- a deploy hook fails' 4 renew --force h2
rm "$WORLD/refuse-deploy"
again
ignored '- it works' 0 renew
is '- and that is known' "$(cat "$seen/events.h2")" deploy

# ---- interrupted in a hook
printf '#!/bin/sh\necho $$ >%s/pid\nexec sleep 600\n' "$seen" >"$WORLD/sleeper"
chmod 755 "$WORLD/sleeper"
sed "s,deploy $WORLD/certbot-hook,deploy $WORLD/sleeper," "$CONF" >"$CONF.new" && cat "$CONF.new" >"$CONF"
"$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" --config "$CONF" deploy h2 >>"$WORLD/log" 2>&1 </dev/null &
run=$!
until test -s "$seen/pid"; do sleep 0.1; done
kill -TERM $run
wait $run
is 'SIGTERM in a hook' "$?" 143
ok '- ends it too' sh -c "! kill -0 $(cat "$seen/pid") 2>/dev/null"

# ---- secrets
for canary in "$TSIG_SECRET" "$EAB_HMAC" p4ssw0rd-of-a-program \
	"$(sed -n 2p "$(live h2 privkey.pem)")" "$(sed -n 2p "$(live h1 privkey.pem)")" \
	"$(sed -n 2p "$STATE"/accounts/*/key.pem)"; do
	echo "$canary"
done >"$WORLD/canaries"
is 'six secrets' "$(grep -c '................' "$WORLD/canaries")" 6
certificates h1.example.test
again
runs 'all events once more' 0 renew --force
is 'in no environment, argument, log' "$(grep -rlFf "$WORLD/canaries" "$seen" "$WORLD/log")" ''
is 'nor in what is remembered' "$(find "$STATE" -name '*.json' -exec grep -lFf "$WORLD/canaries" {} +)" ''
is 'a program that tells a secret gets no other' "$(sed 's/=.*//' "$seen/secret.env" | sort | tr '\n' ' ')" \
	'HOME LANG PATH '
done_testing
