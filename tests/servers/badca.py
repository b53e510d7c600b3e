# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""badca.py - a man in the middle that makes a good CA bad in one way.

badca.py --listen A:P --to A:P --world DIR --fault NAME
DIR holds ca.pem, ca.key (for the listener), trust.pem, trust.key (the test CA, which also signs the
bad certificates).  "badca.py --list" prints the faults.
"""
import argparse
import base64
import http.client
import http.server
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading

ESCAPES = ("\x1b[2J\x1b]52;c;aGFja2Vk\x07 \u202e\u2066reversed\r\n"
           "2026-01-01 dnseal: all is well\n" + "A" * 2000)
PROBLEM = "urn:ietf:params:acme:error:"
BIG = 25 << 20


class Reply:
    """What Pebble said; faults change it."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def header(self, name, value):
        self.headers = [(n, v) for n, v in self.headers if n.lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))

    def edit(self, change):
        """Change the JSON body with a function."""
        if not self.body:
            return
        data = json.loads(self.body)
        change(data)
        self.body = json.dumps(data).encode()

    def problem(self, status, kind, detail, **more):
        self.status = status
        self.header("Content-Type", "application/problem+json")
        self.header("Location", None)
        self.body = json.dumps({"type": PROBLEM + kind, "detail": detail, **more}).encode()


# ---- what each request is

KINDS = [("/dir", "directory"), ("/nonce-plz", "nonce"), ("/sign-me-up", "account"),
         ("/order-plz", "order"), ("/my-order/", "order"), ("/authZ/", "authz"),
         ("/chalZ/", "challenge"), ("/finalize-order/", "finalize"), ("/certZ/", "certificate"),
         ("/rollover-account-key", "key-change"), ("/my-account/", "account-url")]


def kind_of(path):
    if "/alternate/" in path:
        return "alternate"
    return next((kind for prefix, kind in KINDS if path.startswith(prefix)), "other")


# ---- bad certificates, of the test CA

class Forge:
    def __init__(self, world):
        self.world = world
        self.csr = None
        self.behind = 0

    def path(self, name):
        return os.path.join(self.world, name)

    def names(self):
        text = subprocess.run(["certtool", "--crq-info"], input=self.csr, capture_output=True,
                              check=True).stdout.decode()
        return [line.split(":", 1)[1].split()[0] for line in text.splitlines()
                if line.strip().startswith("DNSname:")]

    def certtool(self, *arguments, template=None):
        with tempfile.TemporaryDirectory() as folder:
            def put(name, content):
                path = os.path.join(folder, name)
                with open(path, "wb") as f:
                    f.write(content)
                return path
            command = ["certtool", *arguments]
            if template is not None:
                command += ["--template", put("template", "\n".join(template).encode())]
                command += ["--load-ca-certificate", self.path("trust.pem"),
                            "--load-ca-privkey", self.path("trust.key")]
            command = [put("csr", self.csr) if a == "CSR" else a for a in command]
            output = os.path.join(folder, "out")
            subprocess.run(command + ["--outfile", output], check=True, capture_output=True)
            with open(output, "rb") as f:
                return f.read()

    def certificate(self, names=None, more=(), key=None):
        template = [f'dns_name = "{n}"' for n in (self.names() if names is None else names)]
        template += ["tls_www_server", "signing_key", *more]
        if not any("expiration" in line for line in more):
            template.append("expiration_days = 90")
        source = ["--load-privkey", key] if key else ["--load-request", "CSR"]
        return self.certtool("--generate-certificate", *source, template=template)

    def trust(self):
        with open(self.path("trust.pem"), "rb") as f:
            return f.read()

    def chain(self, **options):
        return self.certificate(**options) + self.trust()

    def new_key(self):
        path = self.path("badca-other.key")
        with open(path, "wb") as f:
            f.write(self.certtool("--generate-privkey", "--key-type", "ecdsa", "--curve", "secp256r1"))
        return path

    def read_file(self, path):
        with open(path, "rb") as f:
            return f.read()


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- faults: NAME: (kind of request, function(reply, forge))

def set_body(body, content_type=None, status=None):
    def fault(reply, _forge):
        reply.body = body
        if content_type:
            reply.header("Content-Type", content_type)
        if status:
            reply.status = status
    return fault


def edit(change):
    return lambda reply, _forge: reply.edit(change)


def problem(status, kind, detail, headers=(), **more):
    def fault(reply, _forge):
        reply.problem(status, kind, detail, **more)
        for name, value in headers:
            reply.header(name, value)
    return fault


def redirect(reply, _forge):
    reply.status, reply.body = 302, b""
    reply.header("Location", "http://127.0.0.1:9/dir")


def many_headers(reply, _forge):
    for n in range(100000):
        reply.headers.append((f"X-Filler-{n}", "x"))


def chunked(reply, _forge):
    reply.body = None  # endless chunks: see Handler.answer


