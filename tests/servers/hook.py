#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""hook.py - what a webhook is sent to: HTTPS, each request a JSON line in --log with path, type and
body; answers 200, or the status that the file --status holds."""
import argparse
import http.server
import json
import os
import ssl


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with open(args.log, "a", encoding="utf-8") as log:
            log.write(json.dumps({"path": self.path, "type": self.headers["Content-Type"], "body": body}) + "\n")
        status = 200
        if os.path.exists(args.status):
            with open(args.status, encoding="ascii") as file:
                status = int(file.read())
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


parser = argparse.ArgumentParser(description=__doc__)
for name in ("listen", "cert", "key", "log", "status"):
    parser.add_argument("--" + name, required=True)
args = parser.parse_args()
host, port = args.listen.rsplit(":", 1)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(args.cert, args.key)
server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
