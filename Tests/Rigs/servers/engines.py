"""Real engines for a test: a docker daemon of its own, and a storage of its own for buildah and podman."""
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time

import wire

PATIENCE = 30


class Engines:
    def __init__(self, folder):
        self.folder, self.daemon = folder, None
        for name, text in {
            "docker-config/config.json": "{}",
            "storage.conf": f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/storage"\nrunroot = "{folder}/run"\n',
        }.items():
            os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
            with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                file.write(text)

    def environment(self):
        return {
            "DOCKER_HOST": f"unix://{self.folder}/docker.sock", "DOCKER_CONFIG": self.folder + "/docker-config",
            "CONTAINERS_STORAGE_CONF": self.folder + "/storage.conf", "BUILDAH_ISOLATION": "chroot",
            # Docker's own client may stand before Debian's, and has no BuildKit.
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        }

    def do_start(self):
        """There is no bridge and no rule for packets: RUN uses the network of this machine."""
        words = [
            "dockerd", "--data-root", self.folder + "/docker", "--exec-root", self.folder + "/docker-exec",
            "-H", f"unix://{self.folder}/docker.sock", "-p", self.folder + "/docker.pid", "--iptables=false",
            "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none", "--storage-driver=overlay2",
        ]
        die_with_parent = ctypes.CDLL(None).prctl
        with open(self.folder + "/docker.log", "a", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ, PATH=self.environment()["PATH"]),
                start_new_session=True, preexec_fn=lambda: die_with_parent(1, signal.SIGTERM))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.daemon.poll() is None:
            if self.answers():
                return
            time.sleep(0.1)
        with open(self.folder + "/docker.log", encoding="utf-8") as log:
            raise OSError("dockerd does not start: " + log.read()[-1000:])

    def answers(self):
        environment = dict(os.environ, **self.environment())
        return os.path.exists(self.folder + "/docker.sock") and subprocess.run(
            ["docker", "version"], env=environment, capture_output=True, check=False).returncode == 0

    def do_stop(self):
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait()
            self.daemon = None

    def do_kill(self):
        os.killpg(self.daemon.pid, signal.SIGKILL)
        self.daemon.wait()
        for name in ("docker.pid", "docker.sock"):
            with contextlib.suppress(OSError):
                os.remove(f"{self.folder}/{name}")
        shutil.rmtree(self.folder + "/docker-exec", ignore_errors=True)

    def end(self):
        self.do_stop()
        with open("/proc/mounts", encoding="utf-8") as file:
            for place in [line.split()[1] for line in file]:
                if place.startswith(self.folder + "/"):
                    subprocess.run(["umount", "-l", place], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    control = wire.Control()
    # Not in memory: images are large.
    engines = Engines(tempfile.mkdtemp(prefix="imgwatch-engines-", dir="/var/tmp"))
    control.at_end.append(engines.end)
    try:
        engines.do_start()
    except OSError as problem:
        control.say({"problem": str(problem)})
        control.end()
    control.say({"answer": {"environment": engines.environment()}})
    control.follow(lambda command: wire.perform(engines, command))


if __name__ == "__main__":
    main()
