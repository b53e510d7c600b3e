# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# world.sh - a small internet for one test: private root zone, name servers, caching resolver, CA.
# Sourced by tests, whose first command is
#
#   world "$0" "$@"       run this script again in network, mount and process namespaces of its own
#
# and which then start what they need, one command each:
#
#   knot_start            ns1.test 127.0.0.2 (and ns6.test ::1), primary of $KNOT_ZONES; its
#                         secondary ns2.test 127.0.0.3; above them 127.0.0.9 with "." and test.
#   bind_start            ns3.test 127.0.0.4, primary of bind.test
#   resolvers_start       127.0.0.1, what /etc/resolv.conf names: a cache with the usual negative
#                         caching; 127.0.0.8: one that forgets at once, for the CA
#   ca_start [NAME=VALUE...]   Pebble at $CA_URL, certified by the test CA in $WORLD/trust.pem; with
#                         PEBBLE_..., CA_EAB=yes, CA_RELAY=yes (count its connections),
#                         CA_PROFILES={"NAME":{"description":"...","validityPeriod":SECONDS},...}
#   badca_start FAULT     badca.py between clients and Pebble
#   world_start           the usual: knot, resolvers, CA without waits
#   api_start NAME [ARGUMENTS...]   the copy NAME.py of a provider's API at https://api.test, see
#                         fake.py; then there are admin and truth
#
# $WORLD is the folder of all this; it is shown and kept when a test failed.  All processes end
# with the script: by pid, and with the namespace.
# shellcheck shell=sh
servers=$srcdir/tests/servers
KNOT_ZONES='example.test many.test validation.test xn--mnchen-3ya.test'
TSIG_SECRET=c2VjcmV0IG9mIHRoZSB0ZXN0IHdvcmxkLCAzMiBvY3RldHM=
TSIG_ALGS='hmac-md5 hmac-sha1 hmac-sha224 hmac-sha256 hmac-sha384 hmac-sha512'
CA_URL=https://ca.test:14000/dir
START_LIMIT=${DNSEAL_START_LIMIT:-60} # seconds a server may take; a loaded machine is slow
world_pids=
pid_relay=''

PATH=$PATH:/usr/sbin:/sbin
export PATH

# ---- the world itself

world_namespaces() {
	set -- -n -m
	test "$(id -u)" = 0 || set -- "$@" -r
	if unshare "$@" -p -f --kill-child --mount-proc true 2>/dev/null; then
		echo "$* -p -f --kill-child --mount-proc"
	elif unshare "$@" true 2>/dev/null; then
		echo "$*"
	fi
}

world_needs() {
	for program; do
		command -v "$program" >/dev/null || skip_all "$program is not installed"
	done
}

# A Pebble that knows what the tests are about, or nothing; the distribution's may be too old.
pebble_program() {
	if test -n "${PEBBLE:-}"; then
		echo "$PEBBLE"
	elif grep -aqs set-renewal-info /usr/bin/pebble; then
		echo /usr/bin/pebble
	elif unpacked=$("$servers/fetch" pebble); then
		echo "$unpacked/usr/bin/pebble"
	fi
}

world() {
	test "${DNSEAL_WORLD:-}" = "$1" || {
		world_needs unshare ip knotd kdig unbound certtool python3
		how=$(world_namespaces)
		test -n "$how" || skip_all 'this machine allows no namespaces (unshare -n -m)'
		# Here, because there is no network inside.
		PEBBLE=$(pebble_program)
		test -n "$PEBBLE" || skip_all 'there is no Pebble 2.10 and none could be fetched'
		export srcdir PEBBLE
		# shellcheck disable=SC2086 # options
		DNSEAL_WORLD=$1 exec unshare $how -- /bin/sh "$@"
	}
	WORLD=$(mktemp -d "${TMPDIR:-/tmp}/dnseal-world.XXXXXX")
	trap world_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	chmod 755 "$WORLD"
	STATE=$WORLD/state
	CONF=$WORLD/dnseal.conf
	export XDG_CONFIG_HOME="$WORLD/config" XDG_STATE_HOME="$WORLD/xdg" HOME="$WORLD"
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
	ip link set lo up
	# BIND listens only at addresses that an interface has.
	for n in 2 3 4 8 9 10 11; do ip address add "127.0.0.$n/8" dev lo; done
	echo 'nameserver 127.0.0.1' >"$WORLD/resolv.conf"
	echo 'hosts: files dns' >"$WORLD/nsswitch.conf"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$WORLD/hosts"
	for file in resolv.conf nsswitch.conf hosts; do
		test ! -e /etc/$file || mount --bind "$WORLD/$file" /etc/$file || exit 99
	done
}

