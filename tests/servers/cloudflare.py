# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""cloudflare.py - Cloudflare's DNS API for tests, as strict as the real one is known to be.

  cloudflare.py --listen ADDRESS:PORT --cert FILE --key FILE [--config FILE]
                    [--publish HOST:PORT --tsig NAME:ALGORITHM:SECRET [--publish-delay SECONDS]]
                    [--dump FILE] [--page N] [--plan free|paid] [--limit N --window SECONDS]
                    [ZONE...]

FILE of --config is JSON: {"tokens": [...], "zones": [...]}.  A token has "token" and may have
"zones" (names, or "*"), "edit", "zone_read" (both true), "status" (active), "expires_on", "owner"
(user or account) and, as a global key, "email".  A zone has "name" and may have "status", "type",
"account".  Without tokens there are TOKEN_EDIT, TOKEN_READ and TOKEN_BLIND below.

Changes go to a name server by dynamic update (RFC 2136) with --publish, and to --dump: ZONE, name,
type and stored content a line, separated by tabs.  Requests are on stdout, without tokens.

A test talks to the server itself, without a token, at:
  GET  /__admin/stats    {"requests": N, "by": {"POST batch": N, ...}, "refused": N, "log": [...]}
  GET  /__admin/records  every record of every zone
  POST /__admin/fault    {"kind": ..., "match": "POST batch", "times": 1, "skip": 0, ...}
  POST /__admin/reset    faults and counters away; records stay
Faults: busy (429; "retry_after": seconds or null, "plain": true), status ("status": 502, an HTML
page), cut-before, cut-after (the connection ends before or after the change was made), truncate,
false-success, sporadic (403 with 10000), delay ("seconds"), hidden ("seconds": lists do not show
what is newer than that)."""
import argparse
import copy
import hashlib
import http.server
import ipaddress
import json
import queue
import re
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

TOKEN_EDIT = "edit-0123456789abcdefghijklmnopqrstuvwxy"
TOKEN_READ = "read-0123456789abcdefghijklmnopqrstuvwxy"
TOKEN_BLIND = "blind-0123456789abcdefghijklmnopqrstuvwx"
PREFIX = "/client/v4"
BATCH_MAX = {"free": 200, "paid": 3500}
ZONES_PAGE_MAX = 50
TYPES = ("A AAAA CAA CERT CNAME DNSKEY DS HTTPS LOC MX NAPTR NS OPENPGPKEY PTR SMIMEA SRV SSHFP "
         "SVCB TLSA TXT URI").split()
HOSTS = ("CNAME", "MX", "NS", "PTR")
FIELDS = {  # types that are written with `data`, and how their content reads
    "CAA": '{flags} {tag} "{value}"',
    "CERT": "{type} {key_tag} {algorithm} {certificate}",
    "DNSKEY": "{flags} {protocol} {algorithm} {public_key}",
    "DS": "{key_tag} {algorithm} {digest_type} {digest}",
    "HTTPS": "{priority} {target} {value}",
    "NAPTR": '{order} {preference} "{flags}" "{service}" "{regex}" {replacement}',
    "SMIMEA": "{usage} {selector} {matching_type} {certificate}",
    "SRV": "{weight} {port} {target}",
    "SSHFP": "{algorithm} {type} {fingerprint}",
    "SVCB": "{priority} {target} {value}",
    "TLSA": "{usage} {selector} {matching_type} {certificate}",
    "URI": '{weight} "{target}"',
}
NUMBERS = ("flags key_tag algorithm protocol digest_type priority order preference usage selector "
           "matching_type weight port").split()
STRING = r'"(?:[^"\\]|\\[0-9]{3}|\\[^0-9])*"'


class Refusal(Exception):
    """An answer that is an error: HTTP status, code, message, (code, message) below it."""

    def __init__(self, status, code, message, below=None):
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message}
        if below:
            self.error["error_chain"] = [{"code": below[0], "message": below[1]}]


def invalid(code, message):
    return Refusal(400, 1004, "DNS Validation Error", (code, message))


def no_route(path):
    return Refusal(404, 7003, "Could not route to %s, perhaps your object identifier is invalid?"
                   % path, (7000, "No route for that URI"))


def make_id(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def strings(content):
    """TXT content as the octets it means, in strings of at most 255."""
    if not content.startswith('"'):
        whole = content.encode()
    else:
        inside = "".join(s[1:-1] for s in re.findall(STRING, content, re.S))
        whole = re.sub(rb"\\([0-9]{3}|.)", lambda m: bytes([int(m[1])]) if len(m[1]) == 3 else m[1],
                       inside.encode(), flags=re.S)
    return [whole[i:i + 255] for i in range(0, len(whole), 255)] or [b""]


def rdata_text(record):
    """A record's data as a zone file has it."""
    kind, content = record["type"], record["content"]
    if kind == "TXT":
        return " ".join('"%s"' % "".join(
            chr(c) if 32 <= c < 127 and chr(c) not in '"\\' else "\\%03d" % c for c in s)
            for s in strings(content))
    if kind == "SRV":
        return "{priority} {weight} {port} {target}.".format(**record["data"])
    if kind == "URI":
        return '%d %s' % (record["priority"], content)
    if kind == "MX":
        return "%d %s." % (record["priority"], content)
    if kind in HOSTS:
        return content + "."
    if kind in ("HTTPS", "SVCB", "NAPTR"):
        return re.sub(r"^((?:\S+ ){%d}[^ .]\S*)" % (1 if kind != "NAPTR" else 5), r"\1.", content)
    return content


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

    def run(self):
        while True:
            due, zone, sets = self.work.get()
            time.sleep(max(0, due - time.monotonic()))
            update = dns.update.Update(zone, keyring=self.keyring, keyalgorithm=self.algorithm)
            for (name, kind), items in sets.items():
                absolute = dns.name.from_text(name)
                update.delete(absolute, kind)
                for ttl, text in items:  # two spellings are one record here
                    update.add(absolute, 300 if ttl == 1 else ttl, kind, text)
            try:
                rcode = dns.query.tcp(update, self.host, port=self.port, timeout=10).rcode()
                print("publish", zone, len(sets), dns.rcode.to_text(rcode), flush=True)
            except Exception as error:  # pylint: disable=broad-except
                print("publish", zone, len(sets), "failed:", error, flush=True)


