#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# presets.t - presets as they are, against real servers in their usual places: Apache, Exim, Prosody,
# PostgreSQL, MariaDB.  /etc, /run and /var/log are copies or empty, for this test alone; as no
# systemd is seen there, the commands are those for systems without it.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/servers/targets.sh
. "$srcdir/tests/servers/targets.sh"

# Exim and Postfix cannot both be installed.
exim_fetch() {
	release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	unpacked=$("$srcdir/tests/servers/fetch" "exim4-daemon-light/$release" "libidn12/$release") || return
	EXIM=$(echo "$unpacked" | sed -n 1p)/usr/sbin/exim4
	EXIM_LIBRARIES=$(find "$(echo "$unpacked" | sed -n 2p)" -name 'libidn.so.12' -exec dirname {} +)
	! LD_LIBRARY_PATH=$EXIM_LIBRARIES ldd "$EXIM" | grep -q 'not found' || EXIM=
}
test -n "${DNSEAL_WORLD:-}" || { # here, because there is no network inside
	EXIM=$(PATH=$PATH:/usr/sbin command -v exim4) EXIM_LIBRARIES=
	test -n "$EXIM" || exim_fetch
	export EXIM EXIM_LIBRARIES
}
world "$0" "$@"
is_root || skip_all 'services can be started by root only'
services=

# ---- a system of their own

own_places() {
	mount -t tmpfs -o mode=755 none /run && mkdir -p /run/lock /run/own/etc /run/own/log &&
		cp -a /etc/. /run/own/etc && mount --bind /run/own/etc /etc &&
		mount --bind /run/own/log /var/log || skip_all 'this machine allows no mounts'
}
# user NAME: a user and a group, as the server's package makes them.
user() {
	test -n "$(getent passwd "$1")" || {
		uid=$((${uid:-64100} + 1))
		echo "$1:x:$uid:" >>/etc/group
		echo "$1:x:$uid:$uid::/:/bin/false" >>/etc/passwd
	}
}
owned() { # USER FOLDER...
	owner=$1
	shift
	mkdir -p "$@" && chown "$owner" "$@"
}
# first SERVICE KEY FULLCHAIN OWNER: what a service starts with, where its preset puts it.
first() {
	mkdir -p "${2%/*}"
	cp "$(live "$1" privkey.pem)" "$2"
	cp "$(live "$1" fullchain.pem)" "$3"
	chown "$4" "$2"
	chmod 640 "$2"
}
# daemon PID-FILE: ends with this test; the port may be open before there is the file.
daemon() {
	until=$(($(date +%s) + START_LIMIT))
	until test -s "$1"; do
		test "$(date +%s)" -lt "$until" || world_broken "$1 is not written"
		sleep 0.05
	done
	world_pids="$world_pids $(head -n 1 "$1")"
}
comes() { # SERVICE: it is started
	services="$services $1"
	generation "$1" 1 "$1.example.test"
}
new() { # N
	for service in $services; do generation "$service" "$1" "$service.example.test"; done
}

# ---- the servers

