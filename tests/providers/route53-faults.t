#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# route53-faults.t - route53 against a copy of its API that breaks down, is throttled, is busy with
# somebody else's change, or answers in shapes that nobody expects.
# shellcheck disable=SC2034,SC2154 # words from and for the files sourced here
TAP_UP=../..
. "${srcdir:-$(dirname "$0")/../..}/tests/tap.sh"
# shellcheck source=tests/servers/world.sh
. "$srcdir/tests/servers/world.sh"
# shellcheck source=tests/providers/faults.sh
. "$srcdir/tests/providers/faults.sh"
# shellcheck source=tests/providers/race.sh
. "$srcdir/tests/providers/race.sh"

case " $PROVIDERS $STATIC_PROVIDERS " in
*' route53 '*) ;;
*) skip_all 'route53 is not built' ;;
esac
world "$0" "$@"
for word in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p'); do unset "$word"; done
api_start route53 example.test
(umask 077; echo 'full/secret+0123456789abcdefghijklmnopqr' >"$WORLD/full.secret")
cat >"$CONF" <<END
dns full {
    type route53
    access_key_id AKIAFULLEXAMPLE00001
    secret_access_key file:full.secret
    endpoint https://api.test
    trust $WORLD/trust.pem
}
END
DNS=full ZONE=example.test ADD='POST rrset' REMOVE='POST rrset' LIST='GET rrset'
faults

# ---- errors of this API, told by their code: their status says little

succeeds() { # WHAT FAULT: the value is there once in spite of it
	fault_dns remove mine
	admin fault "$2" >/dev/null
	ok "$1" fault_dns add mine || sed 's/^/# /' "$WORLD/fault.err"
	is '- it is there once' "$(there)" 'mine|'
	calm
}
fails() { # WHAT PATTERN FAULT
	fault_dns remove mine
	admin fault "$3" >/dev/null
	fault_dns add mine && fail "$1: it does not"
	like "$1" "$(cat "$WORLD/fault.err")" "$2"
	calm
	fault_dns remove mine
}
api_error() { # STATUS CODE MESSAGE [MORE]
	printf '{"kind": "error", "match": "POST rrset", "status": %s, "code": "%s", "message": "%s"%s}' \
		"$1" "$2" "$3" "${4:-}"
}
succeeds 'throttled, with status 400' "$(api_error 400 Throttling 'Rate exceeded' ', "times": 2')"
succeeds 'throttled, by the other name' "$(api_error 400 ThrottlingException 'Rate exceeded')"
succeeds "busy with somebody else's change" "$(api_error 400 PriorRequestNotComplete 'still processing' ', "times": 2')"
succeeds 'an internal failure' "$(api_error 500 InternalFailure 'try again')"
succeeds 'unavailable' "$(api_error 503 ServiceUnavailable 'try again')"
succeeds 'throttled after it was done' "$(api_error 400 Throttling 'Rate exceeded' ', "after": true')"
succeeds 'an internal failure after it was done' "$(api_error 500 InternalFailure 'try again' ', "after": true')"
fails 'throttled for good: says so' 'Rate exceeded|throttl' \
	"$(api_error 400 Throttling 'Rate exceeded' ', "times": 999')"
fails 'an input that is refused is not repeated' 'no such luck' "$(api_error 400 InvalidInput 'no such luck')"
fails 'a right that is missing' 'AccessDenied|not authorized' \
	"$(api_error 403 AccessDenied 'User: x is not authorized to perform: route53:ChangeResourceRecordSets')"

admin fault '{"kind": "error", "match": "GET change", "times": 99, "status": 403, "code": "AccessDenied",
	"message": "User: x is not authorized to perform: route53:GetChange"}' >/dev/null
ok 'without the right to GetChange the change is made all the same' fault_dns add mine
is '- it is there' "$(there)" 'mine|'
calm
fault_dns remove mine

admin bucket '{"burst": 4, "rate": 4}' >/dev/null
for value in 1 2 3 4 5 6; do
	ok 'an account that is used up by others' fault_dns add "$value" || sed 's/^/# /' "$WORLD/fault.err"
done
is '- all values are there' "$(there)" '1|2|3|4|5|6|'
fault_dns remove 1 2 3 4 5 6
is '- and go' "$(there)" ''
admin bucket '{"burst": 9999, "rate": 9999}' >/dev/null

# ---- what XML can be

sentence="[a-z]{3} .*[a-z]{3}"

says() { # WHAT PATTERN BODY: of the list
	admin fault "{\"kind\": \"says\", \"match\": \"GET rrset\", \"times\": 99999, \"body\": \"$3\"}" >/dev/null
	fault_dns get && fail "$1: it is taken for a list"
	like "$1" "$(cat "$WORLD/fault.err")" "$2"
	calm
}
deep=$(yes '<a>' | head -n 5000 | tr -d '\n')
says 'not XML at all' "$sentence" '{}'
says 'another document' "$sentence" '<Hello/>'
says 'a document that ends early' "$sentence" '<ListResourceRecordSetsResponse><ResourceRecordSets>'
says 'entities of its own' "$sentence" '<!DOCTYPE r [<!ENTITY a \"x\"><!ENTITY b \"&a;&a;&a;&a;\">]><r>&b;</r>'
says 'a file of ours' "$sentence" '<!DOCTYPE r [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><r>&a;</r>'
like '- which is not shown' "$(grep -c root: "$WORLD/fault.err")" '^0$'
says 'five thousand elements deep' "$sentence" "$deep"
page='<ListResourceRecordSetsResponse><ResourceRecordSets/><IsTruncated>true</IsTruncated>'
says 'a list that goes on nobody knows where' "$sentence" "$page</ListResourceRecordSetsResponse>"
next='<NextRecordName>a.example.test.</NextRecordName><NextRecordType>A</NextRecordType>'
says 'a list that goes on and on' "$sentence" "$page$next</ListResourceRecordSetsResponse>"

race
done_testing
