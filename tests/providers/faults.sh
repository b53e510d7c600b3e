# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# faults.sh - every provider against a service that breaks down.  Sourced after tap.sh and world.sh,
# with the provider's copy running (api_start) and $CONF written.  The test then says what there is:
#
#   DNS ZONE    as in conformance.sh, and truth NAME TYPE
#   ADD REMOVE LIST   what fake.py calls the requests that add a value to a name which has one,
#               that take it away and that read it: "POST records", "PATCH rrsets"
#   admin PATH [JSON]   a function that talks to fake.py, whose log is $WORLD/api.log (world.sh)
#
# and calls faults.  Whatever breaks, a command either succeeds, and what was asked is so; or it ends
# with a sentence, and the same command does it afterwards.  No value is ever there twice, none is
# left over, and a foreign value at the same name stays.
# shellcheck shell=sh disable=SC2153,SC2154 # words of the caller
FAULT_AT=fault.conf

# SURE|WHAT|FAULT: yes: the command must succeed; no: it must not; else either will do.
fault_table() {
	cat <<-'END'
	yes|busy for a second|"kind": "busy", "retry_after": 1
	no|busy for ten minutes|"kind": "busy", "retry_after": 600
	|an error page, nothing done|"kind": "status", "status": 502
	|an error page, and yet it was done|"kind": "status", "status": 504, "after": true
	|out of order|"kind": "status", "status": 500
	no|out of order for good|"kind": "status", "status": 503, "times": 9
	|cut off, nothing done|"kind": "cut-before"
	|cut off without a reply|"kind": "cut-after"
	|cut off in the status line|"kind": "cut-reply", "bytes": 9
	|cut off in the headers|"kind": "cut-reply", "bytes": 60
	|cut off behind the headers|"kind": "cut-reply", "body": 0
	|cut off at the last octet|"kind": "cut-reply", "bytes": -1
	|half a reply|"kind": "truncate"
	|a page of a proxy, nothing done|"kind": "html"
	|a page of a proxy, and yet it was done|"kind": "html", "after": true
	yes|a slow reply|"kind": "delay", "seconds": 1.2
	END
}

there() { truth $FAULT_AT TXT | sort | tr '\n' '|'; }

fault_dns() { # VERB VALUE...
	verb=$1
	shift
	test "$verb" != add || set -- --ttl 120 "$@"
	dnseal --no-input dns "$verb" "$DNS" "$ZONE" $FAULT_AT TXT "$@" </dev/null \
		>"$WORLD/fault.out" 2>"$WORLD/fault.err"
}

# The command has ended with $status: is that, and what it said, as the table wants it?
as_it_should() { # SURE
	problem=
	case $1$status in
	yes0 | no[1-9]* | 0) ;;
	yes*) problem='must succeed' ;;
	no0) problem='must not succeed' ;;
	*) test "$status" -lt 100 || problem="status $status" ;;
	esac
	test "$status" = 0 || grep -Eq '[a-z]{3} .*[a-z]{3}' "$WORLD/fault.err" || problem='no sentence'
	! grep -Eq 'AddressSanitizer|runtime error:' "$WORLD/fault.err" || problem='sanitizer'
	test -z "$problem" || { echo "# $problem; it says:"; sed 's/^/#  /' "$WORLD/fault.err"; return 1; }
}

met() { grep -c '^fault ' "$WORLD/api.log"; }

trouble() { # MATCH FAULT: the next such request meets it
	met=$(met)
	admin fault "{\"times\": 1, \"match\": \"$1\", $2}" >/dev/null
}

calm() { admin reset '{}' >/dev/null; }

# While adding or removing VALUE; the name is to hold AFTER then.
change_in_trouble() { # WHAT SURE VERB VALUE AFTER
	fault_dns "$3" "$4"
	status=$?
	ok "$1" as_it_should "$2" || return
	if test $status = 0; then
		is '- it is so' "$(there)" "$5"
		return
	fi
	calm
	ok "- $(sed "1s/.*'): //; q" "$WORLD/fault.err" | cut -c 1-80): it succeeds afterwards" fault_dns "$3" "$4"
	is '- and it is so' "$(there)" "$5"
}

add_in_trouble() { # WHAT SURE FAULT
	trouble "$ADD" "$3"
	change_in_trouble "add: $1" "$2" add mine 'foreign|mine|'
	fault_dns remove mine
}

remove_in_trouble() { # WHAT SURE FAULT
	fault_dns add mine
	trouble "$REMOVE" "$3"
	change_in_trouble "remove: $1" "$2" remove mine 'foreign|'
}

get_in_trouble() { # WHAT SURE FAULT
	trouble "$LIST" "$3"
	fault_dns get
	status=$?
	ok "get: $1" as_it_should "$2" || return
	test $status != 0 || is '- nothing is missing' "$(sed 's/.* //' "$WORLD/fault.out")" foreign
}

faults() {
	fault_dns add foreign
	is 'a foreign value' "$(there)" 'foreign|'
	add_in_trouble 'busy, nobody knows how long' yes '"kind": "busy", "retry_after": null'
	fault_table >"$WORLD/fault.table"
	for kind in add remove get; do
		while IFS='|' read -r sure what fault; do
			"${kind}_in_trouble" "$what" "$sure" "$fault"
			test "$(met)" -gt "$met" || fail '- no request met it'
			case $fault in *times*) calm ;; esac
		done <"$WORLD/fault.table"
	done
	fault_dns remove foreign
	is 'nothing is left over' "$(there)" ''
}
