# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# conformance.sh - what every provider must do, through `dnseal dns`; sourced after tap.sh and
# world.sh, with the servers running and $CONF written.  The test then says what there is:
#
#   DNS        dns block that may do everything       ZONE     a zone of it, with an SOA of its own
#   OTHER      another zone of it whose name ends like ZONE: badZONE            (empty: skipped)
#   IDN        a zone of it as people write it, with U-labels                   (empty: skipped)
#   WRONG      dns block with wrong credentials       READONLY one that may only read (skipped)
#   NOZONE     a zone that the account does not have
#   MIN_TTL    least TTL in seconds (0)               MANY     records for the paging test (1000)
#   NO_TYPES   types it cannot hold: " TLSA "         LISTS    yes: it can list its zones
#   ODD_TXT    no: TXT with quotes, backslashes or more than 500 octets is refused (yes)
#   SECRET     words that must never be shown
#   truth NAME TYPE    a function that asks the service itself, past dnseal: a value a line
#
# and calls conformance.  Every name used is below conf.ZONE, but for the apex and one wildcard.
# shellcheck shell=sh disable=SC2153,SC2154 # words of the caller
CONF_TTL=120

talk=$(mktemp "${TMPDIR:-/tmp}/dnseal-conf.XXXXXX")
dns() { dnseal --no-input dns "$@" 2>"$talk"; }

# Everything said, for sentences; with the exit status of the call.
said() {
	dns "$@" >"$talk.out"
	set -- $?
	cat "$talk.out" "$talk"
	return "$1"
}

records() { dns get "$DNS" "$ZONE" "$@"; }
# Values of a name and type, sorted, joined with '|'.
values() {
	records "$@" | sed -n 's/^[^ ]* [0-9]* [^ ]* //p' | sort | tr '\n' '|'
}
ttl_of() { records "$@" | cut -d' ' -f2 | sort -u; }

done_and() { # WHAT COMMAND...: it succeeds
	what=$1
	shift
	"$@" >/dev/null || { fail "$what"; sed 's/^/# /' "$talk"; return 1; }
	pass "$what"
}

refused() { # WHAT PATTERN ARGUMENTS...: it fails with a sentence that matches
	what=$1 pattern=$2
	shift 2
	sentence=$(said "$@") && { fail "$what: it was not"; return 1; }
	like "$what" "$sentence" "$pattern"
}

exit_of() { dns "$@" >/dev/null; echo $?; }

holds() { case $NO_TYPES in *" $1 "*) return 1 ;; esac; }

# ---- values of TXT

a_name_has_many_values() {
	done_and 'a first value' dns add "$DNS" "$ZONE" two.conf TXT --ttl $CONF_TTL one
	is 'it is there' "$(values two.conf TXT)" 'one|'
	done_and 'a second at the same name' dns add "$DNS" "$ZONE" two.conf TXT --ttl $CONF_TTL two
	is 'now both are there' "$(values two.conf TXT)" 'one|two|'
	is 'also at the service itself' "$(truth two.conf TXT | sort | tr '\n' '|')" 'one|two|'
	done_and 'the second once more' dns add "$DNS" "$ZONE" two.conf TXT --ttl $CONF_TTL two
	is 'is still one record' "$(values two.conf TXT)" 'one|two|'
	done_and 'two at once' dns add "$DNS" "$ZONE" pair.conf TXT --ttl $CONF_TTL left right
	is 'both are there' "$(values pair.conf TXT)" 'left|right|'
	done_and 'the first is removed' dns remove "$DNS" "$ZONE" two.conf TXT one
	is 'the second stays' "$(values two.conf TXT)" 'two|'
	done_and 'the first is removed again' dns remove "$DNS" "$ZONE" two.conf TXT one
	is 'the second still stays' "$(values two.conf TXT)" 'two|'
	done_and 'what never was is removed' dns remove "$DNS" "$ZONE" nothing.conf TXT nothing
	done_and 'the last is removed' dns remove "$DNS" "$ZONE" two.conf TXT two
	is 'the name is empty' "$(records two.conf)" ''
	done_and 'two are removed at once' dns remove "$DNS" "$ZONE" pair.conf TXT left right
	is 'that name is empty too' "$(records pair.conf)" ''
}

