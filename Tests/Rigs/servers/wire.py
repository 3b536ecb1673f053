"""What the rigs' servers share: HTTP/1.1 on asyncio's streams, and the line of command from the test that started them.

A test's commands come as lines of JSON on standard input, and each is answered by one line. The end of the input is the
end of the test, however it ended: then everything that was started goes away, and so does the private folder.
"""
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import traceback

PIECE = 1 << 18
HEAD_LIMIT = 1 << 20
TLS = b"\x16"  # how a client begins that tries TLS first; it shall not wait for an answer
REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 307:
           "Temporary Redirect", 302: "Found", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}


class Ended(Exception):
    """The other side of a connection is gone."""


class Head:
    """The first line and the headers of a request or a response."""

    def __init__(self, first, headers, size=0):
        self.first, self.headers, self.size = first, headers, size

    def get(self, name, default=None):
        return next((value for key, value in self.headers if key.lower() == name), default)

    def set(self, name, value):
        """Replaces or adds a header; None takes it away."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        if value is not None:
            self.headers.append((name, value))

    def encoded(self):
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    @property
    def status(self):
        return int(self.first.split(" ", 2)[1])


async def read_head(reader):
    """None where the connection ends before a head does."""
    try:
        start = await reader.readexactly(1)
        if start == TLS:
            return None
        raw = start + await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
        return None
    first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return Head(first, headers, len(raw))


async def read_counted(reader, length):
    while length > 0:
        piece = await reader.read(min(length, PIECE))
        if not piece:
            raise Ended
        length -= len(piece)
        yield piece


async def read_chunked(reader):
    try:
        while True:
            length = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
            if length == 0:
                while await reader.readuntil(b"\r\n") != b"\r\n":
                    pass
                return
            async for piece in read_counted(reader, length):
                yield piece
            await reader.readexactly(2)
    except (asyncio.IncompleteReadError, ValueError) as problem:
        raise Ended from problem


async def read_to_end(reader):
    while piece := await reader.read(PIECE):
        yield piece


async def nothing():
    for piece in ():
        yield piece


def is_chunked(head):
    return "chunked" in head.get("transfer-encoding", "").lower()


def request_body(reader, head):
    if is_chunked(head):
        return read_chunked(reader)
    length = int(head.get("content-length", "0"))
    return read_counted(reader, length) if length else nothing()


def response_body(reader, head, method):
    """The pieces of a response's body; the second value says whether only the connection's end ends them."""
    if method == "HEAD" or head.status in (204, 304) or head.status < 200:
        return nothing(), False
    if is_chunked(head):
        return read_chunked(reader), False
    length = head.get("content-length")
    return (read_to_end(reader), True) if length is None else (read_counted(reader, int(length)), False)


def response(status, headers=(), body=b""):
    """A whole response; its length is said, unless the headers say one already."""
    names = {name.lower() for name, _ in headers}
    rest = [] if names & {"content-length", "transfer-encoding"} else [("Content-Length", str(len(body)))]
    first = f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"
    return Head(first, [*headers, *rest]).encoded() + body


def reset(writer):
    """Ends a connection as a crash would: the other side gets a reset, also for what is on its way."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def finish(writer):
    with contextlib.suppress(OSError, Ended):
        writer.close()
        await writer.wait_closed()


async def listen(serve, port=0, tls=None):
    """Serves each connection until it ends; gives the server and its port."""

    async def guarded(reader, writer):
        try:
            await serve(reader, writer)
        except (Ended, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception:  # a mistake of the rig: the test shall see it
            traceback.print_exc()
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", port, limit=HEAD_LIMIT, ssl=tls, backlog=512)
    return server, server.sockets[0].getsockname()[1]


# The line of command.

class Control:
    """Answers the test's commands by the methods of `target`, which is told their fields as arguments."""

    def __init__(self, prefix="imgwatch-rig-"):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # who types it means the test; the end of the input follows
        shared = "/dev/shm"
        self.folder = tempfile.mkdtemp(prefix=prefix, dir=shared if os.access(shared, os.W_OK) else None)
        self.at_end = []

    def say(self, answer):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    def end(self):
        for action in self.at_end:
            with contextlib.suppress(Exception):
                action()
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)

    def follow(self, call):
        """Carries out commands until the input ends; `call` is given each and gives its answer."""
        try:
            for line in sys.stdin:
                try:
                    self.say({"answer": call(json.loads(line))})
                except Exception as problem:  # the test's to see, whatever it is
                    self.say({"problem": f"{type(problem).__name__}: {problem}"})
        finally:
            self.end()

    def run(self, start):
        """Runs a server on asyncio's loop: `start` gives it, with what to say first; its `do_NAME` are the commands."""
        loop = asyncio.new_event_loop()
        target, first = loop.run_until_complete(start(self))

        def call(command):
            async def carry_out():
                return perform(target, command)

            return asyncio.run_coroutine_threadsafe(carry_out(), loop).result()

        self.say({"answer": first})
        threading.Thread(target=self.follow, args=(call,), daemon=True).start()
        loop.run_forever()


def perform(target, command):
    return getattr(target, "do_" + command["do"])(**command.get("with", {}))


def settings():
    """What the test wants of the server: its first argument."""
    return json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
