"""A running imgwatch and the registry that it fills, as the benchmarks time them, for scripts/bench."""
import gzip
import http.client
import io
import json
import os
import queue
import random
import re
import subprocess
import tarfile
import threading
import time

import bench_peers

PATIENCE = 120  # seconds without what is waited for
POLL = 0.0005  # seconds between two questions to a registry
PAUSE = (0.15, 0.25)  # seconds after each edit
TYPES = ", ".join(
    f"application/vnd.{name}+json" for name in ("oci.image.manifest.v1", "docker.distribution.manifest.v2"))


class Wrong(Exception):
    """A figure would mean nothing."""


class Tag:
    """A tag of a registry, asked for over one connection that is kept open."""

    def __init__(self, port, repository, tag):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.repository, self.tag = repository, tag

    def request(self, method, path):
        self.connection.request(method, f"/v2/{self.repository}/{path}", headers={"Accept": TYPES})
        answer = self.connection.getresponse()
        return answer, answer.read()

    def digest(self):
        answer, _ = self.request("HEAD", "manifests/" + self.tag)
        return answer.headers["Docker-Content-Digest"] if answer.status == 200 else None

    def wait_for_another(self, digest, poll=POLL):
        """The new digest, and the moment at which it was known."""
        end = time.perf_counter() + PATIENCE
        while True:
            new, now = self.digest(), time.perf_counter()
            if new not in (None, digest):
                return new, now
            if now > end:
                raise Wrong(f"{self.repository}:{self.tag} is the same after {PATIENCE} s")
            time.sleep(poll)

    def check(self, digest, name, data):
        """The last layer of the image of this digest holds these bytes under this name."""
        _, manifest = self.request("GET", "manifests/" + digest)
        _, layer = self.request("GET", "blobs/" + json.loads(manifest)["layers"][-1]["digest"])
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(layer))) as archive:
            if archive.extractfile("app/" + name).read() != data:
                raise Wrong(f"{self.repository}:{self.tag} does not hold the edit of {name}")


def time_edits(tag, edits, count):
    """Seconds from each save to the manifest under the tag: of all, and of those by rename."""
    all_times, renames = [], []
    digest = tag.wait_for_another(None)[0]
    for _ in range(count):
        name, data, is_rename, start = edits.next()
        digest, end = tag.wait_for_another(digest)
        tag.check(digest, name, data)
        all_times.append(end - start)
        if is_rename:
            renames.append(end - start)
        time.sleep(random.uniform(*PAUSE))
    return all_times, renames


class Loop:
    """`imgwatch up --output json`, and its events with the seconds since its start."""

    def __init__(self, imgwatch, project, state, environment=os.environ):
        homes = {f"XDG_{name}_HOME": f"{state}/{name}" for name in ("STATE", "DATA", "CACHE", "CONFIG")}
        self.lines = queue.Queue()
        self.start = time.perf_counter()
        self.process = subprocess.Popen(
            [imgwatch, "up", "--output", "json"], cwd=project, env=environment | homes, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, start_new_session=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put((time.perf_counter() - self.start, line))
        self.lines.put((0, None))

    def wait(self, name):
        while True:
            try:
                moment, line = self.lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise Wrong(f"imgwatch did not say {name} within {PATIENCE} s") from None
            if line is None:
                raise Wrong(f"imgwatch ended by itself, with exit code {self.process.wait()}")
            event = json.loads(line)
            if "event" not in event:  # it does not take its configuration
                raise Wrong("; ".join(found["reason"] for found in event["diagnostics"]))
            if event["event"] in ("failed", "blocked"):
                raise Wrong(f"imgwatch: {event}")
            if event["event"] == name:
                return moment, event

    def memory(self):
        """RSS and PSS in bytes."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as file:
            rows = dict(re.findall(r"(\w+): +(\d+) kB", file.read()))
        return int(rows["Rss"]) * 1024, int(rows["Pss"]) * 1024

    def processor_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        bench_peers.end(self.process)
