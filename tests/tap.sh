# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# tap.sh - Test Anything Protocol for shell; sourced.
#   ok "what" COMMAND...      passes when COMMAND does
#   is "what" GOT WANT        passes when they are the same
#   like "what" TEXT PATTERN  passes when TEXT matches the extended regular expression
#   skip "what" "why"; skip_all "why"; done_testing at the end
# shellcheck shell=sh
srcdir=${srcdir:-$(cd "$(dirname "$0")/${TAP_UP:-..}" && pwd)}
tap_n=0
tap_failed=0

pass() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

fail() {
	tap_n=$((tap_n + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_n - $1"
}

ok() {
	tap_what=$1
	shift
	if "$@"; then pass "$tap_what"; else fail "$tap_what"; return 1; fi
}

is() {
	if test "$2" = "$3"; then
		pass "$1"
	else
		fail "$1"
		printf '%s\n' "$2" | sed 's/^/#  got: /'
		printf '%s\n' "$3" | sed 's/^/# want: /'
		return 1
	fi
}

like() {
	if printf '%s\n' "$2" | grep -Eq -e "$3"; then
		pass "$1"
	else
		fail "$1"
		printf '%s\n' "$2" | sed 's/^/#  got: /'
		echo "# want: $3"
		return 1
	fi
}

skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# Is the program built with sanitizers, or for coverage?
is_instrumented() {
	nm "$DNSEAL" 2>/dev/null | grep -Eq ' __(asan|tsan|gcov)_'
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$tap_n"
	test "$tap_failed" -eq 0
}
