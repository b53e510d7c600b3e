#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""route53.py - the API of Amazon Route 53 (2013-04-01) for tests, as strict as the real one.

Requests must be signed; see aws.py, where the keys are.  POST / is STS.  What a change made is PENDING
for --pending seconds; then it is INSYNC and, with --publish, in DNS.  FILE of --config is JSON:
"keys" ({"id", "secret", "token"?, "user", "actions"?, "names"?: owner names it may change}), "roles"
({ARN: {"external_id"?, "actions"?}}) and "zones" ({"name", "id"?, "private"?}).  Before the ZONEs there
are a private zone of the first one's name and a hundred others.  Every zone has an alias set, two
weighted TXT sets and a wildcard.

POST /__admin/WHAT besides those of fake.py:
  clock    {"skew": seconds}           of our clock, also in the header Date
  keys     {"expire": true}            all temporary credentials are expired now
           {"lifetime": seconds}       of those to come
           {"web_token": "..."}        what a web identity has to show
           the reply: every secret and token there is
  metadata {"imds": ..., "container": ..., "authorization": ...}: see aws.py; {}: what was asked for
  shape    {"shape": "messages"}       of the error InvalidChangeBatch: "error" is the usual one
  sets     {"zone", "name", "type", "ttl", "values", "shown"?}: made past the API; shown: what
           lists say in the place of the values
  bucket   {"burst": N, "rate": N}: of requests
  callers  {}: users who asked for something and got it, since the last time, in order
