# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""digitalocean.py - DigitalOcean's DNS API for tests, as strict as the real one is known to be.

  digitalocean.py OPTIONS OF fake.py [--links BASE] [--own-ttls] [--no-copies] [ZONE...]

FILE of --config is JSON: {"tokens": [...], "zones": [...]}.  A token has "token" and may have
"scopes" (all four) and "zones" (those of its team; all).  Without tokens there are the four below.

A name is relative unless it ends with a dot, whatever it looks like; text keeps the quotes it is
sent with; the second copy of a record is one more record; all records of a name and type get the
TTL written last; the links of a list lead to the real service, where nobody may follow them.
--window above 60 is the hourly limit, whose 429 does not say how long to wait."""
import ipaddress
import re

import fake

SCOPES = ("domain:create", "domain:read", "domain:update", "domain:delete")
TOKEN_FULL = "dop_v1_" + "f0" * 32
TOKEN_READ = "dop_v1_" + "ead0" * 16
TOKEN_KEEP = "dop_v1_" + "badde1e7" * 8  # all but domain:delete
TOKEN_EMPTY = "dop_v1_" + "e0" * 32  # of a team without domains
NEEDS = {  # one of these scopes
    "GET": ("domain:read",),
    "POST": ("domain:create", "domain:update"),
    "PUT": ("domain:update",),
    "PATCH": ("domain:update",),
    "DELETE": ("domain:delete", "domain:update"),
}
TYPES = "A AAAA CAA CNAME MX NS SOA SRV TXT".split()
HOSTS = ("CNAME", "MX", "NS", "SRV")
NUMBERS = {"MX": ("priority",), "SRV": ("priority", "weight", "port"), "CAA": ("flags",)}
FIELDS = ("priority", "port", "weight", "flags", "tag")
TTL_MIN, TTL_DEFAULT = 30, 1800
PAGE_DEFAULT, PAGE_MAX = 20, 200
TXT_MAX = 512
LABEL = re.compile(r"\*|[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.I)


def error(status, name, message):
    return fake.Refusal(status, {"id": name, "message": message,
                                 "request_id": "4d9d8375-3c56-4925-a3e7-eb137fed17e9"})


def invalid(message):
    return error(422, "unprocessable_entity", message)


def not_found():
    return error(404, "not_found", "The resource you were accessing could not be found.")


def quoted(text):
    """Text in strings of at most 255 octets, as a zone file has it."""
    octets = text.encode()
    parts = [octets[i:i + 255] for i in range(0, len(octets), 255)] or [b""]
    return " ".join('"%s"' % "".join(
        chr(c) if 32 <= c < 127 and chr(c) not in '"\\' else "\\%03d" % c for c in part)
        for part in parts)


class Service(fake.Service):
    """The domains and their records."""

    prefix = "/v2"

    def __init__(self, args, config):
        super().__init__(args, config)
        self.serial = 1 << 33
        self.tokens = {t["token"]: t for t in config.get("tokens") or [
            {"token": TOKEN_FULL}, {"token": TOKEN_READ, "scopes": ["domain:read"]},
            {"token": TOKEN_KEEP, "scopes": ["domain:read", "domain:create"]},
            {"token": TOKEN_EMPTY, "zones": []}]}
        fill = ["fill%03d.test" % i for i in range(210)]  # more than a page before ours
        names = fill + [zone["name"] for zone in config.get("zones") or []] + args.zones
        self.zones = {name: {} for name in names}
        for zone in self.zones:
            self.store(zone, {"type": "SOA", "name": "@", "data": "1800", "ttl": TTL_DEFAULT}, 0)
            for n in (1, 2, 3):
                self.store(zone, {"type": "NS", "name": "@", "ttl": TTL_DEFAULT,
                                  "data": "ns%d.digitalocean.com" % n}, 0)

    @staticmethod
    def arguments(parser):
        parser.add_argument("--links", default="https://api.digitalocean.com",
                            help="where the links of a list lead")
        parser.add_argument("--own-ttls", action="store_true", help="each record keeps its TTL")
        parser.add_argument("--no-copies", action="store_true", help="a second copy is refused")

    # -- what the world sees

    def rdata(self, zone, record):
        kind, data = record["type"], record["data"]
        if kind == "TXT":
            return quoted(data)
        if kind == "CAA":
            return '%d %s "%s"' % (record["flags"], record["tag"], data)
        if kind in HOSTS:
            data = zone if data == "@" else data
            data = data if data == "." else data + "."
        return " ".join([str(record[field]) for field in NUMBERS.get(kind, ())] + [data])

    def absolute(self, zone, record):
        return zone if record["name"] == "@" else record["name"] + "." + zone

    def sets(self):
        ret = {}
        for zone, records in self.zones.items():
            ret[zone] = {}
            for r in records.values():
                if r["type"] != "SOA":
                    ret[zone].setdefault((self.absolute(zone, r), r["type"]), []).append(
                        (r["ttl"], self.rdata(zone, r)))
        return ret

    # -- records

    def store(self, zone, record, now, record_id=None):
        if not record_id:
            self.serial += 1
            record_id = self.serial
        whole = {"id": record_id, "type": record["type"], "name": record["name"],
                 "data": record["data"], "ttl": record["ttl"], "_at": now}
        whole.update((field, record.get(field)) for field in FIELDS)
        self.zones[zone][record_id] = whole
        if not self.args.own_ttls:
            for other in self.zones[zone].values():
                if (other["name"], other["type"]) == (whole["name"], whole["type"]):
                    other["ttl"] = whole["ttl"]
        return self.shown(whole)

    @staticmethod
    def shown(record):
        return {k: v for k, v in record.items() if k != "_at"}

    @staticmethod
    def relative(zone, name):
        """A name as it is stored."""
        if not isinstance(name, str) or not name:
            raise invalid("Name can't be blank")
        name = name.lower()
        if name in ("@", zone + "."):
            return "@"
        if name.endswith("." + zone + "."):
            name = name[:-len(zone) - 2]
        elif name.endswith("."):
            raise invalid("Name must be within the domain")
        labels = name.split(".")
        if (not all(LABEL.fullmatch(label) and len(label) <= 63 for label in labels)
                or "*" in labels[1:] or len(name) + len(zone) > 252):
            raise invalid("Name is not a valid record name")
        return name

    @staticmethod
    def check_txt(record):
        if record["name"] == "*":
            raise invalid("Name is not a valid TXT record name")
        if "\\" in record["data"]:
            raise invalid("Data contains invalid characters")
        if len(quoted(record["data"])) > TXT_MAX:
            raise invalid("Data is too long (maximum is %d characters)" % TXT_MAX)

    @staticmethod
    def check_address(record):
        version = 4 if record["type"] == "A" else 6
        try:
            good = ipaddress.ip_address(record["data"]).version == version
        except ValueError:
            good = False
        if not good:
            raise invalid("IP address did not match IPv%d format (e.g. 127.0.0.1)." % version)

    @staticmethod
    def check_numbers(record):
        for field in NUMBERS.get(record["type"], ()):
            value, most = record.get(field), 255 if field == "flags" else 65535
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
                raise invalid("%s is not a number in 0..%d" % (field.capitalize(), most))

    @staticmethod
    def host(zone, record):
        """A name in the data, as it is stored."""
        data = record["data"].lower()
        if data == "@":
            return data
        if not data.endswith("."):
            raise invalid("Data needs to end with a dot (.)")
        if data == "." and record["type"] not in ("MX", "SRV"):
            raise invalid("Data is not a valid hostname")
        return "@" if data == zone + "." else data[:-1] or "."

    def checked(self, zone, body):
        """The record that a request means."""
        if body.get("type") not in TYPES or body["type"] == "SOA":
            raise invalid("Type is not included in the list")
        record = {k: body.get(k) for k in ("type", "name", "data", "ttl") + FIELDS}
        record["name"] = self.relative(zone, body.get("name"))
        if record["ttl"] is None:
            record["ttl"] = TTL_DEFAULT
        if not isinstance(record["ttl"], int) or record["ttl"] < TTL_MIN:
            raise invalid("record ttl must be greater than 30")
        if not isinstance(record["data"], str) or not record["data"]:
            raise invalid("Data can't be blank")
        self.check_numbers(record)
        if record["type"] == "TXT":
            self.check_txt(record)
        elif record["type"] in ("A", "AAAA"):
            self.check_address(record)
        elif record["type"] in HOSTS:
            record["data"] = self.host(zone, record)
        elif record["tag"] not in ("issue", "issuewild", "iodef"):
            raise invalid("Tag is not included in the list")
        elif record["tag"] != "iodef":
            if re.search(r"\s", record["data"]):
                raise invalid("Data is not a valid hostname")
            record["data"] = self.host("", record)
        return record

    def check_beside(self, zone, record, record_id):
        """What may not stand beside what is there."""
        others = [r for r in self.zones[zone].values()
                  if r["id"] != record_id and r["name"] == record["name"]]
        if others and "CNAME" in [record["type"]] + [r["type"] for r in others]:
            raise invalid("CNAME records cannot share a name with other records")
        same = ("type", "data") + FIELDS
        if self.args.no_copies and any(all(r[k] == record[k] for k in same) for r in others):
            raise invalid("Record already exists")

    def find(self, zone, record_id):
        if not re.fullmatch("[0-9]+", record_id) or int(record_id) not in self.zones[zone]:
            raise not_found()
        return self.zones[zone][int(record_id)]

    def write(self, request, zone, old):
        """POST (old is None), PUT or PATCH."""
        body = request.json()
        if not isinstance(body, dict):
            raise fake.Malformed
        if old and "type" not in body:
            raise invalid("Type can't be blank")
        if old and body["type"] != old["type"]:
            raise invalid("Type can't be changed")
        if old and old["type"] == "SOA":
            return self.store(zone, dict(old, ttl=body.get("ttl", old["ttl"])), request.now,
                              old["id"])
        if request.method == "PATCH":
            host = old["type"] in HOSTS or old["tag"] in ("issue", "issuewild")
            dotted = old["data"] + "." if host and old["data"] not in ("@", ".") else old["data"]
            body = dict(dict(old, data=dotted), **body)
        record = self.checked(zone, body)
        self.check_beside(zone, record, old and old["id"])
        return self.store(zone, record, request.now, old and old["id"])

    # -- lists

    def page(self, request, items, what, path):
        try:
            page = int(request.get("page", 1))
            size = int(request.get("per_page", PAGE_DEFAULT))
        except ValueError:
            page = size = 0
        if page < 1 or size < 1:
            raise error(400, "bad_request", "page and per_page must be positive integers")
        size = min(size, PAGE_MAX, self.args.page or PAGE_MAX)
        last, links = max(1, -(-len(items) // size)), {}
        if last > 1:
            def at(n):
                return "%s/v2%s?page=%d&per_page=%d" % (self.args.links, path, n, size)
            links["pages"] = pages = {}
            if page > 1:
                pages.update(first=at(1), prev=at(page - 1))
            if page < last:
                pages.update(next=at(page + 1), last=at(last))
        return fake.Reply(200, {what: items[(page - 1) * size:page * size], "links": links,
                                "meta": {"total": len(items)}})

    def list_records(self, request, zone):
        kind, name = request.get("type"), request.get("name")
        items = [self.shown(r) for r in self.zones[zone].values()
                 if not (r["_at"] and fake.hidden(r["_at"]))
                 and kind in (None, r["type"])
                 and (name is None or name.lower() == self.absolute(zone, r))]
        return self.page(request, items, "domain_records", request.path)

    def zone_object(self, zone):
        return {"name": zone, "ttl": TTL_DEFAULT, "zone_file": None}

    # -- one request

    def token(self, request):
        bearer = request.headers.get("Authorization") or ""
        token = self.tokens.get(bearer[len("Bearer "):]) if bearer.startswith("Bearer ") else None
        if not token:
            raise error(401, "unauthorized", "Unable to authenticate you")
        wanted = NEEDS.get(request.method, ())
        if not set(wanted) & set(token.get("scopes", SCOPES)):
            raise error(403, "forbidden", "You do not have permission to perform this action")
        return token

    def answer(self, request):
        seen = self.token(request).get("zones", self.zones)
        if request.parts and not request.parts[-1]:  # a last slash is not looked at
            request.parts.pop()
        if request.method in ("POST", "PUT", "PATCH") and not request.headers.get(
                "Content-Type", "").startswith("application/json"):
            raise error(415, "unsupported_media_type", "Content-Type must be application/json")
        if request.parts == ["domains"] and request.method == "GET":
            items = [self.zone_object(zone) for zone in self.zones if zone in seen]
            return self.page(request, items, "domains", "/domains")
        if len(request.parts) < 2 or request.parts[0] != "domains" or request.parts[1] not in seen:
            raise not_found()
        zone, rest = request.parts[1], request.parts[2:]
        if not rest and request.method == "GET":
            return fake.Reply(200, {"domain": self.zone_object(zone)})
        if rest[:1] != ["records"] or len(rest) > 2:
            raise not_found()
        return self.answer_records(request, zone, rest[1] if len(rest) > 1 else None)

    def answer_records(self, request, zone, record_id):
        if not record_id:
            if request.method == "GET":
                return self.list_records(request, zone)
            if request.method == "POST":
                return fake.Reply(201, {"domain_record": self.write(request, zone, None)})
            raise not_found()
        record = self.find(zone, record_id)
        if request.method == "DELETE":
            del self.zones[zone][record["id"]]
            return fake.Reply(204)
        if request.method in ("PUT", "PATCH"):
            record = self.write(request, zone, record)
        return fake.Reply(200, {"domain_record": self.shown(record)})

    def what(self, request):
        words = request.parts or ["/"]
        return "%s %s" % (request.method, "records" if "records" in words[2:] else words[0])

    def headers(self, request):
        left = 5000 if request.left is None else request.left
        return [("ratelimit-limit", "5000"), ("ratelimit-remaining", str(left)),
                ("ratelimit-reset", "1790000000"),
                ("x-request-id", "f4d93852-0000-4000-8000-2326b8070000")]

    def busy(self, request, retry_after):
        hourly = request.fault.get("kind") != "busy" and self.args.window > 60
        headers = [] if retry_after is None or hourly else [("retry-after", str(retry_after))]
        return fake.Reply(429, {"id": "too_many_requests", "message": "API Rate limit exceeded."},
                          headers + self.headers(request))

    def stray(self, request):
        return not_found().reply

    def malformed(self, request):
        return error(400, "bad_request", "The request body is malformed JSON.").reply


if __name__ == "__main__":
    fake.main(Service, __doc__)
