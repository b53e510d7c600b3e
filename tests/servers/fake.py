# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""fake.py - what all our copies of providers' APIs have in common.

A copy is a file NAME.py beside this one:

    import fake

    class Service(fake.Service):
        prefix = "/v2"

        def __init__(self, args, config):
            super().__init__(args, config)
            ...                         # zones from args.zones and config (JSON of --config)

        def answer(self, request):      # one request at a time: a lock is held
            if request.parts[:1] != ["domains"]:
                raise fake.Refusal(404, {"id": "not_found"})
            return fake.Reply(200, {"domains": ...})

        def sets(self):                 # what the world would see now
            return {"example.test": {("www.example.test", "TXT"): [(60, '"text"')]}}

        def busy(self, request, retry_after):
            ...                         # this provider's 429

    fake.main(Service, __doc__)

Its command line:

  NAME.py --listen ADDRESS:PORT --cert FILE --key FILE [--config FILE]
          [--publish HOST:PORT --tsig NAME:ALGORITHM:SECRET [--publish-delay SECONDS]]
          [--dump FILE] [--page N] [--limit N --window SECONDS] [ZONE...]

Without --cert it speaks plain HTTP.  Of sets() only what a request has changed goes to the name
server of --publish, by dynamic update (RFC 2136); all of it goes to --dump: ZONE, name, type and
data a line, separated by tabs, in the form of zone files.  --page is for the copy to heed, --limit
counts the requests of a credential in a window.  Requests and faults they met are on stdout.

A test talks to the server itself, without credentials, at:
  GET  /__admin/stats    {"requests": N, "by": {"POST batch": N, ...}, "refused": N, "log": [...]}
  GET  /__admin/records  [{"zone", "name", "type", "ttl", "data"}, ...]: sets(), past the API
  POST /__admin/fault    {"kind": ..., "match": "POST batch", "times": 1, "skip": 0}
  POST /__admin/reset    faults and counters away; records stay
  POST /__admin/published  answered when all changes so far are at the server of --publish
or what else the copy's admin() knows.  "match" is a part of a word of "by", which is "METHOD
last-path-word" or what the copy's what() calls it.  Kinds, in the order of a request's life:
  busy        429; "retry_after": seconds or null
  status      an HTML page with "status": 502; "after": true: after the change was made
  html        200 with an HTML page; "after" likewise
  cut-before  the connection ends, nothing was done
  delay       "seconds" before anything is done
  cut-after   the change was made, the connection ends without a reply
  cut-reply   the change was made, "bytes" octets of the reply and its head arrive (-1: all but
              one), or "body" octets behind its head
  truncate    half of the reply's body, by an HTTP that says nothing of it
  hidden      not by match: from now on lists leave out what is younger than "seconds"; the copy
              asks fake.hidden(when), `when` being the request.now of the change
Other kinds are the copy's own: request.fault has the whole object, {} when there is none."""
import argparse
import copy
import http.server
import io
import json
import queue
import socket
import ssl
import threading
import time
import urllib.parse

try:
    import dns.name
    import dns.query
    import dns.rcode
    import dns.tsigkeyring
    import dns.update
except ImportError:  # only --publish needs it
    dns = None

PAGE = "<!DOCTYPE html><html><head><title>%d</title></head><body><h1>Error</h1></body></html>"
young = {"seconds": 0}


def hidden(when):
    """Must lists still leave out what was made or changed at this time.monotonic()?"""
    return young["seconds"] > 0 and when > time.monotonic() - young["seconds"]


class Reply:
    """body: None for an empty one, str or bytes as they are, anything else as JSON."""

    def __init__(self, status, body=None, headers=(), kind="application/json"):
        self.status, self.headers, self.kind = status, list(headers), kind
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        self.body = body.encode() if isinstance(body, str) else body or b""


class Refusal(Exception):
    """A reply that is raised."""

    def __init__(self, status, body=None, headers=(), kind="application/json"):
        super().__init__(status)
        self.reply = Reply(status, body, headers, kind)


