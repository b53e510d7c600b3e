#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# config.t - mistakes in the configuration and in --set as an operator sees them; secrets stay secret.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99
umask 077

run() {
	"$DNSEAL" -c "$dir/dnseal.conf" --state-dir "$dir/state" --plugin-dir "$PLUGINS" "$@" \
		>"$dir/out" 2>"$dir/err" </dev/null
	status=$?
	out=$(cat "$dir/out") err=$(sed "s,$dir/,,g" "$dir/err")
}
conf() { cat >"$dir/dnseal.conf"; }
has() { "$DNSEAL" --plugin-dir "$PLUGINS" providers "$1" >/dev/null 2>&1; }

conf <<'END'
keep none
emial hostmaster@example.org
certificate mail {
    names mail.example.org
    api_token x
END
run plan
is 'a broken file: status 1' "$status" 1
is '- what breaks the grammar is said' "$err" \
	"dnseal.conf:3: the block of 'certificate' is never closed: is the file cut off?
1 error, nothing was done"
echo '}' >>"$dir/dnseal.conf"
run plan
is '- all else in one run' "$err" \
	"dnseal.conf:1: 'keep none': a number from 1 to 1000 is possible
dnseal.conf:2: unknown word 'emial' in the configuration; did you mean 'email'?
dnseal.conf:5: 'api_token' belongs in a dns block
3 errors, nothing was done"
for command in status check 'config show' accounts cleanup 'issue mail'; do
	# shellcheck disable=SC2086 # words
	run $command
	is "- the same for $command" "$status" 1
done
yes 'foo bar' | head -n 30 >"$dir/dnseal.conf"
run status
is 'at most 20 are shown' "$(grep -c 'unknown word' "$dir/err")" 20
like '- and all are counted' "$err" '^30 errors \(the first 20 are shown\), nothing was done$'

# ---- dns blocks
if has cloudflare; then
	conf <<-'END'
	dns cloudflare {
	    api_tokne 0123456789abcdef
	}
	certificate mail { names mail.example.org }
	END
	run plan mail
	is 'a misspelt option: status 1' "$status" 1
	like '- with the nearest one' "$err" \
		"^dnseal.conf:2: unknown word 'api_tokne' in dns cloudflare; did you mean 'api_token'\?"
	ok '- without its value' sh -c "! grep -q 0123456789 err"
	conf <<-'END'
	dns cloudflare { api_token file:token zones example.org }
	certificate mail { names mail.example.org }
	END
	echo 0123456789abcdef >token
	chmod 644 token
	run issue mail
	is 'a secret that others can read: status 1' "$status" 1
	like '- it says which' "$err" '^dnseal.conf:1: api_token: token: mode 0644 lets others read it'
	like '- and how to mend it' "$err" 'chmod 600 .*token'
	rm token
	run issue mail
	like 'a secret that is not there' "$err" '^dnseal.conf:1: api_token: token: No such file'
	run plan mail
	like '- plan says the same, and goes on' "$err" 'dnseal.conf:1: api_token: token: No such file'
	like '- to what it can tell' "$out" '^mail  '
	conf <<-'END'
	dns main { type cloudfalre }
	certificate mail { names mail.example.org }
	END
	run issue mail
	like 'a misspelt provider' "$err" '^dnseal.conf:1: dns main: cloudfalre: '
	like '- with the nearest one' "$err" 'did you mean cloudflare'

	# ---- --set
	: >"$dir/dnseal.conf"
	run issue a.example --dns cloudflare --set api_token=0123456789abcdef
	is 'a literal secret on the command line: status 1' "$status" 1
	like '- it says how' "$err" 'api_token=file:PATH'
	ok '- without repeating it' sh -c "! grep -q 0123456789 err"
	run issue a.example --dns cloudflare --set api_token=literal:0123456789abcdef
	is '- also as literal:' "$status" 1
	run issue a.example --dns cloudflare --set api_tokne=x
	like 'a misspelt option in --set' "$err" "did you mean 'api_token'"
	run issue a.example --dns cloudflare --set api_token
	like '--set without a value' "$err" 'needs KEY=VALUE'
	env -u CLOUDFLARE_API_TOKEN "$DNSEAL" -c "$dir/dnseal.conf" --state-dir "$dir/state" \
		--plugin-dir "$PLUGINS" issue a.example --dns cloudflare >"$dir/out" 2>"$dir/err" </dev/null
	is 'a provider without credentials: status 1' "$?" 1
	like '- names option or variable' "$(cat "$dir/err")" 'api_token|CLOUDFLARE_API_TOKEN'

	# ---- config show
	printf 'dns cloudflare { api_token 0123456789abcdef }\n' >"$dir/dnseal.conf"
	run config show
	is 'config show: status 0' "$status" 0
	like '- secrets are struck out' "$out" 'api_token \*\*\*'
	like '- with origins' "$out" "# $dir/dnseal.conf:1\$"
	run --json config show
	ok '- nor in JSON' sh -c "! grep -q 0123456789 out"
else
	skip 'dns blocks' 'there is no provider cloudflare here'
fi

# ---- where messages go
echo "log file:$dir/messages" >"$dir/dnseal.conf"
run status
is 'log file: talk goes there' "$status $err" '0 '
like '- with its time' "$(cat messages)" '^20[0-9-]+T[0-9:]+Z info   no certificates yet'
run issue a.example
is '- an error goes there' "$(grep -c 'error  dnseal: no DNS provider is configured' messages)" 1
like '- and to stderr' "$err" '^dnseal: no DNS provider is configured'
echo 'log-format json' >>"$dir/dnseal.conf"
run status
like 'log-format json' "$(tail -n 1 messages)" \
	'^\{"v":1,"t":"[^"]+","level":"info","message":"no certificates yet: '
echo "log file:$dir/none/messages" >"$dir/dnseal.conf"
run status
is 'a log file that cannot be made: status 1' "$status" 1
like '- it says which' "$err" '^dnseal: log: cannot open none/messages: No such file'

# ---- names by hand, as people write them
: >"$dir/dnseal.conf"
if has rfc2136; then
	by_hand() { run --dry-run dns add rfc2136 "$@" --set server=192.0.2.1; }
	by_hand Bücher.example _Dmarc.münchen MX '10 mail.bücher.example'
	is 'zone, name and data with letters outside of ASCII' "$status $out" \
		'0 _dmarc.xn--mnchen-3ya 0 MX 10 mail.xn--bcher-kva.example'
	by_hand bücher.example @ TXT 'für später'
	is 'a text is not a name' "$status $out" '0 @ 0 TXT für später'
	by_hand bücher.example a.xn--bcher-kva.example. TXT x
	is 'an absolute name is in the zone' "$status $out" '0 a 0 TXT x'
	by_hand bücher.example "$(printf 'a\377')" TXT x
	is 'what is no name: status 1' "$status" 1
	like '- it is shown harmless' "$err" '^dnseal: name "a\\xFF" is no internationalised domain name'
	by_hand bücher.example a.elsewhere.example. TXT x
	like 'a name elsewhere' "$err" 'lies outside of xn--bcher-kva.example'
else
	skip 'names by hand' 'there is no provider rfc2136 here'
fi

# ---- plan says where it would go, once
conf <<'END'
account main { ca letsencrypt }
END
if has rfc2136; then
	plan() { run plan a.example --dns rfc2136 --set server=192.0.2.1 --resolver 127.0.0.1:9 "$@"; }
	plan
	like 'plan: a CA with a short name' "$out" \
		'^  CA +letsencrypt \(https://acme-v02\.api\.letsencrypt\.org/directory\)$'
	like '- and an account with a name of its own' "$out" '^  account +main: none yet'
	plan --ca https://ca.example/dir --profile short
	like '- a CA by URL' "$out" '^  CA +https://ca\.example/dir, profile short$'
	like '- whose account has no name' "$out" '^  account +none yet; its terms'
else
	skip 'plan' 'there is no provider rfc2136 here'
fi

# ---- dns-persist-01
conf <<'END'
certificate dual { names a.example key ecdsa-p256 rsa-2048 }
certificate later { names b.example challenge dns-persist-01 }
END
run plan
is 'what this version cannot: status 1' "$status" 1
is '- the line, and what is possible' "$err" \
	"dnseal.conf:2: certificate 'later': challenge dns-persist-01 is understood, but this version does not carry it out yet
    dns-01 and dns-account-01 are possible
1 error, nothing was done"
run status
is '- status works all the same' "$status" 0

# ---- the shell's star
: >"$dir/dnseal.conf"
: >a.example.org
: >b.example.org
# shellcheck disable=SC2035 # as a careless operator would
run issue example.org *.example.org --dns x
is 'an unquoted star: status 1' "$status" 1
like '- it says what to do' "$err" "quote it: '\*\.example\.org'"
rm -f ./*.example.org

# ---- files that others may change
conf </dev/null
chmod 666 "$dir/dnseal.conf"
run status
is 'a file that others can change: status 1' "$status" 1
like '- and how to mend it' "$err" 'chmod go-w'

# ---- a state folder of somebody else's
chmod 600 "$dir/dnseal.conf"
mkdir "$dir/open"
chmod 777 "$dir/open"
"$DNSEAL" -c "$dir/dnseal.conf" --state-dir "$dir/open" status >"$dir/out" 2>"$dir/err" </dev/null
is 'a state folder that others can write: status 7' "$?" 7

# ---- the sample
if test -f "$srcdir/etc/dnseal.conf"; then
	cp "$srcdir/etc/dnseal.conf" "$dir/dnseal.conf"
	run status
	is 'the installed sample is sound' "$status$err" '0no certificates yet: dnseal issue NAME...'
	sed 's/^\( *\)#\([a-z}]\)/\1\2/' "$srcdir/etc/dnseal.conf" >"$dir/dnseal.conf"
	run config show
	is '- also with its comments taken away' "$status" 0 || sed 's/^/# /' "$dir/err"
	like '- and they say something' "$out" '^certificate '
fi
done_testing
