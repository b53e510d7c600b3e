# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: the dnseal authors
"""aws.py - who may do what at a copy of an AWS service: signatures (SigV4), users and roles, STS, and
the places where machines and containers get their credentials.

Everything here is checked as AWS does; the signature is computed from what was received, by the text
of the IAM User Guide ("Create a signed AWS API request") and by no library."""
import calendar
import hashlib
import hmac
import http.server
import json
import re
import secrets
import socket
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

import fake

ACCOUNT = "111122223333"
ROLE = "arn:aws:iam::%s:role/dns" % ACCOUNT
STS = "https://sts.amazonaws.com/doc/2011-06-15/"
SKEW_MAX = 300
READ = ["ListHostedZones", "ListHostedZonesByName", "GetHostedZone", "ListResourceRecordSets",
        "GetChange"]
KEYS = [
    {"id": "AKIAFULLEXAMPLE00001", "secret": "full/secret+0123456789abcdefghijklmnopqr",
     "user": "full"},
    {"id": "AKIAREADEXAMPLE00002", "secret": "read/secret+0123456789abcdefghijklmnopqr",
     "user": "reader", "actions": READ},
    {"id": "AKIAWEAKEXAMPLE00003", "secret": "weak/secret+0123456789abcdefghijklmnopqr",
     "user": "weak", "actions": ["AssumeRole"]},
]
ROLES = {ROLE: {}}


class Denied(Exception):
    """status, code, message of a refusal."""

    def __init__(self, status, code, message):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def text(value):
    return escape(str(value), {'"': "&quot;"})


def element(tag, *inside, xmlns=None):
    return "<%s%s>%s</%s>" % (tag, ' xmlns="%s"' % xmlns if xmlns else "", "".join(inside), tag)


def leaf(tag, value):
    return element(tag, text(value))


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def error_xml(xmlns, code, message, status=400):
    kind = "Sender" if status < 500 else "Receiver"
    return '<?xml version="1.0"?>\n' + element("ErrorResponse", element(
        "Error", leaf("Type", kind), leaf("Code", code), leaf("Message", message)),
        leaf("RequestId", request_id()), xmlns=xmlns)


def request_id():
    r = secrets.token_hex(16)
    return "-".join((r[:8], r[8:12], r[12:16], r[16:20], r[20:]))


# ---- Signature Version 4

def encoded(octets, keep=""):
    return urllib.parse.quote(octets, safe="-_.~" + keep)


def canonical_query(query):
    pairs = []
    for word in query.split("&") if query else ():
        key, _, value = word.partition("=")
        pairs.append((encoded(urllib.parse.unquote_to_bytes(key)),
                      encoded(urllib.parse.unquote_to_bytes(value))))
    return "&".join("%s=%s" % pair for pair in sorted(pairs))


def canonical_headers(headers, names):
    lines = []
    for name in names:
        values = [re.sub(r"\s+", " ", value).strip() for value in headers.get_all(name) or ()]
        if not values:
            raise Denied(403, "SignatureDoesNotMatch", "The header %s was signed, but not sent." %
                         name)
        lines.append("%s:%s\n" % (name, ",".join(values)))
    return "".join(lines)


def signature(secret, request, scope, names, when):
    split = urllib.parse.urlsplit(request.url)
    canonical = "\n".join((
        request.method, encoded(split.path or "/", "/"), canonical_query(split.query),
        canonical_headers(request.headers, names), ";".join(names),
        hashlib.sha256(request.body).hexdigest()))
    to_sign = "\n".join(("AWS4-HMAC-SHA256", when, "/".join(scope),
                         hashlib.sha256(canonical.encode()).hexdigest()))
    key = b"AWS4" + secret.encode()
    for word in scope:
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 +Credential=([A-Z0-9]+)/([^/]+)/([^/]+)/([^/]+)/"
                           r"(aws4_request), *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})")


