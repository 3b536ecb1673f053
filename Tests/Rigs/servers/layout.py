"""Makes an OCI layout with images to push and to build on, of nothing but what is on this machine and Python's library.

    layout.py FOLDER '{"NAME": {"kind": "KIND", …}, …}'

Prints the digests by name. Kinds: `file` (`text`, `path`: one file), `busybox` (runs), `platforms` (an index of two,
for linux/amd64 and linux/arm64, of one file each), `large` (`megabytes`, `layers`: half of it can't be compressed).
"""
import gzip
import hashlib
import io
import json
import os
import platform
import random
import sys
import tarfile

OCI = "application/vnd.oci.image."
BUSYBOX = "/bin/busybox"
HERE = {"aarch64": "arm64"}.get(platform.machine(), "amd64")
APPLETS = ("sh", "cat", "ls", "echo", "true", "false", "sleep", "cp", "mkdir", "touch", "env", "id")


class Layout:
    def __init__(self, folder):
        self.folder, self.names = folder, []
        os.makedirs(folder + "/blobs/sha256", exist_ok=True)

    def blob(self, data, kind):
        name = hashlib.sha256(data).hexdigest()
        with open(f"{self.folder}/blobs/sha256/{name}", "wb") as file:
            file.write(data)
        return {"mediaType": kind, "digest": "sha256:" + name, "size": len(data)}

    def json(self, value, kind):
        return self.blob(json.dumps(value).encode(), OCI + kind)

    def image(self, archives, architecture=HERE, **configuration):
        """Of these tar archives; gives the manifest's descriptor."""
        layers = [self.blob(gzip.compress(archive, 1, mtime=0), OCI + "layer.v1.tar+gzip") for archive in archives]
        config = self.json({
            "created": "2020-01-01T00:00:00Z", "architecture": architecture, "os": "linux", "config": configuration,
            "rootfs": {"type": "layers", "diff_ids": [
                "sha256:" + hashlib.sha256(archive).hexdigest() for archive in archives]},
            "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "rig"}] * len(archives)}, "config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": config, "layers": layers}
        return self.json(manifest, "manifest.v1+json") | {"platform": {"architecture": architecture, "os": "linux"}}

    def name(self, name, descriptor):
        plain = {key: value for key, value in descriptor.items() if key != "platform"}
        self.names.append(plain | {"annotations": {"org.opencontainers.image.ref.name": name}})

    def finish(self):
        for path, value in (("oci-layout", {"imageLayoutVersion": "1.0.0"}),
                            ("index.json", {"schemaVersion": 2, "manifests": self.names})):
            with open(f"{self.folder}/{path}", "w", encoding="utf-8") as file:
                json.dump(value, file)


def archive(files, folders=(), links=()):
    """A tar archive: files by path as (bytes, mode), folders by path with their mode, symbolic links."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, mode in folders:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        for path, (content, mode) in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), mode
            tar.addfile(entry, io.BytesIO(content))
        for path, target in links:
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode, entry.linkname = tarfile.SYMTYPE, 0o777, target
            tar.addfile(entry)
    return data.getvalue()


def make_file(layout, text="rig\n", path="file"):
    return layout.image([archive({path: (text.encode(), 0o644)})], Cmd=["/" + path])


def make_busybox(layout):
    with open(BUSYBOX, "rb") as file:
        program = file.read()
    folders = [(name, 0o755) for name in ("bin", "etc", "usr", "usr/bin")] + [("tmp", 0o1777), ("root", 0o700)]
    files = {
        "bin/busybox": (program, 0o755), "etc/passwd": (b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/:\n", 0o644),
        "etc/group": (b"root:x:0:\napp:x:1000:\n", 0o644)}
    base = archive(files, folders, [("bin/" + name, "busybox") for name in APPLETS])
    return layout.image([base, archive({"etc/motd": (b"busybox\n", 0o644)})], Cmd=["/bin/sh"],
                        Env=["PATH=/usr/bin:/bin", "RIG=busybox"])


def make_platforms(layout):
    manifests = [
        layout.image([archive({"architecture": (name.encode() + b"\n", 0o644)})], name, Cmd=["/" + name])
        for name in ("amd64", "arm64")]
    return layout.json({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": manifests},
                       "index.v1+json")


def make_large(layout, megabytes=200, layers=3):
    """Files of about 64 KB, by turns noise and text; the same in every run."""
    chance = random.Random(7)
    words = [f"word{number}" for number in range(1000)]
    text = " ".join(chance.choice(words) for _ in range(200_000)).encode()
    archives = []
    for layer in range(layers):
        files, size = {}, 0
        while size < megabytes * 1_000_000 // layers:
            place = chance.randrange(len(text) - 65536)
            content = text[place:place + 65536] if len(files) % 2 else chance.randbytes(65536)
            files[f"data/layer{layer}/file{len(files):05}"] = content, 0o644
            size += len(content)
        archives.append(archive(files))
    return layout.image(archives, Env=["PATH=/bin"])


KINDS = {"file": make_file, "busybox": make_busybox, "platforms": make_platforms, "large": make_large}


def make(folder, images):
    layout, digests = Layout(folder), {}
    for name, fields in images.items():
        descriptor = KINDS[fields["kind"]](layout, **{key: fields[key] for key in fields if key != "kind"})
        layout.name(name, descriptor)
        digests[name] = descriptor["digest"]
    layout.finish()
    return digests


if __name__ == "__main__":
    print(json.dumps(make(sys.argv[1], json.loads(sys.argv[2]))))
