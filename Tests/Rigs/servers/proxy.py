"""A reverse proxy before a registry: it records every request, and does to some of them what its rules say.

A rule's fields: `method` and `path` (regular expressions; the path has its query), `nth` (from the n-th request that
they match), `times` (so often; 0 for ever), `token_uses` (only where the token was seen more often than that), and what
to do, as the function of that name below says:
answer, redirect, cut, hold, delay, unauthorized, drop, rewrite, endless.
"""
import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
import ssl
import time
from urllib.parse import urlsplit

import wire

BODY_KEPT = 1 << 16  # bodies up to this size are in the record: manifests and configurations
HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "proxy-connection", "upgrade"}
REALM = "/.realm/"  # requests for /.realm/HOST:PORT/PATH go to that host


class Rule:
    def __init__(self, fields):
        self.fields, self.matches, self.uses = fields, 0, 0
        self.method = re.compile(fields.get("method") or ".*")
        self.path = re.compile(fields.get("path") or "")

    def wants(self, record, uses_of_token):
        """Counts a request that it matches, and says whether it is this one's turn."""
        if not self.method.fullmatch(record["method"]) or not self.path.search(record["path"]):
            return False
        uses = self.fields.get("token_uses")
        if uses is not None and uses_of_token <= uses:
            return False
        self.matches += 1
        times = self.fields.get("times", 1)
        if self.matches < self.fields.get("nth", 1) or times and self.uses >= times:
            return False
        return True


class Backend:
    """The connection to the registry that belongs to one connection of a client."""

    def __init__(self):
        self.origin = self.reader = self.writer = None

    async def open(self, origin):
        if self.writer and (self.origin != origin or self.reader.at_eof() or self.writer.is_closing()):
            self.close()
        if not self.writer:
            place = urlsplit(origin)
            tls = None
            if place.scheme == "https":
                tls = ssl.create_default_context()
                tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
            self.reader, self.writer = await asyncio.open_connection(
                place.hostname, place.port, limit=wire.HEAD_LIMIT, ssl=tls)
            self.origin = origin

    def close(self):
        if self.writer:
            self.writer.transport.abort()
        self.origin = self.reader = self.writer = None


