#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# status.t - what status and check tell of certificates on disk, to people and to machines.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
command -v certtool >/dev/null || skip_all 'certtool is not installed'
command -v python3 >/dev/null || skip_all 'python3 is not installed'
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99
umask 077
mkdir -p state/certs state/locks state/journal
chmod 711 state

run() {
	"$DNSEAL" -c "$dir/dnseal.conf" --state-dir "$dir/state" --plugin-dir "$PLUGINS" "$@" \
		>"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	out=$(cat "$dir/out")
}

# pair GEN KIND TYPE...: key and certificate of the template.
pair() {
	kind=$2
	gen=$1
	shift 2
	certtool --generate-privkey "$@" --outfile "$gen/privkey$kind.pem" >/dev/null 2>&1
	certtool --generate-self-signed --load-privkey "$gen/privkey$kind.pem" --template template \
		--outfile "$gen/cert$kind.pem" >/dev/null 2>&1
	cp "$gen/cert$kind.pem" "$gen/fullchain$kind.pem"
	cat "$gen/privkey$kind.pem" "$gen/cert$kind.pem" >"$gen/keyfull$kind.pem"
	: >"$gen/chain$kind.pem"
}

# live CERT LEFT: a certificate of 100 days of which so many are left; its state is stdin.
live() {
	gen=state/certs/$1/gen-000002
	mkdir -p "$gen"
	ln -s gen-000002 "state/certs/$1/live"
	{
		echo "cn = $1"
		echo "dns_name = $1.example.org"
		date -u -d "$(($2 - 100)) days" '+activation_date = "%Y-%m-%d %H:%M:%S UTC"'
		date -u -d "$2 days" '+expiration_date = "%Y-%m-%d %H:%M:%S UTC"'
	} >template
	pair "$gen" '' --key-type ecdsa --curve secp256r1
	echo '{"ca":"https://acme-v02.api.letsencrypt.org/directory","key_type":"ecdsa-p256"}' >"$gen/meta.json"
	cat >"state/certs/$1/state.json"
}

now=$(date +%s)
cat >dnseal.conf <<END
account le { ca letsencrypt agreed }
dns cloudflare { api_token 0123456789abcdef zones example.org }
certificate good { names good.example.org }
certificate bad { names bad.example.org }
certificate half { names half.example.org }
certificate never { names never.example.org *.never.example.org }
certificate both { names both.example.org key ecdsa-p256 rsa-2048 }
END
live good 50 <<END
{"propagation_s":72,"last_run":$now,"last_success":$now}
END
live bad 15 <<END
{"failures":3,"next_try":$((now + 5400)),"last_error":"cloudflare: token refused","last_class":"auth",
"last_problem":"caa","last_failure":$now,"last_run":$now,"last_success":$((now - 8640000))}
END
live half 90 <<END
{"last_run":$now,"targets":[{"name":"nginx","generation":2,"last":$now},
{"name":"postfix","generation":1,"pending":true,"tries":2,"last":$now,"error":"port 25 serves another"}]}
END

live both 60 <<END
{"last_run":$now,"targets":[{"name":"copy","generation":1,"pending":true}],
"ari":{"cert_id":"of another","start":$now,"end":$((now + 9)),"at":$((now + 3))}}
END
pair state/certs/both/gen-000002 .rsa --key-type rsa --bits 2048
echo '{"key_type":"ecdsa-p256","twin_key_type":"rsa-2048"}' >state/certs/both/gen-000002/meta.json

run status
is 'status' "$status" 0
like '- one that is well' "$out" '^good +good.example.org +[0-9-]+ (49|50)d[0-9a-z]* +[0-9-]+ +ok$'
like '- one that failed, and when it is tried again' "$out" '^bad .* in 1h(29|30)m[0-9s]* +FAIL$'
like '- with its error' "$out" '^    cloudflare: token refused$'
like '- one that is not deployed' "$out" '^half .*FAIL$'
like '- with what the port said' "$out" '^    port 25 serves another$'
like '- one that was never issued' "$out" '^never +never.example.org \+1 +- +- +now +-$'
like '- one whose deployment was not tried yet' "$out" '^both .* now +warn$'

