# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""cloudflare.py - Cloudflare's DNS API for tests, as strict as the real one is known to be.

  cloudflare.py --listen ADDRESS:PORT --cert FILE --key FILE --dump FILE ZONE...

Tokens: TOKEN_EDIT may do everything, TOKEN_READ may only read, TOKEN_BLIND sees no zone.  Sixty
other zones fill the first page.  After each change all records are in the dump, one a line:
ZONE, name, type and stored content, separated by tabs.  Requests are on stdout, without tokens.
"""
import argparse
import copy
import hashlib
import http.server
import ipaddress
import json
import re
import ssl
import threading
import urllib.parse

TOKEN_EDIT = "edit-0123456789abcdefghijklmnopqrstuvwxy"
TOKEN_READ = "read-0123456789abcdefghijklmnopqrstuvwxy"
TOKEN_BLIND = "blind-0123456789abcdefghijklmnopqrstuvwx"
PREFIX = "/client/v4"
BATCH_MAX = 200
TYPES = ("A AAAA CAA CERT CNAME DNSKEY DS HTTPS LOC MX NAPTR NS OPENPGPKEY PTR SMIMEA SRV SSHFP "
         "SVCB TLSA TXT URI").split()
FIELDS = {  # types that are written with `data`, and how their content reads
    "CAA": ("flags tag value", '{flags} {tag} "{value}"'),
    "SRV": ("priority weight port target", "{weight} {port} {target}"),
    "TLSA": ("usage selector matching_type certificate",
             "{usage} {selector} {matching_type} {certificate}"),
}
HOSTS = ("CNAME", "MX", "NS", "PTR")


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


def make_id(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Service:
    def __init__(self, names, dump):
        self.lock = threading.Lock()
        self.dump_file = dump
        self.serial = 0
        fill = ["fill%02d.test" % i for i in range(60)]
        self.zones = {make_id(name): name for name in fill + names}
        self.records = {zone: {} for zone in self.zones}
        for zone in self.zones:
            self.add(self.records[zone], zone, {
                "type": "TXT", "name": "_managed." + self.zones[zone], "content": '"not yours"'})
            next(iter(self.records[zone].values()))["meta"] = {"read_only": True}
        self.dump()

    def dump(self):
        with open(self.dump_file, "w", encoding="utf-8") as out:
            for zone, records in self.records.items():
                for r in records.values():
                    print(self.zones[zone], r["name"], r["type"], r["content"], sep="\t", file=out)

    # -- records

    def check(self, records, record):
        kind, ttl, content = record["type"], record["ttl"], record["content"]
        if kind not in TYPES:
            raise invalid(9005, "Invalid type.")
        if not isinstance(ttl, int) or isinstance(ttl, bool):
            raise invalid(9022, "TTL must be a number.")
        if ttl != 1 and not 60 <= ttl <= 86400:
            raise invalid(9021, "TTL must be between 60 and 86400 seconds, or 1 for Automatic.")
        if not content:
            raise invalid(9007, "Content is required.")
        if kind == "TXT" and content[0] == '"' and not re.fullmatch(
                r'"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*', content, re.S):
            raise invalid(9007, "Malformed character string.")
        if kind in ("A", "AAAA"):
            try:
                good = ipaddress.ip_address(content).version == (4 if kind == "A" else 6)
            except ValueError:
                good = False
            if not good:
                raise invalid(9005, "Content for %s record must be a valid address." % kind)
        for other in records.values():
            if other["id"] == record["id"] or other["name"] != record["name"]:
                continue
            if (other["type"], other["content"], other.get("priority")) == (
                    kind, content, record.get("priority")):
                raise Refusal(400, 81058, "An identical record already exists.")
            if other["type"] == "CNAME":
                raise Refusal(400, 81054, "A CNAME record with that host already exists.")
            if kind == "CNAME":
                raise Refusal(400, 81053, "An A, AAAA, or CNAME record with that host already exists.")

    def shape(self, zone, old, item):
        record = copy.deepcopy(old)
        for field in ("type", "name", "content", "ttl", "priority", "comment", "data"):
            if field in item:
                record[field] = item[field]
        if "type" not in record or "name" not in record or not ("content" in record or "data" in record):
            raise Refusal(400, 9000, "type, name and content are required")
        apex = self.zones[zone]
        name = str(record["name"]).lower().rstrip(".")
        record["name"] = apex if name == "@" else (
            name if name == apex or name.endswith("." + apex) else name + "." + apex)
        if record["type"] in FIELDS:
            fields, text = FIELDS[record["type"]]
            if sorted(record.get("data") or {}) != sorted(fields.split()):
                raise invalid(9101, "data is a required field, with %s." % fields)
            record["content"] = text.format(**record["data"]).rstrip(".")
        elif record["type"] == "MX" and not isinstance(record.get("priority"), int):
            raise invalid(9102, "priority is a required field.")
        if record["type"] in HOSTS:
            record["content"] = str(record["content"]).rstrip(".")
        record.setdefault("ttl", 1)
        return record

    def add(self, records, zone, item):
        self.serial += 1
        blank = {"id": make_id("record %d" % self.serial), "proxiable": False, "proxied": False,
                 "settings": {}, "meta": {}, "comment": None, "tags": []}
        record = self.shape(zone, blank, item)
        self.check(records, record)
        records[record["id"]] = record
        return record

    def change(self, records, zone, item, keep):
        old = self.find(records, item.get("id"))
        if not keep:
            old = {key: old[key] for key in ("id", "proxiable", "proxied", "settings", "meta", "tags")}
        record = self.shape(zone, old, item)
        self.check(records, record)
        records[record["id"]] = record
        return record

    def find(self, records, record_id):
        if not re.fullmatch("[0-9a-f]{32}", str(record_id)):
            raise Refusal(400, 7003, "Could not route to that record.")
        if record_id not in records:
            raise Refusal(404, 81044, "Record does not exist.")
        if records[record_id]["meta"].get("read_only"):
            raise Refusal(400, 1046, "This record is managed by another product.")
        return records[record_id]

    def drop(self, records, item):
        record = self.find(records, item.get("id"))
        del records[record["id"]]
        return record

    def batch(self, zone, body):
        if sum(len(body.get(part) or []) for part in ("deletes", "patches", "puts", "posts")) > BATCH_MAX:
            raise Refusal(400, 9212, "Too many changes in one batch.")
        records = copy.deepcopy(self.records[zone])  # one transaction
        result = {
            "deletes": [self.drop(records, item) for item in body.get("deletes") or []],
            "patches": [self.change(records, zone, item, True) for item in body.get("patches") or []],
            "puts": [self.change(records, zone, item, False) for item in body.get("puts") or []],
            "posts": [self.add(records, zone, item) for item in body.get("posts") or []],
        }
        self.records[zone] = records
        return result

    # -- lists

    @staticmethod
    def page(items, query, default, most):
        page, size = int(query.get("page", 1)), min(int(query.get("per_page", default)), most)
        here = items[(page - 1) * size:page * size]
        return here, {"page": page, "per_page": size, "count": len(here), "total_count": len(items),
                      "total_pages": max(1, -(-len(items) // size))}

    def list_zones(self, token, query):
        seen = [] if token == TOKEN_BLIND else [
            {"id": zone, "name": name, "status": "active", "paused": False, "type": "full",
             "account": {"id": make_id("account"), "name": "Test"},
             "permissions": ["#dns_records:read", "#zone:read"] + (
                 ["#dns_records:edit"] if token == TOKEN_EDIT else [])}
            for zone, name in self.zones.items() if query.get("name", name) == name]
        return self.page(seen, query, 20, 50)

    def list_records(self, zone, query):
        wanted = query.get("name.exact", query.get("name"))
        found = [r for r in self.records[zone].values()
                 if query.get("type", r["type"]) == r["type"]
                 and (wanted is None or wanted.lower() == r["name"])
                 and query.get("content.contains", "").lower() in r["content"].lower()]
        return self.page(found, query, 100, 5000000)

    # -- one request

    def answer(self, method, path, query, token, body):
        if path == "/user/tokens/verify" and method == "GET":
            return {"id": make_id(token), "status": "active"}, None
        if path == "/zones" and method == "GET":
            return self.list_zones(token, query)
        where = re.fullmatch(r"/zones/([^/]*)(/dns_records(?:/([^/]*))?)?", path)
        if not where or not re.fullmatch("[0-9a-f]{32}", where[1]):
            raise Refusal(404, 7003, "Could not route to %s." % path, (7000, "No route for that URI"))
        zone = where[1]
        if zone not in self.zones or token == TOKEN_BLIND or (method != "GET" and token != TOKEN_EDIT):
            raise Refusal(403, 10000, "Authentication error")
        if not where[2]:
            return {"id": zone, "name": self.zones[zone], "status": "active"}, None
        if method == "GET" and not where[3]:
            return self.list_records(zone, query)
        if method == "GET":
            return self.find(self.records[zone], where[3]), None
        result = self.write(method, zone, where[3], body)
        self.dump()
        return result, None

    def write(self, method, zone, record_id, body):
        if method == "POST" and record_id == "batch":
            return self.batch(zone, body)
        records = copy.deepcopy(self.records[zone])
        if method == "POST" and not record_id:
            result = self.add(records, zone, body)
        elif method == "DELETE":
            result = {"id": self.drop(records, {"id": record_id})["id"]}
        elif method in ("PUT", "PATCH"):
            result = self.change(records, zone, dict(body, id=record_id), method == "PATCH")
        else:
            raise Refusal(404, 7003, "Could not route the request.", (7000, "No route for that URI"))
        self.records[zone] = records
        return result


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = None

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        print(self.command, self.path, args[1] if len(args) > 1 else "", flush=True)

    def token(self, path):
        header = self.headers.get("Authorization")
        if header is None:
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if not re.fullmatch(r"Bearer [A-Za-z0-9_-]{20,}", header):
            raise Refusal(400, 6003, "Invalid request headers",
                          (6111, "Invalid format for Authorization header"))
        if header[7:] not in (TOKEN_EDIT, TOKEN_READ, TOKEN_BLIND):
            if path == "/user/tokens/verify":
                raise Refusal(401, 1000, "Invalid API Token")
            raise Refusal(403, 9109, "Invalid access token")
        return header[7:]

    def body(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.command in ("GET", "DELETE"):
            return {}
        try:
            if "application/json" not in self.headers.get("Content-Type", ""):
                raise ValueError
            body = json.loads(text)
            if not isinstance(body, dict):
                raise ValueError
            return body
        except ValueError:
            raise Refusal(400, 6002, "The body is no JSON object.") from None

    def any(self):
        url = urllib.parse.urlsplit(self.path)
        status = 200
        reply = {"result": None, "success": True, "errors": [], "messages": []}
        try:
            body = self.body()
            if not url.path.startswith(PREFIX + "/"):
                raise Refusal(404, 7003, "Could not route to %s." % url.path, (7000, "No route"))
            path = url.path[len(PREFIX):]
            token = self.token(path)
            with self.service.lock:
                result, info = self.service.answer(
                    self.command, path, dict(urllib.parse.parse_qsl(url.query)), token, body)
            reply["result"] = result
            if info:
                reply["result_info"] = info
        except Refusal as refusal:
            status = refusal.status
            reply.update(success=False, errors=[refusal.error])
        text = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Ratelimit", '"default";r=1000;t=300')
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    context = None

    def finish_request(self, request, client_address):  # the handshake, in the thread
        try:
            request = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return
        super().finish_request(request, client_address)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--listen", required=True)
    p.add_argument("--cert", required=True)
    p.add_argument("--key", required=True)
    p.add_argument("--dump", required=True)
    p.add_argument("zones", nargs="+")
    a = p.parse_args()
    host, port = a.listen.rsplit(":", 1)
    Handler.service = Service(a.zones, a.dump)
    Server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Server.context.load_cert_chain(a.cert, a.key)
    Server((host, int(port)), Handler).serve_forever()


main()