apache_start() {
	comes apache
	rm -f /etc/apache2/sites-enabled/*
	for module in ssl.load ssl.conf socache_shmcb.load; do
		ln -sf ../mods-available/$module /etc/apache2/mods-enabled/
	done
	echo 'Listen 127.0.0.1:443' >/etc/apache2/ports.conf
	cat >/etc/apache2/sites-enabled/own.conf <<-END
		ServerName apache.example.test
		<VirtualHost 127.0.0.1:443>
		    SSLEngine on
		    SSLCertificateFile $(live apache fullchain.pem)
		    SSLCertificateKeyFile $(live apache privkey.pem)
		</VirtualHost>
	END
	mkdir -p /var/log/apache2
	APACHE_STARTED_BY_SYSTEMD=yes apachectl start >"$WORLD/apache.log" 2>&1
	wait_port 127.0.0.1 443
	daemon /run/apache2/apache2.pid
}

exim_start() {
	comes exim
	user Debian-exim
	rm -rf /etc/exim4
	first exim /etc/exim4/exim.key /etc/exim4/exim.crt root:Debian-exim
	owned Debian-exim /run/own/exim
	cat >/etc/exim4/exim4.conf <<-END
		exim_path = $EXIM
		spool_directory = /run/own/exim
		log_file_path = /run/own/exim/%slog
		keep_environment =
		primary_hostname = exim.example.test
		daemon_smtp_ports = 25
		local_interfaces = 127.0.0.1
		tls_advertise_hosts = *
		tls_certificate = /etc/exim4/exim.crt
		tls_privatekey = /etc/exim4/exim.key
	END
	start exim env LD_LIBRARY_PATH="$EXIM_LIBRARIES" "$EXIM" -bdf
	wait_port 127.0.0.1 25
}

prosody_start() {
	comes prosody
	first prosody /etc/prosody/certs/prosody.example.test.key \
		/etc/prosody/certs/prosody.example.test.crt root:prosody
	owned prosody /run/prosody /var/log/prosody /run/own/prosody
	mount --bind /run/own/prosody /var/lib/prosody
	rm -f /etc/prosody/conf.d/*
	cat >/etc/prosody/conf.d/own.cfg.lua <<-END
		interfaces = { "127.0.0.1" }
		c2s_direct_tls_ports = { 5223 }
		VirtualHost "prosody.example.test"
	END
	start prosody setpriv --reuid=prosody --regid=prosody --init-groups prosody -F
	wait_port 127.0.0.1 5222
	wait_port 127.0.0.1 5223
}

postgres_version() {
	for program in /usr/lib/postgresql/*/bin/initdb; do
		program=${program%/bin/initdb}
		test ! -e "$program/bin/initdb" || echo "${program##*/}"
	done | sort -n | tail -n 1
}
# In the background, because it takes longest.
postgresql_make() {
	version=$(postgres_version)
	pg_createcluster "$version" main -d /run/own/postgresql/data -- --nosync &&
		sed -i '/^ssl/d' "/etc/postgresql/$version/main/postgresql.conf" &&
		cat >"/etc/postgresql/$version/main/conf.d/own.conf" <<-END &&
			listen_addresses = '127.0.0.1'
			port = 5432
			ssl = on
			ssl_cert_file = '/etc/postgresql/tls/postgresql.crt'
			ssl_key_file = '/etc/postgresql/tls/postgresql.key'
		END
		service postgresql start
}
postgresql_start() {
	comes postgresql
	rm -rf /etc/postgresql
	first postgresql /etc/postgresql/tls/postgresql.key /etc/postgresql/tls/postgresql.crt root:postgres
	owned postgres /run/own/postgresql
	postgresql_make >"$WORLD/postgresql.log" 2>&1 &
	making=$!
}
postgresql_wait() {
	wait "$making"
	wait_port 127.0.0.1 5432
	daemon /run/own/postgresql/data/postmaster.pid
}