world_end() {
	status=$?
	trap - EXIT
	for pid in $world_pids; do kill "$pid" 2>/dev/null; done
	for pid in $world_pids; do wait "$pid" 2>/dev/null; done
	if test "$status" = 0 && test "$tap_failed" = 0 && test -z "${DNSEAL_KEEP_WORLD:-}"; then
		rm -rf "$WORLD"
	else
		echo "# logs are kept in $WORLD"
	fi
	exit "$status"
}

# start NAME COMMAND...: in the background, with a log of its own.
start() {
	name=$1
	shift
	"$@" >>"$WORLD/$name.log" 2>&1 </dev/null &
	eval "pid_$name=\$!"
	world_pids="$world_pids $!"
}

# A server's program under a name of our own: a profile that confines the installed one to its usual
# folders does not know it.
own_program() {
	test -x "$WORLD/bin/$1" || {
		mkdir -p "$WORLD/bin"
		cp "$(command -v "$1")" "$WORLD/bin/$1"
	}
	echo "$WORLD/bin/$1"
}

# Wait for what was started: a TCP port, or a zone at a server.
wait_port() {
	python3 "$servers/wait_port.py" "$1" "$2" "$START_LIMIT" || world_broken "nothing listens at $1 port $2"
}

wait_zone() {
	until=$(($(date +%s) + START_LIMIT))
	until kdig +short +timeout=1 +retry=0 @"$1" "$2" SOA 2>/dev/null | grep -q .; do
		test "$(date +%s)" -lt "$until" || world_broken "$1 does not serve $2"
		sleep 0.05
	done
}

