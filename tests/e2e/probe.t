#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# probe.t - what ports serve, compared with ours: gnutls-serv, OpenSSL, Postfix and Dovecot with TLS
# from the start and with STARTTLS; pairs; and what means no good.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
world "$0" "$@"
world_needs gnutls-serv openssl
test_ca
echo '127.0.0.1 one.example.test pair.example.test other.example.test' >>"$WORLD/hosts"
echo "account test { ca $CA_URL agreed }" >"$CONF"
mkdir -m 711 "$STATE"

# leaf FILE NAME TYPE: key and certificate of the test CA in $WORLD.
leaf() {
	printf '%s\n' "cn = \"$2\"" "dns_name = \"$2\"" tls_www_server signing_key 'expiration_days = 60' >"$WORLD/leaf.tmpl"
	certtool --generate-privkey --key-type "$3" --outfile "$WORLD/$1.key" >/dev/null 2>&1
	certtool --generate-certificate --load-privkey "$WORLD/$1.key" --load-ca-certificate "$WORLD/trust.pem" \
		--load-ca-privkey "$WORLD/trust.key" --template "$WORLD/leaf.tmpl" --outfile "$WORLD/$1.pem" >/dev/null 2>&1
	cat "$WORLD/$1.pem" "$WORLD/trust.pem" >"$WORLD/$1.chain"
}

# generation CERT N FILE [FILE OF THE RSA ONE]: as an order would have left it.
generation() {
	home=$STATE/certs/$1
	gen=$home/gen-$(printf %06d "$2")
	mkdir -p "$gen"
	chmod 750 "$gen"
	chmod 755 "$STATE/certs"
	echo '{"key_type":"ecdsa-p256"}' >"$gen/meta.json"
	part "$3" ''
	test -z "${4:-}" || {
		part "$4" .rsa
		echo '{"key_type":"ecdsa-p256","twin_key_type":"rsa-2048"}' >"$gen/meta.json"
	}
	ln -sfn "gen-$(printf %06d "$2")" "$home/live"
}
part() { # FILE SUFFIX
	(umask 077; cp "$WORLD/$1.key" "$gen/privkey$2.pem"; cat "$WORLD/$1.key" "$WORLD/$1.chain" >"$gen/keyfull$2.pem")
	cp "$WORLD/$1.pem" "$gen/cert$2.pem"
	cp "$WORLD/trust.pem" "$gen/chain$2.pem"
	cp "$WORLD/$1.chain" "$gen/fullchain$2.pem"
}
leaf old one.example.test ecdsa
leaf new one.example.test ecdsa
leaf stranger other.example.test ecdsa
leaf ec pair.example.test ecdsa
leaf rsa pair.example.test rsa
leaf rsa-old pair.example.test rsa
generation one 1 old
generation one 2 new
generation pair 1 ec rsa

# serve PORT ARGUMENTS...: gnutls-serv.
serve() {
	port=$1
	shift
	start "serv$port" gnutls-serv --quiet --disable-client-cert --echo --port "$port" "$@"
	wait_port 127.0.0.1 "$port"
}
# probes "what" STATUS PATTERN ARGUMENTS...
probes() {
	what=$1 want=$2 pattern=$3
	shift 3
	dnseal probe "$@" >"$WORLD/out" 2>&1 </dev/null
	got=$?
	if test "$got" = "$want" && tr '\n' ' ' <"$WORLD/out" | grep -Eq -e "$pattern"; then
		pass "$what"
	else
		fail "$what"
		echo "# status $got in place of $want, or not /$pattern/"
		sed 's/^/# /' "$WORLD/out"
	fi
}
says() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$WORLD/out.json" "$1"; }

# ---- TLS
serve 7001 --x509certfile "$WORLD/new.chain" --x509keyfile "$WORLD/new.key"
probes 'the live one' 0 'ours +yes: one, generation 2' one.example.test:7001
like '- names, dates, chain' "$(cat "$WORLD/out")" 'chain +CN=test world CA'
probes '- at an address' 0 'ours +yes: one' one.example.test:7001 --ip 127.0.0.1
probes '- by address alone' 0 'ours +yes: one' https://127.0.0.1:7001
dnseal --json probe one.example.test:7001 >"$WORLD/out.json" 2>"$WORLD/err" </dev/null
is '- in JSON' "$(says ours) $(says generation) $(says names) $(says chain_missing)" "live 2 ['one.example.test'] False"
is '- serial' "$(says serial)" "$(openssl x509 -in "$WORLD/new.pem" -noout -serial | sed 's/serial=//' | tr A-F a-f)"
is '- fingerprint' "$(says sha256)" "$(openssl x509 -in "$WORLD/new.pem" -outform DER | sha256sum | cut -d ' ' -f 1)"
is '- key' "$(says spki)" "$(openssl pkey -in "$WORLD/new.key" -pubout -outform DER 2>/dev/null | sha256sum | cut -d ' ' -f 1)"
serve 7002 --x509certfile "$WORLD/old.chain" --x509keyfile "$WORLD/old.key"
probes 'the last one' 4 'ours +no: one, generation 2, has serial' one.example.test:7002
certtool --generate-certificate --load-privkey "$WORLD/new.key" --load-ca-certificate "$WORLD/trust.pem" \
	--load-ca-privkey "$WORLD/trust.key" --template "$WORLD/leaf.tmpl" --outfile "$WORLD/again.pem" >/dev/null 2>&1
