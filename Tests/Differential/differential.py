"""Builds Dockerfiles with imgwatch and with real engines, and compares file systems and configurations.

    differential.py IMGWATCH [--engines docker,buildah] [--heads buildah] [--only NAME]... [--random SEED COUNT] [--keep FOLDER]

Needs root, /usr/bin/docker with dockerd, buildah and skopeo. Prints each difference that is not documented in
docs/dockerfile.md; the exit code is 1 where there is one.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import images
import worlds

HERE = os.path.dirname(os.path.abspath(__file__))


class Case:
    def __init__(self, name, text, ignore=None, target=None):
        self.name, self.text, self.ignore, self.target = name, text, ignore, target


def fixed():
    cases = []
    with open(os.path.join(HERE, "cases.txt")) as file:
        for part in file.read().split("### ")[1:]:
            head, text = part.split("\n", 1)
            name, *words = head.split()
            text, _, ignore = text.partition("--- ignore\n")
            target = dict(word.split("=") for word in words).get("target")
            cases.append(Case(name, text, ignore or None, target))
    return cases


def run(words, environment, **more):
    return subprocess.run(words, env=environment, capture_output=True, text=True, errors="replace", **more)


@contextlib.contextmanager
def daemon(folder):
    """A docker daemon of our own."""
    words = [
        "/usr/sbin/dockerd", "--data-root", folder + "/docker", "--exec-root", folder + "/docker-exec",
        "-H", f"unix://{folder}/docker.sock", "-p", folder + "/dockerd.pid", "--iptables=false", "--ip6tables=false",
        "--ip-forward=false", "--ip-masq=false", "--bridge=none", "--storage-driver=overlay2",
    ]
    with open(folder + "/dockerd.log", "w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        for _ in range(300):
            if os.path.exists(folder + "/docker.sock") and run(
                ["/usr/bin/docker", "-H", f"unix://{folder}/docker.sock", "version"], os.environ
            ).returncode == 0:
                break
            if process.poll() is not None:
                raise OSError("dockerd does not start: " + open(folder + "/dockerd.log").read()[-2000:])
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


class Bench:
    """Everything that one comparison needs, in one folder."""

    def __init__(self, imgwatch, folder, engines, heads):
        self.imgwatch, self.folder, self.engines, self.heads = imgwatch, folder, engines, heads
        os.makedirs(folder + "/config", exist_ok=True)
        for name, text in {
            "config/config.json": "{}",
            "storage.conf": f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/cs"\nrunroot = "{folder}/csrun"\n',
        }.items():
            with open(f"{folder}/{name}", "w") as file:
                file.write(text)
        self.environment = dict(
            os.environ, DOCKER_HOST=f"unix://{folder}/docker.sock", DOCKER_CONFIG=folder + "/config",
            DOCKER_BUILDKIT="1", CONTAINERS_STORAGE_CONF=folder + "/storage.conf", BUILDAH_ISOLATION="chroot",
            XDG_STATE_HOME=folder + "/state", XDG_DATA_HOME=folder + "/data", PATH="/usr/bin:" + os.environ["PATH"],
        )
        self.context = folder + "/project/context"

    def write(self, cases):
        worlds.context(self.context)
        lines = ["builder: auto", "images:"]
        for case in worlds.bases() + cases:
            path = f"{self.folder}/project/{case.name}.dockerfile"
            with open(path, "w") as file:
                file.write(case.text)
            with open(path + ".dockerignore", "w") as file:
                file.write(case.ignore or "# nothing\n")
            lines.append(f"  {case.name}: {{ context: context, dockerfile: {case.name}.dockerfile"
                         + (f", target: {case.target}" if case.target else "") + " }")
        with open(self.folder + "/project/.imgwatch", "w") as file:
            file.write("\n".join(lines) + "\n")

    def build_all(self):
        """By imgwatch; gives its output."""
        environment = dict(self.environment)
        # The first engine that works is taken.
        if self.heads != "docker":
            environment["DOCKER_HOST"] = "unix:///nowhere"
        return run([self.imgwatch, "build", "--file", self.folder + "/project/.imgwatch"], environment)

    def results(self):
        """What imgwatch made, by the name of the case."""
        store = os.path.join(self.folder, "data/imgwatch")
        layout = images.Layout(os.path.join(store, os.listdir(store)[0]))
        found = {}
        for name, digest in layout.names().items():
            if not name.startswith("_/"):
                found[name.split(":")[0]] = digest
        return layout, found

    def give_bases(self, layout, found):
        for base in worlds.bases():
            name = next(n for n, d in layout.names().items() if d == found[base.name] and not n.startswith("_/"))
            source = f"oci:{layout.path}:{name}"
            if "docker" in self.engines:
                self.must(["skopeo", "copy", "-q", source, f"docker-archive:{self.folder}/{base.name}.tar:{base.name}:latest"])
                self.must(["/usr/bin/docker", "load", "-q", "-i", f"{self.folder}/{base.name}.tar"])
            if "buildah" in self.engines:
                identity = self.must(["buildah", "pull", "-q", source]).strip()
                self.must(["buildah", "tag", identity, f"localhost/{base.name}"])

    def must(self, words):
        done = run(words, self.environment)
        if done.returncode:
            raise OSError(f"{' '.join(words)}: {done.stderr}")
        return done.stdout

    def docker(self, case):
        words = ["/usr/bin/docker", "build", "-q", "--network", "host", "-t", "c-" + case.name.lower()]
        words += ["-f", f"{self.folder}/project/{case.name}.dockerfile"]
        words += ["--target", case.target] if case.target else []
        done = run(words + [self.context], self.environment)
        if done.returncode:
            return None, done.stderr
        return self.taken(["/usr/bin/docker", "save", "-o", "{}", "c-" + case.name.lower()], case)

    def buildah(self, case):
        words = ["buildah", "build", "-q", "--layers", "--format", "docker", "--identity-label=false", "-t", "c-" + case.name.lower()]
        words += ["-f", f"{self.folder}/project/{case.name}.dockerfile"]
        words += ["--ignorefile", f"{self.folder}/project/{case.name}.dockerfile.dockerignore"]
        words += ["--target", case.target] if case.target else []
        done = run(words + [self.context], self.environment)
        if done.returncode:
            return None, done.stderr
        return self.taken(["buildah", "push", "-q", "c-" + case.name.lower(), "docker-archive:{}"], case)

    def taken(self, words, case):
        path = f"{self.folder}/{case.name}.tar"
        self.must([word.format(path) for word in words])
        image = images.saved(path)
        os.remove(path)
        return image, ""


def compare(case, mine, theirs, engine):
    lines = images.differences(mine.tree(), theirs.tree(), lambda *what: worlds.is_known(case, engine, *what))
    lines += images.differences(mine.run(), theirs.run(), lambda *what: worlds.is_known_of_run(case, engine, *what))
    if engine == "docker":
        one, other = worlds.comparable(mine.history()), worlds.comparable(theirs.history())
        lines += [f"history: {a} | {b}" for a, b in zip(one, other) if a != b]
        if len(one) != len(other):
            lines.append(f"history: {len(one)} entries | {len(other)}")
    return lines


def judge(bench, cases):
    """Gives the number of comparisons, how many failed with both, and what differs."""
    output = bench.build_all()
    layout, found = bench.results()
    bench.give_bases(layout, found)
    problems, compared, failed = [], 0, 0
    jobs = [(case, engine) for engine in bench.engines for case in cases]
    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda job: getattr(bench, job[1])(job[0]), jobs)
        for (case, engine), (image, error) in zip(jobs, answers):
            if image is None:
                if worlds.is_known_failure(case, error):
                    continue
                if case.name in found:
                    problems.append(f"{case.name}: {engine} fails, imgwatch does not: {error.strip()[-300:]}")
                else:
                    compared, failed = compared + 1, failed + 1
                continue
            compared += 1
            if case.name not in found:
                said = [line for line in output.stdout.splitlines() if f" {case.name} " in line]
                problems.append(f"{case.name}: imgwatch fails, {engine} does not: {' / '.join(said[-2:])}")
                continue
            for line in compare(case, layout.image(found[case.name]), image, engine):
                problems.append(f"{case.name} ({engine}): imgwatch | {engine}: {line}")
    return compared, failed, problems


def unmount(folder):
    """What buildah leaves mounted."""
    with open("/proc/mounts") as file:
        for place in [line.split()[1] for line in file]:
            if place.startswith(folder + "/"):
                subprocess.run(["umount", "-l", place], check=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("imgwatch")
    parser.add_argument("--engines", default="docker,buildah")
    parser.add_argument("--heads", choices=["docker", "buildah"], default="docker", help="what builds for imgwatch")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--random", nargs=2, type=int, metavar=("SEED", "COUNT"))
    parser.add_argument("--keep")
    options = parser.parse_args()
    cases = fixed()
    if options.random:
        seed, count = options.random
        cases = [Case(f"r{number}", *worlds.generated(random.Random(number))) for number in range(seed, seed + count)]
    if options.only:
        cases = [case for case in cases if case.name in options.only]
    folder = options.keep or tempfile.mkdtemp(prefix="differential-")
    os.makedirs(folder + "/project", exist_ok=True)
    try:
        with daemon(folder):
            bench = Bench(os.path.abspath(options.imgwatch), folder, options.engines.split(","), options.heads)
            bench.write(cases)
            compared, failed, problems = judge(bench, cases)
    finally:
        unmount(folder)
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print(problem)
    print(f"{len(cases)} Dockerfiles, {compared} comparisons ({failed} fail with both), {len(problems)} differences")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
