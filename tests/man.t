#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# man.t - manual pages are sound.
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"

command -v mandoc >/dev/null || skip_all 'mandoc is not installed'
for page in "$srcdir"/etc/man/*.[1-9]; do
	is "$(basename "$page")" "$(mandoc -Tlint -W warning "$page" 2>&1)" ''
done
done_testing
