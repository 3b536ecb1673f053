"""HTTP for the gate and for its registry: reads whole requests, records and spoils them, and sends whole answers."""
import email.utils
import socket
import time
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from journal import Entry
from messages import Answer, Refusal, Request

METHODS = ("GET", "PUT", "POST", "HEAD", "DELETE", "PATCH")
PATIENCE = 60  # seconds for which a request is held at most


class Dropped(Exception):
    """The connection ends without an answer."""


def spoil(rule):
    """Before the request is carried out; gives what is refused instead of that."""
    if rule.get("hold"):
        rule["event"].wait(PATIENCE)
    if rule.get("delay"):
        time.sleep(rule["delay"])
    if rule.get("drop"):
        raise Dropped
    if rule.get("status"):
        code = rule.get("code", "InternalFailure")
        raise Refusal(rule["status"], code, rule.get("message", "injected"), list(rule.get("headers", {}).items()))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    service = None  # set by `serve`

    def log_message(self, *words):
        """The journal has it."""

    def read_body(self):
        if "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while length := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(length))
            self.rfile.readline()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        return b"".join(pieces)

    def handle_request(self):
        try:
            self.answer(Request(self.command, self.path, list(self.headers.items()), self.read_body()))
        except (OSError, ValueError):
            self.close_connection = True

    def answer(self, request):
        service, gate = self.service, self.service.gate
        entry = Entry(request, *service.name(request))
        rule = None
        if entry.caller != gate.CONTROL:
            gate.journal.add(entry)
            rule = gate.faults.take(entry)
        try:
            answer = self.carried_out(request, rule)
        except Dropped:
            entry.verdict = entry.verdict or "dropped"
            # So that the other side sees it at once, also where a thread still holds the socket.
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        entry.status, entry.verdict = answer.status, answer.code
        if rule and rule.get("dropAfter"):
            entry.verdict = "dropped after"
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if rule and not rule.get("status"):
            answer.headers += list(rule.get("headers", {}).items())
        self.send(answer)

    def carried_out(self, request, rule):
        try:
            if rule:
                spoil(rule)
            return self.service.carry_out(request)
        except Refusal as refusal:
            return self.service.refused(request, refusal)
        except Dropped:
            raise
        except Exception:  # a mistake of the rig: the test shall see it
            traceback.print_exc()
            text = "the rig made a mistake: " + traceback.format_exc(limit=-1)
            return self.service.refused(request, Refusal(500, "RigFailure", text))

    def send(self, answer):
        has_length = any(name.lower() == "content-length" for name, _ in answer.headers)
        lines = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('Status',))[0]}",
                 f"x-amzn-RequestId: {uuid.uuid4()}",
                 f"Date: {email.utils.formatdate(self.service.gate.clock(), usegmt=True)}",
                 *(f"{name}: {value}" for name, value in answer.headers)]
        if not (has_length and self.command == "HEAD") and answer.status != 204:
            lines = [line for line in lines if not line.lower().startswith("content-length:")]
            lines.append(f"Content-Length: {len(answer.body)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        # At once: two small writes would wait for each other.
        self.wfile.write(head + (b"" if self.command == "HEAD" else answer.body))


for verb in METHODS:
    setattr(Handler, "do_" + verb, Handler.handle_request)


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


def serve(service):
    """A server on a free port that gives its requests to the service, not yet running."""
    handler = type("ServiceHandler", (Handler,), {"service": service})
    return Server(("127.0.0.1", 0), handler)


# And those that the gate gives every answer by itself.
HOP_HEADERS = {"connection", "transfer-encoding", "content-length", "date", "server", "keep-alive", "x-amzn-requestid"}


def passed_on(status, headers, body, code=""):
    """An answer of another server, less what concerns only the connection to it."""
    kept = [(name, value) for name, value in headers if name.lower() not in HOP_HEADERS]
    length = next((value for name, value in headers if name.lower() == "content-length"), None)
    return Answer(status, body, kept + ([("Content-Length", length)] if length else []), code)