class Service:
    """The zones and their records."""

    def __init__(self, args, config):
        self.lock = threading.Lock()
        self.args, self.serial, self.hidden_s = args, 0, 0
        self.publisher = None
        if args.publish:
            self.publisher = Publisher(args.publish, args.tsig, args.publish_delay)
        self.tokens = {t["token"]: t for t in config.get("tokens") or [
            {"token": TOKEN_EDIT}, {"token": TOKEN_READ, "edit": False},
            {"token": TOKEN_BLIND, "zone_read": False}]}
        wanted = (config.get("zones") or []) + [{"name": name} for name in args.zones]
        fill = [{"name": "fill%02d.test" % i} for i in range(60)]  # more than a page before ours
        self.zones = {}
        for zone in fill + wanted:
            zone = dict({"status": "active", "type": "full", "account": "Test"}, **zone)
            self.zones[make_id(zone["name"] + zone["account"])] = zone
        self.records = {zone_id: {} for zone_id in self.zones}
        for zone_id, zone in self.zones.items():  # what another product keeps in every zone
            record = self.add(self.records[zone_id], zone_id, {
                "type": "TXT", "name": "_managed." + zone["name"], "content": '"not yours"'})
            record["meta"] = {"read_only": True}
        self.dump()

    def dump(self):
        if not self.args.dump:
            return
        with open(self.args.dump, "w", encoding="utf-8") as out:
            for zone_id, records in self.records.items():
                for r in records.values():
                    print(self.zones[zone_id]["name"], r["name"], r["type"], r["content"], sep="\t",
                          file=out)

    # -- records

    def check_ttl(self, ttl):
        if not isinstance(ttl, int) or isinstance(ttl, bool):
            raise invalid(9022, "TTL must be a number.")
        if ttl != 1 and not 60 <= ttl <= 86400:
            raise invalid(9021, "TTL must be between 60 and 86400 seconds, or 1 for Automatic.")

    def check_content(self, kind, content):
        if not isinstance(content, str) or not content or len(content) > 2048 * 2:
            raise invalid(9007, "Content is required.")
        if kind == "TXT" and content[0] == '"' and not re.fullmatch(
                r"%s(?:\s+%s)*" % (STRING, STRING), content, re.S):
            raise invalid(9007, "Malformed character string.")
        if kind in ("A", "AAAA"):
            try:
                good = ipaddress.ip_address(content).version == (4 if kind == "A" else 6)
            except ValueError:
                good = False
            if not good:
                raise invalid(9005, "Content for %s record must be a valid address." % kind)

    def check(self, records, record):
        kind, content = record["type"], record["content"]
        if kind not in TYPES:
            raise invalid(9004, "Invalid DNS record type.")
        self.check_ttl(record["ttl"])
        self.check_content(kind, content)
        if record.get("proxied") and kind not in ("A", "AAAA", "CNAME"):
            raise invalid(9004, "This record type cannot be proxied.")
        for other in records.values():
            if other["id"] == record["id"] or other["name"] != record["name"]:
                continue
            if (other["type"], other["content"], other.get("priority")) == (
                    kind, content, record.get("priority")):
                raise Refusal(400, 81058, "An identical record already exists.")
            if other["type"] == "CNAME":
                raise Refusal(400, 81054, "A CNAME record with that host already exists.")
            if kind == "CNAME":
                raise Refusal(400, 81053,
                              "An A, AAAA, or CNAME record with that host already exists.")

    def full_name(self, zone_id, name):
        apex = self.zones[zone_id]["name"]
        name = str(name).lower().rstrip(".")
        if name == "@":
            return apex
        return name if name == apex or name.endswith("." + apex) else name + "." + apex

    def shape(self, zone_id, old, item):
        record = copy.deepcopy(old)
        for field in ("type", "name", "content", "ttl", "priority", "comment", "data", "proxied"):
            if field in item:
                record[field] = item[field]
        if item.get("tags"):
            raise Refusal(400, 9304, "Tags are not part of this plan.")
        if len(record.get("comment") or "") > 100:
            raise Refusal(400, 9313, "The comment is too long for this plan.")
        kind = record.get("type")
        if not kind or not record.get("name"):
            raise Refusal(400, 9000, "type and name are required")
        record["name"] = self.full_name(zone_id, record["name"])
        if kind in FIELDS:
            self.fill(record, FIELDS[kind])
        elif "content" not in record:
            raise Refusal(400, 9000, "content is required")
        if kind in ("MX", "URI") and not isinstance(record.get("priority"), int):
            raise invalid(9102, "priority is a required field.")
        if kind in HOSTS:
            record["content"] = str(record["content"]).rstrip(".")
        record.setdefault("ttl", 1)
        return record

    @staticmethod
    def fill(record, form):
        """content from data, which alone counts."""
        fields = re.findall(r"{(\w+)}", form)
        if record["type"] == "SRV":
            fields.append("priority")
        data = record.get("data")
        if not isinstance(data, dict) or sorted(data) != sorted(fields):
            raise invalid(9101, "data is a required field, with: %s." % " ".join(fields))
        for name, value in data.items():
            number = name in NUMBERS and not (record["type"] == "NAPTR" and name == "flags") or (
                record["type"] in ("SSHFP", "CERT") and name == "type")
            if not isinstance(value, int if number else str) or isinstance(value, bool):
                raise invalid(9101, "data.%s has the wrong type." % name)
        record["content"] = form.format(**data).strip()
        if record["type"] == "SRV":
            record["priority"] = data["priority"]
            data["target"] = data["target"].rstrip(".")
            record["content"] = record["content"].rstrip(".")

    def add(self, records, zone_id, item):
        self.serial += 1
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())
        blank = {"id": make_id("record %d" % self.serial), "proxiable": False, "proxied": False,
                 "settings": {}, "meta": {}, "comment": None, "tags": [], "created_on": now,
                 "modified_on": now}
        record = self.shape(zone_id, blank, item)
        self.check(records, record)
        record["_at"] = time.monotonic()
        records[record["id"]] = record
        return record

    def change(self, records, zone_id, item, keep):
        old = self.find(records, item.get("id"), True)
        if not keep:
            stays = ("id", "proxiable", "settings", "meta", "created_on", "_at")
            old = {key: old[key] for key in stays}
            old.update(proxied=False, comment=None, tags=[])
        record = self.shape(zone_id, old, item)
        self.check(records, record)
        records[record["id"]] = record
        return record

    @staticmethod
    def find(records, record_id, to_change):
        if not re.fullmatch("[0-9a-f]{32}", str(record_id)):
            raise no_route("/dns_records/%s" % record_id)
        if record_id not in records:
            raise Refusal(404, 81044, "Record does not exist.")
        if to_change and records[record_id]["meta"].get("read_only"):
            raise Refusal(400, 1046, "This record is managed by another product.")
        return records[record_id]

    def drop(self, records, item):
        record = self.find(records, item.get("id"), True)
        del records[record["id"]]
        return record

    def batch(self, records, zone_id, body):
        parts = ("deletes", "patches", "puts", "posts")
        if set(body) - set(parts) or not all(isinstance(body.get(p, []), list) for p in parts):
            raise Refusal(400, 9207, "Not a batch.")
        if sum(len(body.get(part, [])) for part in parts) > BATCH_MAX[self.args.plan]:
            raise Refusal(400, 9212, "Too many changes in one batch.")
        deletes, patches, puts, posts = (body.get(part, []) for part in parts)
        return {  # in this order, whatever the order of the members
            "deletes": [self.drop(records, item) for item in deletes],
            "patches": [self.change(records, zone_id, item, True) for item in patches],
            "puts": [self.change(records, zone_id, item, False) for item in puts],
            "posts": [self.add(records, zone_id, item) for item in posts],
        }

    def write(self, method, zone_id, record_id, body):
        """One transaction: all of it, or nothing."""
        records = copy.deepcopy(self.records[zone_id])
        if method == "POST" and record_id == "batch":
            result = self.batch(records, zone_id, body)
        elif method == "POST" and not record_id:
            result = self.add(records, zone_id, body)
        elif method == "DELETE":
            result = {"id": self.drop(records, {"id": record_id})["id"]}
        elif method in ("PUT", "PATCH"):
            result = self.change(records, zone_id, dict(body, id=record_id), method == "PATCH")
        else:
            raise no_route("/dns_records")
        before, self.records[zone_id] = self.records[zone_id], records
        self.dump()
        if self.publisher:
            self.publish(zone_id, before)
        return result

    def publish(self, zone_id, before):
        def sets(records):
            found = {}
            for r in records.values():
                found.setdefault((r["name"], r["type"]), []).append((r["ttl"], rdata_text(r)))
            return found
        old, new = sets(before), sets(self.records[zone_id])
        changed = {key: new.get(key, []) for key in {**old, **new} if old.get(key) != new.get(key)}
        if changed:
            self.publisher.put(self.zones[zone_id]["name"], changed)

    # -- lists

    def page(self, items, query, default, most):
        try:
            page, size = int(query.get("page", 1)), int(query.get("per_page", default))
        except ValueError:
            page = size = 0
        if page < 1 or size < 1:
            raise Refusal(400, 1001, "Invalid page or per_page.")
        size = min(size, most, self.args.page or most)
        here = items[(page - 1) * size:page * size]
        return here, {"page": page, "per_page": size, "count": len(here), "total_count": len(items),
                      "total_pages": max(1, -(-len(items) // size))}

    def zone_object(self, zone_id, token):
        zone = self.zones[zone_id]
        rights = ["#dns_records:edit"] if token.get("edit", True) else []
        return {"id": zone_id, "name": zone["name"], "status": zone["status"], "paused": False,
                "type": zone["type"], "permissions": rights + ["#dns_records:read", "#zone:read"],
                "account": {"id": make_id(zone["account"]), "name": zone["account"]}}

    def sees(self, token, zone_id):
        return "*" in token.get("zones", "*") or self.zones[zone_id]["name"] in token["zones"]

    def list_zones(self, token, query):
        wanted = [self.zone_object(zone_id, token) for zone_id in self.zones
                  if token.get("zone_read", True) and self.sees(token, zone_id)]
        for field, of in (("name", lambda z: z["name"]), ("status", lambda z: z["status"]),
                          ("account.id", lambda z: z["account"]["id"])):
            value = query.get(field)
            if value is not None:
                value = value[len("equal:"):] if value.startswith("equal:") else value
                wanted = [z for z in wanted if of(z) == value.lower()]
        return self.page(wanted, query, 20, ZONES_PAGE_MAX)

    def list_records(self, zone_id, query):
        tests = {
            "type": lambda r, v: r["type"] == v,
            "name": lambda r, v: r["name"] == v.lower(),
            "name.exact": lambda r, v: r["name"] == v.lower(),
            "content": lambda r, v: r["content"].lower() == v.lower(),
            "content.exact": lambda r, v: r["content"].lower() == v.lower(),
            "content.contains": lambda r, v: v.lower() in r["content"].lower(),
        }
        young = time.monotonic() - self.hidden_s
        found = [{k: v for k, v in r.items() if k != "_at"} for r in self.records[zone_id].values()
                 if r.get("_at", 0) <= young
                 and all(test(r, query[field]) for field, test in tests.items() if field in query)]
        return self.page(found, query, 100, 5000000)

    # -- one request

    def answer(self, method, path, query, token, body):
        """(result, result_info); called with the lock held."""
        verify = re.fullmatch(r"/user/tokens/verify|/accounts/([0-9a-f]{32})/tokens/verify", path)
        if verify and method == "GET":
            if bool(verify[1]) != (token.get("owner") == "account"):
                raise Refusal(401, 1000, "Invalid API Token")
            result = {"id": make_id(token["token"]), "status": token.get("status", "active")}
            if "expires_on" in token:
                result["expires_on"] = token["expires_on"]
            return result, None
        if token.get("status", "active") != "active":
            raise Refusal(403, 9109, "Invalid access token")
        if path == "/zones" and method == "GET":
            return self.list_zones(token, query)
        where = re.fullmatch(r"/zones/([0-9a-f]{32})(/dns_records(?:/([^/]*))?)?", path)
        if not where:
            raise no_route(path)
        zone_id = where[1]
        if zone_id not in self.zones or not self.sees(token, zone_id):
            raise Refusal(403, 10000, "Authentication error")
        if not where[2]:
            if method != "GET" or not token.get("zone_read", True):
                raise Refusal(403, 10000, "Authentication error")
            return self.zone_object(zone_id, token), None
        if method == "GET" and not where[3]:
            return self.list_records(zone_id, query)
        if method == "GET":
            return self.find(self.records[zone_id], where[3], False), None
        if not token.get("edit", True):
            raise Refusal(403, 10000, "Authentication error")
        return self.write(method, zone_id, where[3], body), None


class Referee:
    """Counts requests, keeps the rate limit, and plays the faults a test has asked for."""

    def __init__(self, limit, window):
        self.lock = threading.Lock()
        self.limit, self.window = limit, window
        self.reset()

    def reset(self):
        self.faults, self.seen, self.blocked, self.times = [], {}, {}, {}
        self.requests = self.refused = 0
        self.log = []

    def stats(self):
        with self.lock:
            return {"requests": self.requests, "refused": self.refused, "by": dict(self.seen),
                    "log": list(self.log)}

    def add(self, fault):
        with self.lock:
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
    fault = {}

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        print(self.command, self.path, args[1] if len(args) > 1 else "", flush=True)

    def say(self, status, text, kind="application/json", headers=()):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def cut(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    # -- who asks

    def token(self, path):
        bearer, key, email = (self.headers.get(h) for h in (
            "Authorization", "X-Auth-Key", "X-Auth-Email"))
        if bearer is None and key is None and email is None:
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if bearer is None:
            return self.key(key, email)
        if not re.fullmatch(r"Bearer [A-Za-z0-9_-]{20,}", bearer) or re.fullmatch(
                r"Bearer (cfk_.*|[0-9a-f]{37})", bearer):
            raise Refusal(400, 6003, "Invalid request headers",
                          (6111, "Invalid format for Authorization header"))
        token = self.service.tokens.get(bearer[7:])
        if not token or "email" in token:
            if path.endswith("/tokens/verify"):
                raise Refusal(401, 1000, "Invalid API Token")
            raise Refusal(403, 9109, "Invalid access token")
        return token

    def key(self, key, email):
        if not key or not email:
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if not re.fullmatch(r"[0-9a-f]{37}|cfk_[A-Za-z0-9_-]+", key):
            raise Refusal(400, 6003, "Invalid request headers",
                          (6103, "Invalid format for X-Auth-Key header"))
        token = self.service.tokens.get(key)
        if not token or token.get("email") != email:
            raise Refusal(403, 9103, "Unknown X-Auth-Key or X-Auth-Email")
        return token

    def read_body(self):
        try:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        except (OSError, ValueError):
            text = b""
        if self.command in ("GET", "DELETE"):
            return {}
        try:
            if not self.headers.get("Content-Type", "").startswith("application/json"):
                raise ValueError
            body = json.loads(text)
        except ValueError:
            body = None
        return body if isinstance(body, dict) else None

    # -- what is answered

    def admin(self, what, body):
        if what == "stats" and self.command == "GET":
            return self.referee.stats()
        if what == "records" and self.command == "GET":
            with self.service.lock:
                return [{k: v for k, v in r.items() if k != "_at"}
                        for records in self.service.records.values() for r in records.values()]
        if what == "fault" and body and body.get("kind") == "hidden":
            self.service.hidden_s = body.get("seconds", 0)
        elif what == "fault" and body:
            self.referee.add(body)
        elif what == "reset":
            self.referee.reset()
            self.service.hidden_s = 0
        else:
            return None
        return {}

    def result(self, url, body):
        """(status, envelope)"""
        reply = {"result": None, "success": True, "errors": [], "messages": []}
        try:
            if not url.path.startswith(PREFIX + "/"):
                raise no_route(url.path)
            path = url.path[len(PREFIX):]
            token = self.token(path)
            if body is None:
                raise Refusal(400, 6002, "The body is no JSON object.")
            if self.fault.get("kind") == "sporadic":
                raise Refusal(403, 10000, "Authentication error")
            with self.service.lock:
                result, info = self.service.answer(
                    self.command, path, dict(urllib.parse.parse_qsl(url.query)), token, body)
            reply["result"] = json.loads(json.dumps(result))
            if info:
                reply["result_info"] = info
            return 200, reply
        except Refusal as refusal:
            self.referee.refused += 1
            reply.update(success=False, errors=[refusal.error])
            return refusal.status, reply

    def busy(self, retry_after, plain):
        headers = [("Retry-After", str(retry_after))] if retry_after is not None else []
        if plain:
            return self.say(429, "error code: 1015", "text/plain", headers)
        error = {"code": 971, "message": "Please wait and consider throttling your request speed"}
        return self.say(429, json.dumps({"success": False, "errors": [error], "result": None}),
                        headers=headers)

    def any(self):
        url = urllib.parse.urlsplit(self.path)
        body = self.read_body()
        if url.path.startswith("/__admin/"):
            reply = self.admin(url.path[len("/__admin/"):], body)
            return self.say(404 if reply is None else 200, json.dumps(reply))
        last = [part for part in url.path.split("/") if not re.fullmatch("[0-9a-f]{32}", part)][-1]
        self.fault = self.referee.whistle("%s %s" % (self.command, last), self.path)
        kind = self.fault.get("kind")
        credential = self.headers.get("Authorization") or self.headers.get("X-Auth-Key")
        left = self.referee.left(credential)
        if left == 0:
            return self.busy(int(self.referee.window), False)
        if kind == "busy":
            return self.busy(self.fault.get("retry_after"), self.fault.get("plain"))
        if kind == "status":
            page = "<!DOCTYPE html><title>%d</title><h1>Error</h1>" % self.fault["status"]
            return self.say(self.fault["status"], page, "text/html")
        if kind == "cut-before":
            return self.cut()
        if kind == "delay":
            time.sleep(self.fault["seconds"])
        status, reply = self.result(url, body)
        if kind == "cut-after":
            return self.cut()
        if kind == "false-success":
            reply.update(success=False, result=None, errors=[{"code": 7, "message": "Not now"}])
        text = json.dumps(reply)
        if kind == "truncate":
            text = text[:len(text) // 2]
        quota, window = self.referee.limit or 1200, self.referee.window
        return self.say(status, text, headers=[
            ("Ratelimit", '"default";r=%d;t=%d' % (quota if left is None else left, window)),
            ("Ratelimit-Policy", '"default";q=%d;w=%d' % (quota, window))])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    context = None

    def finish_request(self, request, client_address):  # the handshake, in the thread
        try:
            request = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        try:
            super().finish_request(request, client_address)
        except OSError:  # a client that went away
            pass


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--listen", required=True)
    p.add_argument("--cert", required=True)
    p.add_argument("--key", required=True)
    p.add_argument("--config")
    p.add_argument("--publish")
    p.add_argument("--tsig")
    p.add_argument("--publish-delay", type=float, default=0)
    p.add_argument("--dump")
    p.add_argument("--page", type=int, default=0, help="no list shows more at once")
    p.add_argument("--plan", choices=sorted(BATCH_MAX), default="free")
    p.add_argument("--limit", type=int, default=0, help="requests of a credential in a window")
    p.add_argument("--window", type=float, default=300)
    p.add_argument("zones", nargs="*")
    a = p.parse_args()
    if a.publish and (dns is None or not a.tsig):
        p.error("--publish needs --tsig and python3-dnspython")
    config = {}
    if a.config:
        with open(a.config, encoding="utf-8") as file:
            config = json.load(file)
    host, port = a.listen.rsplit(":", 1)
    Handler.service = Service(a, config)
    Handler.referee = Referee(a.limit, a.window)
    Server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Server.context.load_cert_chain(a.cert, a.key)
    server = Server((host, int(port)), Handler)
    print("listening on", "%s:%d" % server.server_address[:2], flush=True)
    server.serve_forever()


main()
