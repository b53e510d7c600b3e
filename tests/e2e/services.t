#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# services.t - real servers get certificates: nginx, HAProxy, Postfix, Dovecot.  That they were
# reloaded with status 0 proves nothing; what their ports show does.
TAP_UP=../..
# shellcheck source=tests/tap.sh
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/servers/targets.sh
. "$srcdir/tests/servers/targets.sh"
world "$0" "$@"
is_root || skip_all 'services can be started by root only'
services=

# new N: a generation for each; pair NAME: what a service reads, beside its configuration.
new() {
	for service in $services; do generation "$service" "$1" "$service.example.test"; done
}
pair() {
	generation "$1" 1 "$1.example.test"
	cp "$(live "$1" privkey.pem)" "$WORLD/$1.key"
	cp "$(live "$1" fullchain.pem)" "$WORLD/$1.crt"
	services="$services $1"
}

nginx_start() {
	pair nginx
	mkdir "$WORLD/nginx"
	cat >"$WORLD/nginx.conf" <<-END
		user root; daemon on; pid $WORLD/nginx/pid; error_log $WORLD/nginx/log;
		events { }
		http {
		    access_log off;
		    client_body_temp_path $WORLD/nginx/b; proxy_temp_path $WORLD/nginx/p;
		    fastcgi_temp_path $WORLD/nginx/f; uwsgi_temp_path $WORLD/nginx/u;
		    scgi_temp_path $WORLD/nginx/s;
		    server {
		        listen 127.0.0.1:8443 ssl; server_name nginx.example.test;
		        ssl_certificate $(live nginx fullchain.pem);
		        ssl_certificate_key $(live nginx privkey.pem);
		    }
		}
	END
	mount --bind "$WORLD/nginx.conf" /etc/nginx/nginx.conf
	nginx >"$WORLD/nginx.log" 2>&1
	wait_port 127.0.0.1 8443
	world_pids="$world_pids $(cat "$WORLD/nginx/pid")"
}

haproxy_start() {
	pair haproxy
	cp "$(live haproxy keyfull.pem)" "$WORLD/haproxy.pem"
	cat >"$WORLD/haproxy.cfg" <<-END
		global
		    stats socket $WORLD/haproxy.sock level admin
		defaults
		    mode http
		    timeout connect 5s
		    timeout client 5s
		    timeout server 5s
		frontend f
		    bind 127.0.0.1:8444 ssl crt $WORLD/haproxy.pem
		    http-request return status 200
	END
	start haproxy haproxy -db -f "$WORLD/haproxy.cfg"
	wait_port 127.0.0.1 8444
}

postfix_start() {
	pair postfix
	mkdir -p "$WORLD/postfix" "$WORLD/spool" "$WORLD/lib"
	chown postfix "$WORLD/lib"
	cat >"$WORLD/postfix/main.cf" <<-END
		compatibility_level = 3.6
		queue_directory = $WORLD/spool
		data_directory = $WORLD/lib
		myhostname = postfix.example.test
		inet_interfaces = 127.0.0.1
		local_recipient_maps =
		maillog_file = /dev/stdout
		maillog_file_prefixes = /dev/stdout, $WORLD
		smtpd_tls_security_level = may
		smtpd_tls_cert_file = $WORLD/postfix.crt
		smtpd_tls_key_file = $WORLD/postfix.key
	END
	cat >"$WORLD/postfix/master.cf" <<-END
		2525      inet  n - n - - smtpd
		rewrite   unix  - - n - - trivial-rewrite
		proxymap  unix  - - n - - proxymap
		cleanup   unix  n - n - 0 cleanup
		tlsmgr    unix  - - n 1000? 1 tlsmgr
		anvil     unix  - - n - 1 anvil
		postlog   unix-dgram n - n - 1 postlogd
	END
	start postfix postfix -c "$WORLD/postfix" start-fg
	wait_port 127.0.0.1 2525
}

# Version 2.4 has other words for the same.
dovecot_words() {
	case $(dovecot --version) in
	2.3*)
		dovecot_address=address
		printf 'ssl_cert = <%s\nssl_key = <%s\n' "$@"
		;;
	*)
		dovecot_address=listen
		printf 'dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n'
		printf 'ssl_server_cert_file = %s\nssl_server_key_file = %s\n' "$@"
		;;
	esac
}
dovecot_start() {
	pair dovecot
	dovecot_words "$WORLD/dovecot.crt" "$WORLD/dovecot.key" >"$WORLD/dovecot.conf"
	cat >>"$WORLD/dovecot.conf" <<-END
		base_dir = $WORLD/dovecot
		log_path = $WORLD/dovecot.log
		protocols = imap
		default_login_user = nobody
		default_internal_user = nobody
		default_internal_group = nogroup
		ssl = yes
		service imap-login {
		  chroot =
		  inet_listener imap {
		    port = 0
		  }
		  inet_listener imaps {
		    $dovecot_address = 127.0.0.1
		    port = 9993
		    ssl = yes
		  }
		}
		service stats {
		  unix_listener stats-writer {
		    mode = 0666
		  }
		}
	END
	start dovecot dovecot -F -c "$WORLD/dovecot.conf"
	wait_port 127.0.0.1 9993
}

