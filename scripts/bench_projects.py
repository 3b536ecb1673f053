"""What the benchmarks build, and the edits that they time, for scripts/bench."""
import os
import random
import shutil
import subprocess
import time

BASE = (13_000, 200_000_000)  # files and bytes, as BASE_SOURCES have them
BASE_SOURCES = ("/usr/share", "/usr/lib", "/usr/include")
APP = (300, 2_000_000)
TREE = (10_000, 40_000_000)


def fill(folder, files, size, seed):
    """Files of text of which all have about the same size, 100 in a folder."""
    chance = random.Random(seed)
    words = [f"{chance.getrandbits(64):x}" if n % 3 == 0 else f"value_{n}" for n in range(400)]
    for number in range(files):
        path = os.path.join(folder, f"part{number // 100:03}", f"file{number:05}.py")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        text = ""
        while len(text) < size // files:
            text += f"{chance.choice(words)} = {chance.choice(words)!r}\n"
        with open(path, "w") as file:
            file.write(text[:size // files])


def copy_of_usr(folder, wanted=BASE):
    """Copies real files until there are enough of them, in step with the bytes that there shall be."""
    (files, size), count, copied = wanted, 0, 0
    for source in BASE_SOURCES:
        for place, folders, names in os.walk(source):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(place, name)
                if count == files or os.path.islink(path) or not os.path.isfile(path) or not os.access(path, os.R_OK):
                    continue
                length = os.path.getsize(path)
                if abs(copied + length - size * (count + 1) / files) > 4_000_000:
                    continue
                target = folder + path
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copyfile(path, target)
                count, copied = count + 1, copied + length
    return f"{count:,} files, {copied / 1e6:.0f} MB"


def commit(folder):
    who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "All"]):
        subprocess.run(["git", "-C", folder, *who, *words], check=True)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def make_app_project(folder):
    os.makedirs(folder + "/base")
    base = copy_of_usr(folder + "/base")
    fill(folder + "/app", *APP, seed=1)
    write(folder + "/base.Dockerfile", "FROM scratch\nCOPY . /\n")
    write(folder + "/Dockerfile", 'FROM base\nCOPY . /app/\nCMD ["python3", "/app/part000/file00000.py"]\n')
    write(folder + "/.imgwatch", "images:\n  base: {dockerfile: base.Dockerfile, context: base, push: false}\n"
          "  app: {dockerfile: Dockerfile, context: app, aliases: [dev]}\n")
    commit(folder)
    return base


def make_tree_project(folder):
    os.makedirs(folder)
    fill(folder + "/app", *TREE, seed=2)
    write(folder + "/Dockerfile", "FROM scratch\nCOPY app /app/\n")
    write(folder + "/.imgwatch", "images:\n  tree: {aliases: [dev]}\n")
    commit(folder)


class Edits:
    """Changes one byte of one file at a time: two of three by truncating and writing, as most editors do, the third by
    a new file that takes the name."""

    def __init__(self, folder, seed):
        self.folder, self.chance, self.count = folder, random.Random(seed), 0
        self.names = sorted(
            os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names)

    def next(self):
        """Gives the path, the new bytes, whether it is by rename, and the moment before the first system call."""
        self.count += 1
        name, is_rename = self.chance.choice(self.names), self.count % 3 == 0
        path = os.path.join(self.folder, name)
        with open(path, "rb") as file:
            data = bytearray(file.read())
        place = self.chance.randrange(len(data))
        data[place] = 33 + (data[place] - 33 + self.chance.randrange(1, 90)) % 90
        written = path + ".new" if is_rename else path
        start = time.perf_counter()
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(descriptor, data)
        os.close(descriptor)
        if is_rename:
            os.rename(written, path)
        return name, bytes(data), is_rename, start
