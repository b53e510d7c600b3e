#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# deploy.t - files and programs get certificates; what goes wrong is seen, and tried again until it
# works.  services.t has real servers.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/servers/targets.sh
. "$srcdir/tests/servers/targets.sh"
world "$0" "$@"

# ---- files and programs
mkdir "$WORLD/tls"
group=mail
is_root || group=$(id -gn)
generation mail 1 mail.example.test
printf '#!/bin/sh\necho run >>%s/runs\ntest "$(wc -l <%s/runs)" -ge 3\n' "$WORLD" "$WORLD" >"$WORLD/third"
printf '#!/bin/sh\nenv >%s/env\n' "$WORLD" >"$WORLD/env-hook"
chmod 755 "$WORLD/third" "$WORLD/env-hook"
config <<-END
	certificate mail {
	    names mail.example.test
	    deploy copy {
	        fullchain $WORLD/tls/mail.crt
	        key $WORLD/tls/mail.key
	        group $group  mode 0640
	    }
	    deploy exec $WORLD/third
	}
	hooks { deploy $WORLD/env-hook }
	END
export CLOUDFLARE_API_TOKEN=c4n4ry-of-the-environment
deploys 'a target fails: status 4' 4
ok '- the others are done' cmp -s "$WORLD/tls/mail.crt" "$(live mail fullchain.pem)"
is '- the key is for its group' "$(stat -c '%a %G' "$WORLD/tls/mail.key")" "640 $group"
deploys 'again: status 4' 4
said '- only that one is run' '0 of 1 targets'
like 'status says what waits' "$(dnseal status mail)" 'exec: failed, .*tried 2 times: .*/third: ended with status 1'
deploys 'the third time it works' 0
deploys 'then there is nothing to do' 0
said '- which is said' 'nothing to do, all 3 targets have generation 1'
is '- it ran three times, not four' "$(wc -l <"$WORLD/runs" | tr -d ' ')" 3
like 'hooks are told what certbot tells' "$(cat "$WORLD/env")" '^RENEWED_DOMAINS=mail.example.test$'
like '- and where it is' "$(cat "$WORLD/env")" "^DNSEAL_DIR=$STATE/certs/mail/gen-000001\$"
is '- and nothing of our environment' "$(grep -c 'c4n4ry\|XDG_' "$WORLD/env")" 0
is 'status has each target' "$(dnseal --json status mail | python3 -c '
import json, sys
for d in json.load(sys.stdin)["certificates"][0]["deploy"]: print(d["target"], d["state"], d["generation"])')" \
	'copy done 1
exec done 1
hook done 1'
deploys 'all again' 0 --all
said '- are three' '3 of 3 targets done'
like 'a dry run shows targets' "$(dnseal -n deploy mail 2>&1)" "fullchain *$WORLD/tls/mail.crt"

# ---- a single file that is mounted
echo old >"$WORLD/mounted.pem"
touch "$WORLD/tls/mount.pem"
mount --bind "$WORLD/mounted.pem" "$WORLD/tls/mount.pem"
config <<-END
	certificate mail {
	    names mail.example.test
	    deploy copy { keyfull $WORLD/tls/mount.pem }
	}
	END
like 'a dry run warns of a file that cannot be replaced' "$(dnseal -n deploy mail 2>&1)" 'PROBLEM .*in-place'
deploys 'which fails' 4
said '- and says what to do' 'in-place'
sed -i 's/keyfull/write in-place keyfull/' "$CONF"
deploys 'in place it works' 0
ok '- through the mount' cmp -s "$WORLD/mounted.pem" "$(live mail keyfull.pem)"

echo other >"$WORLD/other.pem"
ln -s other.pem "$WORLD/link.pem"
config <<-END
	certificate mail {
	    names mail.example.test
	    deploy copy { write in-place keyfull $WORLD/link.pem }
	}
	END
deploys 'a link is not written through' 4
said '- and the sentence says so' 'symbolic link: name the file'