serve 7003 --x509certfile "$WORLD/again.pem" --x509keyfile "$WORLD/new.key"
probes 'an older one with the same key' 4 'no: the key of one, but not its live certificate' one.example.test:7003
serve 7004 --x509certfile "$WORLD/stranger.chain" --x509keyfile "$WORLD/stranger.key"
probes 'none of ours' 0 'there is none of ours for this name' other.example.test:7004
probes 'a stranger at a name of ours' 4 'not for the name one.example.test' one.example.test:7004
serve 7005 --x509certfile "$WORLD/new.pem" --x509keyfile "$WORLD/new.key"
probes 'cert.pem in the place of fullchain.pem' 4 'intermediate certificates are not served' one.example.test:7005
rm -rf "$WORLD/kept" && mv "$STATE" "$WORLD/kept"
probes 'without anything of ours' 0 'there is none of ours' one.example.test:7001
mv "$WORLD/kept" "$STATE"
# As a deployment sees it; its looks take half a minute, so the others go on meanwhile.
cat >>"$CONF" <<-END
	certificate one {
	    names one.example.test
	    deploy copy {
	        fullchain $WORLD/copied.pem
	        probe https://127.0.0.1:7005
	    }
	}
END
dnseal deploy one >"$WORLD/deploy.log" 2>&1 </dev/null &
deployment=$!

# ---- pairs
both() { serve "$1" --x509certfile "$WORLD/ec.chain" --x509keyfile "$WORLD/ec.key" --x509certfile "$WORLD/$2.chain" --x509keyfile "$WORLD/$2.key"; }
both 7011 rsa
probes 'a pair: both are looked at' 0 'yes: pair.*yes: pair' pair.example.test:7011
both 7012 rsa-old
probes '- the second is old' 4 'yes: pair.*no: pair, generation 1, has serial' pair.example.test:7012
serve 7013 --x509certfile "$WORLD/ec.chain" --x509keyfile "$WORLD/ec.key"
probes '- the second is missing' 4 'the RSA certificate of the pair: ' pair.example.test:7013

# ---- what means no good
python3 -B "$srcdir/tests/servers/hostile.py" 7100 >"$WORLD/hostile.log" 2>&1 &
world_pids="$world_pids $!"
wait_port 127.0.0.1 7100
hostile() { # "what" PATTERN PORT-OFFSET [--starttls P]
	port=$((7100 + $3)) what=$1 pattern=$2
	shift 3
	began=$(date +%s)
	refused "$what" 3 "$pattern" dnseal probe "127.0.0.1:$port" "$@"
	ok '- within its limit' test $(($(date +%s) - began)) -lt 40
}
hostile 'silence' 'TLS handshake: no answer in time' 0
hostile 'no greeting' 'waiting for its greeting: no answer in time' 0 --starttls smtp
hostile 'junk' 'TLS handshake' 1
hostile 'a line that never ends' 'talks without an end' 2 --starttls smtp
hostile 'greetings that never end' 'talks without an end' 3 --starttls smtp
hostile 'half a STARTTLS' 'STARTTLS: .* closed' 4 --starttls smtp
hostile 'STARTTLS refused, in colours' 'STARTTLS: it answered .454' 5 --starttls smtp
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout "$WORLD/odd.key" -out "$WORLD/odd.pem" \
	-subj "/CN=$(printf 'a\033[2Jb\nc')" -addext 'subjectAltName=DNS:one.example.test' 2>/dev/null
serve 7110 --x509certfile "$WORLD/odd.pem" --x509keyfile "$WORLD/odd.key"
probes 'a name that a terminal would obey' 4 'issuer +CN=a' one.example.test:7110
is '- is made harmless' "$(tr -d '\n\t' <"$WORLD/out" | LC_ALL=C grep -c '[[:cntrl:]]')" 0
refused 'nobody there' 3 'port 7999 \(tls\): connecting' dnseal probe 127.0.0.1:7999
refused 'a name without address' 3 'has no address' dnseal probe nobody.invalid
refused 'no such protocol' 1 'no such protocol' dnseal probe one.example.test --starttls gopher
refused 'no port' 1 'is not HOST' dnseal probe one.example.test:70000

