"""Ends what builds started: one build's processes when it is stopped, and all of them when the gate is gone.

A build's programs may leave its process group and outlive their parents, but what is in their environment stays.
Run as a program, this waits for the end of the gate, whatever that was, and cleans up behind it.
"""
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

ROUNDS = 200  # a process may start another while it is looked for


def marked(mark):
    """Processes whose environment has the entry `NAME=VALUE`."""
    wanted = mark.encode()
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
                if wanted in file.read().split(b"\0"):
                    yield int(name)


def kill_marked(mark):
    for _ in range(ROUNDS):
        found = list(marked(mark))
        if not found:
            return
        for process in found:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)


class Watchdog:
    """Lives until this process ends, then kills what has the mark, and removes the folder."""

    def __init__(self, mark, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-I", __file__, mark, folder], stdin=subprocess.PIPE, start_new_session=True,
            stdout=subprocess.DEVNULL)


def main():
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    mark, folder = sys.argv[1:]
    sys.stdin.buffer.read()
    kill_marked(mark)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