class Malformed(Exception):
    """The body is not JSON; Service.malformed() says it in the provider's words."""


class Request:
    """method, url (as it came), path (raw, below the prefix; None: not below it), parts (its
    segments, decoded), query (pairs, decoded), headers (any case), body (bytes), fault, now
    (monotonic), credential, left (requests it has left in the window, None: no limit)."""

    def __init__(self, method, url, headers, body, prefix):
        split = urllib.parse.urlsplit(url)
        self.method, self.url, self.headers, self.body = method, url, headers, body
        self.path = self.parts = None
        if split.path == prefix or split.path.startswith(prefix + "/"):
            self.path = split.path[len(prefix):]
            self.parts = [urllib.parse.unquote(part) for part in self.path.split("/")[1:]]
        self.query = urllib.parse.parse_qsl(split.query, keep_blank_values=True)
        self.fault, self.left, self.credential = {}, None, None
        self.now = time.monotonic()

    def get(self, name, default=None):
        """The first value of this name in the query."""
        return next((value for key, value in self.query if key == name), default)

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Malformed from error


class Publisher:
    """Carries changed record sets to a name server, in order, a while later."""

    def __init__(self, server, tsig, delay):
        host, port = server.rsplit(":", 1)
        name, algorithm, secret = tsig.split(":")
        self.host, self.port, self.delay = host.strip("[]"), int(port), delay
        self.keyring = dns.tsigkeyring.from_text({name: secret})
        self.algorithm = algorithm
        self.work = queue.Queue()
        threading.Thread(target=self.run, daemon=True).start()

    def put(self, zone, sets):
        """sets: {(name, type): [(ttl, text), ...]} as they are now."""
        self.work.put((time.monotonic() + self.delay, zone, sets))

    def send(self, zone, sets):
        update = dns.update.Update(zone, keyring=self.keyring, keyalgorithm=self.algorithm)
        for (name, kind), items in sets.items():
            absolute = dns.name.from_text(name)
            update.delete(absolute, kind)
            for ttl, text in items:  # two spellings are one record here
                update.add(absolute, ttl, kind, text)
        return dns.rcode.to_text(
            dns.query.tcp(update, self.host, port=self.port, timeout=10).rcode())

    def run(self):
        while True:
            due, zone, sets = self.work.get()
            time.sleep(max(0, due - time.monotonic()))
            try:
                print("publish", zone, len(sets), self.send(zone, sets), flush=True)
            except Exception as error:  # pylint: disable=broad-except
                print("publish", zone, len(sets), "failed:", error, flush=True)
            self.work.task_done()


class Service:
    """The provider; a copy gives what differs."""

    prefix = ""
    get_changes = False  # do GET requests change anything?

    def __init__(self, args, config):
        self.args, self.config = args, config
        self.lock = threading.Lock()
        self.publisher, self.before = None, {}
        if args.publish:
            self.publisher = Publisher(args.publish, args.tsig, args.publish_delay)

    # -- given by a copy

    @staticmethod
    def arguments(parser):
        """More options for the command line."""

    def answer(self, request):
        """The Reply; with the lock held."""
        raise NotImplementedError

    def sets(self):
        """{zone: {(absolute name, type): [(ttl, data as in zone files), ...]}}"""
        raise NotImplementedError

    def what(self, request):
        """The kind of request, for counting and for faults."""
        words = [part for part in request.parts or [] if part]
        return "%s %s" % (request.method, words[-1] if words else "/")

    def credential(self, request):
        """Whose requests are limited together."""
        return request.headers.get("Authorization")

    def busy(self, request, retry_after):
        headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
        return Reply(429, {"message": "too many requests"}, headers)

    def stray(self, request):
        """Of paths that are not below the prefix."""
        return Reply(404, {"message": "no such path"})

    def malformed(self, request):
        """After fake.Malformed."""
        return Reply(400, {"message": "the body is no JSON"})

    def headers(self, request):
        """Of every reply."""
        return []

    def admin(self, what, body):
        """Another /__admin/ request of the copy; None: no such thing."""

    # -- for main()

    def changed(self):
        """Tell the world about it."""
        now = self.sets()
        if now == self.before:
            return
        before, self.before = self.before, now
        for zone, sets in now.items() if self.publisher else ():
            old = before.get(zone, {})
            news = {k: sets.get(k, []) for k in {**old, **sets} if old.get(k) != sets.get(k)}
            if news:
                self.publisher.put(zone, news)
        self.dump()

    def dump(self):
        if not self.args.dump:
            return
        with open(self.args.dump, "w", encoding="utf-8") as out:
            for r in self.records():
                print(r["zone"], r["name"], r["type"], r["data"], sep="\t", file=out)

    def records(self):
        return [{"zone": zone, "name": name, "type": kind, "ttl": ttl, "data": data}
                for zone, sets in self.before.items() for (name, kind), items in sets.items()
                for ttl, data in items]

    def start(self):
        """What is there from the beginning is not published."""
        self.before = self.sets()
        self.dump()


