#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""terminal.py ROWS COLUMNS FRAMES COMMAND... - run it at a terminal of this size, and show what stands
there at the end, with what scrolled away.  FRAMES gets every state of the block that says what is
waited for, one a line, "|" between its lines.  Knows the few things that dnseal writes: letters, CR,
LF, one line up, erase to the end; anything else, and going up beyond the top, is told and status 99.
Else the command's status."""
import fcntl
import os
import pty
import re
import struct
import sys
import termios


HEAD = re.compile(r"\d+ certificates: |.*: waiting for ")


class Terminal:
    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines, self.row, self.column = [""], 0, 0
        self.wrapped = set()  # rows that go on with what the one above began

    def letter(self, c):
        if self.column == self.columns:
            self.down()
            self.column = 0
            self.wrapped.add(self.row)
        line = self.lines[self.row]
        self.lines[self.row] = line[: self.column] + c + line[self.column + 1 :]
        self.column += 1

    def down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")

    def up(self):
        self.row -= 1
        if self.row < 0 or self.row < len(self.lines) - self.rows:
            raise ValueError("up beyond the top")

    def take(self, token):
        if token == "\r":
            self.column = 0
        elif token == "\n":
            self.down()
        elif token == "\033[A":
            self.up()
        elif token == "\033[K":
            self.lines[self.row] = self.lines[self.row][: self.column]
            if not self.column:
                self.wrapped.discard(self.row)
        elif len(token) == 1 and token >= " ":
            self.letter(token)
        else:
            raise ValueError(f"unknown: {token!r}")

    def text(self):
        whole = []
        for row, line in enumerate(self.lines):
            if row in self.wrapped:
                whole[-1] += line
            else:
                whole.append(line)
        return [line for line in whole if line]

    def block(self):
        lines = [line for line in self.lines if line]
        for at in range(len(lines) - 1, -1, -1):
            if HEAD.match(lines[at]):
                return "|".join(lines[at:])
        return ""


def child(rows, columns, command):
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.environ["TERM"] = "xterm"
    os.execvp(command[0], command)


def read_all(fd):
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:  # the other side is closed
            return
        if not data:
            return
        yield data


def main():
    rows, columns, frames, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    pid, fd = pty.fork()
    if not pid:
        child(rows, columns, command)
    terminal, rest, seen = Terminal(rows, columns), "", []
    for data in read_all(fd):
        text = rest + data.decode("utf-8", "replace")
        whole = re.match(r"(?:\033\[[A-Za-z]|[^\033])*", text).group(0)
        rest = text[len(whole) :]
        for token in re.findall(r"\033\[[A-Za-z]|[^\033]", whole):
            terminal.take(token)
        now = terminal.block()
        if not seen or seen[-1] != now:
            seen.append(now)
    with open(frames, "w", encoding="utf-8") as out:
        out.writelines(frame + "\n" for frame in seen)
    print("\n".join(terminal.text()))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


try:
    sys.exit(main())
except ValueError as e:
    print(f"terminal.py: {e}")
    sys.exit(99)