Own faults: "error" {"status", "code", "message", "after"}: an error of the API; "says" {"body"}: 200 with
this XML.  Requests are counted as
"GET rrset", "POST rrset CREATE", "POST rrset DELETE", "POST rrset DELETE+CREATE", "GET change",
"GET hostedzonesbyname", "POST sts AssumeRole" and so on."""
import copy
import email.utils
import hashlib
import ipaddress
import re
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET

import aws
import fake
from aws import Denied, element, leaf

try:
    import dns.exception
    import dns.rdata
except ImportError:  # then data of the rarer types is not looked at
    dns = None

XMLNS = "https://route53.amazonaws.com/doc/2013-04-01/"
TYPES = "A AAAA CAA CNAME DS HTTPS MX NAPTR NS PTR SOA SPF SRV SSHFP SVCB TLSA TXT".split()
HOSTS = {"CNAME": 0, "NS": 0, "PTR": 0, "MX": 1, "SRV": 3}
POLICY = ("SetIdentifier", "Weight", "Region", "GeoLocation", "Failover", "MultiValueAnswer",
          "CidrRoutingConfig", "HealthCheckId")
ZONES_PAGE, SETS_PAGE = 100, 300
RECORDS_MAX, CHARS_MAX, VALUES_MAX = 1000, 32000, 400
TEXT = '<?xml version="1.0"?>\n'


def batch(*messages):
    return Denied(400, "InvalidChangeBatch", "[%s]" % ", ".join(messages))


def invalid_input(message):
    return Denied(400, "InvalidInput", message)


# ---- names: inside as "www.example.test", octets outside of the usual ones as \ooo

def decoded(name):
    """Octets of a name as it came; no final dot."""
    out = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8) & 255]),
                 name.encode("utf-8", "surrogateescape"))
    return out.lower()[:-1] if out.endswith(b".") else out.lower()


def shown(name):
    """A name as replies have it."""
    return "".join(chr(c) if re.match(rb"[a-z0-9_.-]", bytes([c])) else "\\%03o" % c
                   for c in name) + "."


def order(name):
    return tuple(reversed(name.split(b".")))


def check_name(name, code):
    octets = decoded(name)
    labels = octets.split(b".")
    if not octets or len(octets) > 253 or not all(0 < len(label) < 64 for label in labels):
        raise Denied(400, code, "The domain name %s is not valid" % name)
    return octets


# ---- values

def txt_strings(value):
    """Octets of each string of a TXT value."""
    problem = "FATAL problem: InvalidTXTRDATA (%s) encountered with '" + value + "'"
    strings = []
    at = 0
    while at < len(value):
        match = re.compile(r'"((?:[^"\\]|\\[0-7]{3}|\\["\\])*)"').match(value, at)
        if not match:
            raise ValueError(problem % "Value should be enclosed in quotation marks")
        octets = re.sub(rb"\\([0-7]{3}|.)", lambda m: bytes([int(m[1], 8) & 255]) if len(m[1]) == 3
                        else m[1], match[1].encode(), flags=re.S)
        if len(octets) > 255:
            raise ValueError("FATAL problem: CharacterStringTooLong (Value is too long) encountered "
                             "with '%s'" % value)
        strings.append(octets)
        at = match.end()
        gap = re.compile(" *").match(value, at)
        if gap.end() == at and at < len(value):
            raise ValueError(problem % "Strings must be separated by a space")
        at = gap.end()
    if not strings:
        raise ValueError(problem % "Value should be enclosed in quotation marks")
    return strings


def octal(octets):
    return "".join("\\" + chr(c) if chr(c) in '"\\' else chr(c) if 32 <= c < 127 else "\\%03o" % c
                   for c in octets)


def decimal(octets):
    return "".join("\\" + chr(c) if chr(c) in '"\\' else chr(c) if 32 <= c < 127 else "\\%03d" % c
                   for c in octets)


def canonical(kind, value):
    """A value as it is stored, or ValueError with the words of the service."""
    wrong = "FATAL problem: %s (Value is not valid) encountered with '%s'"
    if kind in ("TXT", "SPF"):
        return " ".join('"%s"' % octal(string) for string in txt_strings(value))
    if kind in ("A", "AAAA"):
        try:
            good = ipaddress.ip_address(value).version == (4 if kind == "A" else 6)
        except ValueError:
            good = False
        if not good:
            raise ValueError(wrong % ("InvalidIPv4Address" if kind == "A" else "InvalidIPv6Address",
                                      value))
        return value
    if dns:
        try:
            dns.rdata.from_text("IN", kind, zone_text(kind, value))
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(wrong % ("ARRDATAIllegalFormat", value)) from error
    return value


def zone_text(kind, value):
    """A stored value as a zone file has it."""
    if kind in ("TXT", "SPF"):
        return " ".join('"%s"' % decimal(string) for string in txt_strings(value))
    words = value.split(" ")
    at = HOSTS.get(kind)
    if at is not None and len(words) > at and not words[at].endswith("."):
        words[at] += "."
    return " ".join(words)


class Zone:
    def __init__(self, zone_id, name, private):
        self.id, self.name, self.private = zone_id, decoded(name), private
        self.done = 0  # when the last change was finished
        apex = (self.name, "NS", "")
        self.sets = {
            apex: plain(172800, ["ns-1.awsdns-01.org.", "ns-2.awsdns-02.com."]),
            (self.name, "SOA", ""): plain(
                900, ["ns-1.awsdns-01.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"]),
            (b"alias." + self.name, "A", ""): {"alias": "dualstack.lb.example.com."},
            (b"weighted." + self.name, "TXT", "blue"): plain(60, ['"blue"'], Weight="1"),
            (b"weighted." + self.name, "TXT", "green"): plain(60, ['"green"'], Weight="3"),
            (b"*.wild." + self.name, "A", ""): plain(60, ["192.0.2.1"]),
        }
        self.live = copy.deepcopy(self.sets)

    def ordered(self):
        return sorted(self.sets.items(), key=lambda item: (order(item[0][0]), item[0][1:]))


def plain(ttl, values, **policy):
    return {"ttl": ttl, "values": values, "policy": policy}


# ---- a change

def children(node, allowed):
    """Elements by name; each at most once and of our namespace."""
    found = {}
    for child in node:
        tag = child.tag[len(XMLNS) + 2:] if child.tag.startswith("{%s}" % XMLNS) else None
        if tag not in allowed or tag in found:
            raise invalid_input("Invalid XML ; javax.xml.stream.XMLStreamException: "
                                "cvc-complex-type.2.4.a: Invalid content was found starting with "
                                "element '%s'." % child.tag)
        found[tag] = child
    return found


def words(node):
    if len(node):
        raise invalid_input("Invalid XML ; an element where text is expected")
    return node.text or ""


class Change:
    """One <Change> of a batch, checked for itself."""

    def __init__(self, node):
        parts = children(node, ("Action", "ResourceRecordSet"))
        if len(parts) != 2:
            raise invalid_input("Invalid XML ; Change needs Action and ResourceRecordSet")
        self.action = words(parts["Action"])
        if self.action not in ("CREATE", "UPSERT", "DELETE"):
            raise invalid_input("Invalid XML ; cvc-enumeration-valid: Value '%s' is not facet-valid with "
                                "respect to enumeration '[CREATE, DELETE, UPSERT]'." % self.action)
        inside = children(parts["ResourceRecordSet"], (
            "Name", "Type", "TTL", "ResourceRecords", "AliasTarget",
            "TrafficPolicyInstanceId") + POLICY)
        if "Name" not in inside or "Type" not in inside:
            raise invalid_input("Invalid XML ; ResourceRecordSet needs Name and Type")
        self.name = check_name(words(inside["Name"]), "InvalidChangeBatch")
        self.kind = words(inside["Type"])
        if self.kind not in TYPES:
            raise invalid_input("Invalid XML ; cvc-enumeration-valid: Value '%s' is not facet-valid with "
                                "respect to enumeration '%s'." % (self.kind, TYPES))
        self.identifier = words(inside["SetIdentifier"]) if "SetIdentifier" in inside else ""
        self.policy = {tag: words(inside[tag]) for tag in POLICY if tag in inside and
                       tag != "SetIdentifier"}
        self.values, self.problems = [], []
        self.read_data(inside)

    def read_data(self, inside):
        if "AliasTarget" in inside or "TTL" not in inside or "ResourceRecords" not in inside:
            raise invalid_input(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
                "ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with "
                "[Action=%s, Name=%s, Type=%s, SetIdentifier=%s]" % (
                    self.action, shown(self.name), self.kind, self.identifier or "null"))
        ttl = words(inside["TTL"])
        if not re.fullmatch(r"\d{1,10}", ttl) or int(ttl) > 2147483647:
            raise invalid_input("Invalid XML ; cvc-maxInclusive-valid: Value '%s' of TTL" % ttl)
        self.ttl = int(ttl)
        records = inside["ResourceRecords"]
        if not len(records):
            raise invalid_input("Invalid XML ; ResourceRecords is empty")
        for record in records:
            if record.tag != "{%s}ResourceRecord" % XMLNS:
                raise invalid_input("Invalid XML ; only ResourceRecord is expected")
            value = children(record, ("Value",)).get("Value")
            if value is None or len(words(value)) > 4000:
                raise invalid_input("Invalid XML ; ResourceRecord needs a Value of at most 4000 characters")
            self.read_value(words(value))

    def read_value(self, value):
        try:
            value = canonical(self.kind, value)
        except ValueError as error:
            self.problems.append("Invalid Resource Record: '%s'" % error)
            return
        if value in self.values:
            self.problems.append("Duplicate Resource Record: '%s'" % value)
        self.values.append(value)

    @property
    def key(self):
        return (self.name, self.kind, self.identifier)

    @property
    def title(self):
        return "[name='%s', type='%s'%s]" % (
            shown(self.name), self.kind,
            ", set identifier='%s'" % self.identifier if self.identifier else "")


def read_batch(body):
    if b"<!DOCTYPE" in body:
        raise invalid_input("Invalid XML ; DOCTYPE is not allowed")
    try:
        root = ET.fromstring(body)
    except ET.ParseError as error:
        raise invalid_input("Invalid XML ; %s" % error) from error
    if root.tag != "{%s}ChangeResourceRecordSetsRequest" % XMLNS:
        raise invalid_input("Invalid XML ; cvc-elt.1: Cannot find the declaration of element '%s'." % root.tag)
    inside = children(children(root, ("ChangeBatch",)).get("ChangeBatch", ()), ("Comment", "Changes"))
    if "Changes" not in inside or not len(inside["Changes"]):
        raise invalid_input("Invalid XML ; Changes is missing")
    if "Comment" in inside and len(words(inside["Comment"])) > 256:
        raise invalid_input("Invalid XML ; Comment is too long")
    for change in inside["Changes"]:
        if change.tag != "{%s}Change" % XMLNS:
            raise invalid_input("Invalid XML ; only Change is expected")
    return [Change(change) for change in inside["Changes"]]


def check_limits(changes):
    times = {"UPSERT": 2}
    records = sum(len(c.values) * times.get(c.action, 1) for c in changes)
    chars = sum(len(v) * times.get(c.action, 1) for c in changes for v in c.values)
    if records > RECORDS_MAX:
        raise batch("Number of records limit of %d exceeded." % RECORDS_MAX)
    if chars > CHARS_MAX:
        raise batch("Number of characters limit of %d exceeded." % CHARS_MAX)
    for c in changes:
        if len(c.values) > VALUES_MAX:
            raise batch("Number of values in set %s exceeds %d." % (c.title, VALUES_MAX))


def apply(zone, sets, change, deleted):
    """Make one change in `sets`; what is wrong with it, or None."""
    if change.name != zone.name and not change.name.endswith(b"." + zone.name):
        return "RRSet with DNS name %s is not permitted in zone %s" % (shown(change.name), shown(zone.name))
    there = sets.get(change.key)
    if change.action == "DELETE":
        if change.key in deleted:
            return ("The request contains an invalid set of changes for a resource record set '%s %s'"
                    % (change.kind, shown(change.name)))
        if not there:
            return "Tried to delete resource record set %s but it was not found" % change.title
        if "alias" in there or there["ttl"] != change.ttl or \
                sorted(there["values"]) != sorted(change.values):
            return ("Tried to delete resource record set %s but the values provided do not match the "
                    "current values" % change.title)
        deleted.add(change.key)
        del sets[change.key]
        return None
    if there and change.action == "CREATE":
        return "Tried to create resource record set %s but it already exists" % change.title
    for name, kind, identifier in sets:
        if name == change.name and kind == change.kind and bool(identifier) != bool(change.identifier):
            return "RRSet with DNS name %s, type %s, SetIdentifier %s cannot be created because a non " \
                   "multivalue answer rrset exists with the same name and type." % (
                       shown(name), kind, change.identifier or "null")
    sets[change.key] = plain(change.ttl, change.values, **change.policy)
    return None


def conflicts(zone, sets, changes):
    """What the zone would be like after all of them."""
    kinds = {}
    for name, kind, _ in sets:
        kinds.setdefault(name, set()).add(kind)
    for c in changes:
        if c.action != "DELETE" and "CNAME" in kinds.get(c.name, ()) and (
                len(kinds[c.name]) > 1 or c.name == zone.name):
            yield ("RRSet of type %s with DNS name %s is not permitted as it conflicts with other records "
                   "with the same DNS name in zone %s" % (c.kind, shown(c.name), shown(zone.name)))
        if c.action != "DELETE" and c.kind == "CNAME" and len(c.values) > 1:
            yield "CNAME set %s has more than one value" % c.title
    if not sets.get((zone.name, "SOA", "")):
        yield "A HostedZone must contain exactly one SOA record."
    if not sets.get((zone.name, "NS", "")):
        yield "A HostedZone must contain at least one NS record for the zone itself."


# ---- the service

class Buckets:
    """Of requests: so many at once, so many a second."""

    def __init__(self, burst, rate):
        self.burst, self.rate, self.left, self.at = burst, rate, burst, time.monotonic()

    def empty(self):
        now = time.monotonic()
        self.left = min(self.burst, self.left + (now - self.at) * self.rate)
        self.at = now
        if self.left < 1:
            return True
        self.left -= 1
        return False


class Service(fake.Service):
    prefix = "/2013-04-01"

    def __init__(self, args, config):
        super().__init__(args, config)
        self.accounts = aws.Accounts(config, args.region)
        self.shape = "error"
        self.changes, self.callers = {}, []
        self.buckets = Buckets(*map(float, args.bucket.split("/"))) if args.bucket else None
        twin = [{"name": args.zones[0], "private": True}] if args.zones else []
        fill = [{"name": "fill%03d.example" % i} for i in range(100)]
        self.zones = {}
        for zone in twin + fill + (config.get("zones") or []) + [{"name": name} for name in args.zones]:
            private = zone.get("private", False)
            zone_id = zone.get("id") or "Z%d%s" % (0 if private else 1, hashlib.sha256(
                zone["name"].encode()).hexdigest()[:18].upper())
            self.zones[zone_id] = Zone(zone_id, zone["name"], private)
        if args.metadata:
            print("metadata on", aws.metadata(args.metadata, self.accounts), flush=True)
        ours = self.accounts
        fake.Handler.date_time_string = lambda self, timestamp=None: email.utils.formatdate(
            ours.now(), usegmt=True)

    @staticmethod
    def arguments(parser):
        parser.add_argument("--pending", type=float, default=0,
                            help="seconds until a change is INSYNC")
        parser.add_argument("--processing", type=float, default=0.02, help="seconds a change takes")
        parser.add_argument("--bucket", help="BURST/RATE of requests, 50/10 is the service's own")
        parser.add_argument("--region", help="the only one a signature may name")
        parser.add_argument("--metadata", help="ADDRESS:PORT of machine and container credentials")

    # -- words

    def what(self, request):
        if request.path is None:
            action = dict(urllib.parse.parse_qsl(request.body.decode("ascii", "replace"))).get("Action")
            return "%s sts %s" % (request.method, action)
        parts = [p for p in request.parts if p and not re.fullmatch(r"[A-Z0-9]{6,}", p)]
        word = "%s %s" % (request.method, parts[-1] if parts else "/")
        actions = dict.fromkeys(re.findall(rb"<Action>(\w+)</Action>", request.body))
        return " ".join([word] + (["+".join(a.decode() for a in actions)] if actions else []))

    def refusal(self, denied):
        body = aws.error_xml(XMLNS, denied.code, denied.message, denied.status)
        if denied.code == "InvalidChangeBatch" and self.shape == "messages":
            body = TEXT + element(denied.code, element("Messages", *(
                leaf("Message", m) for m in denied.message[1:-1].split(", Tried to"))),
                leaf("RequestId", aws.request_id()), xmlns=XMLNS)
        return fake.Reply(denied.status, body, kind="text/xml")

    def busy(self, request, retry_after):
        if retry_after and retry_after > 60:  # not its own throttling, which never says how long
            reply = self.refusal(Denied(503, "ServiceUnavailable", "Come back later"))
            reply.headers.append(("Retry-After", str(retry_after)))
            return reply
        return self.refusal(Denied(400, "Throttling", "Rate exceeded"))

    def headers(self, request):
        return [("x-amzn-RequestId", aws.request_id())]

    def credential(self, request):
        return "account"

    def stray(self, request):
        if request.url == "/" and request.method == "POST":
            if request.fault.get("kind") == "error":
                return self.planned(request.fault)
            return self.accounts.sts(request)
        return fake.Reply(404, TEXT + "<UnknownOperationException/>", kind="text/xml")

    def admin(self, what, body):
        if what == "clock":
            self.accounts.skew = body["skew"]
        elif what == "keys":
            if body.get("expire"):
                self.accounts.expire()
            self.accounts.lifetime = body.get("lifetime", self.accounts.lifetime)
            self.accounts.web_token = body.get("web_token", self.accounts.web_token)
            return [key.get(word) for key in self.accounts.keys.values()
                    for word in ("secret", "token") if key.get(word)]
        elif what == "metadata" and body:
            aws.Metadata.state.update(body)
        elif what == "metadata":
            seen, aws.Metadata.seen[:] = list(aws.Metadata.seen), []
            return seen
        elif what == "shape":
            self.shape = body["shape"]
        elif what == "sets":
            zone = next(z for z in self.zones.values() if z.name == decoded(body["zone"]) and
                        not z.private)
            for sets in (zone.sets, zone.live):
                sets[(decoded(body["name"]), body["type"], "")] = dict(
                    plain(body["ttl"], body["values"]), **({"shown": body["shown"]} if
                                                           "shown" in body else {}))
            self.changed()
        elif what == "bucket":
            self.buckets = Buckets(body["burst"], body["rate"])
        elif what == "callers":
            callers, self.callers = self.callers, []
            return list(dict.fromkeys(callers))
        else:
            return None
        return {}

    # -- what the world sees

    def sets(self):
        return {zone.name.decode(): {
            (re.sub(rb"[^a-z0-9_.*-]", lambda m: b"\\%03d" % m[0][0], name).decode(), kind):
            [(s["ttl"], zone_text(kind, value)) for value in s["values"]]
            for (name, kind, identifier), s in zone.live.items()
            if not identifier and "alias" not in s and kind not in ("SOA", "NS")}
            for zone in self.zones.values() if not zone.private}

    def settle(self, zone, change_id, sets):
        with self.lock:
            zone.live = sets
            self.changes[change_id]["status"] = "INSYNC"
            self.changed()

    # -- lists

    def page(self, request, most):
        given = request.get("maxitems", str(most))
        if not re.fullmatch(r"\d{1,9}", given) or int(given) < 1:
            raise invalid_input("Invalid value of maxitems: %s" % given)
        return min(int(given), most, self.args.page or most)

    @staticmethod
    def zone_xml(zone):
        return element(
            "HostedZone", leaf("Id", "/hostedzone/" + zone.id), leaf("Name", shown(zone.name)),
            leaf("CallerReference", "test"), element(
                "Config", leaf("Comment", "a & b"), leaf("PrivateZone", str(zone.private).lower())),
            leaf("ResourceRecordSetCount", len(zone.sets)))

    def list_zones(self, request):
        size = self.page(request, ZONES_PAGE)
        zones = sorted(self.zones.values(), key=lambda zone: zone.id)
        marker = request.get("marker")
        if marker:
            if marker not in self.zones:
                raise invalid_input("The marker %s is not valid" % marker)
            zones = [zone for zone in zones if zone.id >= marker]
        more = zones[size:size + 1]
        return ("ListHostedZonesResponse", element("HostedZones", *map(self.zone_xml, zones[:size])),
                leaf("Marker", marker) if marker else "", leaf("IsTruncated", str(bool(more)).lower()),
                *(leaf("NextMarker", zone.id) for zone in more), leaf("MaxItems", size))

    def list_by_name(self, request):
        size = self.page(request, ZONES_PAGE)
        start, start_id = request.get("dnsname"), request.get("hostedzoneid")
        if start_id and not start:
            raise invalid_input("hostedzoneid needs dnsname")
        zones = sorted(self.zones.values(), key=lambda zone: (order(zone.name), zone.id))
        if start:
            least = (order(check_name(start, "InvalidDomainName")), start_id or "")
            zones = [zone for zone in zones if (order(zone.name), zone.id) >= least]
        more = zones[size:size + 1]
        return ("ListHostedZonesByNameResponse",
                element("HostedZones", *map(self.zone_xml, zones[:size])),
                leaf("DNSName", start) if start else "", leaf("HostedZoneId", start_id) if start_id
                else "",
                leaf("IsTruncated", str(bool(more)).lower()),
                *(leaf("NextDNSName", shown(zone.name)) + leaf("NextHostedZoneId", zone.id)
                  for zone in more), leaf("MaxItems", size))

    @staticmethod
    def set_xml(key, s):
        name, kind, identifier = key
        inside = [leaf("Name", shown(name)), leaf("Type", kind)]
        if identifier:
            inside.append(leaf("SetIdentifier", identifier))
        if "alias" in s:
            inside.append(element("AliasTarget", leaf("HostedZoneId", "Z35SXDOTRQ7X7K"),
                                  leaf("DNSName", s["alias"]), leaf("EvaluateTargetHealth", "false")))
            return element("ResourceRecordSet", *inside)
        inside += [leaf(tag, value) for tag, value in s["policy"].items()]
        inside.append(leaf("TTL", s["ttl"]))
        inside.append(element("ResourceRecords", *(
            element("ResourceRecord", leaf("Value", value)) for value in s.get("shown", s["values"]))))
        return element("ResourceRecordSet", *inside)

    def list_sets(self, request, zone):
        size = self.page(request, SETS_PAGE)
        name, kind, identifier = (request.get(w) for w in ("name", "type", "identifier"))
        if (kind and not name) or (identifier and not kind):
            raise invalid_input("type needs name, and identifier needs type")
        if kind and kind not in TYPES:
            raise invalid_input("Value '%s' of type is not valid" % kind)
        sets = zone.ordered()
        if name:
            least = (order(check_name(name, "InvalidInput")), (kind or "", identifier or ""))
            sets = [s for s in sets if (order(s[0][0]), s[0][1:]) >= least]
        more = sets[size:size + 1]
        return ("ListResourceRecordSetsResponse",
                element("ResourceRecordSets", *(self.set_xml(*s) for s in sets[:size])),
                leaf("IsTruncated", str(bool(more)).lower()),
                *(leaf("NextRecordName", shown(k[0])) + leaf("NextRecordType", k[1]) +
                  (leaf("NextRecordIdentifier", k[2]) if k[2] else "") for k, _ in more),
                leaf("MaxItems", size))

    # -- changes

    def permit_changes(self, key, changes, zone):
        """The conditions of a policy that names records."""
        for change in changes:
            if change.kind != "TXT" or shown(change.name)[:-1] not in key["names"]:
                self.accounts.permit(dict(key, actions=[]), "route53", "ChangeResourceRecordSets",
                                     "arn:aws:route53:::hostedzone/" + zone.id)

    def change_sets(self, request, zone, key):
        if request.now < zone.done:  # it came while we were at the one before
            raise Denied(400, "PriorRequestNotComplete",
                         "The request was rejected because Route 53 was "
                         "still processing a prior request.")
        changes = read_batch(request.body)
        if "names" in key:
            self.permit_changes(key, changes, zone)
        check_limits(changes)
        messages = [problem for change in changes for problem in change.problems]
        if messages:
            raise batch(*messages)
        sets, deleted = copy.deepcopy(zone.sets), set()
        messages = [m for m in [apply(zone, sets, change, deleted) for change in changes] if m]
        messages = messages or list(dict.fromkeys(conflicts(zone, sets, changes)))
        if messages:
            raise batch(*messages)
        time.sleep(self.args.processing)
        zone.sets, zone.done = sets, time.monotonic()
        change_id = "C%s" % hashlib.sha256(str(len(self.changes)).encode()).hexdigest()[:20].upper()
        self.changes[change_id] = {"status": "PENDING", "at": self.accounts.now()}
        timer = threading.Timer(self.args.pending, self.settle, (zone, change_id, copy.deepcopy(sets)))
        timer.daemon = True
        reply = ("ChangeResourceRecordSetsResponse", self.change_xml(change_id))
        if self.args.pending:
            timer.start()
        else:
            zone.live, self.changes[change_id]["status"] = sets, "INSYNC"
        return reply

    def change_xml(self, change_id):
        change = self.changes[change_id]
        return element("ChangeInfo", leaf("Id", "/change/" + change_id), leaf("Status", change["status"]),
                       leaf("SubmittedAt", aws.moment(change["at"])))

    def get_change(self, change_id):
        if change_id not in self.changes:
            raise Denied(404, "NoSuchChange", "Could not find resource with ID: %s" % change_id)
        return "GetChangeResponse", self.change_xml(change_id)

    # -- one request

    def zone_of(self, zone_id):
        if zone_id not in self.zones:
            raise Denied(404, "NoSuchHostedZone", "No hosted zone found with ID: %s" % zone_id)
        return self.zones[zone_id]

    def route(self, request):
        """(action, argument of it), or None."""
        for method, path, action in (
                ("GET", r"/hostedzone()", "ListHostedZones"),
                ("GET", r"/hostedzonesbyname()", "ListHostedZonesByName"),
                ("GET", r"/hostedzone/([A-Z0-9]{1,32})", "GetHostedZone"),
                ("GET", r"/hostedzone/([A-Z0-9]{1,32})/rrset", "ListResourceRecordSets"),
                ("POST", r"/hostedzone/([A-Z0-9]{1,32})/rrset/?", "ChangeResourceRecordSets"),
                ("GET", r"/change/([A-Z0-9]{1,32})", "GetChange")):
            match = re.fullmatch(path, request.path)
            if match and method == request.method:
                return action, match[1]
        return None

    def run(self, request, action, argument, key):
        if action == "ListHostedZones":
            return self.list_zones(request)
        if action == "ListHostedZonesByName":
            return self.list_by_name(request)
        if action == "GetChange":
            return self.get_change(argument)
        zone = self.zone_of(argument)
        if action == "ListResourceRecordSets":
            return self.list_sets(request, zone)
        if action == "ChangeResourceRecordSets":
            return self.change_sets(request, zone, key)
        return ("GetHostedZoneResponse", self.zone_xml(zone), element(
            "DelegationSet", element("NameServers", leaf("NameServer", "ns-1.awsdns-01.org"))))

    @staticmethod
    def planned(fault):
        return fake.Reply(fault["status"], aws.error_xml(XMLNS, fault["code"], fault["message"],
                                                         fault["status"]), kind="text/xml")

    def answer(self, request):
        if self.buckets and self.buckets.empty():
            return self.busy(request, None)
        fault = request.fault if request.fault.get("kind") == "error" else {}
        if request.fault.get("kind") == "says":
            return fake.Reply(200, request.fault["body"], kind="text/xml")
        if fault and not fault.get("after"):
            return self.planned(fault)
        try:
            key = self.accounts.caller(request, "route53")
            found = self.route(request)
            if not found:
                return fake.Reply(404, TEXT + "<UnknownOperationException/>", kind="text/xml")
            resource = {"GetChange": "change/", "ListHostedZones": "hostedzone/*"}.get(
                found[0], "hostedzone/") + found[1]
            self.accounts.permit(key, "route53", found[0], "arn:aws:route53:::" + resource)
            root, *inside = self.run(request, *found, key)
        except Denied as denied:
            return self.refusal(denied)
        self.callers.append(key["user"])
        if fault:
            return self.planned(fault)
        return fake.Reply(200, TEXT + element(root, *inside, xmlns=XMLNS), kind="text/xml")


if __name__ == "__main__":
    fake.main(Service, __doc__)
