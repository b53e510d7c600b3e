#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# json.t - with --json stdout is JSON, an object a line, and nothing else.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
command -v python3 >/dev/null || skip_all 'python3 is not installed'
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99
umask 077
cat >dnseal.conf <<'END'
account le { ca letsencrypt agreed }
dns cloudflare { api_token 0123456789abcdef zones example.org }
certificate mail { names mail.example.org *.example.org deploy nginx }
END

run() {
	"$DNSEAL" -c "$dir/dnseal.conf" --state-dir "$dir/state" --plugin-dir "$PLUGINS" --json "$@" \
		>"$dir/out" 2>"$dir/err" </dev/null
	status=$?
}

# Every line an object with v 1 and t; the events in their order, each once.
cat >events.py <<'END'
import json, re, sys
seen = []
for line in open(sys.argv[1], encoding="utf-8"):
    o = json.loads(line)
    assert isinstance(o, dict) and o["v"] == 1, line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", o["t"]), line
    event = o.get("event", "document")
    if not seen or seen[-1] != event:
        seen.append(event)
print(" ".join(seen))
END
events() {
	want=$1 code=$2
	shift 2
	run "$@"
	is "$* $([ "$code" = 0 ] || echo "(status $code)")" "$status $(python3 events.py out 2>&1)" "$code $want"
}
events document 0 status
events version 0 version
events version 0 version --build
events cas 0 cas
events providers 0 providers
events accounts 0 accounts
events journal 0 cleanup --list
events config 0 config show
events expiry 3 check --expiry 14d
events error 1 issue
events error 1 delegate
events error 1 status --nonsense
events error 1 status nosuch
events error 1 issue a.example --key dsa
printf 'foo\nbar\n' >>dnseal.conf
events error 1 plan
is '- one for each mistake' "$(wc -l <out | tr -d ' ')" 2

sed -i '/^foo$/d; /^bar$/d' dnseal.conf
run status
is 'status: what was configured is there' "$(python3 -c '
import json
c = json.load(open("out"))["certificates"][0]
print(c["name"], c["names"], c["account"], c["deploy"], c["failures"])')" \
	"mail ['mail.example.org', '*.example.org'] le [] 0"
if test -f "$srcdir/etc/status.schema.json" && python3 -c 'import jsonschema' 2>/dev/null; then
	is 'status: as its schema says' "$(python3 -c '
import json, sys, jsonschema
jsonschema.validate(json.load(open("out")), json.load(open(sys.argv[1])))' \
		"$srcdir/etc/status.schema.json" 2>&1)" ''
else
	skip 'status: as its schema says' 'python3-jsonschema is not installed'
fi
ok 'the schema itself is JSON' python3 -m json.tool "$srcdir/etc/status.schema.json" schema.out

"$DNSEAL" -c "$dir/dnseal.conf" --state-dir "$dir/state" check --nagios >out 2>err </dev/null
is 'check --nagios: status 2' "$?" 2
is '- one line' "$(wc -l <out | tr -d ' ')" 1
like '- as plugins write it' "$(cat out)" '^DNSEAL CRITICAL - .*mail: there is none.* \|'
echo nonsense >dnseal.conf
"$DNSEAL" -c "$dir/dnseal.conf" --state-dir "$dir/state" check --nagios >out 2>err </dev/null
is '- 3 when nothing can be said' "$?" 3
like '- on one line too' "$(cat out)" '^DNSEAL UNKNOWN'
done_testing
