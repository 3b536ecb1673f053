#!/usr/bin/env python3
"""Pushes to docker-registry on tmpfs: their time, their requests, and their time beside skopeo's, for scripts/bench.

    scripts/bench_pushes.py [--rounds N]

By itself it times skopeo alone, with an image of 200 MB of which one half can't be compressed.
"""
import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
# Neighbours of this file.
import bench_peers  # noqa: E402
from bench_loop import Loop, Tag, Wrong, time_edits  # noqa: E402
from bench_projects import Edits  # noqa: E402

RIGS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../Tests/Rigs/servers")
REPOSITORY = "bench/app"
COARSE = 0.01  # seconds between two questions: while the processor has better things to do, and a push takes long
QUIET = 0.3  # seconds after `idle` in which requests still count as the push's: what it prepares for the next one


class Counter:
    """The proxy of the tests' rigs before a registry: it counts what goes through it."""

    def __init__(self, port):
        settings = json.dumps({"origin": f"http://127.0.0.1:{port}"})
        self.process = subprocess.Popen(
            [sys.executable, "-B", RIGS + "/proxy.py", settings], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.port = self._answer()["port"]

    def _answer(self):
        return json.loads(self.process.stdout.readline())["answer"]

    def totals(self):
        self.process.stdin.write('{"do": "totals"}\n')
        self.process.stdin.flush()
        return self._answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


@contextlib.contextmanager
def registry():
    with tempfile.TemporaryDirectory(prefix="imgwatch-bench-") as folder, bench_peers.registry(folder) as port:
        yield port


@contextlib.contextmanager
def counter(port):
    found = Counter(port)
    try:
        yield found
    finally:
        found.end()


@contextlib.contextmanager
def loop(imgwatch, project, state, port):
    """imgwatch, as it pushes to a port; and the seconds from its start until it was `ready`."""
    path = project + "/.imgwatch"
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"registry: 127.0.0.1:{port}/bench\n{text}")
    running = Loop(imgwatch, project, state)
    try:
        try:
            ready = running.wait("ready")[0]
        except Wrong as problem:
            raise bench_peers.Missing(str(problem)) from None
        yield running, ready
    finally:
        running.end()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def time_edits_pushed(imgwatch, project, state, count):
    """Seconds from each save to the manifest in the registry: of all, and of those by rename."""
    with registry() as port, loop(imgwatch, project, state, port) as (running, _):
        running.wait("idle")
        return time_edits(Tag(port, REPOSITORY, "dev"), Edits(project + "/app", seed=5), count)


def count_requests(imgwatch, project, state, count):
    """What each edit of one file costs in requests and bytes."""
    with registry() as port, counter(port) as counted, loop(imgwatch, project, state, counted.port) as (running, _):
        running.wait("idle")
        tag, edits, costs = Tag(port, REPOSITORY, "dev"), Edits(project + "/app", seed=6), []
        digest = tag.wait_for_another(None)[0]
        for _ in range(count):
            time.sleep(QUIET)
            before = counted.totals()
            edits.next()
            digest, _ = tag.wait_for_another(digest, COARSE)
            running.wait("idle")
            time.sleep(QUIET)
            after = counted.totals()
            costs.append({name: after[name] - before[name] for name in before})
        return costs


def skopeo_words(*words):
    return [bench_peers.tool("skopeo"), "--insecure-policy", "copy", "--quiet", *words]


def cold_push_by_skopeo(layout):
    """Seconds from its start until the image is readable in an empty registry; and the image's digest."""
    with registry() as port:
        words = skopeo_words("--dest-tls-verify=false", layout, f"docker://127.0.0.1:{port}/{REPOSITORY}:dev")
        start = time.perf_counter()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        try:
            digest, end = Tag(port, REPOSITORY, "dev").wait_for_another(None, COARSE)
        finally:
            status = process.wait()
        if status != 0:
            raise Wrong(f"skopeo copy: status {status}")
        return end - start, digest


def cold_push_by_imgwatch(imgwatch, project, state, layout=None):
    """Seconds from its start, and from `ready`, until the image is readable in an empty registry; and its digest. Keeps
    the image in a layout, if there shall be one."""
    with registry() as port, loop(imgwatch, project, state, port) as (running, ready):
        digest, end = Tag(port, REPOSITORY, "dev").wait_for_another(None, COARSE)
        running.wait("idle")
        if layout:
            source = f"docker://127.0.0.1:{port}/{REPOSITORY}:dev"
            subprocess.run(skopeo_words("--preserve-digests", "--src-tls-verify=false", source, layout), check=True)
        return end - running.start, end - running.start - ready, digest


def time_cold_pushes(imgwatch, project, state, rounds):
    """The same image, blob for blob, by turns to registries that know nothing: seconds by who pushes."""
    names = ("imgwatch, from `ready`", "imgwatch, from its start", "skopeo copy")
    times = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="imgwatch-bench-") as folder:
        layout = f"oci:{folder}/image:app"
        # The first ones build what is missing, and fill caches.
        expected = cold_push_by_imgwatch(imgwatch, project, state, layout)[2]
        cold_push_by_skopeo(layout)
        for number in range(rounds):
            for is_own in (True, False) if number % 2 == 0 else (False, True):
                if is_own:
                    whole, pushing, digest = cold_push_by_imgwatch(imgwatch, project, state)
                    times[names[0]].append(pushing)
                    times[names[1]].append(whole)
                else:
                    seconds, digest = cold_push_by_skopeo(layout)
                    times[names[2]].append(seconds)
                if digest != expected:
                    raise Wrong(f"{REPOSITORY}:dev is another image after the push of another tool")
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="imgwatch-bench-") as folder:
        image = json.dumps({"large": {"kind": "large", "megabytes": 200}})
        subprocess.run([sys.executable, "-B", RIGS + "/layout.py", folder, image], check=True, stdout=sys.stderr)
        times = [cold_push_by_skopeo(f"oci:{folder}:large")[0] for _ in range(rounds + 1)][1:]
    print(f"skopeo copy: median {statistics.median(times):.3f} s [{min(times):.3f} - {max(times):.3f}]")


if __name__ == "__main__":
    main()
