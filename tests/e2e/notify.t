#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# notify.t - who is told what by real runs: mail through a stand-in for sendmail, a webhook through
# HTTPS, metrics in a file; each once, nothing secret in any of them.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_start

# Every mail a file of its own, with what the program was given beside it.
mkdir "$WORLD/mails"
cat >"$WORLD/sendmail" <<END
#!/bin/sh
n=\$(ls "$WORLD/mails" | grep -c txt)
cat >"$WORLD/mails/\$n.txt"
echo "\$@" >"$WORLD/mails/\$n.args"
env >"$WORLD/mails/\$n.env"
END
chmod 755 "$WORLD/sendmail"
mails() { find "$WORLD/mails" -name '*.txt' | wc -l | tr -d ' '; }
mail() { cat "$WORLD/mails/$(($(mails) - 1)).txt"; } # the last one

certificate hook hook.test
echo '127.0.0.21 hook.test' >>"$WORLD/hosts"
start hook python3 -B "$servers/hook.py" --listen 127.0.0.21:443 --cert "$WORLD/hook.pem" \
	--key "$WORLD/hook.key" --log "$WORLD/posts" --status "$WORLD/hook.status"
wait_port 127.0.0.21 443
: >"$WORLD/posts"
posts() { wc -l <"$WORLD/posts" | tr -d ' '; }
# A Python expression about the last one: path, type, body (an object).
post() {
	tail -n 1 "$WORLD/posts" | python3 -c 'import json, sys
p = json.load(sys.stdin); path, type, body = p["path"], p["type"], json.loads(p["body"])
print(eval(sys.argv[1]))' "$1"
}

TOKEN=hook-token-0123456789abcdef
(umask 077; echo "https://hook.test/$TOKEN" >"$WORLD/hook.url")
configure <<END
metrics $WORLD/dnseal.prom
notify mail {
    to       admin@example.test other@example.test
    sendmail sendmail
    on       failure recovered success expiry
}
notify webhook {
    url      file:hook.url
    trust    $WORLD/trust.pem
    on       failure success
}
certificate site { names www.example.test }
END

# run "what" STATUS COMMAND...: all that it says is collected, to be searched for secrets.
run() {
	what=$1 want=$2
	shift 2
	dnseal -vv "$@" >"$WORLD/out" 2>&1 </dev/null
	is "$what" "$?" "$want" || sed 's/^/# /' "$WORLD/out"
	cat "$WORLD/out" >>"$WORLD/said"
}
told() { is "- $1" "$(mails) mails, $(posts) posts" "$2 mails, $3 posts"; }
metrics() { cat "$WORLD/dnseal.prom"; }

run 'a certificate' 0 issue site
told 'both are told' 1 1
like '- the mail is to both' "$(mail | tr '\n' ' ')" '^To: admin@example.test,  *other@example.test '
like '- its subject' "$(mail)" '^Subject: \[dnseal\] .*: site has a new certificate$'
like '- its text' "$(mail)" '^site: success: issued, valid until 20'
is '- sendmail is called as ever' "$(cat "$WORLD/mails/0.args")" '-oi -t'
is '- the webhook says the same' "$(post 'path, type, body["event"], body["certificates"][0]["certificate"]')" \
	"('/$TOKEN', 'application/json', 'success', 'site')"
like '- metrics' "$(metrics)" '^dnseal_last_result\{lineage="site",class="ok"\} 1$'
like '- with its end' "$(metrics)" \
	'^dnseal_certificate_not_after_timestamp_seconds\{lineage="site",key="ecdsa-p256",issuer="[^"]+"\} [0-9]+$'

# A CA is asked for its wish some time after it has issued; now is that time.
sed -i 's/"next_ask": *[0-9]*/"next_ask":1/' "$STATE/certs/site/state.json"
run 'again, and nothing is due' 0 renew
told 'nobody is told' 1 1

dnseal status site >"$WORLD/out" 2>&1
like "- status tells the window that the CA wishes for" "$(cat "$WORLD/out")" \
	"^  CA's window  20[0-9T:-]*Z to 20[0-9T:-]*Z$"
dnseal --json status site >"$WORLD/out" 2>&1
is '- and the moment that was drawn in it' "$(python3 -c 'import json, sys
a = json.load(open(sys.argv[1]))["certificates"][0]["ari"]; print(a["start"] <= a["at"] < a["end"] and "next_ask" in a)' \
	"$WORLD/out" 2>&1)" True

wrong=d3Jvbmcgc2VjcmV0IG9mIHRoZSB0ZXN0LCAzMiBvY3RldHM=
(umask 077; echo $wrong >"$WORLD/tsig")
run 'a key that the server refuses' 6 issue --force site
told 'both are told' 2 2
like '- that an operator must act' "$(mail)" '^Subject: .*: site failed, an operator must act$'
like '- what it is' "$(mail)" '^site: operator \(auth\): '
is '- the webhook too' "$(post 'body["event"], body["certificates"][0]["class"]')" "('operator', 'auth')"
like '- metrics' "$(metrics)" '^dnseal_last_result\{lineage="site",class="auth"\} 1$'
like '- and its exit status' "$(metrics)" '^dnseal_run_exit_status 6$'
run 'the same once more' 6 issue --force site
told 'nobody is told' 2 2
like '- metrics count' "$(metrics)" '^dnseal_consecutive_failures\{lineage="site"\} 2$'
like '- status says why' "$(dnseal status site 2>&1)" '^  last error .*\(auth\)$'

