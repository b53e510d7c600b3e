#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# basics.t - help, version, usage errors and their exit status.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99
: >empty.conf
chmod 600 empty.conf

# run WORDS...: out, err and status of the program, without the network and without the host's files.
run() {
	"$DNSEAL" -c "$dir/empty.conf" --state-dir "$dir/state" --plugin-dir "$dir/plugins" "$@" \
		>"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	out=$(cat "$dir/out") err=$(cat "$dir/err")
}
bare() {
	"$DNSEAL" "$@" >"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	out=$(cat "$dir/out") err=$(cat "$dir/err")
}

bare
is 'no command: status 1' "$status" 1
is '- twelve lines' "$(wc -l <"$dir/out" | tr -d ' ')" 12
is '- on stdout' "$err" ''
like '- with an example' "$out" 'dnseal issue --dns cloudflare'
bare --help
is '--help: status 0' "$status" 0
like '- lists commands' "$out" '^  issue '
for now in deploy probe revoke daemon; do like "- and $now" "$out" "^  $now "; done
for later in delegate tlsa completion; do
	ok "- but not $later" sh -c "! grep -q '^  $later' out"
done
bare -h issue
like '-h issue is about issue' "$out" '^usage: dnseal issue '
bare help issue
like 'so is help issue' "$out" '--force'
bare help nonsense
is 'help about nothing: status 1' "$status" 1

bare version
is 'version' "$status" 0
like '- is one line' "$out" '^dnseal [0-9]+\.[0-9]+\.[0-9]+$'
is '- the same as --version' "$("$DNSEAL" --version)" "$out"
is '- and -V' "$("$DNSEAL" -V)" "$out"
run version --build
for word in gnutls libcurl json-c c-ares libidn2 'plugin ABI' 'plugin folder'; do
	like "version --build knows $word" "$out" "^$word "
done

# usage WORDS... -- SENTENCE: refused with status 1, the sentence on stderr, nothing on stdout.
usage() {
	words=
	while test "$1" != --; do words="$words $1"; shift; done
	# shellcheck disable=SC2086 # words
	run $words
	is "refused:$words" "$status" 1
	like "- it says so" "$err" "$2"
	is "- and nothing on stdout" "$out" ''
}
usage isue x -- "unknown command 'isue'"
usage isue x -- "did you mean 'issue'"
usage delegate -- "'delegate' is not in this version"
usage config fmt -- "'config fmt' is not in this version"
usage dns zonse x -- "did you mean 'zones'"
usage dns zones -- 'of which dns block'
usage status --forse -- 'unknown option --forse'
usage issue a.example --forc -- 'did you mean --force'
usage --force issue a.example -- 'belongs behind the command'
usage issue -- "'issue' needs more"
usage status a b -- "takes no argument 'b'"
usage status nosuch -- "no certificate 'nosuch'"
usage cas nosuch -- "no CA has the short name 'nosuch'"
usage providers nosuch -- 'nosuch: no such provider'
usage issue https://a.example/ --dns x -- 'a\.example'
usage issue 192.0.2.1 --dns x -- '192\.0\.2\.1'
usage issue mail --dns x -- 'neither a configured certificate nor a domain name'
usage issue a.example -- 'no DNS provider is configured'
usage check --ignore-check nonsense -- 'storage, ca, clock, credentials, dns are possible'
usage accounts show nosuch -- "no account 'nosuch'"
bare -c "$dir/absent.conf" status
is 'a configuration that is named must exist' "$status" 1
like '- it says so' "$err" 'absent\.conf: no such file'

run status
is 'status without anything: 0' "$status" 0
ok '- and nothing was made' test ! -e "$dir/state"
run cas
like 'cas lists CAs' "$out" '^letsencrypt +Let'
run cas buypass
like 'a closed one is called so' "$out" 'closed'

# Nobody's home: an error, not the root directory.
env -u HOME -u XDG_CONFIG_HOME -u XDG_STATE_HOME "$DNSEAL" status >"$dir/out" 2>"$dir/err" </dev/null
status=$?
if test "$(id -u)" = 0; then
	skip 'no HOME' 'root has its own folders'
else
	is 'no HOME: status 1' "$status" 1
fi

# What cannot be written is an error.
if test -c /dev/full; then
	"$DNSEAL" cas >/dev/full 2>/dev/null
	is 'a full stdout: status 7' "$?" 7
else
	skip 'a full stdout' 'no /dev/full'
fi
done_testing