set_replaces() {
	dns add "$DNS" "$ZONE" set.conf TXT --ttl $CONF_TTL old older >/dev/null
	done_and 'a set of two replaces two' dns set "$DNS" "$ZONE" set.conf TXT --ttl $CONF_TTL older new
	is 'only the new ones are there' "$(values set.conf TXT)" 'new|older|'
	done_and 'the same set again' dns set "$DNS" "$ZONE" set.conf TXT --ttl $CONF_TTL older new
	is 'changes nothing' "$(values set.conf TXT)" 'new|older|'
	done_and 'a set of one' dns set "$DNS" "$ZONE" set.conf TXT --ttl $CONF_TTL only
	is 'leaves one' "$(values set.conf TXT)" 'only|'
	done_and 'a set where nothing was' dns set "$DNS" "$ZONE" fresh.conf TXT --ttl $CONF_TTL first
	is 'makes it' "$(values fresh.conf TXT)" 'first|'
	dns remove "$DNS" "$ZONE" set.conf TXT only >/dev/null
	dns remove "$DNS" "$ZONE" fresh.conf TXT first >/dev/null
}

is_odd() { # TEXT
	case $1 in *[\"\\]*) return 0 ;; esac
	test ${#1} -gt 500
}

every_octet_survives() {
	long=$(printf '%0300d' 0 | tr 0 a)$(printf '%0300d' 0 | tr 0 b)
	n=0
	for text in "$long" 'say "hi" \ and; more' 'v=DKIM1; k=rsa; p=AB+/=' 'two  blanks' '"quoted"' "it's"; do
		n=$((n + 1))
		short=$(printf %.30s "$text")
		if test "$ODD_TXT" = no && is_odd "$text"; then
			refused "TXT of ${#text} octets: $short" 'TXT' add "$DNS" "$ZONE" text$n.conf TXT "$text"
			is 'nothing came of it' "$(values text$n.conf TXT)" ''
			continue
		fi
		done_and "TXT of ${#text} octets: $short" dns add "$DNS" "$ZONE" text$n.conf TXT "$text"
		is 'comes back as it was' "$(values text$n.conf TXT)" "$text|"
		done_and 'and is found to be removed' dns remove "$DNS" "$ZONE" text$n.conf TXT "$text"
		is 'and is gone' "$(values text$n.conf TXT)" ''
	done
	refused 'an empty TXT is refused' 'empty|no data' add "$DNS" "$ZONE" empty.conf TXT ''
}

what_is_not_ours_stays() {
	before=$(records | grep -v ' SOA ' | sort)
	dns add "$DNS" "$ZONE" mix.conf TXT --ttl $CONF_TTL foreign ours >/dev/null
	dns add "$DNS" "$ZONE" mix.conf A --ttl $CONF_TTL 192.0.2.7 >/dev/null
	dns remove "$DNS" "$ZONE" mix.conf TXT ours >/dev/null
	is 'a foreign value at our name stays' "$(values mix.conf TXT)" 'foreign|'
	is 'and another type there' "$(values mix.conf A)" '192.0.2.7|'
	dns set "$DNS" "$ZONE" mix.conf TXT --ttl $CONF_TTL mine >/dev/null
	is 'set leaves other types alone' "$(values mix.conf A)" '192.0.2.7|'
	dns remove "$DNS" "$ZONE" mix.conf TXT mine >/dev/null
	dns remove "$DNS" "$ZONE" mix.conf A 192.0.2.7 >/dev/null
	is 'the zone is as it was' "$(records | grep -v ' SOA ' | sort)" "$before"
	is 'remove without a value is a mistake, not an order' "$(exit_of remove "$DNS" "$ZONE" mix.conf TXT)" 1
}

# ---- names

names_of_all_kinds() {
	for name in '*.conf' '@' '_acme-challenge.conf' 'a.b.c.d.conf' \
		'long-label-of-63-octets-012345678901234567890123456789012345678.conf'; do
		done_and "$name" dns add "$DNS" "$ZONE" "$name" TXT --ttl $CONF_TTL "at $name"
		like 'is there' "$(values "$name" TXT)" '(^|\|)at '
		done_and 'and is removed' dns remove "$DNS" "$ZONE" "$name" TXT "at $name"
		is 'and is gone' "$(values "$name" TXT | tr '|' '\n' | grep '^at ')" ''
	done
}

names_are_written_in_many_ways() {
	upper=$(echo "$ZONE" | tr '[:lower:]' '[:upper:]')
	done_and 'zone and name in upper case' dns add "$DNS" "$upper" UPPER.Conf txt --ttl $CONF_TTL Value
	is 'are the same names, the value keeps its case' "$(values upper.conf TXT)" 'Value|'
	done_and 'a final dot at the zone' dns add "$DNS" "$ZONE." upper.conf TXT --ttl $CONF_TTL Value
	done_and 'an absolute name' dns add "$DNS" "$ZONE" "upper.conf.$ZONE." TXT --ttl $CONF_TTL Value
	is 'is the same record each time' "$(values upper.conf TXT)" 'Value|'
	done_and 'it is removed' dns remove "$DNS" "$upper." UPPER.conf TXT Value
	is 'by any of its names' "$(values upper.conf TXT)" ''
	refused 'a name outside of the zone is refused' 'outside' add "$DNS" "$ZONE" a.elsewhere.invalid. TXT x
}

zones_are_told_apart() {
	if test -n "$OTHER"; then
		done_and "$OTHER is another zone" dns add "$DNS" "$OTHER" conf TXT --ttl $CONF_TTL other
		is 'its record is not in ours' "$(values conf TXT)" ''
		is 'but there' "$(dns get "$DNS" "$OTHER" conf TXT | sed 's/.* TXT //')" other
		done_and 'and is removed there' dns remove "$DNS" "$OTHER" conf TXT other
	else
		skip 'a zone with a name that ends like ours' 'no such zone'
	fi
	if test -n "$IDN"; then
		done_and "$IDN" dns add "$DNS" "$IDN" conf TXT --ttl $CONF_TTL idn
		is 'has the record' "$(dns get "$DNS" "$IDN" conf TXT | sed 's/.* TXT //')" idn
		done_and 'and it is removed' dns remove "$DNS" "$IDN" conf TXT idn
	else
		skip 'a zone with U-labels' 'no such zone'
	fi
	refused 'a zone that is not there is named in a sentence' "$NOZONE" add "$DNS" "$NOZONE" conf TXT x
	refused 'also when it is read' "$NOZONE" get "$DNS" "$NOZONE"
	if test "$LISTS" = yes; then
		like 'zones lists ours' "$(dns zones "$DNS")" "^$ZONE\$"
	else
		refused 'zones says that it cannot' "cannot|can't" zones "$DNS"
	fi
}

# ---- types

round_trip() { # TYPE DATA [SECOND-DATA]
	type=$1 name=t-$(echo "$1" | tr '[:upper:]' '[:lower:]').conf
	shift
	holds "$type" || { skip "$type" 'the provider has no such records'; return; }
	done_and "$type: add" dns add "$DNS" "$ZONE" "$name" "$type" --ttl $CONF_TTL "$@"
	is "$type: comes back" "$(values "$name" "$type")" "$(printf '%s|' "$@")"
	done_and "$type: set" dns set "$DNS" "$ZONE" "$name" "$type" --ttl $CONF_TTL "$1"
	is "$type: one is left" "$(values "$name" "$type")" "$1|"
	done_and "$type: remove" dns remove "$DNS" "$ZONE" "$name" "$type" "$1"
	is "$type: gone" "$(values "$name" "$type")" ''
}

types_of_all_kinds() {
	round_trip A 192.0.2.1 192.0.2.2
	round_trip AAAA 2001:db8::1 2001:db8::2
	round_trip CNAME target.example.net
	round_trip MX '10 mx1.example.net' '20 mx2.example.net'
	round_trip SRV '0 5 5060 sip.example.net'
	round_trip CAA '0 issue "ca.example.net"' '0 issuewild ";"'
	round_trip TLSA '3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
	refused 'a type that does not exist is refused' 'type' add "$DNS" "$ZONE" t.conf NONSENSE x
	refused 'malformed data is refused' 'data' add "$DNS" "$ZONE" t.conf A 192.0.2
}

nothing_beside_a_cname() {
	dns add "$DNS" "$ZONE" alias.conf CNAME --ttl $CONF_TTL target.example.net >/dev/null
	refused 'a TXT beside a CNAME is refused, and it says why' 'CNAME' \
		add "$DNS" "$ZONE" alias.conf TXT --ttl $CONF_TTL hidden
	is 'the CNAME is untouched' "$(values alias.conf)" 'target.example.net|'
	dns remove "$DNS" "$ZONE" alias.conf CNAME target.example.net >/dev/null
	dns add "$DNS" "$ZONE" text.conf TXT --ttl $CONF_TTL text >/dev/null
	refused 'a CNAME beside a TXT is refused too' 'CNAME|other records' \
		add "$DNS" "$ZONE" text.conf CNAME --ttl $CONF_TTL target.example.net
	is 'the TXT is untouched' "$(values text.conf)" 'text|'
	dns remove "$DNS" "$ZONE" text.conf TXT text >/dev/null
}

# ---- TTL, numbers, formats, rights

ttls_are_kept_or_lifted() {
	done_and 'a TTL of an hour' dns add "$DNS" "$ZONE" ttl.conf TXT --ttl 3600 x
	is 'is kept' "$(ttl_of ttl.conf TXT)" 3600
	dns remove "$DNS" "$ZONE" ttl.conf TXT x >/dev/null
	done_and 'a TTL of a second' dns add "$DNS" "$ZONE" ttl1.conf TXT --ttl 1 x
	is 'is kept or lifted to the least there is' "$(ttl_of ttl1.conf TXT)" "$(test "$MIN_TTL" -gt 1 && echo "$MIN_TTL" || echo 1)"
	dns remove "$DNS" "$ZONE" ttl1.conf TXT x >/dev/null
	done_and 'no TTL' dns add "$DNS" "$ZONE" ttl0.conf TXT x
	like 'gets a small one' "$(ttl_of ttl0.conf TXT)" '^[1-9][0-9]{0,3}$'
	dns remove "$DNS" "$ZONE" ttl0.conf TXT x >/dev/null
}

fifty() { # VERB NAME [VALUE...]: with fifty values
	verb=$1 fifty_at=$2
	shift 2
	i=0
	while test $i -lt 50; do
		set -- "$@" "value $i"
		i=$((i + 1))
	done
	test "$verb" = remove || set -- --ttl $CONF_TTL "$@"
	dns "$verb" "$DNS" "$ZONE" "$fifty_at" TXT "$@" >/dev/null
}

# Fifty at a name: BIND keeps no more than a hundred.
fifties() { # VERB
	n=0
	while test $n -lt "$MANY"; do
		fifty "$1" "many$n.conf" || return 1
		n=$((n + 50))
	done
}

many_records() {
	done_and "$MANY records" fifties add
	records | grep '^many' >"$talk.many"
	is 'all come back' "$(wc -l <"$talk.many")" "$MANY"
	is 'each once' "$(sort -u "$talk.many" | wc -l)" "$MANY"
	done_and 'the same fifty once more, and another' fifty add many0.conf another
	is 'is one more' "$(records | grep -c '^many')" $((MANY + 1))
	dns remove "$DNS" "$ZONE" many0.conf TXT another >/dev/null
	done_and 'all are removed' fifties remove
	is 'and gone' "$(records | grep '^many')" ''
	rm -f "$talk.many"
}

at_the_same_time() {
	for i in 1 2 3 4 5; do
		dnseal dns add "$DNS" "$ZONE" race.conf TXT --ttl $CONF_TTL "racer $i" >/dev/null 2>&1 &
		racers="${racers:-} $!"
	done
	for racer in $racers; do wait "$racer"; done
	is 'five at once: all arrive' "$(values race.conf TXT)" 'racer 1|racer 2|racer 3|racer 4|racer 5|'
	dns remove "$DNS" "$ZONE" race.conf TXT 'racer 1' 'racer 2' 'racer 3' 'racer 4' 'racer 5' >/dev/null
}

for_machines() {
	value='one "two"'
	test "$ODD_TXT" = yes || value='one  two'
	dns add "$DNS" "$ZONE" json.conf TXT --ttl $CONF_TTL "$value" >/dev/null
	is '--json: the record' "$(dns get "$DNS" "$ZONE" json.conf --json | python3 -c '
import json, sys
for line in sys.stdin:
    o = json.loads(line)
    for r in o["records"]:
        print(o["v"], o["event"], o["zone"], r["name"], r["type"], r["ttl"], r["data"])')" \
		"1 records $ZONE json.conf TXT $CONF_TTL $value"
	is 'plain: NAME TTL TYPE DATA' "$(records json.conf TXT)" "json.conf $CONF_TTL TXT $value"
	dns remove "$DNS" "$ZONE" json.conf TXT "$value" >/dev/null
	sentence=$(dns get "$DNS" "$NOZONE" --json)
	like '--json: an error is an object too' "$sentence" '"event": ?"error"'
}

rights() {
	done_and 'check: all is well' dns check "$DNS"
	done_and 'check with a zone' dns check "$DNS" "$ZONE"
	if test "$LISTS" = yes && test -n "$OTHER"; then
		sentence=$(said check "$DNS" "$ZONE")
		like 'check tells of zones beyond' "$sentence" 'sees [0-9]+ zones, [0-9]+ of them not needed'
		is 'on one line' "$(printf '%s\n' "$sentence" | grep -c 'not needed')" 1
		is 'the one asked for is not among them' \
			"$(printf '%s\n' "$sentence" | grep -c " $ZONE[,;]")" 0
		grep -q '^[[:space:]]*zones ' "$CONF" ||
			is 'not when no zone is meant' "$(said check "$DNS" | grep -c 'not needed')" 0
	else
		skip 'check tells of zones beyond' 'it cannot list its zones, or has one only'
	fi
	is 'wrong credentials: exit 6' "$(exit_of add "$WRONG" "$ZONE" wrong.conf TXT x)" 6
	like 'with a sentence' "$(said add "$WRONG" "$ZONE" wrong.conf TXT x)" "$WRONG"
	is 'check finds them: exit 6' "$(exit_of check "$WRONG" "$ZONE")" 6
	if test -n "$READONLY"; then
		done_and 'credentials that may only read do read' dns get "$READONLY" "$ZONE"
		is 'but do not write: exit 6' "$(exit_of add "$READONLY" "$ZONE" readonly.conf TXT x)" 6
		dns add "$DNS" "$ZONE" held.conf TXT --ttl $CONF_TTL held >/dev/null
		is 'nor remove: exit 6' "$(exit_of remove "$READONLY" "$ZONE" held.conf TXT held)" 6
		is 'it stays' "$(values held.conf TXT)" 'held|'
		dns remove "$DNS" "$ZONE" held.conf TXT held >/dev/null
		is 'check finds that: exit 6' "$(exit_of check "$READONLY" "$ZONE")" 6
	else
		skip 'credentials that may only read' 'none are there'
	fi
	is 'nothing came of all that' "$(values wrong.conf)$(values readonly.conf)" ''
	is 'a dns block that is not there: exit 1' "$(exit_of get nosuchblock "$ZONE")" 1
}

secrets_stay_secret() {
	shown=$(dnseal -v -v dns get "$DNS" "$ZONE" 2>&1; dnseal -v -v dns add "$WRONG" "$ZONE" s.conf TXT x 2>&1)
	for secret in $SECRET; do
		like 'no secret in the most talkative log' "$(printf '%s' "$shown" | grep -cF -e "$secret")" '^0$'
	done
}

conformance() {
	OTHER=${OTHER:-} IDN=${IDN:-} READONLY=${READONLY:-} MIN_TTL=${MIN_TTL:-0} MANY=${MANY:-1000}
	NO_TYPES=${NO_TYPES:-} LISTS=${LISTS:-} ODD_TXT=${ODD_TXT:-yes}
	rights
	a_name_has_many_values
	set_replaces
	every_octet_survives
	what_is_not_ours_stays
	names_of_all_kinds
	names_are_written_in_many_ways
	zones_are_told_apart
	types_of_all_kinds
	nothing_beside_a_cname
	ttls_are_kept_or_lifted
	many_records
	at_the_same_time
	for_machines
	secrets_stay_secret
	is 'nothing is left behind' "$(records | awk '$1 ~ /conf$/')" ''
	rm -f "$talk" "$talk.out"
}
