# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""notified.py SOCKET: what sd_notify(3) would hear, a line a variable, on stdout."""
import os
import socket
import sys

s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
while True:
    for line in s.recv(4096).decode().splitlines():
        print(line, flush=True)