# ---- Postfix
if test "$(id -u)" = 0 && command -v postfix >/dev/null && getent passwd postfix >/dev/null; then
	mkdir -p "$WORLD/postfix" "$WORLD/spool" "$WORLD/lib"
	chown postfix "$WORLD/lib"
	cat >"$WORLD/postfix/main.cf" <<-END
		compatibility_level = 3.6
		queue_directory = $WORLD/spool
		data_directory = $WORLD/lib
		myhostname = one.example.test
		inet_interfaces = 127.0.0.1
		maillog_file = /dev/stdout
		maillog_file_prefixes = /dev/stdout, $WORLD
		smtpd_tls_security_level = may
		local_recipient_maps =
		smtpd_tls_chain_files = $WORLD/new.key, $WORLD/new.chain
	END
	cat >"$WORLD/postfix/master.cf" <<-END
		2525      inet  n - n - - smtpd
		2465      inet  n - n - - smtpd -o smtpd_tls_wrappermode=yes
		2526      inet  n - n - - smtpd -o smtpd_tls_chain_files=$WORLD/new.key,$WORLD/old.chain
		2527      inet  n - n - - smtpd -o smtpd_tls_security_level=none
		rewrite   unix  - - n - - trivial-rewrite
		cleanup   unix  n - n - 0 cleanup
		tlsmgr    unix  - - n 1000? 1 tlsmgr
		anvil     unix  - - n - 1 anvil
		proxymap  unix  - - n - - proxymap
		postlog   unix-dgram n - n - 1 postlogd
	END
	start postfix postfix -c "$WORLD/postfix" start-fg
	wait_port 127.0.0.1 2525
	probes 'Postfix: STARTTLS' 0 'ours +yes: one' one.example.test:2525 --starttls smtp
	probes '- as an address' 0 'ours +yes: one' smtp://one.example.test:2525
	probes '- TLS from the start' 0 'ours +yes: one' smtps://one.example.test:2465
	refused '- a key that does not fit' 3 'STARTTLS: it answered|TLS handshake' dnseal probe smtp://one.example.test:2526
	refused '- none at all' 3 'STARTTLS: it answered .502' dnseal probe smtp://one.example.test:2527
	refused '- without the word' 3 'TLS handshake' dnseal probe one.example.test:2525
	postfix -c "$WORLD/postfix" abort >>"$WORLD/postfix.log" 2>&1
else
	skip 'Postfix' 'it is not installed, or this is not root'
fi

# ---- Dovecot
if test "$(id -u)" = 0 && command -v dovecot >/dev/null && dovecot --version | grep -q '^2\.[34]'; then
	case $(dovecot --version) in
	2.3*) cert_is="ssl_cert = <" key_is="ssl_key = <" first='' users='passdb {
driver = static
args = password=x
}' ;;
	*)
		cert_is="ssl_server_cert_file = " key_is="ssl_server_key_file = "
		first='dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0'
		users='passdb static {
password = x
}'
		;;
	esac
	protocols=
	for protocol in imap pop3 lmtp sieve; do
		found=$(find /usr/lib/dovecot /usr/libexec/dovecot -name "managesieve-login" 2>/dev/null)
		case $protocol in
		imap) found=$(command -v dovecot) ;;
		pop3) found=$(find /usr/lib/dovecot /usr/libexec/dovecot -name pop3-login 2>/dev/null) ;;
		lmtp) found=$(find /usr/lib/dovecot /usr/libexec/dovecot -name lmtp 2>/dev/null) ;;
		esac
		test -z "$found" || protocols="$protocols $protocol"
	done
	listener() { # SERVICE NAME PORT
		case "$protocols " in *" $2 "*) printf 'service %s {\n  chroot =\n  inet_listener %s {\n    port = %s\n  }\n}\n' "$1" "$2" "$3" ;; esac
	}
	{
		cat <<-END
		$first
		base_dir = $WORLD/dovecot
		log_path = $WORLD/dovecot.log
		protocols =$protocols
		default_login_user = nobody
		default_internal_user = nobody
		default_internal_group = nogroup
		ssl = yes
		$users
		$cert_is$WORLD/new.chain
		$key_is$WORLD/new.key
		service stats {
		  unix_listener stats-writer {
		    mode = 0666
		  }
		}
		END
		listener imap-login imap 9143
		listener pop3-login pop3 9110
		listener lmtp lmtp 9024
		listener managesieve-login sieve 9190
	} >"$WORLD/dovecot.conf"
	start dovecot dovecot -F -c "$WORLD/dovecot.conf"
	for row in imap:9143 pop3:9110 lmtp:9024 sieve:9190; do
		protocol=${row%:*} port=${row#*:}
		case "$protocols " in
		*" $protocol "*)
			wait_port 127.0.0.1 "$port"
			probes "Dovecot: $protocol" 0 'ours +yes: one' "one.example.test:$port" --starttls "$protocol"
			;;
		*) skip "Dovecot: $protocol" 'that part is not installed' ;;
		esac
	done
else
	skip 'Dovecot' 'it is not installed, or this is not root'
fi

wait "$deployment"
is 'a deployment whose port lacks the intermediates has failed' "$?" 4
like '- and says why' "$(cat "$WORLD/deploy.log")" '127.0.0.1:7005 serves the certificate without its intermediates'
done_testing
