# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""allowed.py UNIT PROGRAM <TRACE: of `strace -f -o TRACE`, the system calls from the execve of
PROGRAM on that the unit's SystemCallFilter= lines do not let through, a line each."""
import re
import subprocess
import sys


def groups():
    said = subprocess.run(['systemd-analyze', '--no-pager', 'syscall-filter'], check=True,
                          capture_output=True, text=True).stdout
    found, now = {}, None
    for line in said.splitlines():
        word = line.strip()
        if line.startswith('@'):
            now = found.setdefault(word.split()[0], set())
        elif line.startswith('#'):
            now = None
        elif word and not word.startswith('#') and now is not None:
            now.add(word)
    return found


def expand(word, known):
    if not word.startswith('@'):
        return {word}
    return set().union(*(expand(w, known) for w in known[word]))


def allowed(unit):
    known = groups()
    result = expand('@default', known)
    for line in open(unit):
        if line.startswith('SystemCallFilter='):
            words = line.split('=', 1)[1].strip()
            which = set().union(*(expand(w, known) for w in words.lstrip('~').split()))
            result = result - which if words.startswith('~') else result | which
    return result


def called(program):
    seen, begun = set(), False
    for line in sys.stdin:
        found = re.match(r'\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)', line)
        begun = begun or f'execve("{program}"' in line
        if found and begun:
            seen.add(found[1])
    return seen


used = called(sys.argv[2])
print(len(used), 'calls', file=sys.stderr)
for name in sorted(used - allowed(sys.argv[1])):
    print(name)
