"""A token server as docker registries want one, whose tokens last as long as the test says; it records who asks.

Signs with RS256 in plain Python, since no module that signs is part of it: once openssl has made the key, a signature
is one power.
"""
import base64
import hashlib
import json
import time
from urllib.parse import parse_qsl, urlsplit

import registry
import wire

LEEWAY = 60  # seconds for which docker-registry takes a token that has expired
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017, 9.2, note 1


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def integers(der):
    """Of a SEQUENCE of INTEGERs, as an RSA key is (RFC 8017, A.1.2)."""

    def content(place):
        length, place = der[place + 1], place + 2
        if length & 0x80:
            count = length & 0x7f
            length, place = int.from_bytes(der[place:place + count], "big"), place + count
        return place, place + length

    place, end = content(0)
    while place < end:
        start, place = content(place)
        yield int.from_bytes(der[start:place], "big")


class Key:
    def __init__(self, folder):
        openssl, key = registry.tool("openssl"), folder + "/token.key"
        self.certificate = folder + "/token.pem"
        registry.run([openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=rig tokens",
                      "-keyout", key, "-out", self.certificate])
        registry.run([openssl, "rsa", "-in", key, "-traditional", "-outform", "DER", "-out", key + ".der"])
        with open(key + ".der", "rb") as file:
            _, self.modulus, _, _, self.p, self.q, self.dp, self.dq, self.inverse = integers(file.read())
        with open(self.certificate, encoding="ascii") as file:
            self.chain = ["".join(line.strip() for line in file if "-----" not in line)]

    def signed(self, claims):
        head = {"typ": "JWT", "alg": "RS256", "x5c": self.chain}
        text = ".".join(base64url(json.dumps(part).encode()) for part in (head, claims)).encode()
        length = (self.modulus.bit_length() + 7) // 8
        digest = SHA256_PREFIX + hashlib.sha256(text).digest()
        padded = b"\0\1" + b"\xff" * (length - len(digest) - 3) + b"\0" + digest
        message = int.from_bytes(padded, "big")
        first, second = pow(message, self.dp, self.p), pow(message, self.dq, self.q)
        signature = second + self.inverse * (first - second) % self.p * self.q
        return text.decode() + "." + base64url(signature.to_bytes(length, "big"))


class Tokens:
    def __init__(self, key, options):
        self.key, self.issuer, self.records = key, "rig", []
        self.settings = {
            "users": {"user": "password"},  # by name
            "readers": [],  # those of them who may only pull
            "refresh": {},  # users by refresh token
            "anonymous": True,  # who shows nothing may pull
            "announced": 300,  # `expires_in`; null: not said
            "lasts": 300,  # seconds for which a token is good
            "fields": ["token"],  # or access_token, or both
            "post": True,  # false: 404, as of servers that know GET only
            "one_scope": False,  # only the first scope is looked at
            "status": 200,  # another: the answer to everything
            "headers": {},  # of that answer
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
            query = parse_qsl(body.decode() if method == "POST" else urlsplit(target).query, keep_blank_values=True)
            record = {"method": method, "path": target, "headers": head.headers, "body": body.decode(),
                      "scopes": [word for name, value in query if name == "scope" for word in value.split()]}
            self.records.append(record)
            status, headers, answer = self.answer(method, head, dict(query), record)
            record["status"] = status
            headers = [("Content-Type", "application/json"), *headers]
            writer.write(wire.response(status, headers, json.dumps(answer).encode()))
            await writer.drain()

    def user(self, method, head, query):
        """Who asks; None for nobody, False for somebody who does not prove it."""
        if method == "POST":
            if query.get("grant_type") == "refresh_token":
                return self.settings["refresh"].get(query.get("refresh_token"), False)
            name, password = query.get("username"), query.get("password")
        else:
            proof = head.get("authorization")
            if proof is None:
                return None
            kind, _, text = proof.partition(" ")
            name, _, password = base64.b64decode(text).decode().partition(":")
            if kind.lower() != "basic":
                return False
        return name if password is not None and self.settings["users"].get(name) == password else False

    def answer(self, method, head, query, record):
        if self.settings["status"] != 200:
            return self.settings["status"], list(self.settings["headers"].items()), {"details": "as the test wants it"}
        if method == "POST" and not self.settings["post"]:
            return 404, [], {"details": "there is only GET"}
        user = self.user(method, head, query)
        record["user"] = user or None
        if user is False or user is None and not self.settings["anonymous"]:
            return 401, [], {"details": "incorrect username or password"}
        lasts, now = self.settings["lasts"], int(time.time())
        claims = {"iss": self.issuer, "sub": user or "", "aud": query.get("service", ""), "iat": now, "nbf": now - 10,
                  "exp": now + lasts - LEEWAY, "jti": str(len(self.records)),
                  "access": self.access(user, record["scopes"])}
        token = self.key.signed(claims)
        answer = dict.fromkeys(self.settings["fields"], token)
        if self.settings["announced"] is not None:
            answer["expires_in"] = self.settings["announced"]
        if method == "POST":
            answer = {"access_token": token} | answer
        if query.get("offline_token") == "true" or query.get("access_type") == "offline":
            answer["refresh_token"] = next((name for name, of in self.settings["refresh"].items() if of == user), "")
        return 200, [], answer

    def access(self, user, scopes):
        found = []
        for scope in scopes[:1] if self.settings["one_scope"] else scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            may = ["pull"] if user is None or user in self.settings["readers"] else ["pull", "push", "delete", "*"]
            granted = [action for action in actions.split(",") if action in may]
            found.append({"type": kind, "name": name, "actions": granted})
        return found


async def start(control):
    tokens = Tokens(Key(control.folder), wire.settings())
    _, port = await wire.listen(tokens.serve)
    return tokens, {"port": port, "realm": f"http://127.0.0.1:{port}/token", "service": "rig", "issuer": tokens.issuer,
                    "rootcertbundle": tokens.key.certificate}


if __name__ == "__main__":
    wire.Control().run(start)
