"""ECR's registry: docker-registry behind passwords that expire, repositories that must exist, and immutable tags."""
import base64
import binascii
import json
import os
import re

from front import passed_on
from messages import Answer, Request


class Registry:
    """A service for `front.serve`."""

    def __init__(self, gate, storage, images, emulator):
        self.gate, self.storage, self.images, self.emulator = gate, storage, images, emulator
        self.tokens = {}
        self.port = None

    def token(self, caller):
        """What GetAuthorizationToken answers; the token is good for as long as the settings say now."""
        password = base64.b64encode(os.urandom(48)).decode()
        end = self.gate.clock() + self.gate.settings["tokenLife"]
        self.tokens[password] = (end, caller)
        return {"authorizationData": [{
            "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(), "expiresAt": round(end, 3),
            "proxyEndpoint": f"http://127.0.0.1:{self.port}"}]}

    def name(self, request):
        kind = re.fullmatch(r"/v2/.+?/(manifests|blobs|tags)/.*", request.path)
        _, caller = self.tokens.get(self.password(request), (0, ""))
        return "registry", kind[1] if kind else "", caller

    @staticmethod
    def password(request):
        text = request.get("authorization", "")
        try:
            user, _, password = base64.b64decode(text.removeprefix("Basic ")).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return password if text.startswith("Basic ") and user == "AWS" else None

    def carry_out(self, request):
        password = self.password(request)
        if password not in self.tokens:
            realm = f'Basic realm="http://127.0.0.1:{self.port}/",service="ecr.amazonaws.com"'
            return problem(401, "UNAUTHORIZED", "Not Authorized", [("WWW-Authenticate", realm)])
        if self.gate.clock() > self.tokens[password][0]:
            return problem(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
        found = re.fullmatch(r"/v2/(.+?)/(manifests|blobs|tags)/(.*)", request.path)
        if found:
            repository, kind, name = found.groups()
            if not self.emulator.has_repository(repository):
                return problem(404, "NAME_UNKNOWN", f"The repository with name '{repository}' does not exist in the "
                               f"registry with id '{self.emulator.account}'")
            is_tagged = request.method == "PUT" and kind == "manifests" and not name.startswith("sha256:")
            if is_tagged and self.images.is_taken(repository, name):
                # ECR says so for the digest that is there already, too.
                return problem(400, "TAG_INVALID", f"The image tag '{name}' already exists in the '{repository}' "
                               "repository and cannot be overwritten because the tag is immutable.")
        skipped = {"authorization", "connection", "transfer-encoding", "content-length", "expect"}
        headers = [(name, value) for name, value in request.headers if name.lower() not in skipped]
        return passed_on(*self.storage.call(request.method, request.target, headers, request.body))

    def refused(self, request: Request, refusal):
        return problem(refusal.status, refusal.code, refusal.message, refusal.headers)


def problem(status, code, message, headers=()):
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    kind = [("Content-Type", "application/json; charset=utf-8"), ("Docker-Distribution-Api-Version", "registry/2.0")]
    return Answer(status, body, [*kind, *headers], code)