class Exchange:
    """One request and its response."""

    def __init__(self, proxy, client, backend, head, number):
        self.proxy, self.backend, self.head = proxy, backend, head
        self.reader, self.writer = client
        self.method, path, _ = head.first.split(" ", 2)
        self.record = {
            "connection": number, "method": self.method, "path": path, "headers": head.headers, "head": head.size,
            "bytes": 0, "body": None, "status": None, "backend": None, "sent": 0, "rule": None,
            "start": time.monotonic(), "end": None}
        self.kept, self.is_read = bytearray(), False
        proxy.records.append(self.record)
        self.rule = proxy.rule(self.record)
        self.fault = self.rule.get("do")

    async def run(self):
        """Gives whether the connection can be used again."""
        try:
            before = getattr(self, "before_" + self.fault, None) if self.fault else None
            done = await before() if before else None
            return await self.forward() if done is None else done
        finally:
            self.record["end"] = time.monotonic()

    # The client's body.

    async def body(self):
        if (self.head.get("expect") or "").lower() == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async for piece in wire.request_body(self.reader, self.head):
            self.record["bytes"] += len(piece)
            if len(self.kept) <= BODY_KEPT:
                self.kept += piece
            yield piece
        self.is_read = True
        if len(self.kept) <= BODY_KEPT:
            self.record["body"] = base64.b64encode(self.kept).decode()

    # Instead of forwarding.

    async def before_answer(self):
        """`status`, `headers`, `text`; `early`: without reading the body, which ends the connection."""
        early = self.rule.get("early", False)
        if not early:
            async for _ in self.body():
                pass
        headers = list((self.rule.get("headers") or {}).items()) + ([("Connection", "close")] if early else [])
        text = (self.rule.get("text") or "").encode()
        data = wire.response(self.rule["status"], headers, text)
        self.writer.write(data[:len(data) - len(text)] if self.method == "HEAD" else data)
        self.record["status"], self.record["sent"] = self.rule["status"], len(data)
        await self.writer.drain()
        if early:  # what the client still sends is taken, or else it would get a reset and not the answer
            if self.writer.can_write_eof():
                self.writer.write_eof()
            async for _ in self.body():
                pass
        return not early

    async def before_redirect(self):
        """`status`, and `to`: the origin at which the same path is."""
        self.rule = self.rule | {"headers": {"Location": self.rule["to"] + self.record["path"]}}
        return await self.before_answer()

    async def before_cut(self):
        """`at`: start; request (after `bytes` of the body); answered (the registry did it, and nobody is told);
        response (after `bytes` of its body). `reset`: as a crash does, and not by closing."""
        if self.rule["at"] == "start":
            return self.cut()
        return None

    async def before_hold(self):
        """`at`: start, or answered. Goes on when the test says so, or never."""
        if self.rule["at"] == "start":
            await self.proxy.released.wait()

    async def before_delay(self):
        """`seconds`."""
        await asyncio.sleep(self.rule["seconds"])

    async def before_unauthorized(self):
        """The registry gets the request without what proves who sends it, and asks for it as it always does."""
        self.head.set("Authorization", None)

    async def before_drop(self):
        """`digest`, or of the manifest that is sent here: config, first, last (layer). The registry loses that blob."""
        digest = self.rule["digest"]
        if ":" not in digest:
            pieces = b"".join([piece async for piece in self.body()])
            manifest = json.loads(pieces)
            layers = manifest["layers"]
            digest = {"config": manifest["config"], "first": layers[0], "last": layers[-1]}[digest]["digest"]
            self.body = lambda: self.again(pieces)
        self.proxy.forget(digest)

    async def again(self, pieces):
        yield pieces

    def cut(self):
        if self.rule.get("reset"):
            wire.reset(self.writer)
        else:
            self.writer.close()
        self.backend.close()
        return False

    # Forwarding.

    async def forward(self):
        origin, path = self.proxy.origin, self.record["path"]
        if path.startswith(REALM):
            host, _, path = path[len(REALM):].partition("/")
            origin, path = "http://" + host, "/" + path
        try:
            await self.backend.open(origin)
        except OSError:
            self.writer.transport.abort()
            return False
        head = wire.Head(f"{self.method} {path} HTTP/1.1", [
            pair for pair in self.head.headers if pair[0].lower() not in HOP])
        if wire.is_chunked(self.head):
            head.set("Transfer-Encoding", "chunked")
        self.backend.writer.write(head.encoded())
        sending = asyncio.ensure_future(self.send(wire.is_chunked(self.head)))
        answering = asyncio.ensure_future(self.answered(sending))
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done() and sending.result() is False:
                return self.cut()
            is_kept = await answering
            if is_kept is not None:
                await sending
            return bool(is_kept)
        finally:
            answering.cancel()
            sending.cancel()

    async def send(self, is_chunked):
        """Passes the body on; False where the rule cuts here. A registry that takes no more of it may still answer."""
        left = self.rule["bytes"] if self.fault == "cut" and self.rule["at"] == "request" else None
        target, is_taken = self.backend.writer, True
        async for piece in self.body():
            if left is not None:
                piece, left = piece[:left], left - len(piece)
            if is_taken:
                try:
                    target.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
                    await target.drain()
                except OSError:
                    is_taken = False
            if left is not None and left <= 0:
                return False
        if is_chunked and is_taken:
            target.write(b"0\r\n\r\n")
        return left is None

    async def answered(self, sending):
        """Passes the response on; None where the connection is to be left at once."""
        head = await wire.read_head(self.backend.reader)
        while head and head.status < 200:
            head = await wire.read_head(self.backend.reader)
        if head is None:
            self.backend.close()
            self.writer.transport.abort()
            return None
        self.record["backend"] = head.status
        at = self.rule.get("at")
        if self.fault == "cut" and at == "answered":
            await sending
            body, _ = wire.response_body(self.backend.reader, head, self.method)
            async for _ in body:
                pass
            self.cut()
            return None
        if self.fault == "hold" and at == "answered":
            await self.proxy.released.wait()
        return await self.answer(head)

    async def answer(self, head):
        body, is_open = wire.response_body(self.backend.reader, head, self.method)
        closes = (head.get("connection") or "").lower() == "close" or is_open
        head.headers = [pair for pair in head.headers if pair[0].lower() not in HOP]
        self.redirect_to_here(head)
        if self.fault == "rewrite":
            for name, value in (self.rule.get("headers") or {}).items():
                head.set(name, value)
            if self.rule.get("status"):
                head.first = f"HTTP/1.1 {self.rule['status']} Rewritten"
        if self.fault == "endless":
            head.set("Content-Length", None)
        has_body = self.method != "HEAD" and head.status not in (204, 304)
        is_chunked = has_body and head.get("content-length") is None
        if is_chunked:
            head.set("Transfer-Encoding", "chunked")
        if closes:
            head.set("Connection", "close")
        self.record["status"] = head.status
        data = head.encoded()
        self.record["sent"] += len(data)
        self.writer.write(data)
        if not await self.pass_body(body, is_chunked):
            self.cut()
            return None
        if closes:
            self.backend.close()
        return not closes and (self.head.get("connection") or "").lower() != "close"

    async def pass_body(self, body, is_chunked):
        """False where the rule cuts here."""
        left = self.rule["bytes"] if self.fault == "cut" and self.rule["at"] == "response" else None
        if self.fault == "endless":
            body = endless()
        async for piece in body:
            if left is not None:
                piece, left = piece[:left], left - len(piece)
            self.record["sent"] += len(piece)
            self.writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked and piece else piece)
            await self.writer.drain()
            if left is not None and left <= 0:
                return False
        if is_chunked:
            self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        return left is None

    def redirect_to_here(self, head):
        """So that who follows a Location, or asks for a token where told, comes by again."""
        here, origin = self.proxy.here, self.proxy.origin
        location, challenge = head.get("location"), head.get("www-authenticate")
        if location and location.startswith(origin + "/"):
            head.set("Location", here + location[len(origin):])
        if challenge and self.proxy.passes_realm:
            head.set("WWW-Authenticate", re.sub(
                r'realm="http://([^"]*)"', lambda found: f'realm="{here}{REALM}{found.group(1)}"', challenge))