(umask 077; echo "$TSIG_SECRET" >"$WORLD/tsig")
echo 503 >"$WORLD/hook.status"
run 'mended' 0 issue --force site
told 'both are asked' 3 3
like '- one mail with both' "$(mail)" '^Subject: .*: site works again; site has a new certificate$'
like '- that the webhook refused is said, without its URL' "$(cat "$WORLD/out")" \
	'^notify webhook \(.*dnseal.conf:[0-9]+\): the server answered 503'

run 'the next run, and the webhook is still down' 0 issue site
told 'it is tried again, and the mail is not repeated' 3 4
rm "$WORLD/hook.status"
run 'it is up again' 0 issue site
told 'it hears what it did not hear' 3 5
is '- which is' "$(post 'body["certificates"][0]["event"]')" success
run 'one more run' 0 issue site
told 'nobody is told again' 3 5

mv "$WORLD/sendmail" "$WORLD/sendmail.off"
run 'another, and there is no sendmail' 0 issue --force site
told 'the webhook is told' 3 6
mv "$WORLD/sendmail.off" "$WORLD/sendmail"
run 'the next run' 0 issue site
told 'sends the mail, and the webhook is left alone' 4 6

run 'a rehearsal' 0 issue --force -n --test-ca "$CA_URL" site
told 'nobody is told' 4 6
run 'check --notify' 0 check --notify --ignore-check dns --ignore-check credentials
told 'everybody gets a message' 5 7
like '- that nothing has happened' "$(mail | tr '\n' ' ')" 'nothing has happened'

# ---- one with two keys, whose deployment fails, and one that was never issued
printf '#!/bin/sh\ntest -e %s/fixed\n' "$WORLD" >"$WORLD/reload"
chmod 755 "$WORLD/reload"
cat >>"$CONF" <<END
certificate two {
    names two.example.test
    key ecdsa-p256 rsa-2048
    deploy exec $WORLD/reload
}
certificate never { names never.example.test }
END
run 'a deployment that fails: status 4' 4 issue two
told 'both are told' 6 8
like '- in one message' "$(mail)" '^Subject: .*: two failed; two has a new certificate$'
like '- what failed' "$(mail | tr '\n' ' ')" 'two: failure \(deploy\): deployment exec: '
like '- metrics' "$(metrics)" '^dnseal_deploy_pending\{lineage="two",target="exec"\} 1$'
is '- both keys' "$(metrics | sed -n 's/^dnseal_certificate_not_after.*lineage="two",key="\([^"]*\)".*/\1/p' | tr '\n' ' ')" \
	'ecdsa-p256 rsa-2048 '
(umask 077; echo $wrong >"$WORLD/tsig")
run 'one that fails from the start' 6 issue never
told 'both are told' 7 9
dnseal --json status >"$WORLD/out" 2>/dev/null
if python3 -c 'import jsonschema' 2>/dev/null; then
	is 'status --json of all three is as its schema says' "$(python3 -c 'import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
for d in schema["$defs"].values(): d.setdefault("additionalProperties", False) if d["type"] == "object" else None
j = json.load(open(sys.argv[2]))
jsonschema.validate(j, schema)
print(*sorted(c["name"] + " " + c.get("last_class", "-") + " " + " ".join(c.get("key_types", [])) +
              "".join(" " + t["state"] for t in c["deploy"]) for c in j["certificates"]), sep="; ")' \
		"$srcdir/etc/status.schema.json" "$WORLD/out" 2>&1)" \
		'never auth ; site - ecdsa-p256; two - ecdsa-p256 rsa-2048 failed'
else
	skip 'status --json of all three is as its schema says' 'python3-jsonschema is not installed'
fi
: >"$WORLD/fixed"
run 'the deployment is mended' 0 deploy two
told 'who has no secret URL is told at once' 8 9
like '- that it works' "$(mail)" '^Subject: .*: two works again$'

# ---- a disk that takes nothing, so nothing can be remembered either
if mount --bind "$STATE" "$STATE" 2>/dev/null && mount -o remount,bind,ro "$STATE" 2>/dev/null; then
	run 'a state directory that cannot be written: status 7' 7 renew never
	is '- the mail says so' "$(mails)" 9
	like '- to an operator' "$(mail)" '^Subject: .*: dnseal failed, an operator must act$'
	like '- which directory' "$(mail | tr '\n' ' ')" "dnseal: operator \\(storage\\): the state directory +$STATE cannot be written"
	like '- and metrics' "$(metrics)" '^dnseal_run_exit_status 7$'
	umount "$STATE"
else
	skip 'a state directory that cannot be written' 'this user cannot mount'
fi

leaks=
for secret in "$TSIG_SECRET" $wrong; do
	! grep -rqF -e "$secret" "$WORLD/mails" "$WORLD/posts" "$WORLD/said" "$WORLD/dnseal.prom" ||
		leaks="$leaks $secret"
done
! grep -rqF -e $TOKEN "$WORLD/mails" "$WORLD/said" "$WORLD/dnseal.prom" || leaks="$leaks $TOKEN"
is 'no secret in mails, posts, metrics and all that was said' "$leaks" ''
done_testing