class Accounts:
    """Keys, roles and the clock."""

    def __init__(self, config, region):
        self.keys = {key["id"]: dict(key) for key in config.get("keys") or KEYS}
        self.roles = config.get("roles") or ROLES
        self.region = region
        self.skew = 0
        self.lifetime = 3600
        self.web_token = "web-identity-token-0123456789"
        self.lock = threading.Lock()

    def now(self):
        return time.time() + self.skew

    def mint(self, user, actions, prefix="ASIA"):
        """Temporary credentials."""
        key = {"id": prefix + secrets.token_hex(8).upper(), "secret": secrets.token_urlsafe(30),
               "token": "FwoGZXIv/YXdz+" + secrets.token_urlsafe(90) + "==", "user": user,
               "actions": actions, "expires": self.now() + self.lifetime}
        with self.lock:
            self.keys[key["id"]] = key
        return key

    def expire(self):
        with self.lock:
            for key in self.keys.values():
                if "expires" in key:
                    key["expires"] = 0

    def check_time(self, when, day):
        try:
            signed = time.strptime(when, "%Y%m%dT%H%M%SZ")
        except ValueError as error:
            raise Denied(400, "IncompleteSignature",
                         "Date must be in ISO-8601 'basic format'.") from error
        if day != when[:8]:
            raise Denied(403, "SignatureDoesNotMatch",
                         "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                         "from HTTP: '%s' != '%s'." % (day, when[:8]))
        off = calendar.timegm(signed) - self.now()
        ours = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.now()))
        if off < -SKEW_MAX:
            raise Denied(403, "SignatureDoesNotMatch",
                         "Signature expired: %s is now earlier than %s (%s - 5 min.)" % (when, ours, ours))
        if off > SKEW_MAX:
            raise Denied(403, "SignatureDoesNotMatch",
                         "Signature not yet current: %s is still later than %s (%s + 5 min.)" % (
                             when, ours, ours))

    def key_of(self, key_id, token):
        key = self.keys.get(key_id)
        if not key or key.get("token") != token:
            raise Denied(403, "InvalidClientTokenId",
                         "The security token included in the request is invalid.")
        if key.get("expires", self.now() + 1) <= self.now():
            raise Denied(403, "ExpiredToken", "The security token included in the request is expired")
        return key

    def signed_names(self, headers, words):
        names = words.split(";")
        if names != sorted(set(names)) or words != words.lower():
            raise Denied(400, "IncompleteSignature",
                         "SignedHeaders is not sorted or not in lower case.")
        must = {"host", "x-amz-date"} | {h.lower() for h in headers if
                                         h.lower().startswith("x-amz-")}
        if not must <= set(names):
            raise Denied(403, "SignatureDoesNotMatch", "'%s' must be a 'SignedHeader' in the AWS "
                         "Authorization." % "', '".join(sorted(must - set(names))))
        return names

    def caller(self, request, service):
        """The key that has signed this request."""
        given = request.headers.get("Authorization")
        if not given:
            raise Denied(403, "MissingAuthenticationToken", "Missing Authentication Token")
        parts = AUTHORIZATION.fullmatch(given)
        when = request.headers.get("X-Amz-Date")
        if not parts or not when:
            raise Denied(400, "IncompleteSignature", "Authorization header requires 'Credential', "
                         "'SignedHeaders' and 'Signature' parameters and a 'X-Amz-Date' header.")
        key_id, *scope, words, given = parts.groups()
        names = self.signed_names(request.headers, words)
        self.check_time(when, scope[0])
        if scope[2] != service or (self.region and scope[1] != self.region):
            raise Denied(403, "SignatureDoesNotMatch",
                         "Credential should be scoped to a valid region "
                         "and to the correct service: '%s'." % service)
        key = self.key_of(key_id, request.headers.get("X-Amz-Security-Token"))
        if signature(key["secret"], request, scope, names, when) != given:
            raise Denied(403, "SignatureDoesNotMatch",
                         "The request signature we calculated does not "
                         "match the signature you provided. Check your AWS Secret Access Key and signing "
                         "method. Consult the service documentation for details.")
        return key

    @staticmethod
    def permit(key, service, action, resource):
        if action not in key.get("actions", [action]):
            raise Denied(403, "AccessDenied", "User: arn:aws:iam::%s:user/%s is not authorized to "
                         "perform: %s:%s on resource: %s because no identity-based policy allows the "
                         "%s:%s action" % (ACCOUNT, key["user"], service, action, resource, service,
                                           action))

    # -- STS

    def credentials_xml(self, key):
        return element("Credentials", leaf("AccessKeyId", key["id"]),
                       leaf("SecretAccessKey", key["secret"]), leaf("SessionToken", key["token"]),
                       leaf("Expiration", moment(key["expires"])))

    def assume(self, action, form, name):
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", form.get("RoleSessionName", "")):
            raise Denied(400, "ValidationError", "Value at 'roleSessionName' failed to satisfy constraint")
        if not re.fullmatch(r"\d+", form.get("DurationSeconds", "3600")) or not \
                900 <= int(form.get("DurationSeconds", 3600)) <= 43200:
            raise Denied(400, "ValidationError", "Value at 'durationSeconds' failed to satisfy constraint")
        role = self.roles.get(form.get("RoleArn"))
        if role is None or role.get("external_id") != form.get("ExternalId"):
            raise Denied(403, "AccessDenied", "User: %s is not authorized to perform: sts:%s on "
                         "resource: %s" % (name, action, form.get("RoleArn")))
        key = self.mint("role/" + form["RoleSessionName"], role.get("actions", READ + [
            "ChangeResourceRecordSets"]))
        result = element(action + "Result", self.credentials_xml(key), element(
            "AssumedRoleUser", leaf("AssumedRoleId", "AROAEXAMPLE:" + form["RoleSessionName"]),
            leaf("Arn", form["RoleArn"].replace(":iam:", ":sts:"))))
        return fake.Reply(200, element(action + "Response", result, element(
            "ResponseMetadata", leaf("RequestId", request_id())), xmlns=STS), kind="text/xml")

    def sts(self, request):
        """POST / of the service "sts"."""
        try:
            form = dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True))
            kind = request.headers.get("Content-Type", "")
            if not kind.startswith("application/x-www-form-urlencoded") or \
                    form.get("Version") != "2011-06-15":
                raise Denied(400, "InvalidAction", "Could not find operation for this version")
            if form.get("Action") == "AssumeRoleWithWebIdentity":
                if request.headers.get("Authorization"):
                    raise Denied(400, "InvalidAction", "this operation is not signed")
                if form.get("WebIdentityToken") != self.web_token:
                    raise Denied(400, "InvalidIdentityToken", "The web identity token is not valid")
                return self.assume("AssumeRoleWithWebIdentity", form, "web identity")
            key = self.caller(request, "sts")
            if form.get("Action") != "AssumeRole":
                raise Denied(400, "InvalidAction", "Could not find operation %s" %
                             form.get("Action"))
            self.permit(key, "sts", "AssumeRole", form.get("RoleArn"))
            return self.assume("AssumeRole", form, key["user"])
        except ValueError:
            denied = Denied(400, "MalformedInput", "the body is no form")
        except Denied as refusal:
            denied = refusal
        return fake.Reply(denied.status, error_xml(STS, denied.code, denied.message),
                          kind="text/xml")