mariadb_start() {
	comes mariadb
	user mysql
	first mariadb /etc/mysql/tls/mariadb.key /etc/mysql/tls/mariadb.crt mysql
	chmod 600 /etc/mysql/tls/mariadb.key
	owned mysql /run/mysqld /run/own/mariadb
	rm -f /etc/mysql/mariadb.conf.d/*
	mariadb-install-db --user=mysql --datadir=/run/own/mariadb/data --skip-test-db \
		--auth-root-authentication-method=socket >"$WORLD/mariadb.log" 2>&1
	start mariadb mariadbd --user=mysql --datadir=/run/own/mariadb/data --bind-address=127.0.0.1 \
		--ssl-cert=/etc/mysql/tls/mariadb.crt --ssl-key=/etc/mysql/tls/mariadb.key
	wait_port 127.0.0.1 3306
}

# ---- their targets

ports() {
	case $1 in
	apache) echo https://127.0.0.1 ;;
	exim) echo smtp://127.0.0.1 ;;
	prosody) echo xmpp://127.0.0.1 127.0.0.1:5223 ;;
	postgresql) echo postgres://127.0.0.1 ;;
	mariadb) echo mysql://127.0.0.1 ;;
	esac
}
# good SERVICE: nothing but its preset.  bad: one that reloads well and serves nothing good.
good() { for port in $(ports "$1"); do echo "probe $port"; done; }
bad() {
	case $1 in
	apache) echo 'reload true' ;;
	exim) echo 'fullchain /etc/exim4/exim.crt' ;; # the key of another certificate stays
	prosody) echo 'fullchain /etc/prosody/certs/prosody.example.test.crt' ;;
	postgresql) echo 'fullchain /etc/postgresql/tls/postgresql.crt' ;;
	mariadb) echo 'fullchain /etc/mysql/tls/mariadb.crt' ;;
	esac
	good "$1"
}
configured() { # good or bad
	for service in $services; do
		printf 'certificate %s {\nnames %s.example.test\ndeploy %s {\n' "$service" "$service" "$service"
		"$1" "$service"
		printf '}\n}\n'
	done | config
}

has() { case " $services " in *" $1 "*) ;; *) return 1 ;; esac; }
# said_of SERVICE "what" PATTERN
said_of() {
	if has "$1"; then
		like "$2" "$(grep "^$1: " "$WORLD/out")" "$3"
	else
		skip "$2" "$1 is not installed"
	fi
}
# placed SERVICE "what" KEY FULLCHAIN RIGHTS: they are there, with these of the key.
placed() {
	if has "$1"; then
		is "$2" "$(stat -c '%U:%G %a' "$3") $(stat -c '%a' "$4") $(cmp "$3" "$(live "$1" privkey.pem)" \
			2>&1)$(cmp "$4" "$(live "$1" fullchain.pem)" 2>&1)" "$5 644 "
	else
		skip "$2" "$1 is not installed"
	fi
}

own_places
! command -v pg_createcluster >/dev/null || test -z "$(postgres_version)" || postgresql_start
! command -v apachectl >/dev/null || test ! -e /etc/apache2/mods-available/ssl.load || apache_start
test -z "$EXIM" || exim_start
! command -v prosodyctl >/dev/null || prosody_start
! command -v mariadbd >/dev/null || ! command -v mariadb >/dev/null || mariadb_start
! has postgresql || postgresql_wait
test -n "$services" || skip_all 'there is no Apache, Exim, Prosody, PostgreSQL or MariaDB'

# ---- well
configured good
new 2
deploys 'new certificates are deployed, and served' 0
said_of apache 'Apache is reloaded' 'reloaded, https://127.0.0.1 serves it'
said_of exim 'Exim has noticed, by STARTTLS' 'smtp://127.0.0.1 serves it'
said_of prosody 'Prosody is reloaded, by STARTTLS and at its port for TLS' \
	'reloaded, xmpp://127.0.0.1 and the others serve it'
said_of postgresql 'PostgreSQL is reloaded, by its SSLRequest' 'reloaded, postgres://127.0.0.1 serves it'
said_of mariadb 'MariaDB is reloaded, by its SSLRequest' 'reloaded, mysql://127.0.0.1 serves it'
placed exim 'Exim has its key and nobody else' /etc/exim4/exim.key /etc/exim4/exim.crt 'root:Debian-exim 640'
placed prosody 'Prosody too' /etc/prosody/certs/prosody.example.test.key \
	/etc/prosody/certs/prosody.example.test.crt 'root:prosody 640'
placed postgresql 'PostgreSQL too' /etc/postgresql/tls/postgresql.key /etc/postgresql/tls/postgresql.crt \
	'root:postgres 640'
placed mariadb 'MariaDB too' /etc/mysql/tls/mariadb.key /etc/mysql/tls/mariadb.crt 'mysql:root 600'


# ---- Apache's own test refuses
if has apache; then
	generation apache 3 apache.example.test
	echo nonsense >>/etc/apache2/ports.conf
	deploys 'a configuration that Apache refuses' 4 apache
	said '- is told in its own words' "apache.*Invalid command 'nonsense'"
	sed -i /nonsense/d /etc/apache2/ports.conf
	deploys '- mended, it works' 0 apache
fi

# ---- reloads that end with status 0 and do nothing good: mismatched pairs, no reload at all
configured bad
new 4
deploys 'what they serve is looked at' 4
said_of apache 'Apache was not reloaded: the probe finds it' 'https://127.0.0.1 still serves another'
said_of exim 'Exim has the key of another certificate: the probe finds it' 'smtp://127.0.0.1: .*STARTTLS'
said_of prosody 'Prosody has it: the probe finds it' 'xmpp://127.0.0.1: .*\(xmpp\)'
said_of postgresql 'PostgreSQL keeps what it had: the probe finds it' 'postgres://127.0.0.1 still serves another'
said_of mariadb 'MariaDB refuses by itself' 'reload: mariadb: ended with status 1'
! has mariadb || ok '- the certificate before is back' \
	cmp -s /etc/mysql/tls/mariadb.crt "$STATE/certs/mariadb/gen-000002/fullchain.pem"
is 'status knows all of them' "$(dnseal status | grep -c FAIL)" "$(echo "$services" | wc -w | tr -d ' ')"

# Exim takes its time, and was shown to work.
configured good
# shellcheck disable=SC2046 # names
deploys 'mended, the next run is content with all' 0 $(echo " $services " | sed 's/ exim / /')
done_testing