run status bad
is 'one in detail' "$status" 0
like '- error, class, problem' "$out" '^  last error   cloudflare: token refused \(auth, caa\)$'
like '- failures' "$out" '^  failures     3 in a row$'
like '- next look, and why' "$out" '^  next look    in 1h(29|30)m[0-9s]* \(the pause after a failure\)$'
like '- that it is due' "$out" '^  due          now \(.*of its life.*\)$'
like '- next try' "$out" '^  next try     20[0-9-]*T[0-9:]*Z$'
like '- what the limits leave' "$out" '^  budget       .*orders'
run status half
like 'deployments: one that has it' "$out" '^  deploy       nginx: done, has generation 2, 20'
like '- and one that has not' "$out" '^ *postfix: failed, has generation 1, 20.*, tried 2 times: port 25'
like '- which the next run will try' "$out" '^  next look    now \(a deployment is pending\)$'
run status never
like 'one that was never issued' "$out" '^  state        there is none yet$'
like '- next look' "$out" '^  next look    now \(there is none yet\)$'
run status both
like 'both types of key' "$(tr '\n' ' ' <out)" ' key +ECDSA P-256 +RSA 2048 '
run status good
like '- next look' "$out" '^  next look    20[0-9-]* \(.*of its life.*\)$'
like 'propagation' "$out" '^  propagation  1m12s$'

run status --json
is 'as JSON' "$(python3 -c '
import json
c = {c["name"]: c for c in json.load(open("out"))["certificates"]}
b = c["bad"]
print(b["failures"], b["last_class"], b["last_problem"], b["due"], b["next_look"] == b["next_try"])
print(c["good"]["due"], c["good"]["next_look"] == c["good"]["renew_at"], c["good"]["propagation_s"])
for t in c["half"]["deploy"]: print(t["target"], t["state"], t["generation"], t["tries"], t.get("error"))
print("next_look" in c["half"], c["half"]["next_look_reason"])
print(c["never"]["names"], c["never"]["due"], "not_after" in c["never"], "next_look" in c["never"])
print(c["both"]["key_types"], c["both"]["deploy"][0]["state"], "ari" in c["both"])')" \
	"3 auth caa time True
not True 72
nginx done 2 0 None
postfix failed 1 2 port 25 serves another
False a deployment is pending
['never.example.org', '*.never.example.org'] new False False
['ecdsa-p256', 'rsa-2048'] pending False"
follows() {
	if python3 -c 'import jsonschema' 2>/dev/null; then
		is "$1" "$(python3 -c '
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
for d in schema["$defs"].values(): d.setdefault("additionalProperties", False) if d["type"] == "object" else None
jsonschema.validate(json.load(open("out")), schema)' "$srcdir/etc/status.schema.json" 2>&1)" ''
	else
		skip "$1" 'python3-jsonschema is not installed'
	fi
}
follows '- as its schema says, and nothing beside it'
run status --json bad
follows '- of one certificate too'
is '- with its budget' "$(python3 -c 'import json; print("orders" in json.load(open("out"))["certificates"][0]["budget"])')" True

is '- what is not there is critical' "$(run check --nagios; echo $status)" 2
sed -i '/^certificate never/d' dnseal.conf
run check --nagios
is 'check --nagios: 15 of 100 days are a warning' "$status" 1
is '- one line' "$(wc -l <out | tr -d ' ')" 1
like '- as plugins write it' "$out" '^DNSEAL WARNING - 4 certificates, next expiry bad 1[45]d.*, bad: 1[45]d.* \| '
is '- performance data of each' "$(sed 's/.*| //' out | tr ' ' '\n' | grep -Evc "^'[a-z]+'=[0-9]+s;[0-9]+:;[0-9]+:\$")" 0
like '- with limits of a fifth and a tenth' "$out" " 'bad'=[0-9]+s;17[0-9]+:;8[0-9]+:( |\$)"
run check --nagios good half
is '- what is asked for is well' "$status" 0
run check --expiry 14d
is 'check --expiry 14d' "$status" 0
run check --expiry 20d
is 'check --expiry 20d: status 3' "$status" 3
like '- and which' "$out" '^bad: 1[45]d'
live late 5 </dev/null
echo '{}' >state/certs/late/state.json
run check --nagios
is 'check --nagios: 5 of 100 days are critical' "$status" 2
run status late
like 'one that nobody configured' "$out" '^  configured   no$'

echo '{"failures":"many"}' >state/certs/late/state.json
run status --json
is 'one that is damaged: status 7' "$status" 7
follows '- it is told as the schema says'
run check --nagios
is '- and unknown, behind one that is not there' "$status" 3
like '- with its reason' "$out" '^DNSEAL UNKNOWN - .*late: .*state.json is damaged'
rm -r state/certs/late
run check --nagios nobody
is 'one that does not exist is unknown' "$status" 3
run check --nagios --such
is 'a wrong option is unknown, not a warning' "$status" 3
run check --nagios --live
is '- two that do not go together, too' "$status" 3
like '- which is said where it is read' "$out" '^DNSEAL UNKNOWN - '
: >none.conf
"$DNSEAL" -c none.conf --state-dir nowhere check --nagios >out 2>&1
is 'no certificates: unknown' "$?" 3