# ---- credentials of machines and containers, by plain HTTP

IMDS = "/latest/meta-data/iam/security-credentials/"


class Metadata(http.server.BaseHTTPRequestHandler):
    """IMDSv2 below /latest/, the credentials of a container at any other path.

    How it behaves is in `state`, which the test sets: "imds": ok, off (403), no-role (404), failed
    (Code is not Success), garbage, hang, or v1 (answers without a token, too, and has no tokens);
    "container": ok, off (404), garbage or hang; "authorization": what containers must send."""
    protocol_version = "HTTP/1.1"
    accounts = None
    lock = threading.Lock()
    state = {"imds": "ok", "container": "ok", "authorization": None}
    tokens = set()
    seen = []

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        with self.lock:
            self.seen.append("%s %s %s" % (self.command, self.path, args[1] if len(args) > 1 else
                                           ""))

    def say(self, status, body, kind="text/plain"):
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def credentials(self, user, more):
        key = self.accounts.mint(user, READ + ["ChangeResourceRecordSets", "AssumeRole"])
        return json.dumps(dict({
            "AccessKeyId": key["id"], "SecretAccessKey": key["secret"], "Token": key["token"],
            "Expiration": moment(key["expires"])}, **more))

    def hang(self):
        time.sleep(20)
        self.close_connection = True

    def container(self):
        mode = self.state["container"]
        if mode == "hang":
            return self.hang()
        if mode == "off":
            return self.say(404, "not found")
        if mode == "garbage":
            return self.say(200, "<html>this is no JSON</html>", "text/html")
        if self.headers.get("Authorization") != self.state["authorization"]:
            return self.say(401, '{"code": "AuthenticationFailed", "message": "wrong token"}')
        return self.say(200, self.credentials("container", {"RoleArn": ROLE}), "application/json")

    def token(self):
        if self.headers.get("X-Forwarded-For"):
            return self.say(403, "forwarded")
        ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if not re.fullmatch(r"\d{1,5}", ttl) or not 1 <= int(ttl) <= 21600:
            return self.say(400, "Bad Request")
        token = secrets.token_urlsafe(40)
        with self.lock:
            self.tokens.add(token)
        return self.say(200, token)

    def imds(self):
        mode = self.state["imds"]
        if mode == "hang":
            return self.hang()
        if mode == "off":
            return self.say(403, "Forbidden")
        if self.path == "/latest/api/token":
            if self.command != "PUT" or mode == "v1":
                return self.say(405, "Method Not Allowed")
            return self.token()
        if self.headers.get("X-aws-ec2-metadata-token") not in self.tokens and mode != "v1":
            return self.say(401, "Unauthorized")
        if mode == "no-role" or not self.path.startswith(IMDS):
            return self.say(404, "Not Found")
        if self.path == IMDS:
            return self.say(200, "dns-role")
        if self.path != IMDS + "dns-role":
            return self.say(404, "Not Found")
        if mode == "garbage":
            return self.say(200, '{"Code": "Success", ')
        if mode == "failed":
            return self.say(200, '{"Code": "AssumeRoleUnauthorizedAccess", "Message": "no trust"}')
        return self.say(200, self.credentials("machine", {"Code": "Success", "Type": "AWS-HMAC"}))

    def any(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return self.imds() if self.path.startswith("/latest/") else self.container()

    do_GET = do_PUT = do_POST = any


class MetadataServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):  # a client that went away
        pass


def metadata(listen, accounts):
    """Serve IMDS and containers, in a thread; the port it has got."""
    Metadata.accounts = accounts
    host, port = listen.rsplit(":", 1)
    MetadataServer.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = MetadataServer((host.strip("[]"), int(port)), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