world_broken() {
	echo "Bail out! the test world does not start: $1"
	tail -n 5 "$WORLD"/*.log | sed 's/^/# /'
	tap_failed=1
	exit 99
}

# ---- name servers

soa='SOA ns1.test. hostmaster.test. 1 3600 600 604800 300'

root_zone() {
	cat <<-END
	\$TTL 3600
	. SOA a.root. hostmaster.root. 1 3600 600 604800 300
	. NS a.root.
	a.root. A 127.0.0.9
	test. NS ns.nic.test.
	ns.nic.test. A 127.0.0.9
	END
}

test_zone() {
	cat <<-END
	\$TTL 3600
	test. $soa
	test. NS ns.nic.test.
	ns.nic.test. A 127.0.0.9
	ns1.test. A 127.0.0.2
	ns2.test. A 127.0.0.3
	ns3.test. A 127.0.0.4
	ns6.test. AAAA ::1
	ns9.test. A 127.0.0.99
	ca.test. A 127.0.0.10
	bind.test. NS ns3.test.
	six.test. NS ns6.test.
	lame.test. NS ns9.test.
	END
	for zone in $KNOT_ZONES; do
		echo "$zone. NS ns1.test."
		echo "$zone. NS ns2.test."
	done
}

# leaf_zone ZONE NS...
leaf_zone() {
	leaf=$1
	shift
	printf '$TTL 60\n%s. %s\n' "$leaf" "$soa"
	for ns; do echo "$leaf. NS $ns."; done
	echo "www.$leaf. A 127.0.0.1"
	case $leaf in
	example.test)
		echo '_acme-challenge.alias.example.test. CNAME alias.validation.test.'
		echo '_acme-challenge.over.example.test. CNAME over.validation.test.'
		;;
	esac
}

tsig_keys() { # FORMAT with three places: name, algorithm, secret
	for alg in $TSIG_ALGS; do
		# shellcheck disable=SC2059 # the format is ours
		printf "$1" "$alg" "$alg" "$TSIG_SECRET"
	done
}

knot_common() { # NAME ADDRESS...
	knot_name=$1
	shift
	echo 'server:'
	for address; do echo "    listen: $address@53"; done
	cat <<-END
	    rundir: "$WORLD/$knot_name"
	    pidfile: "$WORLD/$knot_name/pid"
	    udp-workers: 1
	    tcp-workers: 2
	    background-workers: 1
	log:
	  - target: "$WORLD/$knot_name.log"
	    any: info
	database:
	    storage: "$WORLD/$knot_name"
	control:
	    listen: "$WORLD/$knot_name/sock"
	END
}

knot_run() { # NAME
	start "$1" "$(own_program knotd)" -c "$WORLD/$1.conf"
}

knot_start() {
	mkdir -p "$WORLD/above" "$WORLD/ns1" "$WORLD/ns2"
	root_zone >"$WORLD/above/root.zone"
	test_zone >"$WORLD/above/test.zone"
	{
		knot_common above 127.0.0.9
		printf 'zone:\n  - domain: .\n    file: "%s"\n  - domain: test.\n    file: "%s"\n' \
			"$WORLD/above/root.zone" "$WORLD/above/test.zone"
	} >"$WORLD/above.conf"
	for zone in $KNOT_ZONES; do leaf_zone "$zone" ns1.test ns2.test >"$WORLD/ns1/$zone"; done
	leaf_zone six.test ns6.test >"$WORLD/ns1/six.test"
	knot_primary >"$WORLD/ns1.conf"
	knot_secondary >"$WORLD/ns2.conf"
	knot_run above
	knot_run ns1
	wait_zone 127.0.0.9 test
	wait_zone 127.0.0.2 example.test
	knot_run ns2
	for zone in $KNOT_ZONES; do wait_zone 127.0.0.3 "$zone"; done
}

knot_primary() {
	comma=
	knot_common ns1 127.0.0.2 ::1
	echo 'key:'
	tsig_keys '  - id: key-%s.\n    algorithm: %s\n    secret: %s\n'
	cat <<-END
	remote:
	  - id: ns2
	    address: 127.0.0.3@53
	acl:
	  - id: transfer
	    address: 127.0.0.0/8
	    action: [transfer, notify]
	  - id: update
	    key: [$(for alg in $TSIG_ALGS; do printf '%skey-%s.' "$comma" "$alg"; comma=', '; done)]
	    action: [update, transfer]
	template:
	  - id: default
	    storage: "$WORLD/ns1"
	    zonefile-sync: -1
	    zonefile-load: difference
	    journal-content: all
	    acl: [transfer, update]
	zone:
	END
	for zone in $KNOT_ZONES; do
		printf '  - domain: %s.\n    file: %s\n    notify: ns2\n' "$zone" "$zone"
	done
	printf '  - domain: six.test.\n    file: six.test\n'
}

knot_secondary() {
	knot_common ns2 127.0.0.3
	cat <<-END
	remote:
	  - id: ns1
	    address: 127.0.0.2@53
	acl:
	  - id: notify
	    address: 127.0.0.0/8
	    action: [notify, transfer]
	template:
	  - id: default
	    storage: "$WORLD/ns2"
	    zonefile-sync: -1
	    acl: notify
	zone:
	END
	for zone in $KNOT_ZONES; do printf '  - domain: %s.\n    master: ns1\n' "$zone"; done
}

bind_start() {
	world_needs named
	mkdir -p "$WORLD/bind"
	leaf_zone bind.test ns3.test >"$WORLD/bind/bind.test"
	{
		tsig_keys 'key "key-%s." { algorithm %s; secret "%s"; };\n'
		cat <<-END
		options {
			directory "$WORLD/bind";
			pid-file none;
			session-keyfile none;
			listen-on { 127.0.0.4; };
			listen-on-v6 { none; };
			recursion no;
			dnssec-validation no;
			notify no;
			allow-transfer { any; };
		};
		controls { };
		zone "bind.test" {
			type primary;
			file "bind.test";
			allow-update { $(for alg in $TSIG_ALGS; do echo "key \"key-$alg.\";"; done) };
		};
		END
	} >"$WORLD/bind.conf"
	start bind "$(own_program named)" -g -n 1 -c "$WORLD/bind.conf"
	wait_zone 127.0.0.4 bind.test
}

# ---- resolvers

resolver_conf() { # ADDRESS, more lines
	cat <<-END
	server:
	    interface: $1
	    port: 53
	    access-control: 127.0.0.0/8 allow
	    username: ""
	    chroot: ""
	    directory: "$WORLD"
	    pidfile: ""
	    use-syslog: no
	    num-threads: 1
	    incoming-num-tcp: 500
	    so-reuseport: no
	    module-config: "iterator"
	    root-hints: "$WORLD/root.hints"
	    do-not-query-localhost: no
	    local-zone: "test." nodefault
	    $2
	remote-control:
	    control-enable: no
	END
}

resolvers_start() {
	printf '. 3600 NS a.root.\na.root. 3600 A 127.0.0.9\n' >"$WORLD/root.hints"
	resolver_conf 127.0.0.1 "" >"$WORLD/cache.conf"
	resolver_conf 127.0.0.8 "cache-max-ttl: 0
	    cache-max-negative-ttl: 0" >"$WORLD/nocache.conf"
	start cache "$(own_program unbound)" -d -c "$WORLD/cache.conf"
	start nocache "$(own_program unbound)" -d -c "$WORLD/nocache.conf"
	wait_zone 127.0.0.1 test
	wait_zone 127.0.0.8 test
}

# ---- the CA

# certificate NAME CN [TEMPLATE LINE...]: key and certificate of the test CA (made when missing).
test_ca() {
	test -f "$WORLD/trust.pem" && return
	certtool --generate-privkey --key-type ecdsa --curve secp256r1 --outfile "$WORLD/trust.key" >/dev/null 2>&1
	printf 'cn = "test world CA"\nca\ncert_signing_key\nexpiration_days = 3650\n' >"$WORLD/trust.tmpl"
	certtool --generate-self-signed --load-privkey "$WORLD/trust.key" --template "$WORLD/trust.tmpl" \
		--outfile "$WORLD/trust.pem" >/dev/null 2>&1
}

certificate() {
	test_ca
	cert=$1
	cn=$2
	shift 2
	printf '%s\n' "cn = \"$cn\"" "dns_name = \"$cn\"" tls_www_server signing_key \
		'expiration_days = 365' "$@" >"$WORLD/$cert.tmpl"
	certtool --generate-privkey --key-type ecdsa --curve secp256r1 --outfile "$WORLD/$cert.key" >/dev/null 2>&1
	certtool --generate-certificate --load-privkey "$WORLD/$cert.key" --load-ca-certificate "$WORLD/trust.pem" \
		--load-ca-privkey "$WORLD/trust.key" --template "$WORLD/$cert.tmpl" \
		--outfile "$WORLD/$cert.pem" >/dev/null 2>&1
}

ca_start() {
	CA_RELAY='' CA_EAB='' CA_PROFILES=''
	for setting; do export "${setting?}"; done
	test -f "$WORLD/ca.pem" || certificate ca ca.test 'ip_address = "127.0.0.10"'
	listen=127.0.0.10
	test -z "$CA_RELAY" || listen=127.0.0.11
	cat >"$WORLD/pebble.json" <<-END
	{ "pebble": {
	  "listenAddress": "$listen:14000", "managementListenAddress": "127.0.0.10:15000",
	  "certificate": "$WORLD/ca.pem", "privateKey": "$WORLD/ca.key",
	  ${CA_PROFILES:+"\"profiles\": $CA_PROFILES,"}
	  "httpPort": 5002, "tlsPort": 5001, "ocspResponderURL": "",
	  "externalAccountBindingRequired": $(test -n "$CA_EAB" && echo true || echo false),
	  "externalAccountMACKeys": { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W",
	    "kid-64": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12WabcdefghijklmnopqrstuA" }
	} }
	END
	start pebble "$PEBBLE" -strict -config "$WORLD/pebble.json" -dnsserver 127.0.0.8:53
	wait_port "$listen" 14000
	wait_port 127.0.0.10 15000
	test -z "$CA_RELAY" || {
		start relay python3 "$servers/relay.py" 127.0.0.10:14000 "$listen:14000"
		wait_port 127.0.0.10 14000
		: >"$WORLD/relay.log"
	}
}

ca_stop() {
	for server in pebble relay badca; do
		eval "pid=\${pid_$server:-}"
		test -z "$pid" || { kill "$pid"; wait "$pid"; } 2>/dev/null
		eval "pid_$server="
	done
}

world_start() {
	knot_start
	resolvers_start
	ca_start PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 PEBBLE_AUTHZREUSE=0 "$@"
}

# badca_start FAULT: badca.py in front of Pebble, which must have been started with CA_RELAY=yes.
badca_start() {
	kill "$pid_relay" 2>/dev/null
	test -z "${pid_badca:-}" || kill "$pid_badca" 2>/dev/null
	wait "$pid_relay" ${pid_badca:+"$pid_badca"} 2>/dev/null
	rm -f "$WORLD/badca.ready"
	start badca python3 "$servers/badca.py" --listen 127.0.0.10:14000 --to 127.0.0.11:14000 \
		--world "$WORLD" --fault "$1"
	wait_port 127.0.0.10 14000
}

# ---- copies of providers' APIs

api_start() { # NAME [ARGUMENTS...]
	copy=$1
	shift
	certificate api api.test 'ip_address = "127.0.0.20"'
	echo '127.0.0.20 api.test' >>"$WORLD/hosts"
	start api python3 -B "$servers/$copy.py" --listen 127.0.0.20:443 --cert "$WORLD/api.pem" \
		--key "$WORLD/api.key" --dump "$WORLD/api.dump" "$@"
	wait_port 127.0.0.20 443
}

admin() { # PATH [JSON]: the other side of fake.py
	python3 "$servers/get.py" "$WORLD/trust.pem" "https://api.test/__admin/$1" ${2:+"$2"}
}

truth() { # NAME TYPE: values of $ZONE as the copy has them, a line each
	# shellcheck disable=SC2153 # a word of the test
	awk -F '\t' -v zone="$ZONE" -v name="$1.$ZONE" -v type="$2" \
		'$1 == zone && $2 == name && $3 == type { print $4 }' "$WORLD/api.dump" | sed 's/^"//; s/"$//'
}

# ---- system calls that fail

# $WORLD/nth, see nth.c.
nth_build() {
	# LeakSanitizer traces by itself, and who is traced cannot be traced once more.
	export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
	world_needs "${CC:=cc}"
	"$CC" -O1 -o "$WORLD/nth" "$servers/nth.c" 2>"$WORLD/nth.log" || skip_all 'nth.c does not compile here'
	"$WORLD/nth" -n 0 kill true 2>>"$WORLD/nth.log" || skip_all 'this machine does not let us trace'
}

# ---- what the servers saw

ca_requests() { grep -c ' -> calling handler()' "$WORLD/pebble.log"; }
ca_polls() { grep -c 'POST /my-order/.* -> calling handler()' "$WORLD/pebble.log"; }
ca_connections() { grep -c '^connection' "$WORLD/relay.log"; }
knot_updates() { grep -c "\\[$1\\.\\] DDNS, processing" "$WORLD/ns1.log"; }
# BIND writes a line a record; those of one message name the same client and port.
bind_updates() { sed -n 's,.*client @[^ ]* \([^ ]*\)\/key .*updating zone.*,\1,p' "$WORLD/bind.log" | uniq | grep -c .; }

# TXT records that are still in a zone, at its primary.
leftovers() { # ADDRESS ZONE
	test -z "${copy:-}" || admin published '{}' >/dev/null
	kdig +noall +answer @"$1" "$2" AXFR 2>&1 | awk '
		$4 == "SOA" { all = 1 } $4 == "TXT" { print } END { if (!all) print "the zone could not be looked at" }'
}

# ---- the client

# Our program with the files of this world.
dnseal() {
	timeout -k 5 "${LIMIT:-120}" "$DNSEAL" --plugin-dir "$PLUGINS" --state-dir "$STATE" \
		--config "$CONF" "$@"
}

# A configuration: account, one login for Knot and one for BIND.
configure() {
	test_ca
	cat <<-END >"$CONF"
	propagation { timeout 60s }
	account test {
	    ca      $CA_URL
	    trust   $WORLD/trust.pem
	    email   hostmaster@example.test
	    agreed
	}
	use-account test
	dns knot {
	    type     rfc2136
	    server   127.0.0.2
	    key_name key-hmac-sha256.
	    key_alg  hmac-sha256
	    key      file:tsig
	    zones    example.test many.test validation.test xn--mnchen-3ya.test
	}
	dns bind {
	    type     rfc2136
	    server   127.0.0.4
	    key_name key-hmac-sha256.
	    key_alg  hmac-sha256
	    key      file:tsig
	    zones    bind.test
	}
	dns six {
	    type     rfc2136
	    server   [::1]
	    key_name key-hmac-sha256.
	    key_alg  hmac-sha256
	    key      file:tsig
	    zones    six.test
	}
	END
	(umask 077; echo "$TSIG_SECRET" >"$WORLD/tsig")
	cat >>"$CONF"
}

live() { echo "$STATE/certs/$1/live/$2"; }

# The names of a certificate file, sorted, on one line.
names_of() {
	certtool --certificate-info --infile "$1" 2>/dev/null |
		sed -n 's/^[[:blank:]]*\(DNSname\|XN--DNSname\): \([^ ]*\).*/\2/p' | sort | tr '\n' ' ' | sed 's/ $//'
}

