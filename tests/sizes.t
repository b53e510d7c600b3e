#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# sizes.t - functions fit two screens, files 600 lines, nesting three levels; nothing banned.
# shellcheck source=tests/tap.sh
. "${srcdir:-.}/tests/tap.sh"

banned='(^|[^A-Za-z0-9_])(sleep|usleep|nanosleep|clock_nanosleep|v?sprintf|strcpy|strcat|stpcpy|atoi|atol|system|popen|gets|strtok)[ \t]*[(]'

measure() { awk -v banned="$banned" -f "$srcdir/tests/sizes.awk" "$@"; }

cd "$srcdir" || exit 99
# shellcheck disable=SC2046 # our file names have no blanks
is 'the tree keeps its measures' \
	"$(measure $(find core providers -name '*.[ch]' ! -name config.h | sort))" ''

# The test itself is tested: each of these must be found, once.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/core"
file=$dir/core/a.c
head='/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include "config.h"
'
planted() {
	printf '%s%b\n' "$head" "$2" >"$file"
	like "$1" "$(measure "$file" | sed 's/^[^:]*:[0-9]*: //')" "$3"
}
lines() { awk -v n="$1" -v s="$2" 'BEGIN { while (n--) printf "%s\\n", s }'; }

planted 'a long function' "void f(void)\n{\n$(lines 81 '\tg();')}" '^function of 81 lines$'
planted 'a function of 80 lines is fine' "void f(void)\n{\n$(lines 80 '\tg();')}" '^$'
planted 'a long file' "$(lines 597 'int x;')int y;" '600'
planted 'a fourth level' '\t\t\t\tif (x)\n' '^nested'
planted 'a wide line' "$(lines 1 "$(printf '%0101d' 0)")" '100 columns'
planted 'a blank at the end' 'int x; ' 'blank'
for call in 'sleep(1)' 'usleep(1)' 'nanosleep(0, 0)' 'sprintf(a, b)' 'strcpy(a, b)' 'strcat(a, b)' \
	'atoi(a)' 'system (a)' 'popen(a, b)' 'gets(a)' 'strtok(a, b)'; do
	planted "$call" "\t$call;" '^banned'
done
planted 'a longer name is not that call' '\tnot_sleep(1); asprintf(a); strtok_r(a);' '^$'
planted 'a comment is not a call' '/* sleep(1) */ // system(2)' '^$'
planted 'a string is not a call' '\tf("sleep(1) /*"); g();' '^$'
planted 'but what follows a string is' '\tf("/*"); sleep(1);' '^banned'
planted 'JSON by printf' '\tf("{\\"name\\": \\"%s\\"}", x);' '^JSON'
planted 'unfinished work' '/* TODO: more */' 'unfinished'
head='#include <stdio.h>
'
planted 'no licence' '' 'SPDX'
head='/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: the dnseal authors */
#include <stdio.h>
'
planted 'config.h not first' '' 'config.h'
done_testing
