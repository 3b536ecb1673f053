"""All that gives credentials in AWS, on one port of loopback: EC2's metadata, a container's endpoint, the portal of IAM
Identity Center with its tokens, and STS. It checks what it is asked as AWS would, and records it.

What it gives out is made of the role's name and of `generation`, so two clients that ask the same get the same.
"""
import datetime
import hashlib
import hmac
import json
import time
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import wire

METADATA = "/latest/meta-data/"
ROLES = METADATA + "iam/security-credentials/"


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Refusal(Exception):
    """A status and a code, as AWS's answers have them."""

    def __init__(self, status, code, message=""):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


class Credentials:
    def __init__(self, options):
        self.records, self.issued = [], {}
        self.settings = {
            "keys": {"AKIDUSER": "user-secret"},  # secrets by id, of those that last
            "generation": 1,  # part of all that is given out
            "lasts": 3600,  # seconds
            "metadata": True,  # false: this is no machine of EC2
            "role": "machine",  # that EC2 has; empty for none
            "container_token": None,  # what `Authorization` must be
            "portal_token": "portal-1",
            "refresh_token": None,  # that may be renewed, once
            "web_token": "web-1",
            "external_id": None,  # without which no role is assumed
            "faults": {},  # statuses by the first word of the kind: metadata, container, portal, oidc, sts
        } | options

    def do_requests(self):
        return self.records

    def do_settings(self, settings):
        self.settings |= settings

    def do_reset(self):
        self.records = []

    async def serve(self, reader, writer):
        while head := await wire.read_head(reader):
            body = b"".join([piece async for piece in wire.request_body(reader, head)])
            method, target, _ = head.first.split(" ", 2)
            record = {"method": method, "path": target, "headers": head.headers, "form": {}}
            self.records.append(record)
            status, kind, answer = self.answer(method, target, head, body, record)
            record["status"] = status
            writer.write(wire.response(status, [("Content-Type", kind)], answer.encode()))
            await writer.drain()

    def answer(self, method, target, head, body, record):
        path = urlsplit(target).path
        kind = next((kind for start, kind in (("/latest/", "metadata"), ("/container", "container"),
                     ("/federation/", "portal"), ("/token", "oidc")) if path.startswith(start)), "sts")
        record["kind"] = kind
        try:
            if kind in self.settings["faults"]:
                raise Refusal(self.settings["faults"][kind], "InternalFailure", "as the test wants it")
            return getattr(self, kind)(method, target, head, body, record)
        except Refusal as refusal:
            if kind == "sts":
                return refusal.status, "text/xml", (f"<ErrorResponse><Error><Type>Sender</Type><Code>{refusal.code}</Code>"
                                                    f"<Message>{refusal.message}</Message></Error></ErrorResponse>")
            return refusal.status, "application/json", json.dumps({"__type": refusal.code, "error": refusal.code,
                                                                   "message": refusal.message})

    def issue(self, name):
        """Id, secret, token and the end, of a role."""
        generation = self.settings["generation"]
        given = (f"ASIA{generation}{name.upper()}", f"secret-{generation}-{name}", f"token-{generation}-{name}")
        self.issued[given[0]] = given[1:]
        return *given, int(time.time()) + self.settings["lasts"]

    def document(self, name):
        key, secret, token, end = self.issue(name)
        return json.dumps({"Code": "Success", "AccessKeyId": key, "SecretAccessKey": secret, "Token": token,
                           "Expiration": moment(end)})

    # EC2's metadata, version 2

    def metadata(self, method, target, head, body, record):
        if not self.settings["metadata"]:
            raise Refusal(404, "NotFound")
        if method == "PUT" and target == "/latest/api/token":
            if head.get("x-aws-ec2-metadata-token-ttl-seconds") != "21600":
                raise Refusal(400, "BadRequest")
            return 200, "text/plain", "metadata-token"
        if head.get("x-aws-ec2-metadata-token") != "metadata-token":
            raise Refusal(401, "Unauthorized")
        role = self.settings["role"]
        if target == METADATA + "placement/region":
            return 200, "text/plain", "ap-south-1"
        if target == ROLES and role:
            return 200, "text/plain", role
        if target == ROLES + role and role:
            return 200, "text/plain", self.document(role)
        raise Refusal(404, "NotFound")

    # A container's endpoint

    def container(self, method, target, head, body, record):
        if head.get("authorization") != self.settings["container_token"]:
            raise Refusal(403, "AccessDenied")
        return 200, "application/json", self.document("container")

    # IAM Identity Center

    def portal(self, method, target, head, body, record):
        record["form"] = dict(parse_qsl(urlsplit(target).query))
        if head.get("x-amz-sso_bearer_token") != self.settings["portal_token"]:
            raise Refusal(401, "UnauthorizedException", "Session token not found or invalid")
        key, secret, token, end = self.issue(record["form"]["role_name"] + record["form"]["account_id"])
        return 200, "application/json", json.dumps({"roleCredentials": {
            "accessKeyId": key, "secretAccessKey": secret, "sessionToken": token, "expiration": end * 1000}})

    def oidc(self, method, target, head, body, record):
        form = record["form"] = json.loads(body)
        wanted = {"clientId": "client", "clientSecret": "client-secret", "grantType": "refresh_token",
                  "refreshToken": self.settings["refresh_token"]}
        if method != "POST" or form != wanted:
            raise Refusal(400, "InvalidGrantException")
        self.settings |= {"portal_token": "portal-2", "refresh_token": "refresh-2"}
        return 200, "application/json", json.dumps({"accessToken": "portal-2", "tokenType": "Bearer",
                                                    "expiresIn": 28800, "refreshToken": "refresh-2"})

    # STS

    def sts(self, method, target, head, body, record):
        form = record["form"] = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if (method, target, form.get("Version")) != ("POST", "/", "2011-06-15"):
            raise Refusal(400, "InvalidAction")
        action = form.get("Action")
        if action == "AssumeRole":
            self.check(method, target, head, body)
            if form.get("ExternalId") != self.settings["external_id"]:
                raise Refusal(403, "AccessDenied", "not authorized to perform: sts:AssumeRole on resource: x")
        elif action == "AssumeRoleWithWebIdentity":
            if head.get("authorization") is not None or form.get("WebIdentityToken") != self.settings["web_token"]:
                raise Refusal(400, "InvalidIdentityToken", "the token " + form.get("WebIdentityToken", ""))
        else:
            raise Refusal(400, "InvalidAction")
        if not form.get("RoleSessionName"):
            raise Refusal(400, "ValidationError")
        key, secret, token, end = self.issue(form["RoleArn"].rpartition("/")[2])
        given = (f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
                 f"<SessionToken>{token}</SessionToken><Expiration>{moment(end)}</Expiration></Credentials>")
        return 200, "text/xml", (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
                                 f"{given}</{action}Result></{action}Response>")

    def check(self, method, target, head, body):
        """The signature, by the book: "Create a signed AWS API request", IAM user guide."""
        try:
            kind, rest = head.get("authorization", "").split(" ", 1)
            fields = dict(part.strip().split("=", 1) for part in rest.split(","))
            key, day, region, service, end = fields["Credential"].split("/")
        except (KeyError, ValueError):
            raise Refusal(403, "MissingAuthenticationToken") from None
        secret, token = self.issued.get(key, (self.settings["keys"].get(key), None))
        if secret is None or head.get("x-amz-security-token") != token:
            raise Refusal(403, "InvalidClientTokenId")
        names = fields["SignedHeaders"].split(";")
        headers = "".join(f"{name}:{' '.join(head.get(name, '').split())}\n" for name in names)
        request = "\n".join([method, quote(unquote(urlsplit(target).path)), "", headers, fields["SignedHeaders"],
                             hashlib.sha256(body).hexdigest()])
        text = "\n".join([kind, head.get("x-amz-date"), "/".join([day, region, service, end]),
                          hashlib.sha256(request.encode()).hexdigest()])
        code = b"AWS4" + secret.encode()
        for part in (day, region, service, end, text):
            code = hmac.new(code, part.encode(), hashlib.sha256).digest()
        if code.hex() != fields["Signature"] or service != "sts" or not {"host", "x-amz-date"} <= set(names):
            raise Refusal(403, "SignatureDoesNotMatch")


async def start(control):
    credentials = Credentials(wire.settings())
    _, port = await wire.listen(credentials.serve)
    return credentials, {"endpoint": f"http://127.0.0.1:{port}"}


if __name__ == "__main__":
    wire.Control().run(start)
