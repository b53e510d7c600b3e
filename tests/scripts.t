#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# scripts.t - shell scripts pass shellcheck, Python compiles.
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"

cd "$srcdir" || exit 99
scripts() {
	find autogen.sh quickstart .ci/run tests etc providers plugins.d -type f ! -path 'etc/build/*' \
		! -path '*/corpus/*' -exec awk 'FNR == 1 && /^#!.*[\/ ](ba)?sh( |$)/ { print FILENAME }' {} + | sort
}
if command -v shellcheck >/dev/null; then
	for script in $(scripts) tests/tap.sh $(find tests/servers -name '*.sh'); do
		is "$script" "$(shellcheck -x -e SC1091,SC2015,SC2016,SC2119,SC2317 "$script" 2>&1)" ''
	done
else
	skip 'shell scripts' 'shellcheck is not installed'
fi
for script in $(find tests etc -name '*.py' | sort); do
	is "$script" "$(python3 -c 'import ast, sys; ast.parse(open(sys.argv[1], "rb").read())' "$script" 2>&1)" ''
done
is 'tests can be run' "$(find tests -name '*.t' ! -perm -100)" ''
done_testing
