"""How fast changes are seen and decided on, and what a large tree costs, for scripts/bench."""
import os
import random
import shutil
import statistics
import subprocess
import time

from bench_loop import Loop
from bench_projects import commit, fill, write

DIRECTORIES = 100_000
FILES = 100_000
BATCH = 5_000
MOST_EDITS = 60
STARTS = 5
IDLE_SECONDS = 10


def make_project(folder):
    os.makedirs(folder + "/app")
    write(folder + "/.imgwatch", "images:\n  app:\n    context: app\n")
    write(folder + "/app/Dockerfile", "FROM scratch\nCOPY . /\n")


def make_directories(folder, count):
    """Ten in each, as deep as it takes."""
    level, made = [folder], 0
    while made < count:
        below = []
        for place in level:
            for number in range(10):
                if made < count:
                    below.append(f"{place}/d{number}")
                    os.mkdir(below[-1])
                    made += 1
        level = below


def switches(process):
    """Voluntary context switches of each thread."""
    counts = {}
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/status") as file:
            counts[thread] = next(int(line.split()[1]) for line in file if line.startswith("voluntary"))
    return counts


def time_decisions(imgwatch, project, state, count):
    """Seconds from a save to the word that the image is stale; its run starts at once."""
    path = f"{project}/app/src/part003/file00333.py"
    loop, times, chance = Loop(imgwatch, project, state), [], random.Random(5)
    try:
        loop.wait("idle")
        for number in range(count):
            time.sleep(chance.uniform(0.6, 0.9))
            start = time.perf_counter()
            write(path, f"edit = {number}\n")
            times.append(loop.start + loop.wait("stale")[0] - start)
            loop.wait("idle")
        return times
    finally:
        loop.end()


def time_batches(imgwatch, project, state, count):
    """Seconds from the last of many saves to the start of the one run that they lead to, git's checkout among them."""
    branches = ("left", "right")
    subprocess.run(["git", "-C", project, "checkout", "--quiet", "--", "."], check=True)
    loop, times = Loop(imgwatch, project, state), []
    try:
        loop.wait("idle")
        for number in range(count):
            subprocess.run(["git", "-C", project, "checkout", "--quiet", branches[number % 2]], check=True)
            start = time.perf_counter()
            # A branch that was built before is not built again.
            times.append(loop.start + loop.wait("pushed" if number == 0 else "reused")[0] - start)
            loop.wait("idle")
        return times
    finally:
        loop.end()


def make_branches(project):
    git = ["git", "-C", project, "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    commit(project)
    for branch in ("left", "right"):
        subprocess.run([*git, "checkout", "--quiet", "-B", branch], check=True)
        for number in range(BATCH):
            path = f"{project}/app/src/part{number // 100:03}/file{number:05}.py"
            write(path, f"branch = '{branch} {number}'\n")
        subprocess.run([*git, "commit", "--quiet", "--all", "--message", branch], check=True)


def start_and_idle(imgwatch, project, state):
    """Seconds to `ready`, RSS, and the voluntary switches of all threads in ten idle seconds."""
    loop = Loop(imgwatch, project, state)
    try:
        ready = loop.wait("ready")[0]
        loop.wait("idle")
        time.sleep(8)
        before = switches(loop.process.pid)
        time.sleep(IDLE_SECONDS)
        after = switches(loop.process.pid)
        woken = sum(value - before.get(thread, 0) for thread, value in after.items())
        return ready, loop.memory()[0], woken
    finally:
        loop.end()


def time_plans(imgwatch, project, state):
    homes = {f"XDG_{name}_HOME": f"{state}/{name}" for name in ("STATE", "DATA", "CACHE", "CONFIG")}
    times = []
    for _ in range(STARTS):
        start = time.perf_counter()
        subprocess.run([imgwatch, "plan"], cwd=project, env=os.environ | homes, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return times


def measure(imgwatch, folder, edits):
    """Rows of label and figure; seconds and bytes as numbers."""
    found = {}
    files = folder + "/files"
    make_project(files)
    fill(files + "/app/src", FILES, FILES * 64, seed=6)
    make_branches(files)
    # Each edit packs all of the files again.
    found["decisions"] = time_decisions(imgwatch, files, folder + "/files-state", min(edits, MOST_EDITS))
    found["plans"] = time_plans(imgwatch, files, folder + "/files-state")
    found["batches"] = time_batches(imgwatch, files, folder + "/files-state", 6)
    shutil.rmtree(files)
    directories = folder + "/directories"
    make_project(directories)
    make_directories(directories + "/app", DIRECTORIES)
    walk = folder + "/walk"
    compiler = shutil.which("cc") or shutil.which("clang")
    subprocess.run([compiler, "-O2", "-o", walk, os.path.dirname(__file__) + "/bench_walk.c"], check=True)
    found["walks"], found["starts"] = [], []
    for number in range(STARTS):
        output = subprocess.run([walk, directories], check=True, capture_output=True, text=True).stdout
        found["walks"].append(float(output.split()[1]))
        found["starts"].append(start_and_idle(imgwatch, directories, folder + "/directories-state"))
    barrier = os.path.join(os.path.dirname(imgwatch), "watchbench")
    os.makedirs(folder + "/barrier")
    output = subprocess.run([barrier, folder + "/barrier", "20000"], check=True, capture_output=True, text=True).stdout
    found["barrier"] = [int(word) / 1e6 for word in output.split()]
    return found


def rows(found, milliseconds, percentile):
    decisions, walk = found["decisions"], statistics.median(found["walks"])
    warm = found["starts"][1:]
    ready = statistics.median(start[0] for start in warm)
    return [
        (f"save → decision, {FILES:,} files, {len(decisions)} edits: p50 / p99",
         f"{milliseconds(percentile(decisions, 0.5))} / {milliseconds(percentile(decisions, 0.99))}"),
        (f"`git checkout` of {BATCH:,} files, a branch that was built before: its end → `reused`",
         milliseconds(statistics.median(found["batches"][1:]))),
        (f"`imgwatch plan`, {FILES:,} files, warm", milliseconds(statistics.median(found["plans"]))),
        ("barrier: p50 / p99", " / ".join(f"{1e6 * value:.0f} µs" for value in found["barrier"])),
        (f"{DIRECTORIES:,} directories: a bare C walk that adds the watches", milliseconds(walk)),
        (f"{DIRECTORIES:,} directories: cold start → `ready`, ratio to the walk",
         f"{milliseconds(found['starts'][0][0])}, {found['starts'][0][0] / walk:.1f}"),
        (f"{DIRECTORIES:,} directories: warm start → `ready`, ratio to the walk",
         f"{milliseconds(ready)}, {ready / walk:.1f}"),
        (f"{DIRECTORIES:,} directories: RSS, cold / warm",
         f"{found['starts'][0][1] / 2**20:.0f} / {statistics.median(start[1] for start in warm) / 2**20:.0f} MiB"),
        (f"wake-ups in {IDLE_SECONDS} idle seconds (voluntary switches of all threads)",
         f"{statistics.median(start[2] for start in found['starts']):.0f}"),
    ]