# ---- metrics and news, by the only run that needs no network and changes nothing here
cat >told <<'END'
#!/bin/sh
cat >>"$HOME/news"
END
chmod 755 told
cat >>dnseal.conf <<END
metrics $dir/dnseal.prom
notify exec { on failure recovered expiry 16d success exec $dir/told }
END
reports() { # what was told, sorted
	: >news
	HOME=$dir run deploy good
	python3 -c 'import json
for m in map(json.loads, open("news")):
    print(" ".join(sorted("%(certificate)s:%(event)s" % c for c in m["certificates"])))'
}
is 'news of all certificates' "$(reports)" 'bad:expiry bad:operator good:success half:failure'
is '- each is told once' "$(reports)" ''
sed -i 's/"failures": *3,/"failures":0,/' state/certs/bad/state.json
sed -i 's/"pending": *true,*//' state/certs/half/state.json
is '- and its end' "$(reports)" 'bad:recovered half:recovered'
is '- once' "$(reports)" ''
is 'metrics: for everybody to read' "$(stat -c %a dnseal.prom)" 644
is '- nothing is left beside them' "$(echo dnseal.prom*)" dnseal.prom
is '- in the format of Prometheus' "$(python3 - dnseal.prom <<'END' 2>&1
import re, sys

text = open(sys.argv[1], "rb").read().decode()
assert text.endswith("\n") and "\r" not in text and "\n\n" not in text
name = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
label = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
sample = re.compile(r"(%s)(?:\{(%s(?:,%s)*)\})? (-?[0-9]+(?:\.[0-9]+)?)" % (name, label, label))
helps, types, seen, family, closed = set(), set(), set(), None, set()
for line in text.splitlines():
    if line.startswith("# HELP "):
        new, words = line[7:].split(" ", 1)
        assert new not in helps and words, line
        helps.add(new)
        closed.add(family)
        family = new
    elif line.startswith("# TYPE "):
        assert line == "# TYPE %s gauge" % family and family not in types, line
        types.add(family)
    else:
        m = sample.fullmatch(line)
        assert m, line
        assert m.group(1) == family and family in types and family not in closed, line
        assert line.rsplit(" ", 1)[0] not in seen, "twice: " + line
        seen.add(line.rsplit(" ", 1)[0])
assert helps == types
print(len(helps), "families")
END
)" '15 families'
is '- both certificates of a pair' "$(grep -c '^dnseal_certificate_not_after.*lineage="both"' dnseal.prom)" 2

# ---- logs
lines() { # FILE: levels and messages of the JSON lines
	python3 -c 'import json, sys
for line in open(sys.argv[1]):
    o = json.loads(line)
    assert sorted(o) == ["level", "message", "t", "v"] and o["v"] == 1, line
    print(o["level"], o["message"])' "$1" 2>&1
}
cp dnseal.conf text.conf
echo 'log-format json' >>dnseal.conf
sed -i 's,^metrics .*,metrics /nonexistent/dnseal.prom,' dnseal.conf
run deploy good
like 'log-format json: each line is an object' "$(lines err)" '^warn metrics: .*/nonexistent/dnseal.prom'
echo "log file:$dir/dnseal.log" >>dnseal.conf
run deploy good
is 'log file: nothing on stderr' "$(cat err)" ''
is '- the same lines are there' "$(lines dnseal.log | head -n 1)" 'info dnseal: no certificate has a deploy target'
cp text.conf dnseal.conf
python3 - "$dir/journal" "$DNSEAL" -c "$dir/dnseal.conf" --state-dir "$dir/state" deploy good >out 2>&1 <<'END'
import os, socket, subprocess, sys

# What systemd does: stderr is a stream to the journal, and $JOURNAL_STREAM names it.
ours, theirs = socket.socketpair()
st = os.fstat(theirs.fileno())
env = dict(os.environ, JOURNAL_STREAM="%d:%d" % (st.st_dev, st.st_ino))
subprocess.run(sys.argv[2:], env=env, stderr=theirs, stdout=subprocess.DEVNULL)
theirs.close()
print(ours.recv(4096).decode(), end="")
END
if test -S /run/systemd/journal/socket; then
	skip 'lines of the journal have their priority' 'this host has a journal, which takes them'
else
	is 'lines of the journal have their priority' "$(cat out)" '<6>dnseal: no certificate has a deploy target'
fi

run check --notify --expiry 20d
is 'check --notify asks outside: not with --expiry' "$status" 1
done_testing
