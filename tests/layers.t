#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# layers.t - a file includes its own folder and lower ones, never a sibling or a higher one; a
# provider includes nothing of the core but the SDK.
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"

ranks='base:0 net:1 crypto:1 dns:2 store:2 acme:3 provider:3 engine:4 app:5'

# offences FOLDER: lines "file includes what" that break the rule.
offences() (
	cd "$1" || exit 99
	find core -name '*.[ch]' ! -path 'core/config.h' ! -path 'core/sdk/*' -exec \
		awk -v ranks="$ranks" '
		BEGIN { n = split(ranks, r, /[: ]/); for (i = 1; i < n; i += 2) rank[r[i]] = r[i + 1] }
		FNR == 1 { split(FILENAME, part, "/"); own = part[2]
			if (!(own in rank)) print FILENAME " is in no layer" }
		/^[ \t]*#[ \t]*include[ \t]*"/ {
			split($0, quoted, "\""); to = quoted[2]
			if (to == "config.h") next
			if (!match(to, /\//)) { print FILENAME " includes \"" to "\" without its folder"; next }
			sub(/\/.*/, "", to)
			if (!(to in rank)) print FILENAME " includes " quoted[2] ", of no layer"
			else if (own in rank && to != own && rank[to] >= rank[own]) print FILENAME " includes " quoted[2]
		}' {} +
	find providers -name '*.[ch]' -exec awk '
		/^[ \t]*#[ \t]*include[ \t]*".*\// { print FILENAME ": " $0 }
		/^[ \t]*#[ \t]*include[ \t]*<(curl|gnutls|json-c|ares|ltdl|nettle)/ { print FILENAME ": " $0 }
		' {} +
)

is 'every file stays in its layer' "$(offences "$srcdir")" ''

# The test itself is tested: each of these must be found.
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
planted() {
	rm -rf "${tree:?}/core" "$tree/providers"
	mkdir -p "$tree/core/$1" "$tree/providers"
	echo "$3" >"$tree/$2"
	offences "$tree" | wc -l | tr -d ' '
}
is 'a lower folder may not include a higher one' "$(planted base core/base/a.c '#include "net/loop.h"')" 1
is 'siblings may not include each other' "$(planted acme core/acme/a.c '#include "provider/op.h"')" 1
is 'nor net and crypto' "$(planted net core/net/a.h '  #  include "crypto/key.h"')" 1
is 'an include names its folder' "$(planted net core/net/a.h '#include "loop.h"')" 1
is 'a new folder needs a rank' "$(planted mail core/mail/a.c '#include "base/buf.h"')" 1
is 'a provider sees only the SDK' "$(planted net providers/a.c '#include "base/buf.h"')" 1
is 'and no library of the core' "$(planted net providers/a.c '#include <curl/curl.h>')" 1
is 'downwards is fine' "$(planted engine core/engine/a.c '#include "dns/name.h"')" 0
done_testing
