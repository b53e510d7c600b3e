# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""cloudflare.py - Cloudflare's DNS API for tests, as strict as the real one is known to be.

  cloudflare.py OPTIONS OF fake.py [--plan free|paid] [ZONE...]

FILE of --config is JSON: {"tokens": [...], "zones": [...]}.  A token has "token" and may have
"zones" (names, or "*"), "edit", "zone_read", "zone_list" (all true), "status" (active),
"expires_on", "owner" (user or account) and, as a global key, "email".  A zone has "name" and may
have "status", "type", "account", "plan".  Without tokens there are TOKEN_EDIT, TOKEN_READ and
TOKEN_BLIND below.

Faults of its own: "plain": true of busy, false-success (the change was made), sporadic (403 with
10000)."""
import copy
import hashlib
import ipaddress
import re
import time

import fake

TOKEN_EDIT = "edit-0123456789abcdefghijklmnopqrstuvwxy"
TOKEN_READ = "read-0123456789abcdefghijklmnopqrstuvwxy"
TOKEN_BLIND = "blind-0123456789abcdefghijklmnopqrstuvwx"
PLANS = ("free", "pro", "business", "enterprise")
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


class Refusal(fake.Refusal):
    """An answer that is an error: HTTP status, code, message, (code, message) below it."""

    def __init__(self, status, code, message, below=None, pointer=None):
        error = {"code": code, "message": message}
        if below:
            error["error_chain"] = [{"code": below[0], "message": below[1]}]
        if pointer:
            error["source"] = {"pointer": pointer}
        super().__init__(status, {"result": None, "success": False, "errors": [error],
                                  "messages": []})


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


class Service(fake.Service):
    """The zones and their records."""

    prefix = "/client/v4"

    def __init__(self, args, config):
        super().__init__(args, config)
        self.serial = 0
        self.tokens = {t["token"]: t for t in config.get("tokens") or [
            {"token": TOKEN_EDIT}, {"token": TOKEN_READ, "edit": False},
            {"token": TOKEN_BLIND, "zone_read": False}]}
        wanted = (config.get("zones") or []) + [{"name": name} for name in args.zones]
        fill = [{"name": "fill%02d.test" % i} for i in range(60)]  # more than a page before ours
        self.zones = {}
        for zone in fill + wanted:
            zone = dict({"status": "active", "type": "full", "account": "Test",
                         "plan": args.plan}, **zone)
            self.zones[make_id(zone["name"] + zone["account"])] = zone
        self.kept = {zone_id: {} for zone_id in self.zones}
        for zone_id, zone in self.zones.items():  # what another product keeps in every zone
            record = self.add(self.kept[zone_id], zone_id, {
                "type": "TXT", "name": "_managed." + zone["name"], "content": '"not yours"'})
            record["meta"] = {"read_only": True}

    @staticmethod
    def arguments(parser):
        parser.add_argument("--plan", choices=PLANS, default="free")

    def sets(self):
        found = {}
        for zone_id, records in self.kept.items():
            sets = found.setdefault(self.zones[zone_id]["name"], {})
            for r in records.values():
                sets.setdefault((r["name"], r["type"]), []).append(
                    (300 if r["ttl"] == 1 else r["ttl"], rdata_text(r)))
        return found

    # -- records

    def check_ttl(self, zone_id, ttl):
        least = 30 if self.zones[zone_id]["plan"] == "enterprise" else 60
        if not isinstance(ttl, int) or isinstance(ttl, bool):
            raise invalid(9022, "TTL must be a number.")
        if ttl != 1 and not least <= ttl <= 86400:
            raise invalid(9021, "TTL must be between %d and 86400 seconds, or 1 for Automatic."
                          % least)

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

    def check(self, records, zone_id, record):
        kind, content = record["type"], record["content"]
        if kind not in TYPES:
            raise invalid(9004, "Invalid DNS record type.")
        self.check_ttl(zone_id, record["ttl"])
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
        self.check(records, zone_id, record)
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
        self.check(records, zone_id, record)
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
        if sum(len(body.get(part, [])) for part in parts) > (
                200 if self.zones[zone_id]["plan"] == "free" else 3500):
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
        records = copy.deepcopy(self.kept[zone_id])
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
        self.kept[zone_id] = records
        return result

    # -- lists

    def page(self, items, request, default, most):
        try:
            page = int(request.get("page", 1))
            size = int(request.get("per_page", default))
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
                "plan": {"name": zone["plan"].title(), "legacy_id": zone["plan"]},
                "account": {"id": make_id(zone["account"]), "name": zone["account"]}}

    def sees(self, token, zone_id):
        return "*" in token.get("zones", "*") or self.zones[zone_id]["name"] in token["zones"]

    def list_zones(self, token, request):
        if not token.get("zone_list", True) and request.get("name") is None:
            raise Refusal(403, 0, 'Actor requires permission "com.cloudflare.api.account.zone.list"'
                          " to list zones")
        wanted = [self.zone_object(zone_id, token) for zone_id in self.zones
                  if token.get("zone_read", True) and self.sees(token, zone_id)]
        for field, of in (("name", lambda z: z["name"]), ("status", lambda z: z["status"]),
                          ("account.id", lambda z: z["account"]["id"])):
            value = request.get(field)
            if value is not None:
                value = value[len("equal:"):] if value.startswith("equal:") else value
                wanted = [z for z in wanted if of(z) == value.lower()]
        return self.page(wanted, request, 20, ZONES_PAGE_MAX)

    def list_records(self, zone_id, request):
        tests = {
            "type": lambda r, v: r["type"] == v,
            "name": lambda r, v: r["name"] == v.lower(),
            "name.exact": lambda r, v: r["name"] == v.lower(),
            "content": lambda r, v: r["content"].lower() == v.lower(),
            "content.exact": lambda r, v: r["content"].lower() == v.lower(),
            "content.contains": lambda r, v: v.lower() in r["content"].lower(),
        }
        asked = [(test, request.get(field)) for field, test in tests.items()
                 if request.get(field) is not None]
        found = [{k: v for k, v in r.items() if k != "_at"} for r in self.kept[zone_id].values()
                 if not fake.hidden(r["_at"]) and all(test(r, value) for test, value in asked)]
        return self.page(found, request, 100, 5000000)

    # -- who asks

    def token(self, request):
        bearer, key, email = (request.headers.get(h) for h in (
            "Authorization", "X-Auth-Key", "X-Auth-Email"))
        if bearer is None and key is None and email is None:
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if bearer is None:
            return self.key(key, email)
        if not re.fullmatch(r"Bearer [A-Za-z0-9_-]{20,}", bearer) or re.fullmatch(
                r"Bearer (cfk_.*|[0-9a-f]{37})", bearer):
            raise Refusal(400, 6003, "Invalid request headers",
                          (6111, "Invalid format for Authorization header"))
        token = self.tokens.get(bearer[7:])
        if not token or "email" in token:
            if request.path.endswith("/tokens/verify"):
                raise Refusal(401, 1000, "Invalid API Token")
            raise Refusal(403, 9109, "Invalid access token")
        return token

    def key(self, key, email):
        if not key or not email:
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        if not re.fullmatch(r"[0-9a-f]{37}|cfk_[A-Za-z0-9_-]+", key):
            raise Refusal(400, 6003, "Invalid request headers",
                          (6103, "Invalid format for X-Auth-Key header"))
        token = self.tokens.get(key)
        if not token or token.get("email") != email:
            raise Refusal(403, 9103, "Unknown X-Auth-Key or X-Auth-Email")
        return token

    @staticmethod
    def verify(token, of_account):
        if bool(of_account) != (token.get("owner") == "account"):
            raise Refusal(401, 1000, "Invalid API Token")
        result = {"id": make_id(token["token"]), "status": token.get("status", "active")}
        if "expires_on" in token:
            result["expires_on"] = token["expires_on"]
        return result

    # -- one request

    def result(self, request, token):
        """(result, result_info)"""
        method, body = request.method, {}
        if method not in ("GET", "DELETE"):
            body = request.json()
            if not isinstance(body, dict) or not request.headers.get(
                    "Content-Type", "").startswith("application/json"):
                raise fake.Malformed
        if request.fault.get("kind") == "sporadic":
            raise Refusal(403, 10000, "Authentication error")
        verify = re.fullmatch(r"/user/tokens/verify|/accounts/([0-9a-f]{32})/tokens/verify",
                              request.path)
        if verify and method == "GET":
            return self.verify(token, verify[1]), None
        if token.get("status", "active") != "active":
            raise Refusal(403, 9109, "Invalid access token")
        if request.path == "/zones" and method == "GET":
            return self.list_zones(token, request)
        return self.in_zone(request, token, body)

    def in_zone(self, request, token, body):
        where = re.fullmatch(r"/zones/([0-9a-f]{32})(/dns_records(?:/([^/]*))?)?", request.path)
        if not where:
            raise no_route(request.path)
        zone_id, method = where[1], request.method
        if zone_id not in self.zones or not self.sees(token, zone_id):
            raise Refusal(403, 10000, "Authentication error")
        if not where[2]:
            if method != "GET" or not token.get("zone_read", True):
                raise Refusal(403, 10000, "Authentication error")
            return self.zone_object(zone_id, token), None
        if method == "GET" and not where[3]:
            return self.list_records(zone_id, request)
        if method == "GET":
            return self.find(self.kept[zone_id], where[3], False), None
        if not token.get("edit", True):
            raise Refusal(403, 10000, "Authentication error")
        return self.write(method, zone_id, where[3], body), None

    def answer(self, request):
        result, info = self.result(request, self.token(request))
        reply = {"result": result, "success": True, "errors": [], "messages": []}
        if info:
            reply["result_info"] = info
        if request.fault.get("kind") == "false-success":
            reply.update(success=False, result=None, errors=[{"code": 7, "message": "Not now"}])
        return fake.Reply(200, reply)

    # -- manners

    def what(self, request):
        words = [w for w in request.parts or [] if not re.fullmatch("[0-9a-f]{32}", w)]
        return "%s %s" % (request.method, words[-1] if words else "/")

    def credential(self, request):
        return request.headers.get("Authorization") or request.headers.get("X-Auth-Key")

    def stray(self, request):
        return no_route(request.url).reply

    def malformed(self, request):
        return Refusal(400, 6002, "The body is no JSON object.").reply

    def busy(self, request, retry_after):
        headers = [("Retry-After", str(retry_after))] if retry_after is not None else []
        if request.fault.get("plain"):
            return fake.Reply(429, "error code: 1015", headers, "text/plain")
        error = {"code": 971, "message": "Please wait and consider throttling your request speed"}
        return fake.Reply(429, {"success": False, "errors": [error], "result": None}, headers)

    def headers(self, request):
        quota, window = self.args.limit or 1200, self.args.window
        left = quota if request.left is None else request.left
        return [("Ratelimit", '"default";r=%d;t=%d' % (left, window)),
                ("Ratelimit-Policy", '"default";q=%d;w=%d' % (quota, window))]


fake.main(Service, __doc__)