class Referee:
    """Counts requests, keeps the rate limit, and plays the faults a test has asked for."""

    def __init__(self, limit, window):
        self.lock = threading.Lock()
        self.limit, self.window = limit, window
        self.reset()

    def reset(self):
        with self.lock:
            self.faults, self.seen, self.blocked, self.times = [], {}, {}, {}
            self.requests = self.refused = 0
            self.log = []
            young["seconds"] = 0

    def stats(self):
        with self.lock:
            return {"requests": self.requests, "refused": self.refused, "by": dict(self.seen),
                    "log": list(self.log)}

    def add(self, fault):
        with self.lock:
            if fault.get("kind") == "hidden":
                young["seconds"] = fault.get("seconds", 0)
            else:
                self.faults.append(dict({"times": 1, "skip": 0, "match": ""}, **fault))

    def whistle(self, what, path):
        """Count a request and return the fault meant for it, or {}."""
        with self.lock:
            self.requests += 1
            self.seen[what] = self.seen.get(what, 0) + 1
            self.log.append("%.3f %s %s" % (time.monotonic(), what, path))
            for fault in self.faults:
                if fault["match"] not in what or fault["times"] <= 0:
                    continue
                if fault["skip"] > 0:
                    fault["skip"] -= 1
                    continue
                fault["times"] -= 1
                print("fault", fault["kind"], "met by", what, flush=True)
                return fault
        return {}

    def left(self, credential):
        """Requests this credential has left, None without limit; blocks it for a window at 0."""
        now = time.monotonic()
        with self.lock:
            if not self.limit:
                return None
            times = [t for t in self.times.get(credential, []) if t > now - self.window] + [now]
            self.times[credential] = times
            if len(times) > self.limit and now >= self.blocked.get(credential, 0):
                self.blocked[credential] = now + self.window
            return 0 if now < self.blocked.get(credential, 0) else max(0, self.limit - len(times))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = referee = None

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        print(self.command, self.path, args[1] if len(args) > 1 else "", flush=True)

    # -- sending

    def head(self, reply):
        out, self.wfile = self.wfile, io.BytesIO()
        self.send_response(reply.status)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        if reply.body:
            self.send_header("Content-Type", reply.kind)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        octets, self.wfile = self.wfile.getvalue(), out
        return octets

    def say(self, reply):
        self.wfile.write(self.head(reply) + reply.body)

    def cut(self):
        self.close_connection = True
        try:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def cut_reply(self, reply, fault):
        head = self.head(reply)
        end = len(head) + fault["body"] if "body" in fault else fault["bytes"]
        self.wfile.write((head + reply.body)[:end])
        self.cut()

    # -- what is answered

    def admin(self, what, body):
        if what == "stats" and self.command == "GET":
            return self.referee.stats()
        if what == "records" and self.command == "GET":
            with self.service.lock:
                return self.service.records()
        if what == "fault" and body:
            self.referee.add(body)
        elif what == "reset":
            self.referee.reset()
        elif what == "published":
            if self.service.publisher:
                self.service.publisher.work.join()
        else:
            with self.service.lock:
                return self.service.admin(what, body)
        return {}

    def answer(self, request):
        service = self.service
        if request.path is None:
            return service.stray(request)
        with service.lock:
            try:
                reply = service.answer(request)
            except Refusal as refusal:
                reply = refusal.reply
            except Malformed:
                reply = service.malformed(request)
            if request.method != "GET" or service.get_changes:
                service.changed()
        if reply.status >= 400:
            self.referee.refused += 1
        return reply

    def instead(self, request):
        """What is said in place of an answer, None: nothing."""
        fault, kind = request.fault, request.fault.get("kind")
        if kind == "busy":
            return self.service.busy(request, fault.get("retry_after"))
        if kind == "status":
            return Reply(fault["status"], PAGE % fault["status"], kind="text/html")
        if kind == "html":
            return Reply(200, PAGE % 200, kind="text/html")
        return None

    def play(self, request):
        """Send a reply, in the way the fault wants it; None: the connection just ends."""
        kind = request.fault.get("kind")
        if request.left == 0:
            return self.say(self.service.busy(request, int(self.referee.window)))
        instead = self.instead(request)
        if instead and not request.fault.get("after"):
            return self.say(instead)
        if kind == "cut-before":
            return self.cut()
        if kind == "delay":
            time.sleep(request.fault["seconds"])
        reply = copy.copy(self.answer(request))
        reply.headers = reply.headers + self.service.headers(request)
        if kind == "cut-after":
            return self.cut()
        if kind == "cut-reply":
            return self.cut_reply(reply, request.fault)
        if kind == "truncate":
            reply.body = reply.body[:len(reply.body) // 2]
        return self.say(instead or reply)

    def any(self):
        try:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        except (OSError, ValueError):
            body = b""
        if self.path.startswith("/__admin/"):
            reply = self.admin(self.path[len("/__admin/"):], json.loads(body) if body else None)
            return self.say(Reply(404, {}) if reply is None else Reply(200, reply))
        request = Request(self.command, self.path, self.headers, body, self.service.prefix)
        request.fault = self.referee.whistle(self.service.what(request), self.path)
        request.credential = self.service.credential(request)
        request.left = self.referee.left(request.credential)
        return self.play(request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    context = None

    def finish_request(self, request, client_address):  # the handshake, in the thread
        try:
            if self.context:
                request = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        try:
            super().finish_request(request, client_address)
        except OSError:  # a client that went away
            pass


def parser(doc, service):
    p = argparse.ArgumentParser(description=doc,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--listen", required=True)
    p.add_argument("--cert", help="PEM; without it: plain HTTP")
    p.add_argument("--key")
    p.add_argument("--config", help="JSON")
    p.add_argument("--publish")
    p.add_argument("--tsig")
    p.add_argument("--publish-delay", type=float, default=0)
    p.add_argument("--dump")
    p.add_argument("--page", type=int, default=0, help="no list shows more at once")
    p.add_argument("--limit", type=int, default=0, help="requests of a credential in a window")
    p.add_argument("--window", type=float, default=300)
    p.add_argument("zones", nargs="*")
    service.arguments(p)
    return p


def main(service, doc=None):
    """Serve until killed; `service` is the class."""
    p = parser(doc, service)
    a = p.parse_args()
    if a.publish and (dns is None or not a.tsig):
        p.error("--publish needs --tsig and python3-dnspython")
    config = {}
    if a.config:
        with open(a.config, encoding="utf-8") as file:
            config = json.load(file)
    host, port = a.listen.rsplit(":", 1)
    Handler.service = service(a, config)
    Handler.service.start()
    Handler.referee = Referee(a.limit, a.window)
    if a.cert:
        Server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        Server.context.load_cert_chain(a.cert, a.key)
    Server.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = Server((host.strip("[]"), int(port)), Handler)
    print("listening on", "%s:%d" % server.server_address[:2], flush=True)
    server.serve_forever()