# block SERVICE: its target as it should be.
block() {
	case $1 in
	nginx) cat <<-END
		test nginx -t -q
		reload nginx -s reload
		probe 127.0.0.1:8443
		END
		;;
	haproxy) cat <<-END
		keyfull $WORLD/haproxy.pem
		socket $WORLD/haproxy.sock
		reload false
		probe https://127.0.0.1:8444
		END
		;;
	postfix) cat <<-END
		fullchain $WORLD/postfix.crt
		key $WORLD/postfix.key
		reload postfix -c $WORLD/postfix reload
		probe smtp://127.0.0.1:2525
		END
		;;
	dovecot) cat <<-END
		fullchain $WORLD/dovecot.crt
		key $WORLD/dovecot.key
		reload doveadm -c $WORLD/dovecot.conf reload
		probe imaps://127.0.0.1:9993
		END
		;;
	esac
}
# bad SERVICE: one that reloads well and serves nothing good, or does not reload.
bad() {
	case $1 in
	nginx) block "$1" | sed 's/^test .*//; s/^reload.*/reload true/' ;;
	haproxy) block "$1" | sed "s,^socket.*,socket $WORLD/no.sock," ;;
	*) block "$1" | sed '/^key /d' ;; # the key of another certificate stays
	esac
}
configured() { # block or bad
	for service in $services; do
		printf 'certificate %s {\nnames %s.example.test\ndeploy %s {\n' "$service" "$service" "$service"
		"$1" "$service"
		printf '}\n}\n'
	done | config
}

# said_of SERVICE "what" PATTERN
said_of() {
	case " $services " in
	*" $1 "*) like "$2" "$(grep "^$1: " "$WORLD/out")" "$3" ;;
	*) skip "$2" "$1 is not installed" ;;
	esac
}

! command -v nginx >/dev/null || test ! -e /etc/nginx/nginx.conf || nginx_start
! command -v haproxy >/dev/null || haproxy_start
! command -v postfix >/dev/null || ! getent passwd postfix >/dev/null || postfix_start
! command -v dovecot >/dev/null || ! dovecot --version | grep -q '^2\.[34]' || dovecot_start
test -n "$services" || skip_all 'there is no nginx, HAProxy, Postfix or Dovecot'

# ---- well
configured block
new 2
deploys 'new certificates are deployed, and served' 0
said_of nginx 'nginx' 'reloaded, 127.0.0.1:8443 serves it'
said_of haproxy 'HAProxy' 'reloaded, https://127.0.0.1:8444 serves it'
said_of postfix 'Postfix, by STARTTLS' 'reloaded, smtp://127.0.0.1:2525 serves it'
said_of dovecot 'Dovecot' 'reloaded, imaps://127.0.0.1:9993 serves it'
case $services in
*haproxy*)
	ok 'HAProxy has it by its socket, its file too for the next start' \
		cmp -s "$WORLD/haproxy.pem" "$(live haproxy keyfull.pem)"
	;;
esac

# ---- nginx's own test refuses
case $services in
*nginx*)
	generation nginx 3 nginx.example.test
	cp "$WORLD/nginx.conf" "$WORLD/nginx.good"
	echo nonsense >>"$WORLD/nginx.conf"
	deploys 'a configuration that nginx refuses' 4 nginx
	said '- is told in its own words' 'nginx.*(unexpected|unknown directive)'
	cat "$WORLD/nginx.good" >"$WORLD/nginx.conf" # the same file: it is mounted
	deploys '- mended, it works' 0 nginx
	;;
esac

# ---- reloads that end with status 0 and do nothing good: mismatched pairs, no reload at all
configured bad
new 4
deploys 'what they serve is looked at' 4
said_of nginx 'nginx was not reloaded: the probe finds it' '127.0.0.1:8443 still serves another certificate'
said_of postfix 'Postfix has the key of another certificate: the probe finds it' 'smtp://127.0.0.1:2525'
said_of dovecot 'Dovecot has the key of another certificate: the probe finds it' 'imaps://127.0.0.1:9993'
said_of haproxy 'HAProxy without its socket: the reload decides' 'false: ended with status 1'
case $services in
*haproxy*)
	ok '- its file is as before' cmp -s "$WORLD/haproxy.pem" "$STATE/certs/haproxy/gen-000002/keyfull.pem"
	;;
esac
is 'status knows all of them' "$(dnseal status | grep -c FAIL)" "$(echo "$services" | wc -w | tr -d ' ')"

configured block
deploys 'mended, the next run is content with all' 0
deploys 'and then there is nothing to do' 0
is 'for any of them' "$(grep -c 'nothing to do' "$WORLD/out")" "$(echo "$services" | wc -w | tr -d ' ')"
case $services in *postfix*) postfix -c "$WORLD/postfix" abort >>"$WORLD/postfix.log" 2>&1 ;; esac
done_testing
