# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""hetzner.py - the DNS part of Hetzner's Cloud API for tests, as strict as it is known to be.

  hetzner.py OPTIONS OF fake.py [--action SECONDS] [--visible now|done]
             [--locks queue|conflict|locked] [--missing 404|422|201] [--large-pages clamp|refuse]
             [--more-keys] [--bucket N] [ZONE...]

FILE of --config is JSON: {"tokens": [...], "zones": [...]}.  A token has "token" and may have
"write" (true) and "project" (main); without tokens there are the three below.  A zone has "name"
and may have "project", "mode", "ttl", "delegation" (valid) and "sets": [{"name", "type", "values",
and maybe "ttl", "protected"}].

Every change is an action that runs for a while, those of a zone one after the other; the world sees
it when it is over.  Faults of our own: refuse ("status", "code", "message"), action-error (it comes
to nothing), action-slow ("seconds"), action-lost (nobody knows it later)."""
import copy
import ipaddress
import re
import threading
import time

import fake

TOKEN_EDIT = "edit" + "Aa0Bb1Cc2Dd3" * 5
TOKEN_READ = "read" + "Aa0Bb1Cc2Dd3" * 5
TOKEN_OTHER = "else" + "Aa0Bb1Cc2Dd3" * 5  # of a project without zones
TTL_MIN, TTL_MAX, ZONE_TTL = 60, 2147483647, 3600
VALUES_MAX = 50
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(r"@|\*|(\*\.)?%s(\.%s)*" % (LABEL, LABEL))
HOST = r"(@|\.|[A-Za-z0-9_*]([A-Za-z0-9_.-]*))"
STRING = r'"(?:[^"\\]|\\[0-9]{3}|\\[^0-9])*"'
SHAPES = {
    "A": None, "AAAA": None, "TXT": None,
    "CAA": r'[0-9]+ [a-z0-9]+ (?:%s|[^ "]+)' % STRING,
    "CNAME": HOST, "NS": HOST, "PTR": HOST,
    "DS": r"[0-9]+ [0-9]+ [0-9]+ [0-9A-Fa-f]+",
    "HINFO": "%s %s" % (STRING, STRING),
    "HTTPS": r"[0-9]+ %s( .+)?" % HOST, "SVCB": r"[0-9]+ %s( .+)?" % HOST,
    "MX": "[0-9]+ " + HOST,
    "RP": "%s %s" % (HOST, HOST),
    "SOA": ".*",
    "SRV": "[0-9]+ [0-9]+ [0-9]+ " + HOST,
    "TLSA": r"[0-9]+ [0-9]+ [0-9]+ [0-9A-Fa-f]+",
}
HOSTS = {"CNAME": (0,), "NS": (0,), "PTR": (0,), "MX": (1,), "HTTPS": (1,), "SVCB": (1,),
         "RP": (0, 1), "SRV": (3,)}
COMMANDS = {"add_records": "add_rrset_records", "remove_records": "remove_rrset_records",
            "set_records": "set_rrset_records", "change_ttl": "change_rrset_ttl",
            "update_records": "update_rrset_records",
            "change_protection": "change_rrset_protection"}
KEYS = {"add_records": {"ttl", "records"}, "remove_records": {"records"},
        "set_records": {"records"},
        "change_ttl": {"ttl"}, "update_records": {"records"}, "change_protection": {"change"},
        "create": {"name", "type", "ttl", "labels", "records"}, "labels": {"labels"}}


def refusal(status, code, message, details=None):
    return fake.Refusal(status, {"error": {"code": code, "message": message, "details": details}})


def invalid(field, message):
    return refusal(422, "invalid_input", message,
                   {"fields": [{"name": field, "messages": [message]}]})


def not_found(what):
    return refusal(404, "not_found", "%s not found" % what)


def strings(value):
    """The octets that each string of a TXT value means."""
    def one(m):
        return bytes([int(m[1]) & 255]) if len(m[1]) == 3 else m[1]
    return [re.sub(rb"\\([0-9]{3}|.)", one, s[1:-1].encode(), flags=re.S)
            for s in re.findall(STRING, value, re.S)]


def meaning(kind, value):
    return b"".join(strings(value)) if kind == "TXT" else value


def check_value(kind, value, field):
    if not isinstance(value, str) or not value:
        raise invalid(field, "value must not be empty")
    if kind == "TXT":
        if not re.fullmatch(r"%s( +%s)*" % (STRING, STRING), value, re.S):
            raise invalid(field, "TXT value must be fully escaped with double quotes")
        if max(len(s) for s in strings(value)) > 255:
            raise invalid(field, "TXT string exceeds 255 characters")
    elif kind in ("A", "AAAA"):
        try:
            good = ipaddress.ip_address(value).version == (4 if kind == "A" else 6)
        except ValueError:
            good = False
        if not good:
            raise invalid(field, "invalid address '%s'" % value)
    elif not re.fullmatch(SHAPES[kind], value):
        raise invalid(field, "invalid %s value '%s'" % (kind, value))


def rdata(zone, kind, value):
    """As a zone file has it, with absolute names."""
    if kind == "TXT":
        return " ".join('"%s"' % "".join(
            chr(c) if 32 <= c < 127 and chr(c) not in '"\\' else "\\%03d" % c for c in s)
            for s in strings(value))
    words = value.split(" ")
    for i in HOSTS.get(kind, ()):
        if not words[i].endswith("."):
            words[i] = (zone if words[i] == "@" else words[i] + "." + zone) + "."
    return " ".join(words)


class Bucket:
    """Tokens that come back at a steady pace."""

    def __init__(self, size, per_second):
        self.size = self.left = size
        self.per_second, self.at = per_second, time.monotonic()

    def take(self):
        now = time.monotonic()
        self.left = min(self.size, self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def headers(self):
        full = time.time() + (self.size - self.left) / self.per_second
        return [("RateLimit-Limit", str(self.size)), ("RateLimit-Remaining", str(int(self.left))),
                ("RateLimit-Reset", str(int(full)))]


class Service(fake.Service):
    """Zones, their sets, and what is being done to them."""

    prefix = "/v1"
    get_changes = True  # an action may be over by then

    def __init__(self, args, config):
        super().__init__(args, config)
        self.tokens = {t["token"]: dict({"project": "main", "write": True}, **t)
                       for t in config.get("tokens") or [
                           {"token": TOKEN_EDIT}, {"token": TOKEN_READ, "write": False},
                           {"token": TOKEN_OTHER, "project": "other"}]}
        fill = [{"name": "fill%02d.test" % i} for i in range(60)]  # more than a page before ours
        self.zones, self.actions, self.serial = {}, {}, 604989101982646
        for zone in fill + (config.get("zones") or []) + [{"name": name} for name in args.zones]:
            self.add_zone(zone)
        self.buckets = {}

    @staticmethod
    def arguments(parser):
        parser.add_argument("--action", type=float, default=0.2, help="seconds a change takes")
        parser.add_argument("--visible", choices=("now", "done"), default="now",
                            help="when the API shows a change")
        parser.add_argument("--locks", choices=("queue", "conflict", "locked"), default="queue",
                            help="a change while another one of the zone runs")
        parser.add_argument("--missing", type=int, choices=(404, 422, 201), default=404,
                            help="the answer to removing a value that is not in the set")
        parser.add_argument("--large-pages", choices=("clamp", "refuse"), default="clamp")
        parser.add_argument("--more-keys", action="store_true", help="unknown members are fine")
        parser.add_argument("--bucket", type=int, default=3600, help="requests at once; twice as "
                            "many changes and looks at actions")

    def add_zone(self, given):
        zone = dict({"project": "main", "mode": "primary", "ttl": ZONE_TTL, "delegation": "valid",
                     "sets": []}, **given)
        zone.update(id=42000 + len(self.zones), kept={}, world={}, busy_until=0)
        apex = [{"name": "@", "type": "SOA", "values": ["hydrogen.ns.hetzner.com. dns.hetzner.com. "
                                                        "2026092100 86400 10800 3600000 3600"]},
                {"name": "@", "type": "NS", "values": ["%s.ns.hetzner.%s." % ns for ns in (
                    ("helium", "de"), ("hydrogen", "com"), ("oxygen", "com"))]}]
        for s in apex + zone.pop("sets"):
            zone["kept"][s["name"], s["type"]] = self.new_set(
                s.get("ttl"), [{"value": v, "comment": ""} for v in s["values"]], 0,
                protected=s.get("protected", False))
        zone["world"] = copy.deepcopy(zone["kept"])
        self.zones[zone["name"]] = zone

    @staticmethod
    def new_set(ttl, records, now, labels=None, protected=False):
        return {"ttl": ttl, "records": records, "labels": labels or {}, "protected": protected,
                "at": now}

    # -- what the world sees

    def sets(self):
        ret = {}
        for name, zone in self.zones.items():
            ret[name] = {}
            for (owner, kind), s in zone["world"].items():
                if kind == "SOA":
                    continue
                absolute = name if owner == "@" else "%s.%s" % (owner, name)
                ret[name][absolute, kind] = [
                    (s["ttl"] or zone["ttl"], rdata(name, kind, r["value"])) for r in s["records"]]
        return ret

    # -- actions

    def settle(self):
        """End what is over by now, in order."""
        now = time.monotonic()
        for action in self.actions.values():
            if action["status"] == "running" and action["end"] <= now:
                self.end(action)

    def end(self, action):
        zone = self.zones[action["zone"]]
        action["status"] = "success"
        try:
            if action["fails"]:
                raise refusal(0, "action_failed", "the zone could not be changed")
            if not action["done"]:
                action["apply"]()
            key = action["key"]
            zone["world"].pop(key, None)
            if action["done"]:  # as it was after this change, whatever came later
                result = action["result"]
            else:
                result = copy.deepcopy(zone["kept"].get(key))
            if result:
                zone["world"][key] = result
        except fake.Refusal as refused:
            action.update(status="error", error={
                "code": "action_failed",
                "message": re.sub(r'.*"message": "((?:[^"\\]|\\.)*)".*', r"\1",
                                  refused.reply.body.decode())})

    def on_time(self):
        with self.lock:
            self.settle()
            self.changed()

    def begin(self, request, zone, command, key, apply):
        """Do it, or have it done; the action.  apply() raises when it cannot be done."""
        kind, now = request.fault.get("kind"), request.now
        before = copy.deepcopy(zone["kept"])
        apply()  # for its refusals
        fails = kind == "action-error"
        at_once = self.args.visible == "now" and not fails
        result = copy.deepcopy(zone["kept"].get(key))
        if not at_once:
            zone["kept"] = before
        self.serial += 56
        takes = request.fault["seconds"] if kind == "action-slow" else self.args.action
        zone["busy_until"] = end = max(now, zone["busy_until"]) + takes
        action = {"id": self.serial, "command": command, "status": "running", "zone": zone["name"],
                  "begin": now, "end": end, "key": key, "apply": apply, "done": at_once,
                  "result": result, "fails": fails, "error": None,
                  "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        if kind != "action-lost":
            self.actions[self.serial] = action
        if end <= now:
            self.end(action)
        else:
            threading.Timer(end - now, self.on_time).start()
        return self.show_action(action)

    def show_action(self, action):
        over = action["status"] != "running"
        spent = time.monotonic() - action["begin"]
        progress = 100 if over else 50 if spent > self.args.action / 2 else 0
        return {"id": action["id"], "command": action["command"], "status": action["status"],
                "progress": progress, "started": action["started"],
                "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) if over else None,
                "error": action["error"],
                "resources": [{"id": self.zones[action["zone"]]["id"], "type": "zone"}]}

    def find_action(self, text, project):
        action = self.actions.get(int(text)) if text.isdigit() else None
        if not action or self.zones[action["zone"]]["project"] != project:
            return None
        return self.show_action(action)

    def list_actions(self, request, project):
        ids = [value for key, value in request.query if key == "id"]
        if not ids:
            raise refusal(410, "deprecated_api_endpoint", "listing all actions was removed")
        found = [self.find_action(text, project) for text in ids]
        return self.page(request, [a for a in found if a], "actions", 50)

    # -- sets

    @staticmethod
    def check_name(zone, name):
        bad = (not isinstance(name, str) or not NAME.fullmatch(name)
               or name == zone["name"] or name.endswith("." + zone["name"])
               or len(name) + len(zone["name"]) > 252)
        if bad:
            raise invalid("name", "invalid name '%s'" % name)

    @staticmethod
    def check_type(kind):
        if kind not in SHAPES:
            raise invalid("type", "unknown type '%s'" % kind)
        if kind == "SOA":
            raise invalid("type", "SOA records cannot be changed")

    @staticmethod
    def check_ttl(ttl):
        if ttl is None:
            return
        if isinstance(ttl, bool) or not isinstance(ttl, int) or not TTL_MIN <= ttl <= TTL_MAX:
            raise invalid("ttl", "ttl must be between %d and %d" % (TTL_MIN, TTL_MAX))

    @staticmethod
    def check_records(kind, body):
        records = body.get("records")
        if not isinstance(records, list) or not 1 <= len(records) <= VALUES_MAX:
            raise invalid("records", "between 1 and %d records are required" % VALUES_MAX)
        for i, r in enumerate(records):
            if not isinstance(r, dict) or set(r) - {"value", "comment"}:
                raise invalid("records[%d]" % i, "not a record")
            check_value(kind, r.get("value"), "records[%d].value" % i)
        return [{"value": r["value"], "comment": r.get("comment") or ""} for r in records]

    @staticmethod
    def check_duplicates(kind, records, there):
        seen = {meaning(kind, r["value"]) for r in there}
        for i, r in enumerate(records):
            if meaning(kind, r["value"]) in seen:
                raise invalid("records[0].records[%d].value" % i,
                              "duplicate value '%s'" % r["value"])
            seen.add(meaning(kind, r["value"]))

    @staticmethod
    def check_beside(zone, name, kind, count):
        others = {k for n, k in zone["kept"] if n == name and k != kind}
        if (kind == "CNAME" and others) or "CNAME" in others:
            raise invalid("name", "a CNAME cannot exist beside other records at '%s'" % name)
        if kind == "CNAME" and count > 1:
            raise invalid("records", "a CNAME has one value")

    def add(self, request, zone, key, body):
        records = self.check_records(key[1], body)
        ttl = body.get("ttl")
        self.check_ttl(ttl)

        def apply():
            old = zone["kept"].get(key)
            if old and ttl is not None and ttl != old["ttl"]:
                raise invalid("ttl", "ttl does not match the TTL of the RRset")
            self.check_duplicates(key[1], records, old["records"] if old else [])
            there = old["records"] if old else []
            self.check_beside(zone, *key, len(there) + len(records))
            zone["kept"][key] = self.new_set(old["ttl"] if old else ttl, there + records,
                                             request.now, old and old["labels"])
        return apply

    def remove(self, request, zone, key, body):
        values = [r["value"] for r in self.check_records(key[1], body)]

        def apply():
            old = self.find_set(zone, key)
            here = {r["value"] for r in old["records"]}
            missing = [v for v in values if v not in here]
            if missing and self.args.missing == 404:
                raise not_found("record '%s'" % missing[0])
            if missing and self.args.missing == 422:
                raise invalid("records[0].value", "no such value '%s'" % missing[0])
            left = [r for r in old["records"] if r["value"] not in values]
            if not left and key == ("@", "NS"):
                raise invalid("records", "the NS records of the zone cannot be removed")
            zone["kept"][key] = dict(old, records=left, at=request.now)
            if not left:
                del zone["kept"][key]
        return apply

    def replace(self, request, zone, key, body):
        records = self.check_records(key[1], body)
        self.check_duplicates(key[1], records, [])
        self.check_beside(zone, *key, len(records))

        def apply():
            zone["kept"][key] = dict(self.find_set(zone, key), records=records, at=request.now)
        return apply

    def comment(self, request, zone, key, body):
        new = {r["value"]: r["comment"] for r in self.check_records(key[1], body)}

        def apply():
            old = self.find_set(zone, key)
            zone["kept"][key] = dict(old, records=[
                dict(r, comment=new.get(r["value"], r["comment"])) for r in old["records"]])
        return apply

    def retime(self, request, zone, key, body):
        if "ttl" not in body:
            raise invalid("ttl", "ttl is required")
        self.check_ttl(body["ttl"])

        def apply():
            zone["kept"][key] = dict(self.find_set(zone, key), ttl=body["ttl"])
        return apply

    def protect(self, request, zone, key, body):
        if not isinstance(body.get("change"), bool):
            raise invalid("change", "change is required")

        def apply():
            zone["kept"][key] = dict(self.find_set(zone, key), protected=body["change"])
        return apply

    def create(self, request, zone, body):
        name, kind = body.get("name"), body.get("type")
        self.check_name(zone, name)
        self.check_type(kind)
        records = self.check_records(kind, body)
        self.check_ttl(body.get("ttl"))
        self.check_duplicates(kind, records, [])

        def apply():
            if (name, kind) in zone["kept"]:
                raise refusal(409, "uniqueness_error", "an RRset of this name and type exists")
            self.check_beside(zone, name, kind, len(records))
            zone["kept"][name, kind] = self.new_set(body.get("ttl"), records, request.now,
                                                    body.get("labels"))
        return apply

    @staticmethod
    def find_set(zone, key):
        if key not in zone["kept"]:
            raise not_found("RRset '%s/%s'" % key)
        return zone["kept"][key]

    @staticmethod
    def show_set(zone, key):
        s = zone["kept"][key]
        return {"id": "%s/%s" % key, "name": key[0], "type": key[1], "ttl": s["ttl"],
                "labels": s["labels"], "protection": {"change": s["protected"]},
                "records": s["records"], "zone": zone["id"]}

    # -- lists

    def page(self, request, items, what, most):
        try:
            page, size = int(request.get("page", 1)), int(request.get("per_page", 25))
        except ValueError:
            page = size = 0
        if page < 1 or size < 1 or (size > most and self.args.large_pages == "refuse"):
            raise invalid("per_page", "page and per_page are out of range")
        size = min(size, most, self.args.page or most)
        last = max(1, -(-len(items) // size))
        after = page + 1 if page < last else None
        meta = {"page": page, "per_page": size, "previous_page": page - 1 if page > 1 else None,
                "next_page": after, "last_page": last, "total_entries": len(items)}
        links = ['<https://api.hetzner.cloud/v1%s?page=%d>; rel="%s"' % (request.path, n, rel)
                 for n, rel in ((after, "next"), (last, "last")) if n]
        return fake.Reply(200, {what: items[(page - 1) * size:page * size],
                                "meta": {"pagination": meta}}, [("Link", ", ".join(links))])

    def show_zone(self, zone):
        busy = zone["busy_until"] > time.monotonic()
        servers = ["hydrogen.ns.hetzner.com.", "oxygen.ns.hetzner.com.", "helium.ns.hetzner.de."]
        return {"id": zone["id"], "name": zone["name"], "mode": zone["mode"], "ttl": zone["ttl"],
                "labels": {}, "primary_nameservers": [], "created": "2025-11-12T08:00:00Z",
                "protection": {"delete": False}, "status": "updating" if busy else "ok",
                "authoritative_nameservers": {
                    "assigned": servers, "delegated": sorted(servers),
                    "delegation_last_check": "2026-09-20T04:48:17Z",
                    "delegation_status": zone["delegation"]},
                "record_count": sum(len(s["records"]) for s in zone["kept"].values()),
                "registrar": "other"}

    def list_zones(self, request, project):
        name, mode = request.get("name"), request.get("mode")
        return self.page(request, [self.show_zone(z) for z in self.zones.values()
                                   if z["project"] == project and name in (None, z["name"])
                                   and mode in (None, z["mode"])], "zones", 50)

    def list_sets(self, request, zone):
        name, kinds = request.get("name"), [v for k, v in request.query if k == "type"]
        keys = [key for key, s in zone["kept"].items()
                if name in (None, key[0]) and (not kinds or key[1] in kinds)
                and not (s["at"] and fake.hidden(s["at"]))]
        return self.page(request, [self.show_set(zone, key) for key in keys], "rrsets", 100)

    # -- one request

    def token(self, request):
        bearer = request.headers.get("Authorization") or ""
        token = self.tokens.get(bearer[7:]) if bearer.startswith("Bearer ") else None
        if not token or len(token["token"]) == 32 or request.headers.get("Auth-API-Token"):
            raise refusal(401, "unauthorized", "unable to authenticate")
        return token

    def bucket(self, request, project):
        polls = request.method == "GET" and "actions" in request.parts
        which = "write" if polls or request.method != "GET" else "read"
        size = self.args.bucket
        return self.buckets.setdefault((project, which), Bucket(
            *((2 * size, 2) if which == "write" else (size, 1))))

    def body(self, request, keys):
        if not request.headers.get("Content-Type", "").startswith("application/json"):
            raise fake.Malformed
        body = request.json()
        if not isinstance(body, dict):
            raise fake.Malformed
        more = set(body) - KEYS[keys]
        if more and not self.args.more_keys:
            raise invalid(sorted(more)[0], "unknown member")
        return body

    def answer(self, request):
        self.settle()
        token = self.token(request)
        bucket = self.bucket(request, token["project"])
        if not bucket.take():
            reply = self.busy(request, None)
        else:
            reply = self.route(request, token)
        reply.headers += bucket.headers()
        return reply

    def route(self, request, token):
        project, parts, fault = token["project"], request.parts, request.fault
        if request.method != "GET" and not token["write"]:
            raise refusal(401, "token_readonly", "the token may only perform GET requests")
        if fault.get("kind") == "refuse":
            raise refusal(fault["status"], fault["code"], fault.get("message", fault["code"]))
        if request.method == "GET" and parts == ["actions"]:
            return self.list_actions(request, project)
        if request.method == "GET" and parts[:-1] in (["actions"], ["zones", "actions"]):
            action = self.find_action(parts[-1], project)
            if not action:
                raise not_found("action")
            return fake.Reply(200, {"action": action})
        if parts == ["zones"] and request.method == "GET":
            return self.list_zones(request, project)
        if len(parts) < 2 or parts[0] != "zones":
            raise not_found("path")
        zone = next((z for z in self.zones.values() if z["project"] == project
                     and parts[1] in (z["name"], str(z["id"]))), None)
        if not zone:
            raise not_found("zone '%s'" % parts[1])
        return self.in_zone(request, zone, parts[2:])

    def in_zone(self, request, zone, parts):
        if not parts and request.method == "GET":
            return fake.Reply(200, {"zone": self.show_zone(zone)})
        if parts == ["rrsets"] and request.method == "GET":
            return self.list_sets(request, zone)
        if parts == ["rrsets"] and request.method == "POST":
            body = self.body(request, "create")
            key = (body.get("name"), body.get("type"))
            self.check_free(zone, key)
            apply = self.create(request, zone, body)
            action = self.begin(request, zone, "create_rrset", key, apply)
            made = self.show_set(zone, key) if key in zone["kept"] else {
                "id": "%s/%s" % key, "name": key[0], "type": key[1]}
            return fake.Reply(201, {"rrset": made, "action": action})
        if parts[:1] != ["rrsets"] or len(parts) not in (3, 5):
            raise not_found("path")
        key = (parts[1], parts[2])
        self.check_name(zone, key[0])
        if len(parts) == 5:
            return self.act(request, zone, key, parts[4])
        return self.one_set(request, zone, key)

    def check_free(self, zone, key):
        """May this set be changed at all, now?"""
        if zone["mode"] == "secondary":
            raise refusal(422, "incorrect_zone_mode", "the zone is in secondary mode")
        if zone["kept"].get(key, {}).get("protected"):
            raise refusal(423, "protected", "the RRset is protected")
        if self.args.locks != "queue" and zone["busy_until"] > time.monotonic():
            if self.args.locks == "locked":
                raise refusal(423, "locked", "the zone is locked by a running action")
            raise refusal(409, "conflict", "the zone was changed while the request was processed")

    def act(self, request, zone, key, verb):
        makers = {"add_records": self.add, "remove_records": self.remove,
                  "set_records": self.replace, "update_records": self.comment,
                  "change_ttl": self.retime, "change_protection": self.protect}
        if request.method != "POST" or verb not in makers:
            raise not_found("path")
        self.check_type(key[1])
        body = self.body(request, verb)
        if verb != "change_protection":
            self.check_free(zone, key)
        action = self.begin(request, zone, COMMANDS[verb], key, makers[verb](
            request, zone, key, body))
        return fake.Reply(200 if verb == "update_records" else 201, {"action": action})

    def one_set(self, request, zone, key):
        if request.method == "GET":
            self.find_set(zone, key)
            return fake.Reply(200, {"rrset": self.show_set(zone, key)})
        self.check_type(key[1])
        self.check_free(zone, key)
        self.find_set(zone, key)
        if request.method == "PUT":
            zone["kept"][key]["labels"] = self.body(request, "labels").get("labels") or {}
            return fake.Reply(200, {"rrset": self.show_set(zone, key)})
        if request.method != "DELETE":
            raise refusal(405, "method_not_allowed", "no such method here")
        if key == ("@", "NS"):
            raise invalid("name", "the NS records of the zone cannot be removed")

        def apply():
            self.find_set(zone, key)
            del zone["kept"][key]
        return fake.Reply(201, {"action": self.begin(request, zone, "delete_rrset", key, apply)})

    # -- manners

    def what(self, request):
        words = request.parts or ["/"]
        last = words[-1]
        if words[0] == "zones" and len(words) == 2:
            last = "zone"
        elif len(words) == 5 and words[2] == "rrsets":
            last = "rrset"
        elif words[-2:-1] == ["actions"] and last.isdigit():
            last = "action"
        return "%s %s" % (request.method, last)

    def headers(self, request):
        return [("X-Correlation-Id", "5f0c1a7e-0000-4000-8000-00000000002a")]

    def busy(self, request, retry_after):
        headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
        return fake.Reply(429, {"error": {"code": "rate_limit_exceeded", "details": None,
                                          "message": "limit of %d requests per hour reached"
                                                     % self.args.bucket}}, headers)

    def stray(self, request):
        return not_found("path").reply

    def malformed(self, request):
        return refusal(400, "json_error", "the body is no JSON").reply


if __name__ == "__main__":
    fake.main(Service, __doc__)