# ---- other forms
echo 'p4ssw0rd-c4n4ry' >"$WORLD/p12.password"
chmod 600 "$WORLD/p12.password"
config <<-END
	certificate mail {
	    names mail.example.test
	    deploy copy {
	        pkcs12 $WORLD/tls/mail.p12
	        pkcs12-password file:p12.password
	    }
	    deploy copy {
	        cert-der $WORLD/tls/mail.der
	        key-der $WORLD/tls/mail.key.der
	        fullkey $WORLD/tls/fullkey.pem
	        chain $WORLD/tls/chain.pem
	        cert $WORLD/tls/cert.pem
	    }
	}
	END
deploys 'PKCS#12, DER and others' 0
is '- the password is nowhere to be seen' "$(grep -rl c4n4ry "$WORLD/out" "$STATE")" ''
if command -v openssl >/dev/null; then
	pin=file:$WORLD/p12.password
	openssl pkcs12 -in "$WORLD/tls/mail.p12" -passin "$pin" -nodes >"$WORLD/p12.pem" 2>"$WORLD/p12.log"
	is '- openssl reads it: key, certificate, chain' "$? $(grep -c 'BEGIN' "$WORLD/p12.pem")" '0 3'
	is '- the key is that of the live one' "$(openssl pkey -in "$WORLD/p12.pem")" \
		"$(openssl pkey -in "$(live mail privkey.pem)")"
	ok '- not with another password' test "$(openssl pkcs12 -in "$WORLD/tls/mail.p12" -passin pass:x \
		-nodes 2>&1 | grep -c BEGIN)" = 0
	is '- the key as DER' "$(openssl pkey -inform DER -in "$WORLD/tls/mail.key.der")" \
		"$(openssl pkey -in "$(live mail privkey.pem)")"
	is '- the certificate as DER' "$(openssl x509 -inform DER -in "$WORLD/tls/mail.der")" \
		"$(openssl x509 -in "$(live mail cert.pem)")"
else
	skip 'openssl reads them' 'it is not installed'
fi
cat "$(live mail fullchain.pem)" "$(live mail privkey.pem)" >"$WORLD/want"
ok '- fullkey: chain first' cmp -s "$WORLD/tls/fullkey.pem" "$WORLD/want"
ok '- chain, cert' cmp -s "$WORLD/tls/chain.pem" "$(live mail chain.pem)"
is '- keys are private' "$(cd "$WORLD/tls" && stat -c %a mail.p12 mail.key.der fullkey.pem mail.der | tr '\n' ' ')" \
	'600 600 600 644 '
rm "$WORLD/p12.password"
deploys 'a password that is gone' 4 --all
said '- is one target'"'"'s failure' '1 of 2 targets done'
said '- with a reason' 'pkcs12-password.*p12.password'

# ---- one reload for several certificates, a limit, bounded output
generation one 1 one.example.test
generation two 1 two.example.test
cat >"$WORLD/reload" <<-END
	#!/bin/sh
	env >>$WORLD/reload.env
	echo reload >>$WORLD/reloads
	END
cat >"$WORLD/stuck" <<-END
	#!/bin/sh
	sleep 60
	END
cat >"$WORLD/loud" <<-END
	#!/bin/sh
	printf 'an escape \\033[31m\\n'
	head -c 10485760 /dev/zero | tr '\\0' x
	exit 3
	END
chmod 755 "$WORLD/reload" "$WORLD/stuck" "$WORLD/loud"
config <<-END
	certificate one {
	    names one.example.test
	    deploy copy { keyfull $WORLD/tls/one.pem reload $WORLD/reload }
	    deploy exec { exec $WORLD/stuck
	        timeout 1s }
	}
	certificate two {
	    names two.example.test www.two.example.test
	    deploy copy { keyfull $WORLD/tls/two.pem
	        reload $WORLD/reload }
	    deploy exec $WORLD/loud
	    deploy exec /no/such/program
	}
	END
deploys 'two certificates, three programs that fail' 4
is '- one reload for both' "$(grep -c reload "$WORLD/reloads")" 1
is '- which is told the names of both' "$(sed -n 's/^RENEWED_DOMAINS=//p' "$WORLD/reload.env" | tr ' ' '\n' |
	sort | tr '\n' ' ')" 'one.example.test two.example.test www.two.example.test '
