"""Loops that do imgwatch's work with other tools, for scripts/bench: inotifywait, a builder, and a registry."""
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class Missing(Exception):
    """A peer that is not here, or does not run here: why."""


# After an event, everything that follows within 10 ms is one save, as for imgwatch.
SHELL_LOOP = """
inotifywait=$1 folder=$2 log=$3 command=$4
"$inotifywait" -m -r -q -e close_write -e moved_to -e delete "$folder" | while read -r line; do
    while read -r -t 0.01 line; do :; done
    eval "$command" >"$log" 2>&1
done
"""


def end(process):
    """Ends what was started in a session of its own."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
            return


def tool(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"there is no `{name}`")
    return path


def run(command, environment):
    done = subprocess.run(
        command.split(), env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise Missing(f"`{os.path.basename(command.split()[0])}` fails: {lines[-1] if lines else done.returncode}")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


@contextlib.contextmanager
def server(words, log, is_up):
    """A daemon that answers, until the block ends."""
    with open(log, "wb") as output:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    try:
        limit = time.monotonic() + 30
        while not is_up():
            if process.poll() is not None or time.monotonic() > limit:
                with open(log, encoding="utf-8", errors="replace") as lines:
                    last = (lines.readlines() or ["it says nothing"])[-1].strip()
                raise Missing(f"`{os.path.basename(words[0])}` does not start: {last}")
            time.sleep(0.05)
        yield
    finally:
        end(process)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def accepts(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def registry(folder):
    """Debian's docker-registry, on tmpfs if there is one: on a disk it waits for fsync."""
    program, port, settings = tool("docker-registry"), free_port(), folder + "/registry.yml"
    shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
    with tempfile.TemporaryDirectory(prefix="imgwatch-bench-", dir=shared) as data:
        write(settings, "version: 0.1\nlog: {level: warn, accesslog: {disabled: true}}\n"
              f"storage: {{filesystem: {{rootdirectory: {data}}}, cache: {{blobdescriptor: inmemory}}}}\n"
              f"http: {{addr: 127.0.0.1:{port}}}\n")
        with server([program, "serve", settings], folder + "/registry.log", lambda: accepts(port)):
            yield port


@contextlib.contextmanager
def docker(folder):
    """`docker build` by BuildKit, with a daemon of its own. Gives the commands that build and push, and their
    environment."""
    if os.geteuid() != 0:
        raise Missing("dockerd needs root")
    address, empty = f"unix://{folder}/docker.sock", folder + "/empty"
    environment = os.environ | {"DOCKER_HOST": address, "DOCKER_CONFIG": empty, "DOCKER_BUILDKIT": "1"}
    os.makedirs(empty)
    write(empty + "/config.json", "{}")
    write(empty + "/Dockerfile", "FROM scratch\nCOPY config.json /\n")
    words = [
        tool("dockerd"), "--data-root", folder + "/docker", "--exec-root", folder + "/docker-exec", "-H", address,
        "-p", folder + "/dockerd.pid", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
        "--ip-masq=false", "--bridge=none", "--storage-driver", "overlay2"]
    with server(words, folder + "/dockerd.log", lambda: os.path.exists(folder + "/docker.sock")):
        problem = Missing("there is no `docker`")
        for place in os.get_exec_path():
            client = os.path.join(place, "docker")
            if not os.access(client, os.X_OK):
                continue
            try:  # newer clients need buildx for it
                run(f"{client} build -q {empty}", environment)
            except Missing as found:
                problem = found
                continue
            yield f"{client} build --network host -q", f"{client} push -q", environment
            return
        raise problem


@contextlib.contextmanager
def buildah(folder):
    policy = folder + "/policy.json"
    write(policy, '{"default": [{"type": "insecureAcceptAnything"}]}')
    program = f"{tool('buildah')} --root {folder}/buildah --runroot {folder}/buildah-run --storage-driver overlay"
    flags = f"--tls-verify=false --signature-policy {policy}"
    try:
        yield f"{program} bud --layers --isolation chroot --pull=false {flags}", f"{program} push {flags}", os.environ
    finally:
        subprocess.run([*program.split(), "rmi", "--all", "--force"], capture_output=True, check=False)


PEERS = {"inotifywait + docker build (BuildKit)": docker, "inotifywait + buildah": buildah}


@contextlib.contextmanager
def shell_loop(watched, command, environment, folder):
    """Runs the command after each change below a folder, until the block ends."""
    shell = subprocess.Popen(
        ["bash", "-c", SHELL_LOOP, "loop", tool("inotifywait"), watched, folder + "/loop.log", command],
        env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        time.sleep(1)  # inotifywait does not say when it watches, unless it is asked for more
        yield
    finally:
        end(shell)


@contextlib.contextmanager
def loop(name, project, folder):
    """A peer's loop over the project's `app`; gives the port of the registry where `app:dev` is, and then moves."""
    with registry(folder) as port, PEERS[name](folder) as (build, push, environment):
        base, image, file = f"127.0.0.1:{port}/base:1", f"127.0.0.1:{port}/app:dev", folder + "/Dockerfile"
        write(file, f"FROM {base}\nCOPY . /app/\n")
        run(f"{build} -t {base} -f {project}/base.Dockerfile {project}/base", environment)
        run(f"{push} {base}", environment)
        first = f"{build} -t {image} -f {file} {project}/app"
        run(first, environment)
        run(f"{push} {image}", environment)
        with shell_loop(project + "/app", f"{first} && {push} {image}", environment, folder):
            yield port
