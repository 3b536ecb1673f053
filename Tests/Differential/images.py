"""Images as they lie on disk, flattened: what a container of them would see, and how it would be run.

Reads OCI layouts and what `docker save` writes, by Python's own tarfile: nothing of imgwatch is used here.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile


def _decompressed(data):
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


class Layout:
    """An OCI image layout in a folder."""

    def __init__(self, path):
        self.path = path

    def blob(self, digest):
        with open(os.path.join(self.path, "blobs", *digest.split(":")), "rb") as file:
            return file.read()

    def names(self):
        with open(os.path.join(self.path, "index.json")) as file:
            manifests = json.load(file)["manifests"]
        return {m.get("annotations", {}).get("org.opencontainers.image.ref.name", ""): m["digest"] for m in manifests}

    def image(self, digest):
        manifest = json.loads(self.blob(digest))
        layers = [_decompressed(self.blob(layer["digest"])) for layer in manifest["layers"]]
        return Image(json.loads(self.blob(manifest["config"]["digest"])), layers)


def saved(path):
    """The image in a tar of `docker save`."""
    with tarfile.open(path) as archive:
        def read(name):
            member = archive.getmember(name)
            while member.issym():
                member = archive.getmember(os.path.normpath(os.path.join(os.path.dirname(member.name), member.linkname)))
            return archive.extractfile(member).read()

        manifest = json.loads(read("manifest.json"))[0]
        return Image(json.loads(read(manifest["Config"])), [_decompressed(read(name)) for name in manifest["Layers"]])


class Image:
    def __init__(self, config, layers):
        self.config, self.layers = config, layers

    def tree(self):
        """Each path with all that a layer can say of it but times."""
        tree = {}
        for layer in self.layers:
            below, lower = {}, dict(tree)
            with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
                for member in archive:
                    path = os.path.normpath(member.name).lstrip("/")
                    if path == ".":
                        continue
                    folder, name = os.path.split(path)
                    if name == ".wh..wh..opq":
                        for other in [p for p in lower if p.startswith(folder + "/")]:
                            if other not in below:
                                tree.pop(other, None)
                        continue
                    if name.startswith(".wh."):
                        gone = os.path.join(folder, name[4:])
                        for other in [p for p in tree if p == gone or p.startswith(gone + "/")]:
                            tree.pop(other)
                        continue
                    node = self._node(archive, member, tree)
                    if node["type"] != "dir":
                        for other in [p for p in tree if p.startswith(path + "/")]:
                            tree.pop(other)
                    tree[path] = below[path] = node
        return tree

    @staticmethod
    def _node(archive, member, tree):
        if member.islnk():
            target = tree.get(os.path.normpath(member.linkname).lstrip("/"))
            if target:
                return target
        kinds = {
            tarfile.REGTYPE: "file", tarfile.AREGTYPE: "file", tarfile.LNKTYPE: "hardlink", tarfile.SYMTYPE: "link",
            tarfile.DIRTYPE: "dir", tarfile.FIFOTYPE: "fifo", tarfile.CHRTYPE: "char", tarfile.BLKTYPE: "block",
        }
        node = {
            "type": kinds[member.type], "mode": oct(member.mode & 0o7777), "owner": f"{member.uid}:{member.gid}",
            "xattrs": {k: v for k, v in member.pax_headers.items() if k.startswith("SCHILY.xattr.")},
        }
        if node["type"] == "link":
            node["target"], node["mode"] = member.linkname, "-"
        if node["type"] == "file":
            data = archive.extractfile(member).read()
            node["size"], node["sha256"] = len(data), hashlib.sha256(data).hexdigest()[:16]
        return node

    def run(self):
        """How a container is run, empty values left out."""
        config = {k: v for k, v in (self.config.get("config") or {}).items() if v not in (None, "", [], {}, False)}
        for name in ("Hostname", "Domainname", "Image", "OnBuild" if not config.get("OnBuild") else ""):
            config.pop(name, None)
        labels = {k: v for k, v in config.get("Labels", {}).items() if k.split(".")[:2] not in (["io", "imgwatch"], ["io", "buildah"])}
        config.pop("Labels", None)
        if labels:
            config["Labels"] = labels
        for key in ("architecture", "os", "variant", "author"):
            if self.config.get(key):
                config[key] = self.config[key]
        return config

    def history(self):
        return [(h.get("created_by", ""), h.get("empty_layer", False)) for h in self.config.get("history", [])]


def differences(one, other, is_known):
    """What two trees, or two configurations, have differently, as lines.

    `is_known` gets the path, the key ("" where only one has the path), and both values.
    """
    lines = []
    for path in sorted(set(one) | set(other)):
        a, b = one.get(path), other.get(path)
        if a == b:
            continue
        if not isinstance(a, dict) or not isinstance(b, dict):
            if not is_known(path, "", a, b):
                lines.append(f"{path}: {a} | {b}")
            continue
        for key in sorted(set(a) | set(b)):
            if a.get(key) != b.get(key) and not is_known(path, key, a.get(key), b.get(key)):
                lines.append(f"{path} {key}: {a.get(key)} | {b.get(key)}")
    return lines
