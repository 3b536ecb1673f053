"""A Dockerfile with RUN: imgwatch, which cuts it, beside the engine alone, for scripts/bench."""
import contextlib
import os
import shutil
import subprocess
import time

import bench_peers
from bench_loop import Loop, Tag, Wrong, time_edits
from bench_projects import Edits, commit, copy_of_usr, fill, write

DEPENDENCIES = (2_000, 40_000_000)  # files and bytes, copied before RUN
APP = (300, 2_000_000)
DOCKERFILE = """FROM scratch
COPY busybox /bin/busybox
COPY dependencies /usr/
RUN ["/bin/busybox", "sh", "-c", "i=0; while [ $i -lt 500 ]; do i=$((i + 1)); echo $i >/usr/made$i; done"]
COPY app /app/
CMD ["/bin/busybox", "ls", "/app"]
"""
TIDY = {"docker": "builder prune --all --force", "buildah": "rmi --all --force"}


def make_project(folder):
    os.makedirs(folder)
    size = copy_of_usr(folder + "/dependencies", DEPENDENCIES)
    fill(folder + "/app", *APP, seed=5)
    shutil.copyfile(bench_peers.tool("busybox"), folder + "/busybox")
    os.chmod(folder + "/busybox", 0o755)
    write(folder + "/Dockerfile", DOCKERFILE)
    write(folder + "/.dockerignore", ".git\n")
    commit(folder)
    return size


class Engine:
    """One engine, a registry, and the project: the engine alone, and imgwatch with it."""

    def __init__(self, name, imgwatch, project, folder, port, commands):
        self.name, self.imgwatch, self.project, self.folder, self.port = name, imgwatch, project, folder, port
        self.build, self.push, self.environment = commands
        self.count = 0

    def alone(self, image):
        return f"{self.build} -t {image} -f {self.project}/Dockerfile {self.project}", f"{self.push} {image}"

    def forget(self):
        """The engine has built nothing yet."""
        program = self.build.split(" build ")[0].split(" bud ")[0]
        if self.name == "docker":
            images = subprocess.run([*program.split(), "image", "ls", "-q"], env=self.environment, capture_output=True,
                                    text=True, check=True).stdout.split()
            subprocess.run([*program.split(), "image", "rm", "--force", *set(images)], env=self.environment,
                           capture_output=True, check=False)
        bench_peers.run(f"{program} {TIDY[self.name]}", self.environment)

    def first_alone(self):
        self.forget()
        self.count += 1
        start = time.perf_counter()
        for command in self.alone(f"127.0.0.1:{self.port}/first{self.count}:dev"):
            bench_peers.run(command, self.environment)
        return time.perf_counter() - start

    def configure(self, prefix):
        write(self.project + "/.imgwatch", f"registry: 127.0.0.1:{self.port}/{prefix}\nimages: {{app: {{aliases: [dev]}}}}\n")

    def first(self):
        """From the start of the process to its end: the image is in the registry."""
        self.forget()
        self.count += 1
        self.configure(f"own{self.count}")
        homes = {f"XDG_{name}_HOME": f"{self.folder}/first{self.count}/{name}" for name in ("STATE", "DATA")}
        start = time.perf_counter()
        done = subprocess.run([self.imgwatch, "build", "--output", "json"], cwd=self.project, capture_output=True,
                              env=self.environment | homes, text=True, check=False)
        if done.returncode != 0:
            raise Wrong(f"imgwatch build: {done.stdout[-600:]}{done.stderr[-300:]}")
        return time.perf_counter() - start

    def edits(self, count):
        """Of imgwatch's loop."""
        self.configure("loop")
        loop = Loop(self.imgwatch, self.project, self.folder + "/loop", self.environment)
        try:
            loop.wait("idle")
            return time_edits(Tag(self.port, "loop/app", "dev"), Edits(self.project + "/app", seed=6), count)[0]
        finally:
            loop.end()

    def edits_alone(self, count):
        image = f"127.0.0.1:{self.port}/alone:dev"
        build, push = self.alone(image)
        bench_peers.run(build, self.environment)
        bench_peers.run(push, self.environment)
        with bench_peers.shell_loop(self.project + "/app", f"{build} && {push}", self.environment, self.folder):
            # The first one fills caches.
            tag, edits = Tag(self.port, "alone", "dev"), Edits(self.project + "/app", seed=7)
            return time_edits(tag, edits, count + 1)[0][1:]


@contextlib.contextmanager
def engine(name, imgwatch, project, folder):
    os.makedirs(folder)
    with bench_peers.registry(folder) as port, getattr(bench_peers, name)(folder) as (build, push, environment):
        environment = dict(environment)
        if name == "buildah":
            # imgwatch takes it as it is set up; there is no docker.
            write(folder + "/storage.conf", f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/buildah"\n'
                  f'runroot = "{folder}/buildah-run"\n')
            environment |= {"CONTAINERS_STORAGE_CONF": folder + "/storage.conf", "BUILDAH_ISOLATION": "chroot",
                            "DOCKER_HOST": f"unix://{folder}/nothing.sock"}
        yield Engine(name, imgwatch, project, folder, port, (build, push, environment))


def measure(imgwatch, folder, edits, peer_edits, rounds, say):
    """By engine: seconds of edits and of first builds, with imgwatch and alone; or why there are none."""
    project = folder + "/engines"
    size = make_project(project)
    found = {}
    for name in TIDY:
        try:
            with engine(name, imgwatch, project, f"{folder}/engine-{name}") as tried:
                say(f"RUN by {name}: {rounds} first builds, {edits} edits …")
                firsts = [(tried.first(), tried.first_alone()) for _ in range(rounds)]
                found[name] = tuple(zip(*firsts)) + (tried.edits(edits), tried.edits_alone(peer_edits))
        except (bench_peers.Missing, Wrong, OSError) as problem:
            found[name] = str(problem)
    return size, found
