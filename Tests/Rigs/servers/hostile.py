"""A registry that lies, stalls and floods: what docker-registry would never do, in modes that can be combined by name.

With no mode it is a small, correct registry in memory. It listens on a second port too, `elsewhere`, to which some
modes send clients; every request to either is recorded with its headers.
"""
import asyncio
import hashlib
import json
import re
import uuid
from urllib.parse import parse_qs, urlsplit

import wire

MODES = {
    "redirects-uploads": "POST of an upload leads to elsewhere",
    "redirects-blobs": "GET of a blob leads to elsewhere, by 307",
    "redirects-manifests": "the same for manifests",
    "redirects-in-circles": "everything leads to itself",
    "redirects-to-file": "GET leads to file:///etc/hostname",
    "foreign-realm": "asks for a token of elsewhere",
    "file-realm": "asks for a token of file:///etc/hostname",
    "asks-basic": "asks for a name and a password, of any kind",
    "never-content": "asks for a token, and never takes one",
    "endless-manifest": "GET of a manifest has no end",
    "endless-token": "nor has the token's answer",
    "endless-error": "nor has the body of the error that everything gets",
    "endless-blob": "nor has a blob",
    "forgetful": "201 for what it does not store",
    "wrong-digest": "names another digest in Docker-Content-Digest",
    "wrong-content": "GET gives other bytes of the same length",
    "no-digest": "no Docker-Content-Digest",
    "phantom-blobs": "HEAD finds every blob; GET and manifests do not",
    "phantom-mounts": "201 for every mount, without a blob",
    "ignores-range": "the whole blob, whatever range is asked for",
    "stale-range": "an upload's Range stays as it was at first",
    "silent": "reads, and answers nothing",
    "silent-body": "headers, and then nothing",
    "slow": "one byte of a body at a time",
    "huge-length": "announces exabytes, and sends a little",
    "short-length": "announces one byte less than it sends",
    "header-flood": "headers without an end",
    "long-header": "one header of 16 MB",
    "garbage": "answers that are not HTTP",
    "no-location": "202 without Location",
    "nasty-errors": "every error text has control characters",
    "html-errors": "errors are pages for people",
    "small-pieces": "no PATCH above 4 MiB: 416",
    "single-post": "takes a blob by POST ?digest=",
    "forbids": "403 for every push",
    "refuses-manifests": "400 MANIFEST_INVALID",
}
NASTY = "\x1b[2J\x1b]0;owned\x07\r\nEvent: forged\n\u202edesrever"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Request:
    def __init__(self, head, body, host, writer):
        self.method, target, _ = head.first.split(" ", 2)
        self.head, self.body, self.host, self.writer = head, body, host, writer
        self.path, self.query = urlsplit(target).path, {
            name: values[0] for name, values in parse_qs(urlsplit(target).query, keep_blank_values=True).items()}
        self.target = target