def truncated(reply, _forge):
    reply.body = reply.body[:len(reply.body) // 2]


def cut(reply, _forge):
    reply.header("X-Cut", "yes")


def certificate(**options):
    def fault(reply, forge):
        reply.body = forge.chain(**options)
    return fault


def other_key(reply, forge):
    reply.body = forge.chain(key=forge.new_key())


def extra_name(reply, forge):
    reply.body = forge.chain(names=forge.names() + ["evil.test"])


def missing_name(reply, forge):
    reply.body = forge.chain(names=forge.names()[:-1])


def reversed_chain(reply, forge):
    reply.body = forge.trust() + forge.certificate()


def stranger_as_issuer(reply, forge):
    reply.body = forge.certificate() + forge.certtool(
        "--generate-certificate", "--load-privkey", forge.new_key(),
        template=['cn = "stranger"', "ca", "cert_signing_key", "expiration_days = 90"])


def key_inside(reply, forge):
    reply.body += forge.read_file(forge.new_key())


def fifty(reply, forge):
    reply.body = forge.certificate() + forge.trust() * 50


def with_root(reply, forge):
    reply.body += forge.read_file(forge.path("root0.pem"))


def late(kind, reply, forge):
    """Front ends that know only the old key for two requests more."""
    if kind == "key-change":
        forge.behind = 2
    elif kind == "account-url" and forge.behind:
        forge.behind -= 1
        if forge.behind:
            reply.problem(400, "malformed", "not the key of this account")
        else:
            reply.status, reply.body = 200, b'{"status":"valid"}'
            reply.header("Content-Type", "application/json")


GARBAGE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
PEM = "application/pem-certificate-chain"
EVIL = "https://evil.test/x"

FAULTS = {
    "none": ("none", None),
    "escapes-in-problem": ("order", problem(403, "rejectedIdentifier", ESCAPES)),
    "escapes-in-type": ("order", problem(400, ESCAPES, "x")),
    "escapes-in-subproblem": ("order", problem(400, "compound", "x", subproblems=[
        {"type": PROBLEM + "caa", "detail": ESCAPES,
         "identifier": {"type": "dns", "value": ESCAPES}}])),
    "escapes-in-url": ("order", edit(lambda o: o.update(finalize="https://ca.test:14000/" + ESCAPES))),
    "escapes-in-status": ("order", edit(lambda o: o.update(status=ESCAPES))),
    "escapes-in-authz": ("authz", edit(lambda a: a["identifier"].update(value=ESCAPES))),
    "escapes-in-terms": ("account", problem(403, "userActionRequired", ESCAPES)),
    "huge-length": ("directory", set_body(b"{" + b" " * BIG)),
    "huge-chunked": ("order", chunked),
    "huge-certificate": ("certificate", set_body(GARBAGE * (BIG // len(GARBAGE)))),
    "many-headers": ("directory", many_headers),
    "html": ("directory", set_body(b"<html>It works!</html>", "text/html")),
    "html-order": ("order", set_body(b"<html>Bad gateway</html>", "text/html", 502)),
    "empty": ("directory", set_body(b"")),
    "truncated-directory": ("directory", truncated),
    "truncated-order": ("order", truncated),
    "cut": ("finalize", cut),
    "junk-behind": ("order", lambda reply, _: setattr(reply, "body", reply.body + b"}{")),
    "deep": ("order", set_body(b"[" * 5000)),
    "wrong-types": ("directory", edit(lambda d: d.update(newNonce=5, newOrder=None))),
    "missing-fields": ("directory", edit(lambda d: d.pop("newOrder"))),
    "redirect": ("directory", redirect),
    "http-url": ("directory", edit(lambda d: d.update(newOrder="http://ca.test:14000/order-plz"))),
    "other-host": ("directory", edit(lambda d: d.update(newOrder=EVIL))),
    "user-in-url": ("directory", edit(lambda d: d.update(newOrder="https://a:b@ca.test:14000/x"))),
    "other-host-finalize": ("order", edit(lambda o: o.update(finalize=EVIL))),
    "other-host-authz": ("order", edit(lambda o: o.update(authorizations=[EVIL]))),
    "other-identifiers": ("order", edit(
        lambda o: o.update(identifiers=[{"type": "dns", "value": "evil.test"}]))),
    "no-authorizations": ("order", edit(lambda o: o.update(authorizations=[]))),
    "unknown-status": ("order", edit(lambda o: o.update(status="flying"))),
    "other-authz-identifier": ("authz", edit(lambda a: a["identifier"].update(value="evil.test"))),
    "no-dns-challenge": ("authz", edit(lambda a: a.update(
        challenges=[c for c in a["challenges"] if not c["type"].startswith("dns-")]))),
    "bad-token": ("authz", edit(lambda a: [c.update(token="../../etc") for c in a["challenges"]])),
    "rate-limited": ("order", problem(429, "rateLimited", "too many certificates",
                                      [("Retry-After", "3600")])),
    "terms": ("order", problem(403, "userActionRequired", "new terms")),
    "caa": ("order", problem(403, "caa", "CAA forbids")),
    "server-error": ("order", problem(500, "serverInternal", "out of order")),
    "certificate-other-key": ("certificate", other_key),
    "certificate-other-names": ("certificate", certificate(names=["evil.test"])),
    "certificate-extra-name": ("certificate", extra_name),
    "certificate-missing-name": ("certificate", missing_name),
    "certificate-expired": ("certificate", certificate(more=[
        'activation_date = "2020-01-01 00:00:00"', 'expiration_date = "2021-01-01 00:00:00"'])),
    "certificate-not-yet": ("certificate", certificate(more=[
        'activation_date = "2050-01-01 00:00:00"', 'expiration_date = "2050-03-01 00:00:00"'])),
    "certificate-is-ca": ("certificate", certificate(more=["ca", "cert_signing_key"])),
    "certificate-not-for-tls": ("certificate", lambda reply, forge: setattr(
        reply, "body", forge.certtool(
            "--generate-certificate", "--load-request", "CSR",
            template=[*(f'dns_name = "{n}"' for n in forge.names()), "code_signing_key",
                      "expiration_days = 90"]) + forge.trust())),
    "chain-reversed": ("certificate", reversed_chain),
    "chain-of-strangers": ("certificate", stranger_as_issuer),
    "chain-of-fifty": ("certificate", fifty),
    "chain-with-key": ("certificate", key_inside),
    "chain-garbage": ("certificate", set_body(GARBAGE)),
    "chain-empty": ("certificate", set_body(b"")),
    "chain-html": ("certificate", set_body(b"<html>", "text/html")),
}
# Those that an order does not meet: tests that want one name it.
OTHERS = {
    "chain-with-root": ("certificate", with_root),
    "gone": ("certificate", problem(404, "malformed", "there is no such certificate")),
    "rollover-cut": ("key-change", cut),
    "rollover-done-and-refused": ("key-change", problem(400, "malformed", "no")),
    "rollover-late": ("none", None),
}


# ---- the middle

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, format, *args):  # noqa: A002 (the base class's word)
        print(self.command, self.path, *args, flush=True)

    def ask(self, body):
        server = self.server
        connection = http.client.HTTPSConnection(*server.to, context=server.client_tls, timeout=60)
        headers = {n: v for n, v in self.headers.items() if n.lower() not in ("connection", "content-length")}
        connection.request(self.command, self.path, body=body, headers=headers)
        answer = connection.getresponse()
        reply = Reply(answer.status, answer.getheaders(), answer.read())
        for name in ("Content-Length", "Transfer-Encoding", "Connection"):
            reply.header(name, None)
        connection.close()
        return reply

    def remember_csr(self, body):
        payload = json.loads(unbase64(json.loads(body)["payload"]))
        der = base64.encodebytes(unbase64(payload["csr"]))
        self.server.forge.csr = (b"-----BEGIN CERTIFICATE REQUEST-----\n" + der +
                                 b"-----END CERTIFICATE REQUEST-----\n")

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        kind = kind_of(self.path)
        if kind == "finalize" and body:
            self.remember_csr(body)
        reply = self.ask(body)
        victim, fault = {**FAULTS, **OTHERS}[self.server.fault]
        if self.server.fault == "rollover-late":
            late(kind, reply, self.server.forge)
        if kind == victim and reply.status < 400:
            fault(reply, self.server.forge)
        try:
            self.answer(reply)
        except OSError:
            self.close_connection = True

    def answer(self, reply):
        self.send_response_only(reply.status)
        for name, value in reply.headers:
            if name == "X-Cut":
                self.close_connection = True
                self._headers_buffer = []
                return
            self._headers_buffer.append(f"{name}: {value}\r\n".encode("utf-8", "replace"))
        if reply.body is None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for _ in range(BIG // 65536):
                self.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
            self.wfile.write(b"0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_POST = do_HEAD = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        print("client", client_address, sys.exc_info()[1], flush=True)


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def main():
    parser = argparse.ArgumentParser()
    for option in ("--listen", "--to", "--world", "--fault"):
        parser.add_argument(option)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print(*FAULTS, sep="\n")
        return
    server = Server(address(options.listen), Handler, bind_and_activate=False)
    server.to, server.fault = address(options.to), options.fault
    server.forge = Forge(options.world)
    server.client_tls = ssl.create_default_context(cafile=os.path.join(options.world, "trust.pem"))
    server.client_tls.check_hostname = False
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(os.path.join(options.world, "ca.pem"), os.path.join(options.world, "ca.key"))
    server.allow_reuse_address = True
    server.server_bind()
    server.server_activate()
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever).start()


main()
