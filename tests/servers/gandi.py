# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""gandi.py - Gandi's LiveDNS API for tests, as strict as the real one is known to be.

Command line, counters and faults are those of fake.py, and --case (paths of changes must have a
name's letters as they are stored), --refuse-empty (a set without values is 400, else it is kept),
--delete-twice (deleting what is not there is 204, else 404), --cname-status 400 or 409.

FILE of --config is JSON: {"tokens": [...], "keys": [...], "zones": [...]}.  A token has "token" and
may have "domains" (names; else all), "edit" (true), "expired" (false), "organisation".  A key has
"key" and may have "organisations" (names; else all).  A zone has "name" and may have
"organisation".  Without tokens there are TOKEN_EDIT, TOKEN_READ and TOKEN_EXPIRED below, without
keys KEY.

Requests are counted as METHOD domains, domain, records, name or set.  One more fault, of "PUT set":
  foreign  another program, which read the set before this request, writes "value" into it:
           "when" before or after the request is carried out"""
import copy
import re

import fake

TOKEN_EDIT = "e0123456789abcdef0123456789abcdef0123456"
TOKEN_READ = "a0123456789abcdef0123456789abcdef0123456"
TOKEN_EXPIRED = "d0123456789abcdef0123456789abcdef0123456"
KEY = "k1234567890abcdefGHIJKLM"
TYPES = ("A AAAA ALIAS CAA CDS CNAME DNAME DS HTTPS KEY LOC MX NAPTR NS OPENPGPKEY PTR RP SPF SRV "
         "SSHFP SVCB TLSA TXT WKS").split()
HOSTS = {"ALIAS": 0, "CNAME": 0, "DNAME": 0, "HTTPS": 1, "MX": 1, "NS": 0, "PTR": 0, "SRV": 3,
         "SVCB": 1, "NAPTR": 5}  # the field that is a host name
TTL_MIN, TTL_MAX, TTL_PRESET = 300, 2592000, 10800
LABEL = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)"
NAME = r"@|\*|(?:\*\.)?%s(?:\.%s)*" % (LABEL, LABEL)
STRING = r'"((?:[^"\\]|\\[0-9]{3}|\\[^0-9])*)"'
CAUSES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
          405: "Method Not Allowed", 409: "Conflict", 415: "Unsupported Media Type",
          429: "Too Many Requests"}
CREATED = {"message": "DNS Record Created"}


def refusal(status, message, what=None, errors=()):
    body = {"code": status, "message": message, "cause": CAUSES[status],
            "object": what or "HTTP" + CAUSES[status].title().replace(" ", "")}
    if errors:
        body["errors"] = [{"location": "body", "name": name, "description": text}
                          for name, text in errors]
    return fake.Refusal(status, body)


def invalid(name, text):
    return refusal(400, "The request could not be validated", None, [(name, text)])


def strings(value):
    """The strings of a TXT value as they are stored, quoted."""
    if value.startswith('"'):
        if not re.fullmatch(r"%s(?:\s*%s)*" % (STRING, STRING), value, re.S):
            raise invalid("rrset_values", "unbalanced quotes: %s" % value)
        found = re.findall(STRING, value, re.S)
    else:
        if '"' in value:
            raise invalid("rrset_values", "unbalanced quotes: %s" % value)
        found = [value]
    for string in found:
        if len(re.sub(r"\\([0-9]{3}|.)", "x", string, flags=re.S).encode()) > 255:
            raise invalid("rrset_values", "a string has more than 255 characters")
    if sum(len(string) for string in found) > 1024:
        raise invalid("rrset_values", "a value has more than 1024 characters")
    return ['"%s"' % string for string in found]


def zone_file(kind, value, zone):
    """Data with its host name made absolute."""
    if kind not in HOSTS:
        return value
    words = value.split(" ")
    at = HOSTS[kind]
    if kind == "NAPTR":
        at = len(words) - 1
    if len(words) > at and not words[at].endswith("."):
        words[at] = zone + "." if words[at] == "@" else words[at] + "." + zone + "."
    return " ".join(words)


class Service(fake.Service):
    prefix = "/v5/livedns"

    def __init__(self, args, config):
        super().__init__(args, config)
        self.tokens = {t["token"]: t for t in config.get("tokens") or [
            {"token": TOKEN_EDIT}, {"token": TOKEN_READ, "edit": False},
            {"token": TOKEN_EXPIRED, "expired": True}]}
        self.keys = {k["key"]: k for k in config.get("keys") or [{"key": KEY}]}
        fill = [{"name": "fill%03d.test" % i} for i in range(120)]  # more than a page before ours
        wanted = config.get("zones") or []
        self.zones = {z["name"]: dict({"organisation": "org-1", "sets": {}}, **z) for z in
                      fill + wanted + [{"name": name} for name in args.zones]}
        for zone in self.zones.values():  # what a new domain has
            zone["sets"].update({
                ("@", "A"): {"ttl": TTL_PRESET, "values": ["192.0.2.80"]},
                ("@", "MX"): {"ttl": TTL_PRESET, "values": ["10 spool.mail.gandi.net.",
                                                            "50 fb.mail.gandi.net."]},
                ("webmail", "CNAME"): {"ttl": TTL_PRESET, "values": ["webmail.gandi.net."]}})

    @staticmethod
    def arguments(parser):
        parser.add_argument("--case", action="store_true")
        parser.add_argument("--refuse-empty", action="store_true")
        parser.add_argument("--delete-twice", action="store_true")
        parser.add_argument("--cname-status", type=int, default=400)

    def sets(self):
        return {zone: {((name + "." if name != "@" else "").lower() + zone, kind):
                       [(s["ttl"], zone_file(kind, value, zone)) for value in s["values"]]
                       for (name, kind), s in z["sets"].items() if kind != "ALIAS"}
                for zone, z in self.zones.items()}

    def what(self, request):
        parts = request.parts or []
        words = {1: "domains", 2: "domain", 3: "records", 4: "name", 5: "set"}
        if parts[:1] == ["domains"] and (len(parts) < 3 or parts[2] == "records"):
            return "%s %s" % (request.method, words.get(len(parts), "?"))
        return super().what(request)

    def credential(self, request):
        return "address"  # limits are of a client's address

    def busy(self, request, retry_after):
        headers = [] if retry_after is None else [("Retry-After", str(retry_after))]
        return fake.Reply(429, {"code": 429, "message": "Rate limit exceeded",
                                "object": "HTTPTooManyRequests", "cause": CAUSES[429]}, headers)

    def malformed(self, request):
        return refusal(400, "The body is not JSON", None, [("body", "Invalid JSON")]).reply

    def stray(self, request):
        return refusal(404, "The resource could not be found.", "HTTPNotFound").reply

    # -- who asks

    def who(self, request):
        """What the credentials allow."""
        scheme, _, secret = (request.headers.get("Authorization") or "").partition(" ")
        table = {"Bearer": self.tokens, "Apikey": self.keys}.get(scheme, {})
        rights = table.get(secret)
        if not rights or rights.get("expired"):
            raise refusal(401, "The server could not verify that you authorized to access the "
                               "document you requested.", "HTTPUnauthorized")
        return rights

    def sees(self, rights, request, zone):
        organisation = zone["organisation"]
        if "key" in rights:
            mine = organisation in rights.get("organisations", [organisation])
        else:
            mine = organisation == rights.get("organisation", organisation) and \
                zone["name"] in rights.get("domains", [zone["name"]])
        return mine and request.get("sharing_id", organisation) == organisation

    def zone_of(self, request, rights):
        zone = self.zones.get(request.parts[1].lower())
        if not zone:
            raise refusal(404, "The resource could not be found.", "HTTPNotFound")
        if not self.sees(rights, request, zone):
            raise refusal(403, "Access was denied to this resource.", "HTTPForbidden")
        if request.method != "GET" and not rights.get("edit", True):
            raise refusal(403, "Access was denied to this resource.", "HTTPForbidden")
        return zone

    # -- lists

    def page(self, request, items):
        try:
            page, size = int(request.get("page", "1")), int(request.get("per_page", "100"))
        except ValueError:
            raise invalid("page", "not a number") from None
        if page < 1 or size < 1:
            raise invalid("page", "1 is the minimum value")
        size = min(size, self.args.page or size)
        headers = [("total-count", str(len(items)))]
        if page * size < len(items):
            headers.append(("Link", '<https://api.gandi.net%s?page=%d&per_page=%d>; rel="next"'
                            % (request.url.partition("?")[0], page + 1, size)))
        return fake.Reply(200, items[(page - 1) * size:page * size], headers)

    def list_domains(self, request, rights):
        return self.page(request, [
            {"fqdn": name, "domain_href": self.href(name),
             "domain_records_href": self.href(name) + "/records"}
            for name, zone in self.zones.items() if self.sees(rights, request, zone)])

    @staticmethod
    def href(zone, name=None, kind=None):
        url = "https://api.gandi.net/v5/livedns/domains/" + zone
        return url if name is None else "%s/records/%s/%s" % (
            url, name.replace("@", "%40").replace("*", "%2A"), kind)

    def item(self, zone, key):
        kept = zone["sets"][key]
        return {"rrset_name": key[0], "rrset_type": key[1], "rrset_ttl": kept["ttl"],
                "rrset_values": list(kept["values"]), "rrset_href": self.href(zone["name"], *key)}

    # -- sets

    def find(self, zone, name, kind, exact):
        """The key of a set, or None."""
        for key in zone["sets"]:
            same = key[0] == name if exact else key[0].lower() == name.lower()
            if same and kind in (None, key[1]):
                return key
        return None

    def check_name(self, name, kind):
        if not isinstance(name, str) or name.endswith(".") or not re.fullmatch(NAME, name):
            raise invalid("rrset_name", "%s is no relative name" % name)
        if kind not in TYPES:
            raise invalid("rrset_type", "%s is not one of %s" % (kind, ", ".join(TYPES)))
        if kind == "NS" and name == "@":
            raise invalid("rrset_type", "the NS records of the domain cannot be changed")

    @staticmethod
    def check_data(kind, value, zone):
        if fake.dns is None or kind in ("TXT", "ALIAS"):
            return
        import dns.exception
        import dns.rdata
        try:
            dns.rdata.from_text("IN", kind, zone_file(kind, value, zone))
        except (dns.exception.DNSException, ValueError) as error:
            raise invalid("rrset_values", "%s: %s" % (value, error)) from error

    def shape(self, zone, name, kind, body):
        """{"ttl", "values"} as it will be stored."""
        self.check_name(name, kind)
        if not isinstance(body, dict):
            raise invalid("body", "not an object")
        ttl, values = body.get("rrset_ttl", TTL_PRESET), body.get("rrset_values", [])
        if not isinstance(ttl, int) or isinstance(ttl, bool):
            raise invalid("rrset_ttl", "not a number")
        if ttl < TTL_MIN:
            raise invalid("rrset_ttl", "%d is the minimum value" % TTL_MIN)
        if ttl > TTL_MAX:
            raise invalid("rrset_ttl", "%d is the maximum value" % TTL_MAX)
        if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
            raise invalid("rrset_values", "not a list of texts")
        if not values and self.args.refuse_empty:
            raise invalid("rrset_values", "Shorter than minimum length 1.")
        if kind == "TXT":
            values = [" ".join(strings(value)) for value in values]
        for value in values:
            self.check_data(kind, value, zone["name"])
        if len(set(values)) != len(values):
            raise invalid("rrset_values", "the same value twice")
        return {"ttl": ttl, "values": values}

    def check_cname(self, sets, name, kind):
        others = [key[1] for key in sets if key[0].lower() == name.lower() and key[1] != kind]
        if others and (kind == "CNAME" or "CNAME" in others):
            raise refusal(self.args.cname_status,
                          "A CNAME record cannot exist beside other records of the name %s" % name)

    def put_set(self, zone, name, kind, body):
        """Create or replace."""
        new = self.shape(zone, name, kind, body)
        self.check_cname(zone["sets"], name, kind)
        key = self.find(zone, name, kind, self.args.case) or (name, kind)
        zone["sets"][key] = new

    def post_set(self, zone, name, kind, body):
        new = self.shape(zone, name, kind, body)
        if not new["values"]:
            raise invalid("rrset_values", "Shorter than minimum length 1.")
        key = self.find(zone, name, kind, False)
        if key:
            old = zone["sets"][key]
            if old["ttl"] == new["ttl"] and sorted(old["values"]) == sorted(new["values"]):
                return fake.Reply(200, {"message": "A DNS Record already exists with same value"})
            raise refusal(409, "A DNS Record already exists with the name %s and the type %s"
                          % (name, kind), "HTTPConflict")
        self.check_cname(zone["sets"], name, kind)
        zone["sets"][(name, kind)] = new
        return fake.Reply(201, CREATED, [("location", self.href(zone["name"], name, kind))])

    def foreign(self, zone, key, value, sets):
        """A program that knew these sets adds a value of its own."""
        old = sets.get(key, {"ttl": TTL_PRESET, "values": []})
        value = " ".join(strings(value))
        if value not in old["values"]:
            zone["sets"][key] = {"ttl": old["ttl"], "values": old["values"] + [value]}

    # -- requests about a zone's records

    def of_set(self, request, zone, name, kind):
        if request.method == "GET":
            key = self.find(zone, name, kind, False)
            if not key:
                raise self.missing(name, kind)
            return fake.Reply(200, self.item(zone, key))
        if request.method == "POST":
            return self.post_set(zone, name, kind, request.json())
        if request.method == "DELETE":
            key = self.find(zone, name, kind, self.args.case)
            if not key and not self.args.delete_twice:
                raise self.missing(name, kind)
            zone["sets"].pop(key, None)
            return fake.Reply(204)
        before, fault = copy.deepcopy(zone["sets"]), request.fault
        foreign = fault.get("value") if fault.get("kind") == "foreign" else None
        if foreign and fault["when"] == "before":
            self.foreign(zone, (name, kind), foreign, before)
        self.put_set(zone, name, kind, request.json())
        if foreign and fault["when"] == "after":
            self.foreign(zone, (name, kind), foreign, before)
        return fake.Reply(201, CREATED, [("location", self.href(zone["name"], name, kind))])

    @staticmethod
    def missing(name, kind):
        return refusal(404, "Can't find the DNS record %s/%s in the zone" % (name, kind),
                       "dns-record")

    def of_name(self, request, zone, name):
        keys = [key for key in zone["sets"] if key[0].lower() == name.lower()]
        if request.method == "GET":
            return fake.Reply(200, [self.item(zone, key) for key in keys])
        if request.method == "DELETE":
            if not keys:
                raise self.missing(name, "*")
            for key in keys:
                del zone["sets"][key]
            return fake.Reply(204)
        body = request.json()
        if request.method == "POST":
            return self.post_set(zone, name, body.get("rrset_type"), body)
        for key in keys:
            del zone["sets"][key]
        for item in body.get("items", []):
            self.put_set(zone, name, item.get("rrset_type"), item)
        return fake.Reply(201, CREATED)

    def of_zone(self, request, zone):
        keys = sorted(zone["sets"])
        if request.method == "GET" and request.headers.get("Accept") == "text/plain":
            return fake.Reply(200, "".join("%s %d IN %s %s\n" % (
                key[0], zone["sets"][key]["ttl"], key[1], value)
                for key in keys for value in zone["sets"][key]["values"]), kind="text/plain")
        if request.method == "GET":
            return self.page(request, [self.item(zone, key) for key in keys])
        if request.method == "DELETE":
            zone["sets"] = {}
            return fake.Reply(204)
        body = request.json()
        if request.method == "POST":
            return self.post_set(zone, body.get("rrset_name"), body.get("rrset_type"), body)
        zone["sets"] = {}
        for item in body.get("items", []):
            self.put_set(zone, item.get("rrset_name"), item.get("rrset_type"), item)
        return fake.Reply(201, CREATED)

    def records_answer(self, request, zone):
        rest = request.parts[3:]
        if len(rest) > 2:
            raise refusal(404, "The resource could not be found.", "HTTPNotFound")
        if request.method not in ("GET", "POST", "PUT", "DELETE"):
            raise refusal(405, "The method %s is not allowed" % request.method)
        kept = copy.deepcopy(zone["sets"])
        try:
            reply = [self.of_zone, self.of_name, self.of_set][len(rest)](request, zone, *rest)
        except (fake.Refusal, fake.Malformed):  # all of it or nothing
            zone["sets"] = kept
            raise
        if request.headers.get("Dry-Run") == "1" and request.method != "GET":
            zone["sets"] = kept
            return fake.Reply(200, {"status": "success"})
        return reply

    def answer(self, request):
        rights = self.who(request)
        if request.method in ("POST", "PUT", "PATCH") and \
                request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            raise refusal(415, "The request's body must be application/json")
        parts = request.parts
        if parts == ["dns", "rrtypes"]:
            return fake.Reply(200, TYPES)
        if parts == ["domains"] and request.method == "GET":
            return self.list_domains(request, rights)
        if len(parts) < 2 or parts[0] != "domains":
            raise refusal(404, "The resource could not be found.", "HTTPNotFound")
        zone = self.zone_of(request, rights)
        name = zone["name"]
        if len(parts) == 2 and request.method == "GET":
            return fake.Reply(200, {
                "fqdn": name, "automatic_snapshots": True, "domain_href": self.href(name),
                "domain_keys_href": self.href(name) + "/keys",
                "domain_records_href": self.href(name) + "/records"})
        if parts[2:] == ["nameservers"] and request.method == "GET":
            return fake.Reply(200, ["ns-%d-%s.gandi.net" % (i, "abc"[i]) for i in range(3)])
        if parts[2:3] == ["records"]:
            return self.records_answer(request, zone)
        raise refusal(404, "The resource could not be found.", "HTTPNotFound")


if __name__ == "__main__":
    fake.main(Service, __doc__)
