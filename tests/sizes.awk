# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
#
# sizes.awk - prints what is too long, too deep or banned in C files, "FILE:LINE: what".
# Relies on the style: a function's body begins and ends with a brace in the first column, and one
# tab is one level.

function say(what) { print FILENAME ":" FNR ": " what }

function width(s,   n, i, c) {
	n = 0
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		n = c == "\t" ? n + 8 - n % 8 : n + 1
	}
	return n
}

# The line without comments; strings become "", and what they held is in `strings`.
function code(s,   out, i, c, two) {
	out = strings = ""
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1); two = substr(s, i, 2)
		if (in_comment) { if (two == "*/") { in_comment = 0; i++ } continue }
		if (two == "/*") { in_comment = 1; i++; continue }
		if (two == "//") break
		if (c == "\"" || c == "'") { out = out c c; i = past_string(s, i, c); continue }
		out = out c
	}
	return out
}

function past_string(s, i, end,   c) {
	for (i++; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == end) return i
		strings = strings c
		if (c == "\\") { i++; strings = strings substr(s, i, 1) }
	}
	return i
}

FNR == 1 { in_comment = in_function = 0; last = FILENAME; first_include = "" }
FNR == 1 { head = $0 ~ /^\/\* pkg-config: .* \*\/$/ ? 2 : 1 } # a line for configure
FNR == head && $0 != "/* SPDX-License-Identifier: MIT" { say("no SPDX head") }
FNR == head + 1 && $0 !~ /^ \* SPDX-FileCopyrightText: the dnseal authors/ { say("no SPDX head") }
FNR == 601 { say("file of more than 600 lines") }
{
	if (width($0) > 100) say("wider than 100 columns")
	if ($0 ~ /[ \t]$/) say("blank at the line's end")
	if ($0 ~ /(^|[^A-Za-z])(TO)?(DO|FIXME|XXX)[^A-Za-z]/ && $0 ~ /TODO|FIXME|XXX/) say("unfinished")
	line = code($0)
	if (FILENAME ~ /\.c$/ && line ~ /^#include/ && first_include == "") {
		first_include = $0
		if ($0 !~ /"config\.h"/ && FILENAME ~ /(^|\/)core\//) say("config.h is not included first")
	}
	if (match(line, banned)) say("banned: " substr(line, RSTART, RLENGTH))
	if (strings ~ /\\"[a-zA-Z_]*\\" *: *.*%/ || strings ~ /\\"%s\\" *:/) say("JSON made by printf")
	if (line ~ /^\t\t\t\t+(if|for|while|do|switch|else)([^A-Za-z0-9_]|$)/) say("nested deeper than 3")
}
/^{/ { in_function = 1; began = FNR }
/^}/ {
	if (in_function && FNR - began - 1 > 80) say("function of " FNR - began - 1 " lines")
	in_function = 0
}
