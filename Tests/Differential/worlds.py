"""The context and the bases that the Dockerfiles are built with, random Dockerfiles, and the known differences."""

import bz2
import gzip
import io
import lzma
import os
import subprocess
import tarfile


class Base:
    ignore = target = None

    def __init__(self, name, text):
        self.name, self.text = name, text


def bases():
    return [
        Base("base", "FROM scratch\nCOPY rootfs /\nADD links.tar /\nCMD [\"sh\"]\nENV BASE=yes\n"),
        Base("withcmd", "FROM base\nCMD [\"from\", \"base\"]\n"),
        Base("trigger", "FROM base\nONBUILD COPY a.txt /triggered\nONBUILD ENV T=t\n"),
        Base("runtrigger", "FROM base\nONBUILD RUN echo t > /ran\nONBUILD COPY a.txt /triggered\n"),
    ]


def _put(path, text="", mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def _archive():
    """Folders, files, links and owners."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        def add(name, kind, mode, owner=(0, 0), text=b"", target=""):
            member = tarfile.TarInfo(name)
            member.type, member.mode, (member.uid, member.gid) = kind, mode, owner
            member.size, member.linkname, member.mtime = len(text), target, 1_000_000_000
            archive.addfile(member, io.BytesIO(text))

        add("./", tarfile.DIRTYPE, 0o711, (3, 4))
        add("in", tarfile.DIRTYPE, 0o750, (77, 88))
        add("in/f", tarfile.REGTYPE, 0o640, (77, 88), b"in\n")
        add("in/l", tarfile.SYMTYPE, 0o777, (1, 2), target="f")
        add("in/h", tarfile.LNKTYPE, 0o640, (77, 88), target="in/f")
        add("x/y/z", tarfile.REGTYPE, 0o600, (0, 0), b"z\n")
    return data.getvalue()


def _capable():
    """A file that may open raw sockets, and a folder with it."""
    raw = "\x01\x00\x00\x02\x00\x20" + 14 * "\x00"
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("ping", "more/ping"):
            member = tarfile.TarInfo(name)
            member.mode, member.size, member.mtime = 0o755, 5, 1_000_000_000
            member.pax_headers = {"SCHILY.xattr.security.capability": raw}
            archive.addfile(member, io.BytesIO(b"ping\n"))
    return data.getvalue()


def context(folder):
    if os.path.exists(folder):
        return
    files = {
        "a.txt": "a\n", "b.txt": "b\n", "empty": "", "sp ace.txt": "s\n", "ü.txt": "ü\n", "dir/x": "x\n", "dir/y": "y\n",
        "dir/sub/z": "z\n", "dir700/f": "f\n", "deep/a/b/c/file": "file\n", "app/main.py": "print(1)\n",
        "app/lib/util.py": "u = 1\n", "app/README.md": "# app\n", "app/test_x.py": "t\n", "wild/a1.txt": "a1\n",
        "wild/a2.txt": "a2\n", "wild/b1.log": "b1\n", "wild/d1/in": "in\n", "wild/d1/sub/deep": "deep\n", "links/t": "t\n",
    }
    for name, text in files.items():
        _put(f"{folder}/{name}", text)
    for name, mode in {"suid": 0o4755, "ro": 0o444, "exec": 0o755, "none": 0o600, "sgid": 0o2755}.items():
        _put(f"{folder}/modes/{name}", name + "\n", mode)
    os.makedirs(folder + "/modes/d700")
    _put(folder + "/modes/d700/f", "f\n")
    os.chmod(folder + "/modes/d700", 0o700)
    os.makedirs(folder + "/emptydir")
    os.chmod(folder + "/dir700", 0o700)
    links = {
        "linkfile": "a.txt", "linkdir": "dir", "links/rel": "t", "links/gone": "nowhere", "links/abs": "/etc/passwd",
        "links/up": "../a.txt", "links/folder": "../dir",
    }
    for name, target in links.items():
        os.symlink(target, f"{folder}/{name}")
    archive = _archive()
    packed = {"tar": archive, "tgz": gzip.compress(archive), "tar.xz": lzma.compress(archive), "tar.bz2": bz2.compress(archive)}
    for name, data in packed.items():
        with open(f"{folder}/arch.{name}", "wb") as file:
            file.write(data)
    with open(f"{folder}/capable.tar", "wb") as file:
        file.write(_capable())
    with open(f"{folder}/not.tgz", "wb") as file:
        file.write(gzip.compress(b"no tar"))
    _rootfs(folder)


def _rootfs(folder):
    """A small Linux: busybox, users, and the links that distributions have."""
    root = folder + "/rootfs"
    for name in ["bin", "etc", "usr/lib", "run", "var", "home/app", "srv/old", "real/rel"]:
        os.makedirs(f"{root}/{name}")
    subprocess.run(["cp", "/bin/busybox", root + "/bin/busybox"], check=True)
    applets = "sh cat echo mkdir rm ln cp mv chmod chown touch mkfifo id seq printf true false ls find sleep test".split()
    for applet in applets:
        os.symlink("busybox", f"{root}/bin/{applet}")
    _put(root + "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1234:2345::/home/app:/bin/sh\n")
    _put(root + "/etc/group", "root:x:0:\nstaff:x:50:app\napp:x:2345:\n")
    _put(root + "/etc/hosts.real", "hosts\n")
    _put(root + "/srv/old/file", "old\n")
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        def add(name, kind, mode, target="", owner=(0, 0)):
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.linkname, (member.uid, member.gid) = kind, mode, target, owner
            archive.addfile(member)

        add("tmp", tarfile.DIRTYPE, 0o1777)
        add("lib", tarfile.SYMTYPE, 0o777, "usr/lib")
        add("var/run", tarfile.SYMTYPE, 0o777, "/run")
        add("rel", tarfile.SYMTYPE, 0o777, "real/rel")
        add("etc/hosts.link", tarfile.SYMTYPE, 0o777, "hosts.real")
        add("home/app", tarfile.DIRTYPE, 0o750, owner=(1234, 2345))
    with open(folder + "/links.tar", "wb") as file:
        file.write(data.getvalue())


# What these engines, which are years old, do otherwise than the BuildKit whose semantics imgwatch has. docs/dockerfile.md
# names each.


def is_known(case, engine, path, key, mine, theirs):
    """Of a file system: by the path and what differs, "" where only one has it."""
    # Since BuildKit 0.17 the owner counts for what is unpacked, too.
    if "ADD --chown" in case.text and key == "owner":
        return True
    if engine != "buildah":
        return False
    # With chroot isolation, files and folders that RUN was given remain.
    if path in ("etc/hostname", "etc/hosts", "etc/resolv.conf") and mine is None:
        return True
    if "--mount" in case.text and path in ("m", "cache") and (mine is None or theirs is None):
        return True
    # COPY takes set-user and set-group away.
    if key == "mode" and "COPY" in case.text and "-" not in (mine, theirs) and int(mine, 8) & 0o777 == int(theirs, 8):
        return True
    # The folder of WORKDIR is made only by a RUN, and never the USER's.
    if "WORKDIR" in case.text and (key == "" and theirs is None and mine["type"] == "dir" or key == "owner"):
        return True
    # An archive's own root counts for the folder that it is unpacked into.
    if "ADD" in case.text and path in ("t", "srv") and key in ("mode", "owner"):
        return True
    # A link is replaced, and not followed.
    return case.name == "copy-onto-link-to-file" and path.startswith("etc/hosts.")


def is_known_of_run(case, engine, key, name, mine, theirs):
    """Of the configuration."""
    if engine != "buildah":
        return False
    if key == "Env":
        return sorted(mine) == sorted(theirs)
    # SHELL is for RUN alone.
    if key in ("Cmd", "Entrypoint") and "SHELL" in case.text:
        return True
    # Ranges stay, `/` is not written, and there is no need for ArgsEscaped.
    return key == "ExposedPorts" or (key, theirs) in (("WorkingDir", None), ("ArgsEscaped", None))


def comparable(history):
    """Old daemons leave out flags and values, and write others in Go's way."""
    def one(text):
        for instruction in ("EXPOSE", "HEALTHCHECK", "ARG"):
            if text.startswith(instruction):
                return instruction
        words = text.split(" ")
        flags = ("--chown=", "--chmod=") if words[0] in ("COPY", "ADD") else ()
        return " ".join(word for word in words if not flags or not word.startswith(flags))

    return [(one(text), is_empty) for text, is_empty in history]


def is_known_failure(case, error):
    """Flags that came later."""
    words = ("Unknown flag: ", "COPY only supports the --chmod=")
    return any(flag in case.text for flag in ("--link", "--exclude", "--parents")) and any(w in error for w in words)


# Random Dockerfiles: what they copy and run exists, more or less, and now and then they fail.

SOURCES = [
    "a.txt", "b.txt", "empty", "dir", "dir/", "dir/sub", "dir700", "deep", "deep/a", "app", "wild", "wild/*.txt", "wild/*",
    "wild/d*", "modes", "modes/exec", "modes/ro", "modes/d700", "emptydir", "linkfile", "linkdir", "linkdir/sub", "links",
    "links/*", "?.txt", "app/lib/../main.py", "/dir/x", "ü.txt", "dir/[xy]", "[ad]*",
]
PLACES = [
    "/srv", "/srv/", "/new", "/new/", "/new/deep/er", "/new/deep/er/", "/lib", "/lib/x", "/var/run/", "/var/run/y", "/rel",
    "/rel/z", "/tmp/", "/tmp/t", "/home/app", "/home/app/", "/home/app/new/", "x", "x/", ".", "./", "../up", "/etc/", "/",
    "/etc/hosts.real", "/made", "/made/", "/made/in", "/made/link", "/made/link/", "/made/flink",
]
OWNERS = ["", "", "", "--chown=5 ", "--chown=5:6 ", "--chown=app ", "--chown=app:staff ", "--chown=0:app ", "--chown=nobody "]
SCRIPTS = [
    "mkdir -p /made/in && echo m > /made/in/m && chmod 750 /made", "ln -sfn /srv /made/link || mkdir /made",
    "mkdir -p /made && ln -sf /etc/hosts.real /made/flink", "rm -rf /srv", "rm -rf /srv && mkdir /srv && chmod 1777 /srv",
    "rm -f /etc/hosts.real && mkdir -p /etc/hosts.real", "chown -R 9:9 /home/app", "chmod -R u+w,g-r /home",
    "mkdir -p /new/deep && chmod 700 /new && chown 3:4 /new/deep", "rm -rf /new && echo f > /new", "id > /who; pwd > /where",
    "echo extra:x:99:98::/:/bin/sh >> /etc/passwd", "touch /tmp/t && chmod 4711 /tmp/t", "mv /lib /oldlib",
    "rm -rf /usr/lib && ln -s /srv /usr/lib", "ln -f /etc/passwd /hard", "mkfifo /pipe || true", "env > /env", "true",
    "rm -rf /made /rel && mkdir /rel", "cp -a /home /homes", "echo '#!/bin/sh' > /tmp/s && chmod 755 /tmp/s",
]


class Writer:
    def __init__(self, randomness):
        self.pick, self.chance = randomness.choice, lambda part: randomness.random() < part
        self.randomness, self.stages = randomness, []

    def copy(self):
        if self.stages and self.chance(0.3):
            source = self.pick(["/srv", "/etc/passwd", "/new", "/home", "/made", "/lib", "/tmp/*", "/srv/*", "/x*", "/etc", "/rel"])
            return f"COPY --from={self.pick(self.stages)} {self.pick(OWNERS)}{source} {self.pick(PLACES)}"
        if self.chance(0.1):
            return f"ADD {self.pick(['arch.tar', 'arch.tgz', 'not.tgz', 'dir'])} {self.pick(PLACES)}"
        sources = [self.pick(SOURCES) for _ in range(self.randomness.choice([1, 1, 1, 2, 3]))]
        place = self.pick(PLACES)
        if len(sources) > 1 and not place.endswith("/"):
            place += "/"
        return f"COPY {self.pick(OWNERS)}{' '.join(sources)} {place}"

    def instruction(self, runs):
        kind = self.randomness.random()
        if kind < 0.5:
            return self.copy()
        if kind < 0.5 + runs:
            return "RUN " + self.pick(SCRIPTS)
        return self.pick([
            lambda: "WORKDIR " + self.pick(["/w", "w", "/lib/w", "/home/app/w", "/made/link/w", "..", "/srv", "$D"]),
            lambda: "ENV D=" + self.pick(["/d", "d$D", '"two words"', "${D:-none}"]),
            lambda: "USER " + self.pick(["app", "root", "5:6", "app:staff"]),
            lambda: "ARG D=" + self.pick(["/arg", "arg"]),
            lambda: "LABEL l=" + self.pick(["1", "$D"]),
            lambda: "CMD " + self.pick(['["c"]', "c d"]),
            lambda: "ENTRYPOINT " + self.pick(['["e"]', "e"]),
            lambda: "EXPOSE " + self.pick(["80", "81/udp"]),
            lambda: "VOLUME " + self.pick(["/v", '["/v", "/w"]']),
        ])()

    def text(self):
        lines = []
        for number in range(self.randomness.choice([1, 1, 2, 3])):
            base = self.pick(["base", "base", "base", "trigger", "runtrigger", "withcmd"] + self.stages * 2)
            lines.append(f"FROM {base} AS s{number}")
            runs = self.pick([0, 0.2, 0.2, 0.35])
            lines += [self.instruction(runs) for _ in range(self.randomness.randint(1, 7))]
            self.stages.append(f"s{number}")
        return "\n".join(lines) + "\n"


def generated(randomness):
    ignore = randomness.choice([None, None, None, "dir\n", "**/*.md\n!app/README.md\n", "*\n!dir\n!*.txt\n!app\n", "wild/d1\n"])
    return Writer(randomness).text(), ignore