# pair_matches CERT [.rsa]: does the live key fit the live certificate?  Those of the second pair?
pair_matches() {
	key=$(certtool --load-privkey "$(live "$1" "privkey${2:-}.pem")" --pubkey-info 2>/dev/null | sed -n '/BEGIN/,/END/p')
	crt=$(certtool --infile "$(live "$1" "cert${2:-}.pem")" --certificate-pubkey 2>/dev/null | sed -n '/BEGIN/,/END/p')
	test -n "$key" && test "$key" = "$crt"
}

# Does the chain verify against Pebble's root?
chain_verifies() {
	test -f "$WORLD/root0.pem" || python3 "$servers/get.py" "$WORLD/trust.pem" \
		"https://ca.test:15000/roots/0" >"$WORLD/root0.pem" || return 1
	certtool --verify --load-ca-certificate "$WORLD/root0.pem" --infile "$(live "$1" fullchain.pem)" \
		>"$WORLD/verify.log" 2>&1
}

# ---- what a failure must look like

# refused "what" CODE PATTERN COMMAND...: ends with this status, says what PATTERN wants (a line for
# a person, not a dump), nothing on stdout that looks like success, no octet that a terminal would
# obey.  Its output stays in $WORLD/out and $WORLD/err.
refused() {
	what=$1 code=$2 pattern=$3
	shift 3
	"$@" >"$WORLD/out" 2>"$WORLD/err" </dev/null
	got=$?
	problems=
	test "$got" = "$code" || problems="status $got in place of $code; "
	tr '\n' ' ' <"$WORLD/err" | grep -Eiq -e "$pattern" || problems="${problems}does not say /$pattern/; "
	! LC_ALL=C tr -d '\n\t' <"$WORLD/err" | LC_ALL=C grep -q '[[:cntrl:]]' ||
		problems="${problems}control characters; "
	! grep -Fq -e "$(printf '\342\200\256')" "$WORLD/err" || problems="${problems}BiDi override; "
	test "$(wc -c <"$WORLD/err")" -lt 4000 || problems="${problems}says too much; "
	! grep -Eq 'ERROR: AddressSanitizer|runtime error:|LeakSanitizer' "$WORLD/err" ||
		problems="${problems}sanitizer; "
	if test -z "$problems"; then
		pass "$what"
	else
		fail "$what"
		echo "# $problems"
		head -c 3000 "$WORLD/err" | cat -v | awk '{ print "# " $0 }'
		return 1
	fi
}