async def endless():
    while True:
        yield b" " * (1 << 16)


class Proxy:
    def __init__(self, options):
        self.origin, self.storage = options["origin"], options.get("storage")
        self.passes_realm = options.get("passes_realm", True)
        self.here, self.connections, self.uses = None, 0, {}
        self.do_reset()

    async def serve(self, reader, writer):
        number, backend = None, Backend()
        try:
            while head := await wire.read_head(reader):
                if number is None:  # who asked nothing does not count
                    number = self.connections = self.connections + 1
                if not await Exchange(self, (reader, writer), backend, head, number).run():
                    return
        finally:
            backend.close()

    def rule(self, record):
        """The fields of the first rule whose turn it is; every rule counts what it matches."""
        token = next((value for name, value in record["headers"] if name.lower() == "authorization"), None)
        uses = self.uses[token] = self.uses.get(token, 0) + 1
        wanted = [(index, rule) for index, rule in enumerate(self.rules) if rule.wants(record, uses if token else 0)]
        if not wanted:
            return {}
        index, rule = wanted[0]
        rule.uses += 1
        record["rule"] = index
        return rule.fields

    def forget(self, digest):
        """Deletes a blob, and every repository's link to it, below the registry's storage."""
        algorithm, _, name = digest.partition(":")
        base = os.path.join(self.storage, "docker/registry/v2")
        shutil.rmtree(os.path.join(base, "blobs", algorithm, name[:2], name))
        for place, folders, _ in os.walk(os.path.join(base, "repositories")):
            if place.endswith(f"_layers/{algorithm}") and name in folders:
                shutil.rmtree(os.path.join(place, name))

    def do_rules(self, rules):
        self.rules = [Rule(fields) for fields in rules]
        for rule in self.rules:
            if not hasattr(Exchange, "before_" + rule.fields["do"]) and rule.fields["do"] not in ("rewrite", "endless"):
                raise ValueError(f"no rule does {rule.fields['do']}")
        self.released = asyncio.Event()

    def do_release(self):
        """What is held goes on, and what a rule would hold from now on isn't."""
        self.released.set()

    def do_requests(self):
        return self.records

    def do_totals(self):
        return {"requests": len(self.records), "connections": self.connections,
                "body_in": sum(record["bytes"] for record in self.records),
                "wire_in": sum(record["bytes"] + record["head"] for record in self.records),
                "wire_out": sum(record["sent"] for record in self.records)}

    def do_origin(self, origin):
        self.origin = origin

    def do_reset(self):
        """Forgets the requests and the rules."""
        self.records = []
        self.uses.clear()
        self.do_rules([])


async def start(control):
    options = wire.settings()
    proxy, tls = Proxy(options), None
    if options.get("certificate"):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options["certificate"], options["key"])
    _, port = await wire.listen(proxy.serve, options.get("port", 0), tls)
    proxy.here = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    proxy.do_rules(options.get("rules", []))
    return proxy, {"port": port}


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        wire.Control().run(start)