class Hostile:
    def __init__(self, options):
        self.blobs_stored, self.manifests_stored, self.uploads, self.records = {}, {}, {}, []
        self.hosts, self.modes = {}, set()
        self.do_modes(options.get("modes", []))

    def do_modes(self, modes):
        if unknown := set(modes) - set(MODES):
            raise ValueError(f"no such mode: {sorted(unknown)}")
        self.modes = set(modes)

    def do_requests(self):
        return self.records

    def do_blobs(self):
        return sorted(self.blobs_stored)

    def do_manifests(self):
        return sorted(f"{repository}:{name}" for repository, name in self.manifests_stored)

    def do_reset(self):
        self.records = []

    # Answers.

    def server(self, host):
        async def serve(reader, writer):
            while head := await wire.read_head(reader):
                method, target, _ = head.first.split(" ", 2)
                record = {"host": host, "method": method, "path": target, "headers": head.headers, "bytes": 0}
                self.records.append(record)
                if (head.get("expect") or "").lower() == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = bytearray()
                async for piece in wire.request_body(reader, head):
                    record["bytes"] += len(piece)
                    body += piece
                await self.respond(Request(head, bytes(body), host, writer))

        return serve

    async def send(self, request, status, headers=(), body=b""):
        """An answer, in the way that the modes want it."""
        headers = list(headers)
        if body and "html-errors" in self.modes and status >= 400:
            headers, body = [("Content-Type", "text/html")], b"<html><h1>It <b>works</b>!</h1></html>" * 100
        data = wire.response(status, headers, body)
        if "short-length" in self.modes and body:
            data = data.replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % (len(body) - 1))
        if "huge-length" in self.modes:
            data = data.replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % (1 << 60))
        start = data[:len(data) - len(body)] if body else data
        request.writer.write(start)
        if request.method != "HEAD":
            if "silent-body" in self.modes:
                await self.for_ever()
            for place in range(0, len(body), 1 if "slow" in self.modes else len(body) or 1):
                request.writer.write(body[place:place + 1] if "slow" in self.modes else body)
                await request.writer.drain()
                await asyncio.sleep(0.05 if "slow" in self.modes else 0)
        await request.writer.drain()

    async def for_ever(self):
        await asyncio.Event().wait()

    async def flood(self, request, start, piece):
        request.writer.write(start)
        while True:
            request.writer.write(piece)
            await request.writer.drain()

    async def endless(self, request, status=200):
        start = wire.Head(f"HTTP/1.1 {status} Endless", [
            ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]).encoded()
        await self.flood(request, start, b"10000\r\n" + b" " * 0x10000 + b"\r\n")

    async def error(self, request, status, code, detail=None, headers=()):
        message = NASTY if "nasty-errors" in self.modes else f"the rig says {code}"
        body = json.dumps({"errors": [{"code": code, "message": message, "detail": detail}]}).encode()
        await self.send(request, status, [("Content-Type", "application/json"), *headers], body)

    def content(self, request, data, kind, digest):
        """Status, headers and body of what is stored."""
        if "wrong-content" in self.modes:
            data = bytes(byte ^ 1 for byte in data)
        headers = [("Content-Type", kind)]
        if "no-digest" not in self.modes:
            headers.append(("Docker-Content-Digest", self.named(digest)))
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.head.get("range", ""))
        if asked and "ignores-range" not in self.modes:
            start, end = int(asked.group(1)), min(int(asked.group(2) or len(data) - 1), len(data) - 1)
            headers.append(("Content-Range", f"bytes {start}-{end}/{len(data)}"))
            return 206, headers, data[start:end + 1]
        return 200, headers, data

    def named(self, digest):
        return "sha256:" + "0" * 64 if "wrong-digest" in self.modes else digest

    async def give(self, request, status, headers, body):
        if request.method == "HEAD":
            request.writer.write(wire.response(status, [*headers, ("Content-Length", str(len(body)))]))
            await request.writer.drain()
        else:
            await self.send(request, status, headers, body)

    # What is asked for.

    async def respond(self, request):
        if await self.misbehave(request):
            return
        if request.path.startswith("/token"):
            await self.token(request)
        elif request.path.rstrip("/") == "/v2":
            await self.send(request, 200, [("Content-Type", "application/json")], b"{}")
        elif found := re.fullmatch(r"/v2/(.+)/blobs/uploads/([^/]*)", request.path):
            await self.upload(request, *found.groups())
        elif found := re.fullmatch(r"/v2/(.+)/(blobs|manifests)/([^/]+)", request.path):
            await getattr(self, found.group(2))(request, found.group(1), found.group(3))
        elif found := re.fullmatch(r"/v2/(.+)/tags/list", request.path):
            tags = sorted(key[1] for key in self.manifests_stored if key[0] == found.group(1) and ":" not in key[1])
            await self.send(request, 200, [], json.dumps({"name": found.group(1), "tags": tags}).encode())
        else:
            await self.error(request, 404, "UNSUPPORTED")

    async def misbehave(self, request):
        """Whether a mode answered, that is no matter of what is asked for."""
        modes, writer = self.modes, request.writer
        if "silent" in modes:
            await self.for_ever()
        if "garbage" in modes:
            writer.write(b"\0\1\2 garbage, and no HTTP\r\n\r\n" * 100)
            await writer.drain()
            raise wire.Ended
        if "header-flood" in modes:
            await self.flood(request, b"HTTP/1.1 200 OK\r\n", b"X-Flood: " + b"x" * 1000 + b"\r\n")
        if "long-header" in modes:
            await self.give(request, 200, [("X-Long", "x" * (16 << 20))], b"{}")
            return True
        if "endless-error" in modes and request.host == "main":
            await self.endless(request, 500)
        if "redirects-in-circles" in modes:
            await self.send(request, 307, [("Location", self.hosts["main"] + request.target)])
            return True
        if "redirects-to-file" in modes and request.method == "GET" and request.path.rstrip("/") != "/v2":
            await self.send(request, 307, [("Location", "file:///etc/hostname")])
            return True
        if "forbids" in modes and request.method not in ("GET", "HEAD"):
            await self.error(request, 403, "DENIED")
            return True
        return await self.demand(request)

    async def demand(self, request):
        """Whether it asks who sends the request."""
        if request.host != "main" or request.path.startswith("/token"):
            return False
        kind = (request.head.get("authorization") or "").partition(" ")[0].lower()
        realms = {"foreign-realm": self.hosts["elsewhere"] + "/token", "file-realm": "file:///etc/hostname",
                  "endless-token": self.hosts["main"] + "/token", "never-content": self.hosts["main"] + "/token"}
        for mode, realm in realms.items():
            if mode in self.modes and (kind != "bearer" or mode == "never-content"):
                challenge = f'Bearer realm="{realm}",service="rig",scope="repository:any:pull,push"'
                await self.error(request, 401, "UNAUTHORIZED", headers=[("WWW-Authenticate", challenge)])
                return True
        if "asks-basic" in self.modes and kind != "basic":
            await self.error(request, 401, "UNAUTHORIZED", headers=[("WWW-Authenticate", 'Basic realm="rig"')])
            return True
        return False

    async def token(self, request):
        if "endless-token" in self.modes:
            await self.endless(request)
        await self.send(request, 200, [("Content-Type", "application/json")], b'{"token": "any"}')

    async def upload(self, request, repository, session):
        query, modes = request.query, self.modes
        if request.method == "POST":
            wanted, body = query.get("digest"), request.body
            mounted = query.get("mount")
            if mounted and ("phantom-mounts" in modes or mounted in self.blobs_stored):
                await self.created(request, repository, mounted)
            elif wanted and body and "single-post" in modes:
                self.store(wanted, body)
                await self.created(request, repository, wanted)
            else:
                session = uuid.uuid4().hex
                self.uploads[session] = bytearray()
                await self.accepted(request, repository, session)
        elif session not in self.uploads:
            await self.error(request, 404, "BLOB_UPLOAD_UNKNOWN")
        elif request.method == "PATCH":
            if "small-pieces" in modes and len(request.body) > 4 << 20:
                await self.error(request, 416, "BLOB_UPLOAD_INVALID")
                return
            self.uploads[session] += request.body
            await self.accepted(request, repository, session)
        elif request.method == "PUT":
            data = bytes(self.uploads.pop(session)) + request.body
            if digest_of(data) != query.get("digest"):
                await self.error(request, 400, "DIGEST_INVALID")
                return
            self.store(query["digest"], data)
            await self.created(request, repository, query["digest"])
        elif request.method == "GET":
            await self.accepted(request, repository, session, 204)
        else:
            self.uploads.pop(session)
            await self.send(request, 204)

    def store(self, digest, data):
        if "forgetful" not in self.modes:
            self.blobs_stored[digest] = data

    async def accepted(self, request, repository, session, status=202):
        base = self.hosts["elsewhere" if "redirects-uploads" in self.modes else "main"]
        size = 0 if "stale-range" in self.modes else max(0, len(self.uploads[session]) - 1)
        headers = [("Range", f"0-{size}"), ("Docker-Upload-UUID", session)]
        if "no-location" not in self.modes:
            headers.append(("Location", f"{base}/v2/{repository}/blobs/uploads/{session}?state=a%2Fb"))
        await self.send(request, status, headers)

    async def created(self, request, repository, digest):
        await self.send(request, 201, [
            ("Location", f"{self.hosts['main']}/v2/{repository}/blobs/{digest}"),
            ("Docker-Content-Digest", self.named(digest))])

    async def missing(self, request, code, detail=None):
        if request.method == "HEAD":
            await self.send(request, 404)
        else:
            await self.error(request, 404, code, detail)

    async def blobs(self, request, _, digest):
        data = self.blobs_stored.get(digest)
        if request.method == "HEAD" and "phantom-blobs" in self.modes:
            data = data or b"phantom"
        if request.method == "GET" and "endless-blob" in self.modes:
            await self.endless(request)
        if data is None:
            await self.missing(request, "BLOB_UNKNOWN")
        elif "redirects-blobs" in self.modes and request.host == "main" and request.method == "GET":
            await self.send(request, 307, [("Location", self.hosts["elsewhere"] + request.target)])
        else:
            await self.give(request, *self.content(request, data, "application/octet-stream", digest))

    async def manifests(self, request, repository, reference):
        if request.method == "PUT":
            await self.put_manifest(request, repository, reference)
            return
        if request.method == "GET" and "endless-manifest" in self.modes:
            await self.endless(request)
        kind, data = self.manifests_stored.get((repository, reference), (None, None))
        if data is None:
            await self.missing(request, "MANIFEST_UNKNOWN")
        elif "redirects-manifests" in self.modes and request.host == "main":
            await self.send(request, 307, [("Location", self.hosts["elsewhere"] + request.target)])
        else:
            await self.give(request, *self.content(request, data, kind, digest_of(data)))

    async def put_manifest(self, request, repository, reference):
        manifest = json.loads(request.body)
        parts = [*manifest.get("layers", []), *filter(None, [manifest.get("config")])]
        lost = [part["digest"] for part in parts if part["digest"] not in self.blobs_stored]
        lost += [part["digest"] for part in manifest.get("manifests", [])
                 if (repository, part["digest"]) not in self.manifests_stored]
        if "refuses-manifests" in self.modes:
            await self.error(request, 400, "MANIFEST_INVALID")
        elif lost and "forgetful" not in self.modes:
            await self.error(request, 400, "MANIFEST_BLOB_UNKNOWN", lost[0])
        else:
            digest = digest_of(request.body)
            if "forgetful" not in self.modes:
                kind = request.head.get("content-type")
                for name in (reference, digest):
                    self.manifests_stored[repository, name] = kind, request.body
            await self.send(request, 201, [
                ("Location", f"{self.hosts['main']}/v2/{repository}/manifests/{digest}"),
                ("Docker-Content-Digest", self.named(digest))])


async def start(_):
    hostile = Hostile(wire.settings())
    for host in ("main", "elsewhere"):
        _, port = await wire.listen(hostile.server(host))
        # By another name too, so that who compares names and forgets ports does right as well.
        hostile.hosts[host] = f"http://{'127.0.0.1' if host == 'main' else 'localhost'}:{port}"
    return hostile, {"hosts": hostile.hosts}


if __name__ == "__main__":
    wire.Control().run(start)
