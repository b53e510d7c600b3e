# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""hostile.py PORT - at PORT and those above it, peers that mean no good before TLS begins:

0 silence, 1 junk, 2 a line without an end, 3 greetings without an end, 4 half a STARTTLS, 5 a refusal
that a terminal would obey."""
import os
import selectors
import socketserver
import sys
import time


def endless(piece):
    def talk(peer):
        while True:
            peer.sendall(piece)
    return talk


def until_starttls(peer):
    peer.sendall(b"220 mx ESMTP\r\n")
    lines = peer.makefile("rb")
    lines.readline(4096)
    peer.sendall(b"250-mx\r\n250 STARTTLS\r\n")
    lines.readline(4096)


def silence(_peer):
    time.sleep(60)


def half(peer):
    until_starttls(peer)
    peer.sendall(b"220 re")


def refusal(peer):
    until_starttls(peer)
    peer.sendall(b"454 \033[31mno\033[0m\r\n")
    time.sleep(1)


TALKS = [silence, lambda peer: peer.sendall(os.urandom(4096)), endless(b"2" * 4096),
         endless(b"220-hello\r\n" * 100), half, refusal]


def server(port, talk):
    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            try:
                talk(self.request)
            except OSError:
                pass  # it has hung up, as it should

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer.daemon_threads = True
    return socketserver.ThreadingTCPServer(("127.0.0.1", port), Handler)


def main():
    servers = [server(int(sys.argv[1]) + i, talk) for i, talk in enumerate(TALKS)]
    with selectors.DefaultSelector() as ready:
        for one in servers:
            ready.register(one, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                key.fileobj.handle_request()


main()