is '- and the files of neither' "$(grep -c '_DIR\|KEY\|LINEAGE' "$WORLD/reload.env")" 0
said '- one that takes too long is ended' 'stuck: still running after 1 s'
said '- one that is not there' '/no/such/program: No such file'
said '- one that fails says why, without escapes' 'an escape .x1B'
ok '- and not 10 MB of it' test "$(wc -c <"$WORLD/out")" -lt 80000

# ---- somebody else has the locks, and keeps them: one limit for all of them together
five='l1 l2 l3 l4 l5'
locks=
for name in $five; do
	generation "$name" 1 "$name.example.test"
	locks="$locks $STATE/locks/cert-$name.lock"
	printf 'certificate %s {\n    names %s.example.test\n    deploy copy { keyfull %s }\n}\n' \
		"$name" "$name" "$WORLD/tls/$name.pem"
done >"$WORLD/five.conf"
config <"$WORLD/five.conf"
pid_holder=''
# shellcheck disable=SC2086 # words
start holder python3 -c '
import fcntl, sys, time
held = [open(path, "a") for path in sys.argv[1:]]
for file in held: fcntl.flock(file, fcntl.LOCK_EX)
print("all of them", flush=True)
time.sleep(600)' $locks
until grep -q 'all of them' "$WORLD/holder.log" || ! kill -0 "$pid_holder" 2>/dev/null; do sleep 0.1; done
begin=$(date +%s)
dnseal --wait 4s deploy >"$WORLD/out" 2>&1 </dev/null
is 'locks that another run keeps: status 5' "$?" 5
took=$(($(date +%s) - begin))
ok "- after 4 s, not 20 ($took s)" test $took -ge 3 -a $took -lt 16
is '- a sentence for each' "$(grep -c 'cert-l[1-5].lock is locked by' "$WORLD/out")" 5 || sed 's/^/# /' "$WORLD/out"
is '- and no file' "$(find "$WORLD/tls" -name 'l[1-5].pem' | wc -l | tr -d ' ')" 0
kill "$pid_holder"
wait "$pid_holder" 2>/dev/null
deploys 'when it is gone all are deployed' 0
is '- all' "$(find "$WORLD/tls" -name 'l[1-5].pem' | wc -l | tr -d ' ')" 5

# ---- rollback, remove, restore
config <<-END
	certificate mail {
	    names mail.example.test
	    deploy copy { write in-place keyfull $WORLD/tls/mount.pem }
	}
	END
generation mail 2 mail.example.test
deploys 'a new generation is deployed' 0
dnseal rollback mail >"$WORLD/out" 2>&1
is 'rollback' "$?" 0 || sed 's/^/# /' "$WORLD/out"
is '- the older one is live' "$(readlink "$STATE/certs/mail/live")" gen-000001
ok '- and deployed' cmp -s "$WORLD/mounted.pem" "$STATE/certs/mail/gen-000001/keyfull.pem"
touch -d '3 days ago' "$STATE/certs/mail/gen-000002"
dnseal rollback mail 2 >"$WORLD/out" 2>&1
is 'and forward again, days later' "$? $(readlink "$STATE/certs/mail/live")" '0 gen-000002' ||
	sed 's/^/# /' "$WORLD/out"
refused 'no such generation' 3 'no whole generation 7' dnseal rollback mail 7
dnseal remove mail >"$WORLD/out" 2>&1
is 'remove' "$?" 0 || sed 's/^/# /' "$WORLD/out"
ok '- it is gone' test ! -e "$STATE/certs/mail/live"
like '- it is still configured' "$(cat "$WORLD/out")" 'still configured'
dnseal restore mail >"$WORLD/out" 2>&1
is 'restore, and its services have it again' "$? $(grep -c '1 of 1 targets done' "$WORLD/out") $(readlink "$STATE/certs/mail/live")" '0 1 gen-000002' || sed 's/^/# /' "$WORLD/out"
refused 'not twice' 3 'no certificate of this name was removed' dnseal restore mail
done_testing
