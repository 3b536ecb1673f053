"""What the gate was asked, and which requests it spoils: a test's instruments."""
import base64
import re
import threading
import time

# So much of a body is kept; an image's layer may be larger, and no secret is looked for behind it.
KEPT = 4 << 20


class Entry:
    def __init__(self, request, service, operation, caller):
        self.time, self.request = time.time(), request
        self.service, self.operation, self.caller = service, operation, caller
        self.status, self.verdict = None, None

    def matches(self, pattern):
        name, line = f"{self.service} {self.operation}", f"{self.request.method} {self.request.target}"
        return bool(re.search(pattern, name) or re.search(pattern, line))

    def summary(self):
        request = self.request
        return {
            "time": self.time, "service": self.service, "operation": self.operation, "method": request.method,
            "path": request.target, "size": len(request.body), "status": self.status, "verdict": self.verdict or "",
            "caller": self.caller}

    def full(self):
        body = self.request.body[:KEPT]
        return dict(self.summary(), headers=[list(pair) for pair in self.request.headers],
                    body=base64.b64encode(body).decode())


class Journal:
    def __init__(self):
        self.entries, self.lock = [], threading.Lock()

    def add(self, entry):
        with self.lock:
            self.entries.append(entry)

    def clear(self):
        with self.lock:
            self.entries.clear()

    def summaries(self):
        with self.lock:
            return [entry.summary() for entry in self.entries]

    def requests(self, pattern):
        with self.lock:
            return [entry.full() for entry in self.entries if entry.matches(pattern)]


class Faults:
    """Rules, each for the requests that have a match of its expression: `SERVICE OPERATION`, or `METHOD PATH`."""

    def __init__(self):
        self.rules, self.lock, self.released = [], threading.Lock(), threading.Event()

    def set(self, rules):
        for rule in rules:
            re.compile(rule["match"])
        with self.lock:
            self.rules = [dict(rule, used=0) for rule in rules]
            # Who is held under the old rules goes on.
            self.released.set()
            self.released = threading.Event()

    def release(self):
        self.released.set()

    def take(self, entry):
        """The first rule that is for the request and not used up; None where it is left alone."""
        with self.lock:
            for rule in self.rules:
                if rule["used"] < rule.get("times", 1) and entry.matches(rule["match"]):
                    rule["used"] += 1
                    return dict(rule, event=self.released)
        return None
